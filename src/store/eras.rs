//! The schedules that objects have had: what their past intervals were.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::Transaction;
use rusqlite::params;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value as Json;

use super::Store;
use super::StoreError;
use super::definitions::signed;
use super::definitions::unsigned;
use super::micros;
use super::moment;
use crate::objects::Address;

/// A schedule that an object has had.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredEra {
    /// The serial of the apply that ended it.
    pub ended_by: u64,
    /// Where its last interval ends.
    pub until: Timestamp,
    /// What it was, as JSON.
    pub schedule: Json,
}

impl Store {
    /// The schedules that objects have had, of each the oldest first.
    pub fn eras(&self) -> Result<BTreeMap<Address, Vec<StoredEra>>, StoreError> {
        self.read_eras(
            "SELECT object, ended_by, until, body FROM eras JOIN old_schedules ON id = schedule
             ORDER BY object, ended_by",
            &[],
        )
    }

    /// The schedules that one object has had, the oldest first.
    pub fn eras_of(&self, object: &Address) -> Result<Vec<StoredEra>, StoreError> {
        let mut eras = self.read_eras(
            "SELECT object, ended_by, until, body FROM eras JOIN old_schedules ON id = schedule
             WHERE object = ?1 ORDER BY ended_by",
            &[object.as_str()],
        )?;
        Ok(eras.remove(object).unwrap_or_default())
    }

    fn read_eras(
        &self,
        query: &str,
        values: &[&str],
    ) -> Result<BTreeMap<Address, Vec<StoredEra>>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached(query)
            .map_err(|error| self.error(error))?;
        let rows = statement
            .query_map(rusqlite::params_from_iter(values), |row| {
                Ok((
                    row.get::<_, String>(0)?,
                    unsigned(row.get(1)?),
                    moment(row.get(2)?),
                    row.get::<_, String>(3)?,
                ))
            })
            .map_err(|error| self.error(error))?;
        let mut eras: BTreeMap<Address, Vec<StoredEra>> = BTreeMap::new();
        for row in rows {
            let (object, ended_by, until, body) = row.map_err(|error| self.error(error))?;
            let schedule = serde_json::from_str(&body)
                .map_err(|error| self.damaged(format!("a schedule of `{object}`: {error}")))?;
            eras.entry(Address::new(object))
                .or_default()
                .push(StoredEra {
                    ended_by,
                    until,
                    schedule,
                });
        }
        Ok(eras)
    }
}

/// Keeps the schedules that an apply ends.
pub(super) fn put_eras(
    transaction: &Transaction<'_>,
    eras: &BTreeMap<Address, StoredEra>,
) -> rusqlite::Result<()> {
    let mut keep = transaction
        .prepare_cached("INSERT INTO old_schedules (body) VALUES (?1) ON CONFLICT DO NOTHING")?;
    let mut find = transaction.prepare_cached("SELECT id FROM old_schedules WHERE body = ?1")?;
    let mut put = transaction.prepare_cached(
        "INSERT OR REPLACE INTO eras (object, ended_by, until, schedule) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for (object, era) in eras {
        let body = era.schedule.to_string();
        keep.execute([&body])?;
        let id: i64 = find.query_row([&body], |row| row.get(0))?;
        put.execute(params![
            object.as_str(),
            signed(era.ended_by),
            micros(era.until),
            id
        ])?;
    }
    Ok(())
}
