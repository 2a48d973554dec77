//! The stage itself: time, heartbeats, checks. What the engine does with them is tested there.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::*;
use crate::engine::Status;
use crate::engine::Unit;
use crate::engine::UnitKind;
use crate::time::Period;
use crate::time::Schedule;

/// Work of one length; data that is there from a moment on.
struct Steady {
    takes: SignedDuration,
    ready: Timestamp,
    checks: usize,
}

impl World for Steady {
    fn attempt(&mut self, _scene: Scene<'_>, _started: &Started) -> Imagined {
        Imagined {
            takes: self.takes,
            outcome: Outcome::Finished,
        }
    }

    fn check(&mut self, scene: Scene<'_>, _key: &InstanceKey) -> CheckResult {
        self.checks += 1;
        if scene.now < self.ready {
            CheckResult::False("not yet".to_owned())
        } else {
            CheckResult::True
        }
    }

    fn act(&mut self, _scene: Scene<'_>, _action: &Address, _instance: &Instance) {}

    fn deed(&mut self, _scene: Scene<'_>, _number: usize) -> Vec<Event> {
        Vec::new()
    }
}

fn at(text: &str) -> Timestamp {
    format!("2026-{text}:00Z").parse().unwrap()
}

fn daily(guarded: bool) -> Definition {
    let start: DateTime = "2026-01-01".parse().unwrap();
    let period = Period::parse("1 day").unwrap();
    let address = Address::new("pipeline.p.activity.a");
    let unit = Unit {
        schedule: Some(Schedule::new(start, period, TimeZone::UTC).unwrap().into()),
        preconditions: if guarded {
            vec![Address::new("precondition.x")]
        } else {
            Vec::new()
        },
        ..Unit::new(address.clone(), UnitKind::Activity)
    };
    Definition {
        serial: 1,
        units: [(address, unit)].into(),
        ..Definition::default()
    }
}

fn played(definition: Definition, world: &mut Steady, from: &str, to: &str) -> Story {
    let from = at(from);
    let past = finished_until(&definition, from);
    let bounds = Bounds {
        from,
        to: at(to),
        parallelism: 4,
        deeds: Vec::new(),
    };
    rehearse(definition, past, bounds, world)
}

fn steady(hours: i64) -> Steady {
    Steady {
        takes: SignedDuration::from_hours(hours),
        ready: Timestamp::MIN,
        checks: 0,
    }
}

#[test]
fn what_was_due_before_has_finished() {
    let story = played(daily(false), &mut steady(1), "03-01T12:00", "03-03T12:00");
    let due: Vec<Timestamp> = story.runs.values().map(|run| run.due).collect();
    assert_eq!(due, [at("03-02T00:00"), at("03-03T00:00")]);
    let ended = story.runs.values().map(|run| run.instance.ended_at);
    assert!(ended.eq([Some(at("03-02T01:00")), Some(at("03-03T01:00"))]));
}

#[test]
fn long_work_says_that_it_goes_on() {
    let story = played(daily(false), &mut steady(20), "03-01T12:00", "03-02T23:00");
    let run = story.runs.values().next().unwrap();
    assert_eq!(run.instance.status, Status::Finished);
    assert_eq!(run.attempts.len(), 1);
    assert_eq!(run.attempts.capacity(), 1, "room for more than there is");
}

#[test]
fn data_that_is_never_there_is_looked_for_until_the_end() {
    let mut world = Steady {
        ready: Timestamp::MAX,
        ..steady(0)
    };
    let story = played(daily(true), &mut world, "03-01T12:00", "03-31T12:00");
    assert_eq!(story.given_up, None);
    assert_eq!(story.runs.len(), 30);
    assert!(world.checks > 30 * 24 * 60, "{}", world.checks);
    let waits = story.runs.values().next().unwrap().waits.as_slice();
    assert!(
        matches!(waits, [Wait::Preconditions { reason: Some(reason), .. }] if reason == "not yet")
    );
}

#[test]
fn nothing_happens_twice_at_one_moment() {
    let story = played(daily(false), &mut steady(0), "03-01T00:00", "06-01T00:00");
    assert_eq!(story.runs.len(), 93);
    for run in story.runs.values() {
        assert_eq!(run.instance.ended_at, Some(run.due));
    }
}

#[test]
fn what_is_due_is_there_also_if_nobody_has_come_to_it() {
    let definition = daily(false);
    let bounds = Bounds {
        from: at("01-01T00:00"),
        to: "2032-01-01T00:00:00Z".parse().unwrap(),
        parallelism: 4,
        deeds: Vec::new(),
    };
    // Each takes two years: the first are never done, and no more than a thousand are made ahead.
    let mut world = steady(2 * 366 * 24);
    let story = rehearse(definition, Past::default(), bounds, &mut world);
    let days = jiff::civil::date(2032, 1, 1) - jiff::civil::date(2026, 1, 1);
    assert_eq!(i32::try_from(story.runs.len()).unwrap(), days.get_days());
    let unmade = story.runs.values().filter(|run| run.unmade);
    assert!(unmade.count() > 1_000);
    let made = story.runs.values().filter(|run| !run.unmade);
    assert!(made.count() >= 1_000);
    assert_eq!(story.given_up, None);
}

#[test]
fn what_has_waited_from_the_beginning_is_there_too() {
    let definition = daily(false);
    let object = Address::new("pipeline.p.activity.a");
    let interval = Interval {
        start: at("01-01T00:00"),
        end: at("01-02T00:00"),
    };
    let key = InstanceKey {
        object: object.clone(),
        interval,
    };
    let held = Instance {
        status: Status::Paused,
        ..Instance::new(key.clone())
    };
    let past = Past {
        instances: vec![held],
        made_until: [(object, interval.end)].into(),
        ..Past::default()
    };
    let bounds = Bounds {
        from: at("01-02T12:00"),
        to: at("01-03T12:00"),
        parallelism: 4,
        deeds: Vec::new(),
    };
    let story = rehearse(definition, past, bounds, &mut steady(1));
    assert_eq!(story.runs.len(), 2);
    assert_eq!(story.runs[&key].instance.status, Status::Paused);
    assert_eq!(story.runs[&key].due, interval.end);
}
