//! JSON text to a tree with positions.
//!
//! A reader of our own, since what is read here is configuration that people write: each value, key and mistake has its place
//! in the file, properties keep their order and may stand twice, numbers keep all their digits.

use std::sync::Arc;

use crate::diag::Diagnostic;
use crate::diag::FileId;
use crate::diag::Span;

/// Deeper values are refused, so that everything that walks one has stack enough.
const MAX_DEPTH: usize = 64;

/// A value with its place.
pub(super) struct Node {
    pub(super) kind: NodeKind,
    pub(super) span: Span,
}

pub(super) enum NodeKind {
    Null,
    Bool(bool),
    /// As it is written.
    Number(String),
    String(Text),
    Array(Vec<Node>),
    Object(Vec<Property>),
}

/// `"key": value`.
pub(super) struct Property {
    pub(super) key: Text,
    pub(super) value: Node,
}

/// A string, its escapes undone.
pub(super) struct Text {
    pub(super) value: Arc<str>,
    /// With its quotes.
    pub(super) span: Span,
    /// Where each byte of the value stands in the file, and where its end stands.
    pub(super) positions: Positions,
}

/// Where the bytes of a text stand in its file.
pub(super) enum Positions {
    /// One after the other from here.
    From(u32),
    /// Byte by byte.
    Each(Vec<u32>),
}

impl Positions {
    pub(super) fn of(&self, offset: usize) -> u32 {
        match self {
            Self::From(start) => start.saturating_add(narrow(offset)),
            Self::Each(places) => places
                .get(offset)
                .or_else(|| places.last())
                .copied()
                .unwrap_or(0),
        }
    }
}

impl Node {
    /// The value in messages.
    pub(super) fn describe(&self) -> &'static str {
        match self.kind {
            NodeKind::Null => "null",
            NodeKind::Bool(_) => "a bool",
            NodeKind::Number(_) => "a number",
            NodeKind::String(_) => "a string",
            NodeKind::Array(_) => "an array",
            NodeKind::Object(_) => "an object",
        }
    }
}

/// Reads a whole text.
pub(super) fn read(file: FileId, text: &str) -> Result<Node, Box<Diagnostic>> {
    let mut reader = Reader {
        file,
        text,
        at: if text.starts_with('\u{feff}') { 3 } else { 0 },
        depth: 0,
    };
    let node = reader.value()?;
    reader.space();
    if reader.peek().is_some() {
        let found = reader.found();
        return Err(reader.wrong(format!(
            "The file is one JSON value, and {found} follows it. Remove what stands after the value."
        )));
    }
    Ok(node)
}

fn narrow(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

type Read<T> = Result<T, Box<Diagnostic>>;

struct Reader<'t> {
    file: FileId,
    text: &'t str,
    at: usize,
    depth: usize,
}

impl<'t> Reader<'t> {
    fn span(&self, start: usize) -> Span {
        Span {
            file: self.file,
            start: narrow(start),
            end: narrow(self.at),
        }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// White space, and comments, which are refused where a value is expected.
    fn space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
    }

    fn found(&self) -> String {
        match self.peek() {
            None => "the end of the file".to_owned(),
            Some(sign) => format!("`{}`", sign.escape_debug()),
        }
    }

    fn wrong(&self, detail: impl Into<String>) -> Box<Diagnostic> {
        let end = self.at + self.peek().map_or(0, char::len_utf8);
        let span = Span {
            file: self.file,
            start: narrow(self.at),
            end: narrow(end),
        };
        let mut finding = Diagnostic::error("Invalid JSON", detail).at(span);
        if self.rest().starts_with(['#', '/']) {
            finding =
                finding.help("JSON has no comments. A property `\"//\": \"…\"` of a block is one.");
        } else if self.rest().starts_with('\'') {
            finding = finding.help("Strings are written in double quotes.");
        }
        Box::new(finding)
    }

    fn value(&mut self) -> Read<Node> {
        self.space();
        let start = self.at;
        if self.depth >= MAX_DEPTH {
            return Err(
                self.wrong("Values may be nested 64 levels deep. Move parts into `locals`.")
            );
        }
        self.depth += 1;
        let kind = match self.peek() {
            Some('{') => self.object()?,
            Some('[') => self.array()?,
            Some('"') => NodeKind::String(self.string()?),
            Some('-' | '0'..='9') => self.number()?,
            Some('a'..='z' | 'A'..='Z' | '_') => self.word()?,
            _ => {
                let found = self.found();
                return Err(self.wrong(format!("Expected a value, found {found}.")));
            }
        };
        self.depth -= 1;
        Ok(Node {
            kind,
            span: self.span(start),
        })
    }

    fn word(&mut self) -> Read<NodeKind> {
        let word: String = self
            .rest()
            .chars()
            .take_while(|char| char.is_alphanumeric() || matches!(char, '_' | '-' | '.'))
            .collect();
        let kind = match word.as_str() {
            "null" => NodeKind::Null,
            "true" => NodeKind::Bool(true),
            "false" => NodeKind::Bool(false),
            _ => {
                return Err(self.wrong(format!(
                    "`{word}` is no JSON value. Write an expression as a string: `\"${{{word}}}\"`."
                )));
            }
        };
        self.at += word.len();
        Ok(kind)
    }

    fn number(&mut self) -> Read<NodeKind> {
        let rest = self.rest();
        let length = rest
            .find(|char: char| !(char.is_ascii_alphanumeric() || matches!(char, '+' | '-' | '.')))
            .unwrap_or(rest.len());
        let number = rest.get(..length).unwrap_or("").to_owned();
        if !is_number(&number) {
            return Err(self.wrong(
                "This is no JSON number. A number is e.g. `12`, `-0.5` or `1.5e3`, without leading zeros or `+`.",
            ));
        }
        self.at += length;
        Ok(NodeKind::Number(number))
    }

    fn string(&mut self) -> Read<Text> {
        let start = self.at;
        self.at += 1;
        let plain = self
            .rest()
            .find(|char: char| char == '"' || char == '\\' || char < ' ')
            .unwrap_or(self.rest().len());
        if self
            .rest()
            .get(plain..)
            .is_some_and(|rest| rest.starts_with('"'))
        {
            let value = Arc::from(self.rest().get(..plain).unwrap_or(""));
            let from = narrow(self.at);
            self.at += plain + 1;
            return Ok(Text {
                value,
                span: self.span(start),
                positions: Positions::From(from),
            });
        }
        let mut value = String::new();
        let mut places = Vec::new();
        loop {
            let at = self.at;
            match self.peek() {
                None => {
                    self.at = start;
                    return Err(self.wrong("This string is never closed. Add the missing `\"`."));
                }
                Some('"') => break,
                Some('\\') => self.escape(&mut value)?,
                Some(char) if char < ' ' => {
                    return Err(self.wrong(
                        "A JSON string has no line ends and no control characters; write `\\n`, `\\t` or `\\u0000`.",
                    ));
                }
                Some(char) => {
                    value.push(char);
                    self.at += char.len_utf8();
                    // Each byte of the character has its own place.
                    places.extend((at..self.at).map(narrow));
                    continue;
                }
            }
            places.resize(value.len(), narrow(at));
        }
        places.push(narrow(self.at));
        self.at += 1;
        Ok(Text {
            value: Arc::from(value),
            span: self.span(start),
            positions: Positions::Each(places),
        })
    }

    fn escape(&mut self, value: &mut String) -> Read<()> {
        let sign = self.rest().chars().nth(1);
        let char = match sign {
            Some(sign @ ('"' | '\\' | '/')) => sign,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                let Some((char, length)) = code_point(self.rest()) else {
                    return Err(self.wrong(
                        "`\\u` is followed by four hexadecimal digits; a character beyond them is a pair of such escapes.",
                    ));
                };
                value.push(char);
                self.at += length;
                return Ok(());
            }
            _ => {
                return Err(self.wrong(
                    "A backslash is followed by one of `\"`, `\\`, `/`, `b`, `f`, `n`, `r`, `t`, `u`; write `\\\\` for the backslash itself.",
                ));
            }
        };
        value.push(char);
        self.at += 2;
        Ok(())
    }

    fn array(&mut self) -> Read<NodeKind> {
        let open = self.at;
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.peek() == Some(']') {
            self.at += 1;
            return Ok(NodeKind::Array(items));
        }
        loop {
            items.push(self.value()?);
            if self.end_of_item(open, ']')? {
                return Ok(NodeKind::Array(items));
            }
        }
    }

    fn object(&mut self) -> Read<NodeKind> {
        let open = self.at;
        self.at += 1;
        let mut properties = Vec::new();
        self.space();
        if self.peek() == Some('}') {
            self.at += 1;
            return Ok(NodeKind::Object(properties));
        }
        loop {
            self.space();
            if self.peek() != Some('"') {
                return Err(self.missing(open, "a property name in double quotes"));
            }
            let key = self.string()?;
            self.space();
            if self.peek() != Some(':') {
                let help = if self.peek() == Some('=') {
                    " JSON uses `:`, not `=`."
                } else {
                    ""
                };
                let found = self.found();
                return Err(self.wrong(format!(
                    "Expected `:` between a property's name and its value, found {found}.{help}"
                )));
            }
            self.at += 1;
            let value = self.value()?;
            properties.push(Property { key, value });
            if self.end_of_item(open, '}')? {
                return Ok(NodeKind::Object(properties));
            }
        }
    }

    /// Reads the `,` between items, or the closing sign, which gives true.
    fn end_of_item(&mut self, open: usize, close: char) -> Read<bool> {
        self.space();
        match self.peek() {
            Some(sign) if sign == close => {
                self.at += 1;
                Ok(true)
            }
            Some(',') => {
                let comma = self.at;
                self.at += 1;
                self.space();
                if self.peek() == Some(close) {
                    self.at = comma;
                    return Err(self.wrong("JSON has no comma after the last item. Remove it."));
                }
                Ok(false)
            }
            _ => Err(self.missing(open, &format!("`,` or `{close}`"))),
        }
    }

    /// What is said where something else is expected; at the end of the file, about what is open.
    fn missing(&mut self, open: usize, expected: &str) -> Box<Diagnostic> {
        if self.peek().is_some() {
            let found = self.found();
            return self.wrong(format!("Expected {expected}, found {found}."));
        }
        self.at = open;
        let sign = self.peek().unwrap_or('{');
        let close = if sign == '[' { ']' } else { '}' };
        self.wrong(format!(
            "The `{sign}` that opens here is never closed. Add the missing `{close}`."
        ))
    }
}

/// The character of the `\u` escape that a text starts with, and the bytes it takes.
fn code_point(text: &str) -> Option<(char, usize)> {
    let unit = |at: usize| {
        let hex = text.get(at + 2..at + 6)?;
        let digits = hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        (digits && text.get(at..)?.starts_with("\\u"))
            .then(|| u16::from_str_radix(hex, 16).ok())
            .flatten()
    };
    let first = unit(0)?;
    if let Some(char) = char::from_u32(u32::from(first)) {
        return Some((char, 6));
    }
    let pair = char::decode_utf16([first, unit(6)?]).next()?.ok()?;
    Some((pair, 12))
}

/// Whether a text is a number as JSON has it.
fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent
            .is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
}
