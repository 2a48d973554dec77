//! Reads objects, a line each.

use std::borrow::Cow;
use std::fmt;
use std::io::BufRead;

use serde::Deserialize;
use serde::Deserializer as _;
use serde::de::MapAccess;
use serde::de::Visitor;
use serde_json::value::RawValue;

use super::JsonLines;
use crate::connect::ConnectError;
use crate::connect::formats::BatchReader;
use crate::connect::formats::Column;
use crate::connect::formats::batch::Batch;
use crate::connect::formats::batch::Fault;
use crate::connect::formats::batch::Field;
use crate::connect::formats::batch::FieldKind;
use crate::connect::formats::batch::Parts;
use crate::connect::formats::chunks::Chunks;
use crate::connect::formats::chunks::Step;
use crate::connect::formats::chunks::Text;
use crate::connect::formats::chunks::line;
use crate::connect::formats::columns;
use crate::connect::formats::regex::cut;

/// Reads records of [`JsonLines`].
pub struct JsonLinesReader<R> {
    chunks: Chunks<R>,
    columns: Vec<Column>,
    objects: Objects,
    /// The first records, which were read to know the names.
    first: Option<Batch>,
}

impl<R: BufRead> JsonLinesReader<R> {
    /// Starts reading. Without declared columns it reads up to the first object.
    pub fn new(format: &JsonLines, input: R, place: &str) -> Result<Self, ConnectError> {
        let names: Vec<String> = format.columns.iter().map(|c| c.name.clone()).collect();
        let mut reader = Self {
            chunks: Chunks::new(input, place, b'\n'),
            columns: format.columns.clone(),
            objects: Objects {
                declared: !names.is_empty(),
                names,
            },
            first: None,
        };
        if !reader.objects.declared {
            let mut batch = Batch::default();
            reader.next(&mut batch)?;
            reader.first = Some(batch);
        }
        Ok(reader)
    }

    fn next(&mut self, batch: &mut Batch) -> Result<bool, ConnectError> {
        let objects = &mut self.objects;
        self.chunks.fill(batch, usize::MAX, |text, at, parts| {
            objects.step(text, at, parts)
        })
    }
}

impl<R: BufRead> BatchReader for JsonLinesReader<R> {
    fn names(&self) -> &[String] {
        &self.objects.names
    }

    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn fill(&mut self, batch: &mut Batch) -> Result<bool, ConnectError> {
        match self.first.take() {
            Some(first) => {
                *batch = first;
                Ok(!batch.is_empty())
            }
            None => self.next(batch),
        }
    }
}

/// What is known of the objects.
struct Objects {
    /// The columns, once they are known.
    names: Vec<String>,
    /// Whether they were declared, so that other keys do not count.
    declared: bool,
}

impl Objects {
    fn step(&mut self, text: Text<'_>, at: usize, parts: &mut Parts) -> Step {
        let Some((end, next)) = line(text, at) else {
            return Step::Incomplete;
        };
        let bytes = text.raw.get(at..end).unwrap_or_default();
        if bytes.trim_ascii().is_empty() {
            return Step::Blank { next, lines: 1 };
        }
        match self.object(bytes, at, parts) {
            Ok(()) => Step::Record {
                end,
                next,
                lines: 1,
            },
            Err(fault) => Step::Bad {
                fault,
                end,
                next,
                lines: 1,
            },
        }
    }

    fn object(&mut self, bytes: &[u8], at: usize, parts: &mut Parts) -> Result<(), Fault> {
        let text = columns::text(bytes).map_err(Fault::whole)?;
        for _ in &self.names {
            parts.slice(at, at, FieldKind::Null);
        }
        let (mut wrong, first) = (None, self.names.is_empty());
        let visitor = Members {
            objects: self,
            line: Line { text, at },
            parts,
            wrong: &mut wrong,
        };
        let mut reader = serde_json::Deserializer::from_str(text);
        let result = reader.deserialize_map(visitor).and_then(|()| reader.end());
        let result = match (wrong, result) {
            (Some(fault), _) => Err(fault),
            (None, Err(error)) => Err(Fault::whole(refusal(text, &error))),
            (None, Ok(())) if self.names.is_empty() => Err(Fault::whole("the object has no key")),
            (None, Ok(())) => Ok(()),
        };
        if first && result.is_err() {
            self.names.clear();
        }
        result
    }

    /// The column of a key; the one that it has in the last record is likely.
    fn place_of(&self, key: &str, likely: usize) -> Option<usize> {
        let is = |name: &String| name == key;
        if self.names.get(likely).is_some_and(is) {
            return Some(likely);
        }
        self.names.iter().position(is)
    }
}

/// Why a line is no object.
fn refusal(text: &str, error: &serde_json::Error) -> String {
    if !text.trim_start().starts_with('{') {
        return format!(
            "`{}` is not a JSON object; there is one on each line",
            cut(text.as_bytes())
        );
    }
    let said = error.to_string();
    let reason = said.split(" at line ").next().unwrap_or_default();
    format!(
        "it is not a JSON object: {reason} at character {}",
        error.column()
    )
}

/// A line, and where it begins in the batch.
#[derive(Clone, Copy)]
struct Line<'t> {
    text: &'t str,
    at: usize,
}

impl Line<'_> {
    /// Where a part of the line is in the batch.
    fn place(self, part: &str) -> usize {
        self.at + (part.as_ptr().addr() - self.text.as_ptr().addr())
    }
}

/// Puts the members of an object into a record.
struct Members<'o, 't> {
    objects: &'o mut Objects,
    line: Line<'t>,
    parts: &'o mut Parts,
    wrong: &'o mut Option<Fault>,
}

impl<'t> Visitor<'t> for Members<'_, 't> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'t>>(mut self, mut map: A) -> Result<(), A::Error> {
        // Those of the first line are the columns from then on.
        let first = !self.objects.declared && self.objects.names.is_empty();
        let mut likely = 0;
        while let Some((Key(key), value)) = map.next_entry::<Key<'_>, &RawValue>()? {
            let column = match self.objects.place_of(&key, likely) {
                Some(column) => column,
                None if first => {
                    self.objects.names.push(key.into_owned());
                    self.parts
                        .slice(self.line.at, self.line.at, FieldKind::Null);
                    self.objects.names.len() - 1
                }
                None => {
                    if !self.objects.declared && self.wrong.is_none() {
                        *self.wrong = Some(Fault::whole(format!(
                            "the first line has no key `{key}`; list all in `column`"
                        )));
                    }
                    continue;
                }
            };
            likely = column + 1;
            if self.has(column) && self.wrong.is_none() {
                *self.wrong = Some(Fault::field(column, "the object has this key twice"));
            }
            if let Err(reason) = self.value(column, value.get()) {
                self.wrong.get_or_insert(Fault::field(column, reason));
            }
        }
        Ok(())
    }
}

impl Members<'_, '_> {
    /// Whether the record has a value of a column: a NULL of the line stands behind its beginning.
    fn has(&self, column: usize) -> bool {
        let width = self.objects.names.len();
        let fields = &self.parts.fields;
        let slot = fields.get(fields.len() - width + column);
        slot.is_some_and(|slot| slot.kind != FieldKind::Null || slot.start as usize != self.line.at)
    }

    /// Sets a field to a value, which is JSON.
    fn value(&mut self, column: usize, text: &str) -> Result<(), String> {
        let start = self.line.place(text);
        let whole = (start, start + text.len());
        let (kind, (start, end)) = match text.as_bytes().first() {
            Some(b'"') if text.contains('\\') => return self.escaped(column, text),
            Some(b'"') => (FieldKind::Text, (whole.0 + 1, whole.1 - 1)),
            Some(b'{' | b'[') => (FieldKind::Json, whole),
            Some(b't' | b'f') => (FieldKind::Boolean, whole),
            Some(b'n') => (FieldKind::Null, (start, start)),
            _ => (FieldKind::Number, whole),
        };
        self.parts.slice(start, end, kind);
        self.take(column);
        Ok(())
    }

    /// The same for a text with escapes in it.
    fn escaped(&mut self, column: usize, text: &str) -> Result<(), String> {
        let text: String = serde_json::from_str(text)
            .map_err(|_| "the text has an escape that stands for no character".to_owned())?;
        let start = self.parts.beside.len();
        self.parts.beside.extend_from_slice(text.as_bytes());
        self.parts.written(start, FieldKind::Text);
        self.take(column);
        Ok(())
    }

    /// Takes the field that was added last as that of a column.
    fn take(&mut self, column: usize) {
        let width = self.objects.names.len();
        if let Some(field) = self.parts.fields.pop() {
            let first = self.parts.fields.len() - width;
            if let Some(slot) = self.parts.fields.get_mut(first + column) {
                *slot = Field { ..field };
            }
        }
    }
}

/// A key, of the line itself where it has no escapes.
struct Key<'t>(Cow<'t, str>);

impl<'t> Deserialize<'t> for Key<'t> {
    fn deserialize<D: serde::Deserializer<'t>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'t> Visitor<'t> for Text {
            type Value = Key<'t>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, key: &'t str) -> Result<Key<'t>, E> {
                Ok(Key(Cow::Borrowed(key)))
            }

            fn visit_str<E>(self, key: &str) -> Result<Key<'t>, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }
        deserializer.deserialize_str(Text)
    }
}
