//! Periods and lengths of time: `1 day`, `15 minutes`, `1 hour 30 minutes`.

use std::fmt;

use jiff::SignedDuration;
use thiserror::Error;

/// A positive number of one calendar or clock unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// Absolute time: minutes and hours.
    Minutes(u32),
    /// Calendar days (a week is seven).
    Days(u32),
    /// Calendar months (a year is twelve).
    Months(u32),
}

/// Why a text is no period or length of time.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PeriodError {
    /// It has another form.
    #[error("`{0}` is not a number and a unit, such as `15 minutes`, `1 day` or `2 weeks`")]
    Form(String),
    /// Its unit is unknown.
    #[error("there is no unit `{unit}`; there are {known}{hint}")]
    Unit {
        /// What was written.
        unit: String,
        /// What there is.
        known: &'static str,
        /// A did-you-mean, with a leading stop.
        hint: String,
    },
    /// Its number is zero.
    #[error("`{0}` has no length: the number must be at least 1")]
    Zero(String),
    /// Its number is too large.
    #[error("`{0}` is too long")]
    Long(String),
}

/// The longest period: a hundred years of minutes.
const MAX_MINUTES: u32 = 100 * 366 * 24 * 60;
const MAX_DAYS: u32 = 100 * 366;
const MAX_MONTHS: u32 = 100 * 12;

const PERIOD_UNITS: &str = "`minutes`, `hours`, `days`, `weeks`, `months` and `years`";
const DURATION_UNITS: &str = "`seconds`, `minutes`, `hours`, `days` and `weeks`";

impl Period {
    /// Reads `1 day`, `15 minutes`, `2 weeks`, `1 month`, `1 year`.
    pub fn parse(text: &str) -> Result<Self, PeriodError> {
        let (number, unit) = split(text)?;
        let long = || PeriodError::Long(text.to_owned());
        let times = |factor: u32, max: u32| {
            u32::try_from(number)
                .ok()
                .and_then(|number| number.checked_mul(factor))
                .filter(|number| *number <= max)
                .ok_or_else(long)
        };
        let period = match singular(unit) {
            "minute" => Self::Minutes(times(1, MAX_MINUTES)?),
            "hour" => Self::Minutes(times(60, MAX_MINUTES)?),
            "day" => Self::Days(times(1, MAX_DAYS)?),
            "week" => Self::Days(times(7, MAX_DAYS)?),
            "month" => Self::Months(times(1, MAX_MONTHS)?),
            "year" => Self::Months(times(12, MAX_MONTHS)?),
            _ => return Err(unknown_unit(unit, PERIOD_UNITS)),
        };
        if number == 0 {
            return Err(PeriodError::Zero(text.to_owned()));
        }
        Ok(period)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, unit) = match *self {
            Self::Minutes(minutes) if minutes % 60 == 0 => (minutes / 60, "hour"),
            Self::Minutes(minutes) => (minutes, "minute"),
            Self::Days(days) if days % 7 == 0 => (days / 7, "week"),
            Self::Days(days) => (days, "day"),
            Self::Months(months) if months % 12 == 0 => (months / 12, "year"),
            Self::Months(months) => (months, "month"),
        };
        let plural = if number == 1 { "" } else { "s" };
        write!(formatter, "{number} {unit}{plural}")
    }
}

/// Reads a length of clock time: `30 seconds`, `1 hour 30 minutes`, `2 weeks` of 7 × 24 hours each.
pub fn parse_duration(text: &str) -> Result<SignedDuration, PeriodError> {
    let words: Vec<_> = text.split_whitespace().collect();
    if words.is_empty() {
        return Err(PeriodError::Form(text.to_owned()));
    }
    let parts: Vec<String> = if words.len() == 1 {
        vec![text.trim().to_owned()]
    } else if words.len() % 2 == 0 {
        words.chunks(2).map(|pair| pair.join(" ")).collect()
    } else {
        return Err(PeriodError::Form(text.to_owned()));
    };
    let mut total = SignedDuration::ZERO;
    for part in parts {
        let (number, unit) = split(&part)?;
        let seconds: i64 = match singular(unit) {
            "second" => 1,
            "minute" => 60,
            "hour" => 3600,
            "day" => 24 * 3600,
            "week" => 7 * 24 * 3600,
            _ => return Err(unknown_unit(unit, DURATION_UNITS)),
        };
        total = i64::try_from(number)
            .ok()
            .and_then(|number| number.checked_mul(seconds))
            .and_then(|seconds| total.checked_add(SignedDuration::from_secs(seconds)))
            .filter(|total| total.as_secs() <= 60 * i64::from(MAX_MINUTES))
            .ok_or_else(|| PeriodError::Long(text.to_owned()))?;
    }
    if total.is_zero() {
        return Err(PeriodError::Zero(text.to_owned()));
    }
    Ok(total)
}

/// `15 minutes`, `15minutes` → 15 and `minutes`.
fn split(text: &str) -> Result<(u64, &str), PeriodError> {
    let text = text.trim();
    let form = || PeriodError::Form(text.to_owned());
    let digits = text
        .find(|letter: char| !letter.is_ascii_digit())
        .ok_or_else(form)?;
    let (number, unit) = text.split_at_checked(digits).ok_or_else(form)?;
    let unit = unit.trim();
    if number.is_empty() || unit.is_empty() || unit.contains(char::is_whitespace) {
        return Err(form());
    }
    let number = number
        .parse()
        .map_err(|_| PeriodError::Long(text.to_owned()))?;
    Ok((number, unit))
}

fn singular(unit: &str) -> &str {
    unit.strip_suffix('s').unwrap_or(unit)
}

fn unknown_unit(unit: &str, known: &'static str) -> PeriodError {
    let names = known
        .split('`')
        .filter(|name| name.chars().all(|letter| letter.is_ascii_lowercase()) && name.len() > 3);
    let names = names.flat_map(|name| [name, singular(name)]);
    let hint = crate::diag::did_you_mean(unit, names)
        .map(|hint| format!(". {}", hint.trim_end_matches('?')))
        .unwrap_or_default();
    PeriodError::Unit {
        unit: unit.to_owned(),
        known,
        hint,
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::Period;
    use super::PeriodError;
    use super::parse_duration;

    #[test]
    fn periods_are_read_and_printed() {
        for (text, period, printed) in [
            ("15 minutes", Period::Minutes(15), "15 minutes"),
            ("1 hour", Period::Minutes(60), "1 hour"),
            ("1 day", Period::Days(1), "1 day"),
            ("7 days", Period::Days(7), "1 week"),
            ("2 weeks", Period::Days(14), "2 weeks"),
            ("1 month", Period::Months(1), "1 month"),
            ("2 years", Period::Months(24), "2 years"),
        ] {
            assert_eq!(Period::parse(text), Ok(period), "{text}");
            assert_eq!(period.to_string(), printed);
            assert_eq!(Period::parse(printed), Ok(period));
        }
    }

    #[test]
    fn what_is_no_period_is_refused() {
        assert!(matches!(Period::parse("0 days"), Err(PeriodError::Zero(_))));
        for text in ["", "day", "1", "-1 day", "1.5 days", "1 day 2 hours"] {
            assert!(
                matches!(Period::parse(text), Err(PeriodError::Form(_))),
                "{text}"
            );
        }
        assert!(matches!(
            Period::parse("99999999999 years"),
            Err(PeriodError::Long(_))
        ));
        let error = Period::parse("1 dya").unwrap_err().to_string();
        assert!(error.contains("Did you mean `day`"), "{error}");
    }

    #[test]
    fn durations_add_up() {
        for (text, seconds) in [
            ("30 seconds", 30),
            ("1 hour 30 minutes", 5400),
            ("1 week", 7 * 86400),
            ("90minutes", 5400),
        ] {
            assert_eq!(parse_duration(text), Ok(SignedDuration::from_secs(seconds)));
        }
        for text in ["", "1 month", "soon", "0 seconds", "1 hour 30"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}
