//! Records kept in a temporary file, for a copy that reads and writes one database.
//!
//! A database that is read cannot be written beyond its cache until the reader is done, and the reader would wait
//! for the writer: so all is read first, also what could not be read as a record. The file has no name and goes with its
//! last handle.

use std::fs::File;
use std::io;
use std::io::BufReader;
use std::io::BufWriter;
use std::io::Read;
use std::io::Seek as _;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use super::pipe::Incoming;
use super::pipe::Message;
use super::pipe::Outgoing;
use super::pipe::Source;
use crate::connect::ConnectError;
use crate::connect::formats::Batch;
use crate::connect::formats::Fault;
use crate::connect::formats::FieldKind;
use crate::connect::formats::Record;
use crate::connect::formats::batch::Rejected;

const BUFFER: usize = 256 * 1024;
const KINDS: [FieldKind; 8] = [
    FieldKind::Null,
    FieldKind::Text,
    FieldKind::Integer,
    FieldKind::Number,
    FieldKind::Real,
    FieldKind::Boolean,
    FieldKind::Json,
    FieldKind::Blob,
];

/// What the next entry of the file is: a record, or what could not be read as one.
const RECORD: u8 = 0;
const REJECTED: u8 = 1;

/// All that a reader has read.
pub(super) struct Spool {
    file: File,
    directory: PathBuf,
    /// Each source with the number of its entries.
    sources: Vec<(Source, u64)>,
}

impl Spool {
    /// Takes everything that comes; the file is in `directory`.
    pub(super) fn fill(incoming: &Incoming, directory: &Path) -> Result<Self, ConnectError> {
        let fail = |error| ConnectError::io("write a temporary file in", directory, error);
        let file = tempfile::tempfile_in(directory).map_err(fail)?;
        let mut out = BufWriter::with_capacity(BUFFER, file);
        let mut sources = Vec::new();
        loop {
            match incoming.next()? {
                Message::Source(source) => sources.push((source, 0)),
                Message::Rows(batch) => {
                    let written = write(&batch, &mut out).map_err(fail)?;
                    if let Some((_, count)) = sources.last_mut() {
                        *count += written;
                    }
                    incoming.done(batch);
                }
                Message::End => break,
            }
        }
        let mut file = out.into_inner().map_err(|error| fail(error.into_error()))?;
        file.rewind().map_err(fail)?;
        Ok(Self {
            file,
            directory: directory.to_owned(),
            sources,
        })
    }

    /// Gives it all back, in order.
    pub(super) fn replay(self, mut outgoing: Outgoing<'_>) -> Result<(), ConnectError> {
        let mut input = BufReader::with_capacity(BUFFER, self.file);
        for (source, count) in self.sources {
            outgoing.source(source)?;
            for _ in 0..count {
                read(outgoing.batch(), &mut input).map_err(|error| {
                    ConnectError::io("read a temporary file in", &self.directory, error)
                })?;
                outgoing.added()?;
            }
        }
        outgoing.end()
    }
}

/// Writes all that is in a batch, in order; the number of entries.
fn write(batch: &Batch, out: &mut impl Write) -> io::Result<u64> {
    let mut rejected = batch.rejected().iter().peekable();
    for record in batch.records() {
        while let Some(before) = rejected.next_if(|r| r.line < record.line()) {
            write_rejected(before, batch.text_of(before), out)?;
        }
        write_record(record, out)?;
    }
    for rest in rejected {
        write_rejected(rest, batch.text_of(rest), out)?;
    }
    Ok((batch.len() + batch.rejected().len()) as u64)
}

fn write_record(record: Record<'_>, out: &mut impl Write) -> io::Result<()> {
    out.write_all(&[RECORD])?;
    write_number(record.line(), out)?;
    write_bytes(record.raw(), out)?;
    write_number(record.len() as u64, out)?;
    for (bytes, kind) in record.fields() {
        out.write_all(&[kind as u8])?;
        write_bytes(bytes, out)?;
    }
    Ok(())
}

fn write_rejected(rejected: &Rejected, text: &[u8], out: &mut impl Write) -> io::Result<()> {
    out.write_all(&[REJECTED])?;
    write_number(rejected.line, out)?;
    write_bytes(text, out)?;
    // 0 is none.
    let column = rejected.fault.column.map_or(0, |column| column as u64 + 1);
    write_number(column, out)?;
    write_bytes(rejected.fault.reason.as_bytes(), out)
}

fn write_number(number: u64, out: &mut impl Write) -> io::Result<()> {
    out.write_all(&number.to_le_bytes())
}

fn write_bytes(bytes: &[u8], out: &mut impl Write) -> io::Result<()> {
    write_number(bytes.len() as u64, out)?;
    out.write_all(bytes)
}

/// Adds the next entry to a batch.
fn read(batch: &mut Batch, input: &mut impl Read) -> io::Result<()> {
    let what = byte(input)?;
    let line = number(input)?;
    let (mut text, mut field) = (Vec::new(), Vec::new());
    bytes(&mut text, input)?;
    match what {
        RECORD => {
            for _ in 0..number(input)? {
                let kind = KINDS.get(usize::from(byte(input)?)).copied();
                let kind = kind.ok_or(io::ErrorKind::InvalidData)?;
                bytes(&mut field, input)?;
                batch.push(&field, kind);
            }
            batch.end_record_as(line, &text);
        }
        REJECTED => {
            let column = usize::try_from(number(input)?);
            let column = column.map_err(|_| io::ErrorKind::InvalidData)?;
            bytes(&mut field, input)?;
            let reason = String::from_utf8(field).map_err(|_| io::ErrorKind::InvalidData)?;
            let column = column.checked_sub(1);
            batch.reject(line, &text, Fault { column, reason });
        }
        _ => return Err(io::ErrorKind::InvalidData.into()),
    }
    Ok(())
}

fn byte(input: &mut impl Read) -> io::Result<u8> {
    let mut byte = [0];
    input.read_exact(&mut byte)?;
    let [byte] = byte;
    Ok(byte)
}

fn number(input: &mut impl Read) -> io::Result<u64> {
    let mut bytes = [0; 8];
    input.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

/// Reads bytes in place of what is there.
fn bytes(into: &mut Vec<u8>, input: &mut impl Read) -> io::Result<()> {
    let length = number(input)?;
    into.clear();
    if input.take(length).read_to_end(into)? as u64 != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}
