//! A state that comes to another one, and one that is not written over.

use std::time::Duration;

use super::super::Holder;
use super::*;
use crate::engine::Change;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn instance(start: i64, status: Status) -> Instance {
    Instance {
        status,
        attempts: 2,
        failures: 1,
        definition: Some(1),
        started_at: Some(at(100)),
        reason: Some("said".to_owned()),
        ..Instance::new(InstanceKey {
            object: Address::new("pipeline.p.activity.a"),
            interval: Interval {
                start: at(start),
                end: at(start + 10),
            },
        })
    }
}

#[test]
fn what_has_finished_stays_finished_and_what_has_not_waits_again() {
    let directory = tempfile::tempdir().unwrap();
    let holder = Holder::this_process("maria@laptop".to_owned(), "run", at(0));
    let mut store = Store::open(&directory.path().join("a/state.db")).unwrap();
    let lease = store.lock_runner(&holder).unwrap();
    let instances = [
        instance(0, Status::Finished),
        instance(10, Status::Finished),
        instance(20, Status::Failed),
        instance(30, Status::Running),
    ];
    let mut changes: Vec<Change> = instances.into_iter().map(Change::Instance).collect();
    changes.push(Change::Wished {
        object: Address::new("pipeline.p.activity.a"),
        wish: Wish::Make,
        more: [instance(60, Status::Paused).key.interval]
            .into_iter()
            .collect(),
        fewer: Ranges::default(),
    });
    store.commit(&lease, &changes).unwrap();
    let snapshot = store.snapshot().unwrap();

    let path = directory.path().join("b/state.db");
    let lock = Store::lock_state(&path, &holder, Duration::ZERO).unwrap();
    let mut copy = Store::open(&path).unwrap();
    copy.restore(&lock, &snapshot, &BTreeMap::new(), at(200))
        .unwrap();
    assert_eq!(
        copy.counts().unwrap()[&Address::new("pipeline.p.activity.a")],
        {
            BTreeMap::from([
                (Status::Finished, 2),
                (Status::Failed, 1),
                (Status::WaitingOnDependencies, 1),
            ])
        }
    );
    assert_eq!(copy.settled().unwrap(), store.settled().unwrap());
    assert_eq!(copy.wishes().unwrap(), store.wishes().unwrap());
    assert_eq!(snapshot.to_come.len(), 1);
    let unfinished = copy.unfinished_instances().unwrap();
    let failed = Instance {
        definition: None,
        started_at: None,
        ..instance(20, Status::Failed)
    };
    let waiting = Instance {
        definition: None,
        started_at: None,
        reason: None,
        ..instance(30, Status::WaitingOnDependencies)
    };
    assert_eq!(unfinished, [failed, waiting]);
}

#[test]
fn a_state_that_was_applied_to_is_not_restored_over() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.db");
    let holder = Holder::this_process("maria@laptop".to_owned(), "state push", at(0));
    let lock = Store::lock_state(&path, &holder, Duration::ZERO).unwrap();
    let mut store = Store::open(&path).unwrap();
    let snapshot = store.snapshot().unwrap();
    store.apply(&lock, &super::super::Apply::default()).unwrap();
    let before = store.snapshot().unwrap();
    assert!(matches!(
        store.restore(&lock, &snapshot, &BTreeMap::new(), at(0)),
        Err(StoreError::Moved {
            expected: 0,
            found: 1
        })
    ));
    assert_eq!(store.snapshot().unwrap(), before);
}
