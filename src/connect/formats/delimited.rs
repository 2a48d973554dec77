//! The one reader and writer behind csv, tsv and custom.
//!
//! Looks at each byte once; only separators, quotes and escapes are looked at closer. Fields are copied as bytes,
//! so that text that is not UTF-8 passes through.

use super::Column;
use super::FieldKind;
use super::MAX_RECORD;
use super::Record;
use crate::connect::ConnectError;
use std::io::BufRead;
use std::io::Read as _;

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
}

impl Delimited {
    pub(super) fn write<'a>(
        &self,
        fields: impl Iterator<Item = Option<&'a [u8]>>,
        out: &mut Vec<u8>,
    ) -> Result<(), ConnectError> {
        for (i, field) in fields.enumerate() {
            if i > 0 {
                out.extend_from_slice(&self.separator);
            }
            match field {
                None if self.null == Null::Empty => {}
                None => out.extend([self.escape.unwrap_or(b'\\'), b'N']),
                Some(bytes) => self.write_field(bytes, out)?,
            }
        }
        out.extend_from_slice(&self.record_separator);
        Ok(())
    }

    fn special(&self, byte: u8) -> bool {
        self.separator.contains(&byte)
            || self.record_separator.contains(&byte)
            || self.escape == Some(byte)
            || self.quote == Some(byte)
            || (self.quote.is_some() && byte == b'\r')
    }

    fn write_field(&self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), ConnectError> {
        let special = bytes.iter().any(|b| self.special(*b));
        if let Some(quote) = self.quote {
            if !special && !bytes.is_empty() {
                out.extend_from_slice(bytes);
                return Ok(());
            }
            out.push(quote);
            for byte in bytes {
                if *byte == quote {
                    out.push(quote);
                } else if self.escape == Some(*byte) {
                    out.push(*byte);
                }
                out.push(*byte);
            }
            out.push(quote);
        } else if !special {
            out.extend_from_slice(bytes);
        } else if let Some(escape) = self.escape {
            for byte in bytes {
                if self.special(*byte) {
                    out.push(escape);
                }
                out.push(*byte);
            }
        } else {
            return Err(ConnectError::Setting(format!(
                "the value `{}` holds a separator and the format has no `escape_char`; set one",
                super::regex::cut(bytes)
            )));
        }
        Ok(())
    }
}

/// Reads records of a [`Delimited`].
pub struct DelimitedReader<R> {
    input: R,
    format: Delimited,
    place: String,
    pub(super) names: Vec<String>,
    line: u64,
    /// What is read of the input and not yet taken, from `at` on.
    buffer: Vec<u8>,
    at: usize,
    special: [bool; 256],
}

impl<R: BufRead> DelimitedReader<R> {
    pub(super) fn new(format: Delimited, input: R, place: &str) -> Result<Self, ConnectError> {
        if format.separator.is_empty() || format.record_separator.is_empty() {
            return Err(ConnectError::Setting(
                "a separator must not be empty".to_owned(),
            ));
        }
        let mut special = [false; 256];
        let marks = [
            format.separator.first().copied(),
            format.record_separator.first().copied(),
            format.escape,
        ];
        for byte in marks
            .into_iter()
            .flatten()
            .chain(format.quote.map(|_| b'\r'))
        {
            special[usize::from(byte)] = true;
        }
        let names = format.columns.iter().map(|c| c.name.clone()).collect();
        let (place, buffer) = (place.to_owned(), Vec::new());
        let mut reader = Self {
            input,
            format,
            place,
            names,
            line: 1,
            buffer,
            at: 0,
            special,
        };
        if reader.format.header {
            reader.read_header()?;
        }
        Ok(reader)
    }

    fn read_header(&mut self) -> Result<(), ConnectError> {
        let mut record = Record::default();
        if !self.read(&mut record)? {
            return Ok(());
        }
        let found: Vec<String> = record
            .iter()
            .map(|f| String::from_utf8_lossy(f.unwrap_or_default()).into_owned())
            .collect();
        if !self.names.is_empty() && found != self.names {
            return Err(self.error(
                record.line,
                format!(
                    "the header is `{}`, and `column` says `{}`",
                    found.join(", "),
                    self.names.join(", ")
                ),
            ));
        }
        self.names = found;
        Ok(())
    }

    fn error(&self, line: u64, reason: String) -> ConnectError {
        ConnectError::Record {
            place: format!("{} line {line}", self.place),
            reason,
        }
    }

    /// Makes at least `count` bytes ready unless the input ends; says how many are.
    fn ready(&mut self, count: usize) -> Result<usize, ConnectError> {
        if self.buffer.len() - self.at < count {
            self.buffer.drain(..self.at);
            self.at = 0;
            let want = count.max(64 * 1024);
            let result = (&mut self.input)
                .take(want as u64)
                .read_to_end(&mut self.buffer);
            if let Err(e) = result {
                return Err(self.error(self.line, format!("cannot read on: {e}")));
            }
        }
        Ok(self.buffer.len() - self.at)
    }

    fn peek(&mut self) -> Result<Option<u8>, ConnectError> {
        self.ready(1)?;
        Ok(self.buffer.get(self.at).copied())
    }

    fn starts_with(&mut self, record_separator: bool) -> Result<bool, ConnectError> {
        let len = if record_separator {
            self.format.record_separator.len()
        } else {
            self.format.separator.len()
        };
        self.ready(len)?;
        let mark = if record_separator {
            &self.format.record_separator
        } else {
            &self.format.separator
        };
        Ok(self
            .buffer
            .get(self.at..)
            .is_some_and(|b| b.starts_with(mark)))
    }

    pub(super) fn read(&mut self, record: &mut Record) -> Result<bool, ConnectError> {
        record.clear();
        record.line = self.line;
        if self.peek()?.is_none() {
            return Ok(false);
        }
        loop {
            let start = record.bytes.len();
            let kind = if self.format.quote.is_some() && self.peek()? == self.format.quote {
                self.quoted(record)?
            } else {
                self.plain(record, start)?
            };
            record.ends.push((record.bytes.len(), kind));
            if self.starts_with(false)? {
                self.at += self.format.separator.len();
            } else if self.end_of_record()? {
                break;
            } else {
                return Err(self.error(
                    record.line,
                    "text after a closing quote; double the quote inside a field".to_owned(),
                ));
            }
        }
        let inside = record.bytes.split(|byte| *byte == b'\n').count() as u64;
        self.line += inside.max(1);
        Ok(true)
    }

    /// Whether a csv record ends here with `\r\n`.
    fn carriage(&mut self) -> Result<bool, ConnectError> {
        Ok(self.format.quote.is_some()
            && self.ready(2)? >= 2
            && self.buffer[self.at..].starts_with(b"\r\n"))
    }

    fn end_of_record(&mut self) -> Result<bool, ConnectError> {
        if self.carriage()? {
            self.at += 2;
            return Ok(true);
        }
        if self.starts_with(true)? {
            self.at += self.format.record_separator.len();
            return Ok(true);
        }
        Ok(self.peek()?.is_none())
    }

    fn too_long(&self, record: &Record) -> Result<(), ConnectError> {
        if record.bytes.len() <= MAX_RECORD {
            return Ok(());
        }
        Err(self.error(
            record.line,
            "the record is longer than 16 MiB; check the separators and quotes".to_owned(),
        ))
    }

    fn plain(&mut self, record: &mut Record, start: usize) -> Result<FieldKind, ConnectError> {
        let mut null = false;
        loop {
            if self.ready(1)? == 0 {
                break;
            }
            let rest = &self.buffer[self.at..];
            let run = rest
                .iter()
                .position(|b| self.special[usize::from(*b)])
                .unwrap_or(rest.len());
            record.bytes.extend_from_slice(&rest[..run]);
            self.at += run;
            self.too_long(record)?;
            let Some(&byte) = self.buffer.get(self.at) else {
                continue;
            };
            if self.format.escape == Some(byte) {
                self.at += 1;
                let next = self.peek()?;
                self.at += usize::from(next.is_some());
                null = next == Some(b'N')
                    && record.bytes.len() == start
                    && self.format.null == Null::EscapedN;
                record.bytes.push(next.unwrap_or(byte));
            } else if self.starts_with(false)? || self.starts_with(true)? || self.carriage()? {
                break;
            } else {
                record.bytes.push(byte);
                self.at += 1;
            }
        }
        if null && record.bytes.len() == start + 1 {
            record.bytes.truncate(start);
            return Ok(FieldKind::Null);
        }
        let empty = record.bytes.len() == start && self.format.null == Null::Empty;
        Ok(if empty {
            FieldKind::Null
        } else {
            FieldKind::Text
        })
    }

    fn quoted(&mut self, record: &mut Record) -> Result<FieldKind, ConnectError> {
        let quote = self.format.quote;
        self.at += 1;
        loop {
            if self.ready(1)? == 0 {
                return Err(
                    self.error(record.line, "a quote is opened and never closed".to_owned())
                );
            }
            let rest = &self.buffer[self.at..];
            let run = rest
                .iter()
                .position(|b| Some(*b) == quote || Some(*b) == self.format.escape)
                .unwrap_or(rest.len());
            record.bytes.extend_from_slice(&rest[..run]);
            self.at += run;
            self.too_long(record)?;
            let Some(&byte) = self.buffer.get(self.at) else {
                continue;
            };
            self.at += 1;
            let next = self.peek()?;
            if Some(byte) == quote && next != quote {
                return Ok(FieldKind::Text);
            }
            record.bytes.push(next.unwrap_or(byte));
            self.at += usize::from(next.is_some());
        }
    }
}
