//! What others write beside a runner is taken in its order, however late the runner is.

use std::collections::BTreeMap;

use super::super::Definition;
use super::super::Instance;
use super::super::News;
use super::super::Operation;
use super::super::Order;
use super::super::Paused;
use super::super::Status;
use super::super::Unit;
use super::super::testing::Rig;
use super::super::testing::address;
use super::super::testing::at;
use super::super::testing::definition;
use super::daily;

fn asked(operation: Operation, targets: Vec<Instance>) -> News {
    News::Asked(Order {
        id: Some(7),
        operation,
        who: "maria@laptop".to_owned(),
        targets,
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
        interval: crate::time::Interval {
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
fn what_is_held_when_its_unit_goes_is_given_up_with_it() {
    let mut rig = waiting();
    let first = rig.instance("a 01-05").clone();
    let news = vec![asked(Operation::Pause, vec![first]), News::Applied(2)];
    let instances = rig.stored.past().instances;
    rig.news(news, serials([definition(2, [])]), instances);
    assert_eq!(rig.statuses(), ["a 01-05 CANCELED", "a 01-06 CANCELED"]);
}
