//! `activity "sql"`: a script of statements, in one transaction.

use std::collections::BTreeSet;
use std::io::Read as _;

use super::Context;
use super::ExecError;
use super::preflight::Need;
use super::preflight::database;
use crate::connect::place::Place;
use crate::connect::sqlite::Database;
use crate::connect::sqlite::Params;

/// The largest script that is read, in bytes.
const LARGEST: u64 = 16 * 1024 * 1024;

/// Statements, or where they are.
#[derive(Debug, Clone, PartialEq)]
pub enum Script {
    /// Themselves.
    Text(String),
    /// Where they are read when the attempt runs.
    At(Place),
}

impl Script {
    /// Its text. To be called where blocking is allowed.
    pub(super) fn read(&self, ctx: &Context) -> Result<String, ExecError> {
        let place = match self {
            Self::Text(text) => return Ok(text.clone()),
            Self::At(place) => place,
        };
        let failed = |why: String| ExecError::Failed(format!("the script `{place}` {why}"));
        let mut bytes = Vec::new();
        place
            .open(&ctx.aws, &ctx.cancel)?
            .take(LARGEST + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| failed(format!("cannot be read: {error}")))?;
        if bytes.len() as u64 > LARGEST {
            return Err(failed("is larger than 16 MB".to_owned()));
        }
        String::from_utf8(bytes).map_err(|_| failed("is not text in UTF-8".to_owned()))
    }
}

/// A script with everything resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct Sql {
    /// `jdbc:sqlite:PATH` or `sqlite:PATH`.
    pub connection: String,
    /// The statements.
    pub script: Script,
    /// Values for their placeholders.
    pub params: Params,
}

impl Sql {
    /// What must be there for it to run.
    pub(super) fn needs(&self) -> BTreeSet<Need> {
        let script = match &self.script {
            Script::Text(_) => None,
            Script::At(place) => Some(Need::readable(place)),
        };
        database(&self.connection)
            .into_iter()
            .chain(script)
            .collect()
    }
}

pub(super) fn run(sql: &Sql, ctx: &Context) -> Result<(), ExecError> {
    let database = Database::open(&sql.connection, true, &ctx.cancel)?;
    let rows = database.script(&sql.script.read(ctx)?, &sql.params)?;
    ctx.progress.add(rows, 0);
    Ok(())
}
