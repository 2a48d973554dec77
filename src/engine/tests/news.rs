//! What others write beside a runner is taken in its order, however late the runner is.

use std::collections::BTreeMap;

use super::super::CatchUp;
use super::super::Change;
use super::super::CheckResult;
use super::super::Definition;
use super::super::Engine;
use super::super::Event;
use super::super::Instance;
use super::super::News;
use super::super::Operation;
use super::super::Order;
use super::super::Paused;
use super::super::REMOVED;
use super::super::Status;
use super::super::Unit;
use super::super::testing::Applies;
use super::super::testing::LIMITS;
use super::super::testing::Rig;
use super::super::testing::activity;
use super::super::testing::address;
use super::super::testing::at;
use super::super::testing::definition;
use super::super::testing::every;
use super::daily;
use crate::time::Interval;

fn asked(operation: Operation, targets: Vec<Instance>) -> News {
    News::Asked(Order {
        id: Some(7),
        operation,
        who: "maria@laptop".to_owned(),
        targets,
        stretches: BTreeMap::new(),
    })
}

fn held(mut definition: Definition) -> Definition {
    let paused = Paused {
        who: "maria@laptop".to_owned(),
        since: at("01-05"),
    };
    definition.pause(&[(address("a"), paused)].into());
    definition
}

fn serials<const N: usize>(of: [Definition; N]) -> BTreeMap<u64, Definition> {
    of.map(|definition| (definition.serial, definition)).into()
}

/// `a` was held after its first two days were made, and before they started.
fn waiting() -> Rig {
    let busy = Unit {
        max_active_instances: 0,
        ..daily("a")
    };
    let mut rig = Rig::new("01-07", [busy]);
    rig.adopt(held(definition(1, [daily("a")])));
    assert_eq!(
        rig.statuses(),
        ["a 01-05 WAITING_FOR_RUNNER", "a 01-06 WAITING_FOR_RUNNER"]
    );
    rig.effects();
    rig
}

#[test]
fn what_was_given_up_does_not_start_because_its_unit_is_let_go() {
    for order_first in [true, false] {
        let mut rig = waiting();
        let first = rig.instance("a 01-05").clone();
        let mut news = vec![asked(Operation::Cancel, vec![first]), News::Changed];
        if !order_first {
            news.reverse();
        }
        let instances = rig.stored.past().instances;
        rig.news(news, serials([definition(1, [daily("a")])]), instances);
        assert_eq!(rig.effects(), ["start a 01-06 #1"]);
        assert_eq!(rig.status("a 01-05"), Status::Canceled);
    }
}

#[test]
fn an_order_finds_what_an_apply_before_it_has_added() {
    let mut rig = Rig::new("01-06", []);
    let key = super::super::InstanceKey {
        object: address("b"),
        interval: Interval {
            start: at("01-05"),
            end: at("01-06"),
        },
    };
    let news = vec![
        News::Applied(2),
        asked(Operation::MarkFinished, vec![Instance::new(key)]),
        News::Applied(3),
    ];
    let serials = serials([definition(2, [daily("b")]), definition(3, [daily("b")])]);
    rig.news(news, serials, Vec::new());
    assert_eq!(rig.statuses(), ["b 01-05 FINISHED"]);
    assert_eq!(rig.effects(), [""; 0]);
}

#[test]
fn what_is_asked_for_where_nothing_starts_is_kept_for_the_next_runner() {
    let latest = || Unit {
        catch_up: CatchUp::Latest,
        ..daily("a")
    };
    let mut rig = Rig::new("01-11", [latest()]);
    let all = Interval {
        start: at("01-05"),
        end: at("01-10"),
    };
    rig.event(Event::Drain);
    rig.effects();
    let order = News::Asked(Order {
        id: Some(7),
        operation: Operation::Backfill,
        who: "maria@laptop".to_owned(),
        targets: Vec::new(),
        stretches: [(address("a"), [all].into_iter().collect())].into(),
    });
    let serials = serials([definition(1, [latest()])]);
    let mut written = Applies {
        definitions: serials,
        instances: Vec::new(),
    };
    let Ok(step) = rig.engine.take_news(vec![order], &mut written, rig.now);
    rig.stored.commit(&step.changes);
    assert_eq!(rig.engine.to_come(&address("a")), 5);
    rig.crash();
    assert_eq!(rig.engine.to_come(&address("a")), 0);
    let mut started = rig.effects();
    started.retain(|effect| effect.starts_with("start"));
    assert_eq!(
        started,
        [
            "start a 01-10 #2",
            "start a 01-05 #1",
            "start a 01-06 #1",
            "start a 01-07 #1",
            "start a 01-08 #1",
        ]
    );
}

#[test]
fn what_is_held_when_its_unit_goes_is_given_up_with_it() {
    let mut rig = waiting();
    let first = rig.instance("a 01-05").clone();
    let news = vec![asked(Operation::Pause, vec![first]), News::Applied(2)];
    let instances = rig.stored.past().instances;
    rig.news(news, serials([definition(2, [])]), instances);
    assert_eq!(rig.statuses(), ["a 01-05 CANCELED", "a 01-06 CANCELED"]);
}

/// What an apply writes that removes the unit of an instance, or brings it back.
fn removed(instance: &Instance) -> Instance {
    Instance {
        status: Status::Canceled,
        reason: Some(REMOVED.to_owned()),
        ..instance.clone()
    }
}

#[test]
fn what_an_operator_gave_up_just_before_its_unit_was_removed_stays_given_up() {
    let mut rig = waiting();
    let [first, second] = ["a 01-05", "a 01-06"].map(|name| rig.instance(name).clone());
    let news = vec![
        asked(Operation::Cancel, vec![first.clone()]),
        News::Applied(2),
    ];
    let instances = vec![removed(&first), removed(&second)];
    rig.news(news, serials([definition(2, [])]), instances);
    assert_eq!(
        rig.instance("a 01-05").reason.as_deref(),
        Some("canceled by maria@laptop")
    );
    let second = rig.engine.instance(&second.key).unwrap();
    assert!(second.went_with_its_definition());
}

#[test]
fn an_order_is_done_by_what_was_defined_when_it_was_written() {
    // `b` is held while it waits for its second attempt; then `a` gets intervals that `b` needs and that are not there.
    let b = Unit {
        max_retries: 1,
        ..daily("b").after(&["a"])
    };
    let mut rig = Rig::new("01-06", [daily("a"), b.clone()]);
    rig.finish(&["a 01-05"]);
    rig.fail("b 01-05");
    rig.operate(Operation::Pause, &["b 01-05"]);
    let held = rig.instance("b 01-05").clone();
    let later = Unit {
        schedule: Some(every("12 hours", "01-05").into()),
        ..daily("c")
    };
    let b = Unit {
        dependencies: b.after(&["c"]).dependencies,
        ..daily("b")
    };
    let definitions = serials([definition(2, [daily("a"), later, b])]);
    let news = vec![
        asked(Operation::Resume, vec![held.clone()]),
        News::Applied(2),
    ];
    rig.effects();
    rig.news(news, definitions, vec![held]);
    // Its first attempt had begun: the others go on with what there was then.
    assert!(rig.effects().contains(&"start b 01-05 #2".to_owned()));
}

#[test]
fn a_check_from_before_a_unit_was_removed_says_nothing_when_it_is_back() {
    let mut rig = Rig::new("01-06", [daily("a").guarded()]);
    assert_eq!(rig.effects(), ["check a 01-05"]);
    let back = Instance::new(rig.key("a 01-05"));
    let inactive = Unit {
        active: false,
        ..daily("a").guarded()
    };
    let definitions = serials([definition(3, [inactive])]);
    let news = vec![News::Applied(2), News::Applied(3)];
    rig.news(news, definitions, vec![back]);
    rig.checked("a 01-05", CheckResult::True);
    assert_eq!(rig.status("a 01-05"), Status::WaitingOnDependencies);
    rig.change(4, [daily("a").guarded()]);
    assert_eq!(rig.effects(), ["check a 01-05"]);
}

#[test]
fn an_order_finds_what_the_one_before_it_has_done() {
    let mut rig = Rig::new("01-05", [activity("a")]);
    rig.trigger("01-05", &["a"]);
    rig.fail("a 01-05");
    rig.operate(Operation::Pause, &["a 01-05"]);
    let run = rig.instance("a 01-05").clone();
    let again = Operation::Rerun {
        as_was: false,
        restart: false,
    };
    let news = vec![
        asked(Operation::MarkFinished, vec![run.clone()]),
        asked(again, vec![run]),
    ];
    rig.effects();
    rig.news(news, BTreeMap::new(), Vec::new());
    assert_eq!(rig.effects(), ["start a 01-05 #2"]);
}

#[test]
fn a_runner_that_begins_gives_up_what_waits_for_a_unit_that_is_gone() {
    let mut rig = waiting();
    // Removed while a runner was there that died before it saw that.
    rig.engine = Engine::new(definition(2, []), rig.stored.past(), LIMITS);
    rig.event(Event::Tick);
    assert_eq!(rig.statuses(), ["a 01-05 CANCELED", "a 01-06 CANCELED"]);
    let first = rig.instance("a 01-05");
    assert!(first.went_with_its_definition());
}

#[test]
fn a_runner_that_begins_sees_what_was_triggered_before_it() {
    let busy = Unit {
        max_active_instances: 0,
        ..daily("b").after(&["a"])
    };
    let mut rig = Rig::new("01-06", [activity("a"), busy]);
    assert_eq!(rig.status("b 01-05"), Status::WaitingForRunner);
    let mut beside = rig.engine.clone();
    let made = beside.triggered(&[address("a")], at("01-05T06"));
    let made: Vec<Change> = made.into_iter().map(Change::Instance).collect();
    rig.stored.commit(&made);
    rig.crash();
    assert_eq!(rig.status("b 01-05"), Status::WaitingOnDependencies);
}

#[test]
fn a_runner_that_begins_checks_at_once_also_if_there_are_news() {
    let mut rig = Rig::new("01-06", [daily("a").guarded()]);
    rig.checked("a 01-05", CheckResult::False("not yet".to_owned()));
    let known = rig.engine.definition.clone();
    rig.engine = Engine::new(known, rig.stored.past(), LIMITS);
    rig.effects();
    let instances = rig.stored.past().instances;
    rig.news(vec![News::Changed], BTreeMap::new(), instances);
    assert_eq!(rig.effects(), ["check a 01-05"]);
}
