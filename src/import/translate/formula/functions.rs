//! The service's functions as ours.

use super::Formula;
use super::Gives;
use super::times;
use crate::import::expression::Pattern;
use crate::import::translate::hcl;
use crate::lang::Value;
use crate::lang::ast::BinaryOp;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;

/// Calls a function with as many arguments as it has parameters.
pub(super) fn call(name: &str, of: &[Formula]) -> Result<Formula, String> {
    let time = of
        .first()
        .ok_or_else(|| "A function has arguments.".to_owned())?;
    let time_of = |expr: Expr| Ok(Formula::new(expr, Gives::Time(zone(time))));
    if let Some(part) = part(name) {
        let part = times::call("date_part", time, hcl::text(part));
        return Ok(Formula::new(part, Gives::Integer));
    }
    if let Some((sign, unit)) = moves(name) {
        return time_of(add(time, length(sign, unit, of.get(1))?));
    }
    match name {
        "format" => {
            let pattern = literal(of.get(1)).ok_or_else(|| {
                "The pattern of `format` is computed; write it out, or make it a format of `date_format`.".to_owned()
            })?;
            let pieces = times::pieces(&Pattern::parse(&pattern)?)?;
            Ok(Formula::new(times::format(time, &pieces), Gives::Text))
        }
        "inTimeZone" => {
            let zone = of.get(1).map(|zone| zone.expr.clone());
            let time = match times::zone_of_text(time) {
                None => time.expr.clone(),
                // Else it would be taken for a time in the other zone.
                Some(own) => hcl::call("date_in_zone", vec![time.expr.clone(), own]),
            };
            let arguments = [time].into_iter().chain(zone.clone());
            let moved = hcl::call("date_in_zone", arguments.collect());
            Ok(Formula::new(moved, Gives::Time(zone.map(Box::new))))
        }
        "midnight" => time_of(with_zone("date_trunc", time, hcl::text("day"))),
        "yesterday" => time_of(add(time, hcl::text("-1 day"))),
        "firstOfMonth" => {
            let day = times::call("date_part", time, hcl::text("day"));
            let days = hcl::binary(BinaryOp::Subtract, day, hcl::integer(1));
            time_of(add(time, back_by(days)))
        }
        "sunday" => {
            let weekday = times::call("date_part", time, hcl::text("weekday"));
            let days = hcl::binary(BinaryOp::Modulo, weekday, hcl::integer(7));
            time_of(add(time, back_by(days)))
        }
        "plusPeriod" => {
            let period = of.get(1).map(|period| match literal(Some(period)) {
                Some(text) => hcl::text(&text.to_lowercase()),
                None => period.expr.clone(),
            });
            time_of(add(time, period.unwrap_or_else(|| hcl::text(""))))
        }
        "makeDate" | "makeDateTime" => {
            let format = if name == "makeDate" {
                "%04d-%02d-%02dT00:00:00Z"
            } else {
                "%04d-%02d-%02dT%02d:%02d:00Z"
            };
            let arguments = of.iter().map(|argument| argument.expr.clone());
            let arguments = [hcl::text(format)].into_iter().chain(arguments).collect();
            Ok(Formula::new(
                hcl::call("format", arguments),
                Gives::Time(None),
            ))
        }
        _ => Err(format!("`{name}` has no translation.")),
    }
}

/// The text of an expression that is plain text.
fn literal(formula: Option<&Formula>) -> Option<String> {
    match &formula?.expr.kind {
        ExprKind::Value(Value::String(text)) => Some(text.to_string()),
        _ => None,
    }
}

/// The part of a time that a function gives.
fn part(name: &str) -> Option<&'static str> {
    Some(match name {
        "year" => "year",
        "month" => "month",
        "day" => "day",
        "dayOfYear" => "day_of_year",
        "hour" => "hour",
        "minute" => "minute",
        _ => return None,
    })
}

/// By what units a function moves a time, and whether back.
fn moves(name: &str) -> Option<(i64, &'static str)> {
    let (sign, units) = if let Some(units) = name.strip_prefix("plus") {
        (1, units)
    } else {
        (-1, name.strip_prefix("minus")?)
    };
    let unit = match units {
        "Minutes" => "minute",
        "Hours" => "hour",
        "Days" => "day",
        "Weeks" => "week",
        "Months" => "month",
        "Years" => "year",
        _ => return None,
    };
    Some((sign, unit))
}

fn add(time: &Formula, length: Expr) -> Expr {
    with_zone("date_add", time, length)
}

/// The zone that a time is in, if it is not UTC.
fn zone(time: &Formula) -> Option<Box<Expr>> {
    match &time.gives {
        Gives::Time(zone) => zone.clone(),
        _ => None,
    }
}

/// A function of a time and something else; days are those of the time's zone.
fn with_zone(name: &str, time: &Formula, argument: Expr) -> Expr {
    let zone = zone(time).map(|zone| *zone);
    let zone = zone.or_else(|| times::zone_of_text(time));
    let arguments = [time.expr.clone(), argument].into_iter().chain(zone);
    hcl::call(name, arguments.collect())
}

/// `-3 days`, or a template of it.
fn length(sign: i64, unit: &str, count: Option<&Formula>) -> Result<Expr, String> {
    let count = count.ok_or_else(|| "It needs a number.".to_owned())?;
    if let ExprKind::Value(Value::Number(number)) = &count.expr.kind {
        let number: i64 = number
            .to_string()
            .parse()
            .map_err(|_| "The number must be whole.".to_owned())?;
        let number = number.saturating_mul(sign);
        let plural = if number.abs() == 1 { "" } else { "s" };
        return Ok(hcl::text(&format!("{number} {unit}{plural}")));
    }
    let count = match sign {
        1 => count.expr.clone(),
        _ => hcl::negated(count.expr.clone()),
    };
    Ok(hcl::joined([count, hcl::text(&format!(" {unit}s"))]))
}

/// `-${days} days`.
fn back_by(days: Expr) -> Expr {
    hcl::joined([hcl::text("-"), days, hcl::text(" days")])
}
