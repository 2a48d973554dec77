//! Lengths of calendar time as people write them: `28 days`, `-1 month`, `1 day 12 hours`.
//!
//! One grammar for `date_add` and `window`, the same as that of a schedule's `every` but for signs, seconds and further
//! parts. It is here and not in `time`, because the language stands below it.

use std::fmt;

use thiserror::Error;

use crate::diag::did_you_mean;

/// A unit of the clock or of the calendar, from the smallest to the largest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unit {
    /// A second.
    Second,
    /// Sixty seconds.
    Minute,
    /// Sixty minutes.
    Hour,
    /// A day of the calendar.
    Day,
    /// Seven days.
    Week,
    /// A month of the calendar.
    Month,
    /// Three months.
    Quarter,
    /// Twelve months.
    Year,
}

/// A number of one unit; negative: back in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) number: i64,
    pub(super) unit: Unit,
}

/// Why a text is no length.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum LengthError {
    /// It has another form.
    #[error(
        "`{0}` is not a length of time: write numbers and units, such as \"28 days\", \"-1 month\" or \"1 day 12 hours\""
    )]
    Form(String),
    /// Its unit is unknown.
    #[error("there is no unit `{unit}`{hint}")]
    Unit {
        /// What was written.
        unit: String,
        /// A did-you-mean, or what there is.
        hint: String,
    },
    /// A sign that may be meant for one part or for all.
    #[error(
        "it is not clear whether the minus in `{0}` is meant for all of it: give each part its sign, such as \"-1 hour -30 minutes\""
    )]
    Sign(String),
    /// Its number has too many digits.
    #[error("`{0}` is too long")]
    Long(String),
}

impl Unit {
    const ALL: [(Self, &'static str); 8] = [
        (Self::Second, "second"),
        (Self::Minute, "minute"),
        (Self::Hour, "hour"),
        (Self::Day, "day"),
        (Self::Week, "week"),
        (Self::Month, "month"),
        (Self::Quarter, "quarter"),
        (Self::Year, "year"),
    ];

    const NAMES: &'static str =
        "`second`, `minute`, `hour`, `day`, `week`, `month`, `quarter` and `year`";

    /// The unit of that name, in the singular or the plural.
    pub(super) fn parse(text: &str) -> Result<Self, LengthError> {
        let singular = text.strip_suffix('s').unwrap_or(text);
        let found = Self::ALL.iter().find(|(_, name)| *name == singular);
        found.map(|(unit, _)| *unit).ok_or_else(|| {
            let hint = did_you_mean(singular, Self::ALL.iter().map(|(_, name)| *name)).map_or_else(
                || format!("; there are {}", Self::NAMES),
                |hint| format!(". {hint}"),
            );
            let unit = text.to_owned();
            LengthError::Unit { unit, hint }
        })
    }

    /// Its name in the singular.
    pub(super) fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(unit, _)| *unit == self);
        found.map_or("", |(_, name)| name)
    }
}

impl fmt::Display for Part {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.number.abs() == 1 { "" } else { "s" };
        write!(formatter, "{} {}{plural}", self.number, self.unit.name())
    }
}

/// The parts of a length, in the order they are written. There is at least one.
pub(super) fn parse(text: &str) -> Result<Vec<Part>, LengthError> {
    let form = || LengthError::Form(text.to_owned());
    let mut parts = Vec::new();
    let (mut minus, mut plain) = (false, false);
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (negative, unsigned) = match rest.strip_prefix('-') {
            Some(after) => (true, after),
            None => (false, rest.strip_prefix('+').unwrap_or(rest)),
        };
        plain |= minus && unsigned.len() == rest.len();
        minus |= negative;
        let end = unsigned
            .find(|letter: char| !letter.is_ascii_digit())
            .filter(|end| *end > 0)
            .ok_or_else(form)?;
        let (digits, after) = unsigned.split_at_checked(end).ok_or_else(form)?;
        let number: i64 = digits
            .parse()
            .map_err(|_| LengthError::Long(text.to_owned()))?;
        let after = after.trim_start();
        let end = after
            .find(|letter: char| !letter.is_alphabetic())
            .unwrap_or(after.len());
        let (unit, next) = after.split_at_checked(end).ok_or_else(form)?;
        let next_part = next.trim_start();
        if unit.is_empty() || (next_part.len() == next.len() && !next.is_empty()) {
            return Err(form());
        }
        parts.push(Part {
            number: if negative { -number } else { number },
            unit: Unit::parse(unit)?,
        });
        rest = next_part;
    }
    if parts.is_empty() {
        return Err(form());
    }
    if plain {
        return Err(LengthError::Sign(text.to_owned()));
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> String {
        match parse(text) {
            Ok(parts) => parts
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" "),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn lengths_are_read_and_printed() {
        for (text, printed) in [
            ("28 days", "28 days"),
            ("28days", "28 days"),
            (" 1  day ", "1 day"),
            ("1 days", "1 day"),
            ("-1 month", "-1 month"),
            ("+2 weeks", "2 weeks"),
            ("-0 days", "0 days"),
            ("1 quarter 3 hours", "1 quarter 3 hours"),
            ("1 month -1 day", "1 month -1 day"),
            ("-1 hour -30 minutes", "-1 hour -30 minutes"),
        ] {
            assert_eq!(shown(text), printed, "{text}");
        }
    }

    #[test]
    fn what_is_no_length_says_why() {
        for (text, reason) in [
            ("", "not a length"),
            ("day", "not a length"),
            ("1", "not a length"),
            ("1.5 days", "not a length"),
            ("1h30m", "not a length"),
            ("- 1 day", "not a length"),
            ("1 day, 2 hours", "not a length"),
            ("1 dya", "Did you mean `day`"),
            ("1 fortnight", "there is no unit `fortnight`"),
            ("-1 hour 30 minutes", "not clear"),
            ("99999999999999999999 days", "too long"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[-+0-9 a-zé]{0,20}|\\PC{0,20}") {
            if let Ok(parts) = parse(&text) {
                let printed: Vec<String> = parts.iter().map(ToString::to_string).collect();
                // A part without a sign may not follow a minus, so that each is read back alone.
                for (part, printed) in parts.iter().zip(printed) {
                    prop_assert_eq!(parse(&printed), Ok(vec![*part]));
                }
            }
        }
    }
}
