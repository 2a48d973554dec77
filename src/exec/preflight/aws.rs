//! Looking at what is at AWS.

use std::collections::BTreeMap;

use super::Found;
use super::unbrought;
use crate::connect::aws::AwsError;
use crate::connect::aws::Sessions;
use crate::connect::aws::Settings;
use crate::connect::aws::sns;
use crate::connect::s3::Fault;
use crate::connect::s3::Location;
use crate::connect::s3::S3Error;
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

/// What was found of buckets that cannot be used at all: they are not asked for again, and it is said once.
#[derive(Debug, Default)]
pub(super) struct Unusable(BTreeMap<(Settings, String), Found>);

impl Unusable {
    /// What is known of a place already.
    pub(super) fn at(&self, settings: &Settings, at: &Location) -> Option<Found> {
        ["", at.bucket.as_str()]
            .into_iter()
            .find_map(|bucket| self.0.get(&(settings.clone(), bucket.to_owned())))
            .cloned()
    }

    /// The same of what a precondition looks for.
    pub(super) fn of(&self, thing: &Thing) -> Option<Found> {
        match thing {
            Thing::Key(key) => self.at(&key.aws, &key.object),
            Thing::Prefix(prefix) => self.at(&prefix.aws, &prefix.prefix),
            Thing::Table(_) | Thing::Data(_) => None,
        }
    }

    /// `bucket`: empty for all of them.
    fn note(&mut self, settings: &Settings, bucket: &str, found: &Found) {
        let of = (settings.clone(), bucket.to_owned());
        self.0.insert(of, found.clone());
    }
}

/// Of what an error tells something: the place that was looked at, all of its bucket, or all of S3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    Place,
    Bucket,
    All,
}

fn extent(error: &S3Error) -> Extent {
    let reason = error.reason.to_ascii_lowercase();
    match error.fault {
        Fault::Unreachable => Extent::All,
        // What may be done is said for each place; who asks is the same for all of them.
        Fault::NotAllowed if reason.contains("denied") || reason.contains("authorized") => {
            Extent::Place
        }
        Fault::NoBucket | Fault::NotAllowed | Fault::Invalid => Extent::Bucket,
        _ => Extent::Place,
    }
}

/// Whether there is a bucket, and what lies at a place in it may be listed.
pub(super) async fn bucket(
    (settings, at): (&Settings, &Location),
    aws: &Sessions,
    unusable: &mut Unusable,
) -> Found {
    if let Some(found) = unusable.at(settings, at) {
        return found;
    }
    let session = match aws.session(settings).await {
        Ok(session) => session,
        Err(error) => {
            let found = Found::Missing {
                summary: "AWS cannot be reached",
                detail: format!("For `{}`: {error}.", at.with_key("")),
            };
            unusable.note(settings, "", &found);
            return found;
        }
    };
    let Err(mut error) = session.s3().bucket(at).await else {
        return Found::There;
    };
    let extent = extent(&error);
    if extent != Extent::Place {
        error.place = at.with_key("");
    }
    let found = Found::Missing {
        summary: match error.fault {
            Fault::NoBucket => "Bucket not there",
            _ => "Bucket cannot be used",
        },
        detail: format!("{error}."),
    };
    match extent {
        Extent::Place => {}
        Extent::Bucket => unusable.note(settings, &at.bucket, &found),
        Extent::All => unusable.note(settings, "", &found),
    }
    found
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

/// Whether data is there that is read and that nothing brings.
pub(super) async fn data(thing: &Thing, aws: &Sessions) -> Found {
    match Looking::default().look(thing, aws).await {
        Held::Held => Found::There,
        Held::NotYet(reason) | Held::Error(reason) => unbrought(&reason),
    }
}

/// Whether a script or a jar is there that a cluster reads. That this machine may not look is no doubt: the cluster's may.
pub(super) async fn on_cluster((settings, at): (&Settings, &Location), aws: &Sessions) -> Found {
    let Ok(session) = aws.session(settings).await else {
        return Found::There; // said where the credentials are looked at
    };
    match session.s3().existing(at).await {
        Err(error) if matches!(error.fault, Fault::NoKey | Fault::NoBucket) => Found::Doubtful {
            summary: "Nothing there for the cluster",
            detail: format!(
                "{error}. A cluster reads it when it has been started. Put it there, unless other work does so before."
            ),
        },
        _ => Found::There,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_bucket_is_asked_and_said_once() {
        let at = |text: &str| Location::parse(text).unwrap();
        let error = |fault, reason: &str| S3Error {
            fault,
            action: "look at",
            place: at("s3://acme/logs/"),
            reason: reason.to_owned(),
        };
        for (fault, reason, wanted) in [
            (Fault::NoBucket, "", Extent::Bucket),
            (Fault::Unreachable, "Connection refused", Extent::All),
            (Fault::NotAllowed, "Access Denied.", Extent::Place),
            (
                Fault::NotAllowed,
                "User: arn:aws:iam::1:user/x is not authorized to perform: s3:ListBucket",
                Extent::Place,
            ),
            (
                Fault::NotAllowed,
                "The request signature we calculated does not match",
                Extent::Bucket,
            ),
            (Fault::Service, "HTTP status 500", Extent::Place),
        ] {
            assert_eq!(extent(&error(fault, reason)), wanted, "{reason}");
        }

        let mut unusable = Unusable::default();
        let settings = Settings::default();
        let elsewhere = Settings {
            region: Some("eu-west-1".to_owned()),
            ..Settings::default()
        };
        unusable.note(&settings, "acme", &Found::There);
        assert!(unusable.at(&settings, &at("s3://acme/x")).is_some());
        assert!(unusable.at(&settings, &at("s3://other/x")).is_none());
        assert!(unusable.at(&elsewhere, &at("s3://acme/x")).is_none());
        unusable.note(&elsewhere, "", &Found::There);
        assert!(unusable.at(&elsewhere, &at("s3://other/x")).is_some());
    }
}
