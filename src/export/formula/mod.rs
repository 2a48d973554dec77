//! From HCL to `#{…}`. What is translated means the same; what cannot be is an error that says why.
//!
//! It is the way back from what import makes of expressions, and takes what people write besides, as far as the service has it.

mod functions;
mod numbers;
mod service;
#[cfg(test)]
mod tests;
mod times;

use crate::import::expression::Expr as Service;
use crate::import::expression::ExprKind as Kind;
use crate::import::expression::Operator;
use crate::import::expression::Part;
use crate::import::expression::Template;
use crate::lang::Value;
use crate::lang::ast;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;
use crate::lang::ast::For;
use crate::lang::print;
use crate::lang::references;
pub(super) use service::field;
pub(super) use service::format;
pub(super) use service::name;
pub(super) use service::text;

/// What an expression gives.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Gives {
    Text,
    /// A number; whether it is whole.
    Number(bool),
    /// A time: text in RFC 3339 in HCL; with the zone that it is in, if it is not UTC.
    Time(Option<String>),
    /// A date without time; the expression gives a time on that day.
    Date,
    /// Several of them.
    List(Box<Self>),
}

/// An expression of the service, and what it gives.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) expr: Service,
    pub(super) gives: Gives,
}

impl Piece {
    pub(super) const fn new(expr: Service, gives: Gives) -> Self {
        Self { expr, gives }
    }

    pub(super) const fn text(expr: Service) -> Self {
        Self::new(expr, Gives::Text)
    }
}

/// What names mean.
pub(super) trait Names {
    /// What a name stands for: `var.bucket`, `run.date`, `self.table`. The message says why it stands for nothing.
    fn meaning(&self, name: &str) -> Result<Piece, String>;

    /// The same without the slash at the end, if it is the path of a directory.
    fn without_slash(&self, name: &str) -> Result<Piece, String>;

    /// The hidden parameter for the secret that is kept in a place.
    fn secret(&self, place: &str) -> Result<Piece, String>;

    /// Is told that a text has a computed number in it that the service writes with a point, also if it is whole.
    fn pointed(&self) {}
}

/// A time in a zone.
pub(super) fn in_zone(time: Service, zone: &str) -> Result<Service, String> {
    service::call("inTimeZone", vec![time, text(zone)])
}

/// What is read, with a text behind it.
pub(super) fn followed_by(read: Service, behind: &str) -> Piece {
    Piece::text(service::binary(Operator::Add, read, text(behind)))
}

/// A value as part of an expression.
pub(super) fn whole(value: &Value, names: &dyn Names) -> Result<Piece, String> {
    let scope = Scope {
        names,
        bound: Vec::new(),
    };
    match value {
        Value::Deferred(expr) => scope.piece(expr),
        known => constant(known),
    }
}

/// Translates what one field holds.
pub(super) fn translate(value: &Value, names: &dyn Names) -> Result<Template, String> {
    let scope = Scope {
        names,
        bound: Vec::new(),
    };
    let parts = match value {
        Value::Deferred(expr) => scope.field(expr)?,
        Value::Sensitive(inner) => return translate(inner, names),
        known => vec![Part::Text(known_text(known)?)],
    };
    Ok(Template {
        parts: merged(parts),
    })
}

/// Translates what a field holds several of: each has a text of its own.
pub(super) fn translate_list(value: &Value, names: &dyn Names) -> Result<Vec<Template>, String> {
    match value {
        Value::List(items) | Value::Tuple(items) | Value::Set(items) => {
            let each = items.iter().map(|item| element(item, names));
            Ok(each.collect::<Result<Vec<_>, _>>()?.concat())
        }
        Value::Sensitive(inner) => translate_list(inner, names),
        Value::Null(_) => Ok(Vec::new()),
        Value::Deferred(expr) => match elements(expr) {
            Some(elements) => {
                let each = elements.into_iter().map(|element| {
                    let value = match &element.kind {
                        ExprKind::Value(value) => value.clone(),
                        _ => Value::Deferred(std::sync::Arc::new(element.clone())),
                    };
                    self::element(&value, names)
                });
                Ok(each.collect::<Result<Vec<_>, _>>()?.concat())
            }
            None => Ok(vec![translate(value, names)?]),
        },
        single => Ok(vec![translate(single, names)?]),
    }
}

/// Translates an element of a list.
fn element(value: &Value, names: &dyn Names) -> Result<Vec<Template>, String> {
    match value {
        Value::Null(_) => Err("an element of its list is null".to_owned()),
        value => translate_list(value, names),
    }
}

/// The expressions that make a list, as far as it is written out: `flatten([a, b])`, `concat([a], b)`.
fn elements(expr: &Expr) -> Option<Vec<&Expr>> {
    match &expr.kind {
        ExprKind::Tuple(elements) => Some(elements.iter().collect()),
        ExprKind::Parens(inner) => elements(inner),
        ExprKind::Call {
            name,
            arguments,
            expand: false,
        } if matches!(&*name.text, "flatten" | "concat" | "tolist") => {
            Some(arguments.iter().collect())
        }
        _ => None,
    }
}

/// The entries of a map that is partly known at a run only; `None` if it is not written out which ones it has.
pub(super) fn entries(expr: &Expr) -> Option<Vec<(Expr, Expr)>> {
    match &expr.kind {
        ExprKind::Object(entries) => Some(entries.to_vec()),
        ExprKind::Parens(inner) => entries(inner),
        ExprKind::Call {
            name, arguments, ..
        } if &*name.text == "tomap" => entries(arguments.first()?),
        _ => None,
    }
}

/// What is known, as the text of a field.
pub(super) fn known_text(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.to_string()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(value) => Ok(value.to_string()),
        other => Err(format!(
            "a field holds texts, and this is {}",
            other.describe()
        )),
    }
}

/// Neighbouring texts are one.
fn merged(parts: Vec<Part>) -> Vec<Part> {
    let mut merged: Vec<Part> = Vec::new();
    for part in parts {
        match (merged.last_mut(), part) {
            (_, Part::Text(text)) if text.is_empty() => {}
            (Some(Part::Text(last)), Part::Text(text)) => last.push_str(&text),
            (_, part) => merged.push(part),
        }
    }
    merged
}

/// What names mean where an expression stands.
struct Scope<'n> {
    names: &'n dyn Names,
    /// The variables of `for`s around it; `None`: the number of the element.
    bound: Vec<(String, Option<Piece>)>,
}

impl Scope<'_> {
    /// The parts of a field's text.
    fn field(&self, expr: &Expr) -> Result<Vec<Part>, String> {
        match &expr.kind {
            ExprKind::Template(parts) => self.parts(parts),
            ExprKind::Parens(inner) => self.field(inner),
            ExprKind::Conditional(condition, instead, value) => {
                self.field(unless_null(condition, instead, value)?)
            }
            ExprKind::Later(later) if let Some(value) = &later.value => self.field(value),
            // The service does it for each element by itself.
            ExprKind::For(node) => self.for_each(node)?.field(&node.result),
            ExprKind::Call {
                name, arguments, ..
            } if &*name.text == "chomp" => self.without_line_end(arguments),
            _ => self.in_text(self.piece(expr)?),
        }
    }

    /// `chomp("…\n")`: what a heredoc is written with that does not end with a line.
    fn without_line_end(&self, arguments: &[Expr]) -> Result<Vec<Part>, String> {
        let mut parts = match arguments {
            [only] => self.field(only)?,
            _ => Vec::new(),
        };
        match parts.last_mut() {
            Some(Part::Text(last)) if last.ends_with('\n') => {
                *last = last.trim_end_matches(['\n', '\r']).to_owned();
                Ok(parts)
            }
            _ => Err(no_function("chomp")),
        }
    }

    fn parts(&self, parts: &[ast::Part]) -> Result<Vec<Part>, String> {
        let mut found = Vec::new();
        for part in parts {
            match part {
                ast::Part::Literal(text) => found.push(Part::Text(text.to_string())),
                ast::Part::Interpolation(expr) => {
                    let nested = match &expr.kind {
                        ExprKind::Template(inner) => self.parts(inner)?,
                        _ => self.in_text(self.piece(expr)?)?,
                    };
                    found.extend(nested);
                }
                ast::Part::If { .. } => return Err(no_condition()),
                ast::Part::For { .. } => {
                    return Err("the service has no loops in texts".to_owned());
                }
            }
        }
        Ok(found)
    }

    /// A piece as parts of a text.
    fn in_text(&self, piece: Piece) -> Result<Vec<Part>, String> {
        let is_computed = matches!(piece.expr.kind, Kind::Binary(..) | Kind::Negated(_));
        if is_computed && piece.gives == Gives::Number(false) {
            self.names.pointed();
        }
        in_text(piece)
    }

    fn piece(&self, expr: &Expr) -> Result<Piece, String> {
        match &expr.kind {
            ExprKind::Value(value) => constant(value),
            ExprKind::Parens(inner) => self.piece(inner),
            ExprKind::Template(parts) => Ok(Piece::text(joined(merged(self.parts(parts)?)))),
            ExprKind::Later(later) if let Some(value) = &later.value => self.piece(value),
            ExprKind::Index(of, key) if self.counts(key) => {
                let of = self.piece(of)?;
                match of.gives {
                    Gives::List(inner) => Ok(Piece::new(of.expr, *inner)),
                    _ => Err("only lists have elements".to_owned()),
                }
            }
            ExprKind::Index(..) => Err(no_element()),
            ExprKind::Get(..) if !is_path(expr) => Err(no_element()),
            ExprKind::Later(_) | ExprKind::Name(_) | ExprKind::Get(..) | ExprKind::Splat { .. } => {
                let name = print::expression(expr);
                match self.bound.iter().rev().find(|(bound, _)| *bound == name) {
                    Some((_, Some(piece))) => Ok(piece.clone()),
                    Some((_, None)) => Err("the service does not count elements".to_owned()),
                    None => self.names.meaning(&name),
                }
            }
            ExprKind::Call {
                name, arguments, ..
            } => self.call(&name.text, arguments),
            ExprKind::Unary(ast::UnaryOp::Negate, operand) => {
                let operand = self.piece(operand)?;
                let whole = numbers::is_whole(&operand)?;
                Ok(Piece::new(
                    service::negated(operand.expr),
                    Gives::Number(whole),
                ))
            }
            ExprKind::Binary(operator, left, right) => self.binary(*operator, left, right),
            ExprKind::For(node) => {
                let inner = self.for_each(node)?.piece(&node.result)?;
                Ok(Piece::new(inner.expr, Gives::List(Box::new(inner.gives))))
            }
            ExprKind::Conditional(condition, instead, value) => {
                self.piece(unless_null(condition, instead, value)?)
            }
            ExprKind::Unary(ast::UnaryOp::Not, _) => Err(no_condition()),
            ExprKind::Tuple(_) | ExprKind::Object(_) => {
                Err("a list or a map can stand in no expression of the service".to_owned())
            }
            ExprKind::Each | ExprKind::Unread => Err("it cannot be read".to_owned()),
        }
    }

    /// Whether a key is the number of the element that a `for` is at.
    fn counts(&self, key: &Expr) -> bool {
        let name = print::expression(key);
        let mut bound = self.bound.iter().rev();
        bound.any(|(bound, piece)| *bound == name && piece.is_none())
    }

    /// The scope of the result of a `for`.
    fn for_each(&self, node: &For) -> Result<Scope<'_>, String> {
        if node.result_key.is_some() || node.group || node.condition.is_some() {
            return Err("the service makes no maps and no choices of a list".to_owned());
        }
        let collection = self.piece(&node.collection)?;
        let Gives::List(inner) = collection.gives else {
            return Err("the service goes through lists only".to_owned());
        };
        let mut bound = self.bound.clone();
        if let Some(key) = &node.key {
            bound.push((key.text.to_string(), None));
        }
        let element = Piece::new(collection.expr, *inner);
        bound.push((node.value.text.to_string(), Some(element)));
        Ok(Scope {
            names: self.names,
            bound,
        })
    }
}

/// Whether an expression reads a name: an attribute of something that has one, and no element of what is written out.
fn is_path(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Name(_) | ExprKind::Later(_) | ExprKind::Splat { .. } => true,
        ExprKind::Get(of, _) => match &of.kind {
            ExprKind::Index(named, _) => is_path(named),
            _ => is_path(of),
        },
        _ => false,
    }
}

/// What is read unless it is null: `var.x == null ? "" : var.x`. To the service what has no value is an empty text anyway.
pub(super) fn unless_null<'e>(
    condition: &Expr,
    instead: &Expr,
    value: &'e Expr,
) -> Result<&'e Expr, String> {
    let is_null = |expr: &Expr| matches!(expr.kind, ExprKind::Value(Value::Null(_)));
    let is_empty = match &instead.kind {
        ExprKind::Value(Value::String(text)) => text.is_empty(),
        _ => is_null(instead),
    };
    match &condition.kind {
        ExprKind::Binary(ast::BinaryOp::Equal, read, null) if is_empty && is_null(null) => {
            let read = print::expression(read);
            let whole = references(value).into_iter().map(|path| {
                let names = path.iter().map(|step| step.name.to_string());
                names.collect::<Vec<_>>().join(".")
            });
            (whole.collect::<Vec<_>>() == [read])
                .then_some(value)
                .ok_or_else(no_condition)
        }
        _ => Err(no_condition()),
    }
}

fn no_element() -> String {
    "the service takes no single element out of a list or a map".to_owned()
}

fn no_condition() -> String {
    "it depends on a condition, and the service has none".to_owned()
}

fn no_function(name: &str) -> String {
    format!("the service has nothing like `{name}`")
}

fn constant(value: &Value) -> Result<Piece, String> {
    if let Value::Number(number) = value {
        return Ok(match number.to_i64() {
            Some(whole) => Piece::new(service::integer(whole), Gives::Number(true)),
            None => Piece::new(service::decimal(number), Gives::Number(false)),
        });
    }
    known_text(value).map(|known| Piece::text(text(known)))
}

/// A piece as parts of a text, as HCL writes it into one.
fn in_text(piece: Piece) -> Result<Vec<Part>, String> {
    let expression = |expr| vec![Part::Expression(expr)];
    Ok(match (&piece.gives, &piece.expr.kind) {
        (Gives::Text | Gives::Number(_), Kind::Text(text)) => vec![Part::Text(text.clone())],
        (Gives::Number(_), Kind::Integer(_) | Kind::Double(_)) => {
            vec![Part::Text(piece.expr.to_string())]
        }
        (Gives::Date, _) => expression(format(piece.expr, "YYYY-MM-dd")?),
        (Gives::Time(None), _) => {
            vec![Part::Expression(piece.expr), Part::Text("Z".to_owned())]
        }
        (Gives::Time(Some(zone)), _) => {
            return Err(format!(
                "the service does not write offsets as RFC 3339 does, and this is a time in `{zone}`; say with `date_format` how it is written"
            ));
        }
        _ => summands(piece.expr),
    })
}

/// A sum of texts stands in a text one after the other.
fn summands(expr: Service) -> Vec<Part> {
    match expr.kind {
        Kind::Binary(Operator::Add, operands) if operands.iter().any(is_plain) => {
            let [left, right] = *operands;
            let mut parts = summands(left);
            parts.extend(summands(right));
            parts
        }
        Kind::Text(text) => vec![Part::Text(text)],
        kind => vec![Part::Expression(Service { kind, at: 0..0 })],
    }
}

/// Whether a sum is a text: one that is made of a text.
fn is_plain(expr: &Service) -> bool {
    match &expr.kind {
        Kind::Text(_) => true,
        Kind::Binary(Operator::Add, operands) => operands.iter().any(is_plain),
        _ => false,
    }
}

/// Parts of a text as one expression.
fn joined(parts: Vec<Part>) -> Service {
    let is_text = |part: &Part| matches!(part, Part::Text(_));
    let mut parts = parts;
    // Of two numbers `+` would be the sum.
    if !parts.iter().take(2).any(is_text) {
        parts.insert(0, Part::Text(String::new()));
    }
    let mut pieces = parts.into_iter().map(|part| match part {
        Part::Text(plain) => text(plain),
        Part::Expression(expr) => expr,
    });
    let first = pieces.next().unwrap_or_else(|| text(""));
    pieces.fold(first, |left, right| {
        service::binary(Operator::Add, left, right)
    })
}
