//! EMR: clusters and their steps.
//!
//! A call that must not be made twice ([`create`], [`add_step`]) is made once, without the retries of the SDK: whether it was heard
//! is asked before it is made again, by the name that its cluster or step has.

mod request;
mod steps;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use aws_sdk_emr::Client;
use aws_sdk_emr::config::Builder;
use aws_sdk_emr::config::http::HttpResponse;
use aws_sdk_emr::config::retry::RetryConfig;
use aws_sdk_emr::error::ProvideErrorMetadata;
use aws_sdk_emr::error::SdkError;
use aws_sdk_emr::primitives::DateTime;
use aws_sdk_emr::types::ClusterState;
use aws_sdk_emr::types::ClusterStatus;
use jiff::Timestamp;

use super::AwsError;
use super::Session;
use super::error::is_certain;
use super::settings::Service;
use super::sts::account_in;

pub use request::Bootstrap;
pub use request::ClusterRequest;
pub use request::Configuration;
pub use request::Device;
pub use request::Ebs;
pub use request::Group;
pub use request::Market;
pub use request::Network;
pub use request::Role;
pub use steps::StepRequest;
pub use steps::StepSeen;
pub use steps::StepState;
pub use steps::Stopping;
pub use steps::add_step;
pub use steps::all_steps;
pub use steps::cancel_step;
pub use steps::list_steps;
pub use steps::logs_of;

/// Codes of answers that say that a call is wrong as it is.
const INVALID: [&str; 3] = [
    "InvalidRequestException",
    "ValidationError",
    "ValidationException",
];

/// What such answers speak of where the same call may go well later: limits of the account, machines that are not there just now,
/// roles that were made a moment ago, and what the caller may do.
const MAY_PASS: [&str; 12] = [
    "again",
    "authorized",
    "available",
    "capacity",
    "exceed",
    "instance profile",
    "instanceprofile",
    "insufficient",
    "limit",
    "quota",
    "role",
    "temporar",
];

/// States in which a cluster costs money.
const ALIVE: [ClusterState; 5] = [
    ClusterState::Starting,
    ClusterState::Bootstrapping,
    ClusterState::Running,
    ClusterState::Waiting,
    ClusterState::Terminating,
];

/// How it is with a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Its machines are being made.
    Starting,
    /// Its machines run their first scripts.
    Bootstrapping,
    /// It runs a step.
    Running,
    /// It has nothing to do.
    Waiting,
    /// It is being ended.
    Terminating,
    /// It was ended.
    Terminated,
    /// It has failed.
    TerminatedWithErrors,
}

impl State {
    /// What EMR calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Starting => "STARTING",
            Self::Bootstrapping => "BOOTSTRAPPING",
            Self::Running => "RUNNING",
            Self::Waiting => "WAITING",
            Self::Terminating => "TERMINATING",
            Self::Terminated => "TERMINATED",
            Self::TerminatedWithErrors => "TERMINATED_WITH_ERRORS",
        }
    }

    /// Whether steps can run on it.
    pub const fn is_ready(self) -> bool {
        matches!(self, Self::Running | Self::Waiting)
    }

    /// Whether it is on its way to its end, or there.
    pub const fn is_ending(self) -> bool {
        matches!(
            self,
            Self::Terminating | Self::Terminated | Self::TerminatedWithErrors
        )
    }

    /// Whether it is no more.
    pub const fn is_ended(self) -> bool {
        matches!(self, Self::Terminated | Self::TerminatedWithErrors)
    }

    fn of(state: Option<&ClusterState>) -> Self {
        match state {
            Some(ClusterState::Bootstrapping) => Self::Bootstrapping,
            Some(ClusterState::Running) => Self::Running,
            Some(ClusterState::Waiting) => Self::Waiting,
            Some(ClusterState::Terminating) => Self::Terminating,
            Some(ClusterState::Terminated) => Self::Terminated,
            Some(ClusterState::TerminatedWithErrors) => Self::TerminatedWithErrors,
            _ => Self::Starting,
        }
    }
}

/// A cluster as EMR tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How it is with it.
    pub state: State,
    /// Why it is so, as EMR says.
    pub reason: Option<String>,
    /// When it was asked for (UTC).
    pub created_at: Option<Timestamp>,
    /// When it was ready (UTC).
    pub ready_at: Option<Timestamp>,
    /// When it ended (UTC).
    pub ended_at: Option<Timestamp>,
    /// The account it is in, as its ARN says.
    pub account: Option<String>,
}

/// What went wrong with a call that is made once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// What went wrong.
    pub error: AwsError,
    /// Whether what it asks for was certainly not done.
    pub is_certain: bool,
    /// Whether the same call would be refused again, whenever it is made.
    pub is_for_good: bool,
}

impl Failed {
    fn of<E>(error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        Self {
            error: AwsError::of_call(error, &[]),
            is_certain: is_certain(error),
            is_for_good: is_certain(error) && error.as_service_error().is_some_and(is_invalid),
        }
    }

    /// An answer without the id that it has to have.
    fn without_id(text: &str) -> Self {
        Self {
            error: AwsError::Service(text.to_owned()),
            is_certain: false,
            is_for_good: false,
        }
    }
}

/// Whether an answer says that a call is wrong as it is.
fn is_invalid<E: ProvideErrorMetadata>(answer: &E) -> bool {
    let text = answer.message().unwrap_or_default().to_ascii_lowercase();
    let is_wrong = answer.code().is_some_and(|code| INVALID.contains(&code));
    is_wrong && !MAY_PASS.iter().any(|word| text.contains(word))
}

/// Asks for a cluster, once; gives its id. After a failure that is not certain there may be one nevertheless.
pub async fn create(session: &Session, request: &ClusterRequest) -> Result<String, Failed> {
    let call = request::fill(client(session).run_job_flow(), request);
    let answer = call.customize().config_override(once()).send().await;
    let answer = answer.map_err(|error| Failed::of(&error))?;
    let id = answer.job_flow_id().map(str::to_owned);
    id.ok_or_else(|| Failed::without_id("a cluster was asked for, and the answer has no id"))
}

/// An error unless it may be asked which clusters there are.
pub async fn look(session: &Session) -> Result<(), AwsError> {
    let call = client(session)
        .list_clusters()
        .set_cluster_states(Some(ALIVE.to_vec()));
    let answer = call.send().await;
    answer
        .map(drop)
        .map_err(|error| AwsError::of_call(&error, &[]))
}

/// The clusters that are alive.
pub async fn alive(session: &Session) -> Result<Vec<Seen>, AwsError> {
    list(session, Some(ALIVE.to_vec()), None).await
}

/// The clusters that were made since a moment, alive or not.
pub async fn since(session: &Session, moment: Timestamp) -> Result<Vec<Seen>, AwsError> {
    list(session, None, Some(moment)).await
}

async fn list(
    session: &Session,
    states: Option<Vec<ClusterState>>,
    since: Option<Timestamp>,
) -> Result<Vec<Seen>, AwsError> {
    let client = client(session);
    let (mut found, mut marker) = (Vec::new(), None);
    loop {
        let call = client
            .list_clusters()
            .set_cluster_states(states.clone())
            .set_created_after(since.map(|since| DateTime::from_millis(since.as_millisecond())))
            .set_marker(marker);
        let answer = call.send().await;
        let answer = answer.map_err(|error| AwsError::of_call(&error, &[]))?;
        found.extend(
            answer
                .clusters()
                .iter()
                .map(|one| seen(one.id(), one.name(), one.status(), one.cluster_arn())),
        );
        marker = answer.marker().map(str::to_owned);
        if marker.is_none() {
            return Ok(found);
        }
    }
}

/// One cluster, with its tags. `None`: there is none.
pub async fn describe(
    session: &Session,
    id: &str,
) -> Result<Option<(Seen, BTreeMap<String, String>)>, AwsError> {
    let answer = client(session)
        .describe_cluster()
        .cluster_id(id)
        .send()
        .await;
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return no_cluster(AwsError::of_call(&error, &[])).map(|()| None),
    };
    let Some(cluster) = answer.cluster() else {
        return Ok(None);
    };
    let tags = cluster.tags().iter();
    let tags = tags.filter_map(|tag| {
        let value = tag.value().unwrap_or_default();
        Some((tag.key()?.to_owned(), value.to_owned()))
    });
    let arn = cluster.cluster_arn();
    let seen = seen(Some(id), cluster.name(), cluster.status(), arn);
    Ok(Some((seen, tags.collect())))
}

/// Passes over the answer that an id is that of no cluster.
fn no_cluster(error: AwsError) -> Result<(), AwsError> {
    let says_so = |text: &str| {
        let text = text.to_ascii_lowercase();
        text.contains("not valid") || text.contains("does not exist")
    };
    match error {
        AwsError::Service(text) if says_so(&text) => Ok(()),
        error => Err(error),
    }
}

/// Asks for the end of a cluster; one that has ended, or never was, is no error.
pub async fn terminate(session: &Session, id: &str) -> Result<(), AwsError> {
    let call = client(session).terminate_job_flows().job_flow_ids(id);
    match call.send().await {
        Ok(_) => Ok(()),
        Err(error) => no_cluster(AwsError::of_call(&error, &[])),
    }
}

fn client(session: &Session) -> Client {
    Client::new(&session.config_of(Service::Emr))
}

/// Nothing is tried again by itself.
fn once() -> Builder {
    Builder::new().retry_config(RetryConfig::disabled())
}

fn seen(
    id: Option<&str>,
    name: Option<&str>,
    status: Option<&ClusterStatus>,
    arn: Option<&str>,
) -> Seen {
    let reason = status.and_then(|status| status.state_change_reason());
    let message = reason.and_then(|reason| reason.message());
    let code = reason.and_then(|reason| Some(reason.code()?.as_str()));
    let reason = message.filter(|message| !message.is_empty()).or(code);
    let timeline = status.and_then(|status| status.timeline());
    Seen {
        id: id.unwrap_or_default().to_owned(),
        name: name.unwrap_or_default().to_owned(),
        state: State::of(status.and_then(|status| status.state())),
        reason: reason.map(str::to_owned),
        created_at: timeline.and_then(|line| moment(line.creation_date_time())),
        ready_at: timeline.and_then(|line| moment(line.ready_date_time())),
        ended_at: timeline.and_then(|line| moment(line.end_date_time())),
        account: arn.and_then(account_in),
    }
}

fn moment(time: Option<&DateTime>) -> Option<Timestamp> {
    Timestamp::from_millisecond(time?.to_millis().ok()?).ok()
}
