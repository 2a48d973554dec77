//! Directories of an attempt's own: what a command reads is brought there before it runs, and what it leaves there is put away after it.
//!
//! Files of this machine are copied, too: whatever a command does with what it finds there, the data of others stays as it is.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::io::Read as _;
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;

use super::Context;
use super::ExecError;
use super::copy::transfer;
use super::copy::transfer::Packing;
use super::copy::transfer::Transfer;
use crate::connect::ConnectError;
use crate::connect::files::is_regular;
use crate::connect::formats::compression::Compression;
use crate::connect::manifest::SUCCESS;
use crate::connect::place::Place;

/// How much of a file is copied between two looks whether the attempt is cancelled, in bytes.
const PIECE: u64 = 64 * 1024 * 1024;

/// How many of the things that are not put away the log names.
const TOLD: usize = 10;

/// What is staged for a command. Both are numbered from 1, in their order; `None`: something that cannot be staged, e.g. a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Staging {
    /// What it reads: the instances of a data node, oldest first. Of several each has a directory of its own within, with its name.
    pub inputs: Vec<Option<Vec<(String, Place)>>>,
    /// What it writes.
    pub outputs: Vec<Option<Left>>,
    /// Whether files of this machine are linked instead of copied: for what only reads them.
    pub linked: bool,
}

/// What is done with what a command leaves.
#[derive(Clone, Debug, PartialEq)]
pub struct Left {
    /// Where it is put.
    pub place: Place,
    /// How its files are to be packed there; none: as they are.
    pub compression: Option<Compression>,
    /// Whether what other intervals have put there stays.
    pub accumulates: bool,
}

impl From<Place> for Left {
    /// As it is.
    fn from(place: Place) -> Self {
        Self {
            place,
            compression: None,
            accumulates: false,
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

    /// A file in it that what is printed is added to.
    pub(super) fn appended(&self, name: &str) -> Result<File, ConnectError> {
        let path = self.directory("")?.join(name);
        let file = File::options().create(true).append(true).open(&path);
        file.map_err(|error| ConnectError::io("create", &path, error))
    }

    /// Removes it with all that is in it.
    pub(super) async fn remove(self) -> io::Result<()> {
        let path = self.0;
        // Most attempts leave none, and need no thread that waits for a disk to see that.
        if !path.try_exists()? {
            return Ok(());
        }
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
                let directory = area.directory(&directory)?;
                self.bring_one(place, &directory, ctx).await?;
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

    /// Brings one place into a directory.
    async fn bring_one(
        &self,
        place: &Place,
        directory: &Path,
        ctx: &Context,
    ) -> Result<(), ExecError> {
        let Place::File(path) = place else {
            let transfer = Transfer::new(vec![place.clone()], as_directory(directory));
            transfer::run(&transfer, ctx).await?;
            return Ok(forget_manifest(directory)?);
        };
        let files = files_of(path, directory).await?;
        let (linked, ctx) = (self.linked, ctx.clone());
        let brought = tokio::task::spawn_blocking(move || {
            files.iter().try_for_each(|(from, to)| {
                if linked {
                    link_one(from, to)
                } else {
                    copy_one(from, to, &ctx)
                }
            })
        });
        match brought.await {
            Ok(brought) => Ok(brought?),
            Err(error) => Err(ExecError::Failed(format!("staging broke off: {error}"))),
        }
    }

    /// Puts away what was written.
    pub(super) async fn put_away(&self, area: &Area, ctx: &Context) -> Result<(), ExecError> {
        for (number, left) in (1..).zip(&self.outputs) {
            let Some(left) = left else {
                continue;
            };
            let place = &left.place;
            let directory = area.path(&output(number));
            let mut packing = Packing {
                inputs: Vec::new(),
                output: left.compression,
            };
            let from = if place.is_many() {
                tell_left_out(&directory, number, ctx).await;
                tell_replaced(&directory, number, ctx);
                as_directory(&directory)
            } else {
                let file = only_file(&directory, number, place)?;
                packing.inputs.push(Some(how_packed(&file)?));
                Place::File(file)
            };
            let transfer = Transfer {
                inputs: vec![from],
                output: place.clone(),
                packing,
                accumulates: left.accumulates,
            };
            transfer::run(&transfer, ctx).await?;
        }
        Ok(())
    }
}

fn output(number: usize) -> String {
    format!("output{number}")
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

/// What becomes of a file in a directory, or of the files of one that a copy of it would have: where each is, and where it comes. The
/// directories for them are made.
async fn files_of(path: &Path, directory: &Path) -> Result<Vec<(PathBuf, PathBuf)>, ConnectError> {
    let failed = |error| ConnectError::io("read", path, error);
    let full = std::path::absolute(path).map_err(failed)?;
    let found = std::fs::metadata(path).map_err(failed)?;
    if !found.is_dir() {
        is_regular("read", path, &found)?;
        let to = directory.join(full.file_name().unwrap_or_default());
        return Ok(vec![(full, to)]);
    }
    let mut files = Vec::new();
    for (from, name) in transfer::found(&full.join("")).await? {
        let to = directory.join(name);
        if let Some(above) = to.parent() {
            std::fs::create_dir_all(above)
                .map_err(|error| ConnectError::io("create directory", above, error))?;
        }
        files.push((from, to));
    }
    Ok(files)
}

fn link_one(from: &Path, to: &Path) -> Result<(), ConnectError> {
    symlink(from, to).map_err(|error| ConnectError::io("create", to, error))
}

/// Copies a file, with its time and what may be done with it; its owner may write to the copy in any case.
fn copy_one(from: &Path, to: &Path, ctx: &Context) -> Result<(), ConnectError> {
    let unread = |error| ConnectError::io("read", from, error);
    let unwritten = |error| ConnectError::io("write", to, error);
    let input = File::open(from).map_err(unread)?;
    let found = input.metadata().map_err(unread)?;
    let mut output = File::create_new(to).map_err(unwritten)?;
    loop {
        ctx.check_cancel()?;
        let mut piece = (&input).take(PIECE);
        if io::copy(&mut piece, &mut output).map_err(unwritten)? == 0 {
            break;
        }
    }
    let now = input.metadata().map_err(unread)?;
    if (now.len(), now.modified().ok()) != (found.len(), found.modified().ok()) {
        return Err(ConnectError::Setting(format!(
            "`{}` has changed while it was copied",
            from.display()
        )));
    }
    let mode = (found.permissions().mode() & 0o777) | 0o600;
    let permissions = std::fs::Permissions::from_mode(mode);
    output.set_permissions(permissions).map_err(unwritten)?;
    let modified = found.modified().map_err(unread)?;
    output.set_modified(modified).map_err(unwritten)
}

/// Says in the log what a command has left that a copy leaves out.
async fn tell_left_out(directory: &Path, number: usize, ctx: &Context) {
    let root = directory.to_owned();
    let looked = tokio::task::spawn_blocking(move || {
        let mut found = Vec::new();
        left_out(&root, &root, &mut found);
        found.sort();
        found
    });
    // What cannot be looked at is an error of the copy.
    let found = looked.await.unwrap_or_default();
    for (name, what) in found.iter().take(TOLD) {
        ctx.log.line(&format!(
            "warning: `{name}` in `$OUTPUT{number}_STAGING_DIR` is {what}, and is not put away: only files are"
        ));
    }
    if let Some(more) = found.len().checked_sub(TOLD).filter(|more| *more > 0) {
        ctx.log.line(&format!(
            "warning: so it is with {more} more in `$OUTPUT{number}_STAGING_DIR`"
        ));
    }
}

/// Says in the log that a list of a command's own does not come to the output.
fn tell_replaced(directory: &Path, number: usize, ctx: &Context) {
    if directory.join(SUCCESS).exists() {
        ctx.log.line(&format!(
            "`{SUCCESS}` in `$OUTPUT{number}_STAGING_DIR` is not put away: in its place comes one that lists the files of the output"
        ));
    }
}

/// What below a directory is no file and no directory, with what it is.
fn left_out(root: &Path, directory: &Path, found: &mut Vec<(String, &'static str)>) {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => {
                left_out(root, &path, found);
                continue;
            }
            Ok(kind) if !kind.is_file() => {}
            _ => continue,
        }
        let what = match std::fs::metadata(&path) {
            Ok(there) if there.is_dir() => "a link to a directory",
            Ok(there) if !there.is_file() => "a device, pipe or socket",
            _ => continue,
        };
        let name = path.strip_prefix(root).unwrap_or(&path);
        found.push((name.display().to_string(), what));
    }
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
                1 if files.iter().all(|file| file.is_dir()) => "a directory".to_owned(),
                1 => "what is no file".to_owned(),
                many => format!("{many} files and directories"),
            }
        ))),
    }
}

/// How a file is packed, as its name says or else its first bytes.
fn how_packed(file: &Path) -> Result<Compression, ConnectError> {
    let named = Compression::of_path(file);
    if named != Compression::None {
        return Ok(named);
    }
    let failed = |error| ConnectError::io("read", file, error);
    let mut begin = Vec::new();
    let opened = File::open(file).map_err(failed)?;
    opened.take(4).read_to_end(&mut begin).map_err(failed)?;
    Ok(match begin.as_slice() {
        [0x1f, 0x8b, ..] => Compression::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd] => Compression::Zstd,
        _ => Compression::None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The files of a path that are brought into a directory, by their names in it.
    async fn brought(path: &Path) -> Result<Vec<String>, String> {
        let to = tempfile::tempdir().unwrap();
        let files = files_of(path, to.path()).await;
        let files = files.map_err(|error| error.to_string())?;
        let mut names = Vec::new();
        for (from, to_file) in files {
            link_one(&from, &to_file).unwrap();
            assert!(to_file.is_file(), "{}", from.display());
            let name = to_file.strip_prefix(to.path()).unwrap();
            names.push(name.display().to_string());
        }
        Ok(names)
    }

    #[tokio::test]
    async fn files_and_what_is_in_directories_are_brought() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        std::fs::create_dir_all(at("data/e")).unwrap();
        for name in ["data/a b", "data/c", "data/e/f", "data/.x.pipeform-tmp"] {
            File::create(at(name)).unwrap();
        }
        assert_eq!(brought(&at("data/c")).await.unwrap(), ["c"]);
        let all = brought(&at("data")).await.unwrap();
        assert_eq!(all, ["a b", "c", "e/f"]);
        let missing = brought(&at("none")).await.unwrap_err();
        assert!(missing.contains("none"), "{missing}");
    }

    #[tokio::test]
    async fn of_a_directory_with_a_manifest_what_it_lists_is_brought() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        std::fs::create_dir(at("data")).unwrap();
        for name in ["data/a", "data/b", "data/_INCOMPLETE"] {
            File::create(at(name)).unwrap();
        }
        let error = brought(&at("data")).await.unwrap_err();
        assert!(error.contains("it is not complete"), "{error}");
        let manifest = r#"{"entries": [{"url": "a", "mandatory": true}]}"#;
        let mut file = File::create(at("data").join(SUCCESS)).unwrap();
        file.write_all(manifest.as_bytes()).unwrap();
        assert_eq!(brought(&at("data")).await.unwrap(), ["a"]);
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
