//! Values of a column that were read and are not in a batch yet.
//!
//! A dictionary says a large value once for thousands of rows: read, these are references, and texts only in a batch. So rows are read some at a
//! time, measured, and put into batches as far as these take them.

use parquet::column::reader::ColumnReader;
use parquet::column::reader::ColumnReaderImpl;
use parquet::data_type::ByteArray;
use parquet::data_type::DataType;
use parquet::data_type::FixedLenByteArray;
use parquet::errors::ParquetError;

use super::render::Meaning;
use super::render::int96;
use super::render::real;
use super::render::short_real;
use crate::connect::formats::Batch;
use crate::connect::formats::batch::FieldKind;

/// A column that is read.
pub(super) trait Held: Send {
    /// Reads the values of so many rows, after all that were read have been put.
    fn read(&mut self, rows: usize) -> Result<(), ParquetError>;

    /// Adds to each row how many bytes its value has as a text, where that may be many.
    fn measure(&self, sizes: &mut [usize]);

    /// Puts the values of the next rows into a column of a table of fields.
    fn put(&mut self, rows: usize, table: &mut Table<'_>);
}

/// A column of a batch that is being set.
pub(super) struct Table<'b> {
    pub(super) batch: &'b mut Batch,
    /// How many columns it has.
    pub(super) width: usize,
    /// The column.
    pub(super) index: usize,
}

/// A column of this type.
pub(super) fn held(reader: ColumnReader, meaning: Meaning) -> Box<dyn Held> {
    let kind = meaning.kind();
    match reader {
        ColumnReader::BoolColumnReader(reader) => Column::boxed(reader, kind, |value, out| {
            out.extend_from_slice(if *value { b"true" } else { b"false" });
        }),
        ColumnReader::Int32ColumnReader(reader) => {
            Column::boxed(reader, kind, move |value, out| meaning.int32(*value, out))
        }
        ColumnReader::Int64ColumnReader(reader) => {
            Column::boxed(reader, kind, move |value, out| meaning.int64(*value, out))
        }
        ColumnReader::Int96ColumnReader(reader) => {
            Column::boxed(reader, kind, |value, out| int96(value.data(), out))
        }
        ColumnReader::FloatColumnReader(reader) => {
            Column::boxed(reader, kind, |value, out| short_real(*value, out))
        }
        ColumnReader::DoubleColumnReader(reader) => {
            Column::boxed(reader, kind, |value, out| real(*value, out))
        }
        ColumnReader::ByteArrayColumnReader(reader) => {
            let column = Column::new(reader, kind, move |value: &ByteArray, out| {
                meaning.bytes(value.data(), out);
            });
            Box::new(column.sized(ByteArray::len))
        }
        ColumnReader::FixedLenByteArrayColumnReader(reader) => {
            let column = Column::new(reader, kind, move |value: &FixedLenByteArray, out| {
                meaning.bytes(value.data(), out);
            });
            Box::new(column.sized(|value| value.len()))
        }
    }
}

/// A column of values of one type.
struct Column<T: DataType, W> {
    reader: ColumnReaderImpl<T>,
    kind: FieldKind,
    write: W,
    /// How many bytes a value has; none where all have few.
    size: Option<fn(&T::T) -> usize>,
    /// For each row whether it has a value; none for a column that always has.
    levels: Vec<i16>,
    values: Vec<T::T>,
    /// How many rows, and values, were put.
    rows: usize,
    taken: usize,
}

impl<T, W> Column<T, W>
where
    T: DataType,
    T::T: Send,
    W: Fn(&T::T, &mut Vec<u8>) + Send + 'static,
{
    fn new(reader: ColumnReaderImpl<T>, kind: FieldKind, write: W) -> Self {
        Self {
            reader,
            kind,
            write,
            size: None,
            levels: Vec::new(),
            values: Vec::new(),
            rows: 0,
            taken: 0,
        }
    }

    /// One whose values may be large.
    fn sized(self, size: fn(&T::T) -> usize) -> Self {
        let size = Some(size);
        Self { size, ..self }
    }

    fn boxed(reader: ColumnReaderImpl<T>, kind: FieldKind, write: W) -> Box<dyn Held> {
        Box::new(Self::new(reader, kind, write))
    }
}

impl<T: DataType, W> Column<T, W> {
    /// Those of the next rows that have a value, by their number among these, with it.
    fn present(&self, rows: usize) -> impl Iterator<Item = (usize, &T::T)> {
        let has_value = move |row: &usize| {
            let level = self.levels.get(self.rows + row);
            level.is_none_or(|level| *level != 0)
        };
        let values = self.values.get(self.taken..).unwrap_or_default();
        (0..rows).filter(has_value).zip(values)
    }
}

impl<T, W> Held for Column<T, W>
where
    T: DataType,
    T::T: Send,
    W: Fn(&T::T, &mut Vec<u8>) + Send,
{
    fn read(&mut self, rows: usize) -> Result<(), ParquetError> {
        self.levels.clear();
        self.values.clear();
        (self.rows, self.taken) = (0, 0);
        let levels = Some(&mut self.levels);
        let (read, _, _) = self
            .reader
            .read_records(rows, levels, None, &mut self.values)?;
        if read != rows {
            return Err(ParquetError::General(format!(
                "a column ends after {read} rows of {rows}"
            )));
        }
        Ok(())
    }

    fn measure(&self, sizes: &mut [usize]) {
        let Some(size) = self.size else { return };
        for (row, value) in self.present(sizes.len()) {
            if let Some(total) = sizes.get_mut(row) {
                *total = total.saturating_add(size(value));
            }
        }
    }

    fn put(&mut self, rows: usize, table: &mut Table<'_>) {
        let mut taken = 0;
        for (row, value) in self.present(rows) {
            let field = row * table.width + table.index;
            table
                .batch
                .set(field, self.kind, |out| (self.write)(value, out));
            taken += 1;
        }
        self.rows += rows;
        self.taken += taken;
    }
}
