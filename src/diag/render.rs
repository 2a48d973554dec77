//! The picture of a diagnostic that a person reads: what, where, why, what to do.
//!
//! The snippet is drawn by `annotate-snippets`; the sentences stand below it, wrapped. Only the lines that a finding is
//! about are handed over, and long lines are cut to a window first, so that hostile input costs no more than other input.

use std::collections::BTreeMap;
use std::ops::Range;

use annotate_snippets::AnnotationKind;
use annotate_snippets::Level;
use annotate_snippets::Renderer;
use annotate_snippets::Snippet;

use super::diagnostic::Diagnostic;
use super::diagnostic::Diagnostics;
use super::diagnostic::Severity;
use super::sources::FileId;
use super::sources::Sources;
use super::sources::Span;

/// How many findings are drawn.
const SHOWN: usize = 50;

/// A line that is longer is cut to a window around the place, in bytes.
const LONG_LINE: usize = 1_000;

/// What is shown of a long line before and after the place, in bytes.
const WINDOW: usize = 80;

/// Places of one finding that are further apart than this are not shown in one picture, in bytes.
const FAR: usize = 20_000;

/// Draws all findings, errors last so that they stand above the prompt.
///
/// `colour` adds ANSI colours; `width` is the terminal's width in columns.
pub fn render(diagnostics: &Diagnostics, sources: &Sources, colour: bool, width: usize) -> String {
    let mut ordered: Vec<&Diagnostic> = diagnostics.iter().collect();
    ordered.sort_by_key(|diagnostic| std::cmp::Reverse(diagnostic.severity));
    let mut out = String::new();
    for diagnostic in ordered.iter().take(SHOWN) {
        out.push_str(&picture(diagnostic, sources, colour, width));
        out.push('\n');
    }
    if let more @ 1.. = ordered.len().saturating_sub(SHOWN) {
        out.extend(["And ", &more.to_string(), " more.\n"]);
    }
    out
}

fn picture(diagnostic: &Diagnostic, sources: &Sources, colour: bool, width: usize) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let summary = neutral(&diagnostic.summary);
    let mut group = level
        .primary_title(summary)
        .elements([] as [Snippet<'_, annotate_snippets::Annotation<'_>>; 0]);
    for excerpt in excerpts(diagnostic, sources) {
        let annotations = excerpt.marks.into_iter().map(|mark| {
            let kind = if mark.primary {
                AnnotationKind::Primary
            } else {
                AnnotationKind::Context
            };
            kind.span(mark.range).label(mark.label)
        });
        let snippet = Snippet::source(excerpt.text)
            .line_start(excerpt.line)
            .path(excerpt.name)
            .annotations(annotations);
        group = group.element(snippet);
    }
    let renderer = if colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let mut out = renderer.term_width(width).render(&[group]);
    out.push('\n');
    if let Some(object) = &diagnostic.object {
        out.extend(["  with ", &neutral(object), "\n"]);
    }
    for text in std::iter::once(&diagnostic.detail).chain(&diagnostic.help) {
        out.push_str(&wrapped(&neutral(text), width));
    }
    out
}

/// A part of a text with marks in it.
struct Excerpt {
    name: String,
    /// The number of its first line.
    line: usize,
    text: String,
    marks: Vec<Mark>,
}

struct Mark {
    range: Range<usize>,
    primary: bool,
    label: Option<String>,
}

fn excerpts(diagnostic: &Diagnostic, sources: &Sources) -> Vec<Excerpt> {
    let primary = diagnostic.span.map(|span| (span, true, None));
    let labels = diagnostic
        .labels
        .iter()
        .map(|label| (label.span, false, Some(neutral(&label.text))));
    let mut files: BTreeMap<FileId, Vec<(Span, bool, Option<String>)>> = BTreeMap::new();
    for mark in primary.into_iter().chain(labels) {
        files.entry(mark.0.file).or_default().push(mark);
    }
    let mut found: Vec<Excerpt> = Vec::new();
    for marks in files.into_values() {
        match excerpt(&marks, sources) {
            Some(excerpt) => found.push(excerpt),
            None => found.extend(marks.chunks(1).filter_map(|mark| excerpt(mark, sources))),
        }
    }
    found.sort_by_key(|excerpt| !excerpt.marks.iter().any(|mark| mark.primary));
    found
}

/// The lines that hold these marks. `None` if they are too far apart.
fn excerpt(marks: &[(Span, bool, Option<String>)], sources: &Sources) -> Option<Excerpt> {
    let file = marks.first()?.0.file;
    let text = sources.text(file);
    let clamp = |at: u32| floor(text, at as usize);
    let start = marks.iter().map(|(span, ..)| clamp(span.start)).min()?;
    let end = marks
        .iter()
        .map(|(span, ..)| clamp(span.end.max(span.start)))
        .max()?;
    if marks.len() > 1 && end - start > FAR {
        return None;
    }
    let line_start = text.get(..start)?.rfind('\n').map_or(0, |at| at + 1);
    let line_end = text
        .get(end..)?
        .find('\n')
        .map_or(text.len(), |at| end + at);
    let long = line_end - line_start > FAR
        || text
            .get(line_start..line_end)?
            .lines()
            .any(|line| line.len() > LONG_LINE);
    let (from, to) = if long {
        let end = end.min(start + WINDOW);
        (
            floor(text, start.saturating_sub(WINDOW)).max(line_start),
            floor(text, end + WINDOW).min(line_end),
        )
    } else {
        (line_start, line_end)
    };
    let line = text.get(..from)?.matches('\n').count() + 1;
    Some(Excerpt {
        name: sources.name(file).to_owned(),
        line,
        text: text.get(from..to)?.to_owned(),
        marks: marks
            .iter()
            .map(|(span, primary, label)| {
                let start = clamp(span.start).clamp(from, to) - from;
                let end = clamp(span.end).clamp(from, to) - from;
                Mark {
                    range: start..end.max(start),
                    primary: *primary,
                    label: label.clone(),
                }
            })
            .collect(),
    })
}

/// The last character boundary at or before a position.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Control characters and those that change the direction of text, made visible.
fn neutral(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            '\n' | '\t' => letter,
            '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + u32::from(letter)).unwrap_or('\u{fffd}'),
            '\u{7f}'..='\u{9f}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            _ => letter,
        })
        .collect()
}

/// Sentences wrapped to a width. Lines that are indented stay as they are.
fn wrapped(text: &str, width: usize) -> String {
    let width = width.clamp(40, 120);
    let mut out = String::new();
    for line in text.lines() {
        if line.starts_with([' ', '\t']) {
            out.extend([line, "\n"]);
            continue;
        }
        let mut column = 0;
        for word in line.split(' ') {
            let length = word.chars().count();
            if column > 0 && column + 1 + length > width {
                out.push('\n');
                column = 0;
            } else if column > 0 {
                out.push(' ');
                column += 1;
            }
            out.push_str(word);
            column += length;
        }
        out.push('\n');
    }
    out
}
