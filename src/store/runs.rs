//! The runs: instances, attempts, how far instances have been made.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::Connection;
use rusqlite::OptionalExtension as _;
use rusqlite::Row;
use rusqlite::Transaction;
use rusqlite::params;

use super::Delivery;
use super::ResourceChange;
use super::RunnerLease;
use super::StateLock;
use super::Store;
use super::StoreError;
use super::batch::last_of_each;
use super::definitions::signed;
use super::definitions::unsigned;
use super::deliveries::put_delivery;
use super::micros;
use super::moment;
use super::operations;
use super::operations::Record;
use super::parts;
use super::resources;
use super::wishes;
use crate::engine::Attempt;
use crate::engine::Change;
use crate::engine::Instance;
use crate::engine::InstanceKey;
use crate::engine::Origin;
use crate::engine::Status;
use crate::engine::Stop;
use crate::objects::Address;
use crate::time::Interval;

/// The process group that an attempt runs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessRecord {
    /// The id of the group and of its leader.
    pub id: u32,
    /// When the leader started, in clock ticks since boot: tells it from a later process with the same id.
    pub started: u64,
}

/// Which instances are asked for.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of these objects; `None`: of all.
    pub objects: Option<Vec<Address>>,
    /// With one of these statuses; empty: with any.
    pub statuses: Vec<Status>,
    /// Whose interval starts at or after this.
    pub from: Option<Timestamp>,
    /// Whose interval starts before this.
    pub to: Option<Timestamp>,
    /// No more than this.
    pub limit: Option<usize>,
}

impl Filter {
    /// The instances of an object that start in a stretch of time.
    pub fn starting_in(object: Address, span: Interval) -> Self {
        Self {
            objects: Some(vec![object]),
            from: (span.start != Timestamp::MIN).then_some(span.start),
            to: (span.end != Timestamp::MAX).then_some(span.end),
            ..Self::default()
        }
    }
}

/// What a runner has decided, from the state as it is when it is written.
#[derive(Clone, Debug, Default)]
pub struct Decision<T> {
    /// What is written, in order.
    pub changes: Vec<Change>,
    /// When the next interval is due of objects of which one was made.
    pub dues: Vec<(Address, Option<Timestamp>)>,
    /// The actions that are owed from then on.
    pub deliveries: Vec<Delivery>,
    /// What is new about compute.
    pub resources: Vec<ResourceChange>,
    /// What is to be done when that is written.
    pub then: T,
}

impl<T> Decision<T> {
    fn writes(&self) -> bool {
        !(self.changes.is_empty()
            && self.dues.is_empty()
            && self.deliveries.is_empty()
            && self.resources.is_empty())
    }
}

/// How many instances of each object have each status.
pub type Counts = BTreeMap<Address, BTreeMap<Status, u64>>;

const INSTANCE: &str = "object, start, \"end\", status, attempts, failures, definition, not_before, checking_since, started_at, running_since, ended_at, reason, origin, heard_at, stop, late";

/// Not `INSERT OR REPLACE`: triggers would not see what was there, and what indexes hold would be written again.
const PUT_INSTANCE: &str = "INSERT INTO instances (
        object, start, \"end\", status, attempts, failures, definition, not_before, checking_since, started_at,
        running_since, ended_at, reason, origin, heard_at, stop, late
    ) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)
    ON CONFLICT (object, start, \"end\") DO UPDATE SET
        status = excluded.status, attempts = excluded.attempts, failures = excluded.failures,
        definition = excluded.definition, not_before = excluded.not_before,
        checking_since = excluded.checking_since, started_at = excluded.started_at,
        running_since = excluded.running_since, ended_at = excluded.ended_at, reason = excluded.reason,
        origin = excluded.origin, heard_at = excluded.heard_at, stop = excluded.stop, late = excluded.late";

impl Store {
    /// Commits what the engine has decided, in one transaction: of each thing the last that was said of it. Refused when
    /// another runner has taken over.
    pub fn commit(&mut self, lease: &RunnerLease, changes: &[Change]) -> Result<(), StoreError> {
        self.fenced(lease, |transaction| put_changes(transaction, changes))
    }

    /// Decides something from the state and commits what comes of it, in one transaction: nobody writes between what is read
    /// and what is written. Refused when another runner has taken over. Answers what was decided.
    pub fn decide<T, E: From<StoreError>>(
        &mut self,
        lease: &RunnerLease,
        decide: impl FnOnce(&Self) -> Result<Decision<T>, E>,
    ) -> Result<Decision<T>, E> {
        self.boundary("BEGIN IMMEDIATE")?;
        let decided = self.decided(lease, decide);
        let writes = decided.as_ref().is_ok_and(Decision::writes);
        let ended = self.boundary(if writes { "COMMIT" } else { "ROLLBACK" });
        if writes && ended.is_err() {
            // What could not be committed is not left open.
            drop(self.boundary("ROLLBACK"));
        }
        let decided = decided?;
        ended?;
        Ok(decided)
    }

    fn decided<T, E: From<StoreError>>(
        &self,
        lease: &RunnerLease,
        decide: impl FnOnce(&Self) -> Result<Decision<T>, E>,
    ) -> Result<Decision<T>, E> {
        let newest = self.fence()?;
        if newest != lease.fence() {
            let (ours, newer) = (lease.fence(), newest);
            return Err(StoreError::Fenced { ours, newer }.into());
        }
        let decided = decide(self)?;
        put_dues(&self.connection, &decided.dues)
            .and_then(|()| put_changes(&self.connection, &decided.changes))
            .and_then(|()| {
                let mut deliveries = decided.deliveries.iter();
                deliveries.try_for_each(|delivery| put_delivery(&self.connection, delivery))
            })
            .and_then(|()| {
                let mut news = decided.resources.iter();
                news.try_for_each(|change| resources::put_change(&self.connection, change))
            })
            .map_err(|error| self.error(error))?;
        Ok(decided)
    }

    /// Begins or ends a transaction.
    fn boundary(&self, sql: &str) -> Result<(), StoreError> {
        let done = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute([]));
        done.map(drop).map_err(|error| self.error(error))
    }

    /// The fence of the newest runner.
    fn fence(&self) -> Result<u64, StoreError> {
        self.connection
            .prepare_cached("SELECT fence FROM meta")
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
            .map(unsigned)
            .map_err(|error| self.error(error))
    }

    /// Records in which process groups attempts run, so that a later runner can find them. Not flushed to the disk: what
    /// takes the record away takes the process away, too.
    pub fn record_processes(
        &mut self,
        lease: &RunnerLease,
        processes: &[(InstanceKey, u32, ProcessRecord)],
    ) -> Result<(), StoreError> {
        self.flush_commits(false)?;
        let result = self.fenced(lease, |transaction| {
            let mut statement = transaction.prepare_cached(
                "UPDATE attempts SET process = ?5, process_started = ?6
                 WHERE object = ?1 AND start = ?2 AND \"end\" = ?3 AND number = ?4",
            )?;
            for (key, attempt, process) in processes {
                statement.execute(params![
                    key.object.as_str(),
                    micros(key.interval.start),
                    micros(key.interval.end),
                    attempt,
                    process.id,
                    signed(process.started),
                ])?;
            }
            Ok(())
        });
        self.flush_commits(true)?;
        result
    }

    /// Writes what a trigger has made, for a runner to find, and who has asked for it.
    pub fn enqueue(
        &mut self,
        _lock: &StateLock,
        record: &Record,
        changes: &[Change],
    ) -> Result<(), StoreError> {
        self.in_transaction(|transaction| {
            for change in changes {
                if let Change::Instance(instance) = change {
                    put_instance(transaction, instance)?;
                }
            }
            operations::put_record(transaction, record, None)?;
            Ok(Ok(()))
        })
    }

    /// Changes when another process has written.
    pub fn data_version(&self) -> Result<i64, StoreError> {
        self.connection
            .prepare_cached("PRAGMA data_version")
            .and_then(|mut statement| statement.query_one([], |row| row.get(0)))
            .map_err(|error| self.error(error))
    }

    pub(super) fn fenced(
        &mut self,
        lease: &RunnerLease,
        write: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
    ) -> Result<(), StoreError> {
        self.in_transaction(|transaction| {
            let newest = transaction
                .prepare_cached("SELECT fence FROM meta")
                .and_then(|mut statement| statement.query_row([], |row| row.get(0)))?;
            let (ours, newer) = (lease.fence(), unsigned(newest));
            if newer != ours {
                return Ok(Err(StoreError::Fenced { ours, newer }));
            }
            write(transaction).map(Ok)
        })
    }

    /// All instances that have not finished: waiting, running, failed and given up.
    pub fn unfinished_instances(&self) -> Result<Vec<Instance>, StoreError> {
        self.collect(
            &format!(
                "SELECT {INSTANCE} FROM instances WHERE status NOT IN ('FINISHED', 'SKIPPED')"
            ),
            &[],
        )
    }

    /// Instances, newest interval first.
    pub fn instances(&self, filter: &Filter) -> Result<Vec<Instance>, StoreError> {
        let (conditions, values) = conditions(filter);
        let limit = filter
            .limit
            .map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
        self.collect(
            &format!(
                "SELECT {INSTANCE} FROM instances WHERE {conditions} ORDER BY start DESC, object LIMIT {limit}"
            ),
            &values,
        )
    }

    /// How many instances there are of each status, without reading them. The limit of the filter does not matter.
    pub fn count_instances(&self, filter: &Filter) -> Result<BTreeMap<Status, u64>, StoreError> {
        let (conditions, values) = conditions(filter);
        self.rows(
            &format!("SELECT status, count(*) FROM instances WHERE {conditions} GROUP BY status"),
            rusqlite::params_from_iter(&values),
            |row| Ok((status(row, 0)?, unsigned(row.get(1)?))),
        )
    }

    /// What has failed or was given up because of that, the newest first.
    pub fn failures(&self, limit: usize) -> Result<Vec<Instance>, StoreError> {
        let query = format!(
            "SELECT {INSTANCE} FROM instances
             WHERE status NOT IN ('FINISHED', 'SKIPPED') AND status IN ('FAILED', 'CASCADE_FAILED')
             ORDER BY ended_at DESC, object, start DESC LIMIT ?1"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.collect(&query, &[limit.into()])
    }

    /// One instance.
    pub fn instance(&self, key: &InstanceKey) -> Result<Option<Instance>, StoreError> {
        instance(&self.connection, key).map_err(|error| self.error(error))
    }

    /// The attempts of an instance, oldest first.
    pub fn attempts(&self, key: &InstanceKey) -> Result<Vec<Attempt>, StoreError> {
        self.rows(
            "SELECT object, start, \"end\", number, status, started_at, ended_at, error, fence
             FROM attempts WHERE object = ?1 AND start = ?2 AND \"end\" = ?3 ORDER BY number",
            params![
                key.object.as_str(),
                micros(key.interval.start),
                micros(key.interval.end)
            ],
            read_attempt,
        )
    }

    /// Attempts that are under way or whose runner died, with their process groups.
    pub fn running_attempts(&self) -> Result<Vec<(Attempt, Option<ProcessRecord>)>, StoreError> {
        self.rows(
            "SELECT object, start, \"end\", number, status, started_at, ended_at, error, fence,
                    process, process_started
             FROM attempts WHERE status = 'RUNNING'",
            [],
            |row| {
                let process: Option<u32> = row.get(9)?;
                let started: Option<i64> = row.get(10)?;
                let process = process.zip(started).map(|(id, started)| ProcessRecord {
                    id,
                    started: unsigned(started),
                });
                Ok((read_attempt(row)?, process))
            },
        )
    }

    fn collect(
        &self,
        query: &str,
        values: &[rusqlite::types::Value],
    ) -> Result<Vec<Instance>, StoreError> {
        self.rows(query, rusqlite::params_from_iter(values), read_instance)
    }
}

/// What a filter says, and the values that are bound to it.
fn conditions(filter: &Filter) -> (String, Vec<rusqlite::types::Value>) {
    let mut conditions = vec!["TRUE".to_owned()];
    let mut values: Vec<rusqlite::types::Value> = Vec::new();
    let mut bind = |value: rusqlite::types::Value| {
        values.push(value);
        format!("?{}", values.len())
    };
    if let Some(objects) = &filter.objects {
        let names: Vec<_> = objects
            .iter()
            .map(|object| bind(object.as_str().to_owned().into()))
            .collect();
        conditions.push(format!("object IN ({})", names.join(", ")));
    }
    if !filter.statuses.is_empty() {
        let names: Vec<_> = filter
            .statuses
            .iter()
            .map(|status| bind(status.as_str().to_owned().into()))
            .collect();
        conditions.push(format!("status IN ({})", names.join(", ")));
        if !filter.statuses.iter().any(|status| status.is_settled()) {
            // As the index has it of what has not finished, which is little.
            conditions.push("status NOT IN ('FINISHED', 'SKIPPED')".to_owned());
        }
    }
    if let Some(from) = filter.from {
        let value = bind(micros(from).into());
        conditions.push(format!("start >= {value}"));
    }
    if let Some(to) = filter.to {
        let value = bind(micros(to).into());
        conditions.push(format!("start < {value}"));
    }
    (conditions.join(" AND "), values)
}

/// One instance.
pub(super) fn instance(
    connection: &Connection,
    key: &InstanceKey,
) -> rusqlite::Result<Option<Instance>> {
    connection
        .prepare_cached(&format!(
            "SELECT {INSTANCE} FROM instances WHERE object = ?1 AND start = ?2 AND \"end\" = ?3"
        ))?
        .query_row(
            params![
                key.object.as_str(),
                micros(key.interval.start),
                micros(key.interval.end)
            ],
            read_instance,
        )
        .optional()
}

/// Inserts an instance, or brings it up to date.
pub(super) fn put_instance(connection: &Connection, instance: &Instance) -> rusqlite::Result<()> {
    connection.prepare_cached(PUT_INSTANCE)?.execute(params![
        instance.key.object.as_str(),
        micros(instance.key.interval.start),
        micros(instance.key.interval.end),
        instance.status.as_str(),
        instance.attempts,
        instance.failures,
        instance.definition.map(signed),
        instance.not_before.map(micros),
        instance.checking_since.map(micros),
        instance.started_at.map(micros),
        instance.running_since.map(micros),
        instance.ended_at.map(micros),
        instance.reason,
        instance.origin.as_str(),
        instance.heard_at.map(micros),
        instance.stop.map(Stop::as_str),
        instance.late,
    ])?;
    Ok(())
}

/// When the next interval is due of objects of which one was made.
fn put_dues(
    connection: &Connection,
    dues: &[(Address, Option<Timestamp>)],
) -> rusqlite::Result<()> {
    for (object, at) in dues {
        parts::put_due(connection, object, *at)?;
    }
    Ok(())
}

/// Writes what the engine has decided, in order: of each thing the last that was said of it.
fn put_changes(connection: &Connection, changes: &[Change]) -> rusqlite::Result<()> {
    for change in last_of_each(changes) {
        match change {
            Change::Instance(instance) => put_instance(connection, instance)?,
            Change::Attempt(attempt) => put_attempt(connection, attempt)?,
            Change::Cursor { object, made_until } => put_cursor(connection, object, *made_until)?,
            Change::Dropped { object, span, at } => {
                operations::put_dropped(connection, object, *span, *at)?;
            }
            Change::Wished {
                object,
                wish,
                more,
                fewer,
            } => wishes::put(connection, (object, *wish), more, fewer)?,
            Change::Operated { id, instances, at } => {
                operations::put_result(connection, *id, *instances, *at)?;
            }
        }
    }
    Ok(())
}

/// Inserts an attempt, or brings it up to date without touching its process.
fn put_attempt(connection: &Connection, attempt: &Attempt) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO attempts (object, start, \"end\", number, status, started_at, ended_at, error, fence)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (object, start, \"end\", number) DO UPDATE SET
                status = excluded.status, started_at = excluded.started_at,
                ended_at = excluded.ended_at, error = excluded.error, fence = excluded.fence",
        )?
        .execute(params![
            attempt.instance.object.as_str(),
            micros(attempt.instance.interval.start),
            micros(attempt.instance.interval.end),
            attempt.number,
            attempt.status.as_str(),
            micros(attempt.started_at),
            attempt.ended_at.map(micros),
            attempt.error,
            signed(attempt.fence),
        ])?;
    Ok(())
}

/// Says how far instances of an object have been made.
pub(super) fn put_cursor(
    connection: &Connection,
    object: &Address,
    made_until: Timestamp,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO cursors (object, made_until) VALUES (?1, ?2)
             ON CONFLICT (object) DO UPDATE SET made_until = excluded.made_until",
        )?
        .execute(params![object.as_str(), micros(made_until)])?;
    Ok(())
}

fn read_instance(row: &Row<'_>) -> rusqlite::Result<Instance> {
    let time = |column: usize| -> rusqlite::Result<Option<Timestamp>> {
        Ok(row.get::<_, Option<i64>>(column)?.map(moment))
    };
    Ok(Instance {
        key: key(row)?,
        status: status(row, 3)?,
        attempts: row.get(4)?,
        failures: row.get(5)?,
        definition: row.get::<_, Option<i64>>(6)?.map(unsigned),
        not_before: time(7)?,
        checking_since: time(8)?,
        started_at: time(9)?,
        running_since: time(10)?,
        ended_at: time(11)?,
        reason: row.get(12)?,
        origin: word(row, 13, Origin::parse)?,
        heard_at: time(14)?,
        stop: match row.get::<_, Option<String>>(15)? {
            Some(_) => Some(word(row, 15, Stop::parse)?),
            None => None,
        },
        late: row.get(16)?,
    })
}

fn read_attempt(row: &Row<'_>) -> rusqlite::Result<Attempt> {
    Ok(Attempt {
        instance: key(row)?,
        number: row.get(3)?,
        status: status(row, 4)?,
        started_at: moment(row.get(5)?),
        ended_at: row.get::<_, Option<i64>>(6)?.map(moment),
        error: row.get(7)?,
        fence: unsigned(row.get(8)?),
    })
}

fn key(row: &Row<'_>) -> rusqlite::Result<InstanceKey> {
    Ok(InstanceKey {
        object: Address::new(row.get::<_, String>(0)?),
        interval: interval(row, 1)?,
    })
}

pub(super) fn interval(row: &Row<'_>, column: usize) -> rusqlite::Result<Interval> {
    Ok(Interval {
        start: moment(row.get(column)?),
        end: moment(row.get(column + 1)?),
    })
}

pub(super) fn status(row: &Row<'_>, column: usize) -> rusqlite::Result<Status> {
    word(row, column, Status::parse)
}

/// One of a set of words.
pub(super) fn word<T>(
    row: &Row<'_>,
    column: usize,
    parse: impl Fn(&str) -> Option<T>,
) -> rusqlite::Result<T> {
    let name: String = row.get(column)?;
    parse(&name).ok_or_else(|| {
        rusqlite::Error::FromSqlConversionFailure(
            column,
            rusqlite::types::Type::Text,
            format!("`{name}` is not known here").into(),
        )
    })
}
