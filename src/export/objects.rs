//! Objects as objects of the service, and their attributes as its fields.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::formula;
use super::index::DEFAULT;
use super::index::Index;
use super::index::is_path;
use super::index::refers;
use super::index::unique;
use super::index::without_slash;
use super::lost;
use super::names::Names;
use super::notes;
use super::parameters::Parameters;
use super::periods;
use super::schedule;
use super::spelled;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Span;
use crate::import::definition::Field;
use crate::import::definition::FieldValue;
use crate::import::definition::Object as Exported;
use crate::import::expression::Part;
use crate::import::expression::Template;
use crate::lang::Value;
use crate::objects::AttributeSchema;
use crate::objects::AttributeType;
use crate::objects::Aws;
use crate::objects::Default;
use crate::objects::Kind;
use crate::objects::Object;
use crate::objects::ObjectType;

/// The field in which people write what an object is for.
pub(super) const COMMENT: &str = "myComment";

/// Writes the objects of a pipeline.
pub(super) struct Writer<'n, 'a> {
    pub(super) index: &'n Index<'a>,
    pub(super) parameters: &'n Parameters<'a>,
    pub(super) found: Diagnostics,
    /// The objects that are parts of others, after those.
    pub(super) written: Vec<Exported>,
    pub(super) taken: BTreeSet<String>,
}

impl<'a> Writer<'_, 'a> {
    /// Writes an object, and the parts of it that are objects there.
    pub(super) fn object(&mut self, object: &'a Object) {
        let index = self.index;
        let id = match object.kind() {
            Kind::Pipeline => DEFAULT,
            _ => index.id(&object.address).unwrap_or_default(),
        };
        let mut exported = Exported {
            id: id.to_owned(),
            name: None,
            fields: Vec::new(),
            span: Span::default(),
        };
        match object.object_type.aws.first() {
            Some(_) if object.kind() == Kind::Pipeline => {}
            Some(name) => set(&mut exported, "type", FieldValue::Text((*name).to_owned())),
            None => {
                let finding = notes::own_type(object, self.place(object, None));
                self.found.push(finding);
                return;
            }
        }
        let at = self.written.len();
        for schema in object.object_type.schema() {
            self.attribute(object, schema, &mut exported);
        }
        match object.kind() {
            Kind::Pipeline => schedule::of_pipeline(self, &mut exported),
            Kind::Schedule => schedule::intervals(self, object, &mut exported),
            _ => schedule::due(self, object, &mut exported),
        }
        self.roles(object, &mut exported);
        kept_fields(object.get("aws_fields"), &mut exported);
        in_order(object.object_type, &mut exported);
        if let Some(default) = self
            .written
            .first()
            .filter(|_| object.kind() != Kind::Pipeline)
        {
            without_inherited(default, &mut exported);
        }
        self.written.insert(at, exported);
    }

    pub(super) fn place(&self, object: &Object, attribute: Option<&str>) -> Option<Span> {
        (self.index.source.places)(&object.address, attribute)
    }

    pub(super) fn say(&mut self, finding: Diagnostic) {
        self.found.push(finding);
    }

    fn attribute(
        &mut self,
        object: &'a Object,
        schema: &'static AttributeSchema,
        exported: &mut Exported,
    ) {
        if matches!(schema.name, "aws_id" | "aws_fields") || schedule::is_of_it(object, schema) {
            return;
        }
        let known = self.index.source.values;
        let known = known.and_then(|values| values.get(&object.address)?.get(schema.name));
        let Some(value) = object.get(schema.name).or(known) else {
            return;
        };
        if schema.aws == Aws::None {
            lost::attribute(self, object, schema, value, exported);
        } else if refers(schema) {
            self.references(object, schema, exported);
        } else if schema.value.block().is_some() {
            self.blocks(object, schema, value, exported);
        } else {
            self.fields(object, schema, (value, known), exported);
        }
    }

    fn references(&mut self, object: &Object, schema: &AttributeSchema, exported: &mut Exported) {
        let Some(field) = schema.aws_fields().into_iter().next() else {
            return;
        };
        let place = self.place(object, Some(schema.name));
        for reading in object.readings(schema.name) {
            let address = &reading.address;
            let says = match (&reading.window, &reading.require) {
                (Some(_), _) => Some("`window` says which intervals are read"),
                (None, Some(_)) => Some("`require` says how many intervals are needed"),
                (None, None) => None,
            };
            if let Some(says) = says {
                self.say(notes::impossible(object, says, place));
            }
            match self.index.id(address) {
                Some(id) => set(exported, &field, FieldValue::Reference(id.to_owned())),
                None if self
                    .index
                    .object(address)
                    .is_some_and(|it| it.kind() == Kind::Pipeline) =>
                {
                    let says = "Order between pipelines is unknown to the service";
                    self.say(notes::impossible(object, says, place));
                }
                None => self.say(notes::elsewhere(object, address.as_str(), place)),
            }
        }
    }

    /// An attribute as texts. Where its formula cannot be written, the value that it has now is.
    fn fields(
        &mut self,
        object: &'a Object,
        schema: &'static AttributeSchema,
        (value, known): (&Value, Option<&Value>),
        exported: &mut Exported,
    ) {
        let Some(field) = self.index.field(object, schema) else {
            return;
        };
        let place = self.place(object, Some(schema.name));
        let texts = match self.texts(object, schema, &field, value) {
            Ok(texts) => texts,
            Err(why) => {
                let again = known.filter(|known| *known != value);
                let again = again.and_then(|known| self.texts(object, schema, &field, known).ok());
                let Some(texts) = again else {
                    self.say(notes::untranslated(object, schema.name, &why, place));
                    return;
                };
                self.say(notes::value_of_now(object, schema.name, &why, place));
                texts
            }
        };
        for text in texts {
            set(exported, &field, FieldValue::Text(text));
        }
    }

    /// The texts of an attribute.
    fn texts(
        &mut self,
        object: &'a Object,
        schema: &'static AttributeSchema,
        field: &str,
        value: &Value,
    ) -> Result<Vec<String>, String> {
        if let Value::String(text) = value
            && let Some(word) = schema.aws_word(text)
        {
            return Ok(vec![word.to_owned()]);
        }
        if let (AttributeType::Duration, Value::String(text)) = (schema.value, value) {
            let (period, whole) = periods::of_duration(text);
            if !whole {
                let place = self.place(object, Some(schema.name));
                self.say(notes::rounded(object, schema.name, &period, place));
            }
            return Ok(vec![period]);
        }
        let substituted =
            spelled::as_theirs(schema, value).or_else(|| lost::with_secrets(object, schema, value));
        let value = substituted.as_ref().unwrap_or(value);
        let bare = is_path(schema) && self.index.is_bare(object);
        let path = without_slash(value).filter(|_| bare);
        let templates = self.templates(object, field, path.as_ref().unwrap_or(value), schema)?;
        let texts = templates.into_iter().map(|mut template| {
            if bare && path.is_none() {
                cut_slash(&mut template);
            }
            text_of(object, &template)
        });
        Ok(texts.collect())
    }

    fn templates(
        &self,
        object: &'a Object,
        field: &str,
        value: &Value,
        schema: &AttributeSchema,
    ) -> Result<Vec<Template>, String> {
        let names = Names {
            index: self.index,
            parameters: self.parameters,
            object,
            owner: object,
            key: field,
            depth: 0,
        };
        match schema.value {
            AttributeType::Strings | AttributeType::Assignments => {
                formula::translate_list(value, &names)
            }
            _ => formula::translate(value, &names).map(|template| vec![template]),
        }
    }

    /// A formula as the text of a field.
    pub(super) fn formula(
        &self,
        object: &Object,
        field: &str,
        value: &Value,
    ) -> Result<String, String> {
        let names = Names {
            index: self.index,
            parameters: self.parameters,
            object,
            owner: object,
            key: field,
            depth: 0,
        };
        formula::translate(value, &names).map(|template| text_of(object, &template))
    }

    /// Blocks as objects, or as texts with commas between their parts.
    fn blocks(
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
            match self.templates(object, field, value, inner) {
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
            text_of(object, template)
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
                ("aws_fields", _) => kept_fields(Some(value), &mut part),
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
        for (number, (key, value)) in entries_of(value).into_iter().enumerate() {
            let text = match self.texts(object, schema, field, &value) {
                Ok(texts) => texts.into_iter().next().unwrap_or_default(),
                Err(why) => {
                    let place = self.place(object, None);
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
            kept_fields(Some(&besides), &mut pair);
            self.written.push(pair);
            set(part, field, FieldValue::Reference(id));
        }
    }

    /// The service wants to be told the roles that it would take here by itself.
    fn roles(&self, object: &Object, exported: &mut Exported) {
        if object.kind() != Kind::Resource {
            return;
        }
        for name in ["role", "resource_role"] {
            let said = object.get(name).or_else(|| self.index.pipeline.get(name));
            let schema = object
                .object_type
                .attribute(name)
                .filter(|_| said.is_none());
            if let Some(schema) = schema
                && let Default::Text(role) = schema.default
                && let Some(field) = schema.aws_fields().first()
            {
                set(exported, field, FieldValue::Text(role.to_owned()));
            }
        }
    }
}

/// The text of a template. In what was imported, expressions that had no translation are still in the text.
fn text_of(object: &Object, template: &Template) -> String {
    if object.get("aws_id").is_none() {
        return template.to_string();
    }
    let parts = template.parts.iter().map(|part| match part {
        Part::Text(text) => text.clone(),
        Part::Expression(expr) => format!("#{{{expr}}}"),
    });
    parts.collect()
}

/// Fields that have no attribute here and were kept.
fn kept_fields(kept: Option<&Value>, exported: &mut Exported) {
    for (key, value) in kept.map(entries_of).unwrap_or_default() {
        let Value::String(text) = value else { continue };
        match key.as_str() {
            "name" => exported.name = Some(text.to_string()),
            "type" => {
                exported.fields.retain(|field| field.key != "type");
                let kind = FieldValue::Text(text.to_string());
                exported.fields.insert(0, field("type", kind));
            }
            // What belongs to a part of it has a dot.
            key if key.contains('.') => {}
            _ => {
                let several = serde_json::from_str::<Vec<String>>(&text);
                for text in several.unwrap_or_else(|_| vec![text.to_string()]) {
                    set(exported, &key, kept_value(&text));
                }
            }
        }
    }
}

/// What `Default` says, too, is said once.
fn without_inherited(default: &Exported, exported: &mut Exported) {
    let values = |object: &Exported, key: &str| {
        let fields = object.fields.iter().filter(|field| field.key == key);
        fields.map(|field| field.value.clone()).collect::<Vec<_>>()
    };
    let of_all: Vec<String> = default
        .fields
        .iter()
        .map(|field| field.key.clone())
        .filter(|key| key != COMMENT && values(default, key) == values(exported, key))
        .collect();
    exported.fields.retain(|field| !of_all.contains(&field.key));
}

/// Puts fields into the order of the type's attributes, those that it does not have behind the others.
fn in_order(object_type: &ObjectType, exported: &mut Exported) {
    let of_it: Vec<String> = object_type
        .schema()
        .flat_map(AttributeSchema::aws_fields)
        .collect();
    exported
        .fields
        .sort_by_key(|field| match field.key.as_str() {
            "type" => 0,
            COMMENT => 1,
            key => {
                of_it
                    .iter()
                    .position(|own| own == key)
                    .unwrap_or(of_it.len())
                    + 2
            }
        });
}

/// A reference that was kept as text, or a text.
fn kept_value(text: &str) -> FieldValue {
    let reference = text.strip_prefix("{\"ref\": \"");
    match reference.and_then(|rest| rest.strip_suffix("\"}")) {
        Some(id) => FieldValue::Reference(id.to_owned()),
        None => FieldValue::Text(text.to_owned()),
    }
}

fn field(key: &str, value: FieldValue) -> Field {
    Field {
        key: key.to_owned(),
        value,
        span: Span::default(),
    }
}

/// Adds a value to a field.
pub(super) fn set(exported: &mut Exported, key: &str, value: FieldValue) {
    exported.fields.push(field(key, value));
}

/// The slash at the end of a directory goes.
fn cut_slash(template: &mut Template) {
    if let Some(Part::Text(last)) = template.parts.last_mut()
        && let Some(before) = last.strip_suffix('/')
    {
        *last = before.to_owned();
        if last.is_empty() {
            template.parts.pop();
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

/// The entries of a map, also of one that is partly known at a run only.
pub(super) fn entries_of(value: &Value) -> Vec<(String, Value)> {
    match value {
        Value::Map(entries) | Value::Object(entries) => {
            let entries = entries.iter();
            entries
                .map(|(key, value)| (key.to_string(), value.clone()))
                .collect()
        }
        Value::Deferred(expr) => formula::entries(expr)
            .into_iter()
            .map(|(key, value)| (key, Value::Deferred(Arc::new(value))))
            .collect(),
        _ => Vec::new(),
    }
}
