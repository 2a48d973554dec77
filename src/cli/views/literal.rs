//! Values as the console shows them: for people in Terraform's layout, for machines as JSON on one line.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::LazyLock;

use regex::Regex;

use crate::lang::Value;
use crate::lang::ast::ExprKind;
use crate::lang::named::spelled_out;
use crate::lang::print;
use crate::lang::types::Type;

/// A value as `terraform console` prints it, without a line end at the end. What only a run knows is shown as HCL, with all
/// that is in it.
pub(crate) fn human(value: &Value) -> String {
    match &spelled_out(value.clone()) {
        Value::String(text) if text.contains('\n') => format!("<<EOT\n{text}\nEOT"),
        value => indented(value, 0),
    }
}

/// A value inside another one, whose lines begin `indent` blanks from the left.
fn indented(value: &Value, indent: usize) -> String {
    let margin = " ".repeat(indent);
    match value {
        Value::String(text) if text.contains('\n') => {
            let mut lines = "<<-EOT\n".to_owned();
            for line in text.split('\n') {
                lines.extend([&margin, line, "\n"]);
            }
            lines + &margin + "EOT"
        }
        Value::String(text) => quoted(text),
        Value::Tuple(items) => elements("[", items, "]", indent),
        Value::List(items) => elements("tolist([", items, "])", indent),
        Value::Set(items) => elements("toset([", items, "])", indent),
        Value::Map(entries) => members("tomap({", entries, "})", indent),
        Value::Object(entries) => members("{", entries, "}", indent),
        Value::Null(ty) => null(ty.as_deref()),
        other => print::value(other),
    }
}

/// `null` in the form that says of which type it is.
fn null(ty: Option<&Type>) -> String {
    match ty {
        None | Some(Type::Any) => "null".to_owned(),
        Some(Type::String) => "tostring(null)".to_owned(),
        Some(Type::Number) => "tonumber(null)".to_owned(),
        Some(Type::Bool) => "tobool(null)".to_owned(),
        Some(Type::List(of)) => format!("tolist(null) /* of {} */", of.in_words()),
        Some(Type::Set(of)) => format!("toset(null) /* of {} */", of.in_words()),
        Some(Type::Map(of)) => format!("tomap(null) /* of {} */", of.in_words()),
        Some(other) => format!("null /* {} */", other.in_words()),
    }
}

/// A type over several lines, as `terraform console` prints what `type(…)` gives.
pub(crate) fn of_type(ty: &Type) -> String {
    let mut text = String::new();
    write_type(ty, 0, &mut text);
    text
}

fn write_type(ty: &Type, indent: usize, text: &mut String) {
    let margin = " ".repeat(indent + 4);
    let collection = |name: &str, of: &Type, text: &mut String| {
        text.extend([name, "("]);
        write_type(of, indent, text);
        text.push(')');
    };
    match ty {
        Type::Any => text.push_str("dynamic"),
        Type::List(of) => collection("list", of, text),
        Type::Set(of) => collection("set", of, text),
        Type::Map(of) => collection("map", of, text),
        Type::Tuple(items) if !items.is_empty() => {
            text.push_str("tuple([\n");
            for item in items {
                text.push_str(&margin);
                write_type(item, indent + 4, text);
                text.push_str(",\n");
            }
            text.extend([&*" ".repeat(indent), "])"]);
        }
        Type::Object(fields) if !fields.is_empty() => {
            text.push_str("object({\n");
            for (name, field) in fields {
                text.extend([&margin, &**name, ": "]);
                write_type(&field.ty, indent + 4, text);
                text.push_str(",\n");
            }
            text.extend([&*" ".repeat(indent), "})"]);
        }
        Type::Object(_) => text.push_str("object({})"),
        other => text.push_str(&other.to_string()),
    }
}

fn elements(open: &str, items: &[Value], close: &str, indent: usize) -> String {
    let mut text = open.to_owned();
    if !items.is_empty() {
        let inner = indent + 2;
        text.push('\n');
        for item in items {
            text.extend([&*" ".repeat(inner), &indented(item, inner), ",\n"]);
        }
        text.push_str(&" ".repeat(indent));
    }
    text + close
}

fn members(open: &str, entries: &BTreeMap<Arc<str>, Value>, close: &str, indent: usize) -> String {
    let mut text = open.to_owned();
    if !entries.is_empty() {
        let inner = indent + 2;
        text.push('\n');
        for (key, value) in entries {
            let value = indented(value, inner);
            text.extend([&*" ".repeat(inner), &quoted(key), " = ", &value, "\n"]);
        }
        text.push_str(&" ".repeat(indent));
    }
    text + close
}

/// Whether a letter shows: letters, marks, numbers, punctuation, symbols, and of blanks only the plain one.
fn is_printable(letter: char) -> bool {
    static PRINTABLE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^[\p{L}\p{M}\p{N}\p{P}\p{S} ]").ok());
    if letter.is_ascii() {
        return !letter.is_ascii_control();
    }
    let shows = |pattern: &Regex| pattern.is_match(letter.encode_utf8(&mut [0; 4]));
    PRINTABLE.as_ref().is_none_or(shows)
}

/// A text in quotes; templates in it are not escaped, as Terraform does not either.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{7}' => quoted.push_str("\\a"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{b}' => quoted.push_str("\\v"),
            '\u{c}' => quoted.push_str("\\f"),
            odd if !is_printable(odd) => {
                let code = u32::from(odd);
                let form = match code {
                    0..0x80 => format!("\\x{code:02x}"),
                    0x80..0x1_0000 => format!("\\u{code:04x}"),
                    _ => format!("\\U{code:08x}"),
                };
                quoted.push_str(&form);
            }
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

/// A value as JSON on one line, numbers with all their digits.
///
/// What only a run knows is text as in HCL's JSON syntax: a template as it is, any other expression inside `${…}`. A
/// reference is the address it points to. What is sensitive is hidden; `nonsensitive()` shows it.
pub(crate) fn json(value: &Value) -> String {
    let mut text = String::new();
    write_json(&spelled_out(value.clone()), &mut text);
    text
}

fn write_json(value: &Value, text: &mut String) {
    match value {
        Value::Null(_) => text.push_str("null"),
        Value::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => write!(text, "{number}").unwrap_or_default(),
        Value::String(string) => write_text(string, text),
        Value::List(items) | Value::Set(items) | Value::Tuple(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_json(item, text);
            }
            text.push(']');
        }
        Value::Map(entries) | Value::Object(entries) => {
            text.push('{');
            for (index, (key, item)) in entries.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_text(key, text);
                text.push(':');
                write_json(item, text);
            }
            text.push('}');
        }
        Value::Ref(reference) if !reference.is_plain() => {
            write_text(&format!("${{{}}}", print::value(value)), text);
        }
        Value::Ref(reference) => write_text(&reference.address, text),
        Value::Deferred(_) => {
            let hcl = print::value(value);
            // Only a template without escapes reads the same with and without its quotes.
            let template = hcl
                .strip_prefix('"')
                .and_then(|hcl| hcl.strip_suffix('"'))
                .filter(|template| is_template(value) && !template.contains('\\'));
            match template {
                Some(template) => write_text(template, text),
                None => write_text(&format!("${{{hcl}}}"), text),
            }
        }
        Value::Sensitive(_) => write_text("(sensitive value)", text),
    }
}

fn is_template(value: &Value) -> bool {
    matches!(value, Value::Deferred(expr) if matches!(expr.kind, ExprKind::Template(_)))
}

fn write_text(string: &str, text: &mut String) {
    text.push_str(&serde_json::Value::from(string).to_string());
}
