//! Files of lines, piece by piece: what all readers of them share.
//!
//! A piece is read, the reader says record by record where each ends, and what is left of the last one goes into the next
//! piece. A record may be longer than a piece, and not longer than [`MAX_RECORD`]: so memory is bounded, whatever the file.

use std::io::BufRead;
use std::io::Read as _;

use super::MAX_RECORD;
use super::batch::BATCH_BYTES;
use super::batch::BATCH_RECORDS;
use super::batch::Batch;
use super::batch::Fault;
use super::batch::Parts;
use crate::connect::ConnectError;

/// What some programs write before UTF-8 text, and what is no part of it.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// How much is kept of a line that is too long, in bytes.
const KEPT_OF_LONG: usize = 64 * 1024;

/// How much of such a line is passed over at once, in bytes: whoever reads may have to stop.
const PASSED_OVER: usize = 64 * 1024 * 1024;

/// What stands at a place of the text.
pub(super) enum Step {
    /// A record, whose fields were added. Its text ends at `end`, and what follows begins at `next`, so many lines later.
    Record { end: usize, next: usize, lines: u64 },
    /// Nothing that counts.
    Blank { next: usize, lines: u64 },
    /// A record that cannot be taken.
    Bad {
        fault: Fault,
        end: usize,
        next: usize,
        lines: u64,
    },
    /// A record whose end is not there yet.
    Incomplete,
}

/// The text at a place, and whether there is more than is there now.
#[derive(Clone, Copy)]
pub(super) struct Text<'r> {
    /// A piece of the file.
    pub(super) raw: &'r [u8],
    /// Whether the file ends with it.
    pub(super) ended: bool,
}

/// A file of lines.
pub(super) struct Chunks<R> {
    input: R,
    place: String,
    /// The byte that ends a line.
    end: u8,
    /// What was read and not taken yet.
    carry: Vec<u8>,
    /// The line at which it begins, from 1.
    line: u64,
    begun: bool,
    ended: bool,
    /// Whether the rest of a line is to be passed over that was too long.
    skipping: bool,
}

impl<R: BufRead> Chunks<R> {
    pub(super) fn new(input: R, place: &str, end: u8) -> Self {
        Self {
            input,
            place: place.to_owned(),
            end,
            carry: Vec::new(),
            line: 1,
            begun: false,
            ended: false,
            skipping: false,
        }
    }

    /// Puts the next records into a batch, at most so many; false when there are no more. There are none for now where a line without end is
    /// passed over.
    pub(super) fn fill(
        &mut self,
        batch: &mut Batch,
        most: usize,
        mut step: impl FnMut(Text<'_>, usize, &mut Parts) -> Step,
    ) -> Result<bool, ConnectError> {
        batch.clear();
        let Batch { raw, parts, taken } = batch;
        std::mem::swap(raw, &mut self.carry);
        let mut target = BATCH_BYTES;
        loop {
            self.load(raw, target)?;
            if self.skipping {
                return Ok(true);
            }
            let at = self.steps(raw, parts, most.min(BATCH_RECORDS), &mut step);
            let over = self.ended && at == raw.len();
            *taken += at;
            if parts.len() > 0 || over {
                self.carry.clear();
                self.carry
                    .extend_from_slice(raw.get(at..).unwrap_or_default());
                return Ok(parts.len() > 0);
            }
            raw.drain(..at);
            if raw.len() > MAX_RECORD {
                self.too_long(raw, parts);
                *taken = raw.len();
                return Ok(true);
            }
            target = BATCH_BYTES.max(2 * raw.len()).min(MAX_RECORD + 1);
        }
    }

    /// Goes from record to record as long as they are whole.
    fn steps(
        &mut self,
        raw: &[u8],
        parts: &mut Parts,
        most: usize,
        step: &mut impl FnMut(Text<'_>, usize, &mut Parts) -> Step,
    ) -> usize {
        let (text, mut at) = (
            Text {
                raw,
                ended: self.ended,
            },
            0,
        );
        while at < raw.len() && parts.len() < most {
            match step(text, at, parts) {
                Step::Record { end, next, lines } => {
                    parts.end_record(self.line, (at, end));
                    (at, self.line) = (next, self.line + lines);
                }
                Step::Blank { next, lines } => {
                    parts.drop_fields();
                    (at, self.line) = (next, self.line + lines);
                }
                Step::Bad {
                    fault,
                    end,
                    next,
                    lines,
                } => {
                    parts.reject(self.line, (at, end), fault);
                    (at, self.line) = (next, self.line + lines);
                }
                Step::Incomplete => {
                    parts.drop_fields();
                    break;
                }
            }
        }
        at
    }

    /// Reads until there is so much, or the file ends.
    fn load(&mut self, raw: &mut Vec<u8>, target: usize) -> Result<(), ConnectError> {
        if self.skipping {
            self.skip_line()?;
        }
        if self.skipping || self.ended || raw.len() >= target {
            return Ok(());
        }
        let missing = target - raw.len();
        raw.reserve(missing);
        let read = (&mut self.input).take(missing as u64).read_to_end(raw);
        let count = read.map_err(|error| self.unreadable(&error))?;
        self.ended = count < missing;
        if !self.begun {
            if let Some(reason) = no_lines(raw) {
                return Err(self.error(reason.to_owned()));
            }
            if raw.starts_with(BYTE_ORDER_MARK) {
                raw.drain(..BYTE_ORDER_MARK.len());
            }
        }
        self.begun = true;
        Ok(())
    }

    /// Rejects the line that begins the text. It goes on with the next line: that of an open quote is there already, that of a
    /// line without end is looked for.
    fn too_long(&mut self, raw: &mut Vec<u8>, parts: &mut Parts) {
        let line_end = memchr::memchr(self.end, raw);
        let fault = Fault::whole(match line_end {
            Some(_) => "a quote is opened and not closed within 16 MiB",
            None => "the line is longer than 16 MiB; check the separators",
        });
        let kept = line_end.unwrap_or(raw.len()).min(KEPT_OF_LONG);
        parts.reject(self.line, (0, kept), fault);
        self.line += 1;
        self.carry.clear();
        match line_end {
            Some(end) => self
                .carry
                .extend_from_slice(raw.get(end + 1..).unwrap_or_default()),
            None => self.skipping = true,
        }
        raw.truncate(kept);
    }

    /// Passes over the rest of a line, or over much of it.
    fn skip_line(&mut self) -> Result<(), ConnectError> {
        let mut left = PASSED_OVER;
        while left > 0 {
            let found = match self.input.fill_buf() {
                Ok([]) => {
                    (self.skipping, self.ended) = (false, true);
                    return Ok(());
                }
                Ok(buffer) => memchr::memchr(self.end, buffer).ok_or(buffer.len()),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.unreadable(&error)),
            };
            match found {
                Ok(end) => {
                    self.input.consume(end + 1);
                    self.skipping = false;
                    return Ok(());
                }
                Err(all) => {
                    self.input.consume(all);
                    left = left.saturating_sub(all);
                }
            }
        }
        Ok(())
    }

    fn unreadable(&self, error: &std::io::Error) -> ConnectError {
        self.error(format!("cannot read on: {error}"))
    }

    /// An error at the line that comes next.
    fn error(&self, reason: String) -> ConnectError {
        ConnectError::Record {
            place: self.place_of(self.line),
            reason,
        }
    }

    /// How a line is named in errors.
    pub(super) fn place_of(&self, line: u64) -> String {
        format!("{} line {line}", self.place)
    }
}

/// Why the beginning of a file is none of one with lines, in the encoding that is read.
fn no_lines(text: &[u8]) -> Option<&'static str> {
    if text.starts_with(b"\xff\xfe") || text.starts_with(b"\xfe\xff") {
        return Some(
            "it is text in UTF-16; a copy reads UTF-8, which e.g. `iconv -f UTF-16 -t UTF-8` makes of it",
        );
    }
    if text.starts_with(b"\x1f\x8b\x08") {
        return Some(
            "it is packed with gzip, which nothing says; set `compression = \"gzip\"` of its data node",
        );
    }
    if text.starts_with(b"\x28\xb5\x2f\xfd") {
        return Some(
            "it is packed with zstd, which nothing says; set `compression = \"zstd\"` of its data node",
        );
    }
    if text.starts_with(b"PK\x03\x04") {
        return Some("it is a zip file, which a copy does not read; unpack it first");
    }
    if text.starts_with(b"PAR1\x15") {
        return Some("it is a parquet file; say `format = \"parquet\"` for its data node");
    }
    let has = |byte| memchr::memchr(byte, text).is_some();
    let returns = || memchr::memchr_iter(b'\r', text).take(2).count();
    if !has(b'\n') && !has(b'"') && returns() == 2 {
        return Some(
            "its lines end in carriage returns alone, which a copy does not read; `tr '\\r' '\\n'` makes line feeds of them",
        );
    }
    None
}

/// The line that begins at a place: where its text ends, without `\r\n` or `\n`, and where the next one begins.
pub(super) fn line(text: Text<'_>, at: usize) -> Option<(usize, usize)> {
    let rest = text.raw.get(at..).unwrap_or_default();
    let (end, next) = match memchr::memchr(b'\n', rest) {
        Some(length) => (at + length, at + length + 1),
        None if text.ended => (text.raw.len(), text.raw.len()),
        None => return None,
    };
    let carriage = end > at && text.raw.get(end - 1) == Some(&b'\r');
    Some((end - usize::from(carriage), next))
}
