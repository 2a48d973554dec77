//! The schema as JSON: for programs that write or check configurations, and for the importer's mapping.

use serde_json::Value as Json;
use serde_json::json;

use super::schema::EXPRESSIONS;
use super::schema::META_ARGUMENTS;
use super::schema::accepts;
use crate::lang::functions;
use crate::lang::functions::Function;
use crate::lang::functions::Parameter;
use crate::lang::functions::Purity;
use crate::objects::AttributeSchema;
use crate::objects::AttributeType;
use crate::objects::BlockSchema;
use crate::objects::Default;
use crate::objects::Group;
use crate::objects::Kind;
use crate::objects::Nested;
use crate::objects::ObjectType;
use crate::objects::Support;
use crate::objects::registry;
use crate::time::WEEKDAYS;

/// The version of the form of the JSON. Its first part changes when a reader of the old form would be wrong.
const FORMAT_VERSION: &str = "1.1";

/// Everything, as JSON.
pub(crate) fn json() -> Json {
    let types: Vec<Json> = registry::TYPES
        .iter()
        .map(|found| type_json(found))
        .collect();
    let meta = META_ARGUMENTS
        .map(|(name, form, doc)| json!({ "name": name, "form": form, "description": doc }));
    let mut signatures: Vec<(&str, Json)> = functions::names()
        .filter_map(functions::find)
        .map(|function| (function.name, function_json(function)))
        .collect();
    signatures.extend(EXPRESSIONS.iter().map(|(name, parameter, many, doc)| {
        let parameter = json!({ "name": parameter, "type": "any", "is_nullable": true });
        let signature = if *many {
            signature_json(doc, &[], Some(parameter))
        } else {
            signature_json(doc, &[parameter], None)
        };
        (*name, signature)
    }));
    signatures.sort_by_key(|(name, _)| *name);
    signatures.dedup_by_key(|(name, _)| *name);
    json!({
        "format_version": FORMAT_VERSION,
        "object_types": types,
        "meta_arguments": meta,
        "function_signatures": signatures
            .into_iter()
            .map(|(name, signature)| (name.to_owned(), signature))
            .collect::<serde_json::Map<_, _>>(),
    })
}

fn type_json(found: &ObjectType) -> Json {
    let attributes: Vec<Json> = found.schema().map(attribute_json).collect();
    let blocks: Vec<Json> = found.nested.iter().map(block_json).collect();
    let groups: Vec<Json> = found.groups.iter().map(group_json).collect();
    json!({
        "kind": found.kind.as_str(),
        "type": found.kind.has_type().then_some(found.name),
        "description": found.doc,
        "aws_types": found.aws,
        "support": support(found.support),
        "needs": needs(found.support),
        "attributes": attributes,
        "groups": groups,
        "blocks": blocks,
    })
}

/// What is set only together, or not together.
fn group_json(group: &Group) -> Json {
    json!({
        "rule": group.word(),
        "attributes": group.attributes(),
        "of_types": group.types(),
        "description": group.sentence(),
    })
}

/// How much of it this version does: all; nothing, but it is kept; nothing, and what needs it cannot be run.
const fn support(support: Support) -> &'static str {
    match support {
        Support::Full => "full",
        Support::Kept => "kept",
        Support::Missing(_) => "missing",
    }
}

/// What is missing to do it.
fn needs(support: Support) -> Json {
    match support {
        Support::Missing(needs) => json!(needs),
        Support::Full | Support::Kept => Json::Null,
    }
}

fn attribute_json(attribute: &AttributeSchema) -> Json {
    let mut json = json!({
        "name": attribute.name,
        "types": types(attribute.value),
        "required": attribute.default == Default::Required,
        "default": default(attribute.default),
        "deferrable": attribute.deferrable,
        "windows": attribute.windows,
        "sensitive": attribute.sensitive,
        "metadata": attribute.metadata,
        "support": support(attribute.support),
        "needs": needs(attribute.support),
        "aws_fields": attribute.aws_fields(),
        "description": attribute.doc,
    });
    if let Json::Object(fields) = &mut json {
        for (name, detail) in details(attribute) {
            fields.insert(name.to_owned(), detail);
        }
    }
    json
}

/// What an attribute takes, as far as its type does not say it.
fn details(attribute: &AttributeSchema) -> Vec<(&'static str, Json)> {
    let format = |format: &str| vec![("format", json!(format))];
    match attribute.value {
        AttributeType::OneOf(words) => {
            let spelled: Vec<_> = words.iter().map(|word| attribute.aws_word(word)).collect();
            vec![("values", json!(words)), ("aws_values", json!(spelled))]
        }
        AttributeType::Integer(least) => vec![("minimum", json!(least))],
        AttributeType::Number(least, most) => {
            vec![("minimum", json!(least)), ("maximum", json!(most))]
        }
        AttributeType::Price(words) => {
            let spelled: Vec<_> = words.iter().map(|word| attribute.aws_word(word)).collect();
            let mut details = format("price");
            details.extend([("values", json!(words)), ("aws_values", json!(spelled))]);
            details
        }
        AttributeType::Assignments => format("assignment"),
        AttributeType::Duration => format("duration"),
        AttributeType::Period => format("period"),
        AttributeType::Cron => format("cron"),
        AttributeType::Weekdays => vec![("values", json!(WEEKDAYS))],
        AttributeType::Dates => format("date"),
        AttributeType::Holidays => format("holidays"),
        AttributeType::DateTime => format("date_time"),
        AttributeType::TimeZone => format("time_zone"),
        AttributeType::Regex => format("regex"),
        AttributeType::Provider => format("provider"),
        AttributeType::Block(content) | AttributeType::Blocks(content) => {
            block_details(attribute, content)
        }
        _ => Vec::new(),
    }
}

/// What stands in a block. One within itself is only named.
fn block_details(
    attribute: &AttributeSchema,
    content: &'static BlockSchema,
) -> Vec<(&'static str, Json)> {
    let inner: Vec<Json> = content
        .attributes
        .iter()
        .map(|inner| {
            if inner.value.block() == Some(content) {
                json!({ "name": inner.name, "block": content.name, "many": is_many(inner), "description": inner.doc })
            } else {
                attribute_json(inner)
            }
        })
        .collect();
    vec![
        ("block", json!(content.name)),
        ("many", json!(is_many(attribute))),
        ("aws_type", json!(content.aws)),
        ("attributes", json!(inner)),
    ]
}

const fn is_many(attribute: &AttributeSchema) -> bool {
    matches!(attribute.value, AttributeType::Blocks(_))
}

/// The types that an attribute takes, as they are written in a variable.
pub(super) fn types(value: AttributeType) -> Vec<String> {
    let reference = |kind: Kind| format!("ref(\"{}\")", kind.as_str());
    let list = |kind| format!("list({})", reference(kind));
    match value {
        AttributeType::Bool => vec!["bool".to_owned()],
        AttributeType::Integer(_) | AttributeType::Number(..) => vec!["number".to_owned()],
        AttributeType::Strings
        | AttributeType::Assignments
        | AttributeType::Weekdays
        | AttributeType::Dates => vec!["list(string)".to_owned()],
        AttributeType::StringMap => vec!["map(string)".to_owned()],
        AttributeType::Params => vec!["list(any)".to_owned(), "map(any)".to_owned()],
        AttributeType::Ref(kind) => vec![reference(kind)],
        AttributeType::Refs(kind) => vec![reference(kind), list(kind)],
        AttributeType::NamedRefs(kind) => {
            vec![
                reference(kind),
                list(kind),
                format!("map({})", reference(kind)),
            ]
        }
        AttributeType::DependsOn => vec![list(Kind::Activity), list(Kind::Pipeline)],
        AttributeType::Provider => vec![reference(Kind::Provider)],
        AttributeType::Block(content) => vec![object_of(content)],
        AttributeType::Blocks(content) => vec![format!("list({})", object_of(content))],
        AttributeType::String
        | AttributeType::OneOf(_)
        | AttributeType::Duration
        | AttributeType::Period
        | AttributeType::Cron
        | AttributeType::Holidays
        | AttributeType::DateTime
        | AttributeType::TimeZone
        | AttributeType::Price(_)
        | AttributeType::Regex => vec!["string".to_owned()],
    }
}

/// The type of a block; what it has within itself of its own kind may be anything.
fn object_of(content: &'static BlockSchema) -> String {
    let attributes = content.attributes.iter().map(|attribute| {
        if attribute.value.block() == Some(content) {
            format!("{} = optional(any)", attribute.name)
        } else {
            inner_type(attribute)
        }
    });
    format!("object({{{}}})", attributes.collect::<Vec<_>>().join(", "))
}

/// An attribute of a block in the type of the block.
fn inner_type(attribute: &AttributeSchema) -> String {
    let takes = types(attribute.value);
    let takes = takes.first().map_or("any", String::as_str);
    if attribute.default == Default::Required {
        format!("{} = {takes}", attribute.name)
    } else {
        format!("{} = optional({takes})", attribute.name)
    }
}

pub(super) fn default(default: Default) -> Json {
    match default {
        Default::Required | Default::None => Json::Null,
        Default::Text(text) => json!(text),
        Default::Integer(number) => json!(number),
        Default::Bool(value) => json!(value),
    }
}

fn block_json(nested: &Nested) -> Json {
    json!({
        "name": nested.block,
        "kind": nested.kind.as_str(),
        "attribute": nested.attribute,
        "labels": if nested.kind.has_type() { vec!["type"] } else { vec![] },
        "many": nested.many,
    })
}

fn function_json(function: &Function) -> Json {
    let parameters: Vec<Json> = function.parameters.iter().map(parameter_json).collect();
    let last = function.variadic.as_ref();
    let mut json = signature_json(
        function.doc,
        &parameters,
        last.filter(|last| !last.once).map(parameter_json),
    );
    if let Json::Object(fields) = &mut json {
        if let Some(last) = last.filter(|last| last.once) {
            fields.insert("optional_parameter".to_owned(), parameter_json(last));
        }
        let purity = match function.purity {
            Purity::Pure => return json,
            Purity::Files => "reads_files",
            Purity::Impure => "impure",
            Purity::Secret => "deferred",
        };
        fields.insert(purity.to_owned(), Json::Bool(true));
    }
    json
}

fn signature_json(doc: &str, parameters: &[Json], variadic: Option<Json>) -> Json {
    let mut json = json!({ "description": doc, "parameters": parameters });
    if let (Json::Object(fields), Some(variadic)) = (&mut json, variadic) {
        fields.insert("variadic_parameter".to_owned(), variadic);
    }
    json
}

fn parameter_json(parameter: &Parameter) -> Json {
    json!({
        "name": parameter.name,
        "type": accepts(parameter.accepts),
        "is_nullable": parameter.nullable,
    })
}

#[cfg(test)]
mod tests {
    use super::super::schema::with_inner;
    use super::*;
    use crate::diag::Diagnostics;
    use crate::diag::FileId;
    use crate::lang::parse_expression;
    use crate::lang::types::Type;

    /// All strings under a key, wherever it stands.
    fn under(json: &Json, key: &str, found: &mut Vec<String>) {
        match json {
            Json::Object(fields) => {
                for (name, value) in fields {
                    if name == key {
                        let all = value.as_array().cloned().unwrap_or(vec![value.clone()]);
                        found.extend(all.iter().filter_map(|one| Some(one.as_str()?.to_owned())));
                    }
                    under(value, key, found);
                }
            }
            Json::Array(items) => items.iter().for_each(|item| under(item, key, found)),
            _ => {}
        }
    }

    #[test]
    fn types_are_written_as_in_variables() {
        let json = json();
        let mut types = Vec::new();
        under(&json, "types", &mut types);
        under(&json["function_signatures"], "type", &mut types);
        assert!(types.len() > 200, "{}", types.len());
        for written in types {
            let mut found = Diagnostics::new();
            let parsed = parse_expression(FileId(0), &written, &mut found)
                .and_then(|expr| Type::from_expr(&expr, &mut found));
            assert!(parsed.is_some() && found.is_empty(), "{written}: {found:?}");
        }
    }

    #[test]
    fn all_types_attributes_and_functions_are_there() {
        let json = json();
        let types = json["object_types"].as_array().unwrap();
        assert_eq!(types.len(), registry::TYPES.len());
        for (written, found) in types.iter().zip(registry::TYPES) {
            let mut names = Vec::new();
            under(&written["attributes"], "name", &mut names);
            let wanted: Vec<&str> = with_inner(found.schema())
                .iter()
                .map(|(_, attribute)| attribute.name)
                .collect();
            assert_eq!(names, wanted, "{}", found.name);
        }
        let signatures = json["function_signatures"].as_object().unwrap();
        let names: Vec<&str> = signatures.keys().map(String::as_str).collect();
        assert!(names.is_sorted());
        assert!(functions::names().all(|name| names.contains(&name)));
        assert_eq!(
            signatures["try"]["variadic_parameter"]["name"],
            "expressions"
        );
        assert_eq!(signatures["file"]["reads_files"], true);
        assert_eq!(signatures["timestamp"]["impure"], true);
    }
}
