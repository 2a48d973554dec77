//! Removing what has finished long ago: rows of instances and of their attempts.
//!
//! Apart from the rows themselves because it is bounded: a batch is one short transaction, and which objects are looked at is
//! found by an index. That an interval has finished outlives its row, in the ranges and tallies of what has settled.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use jiff::Timestamp;
use rusqlite::Connection;
use rusqlite::Transaction;
use rusqlite::params;

use super::RunnerLease;
use super::Store;
use super::StoreError;
use super::definitions::unsigned;
use super::micros;
use super::runs::interval;
use super::runs::status;
use crate::engine::InstanceKey;
use crate::engine::Status;
use crate::objects::Address;

/// What is kept of an object is looked at after this part of the time that it is kept.
const PART: i64 = 50;

/// But not more and not less often.
const SHORTEST: i64 = 60_000_000;
const LONGEST: i64 = 86_400_000_000;

/// How many objects are looked at in one go.
const OBJECTS: i64 = 200;

/// Instances that are to be removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expired {
    /// Which, and how they had ended.
    pub instances: Vec<(InstanceKey, Status)>,
    /// The objects that were looked at, and when they are looked at next, in microseconds.
    objects: Vec<(Address, i64)>,
}

impl Store {
    /// The instances that are kept no longer, about so many at most; `None` if there is nothing to look at.
    pub fn expired(&self, now: Timestamp, limit: usize) -> Result<Option<Expired>, StoreError> {
        let expired = self
            .find_expired(micros(now), limit)
            .map_err(|error| self.error(error))?;
        Ok(Some(expired).filter(|expired| !expired.objects.is_empty()))
    }

    fn find_expired(&self, now: i64, limit: usize) -> rusqlite::Result<Expired> {
        let mut expired = Expired::default();
        let mut objects = self.connection.prepare_cached(
            "SELECT object, keep FROM retentions WHERE next_at <= ?1 ORDER BY next_at, object LIMIT ?2",
        )?;
        let mut rows = objects.query([now, OBJECTS])?;
        while let Some(row) = rows.next()? {
            let Some(most @ 1..) = limit.checked_sub(expired.instances.len()) else {
                break;
            };
            let (object, keep): (String, i64) = (row.get(0)?, row.get(1)?);
            let object = Address::new(object);
            let found = self.find_expired_of(&object, now.saturating_sub(keep), most)?;
            let next_at = if found.len() < most {
                now.saturating_add((keep / PART).clamp(SHORTEST, LONGEST))
            } else {
                now
            };
            expired.instances.extend(found);
            expired.objects.push((object, next_at));
        }
        Ok(expired)
    }

    fn find_expired_of(
        &self,
        object: &Address,
        before: i64,
        limit: usize,
    ) -> rusqlite::Result<Vec<(InstanceKey, Status)>> {
        let mut select = self.connection.prepare_cached(
            "SELECT start, \"end\", status FROM instances
             WHERE object = ?1 AND start < ?2 AND status IN ('FINISHED', 'SKIPPED')
                AND coalesce(ended_at, \"end\") < ?2
             ORDER BY start LIMIT ?3",
        )?;
        let most = i64::try_from(limit).unwrap_or(i64::MAX);
        select
            .query_map(params![object.as_str(), before, most], |row| {
                let key = InstanceKey {
                    object: object.clone(),
                    interval: interval(row, 0)?,
                };
                Ok((key, status(row, 2)?))
            })?
            .collect()
    }

    /// Removes instances with their attempts, in one transaction. That they have finished stays. What has begun again
    /// meanwhile is left alone.
    pub fn remove(&mut self, lease: &RunnerLease, expired: &Expired) -> Result<(), StoreError> {
        self.fenced(lease, |transaction| {
            let mut removed: BTreeMap<(&Address, Status), i64> = BTreeMap::new();
            for (key, status) in &expired.instances {
                if remove_row(transaction, key, *status)? {
                    *removed.entry((&key.object, *status)).or_default() += 1;
                }
            }
            let mut note = transaction.prepare_cached(
                "UPDATE tallies SET removed = removed + ?3 WHERE object = ?1 AND status = ?2",
            )?;
            for ((object, status), number) in removed {
                note.execute(params![object.as_str(), status.as_str(), number])?;
            }
            let mut look = transaction
                .prepare_cached("UPDATE retentions SET next_at = ?2 WHERE object = ?1")?;
            for (object, next_at) in &expired.objects {
                look.execute(params![object.as_str(), next_at])?;
            }
            Ok(())
        })
    }

    /// How many instances of an object have finished and are not kept any more.
    pub fn removed_of(&self, object: &Address) -> Result<u64, StoreError> {
        self.connection
            .prepare_cached("SELECT coalesce(sum(removed), 0) FROM tallies WHERE object = ?1")
            .and_then(|mut statement| {
                statement.query_row([object.as_str()], |row| Ok(unsigned(row.get(0)?)))
            })
            .map_err(|error| self.error(error))
    }
}

fn remove_row(
    transaction: &Transaction<'_>,
    key: &InstanceKey,
    status: Status,
) -> rusqlite::Result<bool> {
    let (start, end) = (micros(key.interval.start), micros(key.interval.end));
    let gone = transaction
        .prepare_cached(
            "DELETE FROM instances WHERE object = ?1 AND start = ?2 AND \"end\" = ?3 AND status = ?4",
        )?
        .execute(params![key.object.as_str(), start, end, status.as_str()])?;
    if gone > 0 {
        for table in ["attempts", "actions", "deliveries"] {
            transaction
                .prepare_cached(&format!(
                    "DELETE FROM {table} WHERE object = ?1 AND start = ?2 AND \"end\" = ?3"
                ))?
                .execute(params![key.object.as_str(), start, end])?;
        }
    }
    Ok(gone > 0)
}

/// What an apply says about how long what has finished is kept: all of it. What changes is looked at by the next runner.
pub(super) fn put_retentions(
    connection: &Connection,
    retain: &BTreeMap<Address, SignedDuration>,
    at: Timestamp,
) -> rusqlite::Result<()> {
    let known: BTreeMap<String, i64> = connection
        .prepare("SELECT object, keep FROM retentions")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for object in known.keys() {
        if !retain.contains_key(&Address::new(object.as_str())) {
            connection
                .prepare_cached("DELETE FROM retentions WHERE object = ?1")?
                .execute([object])?;
        }
    }
    let mut put = connection.prepare_cached(
        "INSERT INTO retentions (object, keep, next_at) VALUES (?1, ?2, ?3)
         ON CONFLICT (object) DO UPDATE SET keep = excluded.keep, next_at = excluded.next_at",
    )?;
    for (object, keep) in retain {
        let keep = i64::try_from(keep.as_micros()).unwrap_or(i64::MAX);
        if known.get(object.as_str()) != Some(&keep) {
            put.execute(params![object.as_str(), keep, micros(at)])?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::SignedDuration;
    use jiff::Timestamp;

    use super::super::Filter;
    use super::super::Holder;
    use super::super::Store;
    use super::put_retentions;
    use crate::engine::Attempt;
    use crate::engine::Change;
    use crate::engine::Instance;
    use crate::engine::InstanceKey;
    use crate::engine::Ranges;
    use crate::engine::Status;
    use crate::objects::Address;
    use crate::time::Interval;

    const HOUR: i64 = 3600;

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(hour * HOUR).unwrap()
    }

    fn instance(object: &str, hour: i64, status: Status) -> Instance {
        let interval = Interval {
            start: at(hour),
            end: at(hour + 1),
        };
        let object = Address::new(object);
        Instance {
            status,
            attempts: 1,
            ended_at: Some(at(hour + 1)),
            ..Instance::new(InstanceKey { object, interval })
        }
    }

    fn attempt(instance: &Instance) -> Attempt {
        Attempt {
            instance: instance.key.clone(),
            number: 1,
            status: instance.status,
            started_at: at(0),
            ended_at: instance.ended_at,
            error: None,
            fence: 1,
        }
    }

    /// How many instances have a row, and whether the first one has an attempt.
    fn kept(store: &Store, object: &str) -> (usize, bool) {
        let filter = Filter {
            objects: Some(vec![Address::new(object)]),
            ..Filter::default()
        };
        let first = instance(object, 0, Status::Finished);
        let attempts = store.attempts(&first.key).unwrap();
        (
            store.instances(&filter).unwrap().len(),
            !attempts.is_empty(),
        )
    }

    #[test]
    fn what_is_removed_stays_finished_and_begins_anew_when_it_is_asked_for() {
        let directory = tempfile::tempdir().unwrap();
        let mut store = Store::open(&directory.path().join("state.db")).unwrap();
        let holder = Holder::this_process("maria@laptop".to_owned(), "run", at(0));
        let lease = store.lock_runner(&holder).unwrap();
        let mut changes = Vec::new();
        for object in ["kept", "short"] {
            for hour in 0..100 {
                let status = if hour == 3 {
                    Status::Failed
                } else {
                    Status::Finished
                };
                let instance = instance(object, hour, status);
                changes.push(Change::Attempt(attempt(&instance)));
                changes.push(Change::Instance(instance));
            }
        }
        store.commit(&lease, &changes).unwrap();
        let short = Address::new("short");
        let retain = BTreeMap::from([(short.clone(), SignedDuration::from_hours(10))]);
        put_retentions(&store.connection, &retain, at(100)).unwrap();
        let before = (store.settled().unwrap(), store.counts().unwrap());

        let mut removed = 0;
        while let Some(expired) = store.expired(at(100), 20).unwrap() {
            assert!(expired.instances.len() <= 20);
            removed += expired.instances.len();
            store.remove(&lease, &expired).unwrap();
        }
        // What has ended in the last ten hours, and what has failed.
        assert_eq!(removed, 88);
        assert_eq!(kept(&store, "short"), (12, false));
        assert_eq!(kept(&store, "kept"), (100, true));
        assert_eq!(store.removed_of(&short).unwrap(), 88);
        assert_eq!((store.settled().unwrap(), store.counts().unwrap()), before);

        // One of them runs once more.
        let anew = instance("short", 50, Status::WaitingForRunner);
        let running = anew.key.interval;
        store.commit(&lease, &[Change::Instance(anew)]).unwrap();
        let mut ranges: Ranges = before.0[&short].iter().collect();
        ranges.remove(running);
        assert_eq!(store.settled().unwrap()[&short], ranges);
        assert_eq!(store.counts().unwrap()[&short][&Status::Finished], 98);
        let done = instance("short", 50, Status::Finished);
        store.commit(&lease, &[Change::Instance(done)]).unwrap();
        assert_eq!((store.settled().unwrap(), store.counts().unwrap()), before);
    }

    #[test]
    fn an_apply_says_how_long_and_a_later_one_says_otherwise() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("state.db")).unwrap();
        let known = || -> Vec<(String, i64, i64)> {
            let mut statement = store
                .connection
                .prepare("SELECT object, keep, next_at FROM retentions ORDER BY object")
                .unwrap();
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
            rows.unwrap().map(Result::unwrap).collect()
        };
        let retain = |hours: &[(&str, i64)]| -> BTreeMap<Address, SignedDuration> {
            let hours = hours.iter();
            hours
                .map(|(object, hours)| (Address::new(*object), SignedDuration::from_hours(*hours)))
                .collect()
        };
        let micros = |hours: i64| hours * HOUR * 1_000_000;
        put_retentions(&store.connection, &retain(&[("a", 1), ("b", 2)]), at(5)).unwrap();
        put_retentions(&store.connection, &retain(&[("a", 1), ("c", 3)]), at(6)).unwrap();
        assert_eq!(
            known(),
            [
                ("a".to_owned(), micros(1), micros(5)),
                ("c".to_owned(), micros(3), micros(6)),
            ]
        );
    }
}
