//! What record work needs of directories and prefixes: their files, and the manifest around the one that it writes.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use super::End;
use super::Packing;
use super::Plan;
use super::Ready;
use super::plan::refuse_bytes_without_name;
use super::plan::setting;
use crate::connect::ConnectError;
use crate::connect::place::Place;
use crate::exec::Context;

/// How many names of files are kept in memory for each input. A temporary file for each of many inputs would be too many open files.
const FEW: usize = 1_000;

/// The files of a directory or a prefix.
#[derive(Debug)]
pub(in crate::exec::copy) struct Files {
    place: Place,
    /// Whether those are meant, too, whose names others take for hidden: where a manifest names each.
    hidden: bool,
    listed: Listed,
    count: usize,
}

/// The names of files.
#[derive(Debug)]
enum Listed {
    Few(Vec<String>),
    /// They lie in a temporary file, because there may be millions.
    Many(Plan),
}

impl Files {
    /// How many there are.
    pub(in crate::exec::copy) fn count(&self) -> usize {
        self.count
    }

    /// Where they are, in the order of the plan. One reading at a time.
    pub(in crate::exec::copy) fn places(
        &self,
    ) -> Result<Box<dyn Iterator<Item = Result<Place, ConnectError>> + '_>, ConnectError> {
        Ok(match &self.listed {
            Listed::Few(names) => Box::new(names.iter().map(move |name| Ok(self.place.at(name)))),
            Listed::Many(plan) => Box::new(plan.items()?.filter_map(move |item| match item {
                Ok(item) if is_no_file(&item.from) => None,
                Ok(item) if !self.hidden && is_hidden(&item.name) => None,
                Ok(item) => Some(Ok(self.place.at(&item.from))),
                Err(error) => Some(Err(error)),
            })),
        })
    }
}

/// What some make for a directory: it has no records.
fn is_no_file(name: &str) -> bool {
    name.ends_with('/')
}

/// Whether a file is none of data by the names of all programs that write tables: `_temporary/…`, `_committed_…`, `.part-0.crc`.
fn is_hidden(name: &str) -> bool {
    // Names of columns may begin so: `_day=1/…`.
    let hidden = |part: &str| part.starts_with('.') || part.starts_with('_') && !part.contains('=');
    name.split('/').any(hidden)
}

/// Looks which files of records a directory or a prefix has.
pub(in crate::exec::copy) async fn files(
    place: &Place,
    ctx: &Context,
) -> Result<Files, ConnectError> {
    let find = async {
        let end = End::open(place, ctx).await?;
        let plan = Plan::make(std::slice::from_ref(&end), true, &Packing::default()).await?;
        let (mut count, mut names) = (0, Vec::new());
        let (mut left_out, mut bytes_left_out) = (0_u64, 0_u64);
        let hidden = place.is_listed();
        for item in plan.items()? {
            let item = item?;
            if !is_no_file(&item.from) {
                if !hidden && is_hidden(&item.name) {
                    left_out += 1;
                    bytes_left_out += item.size;
                    continue;
                }
                count += 1;
                if count <= FEW {
                    names.push(item.from);
                }
                continue;
            }
            refuse_bytes_without_name(&item, &item.from).map_err(|why| {
                let from = place.at(&item.from);
                setting(format!("cannot read `{from}` as a file of records: {why}"))
            })?;
        }
        if left_out > 0 {
            ctx.log.line(&format!(
                "{left_out} files below `{place}` are left out: their names, or those of their directories, begin with `_` or `.`, which says that they are no data"
            ));
        }
        if count == 0 && bytes_left_out > 0 {
            return Err(setting(format!(
                "all files below `{place}` that have data are left out: their names, or those of their directories, begin with `_` or `.`. Rename them, or list them in a `manifest_file_path`"
            )));
        }
        let listed = if count <= FEW {
            Listed::Few(names)
        } else {
            Listed::Many(plan)
        };
        Ok(Files {
            place: place.clone(),
            hidden,
            listed,
            count,
        })
    };
    tokio::select! {
        found = find => found,
        () = ctx.cancel.cancelled() => Err(ConnectError::Cancelled),
    }
}

/// The files of a directory on this machine that a copy of it would have, each with its name below it. Its path ends in `/`.
pub(in crate::exec) async fn found(
    directory: &Path,
) -> Result<Vec<(PathBuf, String)>, ConnectError> {
    let end = End::Files {
        root: directory.to_owned(),
        many: true,
    };
    let plan = Plan::make(std::slice::from_ref(&end), true, &Packing::default()).await?;
    let mut found = Vec::new();
    for item in plan.items()? {
        let item = item?;
        found.push((PathBuf::from(item.from), item.name));
    }
    Ok(found)
}

/// A directory or a prefix that one file is written to.
pub(in crate::exec::copy) struct Whole {
    end: End,
    ready: Ready,
    name: String,
}

impl Whole {
    /// Says that it is not complete. `accumulates`: what other intervals have put there stays.
    pub(in crate::exec::copy) async fn make(
        place: &Place,
        name: &str,
        accumulates: bool,
        ctx: &Context,
    ) -> Result<Self, ConnectError> {
        let end = End::open(place, ctx).await?;
        let plan = Plan::of_one(name, 0)?;
        let ready = Ready::make(&end, (true, accumulates), &plan, ctx).await?;
        let name = name.to_owned();
        Ok(Self { end, ready, name })
    }

    /// Says that it is complete, as far as this file goes, which has so many bytes.
    pub(in crate::exec::copy) async fn complete(
        self,
        size: u64,
        ctx: &Context,
    ) -> Result<(), ConnectError> {
        let plan = Plan::of_one(&self.name, size)?;
        let as_planned = BTreeMap::new();
        self.ready
            .complete(&self.end, &plan, &as_planned, ctx)
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_no_data_are_known_by_their_names() {
        for name in ["_temporary/0/a.csv", "x/.a.csv.crc", "_committed_7"] {
            assert!(is_hidden(name), "{name}");
        }
        for name in ["a.csv", "x/a_b.csv", "_day=1/a.csv", "a."] {
            assert!(!is_hidden(name), "{name}");
        }
    }
}
