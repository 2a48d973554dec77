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

use hcl_edit::parser::Error;

use super::ast::Body;
use super::ast::Expr;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::FileId;
use crate::diag::Span;
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

/// Reads one expression, as in `--var` or in a stored residual. `None` if it was not one, which has been reported.
pub fn parse_expression(file: FileId, text: &str, diagnostics: &mut Diagnostics) -> Option<Expr> {
    if let Some(problem) = unreadable(file, text) {
        diagnostics.push(problem);
        return None;
    }
    let read = || {
        let base = text.len() - text.trim_start().len();
        let source = text.trim();
        let mut lower = Lower::new(file, source, base);
        let expr = match hcl_edit::parser::parse_expr(source) {
            Ok(tree) => Some(lower.expression(&tree)),
            Err(error) => {
                lower.diagnostics.push(mistakes::explain(
                    file,
                    text,
                    0,
                    base + offset(&error),
                    error.message(),
                ));
                None
            }
        };
        (expr, lower.diagnostics)
    };
    let (expr, found) = with_stack(text, read).unwrap_or_else(|problem| (None, problem));
    let failed = found.has_errors();
    diagnostics.extend(found);
    expr.filter(|_| !failed)
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
    let failed = |what: &str| {
        Diagnostics::from(Diagnostic::error(
            "The parser failed",
            format!("{what} Please report this as a bug, with the file."),
        ))
    };
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
