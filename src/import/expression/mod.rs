//! The expression language of AWS Data Pipeline: `#{format(@scheduledStartTime, 'YYYY-MM-dd')}` inside the text of a field.
//!
//! Its rules come from the developer guide of the service ("Pipeline expressions and functions") and from definitions that people
//! ran. Where both are silent the choice is written at the place that makes it.
//!
//! - A field's text is a [`Template`]: text, and expressions between `#{` and the first `}` outside of quotes.
//! - An expression reads names (of the object's own fields, through references, parameters, what the run sets), and calls
//!   functions, which may be written behind their first argument: `@scheduledStartTime.format('YYYY')`.
//! - What names mean is asked of a [`Names`]; the rest is computed here, without I/O and without a clock.

mod evaluate;
mod functions;
mod parse;
mod pattern;
mod print;
#[cfg(test)]
mod tests;
mod value;

use std::ops::Range;

pub use evaluate::Names;
pub use evaluate::evaluate;
pub use functions::FUNCTIONS;
pub use functions::Function;
pub use parse::parse;
pub use parse::parse_all;
pub use pattern::Pattern;
pub use pattern::Piece;
pub use value::Value;

/// The text of a field: plain text and expressions, in order.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    /// Its parts; neighbouring texts are one.
    pub parts: Vec<Part>,
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Text as it is.
    Text(String),
    /// What stands between `#{` and `}`.
    Expression(Expr),
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands in the text of the field, in bytes.
    pub at: Range<usize>,
}

/// What an expression is.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// A whole number.
    Integer(i64),
    /// A number with a point.
    Double(f64),
    /// A text in quotes.
    Text(String),
    /// A name: `myBucket`, `*myPassword`, `@scheduledStartTime`.
    Name(String),
    /// A field of the object that a reference leads to: `input.directoryPath`.
    Field(Box<Expr>, String),
    /// A call; one that was written behind its first argument is the same.
    Call(&'static Function, Vec<Expr>),
    /// `-x`.
    Negated(Box<Expr>),
    /// Two operands.
    Binary(Operator, Box<[Expr; 2]>),
}

/// What is done with two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `+`: the sum of two numbers; of all else the texts one after the other.
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`: of two whole numbers without the rest.
    Divide,
    /// `^`: always a number with a point.
    Power,
}

impl Operator {
    /// Its sign.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Power => "^",
        }
    }
}

/// Why a text is no template, or has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// Where, in bytes of the text of the field.
    pub at: Range<usize>,
    /// What is wrong and what to do, in full sentences.
    pub message: String,
}

impl Error {
    fn new(at: Range<usize>, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { at, message }
    }
}

impl Template {
    /// A text without expressions, whatever stands in it.
    pub fn plain(text: &str) -> Self {
        Self {
            parts: vec![Part::Text(text.to_owned())],
        }
    }

    /// Whether there is an expression in it.
    pub fn has_expressions(&self) -> bool {
        self.parts
            .iter()
            .any(|part| matches!(part, Part::Expression(_)))
    }

    /// Makes text of the expression that holds this place, as it stands in the text that the template was read from. Whether there is
    /// such an expression.
    pub fn leave_as_text(&mut self, at: &Range<usize>, source: &str) -> bool {
        let mut expressions = self.parts.iter_mut().filter_map(|part| match part {
            Part::Expression(expr) if expr.at.start <= at.start && at.end <= expr.at.end => {
                Some(part)
            }
            _ => None,
        });
        let Some(part) = expressions.next() else {
            return false;
        };
        let Part::Expression(expr) = part else {
            return false;
        };
        let before = source
            .get(..expr.at.start)
            .and_then(|before| before.rfind("#{"));
        let behind = source
            .get(expr.at.end..)
            .and_then(|behind| behind.find('}'));
        let whole = before.zip(behind);
        let whole = whole.and_then(|(start, length)| source.get(start..=expr.at.end + length));
        let Some(whole) = whole.map(str::to_owned) else {
            return false;
        };
        *part = Part::Text(whole);
        true
    }
}
