//! The files of one module, and reading them.

use std::borrow::Cow;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use super::fence::Fence;
use super::library;
use super::library::LIBRARY;
use super::mask::masked;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Sources;
use crate::diag::did_you_mean;
use crate::lang;
use crate::lang::Grammar;
use crate::lang::SourceFile;
use crate::lang::Syntax;
use crate::lang::module::Files;
use crate::lang::module::merge_overrides;

/// The largest file that is read.
const MAX_BYTES: u64 = 256 << 20;

/// The end of the names of configuration files.
pub const CONFIGURATION: &str = ".pipe.hcl";
/// The end of the names of configuration files in JSON.
pub const JSON_CONFIGURATION: &str = ".pipe.json";

/// The files of one module.
#[derive(Clone, Debug)]
pub struct Folder {
    /// The directory as `path.module` shows it: relative to the root module, whose own is `.`.
    path: String,
    place: Place,
    /// The checkout it lies in, and may not leave.
    package: Option<Arc<str>>,
    /// What is not left, where the configuration is not trusted.
    fence: Option<Arc<Fence>>,
}

#[derive(Clone, Debug)]
enum Place {
    Directory(PathBuf),
    /// A directory of the library.
    Library(String),
}

impl Folder {
    /// The root module's directory.
    pub fn root(directory: impl Into<PathBuf>) -> Self {
        Self {
            path: ".".to_owned(),
            place: Place::Directory(directory.into()),
            package: None,
            fence: None,
        }
    }

    /// The same, and the modules that it calls, behind a fence.
    #[must_use]
    pub fn behind(mut self, fence: Option<Fence>) -> Self {
        self.fence = fence.map(Arc::new);
        self
    }

    /// Whether there is a fence around it.
    pub(super) fn is_fenced(&self) -> bool {
        self.fence.is_some()
    }

    /// Where a path leads to, unless that is behind the fence.
    fn place(&self, path: PathBuf) -> io::Result<PathBuf> {
        match &self.fence {
            None => Ok(path),
            Some(fence) => fence.inside(&path),
        }
    }

    /// A directory in a checkout. `package` is the checkout's path below the root module, `directory` that in it.
    pub(super) fn checked_out(root: &Path, package: &str, directory: &str) -> Self {
        let path = joined(package, directory).unwrap_or_else(|| package.to_owned());
        Self {
            place: Place::Directory(root.join(&path)),
            path,
            package: Some(package.into()),
            fence: None,
        }
    }

    /// A module of the library, by the part behind `pipeform//`.
    pub(super) fn library(name: &str) -> Self {
        Self {
            path: format!("{LIBRARY}{name}"),
            place: Place::Library(name.to_owned()),
            package: Some(LIBRARY.into()),
            fence: None,
        }
    }

    /// A directory relative to this one. `None` if it leaves the checkout or the library that this one lies in.
    pub(super) fn relative(&self, root: &Path, path: &str) -> Option<Self> {
        if let Place::Library(directory) = &self.place {
            let inside = joined(directory, path).filter(|path| path != "." && !leaves(path))?;
            return Some(Self {
                fence: self.fence.clone(),
                ..Self::library(&inside)
            });
        }
        let path = joined(&self.path, path)?;
        if let Some(package) = &self.package {
            let inside = path.strip_prefix(&**package)?;
            if !inside.is_empty() && !inside.starts_with('/') {
                return None;
            }
        }
        Some(Self {
            place: Place::Directory(root.join(&path)),
            path,
            package: self.package.clone(),
            fence: self.fence.clone(),
        })
    }

    /// What messages and `path.module` call it.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What tells it from all others, whatever symbolic links lead to it.
    pub(super) fn identity(&self) -> PathBuf {
        match &self.place {
            Place::Library(_) => PathBuf::from(&self.path),
            Place::Directory(directory) => directory
                .canonicalize()
                .unwrap_or_else(|_| directory.clone()),
        }
    }

    /// The names of the files that are not hidden, sorted.
    pub fn names(&self) -> io::Result<Vec<String>> {
        let mut names: Vec<String> = match &self.place {
            Place::Directory(directory) => std::fs::read_dir(self.place(directory.clone())?)?
                .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
                .filter(|name| !name.starts_with('.') && !name.ends_with('~'))
                .collect(),
            Place::Library(directory) => library::below(directory)
                .filter(|(path, _)| !path.contains('/'))
                .map(|(path, _)| path.to_owned())
                .collect(),
        };
        if names.is_empty() && matches!(self.place, Place::Library(_)) {
            return Err(io::ErrorKind::NotFound.into());
        }
        names.sort();
        Ok(names)
    }

    /// A did-you-mean for a directory that does not exist: one beside it that is a module.
    pub(super) fn neighbour(&self) -> Option<String> {
        let Place::Directory(directory) = &self.place else {
            return None;
        };
        if self.is_fenced() {
            return None;
        }
        let (parent, name) = (directory.parent()?, directory.file_name()?.to_str()?);
        let modules: Vec<String> = std::fs::read_dir(parent)
            .ok()?
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| {
                Self::root(parent.join(name))
                    .names()
                    .is_ok_and(|names| is_module(&names))
            })
            .collect();
        did_you_mean(name, modules.iter().map(String::as_str))
    }

    /// A file's name in messages: as the user would write it in the root module's directory.
    pub fn shown(&self, name: &str) -> String {
        if self.path == "." || Path::new(name).is_absolute() {
            return name.to_owned();
        }
        format!("{}/{name}", self.path)
    }

    /// The text of a file. `None` if it cannot be read, which has been reported.
    pub fn text(&self, name: &str, diagnostics: &mut Diagnostics) -> Option<String> {
        let shown = self.shown(name);
        let problem = match self.read(name) {
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) => return Some(text),
                Err(error) => not_utf8(&shown, &error),
            },
            Err(error) => format!("`{shown}` cannot be read: {error}."),
        };
        diagnostics.push(Diagnostic::error("Unreadable file", problem));
        None
    }

    fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        match &self.place {
            Place::Directory(directory) => {
                // A file that a person names may well be a pipe: `--var-file <(…)`.
                let path = self.place(directory.join(name))?;
                if Path::new(name).components().count() == 1 || self.is_fenced() {
                    regular(&path)?;
                }
                std::fs::read(path)
            }
            Place::Library(directory) => library::below(directory)
                .find(|(path, _)| *path == name)
                .map(|(_, text)| text.as_bytes().to_vec())
                .ok_or_else(|| io::ErrorKind::NotFound.into()),
        }
    }

    /// Parses the configuration files among these names. What does not parse is missing, and has been reported.
    pub fn bodies(
        &self,
        names: &[String],
        grammar: &dyn Grammar,
        sources: &mut Sources,
        diagnostics: &mut Diagnostics,
    ) -> Files {
        let mut read = Files::default();
        let (mut files, mut overriding) = (Vec::new(), Vec::new());
        for name in names {
            let Some(syntax) = syntax(name) else {
                continue;
            };
            let Some(text) = self.text(name, diagnostics) else {
                read.damage.add_unknown();
                continue;
            };
            // What is quoted in messages has no passwords; what is parsed has them.
            let (shown, parsed) = match masked(&text) {
                Cow::Borrowed(_) => (text, None),
                Cow::Owned(masked) => (masked, Some(text)),
            };
            files.push((sources.add(self.shown(name), shown), parsed, syntax));
            overriding.push(is_override(name));
        }
        let files: Vec<_> = files
            .iter()
            .map(|(file, text, syntax)| SourceFile {
                file: *file,
                text: text.as_deref().unwrap_or_else(|| sources.text(*file)),
                syntax: *syntax,
            })
            .collect();
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let (mut bodies, mut overrides) = (Vec::new(), Vec::new());
        let parsed = lang::parse_files(&files, grammar, threads);
        for (parsed, overriding) in parsed.into_iter().zip(overriding) {
            diagnostics.extend(parsed.diagnostics);
            let whole = parsed.damage.is_empty();
            read.damage.extend(parsed.damage);
            if overriding && !whole {
                read.damage.spreads();
            }
            if overriding {
                overrides.push(parsed.body);
            } else {
                bodies.push(parsed.body);
            }
        }
        read.bodies = merge_overrides(bodies, overrides, &mut read.findings);
        read
    }
}

/// Whether a configuration file overrides what the others say: `override.pipe.hcl`, `x_override.pipe.json`.
fn is_override(name: &str) -> bool {
    let stem = name
        .strip_suffix(CONFIGURATION)
        .or_else(|| name.strip_suffix(JSON_CONFIGURATION));
    stem.is_some_and(|stem| stem == "override" || stem.ends_with("_override"))
}

/// How a file of that name is written; `None` if it is no configuration.
pub fn syntax(name: &str) -> Option<Syntax> {
    if name.ends_with(CONFIGURATION) {
        Some(Syntax::Native)
    } else if name.ends_with(JSON_CONFIGURATION) {
        Some(Syntax::Json)
    } else {
        None
    }
}

/// Whether there are configuration files among these names.
pub fn is_module(names: &[String]) -> bool {
    names.iter().any(|name| syntax(name).is_some())
}

/// A path without `.` and, where there is a part before it, `..`. `None` for an absolute one.
pub(super) fn joined(base: &str, path: &str) -> Option<String> {
    if path.starts_with('/') || base.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in base.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    Some(if parts.is_empty() {
        ".".to_owned()
    } else {
        parts.join("/")
    })
}

/// Whether a path from [`joined`] begins with a step up.
fn leaves(path: &str) -> bool {
    path == ".." || path.starts_with("../")
}

/// Why the bytes of a file are no text, and where.
pub fn not_utf8(shown: &str, error: &std::string::FromUtf8Error) -> String {
    let bytes = error.as_bytes();
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return format!("`{shown}` is UTF-16. Save it as UTF-8.");
    }
    let at = error.utf8_error().valid_up_to();
    let before = bytes.get(..at).unwrap_or(bytes);
    let line = before.split(|byte| *byte == b'\n').count();
    format!(
        "`{shown}` is not UTF-8: in line {line}, the byte at position {at} of the file is not part of a character. Save it as UTF-8."
    )
}

/// Refuses files that may never end, such as pipes and devices, and those that are too large.
pub(super) fn regular(path: &Path) -> io::Result<()> {
    let metadata = std::fs::metadata(path)?;
    if !metadata.is_file() && !metadata.is_dir() {
        return Err(io::Error::other("it is not a regular file"));
    }
    if metadata.len() > MAX_BYTES {
        return Err(io::Error::other("it is larger than 256 MiB"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined_as_text() {
        for (base, path, expected) in [
            (".", "./a", Some("a")),
            (".", "./", Some(".")),
            (".", "../a", Some("../a")),
            ("a/b", "../c", Some("a/c")),
            ("a", "../..", Some("..")),
            ("../a", "../../b", Some("../../b")),
            ("a", "/b", None),
        ] {
            assert_eq!(joined(base, path).as_deref(), expected, "{base} {path}");
        }
    }

    #[test]
    fn a_checkout_is_not_left() {
        let root = Path::new("/r");
        let package = Folder::checked_out(root, ".pipeform/modules/a", "x/y");
        assert_eq!(package.path(), ".pipeform/modules/a/x/y");
        for (path, expected) in [
            ("../z", Some(".pipeform/modules/a/x/z")),
            ("../..", Some(".pipeform/modules/a")),
            ("../../..", None),
            ("../../../ab", None),
            ("../../../../..", None),
        ] {
            let found = package.relative(root, path);
            assert_eq!(found.as_ref().map(Folder::path), expected, "{path}");
        }
        let library = Folder::library("a/b");
        for (path, expected) in [
            ("../c", Some("pipeform//a/c")),
            ("../..", None),
            ("../../../x", None),
        ] {
            let found = library.relative(root, path);
            assert_eq!(found.as_ref().map(Folder::path), expected, "{path}");
        }
        let root_module = Folder::root(root);
        assert_eq!(root_module.relative(root, "../x").unwrap().path(), "../x");
    }
}
