//! `schedule`: start, period or pattern, time zone, calendar, end.

use super::group::Group;
use super::kind::Kind;
use super::schema::AttributeSchema;
use super::schema::AttributeType;
use super::schema::Aws;
use super::schema::Default;
use super::schema::ObjectType;
use super::schema::Support;
use super::shared;
use crate::time::WhenExcluded;

/// The description of a schedule.
pub(super) static TYPE: ObjectType = ObjectType {
    kind: Kind::Schedule,
    name: "",
    doc: "Intervals of time, one after the other. An instance is made for each of them.",
    aws: &["Schedule"],
    support: Support::Full,
    attributes: &[&[
        shared::DESCRIPTION,
        AttributeSchema::new(
            "every",
            AttributeType::Period,
            "The length of an interval: `15 minutes`, `1 hour`, `1 day`, `2 weeks`, `1 month`; no seconds. A schedule has this, or `cron`.",
        )
        .aws(Aws::Fields(&["period"])),
        AttributeSchema::new(
            "cron",
            AttributeType::Cron,
            "The times between which intervals lie, as a pattern of five fields, or six with seconds: `30 2 * * mon-fri`.",
        )
        .ours(),
        AttributeSchema::new(
            "start",
            AttributeType::DateTime,
            "Where the first interval begins (with `cron`: at the first time of the pattern from there on); left out: when the pipeline is first activated.",
        )
        .aws(Aws::Fields(&["startDateTime"])),
        AttributeSchema::new(
            "end",
            AttributeType::DateTime,
            "No interval starts at or after this.",
        )
        .aws(Aws::Fields(&["endDateTime"])),
        AttributeSchema::new(
            "occurrences",
            AttributeType::Integer(1),
            "How many intervals there are, with those that a calendar excludes.",
        ),
        AttributeSchema::new(
            "timezone",
            AttributeType::TimeZone,
            "The zone in which days, weeks, months and years are counted, and in which the pattern of `cron` and the days of the calendar are meant.",
        )
        .or(Default::Text("UTC"))
        .ours(),
        AttributeSchema::new(
            "due",
            AttributeType::OneOf(&["end", "start"]),
            "Whether an instance is due at the end of its interval, when its data is there, or at its start.",
        )
        .or(Default::Text("end"))
        .aws(Aws::Words("scheduleType", &["timeseries", "cron"])),
        AttributeSchema::new(
            "calendar",
            AttributeType::Ref(Kind::Calendar),
            "The days on which nothing is due.",
        )
        .ours(),
        AttributeSchema::new(
            "when_excluded",
            AttributeType::OneOf(WhenExcluded::WORDS),
            "What becomes of an interval that would be due on a day that the calendar excludes: `skip`: it has no instance; `next`, `previous`: it is due on the next, or the last, day that is not excluded.",
        )
        .or(Default::Text("skip"))
        .ours(),
    ]],
    groups: &[Group::AtMostOne(&["end", "occurrences"])],
    nested: &[shared::NESTED_CALENDAR],
};
