//! The one reader and writer behind csv, tsv and custom.
//!
//! Looks at each byte once; only separators, quotes and escapes are looked at closer. Fields are bytes, so that text that is
//! not UTF-8 passes through. [`split`] takes records apart, this file writes them.

mod split;

use std::io::BufRead;

use super::BatchReader;
use super::Column;
use super::batch::Batch;
use super::batch::Fault;
use super::batch::FieldKind;
use super::batch::Record;
use super::chunks::BYTE_ORDER_MARK;
use super::chunks::Chunks;
use crate::connect::ConnectError;
use split::Splitter;

/// How NULL is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Null {
    /// An empty field without quotes.
    Empty,
    /// The escape character and `N`.
    EscapedN,
}

/// A dialect; `formats::{csv, tsv, custom}` make them.
#[derive(Debug, Clone, PartialEq)]
pub struct Delimited {
    /// Declared columns, in order.
    pub columns: Vec<Column>,
    /// Whether the first record names the columns.
    pub header: bool,
    /// Between fields; not empty.
    pub separator: Vec<u8>,
    /// After records; not empty.
    pub record_separator: Vec<u8>,
    /// Makes the next character plain.
    pub escape: Option<u8>,
    /// Around fields.
    pub quote: Option<u8>,
    /// How NULL is written.
    pub null: Null,
    /// Whether lines may end in `\r\n`, too, if they end in `\n`.
    pub carriage: bool,
}

impl Delimited {
    /// Whether a record may end in `\r\n`.
    fn carriage(&self) -> bool {
        self.carriage && self.record_separator == b"\n"
    }

    /// The byte that ends a line.
    fn line_end(&self) -> u8 {
        self.record_separator.last().copied().unwrap_or(b'\n')
    }

    /// What a separator must not be.
    fn check(&self) -> Result<(), ConnectError> {
        if self.separator.is_empty() || self.record_separator.is_empty() {
            return Err(ConnectError::Setting(
                "a separator must not be empty".to_owned(),
            ));
        }
        Ok(())
    }
}

/// Writes records of a [`Delimited`].
#[derive(Debug)]
pub struct DelimitedWriter {
    format: Delimited,
    /// The bytes that cannot stand in a field as they are.
    special: [bool; 256],
}

impl DelimitedWriter {
    /// A writer.
    pub fn new(format: &Delimited) -> Result<Self, ConnectError> {
        format.check()?;
        let mut special = [false; 256];
        let separators = format.separator.iter().chain(&format.record_separator);
        let marks = separators.copied().chain(format.escape).chain(format.quote);
        for byte in marks.chain(format.carriage().then_some(b'\r')) {
            special[usize::from(byte)] = true;
        }
        Ok(Self {
            format: format.clone(),
            special,
        })
    }

    /// Appends a record.
    pub fn write(&self, record: Record<'_>, out: &mut Vec<u8>) -> Result<(), Fault> {
        self.write_values(record.fields(), out)
    }

    /// Appends the names of the columns.
    pub fn write_header(&self, names: &[String], out: &mut Vec<u8>) -> Result<(), Fault> {
        let names = names.iter();
        self.write_values(names.map(|name| (name.as_bytes(), FieldKind::Text)), out)
    }

    /// Appends a record of these fields.
    pub fn write_values<'a>(
        &self,
        fields: impl Iterator<Item = (&'a [u8], FieldKind)>,
        out: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        for (index, (bytes, kind)) in fields.enumerate() {
            if index > 0 {
                out.extend_from_slice(&self.format.separator);
            }
            if kind != FieldKind::Null {
                self.write_field(index, bytes, out)?;
            } else if self.format.null == Null::EscapedN {
                out.extend([self.format.escape.unwrap_or(b'\\'), b'N']);
            }
        }
        out.extend_from_slice(&self.format.record_separator);
        Ok(())
    }

    fn write_field(&self, index: usize, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Fault> {
        let special = |byte: &u8| self.special[usize::from(*byte)];
        // What would be taken for the mark at the beginning of a file is written so that it is not.
        let marked = bytes.starts_with(BYTE_ORDER_MARK);
        let empty = bytes.is_empty() && self.format.quote.is_some();
        if !(marked || empty || bytes.iter().any(special)) {
            out.extend_from_slice(bytes);
        } else if let Some(quote) = self.format.quote {
            out.push(quote);
            for byte in bytes {
                if *byte == quote {
                    out.push(quote);
                } else if self.format.escape == Some(*byte) {
                    out.push(*byte);
                }
                out.push(*byte);
            }
            out.push(quote);
        } else if let Some(escape) = self.format.escape {
            for (at, byte) in bytes.iter().enumerate() {
                if special(byte) || (marked && at == 0) {
                    out.push(escape);
                }
                out.push(*byte);
            }
        } else if marked {
            out.extend_from_slice(bytes);
        } else {
            let reason = format!(
                "the value `{}` holds a separator and the format has no `escape_char`; set one",
                super::regex::cut(bytes)
            );
            return Err(Fault::field(index, reason));
        }
        Ok(())
    }
}

/// Reads records of a [`Delimited`].
pub struct DelimitedReader<R> {
    chunks: Chunks<R>,
    splitter: Splitter,
    columns: Vec<Column>,
    names: Vec<String>,
}

impl<R: BufRead> DelimitedReader<R> {
    pub(super) fn new(format: &Delimited, input: R, place: &str) -> Result<Self, ConnectError> {
        format.check()?;
        let names: Vec<String> = format.columns.iter().map(|c| c.name.clone()).collect();
        let mut reader = Self {
            chunks: Chunks::new(input, place, format.line_end()),
            splitter: Splitter::new(format),
            columns: format.columns.clone(),
            names,
        };
        if format.header {
            reader.read_header()?;
        }
        if !reader.names.is_empty() {
            reader.splitter.width = Some(reader.names.len());
        }
        Ok(reader)
    }

    fn read_header(&mut self) -> Result<(), ConnectError> {
        let mut batch = Batch::default();
        let splitter = &mut self.splitter;
        let found = self.chunks.fill(&mut batch, 1, |text, at, parts| {
            splitter.step(text, at, parts)
        })?;
        if !found {
            return Ok(());
        }
        let wrong = |reason| ConnectError::Record {
            place: self.chunks.place_of(1),
            reason,
        };
        if let Some(rejected) = batch.rejected().first() {
            return Err(wrong(rejected.fault.reason.clone()));
        }
        let fields = batch.records().flat_map(Record::fields);
        let found: Vec<String> = fields
            .map(|(bytes, _)| String::from_utf8_lossy(bytes).into_owned())
            .collect();
        if !self.names.is_empty() && found != self.names {
            return Err(wrong(format!(
                "the header is `{}`, and `column` says `{}`",
                found.join(", "),
                self.names.join(", ")
            )));
        }
        self.names = found;
        Ok(())
    }
}

impl<R: BufRead> BatchReader for DelimitedReader<R> {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn fill(&mut self, batch: &mut Batch) -> Result<bool, ConnectError> {
        let splitter = &mut self.splitter;
        self.chunks.fill(batch, usize::MAX, |text, at, parts| {
            splitter.step(text, at, parts)
        })
    }
}
