//! What operators ask for of stretches of time.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use jiff::Timestamp;
use proptest::prelude::*;

use super::super::CatchUp;
use super::super::Event;
use super::super::InstanceKey;
use super::super::Limits;
use super::super::Operation;
use super::super::Ranges;
use super::super::Require;
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
use crate::objects::Address;
use crate::time::Interval;

const TWO_AHEAD: Limits = Limits {
    instances_ahead: 2,
    ..LIMITS
};

fn latest(name: &str) -> Unit {
    Unit {
        catch_up: CatchUp::Latest,
        ..daily(name)
    }
}

fn span(from: &str, to: &str) -> Interval {
    Interval {
        start: at(from),
        end: at(to),
    }
}

impl Rig {
    fn back_fill(&mut self, from: &str, to: &str) -> u64 {
        self.operate_on_stretch(Operation::Backfill, "a", span(from, to))
    }

    fn cancel_stretch(&mut self, from: &str, to: &str) -> u64 {
        self.operate_on_stretch(Operation::Cancel, "a", span(from, to))
    }

    fn to_come(&self) -> u64 {
        self.engine.to_come(&address("a"))
    }
}

#[test]
fn a_stretch_is_back_filled_a_bounded_number_ahead_and_waited_for_until_it_is() {
    let weekly = activity("sum").on(every("1 week", "01-05")).after(&["a"]);
    let mut rig = Rig::with(TWO_AHEAD, "01-11", [latest("a"), weekly]);
    assert_eq!(rig.effects(), ["start a 01-10 #1"]);
    assert_eq!(rig.back_fill("01-05", "01-11"), 5);
    assert_eq!(rig.back_fill("01-05", "01-11"), 0);
    assert_eq!(rig.cancel_stretch("01-09", "01-10"), 1);
    assert_eq!(rig.effects(), ["start a 01-05 #1", "start a 01-06 #1"]);
    assert_eq!(rig.to_come(), 2);
    rig.finish(&["a 01-05"]);
    assert_eq!(rig.effects(), ["start a 01-07 #1"]);
    assert_eq!(rig.to_come(), 1);
    rig.tick("01-12");
    let waits = rig.waits("sum 01-05");
    let named = waits.iter().map(|wait| wait.chars().take(7).collect());
    let named: Vec<String> = named.collect();
    assert_eq!(
        named,
        ["a 01-06", "a 01-07", "a 01-10", "a 01-08", "a 01-11"]
    );
    rig.crash();
    assert_eq!(rig.to_come(), 1);
}

#[test]
fn who_has_finished_without_what_is_back_filled_is_known_and_who_depends_on_that() {
    let node = data_node("n").on(every("1 day", "01-05")).after(&["a"]);
    let weekly = |name, producer| {
        let unit = activity(name).on(every("1 week", "01-05"));
        unit.after(&[producer])
    };
    let units = [
        latest("a"),
        node,
        weekly("sum", "n"),
        weekly("report", "sum"),
        weekly("slow", "sum"),
        activity("adhoc").after(&["n"]),
    ];
    let mut rig = Rig::new("01-12", units);
    let unmade = |from: &str, to: &str| -> BTreeMap<Address, Ranges> {
        let ranges: Ranges = [span(from, to)].into_iter().collect();
        [(address("a"), ranges)].into()
    };
    rig.finish(&["a 01-11"]);
    rig.trigger("01-12T01", &["adhoc"]);
    rig.finish(&["adhoc 01-12T01"]);
    let before = rig.engine.finished_readers(&unmade("01-06", "01-08"));
    assert!(before.is_empty(), "{before:?}");
    rig.finish(&["sum 01-05", "report 01-05"]);
    let found = rig.engine.finished_readers(&unmade("01-06", "01-08"));
    let found: Vec<(&str, Vec<Interval>)> = found
        .iter()
        .map(|(object, ranges)| (object.as_str(), ranges.iter().collect()))
        .collect();
    let week = vec![span("01-05", "01-12")];
    assert_eq!(found, [("report", week.clone()), ("sum", week)]);
    let later = rig.engine.finished_readers(&unmade("01-12", "01-13"));
    assert!(later.is_empty(), "{later:?}");
}

#[test]
fn who_has_a_window_and_has_finished_is_known_to_the_interval() {
    for (window, read) in [
        (("1 day", Some("-2 days")), ("01-09", "01-10")),
        (("3 days", None), ("01-07", "01-10")),
    ] {
        let reader = daily("b").reading("a", window, Require::All);
        let mut rig = Rig::new("01-14", [daily("a"), reader]);
        for day in 5..14 {
            let day = format!("b 01-{day:02}");
            assert_eq!(rig.operate(Operation::MarkFinished, &[&day]), 1, "{day}");
        }
        let day: Ranges = [span("01-07", "01-08")].into_iter().collect();
        let found = rig.engine.finished_readers(&[(address("a"), day)].into());
        let found: Vec<Interval> = found[&address("b")].iter().collect();
        assert_eq!(found, [span(read.0, read.1)], "{window:?}");
    }
}

#[test]
fn what_is_canceled_of_a_stretch_and_due_by_itself_is_not_made_by_its_schedule_either() {
    let mut rig = Rig::with(TWO_AHEAD, "01-11", [daily("a")]);
    assert_eq!(rig.effects(), ["start a 01-05 #1", "start a 01-06 #1"]);
    // Nobody but its schedule has made any of these.
    assert_eq!(rig.back_fill("01-07", "01-11"), 4);
    assert_eq!(rig.effects(), ["start a 01-07 #1", "start a 01-08 #1"]);
    assert_eq!(rig.cancel_stretch("01-09", "01-11"), 2);
    assert_eq!(rig.to_come(), 0);
    for day in ["a 01-09", "a 01-10"] {
        let instance = rig.instance(day);
        assert_eq!(instance.status, Status::Canceled);
        assert_eq!(instance.reason.as_deref(), Some("canceled by maria@laptop"));
    }
    rig.crash();
    for day in ["a 01-05", "a 01-06", "a 01-07", "a 01-08"] {
        rig.finish(&[day]);
    }
    rig.effects();
    rig.tick("01-12");
    assert_eq!(rig.effects(), ["start a 01-11 #1"]);
    assert_eq!(rig.status("a 01-10"), Status::Canceled);
}

#[test]
fn what_is_canceled_of_a_stretch_and_would_be_passed_over_is_passed_over() {
    let mut rig = Rig::new("01-06", [latest("a")]);
    rig.finish(&["a 01-05"]);
    // Nothing is made any more by this runner.
    rig.event(Event::Drain);
    rig.tick("01-11");
    assert_eq!(rig.back_fill("01-06", "01-11"), 5);
    assert_eq!(rig.cancel_stretch("01-06", "01-11"), 5);
    assert_eq!(rig.statuses(), ["a 01-05 FINISHED", "a 01-10 CANCELED"]);
    let passed = rig.engine.passed_over(&address("a"), 9);
    assert_eq!(passed, [span("01-06", "01-10")]);
    rig.crash();
    rig.effects();
    rig.tick("01-12");
    assert_eq!(rig.effects(), ["start a 01-11 #1"]);
}

#[test]
fn what_is_canceled_of_what_is_not_active_is_not_made_when_that_goes_on() {
    let held = Unit {
        active: false,
        ..latest("a")
    };
    let mut rig = Rig::new("01-08", [held]);
    rig.event(Event::Drain);
    assert_eq!(rig.back_fill("01-05", "01-08"), 3);
    assert_eq!(rig.cancel_stretch("01-05", "01-08"), 3);
    rig.crash();
    rig.change(2, [daily("a")]);
    let canceled = ["a 01-05 CANCELED", "a 01-06 CANCELED", "a 01-07 CANCELED"];
    assert_eq!(rig.statuses(), canceled);
}

#[test]
fn what_was_made_since_a_stretch_was_chosen_is_canceled_with_it() {
    let mut rig = Rig::with(TWO_AHEAD, "01-11", [latest("a")]);
    rig.back_fill("01-05", "01-10");
    rig.finish(&["a 01-05", "a 01-06"]);
    rig.effects();
    // Somebody has looked when it was all to come.
    assert_eq!(rig.cancel_stretch("01-05", "01-10"), 3);
    assert_eq!(rig.status("a 01-07"), Status::Running);
    rig.crash();
    assert_eq!(rig.status("a 01-07"), Status::Canceled);
    assert_eq!(rig.to_come(), 0);
}

#[test]
fn what_is_asked_for_of_what_is_gone_is_made_when_it_comes_back() {
    let mut rig = Rig::with(TWO_AHEAD, "01-11", [latest("a")]);
    rig.back_fill("01-05", "01-10");
    assert_eq!(rig.to_come(), 3);
    rig.change(2, []);
    rig.tick("01-12");
    rig.crash();
    assert_eq!(rig.to_come(), 0);
    rig.change(3, [latest("a")]);
    rig.effects();
    rig.tick("01-12");
    assert!(rig.status("a 01-07") != Status::Finished);
    assert_eq!(rig.to_come(), 1);
}

#[test]
fn what_is_asked_for_is_named_by_the_starts_of_its_intervals() {
    let mut rig = Rig::with(TWO_AHEAD, "01-11", [latest("a")]);
    rig.back_fill("01-05", "01-10");
    let object = address("a");
    let within = |from, to| rig.engine.wanted_in(&object, span(from, to));
    let wanted = |from, to| within(from, to).iter().collect::<Vec<_>>();
    assert_eq!(wanted("01-07", "01-08T12"), [span("01-07", "01-09")]);
    assert_eq!(wanted("01-07T12", "01-12"), [span("01-08", "01-10")]);
    assert_eq!(wanted("01-08T12", "01-08T13"), []);
}

#[test]
fn what_is_wanted_can_be_held_and_counted_as_finished_one_by_one() {
    let mut rig = Rig::with(TWO_AHEAD, "01-11", [latest("a")]);
    rig.back_fill("01-05", "01-10");
    assert_eq!(rig.operate_on_wanted(Operation::Pause, "a", 1), 1);
    assert_eq!(rig.status("a 01-07"), Status::Paused);
    assert_eq!(rig.to_come(), 2);
    assert_eq!(rig.operate_on_wanted(Operation::MarkFinished, "a", 1), 1);
    assert_eq!(rig.operate_on_wanted(Operation::Cancel, "a", 1), 1);
    assert_eq!(rig.status("a 01-09"), Status::Canceled);
    assert_eq!(rig.to_come(), 0);
    rig.crash();
    assert!(rig.engine.has_finished(&rig.key("a 01-08")));
    assert_eq!(rig.status("a 01-07"), Status::Paused);
}

/// So many hours after the schedule begins.
fn hours(number: i64) -> Timestamp {
    at("01-05")
        .checked_add(SignedDuration::from_hours(number))
        .unwrap()
}

/// So many days from that one on.
fn days(first: i64, number: i64) -> Interval {
    Interval {
        start: hours(first * 24),
        end: hours((first + number) * 24),
    }
}

impl Rig {
    /// Does one of several things to some days.
    fn meddle(&mut self, what: u8, first: i64, number: i64) {
        let object = address("a");
        let starts = days(first, number);
        let due = (first..first + number).map(|day| days(day, 1));
        let due = due.filter(|interval| interval.end <= self.now).collect();
        match what {
            0 => {
                let unmade = self
                    .engine
                    .unmade_stretches(&object, starts, true, self.now);
                for range in unmade.iter() {
                    self.operate_on_stretch(Operation::Backfill, "a", range);
                }
            }
            1 => {
                self.operate_on_stretch(Operation::Cancel, "a", starts);
            }
            2 => {
                self.operate_on_intervals(Operation::Cancel, "a", due);
            }
            3 => {
                self.operate_on_intervals(Operation::MarkFinished, "a", due);
            }
            _ => {
                self.now = self.now.max(starts.end);
                self.event(Event::Tick);
            }
        }
    }

    fn canceled(&self) -> usize {
        let object = address("a");
        let live = self.engine.instances_of(&object);
        live.filter(|instance| instance.status == Status::Canceled)
            .count()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]
    #[test]
    fn what_has_no_instance_and_what_has_finished_is_counted_as_it_is_listed(
        catches_up in any::<bool>(),
        moves in prop::collection::vec((0_u8..5, 0_i64..20, 1_i64..7), 0..12),
        asked in (-30_i64..500, 1_i64..500),
    ) {
        let unit = if catches_up { latest("a") } else { daily("a") };
        let mut rig = Rig::with(TWO_AHEAD, "01-08", [unit]);
        for (what, first, number) in moves {
            rig.meddle(what, first, number);
        }
        let object = address("a");
        let (engine, now) = (&rig.engine, rig.now);
        let starts = Interval { start: hours(asked.0), end: hours(asked.0 + asked.1) };
        for dropped in [false, true] {
            let listed = engine.unmade(&object, starts, dropped, now);
            let stretches = engine.unmade_stretches(&object, starts, dropped, now);
            prop_assert_eq!(engine.count_in(&object, [&stretches]), listed.len() as u64);
            prop_assert_eq!(engine.intervals_of(&object, &stretches), listed);
        }
        let finished: Vec<Interval> = engine.finished_in(&object, starts, now).collect();
        prop_assert_eq!(engine.count_finished_in(&object, starts, now), finished.len() as u64);
        let has_finished = |interval: &Interval| {
            let key = InstanceKey { object: object.clone(), interval: *interval };
            interval.end <= now && starts.contains(interval.start) && engine.is_settled(&key)
        };
        let each = (0..60).map(|day| days(day, 1)).filter(has_finished);
        prop_assert_eq!(finished, each.collect::<Vec<Interval>>());
        // What is canceled of what is asked for is made as it was counted.
        if let Some(range) = engine.wanted_in(&object, Interval::ALL).newest() {
            let to_make = engine.made_if_canceled(&object, &[range].into_iter().collect());
            let before = rig.canceled();
            rig.operate_on_stretch(Operation::Cancel, "a", range);
            let made = (rig.canceled() - before) as u64;
            prop_assert!(to_make <= made && made <= to_make + u64::from(catches_up), "{} {}", to_make, made);
        }
    }
}
