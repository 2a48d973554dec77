//! From template to text: what [`super::parse`] reads back as the same.

use std::fmt;

use super::Expr;
use super::ExprKind;
use super::Operator;
use super::Part;
use super::Template;
use super::value::Value;

/// As the text of a field.
impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.parts {
            match part {
                Part::Text(text) => plain(text, f)?,
                Part::Expression(expr) => write!(f, "#{{{expr}}}")?,
            }
        }
        Ok(())
    }
}

/// Text outside of expressions: what would begin one stands in one.
fn plain(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(&text.replace("#{", "#{'#'}{"))
}

/// As it stands between `#{` and `}`.
impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExprKind::Integer(number) => fmt::Display::fmt(number, f),
            ExprKind::Double(number) => fmt::Display::fmt(&Value::Double(*number), f),
            ExprKind::Text(text) => quoted(text, f),
            ExprKind::Name(name) => f.write_str(name),
            ExprKind::Field(of, name) => {
                operand(of, Strength::Postfix, f)?;
                write!(f, ".{name}")
            }
            ExprKind::Call(function, arguments) => {
                write!(f, "{}(", function.name)?;
                for (index, argument) in arguments.iter().enumerate() {
                    if index > 0 {
                        f.write_str(", ")?;
                    }
                    fmt::Display::fmt(argument, f)?;
                }
                f.write_str(")")
            }
            ExprKind::Negated(of) => {
                f.write_str("-")?;
                operand(of, Strength::Power, f)
            }
            ExprKind::Binary(operator, operands) => {
                let [left, right] = &**operands;
                let own = strength(self);
                let (before, after) = match operator {
                    Operator::Power => (Strength::Postfix, Strength::Power),
                    _ => (own, own.next()),
                };
                operand(left, before, f)?;
                match operator {
                    Operator::Power => f.write_str("^")?,
                    other => write!(f, " {} ", other.sign())?,
                }
                operand(right, after, f)
            }
        }
    }
}

/// How strongly an expression holds together.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Strength {
    Sum,
    Product,
    Power,
    Postfix,
}

impl Strength {
    const fn next(self) -> Self {
        match self {
            Self::Sum => Self::Product,
            Self::Product => Self::Power,
            Self::Power | Self::Postfix => Self::Postfix,
        }
    }
}

fn strength(expr: &Expr) -> Strength {
    match &expr.kind {
        ExprKind::Binary(Operator::Add | Operator::Subtract, _) => Strength::Sum,
        ExprKind::Binary(Operator::Multiply | Operator::Divide, _) => Strength::Product,
        ExprKind::Binary(Operator::Power, _) | ExprKind::Negated(_) => Strength::Power,
        ExprKind::Integer(number) if *number < 0 => Strength::Power,
        ExprKind::Double(number) if *number < 0.0 => Strength::Power,
        // Two quotes of different kinds in a text make a sum of it.
        ExprKind::Text(text) if text.contains('\'') && text.contains('"') => Strength::Sum,
        _ => Strength::Postfix,
    }
}

fn operand(expr: &Expr, at_least: Strength, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if strength(expr) < at_least {
        write!(f, "({expr})")
    } else {
        fmt::Display::fmt(expr, f)
    }
}

/// Text in quotes. There are no escapes: one that has both kinds of quotes is written in pieces.
fn quoted(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if !text.contains('\'') {
        return write!(f, "'{text}'");
    }
    if !text.contains('"') {
        return write!(f, "\"{text}\"");
    }
    for (index, piece) in text.split('\'').enumerate() {
        if index > 0 {
            f.write_str(" + \"'\" + ")?;
        }
        write!(f, "'{piece}'")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::parse;

    #[test]
    fn templates_are_printed_in_one_form() {
        for (text, expected) in [
            (
                "a#{ format( @scheduledStartTime ,\"YYYY\") }b",
                "a#{format(@scheduledStartTime, 'YYYY')}b",
            ),
            (
                "#{@scheduledStartTime.format('HH')}",
                "#{format(@scheduledStartTime, 'HH')}",
            ),
            ("#{(a+b)*c-(d-e)}", "#{(a + b) * c - (d - e)}"),
            (
                "#{2^3^2} #{(2^3)^2} #{(-2)^2} #{-2^2}",
                "#{2^3^2} #{(2^3)^2} #{(-2)^2} #{-2^2}",
            ),
            ("#{\"it's\"} #{(a.b).c}", "#{\"it's\"} #{a.b.c}"),
            ("#{'}'} # {x}", "#{'}'} # {x}"),
        ] {
            let template = parse(text).expect(text);
            assert_eq!(template.to_string(), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_as_the_same(
            text in "([a-c ]|#\\{[a-c]([-+*/^][a-c(]?[a-c]\\)?){0,3}\\}|#\\{-?day\\(x\\)\\^2\\}|#\\{'[a-z\"}]*'\\+\"[a-z']*\"\\}){1,4}",
        ) {
            if let Ok(template) = parse(&text) {
                let printed = template.to_string();
                let again = parse(&printed).map(|template| template.to_string());
                prop_assert_eq!(again, Ok(printed), "{}", text);
            }
        }
    }
}
