//! What the language has: types of objects with their attributes, arguments of all objects, functions. For people and as JSON.

use serde_json::Value as Json;
use serde_json::json;

use super::paint::Look;
use crate::lang::functions;
use crate::lang::functions::Accepts;
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
const FORMAT_VERSION: &str = "1.0";

/// What every block of an object takes besides the attributes of its type.
const META_ARGUMENTS: [(&str, &str, &str); 4] = [
    (
        "for_each",
        "argument",
        "Makes an object for each element of a map or a set of strings.",
    ),
    ("count", "argument", "Makes so many objects."),
    (
        "lifecycle",
        "block",
        "Protects from destruction, ignores changes, and checks conditions.",
    ),
    (
        "dynamic",
        "block",
        "Makes a nested block for each element of a collection.",
    ),
];

/// Functions that look at expressions, not only at values: name, parameter, whether there are any number, what they return.
const EXPRESSIONS: [(&str, &str, bool, &str); 5] = [
    (
        "can",
        "expression",
        false,
        "Whether the expression can be evaluated.",
    ),
    (
        "issensitive",
        "value",
        false,
        "Whether the value must not be shown.",
    ),
    (
        "nonsensitive",
        "value",
        false,
        "The value, without the mark of what must not be shown.",
    ),
    (
        "sensitive",
        "value",
        false,
        "The value, with the mark of what must not be shown.",
    ),
    (
        "try",
        "expressions",
        true,
        "The first of the expressions that can be evaluated.",
    ),
];

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
fn types(value: AttributeType) -> Vec<String> {
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

fn default(default: Default) -> Json {
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

/// The type of a parameter, as it is written in a variable.
const fn accepts(accepts: Accepts) -> &'static str {
    match accepts {
        Accepts::Any | Accepts::Collection => "any",
        Accepts::Bool => "bool",
        Accepts::Number => "number",
        Accepts::String => "string",
        Accepts::Sequence => "list(any)",
        Accepts::Strings => "list(string)",
        Accepts::Mapping => "map(any)",
    }
}

/// All types with their first sentences.
pub(crate) fn overview(look: Look) -> String {
    let mut text = String::new();
    for kind in Kind::ALL {
        let types = registry::TYPES.iter().filter(|found| found.kind == kind);
        if !kind.has_type() {
            for found in types {
                entry(&mut text, look, kind.as_str(), first_sentence(found.doc));
            }
            continue;
        }
        text.extend(["  ", kind.as_str(), "\n"]);
        for found in types {
            let name = format!("  \"{}\"", found.name);
            entry(&mut text, look, &name, first_sentence(found.doc));
        }
    }
    let count = functions::names().count() + EXPRESSIONS.len();
    let functions = format!("{count} functions; `pipeform schema function` lists them.");
    entry(&mut text, look, "function", &functions);
    text.push_str("\n`pipeform schema activity.copy` shows one type, `--json` everything.\n");
    text
}

/// All functions with what they return.
pub(crate) fn functions(look: Look) -> String {
    let mut all: Vec<(String, &str)> = functions::names()
        .filter_map(functions::find)
        .map(|function| (call(function), function.doc))
        .collect();
    let special = EXPRESSIONS
        .iter()
        .map(|(name, parameter, many, doc)| (expression_call(name, parameter, *many), *doc));
    all.extend(special);
    all.sort();
    all.dedup_by(|(call, _), (before, _)| call == before);
    let mut text = String::new();
    for (call, doc) in all {
        text.extend([&look.bold(&call), "\n", &look.wrapped(4, 0, doc), "\n"]);
    }
    text
}

/// The page of a function; `None` if there is none of that name.
pub(crate) fn function(name: &str, look: Look) -> Option<String> {
    let special = EXPRESSIONS.iter().find(|(special, ..)| *special == name);
    if let Some((name, parameter, many, doc)) = special {
        let call = look.bold(&expression_call(name, parameter, *many));
        return Some(format!("{call}\n\n{}\n", look.wrapped(0, 0, doc)));
    }
    let function = functions::find(name)?;
    let mut text = format!(
        "{}\n\n{}\n",
        look.bold(&call(function)),
        look.wrapped(0, 0, function.doc)
    );
    let parameters = function.parameters.iter().chain(&function.variadic);
    let parameters: Vec<&Parameter> = parameters.collect();
    if !parameters.is_empty() {
        text.push('\n');
    }
    for parameter in parameters {
        let null = if parameter.nullable { ", or null" } else { "" };
        let what = format!("{}{null}", accepts(parameter.accepts));
        entry(&mut text, look, parameter.name, &what);
    }
    text.push_str(match function.purity {
        Purity::Pure => "",
        Purity::Files => "\nIt reads files when the plan is made.\n",
        Purity::Secret => {
            "\nIts result is known when an attempt starts, and never when a plan is made.\n"
        }
        Purity::Impure => {
            "\nIts result is different at each call: in an attribute it is called when an attempt starts.\n"
        }
    });
    Some(text)
}

/// A call of a function that looks at expressions.
fn expression_call(name: &str, parameter: &str, many: bool) -> String {
    let dots = if many { "..." } else { "" };
    format!("{name}({parameter}{dots})")
}

/// A call as it is written: `join(separator, lists...)`, `[x]` for what may be left out.
fn call(function: &Function) -> String {
    let mut parameters: Vec<String> = function
        .parameters
        .iter()
        .map(|parameter| parameter.name.to_owned())
        .collect();
    parameters.extend(function.variadic.iter().map(|last| {
        if last.once {
            format!("[{}]", last.name)
        } else {
            format!("{}...", last.name)
        }
    }));
    format!("{}({})", function.name, parameters.join(", "))
}

/// The page of a type.
pub(crate) fn object_type(found: &ObjectType, look: Look) -> String {
    let label = if found.kind.has_type() {
        format!("\"{}\" ", found.name)
    } else {
        String::new()
    };
    let name = if found.kind.has_name() {
        "\"NAME\""
    } else {
        ""
    };
    let header = format!("{} {label}{name}", found.kind.as_str());
    let mut text = format!(
        "{}\n\n{}\n",
        look.bold(&header),
        look.wrapped(0, 0, found.doc)
    );
    if let Support::Missing(needs) = found.support {
        let note = format!("This version cannot run it; that needs {needs}.");
        text.extend(["\n", &look.wrapped(0, 0, &note), "\n"]);
    }
    for (owner, schema) in with_inner(found.schema()) {
        attribute(&mut text, look, &owner, schema);
    }
    if !found.groups.is_empty() {
        text.push_str("\nTaken together:\n\n");
    }
    for group in found.groups {
        text.extend([&look.wrapped(2, 0, &group.sentence()), "\n"]);
    }
    if !found.nested.is_empty() {
        text.push_str("\nMay be written inside, without a name:\n\n");
    }
    for nested in found.nested {
        let label = if nested.kind.has_type() {
            " \"TYPE\""
        } else {
            ""
        };
        let many = if nested.many { "  (any number)" } else { "" };
        text.extend(["  ", nested.block, label, " { ... }", many, "\n"]);
    }
    if !found.kind.has_name() {
        return text;
    }
    text.push_str("\nAs in every block of an object:\n\n");
    for (name, _, doc) in META_ARGUMENTS {
        entry(&mut text, look, name, doc);
    }
    text
}

/// Attributes, each followed by those of its blocks, with what stands before their names.
pub(crate) fn with_inner(
    attributes: impl Iterator<Item = &'static AttributeSchema>,
) -> Vec<(String, &'static AttributeSchema)> {
    let mut found = Vec::new();
    for attribute in attributes {
        add_inner(&mut found, "", attribute);
    }
    found
}

fn add_inner(
    found: &mut Vec<(String, &'static AttributeSchema)>,
    owner: &str,
    attribute: &'static AttributeSchema,
) {
    found.push((owner.to_owned(), attribute));
    let Some(content) = attribute.value.block() else {
        return;
    };
    let owner = format!("{owner}{}.", attribute.name);
    for inner in content.attributes {
        if inner.value.block() == Some(content) {
            found.push((owner.clone(), inner)); // without end
        } else {
            add_inner(found, &owner, inner);
        }
    }
}

/// The part of a page about an attribute; `owner` is the block that it stands in, with a dot.
fn attribute(text: &mut String, look: Look, owner: &str, attribute: &AttributeSchema) {
    let mut notes = vec![takes(attribute.value)];
    notes.extend(match attribute.default {
        Default::Required => Some("required".to_owned()),
        Default::None => None,
        set => Some(format!("default {}", default(set))),
    });
    notes.extend(attribute.deferrable.then(|| "may use run.*".to_owned()));
    notes.extend(attribute.sensitive.then(|| "sensitive".to_owned()));
    let name = look.bold(&format!("{owner}{}", attribute.name));
    text.extend(["\n  ", &name, "  (", &notes.join("; "), ")\n"]);
    text.extend([&look.wrapped(6, 0, attribute.doc), "\n"]);
}

/// What an attribute takes, in words.
fn takes(value: AttributeType) -> String {
    match value {
        AttributeType::OneOf(words) => {
            let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
            words.join(" or ")
        }
        AttributeType::Integer(least) => format!("number, {least} or more"),
        AttributeType::Duration => "duration: \"15 minutes\"".to_owned(),
        AttributeType::Period => "period: \"1 day\"".to_owned(),
        AttributeType::Cron => "cron pattern: \"30 2 * * *\"".to_owned(),
        AttributeType::Weekdays => "list of weekdays: [\"sunday\"]".to_owned(),
        AttributeType::Dates => "list of dates: [\"2026-12-25\"]".to_owned(),
        AttributeType::Holidays => "text of dates".to_owned(),
        AttributeType::DateTime => "date, or date and time".to_owned(),
        AttributeType::TimeZone => "time zone: \"Europe/Berlin\"".to_owned(),
        AttributeType::Regex => "regular expression".to_owned(),
        AttributeType::Ref(kind) => kind.as_str().to_owned(),
        AttributeType::Refs(kind) => format!("{}, or a list", kind.as_str()),
        AttributeType::NamedRefs(kind) => format!("{}, a list, or a map", kind.as_str()),
        AttributeType::DependsOn => "list of activities and pipelines".to_owned(),
        AttributeType::Provider => Kind::Provider.as_str().to_owned(),
        AttributeType::Number(least, most) => format!("number from {least} to {most}"),
        AttributeType::Price(_) => "price in dollars".to_owned(),
        AttributeType::Block(_) => "block".to_owned(),
        AttributeType::Blocks(_) => "blocks".to_owned(),
        other => types(other).join(", or "),
    }
}

/// A name, and what it is, beside it.
fn entry(text: &mut String, look: Look, name: &str, what: &str) {
    const COLUMN: usize = 22;
    let lines = look.wrapped(COLUMN, 0, what);
    let name = format!("  {name}");
    let start = if name.len() < COLUMN {
        format!("{name:COLUMN$}{}", lines.trim_start())
    } else {
        format!("{name}\n{lines}")
    };
    text.extend([&start, "\n"]);
}

/// The text up to the first full stop.
fn first_sentence(text: &str) -> &str {
    text.split_inclusive(". ").next().unwrap_or(text).trim_end()
}

#[cfg(test)]
mod tests {
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
