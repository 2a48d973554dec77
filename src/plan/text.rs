//! Values as HCL text on one line: what the comparison sorts by and the views print.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use crate::lang::Reference;
use crate::lang::Value;
use crate::lang::ast::BinaryOp;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;
use crate::lang::ast::For;
use crate::lang::ast::Part;
use crate::lang::ast::UnaryOp;
use crate::objects::Address;

/// A value on one line, references by their full address. Shows sensitive values: for comparison only.
pub fn value(value: &Value) -> String {
    value_text(value, Secrets::Clear)
}

/// A value on one line, as people may see it: sensitive values masked, also inside residuals.
pub fn shown(value: &Value) -> String {
    value_text(value, Secrets::Masked)
}

/// A residual as HCL, on one line. Shows sensitive values: for comparison only.
pub fn expression(expr: &Expr) -> String {
    expression_text(expr, Secrets::Clear)
}

/// What becomes of sensitive values.
#[derive(Clone, Copy)]
enum Secrets {
    Clear,
    Masked,
}

fn value_text(value: &Value, secrets: Secrets) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.0.normalized().to_plain_string(),
        Value::String(text) => quoted(text),
        Value::List(list) | Value::Set(list) | Value::Tuple(list) => self::list(list, secrets),
        Value::Map(map) | Value::Object(map) => object(map, secrets),
        Value::Ref(reference) => reference.address.to_string(),
        Value::Deferred(residual) => expression_text(residual, secrets),
        Value::Sensitive(inner) => match secrets {
            Secrets::Clear => value_text(inner, secrets),
            Secrets::Masked => "(sensitive value)".to_owned(),
        },
    }
}

fn list(list: &[Value], secrets: Secrets) -> String {
    let elements: Vec<String> = list
        .iter()
        .map(|element| value_text(element, secrets))
        .collect();
    format!("[{}]", elements.join(", "))
}

fn object(map: &BTreeMap<Arc<str>, Value>, secrets: Secrets) -> String {
    if map.is_empty() {
        return "{}".to_owned();
    }
    let entries: Vec<String> = map
        .iter()
        .map(|(name, entry)| format!("{} = {}", key(name), value_text(entry, secrets)))
        .collect();
    format!("{{ {} }}", entries.join(", "))
}

/// A key of an object: bare if it is an identifier.
pub fn key(name: &str) -> String {
    let mut characters = name.chars();
    let identifier = characters
        .next()
        .is_some_and(|first| first.is_alphabetic() || first == '_')
        && characters.all(|other| other.is_alphanumeric() || other == '_' || other == '-');
    if identifier {
        name.to_owned()
    } else {
        quoted(name)
    }
}

/// A reference as it would be written in an object of `pipeline`.
pub fn reference(reference: &Reference, pipeline: Option<&Address>) -> String {
    let address = &*reference.address;
    pipeline
        .and_then(|pipeline| address.strip_prefix(pipeline.as_str()))
        .and_then(|rest| rest.strip_prefix('.'))
        .unwrap_or(address)
        .to_owned()
}

/// A string literal.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

/// The inside of a string literal.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            other if other.is_control() => {
                // Writing to a string does not fail.
                let _ = write!(out, "\\u{:04x}", u32::from(other));
            }
            other => out.push(other),
        }
    }
    without_markers(&out)
}

/// The text with `${` and `%{` escaped, as in the inside of a heredoc.
pub fn without_markers(text: &str) -> String {
    text.replace("${", "$${").replace("%{", "%%{")
}

/// The lines of a text of several lines: a string, or a residual that is a template of text and interpolations.
/// The last line is empty when the text ends with a line end.
pub fn multi_line(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if text.contains('\n') => Some(without_markers(text)),
        Value::Deferred(residual) => {
            let ExprKind::Template(parts) = &residual.kind else {
                return None;
            };
            let mut text = String::new();
            let mut several = false;
            for part in parts.iter() {
                match part {
                    Part::Literal(literal) => {
                        several |= literal.contains('\n');
                        text.push_str(&without_markers(literal));
                    }
                    Part::Interpolation(inner) => {
                        text.push_str(&format!("${{{}}}", expression_text(inner, Secrets::Masked)));
                    }
                    Part::If { .. } | Part::For { .. } => return None,
                }
            }
            several.then_some(text)
        }
        _ => None,
    }
}

fn expression_text(expr: &Expr, secrets: Secrets) -> String {
    match &expr.kind {
        ExprKind::Value(folded) => value_text(folded, secrets),
        ExprKind::Template(parts) => format!("\"{}\"", template(parts, secrets)),
        ExprKind::Tuple(elements) => format!("[{}]", expressions(elements, secrets)),
        ExprKind::Object(entries) => object_expression(entries, secrets),
        ExprKind::Name(name) => name.text.to_string(),
        ExprKind::Get(source, name) => {
            format!("{}.{}", expression_text(source, secrets), name.text)
        }
        ExprKind::Index(source, index) => {
            format!(
                "{}[{}]",
                expression_text(source, secrets),
                expression_text(index, secrets)
            )
        }
        ExprKind::Splat { source, full, each } => {
            let star = if *full { "[*]" } else { ".*" };
            format!(
                "{}{star}{}",
                expression_text(source, secrets),
                expression_text(each, secrets)
            )
        }
        ExprKind::Each => String::new(),
        ExprKind::Call {
            name,
            arguments,
            expand,
        } => {
            let dots = if *expand { "..." } else { "" };
            format!("{}({}{dots})", name.text, expressions(arguments, secrets))
        }
        ExprKind::Unary(UnaryOp::Not, operand) => format!("!{}", expression_text(operand, secrets)),
        ExprKind::Unary(UnaryOp::Negate, operand) => {
            format!("-{}", expression_text(operand, secrets))
        }
        ExprKind::Binary(operator, left, right) => format!(
            "{} {} {}",
            expression_text(left, secrets),
            operator_text(*operator),
            expression_text(right, secrets)
        ),
        ExprKind::Conditional(condition, then, otherwise) => format!(
            "{} ? {} : {}",
            expression_text(condition, secrets),
            expression_text(then, secrets),
            expression_text(otherwise, secrets)
        ),
        ExprKind::For(comprehension) => for_expression(comprehension, secrets),
        ExprKind::Parens(inner) => format!("({})", expression_text(inner, secrets)),
    }
}

fn expressions(list: &[Expr], secrets: Secrets) -> String {
    let texts: Vec<String> = list
        .iter()
        .map(|expr| expression_text(expr, secrets))
        .collect();
    texts.join(", ")
}

fn object_expression(entries: &[(Expr, Expr)], secrets: Secrets) -> String {
    let entries: Vec<String> = entries
        .iter()
        .map(|(name, entry)| {
            let name = match &name.kind {
                ExprKind::Value(Value::String(name)) => key(name),
                _ => expression_text(name, secrets),
            };
            format!("{name} = {}", expression_text(entry, secrets))
        })
        .collect();
    if entries.is_empty() {
        "{}".to_owned()
    } else {
        format!("{{ {} }}", entries.join(", "))
    }
}

fn for_expression(comprehension: &For, secrets: Secrets) -> String {
    let names = match &comprehension.key {
        Some(key) => format!("{}, {}", key.text, comprehension.value.text),
        None => comprehension.value.text.to_string(),
    };
    let collection = expression_text(&comprehension.collection, secrets);
    let result = expression_text(&comprehension.result, secrets);
    let condition = comprehension
        .condition
        .as_ref()
        .map_or_else(String::new, |condition| {
            format!(" if {}", expression_text(condition, secrets))
        });
    match &comprehension.result_key {
        Some(result_key) => {
            let group = if comprehension.group { "..." } else { "" };
            let result_key = expression_text(result_key, secrets);
            format!("{{for {names} in {collection} : {result_key} => {result}{group}{condition}}}")
        }
        None => format!("[for {names} in {collection} : {result}{condition}]"),
    }
}

fn template(parts: &[Part], secrets: Secrets) -> String {
    let mut text = String::new();
    for part in parts {
        match part {
            Part::Literal(literal) => text.push_str(&escaped(literal)),
            Part::Interpolation(inner) => {
                text.push_str(&format!("${{{}}}", expression_text(inner, secrets)));
            }
            Part::If {
                condition,
                then,
                otherwise,
            } => {
                text.push_str(&format!(
                    "%{{ if {} }}{}",
                    expression_text(condition, secrets),
                    template(then, secrets)
                ));
                if !otherwise.is_empty() {
                    text.push_str(&format!("%{{ else }}{}", template(otherwise, secrets)));
                }
                text.push_str("%{ endif }");
            }
            Part::For {
                key,
                value,
                collection,
                body,
            } => {
                let key = key
                    .as_ref()
                    .map_or_else(String::new, |key| format!("{}, ", key.text));
                text.push_str(&format!(
                    "%{{ for {key}{} in {} }}{}%{{ endfor }}",
                    value.text,
                    expression_text(collection, secrets),
                    template(body, secrets)
                ));
            }
        }
    }
    text
}

fn operator_text(operator: BinaryOp) -> &'static str {
    match operator {
        BinaryOp::Add => "+",
        BinaryOp::Subtract => "-",
        BinaryOp::Multiply => "*",
        BinaryOp::Divide => "/",
        BinaryOp::Modulo => "%",
        BinaryOp::Equal => "==",
        BinaryOp::NotEqual => "!=",
        BinaryOp::Less => "<",
        BinaryOp::LessEqual => "<=",
        BinaryOp::Greater => ">",
        BinaryOp::GreaterEqual => ">=",
        BinaryOp::And => "&&",
        BinaryOp::Or => "||",
    }
}
