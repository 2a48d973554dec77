//! `activity "copy"`: files and query results into a file or a table, with bounded memory.
//!
//! File to file with the same format, or none, moves bytes and only changes the compression. Everything else goes
//! record by record: one thread reads and parses, another writes, with a bounded channel of batches between them.

use super::{Context, ExecError, Summary};
use crate::connect::ConnectError;
use crate::connect::files::{self, Compression, FileWriter};
use crate::connect::formats::{Column, Format, Record, csv};
use crate::connect::sqlite::{Database, Params, TableTarget};
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

const CHUNK: usize = 256 * 1024;
const BATCH: usize = 512;
const BATCH_BYTES: usize = 1024 * 1024;

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

enum Message {
    Source {
        place: String,
        names: Vec<String>,
        columns: Vec<Column>,
    },
    Rows(Vec<Record>, usize),
}

pub(super) fn run(copy: &Copy, ctx: &Context) -> Result<Summary, ExecError> {
    match &copy.output {
        Output::File(file) => match same_bytes(copy, file) {
            Some(inputs) => copy_bytes(&inputs, file, ctx)?,
            None => piped(copy, ctx, |rows| write_file(rows, file, ctx))?,
        },
        Output::Table(target) => piped(copy, ctx, |rows| write_table(rows, target, ctx))?,
    }
    Ok(ctx.progress.summary())
}

/// The inputs when bytes can pass through unchanged.
fn same_bytes<'a>(copy: &'a Copy, output: &FileEnd) -> Option<Vec<&'a FileEnd>> {
    let files: Option<Vec<&FileEnd>> = copy
        .inputs
        .iter()
        .map(|i| {
            if let Input::File(f) = i {
                Some(f)
            } else {
                None
            }
        })
        .collect();
    let files = files?;
    let same = files
        .iter()
        .all(|f| f.format.is_none() || output.format.is_none() || f.format == output.format);
    let header = files
        .iter()
        .any(|f| f.format.as_ref().is_some_and(Format::header));
    (same && (files.len() == 1 || !header)).then_some(files)
}

fn copy_bytes(inputs: &[&FileEnd], output: &FileEnd, ctx: &Context) -> Result<(), ConnectError> {
    let mut writer = FileWriter::create(&output.path, output.compression)?;
    let mut chunk = vec![0; CHUNK];
    let (mut last, mut boundary) = (b'\n', false);
    for input in inputs {
        let mut reader = files::open(&input.path, input.compression)?;
        loop {
            ctx.check_cancel()?;
            let count = reader
                .read(&mut chunk)
                .map_err(|e| ConnectError::io("read", &input.path, e))?;
            let Some(bytes) = chunk.get(..count).filter(|b| !b.is_empty()) else {
                break;
            };
            // A file whose last line has no end must not run into the first line of the next one.
            if std::mem::take(&mut boundary) && last != b'\n' {
                writer
                    .write_all(b"\n")
                    .map_err(|e| ConnectError::io("write", &output.path, e))?;
            }
            writer
                .write_all(bytes)
                .map_err(|e| ConnectError::io("write", &output.path, e))?;
            last = bytes.last().copied().unwrap_or(last);
            ctx.progress.add(0, count as u64);
        }
        boundary = input.format.is_some() || output.format.is_some();
    }
    ctx.check_cancel()?;
    writer.commit()
}

fn piped(
    copy: &Copy,
    ctx: &Context,
    write: impl FnOnce(&Receiver<Message>) -> Result<(), ConnectError>,
) -> Result<(), ConnectError> {
    std::thread::scope(|scope| {
        let (send, receive) = sync_channel(4);
        let reader = scope.spawn(move || read_all(&copy.inputs, &send, ctx));
        // The writer must not commit what the reader could not finish: `next` fails when the channel closes early.
        let written = write(&receive);
        drop(receive);
        match (reader.join(), written) {
            (Ok(Err(e)), _)
                if !matches!(e, ConnectError::Cancelled) || ctx.cancel.is_cancelled() =>
            {
                Err(e)
            }
            (Err(_), _) => Err(ConnectError::Setting(
                "the reader of the copy broke off".to_owned(),
            )),
            (_, written) => written,
        }
    })
}

fn read_all(
    inputs: &[Input],
    send: &SyncSender<Message>,
    ctx: &Context,
) -> Result<(), ConnectError> {
    for input in inputs {
        match input {
            Input::File(file) => read_file(file, send, ctx)?,
            Input::Query {
                connection,
                select_query,
                params,
            } => {
                let database = Database::open(connection, false, &ctx.cancel)?;
                let mut batch = Batch::new(send, ctx);
                let mut known = false;
                let names = database.query(select_query, params, |names, record| {
                    if !known {
                        known = true;
                        batch.source("query", names, &[])?;
                    }
                    batch.push(record)
                })?;
                if !known {
                    batch.source("query", &names, &[])?;
                }
                batch.flush()?;
            }
        }
    }
    // An empty batch is the end: without it the writer commits nothing.
    send.send(Message::Rows(Vec::new(), 0))
        .map_err(|_| ConnectError::Cancelled)
}

fn read_file(
    file: &FileEnd,
    send: &SyncSender<Message>,
    ctx: &Context,
) -> Result<(), ConnectError> {
    let format = file.format.clone().unwrap_or_else(default_format);
    let place = file.path.display().to_string();
    let mut reader = format.reader(files::open(&file.path, file.compression)?, &place)?;
    let mut batch = Batch::new(send, ctx);
    batch.source(&place, reader.names(), format.columns())?;
    let mut record = Record::default();
    while reader.read(&mut record)? {
        batch.push(&record)?;
    }
    batch.flush()
}

fn default_format() -> Format {
    Format::Delimited(csv::csv(Vec::new(), false, Some(b'\\')))
}

struct Batch<'a> {
    send: &'a SyncSender<Message>,
    ctx: &'a Context,
    rows: Vec<Record>,
    bytes: usize,
}

impl<'a> Batch<'a> {
    fn new(send: &'a SyncSender<Message>, ctx: &'a Context) -> Self {
        Self {
            send,
            ctx,
            rows: Vec::with_capacity(BATCH),
            bytes: 0,
        }
    }
    fn source(
        &mut self,
        place: &str,
        names: &[String],
        columns: &[Column],
    ) -> Result<(), ConnectError> {
        let source = Message::Source {
            place: place.to_owned(),
            names: names.to_vec(),
            columns: columns.to_vec(),
        };
        self.send.send(source).map_err(|_| ConnectError::Cancelled)
    }
    fn push(&mut self, record: &Record) -> Result<(), ConnectError> {
        self.rows.push(record.clone());
        self.bytes += record.size();
        if self.rows.len() >= BATCH || self.bytes >= BATCH_BYTES {
            self.flush()
        } else {
            Ok(())
        }
    }
    fn flush(&mut self) -> Result<(), ConnectError> {
        self.ctx.check_cancel()?;
        if self.rows.is_empty() {
            return Ok(());
        }
        let rows = std::mem::replace(&mut self.rows, Vec::with_capacity(BATCH));
        let bytes = std::mem::take(&mut self.bytes);
        self.send
            .send(Message::Rows(rows, bytes))
            .map_err(|_| ConnectError::Cancelled)
    }
}

/// The next message; none at the end, an error when the reader stopped before it.
fn next(rows: &Receiver<Message>) -> Result<Option<Message>, ConnectError> {
    match rows.recv() {
        Ok(Message::Rows(rows, _)) if rows.is_empty() => Ok(None),
        Ok(message) => Ok(Some(message)),
        Err(_) => Err(ConnectError::Cancelled),
    }
}

fn write_file(rows: &Receiver<Message>, file: &FileEnd, ctx: &Context) -> Result<(), ConnectError> {
    let format = file.format.clone().unwrap_or_else(default_format);
    let mut writer = FileWriter::create(&file.path, file.compression)?;
    let mut out = Vec::with_capacity(CHUNK);
    let mut headed = false;
    while let Some(message) = next(rows)? {
        match message {
            Message::Source { names, .. } if !headed => {
                headed = true;
                let own: Vec<String> = format.columns().iter().map(|c| c.name.clone()).collect();
                format.write_header(if own.is_empty() { &names } else { &own }, &mut out)?;
            }
            Message::Source { .. } => {}
            Message::Rows(records, bytes) => {
                for record in &records {
                    format.write(record, &mut out)?;
                }
                ctx.progress.add(records.len() as u64, bytes as u64);
            }
        }
        writer
            .write_all(&out)
            .map_err(|e| ConnectError::io("write", &file.path, e))?;
        out.clear();
    }
    ctx.check_cancel()?;
    writer.commit()
}

fn write_table(
    rows: &Receiver<Message>,
    target: &TableTarget,
    ctx: &Context,
) -> Result<(), ConnectError> {
    let database = Database::open(&target.connection, true, &ctx.cancel)?;
    database.transaction(|| {
        database.prepare_table(target)?;
        let (mut source, mut inserter) = ((String::new(), Vec::new(), Vec::new()), None);
        while let Some(message) = next(rows)? {
            match message {
                Message::Source {
                    place,
                    names,
                    columns,
                } => {
                    source = (place, names, columns);
                    inserter = None;
                }
                Message::Rows(records, bytes) => {
                    let width = records.first().map_or(0, Record::len);
                    let insert = match &mut inserter {
                        Some(insert) => insert,
                        None => {
                            inserter.insert(database.inserter(target, &source.1, width, &source.2)?)
                        }
                    };
                    for record in &records {
                        insert.insert(record, &source.0)?;
                    }
                    ctx.progress.add(records.len() as u64, bytes as u64);
                    ctx.check_cancel()?;
                }
            }
        }
        Ok(())
    })
}
