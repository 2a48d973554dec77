//! Holidays as people keep them: a date a line, or an iCalendar file.

use std::collections::BTreeSet;

use jiff::civil::Date;
use thiserror::Error;

/// How many days one event of an iCalendar file may last.
const LONGEST_EVENT: usize = 366;

/// Why a text is no list of holidays.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HolidayError {
    /// A line is no date.
    #[error("line {line}, `{text}`, is no date such as `2026-12-25`")]
    Date {
        /// Its number, from 1.
        line: usize,
        /// What it has.
        text: String,
    },
    /// An event of an iCalendar file is none that can be read.
    #[error("line {line}, `{text}`: {reason}")]
    Event {
        /// Its number, from 1.
        line: usize,
        /// What it has.
        text: String,
        /// Why not.
        reason: &'static str,
    },
}

/// Reads a date: `2026-12-25`.
pub fn parse_date(text: &str) -> Option<Date> {
    // jiff reads more forms; one is enough, so that what is written looks the same everywhere.
    let parts: Vec<&str> = text.split('-').collect();
    let digits = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
    let [year, month, day] = parts.as_slice() else {
        return None;
    };
    let right = (year.len(), month.len(), day.len()) == (4, 2, 2) && parts.iter().all(digits);
    right.then(|| date(year, month, day)).flatten()
}

fn date(year: &str, month: &str, day: &str) -> Option<Date> {
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

/// Reads holidays: a date a line, with `#` before remarks; or the all-day events of an iCalendar file.
pub fn parse_holidays(text: &str) -> Result<BTreeSet<Date>, HolidayError> {
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with("BEGIN:VCALENDAR") {
        return events(text);
    }
    let mut dates = BTreeSet::new();
    for (line, content) in (1..).zip(text.lines()) {
        let content = content.split('#').next().unwrap_or_default().trim();
        if content.is_empty() {
            continue;
        }
        let date = parse_date(content).ok_or_else(|| HolidayError::Date {
            line,
            text: shortened(content),
        })?;
        dates.insert(date);
    }
    Ok(dates)
}

/// An event while it is read.
#[derive(Default)]
struct Event<'t> {
    /// The line, its number, and the date in it.
    start: Option<(usize, &'t str, Date)>,
    /// The first day after.
    end: Option<Date>,
    canceled: bool,
}

/// The all-day events of an iCalendar file.
fn events(text: &str) -> Result<BTreeSet<Date>, HolidayError> {
    let mut dates = BTreeSet::new();
    let mut event: Option<Event<'_>> = None;
    for (line, content) in (1..).zip(text.lines()) {
        let problem = |reason| HolidayError::Event {
            line,
            text: shortened(content),
            reason,
        };
        let (name, value) = content.split_once(':').unwrap_or((content, ""));
        let property = name.split(';').next().unwrap_or_default();
        match (property, &mut event) {
            ("BEGIN", _) if value.trim() == "VEVENT" => event = Some(Event::default()),
            ("END", Some(ended)) if value.trim() == "VEVENT" => {
                dates.extend(days_of(ended)?);
                event = None;
            }
            ("DTSTART" | "DTEND", Some(event)) => {
                let date = all_day(value.trim()).ok_or_else(|| {
                    problem("only events that last whole days are holidays, with a date such as `DTSTART;VALUE=DATE:20261225`")
                })?;
                if property == "DTSTART" {
                    event.start = Some((line, content, date));
                } else {
                    event.end = Some(date);
                }
            }
            ("RRULE" | "RDATE" | "DURATION", Some(_)) => {
                return Err(problem(
                    "events that recur, or have a duration, are not read; write each as an event of its own",
                ));
            }
            ("STATUS", Some(event)) => {
                event.canceled = value.trim().eq_ignore_ascii_case("CANCELLED");
            }
            _ => {}
        }
    }
    Ok(dates)
}

/// The days that an event lasts: one, unless it has an end.
fn days_of(event: &Event<'_>) -> Result<Vec<Date>, HolidayError> {
    let Some((line, content, start)) = event.start.filter(|_| !event.canceled) else {
        return Ok(Vec::new());
    };
    let Some(end) = event.end.filter(|end| *end > start) else {
        return Ok(vec![start]);
    };
    let days: Vec<Date> = start
        .series(jiff::Span::new().days(1))
        .take_while(|date| *date < end)
        .take(LONGEST_EVENT + 1)
        .collect();
    if days.len() > LONGEST_EVENT {
        return Err(HolidayError::Event {
            line,
            text: shortened(content),
            reason: "this event lasts longer than a year",
        });
    }
    Ok(days)
}

/// `20261225`.
fn all_day(text: &str) -> Option<Date> {
    let digits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits {
        return None;
    }
    date(text.get(..4)?, text.get(4..6)?, text.get(6..)?)
}

/// A line as a message shows it.
fn shortened(text: &str) -> String {
    const LONGEST: usize = 60;
    let text = text.trim();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::parse_date;
    use super::parse_holidays;

    fn read(text: &str) -> Vec<String> {
        let dates = parse_holidays(text).unwrap();
        dates.iter().map(ToString::to_string).collect()
    }

    fn refused(text: &str) -> String {
        parse_holidays(text).unwrap_err().to_string()
    }

    #[test]
    fn a_date_a_line() {
        assert_eq!(
            read("# bank holidays\n2026-12-26\r\n\n  2026-12-25  # Christmas\n2026-12-25\n"),
            ["2026-12-25", "2026-12-26"]
        );
        assert_eq!(read(""), Vec::<String>::new());
        assert_eq!(
            refused("2026-12-25\nholidays.txt\n"),
            "line 2, `holidays.txt`, is no date such as `2026-12-25`"
        );
        for text in ["2026-02-30", "26-12-25", "2026-12-25T00:00", "+2026-1-1"] {
            assert!(parse_holidays(text).is_err(), "{text}");
            assert_eq!(parse_date(text), None, "{text}");
        }
    }

    #[test]
    fn all_day_events() {
        let event = |lines: &str| {
            format!(
                "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
            )
        };
        for (lines, wanted) in [
            ("DTSTART;VALUE=DATE:20261225", &["2026-12-25"][..]),
            (
                "DTSTART;VALUE=DATE:20261225\r\nDTEND;VALUE=DATE:20261227",
                &["2026-12-25", "2026-12-26"],
            ),
            (
                "SUMMARY:DTSTART:no\r\nDTSTART;VALUE=DATE:20261225\r\nDTEND;VALUE=DATE:20261225",
                &["2026-12-25"],
            ),
            ("DTSTART;VALUE=DATE:20261225\r\nSTATUS:CANCELLED", &[]),
            ("SUMMARY:nothing", &[]),
        ] {
            assert_eq!(read(&event(lines)), wanted, "{lines}");
        }
        for (lines, why) in [
            ("DTSTART:20261225T100000Z", "line 4, `DTSTART:20261225T1"),
            (
                "DTSTART;VALUE=DATE:20261225\r\nRRULE:FREQ=YEARLY",
                "line 5, `RRULE",
            ),
            (
                "DTSTART;VALUE=DATE:20200101\r\nDTEND;VALUE=DATE:20300101",
                "longer than a year",
            ),
        ] {
            let message = refused(&event(lines));
            assert!(message.contains(why), "{message}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_much(text in "(BEGIN:VCALENDAR\n)?(.|\n){0,200}") {
            drop(parse_holidays(&text));
        }
    }
}
