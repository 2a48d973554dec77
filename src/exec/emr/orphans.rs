//! Stopping what a runner before has left running on a cluster that is taken over.
//!
//! An instance that is tried again stops its own steps first. One that was cancelled while there was no runner, or whose activity was removed,
//! is not tried again, and other work of the interval may go on using the cluster. So whoever takes a cluster over stops all steps that
//! carry a mark of ours and are not over, before anything works on it: until then none of them is of an attempt that is watched.

use std::sync::Arc;
use std::time::Duration;

use super::calls::Say;
use super::keeping::Keeper;
use super::record::Record;
use super::running::mark_in;
use super::stopping;
use super::tenancy::Standing;
use crate::connect::aws::Sessions;
use crate::connect::aws::emr::StepSeen;

/// How long it is tried to see what there is.
const PATIENCE: Duration = Duration::from_mins(2);

impl Keeper {
    /// Stops the steps on a cluster that is taken over, unless nothing needs it any more: then it is ended with them. Why it cannot be
    /// worked on, if one of them could not be stopped. One whose id is not known yet has had no steps.
    pub(super) async fn stop_orphans(&self, record: &Record) -> Option<String> {
        let standing = Arc::clone(&self.standing);
        let say = move |text: &str| {
            standing.send_replace(Standing::Starting(text.to_owned()));
        };
        let mut orders = self.orders.clone();
        tokio::select! {
            biased;
            _ = orders.wait_for(|orders| !orders.needed) => None,
            why = stop_all(&self.aws, record, &say) => why,
        }
    }
}

/// Stops the steps. What cannot be asked is said by who minds the cluster, and by the work on it.
async fn stop_all(aws: &Sessions, record: &Record, say: Say<'_>) -> Option<String> {
    let cluster = record.id.as_deref()?;
    let session = aws.session(&record.aws).await.ok()?;
    let at = (&session, cluster);
    let steps = Box::pin(stopping::all_steps(at, PATIENCE, &|| false)).await;
    for seen in orphans(steps.ok()?) {
        let StepSeen { id, name, .. } = &seen;
        say(&format!(
            "step {id} (`{name}`) on cluster {cluster} was left by a runner before, and is stopped"
        ));
        if !Box::pin(stopping::end(at, id, say)).await {
            return Some(format!(
                "step {id} (`{name}`), which a runner before had left, could not be stopped"
            ));
        }
        if let Some(tag) = stopping::tag_of(&seen) {
            say(&Box::pin(stopping::end_tagged(at, &tag)).await);
        }
    }
    None
}

/// Those of some steps that nobody watches.
fn orphans(steps: Vec<StepSeen>) -> impl Iterator<Item = StepSeen> {
    let steps = steps.into_iter();
    steps.filter(|seen| !seen.state.is_over() && mark_in(&seen.name).is_some())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::super::standing_in::CLUSTER;
    use super::super::standing_in::StandIn;
    use super::super::standing_in::cluster;
    use super::*;
    use crate::connect::aws::emr::StepState;

    #[test]
    fn orphans_are_steps_of_ours_that_are_not_over() {
        let step = |id: &str, name: &str, state: StepState| StepSeen {
            id: id.to_owned(),
            name: name.to_owned(),
            state,
            reason: None,
            args: Vec::new(),
        };
        let steps = vec![
            step(
                "s-1",
                "report pipeform:0123456789ab 1.1",
                StepState::Running,
            ),
            step(
                "s-2",
                "report pipeform:0123456789ab 1.2",
                StepState::Pending,
            ),
            step(
                "s-3",
                "report pipeform:0123456789ab 1.3",
                StepState::Completed,
            ),
            step("s-4", "Setup hadoop debugging", StepState::Running),
        ];
        let ids: Vec<String> = orphans(steps).map(|seen| seen.id).collect();
        assert_eq!(ids, ["s-1", "s-2"]);
    }

    #[tokio::test]
    async fn what_a_runner_before_has_left_is_stopped_and_nothing_else() {
        let emr = StandIn::new("RUNNING").await;
        let tagged = "--conf spark.yarn.tags=team,pipeform-0123456789ab-2";
        emr.has("report pipeform:0123456789ab 2.1", tagged, "RUNNING");
        emr.has("count pipeform:cdefcdefcdef 1.3", "", "PENDING");
        emr.has("Setup hadoop debugging", "", "RUNNING");
        let mut record = Record::new(&cluster(), 1, Timestamp::UNIX_EPOCH);
        record.id = Some(CLUSTER.to_owned());
        let say = |_: &str| {};
        let why = Box::pin(stop_all(&emr.aws, &record, &say)).await;
        assert_eq!(why, None);
        assert_eq!(emr.calls("CancelSteps"), 2);
        // The last one ends what the first has handed to YARN.
        let states = emr.states();
        assert_eq!(states, ["CANCELLED", "CANCELLED", "RUNNING", "PENDING"]);
    }
}
