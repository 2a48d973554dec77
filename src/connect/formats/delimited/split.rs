//! Takes the records of csv, tsv and custom apart.

use super::Delimited;
use super::Null;
use crate::connect::formats::batch::Fault;
use crate::connect::formats::batch::FieldKind;
use crate::connect::formats::batch::Parts;
use crate::connect::formats::chunks::Step;
use crate::connect::formats::chunks::Text;

/// Why a record is not taken.
enum Stop {
    /// Its end is not there yet.
    Incomplete,
    /// It is wrong.
    Bad(Fault),
}

/// What ends a field, and where what follows begins.
enum Boundary {
    Field(usize),
    Record(usize),
    /// Nothing: it goes on.
    None,
}

/// A dialect, made ready for taking records apart.
pub(super) struct Splitter {
    separator: Vec<u8>,
    record_separator: Vec<u8>,
    /// Both, if each is of one byte.
    single: Option<(u8, u8)>,
    escape: Option<u8>,
    quote: Option<u8>,
    null: Null,
    carriage: bool,
    /// Bytes at which a field without quotes may end or change.
    special: [bool; 256],
    /// How many fields a record has: as many as it has names, or as the first one has.
    pub(super) width: Option<usize>,
    /// Whether lines are counted by their ends; else each record is one.
    lines: bool,
}

impl Splitter {
    pub(super) fn new(format: &Delimited) -> Self {
        let carriage = format.carriage();
        let mut special = [false; 256];
        let firsts = [format.separator.first(), format.record_separator.first()];
        let marks = firsts.into_iter().flatten().copied().chain(format.escape);
        for byte in marks.chain(carriage.then_some(b'\r')) {
            special[usize::from(byte)] = true;
        }
        let single = match (&*format.separator, &*format.record_separator) {
            (&[separator], &[end]) => Some((separator, end)),
            _ => None,
        };
        Self {
            separator: format.separator.clone(),
            record_separator: format.record_separator.clone(),
            single,
            escape: format.escape,
            quote: format.quote,
            null: format.null,
            carriage,
            special,
            width: None,
            lines: format.record_separator.contains(&b'\n'),
        }
    }

    /// The record at a place. A wrong one is its first line, and reading goes on with the next: a quote that is never closed spoils
    /// no more than that.
    pub(super) fn step(&mut self, text: Text<'_>, at: usize, parts: &mut Parts) -> Step {
        match self.record(text, at, parts) {
            Ok((end, next)) => self.counted(text, (at, end, next), parts),
            Err(Stop::Incomplete) => Step::Incomplete,
            Err(Stop::Bad(fault)) => {
                let rest = text.raw.get(at..).unwrap_or_default();
                let mark = self.record_separator.last().copied().unwrap_or(b'\n');
                let found = memchr::memchr(mark, rest);
                let (end, next) = match found {
                    Some(length) => (at + length, at + length + 1),
                    None if text.ended => (text.raw.len(), text.raw.len()),
                    None => return Step::Incomplete,
                };
                Step::Bad {
                    fault,
                    end,
                    next,
                    lines: 1,
                }
            }
        }
    }

    /// A record must have as many fields as the others. A line without anything is none where there are several columns.
    fn counted(&mut self, text: Text<'_>, places: (usize, usize, usize), parts: &Parts) -> Step {
        let (at, end, next) = places;
        let found = parts.width();
        let expected = *self.width.get_or_insert(found);
        let whole = text.raw.get(at..next).unwrap_or_default();
        let lines = if self.lines {
            memchr::memchr_iter(b'\n', whole).count().max(1) as u64
        } else {
            1
        };
        if found == expected {
            return Step::Record { end, next, lines };
        }
        if at == end {
            return Step::Blank { next, lines };
        }
        let fault = Fault::whole(format!(
            "the record has {found} fields, and {expected} are expected"
        ));
        Step::Bad {
            fault,
            end,
            next,
            lines,
        }
    }

    /// Adds the fields of a record; says where its text ends and where the next one begins.
    fn record(
        &self,
        text: Text<'_>,
        start: usize,
        parts: &mut Parts,
    ) -> Result<(usize, usize), Stop> {
        let mut at = start;
        loop {
            let quoted = self.quote.is_some() && text.raw.get(at).copied() == self.quote;
            let (end, boundary) = if quoted {
                let end = self.quoted(text, at + 1, parts)?;
                (end, self.boundary(text, end)?)
            } else {
                self.plain(text, at, parts)?
            };
            match boundary {
                Boundary::Field(next) => at = next,
                Boundary::Record(next) => return Ok((end, next)),
                Boundary::None => {
                    let reason = "text after a closing quote; double the quote inside a field";
                    return Err(Stop::Bad(Fault::field(parts.width() - 1, reason)));
                }
            }
        }
    }

    /// What stands at a place where a field may end.
    fn boundary(&self, text: Text<'_>, at: usize) -> Result<Boundary, Stop> {
        let Some(&byte) = text.raw.get(at) else {
            return if text.ended {
                Ok(Boundary::Record(at))
            } else {
                Err(Stop::Incomplete)
            };
        };
        if let Some((separator, end)) = self.single {
            if byte == separator {
                return Ok(Boundary::Field(at + 1));
            }
            if byte == end {
                return Ok(Boundary::Record(at + 1));
            }
        }
        let rest = text.raw.get(at..).unwrap_or_default();
        let carriage: &[u8] = if self.carriage { b"\r\n" } else { b"" };
        let marks = [carriage, &*self.separator, &*self.record_separator];
        for (number, mark) in marks.into_iter().enumerate() {
            if mark.is_empty() {
                continue;
            }
            if rest.starts_with(mark) {
                let next = at + mark.len();
                return Ok(if number == 1 {
                    Boundary::Field(next)
                } else {
                    Boundary::Record(next)
                });
            }
            if !text.ended && mark.starts_with(rest) {
                return Err(Stop::Incomplete);
            }
        }
        Ok(Boundary::None)
    }

    /// Adds a field without quotes.
    fn plain(
        &self,
        text: Text<'_>,
        start: usize,
        parts: &mut Parts,
    ) -> Result<(usize, Boundary), Stop> {
        let (mut at, mut taken, mut beside) = (start, start, None);
        let mut null = false;
        let boundary = loop {
            let rest = text.raw.get(at..).unwrap_or_default();
            let run = rest.iter().position(|b| self.special[usize::from(*b)]);
            at += run.unwrap_or(rest.len());
            let byte = text.raw.get(at).copied();
            if byte.is_some() && byte == self.escape {
                let begin = *beside.get_or_insert(parts.beside.len());
                let run = text.raw.get(taken..at).unwrap_or_default();
                parts.beside.extend_from_slice(run);
                let next = escaped(text, at)?;
                null = next == Some(b'N') && parts.beside.len() == begin;
                parts.beside.extend(next.or(byte));
                at += 1 + usize::from(next.is_some());
                taken = at;
                continue;
            }
            match self.boundary(text, at)? {
                Boundary::None => at += 1,
                boundary => break boundary,
            }
        };
        match beside {
            None if at == start && self.null == Null::Empty => {
                parts.slice(start, at, FieldKind::Null);
            }
            None => parts.slice(start, at, FieldKind::Text),
            Some(begin) => {
                let run = text.raw.get(taken..at).unwrap_or_default();
                parts.beside.extend_from_slice(run);
                if null && self.null == Null::EscapedN && parts.beside.len() == begin + 1 {
                    parts.beside.truncate(begin);
                    parts.written(begin, FieldKind::Null);
                } else {
                    parts.written(begin, FieldKind::Text);
                }
            }
        }
        Ok((at, boundary))
    }

    /// Adds a field whose quote is open; gives the place after the one that closes it.
    fn quoted(&self, text: Text<'_>, start: usize, parts: &mut Parts) -> Result<usize, Stop> {
        let quote = self.quote.unwrap_or(b'"');
        let escape = self.escape.unwrap_or(quote);
        let (mut at, mut taken, mut beside) = (start, start, None);
        loop {
            let rest = text.raw.get(at..).unwrap_or_default();
            let Some(run) = memchr::memchr2(quote, escape, rest) else {
                return Err(if text.ended {
                    let reason = "a quote is opened and never closed";
                    Stop::Bad(Fault::field(parts.width(), reason))
                } else {
                    Stop::Incomplete
                });
            };
            at += run;
            let byte = text.raw.get(at).copied();
            let next = escaped(text, at)?;
            if byte == Some(quote) && next != Some(quote) {
                break;
            }
            beside.get_or_insert(parts.beside.len());
            let run = text.raw.get(taken..at).unwrap_or_default();
            parts.beside.extend_from_slice(run);
            parts.beside.extend(next.or(byte));
            at += 1 + usize::from(next.is_some());
            taken = at;
        }
        match beside {
            None => parts.slice(start, at, FieldKind::Text),
            Some(begin) => {
                let run = text.raw.get(taken..at).unwrap_or_default();
                parts.beside.extend_from_slice(run);
                parts.written(begin, FieldKind::Text);
            }
        }
        Ok(at + 1)
    }
}

/// The byte after an escape; none at the end of the file.
fn escaped(text: Text<'_>, at: usize) -> Result<Option<u8>, Stop> {
    match text.raw.get(at + 1) {
        Some(byte) => Ok(Some(*byte)),
        None if text.ended => Ok(None),
        None => Err(Stop::Incomplete),
    }
}
