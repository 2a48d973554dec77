//! YAML, as templates of CloudFormation are written in it.

use std::collections::BTreeMap;

use saphyr_parser::Event;
use saphyr_parser::Marker;
use saphyr_parser::Parser;
use saphyr_parser::ScalarStyle;
use saphyr_parser::StrInput;
use saphyr_parser::Tag;

use super::Key;
use super::Node;
use super::Value;
use super::offset;
use crate::diag::Diagnostic;
use crate::diag::FileId;
use crate::diag::Span;

/// The most levels that are read.
const DEEPEST: usize = 128;

/// The most values that aliases stand for, all in all.
const MOST_ALIASED: usize = 100_000;

pub(super) fn read(file: FileId, text: &str) -> Result<Node, Diagnostic> {
    let offsets = if text.is_ascii() {
        Vec::new()
    } else {
        text.char_indices()
            .map(|(at, _)| offset(at))
            .chain([offset(text.len())])
            .collect()
    };
    let mut reader = Reader {
        file,
        offsets,
        events: Parser::new_from_str(text),
        anchors: BTreeMap::new(),
        aliased: 0,
    };
    reader.document()
}

struct Reader<'t> {
    file: FileId,
    /// The byte of each character, where not all are of one byte.
    offsets: Vec<u32>,
    events: Parser<'t, StrInput<'t>>,
    /// What aliases stand for, by the number of the anchor.
    anchors: BTreeMap<usize, Node>,
    /// How many values aliases have stood for.
    aliased: usize,
}

impl<'t> Reader<'t> {
    fn byte(&self, marker: Marker) -> u32 {
        let index = marker.index();
        let known = self.offsets.get(index).or(self.offsets.last()).copied();
        known.unwrap_or_else(|| offset(index))
    }

    fn span(&self, start: Marker, end: Marker) -> Span {
        Span {
            file: self.file,
            start: self.byte(start),
            end: self.byte(end),
        }
    }

    fn next(&mut self) -> Result<(Event<'t>, Span), Diagnostic> {
        match self.events.next_event() {
            Some(Ok((event, at))) => Ok((event, self.span(at.start, at.end))),
            Some(Err(error)) => {
                let at = *error.marker();
                let span = self.span(at, at);
                Err(mistake(span, error.info()))
            }
            None => {
                let start = Marker::new(0, 1, 0);
                Err(mistake(self.span(start, start), "it ends too early"))
            }
        }
    }

    fn document(&mut self) -> Result<Node, Diagnostic> {
        loop {
            match self.next()? {
                (Event::DocumentStart(_), _) => {
                    let (event, at) = self.next()?;
                    return self.node(event, at, 0);
                }
                (Event::StreamEnd, at) => return Err(mistake(at, "there is no value")),
                _ => {}
            }
        }
    }

    fn node(&mut self, event: Event<'t>, at: Span, depth: usize) -> Result<Node, Diagnostic> {
        if depth > DEEPEST {
            let problem = format!("there are more than {DEEPEST} levels");
            return Err(mistake(at, &problem));
        }
        let (value, tag, anchor, at) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && tag.is_none();
                let value = if plain {
                    scalar(&text)
                } else {
                    Value::Text(text.into_owned())
                };
                (value, tag, anchor, at)
            }
            Event::SequenceStart(anchor, tag) => {
                let mut elements = Vec::new();
                let end = loop {
                    match self.next()? {
                        (Event::SequenceEnd, end) => break end,
                        (event, at) => elements.push(self.node(event, at, depth + 1)?),
                    }
                };
                (Value::List(elements), tag, anchor, at.to(end))
            }
            Event::MappingStart(anchor, tag) => {
                let (entries, end) = self.entries(depth)?;
                (Value::Map(entries), tag, anchor, at.to(end))
            }
            Event::Alias(anchor) => return self.aliased(anchor, at),
            _ => return Err(mistake(at, "a value was expected")),
        };
        let node = tagged(Node { span: at, value }, tag.as_deref());
        // Numbers of anchors begin with 1.
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    /// What an alias stands for.
    fn aliased(&mut self, anchor: usize, at: Span) -> Result<Node, Diagnostic> {
        let Some(node) = self.anchors.get(&anchor) else {
            return Err(mistake(at, "this alias stands for what it is in"));
        };
        self.aliased = self.aliased.saturating_add(size(node));
        if self.aliased > MOST_ALIASED {
            let problem = format!("its aliases stand for more than {MOST_ALIASED} values");
            return Err(mistake(at, &problem));
        }
        Ok(node.clone())
    }

    fn entries(&mut self, depth: usize) -> Result<(Vec<(Key, Node)>, Span), Diagnostic> {
        let mut entries = Vec::new();
        loop {
            let key = match self.next()? {
                (Event::MappingEnd, end) => return Ok((entries, end)),
                (Event::Scalar(text, ..), span) => Key {
                    text: text.into_owned(),
                    span,
                },
                (_, at) => return Err(mistake(at, "only texts may be keys")),
            };
            let (event, at) = self.next()?;
            entries.push((key, self.node(event, at, depth + 1)?));
        }
    }
}

/// How many values there are in one.
fn size(node: &Node) -> usize {
    let elements = node.elements().iter().map(size);
    let entries = node.entries().iter().map(|(_, value)| size(value));
    elements.chain(entries).fold(1, usize::saturating_add)
}

fn mistake(at: Span, problem: &str) -> Diagnostic {
    Diagnostic::error(
        "Invalid YAML",
        format!("This is not YAML that is read here: {problem}."),
    )
    .at(at)
}

/// A scalar without quotes. Everything but these words and plain numbers is text; a date is text, too.
fn scalar(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ if text.parse::<f64>().is_ok() && text.contains(|sign: char| sign.is_ascii_digit()) => {
            Value::Number(text.to_owned())
        }
        _ => Value::Text(text.to_owned()),
    }
}

/// What a short tag of CloudFormation stands for: `!Ref x` is `{"Ref": "x"}`, `!Sub x` is `{"Fn::Sub": "x"}`, and `!GetAtt a.b`
/// is `{"Fn::GetAtt": ["a", "b"]}`. Other tags mean nothing.
fn tagged(node: Node, tag: Option<&Tag>) -> Node {
    let span = node.span;
    let Some(name) = tag.filter(|tag| tag.handle == "!").map(|tag| &tag.suffix) else {
        return node;
    };
    let text = match name.as_str() {
        "Ref" | "Condition" => name.clone(),
        _ => format!("Fn::{name}"),
    };
    let node = match (
        name.as_str(),
        node.text().and_then(|text| text.split_once('.')),
    ) {
        ("GetAtt", Some((resource, attribute))) => {
            let part = |text: &str| Node {
                span,
                value: Value::Text(text.to_owned()),
            };
            let value = Value::List(vec![part(resource), part(attribute)]);
            Node { span, value }
        }
        _ => node,
    };
    let value = Value::Map(vec![(Key { text, span }, node)]);
    Node { span, value }
}
