//! The picture of a diagnostic that a person reads: what, where, why, what to do.
//!
//! The snippet is drawn by `annotate-snippets`; the sentences stand below it, wrapped. Only the lines that a finding is
//! about are handed over, and long lines are cut to a window first, so that hostile input costs no more than other input.

use std::ops::Range;

use annotate_snippets::Annotation;
use annotate_snippets::AnnotationKind;
use annotate_snippets::Group;
use annotate_snippets::Level;
use annotate_snippets::Renderer;
use annotate_snippets::Snippet;

use super::diagnostic::Diagnostic;
use super::diagnostic::Diagnostics;
use super::diagnostic::Severity;
use super::excerpt::Lines;
use super::excerpt::Position;
use super::sources::FileId;
use super::sources::Sources;
use super::sources::Span;
use super::text::PLACEHOLDER;
use super::text::clean_block;
use super::text::clean_line;
use super::text::shorten;
use super::text::wrap;

/// How many findings are drawn.
const SHOWN: usize = 50;

/// How many other places of one finding are drawn.
const LABELS: usize = 8;

/// Places of one finding that are further apart than this are not shown in one picture, in lines.
const FAR: usize = 30;

/// The longest summary, label, name or address, in bytes.
const SHORT_TEXT: usize = 1_000;

/// The longest detail or help, in bytes.
const LONG_TEXT: usize = 16_000;

/// Draws all findings, errors last so that they stand above the prompt.
///
/// `colour` adds ANSI colours; `width` is the terminal's width in columns. Past fifty findings the rest is only
/// counted; warnings are left out before errors are.
pub fn render(diagnostics: &Diagnostics, sources: &Sources, colour: bool, width: usize) -> String {
    render_up_to(SHOWN, diagnostics, sources, colour, width)
}

/// Draws all findings, however many there are: for what is said once and nowhere else.
pub fn render_all(
    diagnostics: &Diagnostics,
    sources: &Sources,
    colour: bool,
    width: usize,
) -> String {
    render_up_to(usize::MAX, diagnostics, sources, colour, width)
}

fn render_up_to(
    most: usize,
    diagnostics: &Diagnostics,
    sources: &Sources,
    colour: bool,
    width: usize,
) -> String {
    let of = |severity| {
        diagnostics
            .iter()
            .filter(move |diagnostic| diagnostic.severity == severity)
    };
    let errors: Vec<_> = of(Severity::Error).take(most).collect();
    let warnings: Vec<_> = of(Severity::Warning).take(most - errors.len()).collect();
    let mut lines = Lines::new(sources);
    let mut out = String::new();
    for diagnostic in warnings.iter().chain(&errors) {
        out.push_str(&picture(diagnostic, &mut lines, colour, width));
        out.push('\n');
    }
    let drawn = warnings.len() + errors.len();
    if let more @ 1.. = diagnostics.iter().count() - drawn {
        out.extend(["And ", &more.to_string(), " more.\n"]);
    }
    out
}

fn picture(diagnostic: &Diagnostic, lines: &mut Lines<'_>, colour: bool, width: usize) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(short(&diagnostic.summary));
    let mut group = Group::with_title(title);
    let mut names = Vec::new();
    for place in places(diagnostic, lines) {
        names.push(place.name(lines));
        group = group.element(place.snippet(lines));
    }
    let renderer = if colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let mut out = named(&renderer.term_width(width).render(&[group]), &names);
    out.push('\n');
    if let Some(object) = &diagnostic.object {
        out.extend(["  with ", &short(object), "\n"]);
    }
    for involved in &diagnostic.values {
        let (name, value) = (short(&involved.name), short(&involved.value));
        out.extend(["  where ", &name, " ", &value, "\n"]);
    }
    for text in std::iter::once(&diagnostic.detail).chain(&diagnostic.help) {
        out.push_str(&wrap(&clean_block(&shorten(text, LONG_TEXT)), width));
    }
    out
}

/// A text without what drives a terminal, on one line of sane length.
fn short(text: &str) -> String {
    clean_line(&shorten(text, SHORT_TEXT)).replace('\t', " ")
}

/// Puts the names of places where the library wrote placeholders with a line and column of its own: it counts columns
/// in what it is given, and that is not all of a long line.
fn named(drawn: &str, names: &[String]) -> String {
    let mut pieces = drawn.split(PLACEHOLDER);
    let mut out = pieces.next().unwrap_or("").to_owned();
    for (piece, name) in pieces.zip(names) {
        out.push_str(name);
        out.push_str(piece.trim_start_matches(|c: char| c == ':' || c.is_ascii_digit()));
    }
    out
}

/// A range to underline.
struct Mark {
    range: Range<usize>,
    kind: AnnotationKind,
    label: Option<String>,
}

/// Marks in one text that are near enough to be shown in one picture; the first is what it is about.
struct Place {
    file: FileId,
    marks: Vec<Mark>,
}

/// The places of a finding: the main one first, then the others in order.
fn places(diagnostic: &Diagnostic, lines: &mut Lines<'_>) -> Vec<Place> {
    let main = diagnostic
        .span
        .map(|span| (span, AnnotationKind::Primary, None));
    let others = diagnostic.labels.iter().take(LABELS).map(|label| {
        let text = Some(short(&label.text));
        (label.span, AnnotationKind::Context, text)
    });
    let mut places: Vec<Place> = Vec::new();
    for (span, kind, label) in main.into_iter().chain(others) {
        if lines.name(span.file).is_empty() {
            continue;
        }
        let Span { file, .. } = span;
        let range = lines.mark(span);
        let near = places
            .iter_mut()
            .find(|place| place.file == file && place.is_near(&range, lines));
        let mark = Mark { range, kind, label };
        match near {
            Some(place) => place.marks.push(mark),
            None => places.push(Place {
                file,
                marks: vec![mark],
            }),
        }
    }
    places
}

impl Place {
    fn is_near(&self, range: &Range<usize>, lines: &mut Lines<'_>) -> bool {
        let line = lines.line(self.file, range.start);
        self.marks
            .first()
            .is_some_and(|mark| lines.line(self.file, mark.range.start).abs_diff(line) <= FAR)
    }

    /// The name of the text with line and column.
    fn name(&self, lines: &mut Lines<'_>) -> String {
        let start = self.marks.first().map_or(0, |mark| mark.range.start);
        let Position { line, column } = lines.position(self.file, start);
        format!("{}:{line}:{column}", short(lines.name(self.file)))
    }

    fn snippet(self, lines: &mut Lines<'_>) -> Snippet<'static, Annotation<'static>> {
        let ranges: Vec<_> = self.marks.iter().map(|mark| mark.range.clone()).collect();
        let excerpt = lines.excerpt(self.file, &ranges);
        let annotations = self
            .marks
            .into_iter()
            .zip(excerpt.marks)
            .map(|(mark, range)| mark.kind.span(range).label(mark.label));
        Snippet::source(excerpt.source)
            .line_start(excerpt.first_line)
            .path(PLACEHOLDER.to_string())
            .annotations(annotations)
    }
}
