//! The lists of a directory or a prefix: what `_SUCCESS` and `_INCOMPLETE` say is there, and whose it is.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::io::BufWriter;
use std::io::ErrorKind;
use std::io::Seek as _;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;

use super::super::super::Context;
use super::Sizes;
use super::end::End;
use super::finding::is_below;
use super::one::blocking;
use super::plan::Names;
use super::plan::Plan;
use super::plan::Spool;
use super::plan::list;
use super::plan::setting;
use super::plan::spooled;
use super::plan::stamp;
use super::plan::temporary;
use crate::connect::ConnectError;
use crate::connect::files::FileWriter;
use crate::connect::formats::compression::Compression;
use crate::connect::manifest;
use crate::connect::manifest::INCOMPLETE;
use crate::connect::manifest::SUCCESS;
use crate::connect::s3::Fault;
use crate::connect::s3::OnBytes;
use crate::connect::s3::Source;
use crate::connect::s3::Target;

/// What the lists of a target say before it is written.
pub(super) struct Before {
    /// Names and sizes of what this activity may have written, or this interval of it.
    pub(super) own: Spool<(String, u64)>,
    /// The names of these.
    pub(super) names: Names,
    /// What other activities and intervals write there, or have written before they were removed.
    pub(super) beside: Spool<Listed>,
    /// How many files there are that nobody of this state has written. They are left alone.
    pub(super) foreign: u64,
    /// Whether there is a `_SUCCESS`.
    pub(super) complete: bool,
    /// Whether that lists files of its own.
    pub(super) own_complete: bool,
    /// Whether there is an `_INCOMPLETE`.
    pub(super) begun: bool,
}

/// A file that another activity or interval has written, or is about to.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Listed {
    /// Its name below the target.
    pub(super) name: String,
    size: u64,
    /// Who has written it.
    pub(super) writer: String,
    /// Whether it may not be there yet.
    pub(super) optional: bool,
}

/// Whose a file is.
enum Whose {
    Own,
    Beside,
    Foreign,
}

/// The lineage of the state that a writer is of, and the activity; what has no lineage is of no state.
pub(super) fn state_and_activity(writer: &str) -> (Option<&str>, &str) {
    let (writer, _) = apart_from_interval(writer);
    match writer.split_once(':') {
        Some((lineage, activity)) => (Some(lineage), activity),
        None => (None, writer),
    }
}

/// A writer without the interval, and whether it is one in an interval: then it adds to what the other intervals have written.
fn apart_from_interval(writer: &str) -> (&str, bool) {
    match writer.rsplit_once('@') {
        Some((apart, interval)) if interval.parse::<Timestamp>().is_ok() => (apart, true),
        _ => (writer, false),
    }
}

/// Whether a writer is an activity in one interval.
pub(super) fn is_in_interval(writer: &str) -> bool {
    apart_from_interval(writer).1
}

/// Whether two writers are the same activity, be it in one interval or another.
pub(super) fn is_one_activity(writer: &str, other: &str) -> bool {
    apart_from_interval(writer).0 == apart_from_interval(other).0
}

/// Only what has been written under the same address is for this activity to remove, and in an interval what was written in that one. What
/// one has written that is no more stays: removing a definition touches no data.
fn whose(writer: Option<&str>, ours: &str) -> Whose {
    let Some(writer) = writer else {
        return Whose::Foreign;
    };
    let [of, our_state] = [writer, ours].map(|writer| state_and_activity(writer).0);
    match () {
        () if writer == ours => Whose::Own,
        // One that no longer adds has all that it has added.
        () if !is_in_interval(ours) && is_one_activity(writer, ours) => Whose::Own,
        () if of == our_state => Whose::Beside,
        () => Whose::Foreign,
    }
}

/// Which of those who have written are activities that are there. Each is asked for once.
pub(super) struct Writers<'a> {
    ctx: &'a Context,
    known: BTreeMap<String, bool>,
}

impl<'a> Writers<'a> {
    pub(super) fn new(ctx: &'a Context) -> Self {
        Self {
            ctx,
            known: BTreeMap::new(),
        }
    }

    /// Whether there is the activity that has written a file. The state is asked, which waits for disks.
    pub(super) async fn has(&mut self, listed: &Listed) -> Result<bool, ConnectError> {
        if let Some(known) = self.known.get(&listed.writer) {
            return Ok(*known);
        }
        let (_, activity) = state_and_activity(&listed.writer);
        let (activities, activity) = (self.ctx.activities.clone(), activity.to_owned());
        let has = blocking(move || Ok(activities.has(&activity))).await?;
        self.known.insert(listed.writer.clone(), has);
        Ok(has)
    }
}

/// Reads the lists of a target, for one who writes there.
pub(super) async fn before(output: &End, ours: &str) -> Result<Before, ConnectError> {
    let (mut own, mut beside) = (Spool::new()?, Spool::new()?);
    let (mut names, mut complete) = (Names::default(), Names::default());
    let (mut there, mut foreign) = ([false, false], 0);
    let mut own_complete = false;
    for (there, list) in there.iter_mut().zip([SUCCESS, INCOMPLETE]) {
        let Some(file) = get_list(output, list).await? else {
            continue;
        };
        *there = true;
        complete.sort();
        let mut read_now = Names::default();
        let root = url(output, "");
        let read = manifest::read(BufReader::new(file), |entry| {
            // What does not lie below is none of its own.
            let name = entry.url.strip_prefix(root.as_str());
            let Some(name) = name.filter(|name| is_own(output, name)) else {
                return Ok(());
            };
            let size = entry.size.unwrap_or_default();
            let written = match whose(entry.writer.as_deref(), ours) {
                // Where `_SUCCESS` is there it is true, and nothing of what was to be written has been.
                Whose::Own | Whose::Beside if complete.has(name) => Ok(()),
                Whose::Own => {
                    own_complete |= list == SUCCESS;
                    names.add(name);
                    own.write(&(name.to_owned(), size))
                }
                Whose::Beside => {
                    read_now.add(name);
                    beside.write(&Listed {
                        name: name.to_owned(),
                        size,
                        writer: entry.writer.unwrap_or_default(),
                        optional: entry.optional,
                    })
                }
                Whose::Foreign => {
                    foreign += 1;
                    Ok(())
                }
            };
            written.map_err(|error| error.to_string())
        });
        read.map_err(ConnectError::Setting)?;
        complete = read_now;
    }
    names.sort();
    let [complete, begun] = there;
    Ok(Before {
        own: own.done()?,
        names,
        beside: beside.done()?,
        foreign,
        complete,
        own_complete,
        begun,
    })
}

/// A list that is being made.
pub(super) struct List<'a> {
    output: &'a End,
    writer: manifest::Writer<BufWriter<File>>,
}

impl<'a> List<'a> {
    pub(super) fn begin(output: &'a End) -> Result<Self, ConnectError> {
        let writer = manifest::Writer::new(BufWriter::new(temporary()?)).map_err(spooled)?;
        Ok(Self { output, writer })
    }

    pub(super) fn add(
        &mut self,
        name: &str,
        size: u64,
        writer: &str,
        optional: bool,
    ) -> Result<(), ConnectError> {
        let url = url(self.output, name);
        let added = self.writer.entry(&url, size, writer, optional);
        added.map_err(spooled)
    }

    pub(super) fn add_listed(&mut self, listed: &Listed) -> Result<(), ConnectError> {
        self.add(&listed.name, listed.size, &listed.writer, listed.optional)
    }

    /// Adds all files of a plan, with the sizes that some have got on the way.
    pub(super) fn add_plan(
        &mut self,
        (plan, sizes): (&Plan, &Sizes),
        writer: &str,
        optional: bool,
    ) -> Result<(), ConnectError> {
        for (number, item) in plan.items()?.enumerate() {
            let item = item?;
            let size = sizes.get(&number).copied().unwrap_or(item.size);
            self.add(&item.name, size, writer, optional)?;
        }
        Ok(())
    }

    /// Puts it at the target, under a name; gives what tells it from any other list there.
    pub(super) async fn put(self, name: &str) -> Result<String, ConnectError> {
        let file = self.writer.end().map_err(spooled)?;
        let mut file = file
            .into_inner()
            .map_err(|error| spooled(error.into_error()))?;
        file.rewind().map_err(spooled)?;
        put_list(self.output, name, file).await
    }
}

/// Whether a name of an old manifest may be removed: a file below the target, and not of the target itself.
fn is_own(output: &End, name: &str) -> bool {
    let is_list = name == SUCCESS || name == INCOMPLETE;
    !name.is_empty() && !is_list && (matches!(output, End::S3 { .. }) || is_below(name))
}

/// How a manifest says where a file is.
fn url(output: &End, name: &str) -> String {
    match output {
        End::Files { .. } => name.to_owned(),
        End::S3 { target, .. } => target.at.below(name).to_string(),
    }
}

async fn get_list(output: &End, name: &str) -> Result<Option<File>, ConnectError> {
    match output {
        End::S3 {
            endpoint, target, ..
        } => list(endpoint, &target.at.below(name)).await,
        End::Files { root, .. } => match File::open(root.join(name)) {
            Ok(file) => Ok(Some(file)),
            Err(error) => match error.kind() {
                ErrorKind::NotFound => Ok(None),
                ErrorKind::NotADirectory => Err(setting(format!(
                    "`{output}` cannot be a directory: it is a file, or lies below one. Remove that file, or give the output another path"
                ))),
                _ => Err(ConnectError::io("read", &root.join(name), error)),
            },
        },
    }
}

/// What tells the list that is there now from any other; `None`: there is none.
pub(super) async fn version(output: &End, name: &str) -> Result<Option<String>, ConnectError> {
    match output {
        End::S3 {
            endpoint, target, ..
        } => match endpoint.head(&target.at.below(name)).await {
            Ok(head) => Ok(Some(bare(&head.etag))),
            Err(error) if error.fault == Fault::NoKey => Ok(None),
            Err(error) => Err(error.into()),
        },
        End::Files { root, .. } => {
            let found = std::fs::metadata(root.join(name)).ok();
            Ok(found.map(|found| format!("{}.{}", found.ino(), stamp(&found))))
        }
    }
}

/// How many bytes a file of a target has; `None`: it is not there.
pub(super) async fn size(output: &End, name: &str) -> Result<Option<u64>, ConnectError> {
    match output {
        End::S3 {
            endpoint, target, ..
        } => match endpoint.head(&target.at.below(name)).await {
            Ok(head) => Ok(Some(head.size)),
            Err(error) if error.fault == Fault::NoKey => Ok(None),
            Err(error) => Err(error.into()),
        },
        End::Files { root, .. } => {
            let found = std::fs::metadata(root.join(name)).ok();
            Ok(found.map(|found| found.len()))
        }
    }
}

/// What S3 calls some contents, without the quotes that some answers have around it.
fn bare(etag: &str) -> String {
    etag.trim_matches('"').to_owned()
}

async fn put_list(output: &End, name: &str, mut list: File) -> Result<String, ConnectError> {
    match output {
        End::S3 {
            endpoint, target, ..
        } => {
            let size = list.metadata().map_err(spooled)?.len();
            let source = Source::file(list, PathBuf::from("a temporary file"))?;
            let target = Target {
                at: target.at.below(name),
                ..target.clone()
            };
            let (nothing, cancel) = (OnBytes(Arc::new(|_| {})), crate::connect::Cancel::new());
            let uploaded = endpoint.upload(&target, size, &source, &nothing, &cancel);
            Ok(bare(&uploaded.await?))
        }
        End::Files { root, .. } => {
            let path = root.join(name);
            let put = blocking(move || {
                let mut writer = FileWriter::create(&path, Compression::None)?;
                let copied = std::io::copy(&mut list, &mut writer).and_then(|_| writer.flush());
                copied.map_err(|error| ConnectError::io("write", &path, error))?;
                writer.commit()
            });
            put.await?;
            Ok(version(output, name).await?.unwrap_or_default())
        }
    }
}

/// Removes files of a target. One that is not there is removed.
pub(super) async fn remove(output: &End, names: &[String]) -> Result<(), ConnectError> {
    match output {
        End::S3 {
            endpoint, target, ..
        } => {
            let keys: Vec<String> = names.iter().map(|name| target.at.below(name).key).collect();
            Ok(endpoint.delete(&target.at, &keys).await?)
        }
        End::Files { root, .. } => {
            for name in names {
                let path = root.join(name);
                match std::fs::remove_file(&path) {
                    Err(error) if !is_no_file(error.kind()) => {
                        return Err(ConnectError::io("remove", &path, error));
                    }
                    _ => {}
                }
            }
            Ok(())
        }
    }
}

/// Whether there is no file that could be removed: nothing, or what has taken the place of one.
fn is_no_file(error: ErrorKind) -> bool {
    matches!(
        error,
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::IsADirectory
    )
}
