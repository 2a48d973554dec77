//! Stopping steps: those of an attempt that is cancelled, and those that an attempt before has left because its runner was killed.

use std::time::Duration;

use super::calls;
use super::calls::Say;
use super::patience::Pauses;
use super::patience::is_passing;
use super::patience::until_seen;
use super::running::Place;
use super::running::mark_in;
use super::running::tag_by_name;
use crate::connect::aws::AwsError;
use crate::connect::aws::Session;
use crate::connect::aws::emr;
use crate::connect::aws::emr::StepRequest;
use crate::connect::aws::emr::StepSeen;
use crate::connect::aws::emr::Stopping;
use crate::exec::ExecError;

/// How long a step may take to end after it was asked to, and then after its process was ended.
const PATIENCE: Duration = Duration::from_secs(30);

/// The longest pause before it is looked again whether a step is over.
const LOOK: Duration = Duration::from_secs(5);

/// Ends the applications with a tag, those that wait, too.
const END_APPLICATIONS: &str = "yarn application -list -appTags \"$1\" | grep -o '^application_[0-9_]*' | xargs -r -n 1 yarn application -kill";

/// How long it is tried to see what an attempt before has left.
const LEFTOVERS: Duration = Duration::from_mins(10);

/// A cluster, and how EMR is reached.
pub(super) type At<'a> = (&'a Session, &'a str);

/// Stops a step, and waits for its end. One that cannot be stopped takes its cluster with it.
pub(super) async fn stop(place: &Place<'_>, step: &str) {
    let say = |text: &str| place.ctx.log.line(text);
    if end((&place.session, place.id.as_str()), step, &say).await {
        return;
    }
    let why = format!("step {step} could not be stopped");
    say(&format!("{why}: cluster {} is ended", place.id));
    place.tenancy.end(&place.id, &why);
}

/// Asks a step to end, then has its process ended, and waits for that. Whether it is over.
pub(super) async fn end(at: At<'_>, step: &str, say: Say<'_>) -> bool {
    let (session, cluster) = at;
    for how in [Stopping::Interrupt, Stopping::Terminate] {
        let asked = emr::cancel_step(session, cluster, step, how).await;
        if let Err(error) = asked {
            say(&format!("step {step} is not stopped yet: {error}"));
        }
        if over(at, step).await {
            say(&format!("step {step} was stopped"));
            return true;
        }
    }
    false
}

/// Waits until a step is over, for a while. Whether it is.
async fn over((session, cluster): At<'_>, step: &str) -> bool {
    let ids = [step.to_owned()];
    let until = async {
        let mut pauses = Pauses::up_to(LOOK);
        loop {
            let steps = emr::list_steps(session, cluster, &ids).await;
            // One that was added just now may not be listed yet.
            if steps.is_ok_and(|steps| steps.iter().any(|seen| seen.state.is_over())) {
                return;
            }
            pauses.rest().await;
        }
    };
    tokio::time::timeout(PATIENCE, until).await.is_ok()
}

/// Stops what earlier attempts of the same instance have left on the cluster, so that nothing is done twice at once.
pub(super) async fn leftovers(place: &Place<'_>) -> Result<(), ExecError> {
    let steps = steps_of(place, LEFTOVERS).await;
    let steps = steps.map_err(|error| {
        ExecError::Failed(format!(
            "it cannot be seen what runs on cluster {}: {error}",
            place.id
        ))
    })?;
    let left = |seen: &StepSeen| !seen.state.is_over() && seen.name.contains(&place.mark);
    for seen in steps.into_iter().filter(left) {
        place.ctx.log.line(&format!(
            "step {} (`{}`) was left by an attempt before, and is stopped",
            seen.id, seen.name
        ));
        stop(place, &seen.id).await;
        if let Some(tag) = tag_of(&seen) {
            end_applications(place, &tag).await;
        }
    }
    Ok(())
}

/// The tag of what a step has handed to YARN. `None`: it hands nothing over.
pub(super) fn tag_of(seen: &StepSeen) -> Option<String> {
    let tag = tag_by_name(mark_in(&seen.name)?, &seen.name)?;
    let hands_over = seen.args.iter().any(|arg| arg.contains(&tag));
    hands_over.then_some(tag)
}

/// Ends the applications of YARN that a step has handed over before it was stopped. A step does it, which is not waited for: it comes before
/// all that is added later.
pub(super) async fn end_applications(place: &Place<'_>, tag: &str) {
    let text = end_tagged((&place.session, place.id.as_str()), tag).await;
    place.ctx.log.line(&text);
}

/// Adds the step that ends all applications with a tag. What came of it.
pub(super) async fn end_tagged((session, cluster): At<'_>, tag: &str) -> String {
    let words = ["bash", "-c", END_APPLICATIONS, "bash", tag];
    let step = StepRequest {
        name: format!("end the applications of {tag}"),
        jar: "command-runner.jar".to_owned(),
        args: words.map(str::to_owned).into(),
        ..StepRequest::default()
    };
    let adding = Box::pin(calls::add_step(session, cluster, &step));
    match tokio::time::timeout(PATIENCE, adding).await {
        Ok(Ok(id)) => format!("what it has handed to YARN is ended by step {id}"),
        Ok(Err(error)) => format!("warning: what it has handed to YARN may go on: {error}"),
        Err(_) => "warning: what it has handed to YARN may go on: EMR takes no step".to_owned(),
    }
}

/// Stops the step of a name, if there is one: it was being added when its attempt was cancelled, and may be seen some seconds later.
pub(super) async fn stop_if_there(place: &Place<'_>, name: &str) {
    match until_seen(|| Box::pin(step_of(place, name))).await {
        Ok(Some(id)) => stop(place, &id).await,
        Ok(None) => {}
        Err(error) => place.ctx.log.line(&format!(
            "warning: it cannot be seen whether step `{name}` was added to cluster {}: {error}",
            place.id
        )),
    }
}

/// The id of the step of a name, if there is one.
async fn step_of(place: &Place<'_>, name: &str) -> Result<Option<String>, AwsError> {
    let steps = steps_of(place, PATIENCE).await?;
    let found = steps.into_iter().find(|seen| seen.name == name);
    Ok(found.map(|seen| seen.id))
}

/// All steps of the cluster of an attempt. Once that is cancelled, it is not waited for much longer.
async fn steps_of(place: &Place<'_>, patience: Duration) -> Result<Vec<StepSeen>, AwsError> {
    let is_cancelled = || place.ctx.cancel.is_cancelled();
    all_steps((&place.session, place.id.as_str()), patience, &is_cancelled).await
}

/// All steps of a cluster. While EMR is not reached, or says that there are too many calls, it is asked again for so long; not much longer
/// once it is in a hurry.
pub(super) async fn all_steps(
    (session, cluster): At<'_>,
    patience: Duration,
    hurry: &(dyn Fn() -> bool + Send + Sync),
) -> Result<Vec<StepSeen>, AwsError> {
    let (mut pauses, mut left) = (Pauses::new(), patience);
    loop {
        let error = match emr::all_steps(session, cluster).await {
            Ok(steps) => return Ok(steps),
            Err(error) => error,
        };
        if hurry() {
            left = left.min(PATIENCE);
        }
        if !is_passing(&error) || left.is_zero() {
            return Err(error);
        }
        left = left.saturating_sub(pauses.rest().await);
    }
}
