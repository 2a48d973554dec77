//! Actions that are owed: each is written in the transaction of what called for it, and is there until it has ended. So none is
//! lost with its runner; one that ended when its runner did may be taken twice.

use jiff::Timestamp;
use rusqlite::Connection;
use rusqlite::Row;
use rusqlite::ToSql;
use rusqlite::Transaction;
use rusqlite::params;

use super::ActionRun;
use super::RunnerLease;
use super::Store;
use super::StoreError;
use super::actions::put;
use super::micros;
use super::moment;
use super::runs::interval;
use crate::engine::Instance;
use crate::engine::InstanceKey;
use crate::objects::Address;

/// An action that is to be taken for an instance.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// What tells it from all others; the same each time it is tried.
    pub id: String,
    /// The action.
    pub action: Address,
    /// What it is for, as it was when the action was called for.
    pub instance: Instance,
    /// When it was called for (UTC).
    pub made_at: Timestamp,
    /// How often it was tried.
    pub tries: u32,
    /// Not to be tried again before (UTC).
    pub not_before: Option<Timestamp>,
    /// Why it failed the last time.
    pub error: Option<String>,
}

/// What became of a delivery that was tried.
#[derive(Clone, Debug, PartialEq)]
pub enum Tried {
    /// It has ended: it was taken, or is given up.
    Ended {
        /// Its id.
        id: String,
        /// What it came to.
        run: ActionRun,
    },
    /// It is still owed.
    Owed(Box<Delivery>),
}

impl Store {
    /// Records what became of deliveries. Refused when another runner has taken over.
    pub fn record_tries(&mut self, lease: &RunnerLease, tries: &[Tried]) -> Result<(), StoreError> {
        self.fenced(lease, |transaction| {
            tries.iter().try_for_each(|tried| match tried {
                Tried::Ended { id, run } => {
                    remove(transaction, id)?;
                    put(transaction, run)
                }
                Tried::Owed(delivery) => put_delivery(transaction, delivery),
            })
        })
    }

    /// All deliveries that are owed, those first that were called for first.
    pub fn owed(&self) -> Result<Vec<Delivery>, StoreError> {
        self.deliveries("1", params![])
    }

    /// How many are owed.
    pub fn count_owed(&self) -> Result<u64, StoreError> {
        self.connection
            .query_row("SELECT count(*) FROM deliveries", [], |row| {
                row.get::<_, i64>(0)
            })
            .map(i64::unsigned_abs)
            .map_err(|error| self.error(error))
    }

    /// Those of an instance.
    pub(super) fn owed_for(&self, key: &InstanceKey) -> Result<Vec<Delivery>, StoreError> {
        let (start, end) = (micros(key.interval.start), micros(key.interval.end));
        self.deliveries(
            "object = ?1 AND start = ?2 AND \"end\" = ?3",
            params![key.object.as_str(), start, end],
        )
    }

    /// Those of the instances of an object.
    pub(super) fn owed_by(&self, object: &Address) -> Result<Vec<Delivery>, StoreError> {
        self.deliveries("object = ?1", params![object.as_str()])
    }

    fn deliveries(&self, which: &str, values: &[&dyn ToSql]) -> Result<Vec<Delivery>, StoreError> {
        let query = format!(
            "SELECT id, object, start, \"end\", action, made_at, instance, tries, not_before, error
             FROM deliveries WHERE {which} ORDER BY made_at, id"
        );
        self.rows(&query, values, read)
    }
}

impl Delivery {
    /// What there is to say of it while it is owed.
    pub(super) fn so_far(&self) -> ActionRun {
        let error = self.error.as_ref().map(|error| match self.tries {
            1 => format!("{error} (tried once; it will be tried again)"),
            tries => format!("{error} (tried {tries} times; it will be tried again)"),
        });
        ActionRun {
            action: self.action.clone(),
            instance: self.instance.key.clone(),
            ended_at: self.made_at,
            error,
            owed: true,
        }
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    let kept: String = row.get(6)?;
    let instance: Instance = serde_json::from_str(&kept).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(6, rusqlite::types::Type::Text, Box::new(error))
    })?;
    // It may have been given another address since.
    let key = InstanceKey {
        object: Address::new(row.get::<_, String>(1)?),
        interval: interval(row, 2)?,
    };
    Ok(Delivery {
        id: row.get(0)?,
        action: Address::new(row.get::<_, String>(4)?),
        instance: Instance { key, ..instance },
        made_at: moment(row.get(5)?),
        tries: row.get(7)?,
        not_before: row.get::<_, Option<i64>>(8)?.map(moment),
        error: row.get(9)?,
    })
}

/// Writes a delivery, or what has become of it.
pub(super) fn put_delivery(connection: &Connection, delivery: &Delivery) -> rusqlite::Result<()> {
    let key = &delivery.instance.key;
    let instance = serde_json::to_string(&delivery.instance)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO deliveries
             (id, object, start, \"end\", action, made_at, instance, tries, not_before, error)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            delivery.id,
            key.object.as_str(),
            micros(key.interval.start),
            micros(key.interval.end),
            delivery.action.as_str(),
            micros(delivery.made_at),
            instance,
            delivery.tries,
            delivery.not_before.map(micros),
            delivery.error,
        ])?;
    Ok(())
}

fn remove(transaction: &Transaction<'_>, id: &str) -> rusqlite::Result<()> {
    transaction
        .prepare_cached("DELETE FROM deliveries WHERE id = ?1")?
        .execute([id])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Decision;
    use crate::store::Holder;
    use crate::time::Interval;

    #[test]
    fn what_is_owed_is_there_until_it_has_ended() {
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
        let object = Address::new("a");
        let mut delivery = Delivery {
            id: "7".to_owned(),
            action: Address::new("action.page"),
            instance: Instance {
                reason: Some("no \"such\"\nfile".to_owned()),
                ..Instance::new(InstanceKey { object, interval })
            },
            made_at: at(20),
            tries: 0,
            not_before: None,
            error: None,
        };
        let decision = Decision {
            deliveries: vec![delivery.clone()],
            ..Decision::<()>::default()
        };
        let decide = |_: &Store| Ok::<_, StoreError>(decision);
        store.decide(&lease, decide).unwrap();
        drop(store);
        let mut store = Store::open(&path).unwrap();
        assert_eq!(store.owed().unwrap(), [delivery.clone()]);
        let run = &store.actions_of(&delivery.instance.key).unwrap()[0];
        assert!(run.owed && run.error.is_none(), "it has not failed");
        assert_eq!(store.count_owed().unwrap(), 1);
        delivery.tries = 2;
        delivery.error = Some("no such host".to_owned());
        delivery.not_before = Some(at(30));
        let tried = [Tried::Owed(Box::new(delivery.clone()))];
        store.record_tries(&lease, &tried).unwrap();
        assert_eq!(store.owed().unwrap(), [delivery.clone()]);
        let shown = store.failed_actions(&Address::new("a")).unwrap();
        let error = shown[0].error.as_deref().unwrap();
        assert_eq!(
            error,
            "no such host (tried 2 times; it will be tried again)"
        );
        assert_eq!(store.actions_of(&delivery.instance.key).unwrap(), shown);
        let run = ActionRun {
            error: None,
            owed: false,
            ended_at: at(40),
            ..delivery.so_far()
        };
        let id = delivery.id.clone();
        let ended = [Tried::Ended {
            id,
            run: run.clone(),
        }];
        store.record_tries(&lease, &ended).unwrap();
        assert_eq!(store.owed().unwrap(), []);
        assert_eq!(store.actions_of(&delivery.instance.key).unwrap(), [run]);
    }
}
