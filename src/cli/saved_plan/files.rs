//! The files of the configuration that a plan was made of: whether they are as they were.

use std::collections::BTreeSet;
use std::path::Path;

use super::Saved;
use super::stale::MOVED;
use crate::cli::context::Context;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::fetch::LIBRARY;
use crate::fetch::masked;
use crate::fetch::syntax;
use crate::plan::saved::digest_of_text;

impl Saved {
    /// The files of the configuration that are not what the plan was made of.
    pub(crate) fn changed_files(&self, context: &Context) -> Diagnostics {
        let mut findings = Diagnostics::new();
        let mut say = |name: &str, what: &str| {
            findings.push(Diagnostic::error(MOVED, format!("`{name}` {what}.")));
        };
        let known = &self.plan.configuration.files;
        if known.is_empty() {
            return findings; // it was made of the state alone: `--destroy`, `--rollback`
        }
        let mut directories = BTreeSet::from([String::new()]);
        for (name, digest) in known.iter().filter(|(name, _)| !name.starts_with(LIBRARY)) {
            let path = context.directory.join(name);
            if path.is_dir() {
                continue; // a list of names; what of them was read stands by itself
            }
            if path.exists() && !path.is_file() {
                say(name, "is no regular file");
                continue;
            }
            match std::fs::read(&path) {
                Ok(bytes) if digest_of_file(name, &bytes) == *digest => {}
                Ok(_) => say(name, "has changed"),
                Err(_) => say(name, "cannot be read any more"),
            }
            if syntax(name).is_some() {
                let parent = Path::new(name).parent().unwrap_or(Path::new(""));
                directories.insert(parent.to_string_lossy().into_owned());
            }
        }
        for directory in &directories {
            let entries = std::fs::read_dir(context.directory.join(directory));
            for entry in entries.into_iter().flatten().flatten() {
                let name = Path::new(directory).join(entry.file_name());
                let name = name.to_string_lossy();
                let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
                if !hidden && syntax(&name).is_some() && !known.contains_key(&*name) {
                    say(&name, "is new");
                }
            }
        }
        self.changed_values(context, &mut say);
        findings
    }
}

/// The digest of a file; that of one of the configuration is of its text as plans have it, without passwords.
fn digest_of_file(name: &str, bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if syntax(name).is_some() => digest_of_text(masked(text).as_bytes()),
        _ => digest_of_text(bytes),
    }
}
