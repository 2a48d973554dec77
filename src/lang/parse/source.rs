//! A text that is read, and where it stands: a file, or a string in a file whose escapes have been undone.

use std::ops::Range;

use super::span_of;
use crate::diag::FileId;
use crate::diag::Span;
use crate::lang::tokens::Token;

/// A text inside a file: all of it, or a string whose escapes have been undone.
#[derive(Clone, Copy)]
pub(in crate::lang) struct Source<'a> {
    pub(in crate::lang) file: FileId,
    pub(in crate::lang) text: &'a str,
    /// Where its bytes stand in the file, unless it is all of it.
    pub(in crate::lang) positions: Option<&'a dyn Fn(usize) -> u32>,
}

impl<'a> Source<'a> {
    /// The place of bytes of the text in the file.
    pub(super) fn span(&self, range: Range<usize>) -> Span {
        match self.positions {
            Some(positions) => Span {
                file: self.file,
                start: positions(range.start),
                end: positions(range.end),
            },
            None => span_of(self.file, range.start, range.end),
        }
    }

    /// The place of a token.
    pub(super) fn at(&self, token: Token) -> Span {
        self.span(token.range())
    }

    /// What a token reads.
    pub(super) fn text_of(&self, token: Token) -> &'a str {
        self.text.get(token.range()).unwrap_or("")
    }
}
