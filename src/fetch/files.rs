//! The files that functions read: those of the root module, and what is named from there.

use std::io;
use std::path::Path;
use std::path::PathBuf;

use super::library;
use super::library::LIBRARY;
use crate::lang::Files;

/// The files that functions of a configuration may read. Paths are relative to the root module; those of the library begin with
/// `pipeform//`.
#[derive(Clone, Debug)]
pub struct ModuleFiles {
    /// The root module's directory.
    pub directory: PathBuf,
    /// The user's home directory.
    pub home: Option<PathBuf>,
}

/// The part of a path behind `pipeform//`, without `.` and `..`.
fn in_library(path: &Path) -> Option<String> {
    let inside = path.to_str()?.strip_prefix(LIBRARY)?;
    super::folder::joined(inside, ".")
}

impl Files for ModuleFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let Some(path) = in_library(path) else {
            return std::fs::read(self.directory.join(path));
        };
        match library::below("").find(|(name, _)| *name == path) {
            Some((_, text)) => Ok(text.as_bytes().to_vec()),
            None if library::below(&path).next().is_some() => {
                Err(io::ErrorKind::IsADirectory.into())
            }
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn is_file(&self, path: &Path) -> bool {
        match in_library(path) {
            None => self.directory.join(path).is_file(),
            Some(path) => library::below("").any(|(name, _)| name == path),
        }
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        if let Some(directory) = in_library(directory) {
            return Ok(library::below(&directory)
                .map(|(name, _)| PathBuf::from(name))
                .collect());
        }
        let root = self.directory.join(directory);
        let mut found = Vec::new();
        let mut open = vec![root.clone()];
        while let Some(directory) = open.pop() {
            for entry in std::fs::read_dir(&directory)? {
                let path = entry?.path();
                if path.is_dir() {
                    open.push(path);
                } else if let Ok(relative) = path.strip_prefix(&root) {
                    found.push(relative.to_path_buf());
                }
            }
        }
        found.sort();
        Ok(found)
    }

    fn absolute(&self, path: &Path) -> PathBuf {
        if in_library(path).is_some() {
            return path.to_path_buf();
        }
        std::path::absolute(self.directory.join(path)).unwrap_or_else(|_| self.directory.join(path))
    }

    fn home(&self) -> Option<PathBuf> {
        self.home.clone()
    }
}
