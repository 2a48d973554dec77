//! Records kept in a temporary file, for a copy that reads and writes one database.
//!
//! A database that is read cannot be written beyond its cache until the reader is done, and the reader would wait
//! for the writer: so all is read first. The file has no name and goes with its last handle.

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
use crate::connect::formats::FieldKind;
use crate::connect::formats::Record;

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

/// All that a reader has read.
pub(super) struct Spool {
    file: File,
    directory: PathBuf,
    /// Each source with the number of its records.
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
                    for record in batch.records() {
                        write(record, &mut out).map_err(fail)?;
                    }
                    if let Some((_, count)) = sources.last_mut() {
                        *count += batch.len() as u64;
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

fn write(record: Record<'_>, out: &mut impl Write) -> io::Result<()> {
    out.write_all(&record.line().to_le_bytes())?;
    out.write_all(&(record.len() as u64).to_le_bytes())?;
    for (bytes, kind) in record.fields() {
        out.write_all(&[kind as u8])?;
        out.write_all(&(bytes.len() as u64).to_le_bytes())?;
        out.write_all(bytes)?;
    }
    Ok(())
}

fn read(batch: &mut Batch, input: &mut impl Read) -> io::Result<()> {
    let line = number(input)?;
    let mut field = Vec::new();
    for _ in 0..number(input)? {
        let mut kind = [0];
        input.read_exact(&mut kind)?;
        let kind = KINDS.get(usize::from(kind[0])).copied();
        let kind = kind.ok_or(io::ErrorKind::InvalidData)?;
        let length = number(input)?;
        field.clear();
        if input.take(length).read_to_end(&mut field)? as u64 != length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        batch.push(&field, kind);
    }
    batch.end_record(line);
    Ok(())
}

fn number(input: &mut impl Read) -> io::Result<u64> {
    let mut bytes = [0; 8];
    input.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}
