//! Looking at what is at AWS.

use super::Found;
use crate::connect::aws::AwsError;
use crate::connect::aws::Sessions;
use crate::connect::aws::Settings;
use crate::connect::aws::sns;
use crate::connect::s3::Fault;
use crate::connect::s3::Location;
use crate::exec::Held;
use crate::exec::looking::Looking;
use crate::exec::looking::Thing;

/// Whether there are credentials.
pub(super) async fn credentials(settings: &Settings, aws: &Sessions) -> Found {
    let found = match aws.session(settings).await {
        Ok(session) => session.credentials().await.map(drop),
        Err(error) => Err(error),
    };
    match found {
        Ok(()) => Found::There,
        Err(error) => Found::Missing {
            summary: "No credentials for AWS",
            detail: format!("{error}."),
        },
    }
}

/// Whether there is a bucket, and what lies at a place in it may be listed.
pub(super) async fn bucket((settings, at): (&Settings, &Location), aws: &Sessions) -> Found {
    let session = match aws.session(settings).await {
        Ok(session) => session,
        Err(error) => {
            return Found::Missing {
                summary: "AWS cannot be reached",
                detail: format!("For `{at}`: {error}."),
            };
        }
    };
    match session.s3().bucket(at).await {
        Ok(()) => Found::There,
        Err(error) if error.fault == Fault::NoBucket => Found::Missing {
            summary: "Bucket not there",
            detail: format!("{error}."),
        },
        Err(error) => Found::Missing {
            summary: "Bucket cannot be used",
            detail: format!("{error}."),
        },
    }
}

/// Whether there is an object.
pub(super) async fn object((settings, at): (&Settings, &Location), aws: &Sessions) -> Found {
    let session = match aws.session(settings).await {
        Ok(session) => session,
        Err(error) => {
            return Found::Missing {
                summary: "AWS cannot be reached",
                detail: format!("For `{at}`: {error}."),
            };
        }
    };
    match session.s3().existing(at).await {
        Ok(_) => Found::There,
        Err(error) => Found::Missing {
            summary: match error.fault {
                Fault::NoKey | Fault::NoBucket => "Script not there",
                _ => "Script cannot be read",
            },
            detail: format!("{error}."),
        },
    }
}

/// Whether there is a topic.
pub(super) async fn topic((settings, topic): (&Settings, &str), aws: &Sessions) -> Found {
    let looked = match aws.session(settings).await {
        Ok(session) => sns::look(&session, topic).await,
        Err(error) => Err(error),
    };
    match looked {
        Ok(()) => Found::There,
        Err(error @ AwsError::NotFound(_)) => Found::Missing {
            summary: "Topic not there",
            detail: format!("For messages of an action: {error}."),
        },
        Err(error) => Found::Missing {
            summary: "Topic cannot be looked at",
            detail: format!("`{topic}`: {error}."),
        },
    }
}

/// Whether it can be asked for what a precondition looks for. Keys and items come in time; a table that is not there is a doubt.
pub(super) async fn thing(thing: &Thing, aws: &Sessions) -> Found {
    match (Looking::default().look(thing, aws).await, thing) {
        (Held::Held, _) | (Held::NotYet(_), Thing::Key(_) | Thing::Prefix(_)) => Found::There,
        (Held::NotYet(reason), _) => Found::Doubtful {
            summary: "Not there yet",
            detail: format!("A precondition waits: {reason}."),
        },
        (Held::Error(reason), _) => Found::Missing {
            summary: "Precondition cannot be checked",
            detail: format!("{reason}."),
        },
    }
}
