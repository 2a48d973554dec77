//! Findings for machines, in the shape of `terraform validate -json`.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value as Json;
use serde_json::json;

use super::diagnostic::Diagnostic;
use super::diagnostic::Diagnostics;
use super::diagnostic::Severity;
use super::excerpt::Lines;
use super::excerpt::Position;
use super::sources::Sources;
use super::sources::Span;

/// Finds the blocks of a text that are in no other: where each is, and its header.
pub type Outline = fn(&str) -> Vec<(Range<usize>, String)>;

/// The longest code, in bytes, that is quoted whole.
const CODE_LIMIT: usize = 4096;

/// All findings with what they come to: `valid`, `error_count`, `warning_count`, `diagnostics`.
pub fn to_json(diagnostics: &Diagnostics, sources: &Sources, outline: Outline) -> Json {
    let count = |severity| {
        let same = diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.severity == severity);
        same.count()
    };
    let mut lines = Lines::new(sources);
    let mut outlines = BTreeMap::new();
    let mut context = |span: Span| {
        let text = sources.text(span.file);
        let blocks: &Vec<(Range<usize>, String)> =
            outlines.entry(span.file).or_insert_with(|| outline(text));
        let start = span.start as usize;
        let after = blocks.partition_point(|(place, _)| place.start <= start);
        let (place, header) = blocks.get(after.checked_sub(1)?)?;
        place.contains(&start).then(|| header.clone())
    };
    let list: Vec<Json> = diagnostics
        .iter()
        .map(|diagnostic| finding(diagnostic, &mut lines, &mut context))
        .collect();
    json!({
        "format_version": "1.0",
        "valid": !diagnostics.has_errors(),
        "error_count": count(Severity::Error),
        "warning_count": count(Severity::Warning),
        "diagnostics": list,
    })
}

fn finding(
    diagnostic: &Diagnostic,
    lines: &mut Lines<'_>,
    context: &mut dyn FnMut(Span) -> Option<String>,
) -> Json {
    let detail: Vec<&str> = std::iter::once(&diagnostic.detail)
        .chain(&diagnostic.help)
        .map(String::as_str)
        .collect();
    let mut finding = json!({
        "severity": match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        "summary": diagnostic.summary,
        "detail": detail.join("\n\n"),
    });
    if let Json::Object(fields) = &mut finding {
        if let Some(object) = &diagnostic.object {
            fields.insert("address".to_owned(), json!(object));
        }
        if let Some(span) = diagnostic.span {
            fields.insert("range".to_owned(), range_in(span, lines));
            fields.insert(
                "snippet".to_owned(),
                snippet(span, diagnostic, lines, context),
            );
        }
    }
    finding
}

/// A place: `filename`, `start` and `end`, each with line, column and byte. A place outside its text is moved into it.
pub fn range(span: Span, sources: &Sources) -> Json {
    range_in(span, &mut Lines::new(sources))
}

fn range_in(span: Span, lines: &mut Lines<'_>) -> Json {
    let range = lines.range(span);
    let Position { line, column } = lines.position(span.file, range.start);
    let start = json!({ "line": line, "column": column, "byte": range.start });
    let end = if range.is_empty() {
        // Whoever draws a range draws nothing where it is empty.
        json!({ "line": line, "column": column + 1, "byte": range.start + 1 })
    } else {
        let Position { line, column } = lines.position(span.file, range.end);
        json!({ "line": line, "column": column, "byte": range.end })
    };
    json!({ "filename": lines.name(span.file), "start": start, "end": end })
}

/// The lines of the place, or where they are very long the part that holds its start.
fn snippet(
    span: Span,
    diagnostic: &Diagnostic,
    lines: &mut Lines<'_>,
    context: &mut dyn FnMut(Span) -> Option<String>,
) -> Json {
    let range = lines.range(span);
    let text = lines.text(span.file);
    let first = lines.line(span.file, range.start);
    let shown = code(span, first, lines);
    // Line breaks count as one byte, as consumers see them.
    let offset = |byte: usize| {
        let before = text.get(shown.start..byte.clamp(shown.start, shown.end));
        plain(before.unwrap_or("")).len()
    };
    let (start, mut end) = (offset(range.start), offset(range.end));
    let code = plain(text.get(shown.clone()).unwrap_or(""));
    if range.is_empty() {
        end = code.ceil_char_boundary((end + 1).min(code.len()));
    }
    json!({
        "context": context(span),
        "code": code,
        "start_line": first + 1,
        "highlight_start_offset": start,
        "highlight_end_offset": end,
        "values": values(diagnostic),
    })
}

/// The part of a text to quote for a span that begins in the line `first`.
fn code(span: Span, first: usize, lines: &mut Lines<'_>) -> Range<usize> {
    let range = lines.trimmed(span);
    let last = lines.line(span.file, range.end);
    let start = lines.line_range(span.file, first).start;
    let whole = start..lines.line_range(span.file, last).end;
    if whole.len() <= CODE_LIMIT {
        return whole;
    }
    lines.window(span.file, first, range.start)
}

/// A text whose lines end as those of other files do.
fn plain(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// The values that a finding depends on.
fn values(diagnostic: &Diagnostic) -> Json {
    diagnostic
        .values
        .iter()
        .map(|involved| json!({ "traversal": involved.name, "statement": involved.value }))
        .collect()
}
