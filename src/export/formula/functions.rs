//! Functions of HCL as the service's.

use super::Gives;
use super::Piece;
use super::Scope;
use super::joined;
use super::merged;
use super::no_function;
use super::numbers;
use super::service;
use super::times;
use crate::export::index::is_utc;
use crate::import::expression::Expr as Service;
use crate::import::expression::Operator;
use crate::import::expression::Part;
use crate::lang::Value;
use crate::lang::ast;
use crate::lang::ast::BinaryOp;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;
use crate::lang::ast::UnaryOp;
use crate::lang::print;

/// How a time is written when nothing says how.
const PLAIN: &str = "YYYY-MM-dd'T'HH:mm:ss";

/// Numbers that are made of a part of a time, written as `#`, each with the letter that writes it.
const LETTERS: [(&str, &str, char); 15] = [
    ("#", "year", 'Y'),
    ("#", "week_year", 'x'),
    ("#", "month", 'M'),
    ("#", "week", 'w'),
    ("#", "day", 'd'),
    ("#", "day_of_year", 'D'),
    ("#", "weekday", 'e'),
    ("#", "hour", 'H'),
    ("#", "minute", 'm'),
    ("#", "second", 's'),
    ("# % 12", "hour", 'K'),
    ("(# + 11) % 12 + 1", "hour", 'h'),
    ("(# + 23) % 24 + 1", "hour", 'k'),
    ("floor(# / 100)", "year", 'C'),
    ("(# - # % 100) / 100", "year", 'C'),
];

impl Scope<'_> {
    pub(super) fn call(&self, name: &str, of: &[Expr]) -> Result<Piece, String> {
        let literal = |index: usize| of.get(index).and_then(text_of);
        match (name, of) {
            ("secret", [_]) => {
                let place = literal(0).ok_or("where the secret is kept is computed")?;
                self.names.secret(&place)
            }
            // What else there may be is for objects that do not have it; there that is the service's affair.
            ("try", [only, ..]) | ("tostring" | "tonumber", [only]) => self.piece(only),
            ("trimsuffix", [path, _]) if literal(1).as_deref() == Some("/") => {
                self.names.without_slash(&print::expression(path))
            }
            ("join", [_, list]) => {
                let between = literal(0).ok_or_else(|| no_function(name))?;
                self.joined_with(&between, list)
            }
            ("format", [_, ..]) => {
                self.formatted(&literal(0).ok_or_else(|| no_function(name))?, of)
            }
            ("pow", [base, exponent]) => {
                let (base, exponent) = (self.piece(base)?, self.piece(exponent)?);
                numbers::is_whole(&base)?;
                numbers::is_whole(&exponent)?;
                let power = service::binary(Operator::Power, base.expr, exponent.expr);
                Ok(Piece::new(power, Gives::Number(false)))
            }
            ("floor", [number]) => match &numbers::bare(number).kind {
                // Parts of times are never negative, so that nothing is rounded down there that is cut off here.
                ExprKind::Binary(BinaryOp::Divide, left, right) if date_part(left).is_some() => {
                    self.quotient(left, right)
                }
                _ => Err(no_function(name)),
            },
            ("date_in_zone", [time, zone]) => self.in_zone(time, Some(zone)),
            ("date_format", [time, _, zone @ ..]) => {
                let format = literal(1).ok_or("the format of `date_format` is computed")?;
                date_format(&self.in_zone(time, zone.first())?, &format)
            }
            ("date_part", [time, _, zone @ ..]) => {
                let part = literal(1).ok_or("the part of `date_part` is computed")?;
                part_of(self.in_zone(time, zone.first())?.expr, &part)
            }
            ("date_add", [time, length, zone @ ..]) => {
                let base = self.in_zone(time, zone.first())?;
                self.date_add(base, time, length)
            }
            ("date_trunc", [time, _, zone @ ..]) => {
                let unit = literal(1).ok_or("the unit of `date_trunc` is computed")?;
                let time = self.in_zone(time, zone.first())?;
                let of_it = |name, of| service::call(name, vec![of]);
                let day = match &*unit {
                    "day" => time.expr,
                    "month" => of_it("firstOfMonth", time.expr)?,
                    "sunday" => of_it("sunday", time.expr)?,
                    _ => {
                        return Err(format!(
                            "the service does not go to the start of the {unit}"
                        ));
                    }
                };
                Ok(match time.gives {
                    Gives::Date => Piece::new(day, Gives::Date),
                    gives => Piece::new(of_it("midnight", day)?, gives),
                })
            }
            _ => Err(no_function(name)),
        }
    }

    /// A time or a date.
    fn time(&self, expr: &Expr) -> Result<Piece, String> {
        if let Some(text) = text_of(expr) {
            return made(&text);
        }
        let piece = self.piece(expr)?;
        match piece.gives {
            Gives::Time(_) | Gives::Date => Ok(piece),
            // A parameter or a field that holds a time.
            Gives::Text if is_name(&piece.expr) => Ok(Piece::new(piece.expr, Gives::Time(None))),
            _ => Err("only times have dates".to_owned()),
        }
    }

    /// A time, in a zone if there is one.
    fn in_zone(&self, time: &Expr, zone: Option<&Expr>) -> Result<Piece, String> {
        let time = self.time(time)?;
        let Some(zone) = zone else { return Ok(time) };
        let name = print::expression(zone);
        let is_utc = text_of(zone).is_some_and(|zone| is_utc(&zone));
        let is_there = time.gives == Gives::Time(Some(name.clone()));
        if is_there || (is_utc && matches!(time.gives, Gives::Time(None) | Gives::Date)) {
            return Ok(time);
        }
        let zone = self.piece(zone)?;
        let moved = service::call("inTimeZone", vec![time.expr, zone.expr])?;
        Ok(Piece::new(moved, Gives::Time(Some(name))))
    }

    fn date_add(&self, base: Piece, time: &Expr, length: &Expr) -> Result<Piece, String> {
        let gives = base.gives.clone();
        if let Some(text) = text_of(length) {
            let mut moved = base.expr;
            for (number, unit) in lengths(&text)? {
                check_date(&gives, unit)?;
                moved = plus(moved, unit, service::integer(number.abs()), number < 0)?;
            }
            return Ok(Piece::new(moved, gives));
        }
        let ExprKind::Template(parts) = &numbers::bare(length).kind else {
            let period = self.piece(length)?;
            let moved = service::call("plusPeriod", vec![base.expr, period.expr])?;
            return Ok(Piece::new(moved, gives));
        };
        let (count, back, unit) = match parts.as_slice() {
            [ast::Part::Interpolation(count), ast::Part::Literal(unit)] => (count, false, unit),
            [
                ast::Part::Literal(sign),
                ast::Part::Interpolation(count),
                ast::Part::Literal(unit),
            ] if &**sign == "-" => (count, true, unit),
            _ => return Err("the length of `date_add` is computed".to_owned()),
        };
        let unit = unit.trim().trim_end_matches('s').to_owned();
        check_date(&gives, &unit)?;
        if back
            && unit == "day"
            && let Some(name) = back_to(time, count)
        {
            return Ok(Piece::new(service::call(name, vec![base.expr])?, gives));
        }
        let (count, back) = match &numbers::bare(count).kind {
            ExprKind::Unary(UnaryOp::Negate, count) => (&**count, !back),
            _ => (count, back),
        };
        let count = self.piece(count)?;
        if !numbers::is_whole(&count)? {
            return Err("the service moves times by whole numbers".to_owned());
        }
        Ok(Piece::new(plus(base.expr, &unit, count.expr, back)?, gives))
    }

    /// `format`: makes times, writes numbers with zeros in front, and puts texts together.
    fn formatted(&self, format: &str, of: &[Expr]) -> Result<Piece, String> {
        let arguments = of.get(1..).unwrap_or_default();
        let makes = match format {
            "%04d-%02d-%02dT00:00:00Z" => Some("makeDate"),
            "%04d-%02d-%02dT%02d:%02d:00Z" => Some("makeDateTime"),
            _ => None,
        };
        if let Some(name) = makes {
            let arguments = arguments.iter().map(|one| Ok(self.piece(one)?.expr));
            let made = service::call(name, arguments.collect::<Result<_, String>>()?)?;
            return Ok(Piece::new(made, Gives::Time(None)));
        }
        if let (Some(digits), [number]) = (digits(format), arguments) {
            let (time, letter) =
                letter(number).ok_or("the service writes zeros in front of parts of times only")?;
            let pattern = letter.to_string().repeat(digits);
            return service::format(self.time(time)?.expr, &pattern).map(Piece::text);
        }
        let mut arguments = arguments.iter();
        let mut parts = Vec::new();
        let mut rest = format;
        while let Some((before, after)) = rest.split_once('%') {
            parts.push(Part::Text(before.to_owned()));
            let verb = after.chars().next();
            match verb {
                Some('%') => parts.push(Part::Text("%".to_owned())),
                Some('s' | 'd') => {
                    let argument = arguments.next().ok_or_else(|| no_function("format"))?;
                    parts.extend(self.in_text(self.piece(argument)?)?);
                }
                _ => return Err(no_function("format")),
            }
            rest = after.get(1..).unwrap_or("");
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Piece::text(joined(merged(parts))))
    }

    fn joined_with(&self, between: &str, list: &Expr) -> Result<Piece, String> {
        let elements = super::elements(list).ok_or_else(|| no_function("join"))?;
        let mut parts = Vec::new();
        for (index, element) in elements.into_iter().enumerate() {
            if index > 0 {
                parts.push(Part::Text(between.to_owned()));
            }
            let piece = self.piece(element)?;
            if matches!(piece.gives, Gives::List(_)) {
                return Err(no_function("join"));
            }
            parts.extend(self.in_text(piece)?);
        }
        Ok(Piece::text(joined(merged(parts))))
    }
}

/// A time or a date, written in a format.
fn date_format(time: &Piece, format: &str) -> Result<Piece, String> {
    let pattern = times::pattern(format)?;
    if time.gives == Gives::Date && times::has_clock(format) {
        return Err("a date has no time of day".to_owned());
    }
    let written = time.expr.clone();
    // That is how the service writes a time by itself.
    if pattern == PLAIN {
        return Ok(Piece::text(written));
    }
    service::format(written, &pattern).map(Piece::text)
}

/// The text of an expression that is plain text.
fn text_of(expr: &Expr) -> Option<String> {
    match &numbers::bare(expr).kind {
        ExprKind::Value(Value::String(text)) => Some(text.to_string()),
        _ => None,
    }
}

fn is_name(expr: &Service) -> bool {
    use crate::import::expression::ExprKind as Kind;
    matches!(expr.kind, Kind::Name(_) | Kind::Field(..))
}

/// A time that is written out, in UTC.
fn made(text: &str) -> Result<Piece, String> {
    let wrong = || format!("`{text}` is no time in UTC");
    if let Ok(date) = text.parse::<jiff::civil::Date>() {
        let parts = [
            i64::from(date.year()),
            date.month().into(),
            date.day().into(),
        ];
        let parts = parts.map(service::integer).to_vec();
        return Ok(Piece::new(service::call("makeDate", parts)?, Gives::Date));
    }
    let civil: jiff::civil::DateTime = text
        .strip_suffix('Z')
        .and_then(|civil| civil.parse().ok())
        .ok_or_else(wrong)?;
    if civil.second() != 0 || civil.subsec_nanosecond() != 0 {
        return Err(format!(
            "the service makes times of whole minutes, and this is `{text}`"
        ));
    }
    let parts = [
        i64::from(civil.year()),
        civil.month().into(),
        civil.day().into(),
        civil.hour().into(),
        civil.minute().into(),
    ];
    let made = service::call("makeDateTime", parts.map(service::integer).to_vec())?;
    Ok(Piece::new(made, Gives::Time(None)))
}

/// A part of a time as a number.
fn part_of(time: Service, part: &str) -> Result<Piece, String> {
    let number = |expr| Piece::new(expr, Gives::Number(true));
    let name = match part {
        "year" | "month" | "day" | "hour" | "minute" => part,
        "day_of_year" => "dayOfYear",
        // What has a letter and no function gives a text there; it is written and not calculated with.
        "week" => return service::format(time, "w").map(Piece::text),
        "weekday" => return service::format(time, "e").map(Piece::text),
        "week_year" => return service::format(time, "x").map(Piece::text),
        "second" => return service::format(time, "s").map(Piece::text),
        "quarter" => {
            let month = service::call("month", vec![time])?;
            let plus = service::binary(Operator::Add, month, service::integer(2));
            let quarter = service::binary(Operator::Divide, plus, service::integer(3));
            return Ok(number(quarter));
        }
        _ => return Err(format!("the service knows no `{part}` of a time")),
    };
    service::call(name, vec![time]).map(number)
}

/// The numbers and units of a length such as `1 day -2 hours`.
fn lengths(text: &str) -> Result<Vec<(i64, &str)>, String> {
    let wrong = || format!("`{text}` is no length that the service has");
    let mut found = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let letter = |sign: char| sign.is_alphabetic();
        let unit = rest.find(letter).ok_or_else(wrong)?;
        let (number, after) = rest.split_at_checked(unit).ok_or_else(wrong)?;
        let end = after.find(|sign| !letter(sign)).unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(end).ok_or_else(wrong)?;
        let number: i64 = number.trim().parse().map_err(|_| wrong())?;
        match unit.trim_end_matches('s') {
            "quarter" => found.push((number.saturating_mul(3), "month")),
            unit => found.push((number, unit)),
        }
        rest = after.trim_start();
    }
    Ok(found)
}

/// A date has no hours that could be added to.
fn check_date(gives: &Gives, unit: &str) -> Result<(), String> {
    match (gives, unit) {
        (Gives::Date, "hour" | "minute") => {
            Err("a date without a time moves by whole days".to_owned())
        }
        _ => Ok(()),
    }
}

/// Moves a time by a number of units.
fn plus(time: Service, unit: &str, number: Service, back: bool) -> Result<Service, String> {
    let units = match unit {
        "minute" => "Minutes",
        "hour" => "Hours",
        "day" => "Days",
        "week" => "Weeks",
        "month" => "Months",
        "year" => "Years",
        _ => return Err(format!("the service does not move times by {unit}s")),
    };
    let sign = if back { "minus" } else { "plus" };
    service::call(&format!("{sign}{units}"), vec![time, number])
}

/// The function that goes back by a number of days which is made of a time itself.
fn back_to(time: &Expr, days: &Expr) -> Option<&'static str> {
    let time = print::expression(time);
    let days = print::expression(days);
    if days == format!("date_part({time}, \"day\") - 1") {
        Some("firstOfMonth")
    } else if days == format!("date_part({time}, \"weekday\") % 7") {
        Some("sunday")
    } else {
        None
    }
}

/// How many digits `%03d` writes.
fn digits(format: &str) -> Option<usize> {
    let digits = format.strip_prefix("%0")?.strip_suffix('d')?;
    digits
        .parse()
        .ok()
        .filter(|digits| *digits > 0 && *digits < 10)
}

/// The time and the part that a call of `date_part` reads.
fn date_part(expr: &Expr) -> Option<(&Expr, String)> {
    match &numbers::bare(expr).kind {
        ExprKind::Call {
            name, arguments, ..
        } if &*name.text == "date_part" => match arguments.as_slice() {
            [time, part] => Some((time, text_of(part)?)),
            _ => None,
        },
        _ => None,
    }
}

/// The time and the letter of a pattern that writes a number made of a part of it.
fn letter(number: &Expr) -> Option<(&Expr, char)> {
    let found = find(number, &|expr| date_part(expr).is_some())?;
    let (time, part) = date_part(found)?;
    let form = print::expression(number).replace(&print::expression(found), "#");
    let mut letters = LETTERS.iter();
    let (.., letter) = letters.find(|(own, of, _)| *own == form && *of == part)?;
    Some((time, *letter))
}

/// The first part of an expression that something is true of.
fn find<'e>(expr: &'e Expr, wanted: &dyn Fn(&Expr) -> bool) -> Option<&'e Expr> {
    if wanted(expr) {
        return Some(expr);
    }
    match &expr.kind {
        ExprKind::Parens(inner) | ExprKind::Unary(_, inner) => find(inner, wanted),
        ExprKind::Binary(_, left, right) => find(left, wanted).or_else(|| find(right, wanted)),
        ExprKind::Call { arguments, .. } => arguments.iter().find_map(|one| find(one, wanted)),
        _ => None,
    }
}
