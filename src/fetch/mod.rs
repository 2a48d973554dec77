//! Where modules come from: local directories, git repositories, the library that is built in; and the lock file.
//!
//! A [`Loader`] reads a module and all it calls; a [`Folder`] holds the files of one, wherever they are. Everything here reads
//! files, and what installs modules runs `git` and writes below `.pipeform/modules`; nothing is printed, and nothing knows what a
//! pipeline is. It is apart from `lang`, which does no I/O.

mod child;
mod content;
mod fence;
mod files;
mod folder;
mod git;
mod install;
mod installed;
mod library;
mod lock;
mod manifest;
mod mask;
mod source;
#[cfg(test)]
mod tests;
mod tree;

pub use content::ContentError;
pub use fence::Fence;
pub use fence::Outside;
pub use files::ModuleFiles;
pub use folder::CONFIGURATION;
pub use folder::Folder;
pub use folder::JSON_CONFIGURATION;
pub use folder::is_module;
pub use folder::not_utf8;
pub use folder::syntax;
pub use git::GitError;
pub use install::Event;
pub use install::InstallError;
pub use install::Installer;
pub use install::Options;
pub use installed::Installed;
pub use library::LIBRARY;
pub use lock::LOCK_FILE;
pub use lock::Lock;
pub use mask::masked;
pub use source::GitSource;
pub use source::SUPPORTED;
pub use source::Source;
pub use source::SourceError;
pub use tree::Checkouts;
pub use tree::Loader;
