//! What there is to copy: every file with its size, found before anything is written.
//!
//! A plan lies in a temporary file, because there may be millions; in memory is a digest of each name. A prefix or directory with a `_SUCCESS`
//! that is a manifest has the files that it lists. One with an `_INCOMPLETE` and no `_SUCCESS` is being written, or was when its writer died.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::fs::File;
use std::fs::Metadata;
use std::io;
use std::io::BufRead as _;
use std::io::BufReader;
use std::io::BufWriter;
use std::io::Seek as _;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use md5::Digest as _;
use md5::Md5;
use serde::Deserialize;
use serde::Serialize;

use super::end::End;
use super::finding::Finding;
use super::packing::Packing;
use crate::connect::ConnectError;
use crate::connect::manifest::INCOMPLETE;
use crate::connect::manifest::SUCCESS;
use crate::connect::s3::Endpoint;
use crate::connect::s3::Fault;
use crate::connect::s3::Known;
use crate::connect::s3::Location;

/// A file to copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Item {
    /// Which of the inputs it is of.
    pub(super) input: usize,
    /// Its key, or its path.
    pub(super) from: String,
    /// Its name below the output.
    pub(super) name: String,
    /// Its size in bytes.
    pub(super) size: u64,
    /// Changes with its contents; empty where that is not known.
    pub(super) etag: String,
}

impl Item {
    /// What is known of the object.
    pub(super) fn known(&self) -> Known {
        Known {
            size: self.size,
            etag: self.etag.clone(),
            checksum: None,
        }
    }
}

/// What changes when a file is written to.
pub(super) fn stamp(found: &Metadata) -> String {
    format!("{}.{:09}", found.mtime(), found.mtime_nsec())
}

/// A set of names, of which only digests are kept.
#[derive(Debug, Default)]
pub(super) struct Names(Vec<u128>);

impl Names {
    pub(super) fn add(&mut self, name: &str) {
        self.0.push(digest(name));
    }

    /// Makes it ready to be asked; gives whether one was in it twice.
    pub(super) fn sort(&mut self) -> bool {
        self.0.sort_unstable();
        let count = self.0.len();
        self.0.dedup();
        self.0.len() < count
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.binary_search(&digest(name)).is_ok()
    }
}

fn digest(name: &str) -> u128 {
    u128::from_be_bytes(Md5::digest(name.as_bytes()).into())
}

/// All files to copy.
#[derive(Debug)]
pub(super) struct Plan {
    spool: Spool<Item>,
    pub(super) names: Names,
    /// Whether a name is there twice.
    twice: bool,
}

impl Plan {
    /// Looks what there is. `many`: the files keep their names, below a directory or a prefix.
    pub(super) async fn make(
        inputs: &[End],
        many: bool,
        packing: &Packing,
    ) -> Result<Self, ConnectError> {
        let mut found = Finding::all(inputs, packing).await?;
        let twice = found.names.sort() && many;
        Ok(Self {
            spool: found.spool.done()?,
            names: found.names,
            twice,
        })
    }

    /// A plan of one file that is yet to be written, or has been.
    pub(super) fn of_one(name: &str, size: u64) -> Result<Self, ConnectError> {
        let mut spool = Spool::new()?;
        let mut names = Names::default();
        names.add(name);
        spool.write(&Item {
            input: 0,
            from: String::new(),
            name: name.to_owned(),
            size,
            etag: String::new(),
        })?;
        Ok(Self {
            spool: spool.done()?,
            names,
            twice: false,
        })
    }

    /// The files, one after the other.
    pub(super) fn items(
        &self,
    ) -> Result<impl Iterator<Item = Result<Item, ConnectError>>, ConnectError> {
        self.spool.read()
    }

    /// Refuses what cannot be written as it is named, before anything is written.
    pub(super) fn check(
        &self,
        inputs: &[End],
        output: &End,
        many: bool,
    ) -> Result<(), ConnectError> {
        let mut seen = BTreeSet::new();
        for item in self.items()? {
            let item = item?;
            let place = inputs
                .get(item.input)
                .map(|input| place(input, &item.from))
                .unwrap_or_default();
            let target = match output {
                End::Files { root, .. } if many => root.join(&item.name).display().to_string(),
                End::Files { root, .. } => root.display().to_string(),
                End::S3 { target, .. } if many => target.at.below(&item.name).to_string(),
                End::S3 { target, .. } => target.at.to_string(),
            };
            if place == target && same_side(inputs.get(item.input), output) {
                return Err(setting(format!(
                    "`{place}` would be copied onto itself; give the output another path"
                )));
            }
            if !many {
                continue;
            }
            if is_listed_below(inputs.get(item.input), &item.from, output) {
                return Err(listed_in_output(&place, output));
            }
            if [SUCCESS, INCOMPLETE].contains(&item.name.as_str()) {
                return Err(setting(format!(
                    "`{place}` cannot be copied into `{output}`: there, `{}` is the name of the manifest",
                    item.name
                )));
            }
            if let End::Files { .. } = output {
                let checked = refuse_bytes_without_name(&item, &item.name);
                let checked = checked.and_then(|()| self.check_path(&item.name));
                checked.map_err(|why| {
                    setting(format!(
                        "`{place}` cannot be copied into the directory `{output}`: {why}"
                    ))
                })?;
            }
            if self.twice && !seen.insert(digest(&item.name)) {
                return Err(setting(format!(
                    "two of the inputs have a file that would become `{target}`; one is `{place}`. Give the copy one of them, or inputs whose paths differ below a common directory"
                )));
            }
        }
        Ok(())
    }

    /// Why a name cannot be one of a file below a directory.
    fn check_path(&self, name: &str) -> Result<(), String> {
        let path = name.strip_suffix('/').unwrap_or(name);
        for part in path.split('/') {
            match part {
                "" => {
                    return Err("its name has two slashes in a row, or begins with one".to_owned());
                }
                "." | ".." => {
                    return Err(format!(
                        "its name has a part `{part}`, which leads elsewhere"
                    ));
                }
                part if part.contains('\0') => return Err("its name has a zero byte".to_owned()),
                part if part.len() > 255 => {
                    return Err("a part of its name has more than 255 bytes".to_owned());
                }
                _ => {}
            }
        }
        if path != name && self.names.has(path) {
            return Err(format!(
                "`{path}` is a file, too, and would have to be a directory"
            ));
        }
        let mut above = path;
        while let Some((directory, _)) = above.rsplit_once('/') {
            if self.names.has(directory) {
                return Err(format!(
                    "`{directory}` is a file, too, and would have to be a directory"
                ));
            }
            above = directory;
        }
        Ok(())
    }
}

/// What has a name that ends in a slash is a mark that some make for a directory, and has no bytes.
pub(super) fn refuse_bytes_without_name(item: &Item, name: &str) -> Result<(), String> {
    if item.size == 0 || !name.ends_with('/') {
        return Ok(());
    }
    Err(format!(
        "its key ends in a slash, so that no file can have its name, and it has {} bytes; give the object another key, or list those that are meant in a `manifest_file_path`",
        item.size
    ))
}

pub(super) fn setting(text: String) -> ConnectError {
    ConnectError::Setting(text)
}

/// Whether equal paths of two ends are the same place.
fn same_side(input: Option<&End>, output: &End) -> bool {
    match (input, output) {
        (Some(End::S3 { settings, .. }), End::S3 { settings: to, .. }) => settings == to,
        (Some(End::Files { .. }), End::Files { .. }) => true,
        _ => false,
    }
}

/// Whether a file that a manifest lists lies in the output, which is a prefix.
fn is_listed_below(input: Option<&End>, from: &str, output: &End) -> bool {
    match (input, output) {
        (
            Some(End::S3 {
                target: read,
                manifest: Some(_),
                ..
            }),
            End::S3 { target, .. },
        ) => {
            same_side(input, output)
                && read.at.bucket == target.at.bucket
                && from.starts_with(&target.at.key)
        }
        _ => false,
    }
}

/// An error with a file that a manifest lists, where something is written.
pub(super) fn listed_in_output(file: &impl Display, output: &impl Display) -> ConnectError {
    setting(format!(
        "`{file}` is in the manifest of what is read, and lies in the output `{output}`, which this copy writes; give the output a place of its own"
    ))
}

/// Where a file of an input is.
fn place(input: &End, from: &str) -> String {
    match input {
        End::Files { .. } => from.to_owned(),
        End::S3 { target, .. } => target.at.with_key(from).to_string(),
    }
}

/// A list of files that an object has, in a temporary file. `None`: there is no such object.
pub(super) async fn list(endpoint: &Endpoint, at: &Location) -> Result<Option<File>, ConnectError> {
    match endpoint.fetch(at).await {
        Err(ConnectError::S3(error)) if error.fault == Fault::NoKey => Ok(None),
        file => file.map(Some),
    }
}

/// A file without a name, which goes with its process.
pub(super) fn temporary() -> Result<File, ConnectError> {
    tempfile::tempfile().map_err(spooled)
}

/// An error with a temporary file.
pub(super) fn spooled(error: io::Error) -> ConnectError {
    ConnectError::io("write", Path::new("a temporary file"), error)
}

/// Values in a temporary file, a line for each.
#[derive(Debug)]
pub(super) struct Spool<T> {
    file: BufWriter<File>,
    values: std::marker::PhantomData<T>,
}

impl<T: Serialize + for<'d> Deserialize<'d>> Spool<T> {
    pub(super) fn new() -> Result<Self, ConnectError> {
        Ok(Self {
            file: BufWriter::new(temporary()?),
            values: std::marker::PhantomData,
        })
    }

    pub(super) fn write(&mut self, value: &T) -> Result<(), ConnectError> {
        let written = serde_json::to_writer(&mut self.file, value).map_err(io::Error::from);
        written
            .and_then(|()| self.file.write_all(b"\n"))
            .map_err(spooled)
    }

    pub(super) fn done(mut self) -> Result<Self, ConnectError> {
        self.file.flush().map_err(spooled)?;
        Ok(self)
    }

    /// All values, from the first on. One reading at a time.
    pub(super) fn read(
        &self,
    ) -> Result<impl Iterator<Item = Result<T, ConnectError>> + use<T>, ConnectError> {
        let mut file = self.file.get_ref().try_clone().map_err(spooled)?;
        file.rewind().map_err(spooled)?;
        let lines = BufReader::with_capacity(64 * 1024, file).lines();
        Ok(lines.map(|line| {
            let line = line.map_err(spooled)?;
            serde_json::from_str(&line).map_err(|error| spooled(error.into()))
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::base;
    use super::*;

    /// A plan that has files with these names.
    fn plan(names: &[&str]) -> Plan {
        let mut plan = Plan::of_one("x", 0).unwrap();
        plan.names = Names::default();
        for name in names {
            plan.names.add(name);
        }
        plan.names.sort();
        plan
    }

    #[test]
    fn names_that_are_no_files_are_refused() {
        let plan = plan(&["a", "b/c", "d"]);
        for name in ["a", "b/c", "..a", "a b/é+%2F", "e/", "...", "x/.y"] {
            assert_eq!(plan.check_path(name), Ok(()), "{name}");
        }
        for (name, why) in [
            ("../x", "`..`"),
            ("x/../../y", "`..`"),
            ("x/./y", "`.`"),
            ("/etc/passwd", "begins with one"),
            ("x//y", "two slashes"),
            ("x\0y", "zero byte"),
            ("a/x", "`a` is a file, too"),
            ("b/c/x/y", "`b/c` is a file, too"),
            ("d/", "`d` is a file, too"),
        ] {
            let error = plan.check_path(name).unwrap_err();
            assert!(error.contains(why), "{name}: {error}");
        }
        let long = "x".repeat(256);
        assert!(plan.check_path(&long).unwrap_err().contains("255 bytes"));
    }

    #[test]
    fn bytes_without_a_name_are_refused() {
        let item = |size| Item {
            input: 0,
            from: "d/".to_owned(),
            name: "d/".to_owned(),
            size,
            etag: String::new(),
        };
        assert_eq!(refuse_bytes_without_name(&item(0), "d/"), Ok(()));
        assert_eq!(refuse_bytes_without_name(&item(1), "d"), Ok(()));
        let error = refuse_bytes_without_name(&item(1), "d/").unwrap_err();
        assert!(error.contains("it has 1 bytes"), "{error}");
    }

    #[test]
    fn names_begin_below_what_several_inputs_have_in_common() {
        let files = |root: &str| End::Files {
            root: root.into(),
            many: root.ends_with('/'),
        };
        for (roots, wanted) in [
            (vec!["/a/b/"], "/a/b/"),
            (vec!["/a/b/c"], "/a/b/"),
            (vec!["/logs/2026-11-01/", "/logs/2026-11-02/"], "/logs/"),
            (vec!["/logs/x", "/logs/y"], "/logs/"),
            (vec!["/logs/", "/logs/x/"], "/logs/"),
            (vec!["/log/", "/logs/"], "/"),
            (vec!["a/", "b/"], ""),
        ] {
            let ends: Vec<End> = roots.iter().map(|root| files(root)).collect();
            assert_eq!(base(&ends), wanted, "{roots:?}");
        }
    }

    #[tokio::test]
    async fn two_files_of_one_name_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let mut ends = Vec::new();
        for place in ["x/1", "x/2"] {
            std::fs::create_dir_all(directory.path().join(place)).unwrap();
            File::create(directory.path().join(place).join("same")).unwrap();
            ends.push(End::Files {
                root: directory.path().join(format!("{place}/same")),
                many: false,
            });
        }
        let output = End::Files {
            root: directory.path().join("out/"),
            many: true,
        };
        let plan = Plan::make(&ends, true, &Packing::default()).await.unwrap();
        plan.check(&ends, &output, true).unwrap();
        ends.push(ends[0].clone());
        let plan = Plan::make(&ends, true, &Packing::default()).await.unwrap();
        let error = plan.check(&ends, &output, true).unwrap_err().to_string();
        assert!(error.contains("two of the inputs"), "{error}");
    }
}
