//! The lock file: which commit of each git repository this configuration uses, and the hash of its files.
//!
//! It is written by `init`, and belongs into version control beside the configuration, so that all machines use the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::git::is_commit;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::FileId;
use crate::lang;
use crate::lang::Value;
use crate::lang::ast::Block;
use crate::lang::ast::ExprKind;

/// The name of the lock file, in the root module's directory.
pub const LOCK_FILE: &str = ".pipeform.lock.hcl";

const HEADER: &str = "# This file is maintained by \"pipeform init\". Keep it in version control: it says which commit of each
# git repository the modules of this configuration are taken from, so that all machines use the same.
";

/// The locked commits by what is fetched ([`key`](super::GitSource::key)).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    pub(super) entries: BTreeMap<String, Locked>,
}

/// One locked repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Locked {
    /// The name of the commit, in full.
    pub(super) commit: String,
    /// The hash of its files.
    pub(super) hash: String,
}

impl Lock {
    /// Reads the text of a lock file.
    pub(super) fn parse(file: FileId, text: &str, diagnostics: &mut Diagnostics) -> Self {
        let mut lock = Self::default();
        let mut found = Diagnostics::new();
        let body = lang::parse_body(file, text, &mut found);
        if let Some(attribute) = body.attributes.first() {
            found.push(
                Diagnostic::error("Invalid lock file", "There are only `module` blocks here.")
                    .at(attribute.name.span),
            );
        }
        for block in &body.blocks {
            match locked(block) {
                Ok((key, locked)) => drop(lock.entries.insert(key, locked)),
                Err(problem) => found.push(problem),
            }
        }
        if found.has_errors() {
            let advice = "The lock file is written by `pipeform init`, and not by hand. If it came out of a merge, keep one side of it; if it is lost, remove it and run `pipeform init`.";
            for diagnostic in found.iter() {
                diagnostics.push(diagnostic.clone().help(advice));
            }
        }
        lock
    }

    /// The text of the file.
    pub(super) fn text(&self) -> String {
        let mut text = HEADER.to_owned();
        for (key, locked) in &self.entries {
            let key = lang::print::value(&Value::string(key.as_str()));
            text.extend(["\nmodule ", &key, " {\n  commit = \"", &locked.commit]);
            text.extend(["\"\n  hash   = \"", &locked.hash, "\"\n}\n"]);
        }
        text
    }
}

fn locked(block: &Block) -> Result<(String, Locked), Diagnostic> {
    let invalid = |detail: &str| Diagnostic::error("Invalid lock file", detail).at(block.span);
    if &*block.kind.text != "module" {
        return Err(invalid("There are only `module` blocks here."));
    }
    let [label] = block.labels.as_slice() else {
        return Err(invalid(
            "A `module` block here has one label: a git source.",
        ));
    };
    let text = |name: &str| -> Option<Arc<str>> {
        let mut attributes = block.body.attributes.iter();
        let attribute = attributes.find(|attribute| &*attribute.name.text == name)?;
        match &attribute.expr.kind {
            ExprKind::Value(Value::String(text)) => Some(Arc::clone(text)),
            _ => None,
        }
    };
    let commit = text("commit").filter(|commit| is_commit(commit));
    let hash = text("hash").filter(|hash| hash.starts_with("h1:"));
    match (commit, hash) {
        (Some(commit), Some(hash)) => Ok((
            label.text.to_string(),
            Locked {
                commit: commit.to_string(),
                hash: hash.to_string(),
            },
        )),
        (None, _) => Err(invalid(
            "`commit` is missing, or not the full name of a commit.",
        )),
        (_, None) => Err(invalid("`hash` is missing, or does not begin with `h1:`.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> (Lock, Vec<String>) {
        let mut diagnostics = Diagnostics::new();
        let lock = Lock::parse(FileId::default(), text, &mut diagnostics);
        let said = diagnostics
            .iter()
            .map(|diagnostic| diagnostic.detail.clone());
        (lock, said.collect())
    }

    #[test]
    fn what_is_written_is_read() {
        let mut lock = Lock::default();
        for key in ["git::https://h.org/a.git?ref=v1", "git::file:///odd/$x%20"] {
            let locked = Locked {
                commit: "0123456789abcdef0123456789abcdef01234567".to_owned(),
                hash: "h1:x+/=".to_owned(),
            };
            lock.entries.insert(key.to_owned(), locked);
        }
        assert_eq!(parse(&lock.text()), (lock, vec![]));
        assert_eq!(parse(""), (Lock::default(), vec![]));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let commit = "commit = \"0123456789abcdef0123456789abcdef01234567\"";
        for (text, expected) in [
            ("a = 1", "only `module` blocks"),
            ("provider \"x\" {}", "only `module` blocks"),
            ("module {}", "one label"),
            ("module \"x\" {}", "`commit` is missing"),
            (
                "module \"x\" {\n  commit = \"--upload-pack=x\"\n}",
                "`commit` is missing, or not",
            ),
            (
                &format!("module \"x\" {{\n  {commit}\n}}"),
                "`hash` is missing",
            ),
            (
                &format!("module \"x\" {{\n  {commit}\n  hash = 1\n}}"),
                "`hash` is missing",
            ),
            ("<<<<<<< ours\nmodule \"x\" {}", ""),
        ] {
            let (_, said) = parse(text);
            assert!(
                said.iter().any(|said| said.contains(expected)),
                "{text}: {said:?}"
            );
        }
    }
}
