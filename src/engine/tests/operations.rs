//! What operators ask for, and what `catch_up` passes over.

use super::super::CatchUp;
use super::super::Limits;
use super::super::Operation;
use super::super::Outcome;
use super::super::Paused;
use super::super::Status;
use super::super::Unit;
use super::super::testing::LIMITS;
use super::super::testing::Rig;
use super::super::testing::activity;
use super::super::testing::address;
use super::super::testing::at;
use super::super::testing::data_node;
use super::super::testing::every;
use super::daily;
use crate::time::Period;
use crate::time::Schedule;

const RERUN: Operation = Operation::Rerun {
    as_was: false,
    restart: false,
};

fn once(unit: Unit) -> Unit {
    Unit {
        max_retries: 0,
        ..unit
    }
}

/// `a` writes the node `n`, which `z` reads.
fn chain() -> [Unit; 3] {
    let node = data_node("n").on(every("1 day", "01-05")).after(&["a"]);
    [once(daily("a")), node, once(daily("z")).after(&["n"])]
}

#[test]
fn a_rerun_takes_the_current_definition_new_retries_and_the_next_number() {
    for (as_was, wanted) in [(false, 2), (true, 1)] {
        let mut rig = Rig::new("01-06", [once(daily("a"))]);
        rig.fail("a 01-05");
        rig.change(2, [once(daily("a"))]);
        assert_eq!(
            rig.operate(
                Operation::Rerun {
                    as_was,
                    restart: false
                },
                &["a 01-05"]
            ),
            1
        );
        let instance = rig.instance("a 01-05");
        assert_eq!((instance.attempts, instance.failures), (2, 0));
        assert_eq!(instance.definition, Some(wanted));
        rig.finish(&["a 01-05"]);
        assert_eq!(rig.status("a 01-05"), Status::Finished);
    }
}

#[test]
fn what_runs_or_waits_is_not_run_again_and_what_has_finished_is() {
    let mut rig = Rig::new("01-07", [daily("a")]);
    rig.finish(&["a 01-05"]);
    assert_eq!(rig.operate(RERUN, &["a 01-05", "a 01-06"]), 1);
    rig.crash();
    assert_eq!(rig.status("a 01-05"), Status::Running);
    assert_eq!(rig.attempts("a 01-05").len(), 3);
}

#[test]
fn the_data_of_a_rerun_is_not_there_until_it_has_finished() {
    let week = activity("week").on(every("7 days", "01-05")).after(&["n"]);
    let [a, n, z] = chain();
    let mut rig = Rig::new("01-11", [a, n, z, week]);
    for day in 5..11 {
        rig.finish(&[&format!("a 01-{day:02}"), &format!("z 01-{day:02}")]);
    }
    rig.operate(RERUN, &["a 01-05"]);
    assert_eq!(rig.status("n 01-05"), Status::WaitingOnDependencies);
    assert_eq!(rig.status("z 01-05"), Status::Finished);
    rig.tick("01-12");
    rig.finish(&["a 01-11"]);
    assert_eq!(rig.waits("week 01-05"), ["n 01-05 WAITING_ON_DEPENDENCIES"]);
    rig.finish(&["a 01-05"]);
    assert_eq!(rig.status("week 01-05"), Status::Running);
}

/// Also what is under way.
const RESTART: Operation = Operation::Rerun {
    as_was: false,
    restart: true,
};

#[test]
fn what_is_under_way_is_stopped_and_runs_after_what_it_depends_on() {
    let mut rig = Rig::new("01-06", chain());
    rig.finish(&["a 01-05"]);
    assert_eq!(rig.status("z 01-05"), Status::Running);
    assert_eq!(rig.operate(RESTART, &["a 01-05", "z 01-05"]), 2);
    assert_eq!(rig.status("z 01-05"), Status::Running);
    rig.finish(&["a 01-05"]);
    assert_eq!(rig.status("z 01-05"), Status::Running);
    rig.ended("z 01-05", Outcome::Killed);
    let why = "CANCELED: stopped by maria@laptop, to start again";
    assert_eq!(rig.attempts("z 01-05")[0], why);
    assert_eq!(rig.status("z 01-05"), Status::Running);
    assert_eq!(rig.instance("z 01-05").attempts, 2);
    rig.finish(&["z 01-05"]);
    assert_eq!(rig.status("z 01-05"), Status::Finished);
}

#[test]
fn what_finishes_before_it_could_be_stopped_waits_for_the_rerun_all_the_same() {
    let mut rig = Rig::new("01-06", chain());
    rig.finish(&["a 01-05"]);
    rig.operate(RESTART, &["a 01-05", "z 01-05"]);
    rig.ended("z 01-05", Outcome::Finished);
    assert_eq!(rig.status("z 01-05"), Status::WaitingOnDependencies);
    rig.finish(&["a 01-05", "z 01-05"]);
    assert_eq!(rig.status("z 01-05"), Status::Finished);
    assert_eq!(rig.instance("z 01-05").attempts, 2);
}

#[test]
fn what_waits_for_its_next_attempt_waits_for_the_rerun_first() {
    let [a, n, z] = chain();
    let z = Unit {
        max_retries: 3,
        ..z
    };
    let mut rig = Rig::new("01-06", [a, n, z]);
    rig.finish(&["a 01-05"]);
    rig.ended("z 01-05", Outcome::Failed("no".to_owned()));
    assert_eq!(rig.status("z 01-05"), Status::WaitingForRunner);
    assert_eq!(rig.operate(RESTART, &["a 01-05", "z 01-05"]), 2);
    assert_eq!(rig.status("z 01-05"), Status::WaitingOnDependencies);
    rig.finish(&["a 01-05", "z 01-05"]);
    assert_eq!(rig.instance("z 01-05").failures, 0);
}

#[test]
fn a_runner_that_takes_over_knows_what_was_to_be_restarted() {
    let mut rig = Rig::new("01-06", chain());
    rig.finish(&["a 01-05"]);
    rig.operate(RESTART, &["a 01-05", "z 01-05"]);
    rig.crash();
    assert_eq!(rig.status("z 01-05"), Status::WaitingOnDependencies);
    rig.finish(&["a 01-05", "z 01-05"]);
    assert_eq!(rig.status("z 01-05"), Status::Finished);
}

#[test]
fn what_is_canceled_after_all_is_not_restarted() {
    let mut rig = Rig::new("01-06", chain());
    rig.finish(&["a 01-05"]);
    rig.operate(RESTART, &["a 01-05", "z 01-05"]);
    rig.operate(Operation::Cancel, &["z 01-05"]);
    rig.ended("z 01-05", Outcome::Killed);
    assert_eq!(rig.status("z 01-05"), Status::Canceled);
}

#[test]
fn consumers_are_found_through_data_nodes() {
    let rig = Rig::new("01-06", chain());
    let node = rig.engine.consumers_of(&rig.key("a 01-05"));
    assert_eq!(node, [rig.key("n 01-05")]);
    assert_eq!(rig.engine.consumers_of(&node[0]), [rig.key("z 01-05")]);
}

#[test]
fn what_gave_up_with_something_goes_on_with_its_rerun() {
    let units = chain().map(Unit::cascading);
    let mut rig = Rig::new("01-06", units);
    rig.fail("a 01-05");
    assert_eq!(rig.status("z 01-05"), Status::CascadeFailed);
    rig.operate(RERUN, &["z 01-05"]);
    assert_eq!(rig.status("z 01-05"), Status::CascadeFailed);
    rig.operate(RERUN, &["a 01-05"]);
    assert_eq!(rig.status("z 01-05"), Status::WaitingOnDependencies);
    rig.finish(&["a 01-05", "z 01-05"]);
    assert_eq!(rig.status("z 01-05"), Status::Finished);
}

#[test]
fn what_gave_up_names_the_interval_in_the_zone_of_its_schedule() {
    let zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
    let start = jiff::civil::date(2026, 1, 5).at(0, 0, 0, 0);
    let daily = Schedule::new(start, Period::parse("1 day").unwrap(), zone).unwrap();
    let one = once(activity("one").on(daily.clone()));
    let other = activity("other").on(daily).after(&["one"]).cascading();
    let mut rig = Rig::new("01-06", [one, other]);
    rig.fail("one 01-04T23");
    let other = rig.instance("other 01-04T23");
    assert_eq!(other.status, Status::CascadeFailed);
    let reason = "one for 2026-01-05 did not succeed";
    assert_eq!(other.reason.as_deref(), Some(reason));
}

#[test]
fn what_gave_up_goes_on_with_a_rerun_also_where_nothing_gives_up_any_more() {
    let mut rig = Rig::new("01-06", chain().map(Unit::cascading));
    rig.fail("a 01-05");
    rig.change(2, chain());
    assert_eq!(rig.status("z 01-05"), Status::CascadeFailed);
    rig.operate(RERUN, &["a 01-05"]);
    assert_eq!(rig.status("z 01-05"), Status::WaitingOnDependencies);
    rig.finish(&["a 01-05", "z 01-05"]);
    assert_eq!(rig.status("z 01-05"), Status::Finished);
}

#[test]
fn what_gave_up_with_something_goes_on_when_that_is_counted_as_finished() {
    let units = chain().map(Unit::cascading);
    let mut rig = Rig::new("01-06", units);
    rig.fail("a 01-05");
    assert_eq!(rig.status("z 01-05"), Status::CascadeFailed);
    assert_eq!(rig.operate(Operation::MarkFinished, &["a 01-05"]), 1);
    assert_eq!(rig.status("z 01-05"), Status::Running);
    rig.finish(&["z 01-05"]);
    assert_eq!(rig.status("z 01-05"), Status::Finished);
}

#[test]
fn what_gave_up_with_something_else_too_does_not_go_on() {
    let z = once(daily("z")).after(&["a", "b"]).cascading();
    let last = once(daily("last")).after(&["z"]).cascading();
    let mut rig = Rig::new("01-06", [once(daily("a")), once(daily("b")), z, last]);
    rig.fail("a 01-05");
    rig.fail("b 01-05");
    rig.operate(Operation::MarkFinished, &["a 01-05"]);
    assert_eq!(rig.status("z 01-05"), Status::CascadeFailed);
    assert_eq!(rig.status("last 01-05"), Status::CascadeFailed);
    rig.operate(Operation::MarkFinished, &["b 01-05"]);
    assert_eq!(rig.status("z 01-05"), Status::Running);
    assert_eq!(rig.status("last 01-05"), Status::WaitingOnDependencies);
}

#[test]
fn what_could_start_waits_for_a_rerun_of_what_it_depends_on() {
    let limits = Limits {
        parallelism: 1,
        ..LIMITS
    };
    let busy = Unit {
        priority: 5,
        ..daily("busy")
    };
    let z = daily("z").after(&["a"]);
    let a = Unit {
        priority: 9,
        ..daily("a")
    };
    let mut rig = Rig::with(limits, "01-06", [a, busy, z]);
    rig.finish(&["a 01-05"]);
    assert_eq!(rig.status("z 01-05"), Status::WaitingForRunner);
    rig.operate(RERUN, &["a 01-05"]);
    assert_eq!(rig.status("z 01-05"), Status::WaitingOnDependencies);
    rig.finish(&["busy 01-05", "a 01-05", "z 01-05"]);
}

#[test]
fn what_is_canceled_while_it_runs_stays_so_when_its_runner_dies() {
    let mut rig = Rig::new("01-06", [daily("a")]);
    rig.cancel("a 01-05");
    assert_eq!(rig.status("a 01-05"), Status::Running);
    rig.crash();
    let instance = rig.instance("a 01-05");
    assert_eq!(instance.status, Status::Canceled);
    assert_eq!(instance.reason.as_deref(), Some("canceled by maria@laptop"));
}

#[test]
fn what_is_not_made_yet_is_canceled_held_and_counted_as_finished_too() {
    let limits = Limits {
        instances_ahead: 1,
        ..LIMITS
    };
    for (operation, wanted) in [
        (Operation::Cancel, Status::Canceled),
        (Operation::Pause, Status::Paused),
        (Operation::MarkFinished, Status::Finished),
    ] {
        let mut rig = Rig::with(limits, "01-09", [daily("a")]);
        assert_eq!(rig.operate_on_unmade(operation, "a", false), 3);
        rig.effects();
        rig.finish(&["a 01-05"]);
        rig.crash();
        for day in ["a 01-06", "a 01-07", "a 01-08"] {
            assert_eq!(rig.status(day), wanted);
        }
        assert_eq!(rig.effects(), [""; 0]);
        rig.tick("01-10");
        assert_eq!(rig.effects(), ["start a 01-09 #1"]);
    }
}

#[test]
fn counting_as_finished_lets_consumers_go_on_and_runs_no_actions() {
    let a = Unit {
        on_success: vec![address("mail")],
        on_fail: vec![address("mail")],
        ..once(daily("a"))
    };
    let mut rig = Rig::new("01-07", [a, daily("z").after(&["a"])]);
    rig.fail("a 01-05");
    rig.effects();
    assert_eq!(
        rig.operate(Operation::MarkFinished, &["a 01-05", "a 01-06"]),
        2
    );
    assert_eq!(
        rig.effects(),
        [
            "kill a 01-06 #1: marked as finished by maria@laptop",
            "start z 01-05 #1"
        ]
    );
    rig.ended("a 01-06", Outcome::Killed);
    assert_eq!(rig.effects(), ["start z 01-06 #1"]);
    assert_eq!(
        rig.attempts("a 01-06"),
        ["CANCELED: marked as finished by maria@laptop"]
    );
    assert_eq!(rig.operate(Operation::MarkFinished, &["a 01-06"]), 0);
}

#[test]
fn held_instances_go_on_where_they_were() {
    let limits = Limits {
        parallelism: 1,
        ..LIMITS
    };
    let mut rig = Rig::with(limits, "01-07", [daily("a")]);
    assert_eq!(rig.operate(Operation::Pause, &["a 01-05", "a 01-06"]), 1);
    rig.finish(&["a 01-05"]);
    assert_eq!(rig.status("a 01-06"), Status::Paused);
    rig.crash();
    assert_eq!(rig.operate(Operation::Resume, &["a 01-06"]), 1);
    assert_eq!(rig.status("a 01-06"), Status::Running);
}

#[test]
fn a_held_unit_makes_and_starts_nothing_until_it_is_let_go() {
    let mut rig = Rig::new("01-06", [once(daily("a"))]);
    rig.finish(&["a 01-05"]);
    let mut held = super::super::testing::definition(1, [once(daily("a"))]);
    let paused = Paused {
        who: "maria@laptop".to_owned(),
        since: at("01-06"),
    };
    held.pause(&[(address("a"), paused)].into());
    rig.adopt(held);
    rig.effects();
    rig.tick("01-08");
    assert_eq!(rig.effects(), [""; 0]);
    rig.change(1, [once(daily("a"))]);
    assert_eq!(rig.effects(), ["start a 01-06 #1", "start a 01-07 #1"]);
}

#[test]
fn what_is_due_of_a_held_unit_is_counted_as_it_is_made_when_that_is_let_go() {
    let all = ["start a 01-05 #1", "start a 01-06 #1", "start a 01-07 #1"];
    for (catch_up, since, made) in [
        (CatchUp::All, "01-05", &all[..]),
        (CatchUp::Latest, "01-08", &all[2..]),
        (CatchUp::None, "01-06", &all[2..]),
        (CatchUp::None, "01-08", &[]),
    ] {
        let unit = Unit {
            catch_up,
            since: Some(at(since)),
            ..daily("a")
        };
        let mut rig = Rig::new("01-05", [unit.clone()]);
        let mut held = super::super::testing::definition(1, [unit.clone()]);
        let paused = Paused {
            who: "maria@laptop".to_owned(),
            since: at("01-05"),
        };
        held.pause(&[(address("a"), paused)].into());
        rig.adopt(held);
        rig.tick("01-08");
        let counted = rig.engine.to_catch_up(&address("a"), at("01-08"));
        assert_eq!(counted, made.len() as u64, "{catch_up:?} since {since}");
        rig.change(1, [unit]);
        assert_eq!(rig.effects(), made);
        assert_eq!(rig.engine.to_catch_up(&address("a"), at("01-08")), 0);
    }
}

#[test]
fn only_the_newest_is_made_up_for_and_nobody_waits_for_the_others() {
    let a = Unit {
        catch_up: CatchUp::Latest,
        ..daily("a")
    };
    let week = activity("week").on(every("7 days", "01-05")).after(&["a"]);
    let mut rig = Rig::new("01-12", [a, week]);
    assert_eq!(rig.effects(), ["start a 01-11 #1"]);
    assert_eq!(rig.waits("week 01-05"), ["a 01-11 RUNNING"]);
    rig.finish(&["a 01-11"]);
    assert_eq!(rig.effects(), ["start week 01-05 #1"]);
    rig.tick("01-15");
    assert_eq!(rig.effects(), ["start a 01-14 #1"]);
    let passed_over = rig.engine.passed_over(&address("a"), 9);
    let days = passed_over.iter().map(|it| (it.start, it.end));
    assert!(days.eq([(at("01-05"), at("01-11")), (at("01-12"), at("01-14"))]));
}

#[test]
fn a_data_node_is_passed_over_with_its_writer_also_where_it_is_looked_at_first() {
    for (period, now, newest) in [("1 day", "01-12", "01-11"), ("1 week", "01-20", "01-12")] {
        let writer = Unit {
            catch_up: CatchUp::Latest,
            ..activity("z").on(every(period, "01-05"))
        };
        let node = data_node("a").on(every("1 day", "01-05")).after(&["z"]);
        let mut rig = Rig::new(now, [node, writer]);
        let oldest = format!("a {newest} WAITING_ON_DEPENDENCIES");
        assert_eq!(rig.statuses()[0], oldest);
        let passed_over = rig.engine.passed_over(&address("a"), 9);
        let days = passed_over.iter().map(|it| (it.start, it.end));
        assert!(days.eq([(at("01-05"), at(newest))]), "{passed_over:?}");
        rig.finish(&[&format!("z {newest}")]);
        assert_eq!(rig.status(&format!("a {newest}")), Status::Finished);
    }
}

#[test]
fn with_none_what_was_due_before_is_passed_over_too() {
    let a = Unit {
        catch_up: CatchUp::None,
        since: Some(at("01-08T12")),
        ..daily("a")
    };
    let mut rig = Rig::new("01-08T12", [a]);
    assert_eq!(rig.effects(), [""; 0]);
    rig.crash();
    assert_eq!(rig.wake(), "01-09");
    assert_eq!(rig.effects(), ["start a 01-08 #1"]);
    rig.tick("01-12");
    assert_eq!(rig.effects(), ["start a 01-11 #1"]);
}

#[test]
fn what_was_passed_over_can_be_back_filled_and_starts_after_the_rest() {
    let limits = Limits {
        parallelism: 1,
        ..LIMITS
    };
    let a = Unit {
        catch_up: CatchUp::Latest,
        ..daily("a")
    };
    let mut rig = Rig::with(limits, "01-08", [a]);
    assert_eq!(rig.effects(), ["start a 01-07 #1"]);
    assert_eq!(rig.operate_on_unmade(Operation::Backfill, "a", true), 2);
    assert_eq!(rig.operate_on_unmade(Operation::Backfill, "a", true), 0);
    rig.tick("01-09");
    for wanted in ["a 01-07", "a 01-08", "a 01-05", "a 01-06"] {
        rig.finish(&[wanted]);
    }
    rig.crash();
    assert_eq!(rig.operate_on_unmade(Operation::Backfill, "a", true), 0);
}

#[test]
fn what_nobody_wrote_is_not_there_and_a_back_fill_waits_for_it() {
    let copy = Unit {
        catch_up: CatchUp::Latest,
        ..daily("copy")
    };
    let node = data_node("data")
        .on(every("1 day", "01-05"))
        .after(&["copy"]);
    let load = Unit {
        catch_up: CatchUp::Latest,
        ..daily("load").after(&["data"])
    };
    let mut rig = Rig::new("01-12", [copy, node, load]);
    assert_eq!(rig.effects(), ["start copy 01-11 #1"]);
    rig.finish(&["copy 01-11", "load 01-11"]);
    assert_eq!(rig.effects(), ["start load 01-11 #1"]);
    let made = rig.statuses();
    assert_eq!(made.len(), 3, "{made:?}");
    assert_eq!(rig.operate_on_unmade(Operation::Backfill, "copy", true), 6);
    assert_eq!(rig.operate_on_unmade(Operation::Backfill, "load", true), 6);
    let started = rig.effects();
    assert!(
        started.iter().all(|started| started.contains("copy")),
        "{started:?}"
    );
    rig.finish(&["copy 01-05"]);
    assert!(rig.effects().contains(&"start load 01-05 #1".to_owned()));
}

#[test]
fn what_was_begun_when_its_runner_died_does_not_wait_for_what_is_back_filled_then() {
    // Whether the attempt really began is not known: it is a retry, as after a failure.
    let latest = Unit {
        catch_up: CatchUp::Latest,
        ..daily("a")
    };
    let week = activity("week").on(every("7 days", "01-05")).after(&["a"]);
    let mut rig = Rig::new("01-12", [latest, week]);
    rig.finish(&["a 01-11"]);
    assert_eq!(rig.effects(), ["start a 01-11 #1", "start week 01-05 #1"]);
    rig.crash();
    assert_eq!(rig.effects(), ["start week 01-05 #2"]);
    rig.operate_on_unmade(Operation::Backfill, "a", true);
    rig.crash();
    assert_eq!(rig.attempts("week 01-05").len(), 3);
    assert_eq!(rig.status("week 01-05"), Status::Running);
}

#[test]
fn a_trigger_beside_a_runner_leaves_everything_else_to_it() {
    let silent = Unit {
        report_progress_timeout: jiff::SignedDuration::from_hours(1),
        ..activity("a")
    };
    let mut rig = Rig::new("01-06", [silent, activity("b"), daily("c")]);
    rig.trigger("01-06", &["a"]);
    // By now nothing was heard of `a` for too long, as far as the state says, and `c` is due again.
    let mut beside = rig.engine.clone();
    let made = beside.triggered(&[address("b")], at("01-08"));
    let made: Vec<_> = made
        .iter()
        .map(|it| (it.key.object.as_str(), it.status))
        .collect();
    assert_eq!(made, [("b", Status::WaitingForRunner)]);
}

#[test]
fn a_rerun_with_consumers_runs_each_of_them_again_once() {
    let mut rig = Rig::new("01-06", chain());
    rig.finish(&["a 01-05", "z 01-05"]);
    let as_was = Operation::Rerun {
        as_was: true,
        restart: true,
    };
    rig.effects();
    assert_eq!(rig.operate(as_was, &["a 01-05", "z 01-05"]), 2);
    assert_eq!(rig.effects(), ["start a 01-05 #2"]);
    rig.finish(&["a 01-05"]);
    assert_eq!(rig.effects(), ["start z 01-05 #2"]);
}

#[test]
fn what_could_start_waits_for_the_rerun_of_what_is_on_demand() {
    let busy = Unit {
        max_active_instances: 0,
        ..daily("b").after(&["a"])
    };
    let mut rig = Rig::new("01-05T06", [activity("a"), busy]);
    rig.trigger("01-05T06", &["a"]);
    rig.finish(&["a 01-05T06"]);
    rig.tick("01-06");
    assert_eq!(rig.status("b 01-05"), Status::WaitingForRunner);
    rig.operate(RERUN, &["a 01-05T06"]);
    assert_eq!(rig.status("b 01-05"), Status::WaitingOnDependencies);
    rig.finish(&["a 01-05T06"]);
    assert_eq!(rig.status("b 01-05"), Status::WaitingForRunner);
}
