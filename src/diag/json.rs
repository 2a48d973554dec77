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
    let mut position = |byte: usize| {
        let Position { line, column } = lines.position(span.file, byte);
        json!({ "line": line, "column": column, "byte": byte })
    };
    let (start, end) = (position(range.start), position(range.end));
    json!({
        "filename": lines.name(span.file),
        "start": start,
        "end": end,
    })
}

/// The first line of the place, or the part of a very long line that holds it.
fn snippet(
    span: Span,
    diagnostic: &Diagnostic,
    lines: &mut Lines<'_>,
    context: &mut dyn FnMut(Span) -> Option<String>,
) -> Json {
    let range = lines.range(span);
    let line = lines.line(span.file, range.start);
    let shown = lines.window(span.file, line, range.start);
    let offset = |byte: usize| byte.clamp(shown.start, shown.end) - shown.start;
    json!({
        "context": context(span),
        "code": lines.text(span.file).get(shown.clone()).unwrap_or(""),
        "start_line": line + 1,
        "highlight_start_offset": offset(range.start),
        "highlight_end_offset": offset(range.end),
        "values": values(diagnostic),
    })
}

/// The values that a finding depends on.
fn values(diagnostic: &Diagnostic) -> Json {
    diagnostic
        .values
        .iter()
        .map(|involved| json!({ "traversal": involved.name, "statement": involved.value }))
        .collect()
}
