//! What the evaluator asks of the world around it.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::ast::Expr;
use super::types::Type;
use super::value::Reference;
use super::value::Value;
use crate::diag::Diagnostic;
use crate::diag::Span;

/// One name of a traversal: `var`, `bucket`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The name.
    pub name: Arc<str>,
    /// Where it stands.
    pub span: Span,
}

/// What a traversal stands for.
#[derive(Clone, Debug)]
pub enum Resolution {
    /// The first `consumed` names are this value; the evaluator applies the rest of the traversal to it.
    Value {
        /// The value.
        value: Value,
        /// How many names it took.
        consumed: usize,
    },
    /// Known only when an instance runs (`run.…`): the first `consumed` names stay in the residual. The rest of the traversal is
    /// checked against the type.
    Deferred {
        /// What will be known, as far as its type is.
        ty: Type,
        /// How many names it took.
        consumed: usize,
    },
    /// An error, which the scope has already reported.
    Failed,
    /// An error that counts only where the value does: not in the branch that is not taken, nor in `try` and `can`.
    Wrong(Box<Diagnostic>),
}

/// Resolves names. Implementations may evaluate lazily and remember, behind `&self`.
pub trait Scope {
    /// Resolves the longest leading chain of plain names of a traversal. `path` has at least one step.
    /// Unknown names are reported by the scope itself, with a did-you-mean.
    fn resolve(&self, path: &[Step]) -> Resolution;

    /// Reads an attribute of a referenced object (`data_node.archive.path`). `None` if that failed and was reported.
    fn attribute(&self, reference: &Reference, name: &Step) -> Option<Value>;

    /// What a record ([`Reference::is_record`]) has under a name; else what is wrong with that, for `try` and `can` to drop.
    fn field(&self, _reference: &Reference, name: &Step) -> Result<Value, Box<Diagnostic>> {
        let detail = format!("There is no `{}` here.", name.name);
        let finding = Diagnostic::error("Unsupported attribute", detail);
        Err(Box::new(finding.at(name.span)))
    }

    /// The object of all outputs of a referenced module ([`Reference::is_module`]), or of all fields of a record. `None` if one
    /// of them failed, which was reported.
    fn module(&self, _reference: &Reference) -> Option<Value> {
        None
    }

    /// What a residual calls the value of these names, wherever it lands; `None` if it has no such name and is folded in.
    fn name(&self, _path: &[Step]) -> Option<Expr> {
        None
    }

    /// Reports a finding about a part of a deferred value that is being finished.
    fn report_part(&self, _residual: &Expr, diagnostic: Diagnostic) {
        self.report(diagnostic);
    }

    /// Reports a finding.
    fn report(&self, diagnostic: Diagnostic);
}

/// The files that functions may read, relative to the module.
pub trait Files {
    /// The content of a file.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// Whether a path is a regular file.
    fn is_file(&self, path: &Path) -> bool;
    /// The paths of all regular files below a directory, relative to it, sorted.
    fn list(&self, directory: &Path) -> io::Result<Vec<std::path::PathBuf>>;
    /// The absolute form of a path, without touching symbolic links.
    fn absolute(&self, path: &Path) -> std::path::PathBuf;
    /// The user's home directory, if it is known.
    fn home(&self) -> Option<std::path::PathBuf>;
}

/// No files: residuals have none left to read, because functions that read files are called when a plan is made.
#[derive(Clone, Copy, Debug)]
pub struct NoFiles;

impl Files for NoFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        Err(io::Error::other(format!(
            "`{}` can be read only when a plan is made",
            path.display()
        )))
    }

    fn is_file(&self, _path: &Path) -> bool {
        false
    }

    fn list(&self, _directory: &Path) -> io::Result<Vec<std::path::PathBuf>> {
        Ok(Vec::new())
    }

    fn absolute(&self, path: &Path) -> std::path::PathBuf {
        path.to_path_buf()
    }

    fn home(&self) -> Option<std::path::PathBuf> {
        None
    }
}
