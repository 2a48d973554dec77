//! `SQLite`: rows of a query, rows into a table, scripts. Each write and each script is one transaction.
//!
//! The only connector that knows rusqlite. A long statement is interrupted when the work is cancelled, and then
//! nothing of it stays. NULL is NULL on both sides; an empty text is NULL for a column whose declared type is not
//! STRING. Values without a declared type are bound as text, and the table's own affinity converts them.

mod insert;
mod split;

pub use insert::Inserter;

use super::Cancel;
use super::ConnectError;
use super::formats::Batch;
use super::formats::Column;
use super::formats::FieldKind;
use rusqlite::Connection;
use rusqlite::Row;
use rusqlite::Statement;
use rusqlite::hooks::AuthAction;
use rusqlite::hooks::AuthContext;
use rusqlite::hooks::Authorization;
use rusqlite::types::Value;
use rusqlite::types::ValueRef;
use split::blank;
use split::leading;
use split::next_end;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How long work waits for a database that others use: `TRIES` times `PAUSE`, ten minutes.
const TRIES: u32 = 30_000;
const PAUSE: Duration = Duration::from_millis(20);
/// Pages kept in memory while writing, in KiB.
const CACHE: u32 = 32 * 1024;

/// A bound value.
#[derive(Debug, Clone, PartialEq)]
pub enum Param {
    /// NULL.
    Null,
    /// A whole number.
    Integer(i64),
    /// A floating point number.
    Real(f64),
    /// A text.
    Text(String),
    /// True and false; 1 and 0 in the database.
    Bool(bool),
}

/// The values for the placeholders of a statement or script.
#[derive(Debug, Clone, PartialEq)]
pub enum Params {
    /// For `?`, in order, and `?1`, by number.
    List(Vec<Param>),
    /// For `:name`, `@name` and `$name`.
    Map(BTreeMap<String, Param>),
}

impl Default for Params {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

/// What becomes of the rows that are there already.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum WriteMode {
    /// They stay.
    #[default]
    Append,
    /// Those with the same values in these columns are updated.
    Upsert(Vec<String>),
    /// All go, or those that the condition names.
    Replace(Option<String>),
}

/// Where rows go.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TableTarget {
    /// `jdbc:sqlite:PATH` or `sqlite:PATH`.
    pub connection: String,
    /// The table.
    pub table: String,
    /// Run first.
    pub create_table_sql: Option<String>,
    /// A statement with a `?` for each column of the input, in place of the one that is made.
    pub insert_query: Option<String>,
    /// What becomes of the rows that are there.
    pub write: WriteMode,
    /// Values for the condition of a replace.
    pub params: Params,
}

/// What a query gives.
pub enum Found<'r, 's> {
    /// The names of its columns; comes first, once.
    Names(Vec<String>),
    /// A row.
    Row(FoundRow<'r, 's>),
}

/// A row of a query.
pub struct FoundRow<'r, 's> {
    row: &'r Row<'s>,
    columns: usize,
    number: u64,
    database: &'r Database,
}

impl FoundRow<'_, '_> {
    /// Adds the row to a batch.
    pub fn read(&self, batch: &mut Batch) -> Result<(), ConnectError> {
        for index in 0..self.columns {
            let value = self.row.get_ref(index);
            match value.map_err(|e| self.database.error(&e))? {
                ValueRef::Null => batch.push(b"", FieldKind::Null),
                ValueRef::Integer(n) => batch.push(n.to_string().as_bytes(), FieldKind::Integer),
                ValueRef::Real(n) => batch.push(format!("{n:?}").as_bytes(), FieldKind::Real),
                ValueRef::Text(t) => batch.push(t, FieldKind::Text),
                ValueRef::Blob(b) => batch.push(b, FieldKind::Blob),
            }
        }
        batch.end_record(self.number);
        if batch.is_too_large() {
            return Err(ConnectError::Record {
                place: format!("query line {}", self.number),
                reason: "the row is longer than 4 GiB".to_owned(),
            });
        }
        Ok(())
    }
}

/// The file that a connection string names.
pub fn path_of(connection: &str) -> Option<&str> {
    let text = connection.strip_prefix("jdbc:").unwrap_or(connection);
    text.strip_prefix("sqlite:").filter(|path| !path.is_empty())
}

/// An open database.
pub struct Database {
    connection: Connection,
    cancel: Cancel,
    place: String,
    script: Arc<AtomicBool>,
}

impl Database {
    /// Opens a database, and makes the file when `create` is set and it is missing.
    pub fn open(connection: &str, create: bool, cancel: &Cancel) -> Result<Self, ConnectError> {
        let Some(path) = path_of(connection) else {
            return Err(ConnectError::Setting(
                "`connection_string` is not supported; use `jdbc:sqlite:PATH` or `sqlite:PATH`"
                    .to_owned(),
            ));
        };
        let mut flags =
            rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE | rusqlite::OpenFlags::SQLITE_OPEN_NO_MUTEX;
        flags.set(rusqlite::OpenFlags::SQLITE_OPEN_CREATE, create);
        let fail = |e: rusqlite::Error| ConnectError::Sql {
            place: path.to_owned(),
            reason: e.to_string(),
        };
        let mut connection = Connection::open_with_flags(path, flags).map_err(fail)?;
        // Waiting is done in `when_free`, where it can be cancelled.
        connection.busy_timeout(Duration::ZERO).map_err(fail)?;
        let (asked, script) = (cancel.clone(), Arc::new(AtomicBool::new(false)));
        connection
            .progress_handler(10_000, Some(move || asked.is_cancelled()))
            .map_err(fail)?;
        let inside = Arc::clone(&script);
        let guard = move |context: AuthContext<'_>| match context.action {
            AuthAction::Transaction { .. } if inside.load(Ordering::Relaxed) => Authorization::Deny,
            _ => Authorization::Allow,
        };
        connection.authorizer(Some(guard)).map_err(fail)?;
        Ok(Self {
            connection,
            cancel: cancel.clone(),
            place: path.to_owned(),
            script,
        })
    }

    /// Tries until others leave the database free, the work is cancelled, or it takes too long.
    fn when_free<T>(
        &self,
        mut attempt: impl FnMut() -> rusqlite::Result<T>,
    ) -> Result<T, ConnectError> {
        let mut tries = 0;
        loop {
            match attempt() {
                Err(error) if busy(&error) && tries < TRIES => {
                    if self.cancel.is_cancelled() {
                        return Err(ConnectError::Cancelled);
                    }
                    tries += 1;
                    std::thread::sleep(PAUSE);
                }
                result => return result.map_err(|error| self.error(&error)),
            }
        }
    }

    fn error(&self, error: &rusqlite::Error) -> ConnectError {
        error_at(self.place.clone(), error)
    }

    /// Whether a table or view of this name exists.
    pub fn has_table(&self, table: &str) -> Result<bool, ConnectError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = ?1 COLLATE NOCASE AND type IN ('table', 'view'))";
        self.when_free(|| self.connection.query_row(sql, [table], |row| row.get(0)))
    }

    /// Runs a query that only reads: hands over the names of its columns, then each of its rows, until `take` fails.
    pub fn query(
        &self,
        sql: &str,
        params: &Params,
        mut take: impl FnMut(Found<'_, '_>) -> Result<(), ConnectError>,
    ) -> Result<(), ConnectError> {
        // The lock is had before the query is prepared: from then on nobody makes it wait.
        self.connection
            .execute_batch("BEGIN")
            .map_err(|e| self.error(&e))?;
        let count = "SELECT count(*) FROM sqlite_schema";
        self.when_free(|| {
            self.connection
                .query_row(count, [], |row| row.get::<_, i64>(0))
        })?;
        let mut statement = self.connection.prepare(sql).map_err(|e| self.error(&e))?;
        if !statement.readonly() {
            return Err(ConnectError::Setting(
                "`select_query` changes the database; it may only read".to_owned(),
            ));
        }
        bind(&mut statement, params, &mut 0, &self.place)?;
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let columns = names.len();
        take(Found::Names(names))?;
        let (mut number, mut rows) = (0, statement.raw_query());
        while let Some(row) = rows.next().map_err(|e| self.error(&e))? {
            number += 1;
            take(Found::Row(FoundRow {
                row,
                columns,
                number,
                database: self,
            }))?;
        }
        drop(rows);
        drop(statement);
        self.connection
            .execute_batch("COMMIT")
            .map_err(|e| self.error(&e))
    }

    /// Runs `work` in one transaction: all of it or nothing.
    pub fn transaction<T>(
        &self,
        work: impl FnOnce() -> Result<T, ConnectError>,
    ) -> Result<T, ConnectError> {
        let begin = format!("PRAGMA cache_size = -{CACHE}; BEGIN IMMEDIATE");
        self.when_free(|| self.connection.execute_batch(&begin))?;
        self.script.store(true, Ordering::Relaxed);
        let result = work();
        self.script.store(false, Ordering::Relaxed);
        let result = result.and_then(|v| {
            self.when_free(|| self.connection.execute_batch("COMMIT"))?;
            Ok(v)
        });
        if result.is_err() && !self.connection.is_autocommit() {
            // Closing the connection rolls back too, should this fail.
            drop(self.connection.execute_batch("ROLLBACK"));
        }
        result
    }

    /// Runs all statements of a script in one transaction; returns how many rows they changed.
    pub fn script(&self, script: &str, params: &Params) -> Result<u64, ConnectError> {
        self.transaction(|| self.statements(script, params))
    }

    fn statements(&self, script: &str, params: &Params) -> Result<u64, ConnectError> {
        let (before, mut used) = (self.connection.total_changes(), 0);
        let (mut start, mut number) = (0, 1);
        while let Some(rest) = script.get(start..).filter(|r| !blank(r)) {
            let line = 1 + script
                .bytes()
                .take(start + leading(rest))
                .filter(|b| *b == b'\n')
                .count();
            let place = format!("statement {number} at line {line} of the script");
            let mut end = 0;
            let mut statement = loop {
                end = next_end(rest, end);
                let text = rest.get(..end).unwrap_or(rest);
                match self.connection.prepare(text) {
                    // The `;` stood inside a trigger's body.
                    Err(e) if end < rest.len() && e.to_string().contains("incomplete input") => {}
                    Err(e) => return Err(error_at(place, &e)),
                    Ok(statement) => break statement,
                }
            };
            bind(&mut statement, params, &mut used, &place)?;
            let mut rows = statement.raw_query();
            while rows
                .next()
                .map_err(|e| error_at(place.clone(), &e))?
                .is_some()
            {}
            start += end;
            number += 1;
        }
        match params {
            Params::List(list) if used < list.len() => Err(ConnectError::Setting(format!(
                "`params` has {} values and the script uses {used}",
                list.len()
            ))),
            _ => Ok(self.connection.total_changes() - before),
        }
    }

    /// Makes a table ready for rows: creates it, removes what is replaced. Call it inside a transaction.
    pub fn prepare_table(&self, target: &TableTarget) -> Result<(), ConnectError> {
        if let Some(sql) = &target.create_table_sql {
            self.statements(sql, &Params::default())?;
        }
        let table = quote(&target.table);
        match &target.write {
            WriteMode::Replace(None) => {
                self.statements(&format!("DELETE FROM {table}"), &Params::default())
            }
            WriteMode::Replace(Some(condition)) => self.statements(
                &format!("DELETE FROM {table} WHERE {condition}"),
                &target.params,
            ),
            _ => Ok(0),
        }
        .map(drop)
    }

    /// How many rows there are that `replace_where` would replace; nothing without one, or where that cannot be counted.
    #[must_use]
    pub fn replaceable(&self, target: &TableTarget) -> Option<u64> {
        let WriteMode::Replace(Some(condition)) = &target.write else {
            return None;
        };
        let table = quote(&target.table);
        let sql = format!("SELECT count(*) FROM {table} WHERE {condition}");
        let mut statement = self.connection.prepare(&sql).ok()?;
        bind(&mut statement, &target.params, &mut 0, &self.place).ok()?;
        let mut rows = statement.raw_query();
        let count: i64 = rows.next().ok()??.get(0).ok()?;
        u64::try_from(count).ok()
    }

    /// An inserter for records with these column names (none: by position) and declared types.
    pub fn inserter(
        &self,
        target: &TableTarget,
        names: &[String],
        width: usize,
        columns: &[Column],
    ) -> Result<Inserter<'_>, ConnectError> {
        let sql = match &target.insert_query {
            Some(sql) => sql.clone(),
            None => self.insert_sql(target, names, width)?,
        };
        let statement = self.connection.prepare(&sql).map_err(|e| self.error(&e))?;
        let takes = statement.parameter_count();
        if takes != width {
            return Err(ConnectError::Setting(format!(
                "`insert_query` has {takes} placeholders and the input has {width} columns"
            )));
        }
        Ok(Inserter {
            database: self,
            statement,
            columns: columns.to_vec(),
            width,
        })
    }

    fn insert_sql(
        &self,
        target: &TableTarget,
        names: &[String],
        width: usize,
    ) -> Result<String, ConnectError> {
        let table = quote(&target.table);
        let all = self
            .connection
            .prepare(&format!("SELECT * FROM {table}"))
            .map_err(|e| self.error(&e))?;
        let own: Vec<String> = all.column_names().map(str::to_owned).collect();
        let names = if names.is_empty() { &own } else { names };
        if names.len() != width {
            return Err(ConnectError::Setting(format!(
                "the input has {width} columns and table `{}` takes {}; name them with `column` or a header",
                target.table,
                names.len()
            )));
        }
        let list = names
            .iter()
            .map(|n| quote(n))
            .collect::<Vec<_>>()
            .join(", ");
        let marks = vec!["?"; width].join(", ");
        let mut sql = format!("INSERT INTO {table} ({list}) VALUES ({marks})");
        if let WriteMode::Upsert(keys) = &target.write {
            let key = keys.iter().map(|k| quote(k)).collect::<Vec<_>>().join(", ");
            let set: Vec<String> = names
                .iter()
                .filter(|n| !keys.iter().any(|k| k.eq_ignore_ascii_case(n)))
                .map(|n| format!("{0} = excluded.{0}", quote(n)))
                .collect();
            let act = if set.is_empty() {
                "NOTHING".to_owned()
            } else {
                format!("UPDATE SET {}", set.join(", "))
            };
            sql.extend([" ON CONFLICT (", &key, ") DO ", &act]);
        }
        Ok(sql)
    }
}

fn error_at(place: String, error: &rusqlite::Error) -> ConnectError {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::OperationInterrupted) => ConnectError::Cancelled,
        Some(rusqlite::ErrorCode::AuthorizationForStatementDenied) => ConnectError::Sql {
            place,
            reason:
                "the script runs in one transaction of its own; remove BEGIN, COMMIT and ROLLBACK"
                    .to_owned(),
        },
        _ => ConnectError::Sql {
            place,
            reason: error.to_string(),
        },
    }
}

fn busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked)
    )
}

fn bind(
    statement: &mut Statement<'_>,
    params: &Params,
    used: &mut usize,
    place: &str,
) -> Result<(), ConnectError> {
    let count = statement.parameter_count();
    let numbered = |name: Option<&str>| name.is_some_and(|name| name.starts_with('?'));
    // `?5` alone makes five placeholders, and SQLite numbers a `?` beside it: then all go by their number.
    let by_number = (1..=count).any(|index| numbered(statement.parameter_name(index)));
    for index in 1..=count {
        let name = statement.parameter_name(index).map(str::to_owned);
        let found = match (&name, params) {
            (Some(name), Params::List(_)) if !name.starts_with('?') => None,
            (_, Params::List(list)) if by_number => {
                *used = (*used).max(index);
                list.get(index - 1)
            }
            (_, Params::List(list)) => {
                *used += 1;
                list.get(*used - 1)
            }
            (Some(name), Params::Map(map)) => name.get(1..).and_then(|name| map.get(name)),
            (None, Params::Map(_)) => None,
        };
        let Some(param) = found else {
            let what = name.map_or_else(|| format!("`?` number {used}"), |n| format!("`{n}`"));
            let reason =
                format!("no value for {what}; `params` is a list for `?` and a map for `:name`");
            return Err(ConnectError::Sql {
                place: place.to_owned(),
                reason,
            });
        };
        let value = match param {
            Param::Null => Value::Null,
            Param::Integer(n) => Value::Integer(*n),
            Param::Real(n) => Value::Real(*n),
            Param::Text(t) => Value::Text(t.clone()),
            Param::Bool(b) => Value::Integer((*b).into()),
        };
        statement
            .raw_bind_parameter(index, value)
            .map_err(|e| ConnectError::Sql {
                place: place.to_owned(),
                reason: e.to_string(),
            })?;
    }
    Ok(())
}

fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests;
