//! What the `source` of a module says.
//!
//! The text is Terraform's, as far as it makes sense here. It comes from a file that somebody else may have written, and
//! its parts become arguments of `git`: what could be taken for an option or for a transport that runs commands is
//! refused here, before anything is started.

mod error;
mod git;
#[cfg(test)]
mod tests;

pub use error::SourceError;
pub use git::GitSource;
use git::without_user;

/// Where a module comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A directory, relative to the module that calls it: `./x`, `../x`.
    Local(String),
    /// A module of the built-in library: the name behind `pipeform//`, with directories below it.
    Library(String),
    /// A git repository.
    Git(GitSource),
}

/// What may be written, for the end of each message.
pub const SUPPORTED: &str = "A source is a directory (`./x`, `../x`), a git repository (`git::https://…`, `git::ssh://…`, `git::file:///…`, `git@host:path`, with `//directory` and `?ref=…`), or a module of the library (`pipeform//NAME`).";

impl Source {
    /// Reads the text of a source.
    ///
    /// Fails for what is no source, or one of a kind that is not supported.
    pub fn parse(text: &str) -> Result<Self, SourceError> {
        if text.is_empty() {
            return Err(SourceError::Empty);
        }
        if text.contains(|c: char| c.is_control()) {
            return Err(SourceError::Character("a control character"));
        }
        if text.contains('\\') {
            return Err(SourceError::Character(
                "a backslash. Write `/` between directories",
            ));
        }
        if matches!(text, "." | "..") || text.starts_with("./") || text.starts_with("../") {
            return Ok(Self::Local(text.to_owned()));
        }
        if text.contains(char::is_whitespace) {
            return Err(SourceError::Character("a space"));
        }
        if let Some(name) = text.strip_prefix("pipeform//") {
            return library(name).ok_or_else(|| SourceError::Library(text.to_owned()));
        }
        if let Some(address) = text.strip_prefix("git::") {
            return GitSource::parse(address).map(Self::Git);
        }
        if text.starts_with("git@") {
            return GitSource::parse(text).map(Self::Git);
        }
        Err(other(text))
    }
}

/// What makes a text the source of another tool.
fn other(text: &str) -> SourceError {
    let host = text.split('/').next().unwrap_or("");
    let directory = text.trim_end_matches('/').to_owned();
    if text.starts_with('/') {
        SourceError::Absolute(text.to_owned())
    } else if let Some((kind, _)) = text.split_once("::") {
        SourceError::Unknown(format!("{kind}::"))
    } else if text.starts_with("http://") {
        SourceError::Http
    } else if let Some((scheme, _)) = text.split_once("://") {
        match scheme {
            "https" | "ssh" | "file" => SourceError::Archive(without_user(text)),
            _ => SourceError::Unknown(format!("{scheme}://")),
        }
    } else if text.contains('@') {
        SourceError::Archive(text.to_owned())
    } else if ["github.com", "gitlab.com", "bitbucket.org"].contains(&host) {
        SourceError::Shorthand(text.to_owned())
    } else if text.starts_with("pipeform/") {
        SourceError::Library(text.to_owned())
    } else if directory.split('/').count() >= 3 {
        let registry = " Names of a registry are not supported.".to_owned();
        SourceError::Bare(directory, registry)
    } else {
        SourceError::Bare(directory, String::new())
    }
}

fn library(name: &str) -> Option<Source> {
    let parts = name.split('/');
    let good = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    };
    parts
        .clone()
        .all(good)
        .then(|| Source::Library(name.to_owned()))
}
