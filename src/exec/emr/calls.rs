//! Calls that have to come to something: EMR is asked again while it is not reached or says that there are too many calls, and what may
//! have been heard without an answer is looked for by name before it is asked for again.

use jiff::SignedDuration;
use tokio::sync::watch;

use super::patience::LAST_CALLS;
use super::patience::Pauses;
use super::patience::is_passing;
use super::patience::until_seen;
use super::record::Record;
use super::record::tags;
use super::tenancy::Orders;
use crate::connect::aws::AwsError;
use crate::connect::aws::Session;
use crate::connect::aws::Sessions;
use crate::connect::aws::Settings;
use crate::connect::aws::emr;
use crate::connect::aws::emr::ClusterRequest;
use crate::connect::aws::emr::StepRequest;

/// How far our clock and that of EMR may be apart.
const CLOCKS: SignedDuration = SignedDuration::from_hours(1);

/// What became of a call.
pub(super) enum Asked {
    /// There is one, with this id.
    There(String),
    /// There is none.
    Missing,
    /// There will be none; why, and whether the same would be refused again.
    Refused(String, bool),
    /// There will be none, since nothing needs one any more.
    Unneeded,
    /// It was not asked to the end: the runner ends.
    Left,
}

/// Tells what goes wrong.
pub(super) type Say<'a> = &'a (dyn Fn(&str) + Send + Sync);

/// Asks for a cluster. It is asked for again only when it is known that the call before has made none.
pub(super) async fn create(
    aws: &Sessions,
    record: &Record,
    request: &ClusterRequest,
    (orders, say): (&watch::Receiver<Orders>, Say<'_>),
) -> Asked {
    let session = match aws.session(&record.aws).await {
        Ok(session) => session,
        Err(error) => return Asked::Refused(error.to_string(), false),
    };
    let mut pauses = Pauses::new();
    let mut unreached = 0;
    loop {
        let failed = match emr::create(&session, request).await {
            Ok(id) => return Asked::There(id),
            Err(failed) => failed,
        };
        if !failed.is_certain {
            // It may have been heard.
            say(&failed.error.to_string());
            match Box::pin(find(aws, record, (orders, say))).await {
                Asked::Missing => {}
                known => return known,
            }
        }
        unreached += u32::from(matches!(failed.error, AwsError::Unreachable(_)));
        if !is_passing(&failed.error) || unreached > LAST_CALLS {
            return Asked::Refused(failed.error.to_string(), failed.is_for_good);
        }
        if !orders.borrow().needed {
            return Asked::Unneeded;
        }
        pauses.rest().await;
    }
}

/// Looks for the cluster of a record that may have been asked for just now: by this runner, or by one that was killed. Why it cannot be
/// seen yet is said.
pub(super) async fn find(
    aws: &Sessions,
    record: &Record,
    (orders, say): (&watch::Receiver<Orders>, Say<'_>),
) -> Asked {
    let found = until_seen(|| Box::pin(looked_for(aws, record, (orders, say)))).await;
    match found {
        Ok(Some(id)) => Asked::There(id),
        Ok(None) => Asked::Missing,
        Err(Left) => Asked::Left,
    }
}

/// The runner ends before something is known.
struct Left;

/// The id of the cluster of a record, if there is one: asked until it is answered.
async fn looked_for(
    aws: &Sessions,
    record: &Record,
    (orders, say): (&watch::Receiver<Orders>, Say<'_>),
) -> Result<Option<String>, Left> {
    let mut pauses = Pauses::new();
    loop {
        let found = match aws.session(&record.aws).await {
            Ok(session) => look_for(&session, record).await,
            Err(error) => Err(error),
        };
        let error = match found {
            Ok(found) => return Ok(found),
            Err(error) => error,
        };
        say(&error.to_string());
        // It is not known whether there is one, so it stays in the state.
        if !pauses.again(orders).await {
            return Err(Left);
        }
    }
}

/// The id of the cluster with a record's name and token; the oldest that lives, if there should be several: then the others are ended.
async fn look_for(session: &Session, record: &Record) -> Result<Option<String>, AwsError> {
    let since = record.requested_at.checked_sub(CLOCKS);
    let since = since.unwrap_or(record.requested_at);
    let mut found = emr::since(session, since).await?;
    found.retain(|seen| seen.name == record.name && !seen.state.is_ended());
    found.sort_by_key(|seen| (seen.state.is_ending(), seen.created_at, seen.id.clone()));
    let mut first = None;
    for seen in found {
        if !is_ours(session, record, &seen.id).await? {
            continue;
        }
        if first.is_none() {
            first = Some(seen.id);
        } else if !seen.state.is_ending() {
            emr::terminate(session, &seen.id).await?;
        }
    }
    Ok(first)
}

/// Whether a cluster has the token of a record.
async fn is_ours(session: &Session, record: &Record, id: &str) -> Result<bool, AwsError> {
    let described = emr::describe(session, id).await?;
    Ok(described.is_some_and(|(_, tagged)| {
        tagged.get(tags::CLUSTER).map(String::as_str) == Some(&*record.token)
    }))
}

/// Ends what else has the name and the token of a record: it came of a call whose answer was lost, and was not seen before.
pub(super) async fn end_others(aws: &Sessions, record: &Record, id: &str) -> Result<(), AwsError> {
    let session = aws.session(&record.aws).await?;
    for seen in emr::alive(&session).await? {
        let is_other = seen.id != id && seen.name == record.name && !seen.state.is_ending();
        if is_other && is_ours(&session, record, &seen.id).await? {
            emr::terminate(&session, &seen.id).await?;
        }
    }
    Ok(())
}

/// Asks for the end of a cluster, once.
pub(super) async fn terminate(
    aws: &Sessions,
    settings: &Settings,
    id: &str,
) -> Result<(), AwsError> {
    let session = aws.session(settings).await?;
    emr::terminate(&session, id).await
}

/// Adds a step. It is added once, whatever becomes of the answer. After an error it may have been added nevertheless, if that could not
/// be seen.
pub(super) async fn add_step(
    session: &Session,
    cluster: &str,
    step: &StepRequest,
) -> Result<String, AwsError> {
    let mut pauses = Pauses::new();
    let mut unreached = 0;
    loop {
        let failed = match emr::add_step(session, cluster, step).await {
            Ok(id) => return Ok(id),
            Err(failed) => failed,
        };
        if !failed.is_certain
            && let Some(id) = Box::pin(added(session, cluster, &step.name)).await?
        {
            return Ok(id);
        }
        unreached += u32::from(matches!(failed.error, AwsError::Unreachable(_)));
        if !is_passing(&failed.error) || unreached > LAST_CALLS {
            return Err(failed.error);
        }
        pauses.rest().await;
    }
}

/// The id of a step that may have been added just now. An error: it is not known whether there is one.
async fn added(session: &Session, cluster: &str, name: &str) -> Result<Option<String>, AwsError> {
    until_seen(|| Box::pin(step_of(session, cluster, name))).await
}

/// The id of the step of a name, if there is one.
async fn step_of(session: &Session, cluster: &str, name: &str) -> Result<Option<String>, AwsError> {
    let mut pauses = Pauses::new();
    let mut failures = 0;
    loop {
        let error = match emr::all_steps(session, cluster).await {
            Ok(steps) => {
                let found = steps.into_iter().find(|seen| seen.name == name);
                return Ok(found.map(|seen| seen.id));
            }
            Err(error) => error,
        };
        failures += 1;
        if !is_passing(&error) || failures > LAST_CALLS {
            return Err(error);
        }
        pauses.rest().await;
    }
}
