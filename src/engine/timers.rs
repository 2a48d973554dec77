//! What the passing of time brings to instances: at most one thing of each kind for each.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::Timestamp;

use super::model::InstanceKey;

/// What may happen when its moment has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// A retry may start.
    Retry,
    /// Preconditions are checked again.
    Check,
    /// Preconditions that could not be checked are tried again.
    Recheck,
    /// Its attempt has run for too long.
    Timeout,
    /// Nothing was heard of its attempt for too long.
    Silence,
    /// It should have finished by now.
    Late,
}

impl Timer {
    /// Those of an instance that waits or runs, which do not outlive that.
    pub(super) const OF_STATUS: [Self; 5] = [
        Self::Retry,
        Self::Check,
        Self::Recheck,
        Self::Timeout,
        Self::Silence,
    ];
}

/// The timers of all instances.
#[derive(Clone, Debug, Default)]
pub(super) struct Timers {
    queue: BTreeSet<(Timestamp, InstanceKey, Timer)>,
    at: BTreeMap<(InstanceKey, Timer), Timestamp>,
    /// How many of a kind there are.
    counts: BTreeMap<Timer, usize>,
}

impl Timers {
    /// Sets a timer, in the place of the one of its kind.
    pub(super) fn set(&mut self, key: &InstanceKey, timer: Timer, at: Timestamp) {
        self.clear(key, timer);
        self.queue.insert((at, key.clone(), timer));
        self.at.insert((key.clone(), timer), at);
        *self.counts.entry(timer).or_default() += 1;
    }

    /// Removes a timer.
    pub(super) fn clear(&mut self, key: &InstanceKey, timer: Timer) {
        let id = (key.clone(), timer);
        if let Some(at) = self.at.remove(&id) {
            self.queue.remove(&(at, id.0, timer));
            if let Some(count) = self.counts.get_mut(&timer) {
                *count -= 1;
            }
        }
    }

    /// The next moment at which something happens.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.queue.first().map(|(at, _, _)| *at)
    }

    /// Takes the next timer whose moment has come.
    pub(super) fn take_due(&mut self, now: Timestamp) -> Option<(InstanceKey, Timer)> {
        let (at, key, timer) = self.queue.first().cloned()?;
        if at > now {
            return None;
        }
        self.clear(&key, timer);
        Some((key, timer))
    }

    /// How many of a kind there are.
    pub(super) fn count(&self, timer: Timer) -> usize {
        self.counts.get(&timer).copied().unwrap_or(0)
    }
}
