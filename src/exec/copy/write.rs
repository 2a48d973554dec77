//! Writes the output of a copy: lines, columns or rows of a table.

use std::io::Write as _;

use super::FileEnd;
use super::ends::EndWriter;
use super::pipe::Incoming;
use super::pipe::Message;
use super::pipe::Source;
use super::read::packed_inside;
use super::rejects::Rejects;
use crate::connect::ConnectError;
use crate::connect::formats::Batch;
use crate::connect::formats::Column;
use crate::connect::formats::ColumnType;
use crate::connect::formats::Fault;
use crate::connect::formats::FieldKind;
use crate::connect::formats::Format;
use crate::connect::formats::LineWriter;
use crate::connect::formats::Record;
use crate::connect::formats::Refused;
use crate::connect::formats::columns::cell;
use crate::connect::formats::parquet::Parquet;
use crate::connect::formats::parquet::ParquetWriter;
use crate::connect::sqlite::Database;
use crate::connect::sqlite::Inserter;
use crate::connect::sqlite::TableTarget;
use crate::exec::Context;

const CHUNK: usize = 256 * 1024;

/// The columns of a file that is written, as its format or its inputs say them.
struct Columns {
    declared: Vec<Column>,
    /// The names; empty while nobody says them.
    names: Vec<String>,
    /// The input that is being read.
    source: Source,
    /// The fields of its records that are written, if not all in their order.
    picked: Option<Vec<usize>>,
}

impl Columns {
    fn new(declared: &[Column]) -> Self {
        Self {
            names: declared.iter().map(|c| c.name.clone()).collect(),
            declared: declared.to_vec(),
            source: Source::default(),
            picked: None,
        }
    }

    /// Another input begins. One that names its columns otherwise would mix them up. Declared columns are picked by name if
    /// it has them all; else they are new names for its columns, if those that it has stand at the same places.
    fn begin(&mut self, source: Source) -> Result<(), ConnectError> {
        self.picked = None;
        if self.declared.is_empty() {
            if self.names.is_empty() {
                self.names.clone_from(&source.names);
            } else if !source.names.is_empty() && self.names != source.names {
                return Err(ConnectError::Record {
                    place: source.place,
                    reason: format!(
                        "its columns are `{}`, and those of the inputs before it `{}`; copy them one by one",
                        source.names.join(", "),
                        self.names.join(", ")
                    ),
                });
            }
        } else if self.names != source.names {
            let place = |name: &String| source.names.iter().position(|other| other == name);
            self.picked = self.names.iter().map(place).collect();
            if self.picked.is_none() && !self.stand_alike(&source) {
                self.refuse_some_names(&source)?;
            }
        }
        self.source = source;
        Ok(())
    }

    /// Whether those declared names that an input has stand at their places: the others are new names then.
    fn stand_alike(&self, source: &Source) -> bool {
        let place = |name: &String| source.names.iter().position(|other| other == name);
        let mut names = self.names.iter().enumerate();
        self.names.len() == source.names.len()
            && names.all(|(index, name)| place(name).is_none_or(|at| at == index))
    }

    /// Refuses an input that has some of the declared names: as new names for its columns they would stand for others.
    fn refuse_some_names(&self, source: &Source) -> Result<(), ConnectError> {
        let names = self.names.iter().map(String::as_str);
        let missing: Vec<&str> = names
            .filter(|name| !source.names.iter().any(|other| other == name))
            .collect();
        if missing.len() == self.names.len() {
            return Ok(());
        }
        Err(ConnectError::Record {
            place: source.place.clone(),
            reason: format!(
                "it has no column `{}` that the output declares; its columns are `{}`. Declare those that it has, or new names for all",
                missing.join("`, `"),
                source.names.join("`, `")
            ),
        })
    }

    /// Makes the records of a batch those of the output.
    fn fit(&self, batch: &mut Batch) -> Result<(), ConnectError> {
        if let Some(picked) = &self.picked {
            batch.pick(picked);
        }
        match batch.width() {
            Some(width) if !self.names.is_empty() && width != self.names.len() => {
                Err(ConnectError::Record {
                    place: self.source.place.clone(),
                    reason: format!(
                        "it has {width} columns, and the output has {}: `{}`",
                        self.names.len(),
                        self.names.join("`, `")
                    ),
                })
            }
            _ => Ok(()),
        }
    }

    /// The types of the columns, where somebody declares them or knows them.
    fn types(&self) -> Vec<Option<ColumnType>> {
        if !self.declared.is_empty() {
            return self.declared.iter().map(|c| Some(c.kind)).collect();
        }
        let columns = self.source.columns.iter();
        columns.map(|c| Some(c.kind)).collect()
    }
}

/// Writes a file of lines.
pub(super) fn write_lines(
    rows: &Incoming,
    file: &FileEnd,
    format: &Format,
    rejects: &mut Rejects,
    ctx: &Context,
) -> Result<(), ConnectError> {
    let mut writer = file.create(ctx)?;
    let mut lines = Lines {
        columns: Columns::new(format.columns()),
        format,
        writer: None,
        checks: Vec::new(),
        numbers: Vec::new(),
        begun: false,
        out: Vec::with_capacity(CHUNK),
    };
    loop {
        match rows.next()? {
            Message::Source(source) => lines.begin(source)?,
            Message::Rows(mut batch) => {
                let taken = lines.add(&mut batch, rejects)?;
                ctx.progress.add(taken, batch.bytes() as u64);
                rows.done(batch);
            }
            Message::End => break,
        }
        writer
            .write_all(&lines.out)
            .map_err(|error| ConnectError::io("write", &file.path(), error))?;
        lines.out.clear();
    }
    ctx.check_cancel()?;
    rejects.commit()?;
    writer.commit().map(drop)
}

/// A file of lines that is being written.
struct Lines<'f> {
    columns: Columns,
    format: &'f Format,
    /// None before records of the input came.
    writer: Option<LineWriter>,
    /// The columns whose values must fit a type, which the writer does not look at itself.
    checks: Vec<(usize, ColumnType)>,
    /// The columns of whole numbers, in which true and false are 1 and 0.
    numbers: Vec<usize>,
    /// Whether the header was written.
    begun: bool,
    out: Vec<u8>,
}

impl Lines<'_> {
    fn begin(&mut self, source: Source) -> Result<(), ConnectError> {
        let sure = source.typed;
        self.columns.begin(source)?;
        self.writer = None;
        self.checks.clear();
        self.numbers.clear();
        let types = self.columns.types();
        let known = types.iter().enumerate();
        let known = known.filter_map(|(index, to)| Some((index, (*to)?)));
        if !matches!(self.format, Format::JsonLines(_)) {
            // Types that are those of the values need nothing.
            if !(sure && self.columns.declared.is_empty()) {
                let whole = known
                    .clone()
                    .filter(|(_, to)| matches!(to, ColumnType::Integer(..)));
                self.numbers = whole.map(|(index, _)| index).collect();
            }
            if !sure {
                self.checks = known.filter(|(_, to)| *to != ColumnType::String).collect();
            }
        }
        if self.format.header() && !self.columns.names.is_empty() {
            self.header()?;
        }
        Ok(())
    }

    fn header(&mut self) -> Result<(), ConnectError> {
        if !self.begun {
            self.begun = true;
            let names = &self.columns.names;
            let writer = self.format.writer(names, Vec::new(), names.len())?;
            writer
                .write_header(names, &mut self.out)
                .map_err(|fault| ConnectError::Setting(fault.reason))?;
        }
        Ok(())
    }

    fn add(&mut self, batch: &mut Batch, rejects: &mut Rejects) -> Result<u64, ConnectError> {
        self.columns.fit(batch)?;
        batch.number(&self.numbers);
        if self.format.header() && !self.begun && batch.width().is_some() {
            return Err(ConnectError::Setting(
                "the output has a header and its inputs do not name their columns; list them in `column`"
                    .to_owned(),
            ));
        }
        let columns = &self.columns;
        let writer = match (&mut self.writer, batch.width()) {
            (Some(writer), _) => Some(writer),
            (none, Some(width)) => {
                let made = self.format.writer(&columns.names, columns.types(), width)?;
                Some(none.insert(made))
            }
            (None, None) => None,
        };
        let (checks, out) = (&self.checks, &mut self.out);
        rejects.sift(batch, &columns.source, &columns.names, |record| {
            check(record, checks)?;
            let start = out.len();
            let written = writer
                .as_ref()
                .map_or(Ok(()), |writer| writer.write(record, out));
            written.map_err(|fault| {
                out.truncate(start);
                Refused::Record(fault)
            })
        })
    }
}

/// Whether the fields of a record fit the types of their columns.
fn check(record: Record<'_>, checks: &[(usize, ColumnType)]) -> Result<(), Fault> {
    for (index, to) in checks {
        if let Some((bytes, kind)) = record.field(*index) {
            cell(bytes, kind, *to).map_err(|reason| Fault::field(*index, reason))?;
        }
    }
    Ok(())
}

/// Writes a file of columns.
pub(super) fn write_columns(
    rows: &Incoming,
    file: &FileEnd,
    format: &Parquet,
    rejects: &mut Rejects,
    ctx: &Context,
) -> Result<(), ConnectError> {
    packed_inside(file)?;
    let failed = |error| ConnectError::io("write", &file.path(), error);
    let mut output = Some(file.create(ctx)?);
    let mut columns = Columns::new(&format.columns);
    let mut writer: Option<ParquetWriter<EndWriter>> = None;
    let mut make = |columns: &Columns, batch: &Batch| {
        let output = output.take().ok_or(ConnectError::Cancelled)?;
        ParquetWriter::new(output, &typed(columns, batch)?, format.pages)
    };
    loop {
        match rows.next()? {
            Message::Source(source) => columns.begin(source)?,
            Message::Rows(mut batch) => {
                columns.fit(&mut batch)?;
                let writer = match &mut writer {
                    Some(writer) => writer,
                    None => writer.insert(make(&columns, &batch)?),
                };
                let taken = rejects.sift(&batch, &columns.source, &columns.names, |record| {
                    writer.write(record)?;
                    writer.pass_on().map_err(failed).map_err(Refused::Failed)
                })?;
                ctx.progress.add(taken, batch.bytes() as u64);
                rows.done(batch);
            }
            Message::End => break,
        }
    }
    let writer = match writer {
        Some(writer) => writer,
        None => make(&columns, &Batch::default())?,
    };
    ctx.check_cancel()?;
    let output = writer.finish().map_err(failed)?;
    ctx.check_cancel()?;
    rejects.commit()?;
    output.commit().map(drop)
}

/// The columns with their types: as they are declared, as the input knows them, or as the first values look.
fn typed(columns: &Columns, batch: &Batch) -> Result<Vec<Column>, ConnectError> {
    if !columns.declared.is_empty() {
        return Ok(columns.declared.clone());
    }
    if !columns.source.columns.is_empty() {
        return Ok(columns.source.columns.clone());
    }
    if columns.names.is_empty() {
        let why = if batch.width().is_some() {
            "names its columns and the inputs do not"
        } else {
            "has at least one column, and the inputs have neither records nor names of columns"
        };
        return Err(ConnectError::Setting(format!(
            "a parquet file {why}; list them in `column`"
        )));
    }
    let names = columns.names.iter().enumerate();
    Ok(names
        .map(|(index, name)| Column {
            name: name.clone(),
            kind: looks(batch, index),
        })
        .collect())
}

/// The type that takes all values of a column as they are.
fn looks(batch: &Batch, index: usize) -> ColumnType {
    let mut found = None;
    for record in batch.records() {
        let Some((bytes, kind)) = record.field(index) else {
            continue;
        };
        let one = match kind {
            FieldKind::Null => continue,
            FieldKind::Integer => ColumnType::BIGINT,
            FieldKind::Number if cell(bytes, kind, ColumnType::BIGINT).is_ok() => {
                ColumnType::BIGINT
            }
            FieldKind::Number | FieldKind::Real => ColumnType::Double,
            FieldKind::Boolean => ColumnType::Boolean,
            FieldKind::Blob => ColumnType::Bytes,
            FieldKind::Text | FieldKind::Json => ColumnType::String,
        };
        found = match (found, one) {
            (None, one) => Some(one),
            (Some(found), one) if found == one => Some(one),
            (
                Some(ColumnType::BIGINT | ColumnType::Double),
                ColumnType::BIGINT | ColumnType::Double,
            ) => Some(ColumnType::Double),
            (Some(ColumnType::Bytes), _) | (_, ColumnType::Bytes) => Some(ColumnType::Bytes),
            _ => Some(ColumnType::String),
        };
    }
    found.unwrap_or(ColumnType::String)
}

/// Warns of rows that are not among those that `replace_where` replaces when the interval is run again.
fn tell_outside(database: &Database, target: &TableTarget, written: u64, ctx: &Context) {
    // A statement of its own need not write a row for each record.
    if target.insert_query.is_some() {
        return;
    }
    let Some(replaceable) = database.replaceable(target) else {
        return;
    };
    let outside = written.saturating_sub(replaceable);
    if outside > 0 {
        ctx.log.line(&format!(
            "warning: of {written} rows that are written {outside} do not meet `replace_where`: when this interval is run again, they stay, and may be there twice"
        ));
    }
}

/// Writes rows of a table.
pub(super) fn write_table(
    rows: &Incoming,
    target: &TableTarget,
    rejects: &mut Rejects,
    ctx: &Context,
) -> Result<(), ConnectError> {
    // The database is not locked before there is something to write.
    let mut message = rows.next()?;
    let database = Database::open(&target.connection, true, &ctx.cancel)?;
    database.transaction(|| {
        database.prepare_table(target)?;
        let mut source = Source::default();
        let mut inserter: Option<Inserter<'_>> = None;
        let mut written = 0;
        loop {
            match message {
                Message::Source(new) => {
                    source = new;
                    inserter = None;
                }
                Message::Rows(batch) => {
                    if let (None, Some(width)) = (&inserter, batch.width()) {
                        let (names, columns) = (&source.names, &source.columns);
                        inserter = Some(database.inserter(target, names, width, columns)?);
                    }
                    let taken = rejects.sift(&batch, &source, &source.names, |record| {
                        inserter.as_mut().map_or(Ok(()), |i| i.insert(record))
                    })?;
                    written += taken;
                    ctx.progress.add(taken, batch.bytes() as u64);
                    rows.done(batch);
                }
                Message::End => {
                    tell_outside(&database, target, written, ctx);
                    ctx.check_cancel()?;
                    return rejects.commit();
                }
            }
            ctx.check_cancel()?;
            message = rows.next()?;
        }
    })
}
