//! Calls that have to come to something: EMR is asked again while it is not reached or says that there are too many calls, and what may
//! have been heard without an answer is looked for by name before it is asked for again.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::watch;

use super::record::Record;
use super::record::tags;
use super::tenancy::Orders;
use super::watching::jittered;
use crate::clock::Clock;
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
const GRACE: SignedDuration = SignedDuration::from_secs(10);

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

/// Whether what was asked for was certainly not done.
fn is_certain(error: &AwsError) -> bool {
    !matches!(error, AwsError::Unreachable(_) | AwsError::Service(_))
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

/// Asks for a cluster.
pub(super) async fn create(
    aws: &Sessions,
    record: &Record,
    request: &ClusterRequest,
    orders: &watch::Receiver<Orders>,
) -> Asked {
    let session = match aws.session(&record.aws).await {
        Ok(session) => session,
        Err(error) => return Asked::Refused(error.to_string()),
    };
    let mut pauses = Pauses::new();
    let mut unreached = 0;
    loop {
        let error = match emr::create(&session, request).await {
            // One that was asked for before may have come to be, too: of both one is ended.
            Ok(id) if unreached > 0 => {
                let one = look_for(&session, record).await.ok().flatten();
                return Asked::There(one.unwrap_or(id));
            }
            Ok(id) => return Asked::There(id),
            Err(error) => error,
        };
        if !is_certain(&error) {
            // It may have been heard.
            pauses.rest().await;
            match look_for(&session, record).await {
                Ok(Some(id)) => return Asked::There(id),
                Ok(None) => {}
                Err(again) if is_passing(&again) => {}
                Err(refused) => return Asked::Refused(refused.to_string()),
            }
        }
        unreached += u32::from(matches!(error, AwsError::Unreachable(_)));
        if !is_passing(&error) || unreached > LAST_CALLS {
            return Asked::Refused(error.to_string());
        }
        if unreached == 0 && !orders.borrow().needed {
            return Asked::Unneeded;
        }
        pauses.rest().await;
    }
}

/// Tells what goes wrong.
type Say<'a> = &'a (dyn Fn(&str) + Send + Sync);

/// Looks for the cluster of a record whose runner was killed. It may come to be a moment after it was asked for. Why it cannot be
/// seen yet is said.
pub(super) async fn find(
    aws: &Sessions,
    record: &Record,
    clock: Clock,
    (orders, say): (&watch::Receiver<Orders>, Say<'_>),
) -> Asked {
    let mut asking = Asking::new();
    loop {
        let waited = clock.now().duration_since(record.requested_at);
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

/// The id of the cluster with a record's name and token; the oldest, if there should be several: then the others are ended.
async fn look_for(session: &Session, record: &Record) -> Result<Option<String>, AwsError> {
    let since = record.requested_at.checked_sub(CLOCKS);
    let since = since.unwrap_or(record.requested_at);
    let mut found = emr::since(session, since).await?;
    found.retain(|seen| seen.name == record.name && !seen.state.is_ended());
    found.sort_by_key(|seen| (seen.created_at, seen.id.clone()));
    let mut first = None;
    for seen in found {
        let described = emr::describe(session, &seen.id).await?;
        let ours = described.is_some_and(|(_, tagged)| {
            tagged.get(tags::CLUSTER).map(String::as_str) == Some(&*record.token)
        });
        if ours && first.is_some() {
            emr::terminate(session, &seen.id).await?;
        } else if ours {
            first = Some(seen.id);
        }
    }
    Ok(first)
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

/// Adds a step. It is added once, whatever becomes of the answer.
pub(super) async fn add_step(
    session: &Session,
    cluster: &str,
    step: &StepRequest,
) -> Result<String, AwsError> {
    let mut pauses = Pauses::new();
    let mut unreached = 0;
    loop {
        let error = match emr::add_step(session, cluster, step).await {
            Ok(id) => return Ok(id),
            Err(error) => error,
        };
        if !is_certain(&error) {
            pauses.rest().await;
            match emr::all_steps(session, cluster).await {
                Ok(steps) => {
                    if let Some(added) = steps.into_iter().find(|seen| seen.name == step.name) {
                        return Ok(added.id);
                    }
                }
                Err(again) if is_passing(&again) => {}
                Err(refused) => return Err(refused),
            }
        }
        unreached += u32::from(matches!(error, AwsError::Unreachable(_)));
        if !is_passing(&error) || unreached > LAST_CALLS {
            return Err(error);
        }
        pauses.rest().await;
    }
}
