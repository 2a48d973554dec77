//! Stopping steps: those of an attempt that is cancelled, and those that an attempt before has left because its runner was killed.

use std::time::Duration;

use super::running::Place;
use super::watching::jittered;
use crate::connect::aws::emr;
use crate::connect::aws::emr::StepSeen;
use crate::connect::aws::emr::Stopping;
use crate::exec::ExecError;

/// How long a step may take to end after it was asked to, and then after its process was ended.
const PATIENCE: Duration = Duration::from_secs(30);

/// The pause before it is looked again.
const PAUSE: Duration = Duration::from_millis(500);

/// Stops a step, and waits for its end. One that cannot be stopped takes its cluster with it.
pub(super) async fn stop(place: &Place<'_>, step: &str) {
    for how in [Stopping::Interrupt, Stopping::Terminate] {
        let asked = emr::cancel_step(&place.session, &place.id, step, how).await;
        if let Err(error) = asked {
            place
                .ctx
                .log
                .line(&format!("step {step} is not stopped yet: {error}"));
        }
        if over(place, step).await {
            place.ctx.log.line(&format!("step {step} was stopped"));
            return;
        }
    }
    let why = format!("step {step} could not be stopped");
    place
        .ctx
        .log
        .line(&format!("{why}: cluster {} is ended", place.id));
    place.tenancy.end(&place.id, &why);
}

/// Waits until a step is over, for a while. Whether it is.
async fn over(place: &Place<'_>, step: &str) -> bool {
    let ids = [step.to_owned()];
    let until = async {
        let mut pause = PAUSE;
        loop {
            let steps = emr::list_steps(&place.session, &place.id, &ids).await;
            match steps {
                Ok(steps) if steps.iter().all(|seen| seen.state.is_over()) => return,
                _ => tokio::time::sleep(jittered(pause)).await,
            }
            pause = (pause * 2).min(Duration::from_secs(5));
        }
    };
    tokio::time::timeout(PATIENCE, until).await.is_ok()
}

/// Stops what earlier attempts of the same instance have left on the cluster, so that nothing is done twice at once.
pub(super) async fn leftovers(place: &Place<'_>) -> Result<(), ExecError> {
    let steps = emr::all_steps(&place.session, &place.id).await;
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
    }
    Ok(())
}
