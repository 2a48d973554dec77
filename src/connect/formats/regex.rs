//! regex: each line matches one regular expression, whose groups are the columns in order.
//!
//! The expression must match the whole line. A line that does not is an error with its place: a log that is not
//! what the pipeline expects must not be loaded in part. Lines of ASCII, and lines that are not UTF-8, are matched
//! byte by byte when the expression allows it: the first because it is much faster and finds the same, the others
//! so that a `.` takes any byte and nothing is lost.

use super::Column;
use super::FieldKind;
use super::MAX_RECORD;
use super::Record;
use crate::connect::ConnectError;
use regex::bytes::CaptureLocations;
use regex::bytes::Regex;
use regex::bytes::RegexBuilder;
use std::io::BufRead;
use std::io::Read as _;

/// The settings of the format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegexFormat {
    /// The columns, one for each group; none means that the groups have no names.
    pub columns: Vec<Column>,
    /// The expression.
    pub input_regex: String,
    /// How a record is written: `%1$s` is its first field.
    pub output_format: Option<String>,
}

impl RegexFormat {
    fn compile(&self, unicode: bool) -> Result<Regex, ConnectError> {
        // Compiled alone first, so that an error shows the text as it was written and groups cannot be closed early.
        let check = |text: &str| RegexBuilder::new(text).unicode(unicode).build();
        check(&self.input_regex)
            .and_then(|_| check(&format!("\\A(?:{})\\z", self.input_regex)))
            .map_err(|e| {
                ConnectError::Setting(format!("`input_regex` is not a regular expression: {e}"))
            })
    }

    pub(super) fn write(&self, record: &Record, out: &mut Vec<u8>) -> Result<(), ConnectError> {
        let Some(format) = &self.output_format else {
            return Err(ConnectError::Setting(
                "set `output_format` to write with a regex format".to_owned(),
            ));
        };
        let mut rest = format.as_str();
        while let Some((before, after)) = rest.split_once('%') {
            out.extend_from_slice(before.as_bytes());
            if let Some(after) = after.strip_prefix('%') {
                out.push(b'%');
                rest = after;
                continue;
            }
            let field = after
                .split_once("$s")
                .and_then(|(n, tail)| Some((n.parse::<usize>().ok()?, tail)));
            let Some((field, tail)) =
                field.and_then(|(n, tail)| Some((record.field(n.checked_sub(1)?)?.0, tail)))
            else {
                return Err(ConnectError::Setting(format!(
                    "`output_format` is `{format}`; it takes `%1$s` to `%{}$s`, and `%%` for a percent sign",
                    record.len()
                )));
            };
            out.extend_from_slice(field);
            rest = tail;
        }
        out.extend_from_slice(rest.as_bytes());
        out.push(b'\n');
        Ok(())
    }
}

/// An expression with the memory for its groups.
struct Matcher {
    regex: Regex,
    groups: CaptureLocations,
}

impl Matcher {
    fn new(regex: Regex) -> Self {
        let groups = regex.capture_locations();
        Self { regex, groups }
    }

    /// Adds the groups of a line that matches to the record; says whether it does.
    fn read(&mut self, line: &[u8], record: &mut Record) -> bool {
        if self.regex.captures_read(&mut self.groups, line).is_none() {
            return false;
        }
        for group in 1..self.groups.len() {
            match self.groups.get(group) {
                Some((start, end)) => {
                    record.push(line.get(start..end).unwrap_or_default(), FieldKind::Text);
                }
                None => record.push(b"", FieldKind::Null),
            }
        }
        true
    }
}

/// Reads records of a [`RegexFormat`].
pub struct RegexReader<R> {
    input: R,
    place: String,
    pub(super) names: Vec<String>,
    unicode: Matcher,
    bytewise: Option<Matcher>,
    buffer: Vec<u8>,
    line: u64,
}

impl<R: BufRead> RegexReader<R> {
    pub(super) fn new(format: &RegexFormat, input: R, place: &str) -> Result<Self, ConnectError> {
        let regex = format.compile(true)?;
        let groups = regex.captures_len() - 1;
        if !format.columns.is_empty() && groups != format.columns.len() {
            return Err(ConnectError::Setting(format!(
                "`input_regex` has {groups} groups and `column` lists {}; each group is one column",
                format.columns.len()
            )));
        }
        let names = format.columns.iter().map(|c| c.name.clone()).collect();
        Ok(Self {
            input,
            place: place.to_owned(),
            names,
            unicode: Matcher::new(regex),
            bytewise: format.compile(false).ok().map(Matcher::new),
            buffer: Vec::new(),
            line: 0,
        })
    }

    pub(super) fn read(&mut self, record: &mut Record) -> Result<bool, ConnectError> {
        record.clear();
        self.buffer.clear();
        self.line += 1;
        record.line = self.line;
        let limit = MAX_RECORD as u64 + 1;
        let read = (&mut self.input)
            .take(limit)
            .read_until(b'\n', &mut self.buffer);
        match read {
            Ok(0) => return Ok(false),
            Ok(n) if n as u64 == limit => {
                return Err(self.error("the line is longer than 16 MiB".to_owned()));
            }
            Ok(_) => {}
            Err(e) => return Err(self.error(format!("cannot read on: {e}"))),
        }
        let line = self.buffer.strip_suffix(b"\n").unwrap_or(&self.buffer);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let bytewise = line.is_ascii() || std::str::from_utf8(line).is_err();
        let matcher = match &mut self.bytewise {
            Some(matcher) if bytewise => matcher,
            _ => &mut self.unicode,
        };
        if !matcher.read(line, record) {
            let reason = format!("the line does not match `input_regex`: `{}`", cut(line));
            return Err(self.error(reason));
        }
        Ok(true)
    }

    fn error(&self, reason: String) -> ConnectError {
        ConnectError::Record {
            place: format!("{} line {}", self.place, self.line),
            reason,
        }
    }
}

/// The first 200 characters, for messages.
pub(crate) fn cut(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes.get(..bytes.len().min(1000)).unwrap_or_default());
    let mut cut: String = text.chars().take(200).collect();
    if text.chars().nth(200).is_some() || bytes.len() > 1000 {
        cut.push('…');
    }
    cut
}
