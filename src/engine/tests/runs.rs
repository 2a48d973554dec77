//! Runs on demand: what they bring, who waits for that, and what is said of who does not.

use super::super::CatchUp;
use super::super::LeftOut;
use super::super::NotNeeded;
use super::super::Operation;
use super::super::Records;
use super::super::Require;
use super::super::Status;
use super::super::Unit;
use super::super::Which;
use super::super::testing::Rig;
use super::super::testing::activity;
use super::super::testing::address;
use super::super::testing::at;
use super::super::testing::data_node;
use super::super::testing::every;
use super::daily;
use crate::time::Interval;

const RERUN: Operation = Operation::Rerun {
    as_was: false,
    restart: false,
};

/// `make` writes the node `r`, both on demand.
fn on_demand() -> [Unit; 2] {
    [activity("make"), data_node("r").after(&["make"])]
}

fn span(start: &str, end: &str) -> Interval {
    Interval {
        start: at(start),
        end: at(end),
    }
}

/// Who is not waited for, in which stretch of time, and why.
fn passed(rig: &Rig, name: &str, records: &Records) -> Vec<(String, Interval, NotNeeded)> {
    let found = rig.engine.not_waited_for(&rig.key(name), Some(records));
    let passed = found.into_iter();
    passed
        .map(|it| (it.object.to_string(), it.interval, it.why))
        .collect()
}

fn used(rig: &Rig, name: &str, records: &Records) -> Vec<Which> {
    let found = rig.engine.used(&rig.key(name), Some(records));
    found.into_iter().map(|used| used.which).collect()
}

#[test]
fn who_reads_what_a_run_on_demand_writes_waits_for_it() {
    let [make, r] = on_demand();
    let week = ("7 days", None);
    let readers = [
        daily("use").after(&["r"]),
        daily("window").reading("r", week, Require::All),
        daily("newest").reading("r", week, Require::Latest),
    ];
    let mut rig = Rig::new("01-05T06", [make, r].into_iter().chain(readers));
    rig.trigger("01-05T12", &["make"]);
    rig.tick("01-06");
    for reader in ["use 01-05", "window 01-05", "newest 01-05"] {
        let waits = rig.waits(reader);
        assert_eq!(waits, ["r 01-05T12 WAITING_ON_DEPENDENCIES"], "{reader}");
    }
    rig.finish(&["make 01-05T12"]);
    for reader in ["use 01-05", "window 01-05", "newest 01-05"] {
        assert_eq!(rig.status(reader), Status::Running, "{reader}");
    }
}

#[test]
fn the_data_of_a_run_on_demand_is_not_there_until_its_rerun_has_finished() {
    let [make, r] = on_demand();
    let mut rig = Rig::new("01-05T06", [make, r, daily("use").after(&["r"])]);
    rig.trigger("01-05T12", &["make"]);
    rig.finish(&["make 01-05T12"]);
    assert_eq!(rig.status("r 01-05T12"), Status::Finished);
    rig.operate(RERUN, &["make 01-05T12"]);
    rig.tick("01-06");
    let waits = rig.waits("use 01-05");
    assert_eq!(waits, ["r 01-05T12 WAITING_ON_DEPENDENCIES"]);
    rig.finish(&["make 01-05T12"]);
    assert_eq!(rig.status("use 01-05"), Status::Running);
}

#[test]
fn a_reader_without_a_run_to_wait_for_is_said_to_have_none() {
    let [make, r] = on_demand();
    let mut rig = Rig::new("01-05T06", [make, r, daily("use").after(&["r"])]);
    rig.trigger("01-05T12", &["make"]);
    rig.tick("01-07");
    let nothing = Records::default();
    assert!(passed(&rig, "use 01-05", &nothing).is_empty());
    let day = span("01-06", "01-07");
    let no_run = ("r".to_owned(), day, NotNeeded::NoRun);
    assert_eq!(passed(&rig, "use 01-06", &nothing), [no_run]);

    rig.finish(&["make 01-05T12", "use 01-05", "use 01-06"]);
    let inputs = rig.engine.recorded_inputs(&rig.key("use 01-05"));
    let day = span("01-05", "01-06");
    assert_eq!(inputs, [(address("make"), day), (address("r"), day)]);
    let there = ["make 01-05T12", "r 01-05T12"].map(|name| (rig.key(name), at("01-07")));
    let records = Records {
        began: Some(at("01-07")),
        finished: there.into(),
    };
    let run = Interval::moment(at("01-05T12"));
    assert_eq!(used(&rig, "use 01-05", &records), [Which::All(run)]);
    assert!(passed(&rig, "use 01-05", &records).is_empty());
}

#[test]
fn what_a_run_on_demand_needs_and_has_no_part_in_it_is_named_and_not_used() {
    let [make, r] = on_demand();
    let readers = [
        activity("dep").after(&["make"]),
        activity("next").after(&["r"]),
    ];
    let mut rig = Rig::new("01-05", [make, r].into_iter().chain(readers));
    rig.trigger("01-05T01", &["make"]);
    let run = Interval::moment(at("01-05T01"));
    let [dep, make, next] = ["dep", "make", "next"].map(address);
    let left_out = |reader| LeftOut {
        reader,
        producer: make.clone(),
        unfinished: Some((run, Status::Running)),
    };
    let found = rig.engine.left_out(&[dep.clone(), next.clone()]);
    assert_eq!(found, [left_out(dep.clone()), left_out(next.clone())]);
    let all = [dep, make.clone(), next];
    assert!(rig.engine.left_out(&all).is_empty());

    rig.trigger("01-05T02", &["next", "dep"]);
    let nothing = Records::default();
    let moment = Interval::moment(at("01-05T02"));
    let no_run = |producer: &str| (producer.to_owned(), moment, NotNeeded::NoRun);
    assert_eq!(passed(&rig, "dep 01-05T02", &nothing), [no_run("make")]);
    assert_eq!(passed(&rig, "next 01-05T02", &nothing), [no_run("r")]);
    rig.finish(&["next 01-05T02"]);
    let records = Records {
        began: Some(at("01-05T02")),
        finished: [(rig.key("r 01-05T02"), at("01-05T02"))].into(),
    };
    assert!(used(&rig, "next 01-05T02", &records).is_empty());

    rig.trigger("01-05T03", &["next", "make"]);
    assert!(passed(&rig, "next 01-05T03", &nothing).is_empty());
    rig.finish(&["make 01-05T03", "next 01-05T03"]);
    let there = ["make 01-05T03", "r 01-05T03"].map(|name| (rig.key(name), at("01-05T03")));
    let records = Records {
        began: Some(at("01-05T03")),
        finished: there.into(),
    };
    let moment = Interval::moment(at("01-05T03"));
    assert_eq!(used(&rig, "next 01-05T03", &records), [Which::All(moment)]);
}

#[test]
fn what_came_after_a_reader_had_started_was_not_used() {
    let latest = Unit {
        catch_up: CatchUp::Latest,
        ..daily("day")
    };
    let week = activity("week")
        .on(every("7 days", "01-05"))
        .after(&["day"]);
    let mut rig = Rig::new("01-12", [latest, week]);
    rig.finish(&["day 01-11", "week 01-05"]);
    rig.operate_on_unmade(Operation::Backfill, "day", true);
    let mut records = Records {
        began: Some(at("01-12")),
        finished: [(rig.key("day 01-11"), at("01-12"))].into(),
    };
    let newest = Which::All(span("01-11", "01-12"));
    let later = ("day".to_owned(), span("01-05", "01-11"), NotNeeded::Later);
    assert_eq!(used(&rig, "week 01-05", &records), [newest]);
    let named = passed(&rig, "week 01-05", &records);
    assert_eq!(named, std::slice::from_ref(&later));

    rig.tick("01-12T01");
    for day in 5..11 {
        let name = format!("day 01-{day:02}");
        rig.finish(&[&name]);
        records.finished.insert(rig.key(&name), at("01-12T01"));
    }
    assert_eq!(used(&rig, "week 01-05", &records), [newest]);
    assert_eq!(passed(&rig, "week 01-05", &records), [later]);
}

#[test]
fn what_could_start_and_reads_runs_in_a_window_waits_for_the_rerun_of_one() {
    let busy = Unit {
        max_active_instances: 0,
        ..activity("sum").reading("make", ("1 day", None), Require::All)
    };
    let mut rig = Rig::new("01-05", [activity("make"), busy]);
    rig.trigger("01-05T01", &["make"]);
    rig.finish(&["make 01-05T01"]);
    rig.trigger("01-05T02", &["sum"]);
    assert_eq!(rig.status("sum 01-05T02"), Status::WaitingForRunner);
    rig.operate(RERUN, &["make 01-05T01"]);
    assert_eq!(rig.waits("sum 01-05T02"), ["make 01-05T01 RUNNING"]);
    rig.finish(&["make 01-05T01"]);
    assert_eq!(rig.status("sum 01-05T02"), Status::WaitingForRunner);
}
