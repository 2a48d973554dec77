//! Directories of an attempt's own: what a command reads is brought there before it runs, and what it leaves there is put away after it.
//!
//! Files of this machine are not copied in: the directory has links to them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;

use super::Context;
use super::ExecError;
use super::copy::transfer;
use super::copy::transfer::Transfer;
use crate::connect::ConnectError;
use crate::connect::formats::compression::Compression;
use crate::connect::manifest::SUCCESS;
use crate::connect::place::Place;

/// What is staged for a command. Both are numbered from 1, in their order; `None`: something that cannot be staged, e.g. a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Staging {
    /// What it reads: the instances of a data node, oldest first. Of several each has a directory of its own within, with its name.
    pub inputs: Vec<Option<Vec<(String, Place)>>>,
    /// What it writes.
    pub outputs: Vec<Option<Left>>,
}

/// What is done with what a command leaves.
#[derive(Clone, Debug, PartialEq)]
pub struct Left {
    /// Where it is put.
    pub place: Place,
    /// How its files are to be packed there; none: as they are.
    pub compression: Option<Compression>,
}

impl From<Place> for Left {
    /// As it is.
    fn from(place: Place) -> Self {
        Self {
            place,
            compression: None,
        }
    }
}

/// The directory of an attempt. It is made when something is put into it, and goes with the attempt.
#[derive(Debug)]
pub(super) struct Area(PathBuf);

impl Area {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// The path of something in it.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// A directory in it, made now.
    pub(super) fn directory(&self, name: &str) -> Result<PathBuf, ConnectError> {
        let path = self.path(name);
        let made = std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&path);
        made.map_err(|error| ConnectError::io("create", &path, error))?;
        Ok(path)
    }

    /// Writes a text into a file in it, in a directory that may not be there yet; its path.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<PathBuf, ConnectError> {
        self.directory("")?;
        let file = self.path(name);
        let written = || -> io::Result<()> {
            if let Some(directory) = file.parent() {
                std::fs::create_dir_all(directory)?;
            }
            File::create(&file)?.write_all(text.as_bytes())
        };
        written().map_err(|error| ConnectError::io("create", &file, error))?;
        Ok(file)
    }

    /// Removes it with all that is in it.
    pub(super) async fn remove(self) -> io::Result<()> {
        let path = self.0;
        let removed = tokio::task::spawn_blocking(move || match std::fs::remove_dir_all(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        });
        removed.await.map_err(io::Error::other)?
    }
}

impl Staging {
    /// Brings what is read, and makes room for what is written. The answer are the variables that name the directories.
    pub(super) async fn bring(
        &self,
        area: &Area,
        ctx: &Context,
    ) -> Result<BTreeMap<String, String>, ExecError> {
        let mut variables = BTreeMap::new();
        for (number, instances) in (1..).zip(&self.inputs) {
            let Some(instances) = instances else {
                continue;
            };
            let name = format!("input{number}");
            area.directory(&name)?;
            for (instance, place) in instances {
                let directory = match instances.len() {
                    1 => name.clone(),
                    _ => format!("{name}/{instance}"),
                };
                bring(place, &area.directory(&directory)?, ctx).await?;
            }
            let path = area.path(&name).display().to_string();
            variables.insert(format!("INPUT{number}_STAGING_DIR"), path);
        }
        for number in (1..)
            .zip(&self.outputs)
            .filter_map(|(number, left)| left.as_ref().map(|_| number))
        {
            let path = area.directory(&output(number))?.display().to_string();
            variables.insert(format!("OUTPUT{number}_STAGING_DIR"), path);
        }
        Ok(variables)
    }

    /// Puts away what was written.
    pub(super) async fn put_away(&self, area: &Area, ctx: &Context) -> Result<(), ExecError> {
        for (number, left) in (1..).zip(&self.outputs) {
            let Some(Left { place, compression }) = left else {
                continue;
            };
            let directory = area.path(&output(number));
            let from = if place.is_many() {
                as_directory(&directory)
            } else {
                Place::File(only_file(&directory, number, place)?)
            };
            let mut transfer = Transfer::new(vec![from], place.clone());
            transfer.packing.output = *compression;
            transfer::run(&transfer, ctx).await?;
        }
        Ok(())
    }
}

fn output(number: usize) -> String {
    format!("output{number}")
}

/// Brings one place into a directory.
async fn bring(place: &Place, directory: &Path, ctx: &Context) -> Result<(), ExecError> {
    let Place::File(path) = place else {
        let transfer = Transfer::new(vec![place.clone()], as_directory(directory));
        transfer::run(&transfer, ctx).await?;
        return Ok(forget_manifest(directory)?);
    };
    Ok(link(path, directory).await?)
}

/// A command finds data, and not what says that it is whole.
fn forget_manifest(directory: &Path) -> Result<(), ConnectError> {
    let manifest = directory.join(SUCCESS);
    match std::fs::remove_file(&manifest) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(ConnectError::io("remove", &manifest, error))
        }
        _ => Ok(()),
    }
}

/// Links a file into a directory; of a directory, the files that a copy of it would have.
async fn link(path: &Path, directory: &Path) -> Result<(), ConnectError> {
    let failed = |error| ConnectError::io("read", path, error);
    let full = std::path::absolute(path).map_err(failed)?;
    if !std::fs::metadata(path).map_err(failed)?.is_dir() {
        let name = full.file_name().unwrap_or_default();
        return link_one(&full, &directory.join(name));
    }
    for (from, name) in transfer::found(&full.join("")).await? {
        let to = directory.join(name);
        if let Some(above) = to.parent() {
            std::fs::create_dir_all(above)
                .map_err(|error| ConnectError::io("create directory", above, error))?;
        }
        link_one(&from, &to)?;
    }
    Ok(())
}

fn link_one(from: &Path, to: &Path) -> Result<(), ConnectError> {
    symlink(from, to).map_err(|error| ConnectError::io("create", to, error))
}

/// All that is below a directory.
fn as_directory(path: &Path) -> Place {
    Place::File(path.join(""))
}

/// The one file that a command has left for an output that is one file.
fn only_file(directory: &Path, number: usize, place: &Place) -> Result<PathBuf, ExecError> {
    let failed = |error| ConnectError::io("read", directory, error);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        files.push(entry.map_err(failed)?.path());
    }
    match files.as_slice() {
        [file] if file.is_file() => Ok(file.clone()),
        _ => Err(ExecError::Failed(format!(
            "the command has left {} in `$OUTPUT{number}_STAGING_DIR`, and `{place}` is one file. Leave exactly one file there, or let the path of the data node end in `/`",
            match files.len() {
                0 => "nothing".to_owned(),
                1 => "a directory".to_owned(),
                many => format!("{many} files and directories"),
            }
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn files_and_what_is_in_directories_are_linked() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        for name in ["data/e", "one", "all"] {
            std::fs::create_dir_all(at(name)).unwrap();
        }
        for name in ["data/a b", "data/c", "data/e/f", "data/.x.pipeform-tmp"] {
            File::create(at(name)).unwrap();
        }
        link(&at("data/c"), &at("one")).await.unwrap();
        link(&at("data"), &at("all")).await.unwrap();
        for name in ["one/c", "all/a b", "all/c", "all/e/f"] {
            assert!(at(name).is_file(), "{name}");
        }
        assert!(at("all/c").is_symlink() && !at("all/.x.pipeform-tmp").exists());
        let missing = link(&at("none"), &at("one")).await.unwrap_err().to_string();
        assert!(missing.contains("none"), "{missing}");
    }

    #[tokio::test]
    async fn of_a_directory_with_a_manifest_what_it_lists_is_linked() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        for name in ["data", "all", "none"] {
            std::fs::create_dir(at(name)).unwrap();
        }
        for name in ["data/a", "data/b", "data/_INCOMPLETE"] {
            File::create(at(name)).unwrap();
        }
        let error = link(&at("data"), &at("none")).await.unwrap_err();
        assert!(error.to_string().contains("it is not complete"), "{error}");
        let manifest = r#"{"entries": [{"url": "a", "mandatory": true}]}"#;
        let mut file = File::create(at("data").join(SUCCESS)).unwrap();
        file.write_all(manifest.as_bytes()).unwrap();
        link(&at("data"), &at("all")).await.unwrap();
        let linked: Vec<_> = std::fs::read_dir(at("all")).unwrap().collect();
        assert_eq!(linked.len(), 1);
        assert!(at("all/a").is_file());
    }

    #[test]
    fn an_output_that_is_one_file_needs_exactly_one() {
        let directory = tempfile::tempdir().unwrap();
        let target = Place::File(PathBuf::from("out"));
        let only = || only_file(directory.path(), 2, &target).map_err(|error| error.to_string());
        assert!(
            only()
                .unwrap_err()
                .contains("left nothing in `$OUTPUT2_STAGING_DIR`")
        );
        File::create(directory.path().join("x")).unwrap();
        assert_eq!(only().unwrap(), directory.path().join("x"));
        File::create(directory.path().join("y")).unwrap();
        assert!(only().unwrap_err().contains("2 files"));
    }
}
