//! `schedule`: start, period, time zone, end.

use super::kind::Kind;
use super::schema::AttributeSchema;
use super::schema::AttributeType;
use super::schema::Default;
use super::schema::ObjectType;
use super::shared;

/// The description of a schedule.
pub(super) static TYPE: ObjectType = ObjectType {
    kind: Kind::Schedule,
    name: "",
    doc: "Intervals of time, one after the other. An instance is made for each of them.",
    attributes: &[&[
        shared::DESCRIPTION,
        AttributeSchema::new(
            "every",
            AttributeType::Period,
            "The length of an interval: `15 minutes`, `1 hour`, `1 day`, `2 weeks`, `1 month`.",
        )
        .required(),
        AttributeSchema::new(
            "start",
            AttributeType::DateTime,
            "Where the first interval begins; left out: when the pipeline is first activated.",
        ),
        AttributeSchema::new(
            "end",
            AttributeType::DateTime,
            "No interval starts at or after this.",
        ),
        AttributeSchema::new(
            "occurrences",
            AttributeType::Integer(1),
            "How many intervals there are.",
        ),
        AttributeSchema::new(
            "timezone",
            AttributeType::TimeZone,
            "The zone in which days, weeks, months and years are counted.",
        )
        .or(Default::Text("UTC")),
        AttributeSchema::new(
            "due",
            AttributeType::OneOf(&["end", "start"]),
            "Whether an instance is due at the end of its interval, when its data is there, or at its start.",
        )
        .or(Default::Text("end")),
    ]],
    nested: &[],
};
