//! Where files are: on this machine or in S3, one or all below a directory or a prefix.
//!
//! A [`Place`] is plain values. Record work reads one with [`Place::open`], from blocking code, and writes one with a
//! [`FileWriter`](super::files::FileWriter) or an [`s3::Writer`]. Bytes that stay as they are go another way: `exec/copy/transfer`.

use std::fmt;
use std::fs::File;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;
use std::path::PathBuf;

use tokio::runtime::Handle;

use super::Cancel;
use super::ConnectError;
use super::aws::Sessions;
use super::aws::Settings;
use super::formats::compression::Compression;
use super::s3;
use super::s3::Encryption;
use super::s3::Endpoint;
use super::s3::Location;

const BUFFER: usize = 256 * 1024;

/// Where one file is, or many.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// A file on this machine, or all below a directory when the path ends in `/`.
    File(PathBuf),
    /// An object in S3, or all below a prefix when the key ends in `/`.
    S3(Box<S3Place>),
}

/// A place in S3 and how it is reached.
#[derive(Clone, Debug, PartialEq)]
pub struct S3Place {
    /// How S3 is reached.
    pub settings: Settings,
    /// Where.
    pub at: Location,
    /// How what is written is encrypted.
    pub encryption: Encryption,
    /// The list of the files below it that are meant, if it is not all.
    pub manifest: Option<Location>,
}

impl S3Place {
    /// S3 as this place reaches it.
    pub async fn endpoint(&self, aws: &Sessions) -> Result<Endpoint, ConnectError> {
        let session = aws.session(&self.settings).await;
        let session = session.map_err(|error| {
            ConnectError::Setting(format!("cannot reach `{}`: {error}", self.at))
        })?;
        Ok(session.s3().telling(aws.on_trouble()))
    }

    /// What is written there.
    pub fn target(&self) -> s3::Target {
        s3::Target {
            at: self.at.clone(),
            encryption: self.encryption,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::S3(place) => place.at.fmt(f),
        }
    }
}

/// A path without links and detours, as far as it is there already.
fn resolved(path: &Path) -> PathBuf {
    let known = path.ancestors().find_map(|above| {
        let rest = path.strip_prefix(above).ok()?;
        Some(std::fs::canonicalize(above).ok()?.join(rest))
    });
    known.unwrap_or_else(|| path.to_owned())
}

impl Place {
    /// Whether it means all files below it.
    pub fn is_many(&self) -> bool {
        match self {
            Self::File(path) => path.as_os_str().as_encoded_bytes().ends_with(b"/"),
            Self::S3(place) => place.at.is_prefix(),
        }
    }

    /// Whether a manifest says which of the files below it are meant.
    pub fn is_listed(&self) -> bool {
        matches!(self, Self::S3(place) if place.manifest.is_some())
    }

    /// The last part of its name: `a.csv.gz` of `s3://acme/logs/a.csv.gz`.
    pub fn name(&self) -> &str {
        let path = match self {
            Self::File(path) => path.to_str().unwrap_or_default(),
            Self::S3(place) => &place.at.key,
        };
        path.rsplit('/').next().unwrap_or_default()
    }

    /// What its name says of how it is packed.
    pub fn compression(&self) -> Compression {
        Compression::of_path(Path::new(self.name()))
    }

    /// The place of another file, by its path or its key, that is reached the same way.
    #[must_use]
    pub fn at(&self, path: &str) -> Self {
        match self {
            Self::File(_) => Self::File(PathBuf::from(path)),
            Self::S3(place) => Self::S3(Box::new(S3Place {
                at: place.at.with_key(path),
                manifest: None,
                ..(**place).clone()
            })),
        }
    }

    /// The place of a file below it.
    #[must_use]
    pub fn below(&self, name: &str) -> Self {
        match self {
            Self::File(path) => Self::File(path.join(name)),
            Self::S3(place) => Self::S3(Box::new(S3Place {
                at: place.at.below(name),
                manifest: None,
                ..(**place).clone()
            })),
        }
    }

    /// Whether another place is this one file.
    pub fn is_file(&self, other: &Self) -> bool {
        match (self, other) {
            _ if self.is_many() || other.is_many() => false,
            (Self::File(path), Self::File(other)) => resolved(path) == resolved(other),
            (Self::S3(place), Self::S3(other)) => {
                place.settings == other.settings && place.at == other.at
            }
            _ => false,
        }
    }

    /// Whether another place is this directory or prefix, or lies below it.
    pub fn contains(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::File(path), Self::File(other)) if self.is_many() => {
                resolved(other).starts_with(resolved(path))
            }
            (Self::S3(place), Self::S3(other)) if self.is_many() => {
                place.settings == other.settings
                    && place.at.bucket == other.at.bucket
                    && other.at.key.starts_with(&place.at.key)
            }
            _ => false,
        }
    }

    /// Opens one file, as it is packed. To be called, and read, where blocking is allowed and a runtime is there.
    pub fn open(
        &self,
        aws: &Sessions,
        cancel: &Cancel,
    ) -> Result<Box<dyn BufRead + Send>, ConnectError> {
        match self {
            Self::File(path) => {
                let failed = |error| ConnectError::io("read", path, error);
                let file = File::open(path).map_err(failed)?;
                if file.metadata().map_err(failed)?.is_dir() {
                    return Err(failed(io::ErrorKind::IsADirectory.into()));
                }
                Ok(Box::new(BufReader::with_capacity(BUFFER, file)))
            }
            Self::S3(place) => {
                let endpoint = Handle::current().block_on(place.endpoint(aws))?;
                Ok(Box::new(s3::Reader::open(&endpoint, &place.at, cancel)?))
            }
        }
    }
}
