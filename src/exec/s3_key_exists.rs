//! `precondition "s3_key_exists"`: whether an object of S3 is there.

use super::Held;
use crate::connect::aws::Sessions;
use crate::connect::aws::Settings;
use crate::connect::s3::Location;

/// The object that must be there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct S3KeyExists {
    /// How AWS is reached.
    pub aws: Settings,
    /// Its place.
    pub object: Location,
}

pub(super) async fn check(wanted: &S3KeyExists, sessions: &Sessions) -> Result<Held, String> {
    let session = sessions.session(&wanted.aws).await;
    let s3 = session.map_err(|error| error.to_string())?.s3();
    let there = s3.exists(&wanted.object).await;
    Ok(if there.map_err(|error| error.to_string())? {
        Held::Held
    } else {
        Held::NotYet(format!("`{}` does not exist", wanted.object))
    })
}
