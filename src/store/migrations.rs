//! Formats of the state: numbered migrations, kept in `PRAGMA user_version`.
//!
//! Whoever opens a state to write it migrates it. Whoever only reads leaves the file as it is, and sees an older format
//! through temporary views that show it in the newest one.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::TransactionBehavior;

use super::StoreError;
use super::database;

/// Marks a database as a state of pipeform ("ppfm").
const APPLICATION_ID: i64 = 0x7070_666d;

/// From one format to the next.
struct Migration {
    /// Changes the state.
    change: &'static str,
    /// Shows a state that was not changed as if it had been.
    view: &'static str,
}

/// Each brings the format to the next number.
const MIGRATIONS: &[Migration] = &[
    Migration {
        change: include_str!("migrations/001.sql"),
        view: "",
    },
    Migration {
        change: include_str!("migrations/002.sql"),
        view: include_str!("migrations/002.view.sql"),
    },
    Migration {
        change: include_str!("migrations/003.sql"),
        view: include_str!("migrations/003.view.sql"),
    },
    Migration {
        change: include_str!("migrations/004.sql"),
        view: include_str!("migrations/004.view.sql"),
    },
    Migration {
        change: include_str!("migrations/005.sql"),
        view: include_str!("migrations/005.view.sql"),
    },
    Migration {
        change: include_str!("migrations/006.sql"),
        view: include_str!("migrations/006.view.sql"),
    },
    Migration {
        change: include_str!("migrations/007.sql"),
        // Only a runner asks for it, and a runner writes.
        view: "",
    },
    Migration {
        change: include_str!("migrations/008.sql"),
        view: include_str!("migrations/008.view.sql"),
    },
    Migration {
        change: include_str!("migrations/009.sql"),
        view: include_str!("migrations/009.view.sql"),
    },
    Migration {
        change: include_str!("migrations/010.sql"),
        view: include_str!("migrations/010.view.sql"),
    },
    Migration {
        change: include_str!("migrations/011.sql"),
        view: include_str!("migrations/011.view.sql"),
    },
    Migration {
        change: include_str!("migrations/012.sql"),
        view: include_str!("migrations/012.view.sql"),
    },
    Migration {
        change: include_str!("migrations/013.sql"),
        view: include_str!("migrations/013.view.sql"),
    },
    Migration {
        change: include_str!("migrations/014.sql"),
        view: include_str!("migrations/014.view.sql"),
    },
    Migration {
        change: include_str!("migrations/015.sql"),
        // Triggers are for who writes.
        view: "",
    },
];

/// The newest format.
pub(super) fn newest() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// Refuses what is no state, or one of a newer format. Changes nothing.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let read = |name| {
        connection
            .pragma_query_value(None, name, |row| row.get::<_, i64>(0))
            .map_err(|error| database(path, error))
    };
    let (application, format) = (read("application_id")?, read("user_version")?);
    if application != APPLICATION_ID && !is_empty(connection, path)? {
        return Err(StoreError::Foreign(path.to_path_buf()));
    }
    if format > newest() {
        return Err(StoreError::Newer {
            path: path.to_path_buf(),
            found: format,
            known: newest(),
        });
    }
    Ok(())
}

/// Whether there is nothing in a database.
pub(super) fn is_empty(connection: &Connection, path: &Path) -> Result<bool, StoreError> {
    let count: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(|error| database(path, error))?;
    Ok(count == 0)
}

/// Shows a state in the newest format without changing it.
pub(super) fn show(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let run = || -> rusqlite::Result<()> {
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        let format: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        for migration in MIGRATIONS.iter().skip(usize::try_from(format).unwrap_or(0)) {
            connection.execute_batch(migration.view)?;
        }
        Ok(())
    };
    run().map_err(|error| database(path, error))
}

/// Brings a state to the newest format, in one transaction.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let format = |connection: &Connection| {
        connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))
    };
    let current = format(connection).map_err(|error| database(path, error))?;
    if current == newest() {
        return Ok(());
    }
    let mut run = || -> rusqlite::Result<()> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Another process may have been faster.
        let from = usize::try_from(format(&transaction)?).unwrap_or(0);
        for migration in MIGRATIONS.iter().skip(from) {
            transaction.execute_batch(migration.change)?;
        }
        if from == 0 {
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.execute(
                "INSERT INTO meta (only_row, lineage, serial, fence) VALUES (1, ?1, 0, 0)",
                [uuid::Uuid::new_v4().to_string()],
            )?;
        }
        transaction.pragma_update(None, "user_version", newest())?;
        transaction.commit()
    };
    run().map_err(|error| database(path, error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;

    #[test]
    fn of_compute_that_ended_under_an_older_format_nothing_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state.db");
        let connection = Connection::open(&path).unwrap();
        for migration in &MIGRATIONS[..13] {
            connection.execute_batch(migration.change).unwrap();
        }
        connection
            .execute_batch(
                "PRAGMA application_id = 0x7070666d;
                 PRAGMA user_version = 13;
                 INSERT INTO meta (only_row, lineage, serial, fence) VALUES (1, 'old', 0, 0);
                 INSERT INTO resources (token, object, start, \"end\", number, settings, name, state,
                     users, requested_at, since, ended_at)
                 VALUES ('a', 'resource.big', 0, 1, 1, '{}', 'a', 'TERMINATING', '[]', 0, 0, 5),
                        ('b', 'resource.big', 0, 1, 2, '{}', 'b', 'RUNNING', '[]', 0, 0, NULL);",
            )
            .unwrap();
        drop(connection);
        for open in [Store::read, Store::open] {
            let store = open(&path).unwrap();
            let untold = store.untold_resources().unwrap();
            assert_eq!(untold.len(), 1);
            assert_eq!((untold[0].token.as_str(), untold[0].failed), ("b", false));
            assert_eq!(store.all_resources().unwrap().len(), 2);
        }
    }
}
