//! The files of one module, and reading them.

use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Sources;
use crate::lang;
use crate::lang::Grammar;
use crate::lang::SourceFile;
use crate::lang::Syntax;
use crate::lang::ast::Body;
use crate::lang::module::merge_overrides;

/// The end of the names of configuration files.
pub const CONFIGURATION: &str = ".pipe.hcl";
/// The end of the names of configuration files in JSON.
pub const JSON_CONFIGURATION: &str = ".pipe.json";

/// The files of one module.
#[derive(Clone, Debug)]
pub struct Folder {
    /// The directory as `path.module` shows it: relative to the root module, whose own is `.`.
    path: String,
    directory: PathBuf,
}

impl Folder {
    /// A directory. `path` is what messages and `path.module` call it.
    pub fn new(path: impl Into<String>, directory: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            directory: directory.into(),
        }
    }

    /// What messages and `path.module` call it.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The names of the files that are not hidden, sorted.
    pub fn names(&self) -> io::Result<Vec<String>> {
        let mut names: Vec<_> = std::fs::read_dir(&self.directory)?
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| !name.starts_with('.') && !name.ends_with('~'))
            .collect();
        names.sort();
        Ok(names)
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
        let problem = match std::fs::read(self.directory.join(name)) {
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) => return Some(text),
                Err(error) => format!(
                    "`{shown}` is not UTF-8: the byte at position {} is not part of a character.",
                    error.utf8_error().valid_up_to()
                ),
            },
            Err(error) => format!("`{shown}` cannot be read: {error}."),
        };
        diagnostics.push(Diagnostic::error("Unreadable file", problem));
        None
    }

    /// Parses the configuration files among these names. What does not parse is missing, and has been reported.
    pub fn bodies(
        &self,
        names: &[String],
        grammar: &dyn Grammar,
        sources: &mut Sources,
        diagnostics: &mut Diagnostics,
    ) -> Vec<Body> {
        let mut files = Vec::new();
        for name in names {
            let Some(syntax) = syntax(name) else {
                continue;
            };
            if let Some(text) = self.text(name, diagnostics) {
                let file = sources.add(self.shown(name), text);
                files.push((file, syntax, is_override(name)));
            }
        }
        let overriding: Vec<bool> = files.iter().map(|(.., overriding)| *overriding).collect();
        let files: Vec<_> = files
            .into_iter()
            .map(|(file, syntax, _)| SourceFile {
                file,
                text: sources.text(file),
                syntax,
            })
            .collect();
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let (mut bodies, mut overrides) = (Vec::new(), Vec::new());
        let parsed = lang::parse_files(&files, grammar, threads);
        for (parsed, overriding) in parsed.into_iter().zip(overriding) {
            diagnostics.extend(parsed.diagnostics);
            if overriding {
                overrides.push(parsed.body);
            } else {
                bodies.push(parsed.body);
            }
        }
        merge_overrides(bodies, overrides, diagnostics)
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
