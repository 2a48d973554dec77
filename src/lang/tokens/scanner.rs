//! The scanner: a position in the text, and a stack of what is open there.

use super::Token;
use super::TokenKind;

/// In what the scanner is.
#[derive(Debug)]
enum Mode {
    /// HCL, with so many open braces. In a template the first of them is that of `${` or `%{`.
    Code { braces: usize },
    /// A quoted template.
    Quoted,
    /// A heredoc: where its delimiter stands in the text, and whether a line starts here.
    Heredoc {
        delimiter: (usize, usize),
        line_start: bool,
    },
    /// A template that is the whole text.
    Bare,
}

/// Reads one token after the other.
#[derive(Debug)]
pub struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// The innermost last. An empty stack is HCL outside of all templates.
    modes: Vec<Mode>,
}

/// Where a scanner is, without its text.
#[derive(Debug, Default)]
pub(super) struct State {
    at: usize,
    modes: Vec<Mode>,
}

/// The tokens of one character.
const SINGLE: &[(u8, TokenKind)] = &[
    (b'[', TokenKind::OpenBracket),
    (b']', TokenKind::CloseBracket),
    (b'(', TokenKind::OpenParen),
    (b')', TokenKind::CloseParen),
    (b'.', TokenKind::Dot),
    (b',', TokenKind::Comma),
    (b':', TokenKind::Colon),
    (b'?', TokenKind::Question),
    (b'=', TokenKind::Assign),
    (b'<', TokenKind::Less),
    (b'>', TokenKind::Greater),
    (b'!', TokenKind::Not),
    (b'+', TokenKind::Plus),
    (b'-', TokenKind::Minus),
    (b'*', TokenKind::Star),
    (b'/', TokenKind::Slash),
    (b'%', TokenKind::Percent),
];

/// The tokens of several characters, longer ones first.
const SEVERAL: &[(&str, TokenKind)] = &[
    ("...", TokenKind::Ellipsis),
    ("::", TokenKind::DoubleColon),
    ("=>", TokenKind::FatArrow),
    ("==", TokenKind::Equal),
    ("!=", TokenKind::NotEqual),
    ("<=", TokenKind::LessEqual),
    (">=", TokenKind::GreaterEqual),
    ("&&", TokenKind::And),
    ("||", TokenKind::Or),
    ("~}", TokenKind::CloseTemplate),
];

impl<'a> Scanner<'a> {
    /// Starts at the beginning of a text.
    pub fn new(text: &'a str) -> Self {
        let limit = u32::MAX as usize;
        let text = if text.len() > limit {
            text.get(..text.floor_char_boundary(limit)).unwrap_or("")
        } else {
            text
        };
        Self {
            text,
            at: 0,
            modes: Vec::new(),
        }
    }

    /// Reads a text that is a template without quotes.
    pub fn template(text: &'a str) -> Self {
        Self {
            modes: vec![Mode::Bare],
            ..Self::new(text)
        }
    }

    /// Goes on where a scanner of a text was that this one begins with.
    pub(super) fn resumed(text: &'a str, state: State) -> Self {
        Self {
            at: state.at,
            modes: state.modes,
            ..Self::new(text)
        }
    }

    /// Where it is; at that byte if it has to read once more from there.
    pub(super) fn suspended(self, from: Option<usize>) -> State {
        State {
            at: from.unwrap_or(self.at),
            modes: self.modes,
        }
    }

    /// Goes on at a place of the text, as if nothing were open there.
    pub fn resume_at(&mut self, at: usize) {
        self.at = self.text.ceil_char_boundary(at);
        self.modes.clear();
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    /// The kind and the length of what comes next in HCL.
    fn code(&mut self, rest: &str) -> (TokenKind, usize) {
        let bytes = rest.as_bytes();
        let Some(first) = bytes.first().copied() else {
            return (TokenKind::Invalid, 0);
        };
        match first {
            b' ' | b'\t' => (
                TokenKind::Space,
                length_while(rest, |byte| matches!(byte, b' ' | b'\t')),
            ),
            b'\n' => (TokenKind::Newline, 1),
            b'\r' if bytes.get(1) == Some(&b'\n') => (TokenKind::Newline, 2),
            b'#' => (TokenKind::LineComment, line(rest)),
            b'/' if rest.starts_with("//") => (TokenKind::LineComment, line(rest)),
            b'/' if rest.starts_with("/*") => {
                let end = rest.get(2..).and_then(|body| body.find("*/"));
                (
                    TokenKind::BlockComment,
                    end.map_or(rest.len(), |end| end + 4),
                )
            }
            b'"' => {
                self.modes.push(Mode::Quoted);
                (TokenKind::OpenQuote, 1)
            }
            b'0'..=b'9' => (TokenKind::Number, number(bytes)),
            b'{' => {
                self.open_brace();
                (TokenKind::OpenBrace, 1)
            }
            b'}' => (self.close_brace(), 1),
            b'<' if rest.starts_with("<<") => self.heredoc(rest).unwrap_or((TokenKind::Less, 1)),
            _ => self.word_or_sign(rest, first),
        }
    }

    fn word_or_sign(&mut self, rest: &str, first: u8) -> (TokenKind, usize) {
        if let Some(length) = identifier(rest) {
            return (TokenKind::Identifier, length);
        }
        if let Some((sign, kind)) = SEVERAL.iter().find(|(sign, _)| rest.starts_with(sign)) {
            if *kind == TokenKind::CloseTemplate {
                self.close_brace();
            }
            return (*kind, sign.len());
        }
        if let Some((_, kind)) = SINGLE.iter().find(|(sign, _)| *sign == first) {
            return (*kind, 1);
        }
        (
            TokenKind::Invalid,
            rest.chars().next().map_or(1, char::len_utf8),
        )
    }

    fn open_brace(&mut self) {
        match self.modes.last_mut() {
            Some(Mode::Code { braces }) => *braces += 1,
            _ => self.modes.push(Mode::Code { braces: 1 }),
        }
    }

    /// Closes a brace, or the template expression if it is that one's.
    fn close_brace(&mut self) -> TokenKind {
        let templates = self.modes.len() > 1;
        let Some(Mode::Code { braces }) = self.modes.last_mut() else {
            return TokenKind::CloseBrace;
        };
        *braces -= 1;
        if *braces > 0 {
            return TokenKind::CloseBrace;
        }
        self.modes.pop();
        if templates {
            TokenKind::CloseTemplate
        } else {
            TokenKind::CloseBrace
        }
    }

    /// The introduction of a heredoc, if it is one: nothing may stand behind the delimiter.
    fn heredoc(&mut self, rest: &str) -> Option<(TokenKind, usize)> {
        let after = rest.get(2..)?;
        let dash = usize::from(after.starts_with('-'));
        let name = after.get(dash..)?;
        let length = identifier(name)?;
        let newline = match name.as_bytes().get(length..)? {
            [b'\n', ..] => 1,
            [b'\r', b'\n', ..] => 2,
            _ => return None,
        };
        let start = self.at + 2 + dash;
        self.modes.push(Mode::Heredoc {
            delimiter: (start, start + length),
            line_start: true,
        });
        Some((TokenKind::OpenHeredoc, 2 + dash + length + newline))
    }

    /// What comes next in a quoted template.
    fn quoted(&mut self, rest: &str) -> (TokenKind, usize) {
        if rest.starts_with('"') {
            self.modes.pop();
            return (TokenKind::CloseQuote, 1);
        }
        if rest.starts_with("\r\n") {
            return (TokenKind::QuotedNewline, 2);
        }
        if rest.starts_with(['\n', '\r']) {
            return (TokenKind::QuotedNewline, 1);
        }
        self.template_sign(rest)
            .unwrap_or_else(|| (TokenKind::QuotedLiteral, quoted_literal(rest)))
    }

    /// What comes next in a heredoc.
    fn heredoc_body(&mut self, rest: &str) -> (TokenKind, usize) {
        let Some(Mode::Heredoc {
            delimiter: (start, end),
            line_start,
        }) = self.modes.last_mut()
        else {
            return (TokenKind::Invalid, rest.len());
        };
        let at_line_start = std::mem::take(line_start);
        let delimiter = self.text.get(*start..*end).unwrap_or("");
        if let Some(found) = self.template_sign(rest) {
            return found;
        }
        let length = literal(rest, Literal::Heredoc);
        let text = rest.get(..length).unwrap_or(rest);
        let Some(content) = text.strip_suffix('\n') else {
            return (TokenKind::HeredocLiteral, length);
        };
        if at_line_start && content.trim() == delimiter {
            self.modes.pop();
            let content = content.strip_suffix('\r').unwrap_or(content);
            return (TokenKind::CloseHeredoc, content.len());
        }
        if let Some(Mode::Heredoc { line_start, .. }) = self.modes.last_mut() {
            *line_start = true;
        }
        (TokenKind::HeredocLiteral, length)
    }

    /// `${` or `%{`, with the strip marker.
    fn template_sign(&mut self, rest: &str) -> Option<(TokenKind, usize)> {
        let kind = if rest.starts_with("${") {
            TokenKind::OpenInterpolation
        } else if rest.starts_with("%{") {
            TokenKind::OpenDirective
        } else {
            return None;
        };
        self.modes.push(Mode::Code { braces: 1 });
        Some((kind, 2 + usize::from(rest.as_bytes().get(2) == Some(&b'~'))))
    }
}

impl Iterator for Scanner<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let rest = self.rest();
        if rest.is_empty() {
            return None;
        }
        let (kind, length) = match self.modes.last() {
            None if self.at == 0 && rest.starts_with('\u{feff}') => {
                (TokenKind::ByteOrderMark, '\u{feff}'.len_utf8())
            }
            None | Some(Mode::Code { .. }) => self.code(rest),
            Some(Mode::Quoted) => self.quoted(rest),
            Some(Mode::Heredoc { .. }) => self.heredoc_body(rest),
            Some(Mode::Bare) => self
                .template_sign(rest)
                .unwrap_or_else(|| (TokenKind::HeredocLiteral, literal(rest, Literal::Heredoc))),
        };
        let start = self.at;
        self.at += length;
        let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Some(Token {
            kind,
            start: narrow(start),
            end: narrow(self.at),
        })
    }
}

fn length_while(text: &str, holds: impl Fn(u8) -> bool) -> usize {
    text.bytes().take_while(|byte| holds(*byte)).count()
}

/// The bytes up to the end of the line, with the newline.
fn line(text: &str) -> usize {
    text.find('\n').map_or(text.len(), |newline| newline + 1)
}

/// The bytes of the name at the start, if there is one.
fn identifier(text: &str) -> Option<usize> {
    let mut chars = text.char_indices();
    let (_, first) = chars.next()?;
    if first != '_' && !unicode_ident::is_xid_start(first) {
        return None;
    }
    let end = chars.find(|(_, char)| *char != '-' && !unicode_ident::is_xid_continue(*char));
    Some(end.map_or(text.len(), |(at, _)| at))
}

/// The bytes of the number at the start. It does not end in a point.
fn number(bytes: &[u8]) -> usize {
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let (mut at, mut end) = (0, 0);
    loop {
        match bytes.get(at) {
            Some(b'0'..=b'9') => at += 1,
            Some(b'.') => {
                at += 1;
                continue;
            }
            Some(b'e' | b'E') => {
                let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
                if !digit(at + 1 + sign) {
                    return end;
                }
                at += 2 + sign;
            }
            _ => return end,
        }
        end = at;
    }
}

/// The kinds of text in a template.
#[derive(Clone, Copy, PartialEq)]
enum Literal {
    Quoted,
    Heredoc,
}

fn quoted_literal(text: &str) -> usize {
    // What cannot be a literal, as a backslash at the end of the line, is taken along by itself.
    literal(text, Literal::Quoted).max(1)
}

/// The bytes of template text at the start: to the next interpolation or directive, and to the quote or the line break
/// that ends a quoted one, or beyond the newline in a heredoc.
fn literal(text: &str, kind: Literal) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match (byte, kind) {
            (b'"' | b'\n' | b'\r', Literal::Quoted) => return at,
            (b'\n', Literal::Heredoc) => return at + 1,
            (b'\\', Literal::Quoted) => {
                at += 1;
                if bytes
                    .get(at)
                    .is_none_or(|next| matches!(next, b'\n' | b'\r'))
                {
                    return at;
                }
                // Only the first byte of the escaped character: the others open or end nothing.
                at += 1;
            }
            (b'$' | b'%', _) => {
                // Doubled signs escape the brace.
                let signs = bytes.get(at..).map_or(0, |rest| {
                    rest.iter().take_while(|next| *next == byte).count()
                });
                if signs == 1 && bytes.get(at + 1) == Some(&b'{') {
                    return at;
                }
                at += signs;
            }
            _ => at += 1,
        }
    }
    at
}
