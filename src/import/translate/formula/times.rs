//! Patterns of Joda-Time as formats of `date_format`.

use super::Formula;
use super::Gives;
use crate::import::expression::Pattern;
use crate::import::expression::Piece as Joda;
use crate::import::translate::hcl;
use crate::lang::ast::BinaryOp;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;
use crate::lang::print;

/// A piece of how a time is written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Piece {
    /// What `date_format` writes.
    Strftime(String),
    /// A number that `strftime` does not have, with so many digits: a part, what is added to it, what it is then divided by and
    /// which of quotient and rest counts, and what is added at last.
    Number {
        part: &'static str,
        plus: i64,
        rest: Option<i64>,
        quotient: Option<i64>,
        then: i64,
        digits: usize,
    },
}

/// The pieces of a pattern; neighbouring formats are one.
pub(super) fn pieces(pattern: &Pattern) -> Result<Vec<Piece>, String> {
    let mut pieces: Vec<Piece> = Vec::new();
    for piece in &pattern.pieces {
        let next = match piece {
            Joda::Text(text) => Piece::Strftime(text.replace('%', "%%")),
            Joda::Letter(letter, count) => letter_piece(*letter, *count)?,
        };
        match (pieces.last_mut(), next) {
            (Some(Piece::Strftime(last)), Piece::Strftime(next)) => last.push_str(&next),
            (_, next) => pieces.push(next),
        }
    }
    Ok(pieces)
}

fn letter_piece(letter: char, count: usize) -> Result<Piece, String> {
    let number = |part, digits| Piece::Number {
        part,
        plus: 0,
        rest: None,
        quotient: None,
        then: 0,
        digits,
    };
    // The directive with two digits, and without padding.
    let two = |padded: &str, part| match count {
        1 => Piece::Strftime(padded.replace('%', "%-")),
        2 => Piece::Strftime(padded.to_owned()),
        digits => number(part, digits),
    };
    let plain = |format: &str| Piece::Strftime(format.to_owned());
    let hours = |plus, then| Piece::Number {
        part: "hour",
        plus,
        rest: Some(if letter == 'k' { 24 } else { 12 }),
        quotient: None,
        then,
        digits: count,
    };
    Ok(match (letter, count) {
        ('Y' | 'y', 2) => plain("%y"),
        ('Y' | 'y', 1..=4) => plain("%Y"),
        ('Y' | 'y', digits) => number("year", digits),
        ('x', 2) => plain("%g"),
        ('x', 1..=4) => plain("%G"),
        ('x', digits) => number("week_year", digits),
        ('C', digits) => Piece::Number {
            part: "year",
            plus: 0,
            rest: None,
            quotient: Some(100),
            then: 0,
            digits,
        },
        ('w', _) => two("%V", "week"),
        ('e', digits) => number("weekday", digits),
        ('E', 1..=3) => plain("%a"),
        ('E', _) => plain("%A"),
        ('D', 3) => plain("%j"),
        ('D', digits) => number("day_of_year", digits),
        ('M', 3) => plain("%b"),
        ('M', 1 | 2) => two("%m", "month"),
        ('M', _) => plain("%B"),
        ('d', _) => two("%d", "day"),
        ('a', _) => plain("%p"),
        ('h', 1) => plain("%-I"),
        ('h', 2) => plain("%I"),
        ('h', _) => hours(11, 1),
        ('H', _) => two("%H", "hour"),
        ('K', _) => hours(0, 0),
        ('k', _) => hours(23, 1),
        ('m', _) => two("%M", "minute"),
        ('s', _) => two("%S", "second"),
        // Times of instances are whole seconds.
        ('S', digits) => plain(&"0".repeat(digits)),
        ('G', _) => plain("AD"),
        ('Z', 1) => plain("%z"),
        ('Z', 2) => plain("%:z"),
        _ => {
            return Err(format!(
                "The letter `{letter}` of a pattern writes the name of a time zone, and times here know their offset only."
            ));
        }
    })
}

/// The zone that a function is told of a text that is a time and need not say in which: to the service all times are in UTC.
pub(super) fn zone_of_text(time: &Formula) -> Option<Expr> {
    let is_written_out = matches!(time.expr.kind, ExprKind::Value(_));
    let is_text = matches!(time.gives, Gives::Start | Gives::Text) && !is_written_out;
    is_text.then(|| hcl::text("UTC"))
}

/// A function of a time and something else that needs the zone only of a text.
pub(super) fn call(name: &str, time: &Formula, argument: Expr) -> Expr {
    let arguments = [time.expr.clone(), argument].into_iter();
    hcl::call(name, arguments.chain(zone_of_text(time)).collect())
}

/// Writes a time. The patterns that `run` has names for become these.
pub(super) fn format(time: &Formula, pieces: &[Piece]) -> Expr {
    let is_start = print::expression(&time.expr) == "run.scheduled_start";
    if let ([Piece::Strftime(format)], true) = (pieces, is_start) {
        let name = match format.as_str() {
            "%Y-%m-%d" => Some("date"),
            "%Y" => Some("year"),
            "%m" => Some("month"),
            "%d" => Some("day"),
            "%H" => Some("hour"),
            _ => None,
        };
        if let Some(name) = name {
            return hcl::path(&format!("run.{name}"));
        }
    }
    hcl::joined(pieces.iter().map(|piece| match piece {
        // Plain text is no format.
        Piece::Strftime(format) if !format.replace("%%", "").contains('%') => {
            hcl::text(&format.replace("%%", "%"))
        }
        Piece::Strftime(format) => call("date_format", time, hcl::text(format)),
        number @ Piece::Number { .. } => written(time, number),
    }))
}

fn written(time: &Formula, piece: &Piece) -> Expr {
    let Piece::Number {
        part,
        plus,
        rest,
        quotient,
        then,
        digits,
    } = piece
    else {
        return hcl::text("");
    };
    let mut number = call("date_part", time, hcl::text(part));
    let with = |operator, number, operand: i64| match operand {
        0 => number,
        operand => hcl::binary(operator, number, hcl::integer(operand)),
    };
    number = with(BinaryOp::Add, number, *plus);
    if let Some(rest) = rest {
        number = hcl::binary(BinaryOp::Modulo, number, hcl::integer(*rest));
    }
    if let Some(quotient) = quotient {
        let divided = hcl::binary(BinaryOp::Divide, number, hcl::integer(*quotient));
        number = hcl::call("floor", vec![divided]);
    }
    number = with(BinaryOp::Add, number, *then);
    if *digits > 1 {
        let format = hcl::text(&format!("%0{digits}d"));
        number = hcl::call("format", vec![format, number]);
    }
    number
}
