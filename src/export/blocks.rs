//! Blocks as objects of their own, or as texts with commas between their parts.

use std::sync::Arc;

use super::notes;
use super::objects::Writer;
use super::objects::entries_of;
use super::objects::pairs_of;
use super::objects::set;
use super::spelled;
use crate::diag::Span;
use crate::import::definition::FieldValue;
use crate::import::definition::Object as Exported;
use crate::import::expression::Part;
use crate::import::translate::unique;
use crate::lang::Value;
use crate::objects::AttributeSchema;
use crate::objects::Aws;
use crate::objects::Object;

impl<'a> Writer<'_, 'a> {
    /// Blocks as objects, or as texts with commas between their parts.
    pub(super) fn blocks(
        &mut self,
        object: &'a Object,
        schema: &'static AttributeSchema,
        value: &Value,
        exported: &mut Exported,
    ) {
        let id = exported.id.clone();
        for (number, block) in blocks_of(value).into_iter().enumerate() {
            if let Aws::Parts(field) = schema.aws {
                if let Some(text) = self.parts(object, schema, field, &block) {
                    set(exported, field, FieldValue::Text(text));
                }
                continue;
            }
            let name = format!("{id}_{}_{}", schema.name, number + 1);
            if let (Some(part), Some(field)) = (
                self.part(object, schema, &name, &block),
                schema.aws_fields().first(),
            ) {
                set(exported, field, FieldValue::Reference(part));
            }
        }
    }

    /// `s3://x.jar,a,b`: the first attribute of a block, and the elements of the list that is its second.
    fn parts(
        &mut self,
        object: &'a Object,
        schema: &'static AttributeSchema,
        field: &str,
        block: &Value,
    ) -> Option<String> {
        let mut parts = Vec::new();
        let content = schema.value.block()?.attributes;
        let of_block = content.iter().map(|inner| attribute_of(block, inner.name));
        let of_block: Vec<Option<&Value>> = of_block.collect();
        if let Some(whole) = spelled::of_parts(&of_block) {
            return match self.formula(object, field, &whole) {
                Ok(text) => Some(text),
                Err(why) => {
                    let place = self.place(object, Some(schema.name));
                    self.say(notes::untranslated(object, schema.name, &why, place));
                    None
                }
            };
        }
        for inner in content {
            let Some(value) = attribute_of(block, inner.name) else {
                continue;
            };
            let whole = spelled::not_divided(value);
            match self.templates(object, field, whole.as_ref().unwrap_or(value), inner) {
                Ok(templates) => parts.extend(templates),
                Err(why) => {
                    let place = self.place(object, Some(schema.name));
                    self.say(notes::untranslated(object, schema.name, &why, place));
                    return None;
                }
            }
        }
        let is_odd = |part: &Part| match part {
            Part::Text(text) => text.contains("\\,") || text.ends_with('\\'),
            Part::Expression(_) => false,
        };
        if parts
            .iter()
            .flat_map(|template| &template.parts)
            .any(is_odd)
        {
            let place = self.place(object, Some(schema.name));
            self.say(notes::ambiguous_part(object, schema.name, place));
            return None;
        }
        let texts = parts.iter_mut().map(|template| {
            for part in &mut template.parts {
                if let Part::Text(text) = part {
                    *text = text.replace(',', "\\\\,");
                }
            }
            self.text_of(object, template)
        });
        Some(texts.collect::<Vec<_>>().join(","))
    }

    /// A block as an object of its own; its id. Two blocks that had the same id are one.
    fn part(
        &mut self,
        object: &'a Object,
        schema: &'static AttributeSchema,
        name: &str,
        block: &Value,
    ) -> Option<String> {
        let content = schema.value.block()?;
        let own = match attribute_of(block, "aws_id") {
            Some(Value::String(id)) => Some(id.to_string()),
            _ => None,
        };
        let mut part = Exported {
            id: own.clone().unwrap_or_else(|| name.to_owned()),
            name: None,
            fields: Vec::new(),
            span: Span::default(),
        };
        let kind = content.aws?.to_owned();
        set(&mut part, "type", FieldValue::Text(kind));
        let at = self.written.len();
        for inner in content.attributes {
            let Some(value) = attribute_of(block, inner.name) else {
                continue;
            };
            match (inner.name, inner.aws) {
                ("aws_id", _) => {}
                ("aws_fields", _) => self.kept_fields(Some(value), &mut part),
                (_, Aws::Pairs(field)) => {
                    let kept = attribute_of(block, "aws_fields");
                    self.pairs(object, (inner, kept), (field, value), &mut part);
                }
                _ if inner.value.block().is_some() => self.blocks(object, inner, value, &mut part),
                _ => self.inner_fields(object, (schema, inner), value, &mut part),
            }
        }
        let same =
            |known: &&Exported| Some(&known.id) == own.as_ref() && known.fields == part.fields;
        if let Some(known) = self.written.iter().find(same) {
            return Some(known.id.clone());
        }
        part.id = unique(&part.id, &mut self.taken);
        let id = part.id.clone();
        self.written.insert(at, part);
        Some(id)
    }

    /// An attribute of a block as fields.
    fn inner_fields(
        &mut self,
        object: &'a Object,
        (schema, inner): (&'static AttributeSchema, &'static AttributeSchema),
        value: &Value,
        part: &mut Exported,
    ) {
        let Some(field) = inner.aws_fields().into_iter().next() else {
            return;
        };
        match self.texts(object, inner, &field, value) {
            Ok(texts) => {
                for text in texts {
                    set(part, &field, FieldValue::Text(text));
                }
            }
            Err(why) => {
                let place = self.place(object, Some(schema.name));
                self.say(notes::untranslated(object, inner.name, &why, place));
            }
        }
    }

    /// A map as objects with a key and a value each.
    fn pairs(
        &mut self,
        object: &'a Object,
        (schema, kept): (&'static AttributeSchema, Option<&Value>),
        (field, value): (&str, &Value),
        part: &mut Exported,
    ) {
        let kept = kept.map(entries_of).unwrap_or_default();
        let place = self.place(object, None);
        let Some(pairs) = pairs_of(value) else {
            let why = "it is not written out which keys it has";
            self.say(notes::untranslated(object, schema.name, why, place));
            return;
        };
        for (number, (key, value)) in pairs.into_iter().enumerate() {
            let key = self.formula(object, field, &key);
            let text = self.texts(object, schema, field, &value);
            let (key, text) = match (key, text) {
                (Ok(key), Ok(texts)) => (key, texts.into_iter().next().unwrap_or_default()),
                (Err(why), _) | (_, Err(why)) => {
                    self.say(notes::untranslated(object, schema.name, &why, place));
                    continue;
                }
            };
            let id = unique(
                &format!("{}_property_{}", part.id, number + 1),
                &mut self.taken,
            );
            let mut pair = Exported {
                id: id.clone(),
                name: None,
                fields: Vec::new(),
                span: Span::default(),
            };
            let own = [("type", "Property"), ("key", &key), ("value", &text)];
            for (key, text) in own {
                set(&mut pair, key, FieldValue::Text(text.to_owned()));
            }
            let own = format!("{key}.");
            let besides = kept.iter().filter_map(|(kept, value)| {
                Some((Arc::from(kept.strip_prefix(&own)?), value.clone()))
            });
            let besides = Value::object(besides.collect());
            self.kept_fields(Some(&besides), &mut pair);
            self.written.push(pair);
            set(part, field, FieldValue::Reference(id));
        }
    }
}

fn blocks_of(value: &Value) -> Vec<Value> {
    match value {
        Value::Tuple(blocks) => blocks.to_vec(),
        Value::Null(_) => Vec::new(),
        single => vec![single.clone()],
    }
}

fn attribute_of<'v>(block: &'v Value, name: &str) -> Option<&'v Value> {
    match block {
        Value::Object(attributes) => attributes.get(name),
        _ => None,
    }
}
