//! The texts that spans point into.

use std::collections::BTreeMap;
use std::sync::Arc;

/// One text in a [`Sources`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A range of bytes in one text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The text.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The smallest span that covers this one and `other`, which must lie in the same text.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self {
            file: self.file,
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }
}

/// The texts read so far: configuration files, value files, command-line values and residuals kept in the state.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<(String, Arc<str>)>,
}

impl Sources {
    /// Adds a text under the name that messages show (a path as the user would type it, or e.g. `--var bucket`).
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>) -> FileId {
        let id = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
        self.files.push((name.into(), text.into()));
        FileId(id)
    }

    /// Makes stars of a secret wherever it stands in a text, so that no message shows it. Spans stay where they are. One of one or two
    /// signs could be anything, and is hidden only where it stands alone in quotes.
    pub fn hide(&mut self, secret: &str) {
        let stars = "*".repeat(secret.len());
        if secret.is_empty() {
            return;
        }
        for (_, text) in &mut self.files {
            let hidden = if secret.chars().count() > 2 {
                text.replace(secret, &stars)
            } else {
                let quoted = |content: &str| format!("\"{content}\"");
                text.replace(&quoted(secret), &quoted(&stars))
            };
            *text = Arc::from(hidden);
        }
    }

    /// Makes stars of all letters and digits in these places, so that no message shows them. Spans stay where they are.
    pub fn cover(&mut self, spans: &[Span]) {
        for (number, (_, text)) in self.files.iter_mut().enumerate() {
            let is_here = |span: &&Span| usize::try_from(span.file.0) == Ok(number);
            let mut ranges: Vec<_> = spans
                .iter()
                .filter(is_here)
                .map(|span| span.start as usize..span.end as usize)
                .collect();
            if ranges.is_empty() {
                continue;
            }
            ranges.sort_by_key(|range| range.start);
            let mut covered = String::with_capacity(text.len());
            let (mut ranges, mut reached) = (ranges.into_iter().peekable(), 0);
            for (at, sign) in text.char_indices() {
                while let Some(range) = ranges.next_if(|range| range.start <= at) {
                    reached = reached.max(range.end);
                }
                let is_layout = sign.is_whitespace() || "{}[]:,\"'".contains(sign);
                if at < reached && !is_layout {
                    covered.extend(std::iter::repeat_n('*', sign.len_utf8()));
                } else {
                    covered.push(sign);
                }
            }
            *text = Arc::from(covered);
        }
    }

    /// All texts with their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let files = self.files.iter();
        files.map(|(name, text)| (name.as_str(), text.as_ref()))
    }

    /// The name a text was added under; empty for an unknown id.
    pub fn name(&self, file: FileId) -> &str {
        self.files
            .get(file.0 as usize)
            .map_or("", |(name, _)| name.as_str())
    }

    /// The text; empty for an unknown id.
    pub fn text(&self, file: FileId) -> &str {
        self.files
            .get(file.0 as usize)
            .map_or("", |(_, text)| text.as_ref())
    }

    /// The part of a text that a span covers; empty when the span does not lie in the text.
    pub fn slice(&self, span: Span) -> &str {
        self.text(span.file)
            .get(span.start as usize..span.end as usize)
            .unwrap_or("")
    }

    /// One-based line and column (in characters) of the start of a span.
    pub fn line_column(&self, span: Span) -> (usize, usize) {
        let text = self.text(span.file);
        let before = text.get(..span.start as usize).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        (line, column)
    }

    /// `file:line` of the start of a span, as messages and the state quote it.
    pub fn place(&self, span: Span) -> String {
        format!("{}:{}", self.name(span.file), self.line_column(span).0)
    }
}

/// Looks up the places of many spans: the lines of a text are counted once.
pub struct Places<'a> {
    sources: &'a Sources,
    ends: BTreeMap<FileId, Vec<usize>>,
}

impl<'a> Places<'a> {
    /// In these texts.
    pub fn new(sources: &'a Sources) -> Self {
        Self {
            sources,
            ends: BTreeMap::new(),
        }
    }

    /// `file:line` of the start of a span.
    pub fn of(&mut self, span: Span) -> String {
        let text = self.sources.text(span.file);
        let ends = self.ends.entry(span.file).or_insert_with(|| {
            let ends = text.match_indices('\n').map(|(at, _)| at);
            ends.collect()
        });
        let line = 1 + ends.partition_point(|end| *end < span.start as usize);
        format!("{}:{line}", self.sources.name(span.file))
    }
}
