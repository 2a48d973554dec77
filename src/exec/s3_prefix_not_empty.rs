//! `precondition "s3_prefix_not_empty"`: whether something of S3 has a key that begins so.

use super::Held;
use crate::connect::aws::Sessions;
use crate::connect::aws::Settings;
use crate::connect::manifest::INCOMPLETE;
use crate::connect::manifest::SUCCESS;
use crate::connect::s3::Data;
use crate::connect::s3::Location;

/// What must not be empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct S3PrefixNotEmpty {
    /// How AWS is reached.
    pub aws: Settings,
    /// The bucket, and what the key begins with; without that any key will do.
    pub prefix: Location,
}

pub(super) async fn check(wanted: &S3PrefixNotEmpty, sessions: &Sessions) -> Result<Held, String> {
    let session = sessions.session(&wanted.aws).await;
    let s3 = session.map_err(|error| error.to_string())?.s3();
    let prefix = &wanted.prefix;
    let there = s3.data(prefix).await;
    Ok(match there.map_err(|error| error.to_string())? {
        Data::There => Held::Held,
        Data::Incomplete => Held::NotYet(not_complete(prefix)),
        Data::None => Held::NotYet(format!("there is nothing below `{prefix}`")),
    })
}

/// Why a prefix or a directory is not there yet that is being written.
pub(super) fn not_complete(place: &dyn std::fmt::Display) -> String {
    format!(
        "`{place}` is not complete: it has an `{INCOMPLETE}` and no `{SUCCESS}`, so that somebody is writing it, or has failed to"
    )
}
