//! Steps of one attempt, at an EMR that loses answers, says that there are too many calls, and ends clusters.

use std::time::Duration;

use super::Standing;
use super::standing_in::Harm;
use super::standing_in::StandIn;

#[tokio::test]
async fn a_step_whose_answer_is_lost_is_added_once() {
    let emr = StandIn::new("COMPLETED").await;
    emr.harm("AddJobFlowSteps", Harm::Lost, 1);
    emr.run().await.unwrap();
    assert_eq!(emr.calls("AddJobFlowSteps"), 1);
    assert_eq!(emr.states(), ["COMPLETED"]);
}

#[tokio::test]
async fn a_step_that_is_refused_as_one_of_too_many_is_added_later() {
    let emr = StandIn::new("COMPLETED").await;
    emr.harm("AddJobFlowSteps", Harm::Throttled, 1);
    emr.run().await.unwrap();
    assert_eq!(emr.calls("AddJobFlowSteps"), 2);
    assert_eq!(emr.states(), ["COMPLETED"]);
}

#[tokio::test]
async fn too_many_calls_are_told_and_made_again() {
    let emr = StandIn::new("COMPLETED").await;
    emr.harm("ListSteps", Harm::Throttled, 1);
    emr.harm("ListSteps by id", Harm::Throttled, 2);
    emr.run().await.unwrap();
    assert_eq!(emr.calls("ListSteps"), 2);
    assert_eq!(emr.calls("ListSteps by id"), 3);
    let log = emr.log();
    assert!(log.contains("too many calls"), "{log}");
}

#[tokio::test]
async fn a_step_that_ends_with_its_cluster_fails_because_of_that() {
    let emr = StandIn::new("CANCELLED").await;
    let why = "cluster j-1 is TERMINATED_WITH_ERRORS: The master machine was lost";
    // Who keeps the cluster hears of its end later than the attempt of that of its step.
    let verdict = async {
        while emr.calls("ListSteps by id") == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        emr.standing.send_replace(Standing::Broken(why.to_owned()));
    };
    let (result, ()) = tokio::join!(emr.run(), verdict);
    assert_eq!(result.unwrap_err().to_string(), why);
}

#[tokio::test]
async fn a_step_that_fails_says_which_and_where() {
    let emr = StandIn::new("FAILED").await;
    let error = emr.run().await.unwrap_err().to_string();
    assert_eq!(error, "step 1 of 1 `report` (s-1) on cluster j-1 is FAILED");
}
