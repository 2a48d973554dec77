//! `precondition "s3_prefix_not_empty"`: whether something of S3 has a key that begins so.

use super::Held;
use crate::connect::aws::Sessions;
use crate::connect::aws::Settings;
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
    let there = s3.any(&wanted.prefix).await;
    Ok(if there.map_err(|error| error.to_string())? {
        Held::Held
    } else {
        Held::NotYet(format!("there is nothing below `{}`", wanted.prefix))
    })
}
