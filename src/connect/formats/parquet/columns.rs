//! Columns that are being filled, and how each is kept in a file.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::LogicalType;
use parquet::basic::Repetition;
use parquet::basic::TimeUnit;
use parquet::basic::Type as Physical;
use parquet::data_type::BoolType;
use parquet::data_type::ByteArray;
use parquet::data_type::ByteArrayType;
use parquet::data_type::DoubleType;
use parquet::data_type::Int32Type;
use parquet::data_type::Int64Type;
use parquet::errors::ParquetError;
use parquet::file::writer::SerializedColumnWriter;
use parquet::schema::types::Type;

use crate::connect::formats::Column;
use crate::connect::formats::ColumnType;
use crate::connect::formats::FieldKind;
use crate::connect::formats::columns::Cell;
use crate::connect::formats::columns::cell;

/// How many values are looked at to see whether they repeat.
const SAMPLE: usize = 4096;

/// How many texts are handed over at once.
const TEXTS: usize = 1024;

/// A row group that is being filled.
pub(super) struct Group {
    pub(super) rows: usize,
    pub(super) columns: Vec<Values>,
}

impl Group {
    pub(super) fn new(columns: &[Column]) -> Self {
        Self {
            rows: 0,
            columns: columns.iter().map(|c| Values::new(c.kind)).collect(),
        }
    }

    /// An empty one with room for what this one has: it takes no more memory than its values, and does not grow step by step, with a copy of
    /// them at each.
    pub(super) fn like(&self) -> Self {
        Self {
            rows: 0,
            columns: self.columns.iter().map(Values::like).collect(),
        }
    }

    /// How many bytes its values take.
    pub(super) fn bytes(&self) -> usize {
        self.columns.iter().map(Values::bytes).sum()
    }
}

/// The values of one column.
pub(super) struct Values {
    to: ColumnType,
    /// For each row 1, or 0 where there is no value.
    levels: Vec<i16>,
    data: Data,
}

enum Data {
    Boolean(Vec<bool>),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Double(Vec<f64>),
    /// All bytes, and where each value ends.
    Bytes(Vec<u8>, Vec<usize>),
}

impl Values {
    fn new(to: ColumnType) -> Self {
        let data = match physical(to) {
            Physical::BOOLEAN => Data::Boolean(Vec::new()),
            Physical::INT32 => Data::Int32(Vec::new()),
            Physical::INT64 => Data::Int64(Vec::new()),
            Physical::DOUBLE => Data::Double(Vec::new()),
            _ => Data::Bytes(Vec::new(), Vec::new()),
        };
        Self {
            to,
            levels: Vec::new(),
            data,
        }
    }

    /// None, with room for as many and a few more.
    fn like(&self) -> Self {
        let data = match &self.data {
            Data::Boolean(all) => Data::Boolean(Vec::with_capacity(room(all.len()))),
            Data::Int32(all) => Data::Int32(Vec::with_capacity(room(all.len()))),
            Data::Int64(all) => Data::Int64(Vec::with_capacity(room(all.len()))),
            Data::Double(all) => Data::Double(Vec::with_capacity(room(all.len()))),
            Data::Bytes(all, ends) => Data::Bytes(
                Vec::with_capacity(room(all.len())),
                Vec::with_capacity(room(ends.len())),
            ),
        };
        Self {
            to: self.to,
            levels: Vec::with_capacity(room(self.levels.len())),
            data,
        }
    }

    /// Takes a field, or says why it does not fit.
    pub(super) fn push(&mut self, bytes: &[u8], kind: FieldKind) -> Result<(), String> {
        let cell = cell(bytes, kind, self.to)?;
        match (&mut self.data, cell) {
            (_, Cell::Null) => {
                self.levels.push(0);
                return Ok(());
            }
            (Data::Boolean(all), Cell::Boolean(value)) => all.push(value),
            (Data::Int32(all), Cell::Integer(value)) => {
                all.push(i32::try_from(value).map_err(|error| error.to_string())?);
            }
            (Data::Int32(all), Cell::Date(value)) => all.push(value),
            (
                Data::Int64(all),
                Cell::Integer(value) | Cell::Timestamp(value) | Cell::Decimal(value),
            ) => all.push(value),
            (Data::Double(all), Cell::Double(value)) => all.push(value),
            (Data::Bytes(all, ends), Cell::Text(text)) => {
                all.extend_from_slice(text.as_bytes());
                ends.push(all.len());
            }
            (Data::Bytes(all, ends), Cell::Bytes(bytes)) => {
                all.extend_from_slice(bytes);
                ends.push(all.len());
            }
            (_, cell) => return Err(format!("{cell:?} is no value of the column")),
        }
        self.levels.push(1);
        Ok(())
    }

    /// Forgets the value that was taken last.
    pub(super) fn pop(&mut self) {
        if self.levels.pop() != Some(1) {
            return;
        }
        match &mut self.data {
            Data::Boolean(all) => drop(all.pop()),
            Data::Int32(all) => drop(all.pop()),
            Data::Int64(all) => drop(all.pop()),
            Data::Double(all) => drop(all.pop()),
            Data::Bytes(all, ends) => {
                ends.pop();
                all.truncate(ends.last().copied().unwrap_or(0));
            }
        }
    }

    fn bytes(&self) -> usize {
        2 * self.levels.len()
            + match &self.data {
                Data::Boolean(all) => all.len(),
                Data::Int32(all) => 4 * all.len(),
                Data::Int64(all) => 8 * all.len(),
                Data::Double(all) => 8 * all.len(),
                Data::Bytes(all, ends) => all.len() + 8 * ends.len(),
            }
    }

    /// Whether its values repeat so often that a dictionary of them pays.
    pub(super) fn repeats(&self) -> bool {
        let few = |distinct: usize, seen: usize| seen > 0 && distinct * 2 <= seen;
        match &self.data {
            Data::Boolean(_) => false,
            Data::Int32(all) => few(distinct(all.iter()), all.len().min(SAMPLE)),
            Data::Int64(all) => few(distinct(all.iter()), all.len().min(SAMPLE)),
            Data::Double(all) => {
                let bits = all.iter().map(|value| value.to_bits());
                few(distinct(bits), all.len().min(SAMPLE))
            }
            Data::Bytes(all, ends) => {
                let starts = std::iter::once(&0).chain(ends);
                let texts = starts.zip(ends).map(|(start, end)| all.get(*start..*end));
                few(distinct(texts), ends.len().min(SAMPLE))
            }
        }
    }

    /// Writes all of them.
    pub(super) fn write(self, writer: &mut SerializedColumnWriter<'_>) -> Result<(), ParquetError> {
        let levels = Some(&*self.levels);
        match self.data {
            Data::Boolean(all) => writer.typed::<BoolType>().write_batch(&all, levels, None),
            Data::Int32(all) => writer.typed::<Int32Type>().write_batch(&all, levels, None),
            Data::Int64(all) => writer.typed::<Int64Type>().write_batch(&all, levels, None),
            Data::Double(all) => writer.typed::<DoubleType>().write_batch(&all, levels, None),
            Data::Bytes(all, ends) => return write_texts(writer, &self.levels, all, &ends),
        }
        .map(drop)
    }
}

/// The room for so many, as the group before had them.
fn room(count: usize) -> usize {
    count + count / 16
}

/// Texts are slices of one buffer.
fn write_texts(
    writer: &mut SerializedColumnWriter<'_>,
    levels: &[i16],
    all: Vec<u8>,
    ends: &[usize],
) -> Result<(), ParquetError> {
    let (all, mut texts) = (Bytes::from(all), Vec::with_capacity(TEXTS));
    let (mut ends, mut start) = (ends.iter(), 0);
    for levels in levels.chunks(TEXTS) {
        texts.clear();
        for _ in levels.iter().filter(|level| **level == 1) {
            let end = ends.next().copied().unwrap_or(start);
            texts.push(ByteArray::from(all.slice(start..end)));
            start = end;
        }
        let writer = writer.typed::<ByteArrayType>();
        writer.write_batch(&texts, Some(levels), None)?;
    }
    Ok(())
}

fn distinct<T: Ord>(values: impl Iterator<Item = T>) -> usize {
    values.take(SAMPLE).collect::<BTreeSet<T>>().len()
}

/// What a column is on the disk.
fn physical(to: ColumnType) -> Physical {
    match to {
        ColumnType::Integer(low, _) if low >= i32::MIN.into() => Physical::INT32,
        ColumnType::Integer(..) | ColumnType::Timestamp | ColumnType::Decimal(..) => {
            Physical::INT64
        }
        ColumnType::Date => Physical::INT32,
        ColumnType::Double => Physical::DOUBLE,
        ColumnType::Boolean => Physical::BOOLEAN,
        ColumnType::String | ColumnType::Bytes => Physical::BYTE_ARRAY,
    }
}

/// What its values mean.
fn logical(to: ColumnType) -> Option<LogicalType> {
    match to {
        ColumnType::Integer(-128, _) => Some(LogicalType::integer(8, true)),
        ColumnType::Integer(-32_768, _) => Some(LogicalType::integer(16, true)),
        ColumnType::Integer(..) | ColumnType::Double | ColumnType::Boolean | ColumnType::Bytes => {
            None
        }
        ColumnType::String => Some(LogicalType::String),
        ColumnType::Date => Some(LogicalType::Date),
        ColumnType::Decimal(digits, scale) => {
            Some(LogicalType::decimal(scale.into(), digits.into()))
        }
        ColumnType::Timestamp => Some(LogicalType::timestamp(false, TimeUnit::MICROS)),
    }
}

/// The schema of a file with these columns.
pub(super) fn schema(columns: &[Column]) -> Result<Type, ParquetError> {
    let fields = columns.iter().map(|column| {
        let mut field = Type::primitive_type_builder(&column.name, physical(column.kind))
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(logical(column.kind));
        if let ColumnType::Decimal(digits, scale) = column.kind {
            field = field.with_precision(digits.into()).with_scale(scale.into());
        }
        field.build().map(Arc::new)
    });
    Type::group_type_builder("schema")
        .with_fields(fields.collect::<Result<_, _>>()?)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_has_the_room_of_the_one_before_and_not_twice_of_it() {
        let columns = ["number BIGINT", "text"].map(|text| Column::parse(text).unwrap());
        let mut group = Group::new(&columns);
        for _ in 0..1_100 {
            group.columns[0].push(b"7", FieldKind::Text).unwrap();
            group.columns[1].push(b"seven", FieldKind::Text).unwrap();
            group.rows += 1;
        }
        let next = group.like();
        assert_eq!((next.rows, next.bytes()), (0, 0));
        let fits = |capacity: usize, count: usize| (count..count + count / 8).contains(&capacity);
        for column in &next.columns {
            assert!(fits(column.levels.capacity(), 1_100));
            match &column.data {
                Data::Int64(all) => assert!(fits(all.capacity(), 1_100)),
                Data::Bytes(all, ends) => {
                    assert!(fits(all.capacity(), 5_500) && fits(ends.capacity(), 1_100));
                }
                _ => panic!("no such column"),
            }
        }
    }
}
