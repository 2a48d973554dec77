//! Why a source cannot be used, and what to write instead.

use thiserror::Error;

/// Why a source cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SourceError {
    /// There is nothing.
    #[error("The source is empty.")]
    Empty,
    /// Characters that it must not have.
    #[error("The source contains {0}.")]
    Character(&'static str),
    /// An absolute path.
    #[error(
        "`{0}` is an absolute path, which is different on each machine. Write it relative to this module, as `./…` or `../…`, or use a repository: `git::file:///…`."
    )]
    Absolute(String),
    /// What Terraform would fetch over http.
    #[error("`http` is open to everybody on the way. Use `https` or `ssh`.")]
    Http,
    /// Another transport of git, such as `ext`.
    #[error("Only `https`, `ssh` and `file` are supported for git, and `{0}` is none of them.")]
    Transport(String),
    /// A URL of git that is none.
    #[error("`{0}` is not the address of a git repository: {1}.")]
    Url(String, &'static str),
    /// An unknown argument behind `?`.
    #[error(
        "`{name}` is not known behind the `?` of a source: there are `ref` and `depth`. {hint}"
    )]
    Argument {
        /// Its name.
        name: String,
        /// A did-you-mean.
        hint: String,
    },
    /// An argument that is given twice.
    #[error("`{0}` is given twice behind the `?`.")]
    Twice(String),
    /// A reference git would not take, or would take for something else.
    #[error("`{0}` cannot be the name of a branch, a tag or a commit: {1}.")]
    Reference(String, &'static str),
    /// A depth that is none.
    #[error("`depth={0}` is not a number of commits, such as 1.")]
    Depth(String),
    /// A directory that would lie outside of the repository.
    #[error(
        "`//{0}` is not a directory of the repository: write it without `.`, `..` and empty parts."
    )]
    Directory(String),
    /// What looks like a local directory.
    #[error("`{0}` is not a source. For a directory of this project, write `./{0}`.{1}")]
    Bare(String, String),
    /// A hosting service's shorthand.
    #[error("Shorthands such as `{0}` are not supported. Write `git::https://{0}`.")]
    Shorthand(String),
    /// A repository without `git::`.
    #[error(
        "Files and archives are not fetched over the network, only git repositories. If this is one, write `git::{0}`."
    )]
    Archive(String),
    /// Something else that Terraform has.
    #[error("`{0}` is not a kind of source.")]
    Unknown(String),
    /// No name behind `pipeform//`.
    #[error("`{0}` does not name a module of the library, as in `pipeform//archive-logs`.")]
    Library(String),
}
