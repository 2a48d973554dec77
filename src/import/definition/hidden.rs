//! Where in a file texts stand that nobody may see, so that no message shows the lines with them as they are.
//!
//! It is apart from reading because a message is also about what could not be read: about a value that is no text, about one of two
//! with the same key, about a file that is no JSON at all.

use super::terraform;
use crate::diag::FileId;
use crate::diag::Span;
use crate::import::document;
use crate::import::document::Node;
use crate::import::document::Value;

/// What holds the value of a parameter or of a field, in small letters.
const VALUES: [&str; 4] = ["allowedvalues", "default", "string_value", "stringvalue"];

/// What says that there are hidden things in a file that cannot be read.
const SIGNS: [&str; 5] = ["\"*", "'*", "noecho", "password", "sensitive_values"];

/// Where texts stand in a file that nobody may see. Of a file that cannot be read, and that may have such texts, it is all.
pub fn hidden(file: FileId, text: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    if let Ok(root) = document::read(file, text) {
        walk(&root, false, &mut spans);
        spans.extend(terraform::sensitive(&root));
        return spans;
    }
    let small = text.to_lowercase();
    if SIGNS.iter().any(|sign| small.contains(sign)) {
        spans.push(Span {
            file,
            start: 0,
            end: u32::try_from(text.len()).unwrap_or(u32::MAX),
        });
    }
    spans
}

/// `of_hidden`: what this is part of is hidden, so that its values are.
fn walk(node: &Node, of_hidden: bool, spans: &mut Vec<Span>) {
    let of_hidden = of_hidden || says_so(node);
    for (key, value) in node.entries() {
        let name = key.text.to_lowercase();
        if name.starts_with('*')
            || name == "password"
            || (of_hidden && VALUES.contains(&name.as_str()))
        {
            scalars(value, spans);
        } else {
            walk(value, of_hidden, spans);
        }
    }
    for element in node.elements() {
        walk(element, of_hidden, spans);
    }
}

/// Whether a map is that of a parameter or of a field that is hidden.
fn says_so(node: &Node) -> bool {
    node.entries().iter().any(|(key, value)| {
        let is = |name: &str| key.text.eq_ignore_ascii_case(name);
        let starred = || value.text().is_some_and(|text| text.starts_with('*'));
        let is_true = || {
            value
                .scalar()
                .is_some_and(|text| text.eq_ignore_ascii_case("true"))
        };
        ((is("id") || is("key")) && starred()) || (is("NoEcho") && is_true())
    })
}

/// All texts, numbers and bools in a value, apart from names of what is read.
pub(super) fn scalars(node: &Node, spans: &mut Vec<Span>) {
    match &node.value {
        Value::Text(text) if is_only_read(text) => {}
        Value::Text(_) | Value::Number(_) | Value::Bool(_) => spans.push(node.span),
        Value::Null => {}
        Value::List(elements) => {
            for element in elements {
                scalars(element, spans);
            }
        }
        Value::Map(entries) => {
            for (key, value) in entries {
                if key.text != "Ref" {
                    scalars(value, spans);
                }
            }
        }
    }
}

/// Whether a text is one expression, which only says where a value is.
fn is_only_read(text: &str) -> bool {
    let inner = text
        .strip_prefix("#{")
        .and_then(|rest| rest.strip_suffix('}'));
    inner.is_some_and(|inner| !inner.contains(['{', '}', '\'', '"']))
}
