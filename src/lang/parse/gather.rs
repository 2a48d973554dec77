//! The tokens of one expression or template, with the partner of each bracket.
//!
//! Whoever reads them can step over a whole bracket, quote or heredoc at once, so that every token is looked at a fixed number of
//! times however deep the nesting is.

use crate::lang::tokens::Token;
use crate::lang::tokens::TokenKind;
use crate::lang::tokens::opener_of;

/// Tokens without gaps.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// In the order of the text.
    pub(super) tokens: Vec<Token>,
    /// For each token the index of what closes it; its own index if it opens nothing.
    pub(super) partners: Vec<u32>,
    /// What is open, the innermost last.
    open: Vec<u32>,
}

/// Why a closing sign closes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mismatch {
    /// Nothing is open.
    NothingOpen,
    /// Something else is open inside of what it closes: that is given up.
    Unclosed(Token),
    /// What is open is closed by another sign.
    Other(Token),
}

impl Gathered {
    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.tokens.clear();
        self.partners.clear();
        self.open.clear();
    }

    /// The innermost of what is open.
    pub(super) fn innermost(&self) -> Option<Token> {
        let last = self.open.last()?;
        self.tokens.get(*last as usize).copied()
    }

    /// Takes the last line of a text for the end of the heredoc that is open there, if it is its delimiter.
    pub(super) fn end_heredoc(&mut self, text: &str) {
        let Some(open) = self
            .innermost()
            .filter(|open| open.kind == TokenKind::OpenHeredoc)
        else {
            return;
        };
        let delimiter = open.text(text).trim_end().trim_start_matches(['<', '-']);
        let Some(last) = self.tokens.last().copied() else {
            return;
        };
        if last.kind == TokenKind::HeredocLiteral && last.text(text).trim() == delimiter {
            self.tokens.pop();
            self.partners.pop();
            self.push(Token {
                kind: TokenKind::CloseHeredoc,
                ..last
            });
        }
    }

    /// The interpolation or directive that a quote stands in which is open and empty: that quote was to close the string around.
    pub(super) fn open_sequence(&self) -> Option<Token> {
        let [.., around, quote] = self.open.as_slice() else {
            return None;
        };
        let around = *self.tokens.get(*around as usize)?;
        let sequence = matches!(
            around.kind,
            TokenKind::OpenInterpolation | TokenKind::OpenDirective
        );
        (sequence && *quote as usize + 1 == self.tokens.len()).then_some(around)
    }

    /// What a closing sign does not fit to, if it does not close what is open.
    pub(super) fn mismatch(&self, token: Token) -> Option<Mismatch> {
        let openers = opener_of(token.kind)?;
        let Some(innermost) = self.innermost() else {
            return Some(Mismatch::NothingOpen);
        };
        if openers.contains(&innermost.kind) {
            return None;
        }
        let below = self.open.iter().any(|open| {
            self.tokens
                .get(*open as usize)
                .is_some_and(|open| openers.contains(&open.kind))
        });
        Some(if below {
            Mismatch::Unclosed(innermost)
        } else {
            Mismatch::Other(innermost)
        })
    }

    /// Adds a token. One that closes, closes the innermost that it fits to.
    pub(super) fn push(&mut self, token: Token) {
        let index = u32::try_from(self.tokens.len()).unwrap_or(u32::MAX);
        self.tokens.push(token);
        self.partners.push(index);
        if let Some(openers) = opener_of(token.kind) {
            let tokens = &self.tokens;
            let fits = |open: &u32| {
                tokens
                    .get(*open as usize)
                    .is_some_and(|open| openers.contains(&open.kind))
            };
            if let Some(depth) = self.open.iter().rposition(fits) {
                let open = self.open.drain(depth..).next();
                if let Some(partner) = open.and_then(|open| self.partners.get_mut(open as usize)) {
                    *partner = index;
                }
            }
        } else if opens(token.kind) {
            self.open.push(index);
        }
    }
}

/// Whether something has to close it.
fn opens(kind: TokenKind) -> bool {
    kind.bracket_change() > 0 || matches!(kind, TokenKind::OpenQuote | TokenKind::OpenHeredoc)
}

/// What closes a sign that opens.
pub(super) const fn closing(kind: TokenKind) -> &'static str {
    match kind {
        TokenKind::OpenBracket => "]",
        TokenKind::OpenParen => ")",
        TokenKind::OpenQuote => "\"",
        _ => "}",
    }
}
