//! What operators ask for: orders for a runner, pauses, and the audit trail of both.
//!
//! An order is written by a command and carried out by whoever holds the runner lease, in the transaction that also says
//! that it is done: a command beside a runner needs nothing but the state.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::Connection;
use rusqlite::Row;
use rusqlite::params;
use serde::Deserialize;
use serde::Serialize;

use super::Store;
use super::StoreError;
use super::definitions::signed;
use super::definitions::unsigned;
use super::micros;
use super::moment;
use crate::engine::Instance;
use crate::engine::InstanceKey;
use crate::engine::News;
use crate::engine::Operation;
use crate::engine::Order;
use crate::engine::Paused;
use crate::engine::Ranges;
use crate::objects::Address;
use crate::time::Interval;

/// Something that an operator has asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// When (UTC).
    pub at: Timestamp,
    /// By whom, `user@host`.
    pub who: String,
    /// The name of the command.
    pub operation: String,
    /// To what, as it was written.
    pub what: String,
    /// For how many instances (or objects, for a pause of these).
    pub asked: u64,
    /// How many were changed; `None`: it is not done yet.
    pub changed: Option<u64>,
}

/// An order to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedOrder {
    /// What the audit trail says.
    pub record: Record,
    /// What is asked for.
    pub operation: Operation,
    /// For which instances.
    pub targets: Vec<InstanceKey>,
    /// For which stretches of time, where there are too many to list.
    pub stretches: BTreeMap<Address, Ranges>,
}

/// Up to where somebody knows what has been written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The newest apply.
    pub serial: u64,
    /// The newest entry of the audit trail that is no apply.
    pub operation: u64,
}

/// An order as it is kept until it is done.
#[derive(Debug, Serialize, Deserialize)]
struct Targets {
    operation: Operation,
    /// By object: start and end, microseconds since 1970.
    instances: BTreeMap<Address, Vec<(i64, i64)>>,
    /// Stretches of time by object, in the same way.
    #[serde(default)]
    stretches: BTreeMap<Address, Vec<(i64, i64)>>,
}

impl Store {
    /// Writes an order, for a runner to carry out, and answers its number.
    pub fn order(&mut self, order: &PlacedOrder) -> Result<u64, StoreError> {
        put_order(&self.connection, order).map_err(|error| self.error(error))?;
        Ok(unsigned(self.connection.last_insert_rowid()))
    }

    /// Where the log of what others write ends: later news are news since then.
    pub fn position(&self) -> Result<Position, StoreError> {
        self.connection
            .query_row(
                "SELECT serial, (SELECT coalesce(max(id), 0) FROM operations) FROM meta",
                [],
                |row| {
                    Ok(Position {
                        serial: unsigned(row.get(0)?),
                        operation: unsigned(row.get(1)?),
                    })
                },
            )
            .map_err(|error| self.error(error))
    }

    /// Where a runner begins that comes now: before the first order that nobody has carried out, so that this is done by what
    /// was defined when it was written, and what was applied later comes after it; else where the log ends.
    pub fn untaken(&self) -> Result<Position, StoreError> {
        let first: Option<i64> = self
            .connection
            .query_row(
                "SELECT min(id) FROM operations WHERE done_at IS NULL AND targets IS NOT NULL",
                [],
                |row| row.get(0),
            )
            .map_err(|error| self.error(error))?;
        let Some(first) = first else {
            return self.position();
        };
        self.connection
            .query_row(
                "SELECT coalesce(max(serial), 0) FROM applies WHERE after_operation < ?1",
                [first],
                |row| {
                    Ok(Position {
                        serial: unsigned(row.get(0)?),
                        operation: unsigned(first - 1),
                    })
                },
            )
            .map_err(|error| self.error(error))
    }

    /// What was written since, and is to be taken by a runner, in the order in which it was written. Orders that nobody has
    /// carried out are news however old they are.
    pub fn news(&self, since: Position) -> Result<Vec<News>, StoreError> {
        let mut news: Vec<(u64, News)> = Vec::new();
        for (id, order) in self.numbered_orders()? {
            news.push((id, News::Asked(order)));
        }
        let changes = self.numbers(
            "SELECT id, 0 FROM operations WHERE id > ?1 AND targets IS NULL",
            since.operation,
        )?;
        news.extend(changes.into_iter().map(|(id, _)| (id, News::Changed)));
        news.sort_by_key(|(id, _)| *id);
        let applies = self.numbers(
            "SELECT after_operation, serial FROM applies WHERE serial > ?1 ORDER BY serial",
            since.serial,
        )?;
        for (after, serial) in applies {
            let at = news.partition_point(|(number, _)| *number <= after);
            news.insert(at, (after, News::Applied(serial)));
        }
        Ok(news.into_iter().map(|(_, item)| item).collect())
    }

    fn numbers(&self, query: &str, since: u64) -> Result<Vec<(u64, u64)>, StoreError> {
        self.rows(query, [signed(since)], |row| {
            Ok((unsigned(row.get(0)?), unsigned(row.get(1)?)))
        })
    }

    /// The orders that are not carried out yet, oldest first.
    pub fn open_orders(&self) -> Result<Vec<Order>, StoreError> {
        let orders = self.numbered_orders()?.into_iter();
        Ok(orders.map(|(_, order)| order).collect())
    }

    /// The objects that orders name which are not carried out yet; `None` if there is no such order. Nothing is read of their
    /// instances: an order may name a million of them.
    pub fn ordered_objects(&self) -> Result<Option<BTreeSet<Address>>, StoreError> {
        let kept = self.kept_orders()?;
        if kept.is_empty() {
            return Ok(None);
        }
        let objects = kept.into_iter().flat_map(|(_, _, kept)| {
            let listed = kept.instances.into_keys();
            listed.chain(kept.stretches.into_keys())
        });
        Ok(Some(objects.collect()))
    }

    /// The same as they are kept: with their numbers, and who has written them.
    fn kept_orders(&self) -> Result<Vec<(i64, String, Targets)>, StoreError> {
        let rows: Vec<(i64, String, String)> = self.rows(
            "SELECT id, who, targets FROM operations
             WHERE done_at IS NULL AND targets IS NOT NULL ORDER BY id",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
        rows.into_iter()
            .map(|(id, who, text)| {
                let kept: Targets = serde_json::from_str(&text)
                    .map_err(|error| self.damaged(format!("order {id}: {error}")))?;
                Ok((id, who, kept))
            })
            .collect()
    }

    /// The same with the instances that they name, and with their numbers.
    fn numbered_orders(&self) -> Result<Vec<(u64, Order)>, StoreError> {
        let kept = self.kept_orders()?.into_iter();
        kept.map(|(id, who, kept)| {
            let order = Order {
                id: Some(unsigned(id)),
                operation: kept.operation,
                who,
                targets: self.targets(kept.instances)?,
                stretches: stretches(kept.stretches),
            };
            Ok((unsigned(id), order))
        })
        .collect()
    }

    fn targets(
        &self,
        instances: BTreeMap<Address, Vec<(i64, i64)>>,
    ) -> Result<Vec<Instance>, StoreError> {
        let mut targets = Vec::new();
        for (object, intervals) in instances {
            for (start, end) in intervals {
                let key = InstanceKey {
                    object: object.clone(),
                    interval: Interval {
                        start: moment(start),
                        end: moment(end),
                    },
                };
                let kept = self.instance(&key)?;
                targets.push(kept.unwrap_or_else(|| Instance::new(key)));
            }
        }
        Ok(targets)
    }

    /// How many instances an order has changed; `None`: it is not carried out yet.
    pub fn order_result(&self, id: u64) -> Result<Option<u64>, StoreError> {
        let changed: Option<i64> = self
            .connection
            .query_row(
                "SELECT changed FROM operations WHERE id = ?1",
                [signed(id)],
                |row| row.get(0),
            )
            .map_err(|error| self.error(error))?;
        Ok(changed.map(unsigned))
    }

    /// Holds objects, or lets them go on, and says who has done so.
    pub fn set_pauses(
        &mut self,
        record: &Record,
        paused: &[Address],
        resumed: &[Address],
    ) -> Result<(), StoreError> {
        self.in_transaction(|transaction| {
            for address in paused {
                transaction.execute(
                    "INSERT OR IGNORE INTO pauses (object, who, at) VALUES (?1, ?2, ?3)",
                    params![address.as_str(), record.who, micros(record.at)],
                )?;
            }
            lift_pauses(transaction, resumed)?;
            put_record(transaction, record, None)?;
            Ok(Ok(()))
        })
    }

    /// What operators hold, by address.
    pub fn pauses(&self) -> Result<BTreeMap<Address, Paused>, StoreError> {
        self.rows("SELECT object, who, at FROM pauses", [], |row| {
            let paused = Paused {
                who: row.get(1)?,
                since: moment(row.get(2)?),
            };
            Ok((Address::new(row.get::<_, String>(0)?), paused))
        })
    }

    /// The intervals of each object that `catch_up` has passed over.
    pub fn dropped(&self) -> Result<BTreeMap<Address, Ranges>, StoreError> {
        let query = "SELECT object, start, \"end\" FROM dropped";
        let rows: Vec<(String, Interval)> = self.rows(query, [], |row| {
            let interval = Interval {
                start: moment(row.get(1)?),
                end: moment(row.get(2)?),
            };
            Ok((row.get(0)?, interval))
        })?;
        let mut dropped: BTreeMap<Address, Ranges> = BTreeMap::new();
        for (object, interval) in rows {
            dropped
                .entry(Address::new(object))
                .or_default()
                .insert(interval);
        }
        Ok(dropped)
    }

    /// What has been asked for, and what has been applied, the newest first.
    pub fn audit_trail(&self, limit: usize) -> Result<Vec<Record>, StoreError> {
        self.rows(
            "SELECT at, who, operation, what, asked, changed FROM operations
             UNION ALL
             SELECT at, who, operation, 'serial ' || serial, added + changed + destroyed + forgotten,
                    added + changed + destroyed + forgotten FROM applies
             ORDER BY at DESC LIMIT ?1",
            [i64::try_from(limit).unwrap_or(i64::MAX)],
            read_record,
        )
    }
}

fn stretches(kept: BTreeMap<Address, Vec<(i64, i64)>>) -> BTreeMap<Address, Ranges> {
    let range = |(start, end)| Interval {
        start: moment(start),
        end: moment(end),
    };
    kept.into_iter()
        .map(|(object, ranges)| (object, ranges.into_iter().map(range).collect()))
        .collect()
}

/// What is asked for of an object is asked for under its new address. What was asked for of another one that had this address
/// is forgotten with that.
pub(super) fn relocate(
    connection: &Connection,
    moves: &BTreeMap<Address, Address>,
) -> rusqlite::Result<()> {
    let mut select = connection.prepare_cached(
        "SELECT id, targets FROM operations WHERE done_at IS NULL AND targets IS NOT NULL",
    )?;
    let rows: Vec<(i64, String)> = select
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut update =
        connection.prepare_cached("UPDATE operations SET targets = ?2 WHERE id = ?1")?;
    for (id, text) in rows {
        // What cannot be read is reported where it is used.
        if let Ok(mut kept) = serde_json::from_str::<Targets>(&text) {
            rename(&mut kept.instances, moves);
            rename(&mut kept.stretches, moves);
            update.execute(params![id, written(&kept)?])?;
        }
    }
    Ok(())
}

fn rename<T>(by_object: &mut BTreeMap<Address, T>, moves: &BTreeMap<Address, Address>) {
    let renamed: Vec<(Address, T)> = moves
        .iter()
        .filter_map(|(old, new)| Some((new.clone(), by_object.remove(old)?)))
        .collect();
    for new in moves.values() {
        by_object.remove(new);
    }
    by_object.extend(renamed);
}

fn written(targets: &Targets) -> rusqlite::Result<String> {
    serde_json::to_string(targets)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

/// Lets objects go on.
pub(super) fn lift_pauses(connection: &Connection, objects: &[Address]) -> rusqlite::Result<()> {
    let mut lift = connection.prepare_cached("DELETE FROM pauses WHERE object = ?1")?;
    for address in objects {
        lift.execute([address.as_str()])?;
    }
    Ok(())
}

/// Writes an order.
pub(super) fn put_order(connection: &Connection, order: &PlacedOrder) -> rusqlite::Result<()> {
    let mut instances: BTreeMap<Address, Vec<(i64, i64)>> = BTreeMap::new();
    for key in &order.targets {
        let (start, end) = (micros(key.interval.start), micros(key.interval.end));
        let of_object = instances.entry(key.object.clone()).or_default();
        of_object.push((start, end));
    }
    let micros = |range: Interval| (micros(range.start), micros(range.end));
    let stretches = order.stretches.iter();
    let stretches = stretches
        .map(|(object, ranges)| (object.clone(), ranges.iter().map(micros).collect()))
        .collect();
    let kept = Targets {
        operation: order.operation,
        instances,
        stretches,
    };
    put_record(connection, &order.record, Some(&written(&kept)?))
}

/// Adds to the audit trail. Without targets there is nothing left to do.
pub(super) fn put_record(
    connection: &Connection,
    record: &Record,
    targets: Option<&str>,
) -> rusqlite::Result<()> {
    let done_at = targets.is_none().then(|| micros(record.at));
    connection
        .prepare_cached(
            "INSERT INTO operations (at, who, operation, what, asked, targets, changed, done_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            micros(record.at),
            record.who,
            record.operation,
            record.what,
            signed(record.asked),
            targets,
            record.changed.map(signed),
            done_at,
        ])?;
    Ok(())
}

/// An order has been carried out.
pub(super) fn put_result(
    connection: &Connection,
    id: u64,
    changed: u64,
    at: Timestamp,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE operations SET changed = ?2, done_at = ?3, targets = NULL WHERE id = ?1",
        )?
        .execute(params![signed(id), signed(changed), micros(at)])?;
    Ok(())
}

/// Intervals are passed over.
pub(super) fn put_dropped(
    connection: &Connection,
    object: &Address,
    span: Interval,
    at: Timestamp,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO dropped (object, start, \"end\", at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (object, start) DO UPDATE SET \"end\" = max(\"end\", excluded.\"end\")",
        )?
        .execute(params![
            object.as_str(),
            micros(span.start),
            micros(span.end),
            micros(at)
        ])?;
    Ok(())
}

fn read_record(row: &Row<'_>) -> rusqlite::Result<Record> {
    Ok(Record {
        at: moment(row.get(0)?),
        who: row.get(1)?,
        operation: row.get(2)?,
        what: row.get(3)?,
        asked: unsigned(row.get(4)?),
        changed: row.get::<_, Option<i64>>(5)?.map(unsigned),
    })
}
