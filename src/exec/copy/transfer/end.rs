//! The ends of a transfer, opened: a root on this machine, or S3 as the end reaches it.

use std::path::PathBuf;

use super::super::super::Context;
use crate::connect::ConnectError;
use crate::connect::aws::Settings;
use crate::connect::place::Place;
use crate::connect::s3::Endpoint;
use crate::connect::s3::Location;
use crate::connect::s3::Target;

/// One end.
#[derive(Clone, Debug)]
pub(super) enum End {
    /// On this machine.
    Files {
        /// The file, or the directory.
        root: PathBuf,
        /// Whether it is a directory.
        many: bool,
    },
    /// In S3.
    S3 {
        /// S3 as this end reaches it.
        endpoint: Endpoint,
        /// The object, or the prefix.
        target: Target,
        /// How it is reached: two ends that are reached the same way can be copied by the service.
        settings: Box<Settings>,
        /// The list of the files that are meant, if it is not all.
        manifest: Option<Location>,
    },
}

impl End {
    pub(super) async fn open(place: &Place, ctx: &Context) -> Result<Self, ConnectError> {
        Ok(match place {
            Place::File(path) => Self::Files {
                root: path.clone(),
                many: place.is_many(),
            },
            Place::S3(place) => Self::S3 {
                endpoint: place.endpoint(&ctx.aws).await?,
                target: place.target(),
                settings: Box::new(place.settings.clone()),
                manifest: place.manifest.clone(),
            },
        })
    }
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Files { root, .. } => root.display().fmt(f),
            Self::S3 { target, .. } => target.at.fmt(f),
        }
    }
}
