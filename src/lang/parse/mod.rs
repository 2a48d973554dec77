//! Text to tree.
//!
//! `hcl-edit` does the grammar; its tree is lowered to [`ast`](super::ast) at once and dropped. What it does not do is done here:
//! going on after a mistake ([`recovery`](parse_body)), messages for people ([`mistakes`]), and templates as Terraform reads
//! them ([`literal`]). Every text is untrusted: whatever it holds, the result is a tree or a diagnostic.

mod literal;
mod lower;
mod mistakes;
#[cfg(test)]
mod tests;

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use hcl_edit::parser::Error;

use super::ast::Body;
use super::ast::Expr;
use super::ast::ExprKind;
use super::grammar::Grammar;
use super::json::read_body;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::FileId;
use crate::diag::Span;
pub(super) use literal::normalized;
pub(super) use literal::unescape_quoted;
use lower::Lower;

/// Enough for the parser's 64 levels of nesting in a debug build, several times over.
const STACK: usize = 16 << 20;
/// With fewer signs that open a level, any thread's stack is enough.
const SHALLOW: usize = 16;
/// More mistakes than this are not worth reading.
const MAX_ERRORS: usize = 20;
/// Spans are `u32`, and no configuration is larger.
const MAX_BYTES: usize = 256 << 20;

/// Reads a file. After a mistake it goes on at the next block, so that one pass finds several; what could not be read is
/// missing from the result.
pub fn parse_body(file: FileId, text: &str, diagnostics: &mut Diagnostics) -> Body {
    let span = span_of(file, 0, text.len());
    if let Some(problem) = unreadable(file, text) {
        diagnostics.push(problem);
        return Body {
            span,
            ..Body::default()
        };
    }
    let read = || read_segments(file, text);
    let (mut body, found) =
        with_stack(text, read).unwrap_or_else(|problem| (Body::default(), problem));
    diagnostics.extend(found);
    body.span = span;
    body
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
    let missing = |file: &SourceFile<'_>| Parsed {
        body: Body::default(),
        diagnostics: parser_failed("The parser stopped in the middle of the file.", file.file),
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
    let mut parsed = Parsed::default();
    let SourceFile { file, text, syntax } = *source;
    if let Some(problem) = unreadable(file, text) {
        parsed.diagnostics.push(problem);
    } else if syntax == Syntax::Json {
        parsed.body = read_body(file, text, grammar, &mut parsed.diagnostics);
    } else {
        (parsed.body, parsed.diagnostics) = read_segments(file, text);
    }
    parsed.body.span = span_of(file, 0, text.len());
    parsed
}

/// A text inside a file: all of it, or a string whose escapes have been undone.
pub(super) struct Embedded<'a> {
    pub(super) file: FileId,
    pub(super) text: &'a str,
    /// Where its bytes stand in the file, unless it is all of it.
    pub(super) positions: Option<&'a dyn Fn(usize) -> u32>,
}

impl Embedded<'_> {
    /// The finding, its places those in the file.
    fn placed(&self, mut finding: Diagnostic) -> Diagnostic {
        if let Some(positions) = self.positions {
            let place = |span: &mut Span| {
                span.start = positions(span.start as usize);
                span.end = positions(span.end as usize);
            };
            finding.span.iter_mut().for_each(place);
            finding
                .labels
                .iter_mut()
                .for_each(|label| place(&mut label.span));
        }
        finding
    }
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
    let base = text.text.len() - text.text.trim_start().len();
    let source = text.text.trim();
    let shifted = |offset| {
        text.positions
            .map_or(0, |positions| positions(base + offset))
    };
    match hcl_edit::parser::parse_expr(source) {
        Ok(tree) => {
            let mut lower = Lower::new(text.file, source, base);
            if text.positions.is_some() {
                lower = lower.at(Some(&shifted));
            }
            let expr = lower.expression(&tree);
            diagnostics.extend(lower.diagnostics);
            Some(expr)
        }
        Err(error) => {
            let at = base + offset(&error);
            let finding = mistakes::explain(text.file, text.text, 0, at, error.message());
            diagnostics.push(text.placed(finding));
            None
        }
    }
}

/// Reads a template where there is stack enough.
pub(super) fn read_template(
    text: &Embedded<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<ExprKind> {
    match hcl_edit::parser::parse_template(text.text) {
        Ok(tree) => {
            let mut lower = Lower::new(text.file, text.text, 0).at(text.positions);
            let kind = lower.bare_template(&tree);
            diagnostics.extend(lower.diagnostics);
            Some(kind)
        }
        Err(error) => {
            let at = offset(&error);
            let finding = mistakes::explain_template(text.file, text.text, at, error.message());
            diagnostics.push(text.placed(finding));
            None
        }
    }
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

fn offset(error: &Error) -> usize {
    error.location().offset()
}

/// Reads from one mistake to the next.
fn read_segments(file: FileId, text: &str) -> (Body, Diagnostics) {
    let mut body = Body::default();
    let mut diagnostics = Diagnostics::new();
    let mut base = if text.starts_with('\u{feff}') {
        '\u{feff}'.len_utf8()
    } else {
        0
    };
    for _ in 0..MAX_ERRORS {
        let Some(segment) = text.get(base..) else {
            break;
        };
        let mut lower = Lower::new(file, segment, base);
        match hcl_edit::parser::parse_body(segment) {
            Ok(tree) => {
                let read = lower.body(&tree);
                diagnostics.extend(lower.diagnostics);
                body.attributes.extend(read.attributes);
                body.blocks.extend(read.blocks);
                break;
            }
            Err(error) => {
                let at = offset(&error).min(segment.len());
                diagnostics.push(mistakes::explain(
                    file,
                    text,
                    base,
                    base + at,
                    error.message(),
                ));
                if error.message().contains("nesting depth") {
                    break;
                }
                let Some(next) = next_block(segment, at) else {
                    break;
                };
                base += next;
            }
        }
    }
    (body, diagnostics)
}

/// Where the next line after `from` starts that begins, in its first column, with a word and is a block's header.
fn next_block(segment: &str, from: usize) -> Option<usize> {
    let mut start = from + segment.get(from..)?.find('\n')? + 1;
    for line in segment.get(start..)?.split_inclusive('\n') {
        let header = line.split(['#', '/']).next().unwrap_or("").trim_end();
        if line.starts_with(|first: char| first.is_alphabetic())
            && header.contains('{')
            && !header.contains('=')
        {
            return Some(start);
        }
        start += line.len();
    }
    None
}
