//! `activity "sql"`: a script of statements, in one transaction.

use super::Context;
use super::ExecError;
use super::Summary;
use crate::connect::sqlite::Database;
use crate::connect::sqlite::Params;

/// A script with everything resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct Sql {
    /// `jdbc:sqlite:PATH` or `sqlite:PATH`.
    pub connection: String,
    /// The statements.
    pub script: String,
    /// Values for their placeholders.
    pub params: Params,
}

pub(super) fn run(sql: &Sql, ctx: &Context) -> Result<Summary, ExecError> {
    let database = Database::open(&sql.connection, true, &ctx.cancel)?;
    let rows = database.script(&sql.script, &sql.params)?;
    ctx.progress.add(rows, 0);
    Ok(ctx.progress.summary())
}
