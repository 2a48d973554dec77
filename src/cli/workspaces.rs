//! Workspaces: states of one configuration that lie apart, each with its runs, locks and logs.
//!
//! `default` lies in the data directory itself, the others in `workspaces/NAME` there. Which one is selected is in the file
//! `workspace` beside them; `PIPEFORM_WORKSPACE` counts more.

use std::io;
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::path::PathBuf;

use super::context::Environment;
use super::errors::Failure;
use crate::diag::did_you_mean;

/// The workspace that is always there.
pub(crate) const DEFAULT: &str = "default";

/// The variable that selects one.
pub(crate) const VARIABLE: &str = "PIPEFORM_WORKSPACE";

/// The longest name, in bytes.
const LONGEST: usize = 90;

/// The file that names the selected one.
const SELECTED: &str = "workspace";

/// Where one lies that is being removed: no name begins so.
const REMOVED: &str = ".removed";

/// The workspaces of a data directory.
#[derive(Debug)]
pub(crate) struct Workspaces {
    data: PathBuf,
}

impl Workspaces {
    /// Those of a data directory.
    pub(crate) fn of(data: PathBuf) -> Self {
        Self { data }
    }

    /// The name of the selected one, which need not be there, and may be something that no name is.
    pub(crate) fn selected(&self, environment: &Environment) -> Result<String, Failure> {
        if let Some(name) = environment.get(VARIABLE) {
            check(name).map_err(|problem| Failure::message(format!("{VARIABLE}: {problem}")))?;
            return Ok(name.to_owned());
        }
        let path = self.data.join(SELECTED);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                return Ok(DEFAULT.to_owned());
            }
            Err(error) => return Err(unusable("cannot be read", &path, &error)),
        };
        Ok(text.trim_end_matches('\n').to_owned())
    }

    /// Where the state of one lies.
    pub(crate) fn directory(&self, name: &str) -> PathBuf {
        if name == DEFAULT {
            self.data.clone()
        } else {
            self.others().join(name)
        }
    }

    fn others(&self) -> PathBuf {
        self.data.join("workspaces")
    }

    /// Whether it is there.
    pub(crate) fn exists(&self, name: &str) -> bool {
        name == DEFAULT || check(name).is_ok() && self.directory(name).is_dir()
    }

    /// All names, `default` first.
    pub(crate) fn names(&self) -> Result<Vec<String>, Failure> {
        let directory = self.others();
        let mut names = Vec::new();
        match std::fs::read_dir(&directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(unusable("cannot be read", &directory, &error)),
            Ok(entries) => {
                for entry in entries {
                    let entry =
                        entry.map_err(|error| unusable("cannot be read", &directory, &error))?;
                    names.extend(entry.file_name().into_string().ok());
                }
            }
        }
        names.retain(|name| check(name).is_ok() && name != DEFAULT && self.exists(name));
        names.sort();
        names.insert(0, DEFAULT.to_owned());
        Ok(names)
    }

    /// What to say where it is not there.
    pub(crate) fn missing(&self, name: &str) -> Failure {
        let names = self.names().unwrap_or_default();
        let hint = did_you_mean(name, names.iter().map(String::as_str)).unwrap_or_default();
        let advice = if check(name).is_ok() {
            format!("`pipeform workspace new {name}` makes it")
        } else {
            format!("`pipeform workspace select {DEFAULT}` goes back")
        };
        Failure::message(format!(
            "There is no workspace `{}`. {hint}\n\n`pipeform workspace list` shows those there are, and {advice}.",
            name.escape_debug()
        ))
    }

    /// Makes it, empty.
    pub(crate) fn create(&self, name: &str) -> Result<(), Failure> {
        check(name).map_err(Failure::message)?;
        if self.exists(name) {
            return Err(Failure::message(format!(
                "There is a workspace `{name}` already.\n\n`pipeform workspace select {name}` goes there."
            )));
        }
        let directory = self.directory(name);
        make(&directory)
    }

    /// Selects it for the commands that follow.
    pub(crate) fn select(&self, name: &str) -> Result<(), Failure> {
        make(&self.data)?;
        let path = self.data.join(SELECTED);
        let written = tempfile::Builder::new()
            .prefix(".workspace-")
            .tempfile_in(&self.data)
            .and_then(|mut file| {
                writeln!(file, "{name}")?;
                file.as_file().sync_all()?;
                file.persist(&path).map_err(|error| error.error)
            });
        written
            .map(drop)
            .map_err(|error| unusable("cannot be written", &path, &error))
    }

    /// Removes it with its state, its runs and its logs. One that was removed in part is not there any more.
    pub(crate) fn remove(&self, name: &str) -> Result<(), Failure> {
        let directory = self.directory(name);
        let removed = self.others().join(REMOVED);
        let result = remove_all(&removed)
            .and_then(|()| std::fs::rename(&directory, &removed))
            .and_then(|()| remove_all(&removed));
        result.map_err(|error| unusable("cannot be removed", &directory, &error))
    }
}

/// Whether a text may be the name of a workspace; if not, why.
pub(crate) fn check(name: &str) -> Result<(), String> {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    let begins = name.starts_with(|first: char| first.is_ascii_alphanumeric());
    if begins && name.len() <= LONGEST && name.chars().all(allowed) {
        return Ok(());
    }
    Err(format!(
        "`{}` cannot be the name of a workspace: it has letters and digits of ASCII, `-`, `_` and `.`, begins with a letter or a digit, and is no longer than {LONGEST}.",
        name.escape_debug()
    ))
}

fn make(directory: &Path) -> Result<(), Failure> {
    if directory.is_dir() {
        return Ok(());
    }
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(|error| unusable("cannot be created", directory, &error))
}

fn remove_all(directory: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

fn unusable(what: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::message(format!("`{}` {what}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn names_are_safe_as_file_names_and_in_urls() {
        for name in ["a", "9", "prod", "eu-west_1.blue", "A.B", &"x".repeat(90)] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
        for name in [
            "",
            ".",
            "..",
            ".a",
            "-a",
            "_a",
            "a/b",
            "a b",
            "a\n",
            "ä",
            "a\0",
            "a%2f",
            &"x".repeat(91),
        ] {
            assert!(check(name).is_err(), "{name}");
        }
    }
}
