//! Which schedule each activity and data node has.
//!
//! An activity has its own schedule, else its pipeline's, else it runs on demand. A data node has its own, else its
//! pipeline's, else that of the activities that write it, else that of those that read it. A resource has its own, else its
//! pipeline's, else that of the first activity that runs on it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::address::Address;
use super::dependency::Dependency;
use super::dependency::Need;
use super::dependency::Require;
use super::intervals::own_due;
use super::intervals::schedule_of;
use super::kind::Kind;
use super::object::Object;
use super::settings;
use super::settings::Objects;
use crate::lang::Value;
use crate::time::Due;
use crate::time::Interval;
use crate::time::Schedule;
use crate::time::Timeline;

/// Moments that the state knows and a configuration does not.
#[derive(Clone, Debug, Default)]
pub struct Moments {
    /// When each pipeline was first activated: where schedules without `start` begin.
    pub activations: BTreeMap<Address, Timestamp>,
    /// Where the intervals of an object's changed schedule begin.
    pub cuts: BTreeMap<Address, Timestamp>,
    /// The schedules that an object had before, oldest first.
    pub eras: BTreeMap<Address, Vec<Era>>,
}

/// A schedule that an object has had, and until when.
#[derive(Clone, Debug, PartialEq)]
pub struct Era {
    /// The serial of the apply that ended it.
    pub ended_by: u64,
    /// Where its last interval ends.
    pub until: Timestamp,
    /// The schedule.
    pub schedule: Schedule,
}

impl Moments {
    /// The moments as an earlier serial knew them: without what later applies have ended.
    #[must_use]
    pub fn as_of(mut self, serial: u64) -> Self {
        for (address, eras) in &mut self.eras {
            let known = eras.partition_point(|era| era.ended_by <= serial);
            if known < eras.len() {
                eras.truncate(known);
                match eras.last() {
                    Some(era) => self.cuts.insert(address.clone(), era.until),
                    None => self.cuts.remove(address),
                };
            }
        }
        self
    }
}

/// A data node whose writers, or else readers, have different schedules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ambiguous {
    /// The data node.
    pub node: Address,
    /// One activity and its schedule.
    pub one: (Address, Option<Address>),
    /// Another one.
    pub other: (Address, Option<Address>),
}

/// The schedules of all activities, data nodes and resources.
#[derive(Clone, Debug, Default)]
pub struct Timetable {
    schedules: BTreeMap<Address, Timeline>,
    objects: BTreeMap<Address, Option<Address>>,
    activations: BTreeMap<Address, Timestamp>,
    writers: BTreeMap<Address, Vec<Address>>,
    readers: BTreeMap<Address, Vec<Address>>,
    /// Data nodes that need a `schedule` of their own.
    pub ambiguous: Vec<Ambiguous>,
}

impl Timetable {
    /// Finds the schedule of every activity, data node and resource. Schedules without a start that nothing has activated yet
    /// begin `now`.
    pub fn new(objects: &Objects, moments: &Moments, now: Timestamp) -> Self {
        let mut timetable = Self::outline(objects);
        timetable.fill(objects, moments, now);
        timetable
    }

    /// The same without the intervals: which object has which schedule, who writes and who reads.
    pub(super) fn outline(objects: &Objects) -> Self {
        let mut timetable = Self::default();
        let mut works: BTreeMap<Address, Option<Address>> = BTreeMap::new();
        for object in objects
            .values()
            .filter(|object| object.kind() == Kind::Activity)
        {
            let schedule = own_or_pipeline(objects, object);
            if let Some(Value::Ref(on)) = settings::inherited(objects, object, "runs_on") {
                let resource = Address::new(on.address.clone());
                works.entry(resource).or_insert_with(|| schedule.clone());
            }
            timetable.objects.insert(object.address.clone(), schedule);
            for (map, attribute) in [
                (&mut timetable.writers, "output"),
                (&mut timetable.readers, "input"),
            ] {
                let nodes: BTreeSet<_> = object
                    .references(attribute)
                    .into_iter()
                    .map(|(_, node)| node)
                    .collect();
                for node in nodes {
                    map.entry(node).or_default().push(object.address.clone());
                }
            }
        }
        for object in objects
            .values()
            .filter(|object| object.kind() == Kind::DataNode)
        {
            let schedule = match own_or_pipeline(objects, object) {
                Some(schedule) => Some(schedule),
                None => timetable.infer(&object.address),
            };
            timetable.objects.insert(object.address.clone(), schedule);
        }
        for object in objects
            .values()
            .filter(|object| object.kind() == Kind::Resource)
        {
            let own = own_or_pipeline(objects, object);
            let schedule = own.or_else(|| works.remove(&object.address).flatten());
            timetable.objects.insert(object.address.clone(), schedule);
        }
        timetable
    }

    /// Makes the schedules, each that several objects share once. What comes in order is made into maps at the end: these then have no
    /// empty places.
    fn fill(&mut self, objects: &Objects, moments: &Moments, now: Timestamp) {
        let mut made: BTreeMap<Described<'_>, Option<Timeline>> = BTreeMap::new();
        let (mut schedules, mut activations) = (Vec::new(), Vec::new());
        let mut last: Option<(&Address, &Object)> = None;
        for (address, of) in &self.objects {
            let Some(of) = of.as_ref() else {
                continue;
            };
            // Those that follow each other often have the same one.
            if last.is_none_or(|(last, _)| last != of) {
                last = objects.get_key_value(of);
            }
            let (Some((of, described)), Some(object)) = (last, objects.get(address)) else {
                continue;
            };
            let start = described.get("start").is_some();
            let activation = self.begin(objects, moments, object).unwrap_or(now);
            activations.push((address.clone(), activation));
            let due = self.due(objects, object);
            let begins = (!start).then_some(activation);
            let key = (of, begins, due.map(|due| due == Due::Start));
            let shared = made.entry(key).or_insert_with(|| {
                let schedule = schedule_of(objects, described, activation).ok()?;
                Some(Timeline::from(match due {
                    Some(due) => schedule.with_due(due),
                    None => schedule,
                }))
            });
            if let Some(shared) = shared {
                schedules.push((address.clone(), changed(shared, moments, address)));
            }
        }
        self.schedules = schedules.into_iter().collect();
        self.activations = activations.into_iter().collect();
    }

    /// When the pipeline of an object was first activated; a data node in none is activated by those that use it.
    fn begin(&self, objects: &Objects, moments: &Moments, object: &Object) -> Option<Timestamp> {
        let of = |object: &Object| {
            let pipeline = object.pipeline.as_ref()?;
            moments.activations.get(pipeline).copied()
        };
        of(object).or_else(|| {
            let users = self.users(&object.address);
            users.filter_map(|user| of(objects.get(user)?)).min()
        })
    }

    /// When the instances of an object are due, if that is not left to its schedule. Data is due with the first of those
    /// that write it, or else read it.
    fn due(&self, objects: &Objects, object: &Object) -> Option<Due> {
        let pipeline = |object: &Object| own_due(objects.get(object.pipeline.as_ref()?)?);
        let of = |user: &Address| {
            let user = objects.get(user)?;
            own_due(user).or_else(|| pipeline(user))
        };
        own_due(object)
            .or_else(|| {
                let early = self
                    .users(&object.address)
                    .any(|user| of(user) == Some(Due::Start));
                early.then_some(Due::Start)
            })
            .or_else(|| pipeline(object))
    }

    /// The activities with the schedule of a data node that write it; if there are none, those that read it.
    fn users(&self, node: &Address) -> impl Iterator<Item = &Address> {
        let users = match (self.writers(node), self.readers(node)) {
            ([], readers) => readers,
            (writers, _) => writers,
        };
        let same = |user: &&Address| self.schedule_address(user) == self.schedule_address(node);
        users.iter().filter(same)
    }

    /// The intervals of an activity or data node; `None`: on demand.
    pub fn schedule(&self, address: &Address) -> Option<&Timeline> {
        self.schedules.get(address)
    }

    /// The next interval of an object that becomes due after a moment; none left: the last one; on demand: the moment.
    pub fn next_interval(&self, address: &Address, now: Timestamp) -> Interval {
        let on_demand = Interval::moment(now);
        match self.schedule(address) {
            None => on_demand,
            Some(schedule) => schedule
                .next_due(now)
                .or_else(|| schedule.last_interval())
                .unwrap_or(on_demand),
        }
    }

    /// The activities and data nodes that have a schedule, with their intervals, by address.
    pub fn schedules(&self) -> impl Iterator<Item = (&Address, &Timeline)> {
        self.schedules.iter()
    }

    /// When the pipeline of an activity or data node with a schedule was activated.
    pub fn activation(&self, address: &Address) -> Option<Timestamp> {
        self.activations.get(address).copied()
    }

    /// The address of the schedule of an activity or data node.
    pub fn schedule_address(&self, address: &Address) -> Option<&Address> {
        self.objects.get(address)?.as_ref()
    }

    /// The time zone of an interval of an object: that of the schedule that the interval is of, also after another one has come.
    pub fn timezone_of(&self, address: &Address, interval: Interval) -> TimeZone {
        self.schedule(address).map_or(TimeZone::UTC, |schedule| {
            schedule.schedule_of(interval).timezone().clone()
        })
    }

    /// The time zone that new intervals of an object are shown in.
    pub fn timezone(&self, address: &Address) -> TimeZone {
        self.schedule(address)
            .map_or(TimeZone::UTC, |schedule| schedule.timezone().clone())
    }

    /// The activities that write a data node.
    pub fn writers(&self, node: &Address) -> &[Address] {
        self.writers.get(node).map_or(&[], Vec::as_slice)
    }

    /// The activities that read a data node.
    pub fn readers(&self, node: &Address) -> &[Address] {
        self.readers.get(node).map_or(&[], Vec::as_slice)
    }

    /// The intervals of a data node that an instance of `writer` for `interval` writes. Under one schedule they are the
    /// same: also for an interval from before that schedule was changed.
    pub fn written(&self, node: &Address, writer: &Address, interval: Interval) -> Vec<Interval> {
        let Some(schedule) = self.other_schedule(node, writer) else {
            return vec![interval];
        };
        schedule.overlapping(interval).collect()
    }

    /// The intervals of a data node that an instance of `reader` for `interval` reads, if all are there.
    pub fn read(&self, edge: &Dependency, reader: &Address, interval: Interval) -> Vec<Interval> {
        let node = &edge.producer;
        if edge.window.is_none() && self.other_schedule(node, reader).is_none() {
            return vec![interval];
        }
        let Some(schedule) = self.schedule(node) else {
            return vec![interval];
        };
        let mut found = match edge.need(interval, self.schedule(reader), Some(schedule)) {
            Need::Nothing => Vec::new(),
            Need::SameRun => vec![interval],
            Need::Newest => schedule.last_due(interval.end).into_iter().collect(),
            Need::In { span, due_by } => {
                let due = |found: &Interval| due_by.is_none_or(|at| schedule.due_at(*found) <= at);
                schedule.overlapping(span).filter(due).collect()
            }
        };
        if edge.require == Require::Latest {
            found.drain(..found.len().saturating_sub(1));
        }
        found
    }

    /// The schedule of a data node, if it is another one than that of its user.
    fn other_schedule(&self, node: &Address, user: &Address) -> Option<&Timeline> {
        let same = self.schedule_address(node) == self.schedule_address(user);
        self.schedule(node).filter(|_| !same)
    }

    fn infer(&mut self, node: &Address) -> Option<Address> {
        let users = match (self.writers(node), self.readers(node)) {
            ([], readers) => readers,
            (writers, _) => writers,
        };
        let (first, rest) = users.split_first()?;
        let schedule = self.objects.get(first).cloned().flatten();
        let other = rest.iter().find_map(|other| {
            let found = self.objects.get(other).cloned().flatten();
            (found != schedule).then(|| (other.clone(), found))
        });
        if let Some(other) = other {
            self.ambiguous.push(Ambiguous {
                node: node.clone(),
                one: (first.clone(), schedule.clone()),
                other,
            });
        }
        schedule
    }
}

/// What makes schedules the same: the object that describes it; when it begins, if that does not say it; and whether its instances are
/// due at the start of their intervals, if the schedule does not say it.
type Described<'a> = (&'a Address, Option<Timestamp>, Option<bool>);

/// The schedule of an object as it is after its changes, and those before.
fn changed(schedule: &Timeline, moments: &Moments, address: &Address) -> Timeline {
    let (cut, eras) = (moments.cuts.get(address), moments.eras.get(address));
    if cut.is_none() && eras.is_none() {
        return schedule.clone();
    }
    let current = schedule.current().clone().with_cut(cut.copied());
    let eras = eras.into_iter().flatten();
    eras.fold(Timeline::from(current), |timeline, era| {
        timeline.after(era.schedule.clone(), era.until)
    })
}

fn own_or_pipeline(objects: &Objects, object: &Object) -> Option<Address> {
    object.reference("schedule").or_else(|| {
        objects
            .get(object.pipeline.as_ref()?)?
            .reference("schedule")
    })
}
