//! Making a target ready and completing it.
//!
//! A directory or a prefix has a `_SUCCESS` when it is complete, and only then: it lists what is there. While it is written there is an
//! `_INCOMPLETE` in its place, which lists what an attempt before and this one may have written; so the next attempt knows what to remove, and
//! never removes what others have put there. What is removed is what earlier lists name and this plan does not.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufReader;
use std::io::BufWriter;
use std::io::Seek as _;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use super::super::super::Context;
use super::Sizes;
use super::end::End;
use super::one::blocking;
use super::plan::Names;
use super::plan::Plan;
use super::plan::Spool;
use super::plan::list;
use super::plan::spooled;
use super::plan::temporary;
use crate::connect::ConnectError;
use crate::connect::beside;
use crate::connect::files::FileWriter;
use crate::connect::formats::compression::Compression;
use crate::connect::manifest;
use crate::connect::manifest::INCOMPLETE;
use crate::connect::manifest::SUCCESS;
use crate::connect::s3::OnBytes;
use crate::connect::s3::Source;
use crate::connect::s3::Target;

/// How many objects or files are removed at once.
const AT_ONCE: usize = 1000;

/// A target that may be written.
pub(super) struct Ready {
    /// What attempts before may have written, for a target of many.
    before: Option<Spool<(String, u64)>>,
}

impl Ready {
    /// Removes what dead attempts have left, and says that the target is not complete.
    pub(super) async fn make(
        output: &End,
        many: bool,
        plan: &Plan,
        ctx: &Context,
    ) -> Result<Self, ConnectError> {
        if !many {
            if let End::S3 {
                endpoint, target, ..
            } = output
            {
                let key = &target.at.key;
                let ours = |pending: &crate::connect::s3::Pending| pending.key == *key;
                endpoint.abort_pending(&target.at, ours).await?;
            }
            return Ok(Self { before: None });
        }
        let (before, names, was_complete, was_begun) = before(output).await?;
        ctx.check_cancel()?;
        match output {
            End::S3 {
                endpoint, target, ..
            } => {
                let prefix = &target.at.key;
                let ours = |pending: &crate::connect::s3::Pending| {
                    let name = pending.key.strip_prefix(prefix).unwrap_or_default();
                    plan.names.has(name) || names.has(name) || name == SUCCESS || name == INCOMPLETE
                };
                endpoint.abort_pending(&target.at, ours).await?;
            }
            End::Files { root, .. } => directories(root, plan, was_begun)?,
        }
        let mut writer = begin()?;
        for found in before.read()? {
            let (name, size) = found?;
            if !plan.names.has(&name) {
                writer.entry(&url(output, &name), size).map_err(spooled)?;
            }
        }
        put_list(
            output,
            INCOMPLETE,
            with_plan(writer, output, (plan, &Sizes::new()))?,
        )
        .await?;
        if was_complete {
            remove(output, &[SUCCESS.to_owned()]).await?;
        }
        Ok(Self {
            before: Some(before),
        })
    }

    /// Removes what attempts before have written and this one has not, and says that the target is complete.
    pub(super) async fn complete(
        self,
        output: &End,
        plan: &Plan,
        sizes: &Sizes,
    ) -> Result<(), ConnectError> {
        let Some(before) = self.before else {
            return Ok(());
        };
        if let End::Files { root, .. } = output {
            let root = root.clone();
            blocking(move || beside::sync(&root)).await?;
        }
        let mut stale = Vec::new();
        for found in before.read()? {
            let (name, _) = found?;
            if !plan.names.has(&name) {
                stale.push(name);
            }
            if stale.len() == AT_ONCE {
                remove(output, &std::mem::take(&mut stale)).await?;
            }
        }
        remove(output, &stale).await?;
        put_list(output, SUCCESS, with_plan(begin()?, output, (plan, sizes))?).await?;
        remove(output, &[INCOMPLETE.to_owned()]).await
    }
}

/// What attempts before may have written: names and sizes, digests of the names, whether the last one was completed, whether one was begun.
async fn before(output: &End) -> Result<(Spool<(String, u64)>, Names, bool, bool), ConnectError> {
    let (mut before, mut names) = (Spool::new()?, Names::default());
    let mut there = [false, false];
    for (there, list) in there.iter_mut().zip([SUCCESS, INCOMPLETE]) {
        let Some(file) = get_list(output, list).await? else {
            continue;
        };
        *there = true;
        let root = url(output, "");
        let read = manifest::read(BufReader::new(file), |entry| {
            // What does not lie below is none of its own.
            let own = entry
                .url
                .strip_prefix(root.as_str())
                .filter(|name| is_own(output, name));
            if let Some(name) = own {
                names.add(name);
                let written = before.write(&(name.to_owned(), entry.size.unwrap_or_default()));
                written.map_err(|error| error.to_string())?;
            }
            Ok(())
        });
        read.map_err(ConnectError::Setting)?;
    }
    names.sort();
    let [complete, begun] = there;
    Ok((before.done()?, names, complete, begun))
}

/// Whether a name of an old manifest may be removed: a file below the target, and not of the target itself.
fn is_own(output: &End, name: &str) -> bool {
    let safe = || {
        Path::new(name)
            .components()
            .all(|part| matches!(part, std::path::Component::Normal(_)))
    };
    !name.is_empty()
        && name != SUCCESS
        && name != INCOMPLETE
        && (matches!(output, End::S3 { .. }) || safe())
}

/// How a manifest says where a file is.
fn url(output: &End, name: &str) -> String {
    match output {
        End::Files { .. } => name.to_owned(),
        End::S3 { target, .. } => target.at.below(name).to_string(),
    }
}

fn begin() -> Result<manifest::Writer<BufWriter<File>>, ConnectError> {
    manifest::Writer::new(BufWriter::new(temporary()?)).map_err(spooled)
}

/// A manifest with all files of a plan, and the sizes that some have got on the way.
fn with_plan(
    mut writer: manifest::Writer<BufWriter<File>>,
    output: &End,
    (plan, sizes): (&Plan, &Sizes),
) -> Result<File, ConnectError> {
    for (number, item) in plan.items()?.enumerate() {
        let item = item?;
        let size = sizes.get(&number).copied().unwrap_or(item.size);
        writer
            .entry(&url(output, &item.name), size)
            .map_err(spooled)?;
    }
    let file = writer.end().map_err(spooled)?;
    let mut file = file
        .into_inner()
        .map_err(|error| spooled(error.into_error()))?;
    file.rewind().map_err(spooled)?;
    Ok(file)
}

async fn get_list(output: &End, name: &str) -> Result<Option<File>, ConnectError> {
    match output {
        End::S3 {
            endpoint, target, ..
        } => list(endpoint, &target.at.below(name)).await,
        End::Files { root, .. } => match File::open(root.join(name)) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(ConnectError::io("read", &root.join(name), error)),
        },
    }
}

async fn put_list(output: &End, name: &str, mut list: File) -> Result<(), ConnectError> {
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
            endpoint
                .upload(&target, size, &source, &nothing, &cancel)
                .await
        }
        End::Files { root, .. } => {
            let path = root.join(name);
            blocking(move || {
                let mut writer = FileWriter::create(&path, Compression::None)?;
                let copied = std::io::copy(&mut list, &mut writer).and_then(|_| writer.flush());
                copied.map_err(|error| ConnectError::io("write", &path, error))?;
                writer.commit()
            })
            .await
        }
    }
}

/// Removes files of a target. One that is not there is removed.
async fn remove(output: &End, names: &[String]) -> Result<(), ConnectError> {
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
                    Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                        return Err(ConnectError::io("remove", &path, error));
                    }
                    _ => {}
                }
            }
            Ok(())
        }
    }
}

/// Makes the directories that a plan needs. Where an attempt has died, what it has left beside files goes.
fn directories(root: &Path, plan: &Plan, was_begun: bool) -> Result<(), ConnectError> {
    let mut known = BTreeSet::from([PathBuf::new()]);
    let make = |directory: &Path| {
        let path = root.join(directory);
        std::fs::create_dir_all(&path)
            .map_err(|error| ConnectError::io("create directory", &path, error))?;
        if was_begun {
            beside::remove_all_leftovers(&path);
        }
        Ok::<(), ConnectError>(())
    };
    make(Path::new(""))?;
    for item in plan.items()? {
        let item = item?;
        // A name that ends in a slash is a directory itself.
        let directory = item
            .name
            .rsplit_once('/')
            .map_or("", |(directory, _)| directory);
        if !known.contains(Path::new(directory)) {
            make(Path::new(directory))?;
            known.insert(PathBuf::from(directory));
        }
    }
    Ok(())
}
