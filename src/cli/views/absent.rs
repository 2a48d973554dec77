//! Why an object has no instance where one is asked for.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::status::interval_text;
use super::status::moment;
use crate::engine::Engine;
use crate::engine::InstanceKey;
use crate::engine::Unit;
use crate::time::Interval;

/// Why an object has no instance that starts in a stretch of time.
pub(crate) fn absent(
    engine: &Engine,
    unit: &Unit,
    timezone: &TimeZone,
    span: Interval,
    now: Timestamp,
) -> String {
    let Some(schedule) = &unit.schedule else {
        let key = InstanceKey {
            object: unit.address.clone(),
            interval: Interval::moment(span.start),
        };
        return if engine.has_finished(&key) {
            "finished; its record was removed by `retain`".to_owned()
        } else {
            "no instance: it runs when it is triggered".to_owned()
        };
    };
    let first = schedule.next_from(span.start);
    let Some(first) = first.filter(|first| first.start < span.end) else {
        let excluded = schedule.excluded(span).next().is_some();
        let why = if excluded {
            "its calendar excludes it"
        } else {
            "its schedule has no interval there"
        };
        return format!("no instance: {why}");
    };
    let name = interval_text(first, timezone);
    let due = schedule.due_at(first);
    if due > now {
        return format!("no instance: {name} is due {}", moment(due, timezone));
    }
    let passed_over = engine.passed_over(&unit.address, usize::MAX);
    let passed_over = passed_over.iter().any(|passed| passed.overlaps(first));
    let why = if engine.wanted_in(&unit.address, first).covers(first) {
        "somebody has asked for it, and it comes after those before it"
    } else if passed_over {
        "`catch_up` has passed over it, and `pipeform backfill` brings it back"
    } else {
        "it is due and not made yet"
    };
    format!("no instance of {name}: {why}")
}

/// What to say of a stretch of time that begins before the first interval of an object and reaches into it.
pub(crate) fn before_the_first(unit: &Unit, timezone: &TimeZone, span: Interval) -> Option<String> {
    let first = unit.schedule.as_ref()?.first_interval()?;
    let reaches_in = span.start < first.start && first.start < span.end;
    (reaches_in && span.start > Timestamp::MIN)
        .then(|| format!("no interval before {}", interval_text(first, timezone)))
}
