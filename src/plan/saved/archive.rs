//! The file of a saved plan: a zip with a manifest that names every entry and its SHA-256.
//!
//! No entry is ever written to a disk, and their names are numbers or our own: the paths of the configuration stand inside. What is
//! read is bounded, whatever a file says about itself. With a [`Key`] the entries are encrypted and the manifest is signed.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::io::Read as _;
use std::io::Write as _;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value as Json;
use thiserror::Error;
use zip::CompressionMethod;
use zip::ZipArchive;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::SavedPlan;
use super::digest_of_text;
use super::key::Key;

/// The version of the format.
const FORMAT: u32 = 1;

/// The entry that names the others.
const MANIFEST: &str = "pipeform.json";

const PLAN: &str = "plan.json";

const BEFORE: &str = "before.json";

/// The most bytes that a plan may have, unpacked.
const MAX_SIZE: u64 = 1 << 30;

/// The most bytes that its manifest may have.
const MAX_MANIFEST: u64 = 32 << 20;

/// The most entries that it may have.
const MAX_ENTRIES: usize = 100_000;

/// Why a file is not a saved plan that may be used.
#[derive(Debug, Error)]
pub enum ArchiveError {
    /// It is something else.
    #[error("it is not a saved plan: {0}")]
    NotAPlan(String),
    /// It is of another version.
    #[error(
        "it has version {0} of the format of saved plans, and this version of pipeform knows version {FORMAT}"
    )]
    Version(u32),
    /// It is larger than any plan.
    #[error("it is larger than a saved plan may be: {0}")]
    TooLarge(String),
    /// It has been changed since it was written.
    #[error("it has been changed since it was written: {0}")]
    Changed(String),
    /// A key is needed.
    #[error("it is encrypted: `PIPEFORM_PLAN_KEY` must be what it was when the plan was saved")]
    NoKey,
    /// The key is another one, or somebody has changed the plan.
    #[error(
        "`PIPEFORM_PLAN_KEY` is not the key that it was saved with, or it has been changed since"
    )]
    WrongKey,
    /// There is a key, and the plan was saved without.
    #[error(
        "it was saved without a key, and `PIPEFORM_PLAN_KEY` is set: whoever could write the file may have changed it"
    )]
    Unsigned,
    /// It could not be written.
    #[error("it cannot be written: {0}")]
    Write(String),
}

#[derive(Serialize, Deserialize)]
struct Manifest {
    format_version: u32,
    encrypted: bool,
    /// The digest of each entry as it is kept.
    entries: BTreeMap<String, String>,
    /// By the key, of all the above.
    signature: Option<String>,
}

impl Manifest {
    /// What is signed.
    fn signed(&self) -> Vec<u8> {
        let mut text = format!("{} {}\n", self.format_version, self.encrypted);
        for (name, digest) in &self.entries {
            text.extend([name.as_str(), " ", digest, "\n"]);
        }
        text.into_bytes()
    }
}

/// Writes a plan.
pub fn pack(plan: &SavedPlan, key: Option<&Key>) -> Result<Vec<u8>, ArchiveError> {
    let json = |value: &dyn Fn() -> serde_json::Result<Vec<u8>>| {
        value().map_err(|error| ArchiveError::Write(error.to_string()))
    };
    let mut contents = vec![
        (PLAN.to_owned(), json(&|| serde_json::to_vec(plan))?),
        (
            BEFORE.to_owned(),
            json(&|| serde_json::to_vec(&plan.before))?,
        ),
    ];
    for (number, (path, text)) in plan.configuration.texts.iter().enumerate() {
        let name = text_entry(number);
        contents.push((name, json(&|| serde_json::to_vec(&(path, text)))?));
    }
    let mut entries = Vec::with_capacity(contents.len());
    let mut digests = BTreeMap::new();
    for (name, content) in contents {
        let content = match key {
            None => content,
            Some(key) => key
                .seal(&name, &content)
                .ok_or_else(|| ArchiveError::Write("it cannot be encrypted".to_owned()))?,
        };
        digests.insert(name.clone(), digest_of_text(&content));
        entries.push((name, content));
    }
    let mut manifest = Manifest {
        format_version: FORMAT,
        encrypted: key.is_some(),
        entries: digests,
        signature: None,
    };
    manifest.signature = key.map(|key| key.sign(&manifest.signed()));
    entries.insert(
        0,
        (
            MANIFEST.to_owned(),
            json(&|| serde_json::to_vec_pretty(&manifest))?,
        ),
    );
    zipped(&entries).map_err(|error| ArchiveError::Write(error.to_string()))
}

fn text_entry(number: usize) -> String {
    format!("configuration/{number:05}.json")
}

fn zipped(entries: &[(String, Vec<u8>)]) -> zip::result::ZipResult<Vec<u8>> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, content) in entries {
        writer.start_file(name.as_str(), options)?;
        writer.write_all(content)?;
    }
    Ok(writer.finish()?.into_inner())
}

/// Reads a plan.
pub fn unpack(bytes: &[u8], key: Option<&Key>) -> Result<SavedPlan, ArchiveError> {
    unpack_parts(bytes, key, (MAX_SIZE, true))
}

/// The same without what the state said and without the texts of the configuration, which are only looked at for changes.
pub fn unpack_head(bytes: &[u8], key: Option<&Key>) -> Result<SavedPlan, ArchiveError> {
    unpack_parts(bytes, key, (MAX_SIZE, false))
}

/// Reads a plan of so many bytes at most, unpacked.
#[cfg(test)]
pub(super) fn unpack_within(
    bytes: &[u8],
    key: Option<&Key>,
    most: u64,
) -> Result<SavedPlan, ArchiveError> {
    unpack_parts(bytes, key, (most, true))
}

/// Reads a plan; `whole`: with what people look at.
fn unpack_parts(
    bytes: &[u8],
    key: Option<&Key>,
    (most, whole): (u64, bool),
) -> Result<SavedPlan, ArchiveError> {
    let mut unpacker = Unpacker::new(bytes, most)?;
    let manifest: Manifest = parsed(&unpacker.entry(MANIFEST)?, MANIFEST)?;
    if manifest.format_version != FORMAT {
        return Err(ArchiveError::Version(manifest.format_version));
    }
    if unpacker.archive.len() != manifest.entries.len() + 1 {
        return Err(ArchiveError::Changed(
            "it has other entries than it says".to_owned(),
        ));
    }
    let key = match (key, manifest.encrypted, &manifest.signature) {
        (None, false, None) => None,
        (None, ..) => return Err(ArchiveError::NoKey),
        (Some(_), false, _) | (Some(_), _, None) => return Err(ArchiveError::Unsigned),
        (Some(key), true, Some(signature)) => {
            if !key.has_signed(&manifest.signed(), signature) {
                return Err(ArchiveError::WrongKey);
            }
            Some(key)
        }
    };
    let mut content = |name: &str| -> Result<Vec<u8>, ArchiveError> {
        let digest = manifest
            .entries
            .get(name)
            .ok_or_else(|| ArchiveError::NotAPlan(format!("it has no entry `{name}`")))?;
        let content = unpacker.entry(name)?;
        if digest_of_text(&content) != *digest {
            return Err(ArchiveError::Changed(format!("entry `{name}`")));
        }
        match key {
            None => Ok(content),
            Some(key) => key.open(name, &content).ok_or(ArchiveError::WrongKey),
        }
    };
    let text = content(PLAN)?;
    let json: Json = parsed(&text, PLAN)?;
    let mut plan: SavedPlan = parsed(&text, PLAN)?;
    let before = content(BEFORE)?;
    if whole {
        plan.before = parsed(&before, BEFORE)?;
    }
    if has_controls(&json["made"])
        || [&json, &plan.before]
            .into_iter()
            .any(|json| controls_in_names(json, ADDRESSES))
    {
        return Err(ArchiveError::NotAPlan(
            "a name in it has control characters".to_owned(),
        ));
    }
    for number in 0..manifest.entries.len().saturating_sub(2) {
        let name = text_entry(number);
        let entry = content(&name)?;
        if whole {
            let (path, text): (String, String) = parsed(&entry, &name)?;
            plan.configuration.texts.insert(path, text);
        }
    }
    Ok(plan)
}

/// Whether a text in it has control characters: a terminal would obey them.
fn has_controls(json: &Json) -> bool {
    match json {
        Json::String(text) => text.chars().any(char::is_control),
        Json::Array(items) => items.iter().any(has_controls),
        Json::Object(entries) => entries.values().any(has_controls),
        _ => false,
    }
}

/// How deep addresses and names of outputs stand as keys; what is deeper belongs to values.
const ADDRESSES: usize = 3;

/// Whether a key, so many levels deep, has.
fn controls_in_names(json: &Json, levels: usize) -> bool {
    let Json::Object(entries) = json else {
        return false;
    };
    levels > 0
        && entries.iter().any(|(name, value)| {
            name.chars().any(char::is_control) || controls_in_names(value, levels - 1)
        })
}

fn parsed<T: for<'a> Deserialize<'a>>(content: &[u8], name: &str) -> Result<T, ArchiveError> {
    serde_json::from_slice(content)
        .map_err(|error| ArchiveError::NotAPlan(format!("entry `{name}`: {error}")))
}

/// Reads entries, no more than may be.
struct Unpacker<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    left: u64,
}

impl<'a> Unpacker<'a> {
    fn new(bytes: &'a [u8], most: u64) -> Result<Self, ArchiveError> {
        let archive = ZipArchive::new(Cursor::new(bytes))
            .map_err(|error| ArchiveError::NotAPlan(error.to_string()))?;
        if archive.len() > MAX_ENTRIES {
            return Err(ArchiveError::TooLarge(format!("{} entries", archive.len())));
        }
        Ok(Self {
            archive,
            left: most,
        })
    }

    /// The content of an entry; the manifest, which is read before anything is known of a file, may have a part of the whole only.
    fn entry(&mut self, name: &str) -> Result<Vec<u8>, ArchiveError> {
        let most = if name == MANIFEST {
            self.left.min(MAX_MANIFEST)
        } else {
            self.left
        };
        let entry = self
            .archive
            .by_name(name)
            .map_err(|error| ArchiveError::NotAPlan(format!("entry `{name}`: {error}")))?;
        let mut content = Vec::new();
        entry
            .take(most + 1)
            .read_to_end(&mut content)
            .map_err(|error| ArchiveError::Changed(format!("entry `{name}`: {error}")))?;
        let length = u64::try_from(content.len()).unwrap_or(u64::MAX);
        let fits = length <= most;
        self.left = self
            .left
            .checked_sub(length)
            .filter(|_| fits)
            .ok_or_else(|| {
                ArchiveError::TooLarge(format!("entry `{name}` and those before it, unpacked"))
            })?;
        Ok(content)
    }
}
