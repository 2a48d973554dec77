//! Reads files of columns, some rows of all columns at a time.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use parquet::column::reader::get_column_reader;
use parquet::errors::ParquetError;
use parquet::file::reader::ChunkReader;
use parquet::file::reader::FileReader as _;
use parquet::file::serialized_reader::SerializedFileReader;
use parquet::schema::types::SchemaDescriptor;

use super::Parquet;
use super::guard::Measured;
use super::guard::guarded;
use super::held::Held;
use super::held::Table;
use super::held::held;
use super::render::Meaning;
use super::unpack::Unpacked;
use crate::connect::ConnectError;
use crate::connect::formats::Batch;
use crate::connect::formats::BatchReader;
use crate::connect::formats::Column;
use crate::connect::formats::batch::BATCH_BYTES;

/// How many rows are read at once at most, and how many at first.
const ROWS: usize = 4096;
const FIRST: usize = 64;

/// How many values are read at once at most, so that wide rows do not take too much memory.
const VALUES: usize = 128 * 1024;

/// About how many bytes a field takes in a batch besides its text.
const FIELD: usize = 16;

/// Reads records of a file of columns, which it goes to and fro in.
pub struct ParquetReader<F: ChunkReader + 'static> {
    file: SerializedFileReader<Measured<F>>,
    /// The same for columns that are unpacked here.
    bare: Measured<F>,
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
    columns: Vec<Box<dyn Held>>,
    /// How many rows are still to be read.
    left: usize,
    /// How many are read at once, so that they do not take too much memory.
    step: usize,
    /// How many they may become: by what the file says of their sizes, and by their width.
    most: usize,
    /// How large the rows are that were read; those from `next` on are in no batch yet.
    sizes: Vec<usize>,
    next: usize,
}

impl OpenGroup {
    /// Whether no row is left, in the file or read.
    fn is_empty(&self) -> bool {
        self.left == 0 && self.next == self.sizes.len()
    }

    /// Reads some rows if there are none. What they turn out to be decides how many come next.
    fn read(&mut self) -> Result<(), ParquetError> {
        if self.next < self.sizes.len() {
            return Ok(());
        }
        let rows = self.left.min(self.step);
        self.left -= rows;
        self.next = 0;
        self.sizes.clear();
        self.sizes.resize(rows, FIELD * self.columns.len());
        for column in &mut self.columns {
            column.read(rows)?;
            column.measure(&mut self.sizes);
        }
        let bytes: usize = self
            .sizes
            .iter()
            .fold(0, |sum, size| sum.saturating_add(*size));
        let fit = BATCH_BYTES.saturating_mul(rows) / bytes.max(1);
        self.step = fit.min(4 * rows).clamp(1, self.most);
        Ok(())
    }

    /// How many of the rows that were read a batch takes.
    fn fit(&self) -> usize {
        let mut bytes = 0_usize;
        let sizes = self.sizes.iter().skip(self.next);
        let fit = sizes.take_while(|size| {
            bytes = bytes.saturating_add(**size);
            bytes <= BATCH_BYTES
        });
        fit.count().max(1)
    }
}

impl<F: ChunkReader + 'static> ParquetReader<F> {
    /// Opens a file; `place` is its name in errors.
    pub fn new(format: &Parquet, file: F, place: &str) -> Result<Self, ConnectError> {
        let file = Measured::new(file);
        let bare = file.again();
        let file = guarded(|| SerializedFileReader::new(file));
        let file = file.map_err(|error| broken(place, &error))?;
        let schema = file.metadata().file_metadata().schema_descr();
        let picked = Picked::of(schema, format, place)?;
        Ok(Self {
            file,
            bare,
            place: place.to_owned(),
            picked,
            group: 0,
            open: None,
            rows: 0,
        })
    }

    /// The group that is being read, or the next one that has rows.
    fn open(&mut self) -> Result<Option<&mut OpenGroup>, ParquetError> {
        while self.open.as_ref().is_none_or(OpenGroup::is_empty) {
            if self.group == self.file.num_row_groups() {
                return Ok(None);
            }
            let group = self.file.get_row_group(self.group)?;
            self.group += 1;
            let places = self.picked.places.iter();
            let columns = places.map(|(place, meaning)| {
                let reader = match Unpacked::of(&self.bare, group.metadata(), *place)? {
                    Some(pages) => {
                        let column = group.metadata().column(*place).column_descr_ptr();
                        get_column_reader(column, Box::new(pages))
                    }
                    None => group.get_column_reader(*place)?,
                };
                Ok::<_, ParquetError>(held(reader, *meaning))
            });
            let rows = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
            let bytes = usize::try_from(group.metadata().total_byte_size()).unwrap_or(0);
            let said = BATCH_BYTES / (bytes / rows.max(1)).max(1);
            let wide = VALUES / self.picked.places.len().max(1);
            let most = said.min(wide).clamp(1, ROWS);
            self.open = Some(OpenGroup {
                columns: columns.collect::<Result<_, _>>()?,
                left: rows,
                step: FIRST.min(most),
                most,
                sizes: Vec::new(),
                next: 0,
            });
        }
        Ok(self.open.as_mut())
    }

    fn next(&mut self, batch: &mut Batch) -> Result<bool, ParquetError> {
        let (first, width) = (self.rows + 1, self.picked.places.len());
        let Some(group) = self.open()? else {
            batch.clear();
            return Ok(false);
        };
        group.read()?;
        let rows = group.fit();
        group.next += rows;
        batch.table(rows, width, first);
        for (index, column) in group.columns.iter_mut().enumerate() {
            let mut table = Table {
                batch,
                width,
                index,
            };
            column.put(rows, &mut table);
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
    /// The declared columns, by their names; else all. What no type is declared of has the one that it has in the file.
    fn of(schema: &SchemaDescriptor, format: &Parquet, place: &str) -> Result<Self, ConnectError> {
        let declared = &format.columns;
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
            columns: Vec::new(),
            places: Vec::new(),
        };
        let known: BTreeSet<&String> = roots.iter().collect();
        let mut flat = BTreeMap::new();
        for (number, column) in schema.columns().iter().enumerate() {
            if let ([only], 0) = (column.path().parts(), column.max_rep_level()) {
                flat.entry(only.clone()).or_insert(number);
            }
        }
        for (index, name) in picked.names.iter().enumerate() {
            if !known.contains(name) {
                return Err(wrong(format!(
                    "there is no column `{name}`; it has `{}`",
                    roots.join("`, `")
                )));
            }
            let Some(number) = flat.get(name).copied() else {
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
            let typed = declared.get(index);
            let typed = typed.filter(|declared| !format.untyped.contains(&declared.name));
            picked.columns.push(Column {
                name: name.clone(),
                kind: typed.map_or_else(|| meaning.column_type(&column), |declared| declared.kind),
            });
        }
        Ok(picked)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use parquet::basic::Compression;
    use parquet::basic::Encoding;
    use parquet::basic::GzipLevel;
    use parquet::data_type::ByteArray;
    use parquet::data_type::ByteArrayType;
    use parquet::file::properties::WriterProperties;
    use parquet::file::properties::WriterVersion;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    use super::*;
    use crate::connect::formats::parquet::Pages;

    /// A file of one column, which keeps what repeats once.
    fn file_of(values: &[ByteArray]) -> Bytes {
        let properties = WriterProperties::builder().set_dictionary_enabled(true);
        file_with(values, properties.build())
    }

    fn file_with(values: &[ByteArray], properties: WriterProperties) -> Bytes {
        let schema = parse_message_type("message m { required binary a (UTF8); }").unwrap();
        let (schema, properties) = (Arc::new(schema), Arc::new(properties));
        let mut writer = SerializedFileWriter::new(Vec::new(), schema, properties).unwrap();
        let mut group = writer.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        let typed = column.typed::<ByteArrayType>();
        typed.write_batch(values, None, None).unwrap();
        column.close().unwrap();
        group.close().unwrap();
        writer.into_inner().unwrap().into()
    }

    #[test]
    fn a_page_that_lies_about_its_size_is_an_error() {
        for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
            let properties = WriterProperties::builder()
                .set_dictionary_enabled(false)
                .set_encoding(Encoding::PLAIN)
                .set_writer_version(version)
                .set_compression(Compression::GZIP(GzipLevel::default()));
            let values: Vec<ByteArray> = (0..2000)
                .map(|number| format!("{number:0100}").into_bytes().into())
                .collect();
            let mut file = file_with(&values, properties.build()).to_vec();
            let rows = |file: &[u8]| {
                let format = Parquet {
                    columns: Vec::new(),
                    untyped: Vec::new(),
                    pages: Pages::Plain,
                };
                let file = Bytes::from(file.to_vec());
                let mut reader = ParquetReader::new(&format, file, "in").unwrap();
                let (mut batch, mut rows) = (Batch::default(), 0);
                while reader.fill(&mut batch)? {
                    rows += batch.len();
                }
                Ok::<_, ConnectError>(rows)
            };
            assert_eq!(rows(&file).unwrap(), values.len());
            // The first page begins behind the first four bytes; its size is the number after its kind, of three bytes.
            let size = file.get_mut(7..10).unwrap();
            assert!(size[0] & 0x80 != 0 && size[1] & 0x80 != 0 && size[2] & 0x80 == 0);
            size[2] /= 2;
            let error = rows(&file).unwrap_err().to_string();
            assert!(error.contains("more bytes than its header says"), "{error}");
        }
    }

    #[test]
    fn large_values_that_repeat_do_not_make_large_batches() {
        let small = ByteArray::from("x");
        let large = ByteArray::from(vec![b'y'; 200_000]);
        let mut values = vec![small; 9000];
        values.extend(vec![large; 600]);
        let file = file_of(&values);
        assert!(file.len() < 300_000, "it is {} bytes", file.len());
        let format = Parquet {
            columns: Vec::new(),
            untyped: Vec::new(),
            pages: Pages::Plain,
        };
        let mut reader = ParquetReader::new(&format, file, "in").unwrap();
        let (mut batch, mut rows) = (Batch::default(), 0);
        while reader.fill(&mut batch).unwrap() {
            assert!(batch.bytes() <= BATCH_BYTES, "{} bytes", batch.bytes());
            for record in batch.records() {
                let wanted = values.get(rows).unwrap();
                assert_eq!(record.line(), rows as u64 + 1);
                assert_eq!(record.field(0).unwrap().0, wanted.data());
                rows += 1;
            }
        }
        assert_eq!(rows, values.len());
    }
}
