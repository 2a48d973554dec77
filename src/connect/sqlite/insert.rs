//! Records into a table: one prepared statement, and the conversion of fields to what their columns declare.

use rusqlite::Statement;
use rusqlite::types::ToSqlOutput;
use rusqlite::types::Value;
use rusqlite::types::ValueRef;

use super::Database;
use crate::connect::formats::Column;
use crate::connect::formats::ColumnType;
use crate::connect::formats::Fault;
use crate::connect::formats::FieldKind;
use crate::connect::formats::Record;
use crate::connect::formats::Refused;
use crate::connect::formats::columns::Cell;
use crate::connect::formats::columns::cell;
use crate::connect::formats::columns::text;

/// Inserts records by one prepared statement.
pub struct Inserter<'d> {
    pub(super) database: &'d Database,
    pub(super) statement: Statement<'d>,
    pub(super) columns: Vec<Column>,
    pub(super) width: usize,
}

impl Inserter<'_> {
    /// Inserts one record, or says why it cannot be.
    pub fn insert(&mut self, record: Record<'_>) -> Result<(), Refused> {
        if record.len() != self.width {
            return Err(Refused::Record(Fault::whole(format!(
                "the record has {} fields, and {} are expected",
                record.len(),
                self.width
            ))));
        }
        for (index, (bytes, kind)) in record.fields().enumerate() {
            let value = convert(bytes, kind, self.columns.get(index).map(|c| c.kind))
                .map_err(|reason| Refused::Record(Fault::field(index, reason)))?;
            self.statement
                .raw_bind_parameter(index + 1, value)
                .map_err(|error| Refused::Failed(self.database.error(&error)))?;
        }
        match self.statement.raw_execute() {
            Ok(_) => Ok(()),
            // The statement is undone, and the transaction goes on without it.
            Err(error) if of_the_row(&error) => {
                Err(Refused::Record(Fault::whole(error.to_string())))
            }
            Err(error) => Err(Refused::Failed(self.database.error(&error))),
        }
    }
}

/// Whether an error is about the row that was to be written, and not about the database.
fn of_the_row(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            rusqlite::ErrorCode::ConstraintViolation
                | rusqlite::ErrorCode::TypeMismatch
                | rusqlite::ErrorCode::TooBig
        )
    )
}

/// A field as a value of the database. Timestamps, dates and decimals stay the texts that they are; what is declared as nothing
/// keeps what kind of value it was.
pub(super) fn convert(
    bytes: &[u8],
    kind: FieldKind,
    to: Option<ColumnType>,
) -> Result<ToSqlOutput<'_>, String> {
    let natural = match kind {
        FieldKind::Null => return Ok(ToSqlOutput::Owned(Value::Null)),
        FieldKind::Blob => ColumnType::Bytes,
        FieldKind::Integer => ColumnType::BIGINT,
        FieldKind::Real => ColumnType::Double,
        FieldKind::Boolean => ColumnType::Boolean,
        // As it is written: the table's own column says what becomes of it.
        FieldKind::Number | FieldKind::Json | FieldKind::Text => ColumnType::String,
    };
    let to = match to {
        Some(to) if kind != FieldKind::Blob => to,
        _ => natural,
    };
    Ok(match cell(bytes, kind, to)? {
        Cell::Null => ToSqlOutput::Owned(Value::Null),
        Cell::Integer(number) => ToSqlOutput::Owned(Value::Integer(number)),
        Cell::Double(number) if number.is_nan() => {
            return Err("`NaN` is no value in SQLite, which would keep it as NULL".to_owned());
        }
        Cell::Double(number) => ToSqlOutput::Owned(Value::Real(number)),
        Cell::Boolean(value) => ToSqlOutput::Owned(Value::Integer(value.into())),
        Cell::Text(text) => ToSqlOutput::Borrowed(text.into()),
        Cell::Timestamp(_) | Cell::Date(_) | Cell::Decimal(_) => {
            ToSqlOutput::Borrowed(text(bytes)?.into())
        }
        Cell::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
    })
}
