//! Times as people write them: `2026-11-01`, `2026-11-01T06:00`, `2026-11-01T06:00:00+01:00`.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use thiserror::Error;

/// A time as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Without offset: it depends on a zone.
    Civil(DateTime),
    /// With offset: the same everywhere.
    Instant(Timestamp),
}

/// Why a text is no time or time zone.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MomentError {
    /// It has another form, or the calendar has no such day.
    #[error(
        "`{0}` is not a date or time; write `2026-11-01`, `2026-11-01T06:00` or, with an offset, `2026-11-01T06:00:00+01:00`"
    )]
    Time(String),
    /// There is no such zone.
    #[error("there is no time zone `{0}`; write a name such as `Europe/Berlin` or `UTC`")]
    Zone(String),
    /// The zone's calendar cannot place it.
    #[error("`{0}` is too far away")]
    Range(DateTime),
}

/// Reads a date, or a date and time, with or without offset.
pub fn parse_moment(text: &str) -> Result<Moment, MomentError> {
    let text = text.trim();
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Ok(Moment::Instant(instant));
    }
    let has_zone = text.contains('[') || text.ends_with(['Z', 'z']);
    if let Ok(date) = text.parse::<Date>()
        && text.len() <= "+002026-11-01".len()
    {
        return Ok(Moment::Civil(date.at(0, 0, 0, 0)));
    }
    match text.parse::<DateTime>() {
        Ok(civil) if !has_zone && text.contains(['T', 't', ' ']) => Ok(Moment::Civil(civil)),
        _ => Err(MomentError::Time(text.to_owned())),
    }
}

/// Finds a time zone by its IANA name.
pub fn parse_timezone(name: &str) -> Result<TimeZone, MomentError> {
    if name == "UTC" {
        return Ok(TimeZone::UTC);
    }
    TimeZone::get(name).map_err(|_| MomentError::Zone(name.to_owned()))
}

impl Moment {
    /// The civil time in a zone.
    pub fn civil(self, timezone: &TimeZone) -> DateTime {
        match self {
            Self::Civil(civil) => civil,
            Self::Instant(instant) => timezone.to_datetime(instant),
        }
    }

    /// The moment it is in a zone.
    pub fn timestamp(self, timezone: &TimeZone) -> Result<Timestamp, MomentError> {
        match self {
            Self::Instant(instant) => Ok(instant),
            Self::Civil(civil) => timezone
                .to_timestamp(civil)
                .map_err(|_| MomentError::Range(civil)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Moment;
    use super::parse_moment;
    use super::parse_timezone;

    #[test]
    fn times_are_read() {
        for (text, wanted) in [
            ("2026-11-01", "2026-11-01T00:00:00"),
            ("2026-11-01T06:00", "2026-11-01T06:00:00"),
            ("2026-11-01 06:00:30", "2026-11-01T06:00:30"),
        ] {
            match parse_moment(text) {
                Ok(Moment::Civil(civil)) => assert_eq!(civil.to_string(), wanted),
                other => panic!("{text}: {other:?}"),
            }
        }
        for text in ["2026-11-01T06:00:00Z", "2026-11-01T07:00:00+01:00"] {
            match parse_moment(text) {
                Ok(Moment::Instant(instant)) => {
                    assert_eq!(instant.to_string(), "2026-11-01T06:00:00Z");
                }
                other => panic!("{text}: {other:?}"),
            }
        }
        for text in ["", "soon", "2026-02-30", "2026-11-01T25:00", "11/01/2026"] {
            assert!(parse_moment(text).is_err(), "{text}");
        }
    }

    #[test]
    fn zones_are_found_by_name() {
        assert!(parse_timezone("Europe/Berlin").is_ok());
        assert!(parse_timezone("Mars/Olympus").is_err());
    }
}
