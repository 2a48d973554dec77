//! regex: each line matches one regular expression, whose groups are the columns in order.
//!
//! The expression must match the whole line. A line that does not is an error with its place: a log that is not
//! what the pipeline expects must not be loaded in part. Lines of ASCII, and lines that are not UTF-8, are matched
//! byte by byte when the expression allows it: the first because it is much faster and finds the same, the others
//! so that a `.` takes any byte and nothing is lost.

use std::io::BufRead;

use regex::bytes::CaptureLocations;
use regex::bytes::Regex;
use regex::bytes::RegexBuilder;

use super::BatchReader;
use super::Column;
use super::batch::Batch;
use super::batch::Fault;
use super::batch::FieldKind;
use super::batch::Parts;
use super::batch::Record;
use super::chunks::Chunks;
use super::chunks::Step;
use super::chunks::Text;
use super::chunks::line;
use crate::connect::ConnectError;

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
}

/// A part of what is written for a record.
#[derive(Debug)]
enum Part {
    Text(Vec<u8>),
    /// A field, from 0.
    Field(usize),
}

/// Writes records as `output_format` says.
#[derive(Debug)]
pub struct RegexWriter {
    parts: Vec<Part>,
}

impl RegexWriter {
    /// A writer of records with so many fields.
    pub fn new(format: &RegexFormat, width: usize) -> Result<Self, ConnectError> {
        let Some(format) = &format.output_format else {
            return Err(ConnectError::Setting(
                "set `output_format` to write with a regex format".to_owned(),
            ));
        };
        let (mut parts, mut text) = (Vec::new(), Vec::new());
        let mut rest = format.as_str();
        while let Some((before, after)) = rest.split_once('%') {
            text.extend_from_slice(before.as_bytes());
            if let Some(after) = after.strip_prefix('%') {
                text.push(b'%');
                rest = after;
                continue;
            }
            let field = after.split_once("$s").and_then(|(number, tail)| {
                let number = number.parse::<usize>().ok()?.checked_sub(1)?;
                (number < width).then_some((number, tail))
            });
            let Some((field, tail)) = field else {
                return Err(ConnectError::Setting(format!(
                    "`output_format` is `{format}`; it takes `%1$s` to `%{width}$s`, and `%%` for a percent sign"
                )));
            };
            parts.push(Part::Text(std::mem::take(&mut text)));
            parts.push(Part::Field(field));
            rest = tail;
        }
        text.extend_from_slice(rest.as_bytes());
        text.push(b'\n');
        parts.push(Part::Text(text));
        Ok(Self { parts })
    }

    /// Appends a record.
    pub fn write(&self, record: Record<'_>, out: &mut Vec<u8>) {
        for part in &self.parts {
            match part {
                Part::Text(text) => out.extend_from_slice(text),
                Part::Field(number) => {
                    out.extend_from_slice(record.field(*number).map_or(b"", |field| field.0));
                }
            }
        }
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

    /// Adds the groups of a line that begins there and matches; says whether it does.
    fn read(&mut self, line: &[u8], at: usize, parts: &mut Parts) -> bool {
        if self.regex.captures_read(&mut self.groups, line).is_none() {
            return false;
        }
        for group in 1..self.groups.len() {
            match self.groups.get(group) {
                Some((start, end)) => parts.slice(at + start, at + end, FieldKind::Text),
                None => parts.slice(at, at, FieldKind::Null),
            }
        }
        true
    }
}

/// Reads records of a [`RegexFormat`].
pub struct RegexReader<R> {
    chunks: Chunks<R>,
    columns: Vec<Column>,
    names: Vec<String>,
    lines: Lines,
}

/// What looks at lines.
struct Lines {
    unicode: Matcher,
    bytewise: Option<Matcher>,
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
        Ok(Self {
            chunks: Chunks::new(input, place, b'\n'),
            columns: format.columns.clone(),
            names: format.columns.iter().map(|c| c.name.clone()).collect(),
            lines: Lines {
                unicode: Matcher::new(regex),
                bytewise: format.compile(false).ok().map(Matcher::new),
            },
        })
    }
}

impl<R: BufRead> BatchReader for RegexReader<R> {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn fill(&mut self, batch: &mut Batch) -> Result<bool, ConnectError> {
        let lines = &mut self.lines;
        self.chunks.fill(batch, usize::MAX, |text, at, parts| {
            lines.step(text, at, parts)
        })
    }
}

impl Lines {
    fn step(&mut self, text: Text<'_>, at: usize, parts: &mut Parts) -> Step {
        let Some((end, next)) = line(text, at) else {
            return Step::Incomplete;
        };
        let line = text.raw.get(at..end).unwrap_or_default();
        let bytewise = line.is_ascii() || std::str::from_utf8(line).is_err();
        let matcher = match &mut self.bytewise {
            Some(matcher) if bytewise => matcher,
            _ => &mut self.unicode,
        };
        if matcher.read(line, at, parts) {
            return Step::Record {
                end,
                next,
                lines: 1,
            };
        }
        let fault = Fault::whole(format!(
            "the line does not match `input_regex`: `{}`",
            cut(line)
        ));
        Step::Bad {
            fault,
            end,
            next,
            lines: 1,
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
