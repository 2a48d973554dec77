//! Steps of clusters.

use std::collections::BTreeMap;

use aws_sdk_emr::types::ActionOnFailure;
use aws_sdk_emr::types::CancelStepsRequestStatus;
use aws_sdk_emr::types::HadoopJarStepConfig;
use aws_sdk_emr::types::KeyValue;
use aws_sdk_emr::types::StepCancellationOption;
use aws_sdk_emr::types::StepConfig;
use aws_sdk_emr::types::StepState as SdkState;
use aws_sdk_emr::types::StepSummary;

use super::Failed;
use super::client;
use super::once;
use crate::connect::aws::AwsError;
use crate::connect::aws::Session;

/// How many steps may be asked for by id at once.
const AT_ONCE: usize = 10;

/// A step that is to be added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepRequest {
    /// Its name, by which it is known.
    pub name: String,
    /// The jar.
    pub jar: String,
    /// The class whose `main` runs, if the jar does not say.
    pub main_class: Option<String>,
    /// The arguments.
    pub args: Vec<String>,
    /// Java properties.
    pub properties: BTreeMap<String, String>,
}

/// How it is with a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StepState {
    /// Others come before it.
    Pending,
    /// It is to be stopped.
    CancelPending,
    /// It runs.
    Running,
    /// It did its work.
    Completed,
    /// It was stopped.
    Cancelled,
    /// It failed.
    Failed,
    /// Its cluster ended.
    Interrupted,
}

impl StepState {
    /// What EMR calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::CancelPending => "CANCEL_PENDING",
            Self::Running => "RUNNING",
            Self::Completed => "COMPLETED",
            Self::Cancelled => "CANCELLED",
            Self::Failed => "FAILED",
            Self::Interrupted => "INTERRUPTED",
        }
    }

    /// Whether nothing of it runs any more.
    pub const fn is_over(self) -> bool {
        matches!(
            self,
            Self::Completed | Self::Cancelled | Self::Failed | Self::Interrupted
        )
    }

    fn of(state: Option<&SdkState>) -> Self {
        match state {
            Some(SdkState::CancelPending) => Self::CancelPending,
            Some(SdkState::Running) => Self::Running,
            Some(SdkState::Completed) => Self::Completed,
            Some(SdkState::Cancelled) => Self::Cancelled,
            Some(SdkState::Failed) => Self::Failed,
            Some(SdkState::Interrupted) => Self::Interrupted,
            _ => Self::Pending,
        }
    }
}

/// A step as EMR tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepSeen {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How it is with it.
    pub state: StepState,
    /// Why it failed or was stopped, as EMR says.
    pub reason: Option<String>,
    /// Its arguments.
    pub args: Vec<String>,
}

/// How a step that runs is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopping {
    /// It is asked to end.
    Interrupt,
    /// Its process is ended.
    Terminate,
}

/// Adds a step, once; gives its id. One that fails changes nothing for the others of the cluster. After a failure that is
/// not certain it may have been added nevertheless.
pub async fn add_step(
    session: &Session,
    cluster: &str,
    step: &StepRequest,
) -> Result<String, Failed> {
    let properties = step.properties.iter();
    let properties: Vec<_> = properties
        .map(|(name, value)| KeyValue::builder().key(name).value(value).build())
        .collect();
    let jar = HadoopJarStepConfig::builder()
        .jar(&step.jar)
        .set_main_class(step.main_class.clone())
        .set_args((!step.args.is_empty()).then(|| step.args.clone()))
        .set_properties((!properties.is_empty()).then_some(properties))
        .build();
    let config = StepConfig::builder()
        .name(&step.name)
        .action_on_failure(ActionOnFailure::Continue)
        .hadoop_jar_step(jar)
        .build();
    let call = client(session).add_job_flow_steps().job_flow_id(cluster);
    let call = call.steps(config).customize().config_override(once());
    let answer = call.send().await;
    let answer = answer.map_err(|error| Failed::of(&error))?;
    let id = answer.step_ids().first().cloned();
    id.ok_or_else(|| Failed::without_id("a step was added, and the answer has no id"))
}

/// Some steps of a cluster.
pub async fn list_steps(
    session: &Session,
    cluster: &str,
    ids: &[String],
) -> Result<Vec<StepSeen>, AwsError> {
    let mut found = Vec::new();
    for ids in ids.chunks(AT_ONCE) {
        let call = client(session).list_steps().cluster_id(cluster);
        let answer = call.set_step_ids(Some(ids.to_vec())).send().await;
        let answer = answer.map_err(|error| AwsError::of_call(&error, &[]))?;
        found.extend(answer.steps().iter().map(seen));
    }
    Ok(found)
}

/// All steps of a cluster, newest first.
pub async fn all_steps(session: &Session, cluster: &str) -> Result<Vec<StepSeen>, AwsError> {
    let (mut found, mut marker) = (Vec::new(), None);
    loop {
        let call = client(session).list_steps().cluster_id(cluster);
        let answer = call.set_marker(marker).send().await;
        let answer = answer.map_err(|error| AwsError::of_call(&error, &[]))?;
        found.extend(answer.steps().iter().map(seen));
        marker = answer.marker().map(str::to_owned);
        if marker.is_none() {
            return Ok(found);
        }
    }
}

/// Where the logs of a cluster's steps go: the prefix as S3 has it, with a slash at its end. `None`: EMR says none.
pub async fn logs_of(session: &Session, cluster: &str) -> Result<Option<String>, AwsError> {
    let call = client(session).describe_cluster().cluster_id(cluster);
    let answer = call.send().await;
    let answer = answer.map_err(|error| AwsError::of_call(&error, &[]))?;
    let place = answer.cluster().and_then(|cluster| cluster.log_uri());
    Ok(place.and_then(as_s3))
}

/// A place in S3, which EMR also writes as its file systems are called.
fn as_s3(place: &str) -> Option<String> {
    let (scheme, path) = place.split_once("://")?;
    ["s3", "s3n", "s3a"]
        .contains(&scheme)
        .then(|| format!("s3://{}/", path.trim_end_matches('/')))
}

/// Asks for the end of a step. The error says why EMR does not do it.
pub async fn cancel_step(
    session: &Session,
    cluster: &str,
    step: &str,
    how: Stopping,
) -> Result<(), AwsError> {
    let how = match how {
        Stopping::Interrupt => StepCancellationOption::SendInterrupt,
        Stopping::Terminate => StepCancellationOption::TerminateProcess,
    };
    let call = client(session).cancel_steps().cluster_id(cluster);
    let call = call.step_ids(step).step_cancellation_option(how);
    let answer = call.send().await;
    let answer = answer.map_err(|error| AwsError::of_call(&error, &[]))?;
    let refused = answer.cancel_steps_info_list().iter();
    let refused = refused.filter(|info| info.status() == Some(&CancelStepsRequestStatus::Failed));
    match refused.map(|info| info.reason()).next() {
        None => Ok(()),
        Some(reason) => Err(AwsError::Service(
            reason.unwrap_or("the step cannot be stopped").to_owned(),
        )),
    }
}

fn seen(step: &StepSummary) -> StepSeen {
    let status = step.status();
    let details = status.and_then(|status| status.failure_details());
    let details = details.and_then(|details| {
        let parts = [details.reason(), details.message()];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(": "))
    });
    let reason = status.and_then(|status| status.state_change_reason());
    let reason = reason.and_then(|reason| reason.message());
    StepSeen {
        id: step.id().unwrap_or_default().to_owned(),
        name: step.name().unwrap_or_default().to_owned(),
        state: StepState::of(status.and_then(|status| status.state())),
        reason: details.or_else(|| reason.map(str::to_owned)),
        args: step
            .config()
            .map(|config| config.args().to_vec())
            .unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_logs_are_those_of_s3() {
        for place in ["s3://acme/logs", "s3n://acme/logs/", "s3a://acme/logs/"] {
            assert_eq!(as_s3(place).as_deref(), Some("s3://acme/logs/"), "{place}");
        }
        for place in ["", "None", "hdfs://logs/"] {
            assert_eq!(as_s3(place), None, "{place}");
        }
    }
}
