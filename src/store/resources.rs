//! Compute that was asked for: each is written before it is asked for, and open until it is on its way to its end. So none is lost
//! with its runner.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use jiff::Timestamp;
use rusqlite::Connection;
use rusqlite::Row;
use rusqlite::params;

use super::RunnerLease;
use super::Store;
use super::StoreError;
use super::micros;
use super::moment;
use super::runs::interval;
use crate::engine::InstanceKey;
use crate::objects::Address;

/// How long it is kept what has ended.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 90);

/// Compute that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceRecord {
    /// What tells it from all others.
    pub token: String,
    /// The resource, and the interval.
    pub key: InstanceKey,
    /// Which try it is, from one.
    pub number: u32,
    /// How its service is reached, and in which account it is, as JSON.
    pub settings: String,
    /// The name it was asked for with.
    pub name: String,
    /// The id that the service has given it; `None`: it is not known whether there is one.
    pub id: Option<String>,
    /// How it is with it, in the service's words.
    pub state: String,
    /// Why it is so.
    pub reason: Option<String>,
    /// The activities that have asked for it.
    pub users: BTreeSet<Address>,
    /// When it was asked for (UTC).
    pub requested_at: Timestamp,
    /// Since when its state is what it is (UTC).
    pub since: Timestamp,
    /// When it has to be ready (UTC).
    pub init_by: Option<Timestamp>,
    /// When it is ended, whatever runs on it (UTC).
    pub terminate_at: Option<Timestamp>,
    /// When it was ready (UTC).
    pub ready_at: Option<Timestamp>,
    /// When it was on its way to its end (UTC).
    pub ended_at: Option<Timestamp>,
    /// Whether it could not be made, or ended although it was needed.
    pub failed: bool,
}

/// What is new about compute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResourceChange {
    /// How it is with some.
    Record(Box<ResourceRecord>),
    /// It is told that the one of an interval is late.
    Late(InstanceKey),
    /// It is told what the one of an interval came to.
    Told(InstanceKey),
}

impl Store {
    /// Writes how it is with some compute, durably; forgets what ended long ago. Refused when another runner has taken over.
    pub fn record_resource(
        &mut self,
        lease: &RunnerLease,
        record: &ResourceRecord,
    ) -> Result<(), StoreError> {
        self.fenced(lease, |transaction| put(transaction, record))
    }

    /// What is open: it may be alive. What was asked for first comes first.
    pub fn open_resources(&self) -> Result<Vec<ResourceRecord>, StoreError> {
        self.resources("WHERE ended_at IS NULL")
    }

    /// All that was asked for and is not forgotten, what was asked for first first.
    pub fn all_resources(&self) -> Result<Vec<ResourceRecord>, StoreError> {
        self.resources("")
    }

    /// What it is not told of yet what it came to, what was asked for first first.
    pub fn untold_resources(&self) -> Result<Vec<ResourceRecord>, StoreError> {
        self.resources("WHERE told = 0")
    }

    /// Whether it is told that the compute of an interval is late. `None`: there is none, or it is told what it came to.
    pub fn is_told_late(&self, key: &InstanceKey) -> Result<Option<bool>, StoreError> {
        self.connection
            .prepare_cached(
                "SELECT max(late) FROM resources
                 WHERE object = ?1 AND start = ?2 AND \"end\" = ?3 AND told = 0",
            )
            .and_then(|mut statement| {
                statement.query_row(
                    params![
                        key.object.as_str(),
                        micros(key.interval.start),
                        micros(key.interval.end)
                    ],
                    |row| row.get::<_, Option<bool>>(0),
                )
            })
            .map_err(|error| self.error(error))
    }

    fn resources(&self, which: &str) -> Result<Vec<ResourceRecord>, StoreError> {
        let query = format!(
            "SELECT token, object, start, \"end\", number, settings, name, id, state, reason, users, requested_at, since,
                    init_by, terminate_at, ready_at, ended_at, failed
             FROM resources {which} ORDER BY requested_at, token"
        );
        self.rows(&query, [], read)
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<ResourceRecord> {
    let users: String = row.get(10)?;
    let users: Vec<String> = serde_json::from_str(&users).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(10, rusqlite::types::Type::Text, Box::new(error))
    })?;
    let at = |column: usize| row.get::<_, Option<i64>>(column).map(|at| at.map(moment));
    Ok(ResourceRecord {
        token: row.get(0)?,
        key: InstanceKey {
            object: Address::new(row.get::<_, String>(1)?),
            interval: interval(row, 2)?,
        },
        number: row.get(4)?,
        settings: row.get(5)?,
        name: row.get(6)?,
        id: row.get(7)?,
        state: row.get(8)?,
        reason: row.get(9)?,
        users: users.into_iter().map(Address::new).collect(),
        requested_at: moment(row.get(11)?),
        since: moment(row.get(12)?),
        init_by: at(13)?,
        terminate_at: at(14)?,
        ready_at: at(15)?,
        ended_at: at(16)?,
        failed: row.get(17)?,
    })
}

/// Writes what is new about compute.
pub(super) fn put_change(connection: &Connection, change: &ResourceChange) -> rusqlite::Result<()> {
    let (column, key) = match change {
        ResourceChange::Record(record) => return put(connection, record),
        ResourceChange::Late(key) => ("late", key),
        ResourceChange::Told(key) => ("told", key),
    };
    connection
        .prepare_cached(&format!(
            "UPDATE resources SET {column} = 1
             WHERE object = ?1 AND start = ?2 AND \"end\" = ?3 AND told = 0"
        ))?
        .execute(params![
            key.object.as_str(),
            micros(key.interval.start),
            micros(key.interval.end)
        ])?;
    Ok(())
}

/// Writes how it is with some compute; forgets what ended long ago, with what its actions came to.
fn put(connection: &Connection, record: &ResourceRecord) -> rusqlite::Result<()> {
    put_record(connection, record)?;
    let newest = record.ended_at.unwrap_or(record.since);
    let oldest = micros(newest.checked_sub(KEPT).unwrap_or(Timestamp::MIN));
    for forget in [
        "DELETE FROM actions WHERE (object, start, \"end\") IN (
             SELECT object, start, \"end\" FROM resources WHERE ended_at < ?1)",
        "DELETE FROM resources WHERE ended_at < ?1",
    ] {
        connection.prepare_cached(forget)?.execute([oldest])?;
    }
    Ok(())
}

/// What was told of it stays as it is.
fn put_record(connection: &Connection, record: &ResourceRecord) -> rusqlite::Result<()> {
    let users: Vec<&str> = record.users.iter().map(Address::as_str).collect();
    let users = serde_json::Value::from(users).to_string();
    connection
        .prepare_cached(
            "INSERT INTO resources
             (token, object, start, \"end\", number, settings, name, id, state, reason, users, requested_at, since,
              init_by, terminate_at, ready_at, ended_at, failed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)
             ON CONFLICT (token) DO UPDATE SET
                object = excluded.object, start = excluded.start, \"end\" = excluded.\"end\",
                number = excluded.number, settings = excluded.settings, name = excluded.name,
                id = excluded.id, state = excluded.state, reason = excluded.reason,
                users = excluded.users, requested_at = excluded.requested_at,
                since = excluded.since, init_by = excluded.init_by,
                terminate_at = excluded.terminate_at, ready_at = excluded.ready_at,
                ended_at = excluded.ended_at, failed = excluded.failed",
        )?
        .execute(params![
            record.token,
            record.key.object.as_str(),
            micros(record.key.interval.start),
            micros(record.key.interval.end),
            record.number,
            record.settings,
            record.name,
            record.id,
            record.state,
            record.reason,
            users,
            micros(record.requested_at),
            micros(record.since),
            record.init_by.map(micros),
            record.terminate_at.map(micros),
            record.ready_at.map(micros),
            record.ended_at.map(micros),
            record.failed,
        ])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Decision;
    use crate::store::Holder;
    use crate::time::Interval;

    #[test]
    fn what_was_asked_for_is_open_until_it_ends_and_then_forgotten_in_time() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state.db");
        let mut store = Store::open(&path).unwrap();
        let at = |second| Timestamp::from_second(second).unwrap();
        let holder = Holder::this_process("maria@laptop".to_owned(), "run", at(0));
        let lease = store.lock_runner(&holder).unwrap();
        let interval = Interval {
            start: at(0),
            end: at(10),
        };
        let mut record = ResourceRecord {
            token: "0123".to_owned(),
            key: InstanceKey {
                object: Address::new("resource.big[\"eu\"]"),
                interval,
            },
            number: 1,
            settings: "{}".to_owned(),
            name: "big".to_owned(),
            id: None,
            state: "REQUESTED".to_owned(),
            reason: None,
            users: [Address::new("pipeline.p.activity.a[\"x\"]")].into(),
            requested_at: at(20),
            since: at(20),
            init_by: Some(at(30)),
            terminate_at: None,
            ready_at: None,
            ended_at: None,
            failed: false,
        };
        store.record_resource(&lease, &record).unwrap();
        drop(store);
        let mut store = Store::open(&path).unwrap();
        assert_eq!(store.open_resources().unwrap(), [record.clone()]);
        assert!(!store.is_at_rest(at(0), at(0)).unwrap());
        record.id = Some("j-1".to_owned());
        record.state = "TERMINATING".to_owned();
        record.ended_at = Some(at(40));
        store.record_resource(&lease, &record).unwrap();
        assert_eq!(store.open_resources().unwrap(), []);
        assert_eq!(store.all_resources().unwrap(), [record.clone()]);
        let later = ResourceRecord {
            token: "4567".to_owned(),
            ended_at: Some(at(40 + 91 * 86_400)),
            ..record
        };
        store.record_resource(&lease, &later).unwrap();
        assert_eq!(store.all_resources().unwrap(), std::slice::from_ref(&later));
        // What is told of it stays told, whatever is written of it then.
        let key = later.key.clone();
        let mut told = |change: ResourceChange| {
            let decision = Decision {
                resources: vec![change, ResourceChange::Record(Box::new(later.clone()))],
                ..Decision::<()>::default()
            };
            let decide = |_: &Store| Ok::<_, StoreError>(decision);
            store.decide(&lease, decide).unwrap();
            let untold = store.untold_resources().unwrap().len();
            (untold, store.is_told_late(&key).unwrap())
        };
        let same = ResourceChange::Record(Box::new(later.clone()));
        assert_eq!(told(same), (1, Some(false)));
        assert_eq!(told(ResourceChange::Late(key.clone())), (1, Some(true)));
        assert_eq!(told(ResourceChange::Told(key.clone())), (0, None));
    }
}
