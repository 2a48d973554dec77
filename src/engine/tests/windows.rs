//! What an instance with a window waits for, and what it does not.

use super::super::CatchUp;
use super::super::CheckResult;
use super::super::NotNeeded;
use super::super::Require;
use super::super::Status;
use super::super::Unit;
use super::super::testing::Rig;
use super::super::testing::activity;
use super::super::testing::at;
use super::super::testing::data_node;
use super::super::testing::every;

fn daily(name: &str) -> Unit {
    Unit {
        max_active_instances: 50,
        ..activity(name).on(every("1 day", "01-05"))
    }
}

fn finish_days(rig: &mut Rig, days: std::ops::Range<u32>) {
    for day in days {
        rig.finish(&[&format!("day 01-{day:02}")]);
    }
}

#[test]
fn a_rolling_window_waits_for_all_days_in_it_and_the_first_ones_for_those_there_are() {
    let rolling = activity("rolling").on(every("1 day", "01-05")).reading(
        "day",
        ("3 days", None),
        Require::All,
    );
    let mut rig = Rig::new("01-10", [daily("day"), rolling]);
    assert_eq!(rig.waits("rolling 01-05"), ["day 01-05 RUNNING"]);
    assert_eq!(rig.waits("rolling 01-08").len(), 3);
    finish_days(&mut rig, 7..8);
    finish_days(&mut rig, 6..7);
    assert_eq!(rig.status("rolling 01-07"), Status::WaitingOnDependencies);
    assert_eq!(rig.status("rolling 01-08"), Status::WaitingOnDependencies);
    finish_days(&mut rig, 8..9);
    assert_eq!(rig.status("rolling 01-08"), Status::Running);
    assert_eq!(rig.waits("rolling 01-07"), ["day 01-05 RUNNING"]);
    finish_days(&mut rig, 5..6);
    for day in ["rolling 01-05", "rolling 01-06", "rolling 01-07"] {
        assert_eq!(rig.status(day), Status::Running, "{day}");
    }
}

#[test]
fn what_reads_its_own_yesterday_runs_in_the_order_of_its_intervals() {
    let total =
        daily("total")
            .after(&["day"])
            .reading("total", ("1 day", Some("-1 day")), Require::All);
    let mut rig = Rig::new("01-08", [daily("day"), total]);
    finish_days(&mut rig, 5..8);
    assert_eq!(rig.status("total 01-05"), Status::Running);
    assert_eq!(rig.waits("total 01-06"), ["total 01-05 RUNNING"]);
    assert_eq!(rig.status("total 01-07"), Status::WaitingOnDependencies);
    rig.finish(&["total 01-05"]);
    assert_eq!(rig.status("total 01-06"), Status::Running);
    rig.finish(&["total 01-06"]);
    assert_eq!(rig.status("total 01-07"), Status::Running);
}

#[test]
fn any_starts_with_the_first_that_is_finished_and_gives_up_when_none_can() {
    let week = |mode: fn(Unit) -> Unit| {
        mode(activity("week").on(every("1 week", "01-05"))).reading(
            "day",
            ("1 week", None),
            Require::Any,
        )
    };
    let once = |unit: Unit| Unit {
        max_retries: 0,
        ..unit
    };
    let mut rig = Rig::new("01-12", [daily("day"), week(|unit| unit)]);
    assert_eq!(rig.waits("week 01-05").len(), 7);
    finish_days(&mut rig, 8..9);
    assert_eq!(rig.status("week 01-05"), Status::Running);

    let mut rig = Rig::new("01-12", [once(daily("day")), week(Unit::cascading)]);
    for day in 5..11 {
        rig.fail(&format!("day 01-{day:02}"));
        assert_eq!(rig.status("week 01-05"), Status::WaitingOnDependencies);
    }
    rig.fail("day 01-11");
    assert_eq!(rig.status("week 01-05"), Status::CascadeFailed);

    let mut rig = Rig::new("01-12", [once(daily("day")), week(|unit| unit)]);
    for day in 5..12 {
        rig.fail(&format!("day 01-{day:02}"));
    }
    assert_eq!(rig.waits("week 01-05").len(), 7);
}

#[test]
fn latest_waits_for_the_newest_only() {
    let week = activity("week").on(every("1 week", "01-05")).reading(
        "day",
        ("1 week", None),
        Require::Latest,
    );
    let mut rig = Rig::new("01-12", [daily("day"), week]);
    assert_eq!(rig.waits("week 01-05"), ["day 01-11 RUNNING"]);
    finish_days(&mut rig, 11..12);
    assert_eq!(rig.status("week 01-05"), Status::Running);
}

#[test]
fn a_window_on_demand_waits_for_what_was_due_then() {
    let report = activity("report").reading("day", ("3 days", None), Require::All);
    let mut rig = Rig::new("01-08", [daily("day"), report]);
    rig.trigger("01-08T12", &["report"]);
    assert_eq!(
        rig.waits("report 01-08T12"),
        [
            "day 01-05 RUNNING",
            "day 01-06 RUNNING",
            "day 01-07 RUNNING"
        ]
    );
    finish_days(&mut rig, 5..8);
    assert_eq!(rig.status("report 01-08T12"), Status::Running);
}

#[test]
fn an_hour_waits_for_the_day_that_contains_it() {
    let hourly = activity("hour")
        .on(every("1 hour", "01-05"))
        .after(&["node"]);
    let node = data_node("node")
        .on(every("1 day", "01-05"))
        .after(&["day"])
        .guarded();
    let mut rig = Rig::new("01-05T02", [daily("day"), node, hourly]);
    assert_eq!(rig.waits("hour 01-05T01"), ["node 01-05 due 01-06"]);
    rig.tick("01-06");
    finish_days(&mut rig, 5..6);
    rig.checked("node 01-05", CheckResult::True);
    for hour in 0..24 {
        let status = rig.status(&format!("hour 01-05T{hour:02}").replace("T00", ""));
        assert!(matches!(status, Status::Running | Status::WaitingForRunner));
    }
}

#[test]
fn what_is_not_waited_for_is_named() {
    let named = |rig: &Rig, name: &str| {
        let passed = rig.engine.not_waited_for(&rig.key(name), None).into_iter();
        passed
            .map(|passed| {
                let [start, end] = [passed.interval.start, passed.interval.end]
                    .map(|at| at.strftime("%m-%d").to_string());
                format!("{} {start} {end} {:?}", passed.object, passed.why)
            })
            .collect::<Vec<_>>()
    };
    let limited = Unit {
        max_active_instances: 50,
        ..activity("day").on(every("1 day", "01-05").with_occurrences(Some(3)).unwrap())
    };
    let rolling = activity("rolling").on(every("1 day", "01-05")).reading(
        "day",
        ("1 week", None),
        Require::All,
    );
    let newest = activity("newest").on(every("1 day", "01-05")).reading(
        "day",
        ("3 days", None),
        Require::Latest,
    );
    let now = activity("now").reading("day", ("2 days", Some("1 day")), Require::All);
    let mut rig = Rig::new("01-07", [limited.clone(), rolling.clone(), newest, now]);
    assert_eq!(
        named(&rig, "rolling 01-06"),
        ["day 12-31 01-05 None(BeforeFirst)"]
    );
    assert_eq!(
        named(&rig, "newest 01-06"),
        ["day 01-04 01-05 None(BeforeFirst)", "day 01-05 01-06 Older"]
    );
    rig.trigger("01-07", &["now"]);
    assert_eq!(named(&rig, "now 01-07"), ["day 01-07 01-08 NotDueThen"]);
    let rig = Rig::new("01-11", [limited, rolling]);
    assert_eq!(
        named(&rig, "rolling 01-09"),
        [
            "day 01-03 01-05 None(BeforeFirst)",
            "day 01-08 01-10 None(AfterLast)"
        ]
    );
}

#[test]
fn what_catch_up_has_passed_over_is_named() {
    let day = Unit {
        catch_up: CatchUp::Latest,
        ..daily("day")
    };
    let week = activity("week")
        .on(every("1 week", "01-05"))
        .after(&["day"]);
    let rig = Rig::new("01-12", [day, week]);
    let passed = rig.engine.not_waited_for(&rig.key("week 01-05"), None);
    let [passed] = passed.as_slice() else {
        panic!("{passed:?}");
    };
    assert_eq!(passed.why, NotNeeded::PassedOver);
    assert_eq!(passed.interval.start, at("01-05"));
    assert_eq!(passed.interval.end, at("01-11"));
}
