//! One finding, and the list that rules append to.

use super::damage::Presumption;
use super::sources::Span;

/// Whether a finding stops the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The command cannot go on.
    Error,
    /// The command goes on; the user should know.
    Warning,
}

/// A second place that helps to understand a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is there, e.g. "first declared here".
    pub text: String,
}

/// A value that a finding is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Involved {
    /// What it is called where it is read, e.g. `var.bucket`.
    pub name: String,
    /// What is said about it, behind its name, e.g. "is the number `3`".
    pub value: String,
}

/// One finding about user input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// Terse, without names the user chose, so that it becomes familiar ("Unsupported attribute").
    pub summary: String,
    /// What is wrong, why, and what to do, in full sentences.
    pub detail: String,
    /// The place it is about.
    pub span: Option<Span>,
    /// Other places.
    pub labels: Vec<Label>,
    /// The values it depends on, as far as they are known and may be shown.
    pub values: Box<[Involved]>,
    /// Hints, e.g. a did-you-mean; each a sentence.
    pub help: Vec<String>,
    /// The address of the object it is about, if it is about one.
    pub object: Option<String>,
    /// The attribute of that object, if it is about one and `span` does not say where that is.
    pub attribute: Option<String>,
    /// The part of a stored expression that it is about, where `span` points into no file.
    pub part: Option<Box<str>>,
    /// What it presumes of texts that could be read in part only.
    pub presumption: Option<Box<Presumption>>,
}

impl Diagnostic {
    /// An error.
    pub fn error(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            summary: summary.into(),
            detail: detail.into(),
            span: None,
            labels: Vec::new(),
            values: Box::default(),
            help: Vec::new(),
            object: None,
            attribute: None,
            part: None,
            presumption: None,
        }
    }

    /// A warning.
    pub fn warning(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(summary, detail)
        }
    }

    /// Says where.
    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }

    /// Adds another place.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            span,
            text: text.into(),
        });
        self
    }

    /// Adds a hint.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    /// Adds a hint if there is one.
    #[must_use]
    pub fn help_if(mut self, text: Option<String>) -> Self {
        self.help.extend(text);
        self
    }

    /// Says that it is right only if nothing is missing of a place.
    #[must_use]
    pub fn if_whole(mut self, place: Span) -> Self {
        self.presumption.get_or_insert_default().whole = Some(place);
        self
    }

    /// Says that it is right only if nothing of this name is declared.
    #[must_use]
    pub fn if_absent(mut self, name: &str) -> Self {
        self.presumption.get_or_insert_default().absent = Some(name.into());
        self
    }

    /// Says which object it is about.
    #[must_use]
    pub fn about(mut self, address: impl Into<String>) -> Self {
        self.object = Some(address.into());
        self
    }

    /// Says which attribute of that object it is about: whoever knows the place of that, shows it.
    #[must_use]
    pub fn of(mut self, attribute: impl Into<String>) -> Self {
        self.attribute = Some(attribute.into());
        self
    }
}

/// How far doubles of a finding are looked for.
const RECENT: usize = 100;

/// Findings in the order they were made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// No findings.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a finding; one that was made a moment ago, to the letter, is not added again.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let recent = self.list.iter().rev().take(RECENT);
        if !recent.into_iter().any(|other| *other == diagnostic) {
            self.list.push(diagnostic);
        }
    }

    /// Adds all findings of `other`.
    pub fn extend(&mut self, other: Self) {
        for diagnostic in other.list {
            self.push(diagnostic);
        }
    }

    /// Whether any finding is an error.
    pub fn has_errors(&self) -> bool {
        self.list
            .iter()
            .any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Whether there is no finding at all.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The findings in order.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self {
            list: vec![diagnostic],
        }
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}
