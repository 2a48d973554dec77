//! Lengths of time as the service writes them: a number of minutes, hours, days, weeks, months or years.

use jiff::SignedDuration;

use crate::time::parse_duration;

/// A length of time as a period, and whether it is as long: what is no number of minutes is rounded up.
pub(super) fn of_duration(text: &str) -> (String, bool) {
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_one = matches!(words.as_slice(), [_, unit] if !unit.starts_with("second"));
    let Ok(length) = parse_duration(text) else {
        return (text.to_owned(), true);
    };
    if is_one {
        return (words.join(" "), true);
    }
    let seconds = length.as_secs();
    let minutes = SignedDuration::from_secs(seconds).as_mins() + i64::from(seconds % 60 != 0);
    (counted(minutes.max(1)), seconds % 60 == 0 && seconds > 0)
}

/// So many minutes, in the largest unit that they are a number of.
pub(super) fn counted(minutes: i64) -> String {
    let units = [
        (7 * 24 * 60, "week"),
        (24 * 60, "day"),
        (60, "hour"),
        (1, "minute"),
    ];
    let unit = units.iter().find(|(length, _)| minutes % length == 0);
    let (length, unit) = unit.copied().unwrap_or((1, "minute"));
    let number = minutes / length;
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_periods() {
        for (text, expected, whole) in [
            ("10 minutes", "10 minutes", true),
            ("36 hours", "36 hours", true),
            ("1 hour 30 minutes", "90 minutes", true),
            ("120 seconds", "2 minutes", true),
            ("30 seconds", "1 minute", false),
            ("1 day 24 hours", "2 days", true),
            ("14 days", "14 days", true),
            ("0 minutes", "0 minutes", true),
        ] {
            assert_eq!(of_duration(text), (expected.to_owned(), whole), "{text}");
        }
        assert_eq!(counted(20160), "2 weeks");
    }
}
