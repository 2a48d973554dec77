//! Giving objects another address: their definitions as of every serial, what refers to them, their runs, and what is asked for.

use std::collections::BTreeMap;

use rusqlite::Transaction;
use rusqlite::params;
use serde_json::Value as Json;

use super::operations;
use super::settled;
use crate::lang::stored;
use crate::objects::Address;

/// Tables whose rows belong to an object, and the column that says to which.
const KEYED: [(&str, &str); 17] = [
    ("activations", "pipeline"),
    ("cuts", "object"),
    ("eras", "object"),
    ("cursors", "object"),
    ("instances", "object"),
    ("attempts", "object"),
    ("actions", "object"),
    ("actions", "action"),
    ("deliveries", "object"),
    ("deliveries", "action"),
    ("resources", "object"),
    ("dropped", "object"),
    ("wishes", "object"),
    ("pauses", "object"),
    ("dues", "object"),
    ("referrers", "target"),
    ("referrers", "source"),
];

/// Tables that say how far an object has come, or what is asked for of it, and the column that says of which object: nothing of
/// this may go over to another one that gets its address.
const OF_FORMER: [(&str, &str); 8] = [
    ("activations", "pipeline"),
    ("cuts", "object"),
    ("eras", "object"),
    ("cursors", "object"),
    ("dropped", "object"),
    ("wishes", "object"),
    ("pauses", "object"),
    ("dues", "object"),
];

/// No address begins so: what is on its way must not meet what is still there.
const ON_THE_WAY: &str = "\u{1}";

/// Moves all that is kept under old addresses to the new ones. Where an object that is gone had the new address, what is
/// moved takes its place: of that other one stays what has finished.
pub(super) fn relocate(
    transaction: &Transaction<'_>,
    moves: &BTreeMap<Address, Address>,
) -> rusqlite::Result<()> {
    if moves.is_empty() {
        return Ok(());
    }
    for new in moves.values().filter(|new| !moves.contains_key(*new)) {
        forget_former(transaction, new)?;
    }
    for (table, column) in KEYED {
        let mut update = transaction.prepare_cached(&format!(
            "UPDATE OR REPLACE {table} SET {column} = ?2 WHERE {column} = ?1"
        ))?;
        for (old, new) in moves {
            update.execute(params![old.as_str(), on_the_way(new)])?;
        }
        for new in moves.values() {
            update.execute(params![on_the_way(new), new.as_str()])?;
        }
    }
    settled::relocate(transaction, moves)?;
    operations::relocate(transaction, moves)?;
    relocate_objects(transaction, moves)?;
    rename_references(transaction, moves)
}

/// Forgets of an object that is gone all that would keep another one at its address from running: what has not finished, and
/// how far it has come.
fn forget_former(transaction: &Transaction<'_>, address: &Address) -> rusqlite::Result<()> {
    for (table, column) in OF_FORMER {
        transaction
            .prepare_cached(&format!("DELETE FROM {table} WHERE {column} = ?1"))?
            .execute([address.as_str()])?;
    }
    transaction
        .prepare_cached(
            "DELETE FROM attempts WHERE object = ?1 AND EXISTS (
                 SELECT 1 FROM instances WHERE instances.object = attempts.object
                     AND instances.start = attempts.start AND instances.\"end\" = attempts.\"end\"
                     AND instances.status NOT IN ('FINISHED', 'SKIPPED'))",
        )?
        .execute([address.as_str()])?;
    transaction
        .prepare_cached(
            "DELETE FROM instances WHERE object = ?1 AND status NOT IN ('FINISHED', 'SKIPPED')",
        )?
        .execute([address.as_str()])?;
    Ok(())
}

fn on_the_way(address: &Address) -> String {
    format!("{ON_THE_WAY}{address}")
}

/// An address belongs to one object at a time: what another one had under it after the moved one began is dropped.
fn relocate_objects(
    transaction: &Transaction<'_>,
    moves: &BTreeMap<Address, Address>,
) -> rusqlite::Result<()> {
    let mut take_off =
        transaction.prepare_cached("UPDATE objects SET address = ?2 WHERE address = ?1")?;
    for (old, new) in moves {
        take_off.execute(params![old.as_str(), on_the_way(new)])?;
    }
    let mut begin = transaction
        .prepare_cached("SELECT coalesce(min(from_serial), 0) FROM objects WHERE address = ?1")?;
    let mut drop_later = transaction
        .prepare_cached("DELETE FROM objects WHERE address = ?1 AND from_serial >= ?2")?;
    let mut end_earlier = transaction.prepare_cached(
        "UPDATE objects SET to_serial = ?2 WHERE address = ?1 AND (to_serial IS NULL OR to_serial > ?2)",
    )?;
    for new in moves.values() {
        let arriving = on_the_way(new);
        let first: i64 = begin.query_row([&arriving], |row| row.get(0))?;
        drop_later.execute(params![new.as_str(), first])?;
        end_earlier.execute(params![new.as_str(), first])?;
        take_off.execute(params![arriving, new.as_str()])?;
    }
    let mut pipelines =
        transaction.prepare_cached("UPDATE objects SET pipeline = ?2 WHERE pipeline = ?1")?;
    for (old, new) in moves {
        pipelines.execute(params![old.as_str(), on_the_way(new)])?;
    }
    for new in moves.values() {
        pipelines.execute(params![on_the_way(new), new.as_str()])?;
    }
    let mut stand = transaction.prepare_cached(
        "UPDATE objects SET pipeline = ?2 WHERE address = ?1 AND pipeline IS NOT ?2",
    )?;
    for (old, new) in moves {
        let pipeline = new.pipeline();
        if old.pipeline() != pipeline {
            stand.execute(params![
                new.as_str(),
                pipeline.as_ref().map(Address::as_str)
            ])?;
        }
    }
    Ok(())
}

/// What refers to a moved object refers to its new address, as of every serial.
fn rename_references(
    transaction: &Transaction<'_>,
    moves: &BTreeMap<Address, Address>,
) -> rusqlite::Result<()> {
    let new = |old: &str| moves.get(&Address::new(old)).map(ToString::to_string);
    for (table, key, column) in [("objects", "address", "body"), ("outputs", "name", "value")] {
        let mut select = transaction.prepare_cached(&format!(
            "SELECT {key}, from_serial, {column} FROM {table} WHERE instr({column}, '\"$ref\"') > 0"
        ))?;
        let rows: Vec<(String, i64, String)> = select
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let mut update = transaction.prepare_cached(&format!(
            "UPDATE {table} SET {column} = ?3 WHERE {key} = ?1 AND from_serial = ?2"
        ))?;
        for (name, serial, text) in rows {
            // What cannot be read is reported where it is used.
            if let Ok(mut body) = serde_json::from_str::<Json>(&text)
                && stored::rename(&mut body, &new)
            {
                update.execute(params![name, serial, body.to_string()])?;
            }
        }
    }
    Ok(())
}
