//! `activity "copy"`: files and query results into a file or a table, with bounded memory.
//!
//! File to file with the same format, or where only one end has one, moves bytes and only changes the compression.
//! Everything else goes record by record: one thread reads and parses, another writes (see `pipe`), others pack and
//! unpack. What cannot be taken fails the copy, or is put aside (see `rejects`). A copy within one database reads
//! everything first (see `spool`).

mod ends;
mod pipe;
mod read;
mod rejects;
mod spool;
#[cfg(test)]
mod tests;
pub mod transfer;
mod write;

pub use ends::FileEnd;
pub use ends::FilesEnd;
pub use ends::Within;
pub use rejects::OnRowError;
pub use rejects::RejectFile;

use std::collections::BTreeSet;
use std::io::Read as _;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;

use ends::Expanded;
use ends::expanded;
use pipe::Incoming;
use pipe::Outgoing;
use pipe::piped;
use read::packed_inside;
use read::read_all;
use rejects::Rejects;
use spool::Spool;
use write::write_columns;
use write::write_lines;
use write::write_table;

use super::Context;
use super::ExecError;
use super::Moved;
use super::preflight::Need;
use super::preflight::database;
use crate::connect::ConnectError;
use crate::connect::formats::Format;
use crate::connect::formats::csv;
use crate::connect::formats::parquet::Parquet;
use crate::connect::sqlite::Params;
use crate::connect::sqlite::TableTarget;
use crate::connect::sqlite::path_of;

const CHUNK: usize = 256 * 1024;

/// One input.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// A file.
    File(FileEnd),
    /// All files below a directory or a prefix.
    Files(FilesEnd),
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
    /// One file below a directory or a prefix, and its manifest.
    Files(FilesEnd),
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
    /// What becomes of records that cannot be taken.
    pub on_row_error: OnRowError,
}

impl Copy {
    /// What must be there for it to be made. Its inputs may come yet.
    pub(super) fn needs(&self) -> BTreeSet<Need> {
        let inputs = self.inputs.iter().filter_map(|input| match input {
            Input::File(FileEnd { place, .. }) | Input::Files(FilesEnd { place, .. }) => {
                Need::reachable(place)
            }
            Input::Query { connection, .. } => database(connection),
        });
        let output = match &self.output {
            Output::File(FileEnd { place, .. }) | Output::Files(FilesEnd { place, .. }) => {
                Some(Need::writable(place))
            }
            Output::Table(table) => database(&table.connection),
        };
        let rejects = match &self.on_row_error {
            OnRowError::Skip(to) => Some(Need::writable(&to.place)),
            OnRowError::Fail => None,
        };
        let lists = self.inputs.iter().filter_map(|input| match input {
            Input::File(FileEnd { place, .. }) | Input::Files(FilesEnd { place, .. }) => {
                Need::listing(place)
            }
            Input::Query { .. } => None,
        });
        let read = inputs.chain(lists);
        read.chain(output).chain(rejects).collect()
    }

    /// The formats of the files it reads; a file without one has that of the output.
    fn input_format(&self, file: &FileEnd) -> Format {
        let output = match &self.output {
            Output::File(output) => output.format.clone(),
            Output::Files(output) => output.format.clone(),
            Output::Table(_) => None,
        };
        file.format.clone().or(output).unwrap_or_else(plain_csv)
    }

    /// The format of the file it writes; without one, that of the first input that has one.
    fn output_format(&self, file: &FileEnd) -> Format {
        let inputs = self.inputs.iter().find_map(|input| match input {
            Input::File(input) => input.format.clone(),
            Input::Files(input) => input.format.clone(),
            Input::Query { .. } => None,
        });
        let inputs = inputs.map(|format| match format {
            // Those that are picked say themselves which types they have.
            Format::Parquet(parquet) if !parquet.untyped.is_empty() => Format::Parquet(Parquet {
                columns: Vec::new(),
                untyped: Vec::new(),
                ..parquet
            }),
            format => format,
        });
        file.format.clone().or(inputs).unwrap_or_else(plain_csv)
    }
}

fn plain_csv() -> Format {
    Format::Delimited(csv::csv(Vec::new(), false, Some(b'\\')))
}

pub(super) fn run(copy: &Copy, ctx: &Context) -> Result<Moved, ExecError> {
    run_files(&expanded(copy, ctx)?, ctx)
}

/// Copies single files and tables.
fn run_files(expanded: &Expanded, ctx: &Context) -> Result<Moved, ExecError> {
    let copy = &expanded.copy;
    if let Output::File(file) = &copy.output
        && same_bytes(expanded, file)
    {
        if matches!(copy.output_format(file), Format::Parquet(_)) {
            packed_inside(file)?;
        }
        copy_bytes(expanded, file, ctx)?;
        return Ok(ctx.progress.moved());
    }
    let mut rejects = Rejects::new(&copy.on_row_error, ctx)?;
    copy_records(expanded, &mut rejects, ctx)?;
    if let (OnRowError::Skip(to), 1..) = (&copy.on_row_error, rejects.count()) {
        ctx.log.line(&match rejects.count() {
            1 => format!("one record was rejected; it is in `{}`", to.place),
            count => format!("{count} records were rejected; they are in `{}`", to.place),
        });
    }
    let moved = ctx.progress.moved();
    Ok(Moved {
        rows: moved.rows.or(Some(0)),
        ..moved
    })
}

fn copy_records(
    expanded: &Expanded,
    rejects: &mut Rejects,
    ctx: &Context,
) -> Result<(), ConnectError> {
    let copy = &expanded.copy;
    let read = |outgoing: Outgoing<'_>| read_all(expanded, outgoing, ctx);
    match &copy.output {
        Output::File(file) => {
            let format = copy.output_format(file);
            piped(ctx, read, |rows| match &format {
                Format::Parquet(parquet) => write_columns(rows, file, parquet, rejects, ctx),
                format => write_lines(rows, file, format, rejects, ctx),
            })
        }
        Output::Files(_) => Ok(()), // expanded before
        Output::Table(target) => {
            let write = |rows: &Incoming| write_table(rows, target, rejects, ctx);
            match same_database(copy, target) {
                Some(directory) => {
                    let spool = piped(ctx, read, |rows| Spool::fill(rows, &directory))?;
                    piped(ctx, |outgoing| spool.replay(outgoing), write)
                }
                None => piped(ctx, read, write),
            }
        }
    }
}

/// Whether bytes can pass through unchanged.
fn same_bytes(expanded: &Expanded, output: &FileEnd) -> bool {
    let copy = &expanded.copy;
    let mut formats = Vec::new();
    for (number, input) in copy.inputs.iter().enumerate() {
        match input {
            Input::File(file) => formats.push(file.format.as_ref()),
            Input::Files(files) if expanded.count_of(number) > 0 => {
                formats.push(files.format.as_ref());
            }
            Input::Files(_) => {}
            Input::Query { .. } => return false,
        }
    }
    let same = formats.iter().all(|format| {
        format.is_none() || output.format.is_none() || *format == output.format.as_ref()
    });
    // Records that are to be looked at do not pass through; files with a header or of columns cannot be joined.
    let looked_at = copy.on_row_error != OnRowError::Fail;
    let whole = formats
        .into_iter()
        .chain([output.format.as_ref()])
        .flatten()
        .any(|format| format.header() || format.record_separator().is_none());
    same && !looked_at && (expanded.count() == 1 || !whole)
}

/// The directory of the database when it is read and written.
fn same_database(copy: &Copy, target: &TableTarget) -> Option<PathBuf> {
    let target = std::fs::canonicalize(path_of(&target.connection)?).ok()?;
    let same = copy.inputs.iter().any(|input| match input {
        Input::File(_) | Input::Files(_) => false,
        Input::Query { connection, .. } => path_of(connection)
            .and_then(|path| std::fs::canonicalize(path).ok())
            .is_some_and(|path| path == target),
    });
    same.then(|| target.parent().unwrap_or(Path::new("/")).to_owned())
}

fn copy_bytes(expanded: &Expanded, output: &FileEnd, ctx: &Context) -> Result<(), ConnectError> {
    let mut writer = output.create(ctx)?;
    let failed = |error| ConnectError::io("write", &output.path(), error);
    let mut chunk = vec![0; CHUNK];
    let mut open_end: Option<Vec<u8>> = None;
    for input in expanded.all_files() {
        let input = input?;
        let format = input.format.as_ref().or(output.format.as_ref());
        let separator = format
            .and_then(Format::record_separator)
            .unwrap_or_default();
        let mut reader = input.open(ctx)?;
        let mut tail: Vec<u8> = Vec::new();
        loop {
            ctx.check_cancel()?;
            let count = reader
                .read(&mut chunk)
                .map_err(|error| ConnectError::io("read", &input.path(), error))?;
            let Some(bytes) = chunk.get(..count).filter(|bytes| !bytes.is_empty()) else {
                break;
            };
            // A file whose last record has no end must not run into the first record of the next one.
            if let Some(separator) = open_end.take() {
                writer.write_all(&separator).map_err(failed)?;
            }
            writer.write_all(bytes).map_err(failed)?;
            let new = bytes.len().saturating_sub(separator.len());
            tail.extend_from_slice(bytes.get(new..).unwrap_or_default());
            tail.drain(..tail.len().saturating_sub(separator.len()));
            ctx.progress.add(0, count as u64);
        }
        if !tail.is_empty() {
            open_end = (tail != separator).then(|| separator.to_vec());
        }
    }
    ctx.check_cancel()?;
    writer.commit().map(drop)
}
