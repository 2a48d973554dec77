//! The files that functions read: those of the root module, and what is named from there.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

use data_encoding::HEXLOWER;
use sha2::Digest as _;
use sha2::Sha256;

use super::fence::Fence;
use super::folder::regular;
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
    /// What is not left, where the configuration is not trusted.
    pub fence: Option<Fence>,
    /// What has been read so far outside of the library: the SHA-256 of each file by its path, and of each list of names by
    /// its directory.
    pub read: RefCell<BTreeMap<PathBuf, String>>,
}

/// The part of a path behind `pipeform//`, without `.` and `..`.
fn in_library(path: &Path) -> Option<String> {
    let inside = path.to_str()?.strip_prefix(LIBRARY)?;
    super::folder::joined(inside, ".")
}

impl ModuleFiles {
    /// Remembers what was read.
    fn note(&self, path: &Path, content: &[u8]) {
        let digest = HEXLOWER.encode(&Sha256::digest(content));
        self.read.borrow_mut().insert(path.to_path_buf(), digest);
    }

    /// Where a file outside of the library is. As in Terraform, `a/..` is nothing, whatever `a` is.
    fn located(&self, path: &Path) -> io::Result<PathBuf> {
        let mut located = PathBuf::new();
        for part in path.components() {
            match (part, located.components().next_back()) {
                (Component::CurDir, _) | (Component::ParentDir, Some(Component::RootDir)) => (),
                (Component::ParentDir, Some(Component::Normal(_))) => drop(located.pop()),
                (part, _) => located.push(part),
            }
        }
        match &self.fence {
            None => Ok(self.directory.join(located)),
            Some(fence) => fence.inside(&located),
        }
    }
}

/// Whether a directory is a link to one it lies in: what is below it has been seen.
fn leads_back(directory: &Path) -> bool {
    let inside = directory
        .parent()
        .and_then(|parent| parent.canonicalize().ok());
    match (inside, directory.canonicalize()) {
        (Some(inside), Ok(target)) => directory.is_symlink() && inside.starts_with(target),
        _ => false,
    }
}

impl Files for ModuleFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let Some(path) = in_library(path) else {
            let place = self.located(path)?;
            regular(&place)?;
            let content = std::fs::read(place)?;
            self.note(path, &content);
            return Ok(content);
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
            None => self.located(path).is_ok_and(|place| place.is_file()),
            Some(path) => library::below("").any(|(name, _)| name == path),
        }
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        if let Some(directory) = in_library(directory) {
            return Ok(library::below(&directory)
                .map(|(name, _)| PathBuf::from(name))
                .collect());
        }
        let root = match &self.fence {
            None => self.directory.join(directory),
            Some(_) => self.located(directory)?,
        };
        let mut found = Vec::new();
        let mut open = vec![root.clone()];
        while let Some(below) = open.pop() {
            for entry in std::fs::read_dir(&below)? {
                let path = entry?.path();
                if let Some(fence) = &self.fence {
                    fence.inside(&path)?;
                }
                if path.is_file() {
                    let relative = path.strip_prefix(&root).map(Path::to_path_buf);
                    found.extend(relative.ok());
                } else if path.is_dir() && !leads_back(&path) {
                    open.push(path);
                }
            }
        }
        found.sort();
        let names: Vec<_> = found.iter().map(|path| path.to_string_lossy()).collect();
        self.note(directory, names.join("\n").as_bytes());
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A directory with files, directories and links, and what is in it as a module.
    fn module() -> (tempfile::TempDir, ModuleFiles) {
        let directory = tempfile::tempdir().expect("a directory");
        let at = |path: &str| directory.path().join(path);
        std::fs::create_dir_all(at("sub/deep")).expect("directories");
        for name in ["a.txt", ".hidden", "sub/b.txt", "sub/deep/c.txt"] {
            let mut file = std::fs::File::create(at(name)).expect("a file");
            io::Write::write_all(&mut file, name.as_bytes()).expect("its text");
        }
        for (target, name) in [
            ("a.txt", "link.txt"),
            ("sub/deep", "other"),
            ("nowhere", "dangling"),
            (".", "loop"),
            ("../..", "sub/deep/back"),
            ("/dev/null", "device"),
        ] {
            symlink(target, at(name)).expect("a link");
        }
        let files = ModuleFiles {
            directory: directory.path().to_path_buf(),
            home: None,
            fence: None,
            read: RefCell::default(),
        };
        (directory, files)
    }

    #[test]
    fn regular_files_are_listed_through_links_but_not_in_circles() {
        let (_directory, files) = module();
        let below = |directory: &str| {
            let found = files.list(Path::new(directory)).expect("a list");
            let names: Vec<String> = found
                .iter()
                .map(|path| path.display().to_string())
                .collect();
            names.join(" ")
        };
        assert_eq!(
            below("."),
            ".hidden a.txt link.txt other/c.txt sub/b.txt sub/deep/c.txt"
        );
        assert_eq!(below("sub"), "b.txt deep/c.txt");
        assert_eq!(below("other"), "c.txt");
    }

    #[test]
    fn paths_are_cleaned_before_they_are_followed() {
        let (directory, files) = module();
        let absolute = directory.path().join("none/../a.txt");
        for (path, expected) in [
            ("a.txt", Some("a.txt")),
            ("./sub/../a.txt", Some("a.txt")),
            ("none/../a.txt", Some("a.txt")),
            ("other/../a.txt", Some("a.txt")),
            ("a.txt/", Some("a.txt")),
            ("link.txt", Some("a.txt")),
            ("other/c.txt", Some("sub/deep/c.txt")),
            (absolute.to_str().expect("text"), Some("a.txt")),
            ("../a.txt", None),
            ("a.txt/x", None),
            ("dangling", None),
            ("sub", None),
            ("device", None),
        ] {
            let path = Path::new(path);
            assert_eq!(files.is_file(path), expected.is_some(), "{path:?}");
            if let Some(expected) = expected {
                let content = files.read(path).expect("content");
                assert_eq!(String::from_utf8_lossy(&content), expected, "{path:?}");
            }
        }
    }
}
