//! Writes files of columns: one thread makes columns of records, another one encodes them.

use std::collections::BTreeSet;
use std::io;
use std::io::Write;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::SyncSender;
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;

use parquet::basic::Compression;
use parquet::basic::GzipLevel;
use parquet::basic::ZstdLevel;
use parquet::errors::ParquetError;
use parquet::file::properties::EnabledStatistics;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;

use super::Pages;
use super::columns::Group;
use super::columns::schema;
use crate::connect::ConnectError;
use crate::connect::formats::Column;
use crate::connect::formats::Fault;
use crate::connect::formats::Record;

/// How many rows a group has at most, and how many bytes, about.
const GROUP_ROWS: usize = 128 * 1024;
const GROUP_BYTES: usize = 24 * 1024 * 1024;

/// From how many columns on nothing is said of single ones, neither statistics nor how they are encoded: it takes memory for each until the end of
/// the file, and groups have few rows.
const WIDE: usize = 10_000;

/// How often the bytes of a group are counted: after so many rows, or so many bytes of their texts.
const COUNTED: usize = 256;
const FRESH: usize = 1024 * 1024;

/// Writes records of columns. Only [`ParquetWriter::finish`] makes the file whole.
pub struct ParquetWriter<W> {
    group: Group,
    /// How many bytes of texts came since those of the group were counted.
    fresh: usize,
    /// Groups that are full; none is the end. Closed without it, nobody wants the file.
    send: Option<SyncSender<Option<Group>>>,
    /// None once it has been waited for.
    thread: Option<JoinHandle<io::Result<W>>>,
}

impl<W: Write + Send + 'static> ParquetWriter<W> {
    /// A writer for these columns.
    pub fn new(output: W, columns: &[Column], pages: Pages) -> Result<Self, ConnectError> {
        let mut names = BTreeSet::new();
        for column in columns {
            if !names.insert(&column.name) {
                return Err(ConnectError::Setting(format!(
                    "two columns are called `{}`; those of a parquet file differ",
                    column.name
                )));
            }
        }
        let (send, full) = sync_channel(0);
        let encoder = Encoder {
            columns: columns.to_vec(),
            pages,
        };
        let thread = std::thread::spawn(move || {
            let result = encoder.encode_all(output, &full);
            result.map_err(into_io)
        });
        Ok(Self {
            group: Group::new(columns),
            fresh: 0,
            send: Some(send),
            thread: Some(thread),
        })
    }

    /// Takes a record, or says what of it does not fit.
    pub fn write(&mut self, record: Record<'_>) -> Result<(), Fault> {
        for (index, (bytes, kind)) in record.fields().enumerate() {
            let Some(column) = self.group.columns.get_mut(index) else {
                break;
            };
            self.fresh += bytes.len();
            if let Err(reason) = column.push(bytes, kind) {
                self.group
                    .columns
                    .iter_mut()
                    .take(index)
                    .for_each(super::columns::Values::pop);
                return Err(Fault::field(index, reason));
            }
        }
        self.group.rows += 1;
        Ok(())
    }

    /// Hands over what was taken when it is enough for a group. Call it after every record or so.
    pub fn pass_on(&mut self) -> io::Result<()> {
        if self.group.rows >= GROUP_ROWS {
            return self.hand_over(self.group.like());
        }
        if self.fresh < FRESH && !self.group.rows.is_multiple_of(COUNTED) {
            return Ok(());
        }
        // As much as came since may come again before it is counted.
        let next = std::mem::take(&mut self.fresh);
        if self.group.bytes().saturating_add(next) >= GROUP_BYTES {
            return self.hand_over(self.group.like());
        }
        Ok(())
    }

    /// Hands over what was taken; what comes is for `next`.
    fn hand_over(&mut self, next: Group) -> io::Result<()> {
        if self.group.rows == 0 {
            return Ok(());
        }
        let group = std::mem::replace(&mut self.group, next);
        let sent = self.send.as_ref().map(|send| send.send(Some(group)));
        match sent {
            Some(Ok(())) => Ok(()),
            // The thread ended before it was asked to.
            _ => match self.outcome() {
                Err(error) => Err(error),
                Ok(_) => Err(io::ErrorKind::BrokenPipe.into()),
            },
        }
    }

    /// Ends the file, and gives back what it was written to.
    pub fn finish(mut self) -> io::Result<W> {
        self.hand_over(Group::new(&[]))?;
        // An error says itself below.
        drop(self.send.take().map(|send| send.send(None)));
        self.outcome()
    }
}

impl<W> ParquetWriter<W> {
    fn outcome(&mut self) -> io::Result<W> {
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(result)) => result,
            _ => Err(io::Error::other("encoding broke off")),
        }
    }
}

/// What was not finished is gone when this is: the thread has ended, and has dropped what it wrote to.
impl<W> Drop for ParquetWriter<W> {
    fn drop(&mut self) {
        self.send = None;
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// What encodes groups.
struct Encoder {
    columns: Vec<Column>,
    pages: Pages,
}

impl Encoder {
    fn encode_all<W: Write + Send>(
        &self,
        output: W,
        full: &Receiver<Option<Group>>,
    ) -> Result<W, ParquetError> {
        let gone = || ParquetError::External(Box::new(io::Error::from(io::ErrorKind::BrokenPipe)));
        let mut next = full.recv().map_err(|_| gone())?;
        let schema = Arc::new(schema(&self.columns)?);
        let properties = Arc::new(self.properties(next.as_ref())?);
        let mut file = SerializedFileWriter::new(output, schema, properties)?;
        while let Some(group) = next {
            let mut rows = file.next_row_group()?;
            for values in group.columns {
                let Some(mut column) = rows.next_column()? else {
                    break;
                };
                values.write(&mut column)?;
                column.close()?;
            }
            rows.close()?;
            next = full.recv().map_err(|_| gone())?;
        }
        file.into_inner()
    }

    /// The settings of the file, by what its first group looks like.
    fn properties(&self, first: Option<&Group>) -> Result<WriterProperties, ParquetError> {
        let compression = match self.pages {
            Pages::Plain => Compression::UNCOMPRESSED,
            Pages::Snappy => Compression::SNAPPY,
            Pages::Zstd => Compression::ZSTD(ZstdLevel::try_new(1)?),
            Pages::Gzip => Compression::GZIP(GzipLevel::try_new(4)?),
        };
        let wide = self.columns.len() >= WIDE;
        let statistics = if wide {
            EnabledStatistics::None
        } else {
            EnabledStatistics::Chunk
        };
        let mut properties = WriterProperties::builder()
            .set_compression(compression)
            .set_statistics_enabled(statistics)
            .set_dictionary_enabled(false)
            // Where pages begin helps nobody without statistics of pages, and takes memory for each column of each group until the end.
            .set_offset_index_disabled(true)
            .set_created_by(format!("pipeform version {}", env!("CARGO_PKG_VERSION")));
        let values = first.iter().flat_map(|group| &group.columns);
        for (column, values) in self.columns.iter().zip(values) {
            if !wide && values.repeats() {
                let path = ColumnPath::new(vec![column.name.clone()]);
                properties = properties.set_column_dictionary_enabled(path, true);
            }
        }
        Ok(properties.build())
    }
}

/// The error of the output, if that is what went wrong.
fn into_io(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(inner) => match inner.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(other) => io::Error::other(other.to_string()),
        },
        other => io::Error::other(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use parquet::file::metadata::RowGroupMetaData;
    use parquet::file::reader::FileReader as _;
    use parquet::file::serialized_reader::SerializedFileReader;

    use super::*;
    use crate::connect::formats::Batch;
    use crate::connect::formats::FieldKind;

    /// How many rows the groups of a file have that is made of texts of so many bytes, each of its own.
    fn groups(texts: impl IntoIterator<Item = usize>) -> Vec<i64> {
        let columns = [Column::parse("text").unwrap()];
        let mut writer = ParquetWriter::new(Vec::new(), &columns, Pages::Plain).unwrap();
        let mut batch = Batch::default();
        for (line, bytes) in (0..).zip(texts) {
            let mut text = vec![b'x'; bytes];
            text.extend_from_slice(format!("{line}").as_bytes());
            batch.clear();
            batch.push(&text, FieldKind::Text);
            batch.end_record(line);
            for record in batch.records() {
                writer.write(record).unwrap();
            }
            writer.pass_on().unwrap();
        }
        let file = SerializedFileReader::new(Bytes::from(writer.finish().unwrap())).unwrap();
        let groups = file.metadata().row_groups().iter();
        groups.map(RowGroupMetaData::num_rows).collect()
    }

    #[test]
    fn of_very_many_columns_nothing_is_said() {
        for (width, said) in [(WIDE - 1, true), (WIDE, false)] {
            let columns: Vec<Column> = (0..width)
                .map(|number| Column::parse(&format!("c{number} INT")).unwrap())
                .collect();
            let mut writer = ParquetWriter::new(Vec::new(), &columns, Pages::Plain).unwrap();
            let mut batch = Batch::default();
            for line in 1..=2 {
                for _ in 0..width {
                    batch.push(b"7", FieldKind::Text);
                }
                batch.end_record(line);
            }
            for record in batch.records() {
                writer.write(record).unwrap();
            }
            let file = Bytes::from(writer.finish().unwrap());
            let file = SerializedFileReader::new(file).unwrap();
            let group = file.metadata().row_group(0);
            assert_eq!(group.num_rows(), 2);
            for column in group.columns() {
                assert_eq!(column.statistics().is_some(), said);
                assert_eq!(column.dictionary_page_offset().is_some(), said);
            }
        }
    }

    #[test]
    fn a_group_is_full_before_it_is_larger_than_it_may_be() {
        // Two of these fit, and not three; of larger ones fits one.
        assert_eq!(groups([10_000_000; 5]), [2, 2, 1]);
        assert_eq!(groups([16_000_000; 2]), [1, 1]);
        // Small ones fill it nearly.
        let [first, second] = groups([100_000; 300])[..] else {
            panic!("two groups");
        };
        assert!((225..=245).contains(&first), "{first}");
        assert_eq!(first + second, 300);
    }
}
