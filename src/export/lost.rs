//! Attributes that AWS Data Pipeline does not have: what becomes of them, and what is said of those that are lost.

use std::sync::Arc;

use super::formula;
use super::notes;
use super::objects::COMMENT;
use super::objects::Writer;
use super::objects::set;
use crate::diag::Span;
use crate::import::definition::FieldValue;
use crate::import::definition::Object as Exported;
use crate::import::translate::is_only_expanded;
use crate::lang::Value;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;
use crate::lang::ast::Part;
use crate::objects::AttributeSchema;
use crate::objects::Default;
use crate::objects::Kind;
use crate::objects::Object;

/// Attributes without which the work is the same: it is only done at other times, kept otherwise, or counted elsewhere.
const BESIDE: [&str; 12] = [
    "active",
    "backoff",
    "catch_up",
    "instance_order",
    "max_retry_delay",
    "pool",
    "pool_slots",
    "priority",
    "provider",
    "retain",
    "retry_jitter",
    "tags",
];

/// What the service does anyway.
const SAME: [&str; 2] = ["accumulate", "overwrite"];

/// Writes an attribute that is no field, or says that it is lost.
pub(super) fn attribute<'a>(
    writer: &mut Writer<'_, 'a>,
    object: &'a Object,
    schema: &'static AttributeSchema,
    value: &Value,
    exported: &mut Exported,
) {
    let place = writer.place(object, Some(schema.name));
    match schema.name {
        "description" => {
            if let Value::String(text) = value {
                set(exported, COMMENT, FieldValue::Text(text.to_string()));
            }
        }
        "steps" => steps(writer, object, (schema, value), exported),
        "environment" => environment(writer, object, value, place),
        "precondition_timeout" => timeout(writer, object, place),
        name if SAME.contains(&name) || is_default(schema, value) => {}
        // What the service does.
        "backoff" if *value == Value::string("constant") => {}
        "retry_jitter" if *value == Value::Bool(false) => {}
        name if BESIDE.contains(&name) => {
            let what =
                format!("The service has nothing like `{name}`, which is set in the definition");
            writer.say(notes::lost(object, &what, place));
        }
        name => {
            let what = format!("The service has nothing like `{name}`");
            writer.say(notes::impossible(object, &what, place));
        }
    }
}

fn is_default(schema: &AttributeSchema, value: &Value) -> bool {
    match (schema.default, value) {
        (Default::Text(default), Value::String(text)) => *default == **text,
        (Default::Bool(default), Value::Bool(value)) => default == *value,
        (Default::Integer(default), Value::Number(number)) => number.to_i64() == Some(default),
        _ => false,
    }
}

/// Whether pauses double, which the service does not do.
pub(super) fn retries(writer: &mut Writer<'_, '_>) {
    let pipeline = writer.index.pipeline;
    let own = |object: &Object, name: &str| object.get(name).cloned();
    let constant = Value::string("constant");
    let doubles = writer.index.members.iter().any(|member| {
        let said = |name| own(member, name).or_else(|| own(pipeline, name));
        let never = said("max_retries").is_some_and(|count| count == Value::Number(0.into()));
        member.kind() == Kind::Activity && !never && said("backoff") != Some(constant.clone())
    });
    if doubles {
        let place = writer.place(pipeline, None);
        writer.say(notes::retries(pipeline, place));
    }
}

/// Steps that are written as the service has them: the same as `step` blocks there.
fn steps<'a>(
    writer: &mut Writer<'_, 'a>,
    object: &'a Object,
    (schema, value): (&'static AttributeSchema, &Value),
    exported: &mut Exported,
) {
    match writer.texts(object, schema, "step", value) {
        Ok(texts) => {
            for text in texts {
                set(exported, "step", FieldValue::Text(text));
            }
        }
        Err(why) => {
            let place = writer.place(object, Some(schema.name));
            writer.say(notes::untranslated(object, schema.name, &why, place));
        }
    }
}

/// The time for preconditions of an object, which the service has on each of them.
fn timeout(writer: &mut Writer<'_, '_>, object: &Object, place: Option<Span>) {
    let what = "The service has `preconditionTimeout` on preconditions only: set `precondition_timeout` there";
    writer.say(notes::impossible(object, what, place));
}

/// Variables of the environment, which are set at the beginning of the command there.
fn environment(writer: &mut Writer<'_, '_>, object: &Object, value: &Value, place: Option<Span>) {
    let written_out = super::objects::pairs_of(value);
    let is_known = |(name, _): &(Value, Value)| matches!(name, Value::String(_));
    if !written_out.is_some_and(|entries| entries.iter().all(is_known)) {
        let what =
            "The service has no `environment`, and it is not written out which variables it has";
        writer.say(notes::impossible(object, what, place));
        return;
    }
    if object.get("command").is_none() {
        let what = "The service has no `environment` for scripts; pass values as `script_argument`";
        writer.say(notes::impossible(object, what, place));
        return;
    }
    for (name, _) in super::objects::entries_of(value) {
        if !is_name(&name) {
            let what = format!("The shell has no variables that are called `{name}`");
            writer.say(notes::impossible(object, &what, place));
        }
    }
}

/// A command with its environment in it. What was imported has secrets where the command reads them, if it does nothing else with
/// them; all else is set at its beginning.
pub(super) fn with_environment(
    object: &Object,
    schema: &AttributeSchema,
    value: &Value,
) -> Option<Value> {
    let environment = object
        .get("environment")
        .filter(|_| schema.name == "command")?;
    let mut parts = parts_of(value);
    let mut first = Vec::new();
    for (name, value) in super::objects::entries_of(environment) {
        let secret = secret_of(&value);
        if let Some(secret) = secret.filter(|_| stands_where_it_is_read(object, &parts, &name)) {
            parts = parts
                .into_iter()
                .flat_map(|part| match part {
                    Part::Literal(text) => split(&text, &name, &secret),
                    other => vec![other],
                })
                .collect();
            continue;
        }
        first.push(Part::Literal(Arc::from(format!(" {name}='"))));
        first.extend(in_quotes(&value));
        first.push(Part::Literal(Arc::from("'")));
    }
    if !first.is_empty() {
        first.insert(0, Part::Literal(Arc::from("export")));
        first.push(Part::Literal(Arc::from("; ")));
        first.append(&mut parts);
        parts = first;
    }
    let span = Span::default();
    let kind = ExprKind::Template(Arc::new(parts));
    Some(Value::Deferred(Arc::new(Expr { kind, span })))
}

/// Whether a command does nothing with a variable but read it, as import writes it. In what was not imported something that it starts
/// may read the variable, too.
fn stands_where_it_is_read(object: &Object, command: &[Part], name: &str) -> bool {
    let text = command.iter().map(|part| match part {
        Part::Literal(text) => &**text,
        _ => "\u{fffc}",
    });
    object.get("aws_id").is_some() && is_only_expanded(&text.collect::<String>(), name)
}

/// A value as it stands between single quotes of the shell.
fn in_quotes(value: &Value) -> Vec<Part> {
    let parts = match formula::known_text(value) {
        Ok(text) => vec![Part::Literal(Arc::from(text))],
        Err(_) => parts_of(value),
    };
    let parts = parts.into_iter().map(|part| match part {
        Part::Literal(text) => Part::Literal(Arc::from(text.replace('\'', "'\\''"))),
        other => other,
    });
    parts.collect()
}

/// Whether the shell has variables of a name.
fn is_name(name: &str) -> bool {
    let plain = |sign: char| sign.is_ascii_alphanumeric() || sign == '_';
    name.chars().all(plain) && !name.starts_with(|first: char| first.is_ascii_digit())
}

/// A text with a secret in the places where a variable of the shell is read.
fn split(text: &str, name: &str, secret: &Expr) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = read(rest, name) {
        parts.push(Part::Literal(Arc::from(before)));
        parts.push(Part::Interpolation(secret.clone()));
        rest = after;
    }
    parts.push(Part::Literal(Arc::from(rest)));
    parts
}

/// What stands before and behind the first place where a command reads a variable: `$NAME` or `${NAME}`. In `'a'"${NAME}"'b'` quotes are
/// closed so that the shell reads it, which the service does not need.
fn read<'t>(text: &'t str, name: &str) -> Option<(&'t str, &'t str)> {
    let is_name = |sign: char| sign.is_ascii_alphanumeric() || sign == '_';
    text.match_indices('$').find_map(|(at, _)| {
        let (before, after) = text.split_at_checked(at)?;
        let after = after.strip_prefix('$')?;
        let braced = after
            .strip_prefix('{')
            .and_then(|after| after.strip_prefix(name)?.strip_prefix('}'));
        let bare = || {
            after
                .strip_prefix(name)
                .filter(|after| !after.starts_with(is_name))
        };
        let after = braced.or_else(bare)?;
        let behind = after
            .strip_prefix("\"'")
            .or_else(|| after.strip_prefix("\"$'"));
        let quoted = before.strip_suffix("'\"").zip(behind);
        Some(quoted.unwrap_or((before, after)))
    })
}

/// A text as its parts. Of `chomp("…\n")` those without the end of the line.
pub(super) fn parts_of(value: &Value) -> Vec<Part> {
    let of_expr = |expr: &Expr| match &expr.kind {
        ExprKind::Template(parts) => parts.as_ref().clone(),
        _ => vec![Part::Interpolation(expr.clone())],
    };
    match value {
        Value::String(text) => vec![Part::Literal(Arc::clone(text))],
        Value::Deferred(expr) => match &expr.kind {
            ExprKind::Call {
                name, arguments, ..
            } if &*name.text == "chomp" => {
                let mut parts = arguments.first().map(of_expr).unwrap_or_default();
                if let Some(Part::Literal(last)) = parts.last_mut() {
                    *last = Arc::from(last.trim_end_matches(['\r', '\n']));
                }
                parts
            }
            _ => of_expr(expr),
        },
        _ => Vec::new(),
    }
}

/// The call of `secret` that a value is.
fn secret_of(value: &Value) -> Option<Expr> {
    match value {
        Value::Deferred(expr) => match &expr.kind {
            ExprKind::Call { name, .. } if &*name.text == "secret" => Some(Expr::clone(expr)),
            _ => None,
        },
        Value::Sensitive(inner) => secret_of(inner),
        _ => None,
    }
}
