//! Batches: records that travel together, as one buffer and the places of their fields in it.
//!
//! A reader of lines puts a piece of its file into [`Batch::raw`] as it is; a field is a span of it, and only what was
//! escaped there is written out anew beside it. So nothing is allocated for a field or a record, and what a record looked
//! like in its file is still there when somebody has to reject it. Other readers push the texts of their values.

use crate::connect::ConnectError;

/// About how many bytes of a file make a batch.
pub const BATCH_BYTES: usize = 512 * 1024;

/// How many records make a batch at most.
pub const BATCH_RECORDS: usize = 8 * 1024;

/// Buffers that grew beyond this are not kept for the next batch, in bytes.
const KEPT: usize = 4 * BATCH_BYTES;

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// No value.
    Null,
    /// Text, as in files; its type is up to the column.
    Text,
    /// A whole number, in decimal.
    Integer,
    /// A number, as it was written: with digits of any number, a point or an exponent.
    Number,
    /// A floating point number, in the shortest decimal that reads back the same; also `NaN`, `inf` and `-inf`.
    Real,
    /// `true` or `false`.
    Boolean,
    /// A list or an object, as JSON.
    Json,
    /// Bytes that need not be text.
    Blob,
}

/// Where a field is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) kind: FieldKind,
    /// Whether it is in the buffer beside the raw text.
    pub(super) beside: bool,
}

/// Where a record is.
#[derive(Debug, Clone, Copy)]
struct Entry {
    line: u64,
    raw: (u32, u32),
    fields: (u32, u32),
}

/// Why a record cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The number of its field that is wrong, from 0; none when it is the record as a whole.
    pub column: Option<usize>,
    /// What is wrong, and what to do.
    pub reason: String,
}

impl Fault {
    /// A record that is wrong as a whole.
    pub fn whole(reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self {
            column: None,
            reason,
        }
    }

    /// A field that is wrong.
    pub fn field(column: usize, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self {
            column: Some(column),
            reason,
        }
    }
}

/// Why a writer did not take a record.
#[derive(Debug)]
pub enum Refused {
    /// It does not fit.
    Record(Fault),
    /// The writer failed.
    Failed(ConnectError),
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Self::Record(fault)
    }
}

impl From<ConnectError> for Refused {
    fn from(error: ConnectError) -> Self {
        Self::Failed(error)
    }
}

/// A record that its reader could not take.
#[derive(Debug, Clone)]
pub struct Rejected {
    /// The line of its file on which it starts, from 1.
    pub line: u64,
    /// What is wrong.
    pub fault: Fault,
    raw: (u32, u32),
}

/// What a reader adds to while it looks at the raw text.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// Fields that are not in the raw text as they are.
    pub(super) beside: Vec<u8>,
    pub(super) fields: Vec<Field>,
    records: Vec<Entry>,
    rejected: Vec<Rejected>,
    /// Where the fields of the record that is being read begin.
    open: usize,
}

impl Parts {
    /// Adds a field that stands in the raw text.
    pub(super) fn slice(&mut self, start: usize, end: usize, kind: FieldKind) {
        self.fields.push(Field {
            start: place(start),
            end: place(end),
            kind,
            beside: false,
        });
    }

    /// Adds a field that was written beside, from there to the end.
    pub(super) fn written(&mut self, start: usize, kind: FieldKind) {
        self.fields.push(Field {
            start: place(start),
            end: place(self.beside.len()),
            kind,
            beside: true,
        });
    }

    /// How many fields the record that is being read has so far.
    pub(super) fn width(&self) -> usize {
        self.fields.len() - self.open
    }

    /// Forgets the fields of the record that is being read.
    pub(super) fn drop_fields(&mut self) {
        self.fields.truncate(self.open);
    }

    pub(super) fn end_record(&mut self, line: u64, raw: (usize, usize)) {
        let end = self.fields.len();
        self.records.push(Entry {
            line,
            raw: (place(raw.0), place(raw.1)),
            fields: (place(self.open), place(end)),
        });
        self.open = end;
    }

    pub(super) fn reject(&mut self, line: u64, raw: (usize, usize), fault: Fault) {
        self.drop_fields();
        let raw = (place(raw.0), place(raw.1));
        self.rejected.push(Rejected { line, fault, raw });
    }

    /// How many records were read or rejected.
    pub(super) fn len(&self) -> usize {
        self.records.len() + self.rejected.len()
    }
}

/// A place in a buffer. Those who fill one keep it below 4 GiB, see [`Batch::is_full`].
fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Records that travel together.
#[derive(Debug, Default)]
pub struct Batch {
    /// A piece of a file.
    pub(super) raw: Vec<u8>,
    /// How much of it the records are.
    pub(super) taken: usize,
    pub(super) parts: Parts,
}

impl Batch {
    /// Removes all records and keeps the memory.
    pub fn clear(&mut self) {
        for buffer in [&mut self.raw, &mut self.parts.beside] {
            buffer.clear();
            if buffer.capacity() > KEPT {
                *buffer = Vec::new();
            }
        }
        self.taken = 0;
        self.parts.fields.clear();
        self.parts.records.clear();
        self.parts.rejected.clear();
        self.parts.open = 0;
    }

    /// Adds a field to the record that is being written.
    pub fn push(&mut self, field: &[u8], kind: FieldKind) {
        let start = self.parts.beside.len();
        self.parts.beside.extend_from_slice(field);
        self.parts.written(start, kind);
    }

    /// Adds a field that `write` appends to what it is given.
    pub fn push_with(&mut self, kind: FieldKind, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.parts.beside.len();
        write(&mut self.parts.beside);
        self.parts.written(start, kind);
    }

    /// Makes room for so many records of so many fields, all NULL, in place of what is there. They begin with that line.
    pub(super) fn table(&mut self, rows: usize, width: usize, first: u64) {
        self.clear();
        let null = Field {
            start: 0,
            end: 0,
            kind: FieldKind::Null,
            beside: true,
        };
        self.parts.fields.resize(rows * width, null);
        for row in 0..rows {
            self.parts.records.push(Entry {
                line: first + row as u64,
                raw: (0, 0),
                fields: (place(row * width), place((row + 1) * width)),
            });
        }
        self.parts.open = rows * width;
    }

    /// Sets a field of such a table, by its number among all of them, to what `write` appends.
    pub(super) fn set(&mut self, field: usize, kind: FieldKind, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.parts.beside.len();
        write(&mut self.parts.beside);
        if let Some(field) = self.parts.fields.get_mut(field) {
            (field.start, field.end) = (place(start), place(self.parts.beside.len()));
            field.kind = kind;
        }
    }

    /// Ends the record that is being written.
    pub fn end_record(&mut self, line: u64) {
        self.parts.end_record(line, (0, 0));
    }

    /// Ends the record that is being written, which had this text in its file.
    pub fn end_record_as(&mut self, line: u64, text: &[u8]) {
        let raw = self.keep(text);
        self.parts.end_record(line, raw);
    }

    /// Adds what could not be taken elsewhere, with its text.
    pub fn reject(&mut self, line: u64, text: &[u8], fault: Fault) {
        let raw = self.keep(text);
        self.parts.reject(line, raw, fault);
    }

    /// Puts a text to those of its records; the place that it has there.
    fn keep(&mut self, text: &[u8]) -> (usize, usize) {
        let start = self.raw.len();
        self.raw.extend_from_slice(text);
        self.taken = self.raw.len();
        (start, self.taken)
    }

    /// Whether it is time for another one.
    pub fn is_full(&self) -> bool {
        let bytes = self.raw.len() + self.parts.beside.len();
        self.parts.len() >= BATCH_RECORDS || bytes >= BATCH_BYTES
    }

    /// Whether its fields lie too far apart to be found again: a record of more than 4 GiB.
    pub fn is_too_large(&self) -> bool {
        self.parts.beside.len() >= u32::MAX as usize
    }

    /// How many bytes its records are, in their file or as texts.
    pub fn bytes(&self) -> usize {
        if self.raw.is_empty() {
            self.parts.beside.len()
        } else {
            self.taken
        }
    }

    /// How much memory it takes, about.
    pub fn memory(&self) -> usize {
        let fields = self.parts.fields.capacity() * size_of::<Field>();
        self.raw.capacity() + self.parts.beside.capacity() + fields
    }

    /// Leaves each record these of its fields, in this order.
    pub fn pick(&mut self, columns: &[usize]) {
        let old = std::mem::take(&mut self.parts.fields);
        for entry in &mut self.parts.records {
            let fields = span(&old, entry.fields);
            let start = self.parts.fields.len();
            let picked = columns.iter().filter_map(|column| fields.get(*column));
            self.parts.fields.extend(picked);
            entry.fields = (place(start), place(self.parts.fields.len()));
        }
        self.parts.open = self.parts.fields.len();
    }

    /// Makes true and false in these columns the numbers 1 and 0.
    pub fn number(&mut self, columns: &[usize]) {
        if columns.is_empty() {
            return;
        }
        let Parts {
            beside,
            fields,
            records,
            ..
        } = &mut self.parts;
        // Where `01` stands beside the raw text, as soon as it is needed.
        let mut digits = None;
        for entry in &*records {
            let (start, end) = entry.fields;
            let Some(own) = fields.get_mut(start as usize..end as usize) else {
                continue;
            };
            for column in columns {
                let Some(field) = own.get_mut(*column) else {
                    continue;
                };
                if field.kind != FieldKind::Boolean {
                    continue;
                }
                let buffer = if field.beside {
                    beside.as_slice()
                } else {
                    self.raw.as_slice()
                };
                let is_true = span(buffer, (field.start, field.end)) == b"true";
                let zero: u32 = *digits.get_or_insert_with(|| {
                    beside.extend_from_slice(b"01");
                    place(beside.len() - 2)
                });
                field.start = zero.saturating_add(u32::from(is_true));
                field.end = field.start.saturating_add(1);
                field.kind = FieldKind::Integer;
                field.beside = true;
            }
        }
    }

    /// How many fields its first record has.
    pub fn width(&self) -> Option<usize> {
        self.records().next().map(Record::len)
    }

    /// Whether nothing was read or rejected.
    pub fn is_empty(&self) -> bool {
        self.parts.len() == 0
    }

    /// How many records it has.
    pub fn len(&self) -> usize {
        self.parts.records.len()
    }

    /// Its records, in order.
    pub fn records(&self) -> impl ExactSizeIterator<Item = Record<'_>> {
        self.parts.records.iter().map(|entry| Record {
            batch: self,
            fields: span(&self.parts.fields, entry.fields),
            entry,
        })
    }

    /// What its reader could not take, in order.
    pub fn rejected(&self) -> &[Rejected] {
        &self.parts.rejected
    }

    /// The text of what could not be taken, as it was.
    pub fn text_of(&self, rejected: &Rejected) -> &[u8] {
        span(&self.raw, rejected.raw)
    }
}

fn span<T>(all: &[T], (start, end): (u32, u32)) -> &[T] {
    all.get(start as usize..end as usize).unwrap_or_default()
}

/// A record of a batch.
#[derive(Debug, Clone, Copy)]
pub struct Record<'b> {
    batch: &'b Batch,
    fields: &'b [Field],
    entry: &'b Entry,
}

impl<'b> Record<'b> {
    /// Where it starts: the line in its file, or the row of its table, from 1.
    pub fn line(self) -> u64 {
        self.entry.line
    }

    /// How many fields it has.
    pub fn len(self) -> usize {
        self.fields.len()
    }

    /// Whether it has no field.
    pub fn is_empty(self) -> bool {
        self.fields.is_empty()
    }

    /// The bytes and the kind of a field.
    pub fn field(self, index: usize) -> Option<(&'b [u8], FieldKind)> {
        self.fields.get(index).map(|field| self.value(field))
    }

    /// All fields in order.
    pub fn fields(self) -> impl ExactSizeIterator<Item = (&'b [u8], FieldKind)> {
        self.fields.iter().map(move |field| self.value(field))
    }

    /// The text that it had in its file, without what ends it; empty when it comes from elsewhere.
    pub fn raw(self) -> &'b [u8] {
        span(&self.batch.raw, self.entry.raw)
    }

    fn value(self, field: &Field) -> (&'b [u8], FieldKind) {
        let buffer = if field.beside {
            &self.batch.parts.beside
        } else {
            &self.batch.raw
        };
        (span(buffer, (field.start, field.end)), field.kind)
    }
}
