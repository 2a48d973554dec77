//! From template to values.

use std::ops::Range;

use super::Error;
use super::Expr;
use super::ExprKind;
use super::Operator;
use super::Part;
use super::Template;
use super::functions::Function;
use super::value::Number;
use super::value::Value;

/// What names mean.
pub trait Names {
    /// The value of a name: of the object `of`, or of the object whose field is evaluated, where the name may also be a
    /// parameter. The message says why it has none, in full sentences.
    fn value(&mut self, of: Option<&str>, name: &str) -> Result<Value, String>;
}

/// The value of a field. A template that is one expression has that expression's value, whatever it is; of all else it is text, or
/// a list of texts where an expression gives a list: one for each of its values.
///
/// # Errors
///
/// A name without value, or values that do not fit what is done with them.
pub fn evaluate(template: &Template, names: &mut dyn Names) -> Result<Value, Error> {
    if let [Part::Expression(expr)] = template.parts.as_slice() {
        return value(expr, names);
    }
    let mut whole = Value::Text(String::new());
    for part in &template.parts {
        let (next, at) = match part {
            Part::Text(text) => (Value::Text(text.clone()), 0..0),
            Part::Expression(expr) => (value(expr, names)?, expr.at.clone()),
        };
        whole = mapped(&[whole, next], &at, &|of| {
            Ok(Value::Text(of.iter().map(ToString::to_string).collect()))
        })?;
    }
    Ok(whole)
}

fn value(expr: &Expr, names: &mut dyn Names) -> Result<Value, Error> {
    let failed = |message| Error::new(expr.at.clone(), message);
    match &expr.kind {
        ExprKind::Integer(number) => Ok(Value::Integer(*number)),
        ExprKind::Double(number) => Ok(Value::Double(*number)),
        ExprKind::Text(text) => Ok(Value::Text(text.clone())),
        ExprKind::Name(name) => names.value(None, name).map_err(failed),
        ExprKind::Field(of, name) => field(&value(of, names)?, name, &of.at, names),
        ExprKind::Call(function, arguments) => call(function, arguments, &expr.at, names),
        ExprKind::Negated(operand) => {
            let operand = value(operand, names)?;
            mapped(&[operand], &expr.at, &|of| negated(of))
        }
        ExprKind::Binary(operator, operands) => {
            let [left, right] = &**operands;
            let operands = [value(left, names)?, value(right, names)?];
            mapped(&operands, &expr.at, &|of| combined(*operator, of))
        }
    }
}

/// A field of what a reference leads to; of several references, of each.
fn field(of: &Value, name: &str, at: &Range<usize>, names: &mut dyn Names) -> Result<Value, Error> {
    match of {
        Value::Reference(id) => names
            .value(Some(id), name)
            .map_err(|message| Error::new(at.clone(), message)),
        Value::List(values) => {
            let fields = values.iter().map(|value| field(value, name, at, names));
            flat(fields.collect::<Result<_, _>>()?)
        }
        other => Err(Error::new(
            at.clone(),
            format!(
                "This is {}, and only references to objects have fields.",
                other.what()
            ),
        )),
    }
}

fn call(
    function: &Function,
    arguments: &[Expr],
    at: &Range<usize>,
    names: &mut dyn Names,
) -> Result<Value, Error> {
    let arguments = arguments.iter().map(|argument| value(argument, names));
    let arguments: Vec<Value> = arguments.collect::<Result<_, _>>()?;
    mapped(&arguments, at, &|of| {
        (function.body)(of).map_err(|message| format!("`{}`: {message}", function.name))
    })
}

/// Does something with values. Where one of them is a list it is done with each of its elements; several lists go in step.
fn mapped(
    values: &[Value],
    at: &Range<usize>,
    body: &dyn Fn(&[Value]) -> Result<Value, String>,
) -> Result<Value, Error> {
    let mut lengths = values.iter().filter_map(|value| match value {
        Value::List(elements) => Some(elements.len()),
        _ => None,
    });
    let failed = |message| Error::new(at.clone(), message);
    let Some(length) = lengths.next() else {
        return body(values).map_err(failed);
    };
    if let Some(other) = lengths.find(|other| *other != length) {
        let message =
            format!("These lists have {length} and {other} elements; they must have as many.");
        return Err(failed(message));
    }
    let each = (0..length).map(|index| {
        let values: Vec<Value> = values
            .iter()
            .map(|value| match value {
                Value::List(elements) => elements.get(index).unwrap_or(value).clone(),
                single => single.clone(),
            })
            .collect();
        body(&values).map_err(failed)
    });
    flat(each.collect::<Result<_, _>>()?)
}

/// Lists in a list are one list.
#[expect(clippy::unnecessary_wraps, reason = "its callers return results")]
fn flat(values: Vec<Value>) -> Result<Value, Error> {
    let mut all = Vec::new();
    for value in values {
        match value {
            Value::List(elements) => all.extend(elements),
            single => all.push(single),
        }
    }
    Ok(Value::List(all))
}

fn negated(of: &[Value]) -> Result<Value, String> {
    match of.first().and_then(Value::number) {
        Some(Number::Integer(number)) => number
            .checked_neg()
            .map(Value::Integer)
            .ok_or_else(too_large),
        Some(Number::Double(number)) => Ok(Value::Double(-number)),
        None => Err(not_numbers("-", of)),
    }
}

fn combined(operator: Operator, of: &[Value]) -> Result<Value, String> {
    let [left, right] = of else {
        return Err(not_numbers(operator.sign(), of));
    };
    let is_number = |value: &Value| matches!(value, Value::Integer(_) | Value::Double(_));
    if operator == Operator::Add && !(is_number(left) && is_number(right)) {
        return Ok(Value::Text(format!("{left}{right}")));
    }
    let (Some(left), Some(right)) = (left.number(), right.number()) else {
        return Err(not_numbers(operator.sign(), of));
    };
    if operator == Operator::Power {
        return Ok(Value::Double(left.double().powf(right.double())));
    }
    if let (Number::Integer(left), Number::Integer(right)) = (left, right) {
        let result = match operator {
            Operator::Add => left.checked_add(right),
            Operator::Subtract => left.checked_sub(right),
            Operator::Multiply => left.checked_mul(right),
            Operator::Divide if right == 0 => {
                return Err("A whole number cannot be divided by 0.".to_owned());
            }
            Operator::Divide | Operator::Power => left.checked_div(right),
        };
        return result.map(Value::Integer).ok_or_else(too_large);
    }
    let (left, right) = (left.double(), right.double());
    Ok(Value::Double(match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide | Operator::Power => left / right,
    }))
}

fn too_large() -> String {
    "The result does not fit in 64 bits.".to_owned()
}

fn not_numbers(sign: &str, of: &[Value]) -> String {
    let odd = of.iter().find(|value| value.number().is_none());
    let what = odd.map_or("nothing", Value::what);
    format!("`{sign}` needs numbers, and there is {what}.")
}
