//! Finding clusters that carry our tags and that nothing needs.

use std::collections::BTreeMap;

use super::record::tags;
use crate::connect::aws::AwsError;
use crate::connect::aws::Sessions;
use crate::connect::aws::Settings;
use crate::connect::aws::emr;
use crate::connect::aws::emr::Seen;
use crate::connect::aws::sts;

/// A cluster of a state that is alive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stray {
    /// What EMR says of it.
    pub seen: Seen,
    /// How EMR is reached.
    pub aws: Settings,
    /// The token of its record.
    pub token: String,
    /// The resource it was made for, as its tag says.
    pub resource: String,
    /// The interval, as its tag says.
    pub interval: String,
}

/// All clusters of a state that are alive and not about to end.
pub async fn strays(
    aws: &Sessions,
    settings: &Settings,
    lineage: &str,
) -> Result<Vec<Stray>, AwsError> {
    let session = aws.session(settings).await?;
    let mut found = Vec::new();
    for seen in emr::alive(&session).await? {
        // All of ours have a token at the end of their names: not every cluster of the account is asked for its tags.
        let token = seen.name.rsplit(' ').next().unwrap_or_default();
        let ours = token.len() == 8 && token.bytes().all(|byte| byte.is_ascii_hexdigit());
        if seen.state.is_ending() || !ours {
            continue;
        }
        let Some((seen, tagged)) = emr::describe(&session, &seen.id).await? else {
            continue;
        };
        if tagged.get(tags::STATE).map(String::as_str) == Some(lineage) {
            found.push(stray(seen, settings.clone(), &tagged));
        }
    }
    Ok(found)
}

fn stray(seen: Seen, aws: Settings, tagged: &BTreeMap<String, String>) -> Stray {
    let tag = |name: &str| tagged.get(name).cloned().unwrap_or_default();
    Stray {
        seen,
        aws,
        token: tag(tags::CLUSTER),
        resource: tag(tags::RESOURCE),
        interval: tag(tags::INTERVAL),
    }
}

/// How it is with one cluster. `None`: EMR knows of none.
pub async fn look(aws: &Sessions, settings: &Settings, id: &str) -> Result<Option<Seen>, AwsError> {
    let session = aws.session(settings).await?;
    let found = emr::describe(&session, id).await?;
    Ok(found.map(|(seen, _)| seen))
}

/// Why EMR knows of no cluster of an account: the credentials there are now are those of another one. `None`: they are of the same, or
/// that is not known.
pub async fn elsewhere(
    aws: &Sessions,
    settings: &Settings,
    account: Option<&str>,
) -> Option<String> {
    let made_in = account?;
    let session = aws.session(settings).await.ok()?;
    let asked_in = sts::account(&session).await?;
    (asked_in != made_in).then(|| another_account(made_in, &asked_in))
}

fn another_account(made_in: &str, asked_in: &str) -> String {
    format!(
        "it is in the account {made_in} of AWS, and the credentials are those of the account {asked_in}, which knows nothing of it; use credentials of {made_in}"
    )
}

/// Ends a cluster.
pub async fn end_stray(aws: &Sessions, stray: &Stray) -> Result<(), AwsError> {
    let session = aws.session(&stray.aws).await?;
    emr::terminate(&session, &stray.seen.id).await
}
