//! `precondition "exists"`: whether a data node is there.

use super::Cancel;
use super::Context;
use super::Held;
use super::looking::Thing;
use super::s3_prefix_not_empty;
use crate::connect::manifest::INCOMPLETE;
use crate::connect::manifest::SUCCESS;
use crate::connect::sqlite::Database;
use crate::connect::sqlite::path_of;
use std::io::ErrorKind;
use std::path::Path;
use std::path::PathBuf;

/// What must exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exists {
    /// A file or directory.
    File(PathBuf),
    /// Something at AWS.
    Aws(Thing),
    /// A table or view.
    Table {
        /// `jdbc:sqlite:PATH` or `sqlite:PATH`.
        connection: String,
        /// Its name.
        table: String,
    },
}

pub(super) async fn check(exists: Exists, ctx: &Context) -> Held {
    if let Exists::Aws(thing) = &exists {
        return ctx.looking.look(thing, &ctx.aws).await;
    }
    let inner = ctx.clone();
    let looked = tokio::task::spawn_blocking(move || here(&exists, &inner)).await;
    looked.unwrap_or_else(|error| Held::Error(format!("the check broke off: {error}")))
}

/// What is on this machine, or reached by what blocks.
fn here(exists: &Exists, ctx: &Context) -> Held {
    match exists {
        Exists::Aws(_) => Held::Error("it is not on this machine".to_owned()),
        Exists::File(path) => match std::fs::metadata(path) {
            Ok(_) if is_incomplete(path) => {
                Held::NotYet(s3_prefix_not_empty::not_complete(&path.display()))
            }
            Ok(_) => Held::Held,
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                Held::NotYet(format!("`{}` does not exist", path.display()))
            }
            Err(e) => Held::Error(format!("cannot look at `{}`: {e}", path.display())),
        },
        Exists::Table { connection, table } => match self::table(connection, table, &ctx.cancel) {
            Held::Error(reason) => Held::Error(ctx.log.mask(&reason)),
            held => held,
        },
    }
}

/// Whether a database has a table. While others have the database they are waited for, until this is cancelled.
pub(super) fn table(connection: &str, table: &str, cancel: &Cancel) -> Held {
    let looked = path_of(connection).map(|path| (path, std::fs::metadata(path)));
    if let Some((path, Err(error))) = looked {
        return match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => Held::NotYet(format!(
                "`{path}`, the database of table `{table}`, does not exist"
            )),
            _ => Held::Error(format!("cannot look at `{path}`: {error}")),
        };
    }
    match Database::open(connection, false, cancel).and_then(|found| found.has_table(table)) {
        Ok(true) => Held::Held,
        Ok(false) => Held::NotYet(format!("table `{table}` does not exist")),
        Err(error) => Held::Error(error.to_string()),
    }
}

/// Whether a directory is being written, or was when its writer died.
fn is_incomplete(path: &Path) -> bool {
    path.join(INCOMPLETE).exists() && !path.join(SUCCESS).exists()
}
