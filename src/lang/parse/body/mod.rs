//! The structure of a file: its attributes and blocks, read from the tokens as they come.
//!
//! Only the tokens of one expression are kept at a time, so memory does not grow with the file beyond the tree. After a mistake
//! reading goes on at the next line that begins an attribute or a block, in whatever block that is. What is left open is
//! found by what cannot stand inside of it. If that finds nothing and the end of the file comes, the item is read once more, and
//! this time the indentation says where things end. What could not be read is noted as damage.

mod block;
mod doubt;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::diag::Damage;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::FileId;
use crate::diag::Span;
use crate::lang::ast::Attribute;
use crate::lang::ast::Body;
use crate::lang::ast::Ident;
use crate::lang::parse::Parsed;
use crate::lang::parse::expression::Reader;
use crate::lang::parse::expression::ends_value;
use crate::lang::parse::expression::is_blank;
use crate::lang::parse::gather::Gathered;
use crate::lang::parse::gather::Mismatch;
use crate::lang::parse::lines;
use crate::lang::parse::mistakes;
use crate::lang::parse::source::Source;
use crate::lang::tokens::Scanner;
use crate::lang::tokens::Token;
use crate::lang::tokens::TokenKind;
use crate::lang::tokens::is_closed_comment;
use doubt::Mark;

/// More mistakes than this in one file are not worth reading.
const MAX_ERRORS: usize = 100;

/// Reads a file.
pub(super) fn read(file: FileId, text: &str) -> Parsed {
    let source = Source {
        file,
        text,
        positions: None,
    };
    let mut bodies = Bodies {
        source,
        scanner: Scanner::new(text),
        peeked: None,
        at: 0,
        gathered: Gathered::default(),
        found: Vec::new(),
        unread: Vec::new(),
        depth: 0,
        ends: Ends::ByBrackets,
        in_line: false,
        anchor: Mark::default(),
        stray: None,
        around: None,
        searched: 0,
        early: None,
    };
    let body = bodies.file();
    let mut diagnostics = Diagnostics::new();
    bodies
        .found
        .into_iter()
        .for_each(|finding| diagnostics.push(finding));
    let mut damage = Damage::default();
    for range in bodies.unread {
        damage.add(source.span(range.clone()), text.get(range).unwrap_or(""));
    }
    Parsed {
        body,
        diagnostics,
        damage,
    }
}

/// Reads bodies.
struct Bodies<'a> {
    source: Source<'a>,
    scanner: Scanner<'a>,
    peeked: Option<Token>,
    /// One past the last byte that was taken.
    at: usize,
    /// The tokens of the expression that is being read.
    gathered: Gathered,
    found: Vec<Diagnostic>,
    /// What could not be read.
    unread: Vec<Range<usize>>,
    depth: usize,
    ends: Ends,
    /// Whether an item has ended on the line that is being read.
    in_line: bool,
    /// The last item that stands in no block and is not indented.
    anchor: Mark,
    /// One past a brace that closes nothing; it is looked for where another one closes too early.
    stray: Option<usize>,
    /// How far the block around is indented.
    around: Option<usize>,
    /// How far such braces have been looked for.
    searched: usize,
    /// The braces that are indented further than what they close, while they are looked for.
    early: Option<usize>,
}

/// What says where things end.
#[derive(Clone, Copy, PartialEq)]
enum Ends {
    /// Their brackets.
    ByBrackets,
    /// Their brackets, and the file has ended inside of something.
    RanOut,
    /// The indentation, too.
    ByIndentation,
    /// The indentation, and it has been reported that the file ends inside of something.
    Reported,
}

/// A block around what is read.
#[derive(Clone, Copy)]
struct Around {
    /// The first byte of its header.
    start: usize,
    /// Its `{`.
    brace: Token,
    /// How far its first line is indented.
    indent: usize,
}

/// How a body went on after an item.
#[derive(Clone, Copy, PartialEq)]
enum Next {
    Item,
    /// It has ended.
    End,
}

impl Bodies<'_> {
    fn peek(&mut self) -> Option<Token> {
        if self.peeked.is_none() {
            self.peeked = self.scanner.next();
        }
        self.peeked
    }

    fn take(&mut self) -> Option<Token> {
        let token = self.peek();
        self.peeked = None;
        if let Some(token) = token {
            self.at = token.end as usize;
        }
        token
    }

    /// The next token that means something or ends a line.
    fn significant(&mut self) -> Option<Token> {
        while let Some(token) = self.peek() {
            if !token.kind.is_trivia() {
                return Some(token);
            }
            self.take();
            self.check_comment(token);
        }
        None
    }

    fn check_comment(&mut self, token: Token) {
        if token.kind == TokenKind::BlockComment && !is_closed_comment(self.source.text_of(token)) {
            let start = token.start as usize;
            self.report(mistakes::open_comment(self.source.span(start..start + 2)));
            self.unread.push(start..token.end as usize);
        }
    }

    /// Goes on at a byte, as if nothing were open there.
    fn resume_at(&mut self, at: usize) {
        self.scanner.resume_at(at);
        self.peeked = None;
        self.at = at;
    }

    fn report(&mut self, finding: Diagnostic) {
        if self.found.len() < MAX_ERRORS {
            self.found.push(finding);
        }
    }

    fn too_many(&self) -> bool {
        self.found.len() >= MAX_ERRORS
    }

    /// Whether the line that begins at the next byte belongs to none of what is open there: `own` is how far the item that is
    /// being read is indented.
    fn interrupts(&self, own: usize, innermost: TokenKind) -> bool {
        let rest = self.source.text.get(self.at..).unwrap_or("");
        let Some(line) = lines::beginning(rest) else {
            return false;
        };
        if self.by_indentation() {
            return line.indent <= own;
        }
        line.is_block || matches!(innermost, TokenKind::OpenBracket | TokenKind::OpenParen)
    }

    fn file(&mut self) -> Body {
        let mut body = Body::default();
        let mut names = BTreeMap::new();
        loop {
            let before = self.mark(self.at);
            let next = self.step(&mut body, &mut names, None);
            if self.ends == Ends::RanOut {
                self.ends = Ends::ByIndentation;
                self.back_to(before, &mut body, &mut names);
            } else if let Some(end) = self.stray.take() {
                self.search(end, &mut body, &mut names);
            } else if next == Next::End || self.too_many() {
                break;
            }
        }
        if self.too_many() {
            self.found.push(mistakes::too_many(self.source.file));
            self.unread.push(self.at..self.source.text.len());
        }
        body
    }

    /// Reads one item of a body, or what stands in its place.
    fn step(
        &mut self,
        body: &mut Body,
        names: &mut BTreeMap<Arc<str>, Span>,
        around: Option<Around>,
    ) -> Next {
        let Some(token) = self.significant() else {
            if let Some(around) = around {
                self.end_of_file(around.brace);
            }
            return Next::End;
        };
        let brace_or_end = token.kind == TokenKind::CloseBrace || token.kind.ends_line();
        if around.is_none() && !brace_or_end && self.begins_unindented(token) {
            self.anchor = self.mark(token.start as usize);
        }
        match token.kind {
            kind if kind.ends_line() => {
                self.take();
                self.in_line = false;
            }
            TokenKind::CloseBrace if around.is_some_and(|around| self.is_early(token, around)) => {
                self.early(body, token);
            }
            TokenKind::CloseBrace if around.is_some() => {
                if std::mem::take(&mut self.in_line) {
                    self.report(mistakes::same_line(self.source, token));
                }
                return Next::End;
            }
            kind if kind != TokenKind::CloseBrace && std::mem::take(&mut self.in_line) => {
                self.report(mistakes::same_line(self.source, token));
                let last = body.blocks.last().map(|block| block.body.span.end as usize);
                if let Some(end) = last
                    && lines::begins(
                        self.source.text.get(end..).unwrap_or(""),
                        token.start as usize - end,
                    )
                {
                    // Its brace may close it too early.
                    self.unread.push(end - 1..end);
                }
                self.skip_line(token);
            }
            TokenKind::Identifier => {
                if let Some(around) = around
                    && self.by_indentation()
                    && self.begins_outside(token, around)
                {
                    self.unclosed(around.brace);
                    return Next::End;
                }
                self.item(token, body, names);
            }
            TokenKind::CloseBrace if self.searched < token.end as usize => {
                self.stray = Some(token.end as usize);
            }
            _ => {
                if token.kind == TokenKind::CloseBrace {
                    self.doubt(body);
                }
                self.doubt_last(body, token);
                let finding = mistakes::no_item(self.source, token);
                self.report(finding);
                if token.kind == TokenKind::OpenBrace
                    && !lines::begins(self.source.text, token.start as usize)
                {
                    // Behind the brace of a header, a second one.
                    self.take();
                } else {
                    self.skip_line(token);
                }
            }
        }
        if self.too_many() {
            return Next::End;
        }
        Next::Item
    }

    /// Whether the line that begins with a token is indented no further than the block around, so that it does not stand in it.
    fn begins_outside(&self, token: Token, around: Around) -> bool {
        let indent = lines::indent(self.source.text, token.start as usize);
        let on_its_line = lines::begins(self.source.text, token.start as usize);
        let rest = self.source.text.get(token.start as usize..).unwrap_or("");
        on_its_line && indent <= around.indent && lines::beginning(rest).is_some()
    }

    /// The file has ended inside of something.
    fn end_of_file(&mut self, opener: Token) {
        match self.ends {
            Ends::ByBrackets => self.ends = Ends::RanOut,
            // Of several that are open only the innermost is reported.
            Ends::ByIndentation => {
                self.ends = Ends::Reported;
                self.unclosed(opener);
            }
            Ends::Reported => self.unread.push(opener.range()),
            Ends::RanOut => {}
        }
    }

    fn by_indentation(&self) -> bool {
        matches!(self.ends, Ends::ByIndentation | Ends::Reported)
    }

    fn item(&mut self, first: Token, body: &mut Body, names: &mut BTreeMap<Arc<str>, Span>) {
        self.take();
        let name = self.ident(first);
        match self.significant().map(|token| token.kind) {
            Some(TokenKind::Assign) => {
                self.take();
                match self.attribute(name.clone(), first) {
                    Some(attribute) => self.add(attribute, body, names),
                    None => self.add_unread(name, body),
                }
            }
            Some(TokenKind::OpenBrace | TokenKind::OpenQuote | TokenKind::Identifier) => {
                if let Some(block) = self.block(name, first) {
                    body.blocks.push(block);
                }
            }
            Some(TokenKind::Newline) if self.brace_on_next_line() => {
                if let Some(block) = self.block(name, first) {
                    body.blocks.push(block);
                }
            }
            _ => {
                let next = self.peek();
                let finding = mistakes::no_assignment(self.source, first, next);
                self.report(finding);
                self.doubt_last(body, first);
                self.skip_line(first);
                self.add_unread(name, body);
            }
        }
    }

    fn ident(&self, token: Token) -> Ident {
        Ident {
            text: Arc::from(self.source.text_of(token)),
            span: self.source.at(token),
        }
    }

    fn add(&mut self, attribute: Attribute, body: &mut Body, names: &mut BTreeMap<Arc<str>, Span>) {
        let name = &attribute.name;
        if let Some(first) = names.insert(Arc::clone(&name.text), name.span) {
            let finding = mistakes::set_twice(name, first);
            self.report(finding);
            return;
        }
        // In place of one that could not be read.
        body.attributes
            .retain(|other| other.name.text != attribute.name.text);
        body.attributes.push(attribute);
    }

    /// Reads the value of an attribute and the end of its line. `None` if there is a mistake in it, which has been reported.
    fn attribute(&mut self, name: Ident, first: Token) -> Option<Attribute> {
        let start = first.start as usize;
        let unread = self.unread.len();
        let whole = self.gather(first);
        self.in_line = whole;
        if !whole || self.unread.len() > unread {
            self.skip_content_of(first);
            self.unread.push(start..self.at);
            return None;
        }
        let gathered = std::mem::take(&mut self.gathered);
        let attribute = if gathered.tokens.iter().all(|token| is_blank(token.kind)) {
            let finding = mistakes::no_value_of(&name);
            self.report(finding);
            None
        } else {
            let mut reader = Reader::new(self.source, &gathered);
            reader.dotted_keys = &*name.text == "providers";
            let expr = reader.expression(reader.all());
            let found = reader.diagnostics;
            let failed = found.has_errors();
            found.into_iter().for_each(|finding| self.report(finding));
            (!failed).then_some(Attribute { name, expr })
        };
        let ends = gathered.tokens.iter().rfind(|token| !is_blank(token.kind));
        let goes_on = ends.is_some_and(|last| !ends_value(last.kind));
        self.gathered = gathered;
        if attribute.is_none() {
            self.unread.push(start..self.at);
            if goes_on {
                self.skip_rest(first);
            }
        }
        attribute
    }

    /// Gathers the tokens up to the end of the item's last line, or to the brace that closes the block around it. False if they
    /// do not fit together, which has been reported.
    fn gather(&mut self, first: Token) -> bool {
        self.gathered.clear();
        let own = lines::indent(self.source.text, first.start as usize);
        let mut whole = true;
        while let Some(token) = self.peek() {
            let innermost = self.gathered.innermost();
            match (token.kind, innermost) {
                (kind, None) if kind.ends_line() => return whole,
                (TokenKind::CloseBrace, None) => return whole,
                (TokenKind::QuotedNewline, Some(open)) => {
                    self.take();
                    if whole {
                        let open = self.gathered.open_sequence().unwrap_or(open);
                        self.report(mistakes::unclosed(self.source, open));
                    }
                    self.resume_at(token.start as usize);
                    return false;
                }
                (TokenKind::BlockComment, _) => self.check_comment(token),
                _ => {}
            }
            if let Some(problem) = self.misfit(token) {
                if std::mem::take(&mut whole) {
                    self.report(problem);
                }
                if self.closes_block(token) {
                    self.resume_at(token.start as usize);
                    return false;
                }
            }
            self.take();
            self.gathered.push(token);
            if token.kind.ends_line()
                && let Some(open) = self.gathered.innermost()
                && self.interrupts(own, open.kind)
            {
                if whole {
                    self.report(mistakes::unclosed(self.source, open));
                }
                self.resume_at(self.at);
                return false;
            }
        }
        let Some(open) = self.gathered.innermost() else {
            return whole;
        };
        if whole {
            self.open_at_end(open);
        }
        false
    }

    /// What is wrong with a token of an expression.
    fn misfit(&self, token: Token) -> Option<Diagnostic> {
        if token.kind == TokenKind::Invalid {
            return Some(mistakes::invalid(self.source, token));
        }
        Some(match self.gathered.mismatch(token)? {
            Mismatch::NothingOpen => mistakes::stray(self.source, token),
            Mismatch::Unclosed(open) => mistakes::unclosed(self.source, open),
            Mismatch::Other(open) if self.closes_block(token) => {
                mistakes::unclosed(self.source, open)
            }
            Mismatch::Other(open) => mistakes::wrong_sign(self.source, open, token),
        })
    }

    /// Whether it is a brace that fits to nothing in the expression, and so closes the block around.
    fn closes_block(&self, token: Token) -> bool {
        token.kind == TokenKind::CloseBrace
            && self.depth > 0
            && matches!(self.gathered.mismatch(token), Some(Mismatch::Other(_)))
    }

    /// The file has ended inside of an expression.
    fn open_at_end(&mut self, open: Token) {
        match open.kind {
            TokenKind::OpenQuote => {
                let open = self.gathered.open_sequence().unwrap_or(open);
                self.report(mistakes::unclosed(self.source, open));
            }
            TokenKind::OpenHeredoc => {
                self.report(mistakes::unclosed(self.source, open));
                // What follows it is not text, perhaps.
                let from = open.end as usize;
                let rest = self.source.text.get(from..).unwrap_or("");
                if let Some(next) = lines::next_block(rest) {
                    self.resume_at(from + next);
                }
            }
            _ => self.end_of_file(open),
        }
    }

    /// Takes the next line if it is no item: it was to be part of the one before.
    fn skip_rest(&mut self, first: Token) {
        if self
            .significant()
            .is_some_and(|token| token.kind == TokenKind::Newline)
        {
            self.take();
            let rest = self.source.text.get(self.at..).unwrap_or("");
            let stands_alone = rest
                .trim_start_matches([' ', '\t'])
                .starts_with(['\n', '\r', '}', '#', '/']);
            if !stands_alone && lines::beginning(rest).is_none() {
                self.skip_line(first);
            } else {
                self.in_line = false;
            }
        }
    }

    /// Takes the rest of a line that has been reported, with all brackets that open in it.
    fn skip_line(&mut self, first: Token) {
        self.in_line = false;
        let found = self.found.len();
        let ends = self.ends;
        self.gather(first);
        self.found.truncate(found);
        self.ends = ends;
        self.skip_content_of(first);
        self.unread.push(first.start as usize..self.at);
        // No block is open here that it could close.
        if self.depth == 0
            && self
                .peek()
                .is_some_and(|token| token.kind == TokenKind::CloseBrace)
        {
            self.take();
        }
    }
}
