//! The lines of a text around a span, cut so that they can be shown.
//!
//! Spans come from many places and files can be of any size, so nothing here trusts a span to lie in its text or a line
//! to be short. Line starts are looked up once per text: a run with many findings does not scan the text for each.

use std::collections::BTreeMap;
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation as _;

use super::sources::FileId;
use super::sources::Sources;
use super::sources::Span;
use super::text::clean_line;

/// The longest line, in bytes, that is shown whole; of longer ones a window of this size is shown.
const LINE_LIMIT: usize = 400;
/// How many bytes of a window stand before the span.
const LEAD: usize = 120;
/// Spans over more lines are shown by their first line.
const SPAN_LINES: usize = 12;
/// What stands where part of a line was left out.
const ELLIPSIS: &str = "...";

/// The start of a span as people count: both from one, the column in characters as they are seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) line: usize,
    pub(super) column: usize,
}

/// Whole lines of a text, harmless to print, with the marked ranges moved along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Excerpt {
    /// The lines.
    pub(super) source: String,
    /// The number of the first line, from one.
    pub(super) first_line: usize,
    /// The marks in bytes of `source`, in the order they were given.
    pub(super) marks: Vec<Range<usize>>,
}

/// Looks up lines in [`Sources`].
pub(super) struct Lines<'a> {
    sources: &'a Sources,
    starts: BTreeMap<FileId, Vec<usize>>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(sources: &'a Sources) -> Self {
        Self {
            sources,
            starts: BTreeMap::new(),
        }
    }

    /// The name a text was added under.
    pub(super) fn name(&self, file: FileId) -> &'a str {
        self.sources.name(file)
    }

    /// A text.
    pub(super) fn text(&self, file: FileId) -> &'a str {
        self.sources.text(file)
    }

    /// The span as a range that lies in its text and does not split a character.
    pub(super) fn range(&self, span: Span) -> Range<usize> {
        let text = self.text(span.file);
        let start = text.floor_char_boundary(span.start as usize);
        let end = text.ceil_char_boundary((span.end as usize).min(text.len()));
        start..end.max(start)
    }

    /// The span without line breaks at its end.
    pub(super) fn trimmed(&self, span: Span) -> Range<usize> {
        let range = self.range(span);
        let text = self.text(span.file).get(range.clone()).unwrap_or("");
        let kept = text.trim_end_matches(['\n', '\r']);
        range.start..range.start + kept.len()
    }

    /// The part of a span to underline: without line breaks at its end, and no more than a screenful.
    pub(super) fn mark(&mut self, span: Span) -> Range<usize> {
        let range = self.trimmed(span);
        let first = self.line(span.file, range.start);
        if self.line(span.file, range.end) - first < SPAN_LINES {
            return range;
        }
        range.start..self.line_range(span.file, first).end.max(range.start)
    }

    /// The line, from zero, that a byte lies in.
    pub(super) fn line(&mut self, file: FileId, byte: usize) -> usize {
        let starts = self.starts(file);
        starts
            .partition_point(|start| *start <= byte)
            .saturating_sub(1)
    }

    /// The bytes of a line, counted from zero, without its line break.
    pub(super) fn line_range(&mut self, file: FileId, line: usize) -> Range<usize> {
        let text = self.text(file);
        let starts = self.starts(file);
        let start = starts.get(line).copied().unwrap_or(text.len());
        let end = starts.get(line + 1).map_or(text.len(), |next| next - 1);
        let content = text.get(start..end).unwrap_or("");
        start..start + content.strip_suffix('\r').unwrap_or(content).len()
    }

    /// What to show of a line, counted from zero, so that `focus` is seen.
    pub(super) fn window(&mut self, file: FileId, line: usize, focus: usize) -> Range<usize> {
        let line = self.line_range(file, line);
        window(self.text(file), &line, focus)
    }

    /// Where a byte is.
    pub(super) fn position(&mut self, file: FileId, byte: usize) -> Position {
        let line = self.line(file, byte);
        let start = self.line_range(file, line).start;
        let before = self.text(file).get(start..byte).unwrap_or("");
        Position {
            line: line + 1,
            column: width(before) + 1,
        }
    }

    /// The lines from the first to the last of `marks`.
    pub(super) fn excerpt(&mut self, file: FileId, marks: &[Range<usize>]) -> Excerpt {
        let first = marks.iter().map(|mark| mark.start).min().unwrap_or(0);
        let last = marks.iter().map(|mark| mark.end).max().unwrap_or(0);
        let (first, last) = (self.line(file, first), self.line(file, last));
        let mut excerpt = Excerpt {
            source: String::new(),
            first_line: first + 1,
            marks: vec![0..0; marks.len()],
        };
        for line in first..=last {
            if line > first {
                excerpt.source.push('\n');
            }
            let line = self.line_range(file, line);
            excerpt.add_line(self.text(file), line, marks);
        }
        // A place to point at when the text ends with a line break.
        if excerpt.source.is_empty() || excerpt.source.ends_with('\n') {
            excerpt.source.push(' ');
        }
        excerpt
    }

    fn starts(&mut self, file: FileId) -> &[usize] {
        let text = self.text(file);
        self.starts.entry(file).or_insert_with(|| {
            std::iter::once(0)
                .chain(text.match_indices('\n').map(|(at, _)| at + 1))
                .collect()
        })
    }
}

impl Excerpt {
    fn add_line(&mut self, text: &str, line: Range<usize>, marks: &[Range<usize>]) {
        // An end that lies beyond the text of the line, e.g. between `\r` and `\n`, counts as the end of the line.
        let reach = line.start..text.get(line.end..).map_or(line.end, |rest| {
            line.end + usize::from(rest.starts_with("\r\n"))
        });
        let on_line = |byte: usize| reach.start <= byte && byte <= reach.end;
        let focus = marks
            .iter()
            .flat_map(|mark| [mark.start, mark.end])
            .find(|byte| on_line(*byte))
            .unwrap_or(line.start);
        let window = window(text, &line, focus);
        if window.start > line.start {
            self.source.push_str(ELLIPSIS);
        }
        let base = self.source.len();
        let moved = |byte: usize| {
            let byte = byte.clamp(window.start, window.end);
            base + clean_line(text.get(window.start..byte).unwrap_or("")).len()
        };
        for (mark, shown) in marks.iter().zip(&mut self.marks) {
            if on_line(mark.start) {
                shown.start = moved(mark.start);
            }
            if on_line(mark.end) {
                shown.end = moved(mark.end);
            }
        }
        self.source
            .push_str(&clean_line(text.get(window.clone()).unwrap_or("")));
        if window.end < line.end {
            self.source.push_str(ELLIPSIS);
        }
    }
}

/// How many characters a reader sees in the start of a line; what marks the text as Unicode is none.
fn width(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.graphemes(true).count()
}

/// The part of a line to show so that `focus` is seen: all of it unless it is very long.
fn window(text: &str, line: &Range<usize>, focus: usize) -> Range<usize> {
    if line.len() <= LINE_LIMIT {
        return line.clone();
    }
    let latest = line.end - LINE_LIMIT;
    let start = focus.saturating_sub(LEAD).clamp(line.start, latest);
    let start = text.floor_char_boundary(start);
    start..text.ceil_char_boundary(start + LINE_LIMIT).min(line.end)
}
