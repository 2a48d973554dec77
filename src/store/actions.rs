//! What actions came to: kept with the instance that each was for, as long as its attempts.

use jiff::Timestamp;
use rusqlite::Row;
use rusqlite::ToSql;
use rusqlite::Transaction;
use rusqlite::params;

use super::Delivery;
use super::Store;
use super::StoreError;
use super::micros;
use super::moment;
use super::runs::interval;
use crate::engine::InstanceKey;
use crate::objects::Address;

/// An action that was taken for an instance, or is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionRun {
    /// The action.
    pub action: Address,
    /// What it was for.
    pub instance: InstanceKey,
    /// When it ended, or was called for if it is still owed (UTC).
    pub ended_at: Timestamp,
    /// Why it failed; `None`: it has not.
    pub error: Option<String>,
    /// Whether it is still owed, and will be tried, or tried again.
    pub owed: bool,
}

impl Store {
    /// The actions that were taken for an instance, oldest first; those that are still owed last.
    pub fn actions_of(&self, key: &InstanceKey) -> Result<Vec<ActionRun>, StoreError> {
        let (start, end) = (micros(key.interval.start), micros(key.interval.end));
        let mut taken = self.actions(
            "object = ?1 AND start = ?2 AND \"end\" = ?3",
            params![key.object.as_str(), start, end],
        )?;
        taken.extend(self.owed_for(key)?.iter().map(Delivery::so_far));
        Ok(taken)
    }

    /// The actions that were taken for instances of an object and have failed, and those that are still owed.
    pub fn failed_actions(&self, object: &Address) -> Result<Vec<ActionRun>, StoreError> {
        let mut failed = self.actions(
            "object = ?1 AND error IS NOT NULL",
            params![object.as_str()],
        )?;
        failed.extend(self.owed_by(object)?.iter().map(Delivery::so_far));
        Ok(failed)
    }

    fn actions(&self, which: &str, values: &[&dyn ToSql]) -> Result<Vec<ActionRun>, StoreError> {
        let query = format!(
            "SELECT object, start, \"end\", ended_at, action, error FROM actions
             WHERE {which} ORDER BY object, start, \"end\", ended_at, action"
        );
        self.rows(&query, values, read)
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<ActionRun> {
    Ok(ActionRun {
        instance: InstanceKey {
            object: Address::new(row.get::<_, String>(0)?),
            interval: interval(row, 1)?,
        },
        ended_at: moment(row.get(3)?),
        action: Address::new(row.get::<_, String>(4)?),
        error: row.get(5)?,
        owed: false,
    })
}

pub(super) fn put(transaction: &Transaction<'_>, run: &ActionRun) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO actions (object, start, \"end\", ended_at, action, error)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            run.instance.object.as_str(),
            micros(run.instance.interval.start),
            micros(run.instance.interval.end),
            micros(run.ended_at),
            run.action.as_str(),
            run.error,
        ])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::store::Apply;
    use crate::store::Holder;
    use crate::store::Tried;
    use crate::time::Interval;

    #[test]
    fn what_actions_came_to_is_kept_and_moves_along() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state.db");
        let mut store = Store::open(&path).unwrap();
        let at = |second| Timestamp::from_second(second).unwrap();
        let run = |object: &str, action: &str, second, error: Option<&str>| ActionRun {
            action: Address::new(action),
            instance: InstanceKey {
                object: Address::new(object),
                interval: Interval {
                    start: at(0),
                    end: at(10),
                },
            },
            ended_at: at(second),
            error: error.map(str::to_owned),
            owed: false,
        };
        let holder = Holder::this_process("maria@laptop".to_owned(), "run", at(0));
        let lease = store.lock_runner(&holder).unwrap();
        let late = run("a", "action.late", 20, None);
        let failed = run("a", "action.fail", 30, Some("no \"such\"\nhost"));
        let other = run("b", "action.fail", 30, None);
        let all = [failed.clone(), late.clone(), other];
        let ended = all.map(|run| Tried::Ended {
            id: String::new(),
            run,
        });
        store.record_tries(&lease, &ended).unwrap();
        let of_a = store.actions_of(&late.instance).unwrap();
        assert_eq!(of_a, [late.clone(), failed.clone()], "oldest first");
        let found = store.failed_actions(&Address::new("a")).unwrap();
        assert_eq!(found, [failed]);
        assert_eq!(store.failed_actions(&Address::new("b")).unwrap(), []);

        let moves = [("a", "c"), ("action.fail", "action.page")];
        let moves = moves.map(|(old, new)| (Address::new(old), Address::new(new)));
        let apply = Apply {
            moves: moves.into(),
            ..Apply::default()
        };
        let state = Store::lock_state(&path, &holder, Duration::ZERO).unwrap();
        store.apply(&state, &apply).unwrap();
        let renamed = run("c", "action.page", 30, Some("no \"such\"\nhost"));
        assert_eq!(store.actions_of(&renamed.instance).unwrap()[1], renamed);
        assert_eq!(store.actions_of(&late.instance).unwrap(), []);
    }
}
