//! The rules of the engine, one by one.

mod life;
mod news;
mod operations;
mod runs;
mod stretches;

use jiff::SignedDuration;

use super::CheckResult;
use super::Event;
use super::Limits;
use super::Outcome;
use super::Status;
use super::Unit;
use super::testing::LIMITS;
use super::testing::Rig;
use super::testing::activity;
use super::testing::at;
use super::testing::data_node;
use super::testing::every;
use crate::time::Due;

mod windows;

fn daily(name: &str) -> Unit {
    activity(name).on(every("1 day", "01-05"))
}

#[test]
fn instances_are_made_a_bounded_number_ahead_and_the_rest_follow() {
    let limits = Limits {
        instances_ahead: 2,
        ..LIMITS
    };
    let mut rig = Rig::with(limits, "01-09", [daily("copy")]);
    assert_eq!(
        rig.effects(),
        ["start copy 01-05 #1", "start copy 01-06 #1"]
    );
    rig.finish(&["copy 01-05"]);
    assert_eq!(rig.effects(), ["start copy 01-07 #1"]);
}

#[test]
fn due_at_the_end_or_the_start() {
    for (due, wanted) in [(Due::End, "01-06"), (Due::Start, "01-05")] {
        let unit = activity("copy").on(every("1 day", "01-05").with_due(due));
        let mut rig = Rig::new("01-04", [unit]);
        assert_eq!(rig.wake(), wanted);
        assert_eq!(rig.effects(), ["start copy 01-05 #1"]);
    }
}

#[test]
fn a_horizon_in_the_past_stands_for_the_clock() {
    let limits = Limits {
        horizon: Some(at("01-06")),
        ..LIMITS
    };
    let mut rig = Rig::with(limits, "01-09", [daily("copy")]);
    assert_eq!(rig.effects(), ["start copy 01-05 #1"]);
    rig.finish(&["copy 01-05"]);
    assert_eq!(rig.engine.next_wake(), None);
}

#[test]
fn a_week_waits_for_its_seven_days() {
    let week = activity("week")
        .on(every("7 days", "01-05"))
        .after(&["day"]);
    let mut rig = Rig::new("01-12", [daily("day"), week]);
    assert_eq!(rig.waits("week 01-05").len(), 7);
    for day in 5..12 {
        assert_eq!(rig.status("week 01-05"), Status::WaitingOnDependencies);
        rig.finish(&[&format!("day 01-{day:02}")]);
    }
    assert_eq!(rig.status("week 01-05"), Status::Running);
}

#[test]
fn what_lies_outside_of_a_producer_is_not_waited_for() {
    let early = activity("early")
        .on(every("1 day", "01-01"))
        .after(&["day"]);
    let rig = Rig::new("01-06", [daily("day"), early]);
    assert_eq!(rig.status("early 01-04"), Status::Running);
    assert_eq!(rig.waits("early 01-05"), ["day 01-05 RUNNING"]);
}

#[test]
fn an_on_demand_reader_waits_for_the_first_finished_interval() {
    let report = activity("report").after(&["day"]);
    let mut rig = Rig::new("01-06", [daily("day"), report]);
    rig.trigger("01-06T01", &["report"]);
    assert_eq!(rig.waits("report 01-06T01"), ["the first of day"]);
    rig.finish(&["day 01-05"]);
    assert_eq!(rig.status("report 01-06T01"), Status::Running);
}

#[test]
fn activities_of_one_run_wait_for_each_other() {
    let mut rig = Rig::new("01-05", [activity("a"), activity("b").after(&["a"])]);
    rig.trigger("01-05T01", &["b", "a"]);
    assert_eq!(rig.waits("b 01-05T01"), ["a 01-05T01 RUNNING"]);
    rig.finish(&["a 01-05T01"]);
    assert_eq!(rig.status("b 01-05T01"), Status::Running);
}

#[test]
fn preconditions_are_checked_again_and_at_once_by_a_new_engine() {
    let mut rig = Rig::new("01-06", [daily("copy").guarded()]);
    assert_eq!(rig.effects(), ["check copy 01-05"]);
    rig.checked("copy 01-05", CheckResult::False("not yet".to_owned()));
    assert_eq!(
        rig.waits("copy 01-05"),
        ["preconditions: not yet (01-06T00:01)"]
    );
    rig.crash();
    assert_eq!(rig.effects(), ["check copy 01-05"]);
    rig.checked("copy 01-05", CheckResult::True);
    assert_eq!(rig.effects(), ["start copy 01-05 #1"]);
}

#[test]
fn preconditions_are_looked_at_once_more_when_their_time_is_over() {
    let unit = Unit {
        precondition_timeout: Some(SignedDuration::from_secs(90)),
        ..daily("copy").guarded()
    };
    for (last, wanted) in [
        (CheckResult::True, Status::Running),
        (CheckResult::False("no".to_owned()), Status::Failed),
    ] {
        let mut rig = Rig::new("01-06", [unit.clone()]);
        rig.checked("copy 01-05", CheckResult::False("no".to_owned()));
        rig.tick("01-07");
        rig.checked("copy 01-05", last);
        assert_eq!(rig.status("copy 01-05"), wanted);
    }
}

#[test]
fn the_pause_before_a_retry_doubles_up_to_the_longest() {
    let unit = Unit {
        max_retries: 3,
        max_retry_delay: SignedDuration::from_secs(50),
        ..daily("copy")
    };
    let mut rig = Rig::new("01-06", [unit]);
    for until in ["01-06T00:00:30", "01-06T00:01:20", "01-06T00:02:10"] {
        rig.fail("copy 01-05");
        assert_eq!(rig.waits("copy 01-05"), [format!("retry {until}")]);
        assert_eq!(rig.wake(), until);
    }
    rig.fail("copy 01-05");
    assert_eq!(rig.status("copy 01-05"), Status::Failed);
}

#[test]
fn what_an_operator_cancels_is_not_tried_again() {
    let unit = Unit {
        attempt_timeout: Some(SignedDuration::from_mins(5)),
        ..daily("copy")
    };
    let mut rig = Rig::new("01-06", [unit]);
    rig.cancel("copy 01-05");
    rig.tick("01-06T00:05");
    assert_eq!(
        rig.effects(),
        [
            "start copy 01-05 #1",
            "kill copy 01-05 #1: canceled by maria@laptop"
        ]
    );
    rig.ended("copy 01-05", Outcome::Killed);
    assert_eq!(rig.status("copy 01-05"), Status::Canceled);
}

#[test]
fn a_time_out_is_retried_and_a_drain_costs_no_retry() {
    let unit = Unit {
        attempt_timeout: Some(SignedDuration::from_mins(5)),
        ..daily("copy")
    };
    let mut rig = Rig::new("01-06", [unit]);
    rig.wake();
    rig.ended("copy 01-05", Outcome::Killed);
    assert_eq!(rig.instance("copy 01-05").failures, 1);
    rig.wake();
    rig.event(Event::Drain);
    rig.ended("copy 01-05", Outcome::Killed);
    assert_eq!(rig.instance("copy 01-05").failures, 1);
    assert!(rig.attempts("copy 01-05")[0].starts_with("TIMEDOUT"));
    assert_eq!(rig.status("copy 01-05"), Status::WaitingForRunner);
}

#[test]
fn an_attempt_is_told_why_it_is_to_stop_and_again_when_its_end_is_waited_for() {
    let unit = Unit {
        attempt_timeout: Some(SignedDuration::from_mins(5)),
        ..daily("copy")
    };
    let mut rig = Rig::new("01-06", [unit]);
    rig.effects();
    rig.wake();
    let told = "kill copy 01-05 #1: stopped after its `attempt_timeout` of 5m";
    assert_eq!(rig.effects(), [told]);
    rig.event(Event::Drain);
    let told = "kill copy 01-05 #1: the runner was stopped";
    assert_eq!(rig.effects(), [told]);
    rig.ended("copy 01-05", Outcome::Killed);
    assert_eq!(
        rig.attempts("copy 01-05"),
        ["CANCELED: the runner was stopped"]
    );
}

#[test]
fn failure_goes_through_data_nodes_where_they_cascade() {
    let once = Unit {
        max_retries: 0,
        ..daily("a")
    };
    let node = data_node("n").on(every("1 day", "01-05")).after(&["a"]);
    let last = daily("z").after(&["n"]);
    let plain = [once.clone(), node.clone(), last.clone()];
    let cascading = [once, node.cascading(), last.cascading()];
    for (units, wanted) in [
        (plain, Status::WaitingOnDependencies),
        (cascading, Status::CascadeFailed),
    ] {
        let mut rig = Rig::new("01-06", units);
        rig.fail("a 01-05");
        assert_eq!(rig.status("z 01-05"), wanted);
    }
}

#[test]
fn an_apply_does_not_let_more_run_than_may() {
    let unit = Unit {
        max_active_instances: 1,
        ..daily("copy")
    };
    let mut rig = Rig::new("01-07", [unit.clone()]);
    rig.fail("copy 01-05");
    rig.tick("01-07T01");
    assert_eq!(rig.status("copy 01-06"), Status::Running);
    rig.change(2, [unit]);
    assert_eq!(rig.status("copy 01-05"), Status::WaitingForRunner);
    assert_eq!(rig.waits("copy 01-05"), ["one of 1 places"]);
}

#[test]
fn a_removed_unit_finishes_what_runs_and_gives_up_the_rest() {
    let unit = Unit {
        max_active_instances: 1,
        ..daily("copy")
    };
    let mut rig = Rig::new("01-07", [unit]);
    rig.change(2, []);
    assert_eq!(rig.status("copy 01-06"), Status::Canceled);
    rig.crash();
    assert_eq!(rig.status("copy 01-05"), Status::Canceled);
}

#[test]
fn a_back_fill_does_not_starve_another_unit() {
    let limits = Limits {
        parallelism: 1,
        ..LIMITS
    };
    let units = [daily("a"), activity("z").on(every("1 day", "01-08"))];
    let mut rig = Rig::with(limits, "01-09", units);
    rig.finish(&["a 01-05"]);
    assert_eq!(rig.effects(), ["start a 01-05 #1", "start z 01-08 #1"]);
}

#[test]
fn twenty_thousand_instances() {
    let units =
        (0..200).map(|number| activity(&format!("unit{number}")).on(every("1 hour", "01-05")));
    let mut rig = Rig::new("01-09T04", units);
    let mut finished = 0;
    let mut open = rig.effects();
    while let Some(started) = open.pop() {
        let name = started.strip_prefix("start ").unwrap().to_owned();
        let name = name.strip_suffix(" #1").unwrap();
        let mut split = name.split(' ');
        let object = super::testing::address(split.next().unwrap());
        let start = at(split.next().unwrap());
        let end = start.checked_add(SignedDuration::from_hours(1)).unwrap();
        rig.event(Event::AttemptEnded {
            key: super::InstanceKey {
                object,
                interval: crate::time::Interval { start, end },
            },
            number: 1,
            outcome: Outcome::Finished,
        });
        finished += 1;
        open.extend(rig.effects());
    }
    assert_eq!(finished, 20_000);
}
