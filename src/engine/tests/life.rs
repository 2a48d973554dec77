//! The life of an instance: pauses between attempts, heartbeats, lateness, places.

use jiff::SignedDuration;

use super::super::Backoff;
use super::super::Event;
use super::super::InstanceOrder;
use super::super::Limits;
use super::super::Outcome;
use super::super::PoolShare;
use super::super::Status;
use super::super::Unit;
use super::super::testing::LIMITS;
use super::super::testing::Rig;
use super::super::testing::activity;
use super::super::testing::address;
use super::super::testing::every;
use super::daily;

fn late(unit: Unit) -> Unit {
    Unit {
        late_after: Some(SignedDuration::from_hours(2)),
        on_late: vec![address("alarm")],
        ..unit
    }
}

#[test]
fn a_constant_pause_does_not_grow() {
    let unit = Unit {
        backoff: Backoff::Constant,
        ..daily("copy")
    };
    let mut rig = Rig::new("01-06", [unit]);
    for until in ["01-06T00:00:30", "01-06T00:01"] {
        rig.fail("copy 01-05");
        assert_eq!(rig.wake(), until);
    }
}

#[test]
fn jitter_adds_up_to_a_quarter_and_another_part_for_each_instance() {
    let unit = Unit {
        retry_jitter: true,
        retry_delay: SignedDuration::from_secs(400),
        ..daily("copy")
    };
    let pauses = |unit: &Unit| -> Vec<SignedDuration> {
        let mut rig = Rig::new("01-09", [unit.clone()]);
        let names = ["copy 01-05", "copy 01-06", "copy 01-07", "copy 01-08"];
        let pause = |name: &&str| {
            rig.fail(name);
            let until = rig.instance(name).not_before.unwrap();
            until.duration_since(rig.now)
        };
        names.iter().map(pause).collect()
    };
    let found = pauses(&unit);
    let quarter = SignedDuration::from_secs(400)..=SignedDuration::from_secs(500);
    assert!(
        found.iter().all(|pause| quarter.contains(pause)),
        "{found:?}"
    );
    let mut different = found.clone();
    different.sort();
    different.dedup();
    assert!(different.len() > 1, "{found:?}");
    assert_eq!(found, pauses(&unit));
}

#[test]
fn an_attempt_that_falls_silent_is_lost_and_its_late_report_is_refused() {
    let unit = Unit {
        report_progress_timeout: SignedDuration::from_mins(15),
        ..daily("copy")
    };
    let mut rig = Rig::new("01-06", [unit]);
    rig.tick("01-06T00:10");
    rig.heartbeat("copy 01-05");
    assert_eq!(rig.wake(), "01-06T00:25");
    assert_eq!(
        rig.effects(),
        [
            "start copy 01-05 #1",
            "kill copy 01-05 #1: nothing was heard of it for 15m"
        ]
    );
    assert_eq!(rig.status("copy 01-05"), Status::WaitingForRunner);
    assert_eq!(
        rig.attempts("copy 01-05"),
        ["FAILED: nothing was heard of it for 15m"]
    );
    let key = rig.key("copy 01-05");
    rig.wake();
    for number in [1, 3] {
        let step = rig.event(Event::AttemptEnded {
            key: key.clone(),
            number,
            outcome: Outcome::Finished,
        });
        assert_eq!(step, super::super::Step::default());
    }
    rig.finish(&["copy 01-05"]);
    assert_eq!(rig.status("copy 01-05"), Status::Finished);
}

#[test]
fn what_has_not_finished_in_time_is_late_once() {
    let mut rig = Rig::new("01-06", [late(daily("copy"))]);
    assert_eq!(rig.effects(), ["start copy 01-05 #1"]);
    rig.tick("01-06T02");
    assert_eq!(
        rig.effects(),
        ["late copy 01-05", "alarm for copy 01-05 RUNNING"]
    );
    rig.crash();
    rig.tick("01-06T03");
    assert_eq!(rig.effects(), ["start copy 01-05 #2"]);
    rig.finish(&["copy 01-05"]);
    assert_eq!(rig.status("copy 01-05"), Status::Finished);
}

#[test]
fn what_finishes_in_time_is_not_late_and_neither_is_what_was_due_before_it_was_there() {
    let unit = Unit {
        since: Some(super::at("01-06T12")),
        ..late(daily("copy"))
    };
    let mut rig = Rig::new("01-07", [unit]);
    assert_eq!(
        rig.effects(),
        ["start copy 01-05 #1", "start copy 01-06 #1"]
    );
    rig.finish(&["copy 01-06"]);
    rig.tick("01-07T06");
    assert_eq!(rig.effects(), [""; 0]);
}

#[test]
fn what_waits_is_late_too_and_terminate_gives_it_up() {
    for (unit, wanted) in [
        (daily("copy").guarded(), "check copy 01-05"),
        (daily("copy"), "start copy 01-05 #1"),
    ] {
        let unit = Unit {
            terminate_late: vec![address("give_up")],
            ..late(unit)
        };
        let mut rig = Rig::new("01-06", [unit]);
        assert_eq!(rig.effects(), [wanted]);
        if rig.status("copy 01-05") == Status::Running {
            rig.tick("01-06T02");
            assert_eq!(
                rig.effects(),
                [
                    "late copy 01-05",
                    "alarm for copy 01-05 RUNNING",
                    "give_up gives up copy 01-05",
                    "kill copy 01-05 #1: late: it had not finished 2h after it was due"
                ]
            );
            // It is given up whatever it says, but for success, and whoever asks later.
            rig.crash();
        } else {
            rig.tick("01-06T02");
        }
        let instance = rig.instance("copy 01-05");
        assert_eq!(instance.status, Status::Canceled);
        let reason = "late: it had not finished 2h after it was due";
        assert_eq!(instance.reason.as_deref(), Some(reason));
    }
}

#[test]
fn pools_bound_what_runs_at_once_and_the_small_do_not_overtake_the_large() {
    let in_pool = |name: &str, slots: u32| Unit {
        pool: Some(PoolShare {
            pool: address("pool"),
            slots,
        }),
        max_active_instances: 9,
        ..daily(name)
    };
    let units = [in_pool("a", 1), in_pool("b", 3), in_pool("c", 1)];
    let mut rig = Rig::with_pool(3, "01-06", units);
    assert_eq!(rig.effects(), ["start a 01-05 #1"]);
    assert_eq!(rig.waits("b 01-05"), ["slots of pool"]);
    assert_eq!(rig.waits("c 01-05"), ["slots of pool"]);
    rig.finish(&["a 01-05"]);
    assert_eq!(rig.effects(), ["start b 01-05 #1"]);
    rig.tick("01-07");
    rig.finish(&["b 01-05"]);
    assert_eq!(rig.effects(), ["start c 01-05 #1", "start a 01-06 #1"]);
}

#[test]
fn more_slots_than_the_pool_has_are_all_of_them() {
    let unit = Unit {
        pool: Some(PoolShare {
            pool: address("pool"),
            slots: 7,
        }),
        ..daily("a")
    };
    let mut rig = Rig::with_pool(2, "01-07", [unit]);
    assert_eq!(rig.effects(), ["start a 01-05 #1"]);
    rig.finish(&["a 01-05"]);
    assert_eq!(rig.effects(), ["start a 01-06 #1"]);
}

#[test]
fn the_higher_priority_and_the_newest_come_first_where_they_are_to() {
    let limits = Limits {
        parallelism: 1,
        ..LIMITS
    };
    let urgent = Unit {
        priority: 1,
        instance_order: InstanceOrder::NewestFirst,
        ..daily("z")
    };
    let mut rig = Rig::with(limits, "01-08", [daily("a"), urgent]);
    for wanted in ["z 01-07", "z 01-06", "z 01-05", "a 01-05"] {
        assert_eq!(rig.effects(), [format!("start {wanted} #1")]);
        rig.finish(&[wanted]);
    }
}

#[test]
fn a_pipeline_with_many_activities_does_not_starve_another() {
    let limits = Limits {
        parallelism: 1,
        ..LIMITS
    };
    let of = |pipeline: &str, name: &str| Unit {
        pipeline: Some(address(pipeline)),
        ..activity(name).on(every("1 day", "01-01"))
    };
    let units = [of("p", "a"), of("p", "b"), of("p", "c"), of("q", "z")];
    let mut rig = Rig::with(limits, "01-09", units);
    for wanted in ["a 01-01", "z 01-01", "b 01-01", "z 01-02", "c 01-01"] {
        assert_eq!(rig.effects(), [format!("start {wanted} #1")]);
        rig.finish(&[wanted]);
    }
}

#[test]
fn what_works_elsewhere_takes_no_place_of_the_runner() {
    let limits = Limits {
        parallelism: 1,
        ..LIMITS
    };
    let elsewhere = |name: &str| Unit {
        works_elsewhere: true,
        max_active_instances: 2,
        ..daily(name)
    };
    let units = [elsewhere("a"), elsewhere("b"), daily("z")];
    let mut rig = Rig::with(limits, "01-08", units.clone());
    let mut started = rig.effects();
    started.sort();
    assert_eq!(
        started,
        [
            "start a 01-05 #1",
            "start a 01-06 #1",
            "start b 01-05 #1",
            "start b 01-06 #1",
            "start z 01-05 #1"
        ]
    );
    assert_eq!(rig.waits("a 01-07"), ["one of 2 places"]);
    assert_eq!(rig.waits("z 01-06"), ["a place"]);
    // Also after an apply, which counts anew.
    rig.change(2, units);
    assert_eq!(rig.effects(), Vec::<String>::new());
    rig.finish(&["a 01-05", "z 01-05"]);
    assert_eq!(rig.effects(), ["start a 01-07 #1", "start z 01-06 #1"]);
}

#[test]
fn who_only_looks_starts_nothing_elsewhere_either() {
    let limits = Limits {
        parallelism: 0,
        ..LIMITS
    };
    let unit = Unit {
        works_elsewhere: true,
        ..daily("a")
    };
    let mut rig = Rig::with(limits, "01-08", [unit]);
    assert_eq!(rig.effects(), Vec::<String>::new());
    assert_eq!(rig.status("a 01-05"), Status::WaitingForRunner);
}
