//! Spellings that are replaced: labels without quotes, a template that is one interpolation, types of old times.
//!
//! A text is read as far as that needs: where attributes and blocks begin and end. The text parses, so what looks like one
//! is one.

use std::borrow::Cow;

use super::Piece;
use super::TokenKind;
use crate::lang::parse::normalized;
use crate::lang::parse::unescape_quoted;

/// The tokens of a body, with replaced spellings.
pub(super) fn rewritten(pieces: Vec<Piece<'_>>) -> Vec<Piece<'_>> {
    let mut reader = Reader {
        written: Vec::with_capacity(pieces.len()),
        rest: pieces.into_iter().peekable(),
        blocks: Vec::new(),
    };
    while let Some(piece) = reader.rest.next() {
        reader.item(piece);
    }
    reader.written
}

struct Reader<'t> {
    rest: std::iter::Peekable<std::vec::IntoIter<Piece<'t>>>,
    written: Vec<Piece<'t>>,
    /// The words of the blocks around, outermost first.
    blocks: Vec<Cow<'t, str>>,
}

impl<'t> Reader<'t> {
    /// Writes what begins with this token: an attribute, the header of a block, or something between them.
    fn item(&mut self, first: Piece<'t>) {
        match first.kind {
            TokenKind::Identifier => {
                let name = first.text.clone();
                self.written.push(first);
                let comments = self.comments();
                match self.rest.peek().map(|next| next.kind) {
                    Some(TokenKind::Assign) => {
                        self.written.extend(comments);
                        self.written.extend(self.rest.next());
                        self.attribute(&name);
                    }
                    // Comments before the first label and between labels are dropped, as Terraform does.
                    Some(TokenKind::Identifier | TokenKind::OpenQuote) => self.header(name),
                    Some(TokenKind::OpenBrace) => {
                        self.written.extend(comments);
                        self.header(name);
                    }
                    _ => self.written.extend(comments),
                }
            }
            TokenKind::CloseBrace => {
                self.blocks.pop();
                self.written.push(first);
            }
            _ => self.written.push(first),
        }
    }

    /// The block comments that come next.
    fn comments(&mut self) -> Vec<Piece<'t>> {
        let is_comment = |piece: &Piece<'t>| piece.kind == TokenKind::BlockComment;
        std::iter::from_fn(|| self.rest.next_if(is_comment)).collect()
    }

    /// Writes the labels of a block, and the brace it opens with.
    fn header(&mut self, word: Cow<'t, str>) {
        loop {
            let comments = self.comments();
            let Some(next) = self.rest.next() else {
                self.written.extend(comments);
                return;
            };
            match next.kind {
                TokenKind::Identifier => self.written.extend(quoted(next.text)),
                TokenKind::OpenQuote => self.label(),
                TokenKind::OpenBrace => {
                    self.written.extend(comments);
                    self.written.push(next);
                    self.blocks.push(word);
                    return;
                }
                _ => {
                    self.written.extend(comments);
                    self.written.push(next);
                    return;
                }
            }
        }
    }

    /// Writes a label whose quote was opened.
    fn label(&mut self) {
        let mut raw = String::new();
        for piece in self.rest.by_ref() {
            if piece.kind == TokenKind::CloseQuote {
                break;
            }
            raw.push_str(&piece.text);
        }
        let text = unescape_quoted(&raw).unwrap_or(raw);
        self.written
            .extend(quoted(escaped(&normalized(&text)).into()));
    }

    /// Writes the value of an attribute.
    fn attribute(&mut self, name: &str) {
        let before = self.comments();
        self.written.extend(before);
        let mut value = self.value();
        let end = value
            .iter()
            .rposition(|piece| !piece.is_comment())
            .map_or(0, |at| at + 1);
        let after = value.split_off(end);
        let is_type =
            name == "type" && matches!(self.blocks.as_slice(), [only] if only == "variable");
        self.written.extend(if is_type {
            type_expression(value)
        } else {
            let ends_line = self.rest.peek().is_none_or(Piece::ends_line);
            unwrapped(value, ends_line)
        });
        self.written.extend(after);
    }

    /// The tokens up to the end of the line, or of the block if that is in the same line.
    fn value(&mut self) -> Vec<Piece<'t>> {
        let mut value: Vec<Piece<'t>> = Vec::new();
        let mut open = 0_usize;
        while let Some(next) = self.rest.peek() {
            let closes = next.kind.bracket_change() < 0 || is_close(next.kind);
            if open == 0 && (closes || next.ends_line()) {
                break;
            }
            if closes {
                open -= 1;
            } else if next.kind.bracket_change() > 0 || is_open(next.kind) {
                open += 1;
            }
            value.extend(self.rest.next());
        }
        value
    }
}

const fn is_open(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::OpenQuote | TokenKind::OpenHeredoc)
}

const fn is_close(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::CloseQuote | TokenKind::CloseHeredoc)
}

/// A string; `text` has its escapes.
fn quoted(text: Cow<'_, str>) -> Vec<Piece<'_>> {
    let mut pieces = vec![Piece::new(TokenKind::OpenQuote, "\"")];
    if !text.is_empty() {
        pieces.push(Piece {
            kind: TokenKind::QuotedLiteral,
            text,
            spaces: 0,
        });
    }
    pieces.push(Piece::new(TokenKind::CloseQuote, "\""));
    pieces
}

/// A text as it stands in quotes.
fn escaped(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            '"' => written.push_str("\\\""),
            '\\' => written.push_str("\\\\"),
            '$' | '%' if chars.peek() == Some(&'{') => written.extend([char, char]),
            _ => written.push(char),
        }
    }
    written
}

/// `"${x}"` is `x`. In parentheses if it goes over lines, where without them it would end at the first. `ends_line` says whether
/// the line may end behind the value.
fn unwrapped(mut value: Vec<Piece<'_>>, ends_line: bool) -> Vec<Piece<'_>> {
    let kinds: Vec<TokenKind> = value.iter().map(|piece| piece.kind).collect();
    let [
        TokenKind::OpenQuote,
        TokenKind::OpenInterpolation,
        inside @ ..,
        TokenKind::CloseTemplate,
        TokenKind::CloseQuote,
    ] = kinds.as_slice()
    else {
        return value;
    };
    if inside.is_empty() || !is_one_expression(inside) {
        return value;
    }
    let is_newline = |kind: &&TokenKind| **kind == TokenKind::Newline;
    let leading = inside.iter().take_while(is_newline).count();
    let trailing = inside.iter().rev().take_while(is_newline).count();
    let kept = inside.len().saturating_sub(trailing).max(leading);
    let trimmed = inside.get(leading..kept).unwrap_or_default();
    // Terraform knows no line that ends in a comment, and takes `(x) + (y)` for one pair of parentheses.
    let bare = trimmed.contains(&TokenKind::Newline)
        && !matches!(trimmed, [TokenKind::OpenParen, .., TokenKind::CloseParen])
        || ends_within(trimmed, ends_line);
    // Behind the end of a heredoc nothing may stand in its line.
    let heredoc = bare && trimmed.last() == Some(&TokenKind::CloseHeredoc);
    let end = 2 + kept + usize::from(heredoc);
    value.truncate(end);
    value.drain(..2 + leading);
    if bare {
        value.insert(0, Piece::new(TokenKind::OpenParen, "("));
        value.push(Piece::new(TokenKind::CloseParen, ")"));
    }
    value
}

/// Whether a line ends in an expression outside of its brackets and templates; what ends one behind it counts unless
/// `may_at_end`.
fn ends_within(kinds: &[TokenKind], may_at_end: bool) -> bool {
    let mut open = 0_i32;
    let mut kinds = kinds.iter().peekable();
    while let Some(kind) = kinds.next() {
        open += kind.bracket_change() + i32::from(is_open(*kind)) - i32::from(is_close(*kind));
        let last = kinds.peek().is_none();
        let ends_line = kind.ends_line() || last && *kind == TokenKind::CloseHeredoc;
        if open == 0 && ends_line && !(may_at_end && last) {
            return true;
        }
    }
    false
}

/// Whether what stands between `"${` and `}"` has no template of its own besides those in quotes.
fn is_one_expression(inside: &[TokenKind]) -> bool {
    let mut quotes = 0;
    for kind in inside {
        match kind {
            TokenKind::OpenQuote => quotes += 1,
            TokenKind::CloseQuote => quotes -= 1,
            TokenKind::OpenInterpolation | TokenKind::CloseTemplate | TokenKind::QuotedLiteral
                if quotes <= 0 =>
            {
                return false;
            }
            _ => {}
        }
    }
    true
}

/// The type of a variable: `"string"` is `string`, a collection says of what.
fn type_expression(value: Vec<Piece<'_>>) -> Vec<Piece<'_>> {
    let (word, element) = match value.as_slice() {
        [word] if word.kind == TokenKind::Identifier => (word, "any"),
        [quote, word, _] if quote.kind == TokenKind::OpenQuote => (word, "string"),
        _ => return value,
    };
    let quoted = value.len() > 1;
    let word = match &*word.text {
        "list" => "list",
        "map" => "map",
        "set" if !quoted => "set",
        "string" if quoted => return vec![Piece::new(TokenKind::Identifier, "string")],
        _ => return value,
    };
    vec![
        Piece::new(TokenKind::Identifier, word),
        Piece::new(TokenKind::OpenParen, "("),
        Piece::new(TokenKind::Identifier, element),
        Piece::new(TokenKind::CloseParen, ")"),
    ]
}
