//! `yamldecode`.
//!
//! Aliases share the value of their anchor, so that a text whose aliases multiply takes no memory here; how large the value would
//! be when it is written out is counted all the same, and limited.

use std::collections::BTreeMap;
use std::sync::Arc;

use saphyr_parser::Event;
use saphyr_parser::Parser;
use saphyr_parser::ScalarStyle;
use saphyr_parser::StrInput;
use saphyr_parser::Tag;

use super::scalar::resolve;
use crate::lang::convert::to_text;
use crate::lang::functions::Call;
use crate::lang::functions::CallError;
use crate::lang::functions::collections::take;
use crate::lang::value::Value;

/// The most levels that are read.
const DEEPEST: usize = 128;
/// The most nodes of a text, those of aliases counted each time.
const MOST_NODES: usize = 1_000_000;
/// The handle of YAML's own tags.
const CORE: &str = "tag:yaml.org,2002:";

pub(super) fn yamldecode(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let [source] = take(arguments)?;
    let Value::String(text) = source else {
        return Err(CallError::at(0, "a string is required"));
    };
    let mut reader = Reader {
        events: Parser::new_from_str(text),
        anchors: BTreeMap::new(),
        nodes: 0,
    };
    reader
        .document()
        .map_err(|message| CallError::at(0, format!("invalid YAML: {message}")))
}

struct Reader<'t> {
    events: Parser<'t, StrInput<'t>>,
    /// The values of anchors that are complete, each with the number of its nodes.
    anchors: BTreeMap<usize, (Value, usize)>,
    nodes: usize,
}

impl<'t> Reader<'t> {
    /// The next event, and the line it is in.
    fn next(&mut self) -> Result<(Event<'t>, usize), String> {
        match self.events.next_event() {
            Some(Ok((event, span))) => Ok((event, span.start.line())),
            Some(Err(error)) => {
                let line = error.marker().line();
                Err(format!("line {line}: {}", error.info()))
            }
            None => Err("it ends too early".to_owned()),
        }
    }

    /// The only document.
    fn document(&mut self) -> Result<Value, String> {
        let mut value = None;
        loop {
            match self.next()? {
                (Event::StreamStart | Event::DocumentEnd | Event::Nothing, _) => {}
                (Event::StreamEnd, _) => {
                    return value.ok_or_else(|| "there is no value".to_owned());
                }
                (Event::DocumentStart(_), line) => {
                    if value.is_some() {
                        return Err(format!("line {line}: there may be one document only"));
                    }
                    let (event, line) = self.next()?;
                    value = Some(self.node(event, line, 0)?);
                }
                (_, line) => return Err(format!("line {line}: a document was expected")),
            }
        }
    }

    fn count(&mut self, nodes: usize) -> Result<(), String> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > MOST_NODES {
            return Err(format!("it has more than {MOST_NODES} values"));
        }
        Ok(())
    }

    fn node(&mut self, event: Event<'t>, line: usize, depth: usize) -> Result<Value, String> {
        if depth > DEEPEST {
            return Err(format!("line {line}: there are more than {DEEPEST} levels"));
        }
        let before = self.nodes;
        self.count(1)?;
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                (scalar(&text, style, tag.as_deref(), line)?, anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                only(tag.as_deref(), "seq", line)?;
                (self.sequence(depth)?, anchor)
            }
            Event::MappingStart(anchor, tag) => {
                only(tag.as_deref(), "map", line)?;
                (self.mapping(depth)?, anchor)
            }
            Event::Alias(anchor) => {
                let known = self.anchors.get(&anchor).cloned();
                let (value, nodes) = known.ok_or_else(|| {
                    format!("line {line}: an alias stands inside the value that it names")
                })?;
                self.count(nodes)?;
                (value, 0)
            }
            _ => return Err(format!("line {line}: a value was expected")),
        };
        if anchor > 0 {
            self.anchors
                .insert(anchor, (value.clone(), self.nodes - before));
        }
        Ok(value)
    }

    fn sequence(&mut self, depth: usize) -> Result<Value, String> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Value::tuple(items)),
                (event, line) => items.push(self.node(event, line, depth + 1)?),
            }
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Value, String> {
        let mut entries = BTreeMap::new();
        loop {
            let (event, line) = self.next()?;
            let (text, style, tag) = match event {
                Event::MappingEnd => return Ok(Value::object(entries)),
                Event::Scalar(text, style, _, tag) => (text, style, tag),
                _ => return Err(format!("line {line}: only strings may be keys")),
            };
            let merge = tag
                .as_ref()
                .map_or(&*text == "<<", |tag| core(tag) == Some("merge"));
            let key = if merge {
                None
            } else {
                Some(scalar(&text, style, tag.as_deref(), line)?)
            };
            let (event, value_line) = self.next()?;
            let value = self.node(event, value_line, depth + 1)?;
            match key {
                None => merged(&value, &mut entries)
                    .map_err(|message| format!("line {line}: {message}"))?,
                Some(key) => {
                    let key = to_text(&key)
                        .ok_or_else(|| format!("line {line}: only strings may be keys"))?;
                    entries.insert(key, value);
                }
            }
        }
    }
}

/// The name of one of YAML's own tags.
fn core(tag: &Tag) -> Option<&str> {
    match tag.handle.as_str() {
        CORE | "!!" => Some(&tag.suffix),
        "" => tag.suffix.strip_prefix(CORE),
        _ => None,
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>, line: usize) -> Result<Value, String> {
    let quoted = matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted);
    let value = match tag {
        None => resolve(text, !quoted, None),
        Some(tag) => match core(tag) {
            Some(name) => resolve(text, !quoted, Some(name)),
            None => Err(format!("the tag `{tag}` is not supported")),
        },
    };
    value.map_err(|message| format!("line {line}: {message}"))
}

/// A collection may have the tag of its own kind only.
fn only(tag: Option<&Tag>, name: &str, line: usize) -> Result<(), String> {
    match tag {
        Some(tag) if core(tag) != Some(name) => Err(format!(
            "line {line}: the tag `{tag}` is not supported here"
        )),
        _ => Ok(()),
    }
}

/// Takes over what the key `<<` names: a mapping, or several.
fn merged(value: &Value, entries: &mut BTreeMap<Arc<str>, Value>) -> Result<(), String> {
    match value {
        Value::Object(others) => {
            let others = others.iter();
            entries.extend(others.map(|(key, item)| (Arc::clone(key), item.clone())));
            Ok(())
        }
        Value::Tuple(items) => items.iter().try_for_each(|item| match item {
            Value::Object(_) => merged(item, entries),
            _ => Err(format!("{} cannot be merged", item.describe())),
        }),
        _ => Err(format!("{} cannot be merged", value.describe())),
    }
}
