//! Text to tree.
//!
//! The structure of a file is read from its tokens ([`body`]), so that a mistake spoils one attribute and memory is bounded by
//! the largest. `hcl-edit` does the grammar of expressions, of which templates, objects and tuples are read piece by piece
//! ([`expression`], [`template`]); its tree is lowered to [`ast`](super::ast) at once and dropped. Messages for people are in
//! [`mistakes`]. Every text is untrusted: whatever it holds, the result is a tree or a diagnostic.

#[cfg(test)]
mod acceptance;
mod bidirectional;
mod body;
mod expression;
mod gather;
mod lines;
mod literal;
mod lower;
mod mistakes;
mod source;
mod template;
#[cfg(test)]
mod tests;

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use super::ast::Body;
use super::ast::Expr;
use super::ast::ExprKind;
use super::grammar::Grammar;
use super::grammar::Language;
use super::json::read_body;
use super::tokens::Scanner;
use super::tokens::TokenKind;
use super::tokens::is_closed_comment;
use crate::diag::Damage;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::FileId;
use crate::diag::Span;
use expression::Reader;
use gather::Gathered;
use gather::Mismatch;
pub(super) use literal::normalized;
pub(super) use literal::unescape_quoted;
pub(super) use source::Source as Embedded;

/// Enough for the parser's 64 levels of nesting in a debug build, several times over.
const STACK: usize = 16 << 20;
/// With fewer signs that open a level, any thread's stack is enough.
const SHALLOW: usize = 16;
/// Spans are `u32`, and no configuration is larger.
const MAX_BYTES: usize = 256 << 20;

/// Reads a file. After a mistake it goes on at the next block, so that one pass finds several; what could not be read is
/// missing from the result.
pub fn parse_body(file: FileId, text: &str, diagnostics: &mut Diagnostics) -> Body {
    let parsed = parse_text(file, text);
    diagnostics.extend(parsed.diagnostics);
    parsed.body
}

/// The same with what could not be read.
pub(super) fn parse_text(file: FileId, text: &str) -> Parsed {
    let source = SourceFile {
        file,
        text,
        syntax: Syntax::Native,
    };
    let read = || parse_file(&source, &Language);
    with_stack(text, read).unwrap_or_else(Parsed::failed)
}

/// A file to read.
#[derive(Clone, Copy, Debug)]
pub struct SourceFile<'t> {
    /// Which it is.
    pub file: FileId,
    /// What it holds.
    pub text: &'t str,
    /// How it is written.
    pub syntax: Syntax,
}

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// HCL's native syntax.
    Native,
    /// HCL's JSON syntax.
    Json,
}

/// A file that has been read.
#[derive(Clone, Debug, Default)]
pub struct Parsed {
    /// What could be read.
    pub body: Body,
    /// What is wrong with it.
    pub diagnostics: Diagnostics,
    /// What could not be read.
    pub damage: Damage,
}

impl Parsed {
    /// A file that could not be read at all.
    fn failed(diagnostics: Diagnostics) -> Self {
        let mut damage = Damage::default();
        damage.add_unknown();
        Self {
            body: Body::default(),
            diagnostics,
            damage,
        }
    }
}

/// Reads files, on so many threads; the results are in the order of the files.
pub fn parse_files(files: &[SourceFile<'_>], grammar: &dyn Grammar, threads: usize) -> Vec<Parsed> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some((index, file)) = take(&next, files) {
            done.push((index, parse_file(file, grammar)));
        }
        done
    };
    let mut results: Vec<Option<Parsed>> = files.iter().map(|_| None).collect();
    std::thread::scope(|scope| {
        let spawn = |_| {
            std::thread::Builder::new()
                .stack_size(STACK)
                .spawn_scoped(scope, work)
        };
        // Where no thread starts, the files are read below.
        let workers: Vec<_> = (0..threads.clamp(1, files.len().max(1)))
            .map_while(|number| spawn(number).ok())
            .collect();
        for (index, parsed) in workers
            .into_iter()
            .filter_map(|worker| worker.join().ok())
            .flatten()
        {
            if let Some(slot) = results.get_mut(index) {
                *slot = Some(parsed);
            }
        }
    });
    let missing = |file: &SourceFile<'_>| {
        let what = "The parser stopped in the middle of the file.";
        Parsed::failed(parser_failed(what, file.file))
    };
    results
        .into_iter()
        .zip(files)
        .map(|(parsed, file)| parsed.unwrap_or_else(|| missing(file)))
        .collect()
}

fn take<'f, 't>(
    next: &AtomicUsize,
    files: &'f [SourceFile<'t>],
) -> Option<(usize, &'f SourceFile<'t>)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    files.get(index).map(|file| (index, file))
}

/// Reads a file where there is stack enough.
fn parse_file(source: &SourceFile<'_>, grammar: &dyn Grammar) -> Parsed {
    let SourceFile { file, text, syntax } = *source;
    let mut parsed = if let Some(problem) = unreadable(file, text) {
        Parsed::failed(problem.into())
    } else if syntax == Syntax::Json {
        read_body(file, text, grammar)
    } else {
        body::read(file, text)
    };
    parsed
        .diagnostics
        .extend(bidirectional::warnings(file, text));
    parsed.body.span = span_of(file, 0, text.len());
    parsed
}

/// Reads one expression, as in `--var` or in a stored residual. `None` if it was not one, which has been reported.
pub fn parse_expression(file: FileId, text: &str, diagnostics: &mut Diagnostics) -> Option<Expr> {
    whole(file, text, diagnostics, |text, found| {
        read_expression(text, found)
    })
}

/// Reads a template without quotes, as a file for `templatefile` holds it; a template of one interpolation is its value.
/// `None` if it was not one, which has been reported.
pub fn parse_template(file: FileId, text: &str, diagnostics: &mut Diagnostics) -> Option<Expr> {
    let span = span_of(file, 0, text.len());
    let kind = whole(file, text, diagnostics, |text, found| {
        read_template(text, found)
    });
    kind.map(|kind| Expr { kind, span })
}

/// Reads the whole of a text.
fn whole<T: Send>(
    file: FileId,
    text: &str,
    diagnostics: &mut Diagnostics,
    read: impl FnOnce(&Embedded<'_>, &mut Diagnostics) -> Option<T> + Send,
) -> Option<T> {
    if let Some(problem) = unreadable(file, text) {
        diagnostics.push(problem);
        return None;
    }
    let read = || {
        let mut found = Diagnostics::new();
        let text = Embedded {
            file,
            text,
            positions: None,
        };
        (read(&text, &mut found), found)
    };
    let (read, found) = with_stack(text, read).unwrap_or_else(|problem| (None, problem));
    let failed = found.has_errors();
    diagnostics.extend(found);
    read.filter(|_| !failed)
}

/// Reads an expression where there is stack enough.
pub(super) fn read_expression(text: &Embedded<'_>, diagnostics: &mut Diagnostics) -> Option<Expr> {
    let gathered = gather(*text, Scanner::new(text.text), diagnostics)?;
    let mut reader = Reader::new(*text, &gathered);
    let expr = reader.expression(reader.all());
    diagnostics.extend(reader.diagnostics);
    Some(expr)
}

/// Reads a template where there is stack enough.
pub(super) fn read_template(
    text: &Embedded<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<ExprKind> {
    let gathered = gather(*text, Scanner::template(text.text), diagnostics)?;
    let mut reader = Reader::new(*text, &gathered);
    let kind = reader.bare_template();
    diagnostics.extend(reader.diagnostics);
    Some(kind)
}

/// The tokens of a text, if they fit together; else what is wrong has been reported.
fn gather(
    source: Embedded<'_>,
    scanner: Scanner<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Gathered> {
    let mut gathered = Gathered::default();
    for token in scanner {
        let problem = match (token.kind, gathered.mismatch(token)) {
            (TokenKind::Invalid, _) => mistakes::invalid(source, token),
            (TokenKind::BlockComment, _) if !is_closed_comment(source.text_of(token)) => {
                let start = token.start as usize;
                mistakes::open_comment(source.span(start..start + 2))
            }
            (TokenKind::QuotedNewline, _) => {
                let open = gathered.open_sequence().or_else(|| gathered.innermost());
                mistakes::unclosed(source, open.unwrap_or(token))
            }
            (_, Some(Mismatch::NothingOpen)) => mistakes::stray(source, token),
            (_, Some(Mismatch::Unclosed(open))) => mistakes::unclosed(source, open),
            (_, Some(Mismatch::Other(open))) => mistakes::wrong_sign(source, open, token),
            (_, None) => {
                gathered.push(token);
                continue;
            }
        };
        diagnostics.push(problem);
        return None;
    }
    // What ends an expression of its own needs no line break.
    gathered.end_heredoc(source.text);
    let Some(open) = gathered.innermost() else {
        return Some(gathered);
    };
    let open = gathered.open_sequence().unwrap_or(open);
    diagnostics.push(mistakes::unclosed(source, open));
    None
}

fn span_of(file: FileId, start: usize, end: usize) -> Span {
    let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
    Span {
        file,
        start: narrow(start),
        end: narrow(end),
    }
}

/// Texts that the parser should not see.
fn unreadable(file: FileId, text: &str) -> Option<Diagnostic> {
    if text.len() > MAX_BYTES {
        return Some(Diagnostic::error(
            "File too large",
            "A file may have at most 256 MiB. Split it.",
        ));
    }
    let nul = text.find('\0')?;
    let detail = "There is a NUL character here, so this is probably not a text file. Remove it, or save the file as UTF-8.";
    Some(Diagnostic::error("Invalid character", detail).at(span_of(file, nul, nul + 1)))
}

fn parser_failed(what: &str, file: FileId) -> Diagnostics {
    let detail = format!("{what} Please report this as a bug, with the file.");
    Diagnostic::error("The parser failed", detail)
        .at(span_of(file, 0, 0))
        .into()
}

/// Runs the reader where it has stack enough: here if the text is flat, else in a thread of its own.
fn with_stack<T: Send>(text: &str, read: impl FnOnce() -> T + Send) -> Result<T, Diagnostics> {
    let opens = |byte: &u8| {
        matches!(
            byte,
            b'(' | b'['
                | b'{'
                | b'?'
                | b'!'
                | b'-'
                | b'<'
                | b'"'
                | b'+'
                | b'*'
                | b'/'
                | b'%'
                | b'='
                | b'&'
                | b'|'
                | b'.'
                | b'>'
        )
    };
    if text.len() < 4096 && text.as_bytes().iter().filter(|byte| opens(byte)).count() < SHALLOW {
        return Ok(read());
    }
    let failed = |what: &str| parser_failed(what, FileId::default());
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, read)
            .map_err(|error| {
                failed(&format!(
                    "No thread could be started to read the file: {error}."
                ))
            })?
            .join()
            .map_err(|_| failed("The parser stopped in the middle of the file."))
    })
}
