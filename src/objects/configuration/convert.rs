//! From a value to what an attribute takes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::references::depends_on;
use super::references::named_references;
use super::references::one_or_many;
use super::references::reference;
use super::references::references;
use crate::diag::Diagnostic;
use crate::diag::Span;
use crate::diag::did_you_mean;
use crate::lang::Reference;
use crate::lang::Value;
use crate::lang::types::Type;
use crate::lang::types::convert as convert_type;
use crate::objects::group::either;
use crate::objects::kind::Kind;
use crate::objects::schema::AttributeSchema;
use crate::objects::schema::AttributeType;
use crate::objects::schema::BlockSchema;
use crate::objects::schema::Default;
use crate::time::Cron;
use crate::time::CronError;
use crate::time::Period;
use crate::time::WEEKDAYS;
use crate::time::parse_date;
use crate::time::parse_duration;
use crate::time::parse_holidays;
use crate::time::parse_moment;
use crate::time::parse_timezone;
use crate::time::parse_weekday;

/// Why a value does not fit.
pub(in crate::objects) struct Problem {
    summary: &'static str,
    detail: String,
    help: Option<String>,
}

impl Problem {
    pub(super) fn new(detail: impl Into<String>) -> Self {
        Self {
            summary: "Invalid value for attribute",
            detail: detail.into(),
            help: None,
        }
    }

    /// What to do about it.
    pub(super) fn help(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }

    /// What is wrong, as a sentence that begins with a capital letter.
    pub(super) fn into_sentence(self) -> String {
        let mut signs = self.detail.chars();
        let first = signs.next().into_iter().flat_map(char::to_uppercase);
        let sentence: String = first.chain(signs).collect();
        if sentence.ends_with('.') {
            sentence
        } else {
            sentence + "."
        }
    }

    /// The problem as a finding about an attribute.
    pub(in crate::objects) fn into_diagnostic(
        self,
        schema: &AttributeSchema,
        span: Span,
    ) -> Diagnostic {
        self.into_finding(schema.name, span)
    }

    /// The problem as a finding about an attribute of this name.
    pub(super) fn into_finding(self, name: &str, span: Span) -> Diagnostic {
        Diagnostic::error(self.summary, format!("`{name}`: {}", self.detail))
            .at(span)
            .help_if(self.help)
    }
}

/// Converts a value to what the attribute takes. `nested` are references to blocks that stand for the same attribute.
/// `Null` stays `Null`: not set.
pub(in crate::objects) fn convert(
    schema: &AttributeSchema,
    value: &Value,
    nested: Vec<Value>,
) -> Result<Value, Problem> {
    if let Some(content) = schema.value.block() {
        return convert_blocks(content, value);
    }
    if let Value::Sensitive(inner) = value {
        let inner = convert(schema, inner, nested).map_err(|problem| Problem {
            detail: "the value does not fit, and is sensitive, so that it is not shown.".to_owned(),
            help: None,
            ..problem
        })?;
        return Ok(Value::Sensitive(Arc::new(inner)));
    }
    if value.has_secret() && !schema.secret {
        return Err(misplaced_secret(schema));
    }
    if value.has_deferred() && !schema.deferrable {
        return Err(Problem::new(
            "its value depends on `run` or on a function like `timestamp()`, so that it is known only when an instance runs; this attribute must be known when a plan is made.",
        ));
    }
    if let Some(reference) = value.qualified() {
        check_qualified(schema, reference)?;
    }
    if !nested.is_empty() {
        return with_nested(schema, value, nested);
    }
    match value {
        Value::Null(_) | Value::Deferred(_) => Ok(value.clone()),
        _ => known(schema.value, value),
    }
}

/// A secret stands where it is neither stored nor shown.
fn misplaced_secret(schema: &AttributeSchema) -> Problem {
    let help = match schema.name {
        "command" | "script_argument" | "working_dir" => {
            "Set `environment = { NAME = secret(…) }`, and write `$NAME` in the command."
        }
        "script" | "select_query" | "insert_query" | "create_table_sql" | "replace_where" => {
            "Write a placeholder, and set `params = { name = secret(…) }`."
        }
        _ => "Write the value without `secret()`, or use it in one of these attributes.",
    };
    Problem {
        summary: "Secret in the wrong place",
        ..Problem::new(
            "a secret in this attribute would be seen, in plans, logs or the list of processes. `secret()` and what is made of it may stand in `environment`, in `params`, in `connection_string`, `username` and `password` of a database, and in `url`, `headers` and `hmac_secret` of a webhook.",
        )
        .help(Some(help.to_owned()))
    }
}

/// A window, and what is required, stand where intervals are aligned, and nowhere else; the lengths of windows are those that
/// schedules can have.
fn check_qualified(schema: &AttributeSchema, reference: &Reference) -> Result<(), Problem> {
    let address = &reference.address;
    if !schema.windows {
        let (function, says) = match reference.window {
            Some(_) => ("window", "a window says which"),
            None => ("require", "`require` says how many"),
        };
        let help = format!("Refer to `{address}` without `{function}` here.");
        return Err(Problem::new(format!(
            "{says} intervals of `{address}` are read or waited for, so that it can stand in `input` and `depends_on` only.",
        ))
        .help(Some(help)));
    }
    let Some(window) = &reference.window else {
        return Ok(());
    };
    let offset = window
        .offset
        .as_ref()
        .map(|text| text.trim_start_matches('-'));
    for length in [Some(&*window.length), offset].into_iter().flatten() {
        Period::parse(length).map_err(|error| Problem::new(error.to_string()))?;
    }
    Ok(())
}

fn with_nested(
    schema: &AttributeSchema,
    value: &Value,
    nested: Vec<Value>,
) -> Result<Value, Problem> {
    let AttributeType::Refs(kind) = schema.value else {
        return Err(Problem::new(
            "it is given twice: as an attribute and as a block. Keep one of them.",
        ));
    };
    let mut all = match references(kind, value)? {
        Value::Tuple(list) => list.to_vec(),
        Value::Null(_) => Vec::new(),
        single => vec![single],
    };
    all.extend(nested);
    Ok(one_or_many(all))
}

fn known(takes: AttributeType, value: &Value) -> Result<Value, Problem> {
    match takes {
        AttributeType::String => simple(value, &Type::String),
        AttributeType::Bool => simple(value, &Type::Bool),
        AttributeType::Strings => simple(value, &Type::List(Box::new(Type::String))),
        AttributeType::StringMap => simple(value, &Type::Map(Box::new(Type::String))),
        AttributeType::Assignments => assignments(value),
        AttributeType::Integer(least) => integer(value, least),
        AttributeType::Number(least, most) => number(value, (least, most)),
        AttributeType::Price(words) => price(value, words),
        AttributeType::OneOf(words) => word(value, words),
        AttributeType::Duration => checked(value, |text| {
            parse_duration(text)
                .map(drop)
                .map_err(|error| error.to_string())
        }),
        AttributeType::Period => checked(value, |text| {
            Period::parse(text)
                .map(drop)
                .map_err(|error| error.to_string())
        }),
        AttributeType::Cron => cron(value),
        AttributeType::Weekdays => weekdays(value),
        AttributeType::Dates => dates(value),
        AttributeType::Holidays => holidays(value),
        AttributeType::DateTime => checked(value, |text| {
            parse_moment(text)
                .map(drop)
                .map_err(|error| error.to_string())
        }),
        AttributeType::TimeZone => checked(value, |text| {
            parse_timezone(text)
                .map(drop)
                .map_err(|error| error.to_string())
        }),
        AttributeType::Regex => checked(value, |text| {
            regex::bytes::Regex::new(text)
                .map(drop)
                .map_err(|error| error.to_string())
        }),
        AttributeType::Params => params(value),
        AttributeType::Ref(kind) => reference(kind, value),
        AttributeType::Refs(kind) => references(kind, value),
        AttributeType::NamedRefs(kind) => named_references(kind, value),
        AttributeType::DependsOn => depends_on(value),
        AttributeType::Provider => reference(Kind::Provider, value),
        AttributeType::Block(_) | AttributeType::Blocks(_) => Ok(value.clone()), // converted before
    }
}

fn simple(value: &Value, wanted: &Type) -> Result<Value, Problem> {
    convert_type(value, wanted).map_err(|error| Problem::new(error.to_string()))
}

fn integer(value: &Value, least: i64) -> Result<Value, Problem> {
    let converted = simple(value, &Type::Number)?;
    match &converted {
        Value::Number(number) if number.to_i64().is_some_and(|number| number >= least) => {
            Ok(converted)
        }
        _ => Err(Problem::new(format!(
            "a whole number of at least {least} is needed; this is {}.",
            crate::lang::print::value(value)
        ))),
    }
}

fn number(value: &Value, (least, most): (f64, f64)) -> Result<Value, Problem> {
    let converted = simple(value, &Type::Number)?;
    let text = crate::lang::print::value(&converted);
    let fits = text
        .parse()
        .is_ok_and(|number: f64| (least..=most).contains(&number));
    if fits {
        return Ok(converted);
    }
    Err(Problem::new(format!(
        "a number from {least} to {most} is needed; this is {text}."
    )))
}

/// A price is kept as text, as it is written.
fn price(value: &Value, words: &[&str]) -> Result<Value, Problem> {
    let converted = simple(value, &Type::String)?;
    let Value::String(text) = &converted else {
        return Ok(converted);
    };
    let fits = |price: f64| price > 0.0 && price < 20.0;
    if words.contains(&text.as_ref()) || text.parse().is_ok_and(fits) {
        return Ok(converted);
    }
    let or = match words {
        [] => String::new(),
        _ => format!(", or {},", either(words)),
    };
    Err(Problem::new(format!(
        "a price in US dollars per hour above 0 and below 20{or} is needed; this is {}.",
        crate::lang::print::value(&converted)
    ))
    .help(did_you_mean(text, words.iter().copied())))
}

/// Texts of the form `NAME=value`. What is not known yet is looked at when it is.
fn assignments(value: &Value) -> Result<Value, Problem> {
    let converted = simple(value, &Type::List(Box::new(Type::String)))?;
    let Value::List(list) = &converted else {
        return Ok(converted);
    };
    for element in list.iter() {
        if let Value::String(text) = element
            && text.find('=').is_none_or(|place| place == 0)
        {
            return Err(Problem::new(format!(
                "its elements are of the form `NAME=value`; this one is {}.",
                crate::lang::print::value(element)
            )));
        }
    }
    Ok(converted)
}

/// The attributes of a block, or of each of several.
fn convert_blocks(content: &'static BlockSchema, value: &Value) -> Result<Value, Problem> {
    match value {
        Value::Tuple(blocks) => {
            let blocks = blocks.iter().map(|block| convert_blocks(content, block));
            Ok(Value::tuple(blocks.collect::<Result<_, _>>()?))
        }
        Value::Object(attributes) => {
            let mut converted = BTreeMap::new();
            for (name, value) in attributes.iter() {
                let Some(schema) = content.attribute(name) else {
                    continue; // one of another version
                };
                let within = |problem: Problem| Problem {
                    detail: format!("`{name}`: {}", problem.detail),
                    ..problem
                };
                match convert(schema, value, Vec::new()).map_err(within)? {
                    Value::Null(_) if schema.default == Default::Required => {
                        return Err(Problem::new(format!("`{name}` is null, and it is needed.")));
                    }
                    Value::Null(_) => {}
                    value => drop(converted.insert(name.clone(), value)),
                }
            }
            Ok(Value::object(converted))
        }
        other => Ok(other.clone()),
    }
}

fn word(value: &Value, words: &[&str]) -> Result<Value, Problem> {
    let converted = simple(value, &Type::String)?;
    match &converted {
        Value::String(text) if words.contains(&text.as_ref()) => Ok(converted),
        _ => {
            let text = crate::lang::print::value(&converted);
            let names: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
            Err(Problem::new(format!(
                "one of {} is needed; this is {text}.",
                names.join(", ")
            ))
            .help(did_you_mean(text.trim_matches('"'), words.iter().copied())))
        }
    }
}

/// A text with a form of its own.
fn checked(value: &Value, check: impl Fn(&str) -> Result<(), String>) -> Result<Value, Problem> {
    let converted = simple(value, &Type::String)?;
    if let Value::String(text) = &converted {
        check(text).map_err(Problem::new)?;
    }
    Ok(converted)
}

/// The texts of a list, each with a form of its own.
fn each(value: &Value, check: impl Fn(&str) -> Result<(), Problem>) -> Result<Value, Problem> {
    let converted = simple(value, &Type::List(Box::new(Type::String)))?;
    if let Value::List(list) = &converted {
        for element in list.iter() {
            match element {
                Value::String(text) => check(text)?,
                _ => return Err(Problem::new("its elements must not be null.")),
            }
        }
    }
    Ok(converted)
}

fn cron(value: &Value) -> Result<Value, Problem> {
    let converted = simple(value, &Type::String)?;
    let Value::String(text) = &converted else {
        return Ok(converted);
    };
    match Cron::parse(text) {
        Ok(_) => Ok(converted),
        Err(error) => {
            let help = match error {
                CronError::Never(_) => {
                    "Days that only some years have, such as 29 February, are right."
                }
                _ => {
                    "Patterns look like `30 2 * * *` (each day at 02:30), `*/15 * * * *` (every quarter of an hour) or `0 6 * * mon-fri`."
                }
            };
            Err(Problem::new(format!("{error}.")).help(Some(help.to_owned())))
        }
    }
}

fn weekdays(value: &Value) -> Result<Value, Problem> {
    each(value, |text| {
        if parse_weekday(text).is_some() {
            return Ok(());
        }
        Err(Problem::new(format!(
            "`{text}` is no day of the week; write names like `saturday`."
        ))
        .help(did_you_mean(text, WEEKDAYS.iter().copied())))
    })
}

fn dates(value: &Value) -> Result<Value, Problem> {
    each(value, |text| {
        parse_date(text)
            .map(drop)
            .ok_or_else(|| Problem::new(format!("`{text}` is no date such as `2026-12-25`.")))
    })
}

fn holidays(value: &Value) -> Result<Value, Problem> {
    let converted = simple(value, &Type::String)?;
    if let Value::String(text) = &converted
        && let Err(error) = parse_holidays(text)
    {
        return Err(Problem::new(format!("{error}.")).help(holidays_help(text)));
    }
    Ok(converted)
}

/// What to write instead of a text that is no list of holidays: the file that it names, or its dates as they are read.
fn holidays_help(text: &str) -> Option<String> {
    let text = text.trim();
    let is_line = !text.contains(['\n', ':', '#']);
    let is_date = |text: &str| {
        let mut parts = text.split(['.', '/', '-', ' ']);
        parts.all(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    if is_line && text.contains('.') && !is_date(text) {
        return Some(format!(
            "The attribute takes what is in the file: write `file(\"{text}\")`."
        ));
    }
    let has_date = text.lines().any(|line| {
        let line = line.split('#').next().unwrap_or_default().trim();
        !line.is_empty() && is_date(line) && parse_date(line).is_none()
    });
    has_date.then(|| {
        "A date is written as year, month and day: `2026-12-25`, one on each line.".to_owned()
    })
}

fn params(value: &Value) -> Result<Value, Problem> {
    let scalar = |value: &Value| match value {
        Value::Null(_)
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Deferred(_)
        | Value::Sensitive(_) => Ok(()),
        other => Err(Problem::new(format!(
            "parameters are numbers, strings, bools or null; this one is {}.",
            other.describe()
        ))),
    };
    match value {
        Value::List(list) | Value::Tuple(list) => {
            list.iter().try_for_each(scalar)?;
            Ok(Value::Tuple(list.clone()))
        }
        Value::Map(map) | Value::Object(map) => {
            map.values().try_for_each(scalar)?;
            Ok(Value::Object(map.clone()))
        }
        other => Err(Problem::new(format!(
            "a list (for `?`) or a map (for `:name`) is needed; this is {}.",
            other.describe()
        ))),
    }
}
