//! What has been applied: objects, outputs, and when.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::SignedDuration;
use jiff::Timestamp;
use rusqlite::OptionalExtension as _;
use rusqlite::Transaction;
use rusqlite::params;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value as Json;

use super::PlacedOrder;
use super::StateLock;
use super::Store;
use super::StoreError;
use super::eras;
use super::eras::StoredEra;
use super::micros;
use super::moment;
use super::moves;
use super::operations;
use super::parts;
use super::retention;
use super::runs;
use crate::engine::Instance;
use crate::engine::Status;
use crate::objects::Address;

/// Where a state stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Raised by every apply; 0 before the first.
    pub serial: u64,
    /// Tells this state from all others.
    pub lineage: String,
}

/// An object as the state keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredObject {
    /// Its address.
    pub address: Address,
    /// Its kind.
    pub kind: String,
    /// Its type; empty for kinds without types.
    pub type_name: String,
    /// The pipeline it belongs to.
    pub pipeline: Option<Address>,
    /// Its attributes.
    pub body: Json,
    /// What its `lifecycle` block says that outlives the plan, if there is anything.
    pub lifecycle: Option<Json>,
}

/// An object as its row holds it, not read yet.
#[derive(Debug)]
pub struct WrittenObject {
    address: String,
    kind: String,
    type_name: String,
    pipeline: Option<String>,
    body: String,
    lifecycle: Option<String>,
}

impl WrittenObject {
    fn of(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            address: row.get(0)?,
            kind: row.get(1)?,
            type_name: row.get(2)?,
            pipeline: row.get(3)?,
            body: row.get(4)?,
            lifecycle: row.get(5)?,
        })
    }

    /// What it holds. `state`: the file that it is from.
    pub fn read(self, state: &Path) -> Result<StoredObject, StoreError> {
        let read = |text: &str| {
            serde_json::from_str(text).map_err(|error| StoreError::Damaged {
                path: state.to_path_buf(),
                problem: format!("`{}`: {error}", self.address),
            })
        };
        let body = read(&self.body)?;
        let lifecycle = self.lifecycle.as_deref().map(read).transpose()?;
        Ok(StoredObject {
            kind: self.kind,
            type_name: self.type_name,
            pipeline: self.pipeline.map(Address::new),
            body,
            lifecycle,
            address: Address::new(self.address),
        })
    }
}

/// An instance that an apply changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewrite {
    /// How it stood when the apply was made. One that has gone on since is left to the runner, which gives up what waits
    /// for nothing any more by itself.
    pub seen: Status,
    /// What becomes of it.
    pub instance: Instance,
}

impl Rewrite {
    /// Whether it may still be written over what there is.
    fn fits(&self, now: Option<&Instance>) -> bool {
        let Some(now) = now else { return true };
        let waits = |status| {
            matches!(
                status,
                Status::WaitingOnDependencies | Status::WaitingForRunner | Status::Paused
            )
        };
        let given_up = self.instance.status == Status::Canceled && waits(now.status);
        (now.status == self.seen || given_up) && now.attempts == self.instance.attempts
    }
}

/// What an apply writes, in one transaction.
#[derive(Clone, Debug, Default)]
pub struct Apply {
    /// The serial that the plan was made for.
    pub expected_serial: u64,
    /// Objects that get another address, the new one by the old one. Everything else names them by the new one.
    pub moves: BTreeMap<Address, Address>,
    /// Objects that are new or changed.
    pub puts: Vec<StoredObject>,
    /// Objects that go.
    pub removes: Vec<Address>,
    /// All outputs.
    pub outputs: BTreeMap<String, Json>,
    /// Pipelines that are activated for the first time.
    pub activations: BTreeMap<Address, Timestamp>,
    /// Where the intervals of changed schedules begin.
    pub cuts: BTreeMap<Address, Timestamp>,
    /// The schedules of objects that end.
    pub eras: BTreeMap<Address, StoredEra>,
    /// Objects whose last intervals under their old schedule are made, and until when.
    pub made_until: BTreeMap<Address, Timestamp>,
    /// Instances that it gives up or lets wait again.
    pub instances: Vec<Rewrite>,
    /// Objects that operators hold, and that the configuration says are active or not.
    pub unpaused: Vec<Address>,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub who: String,
    /// When the next interval of each object is due that was not made yet; `None` if that is not known.
    pub dues: Option<BTreeMap<Address, Timestamp>>,
    /// How long what has finished is kept, of each object where that is said; `None` if that is not known.
    pub retain: Option<BTreeMap<Address, SignedDuration>>,
    /// How many objects were added, changed, destroyed and forgotten.
    pub counts: [usize; 4],
    /// What it is called in the audit trail; empty: `apply`.
    pub operation: String,
    /// The digest of the saved plan that it carries out.
    pub plan_hash: Option<String>,
    /// What operators ask for with it.
    pub orders: Vec<PlacedOrder>,
}

/// The serial since which each object is there without a break, or was when it went.
const BEGUN: &str = "SELECT address, max(from_serial) AS begun FROM (
        SELECT address, from_serial, lag(to_serial) OVER (PARTITION BY address ORDER BY from_serial) AS before
        FROM objects
    ) WHERE before IS NOT from_serial GROUP BY address";

impl Store {
    /// Where the state stands.
    pub fn head(&self) -> Result<Head, StoreError> {
        self.connection
            .query_row("SELECT serial, lineage FROM meta", [], |row| {
                Ok(Head {
                    serial: unsigned(row.get(0)?),
                    lineage: row.get(1)?,
                })
            })
            .map_err(|error| self.error(error))
    }

    /// The objects as of a serial, by address.
    pub fn objects_at(&self, serial: u64) -> Result<Vec<StoredObject>, StoreError> {
        let mut objects = Vec::new();
        self.each_object_at(serial, |written| {
            objects.push(written.read(&self.path)?);
            Ok::<_, StoreError>(())
        })?;
        Ok(objects)
    }

    /// Does something with each object as of a serial, by address, one after the other: as JSON they take more memory than as what
    /// becomes of them. To read them is left to who gets them, on whatever thread.
    pub fn each_object_at<E: From<StoreError>>(
        &self,
        serial: u64,
        mut each: impl FnMut(WrittenObject) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT address, kind, type, pipeline, body, lifecycle FROM objects
                 WHERE from_serial <= ?1 AND (to_serial IS NULL OR to_serial > ?1)
                 ORDER BY address",
            )
            .map_err(|error| self.error(error))?;
        let mut rows = statement
            .query([signed(serial)])
            .map_err(|error| self.error(error))?;
        while let Some(row) = rows.next().map_err(|error| self.error(error))? {
            each(WrittenObject::of(row).map_err(|error| self.error(error))?)?;
        }
        Ok(())
    }

    /// Does something with each text that the objects and outputs as of a serial are kept in, in a fixed order: for who compares states
    /// to the letter, and need not know what they mean.
    pub fn each_text_at(
        &self,
        serial: u64,
        mut each: impl FnMut(Option<&str>),
    ) -> Result<(), StoreError> {
        let mut read = |query: &str, columns: usize| -> rusqlite::Result<()> {
            let mut statement = self.connection.prepare_cached(query)?;
            let mut rows = statement.query([signed(serial)])?;
            while let Some(row) = rows.next()? {
                for column in 0..columns {
                    each(row.get_ref(column)?.as_str_or_null()?);
                }
            }
            Ok(())
        };
        let objects = "SELECT address, kind, type, pipeline, body, lifecycle FROM objects
             WHERE from_serial <= ?1 AND (to_serial IS NULL OR to_serial > ?1)
             ORDER BY address";
        let outputs = "SELECT name, value FROM outputs
             WHERE from_serial <= ?1 AND (to_serial IS NULL OR to_serial > ?1)
             ORDER BY name";
        let done = read(objects, 6).and_then(|()| read(outputs, 2));
        done.map_err(|error| self.error(error))
    }

    /// The outputs of the newest serial.
    pub fn outputs(&self) -> Result<BTreeMap<String, Json>, StoreError> {
        self.outputs_at(self.head()?.serial)
    }

    /// The outputs as of a serial.
    pub fn outputs_at(&self, serial: u64) -> Result<BTreeMap<String, Json>, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT name, value FROM outputs
                 WHERE from_serial <= ?1 AND (to_serial IS NULL OR to_serial > ?1)",
            )
            .map_err(|error| self.error(error))?;
        let rows = statement
            .query_map([signed(serial)], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
            })
            .map_err(|error| self.error(error))?;
        rows.map(|row| {
            let (name, value) = row.map_err(|error| self.error(error))?;
            let value = serde_json::from_str(&value)
                .map_err(|error| self.damaged(format!("output `{name}`: {error}")))?;
            Ok((name, value))
        })
        .collect()
    }

    /// When each pipeline was first activated.
    pub fn activations(&self) -> Result<BTreeMap<Address, Timestamp>, StoreError> {
        self.moments("SELECT pipeline, at FROM activations")
    }

    /// Where the intervals of changed schedules begin.
    pub fn cuts(&self) -> Result<BTreeMap<Address, Timestamp>, StoreError> {
        self.moments("SELECT object, at FROM cuts")
    }

    /// The end of the newest interval of each object that has an instance.
    pub fn made_until(&self) -> Result<BTreeMap<Address, Timestamp>, StoreError> {
        self.moments("SELECT object, made_until FROM cursors")
    }

    /// Since when each object is there without a break, or was when it went (UTC).
    pub fn there_since(&self) -> Result<BTreeMap<Address, Timestamp>, StoreError> {
        self.moments(&format!(
            "SELECT address, applies.at FROM ({BEGUN}) JOIN applies ON applies.serial = begun"
        ))
    }

    /// The serials since which that is so.
    pub(super) fn there_since_serial(&self) -> Result<BTreeMap<Address, u64>, StoreError> {
        self.rows(BEGUN, [], |row| {
            let address: String = row.get(0)?;
            Ok((Address::new(address), unsigned(row.get(1)?)))
        })
    }

    /// The last apply that has changed an object: its serial, when it was, by whom.
    pub fn last_apply_of(
        &self,
        address: &Address,
    ) -> Result<Option<(u64, Timestamp, String)>, StoreError> {
        self.connection
            .query_row(
                "SELECT serial, at, who FROM applies WHERE serial =
                     (SELECT max(max(from_serial, coalesce(to_serial, 0))) FROM objects WHERE address = ?1)",
                [address.as_str()],
                |row| Ok((unsigned(row.get(0)?), moment(row.get(1)?), row.get(2)?)),
            )
            .optional()
            .map_err(|error| self.error(error))
    }

    fn moments(&self, query: &str) -> Result<BTreeMap<Address, Timestamp>, StoreError> {
        self.rows(query, [], |row| {
            Ok((Address::new(row.get::<_, String>(0)?), moment(row.get(1)?)))
        })
    }

    /// Writes an apply and answers the new serial. Refused when the state has moved on since the plan was made.
    pub fn apply(&mut self, _lock: &StateLock, apply: &Apply) -> Result<u64, StoreError> {
        self.in_transaction(|transaction| {
            if let Some(moved) = moved_on(transaction, apply.expected_serial)? {
                return Ok(Err(moved));
            }
            let serial = apply.expected_serial + 1;
            write(transaction, apply, signed(serial))?;
            // After the apply: it is carried out on what that has defined.
            for order in &apply.orders {
                operations::put_order(transaction, order)?;
            }
            for rewrite in &apply.instances {
                let now = runs::instance(transaction, &rewrite.instance.key)?;
                if rewrite.fits(now.as_ref()) {
                    runs::put_instance(transaction, &rewrite.instance)?;
                }
            }
            Ok(Ok(serial))
        })
    }
}

/// An error where the state has another serial than is expected.
pub(super) fn moved_on(
    transaction: &Transaction<'_>,
    expected: u64,
) -> rusqlite::Result<Option<StoreError>> {
    let found = transaction.query_row("SELECT serial FROM meta", [], |row| row.get(0))?;
    let found = unsigned(found);
    Ok((found != expected).then_some(StoreError::Moved { expected, found }))
}

fn write(transaction: &Transaction<'_>, apply: &Apply, serial: i64) -> rusqlite::Result<()> {
    transaction.execute("UPDATE meta SET serial = ?1", [serial])?;
    let [added, changed, destroyed, forgotten] = apply
        .counts
        .map(|count| i64::try_from(count).unwrap_or(i64::MAX));
    transaction.execute(
        "INSERT INTO applies
             (serial, at, who, version, added, changed, destroyed, forgotten, operation, plan_hash, after_operation)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, (SELECT coalesce(max(id), 0) FROM operations))",
        params![
            serial,
            micros(apply.at),
            apply.who,
            env!("CARGO_PKG_VERSION"),
            added,
            changed,
            destroyed,
            forgotten,
            match apply.operation.as_str() {
                "" => "apply",
                operation => operation,
            },
            apply.plan_hash,
        ],
    )?;
    moves::relocate(transaction, &apply.moves)?;
    write_objects(transaction, apply, serial)?;
    write_outputs(transaction, apply, serial)?;
    let cuts = apply.cuts.iter();
    let cuts = cuts.map(|(object, at)| Ok((object.clone(), reached(transaction, object, *at)?)));
    let cuts = cuts.collect::<rusqlite::Result<_>>()?;
    for (table, key, moments) in [
        ("activations", "pipeline", &apply.activations),
        ("cuts", "object", &cuts),
    ] {
        let mut put = transaction.prepare_cached(&format!(
            "INSERT INTO {table} ({key}, at) VALUES (?1, ?2)
             ON CONFLICT ({key}) DO UPDATE SET at = excluded.at"
        ))?;
        for (address, at) in moments {
            put.execute(params![address.as_str(), micros(*at)])?;
        }
    }
    let mut ended = apply.eras.clone();
    for (object, era) in &mut ended {
        era.until = reached(transaction, object, era.until)?;
    }
    eras::put_eras(transaction, &ended)?;
    for (address, made_until) in &apply.made_until {
        runs::put_cursor(transaction, address, *made_until)?;
    }
    operations::lift_pauses(transaction, &apply.unpaused)?;
    operations::lift_pauses(transaction, &apply.removes)?;
    if let Some(dues) = &apply.dues {
        parts::put_index(transaction, dues, serial)?;
    }
    if let Some(retain) = &apply.retain {
        retention::put_retentions(transaction, retain, apply.at)?;
    }
    Ok(())
}

/// Where the schedule of an object ends that was planned to end at a moment: a runner may have made more of it meanwhile.
fn reached(
    transaction: &Transaction<'_>,
    object: &Address,
    planned: Timestamp,
) -> rusqlite::Result<Timestamp> {
    let made_until: Option<i64> = transaction
        .prepare_cached("SELECT made_until FROM cursors WHERE object = ?1")?
        .query_row([object.as_str()], |row| row.get(0))
        .optional()?;
    Ok(made_until.map_or(planned, |until| planned.max(moment(until))))
}

fn write_objects(
    transaction: &Transaction<'_>,
    apply: &Apply,
    serial: i64,
) -> rusqlite::Result<()> {
    let mut close = transaction.prepare_cached(
        "UPDATE objects SET to_serial = ?2 WHERE address = ?1 AND to_serial IS NULL",
    )?;
    for address in &apply.removes {
        close.execute(params![address.as_str(), serial])?;
    }
    for object in &apply.puts {
        close.execute(params![object.address.as_str(), serial])?;
        put_object(transaction, object, serial)?;
    }
    Ok(())
}

/// Writes an object as it is from a serial on.
pub(super) fn put_object(
    transaction: &Transaction<'_>,
    object: &StoredObject,
    serial: i64,
) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO objects (address, from_serial, kind, type, pipeline, body, lifecycle)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            object.address.as_str(),
            serial,
            object.kind,
            object.type_name,
            object.pipeline.as_ref().map(Address::as_str),
            object.body.to_string(),
            object.lifecycle.as_ref().map(Json::to_string),
        ])?;
    parts::put_referrer(transaction, &object.address, serial, &object.body)
}

fn write_outputs(
    transaction: &Transaction<'_>,
    apply: &Apply,
    serial: i64,
) -> rusqlite::Result<()> {
    let mut close = transaction.prepare_cached(
        "UPDATE outputs SET to_serial = ?2 WHERE name = ?1 AND to_serial IS NULL",
    )?;
    let mut put = transaction
        .prepare_cached("INSERT INTO outputs (name, from_serial, value) VALUES (?1, ?2, ?3)")?;
    let mut get = transaction
        .prepare_cached("SELECT value FROM outputs WHERE name = ?1 AND to_serial IS NULL")?;
    let names: Vec<String> = transaction
        .prepare_cached("SELECT name FROM outputs WHERE to_serial IS NULL")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for name in names {
        if !apply.outputs.contains_key(&name) {
            close.execute(params![name, serial])?;
        }
    }
    for (name, value) in &apply.outputs {
        let text = value.to_string();
        let old: Option<String> = get.query_row([name], |row| row.get(0)).optional()?;
        if old.as_ref() != Some(&text) {
            close.execute(params![name, serial])?;
            put.execute(params![name, serial, text])?;
        }
    }
    Ok(())
}

pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
