//! What has finished, kept compact: tallies, and merged ranges of intervals.
//!
//! Apart from the rows of instances because it must cost in proportion to the objects and not to their history, and because
//! it outlives rows that retention has removed. The triggers of the schema keep both with every change of a status, whoever
//! makes it; nothing here is written but when objects move.

use std::collections::BTreeMap;

use rusqlite::Connection;
use rusqlite::Transaction;
use rusqlite::params;

use super::Store;
use super::StoreError;
use super::definitions::unsigned;
use super::micros;
use super::runs::Counts;
use super::runs::interval;
use super::runs::status;
use crate::engine::Ranges;
use crate::objects::Address;
use crate::time::Interval;

impl Store {
    /// The finished and skipped intervals of each object, merged.
    pub fn settled(&self) -> Result<BTreeMap<Address, Ranges>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT object, start, \"end\" FROM settled ORDER BY object, start")
            .map_err(|error| self.error(error))?;
        let mut rows = statement.query([]).map_err(|error| self.error(error))?;
        let mut settled: BTreeMap<Address, Ranges> = BTreeMap::new();
        while let Some(row) = rows.next().map_err(|error| self.error(error))? {
            let read =
                || -> rusqlite::Result<(String, Interval)> { Ok((row.get(0)?, interval(row, 1)?)) };
            let (object, interval) = read().map_err(|error| self.error(error))?;
            settled
                .entry(Address::new(object))
                .or_default()
                .insert(interval);
        }
        Ok(settled)
    }

    /// How many instances of each object have each status, those among them whose rows were removed.
    pub fn counts(&self) -> Result<Counts, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT object, status, number + removed FROM tallies WHERE number + removed > 0
                 UNION ALL
                 SELECT object, status, count(*) FROM instances
                 WHERE status NOT IN ('FINISHED', 'SKIPPED') GROUP BY status, object",
            )
            .map_err(|error| self.error(error))?;
        let rows = statement
            .query_map([], |row| {
                Ok((
                    Address::new(row.get::<_, String>(0)?),
                    status(row, 1)?,
                    unsigned(row.get(2)?),
                ))
            })
            .map_err(|error| self.error(error))?;
        let mut counts = Counts::new();
        for row in rows {
            let (object, status, count) = row.map_err(|error| self.error(error))?;
            counts.entry(object).or_default().insert(status, count);
        }
        Ok(counts)
    }

    /// How many instances of each object wait that have begun: they keep to the definition that they have begun with.
    pub fn begun(&self) -> Result<BTreeMap<Address, u64>, StoreError> {
        let error = |error| self.error(error);
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT object, count(*) FROM instances
                 WHERE status NOT IN ('FINISHED', 'SKIPPED')
                     AND status IN ('WAITING_FOR_RUNNER', 'WAITING_ON_DEPENDENCIES')
                     AND definition IS NOT NULL GROUP BY object",
            )
            .map_err(error)?;
        let rows = statement
            .query_map([], |row| {
                Ok((
                    Address::new(row.get::<_, String>(0)?),
                    unsigned(row.get(1)?),
                ))
            })
            .map_err(error)?;
        rows.collect::<rusqlite::Result<_>>().map_err(error)
    }

    /// The intervals of each object behind those that were made one after the other, as far as they have an instance because
    /// an operator has asked for one: oldest first.
    pub fn made_beyond(&self) -> Result<BTreeMap<Address, Vec<Interval>>, StoreError> {
        let error = |error| self.error(error);
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT known.object, instances.start, instances.\"end\" FROM (
                     SELECT object FROM tallies
                     UNION SELECT object FROM instances WHERE status NOT IN ('FINISHED', 'SKIPPED')
                 ) AS known
                 LEFT JOIN cursors ON cursors.object = known.object
                 JOIN instances ON instances.object = known.object
                     AND instances.start >= coalesce(cursors.made_until, -9223372036854775808)
                     AND instances.\"end\" > instances.start
                 ORDER BY known.object, instances.start",
            )
            .map_err(error)?;
        let rows = statement
            .query_map([], |row| {
                let object = Address::new(row.get::<_, String>(0)?);
                Ok((object, interval(row, 1)?))
            })
            .map_err(error)?;
        let mut beyond: BTreeMap<Address, Vec<Interval>> = BTreeMap::new();
        for row in rows {
            let (object, interval) = row.map_err(error)?;
            beyond.entry(object).or_default().push(interval);
        }
        Ok(beyond)
    }
}

/// After the rows of instances have moved: what has finished moves with them, and joins what was at the new address.
pub(super) fn relocate(
    transaction: &Transaction<'_>,
    moves: &BTreeMap<Address, Address>,
) -> rusqlite::Result<()> {
    let mut arriving: BTreeMap<&Address, (Ranges, i64)> = BTreeMap::new();
    for (old, new) in moves {
        arriving.insert(
            new,
            (ranges_of(transaction, old)?, removed(transaction, old)?),
        );
    }
    // What was at a new address and stays there: not what moves away from it.
    for (new, (ranges, number)) in &mut arriving {
        if !moves.contains_key(*new) {
            for range in ranges_of(transaction, new)?.iter() {
                ranges.insert(range);
            }
            *number += removed(transaction, new)?;
        }
    }
    for address in moves.keys().chain(moves.values()) {
        for table in ["settled", "tallies"] {
            transaction
                .prepare_cached(&format!("DELETE FROM {table} WHERE object = ?1"))?
                .execute([address.as_str()])?;
        }
    }
    for (new, (mut ranges, removed)) in arriving {
        for open in unfinished(transaction, new)? {
            ranges.remove(open);
        }
        put_ranges(transaction, new, &ranges)?;
        put_tallies(transaction, new, removed)?;
    }
    Ok(())
}

fn ranges_of(connection: &Connection, object: &Address) -> rusqlite::Result<Ranges> {
    connection
        .prepare_cached("SELECT start, \"end\" FROM settled WHERE object = ?1")?
        .query_map([object.as_str()], |row| interval(row, 0))?
        .collect()
}

fn unfinished(connection: &Connection, object: &Address) -> rusqlite::Result<Vec<Interval>> {
    connection
        .prepare_cached(
            "SELECT start, \"end\" FROM instances WHERE object = ?1 AND status NOT IN ('FINISHED', 'SKIPPED')",
        )?
        .query_map([object.as_str()], |row| interval(row, 0))?
        .collect()
}

fn removed(connection: &Connection, object: &Address) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("SELECT coalesce(sum(removed), 0) FROM tallies WHERE object = ?1")?
        .query_row([object.as_str()], |row| row.get(0))
}

fn put_ranges(connection: &Connection, object: &Address, ranges: &Ranges) -> rusqlite::Result<()> {
    let mut put = connection
        .prepare_cached("INSERT INTO settled (object, start, \"end\") VALUES (?1, ?2, ?3)")?;
    for range in ranges.iter() {
        put.execute(params![
            object.as_str(),
            micros(range.start),
            micros(range.end)
        ])?;
    }
    Ok(())
}

fn put_tallies(connection: &Connection, object: &Address, removed: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO tallies (object, status, number)
             SELECT object, status, count(*) FROM instances
             WHERE object = ?1 AND status IN ('FINISHED', 'SKIPPED') GROUP BY object, status",
        )?
        .execute([object.as_str()])?;
    if removed > 0 {
        connection
            .prepare_cached(
                "INSERT INTO tallies (object, status, number, removed) VALUES (?1, 'FINISHED', 0, ?2)
                 ON CONFLICT (object, status) DO UPDATE SET removed = excluded.removed",
            )?
            .execute(params![object.as_str(), removed])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;
    use proptest::prelude::*;
    use rusqlite::Connection;

    use super::super::Store;
    use super::super::micros;
    use super::super::runs::put_instance;
    use crate::engine::Instance;
    use crate::engine::InstanceKey;
    use crate::engine::Ranges;
    use crate::engine::Status;
    use crate::objects::Address;
    use crate::time::Interval;

    fn interval(start: i64, end: i64) -> Interval {
        Interval {
            start: Timestamp::from_second(start).unwrap(),
            end: Timestamp::from_second(end).unwrap(),
        }
    }

    fn tenth(number: i64) -> Interval {
        interval(number * 10, number * 10 + 10)
    }

    fn instance(interval: Interval, status: Status) -> Instance {
        let object = Address::new("a");
        Instance {
            status,
            ..Instance::new(InstanceKey { object, interval })
        }
    }

    /// What is said of the object `a`: what has finished, and how many instances of each status there are.
    fn said(store: &Store) -> (Ranges, BTreeMap<Status, u64>) {
        let object = Address::new("a");
        let ranges = store.settled().unwrap().remove(&object);
        let counts = store.counts().unwrap().remove(&object);
        (ranges.unwrap_or_default(), counts.unwrap_or_default())
    }

    /// Takes away the row of an interval that has finished.
    fn remove(store: &Store, interval: Interval) {
        let start = [micros(interval.start)];
        for sql in [
            "UPDATE tallies SET removed = removed + (
                SELECT count(*) FROM instances WHERE start = ?1 AND status = 'FINISHED')",
            "DELETE FROM instances WHERE start = ?1 AND status = 'FINISHED'",
        ] {
            store.connection.execute(sql, start).unwrap();
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
        #[test]
        fn tallies_and_ranges_follow_whatever_happens_to_rows(
            moves in prop::collection::vec((0_i64..12, 0_u8..5), 1..60),
        ) {
            let directory = tempfile::tempdir().unwrap();
            let store = Store::open(&directory.path().join("state.db")).unwrap();
            store.connection.pragma_update(None, "synchronous", "OFF").unwrap();
            let mut finished: BTreeMap<i64, bool> = BTreeMap::new();
            for (number, what) in moves {
                let interval = tenth(number);
                match what {
                    0..3 => {
                        put_instance(&store.connection, &instance(interval, Status::Finished)).unwrap();
                        finished.insert(number, true);
                    }
                    3 => {
                        put_instance(&store.connection, &instance(interval, Status::Failed)).unwrap();
                        finished.insert(number, false);
                    }
                    _ => remove(&store, interval),
                }
                let (ranges, counts) = said(&store);
                let wanted = finished.iter().filter(|(_, finished)| **finished);
                let wanted: Vec<Interval> = wanted.map(|(number, _)| tenth(*number)).collect();
                let count = |status| counts.get(&status).copied().unwrap_or(0);
                prop_assert_eq!(count(Status::Finished), wanted.len() as u64);
                prop_assert_eq!(count(Status::Failed), (finished.len() - wanted.len()) as u64);
                prop_assert_eq!(ranges, wanted.into_iter().collect::<Ranges>());
            }
        }
    }

    #[test]
    fn an_older_state_says_the_same_before_and_after_it_is_migrated() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state.db");
        let old = Connection::open(&path).unwrap();
        old.execute_batch(include_str!("migrations/001.sql"))
            .unwrap();
        old.execute_batch(
            "PRAGMA application_id = 0x7070666d;
             PRAGMA user_version = 1;
             INSERT INTO meta (only_row, lineage, serial, fence) VALUES (1, 'old', 1, 0);",
        )
        .unwrap();
        let intervals = [(0, 10), (10, 20), (25, 30), (30, 40), (50, 50), (60, 70)];
        for (start, end) in intervals {
            let status = if start == 60 { "FAILED" } else { "FINISHED" };
            old.execute(
                "INSERT INTO instances (object, start, \"end\", status, attempts, failures)
                 VALUES ('a', ?1, ?2, ?3, 1, 0)",
                rusqlite::params![start * 1_000_000, end * 1_000_000, status],
            )
            .unwrap();
        }
        drop(old);
        let wanted = (
            Ranges::from_iter([interval(0, 20), interval(25, 40)]),
            BTreeMap::from([(Status::Finished, 5), (Status::Failed, 1)]),
        );
        assert_eq!(said(&Store::read(&path).unwrap()), wanted);
        assert_eq!(said(&Store::open(&path).unwrap()), wanted);
    }
}
