//! Objects as objects of the service, and their attributes as its fields.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::formula;
use super::index::DEFAULT;
use super::index::Index;
use super::index::is_path;
use super::index::refers;
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
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;
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
        self.kept_fields(object.get("aws_fields"), &mut exported);
        // A start that was kept is the start, whatever it says.
        if exported
            .fields
            .iter()
            .any(|field| field.key == "startDateTime")
        {
            exported.fields.retain(|field| field.key != "startAt");
        }
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

    fn references(
        &mut self,
        object: &'a Object,
        schema: &AttributeSchema,
        exported: &mut Exported,
    ) {
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
            if let Some(database) = self.index.inside(address) {
                for schema in database.object_type.schema() {
                    self.attribute(database, schema, exported);
                }
                continue;
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
    pub(super) fn texts(
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
        let substituted = spelled::as_theirs(schema, value)
            .or_else(|| lost::with_environment(object, schema, value));
        let value = substituted.as_ref().unwrap_or(value);
        let bare = is_path(schema) && self.index.is_bare(object);
        let path = without_slash(value).filter(|_| bare);
        let templates = self.templates(object, field, path.as_ref().unwrap_or(value), schema)?;
        let texts = templates.into_iter().map(|mut template| {
            if bare && path.is_none() {
                cut_slash(&mut template);
            }
            self.text_of(object, &template)
        });
        Ok(texts.collect())
    }

    pub(super) fn templates(
        &mut self,
        object: &'a Object,
        field: &str,
        value: &Value,
        schema: &AttributeSchema,
    ) -> Result<Vec<Template>, String> {
        let is_list = matches!(
            schema.value,
            AttributeType::Strings | AttributeType::Assignments
        );
        let is_number = matches!(
            schema.value,
            AttributeType::Integer(_) | AttributeType::Number(..) | AttributeType::Price(_)
        );
        let pointed = Cell::new(false);
        let names = self.names(object, field, &pointed);
        let templates = if is_list {
            formula::translate_list(value, &names)?
        } else {
            vec![formula::translate(value, &names)?]
        };
        if pointed.get() && !is_number {
            let place = self.place(object, Some(schema.name));
            self.say(notes::pointed(object, schema.name, place));
        }
        Ok(templates)
    }

    /// A formula as the text of a field.
    pub(super) fn formula(
        &self,
        object: &Object,
        field: &str,
        value: &Value,
    ) -> Result<String, String> {
        let pointed = Cell::new(false);
        let names = self.names(object, field, &pointed);
        formula::translate(value, &names).map(|template| self.text_of(object, &template))
    }

    /// What names mean in a field of an object.
    fn names<'s>(
        &'s self,
        object: &'s Object,
        key: &'s str,
        pointed: &'s Cell<bool>,
    ) -> Names<'s, 'a> {
        Names {
            index: self.index,
            parameters: self.parameters,
            object,
            owner: object,
            key,
            depth: 0,
            pointed,
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

pub(super) fn field(key: &str, value: FieldValue) -> Field {
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

/// The entries of a map whose keys are known, also of one that is partly known at a run only.
pub(super) fn entries_of(value: &Value) -> Vec<(String, Value)> {
    let entries = pairs_of(value).unwrap_or_default().into_iter();
    let known = entries.filter_map(|(key, value)| match key {
        Value::String(key) => Some((key.to_string(), value)),
        _ => None,
    });
    known.collect()
}

/// The entries of a map, also of those whose keys are computed; `None` if it is not written out which ones it has.
pub(super) fn pairs_of(value: &Value) -> Option<Vec<(Value, Value)>> {
    let of_expr = |expr: Expr| match expr.kind {
        ExprKind::Value(value) => value,
        _ => Value::Deferred(Arc::new(expr)),
    };
    match value {
        Value::Map(entries) | Value::Object(entries) => {
            let entries = entries.iter();
            Some(
                entries
                    .map(|(key, value)| (Value::string(&**key), value.clone()))
                    .collect(),
            )
        }
        Value::Deferred(expr) => {
            let entries = formula::entries(expr)?.into_iter();
            Some(
                entries
                    .map(|(key, value)| (of_expr(key), Value::Deferred(Arc::new(value))))
                    .collect(),
            )
        }
        Value::Sensitive(inner) => pairs_of(inner),
        Value::Null(_) => Some(Vec::new()),
        _ => None,
    }
}
