//! Templates: quoted, in heredocs, or the whole of a text.
//!
//! The tokens are read as a flat list of literals and sequences (`${…}`, `%{…}`), on which `~` and `<<-` work as Terraform has
//! it; then the directives are put into each other.

use std::iter::Peekable;
use std::ops::Range;
use std::sync::Arc;

use super::expression::MAX_DEPTH;
use super::expression::Reader;
use super::expression::is_blank;
use super::expression::too_deep;
use super::literal;
use super::literal::Piece;
use crate::diag::Span;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;
use crate::lang::ast::Ident;
use crate::lang::ast::Part;
use crate::lang::tokens::TokenKind;
use crate::lang::value::Value;

/// How a template is written.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    Quoted,
    Heredoc { flush: bool },
}

/// What a sequence of a template does.
enum Tag {
    Interpolation(Expr),
    If(Expr),
    Else,
    EndIf,
    For {
        key: Option<Ident>,
        value: Ident,
        collection: Expr,
    },
    EndFor,
    /// It could not be read, which has been reported.
    Broken,
}

/// An element of the flat list.
enum Element {
    Text(String),
    Tag(Tag, Span),
}

/// What ends the text inside of a directive.
#[derive(Clone, Copy, PartialEq)]
enum Inside {
    Nothing,
    If,
    Else,
    For,
}

type Elements = Peekable<std::vec::IntoIter<Element>>;

impl Reader<'_> {
    /// Reads the quoted template or heredoc that the token opens.
    pub(super) fn template_at(&mut self, index: usize) -> ExprKind {
        let opener = self.token(index);
        let form = match opener {
            Some(token) if token.kind == TokenKind::OpenHeredoc => Form::Heredoc {
                flush: self.source.text_of(token).starts_with("<<-"),
            },
            _ => Form::Quoted,
        };
        self.template(index + 1..self.partner(index), form)
    }

    /// Reads a template without quotes, as in JSON strings and template files: like a heredoc, but one interpolation alone is
    /// its value.
    pub(super) fn bare_template(&mut self) -> ExprKind {
        let all = self.all();
        if let Some(value) = self.only_value(&all) {
            return value;
        }
        self.template(all, Form::Heredoc { flush: false })
    }

    /// The value of a template that is one interpolation.
    fn only_value(&mut self, range: &Range<usize>) -> Option<ExprKind> {
        let first = self.token(range.start)?;
        let alone = first.kind == TokenKind::OpenInterpolation
            && self.partner(range.start) + 1 == range.end;
        alone.then(|| ExprKind::Parens(Arc::new(self.expression(range.start + 1..range.end - 1))))
    }

    fn template(&mut self, range: Range<usize>, form: Form) -> ExprKind {
        if form == Form::Quoted
            && let Some(value) = self.only_value(&range)
        {
            return value;
        }
        let (tags, mut pieces) = self.flat(range, form);
        literal::strip(&mut pieces);
        if form == (Form::Heredoc { flush: true }) {
            literal::dedent(&mut pieces);
        }
        let mut tags = tags.into_iter();
        let elements: Vec<Element> = pieces
            .into_iter()
            .filter_map(|piece| match piece {
                Piece::Text(lines) => Some(Element::Text(literal::normalized(&lines.concat()))),
                Piece::Sequence { .. } => tags.next().map(|(tag, span)| Element::Tag(tag, span)),
            })
            .collect();
        let mut elements = elements.into_iter().peekable();
        let mut parts = self.parts(&mut elements, Inside::Nothing, None);
        match parts.as_slice() {
            [] => ExprKind::Value(Value::string("")),
            [Part::Literal(text)] => ExprKind::Value(Value::String(Arc::clone(text))),
            _ => {
                parts.shrink_to_fit();
                ExprKind::Template(Arc::new(parts))
            }
        }
    }

    /// The sequences of a template, and its pieces.
    fn flat(&mut self, range: Range<usize>, form: Form) -> (Vec<(Tag, Span)>, Vec<Piece>) {
        let mut tags = Vec::new();
        let mut pieces: Vec<Piece> = Vec::new();
        let mut index = range.start;
        while index < range.end {
            let Some(token) = self.token(index) else {
                break;
            };
            let last = self.partner(index);
            match token.kind {
                TokenKind::OpenInterpolation | TokenKind::OpenDirective => {
                    let span = self.span(&(index..last + 1));
                    let tag = if token.kind == TokenKind::OpenInterpolation {
                        Tag::Interpolation(self.expression(index + 1..last))
                    } else {
                        self.directive(index + 1..last, span)
                    };
                    tags.push((tag, span));
                    let close = self.token(last);
                    pieces.push(Piece::Sequence {
                        before: self.source.text_of(token).ends_with('~'),
                        after: close
                            .is_some_and(|close| self.source.text_of(close).starts_with('~')),
                    });
                }
                _ => {
                    let raw = self.source.text_of(token);
                    let text = match form {
                        Form::Quoted => self.unescaped(raw, token.start as usize),
                        Form::Heredoc { .. } => literal::unescape_heredoc(raw),
                    };
                    // A line of a heredoc is a token.
                    if let Some(Piece::Text(lines)) = pieces.last_mut() {
                        lines.push(text);
                    } else {
                        pieces.push(Piece::Text(vec![text]));
                    }
                }
            }
            index = last + 1;
        }
        (tags, pieces)
    }

    /// `start` is where `raw` starts in the text.
    pub(super) fn unescaped(&mut self, raw: &str, start: usize) -> String {
        literal::unescape_quoted(raw).unwrap_or_else(|(at, help)| {
            let length = raw.get(at + 1..).and_then(|rest| rest.chars().next());
            let end = start + at + 1 + length.map_or(0, char::len_utf8);
            let span = self.source.span(start + at..end);
            self.error("Invalid string", help, span);
            String::new()
        })
    }

    /// Reads what stands in `%{ … }`.
    fn directive(&mut self, inner: Range<usize>, span: Span) -> Tag {
        let inner = self.trimmed(inner);
        let word = self.token(inner.start).filter(|_| !inner.is_empty());
        let rest = inner.start + 1..inner.end;
        let text = word.map_or("", |token| self.source.text_of(token));
        match text {
            "if" => Tag::If(self.expression(rest)),
            "for" => self.for_directive(rest, span),
            "else" | "endif" | "endfor" => {
                let rest = self.trimmed(rest);
                if !rest.is_empty() {
                    let span = self.span(&rest);
                    let hint = if self.is_word(rest.start, "if") {
                        "There is no `else if`: put an `%{ if … }` into the `%{ else }`.".to_owned()
                    } else {
                        format!("Nothing follows `{text}` in a directive: `%{{ {text} }}`.")
                    };
                    self.error("Invalid template", hint, span);
                }
                match text {
                    "else" => Tag::Else,
                    "endif" => Tag::EndIf,
                    _ => Tag::EndFor,
                }
            }
            _ => {
                self.error(
                    "Invalid template",
                    "A directive is one of `%{ if … }`, `%{ else }`, `%{ endif }`, `%{ for … in … }`, `%{ endfor }`. Write `%%{` for the signs themselves, `${ … }` for a value.",
                    word.map_or(span, |word| self.source.at(word)),
                );
                Tag::Broken
            }
        }
    }

    /// Reads `key, value in collection`.
    fn for_directive(&mut self, range: Range<usize>, span: Span) -> Tag {
        let words: Vec<usize> = range
            .clone()
            .filter(|index| {
                self.token(*index)
                    .is_some_and(|token| !is_blank(token.kind))
            })
            .take(4)
            .collect();
        let kind = |at: usize| {
            words
                .get(at)
                .and_then(|index| self.token(*index))
                .map(|token| token.kind)
        };
        let is_in = |at: usize| {
            words
                .get(at)
                .is_some_and(|index| self.is_word(*index, "in"))
        };
        let named = |at: usize| kind(at) == Some(TokenKind::Identifier);
        let (key, value, before) = if named(0) && is_in(1) {
            (None, 0, 1)
        } else if named(0) && kind(1) == Some(TokenKind::Comma) && named(2) && is_in(3) {
            (Some(0), 2, 3)
        } else {
            self.error(
                "Invalid template",
                "A loop is written `%{ for value in list }` or `%{ for key, value in map }`, and ends with `%{ endfor }`.",
                span,
            );
            // It is a loop nevertheless, so that its end is not in the way.
            return Tag::For {
                key: None,
                value: Ident {
                    text: Arc::from(""),
                    span,
                },
                collection: Expr {
                    kind: ExprKind::Value(Value::NULL),
                    span,
                },
            };
        };
        let ident = |at: usize| {
            let token = words.get(at).and_then(|index| self.token(*index));
            token.map(|token| self.ident(token))
        };
        let start = words.get(before).map_or(range.end, |index| index + 1);
        let (key, value) = (key.and_then(ident), ident(value));
        let collection = self.expression(start..range.end);
        match value {
            Some(value) => Tag::For {
                key,
                value,
                collection,
            },
            None => Tag::Broken,
        }
    }

    /// Reads up to what ends the directive around, which `opened` is.
    fn parts(
        &mut self,
        elements: &mut Elements,
        inside: Inside,
        opened: Option<Span>,
    ) -> Vec<Part> {
        let mut parts = Vec::new();
        loop {
            let ends = match elements.peek() {
                None => true,
                Some(Element::Tag(Tag::Else, _)) => inside == Inside::If,
                Some(Element::Tag(Tag::EndIf, _)) => matches!(inside, Inside::If | Inside::Else),
                Some(Element::Tag(Tag::EndFor, _)) => inside == Inside::For,
                Some(_) => false,
            };
            if ends {
                break;
            }
            match elements.next() {
                Some(Element::Text(text)) if text.is_empty() => {}
                Some(Element::Text(text)) => parts.push(Part::Literal(Arc::from(text))),
                Some(Element::Tag(tag, span)) => {
                    if let Some(part) = self.part(elements, tag, span, opened) {
                        parts.push(part);
                    }
                }
                None => {}
            }
        }
        parts
    }

    fn part(
        &mut self,
        elements: &mut Elements,
        tag: Tag,
        span: Span,
        opened: Option<Span>,
    ) -> Option<Part> {
        if self.depth >= MAX_DEPTH {
            self.diagnostics.push(too_deep(span));
            // What is left would only be found to be nested as deeply.
            elements.by_ref().for_each(drop);
            return None;
        }
        self.depth += 1;
        let part = match tag {
            Tag::Interpolation(expr) => Some(Part::Interpolation(expr)),
            Tag::If(condition) => Some(self.if_part(elements, condition, span)),
            Tag::For {
                key,
                value,
                collection,
            } => {
                let body = self.parts(elements, Inside::For, Some(span));
                self.end(elements, span, "endfor");
                Some(Part::For {
                    key,
                    value,
                    collection,
                    body,
                })
            }
            Tag::Broken => None,
            Tag::Else => self.stray("else", "if", span, opened),
            Tag::EndIf => self.stray("endif", "if", span, opened),
            Tag::EndFor => self.stray("endfor", "for", span, opened),
        };
        self.depth -= 1;
        part
    }

    fn if_part(&mut self, elements: &mut Elements, condition: Expr, span: Span) -> Part {
        let then = self.parts(elements, Inside::If, Some(span));
        let mut otherwise = Vec::new();
        if matches!(elements.peek(), Some(Element::Tag(Tag::Else, _))) {
            elements.next();
            otherwise = self.parts(elements, Inside::Else, Some(span));
        }
        self.end(elements, span, "endif");
        Part::If {
            condition,
            then,
            otherwise,
        }
    }

    /// Takes the end of a directive, which is the next element unless there is none.
    fn end(&mut self, elements: &mut Elements, span: Span, word: &str) {
        if elements.next().is_none() {
            let detail = format!(
                "This directive has no end. Add `%{{ {word} }}` where its text ends, in the same string or heredoc."
            );
            self.error("Invalid template", detail, span);
        }
    }

    /// Reports an end without a beginning.
    fn stray(
        &mut self,
        word: &str,
        beginning: &str,
        span: Span,
        opened: Option<Span>,
    ) -> Option<Part> {
        let detail = format!(
            "There is no `%{{ {beginning} … }}` before this `%{{ {word} }}` that it could belong to. Remove it, or add the beginning."
        );
        let mut problem = crate::diag::Diagnostic::error("Invalid template", detail).at(span);
        if let Some(opened) = opened {
            problem = problem.label(opened, "this directive is open here");
        }
        self.diagnostics.push(problem);
        None
    }
}
