//! Data formats: how records are laid out in a file.
//!
//! A reader fills one [`Batch`] after the other, a writer takes the records of batches. Between them all values are texts of
//! a [`FieldKind`]; what a text is as a value of a declared type says [`columns`]. Beneath the formats is [`compression`].

pub mod batch;
mod chunks;
pub mod columns;
pub mod compression;
pub mod csv;
pub mod custom;
pub mod delimited;
pub mod json_lines;
pub mod parquet;
pub mod regex;
pub mod tsv;

use std::io::BufRead;

pub use batch::Batch;
pub use batch::Fault;
pub use batch::FieldKind;
pub use batch::Record;
pub use batch::Refused;
pub use columns::Column;
pub use columns::ColumnType;

use super::ConnectError;

/// The longest record of a file of lines, in bytes; a longer one means a wrong separator or quote.
pub const MAX_RECORD: usize = 16 * 1024 * 1024;

/// A format with all its settings.
#[derive(Debug, Clone, PartialEq)]
pub enum Format {
    /// csv, tsv and custom.
    Delimited(delimited::Delimited),
    /// A regular expression for each line.
    Regex(regex::RegexFormat),
    /// A JSON object a line.
    JsonLines(json_lines::JsonLines),
    /// Columns.
    Parquet(parquet::Parquet),
}

/// Reads the records of one input.
pub trait BatchReader {
    /// The names of the columns, declared or found; empty when nobody says them.
    fn names(&self) -> &[String];

    /// The types of the columns, as far as they are declared or found.
    fn columns(&self) -> &[Column];

    /// Puts the next records into a batch in place of what is in it, none where it takes long to come to the next; false at the end.
    fn fill(&mut self, batch: &mut Batch) -> Result<bool, ConnectError>;
}

impl Format {
    /// The declared columns; none means that the file says them (header, keys, schema) or nobody does.
    pub fn columns(&self) -> &[Column] {
        match self {
            Self::Delimited(d) => &d.columns,
            Self::Regex(r) => &r.columns,
            Self::JsonLines(j) => &j.columns,
            Self::Parquet(p) => &p.columns,
        }
    }

    /// Whether files of this format start with a header.
    pub fn header(&self) -> bool {
        matches!(self, Self::Delimited(d) if d.header)
    }

    /// What ends a record; nothing where files cannot be joined by writing one after the other.
    pub fn record_separator(&self) -> Option<&[u8]> {
        match self {
            Self::Delimited(d) => Some(&d.record_separator),
            Self::Regex(_) | Self::JsonLines(_) => Some(b"\n"),
            Self::Parquet(_) => None,
        }
    }

    /// Starts reading lines; `place` is the file's name in errors. Reads the header when there is one. A file of columns is
    /// read by [`parquet::ParquetReader`], which goes to and fro in it.
    pub fn reader<'r, R: BufRead + Send + 'r>(
        &self,
        input: R,
        place: &str,
    ) -> Result<Box<dyn BatchReader + Send + 'r>, ConnectError> {
        Ok(match self {
            Self::Delimited(d) => Box::new(delimited::DelimitedReader::new(d, input, place)?),
            Self::Regex(r) => Box::new(regex::RegexReader::new(r, input, place)?),
            Self::JsonLines(j) => Box::new(json_lines::JsonLinesReader::new(j, input, place)?),
            Self::Parquet(_) => {
                return Err(ConnectError::Setting(
                    "parquet cannot be read from a stream".to_owned(),
                ));
            }
        })
    }

    /// A writer of lines for columns of these names (none: nobody says them) and types. A file of columns is written by
    /// [`parquet::ParquetWriter`].
    pub fn writer(
        &self,
        names: &[String],
        types: Vec<Option<ColumnType>>,
        width: usize,
    ) -> Result<LineWriter, ConnectError> {
        Ok(match self {
            Self::Delimited(d) => {
                LineWriter::Delimited(Box::new(delimited::DelimitedWriter::new(d)?))
            }
            Self::Regex(r) => LineWriter::Regex(regex::RegexWriter::new(r, width)?),
            Self::JsonLines(_) => {
                LineWriter::JsonLines(json_lines::JsonLinesWriter::new(names, types)?)
            }
            Self::Parquet(_) => {
                return Err(ConnectError::Setting(
                    "parquet cannot be written as lines".to_owned(),
                ));
            }
        })
    }
}

/// Writes records as lines.
#[derive(Debug)]
pub enum LineWriter {
    /// csv, tsv and custom.
    Delimited(Box<delimited::DelimitedWriter>),
    /// As `output_format` says.
    Regex(regex::RegexWriter),
    /// A JSON object a line.
    JsonLines(json_lines::JsonLinesWriter),
}

impl LineWriter {
    /// Appends one record to `out`. After an error what was appended is to be removed.
    pub fn write(&self, record: Record<'_>, out: &mut Vec<u8>) -> Result<(), Fault> {
        match self {
            Self::Delimited(d) => d.write(record, out),
            Self::Regex(r) => {
                r.write(record, out);
                Ok(())
            }
            Self::JsonLines(j) => j.write(record, out),
        }
    }

    /// Appends the names of the columns as the first record of a file. Formats without a header have none.
    pub fn write_header(&self, names: &[String], out: &mut Vec<u8>) -> Result<(), Fault> {
        match self {
            Self::Delimited(d) => d.write_header(names, out),
            Self::Regex(_) | Self::JsonLines(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
