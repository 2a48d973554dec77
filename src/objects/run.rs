//! `run`: what an expression can know of the instance it is evaluated for.
//!
//! The names are checked when a plan is made ([`type_of`]) and filled in when an instance runs ([`Run::value`]).
//! All times are RFC 3339 strings with the offset of the schedule's time zone; the parts are zero-padded strings.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::address::Address;
use super::kind::Kind;
use super::schema::AttributeType;
use super::schema::ObjectType;
use crate::diag::Diagnostic;
use crate::diag::did_you_mean;
use crate::lang::Step;
use crate::lang::Value;
use crate::lang::object_of;
use crate::lang::types::Type;
use crate::time::Interval;

/// Names that every instance has.
const COMMON: [&str; 12] = [
    "scheduled_start",
    "scheduled_end",
    "actual_start",
    "date",
    "year",
    "month",
    "day",
    "hour",
    "attempt",
    "id",
    "pipeline",
    "object",
];

/// Names that an activity's instance has besides.
const ACTIVITY: [&str; 4] = ["inputs", "outputs", "input", "output"];

/// Names that `run.node` has besides those of an activity.
const NODE: [&str; 3] = ["address", "status", "error"];

/// What an activity's `run.inputs` and `run.outputs` will be.
#[derive(Clone, Debug)]
pub(super) struct Data {
    /// The type of the instances of each data node that it reads, by name.
    pub(super) inputs: BTreeMap<Arc<str>, Type>,
    /// Of those that it writes.
    pub(super) outputs: BTreeMap<Arc<str>, Type>,
}

/// The type of what begins with `run` in an attribute of an object of this kind (`None`: in a local or output, which may
/// land in any), and how many names that takes. `data` is asked for the data of an activity, and knows it or not.
pub(super) fn type_of(
    path: &[Step],
    kind: Option<Kind>,
    data: impl FnOnce() -> Option<Data>,
) -> Result<(Type, usize), Diagnostic> {
    let Some(name) = path.get(1) else {
        return Err(Diagnostic::error(
            "Incomplete reference",
            "`run` is followed by a name: `run.date`.",
        )
        .at(path.first().map(|step| step.span).unwrap_or_default()));
    };
    let names = names(kind);
    if !names.contains(&name.name.as_ref()) {
        return Err(unknown(name, "run", &names, elsewhere(&name.name)));
    }
    match name.name.as_ref() {
        "inputs" | "outputs" | "input" | "output" => {
            Ok((data_type(&name.name, data().as_ref()), 2))
        }
        "node" => node_type(path.get(2)),
        name => Ok((common_type(name), 2)),
    }
}

/// The names behind `run`.
fn names(kind: Option<Kind>) -> Vec<&'static str> {
    let mut names: Vec<&str> = COMMON.to_vec();
    if matches!(kind, None | Some(Kind::Activity)) {
        names.extend(ACTIVITY);
    }
    if matches!(kind, None | Some(Kind::Action | Kind::Precondition)) {
        names.push("node");
    }
    names
}

/// Where a name is that is not where it was written.
fn elsewhere(name: &str) -> Option<String> {
    if name == "node" {
        Some("`run.node` is the instance that an action or a precondition serves; only those have it.".to_owned())
    } else if ACTIVITY.contains(&name) {
        Some(format!(
            "`run.{name}` is data that an activity reads or writes; only activities have it. In an action or a precondition of one it is `run.node.{name}`."
        ))
    } else if NODE.contains(&name) {
        Some(format!(
            "In an action or a precondition it is `run.node.{name}`."
        ))
    } else {
        None
    }
}

fn common_type(name: &str) -> Type {
    if name == "attempt" {
        Type::Number
    } else {
        Type::String
    }
}

/// The type of `run.inputs` and its like.
fn data_type(name: &str, data: Option<&Data>) -> Type {
    let Some(data) = data else {
        return Type::Any;
    };
    let nodes = if name.starts_with("input") {
        &data.inputs
    } else {
        &data.outputs
    };
    if name.ends_with('s') {
        let lists = nodes
            .iter()
            .map(|(name, ty)| (Arc::clone(name), Type::List(Box::new(ty.clone()))));
        return object_of(lists);
    }
    match nodes.values().next() {
        Some(only) if nodes.len() == 1 => only.clone(),
        _ => Type::Any,
    }
}

/// The type of an instance of a data node, as an activity sees it. Attributes that are not set are missing in it.
pub(super) fn node_instance(object_type: &ObjectType) -> Type {
    let names = COMMON
        .into_iter()
        .map(|name| (Arc::from(name), common_type(name)));
    let address = [(Arc::from("address"), Type::String)];
    let attributes = object_type
        .schema()
        .map(|schema| (Arc::from(schema.name), attribute_type(schema.value)));
    object_of(names.chain(address).chain(attributes))
}

fn attribute_type(takes: AttributeType) -> Type {
    match takes {
        AttributeType::String
        | AttributeType::OneOf(_)
        | AttributeType::Duration
        | AttributeType::Period
        | AttributeType::Cron
        | AttributeType::Holidays
        | AttributeType::DateTime
        | AttributeType::TimeZone
        | AttributeType::Price(_)
        | AttributeType::Regex => Type::String,
        AttributeType::Bool => Type::Bool,
        AttributeType::Integer(_) | AttributeType::Number(..) => Type::Number,
        AttributeType::Strings
        | AttributeType::Assignments
        | AttributeType::Weekdays
        | AttributeType::Dates => Type::List(Box::new(Type::String)),
        AttributeType::StringMap => Type::Map(Box::new(Type::String)),
        _ => Type::Any,
    }
}

fn node_type(inner: Option<&Step>) -> Result<(Type, usize), Diagnostic> {
    let Some(inner) = inner else {
        return Ok((Type::Any, 2));
    };
    let name = inner.name.as_ref();
    let names: Vec<&str> = COMMON.into_iter().chain(ACTIVITY).chain(NODE).collect();
    let is_attribute = || {
        super::registry::TYPES
            .iter()
            .any(|object_type| object_type.attribute(name).is_some())
    };
    if COMMON.contains(&name) || NODE.contains(&name) {
        Ok((common_type(name), 3))
    } else if names.contains(&name) || is_attribute() {
        Ok((Type::Any, 3))
    } else {
        Err(unknown(inner, "run.node", &names, None))
    }
}

fn unknown(step: &Step, prefix: &str, names: &[&str], elsewhere: Option<String>) -> Diagnostic {
    Diagnostic::error(
        "Unknown name",
        format!(
            "There is no `{prefix}.{}` here. There are: {}.",
            step.name,
            names.join(", ")
        ),
    )
    .at(step.span)
    .help_if(elsewhere.or_else(|| did_you_mean(&step.name, names.iter().copied())))
}

/// The instance that an expression is evaluated for.
#[derive(Clone, Debug)]
pub struct Run {
    /// The object.
    pub object: Address,
    /// Its pipeline.
    pub pipeline: Option<Address>,
    /// The interval; empty for an on-demand instance.
    pub interval: Interval,
    /// The time zone of its schedule.
    pub timezone: TimeZone,
    /// When this attempt started.
    pub actual_start: Timestamp,
    /// The number of this attempt, from one.
    pub attempt: u32,
}

/// What all runs of one interval and zone have in common, whose attempts started at one moment.
struct Common {
    interval: Interval,
    timezone: TimeZone,
    actual_start: Timestamp,
    /// By name; of each name that they have.
    values: BTreeMap<Arc<str>, Value>,
}

impl Common {
    fn is_of(&self, run: &Run) -> bool {
        self.interval == run.interval
            && self.actual_start == run.actual_start
            && self.timezone == run.timezone
    }
}

thread_local! {
    /// That of the last run: a plan looks at thousands of objects for the same interval, and texts of times cost more than all else.
    static LAST: RefCell<Option<Common>> = const { RefCell::new(None) };
}

impl Run {
    /// What `run` stands for; `extra` are the names that only some kinds of objects have.
    pub fn value(&self, extra: impl IntoIterator<Item = (Arc<str>, Value)>) -> Value {
        let mut values = LAST.with_borrow_mut(|last| {
            let known = last.as_ref().filter(|last| last.is_of(self));
            let known = known.map(|last| last.values.clone());
            known.unwrap_or_else(|| {
                let values = self.common();
                *last = Some(Common {
                    interval: self.interval,
                    timezone: self.timezone.clone(),
                    actual_start: self.actual_start,
                    values: values.clone(),
                });
                values
            })
        });
        let text = |text: String| Value::string(text);
        let mut set = |name: &str, value: Value| {
            if let Some(place) = values.get_mut(name) {
                *place = value;
            }
        };
        set("attempt", Value::Number(i64::from(self.attempt).into()));
        set(
            "id",
            text(format!("{}@{}", self.object, self.interval.start)),
        );
        let pipeline = self.pipeline.as_ref();
        set(
            "pipeline",
            pipeline.map_or(Value::NULL, |pipeline| text(pipeline.name().to_owned())),
        );
        set("object", text(self.object.name().to_owned()));
        values.extend(extra);
        Value::object(values)
    }

    /// The names that every run has, with what depends on its times alone; the others are to be set.
    fn common(&self) -> BTreeMap<Arc<str>, Value> {
        let start = self.interval.start.to_zoned(self.timezone.clone());
        let text = |text: String| Value::string(text);
        let mut values: BTreeMap<Arc<str>, Value> = BTreeMap::new();
        let mut put = |name: &str, value: Value| {
            values.insert(name.into(), value);
        };
        put(
            "scheduled_start",
            text(rfc3339(self.interval.start, &self.timezone)),
        );
        put(
            "scheduled_end",
            text(rfc3339(self.interval.end, &self.timezone)),
        );
        // To the second; what was triggered goes by its exact moment.
        let actual = Timestamp::from_second(self.actual_start.as_second());
        let actual = actual.unwrap_or(self.actual_start);
        put("actual_start", text(rfc3339(actual, &self.timezone)));
        put("date", text(start.strftime("%Y-%m-%d").to_string()));
        put("year", text(start.strftime("%Y").to_string()));
        put("month", text(start.strftime("%m").to_string()));
        put("day", text(start.strftime("%d").to_string()));
        put("hour", text(start.strftime("%H").to_string()));
        for name in ["attempt", "id", "pipeline", "object"] {
            put(name, Value::NULL);
        }
        values
    }
}

/// A moment as expressions see it, with the offset of the zone.
fn rfc3339(moment: Timestamp, timezone: &TimeZone) -> String {
    let zoned = moment.to_zoned(timezone.clone());
    if zoned.offset().is_zero() {
        zoned.strftime("%Y-%m-%dT%H:%M:%S%.fZ").to_string()
    } else {
        zoned.strftime("%Y-%m-%dT%H:%M:%S%.f%:z").to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_have_in_common_is_that_of_their_times_alone() {
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        let run = Run {
            object: Address::new("pipeline.p.activity.a"),
            pipeline: Some(Address::new("pipeline.p")),
            interval: Interval {
                start: at("2026-11-24T00:00:00Z"),
                end: at("2026-11-25T00:00:00Z"),
            },
            timezone: TimeZone::UTC,
            actual_start: at("2026-11-25T01:00:00Z"),
            attempt: 1,
        };
        let text = |run: &Run, name: &str| match run.value([]) {
            Value::Object(values) => match values.get(name) {
                Some(Value::String(text)) => text.to_string(),
                other => format!("{other:?}"),
            },
            other => format!("{other:?}"),
        };
        assert_eq!(text(&run, "date"), "2026-11-24");
        let other = Run {
            object: Address::new("pipeline.q.activity.b"),
            pipeline: Some(Address::new("pipeline.q")),
            ..run.clone()
        };
        let of = |run: &Run| ["id", "pipeline", "object", "date"].map(|name| text(run, name));
        let expected = [
            "pipeline.q.activity.b@2026-11-24T00:00:00Z",
            "q",
            "b",
            "2026-11-24",
        ];
        assert_eq!(of(&other), expected);
        let elsewhere = Run {
            timezone: TimeZone::get("America/New_York").unwrap(),
            ..run.clone()
        };
        assert_eq!(text(&elsewhere, "date"), "2026-11-23");
        let later = Run {
            actual_start: at("2026-11-25T02:00:00Z"),
            ..run.clone()
        };
        assert_eq!(text(&later, "actual_start"), "2026-11-25T02:00:00Z");
        assert_eq!(text(&run, "actual_start"), "2026-11-25T01:00:00Z");
    }
}
