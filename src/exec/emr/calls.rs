//! Calls that have to come to something: EMR is asked again while it is not reached or says that there are too many calls, and what may
//! have been heard without an answer is looked for by name before it is asked for again.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::watch;

use super::record::Record;
use super::record::tags;
use super::tenancy::Orders;
use super::watching::jittered;
use crate::clock::Stopwatch;
use crate::connect::aws::AwsError;
use crate::connect::aws::Session;
use crate::connect::aws::Sessions;
use crate::connect::aws::Settings;
use crate::connect::aws::emr;
use crate::connect::aws::emr::ClusterRequest;
use crate::connect::aws::emr::StepRequest;

/// The first pause before a call is made again, and the longest one.
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);

/// How long after it was made a call may still come to something that is not seen yet.
const GRACE: Duration = Duration::from_secs(10);

/// How far our clock and that of EMR may be apart.
const CLOCKS: SignedDuration = SignedDuration::from_hours(1);

/// How often a call is made to end a cluster while the runner ends, too.
const LAST_CALLS: u32 = 5;

/// What became of a call.
pub(super) enum Asked {
    /// There is one, with this id.
    There(String),
    /// There is none.
    Missing,
    /// There will be none; why.
    Refused(String),
    /// There will be none, since nothing needs one any more.
    Unneeded,
    /// It was not asked to the end: the runner ends.
    Left,
}

/// Whether the same call may go well a moment later.
fn is_passing(error: &AwsError) -> bool {
    matches!(error, AwsError::Throttled(_) | AwsError::Unreachable(_))
}

/// A pause that grows.
struct Pauses(Duration);

impl Pauses {
    const fn new() -> Self {
        Self(FIRST)
    }

    async fn rest(&mut self) {
        let pause = self.0;
        self.0 = (pause * 2).min(LONGEST);
        tokio::time::sleep(jittered(pause)).await;
    }
}

/// A call that is made until it goes well, or until the runner ends: then a few times more.
pub(super) struct Asking {
    pauses: Pauses,
    calls: u32,
}

impl Asking {
    pub(super) const fn new() -> Self {
        Self {
            pauses: Pauses::new(),
            calls: 0,
        }
    }

    /// After a call that did not go well. Whether it is to be made again; then it is time for it.
    pub(super) async fn again(&mut self, orders: &watch::Receiver<Orders>) -> bool {
        self.calls += 1;
        if orders.borrow().hurry && self.calls >= LAST_CALLS {
            return false;
        }
        self.pauses.rest().await;
        true
    }
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
        Err(error) => return Asked::Refused(error.to_string()),
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
            return Asked::Refused(failed.error.to_string());
        }
        if !orders.borrow().needed {
            return Asked::Unneeded;
        }
        pauses.rest().await;
    }
}

/// Looks for the cluster of a record that may have been asked for just now: by this runner, or by one that was killed. It may come to
/// be seen a moment later, so that only a look after that says that there is none. Why it cannot be seen yet is said.
pub(super) async fn find(
    aws: &Sessions,
    record: &Record,
    (orders, say): (&watch::Receiver<Orders>, Say<'_>),
) -> Asked {
    let began = Stopwatch::start();
    let mut asking = Asking::new();
    loop {
        let waited = began.elapsed();
        let found = match aws.session(&record.aws).await {
            Ok(session) => look_for(&session, record).await,
            Err(error) => Err(error),
        };
        match found {
            Ok(Some(id)) => return Asked::There(id),
            Ok(None) if waited > GRACE => return Asked::Missing,
            Ok(None) => tokio::time::sleep(FIRST).await,
            Err(error) => {
                say(&error.to_string());
                // It is not known whether there is one, so it stays in the state.
                if !asking.again(orders).await {
                    return Asked::Left;
                }
            }
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

/// The id of a step that may have been added just now. It may come to be seen a moment later. An error: it is not known whether there is one.
async fn added(session: &Session, cluster: &str, name: &str) -> Result<Option<String>, AwsError> {
    let began = Stopwatch::start();
    let mut pauses = Pauses::new();
    let mut failures = 0;
    loop {
        let waited = began.elapsed();
        match emr::all_steps(session, cluster).await {
            Ok(steps) => {
                let found = steps.into_iter().find(|seen| seen.name == name);
                if found.is_some() || waited > GRACE {
                    return Ok(found.map(|seen| seen.id));
                }
                tokio::time::sleep(FIRST).await;
            }
            Err(error) => {
                failures += 1;
                if !is_passing(&error) || failures > LAST_CALLS {
                    return Err(error);
                }
                pauses.rest().await;
            }
        }
    }
}
