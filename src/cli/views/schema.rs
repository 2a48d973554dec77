//! What the language has, for people: types of objects with their attributes, arguments of all objects, functions.

use super::paint::Look;
use super::schema_json::default;
use super::schema_json::types;
use crate::lang::functions;
use crate::lang::functions::Accepts;
use crate::lang::functions::Function;
use crate::lang::functions::Parameter;
use crate::lang::functions::Purity;
use crate::objects::AttributeSchema;
use crate::objects::AttributeType;
use crate::objects::Default;
use crate::objects::Kind;
use crate::objects::ObjectType;
use crate::objects::Support;
use crate::objects::registry;

/// What every block of an object takes besides the attributes of its type.
pub(super) const META_ARGUMENTS: [(&str, &str, &str); 4] = [
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
pub(super) const EXPRESSIONS: [(&str, &str, bool, &str); 5] = [
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

/// The type of a parameter, as it is written in a variable.
pub(super) const fn accepts(accepts: Accepts) -> &'static str {
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
