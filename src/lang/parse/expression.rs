//! The tokens of an expression to its tree.
//!
//! `hcl-edit` knows operators, calls, traversals and `for`. What it reads otherwise than Terraform, or in more than linear time,
//! it does not get to see: templates, objects, tuples and parentheses are cut out by their tokens and read here, piece by
//! piece. In the text that it gets, each of them is a name of the same length, and comments and line breaks are blanks. So
//! every place in that text is the place in the source, and limits of its own hold for one piece only.

use std::ops::Range;
use std::sync::Arc;

use super::gather::Gathered;
use super::literal;
use super::lower::Lower;
use super::mistakes;
use super::source::Source;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Span;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;
use crate::lang::ast::Ident;
use crate::lang::number::Number;
use crate::lang::tokens::Token;
use crate::lang::tokens::TokenKind;
use crate::lang::value::Value;

/// Deeper trees are refused, so that everything that walks one has stack enough.
pub(super) const MAX_DEPTH: usize = 256;

/// Reads the expressions and templates in gathered tokens, all of whose brackets are closed.
pub(super) struct Reader<'a> {
    pub(super) source: Source<'a>,
    pub(super) gathered: &'a Gathered,
    pub(super) depth: usize,
    /// Whether a name with a dot is a key of an object, as in `providers = { aws.west = aws }`.
    pub(super) dotted_keys: bool,
    pub(super) diagnostics: Diagnostics,
}

impl<'a> Reader<'a> {
    pub(super) fn new(source: Source<'a>, gathered: &'a Gathered) -> Self {
        Self {
            source,
            gathered,
            depth: 0,
            dotted_keys: false,
            diagnostics: Diagnostics::new(),
        }
    }

    /// Everything that was gathered.
    pub(super) fn all(&self) -> Range<usize> {
        0..self.gathered.tokens.len()
    }

    pub(super) fn token(&self, index: usize) -> Option<Token> {
        self.gathered.tokens.get(index).copied()
    }

    /// The index of what closes the token, or its own.
    pub(super) fn partner(&self, index: usize) -> usize {
        let partner = self.gathered.partners.get(index);
        partner.map_or(index, |partner| *partner as usize)
    }

    pub(super) fn error(&mut self, summary: &str, detail: impl Into<String>, span: Span) {
        self.diagnostics
            .push(Diagnostic::error(summary, detail).at(span));
    }

    /// The name that a token is.
    pub(super) fn ident(&self, token: Token) -> Ident {
        Ident {
            text: Arc::from(self.source.text_of(token)),
            span: self.source.at(token),
        }
    }

    /// The range without blanks, comments and line breaks around.
    pub(super) fn trimmed(&self, range: Range<usize>) -> Range<usize> {
        let blank = |token: &Token| is_blank(token.kind);
        let tokens = self.gathered.tokens.get(range.clone()).unwrap_or(&[]);
        let before = tokens.iter().take_while(|token| blank(token)).count();
        if before == tokens.len() {
            return range.end..range.end;
        }
        let after = tokens.iter().rev().take_while(|token| blank(token)).count();
        range.start + before..range.end - after
    }

    /// The place of some tokens; that of the one before if there are none.
    pub(super) fn span(&self, range: &Range<usize>) -> Span {
        let first = self.token(range.start);
        let last = range.end.checked_sub(1).and_then(|last| self.token(last));
        match (first, last) {
            (Some(first), Some(last)) if range.start < range.end => {
                self.source.span(first.start as usize..last.end as usize)
            }
            (Some(first), _) => self.source.at(first),
            (None, Some(last)) => self.source.at(last),
            (None, None) => self.source.span(0..0),
        }
    }

    /// Reads an expression. What could not be read has been reported, and is null.
    pub(super) fn expression(&mut self, range: Range<usize>) -> Expr {
        let whole = range.clone();
        let range = self.trimmed(range);
        let span = self.span(&range);
        let kind = if range.is_empty() {
            self.missing(&whole);
            ExprKind::Value(Value::NULL)
        } else {
            self.nested(span, |reader| reader.kind(range))
        };
        Expr { kind, span }
    }

    /// Goes a level deeper, if that is allowed.
    pub(super) fn nested(
        &mut self,
        span: Span,
        read: impl FnOnce(&mut Self) -> ExprKind,
    ) -> ExprKind {
        if self.depth >= MAX_DEPTH {
            self.diagnostics.push(too_deep(span));
            return ExprKind::Value(Value::NULL);
        }
        self.depth += 1;
        let kind = read(self);
        self.depth -= 1;
        kind
    }

    fn kind(&mut self, range: Range<usize>) -> ExprKind {
        let last = range.end - 1;
        match self.token(range.start) {
            Some(token) if range.start == last => match token.kind {
                TokenKind::Number => self.number(token),
                TokenKind::Identifier => self.word(token),
                _ => self.grammar(range),
            },
            Some(token) if self.partner(range.start) == last && self.is_unit(range.start, None) => {
                self.unit(token.kind, range.start)
            }
            Some(token) if token.kind == TokenKind::Identifier => self
                .chain(&range)
                .unwrap_or_else(|| self.grammar(range.clone())),
            _ => self.grammar(range),
        }
    }

    /// Whether the token opens something that is read here. `before` is what stands in front of it in the expression: behind a
    /// value, brackets are an index and parentheses a call.
    pub(super) fn is_unit(&self, index: usize, before: Option<TokenKind>) -> bool {
        let follows_value = before.is_some_and(ends_value);
        match self.token(index).map(|token| token.kind) {
            Some(TokenKind::OpenQuote | TokenKind::OpenHeredoc) => true,
            Some(TokenKind::OpenBrace) => !self.is_loop(index),
            Some(TokenKind::OpenBracket) => !follows_value && !self.is_loop(index),
            Some(TokenKind::OpenParen) => !follows_value,
            _ => false,
        }
    }

    /// Whether the bracket is that of a `for`.
    pub(super) fn is_loop(&self, index: usize) -> bool {
        let range = self.trimmed(index + 1..self.partner(index));
        !range.is_empty() && self.is_word(range.start, "for")
    }

    pub(super) fn is_word(&self, index: usize, word: &str) -> bool {
        self.token(index).is_some_and(|token| {
            token.kind == TokenKind::Identifier && self.source.text_of(token) == word
        })
    }

    /// Reads what a token opens.
    fn unit(&mut self, kind: TokenKind, index: usize) -> ExprKind {
        let inner = index + 1..self.partner(index);
        match kind {
            TokenKind::OpenQuote | TokenKind::OpenHeredoc => self.template_at(index),
            TokenKind::OpenBrace => self.object(inner),
            TokenKind::OpenBracket => self.tuple(inner),
            _ => ExprKind::Parens(Arc::new(self.expression(inner))),
        }
    }

    /// What a name in the text for the parser stands for.
    pub(super) fn stand_in(&mut self, start: usize) -> ExprKind {
        let index = self.index_at(start);
        match self.token(index) {
            Some(token) => match token.kind {
                TokenKind::Identifier => self.word(token),
                TokenKind::Number => self.number(token),
                kind => self.unit(kind, index),
            },
            None => ExprKind::Value(Value::NULL),
        }
    }

    /// The index of the token that has this byte.
    pub(super) fn index_at(&self, byte: usize) -> usize {
        self.gathered
            .tokens
            .partition_point(|token| token.end as usize <= byte)
    }

    fn word(&self, token: Token) -> ExprKind {
        match self.source.text_of(token) {
            "true" => ExprKind::Value(Value::Bool(true)),
            "false" => ExprKind::Value(Value::Bool(false)),
            "null" => ExprKind::Value(Value::NULL),
            _ => ExprKind::Name(self.ident(token)),
        }
    }

    pub(super) fn number(&mut self, token: Token) -> ExprKind {
        let text = self.source.text_of(token);
        let number = Number::parse(text).unwrap_or_else(|| {
            self.error(
                "Invalid number",
                mistakes::number(text),
                self.source.at(token),
            );
            Number::from(0)
        });
        ExprKind::Value(Value::Number(number))
    }

    /// `a.b.c`, which needs no parser.
    fn chain(&self, range: &Range<usize>) -> Option<ExprKind> {
        let tokens = self.gathered.tokens.get(range.clone())?;
        let plain = tokens.len() % 2 == 1
            && tokens.len() < MAX_DEPTH - self.depth
            && tokens.chunks(2).all(|pair| {
                pair.first()
                    .is_some_and(|name| name.kind == TokenKind::Identifier)
                    && pair.get(1).is_none_or(|dot| dot.kind == TokenKind::Dot)
            });
        let first = *tokens.first().filter(|_| plain)?;
        let mut kind = self.word(first);
        for (before, name) in tokens
            .iter()
            .step_by(2)
            .zip(tokens.iter().step_by(2).skip(1))
        {
            let span = self.source.span(first.start as usize..before.end as usize);
            kind = ExprKind::Get(Arc::new(Expr { kind, span }), self.ident(*name));
        }
        Some(kind)
    }

    /// Lets the parser read the tokens.
    fn grammar(&mut self, range: Range<usize>) -> ExprKind {
        let base = self
            .token(range.start)
            .map_or(0, |token| token.start as usize);
        let text = match self.disguised(range.clone()) {
            Ok(text) => text,
            Err(problem) => {
                self.diagnostics.push(*problem);
                return ExprKind::Value(Value::NULL);
            }
        };
        match hcl_edit::parser::parse_expr(&text) {
            Ok(tree) => Lower::new(self, base).kind(&tree),
            Err(error) => {
                let at = base + error.location().offset();
                let problem = mistakes::explain(self, &range, at, error.message());
                self.diagnostics.push(problem);
                ExprKind::Value(Value::NULL)
            }
        }
    }

    /// The text for the parser.
    fn disguised(&self, range: Range<usize>) -> Result<String, Box<Diagnostic>> {
        let mut text = String::new();
        let mut before: Option<Token> = None;
        let mut previous = None;
        let mut index = range.start;
        while index < range.end {
            let Some(token) = self.token(index) else {
                break;
            };
            let mut end = token.end;
            let unit = self.is_unit(index, previous);
            if unit {
                index = self.partner(index);
                end = self.token(index).map_or(end, |last| last.end);
            }
            let length = (end - token.start) as usize;
            let word = unit || matches!(token.kind, TokenKind::Identifier | TokenKind::Number);
            if word
                && let Some(before) = before
                && before.end == token.start
                && ends_value(before.kind)
            {
                return Err(Box::new(mistakes::adjacent(self, before, token)));
            }
            match token.kind {
                kind if is_blank(kind) => text.extend(std::iter::repeat_n(' ', length)),
                TokenKind::Number if previous == Some(TokenKind::Dot) => {
                    let digits = self.source.text_of(token);
                    if digits.contains('.') {
                        return Err(Box::new(mistakes::legacy_index(self, token)));
                    }
                    self.push_stand_in(&mut text, length, index);
                }
                kind if unit || kind == TokenKind::Number => {
                    self.push_stand_in(&mut text, length, index);
                }
                _ => text.push_str(self.source.text_of(token)),
            }
            if !is_blank(token.kind) {
                before = self.token(index);
                // Behind the star of `a.*` stands an index, not a tuple.
                let splat = token.kind == TokenKind::Star && previous == Some(TokenKind::Dot);
                previous = if splat {
                    Some(TokenKind::CloseBracket)
                } else {
                    before.map(|before| before.kind)
                };
            }
            index += 1;
        }
        Ok(text)
    }

    /// Adds a name of that length, for what ends with the token of that index. A minus behind it would be a part of the name,
    /// so a blank, or a digit in place of the name, keeps them apart.
    fn push_stand_in(&self, text: &mut String, length: usize, last: usize) {
        let minus = self.token(last + 1).map(|token| token.kind) == Some(TokenKind::Minus);
        match (minus, length) {
            (false, _) => text.extend(std::iter::repeat_n('u', length)),
            (true, 1) => text.push('0'),
            (true, _) => {
                text.extend(std::iter::repeat_n('u', length - 1));
                text.push(' ');
            }
        }
    }

    /// Reads the items between brackets.
    fn tuple(&mut self, inner: Range<usize>) -> ExprKind {
        let mut items = Vec::new();
        let mut start = inner.start;
        while !self.trimmed(start..inner.end).is_empty() {
            let end = self.find(start..inner.end, |kind| kind == TokenKind::Comma);
            items.push(self.expression(start..end));
            start = end + 1;
        }
        items.shrink_to_fit(); // trees of large configurations are mostly such lists of two or three
        ExprKind::Tuple(Arc::new(items))
    }

    /// The first token of a kind that is not inside of anything, or the end.
    pub(super) fn find(&self, range: Range<usize>, wanted: impl Fn(TokenKind) -> bool) -> usize {
        let mut index = range.start;
        while index < range.end {
            if self.token(index).is_some_and(|token| wanted(token.kind)) {
                return index;
            }
            index = self.partner(index) + 1;
        }
        range.end
    }

    /// Reads the items between braces.
    fn object(&mut self, inner: Range<usize>) -> ExprKind {
        let mut items = Vec::new();
        let mut start = inner.start;
        loop {
            let found = self.diagnostics.iter().count();
            start = self.trimmed(start..inner.end).start;
            if start >= inner.end {
                break;
            }
            let assign = self.key_end(start..inner.end);
            let end = self.find(start..inner.end, ends_item);
            let has_value = self
                .token(assign)
                .is_some_and(|token| is_assign(token.kind));
            if !has_value || assign >= end {
                let problem = mistakes::no_value(self, start..end.min(inner.end));
                self.diagnostics.push(problem);
            } else {
                let key = self.object_key(start..assign);
                let value = self.expression(assign + 1..end);
                items.push((key, value));
            }
            start = end;
            if self
                .token(end)
                .is_some_and(|token| token.kind == TokenKind::Comma)
            {
                // What follows a mistake on its line is no item, perhaps.
                if self.diagnostics.iter().count() > found {
                    break;
                }
                start += 1;
                self.doubled_comma(start..inner.end);
            }
        }
        items.shrink_to_fit();
        ExprKind::Object(Arc::new(items))
    }

    fn doubled_comma(&mut self, rest: Range<usize>) {
        let next = self.trimmed(rest.clone()).start;
        if next < rest.end
            && let Some(token) = self.token(next)
            && token.kind == TokenKind::Comma
        {
            let problem = mistakes::no_value(self, next..next + 1);
            self.diagnostics.push(problem);
        }
    }

    /// Where the key ends: at the sign before the value. A conditional has a colon of its own.
    fn key_end(&self, range: Range<usize>) -> usize {
        let mut conditionals = 0;
        let mut index = range.start;
        while index < range.end {
            match self.token(index).map(|token| token.kind) {
                Some(TokenKind::Question) => conditionals += 1,
                Some(TokenKind::Colon) if conditionals > 0 => conditionals -= 1,
                Some(kind) if is_assign(kind) || ends_item(kind) => return index,
                _ => {}
            }
            index = self.partner(index) + 1;
        }
        range.end
    }

    fn object_key(&mut self, range: Range<usize>) -> Expr {
        let range = self.trimmed(range);
        if range.len() == 1
            && let Some(token) = self.token(range.start)
            && token.kind == TokenKind::Identifier
        {
            let name = literal::normalized(self.source.text_of(token));
            return Expr {
                kind: ExprKind::Value(Value::string(name)),
                span: self.source.at(token),
            };
        }
        let key = self.expression(range);
        let dotted = matches!(key.kind, ExprKind::Get(..)) && self.dotted_keys;
        if matches!(key.kind, ExprKind::Get(..) | ExprKind::Index(..)) && !dotted {
            self.error("Ambiguous key", "A key is a name, a quoted string or an expression in parentheses. Write `(…)` around an expression, or quotes around a name with a dot.", key.span);
        }
        key
    }

    /// Reports that there is nothing where a value should be.
    fn missing(&mut self, range: &Range<usize>) {
        let problem = mistakes::nothing(self, range);
        self.diagnostics.push(problem);
    }
}

/// Whether it separates tokens only. Line breaks do in all that the parser gets to see.
pub(super) fn is_blank(kind: TokenKind) -> bool {
    kind.is_trivia() || kind.ends_line()
}

fn is_assign(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::Assign | TokenKind::Colon)
}

/// Whether an item of an object ends there.
fn ends_item(kind: TokenKind) -> bool {
    kind == TokenKind::Comma || kind.ends_line()
}

/// Whether a value may end with it.
pub(super) fn ends_value(kind: TokenKind) -> bool {
    matches!(
        kind,
        TokenKind::Identifier
            | TokenKind::Number
            | TokenKind::CloseQuote
            | TokenKind::CloseHeredoc
            | TokenKind::CloseBrace
            | TokenKind::CloseBracket
            | TokenKind::CloseParen
    )
}

/// The finding about what is nested deeper than trees may be.
pub(super) fn too_deep(span: Span) -> Diagnostic {
    Diagnostic::error(
        "Expression nested too deeply",
        format!(
            "Brackets, templates and blocks may be nested {MAX_DEPTH} levels deep. Move parts of it into `locals`."
        ),
    )
    .at(span)
}
