//! Findings for machines, in the shape of `terraform validate -json`.

use serde_json::Value as Json;
use serde_json::json;

use super::diagnostic::Diagnostic;
use super::diagnostic::Diagnostics;
use super::diagnostic::Severity;
use super::sources::Sources;
use super::sources::Span;

/// What is shown of a line, in bytes.
const LONG_LINE: usize = 1_000;

/// All findings with what they come to: `valid`, `error_count`, `warning_count`, `diagnostics`.
pub fn to_json(diagnostics: &Diagnostics, sources: &Sources) -> Json {
    let count = |severity| {
        let same = diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.severity == severity);
        same.count()
    };
    let list: Vec<Json> = diagnostics
        .iter()
        .map(|diagnostic| finding(diagnostic, sources))
        .collect();
    json!({
        "format_version": "1.0",
        "valid": !diagnostics.has_errors(),
        "error_count": count(Severity::Error),
        "warning_count": count(Severity::Warning),
        "diagnostics": list,
    })
}

fn finding(diagnostic: &Diagnostic, sources: &Sources) -> Json {
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
            fields.insert("range".to_owned(), range(span, sources));
            fields.insert("snippet".to_owned(), snippet(span, sources));
        }
    }
    finding
}

/// A place: `filename`, `start` and `end`, each with line, column and byte.
pub fn range(span: Span, sources: &Sources) -> Json {
    let position = |at: u32| {
        let span = Span {
            start: at,
            end: at,
            ..span
        };
        let (line, column) = sources.line_column(span);
        json!({ "line": line, "column": column, "byte": at })
    };
    json!({
        "filename": sources.name(span.file),
        "start": position(span.start),
        "end": position(span.end),
    })
}

/// The first line of the place.
fn snippet(span: Span, sources: &Sources) -> Json {
    let text = sources.text(span.file);
    let start = span.start as usize;
    let line_start = text
        .get(..start)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |at| at + 1);
    let line = text
        .get(line_start..)
        .and_then(|rest| rest.lines().next())
        .unwrap_or("");
    let code: String = line.chars().take(LONG_LINE).collect();
    let offset = start.saturating_sub(line_start).min(code.len());
    let end = (span.end as usize).saturating_sub(line_start);
    json!({
        "context": Json::Null,
        "code": code,
        "start_line": sources.line_column(span).0,
        "highlight_start_offset": offset,
        "highlight_end_offset": end.clamp(offset, code.len()),
        "values": [],
    })
}
