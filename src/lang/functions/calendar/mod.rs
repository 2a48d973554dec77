//! The calendar: adding months, cutting to weeks, business days, time zones.
//!
//! Terraform has no such functions, and pipelines are made of them. All take a plain date (`run.date`) or a time
//! (`run.scheduled_start`) and keep which of both it is. A time knows its offset and not its zone; where the days of a zone
//! matter, the zone is the last argument. Gaps and folds of a zone's clock are resolved as schedules do it: a time that does not
//! exist moves on by the length of the gap, of two times with one name it is the earlier.

mod arithmetic;
mod business;
#[cfg(test)]
mod tests;
mod text;
mod when;
mod zone;

use super::Accepts;
use super::CallError;
use super::Function;
use super::Parameter;
use super::Purity;
use super::dates;

const TIME: Parameter = Parameter::string("time");

const ZONE: Parameter = Parameter::string("zone").nullable().optional();

const HOLIDAYS: Parameter = Parameter::new("holidays", Accepts::Strings)
    .nullable()
    .optional();

/// The family.
pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        name: "date_add",
        parameters: &[TIME, Parameter::string("length")],
        variadic: Some(ZONE),
        doc: "Adds a length of calendar time such as `1 month`, `-3 days` or `1 day 12 hours` to a date or time. Where a month is too short the result is its last day.",
        purity: Purity::Pure,
        body: arithmetic::add,
    },
    Function {
        name: "date_add_business_days",
        parameters: &[TIME, Parameter::number("days")],
        variadic: Some(HOLIDAYS),
        doc: "Goes on by so many business days, or back by a negative number of them: Saturdays, Sundays and the given holidays do not count. 0 days: the date itself, or the next business day.",
        purity: Purity::Pure,
        body: business::add,
    },
    Function {
        name: "date_diff",
        parameters: &[
            Parameter::string("from"),
            Parameter::string("to"),
            Parameter::string("unit"),
        ],
        variadic: Some(ZONE),
        doc: "Returns how many whole units lie between two dates or times; negative if the second is before the first.",
        purity: Purity::Pure,
        body: arithmetic::diff,
    },
    Function {
        name: "date_format",
        parameters: &[TIME, Parameter::string("format")],
        variadic: Some(ZONE),
        doc: "Writes a date or time in a format of `strftime` such as `%Y/%m/%d`.",
        purity: Purity::Pure,
        body: text::format,
    },
    Function {
        name: "date_in_zone",
        parameters: &[TIME, Parameter::string("zone")],
        variadic: None,
        doc: "Returns the time with the offset of a zone; of a plain date, its start in that zone.",
        purity: Purity::Pure,
        body: zone::in_zone,
    },
    Function {
        name: "date_is_business_day",
        parameters: &[TIME],
        variadic: Some(HOLIDAYS),
        doc: "Returns whether a date is no Saturday, no Sunday and none of the given holidays.",
        purity: Purity::Pure,
        body: business::is_business_day,
    },
    Function {
        name: "date_last_day",
        parameters: &[TIME, Parameter::string("unit")],
        variadic: Some(ZONE),
        doc: "Returns the last date of the `week`, `month`, `quarter` or `year`.",
        purity: Purity::Pure,
        body: arithmetic::last_day,
    },
    Function {
        name: "date_parse",
        parameters: &[Parameter::string("text"), Parameter::string("format")],
        variadic: Some(ZONE),
        doc: "Reads a date or time that is written in a format of `strftime`. A time without an offset is one of the zone, or of UTC.",
        purity: Purity::Pure,
        body: text::parse,
    },
    Function {
        name: "date_part",
        parameters: &[TIME, Parameter::string("part")],
        variadic: Some(ZONE),
        doc: "Returns a part as a number: `year`, `quarter`, `month`, `week` (of ISO 8601), `week_year`, `day`, `day_of_year`, `weekday` (Monday is 1), `hour`, `minute` or `second`.",
        purity: Purity::Pure,
        body: text::part,
    },
    Function {
        name: "date_trunc",
        parameters: &[TIME, Parameter::string("unit")],
        variadic: Some(ZONE),
        doc: "Returns the start of the `second`, `minute`, `hour`, `day`, `week`, `month`, `quarter` or `year`. Weeks begin on Monday; the name of another day stands for a week that begins then.",
        purity: Purity::Pure,
        body: arithmetic::trunc,
    },
];
