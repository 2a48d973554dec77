//! Data formats: how records are laid out in a file.
//!
//! One [`Record`] is reused for every record of a file: its fields are slices of one buffer, so that reading
//! allocates nothing once the buffer has its size. What differs between the formats is a [`Format`]'s variant.

pub mod compression;
pub mod csv;
pub mod custom;
pub mod delimited;
pub mod regex;
pub mod tsv;

use super::ConnectError;
use std::io::BufRead;

/// The longest record, in bytes; a longer one means a wrong separator or quote.
pub const MAX_RECORD: usize = 16 * 1024 * 1024;

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// No value.
    Null,
    /// Text, as in files; its type is up to the column.
    Text,
    /// A whole number from a database, in decimal.
    Integer,
    /// A floating point number from a database, in the shortest decimal that reads back the same.
    Real,
    /// Bytes from a database.
    Blob,
}

/// The fields of one record.
#[derive(Debug, Clone, Default)]
pub struct Record {
    bytes: Vec<u8>,
    ends: Vec<(usize, FieldKind)>,
    /// Where it starts: the line in its file, or the row of its query, from 1.
    pub line: u64,
}

impl Record {
    /// Removes all fields and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }
    /// Adds a field.
    pub fn push(&mut self, field: &[u8], kind: FieldKind) {
        self.bytes.extend_from_slice(field);
        self.ends.push((self.bytes.len(), kind));
    }
    /// How many fields it has.
    pub fn len(&self) -> usize {
        self.ends.len()
    }
    /// How many bytes its fields hold together.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }
    /// How much memory its fields may take before it has to grow, in bytes.
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }
    /// Whether it has no field.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
    /// The bytes and the kind of a field.
    pub fn field(&self, index: usize) -> Option<(&[u8], FieldKind)> {
        let (end, kind) = *self.ends.get(index)?;
        let start = if index == 0 {
            0
        } else {
            self.ends.get(index - 1)?.0
        };
        Some((self.bytes.get(start..end)?, kind))
    }
    /// All fields in order; NULL is `None`.
    pub fn iter(&self) -> impl Iterator<Item = Option<&[u8]>> {
        (0..self.len()).map(|i| {
            self.field(i)
                .and_then(|(b, k)| (k != FieldKind::Null).then_some(b))
        })
    }
}

/// The type of a column, as declared in `column = ["name TYPE"]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// TINYINT, SMALLINT, INT, BIGINT with its smallest and largest value.
    Integer(i64, i64),
    /// FLOAT and DOUBLE.
    Double,
    /// BOOLEAN: true, false, 1, 0; stored as 1 and 0.
    Boolean,
    /// STRING, and what is left out.
    String,
    /// TIMESTAMP: `2026-11-01 12:30:00`, stored as text.
    Timestamp,
}

/// A declared column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: ColumnType,
}

impl Column {
    /// Reads `name TYPE`; without a type it is a STRING.
    pub fn parse(text: &str) -> Result<Self, ConnectError> {
        let mut words = text.split_whitespace();
        let (Some(name), kind, None) = (words.next(), words.next(), words.next()) else {
            return Err(ConnectError::Setting(format!(
                "column `{text}` is not of the form `name TYPE`"
            )));
        };
        let kind = match kind.unwrap_or("STRING").to_ascii_uppercase().as_str() {
            "TINYINT" => ColumnType::Integer(i8::MIN.into(), i8::MAX.into()),
            "SMALLINT" => ColumnType::Integer(i16::MIN.into(), i16::MAX.into()),
            "INT" | "INTEGER" => ColumnType::Integer(i32::MIN.into(), i32::MAX.into()),
            "BIGINT" => ColumnType::Integer(i64::MIN, i64::MAX),
            "FLOAT" | "DOUBLE" => ColumnType::Double,
            "BOOLEAN" => ColumnType::Boolean,
            "STRING" => ColumnType::String,
            "TIMESTAMP" => ColumnType::Timestamp,
            other => {
                return Err(ConnectError::Setting(format!(
                    "column `{text}` has the unknown type `{other}`; use TINYINT, SMALLINT, INT, BIGINT, FLOAT, \
                     DOUBLE, BOOLEAN, STRING or TIMESTAMP"
                )));
            }
        };
        Ok(Self {
            name: name.to_owned(),
            kind,
        })
    }
}

/// A format with all its settings.
#[derive(Debug, Clone, PartialEq)]
pub enum Format {
    /// csv, tsv and custom.
    Delimited(delimited::Delimited),
    /// A regular expression for each line.
    Regex(regex::RegexFormat),
}

impl Format {
    /// The declared columns; none means that the file says them (header) or nobody does.
    pub fn columns(&self) -> &[Column] {
        match self {
            Self::Delimited(d) => &d.columns,
            Self::Regex(r) => &r.columns,
        }
    }

    /// Whether files of this format start with a header.
    pub fn header(&self) -> bool {
        matches!(self, Self::Delimited(d) if d.header)
    }

    /// What ends a record.
    pub fn record_separator(&self) -> &[u8] {
        match self {
            Self::Delimited(d) => &d.record_separator,
            Self::Regex(_) => b"\n",
        }
    }

    /// Starts reading; `place` is the file's name in errors. Reads the header when there is one.
    pub fn reader<R: BufRead>(&self, input: R, place: &str) -> Result<Reader<R>, ConnectError> {
        match self {
            Self::Delimited(d) => delimited::DelimitedReader::new(d.clone(), input, place)
                .map(Box::new)
                .map(Reader::Delimited),
            Self::Regex(r) => regex::RegexReader::new(r, input, place)
                .map(Box::new)
                .map(Reader::Regex),
        }
    }

    /// Appends one record to `out`.
    pub fn write(&self, record: &Record, out: &mut Vec<u8>) -> Result<(), ConnectError> {
        match self {
            Self::Delimited(d) => d.write(record.iter(), out),
            Self::Regex(r) => r.write(record, out),
        }
    }

    /// Appends the header to `out`, when the format has one.
    pub fn write_header(&self, names: &[String], out: &mut Vec<u8>) -> Result<(), ConnectError> {
        match self {
            Self::Delimited(d) if d.header => {
                d.write(names.iter().map(|n| Some(n.as_bytes())), out)
            }
            _ => Ok(()),
        }
    }
}

/// Reads the records of one file.
pub enum Reader<R> {
    /// csv, tsv and custom.
    Delimited(Box<delimited::DelimitedReader<R>>),
    /// A regular expression for each line.
    Regex(Box<regex::RegexReader<R>>),
}

impl<R: BufRead> Reader<R> {
    /// The names of the columns, declared or from the header; empty when nobody says them.
    pub fn names(&self) -> &[String] {
        match self {
            Self::Delimited(d) => &d.names,
            Self::Regex(r) => &r.names,
        }
    }
    /// Reads the next record into `record`; false at the end.
    pub fn read(&mut self, record: &mut Record) -> Result<bool, ConnectError> {
        match self {
            Self::Delimited(d) => d.read(record),
            Self::Regex(r) => r.read(record),
        }
    }
}

#[cfg(test)]
mod tests;
