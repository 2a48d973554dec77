//! Blocks: headers, bodies, and where they end.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Around;
use super::Bodies;
use super::Next;
use crate::diag::Span;
use crate::lang::ast::Block;
use crate::lang::ast::Body;
use crate::lang::ast::Ident;
use crate::lang::parse::expression::MAX_DEPTH;
use crate::lang::parse::expression::Reader;
use crate::lang::parse::expression::too_deep;
use crate::lang::parse::gather::Gathered;
use crate::lang::parse::lines;
use crate::lang::parse::mistakes;
use crate::lang::tokens::Token;
use crate::lang::tokens::TokenKind;

impl Bodies<'_> {
    /// Reads a block behind its kind. `None` if it has no body.
    pub(super) fn block(&mut self, kind: Ident, first: Token) -> Option<Block> {
        let mut labels = Vec::new();
        let brace = loop {
            let token = self.significant();
            match token.map(|token| (token.kind, token)) {
                Some((TokenKind::OpenBrace, brace)) => break brace,
                Some((TokenKind::Identifier, token)) => {
                    self.take();
                    labels.push(self.ident(token));
                }
                Some((TokenKind::OpenQuote, token)) => {
                    let Some(label) = self.label(token) else {
                        self.skip_line(first);
                        self.skip_content(first);
                        return None;
                    };
                    labels.push(label);
                }
                _ => {
                    let finding = mistakes::no_brace(self.source, first, token, !labels.is_empty());
                    self.report(finding);
                    if self.brace_follows() {
                        continue;
                    }
                    self.skip_line(first);
                    let quoted = |label: &Ident| {
                        (label.span.end - label.span.start) as usize > label.text.len()
                    };
                    let at_end = token.is_none_or(|token| token.kind.ends_line());
                    if at_end || labels.iter().any(quoted) {
                        self.skip_content(first);
                    }
                    return None;
                }
            }
        };
        self.take();
        labels.shrink_to_fit();
        let span = labels
            .last()
            .map_or(kind.span, |last: &Ident| kind.span.to(last.span));
        if self.depth >= MAX_DEPTH {
            self.report(too_deep(span));
            self.resume_at(self.source.text.len());
            self.unread.push(first.start as usize..self.at);
            return None;
        }
        self.depth += 1;
        let indent = lines::indent(self.source.text, first.start as usize);
        let outer = self.around.replace(indent);
        let body = self.content(Around {
            start: first.start as usize,
            brace,
            indent,
        });
        self.around = outer;
        self.depth -= 1;
        Some(Block {
            kind,
            labels,
            body,
            span,
        })
    }

    /// Reads a quoted label.
    fn label(&mut self, quote: Token) -> Option<Ident> {
        self.take();
        let mut text = String::new();
        let mut end = quote;
        let mut template = None;
        while let Some(token) = self.peek() {
            if token.kind == TokenKind::QuotedNewline {
                self.report(mistakes::unclosed(self.source, quote));
                self.resume_at(token.start as usize);
                return None;
            }
            self.take();
            end = token;
            match token.kind {
                TokenKind::CloseQuote if template.is_none_or(|(_, open)| open == 0) => break,
                TokenKind::QuotedLiteral if template.is_none() => {
                    let nothing = Gathered::default();
                    let mut reader = Reader::new(self.source, &nothing);
                    text.push_str(
                        &reader.unescaped(self.source.text_of(token), token.start as usize),
                    );
                    for finding in reader.diagnostics {
                        self.report(finding);
                        self.unread.push(token.range());
                    }
                }
                kind => {
                    let (start, open) = template.unwrap_or((token, 0));
                    let change = match kind {
                        TokenKind::OpenQuote => 1,
                        TokenKind::CloseQuote => -1,
                        kind => kind.bracket_change(),
                    };
                    template = Some((start, open + change));
                }
            }
        }
        if end.kind != TokenKind::CloseQuote || end.start == quote.start {
            self.report(mistakes::unclosed(self.source, quote));
            return None;
        }
        let span = self.source.span(quote.start as usize..end.end as usize);
        if template.is_some() {
            self.report(mistakes::template_in_label(span));
            self.unread.push(quote.start as usize..end.end as usize);
        }
        Some(Ident {
            text: Arc::from(text),
            span,
        })
    }

    /// Reads the content of a block and its closing brace.
    fn content(&mut self, around: Around) -> Body {
        let mut body = Body::default();
        let mut names = BTreeMap::new();
        let one_line = self
            .significant()
            .is_some_and(|token| !token.kind.ends_line());
        let start = around.brace.start as usize;
        self.in_line = false;
        let found = self.found.len();
        if one_line {
            self.one_line(around, &mut body, &mut names);
            if self.found.len() > found {
                // Of the header it is not sure either where it ends.
                self.unread.push(around.start..start + 1);
            }
        } else {
            while self.step(&mut body, &mut names, Some(around)) == Next::Item {}
        }
        self.close(around);
        body.attributes.shrink_to_fit();
        body.blocks.shrink_to_fit();
        body.span = self.source.span(start..self.at);
        body
    }

    /// Whether a block's brace stands, by mistake, behind the line break that comes next.
    pub(super) fn brace_on_next_line(&self) -> bool {
        let rest = self.source.text.get(self.at..).unwrap_or("");
        let blank = [' ', '\t', '\r', '\n'];
        rest.trim_start_matches(blank).starts_with('{')
    }

    /// Takes the line breaks before such a brace. Whether there were any.
    fn brace_follows(&mut self) -> bool {
        let follows = self.brace_on_next_line();
        let mut taken = false;
        while follows
            && let Some(token) = self.significant()
            && token.kind == TokenKind::Newline
        {
            self.take();
            taken = true;
        }
        taken
    }

    /// Reads a block's content that begins on the line of its brace: at most one attribute, and the closing brace.
    fn one_line(&mut self, around: Around, body: &mut Body, names: &mut BTreeMap<Arc<str>, Span>) {
        let Some(first) = self.significant() else {
            self.end_of_file(around.brace);
            return;
        };
        if first.kind == TokenKind::CloseBrace {
            return;
        }
        let found = self.found.len();
        if self.step(body, names, Some(around)) == Next::End {
            return;
        }
        let next = self.significant();
        let closed = next.is_some_and(|token| token.kind == TokenKind::CloseBrace);
        if found == self.found.len() && !(closed && body.blocks.is_empty()) {
            let place = match body.blocks.first() {
                Some(block) => Span {
                    end: block.body.span.start + 1,
                    ..block.span
                },
                None => self.source.at(next.unwrap_or(first)),
            };
            let finding = mistakes::one_line(place);
            self.report(finding);
            self.unread.push(place.start as usize..place.end as usize);
        }
        self.in_line = false;
        while self.step(body, names, Some(around)) == Next::Item {
            // Where the brace stands has been said.
            let closed = self
                .significant()
                .is_some_and(|token| token.kind == TokenKind::CloseBrace);
            self.in_line &= !closed;
        }
    }

    /// Takes a block's closing brace, if it is there and is this block's.
    fn close(&mut self, around: Around) {
        let Some(token) = self.significant() else {
            return;
        };
        if token.kind != TokenKind::CloseBrace {
            return;
        }
        let start = token.start as usize;
        if self.by_indentation()
            && lines::begins(self.source.text, start)
            && lines::indent(self.source.text, start) < around.indent
        {
            self.unclosed(around.brace);
            return;
        }
        self.take();
        self.in_line = true;
    }

    /// Takes the lines behind a line that could not be read if it ends as the header of a block does.
    pub(super) fn skip_content_of(&mut self, first: Token) {
        let rest = self.source.text.get(first.start as usize..).unwrap_or("");
        let line = rest.lines().next().unwrap_or("");
        let here = self.at <= first.start as usize + line.len();
        if here && line.trim_end().ends_with('{') {
            self.skip_content(first);
        }
    }

    /// Takes the lines behind a header without a brace that are indented further, and what closes them.
    fn skip_content(&mut self, first: Token) {
        let text = self.source.text;
        let own = lines::indent(text, first.start as usize);
        if self.around.is_some_and(|around| own <= around) {
            return;
        }
        let rest = text.get(self.at..).unwrap_or("");
        let mut end = if self.at == 0 || text.as_bytes().get(self.at - 1) == Some(&b'\n') {
            0
        } else {
            rest.find('\n').map_or(rest.len(), |newline| newline + 1)
        };
        let mut content = false;
        for line in rest.get(end..).unwrap_or("").split_inclusive('\n') {
            let blank = line.trim().is_empty();
            let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
            if !blank && indent <= own {
                let closing = line.trim_start_matches([' ', '\t']);
                if content && indent == own && closing.starts_with('}') {
                    end += indent + 1;
                }
                break;
            }
            content |= !blank;
            end += line.len();
        }
        if content {
            self.resume_at(self.at + end);
            self.in_line = false;
            self.unread.push(first.start as usize..self.at);
        }
    }
}
