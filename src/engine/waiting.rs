//! What an instance waits for, as data: for `status`, `run --dry-run` and, later, the API and the console.

use jiff::Timestamp;

use super::alignment::Standing;
use super::machine::Engine;
use super::model::Dependency;
use super::model::Instance;
use super::model::InstanceKey;
use super::model::Require;
use super::model::Status;
use super::model::Unit;
use super::model::UnitKind;
use super::ranges::Ranges;
use crate::objects::Address;
use crate::objects::Need;
use crate::time::Interval;

/// One thing that an instance waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Another instance.
    Instance {
        /// Which.
        key: InstanceKey,
        /// How it stands.
        status: Status,
        /// Why it does not go on, if it says.
        reason: Option<String>,
    },
    /// An instance that is not due yet.
    NotDue {
        /// The object.
        object: Address,
        /// Its interval.
        interval: Interval,
        /// When it will be due (UTC).
        due: Timestamp,
        /// Whether it is not made when it is due, because its object is not active.
        held: bool,
    },
    /// The first finished interval of an object that has none yet.
    First {
        /// The object.
        object: Address,
    },
    /// Its preconditions.
    Preconditions {
        /// What the last check said; `None` before the first.
        reason: Option<String>,
        /// When they are checked again (UTC).
        next_check: Option<Timestamp>,
    },
    /// The pause before its next attempt.
    Retry {
        /// Until when (UTC).
        until: Timestamp,
        /// Why the last attempt failed.
        reason: Option<String>,
    },
    /// An attempt of its own activity to end: no more may be under way at once.
    OwnPlace {
        /// How many may (`max_active_instances`).
        most: u32,
    },
    /// A free place.
    Place,
    /// Free slots of its pool.
    Pool {
        /// The pool.
        pool: Address,
    },
    /// It, or its pipeline, is not active.
    Inactive,
}

/// Things that an instance waits for, found as they are asked for.
pub type Waits<'a> = Box<dyn Iterator<Item = Wait> + 'a>;

/// An input of what is on demand that has not come to its newest interval: an older one is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behind {
    /// The input.
    pub object: Address,
    /// The latest interval of it that has finished.
    pub latest: Interval,
    /// The newest that is due.
    pub due: Interval,
}

impl Engine {
    /// Of the inputs of what is on demand those that have not come to their newest interval.
    pub fn behind(&self, object: &Address, now: Timestamp) -> Vec<Behind> {
        let Some(unit) = self.unit(object) else {
            return Vec::new();
        };
        let behind = |edge: &Dependency| {
            let need = self.need(unit, edge, Interval::moment(now));
            let schedule = self.unit(&edge.producer)?.schedule.as_ref()?;
            let finished = self.newest_finished(&edge.producer)?;
            let found = Behind {
                object: edge.producer.clone(),
                latest: schedule.last_overlapping(finished)?,
                due: schedule.last_due(now)?,
            };
            (need == Need::Newest && found.latest.start < found.due.start).then_some(found)
        };
        unit.dependencies.iter().filter_map(behind).collect()
    }

    /// What an instance waits for, oldest interval first; empty if it runs or can start.
    pub fn waiting_on(&self, key: &InstanceKey) -> Vec<Wait> {
        self.waits(key).collect()
    }

    /// The same, found one after the other, as far as somebody asks.
    pub fn waits(&self, key: &InstanceKey) -> Waits<'_> {
        let (Some(instance), Some(unit)) = (self.live.get(key), self.unit(&key.object)) else {
            return Box::new(std::iter::empty());
        };
        let wait = match instance.status {
            Status::WaitingForRunner | Status::WaitingOnDependencies if !unit.active => {
                Some(Wait::Inactive)
            }
            Status::WaitingForRunner => match instance.not_before {
                Some(until) => Some(Wait::Retry {
                    until,
                    reason: instance.reason.clone(),
                }),
                None if self.is_full(unit) => Some(Wait::OwnPlace {
                    most: unit.max_active_instances,
                }),
                None if let Some(pool) = self.full_pool(unit) => Some(Wait::Pool { pool }),
                None => self.lacks_place(unit).then_some(Wait::Place),
            },
            Status::WaitingOnDependencies => {
                let interval = key.interval;
                let edges = unit.dependencies.iter();
                let waits = edges.flat_map(move |edge| self.waits_for(unit, edge, interval));
                let mut waits = waits.peekable();
                if waits.peek().is_some() || unit.preconditions.is_empty() {
                    return Box::new(waits);
                }
                Some(Wait::Preconditions {
                    reason: instance.reason.clone(),
                    next_check: instance.not_before,
                })
            }
            _ => None,
        };
        Box::new(wait.into_iter())
    }

    /// The instances of a producer that an interval waits for.
    fn waits_for<'a>(&'a self, unit: &Unit, edge: &'a Dependency, interval: Interval) -> Waits<'a> {
        if self.standing(unit, edge, interval) == Standing::Settled {
            return Box::new(std::iter::empty());
        }
        let producer = &edge.producer;
        let wait = |instance: &Instance| Wait::Instance {
            key: instance.key.clone(),
            status: instance.status,
            reason: instance.reason.clone(),
        };
        match self.need(unit, edge, interval) {
            Need::Nothing => Box::new(std::iter::empty()),
            Need::Newest => Box::new(std::iter::once(Wait::First {
                object: producer.clone(),
            })),
            Need::SameRun => Box::new(self.live_of_run(producer, interval).map(wait)),
            Need::In { span, due_by } => {
                let span = match edge.require {
                    Require::Latest => self.newest_in(producer, span, due_by).unwrap_or(span),
                    Require::All | Require::Any => span,
                };
                let live = self.live_in(producer, span, due_by).map(wait);
                let unmade = self.missing(producer, span, due_by);
                let unmade = unmade.filter_map(|needed| self.not_due(producer, needed));
                Box::new(live.chain(unmade))
            }
        }
    }

    /// An interval of a producer that has no instance yet.
    fn not_due(&self, producer: &Address, interval: Interval) -> Option<Wait> {
        let key = InstanceKey {
            object: producer.clone(),
            interval,
        };
        let unit = self.unit(producer)?;
        let schedule = unit.schedule.as_ref()?;
        (!self.live.contains_key(&key)).then(|| Wait::NotDue {
            object: key.object,
            interval,
            due: schedule.due_at(interval),
            held: !unit.active,
        })
    }

    /// The newest stretches of time that `catch_up` has passed over for an object, oldest first.
    pub fn passed_over(&self, object: &Address, number: usize) -> Vec<Interval> {
        let Some(dropped) = self.dropped.get(object) else {
            return Vec::new();
        };
        let mut found: Vec<Interval> = Vec::new();
        for stretch in dropped.iter().rev() {
            let parts = self.passed_over_within(object, stretch).into_iter().rev();
            found.extend(parts.take(number - found.len()));
            if found.len() == number {
                break;
            }
        }
        found.reverse();
        found
    }

    /// What of a stretch of time `catch_up` has passed over for an object, oldest first. What was back-filled later is there
    /// after all.
    pub(super) fn passed_over_within(&self, object: &Address, span: Interval) -> Vec<Interval> {
        let dropped = self.dropped.get(object);
        let within = |ranges: &Ranges| ranges.within(span).collect::<Vec<Interval>>();
        let mut rest: Ranges = dropped.map(within).into_iter().flatten().collect();
        if rest.is_empty() {
            return Vec::new();
        }
        let settled = self.settled.get(object).map(within);
        let live = self.live_in(object, span, None);
        let made = live.map(|instance| instance.key.interval);
        let asked = self.wanted(object).map(within);
        let asked = asked.into_iter().flatten();
        for interval in settled.into_iter().flatten().chain(made).chain(asked) {
            rest.remove(interval);
        }
        rest.iter().collect()
    }

    /// How many instances of activities wait: for data, for others, for a place or for their next attempt.
    pub fn waiting_activities(&self) -> u64 {
        let waiting = self.live.values().filter(|instance| {
            matches!(
                instance.status,
                Status::WaitingOnDependencies | Status::WaitingForRunner
            ) && self
                .unit(&instance.key.object)
                .is_some_and(|unit| unit.kind == UnitKind::Activity)
        });
        u64::try_from(waiting.count()).unwrap_or(u64::MAX)
    }
}
