//! One spelling of words, periods, numbers and expressions.

use pipeform::import::expression;
use pipeform::import::expression::Expr;
use pipeform::import::expression::ExprKind;
use pipeform::import::expression::Operator;
use pipeform::import::expression::Part;
use pipeform::import::expression::Template;
use pipeform::lang::Number;
use pipeform::objects::AttributeSchema;
use pipeform::objects::AttributeType;
use pipeform::objects::Aws;

/// The value of a field.
pub(super) fn spelled(schema: Option<&AttributeSchema>, key: &str, text: &str) -> String {
    let text = template(text);
    let trimmed = text.trim();
    let Some(schema) = schema else { return text };
    if let Aws::Parts(_) = schema.aws {
        return parts(&text);
    }
    let number = || Number::parse(trimmed).map(|number| number.to_string());
    match schema.value {
        AttributeType::OneOf(_) | AttributeType::Price(_) => schema
            .word_of_aws(trimmed)
            .unwrap_or(trimmed)
            .to_lowercase(),
        AttributeType::Bool => trimmed.to_lowercase(),
        AttributeType::Duration | AttributeType::Period if text.contains("#{") => text,
        // `1 Days` is `1 day`, and a number alone counts hours.
        AttributeType::Duration | AttributeType::Period => {
            let text = trimmed.to_lowercase();
            let mut words = text.split_whitespace();
            let (count, unit) = (words.next().unwrap_or(""), words.next().unwrap_or("hours"));
            format!("{count} {}", unit.trim_end_matches('s'))
        }
        AttributeType::Integer(_) | AttributeType::Number(..) => number().unwrap_or(text),
        AttributeType::DateTime => {
            let moment = pipeform::time::parse_moment(trimmed).ok();
            let utc = jiff::tz::TimeZone::UTC;
            let moment = moment.and_then(|moment| moment.timestamp(&utc).ok());
            moment.map_or(text, |moment| {
                jiff::Timestamp::from_second(moment.as_second())
                    .map_or_else(|_| String::new(), |moment| moment.to_string())
            })
        }
        _ if key == "directoryPath" => text.trim_end_matches('/').to_owned(),
        _ => text,
    }
}

/// A number; what is none stays as it is.
pub(super) fn number(text: &str) -> String {
    Number::parse(text.trim()).map_or_else(|| text.to_owned(), |number| number.to_string())
}

/// A list with commas without blanks around them; any number of backslashes before one is as one.
pub(super) fn parts(text: &str) -> String {
    let one = regex::Regex::new(r"\\+,")
        .unwrap()
        .replace_all(text, "\u{0}");
    let plain = regex::Regex::new(r"\s*,\s*(?:)").unwrap();
    plain.replace_all(one.trim(), ",").replace('\u{0}', "\\,")
}

/// A text with its expressions in one spelling.
pub(super) fn template(text: &str) -> String {
    let Ok(template) = expression::parse(text) else {
        return text.to_owned();
    };
    let mut parts: Vec<Part> = Vec::new();
    for part in template.parts {
        let next = match part {
            Part::Text(text) => vec![Part::Text(text)],
            Part::Expression(expr) => summands(plain(expr)),
        };
        for part in next {
            match (parts.last_mut(), part) {
                (Some(Part::Text(last)), Part::Text(text)) => last.push_str(&text),
                (_, part) => parts.push(part),
            }
        }
    }
    Template { parts }.to_string()
}

fn is_text(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Text(_) => true,
        ExprKind::Binary(Operator::Add, operands) => operands.iter().any(is_text),
        _ => false,
    }
}

/// A sum with a text in it is the texts one after the other.
fn summands(expr: Expr) -> Vec<Part> {
    match expr.kind {
        ExprKind::Binary(Operator::Add, operands) if operands.iter().any(is_text) => {
            let [left, right] = *operands;
            let mut parts = summands(left);
            parts.extend(summands(right));
            parts
        }
        ExprKind::Text(text) => vec![Part::Text(text)],
        kind => vec![Part::Expression(Expr { kind, at: 0..0 })],
    }
}

/// An expression in which the years of patterns are `Y`, and what can be said in two ways is said in one.
fn plain(expr: Expr) -> Expr {
    let kind = match expr.kind {
        ExprKind::Call(function, arguments) => {
            let mut arguments: Vec<Expr> = arguments.into_iter().map(plain).collect();
            if let (true, [_, pattern]) = (function.name == "format", arguments.as_mut_slice()) {
                years(pattern);
            }
            if function.name == "yesterday" {
                let days = expression::FUNCTIONS
                    .iter()
                    .find(|own| own.name == "minusDays");
                arguments.push(Expr {
                    kind: ExprKind::Integer(1),
                    at: 0..0,
                });
                ExprKind::Call(days.unwrap_or(function), arguments)
            } else {
                ExprKind::Call(function, arguments)
            }
        }
        ExprKind::Field(of, name) => ExprKind::Field(Box::new(plain(*of)), name),
        ExprKind::Negated(of) => ExprKind::Negated(Box::new(plain(*of))),
        ExprKind::Binary(operator, operands) => {
            let [left, right] = *operands;
            ExprKind::Binary(operator, Box::new([plain(left), plain(right)]))
        }
        kind => kind,
    };
    Expr { kind, at: 0..0 }
}

fn years(pattern: &mut Expr) {
    if let ExprKind::Text(text) = &mut pattern.kind {
        let mut quoted = false;
        *text = text
            .chars()
            .map(|sign| {
                quoted ^= sign == '\'';
                if sign == 'y' && !quoted { 'Y' } else { sign }
            })
            .collect();
    }
}
