//! Definitions in files, and the files that they become.

use std::io::Write as _;
use std::path::Path;

use super::Gathered;
use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::diag::Diagnostics;
use crate::diag::FileId;
use crate::import::definition;
use crate::import::translate::File;

/// Reads the definitions of a file. One without a name is called as the file is.
pub(in crate::cli) fn read(
    path: &Path,
    context: &Context,
    gathered: &mut Gathered,
) -> Result<(), Failure> {
    let (file, text) = source(path, context, gathered)?;
    let (definitions, found) = definition::read(file, &text);
    gathered.found.extend(found);
    let stem = path
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned());
    for mut definition in definitions {
        definition.name = definition.name.or_else(|| stem.clone());
        gathered.pipelines.push((definition, Diagnostics::new()));
    }
    Ok(())
}

/// Reads values of parameters, which go before those in the definitions.
pub(in crate::cli) fn read_values(
    path: &Path,
    context: &Context,
    gathered: &mut Gathered,
) -> Result<(), Failure> {
    let (file, text) = source(path, context, gathered)?;
    let (read, found) = definition::read_values(file, &text);
    gathered.found.extend(found);
    for (definition, _) in &mut gathered.pipelines {
        definition.values.extend(read.values.clone());
    }
    Ok(())
}

/// The text of a file, and what it is called in findings.
fn source(
    path: &Path,
    context: &Context,
    gathered: &mut Gathered,
) -> Result<(FileId, String), Failure> {
    let text = text(path, context)?;
    let name = path.display().to_string();
    Ok((gathered.sources.add(name, text.as_str()), text))
}

fn text(path: &Path, context: &Context) -> Result<String, Failure> {
    let bytes = std::fs::read(context.directory.join(path)).map_err(|error| {
        Failure::message(format!("`{}` cannot be read: {error}.", path.display()))
    })?;
    decoded(bytes).map_err(|at| {
        Failure::message(format!(
            "`{}` is not UTF-8 from byte {at} on. Save it as UTF-8.",
            path.display()
        ))
    })
}

/// A text in UTF-8, or in UTF-16 with a mark at its beginning, as the PowerShell of Windows writes it. An error says up to which byte
/// it is one.
fn decoded(bytes: Vec<u8>) -> Result<String, usize> {
    match encoding_rs::Encoding::for_bom(&bytes) {
        Some((encoding, length)) if encoding != encoding_rs::UTF_8 => {
            let text = bytes.get(length..).unwrap_or_default();
            let text = encoding.decode_without_bom_handling_and_without_replacement(text);
            text.map(std::borrow::Cow::into_owned).ok_or(0)
        }
        _ => String::from_utf8(bytes).map_err(|error| error.utf8_error().valid_up_to()),
    }
}

/// Where files are written.
pub(in crate::cli) struct Out<'a> {
    /// The context of the command.
    pub(in crate::cli) context: &'a Context,
    /// The directory, as it was typed.
    pub(in crate::cli) directory: &'a Path,
    /// Whether files that are there are overwritten.
    pub(in crate::cli) force: bool,
}

impl Out<'_> {
    /// Refuses to overwrite what is there, unless that is wanted.
    pub(in crate::cli) fn check(&self, files: &[File]) -> Result<(), Failure> {
        let directory = self.context.directory.join(self.directory);
        let there = files
            .iter()
            .map(|file| file.name.as_str())
            .filter(|name| directory.join(name).exists());
        let mut there: Vec<String> = there.map(|name| self.shown(name)).collect();
        there.extend(self.stale(files).iter().map(|name| self.shown(name)));
        if there.is_empty() || self.force {
            return Ok(());
        }
        Err(Failure::message(format!(
            "These files are there already: {}. Nothing was written; write elsewhere with `--out`, or over them with `--force`.",
            there.join(", ")
        )))
    }

    /// The files of variables and of their values that an earlier import of the same pipelines has left, where they have no variables
    /// any more.
    fn stale(&self, files: &[File]) -> Vec<String> {
        let directory = self.context.directory.join(self.directory);
        let written = |name: &String| files.iter().any(|file| file.name == *name);
        let of_pipeline = files.iter().filter_map(|file| {
            let stem = file.name.strip_suffix(".pipe.hcl")?;
            let variables = format!("{stem}.variables.pipe.hcl");
            (!stem.ends_with(".variables") && !written(&variables))
                .then(|| [variables, format!("{stem}.auto.pipevars")])
        });
        let mut stale: Vec<String> = of_pipeline.flatten().collect();
        stale.retain(|name| !written(name) && directory.join(name).exists());
        stale
    }

    /// Removes files that an earlier import has left and that would be read beside the new ones. Returns them, as people would type
    /// them.
    pub(in crate::cli) fn clean(&self, files: &[File]) -> Result<Vec<String>, Failure> {
        let directory = self.context.directory.join(self.directory);
        let mut removed = Vec::new();
        for name in self.stale(files) {
            let path = directory.join(&name);
            std::fs::remove_file(&path).map_err(|error| {
                Failure::message(format!("`{}` cannot be removed: {error}.", path.display()))
            })?;
            removed.push(self.shown(&name));
        }
        Ok(removed)
    }

    /// Where a file is written, as people would type it.
    pub(in crate::cli) fn shown(&self, name: &str) -> String {
        let path = self.directory.join(name);
        path.strip_prefix(".")
            .unwrap_or(&path)
            .display()
            .to_string()
    }

    /// Writes files, each whole. They get their names only when all of them could be written. `done` is told which ones are there.
    pub(in crate::cli) fn write(
        &self,
        files: &[File],
        mut done: impl FnMut(&str),
    ) -> Result<(), Failure> {
        let directory = self.context.directory.join(self.directory);
        let failed = |target: &Path, error: std::io::Error| {
            Failure::message(format!(
                "`{}` cannot be written: {error}.",
                target.display()
            ))
        };
        let mut written = Vec::new();
        for file in files {
            let target = directory.join(&file.name);
            let beside = target.parent().unwrap_or(&directory);
            let in_place = || {
                std::fs::create_dir_all(beside)?;
                // A name that is too long is seen here.
                target.try_exists()?;
                let mut text = tempfile::NamedTempFile::new_in(beside)?;
                text.write_all(file.text.as_bytes())?;
                Ok(text)
            };
            let text = in_place().map_err(|error| failed(&target, error))?;
            written.push((text, target, file));
        }
        for (text, target, file) in written {
            text.persist(&target)
                .map_err(|error| failed(&target, error.error))?;
            done(&self.shown(&file.name));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_windows_are_read() {
        for (bytes, expected) in [
            (b"{}".to_vec(), Ok("{}")),
            (b"\xff\xfe{\0}\0".to_vec(), Ok("{}")),
            (b"\xfe\xff\0{\0}".to_vec(), Ok("{}")),
            (b"\xef\xbb\xbf{}".to_vec(), Ok("\u{feff}{}")),
            (b"{\xe9}".to_vec(), Err(1)),
            (b"\xff\xfe{".to_vec(), Err(0)),
        ] {
            assert_eq!(decoded(bytes), expected.map(str::to_owned));
        }
    }
}
