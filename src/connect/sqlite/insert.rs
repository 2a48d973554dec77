//! Records into a table: one prepared statement, and the conversion of fields to what their columns declare.

use rusqlite::Statement;
use rusqlite::types::ToSqlOutput;
use rusqlite::types::Value;
use rusqlite::types::ValueRef;

use super::Database;
use super::error_at;
use crate::connect::ConnectError;
use crate::connect::formats::Column;
use crate::connect::formats::ColumnType;
use crate::connect::formats::FieldKind;
use crate::connect::formats::Record;
use crate::connect::formats::regex::cut;

/// Inserts records by one prepared statement.
pub struct Inserter<'d> {
    pub(super) database: &'d Database,
    pub(super) statement: Statement<'d>,
    pub(super) names: Vec<String>,
    pub(super) columns: Vec<Column>,
    pub(super) width: usize,
}

impl Inserter<'_> {
    /// Inserts one record; `source` is its file or query, for errors.
    pub fn insert(&mut self, record: &Record, source: &str) -> Result<(), ConnectError> {
        let place = || format!("{source} line {}", record.line);
        if record.len() != self.width {
            let reason = format!(
                "the record has {} fields, and {} are expected",
                record.len(),
                self.width
            );
            return Err(ConnectError::Record {
                place: place(),
                reason,
            });
        }
        for index in 0..self.width {
            let (bytes, kind) = record.field(index).unwrap_or((b"", FieldKind::Null));
            let value = convert(bytes, kind, self.columns.get(index).map(|c| c.kind)).map_err(
                |reason| {
                    let name = self
                        .names
                        .get(index)
                        .map_or_else(|| (index + 1).to_string(), |n| format!("`{n}`"));
                    ConnectError::Record {
                        place: format!("{} column {name}", place()),
                        reason,
                    }
                },
            )?;
            self.statement
                .raw_bind_parameter(index + 1, value)
                .map_err(|e| self.database.error(&e))?;
        }
        self.statement
            .raw_execute()
            .map(drop)
            .map_err(|e| error_at(place(), &e))
    }
}

pub(super) fn convert(
    bytes: &[u8],
    kind: FieldKind,
    to: Option<ColumnType>,
) -> Result<ToSqlOutput<'_>, String> {
    let owned = |v: Value| Ok(ToSqlOutput::Owned(v));
    let typed = to.is_some_and(|t| t != ColumnType::String);
    match kind {
        FieldKind::Null => return owned(Value::Null),
        FieldKind::Blob => return Ok(ToSqlOutput::Borrowed(ValueRef::Blob(bytes))),
        FieldKind::Text if typed && bytes.is_empty() => return owned(Value::Null),
        _ => {}
    }
    let text =
        std::str::from_utf8(bytes).map_err(|_| format!("`{}` is not UTF-8 text", cut(bytes)))?;
    let wrong = |what: &str| format!("`{}` is not {what}", cut(bytes));
    match (to, kind) {
        (Some(ColumnType::Integer(low, high)), _) => match text.trim().parse::<i64>() {
            Ok(n) if (low..=high).contains(&n) => owned(Value::Integer(n)),
            _ => Err(wrong(&format!("a whole number from {low} to {high}"))),
        },
        (Some(ColumnType::Double), _) => text
            .trim()
            .parse()
            .map_err(|_| wrong("a number"))
            .and_then(|n| owned(Value::Real(n))),
        (Some(ColumnType::Boolean), _) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" => owned(Value::Integer(1)),
            "false" | "0" => owned(Value::Integer(0)),
            _ => Err(wrong("`true` or `false`")),
        },
        (Some(ColumnType::Timestamp), _) => {
            let good = text.parse::<jiff::civil::DateTime>().is_ok()
                || text.parse::<jiff::Timestamp>().is_ok();
            if good {
                Ok(ToSqlOutput::Borrowed(text.into()))
            } else {
                Err(wrong("a timestamp like `2026-11-01 12:30:00`"))
            }
        }
        (None, FieldKind::Integer) => text
            .parse()
            .map_err(|_| wrong("a number"))
            .and_then(|n| owned(Value::Integer(n))),
        (None, FieldKind::Real) => text
            .parse()
            .map_err(|_| wrong("a number"))
            .and_then(|n| owned(Value::Real(n))),
        _ => Ok(ToSqlOutput::Borrowed(text.into())),
    }
}
