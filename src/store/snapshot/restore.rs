//! A new state made what a snapshot says.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use jiff::Timestamp;
use rusqlite::Transaction;
use rusqlite::params;

use super::super::StateLock;
use super::super::Store;
use super::super::StoreError;
use super::super::definitions::moved_on;
use super::super::definitions::put_object;
use super::super::definitions::signed;
use super::super::eras;
use super::super::micros;
use super::super::operations;
use super::super::retention;
use super::super::runs;
use super::super::wishes;
use super::Snapshot;
use crate::engine::Ranges;
use crate::engine::Wish;
use crate::objects::Address;

impl Store {
    /// Makes a new state what a snapshot says, with how long each object keeps what has finished. Refused when it is not new.
    pub fn restore(
        &mut self,
        _lock: &StateLock,
        snapshot: &Snapshot,
        retain: &BTreeMap<Address, SignedDuration>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.in_transaction(|transaction| {
            if let Some(moved) = moved_on(transaction, 0)? {
                return Ok(Err(moved));
            }
            restore_definitions(transaction, snapshot)?;
            restore_runs(transaction, snapshot, now)?;
            retention::put_retentions(transaction, retain, now)?;
            Ok(Ok(()))
        })
    }
}

/// Who refers to whom and what is due when is not known then: a runner finds it out.
fn restore_definitions(transaction: &Transaction<'_>, snapshot: &Snapshot) -> rusqlite::Result<()> {
    transaction.execute(
        "UPDATE meta SET serial = ?1, lineage = ?2, indexed_serial = NULL",
        params![signed(snapshot.serial), snapshot.lineage],
    )?;
    for apply in &snapshot.applies {
        transaction
            .prepare_cached(
                "INSERT INTO applies
                     (serial, at, who, version, added, changed, destroyed, operation, plan_hash, forgotten)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?
            .execute(params![
                signed(apply.serial),
                micros(apply.at),
                apply.who,
                apply.version,
                signed(apply.added),
                signed(apply.changed),
                signed(apply.destroyed),
                apply.operation,
                apply.plan_hash,
                signed(apply.forgotten),
            ])?;
    }
    for object in &snapshot.objects {
        put_object(transaction, &object.stored(), signed(object.since))?;
    }
    for (name, value) in &snapshot.outputs {
        transaction
            .prepare_cached("INSERT INTO outputs (name, from_serial, value) VALUES (?1, ?2, ?3)")?
            .execute(params![name, signed(snapshot.serial), value.to_string()])?;
    }
    for (table, key, column, moments) in [
        ("activations", "pipeline", "at", &snapshot.activations),
        ("cuts", "object", "at", &snapshot.cuts),
        ("cursors", "object", "made_until", &snapshot.cursors),
    ] {
        let mut put = transaction.prepare_cached(&format!(
            "INSERT INTO {table} ({key}, {column}) VALUES (?1, ?2)"
        ))?;
        for (address, at) in moments {
            put.execute(params![address.as_str(), micros(*at)])?;
        }
    }
    for (object, kept) in &snapshot.eras {
        for era in kept {
            eras::put_eras(
                transaction,
                &BTreeMap::from([(object.clone(), era.clone())]),
            )?;
        }
    }
    for (object, pause) in &snapshot.pauses {
        transaction
            .prepare_cached("INSERT INTO pauses (object, who, at) VALUES (?1, ?2, ?3)")?
            .execute(params![object.as_str(), pause.who, micros(pause.since)])?;
    }
    Ok(())
}

/// What has not finished first: the triggers of the schema take it for begun again where its interval is settled.
fn restore_runs(
    transaction: &Transaction<'_>,
    snapshot: &Snapshot,
    now: Timestamp,
) -> rusqlite::Result<()> {
    for unfinished in &snapshot.unfinished {
        runs::put_instance(transaction, &unfinished.instance())?;
    }
    for (object, ranges) in &snapshot.settled {
        let ranges: Ranges = ranges.iter().copied().collect();
        for range in ranges.iter() {
            transaction
                .prepare_cached("INSERT INTO settled (object, start, \"end\") VALUES (?1, ?2, ?3)")?
                .execute(params![
                    object.as_str(),
                    micros(range.start),
                    micros(range.end)
                ])?;
        }
    }
    for (object, ranges) in &snapshot.dropped {
        for range in ranges {
            operations::put_dropped(transaction, object, *range, now)?;
        }
    }
    for (object, ranges) in &snapshot.to_come {
        let ranges = ranges.iter().copied().collect();
        wishes::put(
            transaction,
            (object, Wish::Make),
            &ranges,
            &Ranges::default(),
        )?;
    }
    for (object, counts) in &snapshot.finished {
        for (status, number) in counts {
            transaction
                .prepare_cached(
                    "INSERT INTO tallies (object, status, number, removed) VALUES (?1, ?2, 0, ?3)",
                )?
                .execute(params![object.as_str(), status.as_str(), signed(*number)])?;
        }
    }
    Ok(())
}
