//! HCL text to tokens, without loss: every byte belongs to one token, so that all tokens together are the text again.
//!
//! The formatter moves tokens about, the console asks whether an input is complete, the parser looks for the places where
//! its grammar needs help. All of them work on texts that may be wrong or hostile: the scanner never fails, does not
//! recurse, and takes time linear in the text. What HCL has no token for becomes [`TokenKind::Invalid`].
//!
//! The boundaries are those of Terraform's scanner: a comment to the end of the line has its newline in it, so has the
//! introduction of a heredoc (`<<EOT`), and the end of a heredoc has the white space around the delimiter but not the
//! newline behind it.

mod scanner;
#[cfg(test)]
mod tests;

use std::ops::Range;

pub use scanner::Scanner;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TokenKind {
    /// A name, a keyword, or a part of a traversal.
    Identifier,
    /// A number. May have several points (`1.2.3`), as Terraform's scanner has it.
    Number,
    /// `"`, at the start of a quoted template.
    OpenQuote,
    /// `"`, at its end.
    CloseQuote,
    /// Text of a quoted template, its escapes as they are written.
    QuotedLiteral,
    /// A line break in a quoted template, where it is not allowed.
    QuotedNewline,
    /// `<<EOT` or `<<-EOT`, with the newline.
    OpenHeredoc,
    /// The line with the delimiter, without the newline.
    CloseHeredoc,
    /// Text of a heredoc: at most a line, with its newline.
    HeredocLiteral,
    /// `${` or `${~`
    OpenInterpolation,
    /// `%{` or `%{~`
    OpenDirective,
    /// `}` or `~}`, at the end of an interpolation or directive.
    CloseTemplate,
    /// `{`
    OpenBrace,
    /// `}`
    CloseBrace,
    /// `[`
    OpenBracket,
    /// `]`
    CloseBracket,
    /// `(`
    OpenParen,
    /// `)`
    CloseParen,
    /// `# …` or `// …`, with the newline unless the text ends there.
    LineComment,
    /// `/* … */`. One that is never closed goes to the end of the text; [`open_at_end`] says so.
    BlockComment,
    /// `\n` or `\r\n`, where it ends a line of HCL.
    Newline,
    /// Spaces and tabs.
    Space,
    /// U+FEFF, at the start of the text.
    ByteOrderMark,
    /// `.`
    Dot,
    /// `...`
    Ellipsis,
    /// `,`
    Comma,
    /// `:`
    Colon,
    /// `::`
    DoubleColon,
    /// `?`
    Question,
    /// `=`
    Assign,
    /// `=>`
    FatArrow,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `&&`
    And,
    /// `||`
    Or,
    /// `!`
    Not,
    /// `+`
    Plus,
    /// `-`
    Minus,
    /// `*`
    Star,
    /// `/`
    Slash,
    /// `%`
    Percent,
    /// A character that means nothing in HCL.
    Invalid,
}

impl TokenKind {
    /// 1 for what opens a bracket or template expression, -1 for what closes one, else 0. Quotes and heredocs do not count.
    pub const fn bracket_change(self) -> i32 {
        match self {
            Self::OpenBrace
            | Self::OpenBracket
            | Self::OpenParen
            | Self::OpenInterpolation
            | Self::OpenDirective => 1,
            Self::CloseBrace | Self::CloseBracket | Self::CloseParen | Self::CloseTemplate => -1,
            _ => 0,
        }
    }

    /// Whether it is white space or a comment within a line, which the grammar does not see.
    pub const fn is_trivia(self) -> bool {
        matches!(self, Self::Space | Self::BlockComment | Self::ByteOrderMark)
    }

    /// Whether it ends a line of HCL: a newline, or a comment that has one in it.
    pub const fn ends_line(self) -> bool {
        matches!(self, Self::Newline | Self::LineComment)
    }
}

/// A piece of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Its first byte.
    pub start: u32,
    /// One past its last byte.
    pub end: u32,
}

impl Token {
    /// Its bytes in the text.
    pub const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// What it reads in the text it was scanned from.
    pub fn text(self, text: &str) -> &str {
        text.get(self.range()).unwrap_or("")
    }
}

/// The tokens of an HCL body or expression, without gaps. Texts of 4 GiB and more are cut off there.
pub fn scan(text: &str) -> Vec<Token> {
    Scanner::new(text).collect()
}

/// What a text leaves open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open {
    /// The token that opens it: a bracket, quote, heredoc, interpolation, directive or comment.
    pub by: Token,
    /// Whether a line break may follow, so that more input can close it. Not so in a quoted template.
    pub goes_on: bool,
}

/// What a text leaves open, the innermost; `None` if every bracket, template, heredoc and comment in it is closed.
///
/// A closing bracket that does not fit closes nothing: what it was meant for stays open.
pub fn open_at_end(text: &str) -> Option<Open> {
    OpenSoFar::default().read(text)
}

/// What a text leaves open that comes line by line, in time linear in all of it.
#[derive(Debug, Default)]
pub struct OpenSoFar {
    scanner: scanner::State,
    /// How much of the text has been read.
    length: usize,
    open: Vec<Token>,
    /// The comment that is open.
    comment: Option<Token>,
}

impl OpenSoFar {
    /// What the text leaves open; it begins with the text of the call before, which ended with a line.
    pub fn read(&mut self, text: &str) -> Option<Open> {
        let added = text.get(self.length..).unwrap_or("");
        self.length = text.len();
        if self.comment.is_none() || added.contains("*/") {
            self.go_on(text);
        } else if let Some(comment) = &mut self.comment {
            comment.end = u32::try_from(text.len()).unwrap_or(u32::MAX);
        }
        let by = self.comment.or_else(|| self.open.last().copied())?;
        Some(Open {
            by,
            goes_on: by.kind != TokenKind::OpenQuote,
        })
    }

    fn go_on(&mut self, text: &str) {
        let mut scanner = Scanner::resumed(text, std::mem::take(&mut self.scanner));
        self.comment = None;
        for token in scanner.by_ref() {
            if token.kind == TokenKind::BlockComment && !is_closed_comment(token.text(text)) {
                self.comment = Some(token);
                break;
            }
            if let Some(opener) = opener_of(token.kind) {
                let open = self.open.last();
                if open.is_some_and(|open| opener.contains(&open.kind)) {
                    self.open.pop();
                }
            } else if token.kind.bracket_change() > 0
                || matches!(token.kind, TokenKind::OpenQuote | TokenKind::OpenHeredoc)
            {
                self.open.push(token);
            }
        }
        // A comment that is open is read once more when it is closed.
        self.scanner = scanner.suspended(self.comment.map(|token| token.start as usize));
    }
}

/// The blocks of a text that are in no other: where each is, from its first word to its closing brace, and its header.
pub fn outline(text: &str) -> Vec<(Range<usize>, String)> {
    let mut blocks = Vec::new();
    let mut depth = 0_i32;
    // The start of the item that is being read, and where its brace opens if it is a block.
    let (mut start, mut header): (Option<usize>, Option<String>) = (None, None);
    let mut assigned = false;
    for token in Scanner::new(text) {
        let range = token.range();
        if depth == 0 {
            match token.kind {
                kind if kind.ends_line() => (start, header, assigned) = (None, None, false),
                TokenKind::Assign => assigned = true,
                TokenKind::OpenBrace if !assigned => {
                    let words = start.and_then(|start| text.get(start..range.start));
                    header = words.map(|words| words.trim_end().to_owned());
                }
                kind if !kind.is_trivia() && start.is_none() => start = Some(range.start),
                _ => {}
            }
        }
        depth = (depth + token.kind.bracket_change()).max(0);
        if depth == 0
            && token.kind == TokenKind::CloseBrace
            && let (Some(start), Some(header)) = (start, header.take())
        {
            blocks.push((start..range.end, header));
        }
    }
    if let (Some(start), Some(header)) = (start, header) {
        blocks.push((start..text.len(), header));
    }
    blocks
}

/// Whether a block comment has its end.
pub(in crate::lang) fn is_closed_comment(comment: &str) -> bool {
    comment.len() >= 4 && comment.ends_with("*/")
}

/// The kinds of token that this one closes.
pub(in crate::lang) fn opener_of(kind: TokenKind) -> Option<&'static [TokenKind]> {
    Some(match kind {
        TokenKind::CloseBrace => &[TokenKind::OpenBrace],
        TokenKind::CloseBracket => &[TokenKind::OpenBracket],
        TokenKind::CloseParen => &[TokenKind::OpenParen],
        TokenKind::CloseQuote => &[TokenKind::OpenQuote],
        TokenKind::CloseHeredoc => &[TokenKind::OpenHeredoc],
        TokenKind::CloseTemplate => &[TokenKind::OpenInterpolation, TokenKind::OpenDirective],
        _ => return None,
    })
}
