//! The canonical form of HCL text, to the byte that of Terraform's formatter.
//!
//! The formatter works on tokens, not on the tree, so that it keeps every comment and every way of writing a value. It
//! goes through them twice: [`rewrite`] replaces what has a better spelling (`"${x}"`, unquoted labels, old types), then
//! [`layout`](mod@layout) decides how many spaces stand before each token. White space inside templates and heredocs is text, and stays.

mod layout;
mod rewrite;
mod spacing;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use super::tokens::Scanner;
use super::tokens::TokenKind;

/// A token that knows how many spaces stand before it instead of where it stands.
#[derive(Clone, Debug)]
struct Piece<'t> {
    kind: TokenKind,
    text: Cow<'t, str>,
    spaces: usize,
}

impl Piece<'_> {
    /// A token that was not in the text.
    const fn new(kind: TokenKind, text: &'static str) -> Self {
        Self {
            kind,
            text: Cow::Borrowed(text),
            spaces: 0,
        }
    }

    /// Whether a line of the layout ends with it.
    fn ends_line(&self) -> bool {
        match self.kind {
            TokenKind::Newline => true,
            TokenKind::LineComment => self.text.ends_with('\n'),
            _ => false,
        }
    }

    const fn is_comment(&self) -> bool {
        matches!(self.kind, TokenKind::LineComment | TokenKind::BlockComment)
    }
}

/// The canonical form of a configuration or value file. The text must parse; what of it does not stays in some way.
pub fn format(text: &str) -> String {
    let (pieces, rest) = pieces(text);
    laid_out(rewrite::rewritten(pieces), rest)
}

/// The text with canonical white space, and nothing else changed. Any text will do, fragments too.
pub fn layout(text: &str) -> String {
    let (pieces, rest) = pieces(text);
    laid_out(pieces, rest)
}

/// The tokens of a text, and the number of spaces after the last.
fn pieces(text: &str) -> (Vec<Piece<'_>>, usize) {
    let mut pieces = Vec::new();
    let mut spaces = 0;
    for token in Scanner::new(text) {
        match token.kind {
            TokenKind::ByteOrderMark => {}
            TokenKind::Space => spaces += token.range().len(),
            kind => pieces.push(Piece {
                kind,
                text: Cow::Borrowed(token.text(text)),
                spaces: std::mem::take(&mut spaces),
            }),
        }
    }
    (pieces, spaces)
}

fn laid_out(mut pieces: Vec<Piece<'_>>, rest: usize) -> String {
    layout::lay_out(&mut pieces);
    let length = pieces.iter().map(|piece| piece.spaces + piece.text.len());
    let mut text = String::with_capacity(length.sum::<usize>() + rest);
    for piece in &pieces {
        text.extend(std::iter::repeat_n(' ', piece.spaces));
        text.push_str(&piece.text);
    }
    text.extend(std::iter::repeat_n(' ', rest));
    text
}
