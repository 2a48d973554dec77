//! Cron patterns: which civil times match.
//!
//! What a pattern means is croner's to say: it reads the text and decides which days match. Here that becomes a table of
//! days and times of day, in which counting is arithmetic and equal means equal. Where the times that match lie in a time
//! zone is decided in [`ticks`].

mod clock;
mod days;
#[cfg(test)]
mod tests;
mod ticks;

use std::fmt;
use std::sync::Arc;

use croner::Weekday;
use croner::errors::CronError as Croner;
use croner::parser::CronParser;
use thiserror::Error;

use self::clock::Clock;
use self::days::Days;
pub(super) use self::ticks::CronTicks;
use super::zone::civil;
use super::zone::civil_second;

/// The fields of a pattern, in the order of those with six.
const FIELDS: [&str; 6] = [
    "second",
    "minute",
    "hour",
    "day of the month",
    "month",
    "day of the week",
];

/// How many values each field has.
const VALUES: [u64; 6] = [60, 60, 24, 31, 12, 7];

const DAY: i64 = 24 * 3600;

/// A cron pattern. Two are equal when they match the same times, however they are written.
#[derive(Clone)]
pub struct Cron(Arc<Pattern>);

struct Pattern {
    text: String,
    clock: Clock,
    days: Days,
    repeats: bool,
}

/// Why a text is no cron pattern.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CronError {
    /// It has too few or too many fields.
    #[error(
        "`{text}` has {found} fields; a cron pattern has five (minute, hour, day of the month, month, day of the week), or six with the second before them"
    )]
    Fields {
        /// What was written.
        text: String,
        /// How many there are.
        found: usize,
    },
    /// One of its fields is wrong.
    #[error("in `{text}` the {field} `{part}` is not right: {reason}")]
    Field {
        /// What was written.
        text: String,
        /// Which field, in words.
        field: &'static str,
        /// The field.
        part: String,
        /// What is wrong with it.
        reason: String,
    },
    /// It is wrong as a whole.
    #[error("`{text}` is no cron pattern: {reason}")]
    Pattern {
        /// What was written.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No day has all that it asks for, such as 30 February.
    #[error("`{0}` never fires: no year has such a day")]
    Never(String),
}

impl Cron {
    /// Reads a pattern of five or six fields, or a name such as `@daily`.
    pub fn parse(text: &str) -> Result<Self, CronError> {
        let text = text.trim();
        check_fields(text)?;
        let read = CronParser::new().parse(text);
        let pattern = read.map_err(|error| blame(text, &error))?.pattern;
        let clock = Clock {
            hours: bits(&pattern.hours.values()),
            minutes: bits(&pattern.minutes.values()),
            seconds: bits(&pattern.seconds.values()),
        };
        let table = table(&pattern).map_err(|error| CronError::Pattern {
            text: text.to_owned(),
            reason: reason(&error),
        })?;
        let days = Days::new(bits(&pattern.months.values()), table);
        if days.is_empty() || clock.per_day() == 0 {
            return Err(CronError::Never(text.to_owned()));
        }
        let times = [&pattern.hours, &pattern.minutes, &pattern.seconds];
        let repeats = clock.is_hourly()
            || clock.is_minutely()
            || times
                .iter()
                .any(|field| field.from_wildcard || field.step > 1);
        Ok(Self(Arc::new(Pattern {
            text: text.to_owned(),
            clock,
            days,
            repeats,
        })))
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    /// Whether it repeats in absolute time: its hour, minute or second has `*` or a step, or is all there are. Where the
    /// clock is put back it matches in both passes, while other patterns match in the first.
    pub fn repeats(&self) -> bool {
        self.0.repeats
    }

    /// What it means, as a part of a sentence: `at 02:30`.
    pub fn describe(&self) -> String {
        let told = told(&self.0.text);
        let text = CronParser::new().parse(&told);
        let text = text.map(|cron| cron.describe()).unwrap_or_default();
        let text = uncapped(text.trim_end_matches('.'));
        // croner says the same of `LW` and of `L`.
        if day_of_month(&told).eq_ignore_ascii_case("LW") {
            let weekday = "on the last day from Monday to Friday of the month";
            return text.replace("on the last day of the month", weekday);
        }
        text
    }

    /// The longest time between two neighbours on the calendar, in minutes, rounded up: the clock may make it longer or
    /// shorter.
    pub(super) fn longest_minutes(&self) -> i64 {
        let clock = self.0.clock;
        let at = |number: i64| clock.nth(number).unwrap_or(0);
        let within = (1..clock.per_day()).map(|number| at(number) - at(number - 1));
        let over_night = DAY * self.0.days.longest() + at(0) - at(clock.per_day() - 1);
        let longest = within.max().unwrap_or(0).max(over_night);
        (longest + 59) / 60
    }

    /// Whether another matches the same times, whether they repeat or not.
    pub(super) fn has_times_of(&self, other: &Self) -> bool {
        self.0.clock == other.0.clock && self.0.days == other.0.days
    }

    /// Whether every day has the same times.
    fn is_daily(&self) -> bool {
        self.0.days.is_all()
    }

    /// How many matching civil seconds lie before one, counted from a day that is the same for all patterns.
    fn count_before(&self, second: i64) -> i64 {
        let at = civil(second);
        let days = self.0.days.count_before(at.date()) * self.0.clock.per_day();
        if self.0.days.matches(at.date()) {
            days + self.0.clock.count_before(second.rem_euclid(DAY))
        } else {
            days
        }
    }

    /// The matching civil second with that many before it; `None` out of the calendar's reach.
    fn nth(&self, number: i64) -> Option<i64> {
        let per_day = self.0.clock.per_day();
        let date = self.0.days.nth(number.div_euclid(per_day))?;
        let second = self.0.clock.nth(number.rem_euclid(per_day))?;
        Some(civil_second(date.at(0, 0, 0, 0))? + second)
    }

    /// The first matching civil second at or after one.
    fn next(&self, second: i64) -> Option<i64> {
        self.nth(self.count_before(second))
    }

    /// The last matching civil second at or before one.
    fn previous(&self, second: i64) -> Option<i64> {
        self.nth(self.count_before(second + 1) - 1)
    }

    /// Whether a civil second matches.
    fn matches(&self, second: i64) -> bool {
        self.count_before(second + 1) > self.count_before(second)
    }
}

impl PartialEq for Cron {
    fn eq(&self, other: &Self) -> bool {
        let (one, other) = (&*self.0, &*other.0);
        one.clock == other.clock && one.days == other.days && one.repeats == other.repeats
    }
}

impl fmt::Debug for Cron {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Cron({})", self.0.text)
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.text)
    }
}

/// A pattern as it is described: `*/7` starts anew in each hour, so that "every 7 minutes" would be wrong.
fn told(text: &str) -> String {
    let fields: Vec<&str> = text.split_whitespace().collect();
    let values = VALUES.get(6 - fields.len().min(6)..).unwrap_or(&[]);
    let field = |(field, values): (&&str, &u64)| {
        let step = field.strip_prefix("*/").and_then(|step| step.parse().ok());
        match step {
            Some(step @ 1_u64..) if *values % step != 0 && matches!(values, 24 | 60) => {
                let numbers = (0..*values).step_by(usize::try_from(step).unwrap_or(usize::MAX));
                let numbers: Vec<String> = numbers.map(|number| number.to_string()).collect();
                numbers.join(",")
            }
            _ => (*field).to_owned(),
        }
    };
    let fields: Vec<String> = fields.iter().zip(values).map(field).collect();
    if fields.is_empty() || text.starts_with('@') {
        text.to_owned()
    } else {
        fields.join(" ")
    }
}

/// The field of a pattern for the day of the month.
fn day_of_month(text: &str) -> &str {
    text.split_whitespace().rev().nth(2).unwrap_or_default()
}

/// Checks what croner lets pass: fields that are too many, steps that are too long, and lists with nothing between two commas.
fn check_fields(text: &str) -> Result<(), CronError> {
    if text.starts_with('@') {
        return Ok(());
    }
    let fields: Vec<&str> = text.split_whitespace().collect();
    if !(5..=6).contains(&fields.len()) {
        return Err(CronError::Fields {
            text: text.to_owned(),
            found: fields.len(),
        });
    }
    let names = &FIELDS[6 - fields.len()..];
    for (part, field) in fields.iter().zip(names) {
        if part.split(',').any(str::is_empty) {
            return Err(CronError::Field {
                text: text.to_owned(),
                field,
                part: (*part).to_owned(),
                reason: "between two commas, and beside each, there must be something".to_owned(),
            });
        }
        if *field == "day of the week" && part.split(',').any(|day| day.eq_ignore_ascii_case("L")) {
            return Err(CronError::Field {
                text: text.to_owned(),
                field,
                part: (*part).to_owned(),
                reason: "`L` stands behind a day there, `friL` for the last Friday; the last day of the month is `L` as the day of the month".to_owned(),
            });
        }
        let values = VALUES[FIELDS.iter().position(|name| name == field).unwrap_or(0)];
        let steps = part.split(',').filter_map(|part| part.split_once('/'));
        let mut steps = steps.filter_map(|(_, step)| step.parse::<u64>().ok());
        if let Some(step) = steps.find(|step| *step > values) {
            return Err(CronError::Field {
                text: text.to_owned(),
                field,
                part: (*part).to_owned(),
                reason: format!(
                    "it has {values} values, and the step of {step} passes all but the first"
                ),
            });
        }
    }
    Ok(())
}

/// Which field is wrong: the one that is so between right ones.
fn blame(text: &str, error: &Croner) -> CronError {
    let mut fields: Vec<&str> = text.split_whitespace().collect();
    if text.starts_with('@') {
        fields.clear();
    }
    let names = FIELDS.get(6 - fields.len().min(6)..).unwrap_or(&[]);
    for (index, (part, field)) in fields.iter().zip(names).enumerate() {
        let mut alone = vec!["*"; fields.len()];
        alone[index] = part;
        if let Err(error) = CronParser::new().parse(&alone.join(" ")) {
            return CronError::Field {
                text: text.to_owned(),
                field,
                part: (*part).to_owned(),
                reason: reason(&error),
            };
        }
    }
    CronError::Pattern {
        text: text.to_owned(),
        reason: reason(error),
    }
}

/// What croner says, as a part of a sentence.
fn reason(error: &Croner) -> String {
    let text = match error {
        Croner::InvalidPattern(_) => "there is no such name; there are `@yearly`, `@monthly`, `@weekly`, `@daily` and `@hourly`".to_owned(),
        Croner::IllegalCharacters(_) => "it has a character that has no meaning there".to_owned(),
        Croner::ComponentError(text) => text.clone(),
        other => other.to_string(),
    };
    uncapped(text.trim_end_matches('.'))
}

/// A sentence as a part of one.
fn uncapped(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(letters).collect()
    })
}

/// Numbers as set bits.
fn bits(values: &[u16]) -> u64 {
    values.iter().fold(0, |bits, value| bits | 1 << value)
}

/// Asks for each length of a month and each weekday it can begin with which days match.
fn table(pattern: &croner::CronPattern) -> Result<[[u64; 7]; 4], Croner> {
    // Months of 28, 29, 30 and 31 days; croner takes the weekday as it is told.
    const MONTHS: [(i32, u32); 4] = [(2023, 2), (2024, 2), (2023, 4), (2023, 1)];
    let mut table = [[0_u64; 7]; 4];
    for ((row, (year, month)), length) in table.iter_mut().zip(MONTHS).zip(28_u32..) {
        for (cell, first) in row.iter_mut().zip(0_u32..) {
            for day in 1..=length {
                let weekday = Weekday::from_days_from_sunday(first + day - 1);
                if pattern.day_match(year, month, day, weekday)? {
                    *cell |= 1 << day;
                }
            }
        }
    }
    Ok(table)
}
