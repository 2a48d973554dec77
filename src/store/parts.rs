//! A part of a state: some objects with what belongs to them, found by indexes.
//!
//! Apart from the readers of whole definitions because a step must cost in proportion to what it is about. Two tables make
//! it possible: who refers to whom, and when something is due. Both are written by every apply, `dues` by runners, too. A
//! state that an earlier version has written has neither until a runner or an apply has written them:
//! [`Store::is_indexed`] says so.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::Connection;
use rusqlite::OptionalExtension as _;
use rusqlite::ToSql;
use rusqlite::Transaction;
use rusqlite::params;
use serde_json::Value as Json;

use super::RunnerLease;
use super::Store;
use super::StoreError;
use super::StoredObject;
use super::definitions::signed;
use super::definitions::unsigned;
use super::micros;
use super::moment;
use super::runs::interval;
use crate::engine::Past;
use crate::engine::Ranges;
use crate::lang::stored;
use crate::objects::Address;

impl Store {
    /// Whether it is known who refers to whom and what is due when, as of a serial.
    pub fn is_indexed(&self, serial: u64) -> Result<bool, StoreError> {
        let indexed = indexed(&self.connection).map_err(|error| self.error(error))?;
        Ok(indexed.is_some_and(|indexed| indexed >= serial))
    }

    /// An object as of a serial.
    pub fn object_at(
        &self,
        address: &Address,
        serial: u64,
    ) -> Result<Option<StoredObject>, StoreError> {
        let row = self
            .connection
            .prepare_cached(
                "SELECT kind, type, pipeline, body, lifecycle FROM objects
                 WHERE address = ?1 AND from_serial <= ?2 AND (to_serial IS NULL OR to_serial > ?2)",
            )
            .and_then(|mut statement| {
                statement
                    .query_row(params![address.as_str(), signed(serial)], |row| {
                        Ok((
                            row.get::<_, String>(0)?,
                            row.get::<_, String>(1)?,
                            row.get::<_, Option<String>>(2)?,
                            row.get::<_, String>(3)?,
                            row.get::<_, Option<String>>(4)?,
                        ))
                    })
                    .optional()
            })
            .map_err(|error| self.error(error))?;
        let Some((kind, type_name, pipeline, body, lifecycle)) = row else {
            return Ok(None);
        };
        let read = |text: &str| {
            serde_json::from_str(text)
                .map_err(|error| self.damaged(format!("`{address}`: {error}")))
        };
        Ok(Some(StoredObject {
            address: address.clone(),
            kind,
            type_name,
            pipeline: pipeline.map(Address::new),
            body: read(&body)?,
            lifecycle: lifecycle.as_deref().map(read).transpose()?,
        }))
    }

    /// The addresses of all objects as of a serial.
    pub fn addresses_at(&self, serial: u64) -> Result<BTreeSet<Address>, StoreError> {
        let found = self.addresses(
            "SELECT address FROM objects INDEXED BY objects_by_pipeline
             WHERE from_serial <= ?1 AND (to_serial IS NULL OR to_serial > ?1)",
            &[&signed(serial)],
        )?;
        Ok(found.into_iter().collect())
    }

    /// The objects that refer to one, as of a serial.
    pub fn referrers_at(&self, target: &Address, serial: u64) -> Result<Vec<Address>, StoreError> {
        self.addresses(
            "SELECT source FROM referrers CROSS JOIN objects
             ON objects.address = source AND objects.from_serial = referrers.from_serial
             WHERE target = ?1 AND objects.from_serial <= ?2 AND (to_serial IS NULL OR to_serial > ?2)",
            &[&target.as_str(), &signed(serial)],
        )
    }

    /// The activities of a pipeline, as of a serial.
    pub fn activities_at(
        &self,
        pipeline: &Address,
        serial: u64,
    ) -> Result<Vec<Address>, StoreError> {
        self.addresses(
            "SELECT address FROM objects WHERE kind = 'activity' AND pipeline = ?1
             AND from_serial <= ?2 AND (to_serial IS NULL OR to_serial > ?2)",
            &[&pipeline.as_str(), &signed(serial)],
        )
    }

    /// The objects that have an interval that is due by a moment and was not made yet.
    pub fn due_by(&self, at: Timestamp) -> Result<Vec<Address>, StoreError> {
        self.addresses("SELECT object FROM dues WHERE at <= ?1", &[&micros(at)])
    }

    /// When the next interval of any object is due, after a moment.
    pub fn next_due(&self, after: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let next: Option<i64> = self
            .connection
            .prepare_cached("SELECT min(at) FROM dues WHERE at > ?1")
            .and_then(|mut statement| statement.query_row([micros(after)], |row| row.get(0)))
            .map_err(|error| self.error(error))?;
        Ok(next.map(moment))
    }

    /// Whether a runner has nothing to do: everything that was made has finished, nothing more is due by the horizon, nobody
    /// has asked for anything, no action is owed, and nothing is kept too long. False where that takes more than a look.
    /// Objects are looked up for wishes, which are few, and not the other way round: that is what `CROSS` says.
    pub fn is_at_rest(&self, horizon: Timestamp, now: Timestamp) -> Result<bool, StoreError> {
        self.connection
            .query_row(
                "SELECT indexed_serial IS serial
                    AND NOT EXISTS (SELECT 1 FROM instances WHERE status NOT IN ('FINISHED', 'SKIPPED'))
                    AND NOT EXISTS (SELECT 1 FROM dues WHERE at <= ?1)
                    AND NOT EXISTS (SELECT 1 FROM wishes CROSS JOIN objects ON address = object AND to_serial IS NULL)
                    AND NOT EXISTS (SELECT 1 FROM operations WHERE done_at IS NULL AND targets IS NOT NULL)
                    AND NOT EXISTS (SELECT 1 FROM resources WHERE ended_at IS NULL)
                    AND NOT EXISTS (SELECT 1 FROM retentions WHERE next_at <= ?2)
                    AND NOT EXISTS (SELECT 1 FROM deliveries)
                 FROM meta",
                [micros(horizon), micros(now)],
                |row| row.get(0),
            )
            .map_err(|error| self.error(error))
    }

    /// The past of some objects, without their instances that have not finished.
    pub fn part_of_past<'a>(
        &self,
        objects: impl IntoIterator<Item = &'a Address>,
    ) -> Result<Past, StoreError> {
        let mut part = Past::default();
        for object in objects {
            for (query, map) in [
                (
                    "SELECT start, \"end\" FROM settled WHERE object = ?1",
                    &mut part.settled,
                ),
                (
                    "SELECT start, \"end\" FROM dropped WHERE object = ?1",
                    &mut part.dropped,
                ),
            ] {
                let ranges = self.ranges(query, object)?;
                if !ranges.is_empty() {
                    map.insert(object.clone(), ranges);
                }
            }
            self.add_wishes_of(object, &mut part.wishes)?;
            let query = "SELECT made_until FROM cursors WHERE object = ?1";
            if let Some(until) = self.moment_of(query, object)? {
                part.made_until.insert(object.clone(), until);
            }
        }
        Ok(part)
    }

    /// When a pipeline was first activated.
    pub fn activation_of(&self, pipeline: &Address) -> Result<Option<Timestamp>, StoreError> {
        self.moment_of("SELECT at FROM activations WHERE pipeline = ?1", pipeline)
    }

    /// Where the intervals of a changed schedule of an object begin.
    pub fn cut_of(&self, object: &Address) -> Result<Option<Timestamp>, StoreError> {
        self.moment_of("SELECT at FROM cuts WHERE object = ?1", object)
    }

    /// Since when an object is there without a break, or was when it went (UTC).
    pub fn there_since_of(&self, object: &Address) -> Result<Option<Timestamp>, StoreError> {
        let query = "SELECT applies.at FROM (
                 SELECT from_serial, lag(to_serial) OVER (ORDER BY from_serial) AS before
                 FROM objects WHERE address = ?1
             ) JOIN applies ON applies.serial = from_serial
             WHERE before IS NOT from_serial ORDER BY from_serial DESC LIMIT 1";
        self.moment_of(query, object)
    }

    /// Writes anew who refers to whom and what is due when, for a state that an earlier version has written.
    pub fn reindex(
        &mut self,
        lease: &RunnerLease,
        serial: u64,
        dues: &BTreeMap<Address, Timestamp>,
    ) -> Result<(), StoreError> {
        self.fenced(lease, |transaction| {
            let found: i64 =
                transaction.query_row("SELECT serial FROM meta", [], |row| row.get(0))?;
            // Somebody has applied meanwhile: what is known here is old.
            if unsigned(found) == serial {
                put_all_referrers(transaction)?;
                put_dues(transaction, dues, signed(serial))?;
            }
            Ok(())
        })
    }

    fn addresses(&self, query: &str, values: &[&dyn ToSql]) -> Result<Vec<Address>, StoreError> {
        self.rows(query, values, |row| {
            Ok(Address::new(row.get::<_, String>(0)?))
        })
    }

    fn ranges(&self, query: &str, object: &Address) -> Result<Ranges, StoreError> {
        self.rows(query, [object.as_str()], |row| interval(row, 0))
    }

    fn moment_of(&self, query: &str, object: &Address) -> Result<Option<Timestamp>, StoreError> {
        let found: Option<i64> = self
            .connection
            .prepare_cached(query)
            .and_then(|mut statement| {
                statement
                    .query_row([object.as_str()], |row| row.get(0))
                    .optional()
            })
            .map_err(|error| self.error(error))?;
        Ok(found.map(moment))
    }
}

fn indexed(connection: &Connection) -> rusqlite::Result<Option<u64>> {
    let serial: Option<i64> =
        connection.query_row("SELECT indexed_serial FROM meta", [], |row| row.get(0))?;
    Ok(serial.map(unsigned))
}

/// Notes whom an object of a serial refers to.
pub(super) fn put_referrer(
    transaction: &Transaction<'_>,
    source: &Address,
    serial: i64,
    body: &Json,
) -> rusqlite::Result<()> {
    let mut put = transaction.prepare_cached(
        "INSERT OR IGNORE INTO referrers (target, source, from_serial) VALUES (?1, ?2, ?3)",
    )?;
    let mut targets = BTreeSet::new();
    stored::references(body, &mut |target| {
        targets.insert(target.to_owned());
    });
    for target in targets {
        put.execute(params![target, source.as_str(), serial])?;
    }
    Ok(())
}

/// Notes it for all objects of all serials.
fn put_all_referrers(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM referrers", [])?;
    let mut select = transaction.prepare(
        "SELECT address, from_serial, body FROM objects WHERE instr(body, '\"$ref\"') > 0",
    )?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (address, serial): (String, i64) = (row.get(0)?, row.get(1)?);
        // What cannot be read is reported where it is used.
        if let Ok(body) = serde_json::from_str(row.get_ref(2)?.as_str()?) {
            put_referrer(transaction, &Address::new(address), serial, &body)?;
        }
    }
    Ok(())
}

/// What an apply has made due, and when: all of it. Where nothing was known before, who refers to whom is written, too.
pub(super) fn put_index(
    transaction: &Transaction<'_>,
    dues: &BTreeMap<Address, Timestamp>,
    serial: i64,
) -> rusqlite::Result<()> {
    let before = indexed(transaction)?.map(signed);
    if before != Some(serial - 1) && serial > 1 {
        put_all_referrers(transaction)?;
    }
    put_dues(transaction, dues, serial)
}

fn put_dues(
    transaction: &Transaction<'_>,
    dues: &BTreeMap<Address, Timestamp>,
    serial: i64,
) -> rusqlite::Result<()> {
    let known: Vec<(String, i64)> = transaction
        .prepare("SELECT object, at FROM dues")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let known: BTreeMap<Address, i64> = known
        .into_iter()
        .map(|(object, at)| (Address::new(object), at))
        .collect();
    for object in known.keys().filter(|object| !dues.contains_key(*object)) {
        put_due(transaction, object, None)?;
    }
    for (object, at) in dues {
        if known.get(object) != Some(&micros(*at)) {
            put_due(transaction, object, Some(*at))?;
        }
    }
    transaction.execute("UPDATE meta SET indexed_serial = ?1", [serial])?;
    Ok(())
}

/// When the next interval of an object is due.
pub(super) fn put_due(
    connection: &Connection,
    object: &Address,
    at: Option<Timestamp>,
) -> rusqlite::Result<()> {
    match at {
        None => connection
            .prepare_cached("DELETE FROM dues WHERE object = ?1")?
            .execute([object.as_str()])?,
        Some(at) => connection
            .prepare_cached(
                "INSERT INTO dues (object, at) VALUES (?1, ?2)
                 ON CONFLICT (object) DO UPDATE SET at = excluded.at",
            )?
            .execute(params![object.as_str(), micros(at)])?,
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::SignedDuration;

    use super::super::Apply;
    use super::super::Holder;
    use super::super::PlacedOrder;
    use super::super::Record;
    use super::*;
    use crate::engine::Change;
    use crate::engine::Instance;
    use crate::engine::InstanceKey;
    use crate::engine::Operation;
    use crate::engine::Status;
    use crate::engine::Wish;
    use crate::time::Interval;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// Whether a runner that comes at a second has nothing to do.
    fn rests(store: &Store, second: i64) -> bool {
        store.is_at_rest(at(second), at(second)).unwrap()
    }

    fn instance(status: Status) -> [Change; 1] {
        let object = Address::new("pipeline.p.activity.a");
        let interval = Interval {
            start: at(0),
            end: at(10),
        };
        [Change::Instance(Instance {
            status,
            ..Instance::new(InstanceKey { object, interval })
        })]
    }

    #[test]
    fn a_state_is_not_at_rest_where_something_is_to_be_made_of_what_is_defined() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state.db");
        let mut store = Store::open(&path).unwrap();
        let holder = Holder::this_process("maria@laptop".to_owned(), "run", at(0));
        let lock = Store::lock_state(&path, &holder, Duration::ZERO).unwrap();
        let lease = store.lock_runner(&holder).unwrap();
        let apply = |expected_serial, puts| Apply {
            expected_serial,
            puts,
            dues: Some(BTreeMap::new()),
            ..Apply::default()
        };
        store.apply(&lock, &apply(0, Vec::new())).unwrap();
        let wished = |more: &[Interval], fewer: &[Interval]| Change::Wished {
            object: Address::new("a"),
            wish: Wish::Make,
            more: more.iter().copied().collect(),
            fewer: fewer.iter().copied().collect(),
        };
        let hour = [Interval {
            start: at(0),
            end: at(3600),
        }];
        // Of what is gone nothing is made.
        store.commit(&lease, &[wished(&hour, &[])]).unwrap();
        assert!(rests(&store, 50));
        let object = StoredObject {
            address: Address::new("a"),
            kind: "activity".to_owned(),
            type_name: "no_op".to_owned(),
            pipeline: None,
            body: serde_json::json!({}),
            lifecycle: None,
        };
        store.apply(&lock, &apply(1, vec![object])).unwrap();
        assert!(!rests(&store, 50));
        store.commit(&lease, &[wished(&[], &hour)]).unwrap();
        assert!(rests(&store, 50));
    }

    #[test]
    fn a_state_is_at_rest_when_nothing_can_happen() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state.db");
        let mut store = Store::open(&path).unwrap();
        let holder = Holder::this_process("maria@laptop".to_owned(), "run", at(0));
        let lock = Store::lock_state(&path, &holder, Duration::ZERO).unwrap();
        let apply = |expected_serial, kept: Option<i64>| Apply {
            expected_serial,
            at: at(0),
            dues: Some([(Address::new("a"), at(200))].into()),
            retain: kept.map(|kept| [(Address::new("a"), SignedDuration::from_secs(kept))].into()),
            ..Apply::default()
        };
        store.apply(&lock, &apply(0, None)).unwrap();
        assert!(rests(&store, 199) && !rests(&store, 200));

        let lease = store.lock_runner(&holder).unwrap();
        for (status, rest) in [
            (Status::WaitingOnDependencies, false),
            (Status::Running, false),
            (Status::Failed, false),
            (Status::Finished, true),
        ] {
            store.commit(&lease, &instance(status)).unwrap();
            assert_eq!(rests(&store, 50), rest, "{status:?}");
        }

        let order = PlacedOrder {
            record: Record {
                at: at(9),
                who: "maria@laptop".to_owned(),
                operation: "rerun".to_owned(),
                what: "a".to_owned(),
                asked: 1,
                changed: None,
            },
            operation: Operation::MarkFinished,
            targets: Vec::new(),
            stretches: BTreeMap::new(),
        };
        let id = store.order(&order).unwrap();
        assert!(!rests(&store, 50));
        let done = Change::Operated {
            id,
            instances: 0,
            at: at(10),
        };
        store.commit(&lease, &[done]).unwrap();
        assert!(rests(&store, 50));

        // What is kept for a time only is looked at once after an apply.
        store.apply(&lock, &apply(1, Some(86_400))).unwrap();
        assert!(!rests(&store, 50));
        let expired = store.expired(at(50), 10).unwrap().unwrap();
        store.remove(&lease, &expired).unwrap();
        assert!(rests(&store, 50));

        // What an earlier version has written is looked through.
        let unindexed = "UPDATE meta SET indexed_serial = NULL";
        store.connection.execute(unindexed, []).unwrap();
        assert!(!rests(&store, 50));
    }
}
