//! Looking at what is at AWS.

use std::collections::BTreeMap;

use super::Found;
use super::unbrought;
use crate::connect::aws::AwsError;
use crate::connect::aws::Sessions;
use crate::connect::aws::Settings;
use crate::connect::aws::emr;
use crate::connect::aws::sns;
use crate::connect::aws::sts;
use crate::connect::aws::sts::Verdict;
use crate::connect::s3::Fault;
use crate::connect::s3::Location;
use crate::connect::s3::S3Error;
use crate::exec::Held;
use crate::exec::dynamodb_table_exists;
use crate::exec::dynamodb_table_exists::DynamoDbTableExists;
use crate::exec::looking::Looking;
use crate::exec::looking::Thing;

/// What is said where there are no credentials.
const NO_CREDENTIALS: &str = "No credentials for AWS";

/// Whether there are credentials, which AWS knows.
pub(super) async fn credentials(
    settings: &Settings,
    aws: &Sessions,
    unusable: &mut Unusable,
) -> Found {
    let verdict = async {
        let session = aws.session(settings).await?;
        session.credentials().await?;
        Ok::<_, AwsError>(sts::verdict(&session).await)
    };
    match verdict.await {
        Ok(Verdict::Good) => Found::There,
        Ok(Verdict::Bad(error)) => {
            let found = Found::Missing {
                summary: "Credentials for AWS are refused",
                detail: format!("{error}."),
            };
            unusable.note(settings, "", &found);
            found
        }
        Ok(Verdict::Unknown(error)) => Found::Doubtful {
            summary: "Credentials for AWS not checked",
            detail: format!("Whether AWS knows them is not known: {error}."),
        },
        Err(error) => Found::Missing {
            summary: NO_CREDENTIALS,
            detail: format!("{error}."),
        },
    }
}

/// Whether EMR may be asked for clusters.
pub(super) async fn clusters(settings: &Settings, aws: &Sessions) -> Found {
    let looked = match aws.session(settings).await {
        Ok(session) => emr::look(&session).await,
        Err(error) => Err(error),
    };
    match looked {
        Ok(()) => Found::There,
        Err(error @ AwsError::NoCredentials(_)) => Found::Missing {
            summary: NO_CREDENTIALS,
            detail: format!("{error}."),
        },
        Err(error) => Found::Missing {
            summary: "EMR cannot be asked for clusters",
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

/// Why a table is not there that a cluster reads or writes. That this machine may not look is no doubt: the cluster's may.
pub(super) async fn missing_table(table: &DynamoDbTableExists, aws: &Sessions) -> Option<String> {
    match dynamodb_table_exists::check(table, aws).await {
        Ok(Held::NotYet(reason)) => Some(reason),
        _ => None,
    }
}

/// Whether a script or a jar is there that a cluster reads. That this machine may not look is no doubt: the cluster's may.
pub(super) async fn on_cluster((settings, at): (&Settings, &Location), aws: &Sessions) -> Found {
    let Ok(session) = aws.session(settings).await else {
        return Found::There; // said where EMR is looked at
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
    use std::io::BufRead as _;
    use std::io::BufReader;
    use std::io::Read as _;
    use std::io::Write as _;
    use std::net::TcpListener;
    use std::net::TcpStream;

    use super::*;

    /// AWS with one answer to whatever it is asked.
    async fn answering(status: u16, body: &'static str) -> Sessions {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                read_request(&stream);
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 {status} Answer\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
                );
                drop(stream.write_all(answer.as_bytes()));
            }
        });
        Sessions::standing_in(&Settings::default(), &url).await
    }

    fn read_request(stream: &TcpStream) {
        let mut reader = BufReader::new(stream);
        let (mut line, mut length) = (String::new(), 0);
        while reader.read_line(&mut line).unwrap() > 2 {
            let header = line.to_ascii_lowercase();
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            line.clear();
        }
        reader.read_exact(&mut vec![0; length]).unwrap();
    }

    fn summary(found: &Found) -> &'static str {
        match found {
            Found::There => "there",
            Found::Missing { summary, .. } | Found::Doubtful { summary, .. } => summary,
        }
    }

    #[tokio::test]
    async fn credentials_are_good_if_sts_says_nothing_else() {
        let refused = |code: &str| {
            format!("<ErrorResponse><Error><Code>{code}</Code></Error></ErrorResponse>")
        };
        let known = "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";
        for (status, body, expected) in [
            (200, known.to_owned(), "there"),
            (
                403,
                refused("InvalidClientTokenId"),
                "Credentials for AWS are refused",
            ),
            (
                403,
                refused("ExpiredToken"),
                "Credentials for AWS are refused",
            ),
            // A stand-in for S3 alone.
            (403, refused("AccessDenied"), "there"),
            (400, refused("InvalidAction"), "there"),
            (501, String::new(), "there"),
        ] {
            let aws = answering(status, body.leak()).await;
            let (settings, mut unusable) = (Settings::default(), Unusable::default());
            let found = credentials(&settings, &aws, &mut unusable).await;
            assert_eq!(summary(&found), expected, "{found:?}");
            let at = Location::parse("s3://acme/x").unwrap();
            let bucket = unusable.at(&settings, &at);
            assert_eq!(bucket, Some(found).filter(|found| *found != Found::There));
        }
        let nobody = Sessions::standing_in(&Settings::default(), "http://127.0.0.1:1").await;
        let found = credentials(&Settings::default(), &nobody, &mut Unusable::default()).await;
        assert!(matches!(found, Found::Doubtful { .. }), "{found:?}");
    }

    #[tokio::test]
    async fn emr_is_there_if_it_may_be_asked_for_clusters() {
        let denied = r#"{"__type": "AccessDeniedException", "Message": "not authorized"}"#;
        for (status, body, expected) in [
            (200, r#"{"Clusters": []}"#, "there"),
            (400, denied, "EMR cannot be asked for clusters"),
        ] {
            let aws = answering(status, body).await;
            let found = clusters(&Settings::default(), &aws).await;
            assert_eq!(summary(&found), expected, "{found:?}");
        }
        let nobody = Sessions::standing_in(&Settings::default(), "http://127.0.0.1:1").await;
        let found = clusters(&Settings::default(), &nobody).await;
        assert!(matches!(found, Found::Missing { .. }), "{found:?}");
    }

    #[tokio::test]
    async fn a_table_that_may_not_be_looked_at_is_not_missed() {
        let table = DynamoDbTableExists {
            aws: Settings::default(),
            table: "users".to_owned(),
        };
        for (status, body, is_missing) in [
            (200, r#"{"Table": {"TableStatus": "ACTIVE"}}"#, false),
            (400, r#"{"__type": "ResourceNotFoundException"}"#, true),
            (400, r#"{"__type": "AccessDeniedException"}"#, false),
        ] {
            let aws = answering(status, body).await;
            let reason = missing_table(&table, &aws).await;
            assert_eq!(reason.is_some(), is_missing, "{reason:?}");
        }
    }

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
