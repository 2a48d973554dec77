//! `run`: what an expression can know of the instance it is evaluated for.
//!
//! The names are checked when a plan is made ([`check_path`]) and filled in when an instance runs ([`Run::value`]).
//! All times are RFC 3339 strings with the offset of the schedule's time zone; the parts are zero-padded strings.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::address::Address;
use super::kind::Kind;
use crate::diag::Diagnostic;
use crate::diag::did_you_mean;
use crate::lang::Step;
use crate::lang::Value;
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

/// Checks a reference that begins with `run` in an attribute of an object of this kind (`None`: in a local or output,
/// which may land in any).
pub(super) fn check_path(path: &[Step], kind: Option<Kind>) -> Result<(), Diagnostic> {
    let Some(name) = path.get(1) else {
        return Err(Diagnostic::error(
            "Incomplete reference",
            "`run` is followed by a name: `run.date`.",
        )
        .at(path.first().map(|step| step.span).unwrap_or_default()));
    };
    let activity = matches!(kind, None | Some(Kind::Activity));
    let serves = matches!(kind, None | Some(Kind::Action | Kind::Precondition));
    let mut names: Vec<&str> = COMMON.to_vec();
    if activity {
        names.extend(ACTIVITY);
    }
    if serves {
        names.push("node");
    }
    if !names.contains(&name.name.as_ref()) {
        return Err(unknown(name, "run", &names));
    }
    if name.name.as_ref() == "node"
        && let Some(inner) = path.get(2)
    {
        let names: Vec<&str> = COMMON.into_iter().chain(ACTIVITY).chain(NODE).collect();
        if !names.contains(&inner.name.as_ref())
            && !super::registry::TYPES
                .iter()
                .any(|object_type| object_type.attribute(&inner.name).is_some())
        {
            return Err(unknown(inner, "run.node", &names));
        }
    }
    Ok(())
}

fn unknown(step: &Step, prefix: &str, names: &[&str]) -> Diagnostic {
    Diagnostic::error(
        "Unknown name",
        format!(
            "There is no `{prefix}.{}` here. There are: {}.",
            step.name,
            names.join(", ")
        ),
    )
    .at(step.span)
    .help_if(did_you_mean(&step.name, names.iter().copied()))
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

impl Run {
    /// What `run` stands for; `extra` are the names that only some kinds of objects have.
    pub fn value(&self, extra: impl IntoIterator<Item = (Arc<str>, Value)>) -> Value {
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
        put(
            "actual_start",
            text(rfc3339(self.actual_start, &self.timezone)),
        );
        put("date", text(start.strftime("%Y-%m-%d").to_string()));
        put("year", text(start.strftime("%Y").to_string()));
        put("month", text(start.strftime("%m").to_string()));
        put("day", text(start.strftime("%d").to_string()));
        put("hour", text(start.strftime("%H").to_string()));
        put("attempt", Value::Number(i64::from(self.attempt).into()));
        put(
            "id",
            text(format!("{}@{}", self.object, self.interval.start)),
        );
        put(
            "pipeline",
            self.pipeline
                .as_ref()
                .map_or(Value::NULL, |pipeline| text(pipeline.name().to_owned())),
        );
        put("object", text(self.object.name().to_owned()));
        values.extend(extra);
        Value::object(values)
    }
}

/// A moment as expressions see it: to the second, with the offset of the zone.
fn rfc3339(moment: Timestamp, timezone: &TimeZone) -> String {
    let zoned = moment.to_zoned(timezone.clone());
    if zoned.offset().is_zero() {
        zoned.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    } else {
        zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }
}
