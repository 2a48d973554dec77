//! What an object waits for: who, in which stretch of time, and how much of it.
//!
//! Apart from the engine, which waits, and from the graph, which orders: both, and the plan, must mean the same by an edge.

use jiff::Timestamp;

use super::address::Address;
use super::kind::Kind;
use super::object::Object;
use super::object::Reading;
use super::settings::Objects;
use super::timetable::Timetable;
use crate::lang::Value;
use crate::time::Interval;
use crate::time::Timeline;
use crate::time::Window;

/// How many of the instances in its window a reader needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Require {
    /// Every one.
    #[default]
    All,
    /// One that is finished, whichever.
    Any,
    /// The newest.
    Latest,
}

impl Require {
    /// The words that say so.
    pub const WORDS: &'static [&'static str] = &crate::lang::REQUIRE_WORDS;

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Any => "any",
            Self::Latest => "latest",
        }
    }

    /// What a word says.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "all" => Self::All,
            "any" => Self::Any,
            "latest" => Self::Latest,
            _ => return None,
        })
    }
}

/// An edge: an object waits for instances of `producer`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// The object waited for.
    pub producer: Address,
    /// The stretch of time that is meant; `None`: the interval of the one who waits.
    pub window: Option<Window>,
    /// Whether the window ends before the interval begins, so that who waits may have come before what it waits for.
    pub past: bool,
    /// How many of the instances there it needs.
    pub require: Require,
}

/// Which instances of a producer one instance needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// None: there is no time in its window.
    Nothing,
    /// The newest that has finished: who is on demand and has no window reads that.
    Newest,
    /// That of the same run on demand.
    SameRun,
    /// Those whose interval overlaps a stretch of time.
    In {
        /// That stretch.
        span: Interval,
        /// For who is on demand: without those that were not due then.
        due_by: Option<Timestamp>,
    },
}

/// What has happened so far, as far as it decides which data there is.
pub trait History {
    /// The intervals of a producer that are needed and finished, oldest first. `None` for what has no instances to wait for:
    /// its data is taken to be there.
    fn finished(&self, producer: &Address, need: Need, require: Require) -> Option<Vec<Interval>>;
}

impl Dependency {
    /// An edge to all instances whose interval overlaps that of the one who waits.
    pub fn aligned(producer: Address) -> Self {
        Self {
            producer,
            window: None,
            past: false,
            require: Require::All,
        }
    }

    /// The stretch of time that is meant for an interval of the one who waits, whose schedule this is (`None`: on demand).
    /// `None` when there is no time in it.
    pub fn span(&self, interval: Interval, reader: Option<&Timeline>) -> Option<Interval> {
        let Some(window) = &self.window else {
            return Some(interval);
        };
        let span = window.span(interval, reader.map(|reader| reader.schedule_of(interval)))?;
        // Where the clock was moved, a day before may end an hour late. It must not reach the interval itself.
        let end = if self.past {
            span.end.min(interval.start)
        } else {
            span.end
        };
        (span.start < end).then_some(Interval { end, ..span })
    }

    /// Which instances of a producer with one schedule an interval of a reader with another needs.
    pub fn need(
        &self,
        interval: Interval,
        reader: Option<&Timeline>,
        producer: Option<&Timeline>,
    ) -> Need {
        match (self.window, interval.is_moment(), producer) {
            (None, true, Some(_)) => Need::Newest,
            (None, true, None) => Need::SameRun,
            _ => match self.span(interval, reader) {
                None => Need::Nothing,
                Some(span) => Need::In {
                    span,
                    due_by: interval.is_moment().then_some(interval.end),
                },
            },
        }
    }

    /// Between which moments the interval of the one who waits must end, so that its window can reach into `read`.
    pub fn readers(&self, read: Interval) -> Option<Interval> {
        Some(self.window?.readers(read))
    }
}

/// Whether an object has instances: activities do, and data nodes that something has to wait for.
pub fn has_instances(object: &Object, timetable: &Timetable) -> bool {
    match object.kind() {
        Kind::Activity => true,
        Kind::DataNode => is_waited_for(object, timetable),
        _ => false,
    }
}

/// Whether instances of a data node say something that its readers do not know by themselves.
fn is_waited_for(node: &Object, timetable: &Timetable) -> bool {
    let read = !timetable.readers(&node.address).is_empty();
    let written = !timetable.writers(&node.address).is_empty();
    let guarded = node.get("precondition").is_some();
    (read || written) && guarded || read && written || read && node.get("depends_on").is_some()
}

/// The activities that read data which nothing brings: no activity writes it, and neither the data node nor who reads it waits for
/// a check, or for other work, which may bring data without naming it.
pub fn unguarded_readers<'a>(
    objects: &'a Objects,
    timetable: &Timetable,
    node: &Object,
) -> Vec<&'a Object> {
    if !timetable.writers(&node.address).is_empty() {
        return Vec::new();
    }
    unguarded(objects, node, timetable.readers(&node.address))
}

/// The activities that write a data node, where neither that nor who writes it waits for a check, or for other work, which may make what
/// is written to.
pub fn unguarded_writers<'a>(
    objects: &'a Objects,
    timetable: &Timetable,
    node: &Object,
) -> Vec<&'a Object> {
    unguarded(objects, node, timetable.writers(&node.address))
}

/// Those of the users of a data node that wait for nothing besides their data; none where that does itself.
fn unguarded<'a>(objects: &'a Objects, node: &Object, users: &[Address]) -> Vec<&'a Object> {
    if is_guarded(node) {
        return Vec::new();
    }
    let users = users.iter().filter_map(|user| objects.get(user));
    users.filter(|user| !is_guarded(user)).collect()
}

/// Whether an object waits for something besides its data.
fn is_guarded(object: &Object) -> bool {
    let names = |attribute| !object.references(attribute).is_empty();
    names("precondition") || names("depends_on")
}

/// What an activity or a data node waits for, by producer.
pub fn dependencies(objects: &Objects, timetable: &Timetable, object: &Object) -> Vec<Dependency> {
    let mut found: Vec<Dependency> = Vec::new();
    let mut add = |dependency: Dependency| {
        if !found.contains(&dependency) {
            found.push(dependency);
        }
    };
    for reading in object.readings("depends_on") {
        match objects.get(&reading.address).map(Object::kind) {
            Some(Kind::Pipeline) => activities(objects, &reading.address)
                .for_each(|activity| add(edge(object, activity.address.clone()))),
            _ => add(reads(timetable, object, &reading)),
        }
    }
    if object.kind() == Kind::DataNode {
        for writer in timetable.writers(&object.address) {
            add(edge(object, writer.clone()));
        }
    }
    for reading in object.readings("input") {
        let node = objects.get(&reading.address);
        if node.is_some_and(|node| is_waited_for(node, timetable)) {
            add(reads(timetable, object, &reading));
        }
    }
    found.sort_by(|one, other| one.producer.cmp(&other.producer));
    found
}

/// The edge from an object to what it reads or waits for: how much of that it needs says the reference, else the object.
pub fn reads(timetable: &Timetable, reader: &Object, reading: &Reading) -> Dependency {
    let edge = edge(reader, reading.address.clone());
    let schedule = timetable.schedule(&reader.address);
    let past = |window: Window| window.is_past(schedule.map(Timeline::current));
    Dependency {
        window: reading.window,
        past: reading.window.is_some_and(past),
        require: reading.require.unwrap_or(edge.require),
        ..edge
    }
}

/// An edge to what overlaps, as much of it as an object needs of all.
fn edge(object: &Object, producer: Address) -> Dependency {
    let require = match object.get("require") {
        Some(Value::String(word)) => Require::parse(word),
        _ => None,
    };
    Dependency {
        require: require.unwrap_or_default(),
        ..Dependency::aligned(producer)
    }
}

/// The activities of a pipeline.
pub fn activities<'a>(
    objects: &'a Objects,
    pipeline: &'a Address,
) -> impl Iterator<Item = &'a Object> {
    objects.values().filter(move |object| {
        object.kind() == Kind::Activity && object.pipeline.as_ref() == Some(pipeline)
    })
}
