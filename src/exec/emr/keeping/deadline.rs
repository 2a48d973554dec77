//! Until when a cluster may be as it is, and what is lost with one that is ended or has failed.

use std::time::Duration;

use jiff::Timestamp;

use super::Record;

/// What it means that there is no cluster any more, for those that wait for it or work on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loss {
    /// It was not ready yet: another one is asked for.
    Unready,
    /// Work may have been on it, which is tried again on another one.
    OfWork,
    /// It would be the same with another one.
    ForGood,
}

/// Until when a cluster may be as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Deadline {
    /// How long that is.
    pub(super) left: Duration,
    /// What it means that it is over.
    pub(super) loss: Loss,
    /// Why it is not longer.
    pub(super) why: String,
}

impl Loss {
    /// That of a cluster that has failed.
    pub(super) const fn after(was_ready: bool) -> Self {
        if was_ready {
            Self::OfWork
        } else {
            Self::Unready
        }
    }
}

impl Deadline {
    /// That of a cluster: the first of its `init_timeout`, until it is ready, and its `terminate_after`. `None`: it has none.
    pub(super) fn of(record: &Record, now: Timestamp) -> Option<Self> {
        let left = |at: Timestamp| Duration::try_from(at.duration_since(now)).unwrap_or_default();
        let starts = record.init_by.filter(|_| record.ready_at.is_none());
        let starts = starts.map(|at| {
            let given = at.duration_since(record.requested_at);
            Self {
                left: left(at),
                loss: Loss::Unready,
                why: format!("it was not ready within its `init_timeout` of {given:#}"),
            }
        });
        let ends = record.terminate_at.map(|at| {
            let given = at.duration_since(record.requested_at);
            Self {
                left: left(at),
                loss: Loss::ForGood,
                why: format!("its `terminate_after` of {given:#} was over"),
            }
        });
        let deadlines = starts.into_iter().chain(ends);
        deadlines.min_by_key(|deadline| deadline.left)
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::super::super::standing_in::cluster;
    use super::*;

    #[test]
    fn terminate_after_ends_work_for_good_and_init_timeout_does_not() {
        let mut cluster = cluster();
        cluster.terms.init_timeout = Some(SignedDuration::from_mins(10));
        cluster.terms.terminate_after = Some(SignedDuration::from_hours(1));
        let now = Timestamp::UNIX_EPOCH;
        let mut record = Record::new(&cluster, 1, now);
        let starts = Deadline::of(&record, now).unwrap();
        assert_eq!((starts.left.as_secs(), starts.loss), (600, Loss::Unready));
        record.ready_at = Some(now);
        let ends = Deadline::of(&record, now).unwrap();
        assert_eq!((ends.left.as_secs(), ends.loss), (3600, Loss::ForGood));
        assert!(ends.why.contains("terminate_after"), "{}", ends.why);
    }
}
