//! What is installed below `.pipeform/modules`.
//!
//! `modules.json` says which checkouts are whole, and of which commit: an entry is taken out before its directory is touched,
//! and put in when that is complete. A checkout without an entry is rubbish of an `init` that was killed.

use std::collections::BTreeMap;
use std::io;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use data_encoding::HEXLOWER;
use serde::Deserialize;
use serde::Serialize;
use sha2::Digest as _;
use sha2::Sha256;

use super::lock::Locked;
use super::source::GitSource;

/// Where checkouts are, in the root module's directory.
pub(super) const MODULES: &str = ".pipeform/modules";

const FILE: &str = "modules.json";

/// The checkouts that are whole, by what was fetched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) modules: BTreeMap<String, Entry>,
}

/// One checkout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// Its commit.
    pub(super) commit: String,
    /// The hash of its files.
    pub(super) hash: String,
    /// For people who look for it: where it is. It follows from what was fetched, and is not read.
    pub(super) directory: String,
}

impl Entry {
    pub(super) fn new(locked: &Locked, directory: String) -> Self {
        Self {
            commit: locked.commit.clone(),
            hash: locked.hash.clone(),
            directory,
        }
    }

    pub(super) fn is(&self, locked: &Locked) -> bool {
        self.commit == locked.commit && self.hash == locked.hash
    }
}

impl Manifest {
    /// What is installed for a root module; nothing if the file is missing or not understood.
    pub(super) fn read(root: &Path) -> Self {
        std::fs::read(root.join(MODULES).join(FILE))
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default()
    }

    pub(super) fn write(&self, root: &Path) -> io::Result<()> {
        let text = serde_json::to_string_pretty(self).map_err(io::Error::other)?;
        write(&root.join(MODULES), FILE, &format!("{text}\n"))
    }
}

/// The directory of a checkout, as `path.module` shows it: the repository's name, and a part of the hash of what is fetched,
/// so that it is the same on each machine, and for each commit of the same branch.
pub(super) fn directory(source: &GitSource) -> String {
    let hash = HEXLOWER.encode(&Sha256::digest(source.key()));
    let hash = hash.get(..8).unwrap_or(&hash);
    format!("{MODULES}/{}-{hash}", source.name())
}

/// Writes a file that appears whole or not at all.
pub(super) fn write(directory: &Path, name: &str, text: &str) -> io::Result<()> {
    let mut file = tempfile::Builder::new()
        .prefix(".writing-")
        .permissions(std::fs::Permissions::from_mode(0o666))
        .tempfile_in(directory)?;
    file.write_all(text.as_bytes())?;
    file.persist(directory.join(name))?;
    Ok(())
}
