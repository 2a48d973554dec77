//! Records that cannot be taken: the copy fails at the first, or writes them into a file of their own.
//!
//! That file is csv with a header: the file, the line, the column that is wrong if it is one, the reason, and the record as
//! it was. It is whole before the output is, and it is there also when a copy fails because there were too many.

use std::io::Write as _;

use super::ends::EndWriter;
use super::ends::FileEnd;
use super::pipe::Source;
use crate::connect::ConnectError;
use crate::connect::formats::Batch;
use crate::connect::formats::Fault;
use crate::connect::formats::FieldKind;
use crate::connect::formats::Record;
use crate::connect::formats::Refused;
use crate::connect::formats::csv::csv;
use crate::connect::formats::delimited::DelimitedWriter;
use crate::connect::place::Place;
use crate::exec::Context;

const HEADER: [&str; 5] = ["file", "line", "column", "reason", "record"];

/// How much is gathered before it is written, in bytes.
const BUFFER: usize = 64 * 1024;

/// What becomes of records that cannot be taken.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum OnRowError {
    /// The copy fails.
    #[default]
    Fail,
    /// They are left out.
    Skip(RejectFile),
}

/// Where records go that are left out.
#[derive(Debug, Clone, PartialEq)]
pub struct RejectFile {
    /// A file, on this machine or in S3.
    pub place: Place,
    /// How many there may be; none: any number.
    pub most: Option<u64>,
}

/// What was rejected so far.
pub(super) struct Rejects {
    file: Option<Open>,
    count: u64,
}

struct Open {
    to: RejectFile,
    end: FileEnd,
    writer: EndWriter,
    format: DelimitedWriter,
    out: Vec<u8>,
}

impl Rejects {
    /// Starts the file, if there is to be one.
    pub(super) fn new(policy: &OnRowError, ctx: &Context) -> Result<Self, ConnectError> {
        let OnRowError::Skip(to) = policy else {
            return Ok(Self {
                file: None,
                count: 0,
            });
        };
        let end = FileEnd {
            within: None,
            compression: to.place.compression(),
            place: to.place.clone(),
            format: None,
        };
        let mut file = Open {
            to: to.clone(),
            writer: end.create(ctx)?,
            end,
            format: DelimitedWriter::new(&csv(Vec::new(), true, None))?,
            out: Vec::new(),
        };
        file.add(HEADER.map(str::as_bytes));
        Ok(Self {
            file: Some(file),
            count: 0,
        })
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Hands over the records of a batch in order, with what its reader and `take` do not take put aside; says how many were taken.
    pub(super) fn sift(
        &mut self,
        batch: &Batch,
        source: &Source,
        names: &[String],
        mut take: impl FnMut(Record<'_>) -> Result<(), Refused>,
    ) -> Result<u64, ConnectError> {
        let mut rejected = batch.rejected().iter().peekable();
        let mut taken = 0;
        for record in batch.records() {
            while let Some(before) = rejected.next_if(|r| r.line < record.line()) {
                let text = batch.text_of(before);
                self.add(source, names, before.line, &before.fault, text)?;
            }
            match take(record) {
                Ok(()) => taken += 1,
                Err(Refused::Failed(error)) => return Err(error),
                Err(Refused::Record(fault)) => {
                    let text = self.text(record);
                    self.add(source, names, record.line(), &fault, &text)?;
                }
            }
        }
        for rest in rejected {
            self.add(source, names, rest.line, &rest.fault, batch.text_of(rest))?;
        }
        Ok(taken)
    }

    /// A record as it was, or as csv where it was no text.
    fn text(&self, record: Record<'_>) -> Vec<u8> {
        let mut out = record.raw().to_vec();
        if let (true, Some(file)) = (out.is_empty(), &self.file) {
            // With quotes, csv takes any value.
            drop(file.format.write(record, &mut out));
            out.pop();
        }
        out
    }

    fn add(
        &mut self,
        source: &Source,
        names: &[String],
        line: u64,
        fault: &Fault,
        text: &[u8],
    ) -> Result<(), ConnectError> {
        let column = fault.column.map(|index| match names.get(index) {
            Some(name) => name.clone(),
            None => (index + 1).to_string(),
        });
        let of_column = column.as_ref().map(|column| format!(" column `{column}`"));
        let of_column = of_column.unwrap_or_default();
        let place = format!("{} {} {line}{of_column}", source.place, source.unit);
        let Some(file) = &mut self.file else {
            return Err(ConnectError::Record {
                place,
                reason: fault.reason.clone(),
            });
        };
        self.count += 1;
        let number = line.to_string();
        file.add([
            source.place.as_bytes(),
            number.as_bytes(),
            column.as_deref().unwrap_or_default().as_bytes(),
            fault.reason.as_bytes(),
            text,
        ]);
        if file.out.len() >= BUFFER {
            file.write()?;
        }
        match file.to.most {
            Some(most) if self.count > most => Err(self.too_many(most, &place, &fault.reason)),
            _ => Ok(()),
        }
    }

    /// The error of a copy with too many of them, which are all in the file.
    fn too_many(&mut self, most: u64, place: &str, reason: &str) -> ConnectError {
        let Some(file) = self.file.take() else {
            return ConnectError::Cancelled;
        };
        let place_of_all = file.to.place.to_string();
        match file.commit() {
            Err(error) => error,
            Ok(()) => ConnectError::Setting(match most {
                0 => format!(
                    "a record was rejected, and `max_rejects` is 0: {place}: {reason}. It is in `{place_of_all}`"
                ),
                1 => format!(
                    "more than one record was rejected; they are in `{place_of_all}`, the last one is {place}: {reason}"
                ),
                _ => format!(
                    "more than {most} records were rejected; they are in `{place_of_all}`, the last one is {place}: {reason}"
                ),
            }),
        }
    }

    /// Makes the file whole.
    pub(super) fn commit(&mut self) -> Result<(), ConnectError> {
        self.file.take().map_or(Ok(()), Open::commit)
    }
}

impl Open {
    fn add(&mut self, values: [&[u8]; 5]) {
        let values = values.into_iter();
        let fields = values.map(|value| match value {
            b"" => (value, FieldKind::Null),
            _ => (value, FieldKind::Text),
        });
        // With quotes, csv takes any value.
        drop(self.format.write_values(fields, &mut self.out));
    }

    fn write(&mut self) -> Result<(), ConnectError> {
        let written = self.writer.write_all(&self.out);
        self.out.clear();
        written.map_err(|error| ConnectError::io("write", &self.end.path(), error))
    }

    fn commit(mut self) -> Result<(), ConnectError> {
        self.write()?;
        self.writer.commit().map(drop)
    }
}
