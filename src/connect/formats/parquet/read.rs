//! Reads files of columns, some rows of all columns at a time.

use parquet::column::reader::ColumnReader;
use parquet::column::reader::ColumnReaderImpl;
use parquet::data_type::DataType;
use parquet::errors::ParquetError;
use parquet::file::reader::ChunkReader;
use parquet::file::reader::FileReader as _;
use parquet::file::serialized_reader::SerializedFileReader;
use parquet::schema::types::SchemaDescriptor;

use super::Parquet;
use super::guard::guarded;
use super::render::Meaning;
use super::render::int96;
use super::render::real;
use super::render::short_real;
use crate::connect::ConnectError;
use crate::connect::formats::Batch;
use crate::connect::formats::BatchReader;
use crate::connect::formats::Column;
use crate::connect::formats::batch::BATCH_BYTES;

/// How many rows a batch has at most.
const ROWS: usize = 4096;

/// Reads records of a file of columns, which it goes to and fro in.
pub struct ParquetReader<F: ChunkReader + 'static> {
    file: SerializedFileReader<F>,
    place: String,
    picked: Picked,
    /// The next group of rows.
    group: usize,
    open: Option<OpenGroup>,
    /// How many rows were read.
    rows: u64,
}

/// The columns that are read.
struct Picked {
    names: Vec<String>,
    columns: Vec<Column>,
    /// For each its number in the file, and what its values are.
    places: Vec<(usize, Meaning)>,
}

/// A group of rows that is being read.
struct OpenGroup {
    columns: Vec<ColumnReader>,
    left: usize,
    /// How many rows are read at once, so that they do not take too much memory.
    step: usize,
}

impl<F: ChunkReader + 'static> ParquetReader<F> {
    /// Opens a file; `place` is its name in errors.
    pub fn new(format: &Parquet, file: F, place: &str) -> Result<Self, ConnectError> {
        let file = guarded(|| SerializedFileReader::new(file));
        let file = file.map_err(|error| broken(place, &error))?;
        let schema = file.metadata().file_metadata().schema_descr();
        let picked = Picked::of(schema, &format.columns, place)?;
        Ok(Self {
            file,
            place: place.to_owned(),
            picked,
            group: 0,
            open: None,
            rows: 0,
        })
    }

    /// The group that is being read, or the next one that has rows.
    fn open(&mut self) -> Result<Option<&mut OpenGroup>, ParquetError> {
        while self.open.as_ref().is_none_or(|open| open.left == 0) {
            if self.group == self.file.num_row_groups() {
                return Ok(None);
            }
            let group = self.file.get_row_group(self.group)?;
            self.group += 1;
            let places = self.picked.places.iter();
            let columns = places.map(|(place, _)| group.get_column_reader(*place));
            let rows = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
            let bytes = usize::try_from(group.metadata().total_byte_size()).unwrap_or(0);
            self.open = Some(OpenGroup {
                columns: columns.collect::<Result<_, _>>()?,
                left: rows,
                step: (BATCH_BYTES / (bytes / rows.max(1)).max(1)).clamp(1, ROWS),
            });
        }
        Ok(self.open.as_mut())
    }

    fn next(&mut self, batch: &mut Batch) -> Result<bool, ParquetError> {
        let (first, width) = (self.rows + 1, self.picked.places.len());
        let meanings: Vec<Meaning> = self.picked.places.iter().map(|place| place.1).collect();
        let Some(group) = self.open()? else {
            batch.clear();
            return Ok(false);
        };
        let rows = group.left.min(group.step);
        group.left -= rows;
        batch.table(rows, width, first);
        for (index, (reader, meaning)) in group.columns.iter_mut().zip(meanings).enumerate() {
            let mut area = Area {
                batch,
                rows,
                width,
                index,
                meaning,
            };
            area.read(reader)?;
        }
        if batch.is_too_large() {
            return Err(ParquetError::General(
                "a value is longer than 4 GiB".to_owned(),
            ));
        }
        self.rows += rows as u64;
        Ok(true)
    }
}

impl<F: ChunkReader + 'static> BatchReader for ParquetReader<F> {
    fn names(&self) -> &[String] {
        &self.picked.names
    }

    fn columns(&self) -> &[Column] {
        &self.picked.columns
    }

    fn fill(&mut self, batch: &mut Batch) -> Result<bool, ConnectError> {
        let row = self.rows + 1;
        guarded(|| self.next(batch))
            .map_err(|error| broken(&format!("{} row {row}", self.place), &error))
    }
}

/// What is wrong with a file.
fn broken(place: &str, error: &ParquetError) -> ConnectError {
    let reason = match error {
        ParquetError::EOF(said) | ParquetError::General(said) | ParquetError::NYI(said) => {
            said.clone()
        }
        other => other.to_string(),
    };
    ConnectError::Record {
        place: place.to_owned(),
        reason: format!("it cannot be read as parquet, and may not be whole: {reason}"),
    }
}

impl Picked {
    /// The declared columns, by their names; else all.
    fn of(
        schema: &SchemaDescriptor,
        declared: &[Column],
        place: &str,
    ) -> Result<Self, ConnectError> {
        let wrong = |reason: String| ConnectError::Record {
            place: place.to_owned(),
            reason,
        };
        let roots: Vec<String> = schema
            .root_schema()
            .get_fields()
            .iter()
            .map(|f| f.name().to_owned())
            .collect();
        let names = if declared.is_empty() {
            roots.clone()
        } else {
            declared.iter().map(|c| c.name.clone()).collect()
        };
        let mut picked = Self {
            names,
            columns: declared.to_vec(),
            places: Vec::new(),
        };
        for name in &picked.names {
            if !roots.contains(name) {
                return Err(wrong(format!(
                    "there is no column `{name}`; it has `{}`",
                    roots.join("`, `")
                )));
            }
            let found = schema.columns().iter().position(|column| {
                column.max_rep_level() == 0
                    && matches!(column.path().parts(), [only] if only == name)
            });
            let Some(number) = found else {
                return Err(wrong(format!(
                    "column `{name}` is nested, which a copy does not read; list others in `column`"
                )));
            };
            let column = schema.column(number);
            let Some(meaning) = Meaning::of(&column) else {
                return Err(wrong(format!(
                    "column `{name}` has a type that a copy does not read; list others in `column`"
                )));
            };
            picked.places.push((number, meaning));
            if declared.is_empty() {
                picked.columns.push(Column {
                    name: name.clone(),
                    kind: meaning.column_type(&column),
                });
            }
        }
        Ok(picked)
    }
}

/// The column of a batch that is being set.
struct Area<'b> {
    batch: &'b mut Batch,
    rows: usize,
    width: usize,
    index: usize,
    meaning: Meaning,
}

impl Area<'_> {
    fn read(&mut self, reader: &mut ColumnReader) -> Result<(), ParquetError> {
        let meaning = self.meaning;
        match reader {
            ColumnReader::BoolColumnReader(reader) => self.values(reader, |value, out| {
                out.extend_from_slice(if *value { b"true" } else { b"false" });
            }),
            ColumnReader::Int32ColumnReader(reader) => {
                self.values(reader, |value, out| meaning.int32(*value, out))
            }
            ColumnReader::Int64ColumnReader(reader) => {
                self.values(reader, |value, out| meaning.int64(*value, out))
            }
            ColumnReader::Int96ColumnReader(reader) => {
                self.values(reader, |value, out| int96(value.data(), out))
            }
            ColumnReader::FloatColumnReader(reader) => {
                self.values(reader, |value, out| short_real(*value, out))
            }
            ColumnReader::DoubleColumnReader(reader) => {
                self.values(reader, |value, out| real(*value, out))
            }
            ColumnReader::ByteArrayColumnReader(reader) => {
                self.values(reader, |value, out| meaning.bytes(value.data(), out))
            }
            ColumnReader::FixedLenByteArrayColumnReader(reader) => {
                self.values(reader, |value, out| meaning.bytes(value.data(), out))
            }
        }
    }

    fn values<T: DataType>(
        &mut self,
        reader: &mut ColumnReaderImpl<T>,
        write: impl Fn(&T::T, &mut Vec<u8>),
    ) -> Result<(), ParquetError> {
        let (mut levels, mut values) = (Vec::new(), Vec::with_capacity(self.rows));
        let (read, _, _) = reader.read_records(self.rows, Some(&mut levels), None, &mut values)?;
        if read != self.rows {
            return Err(ParquetError::General(format!(
                "a column ends after {read} rows of {}",
                self.rows
            )));
        }
        let mut values = values.iter();
        for row in 0..self.rows {
            // A column that always has values says no levels.
            let null = levels.get(row).is_some_and(|level| *level == 0);
            let Some(value) = (if null { None } else { values.next() }) else {
                continue;
            };
            let field = row * self.width + self.index;
            self.batch
                .set(field, self.meaning.kind(), |out| write(value, out));
        }
        Ok(())
    }
}
