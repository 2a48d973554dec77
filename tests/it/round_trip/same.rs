//! Whether two definitions are the same up to order, defaults and formatting.
//!
//! Both are brought into one form: what objects inherit is theirs, as far as their types have it; what the service takes where nothing
//! is said is written out; words, periods and expressions have one spelling.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use pipeform::import::definition::Definition;
use pipeform::import::definition::Field;
use pipeform::import::definition::FieldValue;
use pipeform::import::definition::Object;
use pipeform::import::expression;
use pipeform::import::expression::Expr;
use pipeform::import::expression::ExprKind;
use pipeform::import::expression::Operator;
use pipeform::import::expression::Part;
use pipeform::import::expression::Template;
use pipeform::lang::Number;
use pipeform::objects::AttributeSchema;
use pipeform::objects::AttributeType;
use pipeform::objects::Aws;
use pipeform::objects::BlockSchema;
use pipeform::objects::ObjectType;
use pipeform::objects::registry;

use super::Fields;

/// What the oldest data nodes of tables say of their database themselves.
const OF_DATABASE: [&str; 4] = ["connectionString", "username", "*password", "databaseName"];

/// What is different, a sentence each.
pub(super) fn differences(before: &Definition, after: &Definition) -> Vec<String> {
    let (before, after) = (with_databases(before), with_databases(after));
    let clear = in_clear(&before);
    let read = with_secrets_read(&before, &after);
    let (was, is) = (form(&read), form(&after));
    let mut found = Vec::new();
    let ids: BTreeSet<_> = was.keys().chain(is.keys()).collect();
    for id in ids {
        let none = Fields::new();
        let (was, is) = (was.get(id).unwrap_or(&none), is.get(id).unwrap_or(&none));
        let keys: BTreeSet<_> = was.keys().chain(is.keys()).collect();
        for key in keys {
            let same =
                was.get(key) == is.get(key) || super::values::agree(&before, &after, (id, key));
            if !same && !clear.contains(&(id.as_str(), key)) {
                found.push(format!(
                    "{id}.{key}: {:?}, was {:?}",
                    is.get(key),
                    was.get(key)
                ));
            }
        }
    }
    parameters(&before, &after, &mut found);
    found
}

/// Hidden fields whose value is in the definition; it is nowhere else then.
fn in_clear(definition: &Definition) -> BTreeSet<(&str, &str)> {
    let mut found = BTreeSet::new();
    for object in &definition.objects {
        for field in &object.fields {
            let hidden = field.key.starts_with('*');
            if hidden && !matches!(&field.value, FieldValue::Text(text) if text.contains("#{")) {
                found.insert((object.id.as_str(), field.key.as_str()));
            }
        }
    }
    found
}

/// What is hidden in one field and in clear in another is read as the same parameter in both.
fn with_secrets_read(before: &Definition, after: &Definition) -> Definition {
    let mut whole = before.clone();
    for (id, key) in in_clear(before) {
        let text = |definition: &Definition| {
            let mut objects = definition.objects.iter();
            let object = objects.find(|object| object.id == id)?;
            object.text(key).map(str::to_owned)
        };
        let (Some(secret), Some(read)) = (text(before), text(after)) else {
            continue;
        };
        for field in whole
            .objects
            .iter_mut()
            .flat_map(|object| &mut object.fields)
        {
            match &mut field.value {
                FieldValue::Text(text) if !field.key.starts_with('*') && secret.len() >= 8 => {
                    *text = text.replace(&secret, &read);
                }
                _ => {}
            }
        }
    }
    whole
}

fn with_databases(definition: &Definition) -> Definition {
    let mut whole = definition.clone();
    let mut added = Vec::new();
    for object in &mut whole.objects {
        let has = |key: &str| object.fields.iter().any(|field| field.key == key);
        let is_table = matches!(object.type_name(), Some("MySqlDataNode" | "SqlDataNode"));
        if !is_table || has("database") || !has("connectionString") {
            continue;
        }
        let of_database = |field: &Field| OF_DATABASE.contains(&field.key.as_str());
        let (mut moved, kept): (Vec<_>, _) = object.fields.drain(..).partition(of_database);
        object.fields = kept;
        let field = |key: &str, value| Field {
            key: key.to_owned(),
            value,
            span: object.span,
        };
        let id = format!("{}Database", object.id);
        moved.push(field("type", FieldValue::Text("JdbcDatabase".to_owned())));
        let database = field("database", FieldValue::Reference(id.clone()));
        object.fields.push(database);
        added.push(Object {
            id,
            name: None,
            fields: moved,
            span: object.span,
        });
    }
    whole.objects.extend(added);
    whole
}

/// The objects of a definition, and what they inherit.
pub(super) struct Objects<'d>(BTreeMap<&'d str, &'d Object>);

impl<'d> Objects<'d> {
    pub(super) fn new(definition: &'d Definition) -> Self {
        let objects = definition.objects.iter();
        Self(objects.map(|object| (object.id.as_str(), object)).collect())
    }

    fn lineage(&self, object: &'d Object) -> Vec<&'d Object> {
        let mut lineage = vec![object];
        let mut last = object;
        while lineage.len() < 32 && last.id != "Default" {
            let parent = last.field("parent").next().map(|field| match &field.value {
                FieldValue::Reference(id) | FieldValue::Text(id) => id.as_str(),
            });
            let Some(next) = self.0.get(parent.unwrap_or("Default")) else {
                break;
            };
            lineage.push(next);
            last = next;
        }
        lineage
    }

    /// The values of a field, the object's own or inherited.
    pub(super) fn field(&self, object: &'d Object, key: &str) -> Vec<&'d FieldValue> {
        let mut values = self.lineage(object).into_iter().map(|holder| {
            let fields = holder.fields.iter().filter(|field| field.key == key);
            fields.map(|field| &field.value).collect::<Vec<_>>()
        });
        values.find(|values| !values.is_empty()).unwrap_or_default()
    }

    pub(super) fn get(&self, id: &str) -> Option<&'d Object> {
        self.0.get(id).copied()
    }

    fn text(&self, object: &'d Object, key: &str) -> Option<&'d str> {
        self.field(object, key)
            .into_iter()
            .find_map(|value| match value {
                FieldValue::Text(text) => Some(text.as_str()),
                FieldValue::Reference(_) => None,
            })
    }

    fn keys(&self, object: &'d Object) -> BTreeSet<&'d str> {
        let fields = self
            .lineage(object)
            .into_iter()
            .flat_map(|holder| &holder.fields);
        fields.map(|field| field.key.as_str()).collect()
    }

    fn is_on_demand(&self, id: &str) -> bool {
        let Some(object) = self.get(id) else {
            return false;
        };
        let is = |key, word: &str| {
            let text = self.text(object, key);
            text.is_some_and(|text| text.eq_ignore_ascii_case(word))
        };
        is("period", "ONDEMAND_PERIOD") || is("startAt", "ONDEMAND_ACTIVATION_TIME")
    }
}

/// What a type of the service is here.
#[derive(Clone, Copy)]
enum Described {
    Object(&'static ObjectType),
    Block(&'static BlockSchema),
}

impl Described {
    fn of(name: &str) -> Option<Self> {
        let is = |own: &str| own.eq_ignore_ascii_case(name);
        let found = registry::TYPES
            .iter()
            .find(|found| found.aws.iter().any(|own| is(own)));
        if let Some(found) = found {
            return Some(Self::Object(found));
        }
        let blocks = registry::TYPES.iter().flat_map(|found| found.schema());
        let blocks = blocks.filter_map(|schema| schema.value.block());
        blocks
            .into_iter()
            .find_map(|block| within(block, name, 0))
            .map(Self::Block)
    }

    fn schema(self, key: &str) -> Option<&'static AttributeSchema> {
        match self {
            Self::Object(found) => found.of_aws_field(key),
            Self::Block(block) => block.attributes.iter().find(|schema| schema.is_aws(key)),
        }
    }
}

fn within(block: &'static BlockSchema, name: &str, depth: usize) -> Option<&'static BlockSchema> {
    if block.aws.is_some_and(|own| own.eq_ignore_ascii_case(name)) {
        return Some(block);
    }
    let inner = block
        .attributes
        .iter()
        .filter_map(|schema| schema.value.block());
    inner
        .filter(|_| depth < 4)
        .into_iter()
        .find_map(|block| within(block, name, depth + 1))
}

fn form(definition: &Definition) -> BTreeMap<String, Fields> {
    let objects = Objects::new(definition);
    let types: Vec<Described> = definition
        .objects
        .iter()
        .filter_map(|object| Described::of(object.type_name()?))
        .collect();
    let scheduled = definition
        .objects
        .iter()
        .any(|object| !schedules(&objects, object).is_empty());
    let mut form = BTreeMap::new();
    for object in &definition.objects {
        let fields = match object.type_name() {
            _ if object.id == "Default" => of_default(&objects, object, &types),
            Some(name)
                if !name.eq_ignore_ascii_case("Property") && !objects.is_on_demand(&object.id) =>
            {
                of_object(&objects, object, name)
            }
            _ => continue,
        };
        let mut fields = fields;
        if !scheduled {
            fields.remove("scheduleType");
        }
        form.insert(object.id.clone(), fields);
    }
    form
}

fn schedules<'d>(objects: &Objects<'d>, object: &'d Object) -> Vec<&'d FieldValue> {
    let schedules = objects.field(object, "schedule").into_iter();
    schedules
        .filter(|value| matches!(value, FieldValue::Reference(id) if !objects.is_on_demand(id)))
        .collect()
}

/// What `Default` says that objects do not have of themselves.
fn of_default<'d>(objects: &Objects<'d>, object: &'d Object, types: &[Described]) -> Fields {
    let pipeline = Described::of("Default");
    let mut fields = Fields::new();
    for key in objects.keys(object) {
        let own = pipeline.and_then(|pipeline| pipeline.schema(key));
        let handed_on = types.iter().any(|found| found.schema(key).is_some());
        if key == "type" || key == "parent" || (own.is_none() && handed_on) {
            continue;
        }
        let values = normal(objects, object, own, key);
        if !values.is_empty() {
            fields.insert(key.into(), values);
        }
    }
    name(object, &mut fields);
    said(&mut fields, "retryDelay", "10 minute");
    if fields.contains_key("schedule") {
        said(&mut fields, "scheduleType", "end");
    }
    fields
}

fn of_object<'d>(objects: &Objects<'d>, object: &'d Object, type_name: &str) -> Fields {
    let described = Described::of(type_name);
    let mut fields = Fields::new();
    for key in objects.keys(object) {
        let schema = described.and_then(|found| found.schema(key));
        let own = object.field(key).next().is_some();
        // What the service sets itself is no part of a definition.
        if matches!(key, "type" | "parent") || key.starts_with('@') || !(own || schema.is_some()) {
            continue;
        }
        let values = normal(objects, object, schema, key);
        // `logUri` is an old name of `pipelineLogUri`.
        let key = match schema {
            Some(schema) if schema.name == "log_uri" => "pipelineLogUri",
            _ => key,
        };
        if !values.is_empty() {
            fields.insert(key.into(), values);
        }
    }
    fields.insert("type".into(), vec![type_name.to_lowercase()]);
    name(object, &mut fields);
    let has = |key: &str| described.is_some_and(|found| found.schema(key).is_some());
    if has("retryDelay") {
        said(&mut fields, "retryDelay", "10 minute");
    }
    if has("terminateAfter") {
        said(&mut fields, "role", "DataPipelineDefaultRole");
        said(
            &mut fields,
            "resourceRole",
            "DataPipelineDefaultResourceRole",
        );
        fields.remove("scheduleType"); // means nothing for resources
    }
    if fields.contains_key("schedule") {
        said(&mut fields, "scheduleType", "end");
    }
    if has("period") {
        fields.remove("scheduleType"); // it is of what goes by the schedule
    }
    if has("period") && !fields.contains_key("startDateTime") {
        said(&mut fields, "startAt", "FIRST_ACTIVATION_DATE_TIME");
    }
    fields
}

fn name(object: &Object, fields: &mut Fields) {
    let name = object.name.as_deref().unwrap_or(&object.id);
    fields.insert("name".into(), vec![name.to_owned()]);
}

fn said(fields: &mut Fields, key: &str, default: &str) {
    let default = || vec![default.to_owned()];
    fields.entry(Arc::from(key)).or_insert_with(default);
}

/// The values of a field in one spelling.
fn normal<'d>(
    objects: &Objects<'d>,
    object: &'d Object,
    schema: Option<&AttributeSchema>,
    key: &str,
) -> Vec<String> {
    let values = objects.field(object, key);
    let mut references: Vec<String> = values
        .iter()
        .filter_map(|value| match value {
            FieldValue::Reference(id) if objects.is_on_demand(id) => None,
            FieldValue::Reference(id) => Some(content(objects, id)),
            FieldValue::Text(_) => None,
        })
        .collect();
    references.sort();
    let texts = values.into_iter().filter_map(|value| match value {
        FieldValue::Text(text) => Some(spelled(schema, key, text)),
        FieldValue::Reference(_) => None,
    });
    // `ondemand` says that there is no schedule.
    let texts = texts.filter(|text| !(key == "scheduleType" && text == "ondemand"));
    references.into_iter().chain(texts).collect()
}

/// An object by its id; one whose id says nothing by what it holds.
fn content(objects: &Objects<'_>, id: &str) -> String {
    let Some(object) = objects.get(id) else {
        return id.to_owned();
    };
    if !object
        .type_name()
        .is_some_and(|name| name.eq_ignore_ascii_case("Property"))
    {
        return id.to_owned();
    }
    let fields = object.fields.iter().map(|field| match &field.value {
        FieldValue::Text(text) => format!("{}={}", field.key, template(text)),
        FieldValue::Reference(id) => format!("{}->{id}", field.key),
    });
    let fields: BTreeSet<String> = fields.collect();
    format!("{fields:?}")
}

fn spelled(schema: Option<&AttributeSchema>, key: &str, text: &str) -> String {
    let text = template(text);
    let trimmed = text.trim();
    let Some(schema) = schema else { return text };
    if let Aws::Parts(_) = schema.aws {
        return parts(&text);
    }
    let number = || Number::parse(trimmed).map(|number| number.to_string());
    match schema.value {
        AttributeType::OneOf(_) | AttributeType::Price(_) => schema
            .word_of_aws(trimmed)
            .unwrap_or(trimmed)
            .to_lowercase(),
        AttributeType::Bool => trimmed.to_lowercase(),
        AttributeType::Duration | AttributeType::Period if text.contains("#{") => text,
        // `1 Days` is `1 day`, and a number alone counts hours.
        AttributeType::Duration | AttributeType::Period => {
            let text = trimmed.to_lowercase();
            let mut words = text.split_whitespace();
            let (count, unit) = (words.next().unwrap_or(""), words.next().unwrap_or("hours"));
            format!("{count} {}", unit.trim_end_matches('s'))
        }
        AttributeType::Integer(_) | AttributeType::Number(..) => number().unwrap_or(text),
        AttributeType::DateTime => {
            let moment = pipeform::time::parse_moment(trimmed).ok();
            let utc = jiff::tz::TimeZone::UTC;
            let moment = moment.and_then(|moment| moment.timestamp(&utc).ok());
            moment.map_or(text, |moment| {
                jiff::Timestamp::from_second(moment.as_second())
                    .map_or_else(|_| String::new(), |moment| moment.to_string())
            })
        }
        _ if key == "directoryPath" => text.trim_end_matches('/').to_owned(),
        _ => text,
    }
}

/// A list with commas without blanks around them; any number of backslashes before one is as one.
pub(super) fn parts(text: &str) -> String {
    let one = regex::Regex::new(r"\\+,")
        .unwrap()
        .replace_all(text, "\u{0}");
    let plain = regex::Regex::new(r"\s*,\s*(?:)").unwrap();
    plain.replace_all(one.trim(), ",").replace('\u{0}', "\\,")
}

/// A text with its expressions in one spelling.
fn template(text: &str) -> String {
    let Ok(template) = expression::parse(text) else {
        return text.to_owned();
    };
    let mut parts: Vec<Part> = Vec::new();
    for part in template.parts {
        let next = match part {
            Part::Text(text) => vec![Part::Text(text)],
            Part::Expression(expr) => summands(plain(expr)),
        };
        for part in next {
            match (parts.last_mut(), part) {
                (Some(Part::Text(last)), Part::Text(text)) => last.push_str(&text),
                (_, part) => parts.push(part),
            }
        }
    }
    Template { parts }.to_string()
}

fn is_text(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Text(_) => true,
        ExprKind::Binary(Operator::Add, operands) => operands.iter().any(is_text),
        _ => false,
    }
}

/// A sum with a text in it is the texts one after the other.
fn summands(expr: Expr) -> Vec<Part> {
    match expr.kind {
        ExprKind::Binary(Operator::Add, operands) if operands.iter().any(is_text) => {
            let [left, right] = *operands;
            let mut parts = summands(left);
            parts.extend(summands(right));
            parts
        }
        ExprKind::Text(text) => vec![Part::Text(text)],
        kind => vec![Part::Expression(Expr { kind, at: 0..0 })],
    }
}

/// An expression in which the years of patterns are `Y`, and what can be said in two ways is said in one.
fn plain(expr: Expr) -> Expr {
    let kind = match expr.kind {
        ExprKind::Call(function, arguments) => {
            let mut arguments: Vec<Expr> = arguments.into_iter().map(plain).collect();
            if let (true, [_, pattern]) = (function.name == "format", arguments.as_mut_slice()) {
                years(pattern);
            }
            if function.name == "yesterday" {
                let days = expression::FUNCTIONS
                    .iter()
                    .find(|own| own.name == "minusDays");
                arguments.push(Expr {
                    kind: ExprKind::Integer(1),
                    at: 0..0,
                });
                ExprKind::Call(days.unwrap_or(function), arguments)
            } else {
                ExprKind::Call(function, arguments)
            }
        }
        ExprKind::Field(of, name) => ExprKind::Field(Box::new(plain(*of)), name),
        ExprKind::Negated(of) => ExprKind::Negated(Box::new(plain(*of))),
        ExprKind::Binary(operator, operands) => {
            let [left, right] = *operands;
            ExprKind::Binary(operator, Box::new([plain(left), plain(right)]))
        }
        kind => kind,
    };
    Expr { kind, at: 0..0 }
}

fn years(pattern: &mut Expr) {
    if let ExprKind::Text(text) = &mut pattern.kind {
        let mut quoted = false;
        *text = text
            .chars()
            .map(|sign| {
                quoted ^= sign == '\'';
                if sign == 'y' && !quoted { 'Y' } else { sign }
            })
            .collect();
    }
}

fn parameters(before: &Definition, after: &Definition, found: &mut Vec<String>) {
    let hidden = super::values::hidden(before);
    for was in &before.parameters {
        let is = after.parameters.iter().find(|is| is.id == was.id);
        let Some(is) = is else {
            found.push(format!("parameter {} is lost", was.id));
            continue;
        };
        let form = |attributes: &[(String, String)]| {
            let mut form = Fields::new();
            for (key, text) in attributes {
                let is_secret = key == "default" && hidden.contains(&was.id);
                let text = match key.as_str() {
                    "default" => number(text),
                    "type" | "optional" | "isArray" => text.to_lowercase(),
                    _ => text.clone(),
                };
                if !is_secret && text != "false" {
                    form.entry(key.as_str().into()).or_default().push(text);
                }
            }
            said(&mut form, "type", "string");
            form
        };
        let (was_form, is_form) = (form(&was.attributes), form(&is.attributes));
        if was_form != is_form {
            found.push(format!(
                "parameter {}: {is_form:?}, was {was_form:?}",
                was.id
            ));
        }
    }
    for id in before.values.keys().chain(after.values.keys()) {
        let (was, is) = (value(before, id), value(after, id));
        if was != is && !hidden.contains(id) {
            found.push(format!("the value of {id}: {is:?}, was {was:?}"));
        }
    }
}

fn number(text: &str) -> String {
    Number::parse(text.trim()).map_or_else(|| text.to_owned(), |number| number.to_string())
}

/// The values of a parameter: those that it is given, else its default.
pub(super) fn value(definition: &Definition, id: &str) -> Vec<String> {
    if let Some(values) = definition.values.get(id) {
        return values.iter().map(|text| number(text)).collect();
    }
    let declared = definition
        .parameters
        .iter()
        .find(|declared| declared.id == id);
    let attributes = declared
        .into_iter()
        .flat_map(|declared| &declared.attributes);
    let defaults = attributes.filter(|(key, _)| key == "default");
    defaults.map(|(_, text)| number(text)).collect()
}
