//! What there is at the inputs of a transfer: a file, all files below a directory or a prefix, or those that a manifest lists.
//!
//! A prefix or directory with a `_SUCCESS` that is a manifest has the files that it lists. One with an `_INCOMPLETE` and no `_SUCCESS` is being
//! written, or was when its writer died. A data node that names a manifest of its own has what that lists, whatever else lies there.

use std::fs::File;
use std::io;
use std::io::BufReader;
use std::path::Path;

use serde::Deserialize;
use serde::Serialize;
use tokio::task::JoinSet;

use super::end::End;
use super::packing::Packing;
use super::packing::renamed;
use super::plan::Item;
use super::plan::Names;
use super::plan::Spool;
use super::plan::list;
use super::plan::setting;
use super::plan::stamp;
use crate::connect::ConnectError;
use crate::connect::beside;
use crate::connect::files;
use crate::connect::manifest;
use crate::connect::manifest::INCOMPLETE;
use crate::connect::manifest::SUCCESS;
use crate::connect::s3::Endpoint;
use crate::connect::s3::Fault;
use crate::connect::s3::Head;
use crate::connect::s3::Location;

/// How many objects of a manifest are looked at at once.
const AT_ONCE: usize = 64;

/// What the names of files are counted from: the input, or what several have in common.
pub(super) fn base(inputs: &[End]) -> String {
    let whole = |input: &End| match input {
        End::Files { root, many } => directory(&root.to_string_lossy(), *many),
        End::S3 { target, .. } => directory(&target.at.key, target.at.is_prefix()),
    };
    let mut base = inputs.first().map(whole).unwrap_or_default();
    for other in inputs.iter().map(whole) {
        while !other.starts_with(&base) {
            let shorter = base.trim_end_matches('/').rfind('/').map_or(0, |at| at + 1);
            base.truncate(shorter);
        }
    }
    base
}

fn directory(path: &str, many: bool) -> String {
    if many || path.is_empty() {
        return path.to_owned();
    }
    path.rsplit_once('/')
        .map_or(String::new(), |(above, _)| format!("{above}/"))
}

/// What has been found so far.
pub(super) struct Finding {
    pub(super) spool: Spool<Item>,
    pub(super) names: Names,
    base: String,
    input: usize,
    packing: Packing,
}

/// A file that a manifest lists.
#[derive(Serialize, Deserialize)]
struct Wanted {
    key: String,
    size: Option<u64>,
    optional: bool,
}

impl Finding {
    /// Looks what there is at all inputs.
    pub(super) async fn all(inputs: &[End], packing: &Packing) -> Result<Self, ConnectError> {
        let mut finding = Self {
            spool: Spool::new()?,
            names: Names::default(),
            base: base(inputs),
            input: 0,
            packing: packing.clone(),
        };
        for (number, input) in inputs.iter().enumerate() {
            finding.input = number;
            match input {
                End::Files { root, many: true } => finding.directory(root)?,
                End::Files { root, .. } => finding.file(root)?,
                End::S3 {
                    endpoint,
                    target,
                    manifest: Some(manifest),
                    ..
                } => finding.listed(endpoint, &target.at, manifest).await?,
                End::S3 {
                    endpoint, target, ..
                } if target.at.is_prefix() => finding.prefix(endpoint, &target.at).await?,
                End::S3 {
                    endpoint, target, ..
                } => finding.object(endpoint, &target.at).await?,
            }
        }
        Ok(finding)
    }

    fn add(&mut self, from: &str, size: u64, etag: &str) -> Result<(), ConnectError> {
        let name = from
            .strip_prefix(self.base.as_str())
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| from.rsplit('/').next().unwrap_or(from));
        let name = match self.packing.of(self.input, from) {
            Some((_, to)) => renamed(name, to),
            None => name.to_owned(),
        };
        self.names.add(&name);
        self.spool.write(&Item {
            input: self.input,
            from: from.to_owned(),
            name,
            size,
            etag: etag.to_owned(),
        })
    }

    fn file(&mut self, path: &Path) -> Result<(), ConnectError> {
        let failed = |error| ConnectError::io("read", path, error);
        let found = std::fs::metadata(path).map_err(failed)?;
        if found.is_dir() {
            return Err(setting(format!(
                "cannot read `{0}`: it is a directory. Write `{0}/` if all files below it are meant",
                path.display()
            )));
        }
        files::is_regular("read", path, &found)?;
        let text = path.to_str().ok_or_else(|| not_utf8(path))?;
        self.add(text, found.len(), &stamp(&found))
    }

    fn directory(&mut self, root: &Path) -> Result<(), ConnectError> {
        let failed = |error| ConnectError::io("read", &root.join(SUCCESS), error);
        let below = |name: &str| root.join(name);
        match File::open(below(SUCCESS)) {
            Ok(file) => {
                let read = manifest::read(BufReader::new(file), |entry| {
                    if !is_below(&entry.url) {
                        return Err(format!(
                            "the manifest `{}` lists `{}`, which does not lie below it",
                            below(SUCCESS).display(),
                            entry.url
                        ));
                    }
                    let path = root.join(&entry.url);
                    let found = std::fs::metadata(&path)
                        .map_err(|error| ConnectError::io("read", &path, error).to_string())?;
                    if entry.size.is_some_and(|size| size != found.len()) {
                        return Err(format!(
                            "`{}` has {} bytes, and other ones in the manifest `{}`",
                            path.display(),
                            found.len(),
                            below(SUCCESS).display()
                        ));
                    }
                    let text = path.to_str().ok_or_else(|| not_utf8(&path).to_string())?;
                    self.add(text, found.len(), &stamp(&found))
                        .map_err(|error| error.to_string())
                });
                if read.map_err(setting)?.is_some() {
                    return Ok(());
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if below(INCOMPLETE).exists() {
                    return Err(incomplete(&root.display()));
                }
            }
            Err(error) => return Err(failed(error)),
        }
        self.walk(root, root)
    }

    /// All files below a directory, in the order of their names. Links to directories are not followed: they may lead in a circle.
    fn walk(&mut self, root: &Path, directory: &Path) -> Result<(), ConnectError> {
        let failed = |error| ConnectError::io("read", directory, error);
        let entries = std::fs::read_dir(directory).map_err(failed)?;
        let mut entries = entries.collect::<io::Result<Vec<_>>>().map_err(failed)?;
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            let text = path.to_str().ok_or_else(|| not_utf8(&path))?;
            let name = entry.file_name();
            let name = name.to_str().unwrap_or_default();
            let kind = entry.file_type().map_err(failed)?;
            let own = directory == root && [SUCCESS, INCOMPLETE].contains(&name);
            if own || beside::is_temporary(name) {
                continue;
            }
            if kind.is_dir() {
                self.walk(root, &path)?;
                continue;
            }
            let found =
                std::fs::metadata(&path).map_err(|error| ConnectError::io("read", &path, error))?;
            if found.is_file() {
                self.add(text, found.len(), &stamp(&found))?;
            }
        }
        Ok(())
    }

    async fn object(&mut self, endpoint: &Endpoint, at: &Location) -> Result<(), ConnectError> {
        let head = match endpoint.head(at).await {
            Err(error) if error.fault == Fault::NoKey => {
                // An answer to HEAD does not say which is missing.
                endpoint.bucket(at).await?;
                return Err(error.into());
            }
            head => head?,
        };
        self.add(&at.key, head.size, &head.etag)
    }

    /// What a manifest lists, and nothing else.
    async fn listed(
        &mut self,
        endpoint: &Endpoint,
        at: &Location,
        manifest: &Location,
    ) -> Result<(), ConnectError> {
        let failed = |why: String| {
            setting(format!(
                "cannot read `{at}`: its manifest `{manifest}` {why}"
            ))
        };
        let Some(file) = list(endpoint, manifest).await? else {
            return Err(failed(
                "is not there; check `manifest_file_path`".to_owned(),
            ));
        };
        let bucket = format!("s3://{}/", at.bucket);
        let mut wanted = Spool::new()?;
        let read = manifest::read_wanted(BufReader::new(file), |entry| {
            let key = entry.url.strip_prefix(&bucket).ok_or_else(|| {
                format!(
                    "lists `{}`, which is not in the bucket `{}`",
                    entry.url, at.bucket
                )
            })?;
            let wanted = wanted.write(&Wanted {
                key: key.to_owned(),
                size: entry.size,
                optional: entry.optional,
            });
            wanted.map_err(|error| error.to_string())
        });
        read.map_err(failed)?;
        let mut all = wanted.done()?.read()?;
        loop {
            let some = all.by_ref().take(AT_ONCE).collect::<Result<Vec<_>, _>>()?;
            if some.is_empty() {
                return Ok(());
            }
            for (wanted, head) in looked_at(endpoint, at, some).await? {
                match head {
                    Some(head) if wanted.size.is_none_or(|size| size == head.size) => {
                        self.add(&wanted.key, head.size, &head.etag)?;
                    }
                    Some(head) => {
                        return Err(failed(format!(
                            "lists `{}` with {} bytes, and it has {}",
                            at.with_key(wanted.key),
                            wanted.size.unwrap_or_default(),
                            head.size
                        )));
                    }
                    None if wanted.optional => {}
                    None => {
                        return Err(failed(format!(
                            "lists `{}`, and there is no such object",
                            at.with_key(wanted.key)
                        )));
                    }
                }
            }
        }
    }

    async fn prefix(&mut self, endpoint: &Endpoint, at: &Location) -> Result<(), ConnectError> {
        if let Some(file) = list(endpoint, &at.below(SUCCESS)).await? {
            let url = format!("s3://{}/", at.bucket);
            let mut unknown = Vec::new();
            let read = manifest::read(BufReader::new(file), |entry| {
                let key = entry.url.strip_prefix(&url).ok_or_else(|| {
                    format!("the manifest `{}` lists `{}`, which is in another bucket; give the copy its files", at.below(SUCCESS), entry.url)
                })?;
                let Some(size) = entry.size else {
                    unknown.push(key.to_owned());
                    return Ok(());
                };
                self.add(key, size, "").map_err(|error| error.to_string())
            });
            if read.map_err(setting)?.is_some() {
                for key in unknown {
                    self.object(endpoint, &at.with_key(key)).await?;
                }
                return Ok(());
            }
        } else if endpoint.exists(&at.below(INCOMPLETE)).await? {
            return Err(incomplete(at));
        }
        let (own, mut any) = ([SUCCESS, INCOMPLETE].map(|name| at.below(name).key), false);
        let mut listing = endpoint.list(at);
        while let Some(page) = listing.page().await? {
            any = true;
            for object in page {
                if object.key == at.key && object.size > 0 {
                    return Err(setting(format!(
                        "cannot read all below `{at}`: there is also an object with this very key, which has {} bytes and no name below it; give the object another key, or list those that are meant in a `manifest_file_path`",
                        object.size
                    )));
                }
                if !own.contains(&object.key) && object.key != at.key {
                    self.add(&object.key, object.size, &object.etag)?;
                }
            }
        }
        if any {
            return Ok(());
        }
        Err(setting(format!(
            "cannot read `{at}`: there is nothing below it; check the path, and that it has been written"
        )))
    }
}

/// Whether a path of a manifest leads down, and nowhere else.
pub(super) fn is_below(path: &str) -> bool {
    let mut parts = Path::new(path).components();
    !path.is_empty() && parts.all(|part| matches!(part, std::path::Component::Normal(_)))
}

fn incomplete(place: &dyn std::fmt::Display) -> ConnectError {
    setting(format!(
        "cannot read `{place}`: it is not complete. It has an `{INCOMPLETE}` and no `{SUCCESS}`: somebody is writing it, or has failed to; let its writer run again"
    ))
}

fn not_utf8(path: &Path) -> ConnectError {
    setting(format!(
        "cannot read `{}`: its name is not UTF-8",
        path.display()
    ))
}

/// What is known of objects, in their order; nothing of those that are not there.
async fn looked_at(
    endpoint: &Endpoint,
    at: &Location,
    wanted: Vec<Wanted>,
) -> Result<Vec<(Wanted, Option<Head>)>, ConnectError> {
    let mut under_way = JoinSet::new();
    for (number, wanted) in wanted.into_iter().enumerate() {
        let (endpoint, at) = (endpoint.clone(), at.with_key(wanted.key.as_str()));
        under_way.spawn(async move { (number, wanted, endpoint.head(&at).await) });
    }
    let mut found = Vec::new();
    for (number, wanted, head) in under_way.join_all().await {
        match head {
            Ok(head) => found.push((number, wanted, Some(head))),
            Err(error) if error.fault == Fault::NoKey => {
                // An answer to HEAD does not say which is missing.
                endpoint.bucket(at).await?;
                found.push((number, wanted, None));
            }
            Err(error) => return Err(error.into()),
        }
    }
    found.sort_unstable_by_key(|(number, ..)| *number);
    Ok(found
        .into_iter()
        .map(|(_, wanted, head)| (wanted, head))
        .collect())
}
