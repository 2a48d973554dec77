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

/// No address begins so: what is on its way must not meet what is still there.
const ON_THE_WAY: &str = "\u{1}";

/// Moves all that is kept under old addresses to the new ones. Where an object that is long gone had the new address, what
/// is moved takes its place.
pub(super) fn relocate(
    transaction: &Transaction<'_>,
    moves: &BTreeMap<Address, Address>,
) -> rusqlite::Result<()> {
    if moves.is_empty() {
        return Ok(());
    }
    for (table, column) in KEYED {
        let mut update = transaction.prepare_cached(&format!(
            "UPDATE OR REPLACE {table} SET {column} = ?2 WHERE {column} = ?1"
        ))?;
        for (old, new) in moves {
            update.execute(params![old.as_str(), on_the_way(new)])?;
        }
        // Schedules and wishes are many for one object: none of those of another is left among them.
        if ["eras", "wishes"].contains(&table) {
            let delete = format!("DELETE FROM {table} WHERE object = ?1");
            let mut drop = transaction.prepare_cached(&delete)?;
            for new in moves.values() {
                drop.execute([new.as_str()])?;
            }
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
