//! Where modules come from: local directories, git repositories, the library that is built in; and the lock file.
//!
//! A [`Folder`] holds the files of one module, wherever they are. Everything here reads files, and what installs modules
//! runs `git` and writes below `.pipeform/modules`; nothing is printed, and nothing knows what a pipeline is. It is apart
//! from `lang`, which does no I/O.

mod folder;

pub use folder::CONFIGURATION;
pub use folder::Folder;
pub use folder::JSON_CONFIGURATION;
pub use folder::syntax;
