//! `calendar`: days on which nothing is due.

use super::kind::Kind;
use super::schema::AttributeSchema;
use super::schema::AttributeType;
use super::schema::ObjectType;
use super::schema::Support;
use super::shared;

/// The description of a calendar.
pub(super) static TYPE: ObjectType = ObjectType {
    kind: Kind::Calendar,
    name: "",
    doc: "Days on which nothing is due. All that is left out excludes no day.",
    aws: &[],
    support: Support::Full,
    attributes: &[&[
        shared::DESCRIPTION,
        AttributeSchema::new(
            "weekends",
            AttributeType::Weekdays,
            "The days of the week that are excluded: `[\"saturday\", \"sunday\"]`.",
        ),
        AttributeSchema::new(
            "dates",
            AttributeType::Dates,
            "Single days that are excluded: `[\"2026-12-25\"]`.",
        ),
        AttributeSchema::new(
            "holidays",
            AttributeType::Holidays,
            "Days from a file, which are excluded: `file(\"holidays.txt\")`, with a date a line and `#` before remarks, or an iCalendar file of all-day events.",
        ),
    ]],
    groups: &[],
    nested: &[],
};
