//! What is taken back of what was read: where a brace is missing or too many, or a line begins nothing, the lines before it may
//! have been meant otherwise.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Around;
use super::Bodies;
use super::Ends;
use super::Next;
use crate::diag::Span;
use crate::lang::ast::Attribute;
use crate::lang::ast::Block;
use crate::lang::ast::Body;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;
use crate::lang::ast::Ident;
use crate::lang::parse::lines;
use crate::lang::parse::mistakes;
use crate::lang::tokens::Token;

/// Where an item of a file begins, and what had been reported before it. What had been read before it is what begins before it.
#[derive(Clone, Copy, Default)]
pub(super) struct Mark {
    /// Its first byte.
    pub(super) start: usize,
    found: usize,
    unread: usize,
}

impl Bodies<'_> {
    pub(super) fn begins_unindented(&self, token: Token) -> bool {
        let start = token.start as usize;
        lines::begins(self.source.text, start) && lines::indent(self.source.text, start) == 0
    }

    /// Whether a brace is indented further than the block that it would close, or stands behind something in the last line of
    /// several, while such are looked for.
    pub(super) fn is_early(&mut self, token: Token, around: Around) -> bool {
        let start = token.start as usize;
        let text = self.source.text;
        let is_early = if lines::begins(text, start) {
            lines::indent(text, start) > around.indent
        } else {
            let content = text.get(around.brace.start as usize..start);
            content.is_some_and(|content| content.contains('\n'))
        };
        match &mut self.early {
            Some(count) if is_early => *count += 1,
            _ => return false,
        }
        true
    }

    /// Reports such a brace.
    pub(super) fn early(&mut self, body: &mut Body, token: Token) {
        let finding = mistakes::no_item(self.source, token);
        self.report(finding);
        self.doubt_last(body, token);
        self.doubt_deeper(body, token);
        self.take();
        self.skip_line(token);
    }

    /// A brace closes nothing, and ends at this byte. Reads once more what was read since the last item that is not indented, to see
    /// whether it is another one that is too many: one that is indented further than the block that it closes.
    pub(super) fn search(
        &mut self,
        end: usize,
        body: &mut Body,
        names: &mut BTreeMap<Arc<str>, Span>,
    ) {
        self.searched = end;
        self.back_to(self.anchor, body, names);
        let ends = std::mem::replace(&mut self.ends, Ends::ByIndentation);
        self.early = Some(0);
        while self.at < end && self.step(body, names, None) == Next::Item {}
        let whole = self.ends == Ends::ByIndentation && self.at >= end;
        self.ends = ends;
        let found = self.found.get(self.anchor.found..).unwrap_or(&[]);
        let blocks = body.blocks.iter().rev();
        let since = blocks.take_while(|block| block.span.start as usize >= self.anchor.start);
        let explained = matches!(found.len(), 1 | 2) && since.count() == 1;
        if self.early.take().is_none_or(|count| count > 1) || !whole || !explained {
            self.back_to(self.anchor, body, names);
        }
    }

    /// The place before the item that begins at this byte.
    pub(super) fn mark(&self, start: usize) -> Mark {
        Mark {
            start,
            found: self.found.len(),
            unread: self.unread.len(),
        }
    }

    /// Goes back to a place in the file, as if nothing after it had been read.
    pub(super) fn back_to(
        &mut self,
        mark: Mark,
        body: &mut Body,
        names: &mut BTreeMap<Arc<str>, Span>,
    ) {
        let before = |span: Span| (span.start as usize) < mark.start;
        body.attributes
            .retain(|attribute| before(attribute.name.span));
        body.blocks.retain(|block| before(block.span));
        names.retain(|_, first| before(*first));
        self.found.truncate(mark.found);
        self.unread.truncate(mark.unread);
        self.resume_at(mark.start);
        self.in_line = false;
    }

    /// Takes back what was read since the last item that is not indented: a brace closes nothing there, so that another one
    /// may have closed a block too early. Not if that item ends as it begins.
    pub(super) fn doubt(&mut self, body: &mut Body) {
        let start = self.anchor.start;
        let since = |span: Span| span.start as usize >= start;
        let attributes = body.attributes.iter();
        let mut blocks = body.blocks.iter().filter(|block| since(block.span));
        let alone = !attributes
            .clone()
            .any(|attribute| since(attribute.name.span));
        let sound = self.unread.iter().all(|unread| unread.start < start);
        if let (Some(block), None, true) = (blocks.next(), blocks.next(), alone && sound) {
            let end = block.body.span.end as usize;
            let text = self.source.text;
            if lines::begins(text, end - 1) && lines::indent(text, end - 1) == 0 {
                return;
            }
        }
        body.attributes
            .retain(|attribute| !since(attribute.name.span));
        body.blocks.retain(|block| !since(block.span));
        self.unread.push(start..self.at);
    }

    /// Takes back what is indented further than a brace that closes too early: it may belong to the block before it.
    pub(super) fn doubt_deeper(&mut self, body: &mut Body, brace: Token) {
        let text = self.source.text;
        let own = lines::indent(text, brace.start as usize);
        let deeper = |span: Span| lines::indent(text, span.start as usize) > own;
        let attributes = body.attributes.iter().map(|attribute| attribute.name.span);
        let blocks = body.blocks.iter().map(Block::whole);
        let Some(first) = attributes.chain(blocks).filter(|span| deeper(*span)).min() else {
            return;
        };
        body.attributes
            .retain(|attribute| attribute.name.span.start < first.start);
        body.blocks.retain(|block| block.span.start < first.start);
        let last = body.blocks.last().map(|block| block.body.span.end as usize);
        let start = last.map_or(first.start as usize, |end| end - 1);
        self.unread.push(start..brace.end as usize);
    }

    /// Takes back the value of the attribute before a token that begins nothing: it may have been to go on.
    pub(super) fn doubt_last(&mut self, body: &mut Body, token: Token) {
        let Some(last) = body.attributes.last_mut() else {
            return;
        };
        let (end, start) = (last.expr.span.end as usize, token.start as usize);
        let between = self.source.text.get(end..start).unwrap_or("");
        if between.trim().is_empty() && between.matches('\n').count() < 2 {
            last.expr.kind = ExprKind::Unread;
            self.unread.push(last.name.span.start as usize..end);
        }
    }

    /// Reports a block that has no end.
    pub(super) fn unclosed(&mut self, brace: Token) {
        self.report(mistakes::unclosed(self.source, brace));
        self.unread.push(brace.range());
    }

    /// Adds an attribute that could not be read, unless there is another one of its name.
    pub(super) fn add_unread(&self, name: Ident, body: &mut Body) {
        let mut attributes = body.attributes.iter();
        if attributes.any(|attribute| attribute.name.text == name.text) {
            return;
        }
        let end = u32::try_from(self.at).unwrap_or(u32::MAX);
        let span = Span {
            end: end.max(name.span.end),
            ..name.span
        };
        let kind = ExprKind::Unread;
        body.attributes.push(Attribute {
            name,
            expr: Expr { kind, span },
        });
    }
}
