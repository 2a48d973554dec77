//! Trees and values to HCL text.
//!
//! The text is canonical, on one line, and reads back as the same meaning: residuals are kept in this form in plan and state.
//! [`value_lines`] is the other form, for people: several lines, plain brackets, secrets hidden.

use std::fmt;
use std::fmt::Write as _;
use std::sync::Arc;

use super::ast::BinaryOp;
use super::ast::Expr;
use super::ast::ExprKind;
use super::ast::For;
use super::ast::Part;
use super::ast::UnaryOp;
use super::eval::sign;
use super::named;
use super::types::Type;
use super::value::Value;
use crate::diag::Span;

/// Whether an element is read from each element of a splat.
fn has_index(each: &Expr) -> bool {
    match &each.kind {
        ExprKind::Index(..) => true,
        ExprKind::Get(source, _) => has_index(source),
        ExprKind::Later(later) => has_index(&later.path),
        _ => false,
    }
}

/// An expression as HCL on one line. Parsing it again gives an expression of the same meaning.
pub fn expression(expr: &Expr) -> String {
    let mut printer = Printer::default();
    printer.expression(expr, 0);
    printer.text
}

/// The part of an expression at a place, as HCL on one line.
pub fn part(expr: &Expr, span: Span) -> Option<String> {
    let mut found = None;
    named::visit_all(expr, &mut |node| {
        if found.is_none() && node.span == span {
            found = Some(expression(node));
        }
        found.is_none()
    });
    found
}

/// A value as HCL on one line. A set prints as `toset([…])`, a list as `tolist([…])`, a map as `tomap({…})`, so that it reads
/// back as the same value; a sensitive value prints as `(sensitive value)`.
pub fn value(value: &Value) -> String {
    let mut printer = Printer::default();
    printer.value(value, 0);
    printer.text
}

/// A value for people: collections over several lines, indented by two spaces, without telling lists from tuples; a sensitive
/// value as `(sensitive value)`. No line end at the end.
pub fn value_lines(value: &Value) -> String {
    let mut printer = Printer::default();
    printer.lines(value, 0);
    printer.text
}

#[derive(Default)]
struct Printer {
    text: String,
}

/// How tightly a conditional, the operators and what needs no parentheses bind.
const CONDITIONAL: u8 = 1;
const UNARY: u8 = 8;
const TERM: u8 = 9;

fn precedence(operator: BinaryOp) -> u8 {
    match operator {
        BinaryOp::Or => 2,
        BinaryOp::And => 3,
        BinaryOp::Equal | BinaryOp::NotEqual => 4,
        BinaryOp::Less | BinaryOp::LessEqual | BinaryOp::Greater | BinaryOp::GreaterEqual => 5,
        BinaryOp::Add | BinaryOp::Subtract => 6,
        BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Modulo => 7,
    }
}

/// Whether a key of an object may stand without quotes.
pub(crate) fn is_plain_key(key: &str) -> bool {
    let mut chars = key.chars();
    chars
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && chars.all(|char| char.is_ascii_alphanumeric() || char == '_' || char == '-')
        && !matches!(key, "for" | "null" | "true" | "false")
}

impl Printer {
    /// Appends; writing into a string cannot fail.
    fn put(&mut self, text: fmt::Arguments<'_>) {
        self.text.write_fmt(text).unwrap_or_default();
    }

    /// Prints an expression; in parentheses if it binds less tightly than `least`.
    fn expression(&mut self, expr: &Expr, least: u8) {
        let own = match &expr.kind {
            ExprKind::Conditional(..) => CONDITIONAL,
            ExprKind::Binary(operator, ..) => precedence(*operator),
            ExprKind::Unary(..) => UNARY,
            ExprKind::Parens(inner) => return self.expression(inner, least),
            ExprKind::Later(later) => return self.expression(&later.path, least),
            ExprKind::Value(value) => return self.value(value, least),
            _ => TERM,
        };
        if own < least {
            self.text.push('(');
        }
        self.bare(expr, own);
        if own < least {
            self.text.push(')');
        }
    }

    fn bare(&mut self, expr: &Expr, own: u8) {
        match &expr.kind {
            ExprKind::Value(_) | ExprKind::Parens(_) | ExprKind::Later(_) => {
                self.expression(expr, 0);
            }
            ExprKind::Template(parts) => self.template(parts),
            ExprKind::Tuple(items) => {
                self.text.push('[');
                self.list(items);
                self.text.push(']');
            }
            ExprKind::Object(items) => self.object(items.iter().map(|(key, item)| (key, item))),
            ExprKind::Name(name) => self.text.push_str(&name.text),
            ExprKind::Each | ExprKind::Unread => {}
            ExprKind::Get(source, name) => {
                self.source(source);
                self.text.push('.');
                self.text.push_str(&name.text);
            }
            ExprKind::Index(source, key) => {
                self.source(source);
                self.text.push('[');
                self.expression(key, 0);
                self.text.push(']');
            }
            ExprKind::Splat { source, full, each } => {
                self.source(source);
                // Behind `.*` an index in brackets would be that of the result.
                let full = *full || has_index(each);
                self.text.push_str(if full { "[*]" } else { ".*" });
                self.expression(each, TERM);
            }
            ExprKind::Call {
                name,
                arguments,
                expand,
            } => {
                self.text.push_str(&name.text);
                self.text.push('(');
                self.list(arguments);
                if *expand {
                    self.text.push_str("...");
                }
                self.text.push(')');
            }
            ExprKind::Unary(operator, operand) => {
                self.text.push(match operator {
                    UnaryOp::Not => '!',
                    UnaryOp::Negate => '-',
                });
                self.expression(operand, TERM);
            }
            ExprKind::Binary(operator, left, right) => {
                self.expression(left, own);
                self.put(format_args!(" {} ", sign(*operator)));
                self.expression(right, own + 1);
            }
            ExprKind::Conditional(condition, yes, no) => {
                self.expression(condition, CONDITIONAL + 1);
                self.text.push_str(" ? ");
                self.expression(yes, CONDITIONAL + 1);
                self.text.push_str(" : ");
                self.expression(no, CONDITIONAL + 1);
            }
            ExprKind::For(node) => self.for_expression(node),
        }
    }

    /// What a traversal starts from. A splat takes all that follows it, so one that is finished needs parentheses; inside a
    /// splat, the element itself prints as nothing.
    fn source(&mut self, source: &Expr) {
        match &source.kind {
            ExprKind::Splat { .. }
            | ExprKind::Template(_)
            | ExprKind::Value(
                Value::Null(_) | Value::Bool(_) | Value::Number(_) | Value::String(_),
            ) => {
                self.text.push('(');
                self.expression(source, 0);
                self.text.push(')');
            }
            ExprKind::Parens(inner) => self.source(inner),
            ExprKind::Later(later) => self.source(&later.path),
            _ => self.expression(source, TERM),
        }
    }

    fn list(&mut self, items: &[Expr]) {
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.text.push_str(", ");
            }
            self.expression(item, 0);
        }
    }

    fn object<'e>(&mut self, items: impl Iterator<Item = (&'e Expr, &'e Expr)>) {
        self.text.push('{');
        for (index, (key, item)) in items.enumerate() {
            self.text.push_str(if index > 0 { ", " } else { " " });
            if let ExprKind::Value(Value::String(text)) = &key.kind {
                self.key(text);
            } else {
                self.text.push('(');
                self.expression(key, 0);
                self.text.push(')');
            }
            self.text.push_str(" = ");
            self.expression(item, 0);
        }
        self.text
            .push_str(if self.text.ends_with('{') { "}" } else { " }" });
    }

    fn key(&mut self, key: &str) {
        if is_plain_key(key) {
            self.text.push_str(key);
        } else {
            self.quoted(key);
        }
    }

    fn for_expression(&mut self, node: &For) {
        self.text.push_str(if node.result_key.is_some() {
            "{for "
        } else {
            "[for "
        });
        if let Some(key) = &node.key {
            self.put(format_args!("{}, ", key.text));
        }
        self.put(format_args!("{} in ", node.value.text));
        self.expression(&node.collection, CONDITIONAL + 1);
        self.text.push_str(" : ");
        if let Some(key) = &node.result_key {
            self.expression(key, CONDITIONAL + 1);
            self.text.push_str(" => ");
        }
        self.expression(&node.result, CONDITIONAL + 1);
        if node.group {
            self.text.push_str("...");
        }
        if let Some(condition) = &node.condition {
            self.text.push_str(" if ");
            self.expression(condition, 0);
        }
        self.text
            .push(if node.result_key.is_some() { '}' } else { ']' });
    }

    /// A template of one interpolation is a string whatever it interpolates; without a second part it would not read back so.
    fn template(&mut self, parts: &[Part]) {
        self.text.push('"');
        if let [Part::Interpolation(_)] = parts {
            self.text.push_str("${\"\"}");
        }
        self.parts(parts, None);
        self.text.push('"');
    }

    /// `after` is the sign of the sequence that follows the last part.
    fn parts(&mut self, parts: &[Part], after: Option<char>) {
        for (index, part) in parts.iter().enumerate() {
            match part {
                Part::Literal(text) => {
                    let next = match parts.get(index + 1) {
                        Some(Part::Interpolation(_)) => Some('$'),
                        Some(Part::If { .. } | Part::For { .. }) => Some('%'),
                        Some(Part::Literal(_)) | None => after,
                    };
                    self.escaped(text, next);
                }
                Part::Interpolation(expr) => {
                    self.text.push_str("${");
                    self.expression(expr, 0);
                    self.text.push('}');
                }
                Part::If {
                    condition,
                    then,
                    otherwise,
                } => {
                    self.text.push_str("%{ if ");
                    self.expression(condition, 0);
                    self.text.push_str(" }");
                    self.parts(then, Some('%'));
                    if !otherwise.is_empty() {
                        self.text.push_str("%{ else }");
                        self.parts(otherwise, Some('%'));
                    }
                    self.text.push_str("%{ endif }");
                }
                Part::For {
                    key,
                    value,
                    collection,
                    body,
                } => {
                    self.text.push_str("%{ for ");
                    if let Some(key) = key {
                        self.put(format_args!("{}, ", key.text));
                    }
                    self.put(format_args!("{} in ", value.text));
                    self.expression(collection, 0);
                    self.text.push_str(" }");
                    self.parts(body, Some('%'));
                    self.text.push_str("%{ endfor }");
                }
            }
        }
    }

    fn value(&mut self, value: &Value, least: u8) {
        match value {
            Value::Null(ty) => self.text.push_str(match ty.as_deref() {
                Some(Type::String) => "tostring(null)",
                Some(Type::Number) => "tonumber(null)",
                Some(Type::Bool) => "tobool(null)",
                _ => "null",
            }),
            Value::Bool(value) => self.text.push_str(if *value { "true" } else { "false" }),
            Value::Number(number) => {
                let text = number.to_string();
                let parens = text.starts_with('-') && least > UNARY;
                if parens {
                    self.put(format_args!("({text})"));
                } else {
                    self.text.push_str(&text);
                }
            }
            Value::String(text) => self.quoted(text),
            Value::Tuple(items) => self.values("[", items, "]"),
            Value::List(items) => self.values("tolist([", items, "])"),
            Value::Set(items) => self.values("toset([", items, "])"),
            Value::Object(items) => self.entries("{", items.iter(), "}"),
            Value::Map(items) => self.entries("tomap({", items.iter(), "})"),
            Value::Ref(reference) => self.text.push_str(&reference.as_hcl(&reference.address)),
            Value::Deferred(expr) => self.expression(expr, least),
            Value::Sensitive(_) => self.text.push_str("(sensitive value)"),
        }
    }

    fn values(&mut self, open: &str, items: &[Value], close: &str) {
        self.text.push_str(open);
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.text.push_str(", ");
            }
            self.value(item, 0);
        }
        self.text.push_str(close);
    }

    fn entries<'v>(
        &mut self,
        open: &str,
        items: impl Iterator<Item = (&'v Arc<str>, &'v Value)>,
        close: &str,
    ) {
        self.text.push_str(open);
        for (index, (key, item)) in items.enumerate() {
            self.text.push_str(if index > 0 { ", " } else { " " });
            self.key(key);
            self.text.push_str(" = ");
            self.value(item, 0);
        }
        if !self.text.ends_with('{') {
            self.text.push(' ');
        }
        self.text.push_str(close);
    }

    fn quoted(&mut self, text: &str) {
        self.text.push('"');
        self.escaped(text, None);
        self.text.push('"');
    }

    /// Text between quotes: no line ends, no control characters, no template signs. `after` is the sign that follows it.
    fn escaped(&mut self, text: &str, after: Option<char>) {
        let mut chars = text.chars().peekable();
        while let Some(char) = chars.next() {
            match char {
                '"' => self.text.push_str("\\\""),
                '\\' => self.text.push_str("\\\\"),
                '\n' => self.text.push_str("\\n"),
                '\r' => self.text.push_str("\\r"),
                '\t' => self.text.push_str("\\t"),
                '$' | '%' if chars.peek() == Some(&'{') => {
                    self.text.push(char);
                    self.text.push(char);
                }
                // What precedes an interpolation must not double its sign.
                '$' | '%' if chars.peek().is_none() && after == Some(char) => {
                    self.put(format_args!("\\u{:04x}", u32::from(char)));
                }
                char if char.is_control() || is_bidi(char) => {
                    self.put(format_args!("\\u{:04x}", u32::from(char)));
                }
                char => self.text.push(char),
            }
        }
    }

    fn lines(&mut self, value: &Value, indent: usize) {
        let inner = indent + 2;
        match value {
            Value::Null(_) => self.text.push_str("null"),
            Value::List(items) | Value::Set(items) | Value::Tuple(items) if !items.is_empty() => {
                self.text.push_str("[\n");
                for item in items.iter() {
                    self.put(format_args!("{:inner$}", ""));
                    self.lines(item, inner);
                    self.text.push_str(",\n");
                }
                self.put(format_args!("{:indent$}]", ""));
            }
            Value::Map(items) | Value::Object(items) if !items.is_empty() => {
                self.text.push_str("{\n");
                let keys = || {
                    items.keys().map(|key| {
                        if is_plain_key(key) {
                            key.to_string()
                        } else {
                            self::value(&Value::String(Arc::clone(key)))
                        }
                    })
                };
                let width = keys().map(|key| key.chars().count()).max().unwrap_or(0);
                for (key, item) in keys().zip(items.values()) {
                    self.put(format_args!("{:inner$}{key:width$} = ", ""));
                    self.lines(item, inner);
                    self.text.push('\n');
                }
                self.put(format_args!("{:indent$}}}", ""));
            }
            Value::List(_) | Value::Set(_) | Value::Tuple(_) => self.text.push_str("[]"),
            Value::Map(_) | Value::Object(_) => self.text.push_str("{}"),
            value => self.value(value, 0),
        }
    }
}

/// Characters that make text read in another order than it has.
fn is_bidi(char: char) -> bool {
    matches!(char, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
