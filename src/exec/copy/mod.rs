//! `activity "copy"`: files and query results into a file or a table, with bounded memory.
//!
//! File to file with the same format, or where only one end has one, moves bytes and only changes the compression.
//! Everything else goes record by record: one thread reads and parses, another writes (see `pipe`). A copy within
//! one database reads everything first (see `spool`).

mod pipe;
mod spool;
#[cfg(test)]
mod tests;
pub mod transfer;

use std::collections::BTreeSet;
use std::io::Read as _;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;

use pipe::Incoming;
use pipe::Message;
use pipe::Outgoing;
use pipe::Source;
use pipe::piped;
use spool::Spool;

use super::Context;
use super::ExecError;
use super::Summary;
use super::preflight::Need;
use super::preflight::database;
use crate::connect::ConnectError;
use crate::connect::files;
use crate::connect::files::FileWriter;
use crate::connect::formats::Format;
use crate::connect::formats::Record;
use crate::connect::formats::compression::Compression;
use crate::connect::formats::csv;
use crate::connect::sqlite::Database;
use crate::connect::sqlite::Found;
use crate::connect::sqlite::Inserter;
use crate::connect::sqlite::Params;
use crate::connect::sqlite::TableTarget;
use crate::connect::sqlite::path_of;

const CHUNK: usize = 256 * 1024;

/// A file to read or write.
#[derive(Debug, Clone, PartialEq)]
pub struct FileEnd {
    /// Where it is.
    pub path: PathBuf,
    /// Its format; none: bytes, or csv when records are needed.
    pub format: Option<Format>,
    /// How it is packed.
    pub compression: Compression,
}

/// One input.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// A file.
    File(FileEnd),
    /// A query of a database.
    Query {
        /// `jdbc:sqlite:PATH` or `sqlite:PATH`.
        connection: String,
        /// The query.
        select_query: String,
        /// Values for its placeholders.
        params: Params,
    },
}

/// The output.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// A file. What an earlier attempt of the same instance has written is replaced.
    File(FileEnd),
    /// A table.
    Table(TableTarget),
}

/// A copy with everything resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct Copy {
    /// Read in this order.
    pub inputs: Vec<Input>,
    /// Written as a whole or not at all.
    pub output: Output,
}

impl Copy {
    /// What must be there for it to be made. Its inputs may come yet.
    pub(super) fn needs(&self) -> BTreeSet<Need> {
        let inputs = self.inputs.iter().filter_map(|input| match input {
            Input::File(_) => None,
            Input::Query { connection, .. } => database(connection),
        });
        let output = match &self.output {
            Output::File(file) => Some(Need::Writable(file.path.clone())),
            Output::Table(table) => database(&table.connection),
        };
        inputs.chain(output).collect()
    }

    /// The formats of the files it reads; a file without one has that of the output.
    fn input_format(&self, file: &FileEnd) -> Format {
        let output = match &self.output {
            Output::File(output) => output.format.clone(),
            Output::Table(_) => None,
        };
        file.format.clone().or(output).unwrap_or_else(plain_csv)
    }

    /// The format of the file it writes; without one, that of the first input that has one.
    fn output_format(&self, file: &FileEnd) -> Format {
        let inputs = self.inputs.iter().find_map(|input| match input {
            Input::File(input) => input.format.clone(),
            Input::Query { .. } => None,
        });
        file.format.clone().or(inputs).unwrap_or_else(plain_csv)
    }
}

fn plain_csv() -> Format {
    Format::Delimited(csv::csv(Vec::new(), false, Some(b'\\')))
}

pub(super) fn run(copy: &Copy, ctx: &Context) -> Result<Summary, ExecError> {
    let read = |outgoing: Outgoing<'_>| read_all(copy, outgoing, ctx);
    match &copy.output {
        Output::File(file) => {
            if let Some(inputs) = same_bytes(copy, file) {
                copy_bytes(&inputs, file, ctx)?;
            } else {
                let format = copy.output_format(file);
                piped(ctx, read, |rows| write_file(rows, file, &format, ctx))?;
            }
        }
        Output::Table(target) => {
            let write = |rows: &Incoming| write_table(rows, target, ctx);
            match same_database(copy, target) {
                Some(directory) => {
                    let spool = piped(ctx, read, |rows| Spool::fill(rows, &directory))?;
                    piped(ctx, |outgoing| spool.replay(outgoing), write)?;
                }
                None => piped(ctx, read, write)?,
            }
        }
    }
    Ok(ctx.progress.summary())
}

/// The inputs when bytes can pass through unchanged.
fn same_bytes<'a>(copy: &'a Copy, output: &FileEnd) -> Option<Vec<&'a FileEnd>> {
    let files: Vec<&FileEnd> = copy
        .inputs
        .iter()
        .map(|input| match input {
            Input::File(file) => Some(file),
            Input::Query { .. } => None,
        })
        .collect::<Option<_>>()?;
    let formats = || files.iter().copied().chain([output]);
    let same = files.iter().all(|file| {
        file.format.is_none() || output.format.is_none() || file.format == output.format
    });
    let header = formats().any(|file| file.format.as_ref().is_some_and(Format::header));
    (same && (files.len() == 1 || !header)).then_some(files)
}

/// The directory of the database when it is read and written.
fn same_database(copy: &Copy, target: &TableTarget) -> Option<PathBuf> {
    let target = std::fs::canonicalize(path_of(&target.connection)?).ok()?;
    let same = copy.inputs.iter().any(|input| match input {
        Input::File(_) => false,
        Input::Query { connection, .. } => path_of(connection)
            .and_then(|path| std::fs::canonicalize(path).ok())
            .is_some_and(|path| path == target),
    });
    same.then(|| target.parent().unwrap_or(Path::new("/")).to_owned())
}

fn copy_bytes(inputs: &[&FileEnd], output: &FileEnd, ctx: &Context) -> Result<(), ConnectError> {
    let mut writer = FileWriter::create(&output.path, output.compression)?;
    let failed = |error| ConnectError::io("write", &output.path, error);
    let mut chunk = vec![0; CHUNK];
    let mut open_end: Option<&[u8]> = None;
    for input in inputs {
        let format = input.format.as_ref().or(output.format.as_ref());
        let separator = format.map_or(&b""[..], Format::record_separator);
        let mut reader = files::open(&input.path, input.compression)?;
        let mut tail: Vec<u8> = Vec::new();
        loop {
            ctx.check_cancel()?;
            let count = reader
                .read(&mut chunk)
                .map_err(|error| ConnectError::io("read", &input.path, error))?;
            let Some(bytes) = chunk.get(..count).filter(|bytes| !bytes.is_empty()) else {
                break;
            };
            // A file whose last record has no end must not run into the first record of the next one.
            if let Some(separator) = open_end.take() {
                writer.write_all(separator).map_err(failed)?;
            }
            writer.write_all(bytes).map_err(failed)?;
            let new = bytes.len().saturating_sub(separator.len());
            tail.extend_from_slice(bytes.get(new..).unwrap_or_default());
            tail.drain(..tail.len().saturating_sub(separator.len()));
            ctx.progress.add(0, count as u64);
        }
        if !tail.is_empty() {
            open_end = (tail != separator).then_some(separator);
        }
    }
    ctx.check_cancel()?;
    writer.commit()
}

fn read_all(copy: &Copy, mut outgoing: Outgoing<'_>, ctx: &Context) -> Result<(), ConnectError> {
    for input in &copy.inputs {
        match input {
            Input::File(file) => read_file(file, &copy.input_format(file), &mut outgoing)?,
            Input::Query {
                connection,
                select_query,
                params,
            } => {
                let database = Database::open(connection, false, &ctx.cancel)?;
                database.query(select_query, params, |found| match found {
                    Found::Names(names) => outgoing.source(Source {
                        place: "query".to_owned(),
                        names,
                        columns: Vec::new(),
                    }),
                    Found::Row(row) => {
                        row.read(outgoing.slot())?;
                        outgoing.push()
                    }
                })?;
            }
        }
    }
    outgoing.end()
}

fn read_file(
    file: &FileEnd,
    format: &Format,
    outgoing: &mut Outgoing<'_>,
) -> Result<(), ConnectError> {
    let place = file.path.display().to_string();
    let mut reader = format.reader(files::open(&file.path, file.compression)?, &place)?;
    outgoing.source(Source {
        place,
        names: reader.names().to_vec(),
        columns: format.columns().to_vec(),
    })?;
    while reader.read(outgoing.slot())? {
        outgoing.push()?;
    }
    Ok(())
}

fn write_file(
    rows: &Incoming,
    file: &FileEnd,
    format: &Format,
    ctx: &Context,
) -> Result<(), ConnectError> {
    let mut writer = FileWriter::create(&file.path, file.compression)?;
    let mut out = Vec::with_capacity(CHUNK);
    let mut header = Header::new(format);
    loop {
        match rows.next()? {
            Message::Source(source) => header.source(source, format, &mut out)?,
            Message::Rows(batch) => {
                header.rows(format)?;
                for record in batch.records() {
                    format.write(record, &mut out)?;
                }
                ctx.progress
                    .add(batch.records().len() as u64, batch.bytes() as u64);
                rows.done(batch);
            }
            Message::End => break,
        }
        writer
            .write_all(&out)
            .map_err(|error| ConnectError::io("write", &file.path, error))?;
        out.clear();
    }
    ctx.check_cancel()?;
    writer.commit()
}

/// The names of the columns of a file that is written, as its inputs say them.
struct Header {
    names: Vec<String>,
    declared: bool,
    written: bool,
}

impl Header {
    fn new(format: &Format) -> Self {
        let names: Vec<String> = format.columns().iter().map(|c| c.name.clone()).collect();
        Self {
            declared: !names.is_empty(),
            names,
            written: false,
        }
    }

    /// Writes the header as soon as it is known. An input that names its columns otherwise would mix them up.
    fn source(
        &mut self,
        source: Source,
        format: &Format,
        out: &mut Vec<u8>,
    ) -> Result<(), ConnectError> {
        if !self.declared && !source.names.is_empty() {
            if self.names.is_empty() {
                self.names = source.names;
            } else if self.names != source.names {
                return Err(ConnectError::Record {
                    place: source.place,
                    reason: format!(
                        "its columns are `{}`, and those of the inputs before it `{}`; copy them one by one",
                        source.names.join(", "),
                        self.names.join(", ")
                    ),
                });
            }
        }
        if !self.written && !self.names.is_empty() {
            self.written = true;
            format.write_header(&self.names, out)?;
        }
        Ok(())
    }

    fn rows(&self, format: &Format) -> Result<(), ConnectError> {
        if format.header() && !self.written {
            return Err(ConnectError::Setting(
                "the output has a header and its inputs do not name their columns; list them in `column`"
                    .to_owned(),
            ));
        }
        Ok(())
    }
}

fn write_table(rows: &Incoming, target: &TableTarget, ctx: &Context) -> Result<(), ConnectError> {
    // The database is not locked before there is something to write.
    let mut message = rows.next()?;
    let database = Database::open(&target.connection, true, &ctx.cancel)?;
    database.transaction(|| {
        database.prepare_table(target)?;
        let mut source = Source::default();
        let mut inserter: Option<Inserter<'_>> = None;
        loop {
            match message {
                Message::Source(new) => {
                    source = new;
                    inserter = None;
                }
                Message::Rows(batch) => {
                    let width = batch.records().first().map_or(0, Record::len);
                    let insert = match &mut inserter {
                        Some(insert) => insert,
                        None => inserter.insert(database.inserter(
                            target,
                            &source.names,
                            width,
                            &source.columns,
                        )?),
                    };
                    for record in batch.records() {
                        insert.insert(record, &source.place)?;
                    }
                    ctx.progress
                        .add(batch.records().len() as u64, batch.bytes() as u64);
                    rows.done(batch);
                }
                Message::End => return ctx.check_cancel(),
            }
            ctx.check_cancel()?;
            message = rows.next()?;
        }
    })
}
