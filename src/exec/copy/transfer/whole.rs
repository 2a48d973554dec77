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

/// Looks which files a directory or a prefix has.
pub(in crate::exec::copy) async fn files(
    place: &Place,
    ctx: &Context,
) -> Result<Files, ConnectError> {
    let find = async {
        let end = End::open(place, ctx).await?;
        let plan = Plan::make(std::slice::from_ref(&end), true, &Packing::default()).await?;
        let (mut count, mut names) = (0, Vec::new());
        for item in plan.items()? {
            let item = item?;
            if !is_no_file(&item.from) {
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
        let listed = if count <= FEW {
            Listed::Few(names)
        } else {
            Listed::Many(plan)
        };
        Ok(Files {
            place: place.clone(),
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
    /// Says that it is not complete.
    pub(in crate::exec::copy) async fn make(
        place: &Place,
        name: &str,
        ctx: &Context,
    ) -> Result<Self, ConnectError> {
        let end = End::open(place, ctx).await?;
        let ready = Ready::make(&end, true, &Plan::of_one(name, 0)?, ctx).await?;
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
