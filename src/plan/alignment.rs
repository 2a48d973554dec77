//! Which intervals of others the next instance of an object waits for, where schedules differ or a window is set: so that
//! it can be read before it happens.

use jiff::Timestamp;
use serde::Serialize;

use super::effects::zone_name;
use super::succession::same_intervals;
use super::succession::same_schedule;
use crate::objects::Address;
use crate::objects::Dependency;
use crate::objects::Kind;
use crate::objects::Need;
use crate::objects::Object;
use crate::objects::Objects;
use crate::objects::Require;
use crate::objects::Timetable;
use crate::objects::dependencies;
use crate::objects::has_instances;
use crate::objects::reads;
use crate::time::Gap;
use crate::time::Interval;
use crate::time::Timeline;

/// Up to so many intervals are counted one by one.
const COUNTED: usize = 10_000;

/// What one object needs of another whose schedule is another one, or in a window.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Alignment {
    /// The one who reads or waits.
    pub reader: Address,
    /// Whose instances it reads or waits for.
    pub producer: Address,
    /// Whether it waits for them; else it reads data that nobody here writes.
    pub waits: bool,
    /// Which of them are needed: `all`, `any` or `latest`.
    pub require: &'static str,
    /// The window that it has: `28 days`, or `28 days, moved by -1 day`.
    pub window: Option<String>,
    /// Whether the one who reads is on demand.
    pub on_demand: bool,
    /// The pipeline of the one who reads.
    #[serde(skip)]
    pub pipeline: Option<Address>,
    /// The zone that its intervals are shown in, e.g. `Europe/Berlin`.
    pub timezone: String,
    /// Whether the producer is on demand: only runs of it are waited for that are triggered within the interval, or the
    /// window, and nothing where there are none.
    pub of_runs: bool,
    /// For its next interval; `None`: it is on demand, and reads the latest that is finished, or the producer is.
    pub next: Option<Aligned>,
    /// For its first interval, if that lies in the future or was not made, and not all of its window is there.
    pub first: Option<Aligned>,
}

/// What one interval needs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Aligned {
    /// The interval of the one who reads.
    pub interval: Interval,
    /// How many intervals of the other it covers.
    pub intervals: u64,
    /// From the start of the first to the end of the last of these.
    pub span: Option<Interval>,
    /// What of the stretch it covers has no instances, and why.
    #[serde(skip)]
    pub gaps: Vec<Gap>,
}

impl Aligned {
    /// How long after the reader's own interval the last one ends.
    pub fn later(&self) -> Option<jiff::SignedDuration> {
        let later = self.span?.end.duration_since(self.interval.end);
        later.is_positive().then_some(later)
    }
}

/// The alignments that are new or become others. `old` and `new`: objects with their schedules.
pub fn alignments(
    (old, old_times): (&Objects, &Timetable),
    (new, new_times): (&Objects, &Timetable),
    now: Timestamp,
) -> Vec<Alignment> {
    let mut found = Vec::new();
    for object in new.values() {
        let mut edges_now = edges(new, new_times, object);
        edges_now.retain(|(_, edge)| is_noteworthy(new_times, object, edge));
        // Most wait for what has the same schedule: then it does not matter what was before.
        if edges_now.is_empty() {
            continue;
        }
        let before = old.get(&object.address);
        let known = before.map(|before| edges(old, old_times, before));
        for edge in edges_now {
            let same = known.iter().flatten().any(|known| *known == edge)
                && same_times(old_times, new_times, &object.address)
                && same_times(old_times, new_times, &edge.1.producer);
            if !same {
                found.push(alignment(new_times, object, &edge.1, edge.0, now));
            }
        }
    }
    found
}

/// What an object waits for, and what it reads without waiting.
fn edges(objects: &Objects, timetable: &Timetable, object: &Object) -> Vec<(bool, Dependency)> {
    if !matches!(object.kind(), Kind::Activity | Kind::DataNode) {
        return Vec::new();
    }
    let waits = dependencies(objects, timetable, object);
    let mut edges: Vec<_> = waits.into_iter().map(|edge| (true, edge)).collect();
    for reading in object.readings("input") {
        let node = objects.get(&reading.address);
        if node.is_some_and(|node| !has_instances(node, timetable)) {
            edges.push((false, reads(timetable, object, &reading)));
        }
    }
    edges
}

fn same_times(old: &Timetable, new: &Timetable, address: &Address) -> bool {
    match (old.schedule(address), new.schedule(address)) {
        (Some(old), Some(new)) => same_intervals(old, new),
        (old, new) => old.is_none() == new.is_none(),
    }
}

fn is_noteworthy(timetable: &Timetable, reader: &Object, edge: &Dependency) -> bool {
    let own = timetable.schedule(&reader.address);
    let other = timetable.schedule(&edge.producer);
    let differ = match (own, other) {
        (Some(own), Some(other)) => !same_schedule(own.current(), other.current()),
        (own, other) => own.is_some() != other.is_some(),
    };
    // What has no schedule has no intervals to choose from. Within one run on demand all is as it seems.
    match other {
        Some(_) => differ || edge.window.is_some() || edge.require != Require::All,
        None => differ,
    }
}

fn alignment(
    timetable: &Timetable,
    reader: &Object,
    edge: &Dependency,
    waits: bool,
    now: Timestamp,
) -> Alignment {
    let own = timetable.schedule(&reader.address);
    let other = timetable.schedule(&edge.producer);
    let aligned = |interval: Interval| aligned((own, other?), edge, interval);
    let next = match own {
        Some(own) => own
            .next_due(now)
            .or_else(|| own.last_interval())
            .and_then(aligned),
        None => aligned(Interval::moment(now)),
    };
    let first = own
        .and_then(Timeline::first_interval)
        .filter(|first| next.as_ref().is_none_or(|next| next.interval != *first))
        .and_then(aligned)
        .filter(|first| !first.gaps.is_empty());
    Alignment {
        reader: reader.address.clone(),
        producer: edge.producer.clone(),
        waits,
        require: edge.require.as_str(),
        window: edge.window.map(|window| window.to_string()),
        on_demand: own.is_none(),
        of_runs: other.is_none(),
        pipeline: reader.pipeline.clone(),
        timezone: zone_name(own),
        next,
        first,
    }
}

fn aligned(
    (own, other): (Option<&Timeline>, &Timeline),
    edge: &Dependency,
    interval: Interval,
) -> Option<Aligned> {
    let (span, due_by) = match edge.need(interval, own, Some(other)) {
        Need::In { span, due_by } => (span, due_by),
        Need::Nothing | Need::Newest | Need::SameRun => return None,
    };
    let is_due = |found: &Interval| due_by.is_none_or(|at| other.due_at(*found) <= at);
    let first = other.overlapping(span).next().filter(is_due);
    let last = other.last_overlapping(span);
    let last = last.filter(is_due).or_else(|| {
        let due = other.last_due(due_by?)?;
        due.overlaps(span).then_some(due)
    });
    let needed = first.zip(last).map(|(first, last)| Interval {
        start: first.start,
        end: last.end,
    });
    let mut counted = other
        .overlapping(span)
        .take_while(is_due)
        .take(COUNTED)
        .count();
    if counted == COUNTED
        && let (Some(needed), Some(last)) = (needed, last)
    {
        let all = other.due_count_from(needed.start, other.due_at(last));
        counted = usize::try_from(all).unwrap_or(usize::MAX);
    }
    Some(Aligned {
        interval,
        intervals: u64::try_from(counted).unwrap_or(u64::MAX),
        span: needed,
        gaps: other.gaps(span),
    })
}
