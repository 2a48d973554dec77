//! What `fmt` does with files: finding, reading, formatting, and writing them so that each is old or new, never half of it.

use std::io;
use std::io::Read as _;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;

use super::terminal;
use super::views;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Sources;
use crate::lang;

/// The ends of the names of files that are formatted.
const ENDINGS: [&str; 3] = [".pipe.hcl", ".pipevars", ".pipetest.hcl"];

/// How standard input is called.
const STANDARD_INPUT: &str = "<stdin>";

/// What to do with files that are not in the canonical form.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of its own, and all combinations have a meaning"
)]
#[derive(Clone, Copy, Debug)]
pub(super) struct Reports {
    /// Print their names.
    pub(super) list: bool,
    /// Print what changes.
    pub(super) diff: bool,
    /// Print the formatted text, also of files that are in the canonical form.
    pub(super) text: bool,
    /// Write the formatted text.
    pub(super) write: bool,
    /// Go into the directories of directories.
    pub(super) recursive: bool,
}

/// Formats files one after the other, and goes on after mistakes.
pub(super) struct Formatter<'c> {
    reports: Reports,
    /// Where relative paths start.
    directory: &'c Path,
    /// Whether any text is not in the canonical form.
    pub(super) changed: bool,
    /// What could not be formatted.
    pub(super) diagnostics: Diagnostics,
    /// The texts that could not be formatted.
    pub(super) sources: Sources,
}

impl<'c> Formatter<'c> {
    pub(super) fn new(reports: Reports, directory: &'c Path) -> Self {
        Self {
            reports,
            directory,
            changed: false,
            diagnostics: Diagnostics::new(),
            sources: Sources::default(),
        }
    }

    /// Formats files and the files of directories; those of the current directory if there are none.
    pub(super) fn targets(&mut self, targets: &[PathBuf]) {
        if targets.is_empty() {
            self.directory(Path::new(""));
        }
        for target in targets {
            let target = self.relative(target);
            if self.directory.join(&target).is_dir() {
                self.directory(&target);
            } else if !self.directory.join(&target).exists() {
                let detail = format!("There is no file or directory `{}`.", target.display());
                self.fail("No such file", detail);
            } else if is_formatted(&target.to_string_lossy()) {
                self.file(&target);
            } else {
                let detail = format!(
                    "`{}` is none of the files that are formatted: {}.",
                    target.display(),
                    ENDINGS.map(|ending| format!("`*{ending}`")).join(", ")
                );
                self.fail("Wrong kind of file", detail);
            }
        }
    }

    /// Formats standard input.
    pub(super) fn standard_input(&mut self) {
        let mut bytes = Vec::new();
        let read = io::stdin().lock().read_to_end(&mut bytes);
        if let Some((old, new)) = self.formatted(STANDARD_INPUT, read.map(|_| bytes)) {
            self.report(STANDARD_INPUT, &old, &new);
        }
    }

    /// The path as it is shown: relative to the root module's directory, if it lies there.
    fn relative(&self, target: &Path) -> PathBuf {
        let path = target.strip_prefix(self.directory).unwrap_or(target);
        // Without `.` parts, and without slashes that say nothing.
        let parts = path.components();
        parts
            .filter(|part| !matches!(part, std::path::Component::CurDir))
            .collect()
    }

    fn directory(&mut self, path: &Path) {
        let names = match names(&self.directory.join(path)) {
            Ok(names) => names,
            Err(error) => {
                let detail = format!("`{}` cannot be read: {error}.", path.display());
                return self.fail("Unreadable directory", detail);
            }
        };
        for name in names {
            let inside = path.join(&name);
            if self.directory.join(&inside).is_dir() {
                if self.reports.recursive && !self.directory.join(&inside).is_symlink() {
                    self.directory(&inside);
                }
            } else if is_formatted(&name) {
                self.file(&inside);
            }
        }
    }

    fn file(&mut self, path: &Path) {
        let place = self.directory.join(path);
        let shown = path.display().to_string();
        let Some((old, new)) = self.formatted(&shown, std::fs::read(&place)) else {
            return;
        };
        if self.reports.write
            && old != new
            && let Err(error) = replace(&place, &new)
        {
            return self.fail(
                "Unwritable file",
                format!("`{shown}` cannot be written: {error}."),
            );
        }
        self.report(&shown, &old, &new);
    }

    /// The text as it is and as it should be; `None` if there is something wrong with it, which has been reported.
    fn formatted(&mut self, name: &str, bytes: io::Result<Vec<u8>>) -> Option<(String, String)> {
        let text = match bytes.map(String::from_utf8) {
            Ok(Ok(text)) => text,
            Ok(Err(error)) => {
                let detail = crate::fetch::not_utf8(name, &error);
                self.fail("Unreadable file", detail);
                return None;
            }
            Err(error) => {
                self.fail(
                    "Unreadable file",
                    format!("`{name}` cannot be read: {error}."),
                );
                return None;
            }
        };
        let mut found = Diagnostics::new();
        let mut sources = self.sources.clone();
        let file = sources.add(name, text.as_str());
        lang::parse_body(file, &text, &mut found);
        if found.has_errors() {
            self.sources = sources;
            self.diagnostics.extend(found);
            return None;
        }
        let new = lang::fmt::format(&text);
        Some((text, new))
    }

    fn report(&mut self, name: &str, old: &str, new: &str) {
        self.changed |= old != new;
        if old != new && self.reports.list {
            terminal::print(&format!("{name}\n"));
        }
        if old != new && self.reports.diff {
            terminal::print(&views::text_diff::unified(name, old, new));
        }
        if self.reports.text {
            // A text that is printed ends its last line, as Terraform has it; one that is written stays as it ends.
            let end = if new.ends_with('\n') { "" } else { "\n" };
            terminal::print(&format!("{new}{end}"));
        }
    }

    fn fail(&mut self, summary: &str, detail: String) {
        self.diagnostics.push(Diagnostic::error(summary, detail));
    }
}

/// Whether a file of that name is formatted.
fn is_formatted(name: &str) -> bool {
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// The names in a directory, sorted, without hidden ones and what editors leave.
fn names(directory: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        names.extend(entry?.file_name().into_string().ok());
    }
    names.retain(|name| {
        let backup = name.starts_with('#') && name.ends_with('#');
        !backup && !name.starts_with('.') && !name.ends_with('~')
    });
    names.sort();
    Ok(names)
}

/// Puts a new text in place of a file, with the permissions of the old one. Of a symbolic link the target is replaced.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = path.canonicalize()?;
    let metadata = path.metadata()?;
    if metadata.permissions().readonly() {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let mut file = tempfile::Builder::new()
        .prefix(".pipeform-fmt-")
        .tempfile_in(path.parent().unwrap_or(Path::new(".")))?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(metadata.permissions())?;
    file.as_file().sync_all()?;
    file.persist(&path).map_err(|error| error.error)?;
    Ok(())
}
