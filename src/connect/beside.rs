//! Files that many write at once: a temporary file beside its target, filled at any place of it, and then renamed.
//!
//! It is what a [`FileWriter`](super::files::FileWriter) makes, under the same names and locks, for those who do not write in order.

use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use super::ConnectError;
use super::files::SUFFIX;
use super::files::parent;
use super::files::prefix;
use super::files::regular;
use super::files::remove_leftovers;
use super::files::temporary_file;

/// A file that appears under its name only when it is whole. Dropped without a commit, it leaves nothing.
#[derive(Debug)]
pub struct Beside {
    target: PathBuf,
    temporary: PathBuf,
    file: Arc<File>,
}

impl Beside {
    /// Starts a file: makes its directories, and removes what killed attempts left of it.
    pub fn create(target: &Path) -> Result<Self, ConnectError> {
        let target = regular(target)?;
        let prefix = prefix(&target)?;
        let parent = parent(&target);
        fs::create_dir_all(&parent)
            .map_err(|error| ConnectError::io("create directory", &parent, error))?;
        remove_leftovers(&parent, &prefix);
        Self::among(&target)
    }

    /// Starts one of many files, whose directory is there and has no leftovers.
    pub fn among(target: &Path) -> Result<Self, ConnectError> {
        let failed = |error| ConnectError::io("write", target, error);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        let made = temporary_file(&parent(target), &prefix(target)?, &options);
        let (temporary, file) = made.map_err(failed)?;
        let beside = Self {
            target: target.to_owned(),
            temporary,
            file: Arc::new(file),
        };
        if let Ok(old) = fs::metadata(target) {
            let permissions = beside.file.set_permissions(old.permissions());
            permissions.map_err(failed)?;
        }
        Ok(beside)
    }

    /// The file to write to.
    pub fn file(&self) -> &Arc<File> {
        &self.file
    }

    /// The file this becomes.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// An error when the file system has no room for so many bytes, before any of them is fetched.
    pub fn room_for(&self, size: u64) -> Result<(), ConnectError> {
        // What does not say how much room there is will say it when it is full.
        let Ok(found) = rustix::fs::fstatvfs(&*self.file) else {
            return Ok(());
        };
        let free = found.f_bavail.saturating_mul(found.f_frsize);
        if free >= size || found.f_blocks == 0 {
            return Ok(());
        }
        let error = io::Error::new(
            io::ErrorKind::StorageFull,
            format!("{size} bytes are to come, and there is room for {free}"),
        );
        Err(ConnectError::io("write", &self.target, error))
    }

    /// Makes the file durable and gives it its name.
    pub fn commit(self) -> Result<(), ConnectError> {
        let finish = || {
            self.file.sync_all()?;
            fs::rename(&self.temporary, &self.target)?;
            File::open(parent(&self.target))?.sync_all()
        };
        finish().map_err(|error| self.failed(error))
    }

    /// Gives the file its name; whoever wrote many makes all durable at once, with [`sync`].
    pub fn commit_among(self) -> Result<(), ConnectError> {
        let renamed = fs::rename(&self.temporary, &self.target);
        renamed.map_err(|error| self.failed(error))
    }

    fn failed(&self, error: io::Error) -> ConnectError {
        if error.kind() != io::ErrorKind::IsADirectory {
            return ConnectError::io("write", &self.target, error);
        }
        ConnectError::Setting(format!(
            "cannot write `{}`: there is a directory of that name; remove it, or give the output another path",
            self.target.display()
        ))
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // After a commit the name is gone already; a failure here leaves a leftover for the next attempt to remove.
        drop(fs::remove_file(&self.temporary));
    }
}

/// Makes all durable that was written to the file system of a directory.
pub fn sync(directory: &Path) -> Result<(), ConnectError> {
    let sync = || rustix::fs::syncfs(File::open(directory)?).map_err(io::Error::from);
    sync().map_err(|error| ConnectError::io("write", directory, error))
}

/// Removes what dead attempts have left in a directory, of whatever file.
pub fn remove_all_leftovers(directory: &Path) {
    let Ok(entries) = fs::read_dir(directory) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let random = name
            .strip_suffix(SUFFIX)
            .and_then(|rest| rest.rsplit_once('.'))
            .filter(|_| name.starts_with('.'));
        if let Some((prefix, _)) = random {
            remove_leftovers(directory, &format!("{prefix}."));
        }
    }
}

/// Whether a name is that of a file that is being written, or was when its writer died.
pub fn is_temporary(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(SUFFIX)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt as _;

    use super::*;

    #[test]
    fn a_file_filled_from_its_end_appears_whole_or_not_at_all() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("a/out");
        drop(Beside::create(&target).unwrap());
        assert_eq!(fs::read_dir(directory.path().join("a")).unwrap().count(), 0);
        let beside = Beside::create(&target).unwrap();
        beside.file().write_all_at(b"end", 3).unwrap();
        beside.file().write_all_at(b"beg", 0).unwrap();
        assert!(!target.exists());
        beside.commit().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"begend");
        sync(directory.path()).unwrap();
    }

    #[test]
    fn leftovers_of_all_files_go_and_those_of_the_living_stay() {
        let directory = tempfile::tempdir().unwrap();
        let dead = format!(".a.b.{}{SUFFIX}", "0".repeat(32));
        File::create(directory.path().join(&dead)).unwrap();
        File::create(directory.path().join(".a.pipeform-tmp")).unwrap();
        let living = Beside::among(&directory.path().join("c")).unwrap();
        remove_all_leftovers(directory.path());
        assert!(!directory.path().join(dead).exists());
        assert!(directory.path().join(".a.pipeform-tmp").exists());
        assert!(living.temporary.exists());
        assert!(is_temporary(
            living.temporary.file_name().unwrap().to_str().unwrap()
        ));
    }

    #[test]
    fn no_room_is_said_before() {
        let directory = tempfile::tempdir().unwrap();
        let beside = Beside::create(&directory.path().join("out")).unwrap();
        beside.room_for(1).unwrap();
        let error = beside.room_for(u64::MAX).unwrap_err().to_string();
        assert!(
            error.contains("there is room for") && error.contains("free space"),
            "{error}"
        );
    }
}
