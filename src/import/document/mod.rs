//! JSON and YAML documents as trees that know where each value stands.
//!
//! JSON may have comments and trailing commas, as people wrote them and the command line of AWS let them pass. The short tags of
//! CloudFormation's YAML (`!Ref x`) are read as what they are short for (`{"Ref": "x"}`).

mod json;
mod yaml;

use crate::diag::Diagnostic;
use crate::diag::FileId;
use crate::diag::Span;

/// A value, and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) span: Span,
    pub(super) value: Value,
}

/// What stands there.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Null,
    Bool(bool),
    /// As it is written.
    Number(String),
    Text(String),
    List(Vec<Node>),
    /// In the order of the document. A key that is there twice is there twice.
    Map(Vec<(Key, Node)>),
}

/// A key, and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) text: String,
    pub(super) span: Span,
}

/// Reads a document: YAML unless it begins as JSON does.
pub(super) fn read(file: FileId, text: &str) -> Result<Node, Diagnostic> {
    // Blanks in the place of a byte order mark: all else stays where it is.
    let without_mark = text.strip_prefix('\u{feff}');
    let blank = without_mark.map(|rest| format!("   {rest}"));
    let text = blank.as_deref().unwrap_or(text);
    let first = text.trim_start().chars().next();
    if matches!(first, None | Some('{' | '[' | '/')) {
        json::read(file, text)
    } else {
        yaml::read(file, text)
    }
}

impl Node {
    /// The value of a key of a map. If it is there twice, the last.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let entries = self.entries().iter().rev();
        entries
            .filter(|(name, _)| name.text == key)
            .map(|(_, value)| value)
            .next()
    }

    /// The entries of a map; of all else none.
    pub(super) fn entries(&self) -> &[(Key, Self)] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The elements of a list; of all else none.
    pub(super) fn elements(&self) -> &[Self] {
        match &self.value {
            Value::List(elements) => elements,
            _ => &[],
        }
    }

    /// The text of a text.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text of a text, and of numbers and bools as they are written.
    pub(super) fn scalar(&self) -> Option<String> {
        match &self.value {
            Value::Text(text) | Value::Number(text) => Some(text.clone()),
            Value::Bool(bool) => Some(bool.to_string()),
            _ => None,
        }
    }

    /// What it is, for messages.
    pub(super) const fn what(&self) -> &'static str {
        match &self.value {
            Value::Null => "null",
            Value::Bool(_) => "a bool",
            Value::Number(_) => "a number",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
