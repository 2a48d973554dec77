//! The one form of a definition: what objects inherit is theirs, as far as their types have it, and what the service takes where
//! nothing is said is written out.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use pipeform::import::definition::Definition;
use pipeform::import::definition::FieldValue;
use pipeform::import::definition::Object;
use pipeform::objects::AttributeSchema;
use pipeform::objects::BlockSchema;
use pipeform::objects::ObjectType;
use pipeform::objects::registry;

use super::Fields;
use super::objects::Objects;
use super::spelling::spelled;
use super::spelling::template;

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

/// The fields of each object, by id.
pub(super) fn form(definition: &Definition) -> BTreeMap<String, Fields> {
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

/// Writes out what the service takes where nothing is said.
pub(super) fn said(fields: &mut Fields, key: &str, default: &str) {
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
