//! Reads the inputs of a copy, one after the other.

use super::FileEnd;
use super::Input;
use super::ends::Expanded;
use super::pipe::Outgoing;
use super::pipe::Source;
use crate::connect::ConnectError;
use crate::connect::formats::BatchReader as _;
use crate::connect::formats::Format;
use crate::connect::formats::compression::Compression;
use crate::connect::formats::parquet::Parquet;
use crate::connect::formats::parquet::ParquetReader;
use crate::connect::sqlite::Database;
use crate::connect::sqlite::Found;
use crate::exec::Context;

pub(super) fn read_all(
    expanded: &Expanded,
    mut outgoing: Outgoing<'_>,
    ctx: &Context,
) -> Result<(), ConnectError> {
    let copy = &expanded.copy;
    for (number, input) in copy.inputs.iter().enumerate() {
        match input {
            Input::File(_) | Input::Files(_) => {
                for file in expanded.files(number) {
                    let file = file?;
                    match copy.input_format(&file) {
                        Format::Parquet(format) => {
                            read_columns(&file, &format, &mut outgoing, ctx)?;
                        }
                        format => read_lines(&file, &format, &mut outgoing, ctx)?,
                    }
                }
            }
            Input::Query {
                connection,
                select_query,
                params,
            } => {
                let database = Database::open(connection, false, &ctx.cancel)?;
                database.query(select_query, params, |found| match found {
                    Found::Names(names) => outgoing.source(Source {
                        place: "query".to_owned(),
                        unit: "row",
                        names,
                        ..Source::default()
                    }),
                    Found::Row(row) => {
                        row.read(outgoing.batch())?;
                        outgoing.added()
                    }
                })?;
            }
        }
    }
    outgoing.end()
}

fn read_lines(
    file: &FileEnd,
    format: &Format,
    outgoing: &mut Outgoing<'_>,
    ctx: &Context,
) -> Result<(), ConnectError> {
    let place = file.place.to_string();
    let mut reader = format.reader(file.open(ctx)?, &place)?;
    outgoing.source(Source {
        place,
        unit: "line",
        names: reader.names().to_vec(),
        columns: reader.columns().to_vec(),
        typed: false,
    })?;
    outgoing.read_all(&mut *reader)
}

fn read_columns(
    file: &FileEnd,
    format: &Parquet,
    outgoing: &mut Outgoing<'_>,
    ctx: &Context,
) -> Result<(), ConnectError> {
    packed_inside(file)?;
    let place = file.place.to_string();
    let (opened, watched) = file.open_whole(ctx)?;
    let mut reader = ParquetReader::new(format, opened, &place)?;
    outgoing.source(Source {
        place,
        unit: "row",
        names: reader.names().to_vec(),
        columns: reader.columns().to_vec(),
        typed: format.columns.len() == format.untyped.len(),
    })?;
    outgoing.read_all(&mut reader)?;
    watched.map_or(Ok(()), |watched| watched.unchanged())
}

/// A file of columns packs its pages itself.
pub(super) fn packed_inside(file: &FileEnd) -> Result<(), ConnectError> {
    if file.compression == Compression::None {
        return Ok(());
    }
    Err(ConnectError::Setting(format!(
        "`{}` is compressed as a whole, and parquet packs its pages itself; set `compression` of the format instead",
        file.place
    )))
}
