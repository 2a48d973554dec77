//! Who writes, in which order, and what is decided from what.

use std::collections::BTreeMap;

use serde_json::json;

use super::Place;
use super::at;
use super::era;
use super::holder;
use super::key;
use super::lock;
use super::new;
use super::object;
use super::record;
use crate::engine::Change;
use crate::engine::Instance;
use crate::engine::News;
use crate::engine::Operation;
use crate::engine::Status;
use crate::objects::Address;
use crate::store::*;

#[test]
fn an_apply_makes_a_serial_and_keeps_the_old_one() {
    let place = Place::new();
    let mut store = place.open();
    let lock = lock(&place.path());
    let first = Apply {
        puts: vec![object("a", &json!({"x": 1})), object("b", &json!({"x": 1}))],
        outputs: BTreeMap::from([("o".to_owned(), json!("one"))]),
        activations: BTreeMap::from([(Address::new("pipeline.p"), at(5))]),
        ..Apply::default()
    };
    assert_eq!(store.apply(&lock, &first).unwrap(), 1);
    let second = Apply {
        expected_serial: 1,
        puts: vec![object("a", &json!({"x": 2}))],
        removes: vec![Address::new("b")],
        cuts: BTreeMap::from([(Address::new("a"), at(7))]),
        eras: BTreeMap::from([
            (Address::new("a"), era(2, 7)),
            (Address::new("b"), era(2, 8)),
        ]),
        made_until: BTreeMap::from([(Address::new("a"), at(8))]),
        instances: vec![new(Instance::new(key("a", 0, 1)))],
        ..Apply::default()
    };
    assert_eq!(store.apply(&lock, &second).unwrap(), 2);
    let bodies = |serial| {
        let objects = store.objects_at(serial).unwrap();
        let pairs = objects
            .into_iter()
            .map(|object| (object.address.to_string(), object.body));
        pairs.collect::<Vec<_>>()
    };
    assert!(bodies(0).is_empty());
    assert_eq!(
        bodies(1),
        [
            ("a".to_owned(), json!({"x": 1})),
            ("b".to_owned(), json!({"x": 1}))
        ]
    );
    assert_eq!(bodies(2), [("a".to_owned(), json!({"x": 2}))]);
    assert!(store.outputs().unwrap().is_empty());
    assert_eq!(store.activations().unwrap().len(), 1);
    assert_eq!(store.cuts().unwrap()[&Address::new("a")], at(7));
    assert_eq!(
        store.eras().unwrap(),
        BTreeMap::from([
            (Address::new("a"), vec![era(2, 7)]),
            (Address::new("b"), vec![era(2, 8)])
        ])
    );
    assert_eq!(store.made_until().unwrap()[&Address::new("a")], at(8));
    assert_eq!(store.unfinished_instances().unwrap().len(), 1);
}

#[test]
fn an_object_is_there_since_it_came_back() {
    let place = Place::new();
    let mut store = place.open();
    let lock = lock(&place.path());
    let mut apply = |second: u64, puts: &[&str], removes: &[&str]| {
        let apply = Apply {
            expected_serial: second - 1,
            puts: puts.iter().map(|name| object(name, &json!({}))).collect(),
            removes: removes.iter().map(|name| Address::new(*name)).collect(),
            at: at(i64::try_from(second).unwrap()),
            ..Apply::default()
        };
        store.apply(&lock, &apply).unwrap();
    };
    apply(1, &["a", "b"], &[]);
    apply(2, &["a"], &[]);
    apply(3, &[], &["a", "b"]);
    apply(4, &["c"], &[]);
    apply(5, &["a"], &[]);
    apply(6, &["a", "c"], &[]);
    let since = store.there_since().unwrap();
    let expected = [("a", 5), ("b", 1), ("c", 4)];
    let expected = expected.map(|(name, second)| (Address::new(name), at(second)));
    assert_eq!(since, expected.into());
    for (object, at) in since {
        assert_eq!(store.there_since_of(&object).unwrap(), Some(at));
    }
    assert_eq!(store.there_since_of(&Address::new("d")).unwrap(), None);
}

#[test]
fn an_apply_for_another_serial_is_refused() {
    let place = Place::new();
    let mut store = place.open();
    let lock = lock(&place.path());
    store.apply(&lock, &Apply::default()).unwrap();
    let error = store.apply(&lock, &Apply::default()).unwrap_err();
    assert!(matches!(
        error,
        StoreError::Moved {
            expected: 0,
            found: 1
        }
    ));
    assert_eq!(store.head().unwrap().serial, 1);
}

#[test]
fn an_apply_that_fails_in_the_middle_leaves_the_old_state() {
    let place = Place::new();
    let mut store = place.open();
    let lock = lock(&place.path());
    // Two versions of one object in one apply: the second one violates the key.
    let twice = Apply {
        puts: vec![object("a", &json!({})), object("a", &json!({}))],
        ..Apply::default()
    };
    assert!(store.apply(&lock, &twice).is_err());
    assert_eq!(store.head().unwrap().serial, 0);
    assert!(store.objects_at(1).unwrap().is_empty());
}

#[test]
fn locks_name_their_holder_and_end_with_it() {
    let place = Place::new();
    let first = lock(&place.path());
    let second = Store::lock_state(&place.path(), &holder("apply"), Duration::from_millis(150));
    let message = second.unwrap_err().to_string();
    for part in [
        "maria@laptop",
        "apply",
        &std::process::id().to_string(),
        "1970",
    ] {
        assert!(message.contains(part), "{message}");
    }
    drop(first);
    lock(&place.path());
}

#[test]
fn an_older_runner_cannot_write() {
    let place = Place::new();
    let mut store = place.open();
    let old = store.lock_runner(&holder("run")).unwrap();
    assert!(matches!(
        store.lock_runner(&holder("run")),
        Err(StoreError::Locked { .. })
    ));
    let raw = Connection::open(place.path()).unwrap();
    raw.execute("UPDATE meta SET fence = fence + 1", [])
        .unwrap();
    let change = Change::Instance(Instance::new(key("a", 0, 1)));
    let error = store.commit(&old, &[change]).unwrap_err();
    assert!(matches!(error, StoreError::Fenced { ours: 1, newer: 2 }));
    assert!(store.unfinished_instances().unwrap().is_empty());
}

#[test]
fn another_connection_sees_that_something_was_written() {
    let place = Place::new();
    let mut writer = place.open();
    let reader = Store::read(&place.path()).unwrap();
    let before = reader.data_version().unwrap();
    let lock = lock(&place.path());
    writer
        .enqueue(
            &lock,
            &record("trigger"),
            &[Change::Instance(Instance::new(key("a", 1, 1)))],
        )
        .unwrap();
    assert_ne!(reader.data_version().unwrap(), before);
    assert_eq!(reader.unfinished_instances().unwrap().len(), 1);
}

#[test]
fn news_come_in_the_order_in_which_they_were_written() {
    let place = Place::new();
    let mut store = place.open();
    let since = store.position().unwrap();
    let apply = |store: &mut Store| {
        let apply = Apply {
            expected_serial: store.head().unwrap().serial,
            ..Apply::default()
        };
        store.apply(&lock(&place.path()), &apply).unwrap();
    };
    let order = |store: &mut Store| {
        let targets = [key("a", 0, 60)];
        let order = PlacedOrder {
            record: record("cancel"),
            operation: Operation::Cancel,
            targets: targets.to_vec(),
            stretches: BTreeMap::new(),
        };
        store.order(&order).unwrap()
    };
    apply(&mut store);
    let first = order(&mut store);
    apply(&mut store);
    apply(&mut store);
    let a = [Address::new("a")];
    store.set_pauses(&record("pause"), &a, &[]).unwrap();
    let second = order(&mut store);
    apply(&mut store);
    let said = |news: Vec<News>| -> Vec<String> {
        let said = |item| match item {
            News::Applied(serial) => format!("serial {serial}"),
            News::Changed | News::More => "changed".to_owned(),
            News::Asked(order) => format!("order {}", order.id.unwrap()),
        };
        news.into_iter().map(said).collect()
    };
    let (one, other) = (format!("order {first}"), format!("order {second}"));
    assert_eq!(
        said(store.news(since).unwrap()),
        [
            "serial 1", &one, "serial 2", "serial 3", "changed", &other, "serial 4"
        ]
    );
    // Who begins now begins before the first order that is open, by what was defined then.
    let begins = |store: &Store| {
        let from = store.untaken().unwrap();
        (from.serial, said(store.news(from).unwrap()))
    };
    let (serial, news) = begins(&store);
    assert_eq!(serial, 1);
    assert_eq!(
        news,
        [&one, "serial 2", "serial 3", "changed", &other, "serial 4"]
    );
    // What is carried out is no news any more, and what is not is, however old.
    let lease = store.lock_runner(&holder("run")).unwrap();
    let done = Change::Operated {
        id: first,
        instances: 0,
        at: at(10),
    };
    store.commit(&lease, &[done]).unwrap();
    let now = store.position().unwrap();
    assert_eq!(said(store.news(now).unwrap()).join(", "), other);
    assert_eq!(begins(&store), (3, vec![other, "serial 4".to_owned()]));
    let done = Change::Operated {
        id: second,
        instances: 0,
        at: at(10),
    };
    store.commit(&lease, &[done]).unwrap();
    assert_eq!(store.untaken().unwrap(), now);
}

#[test]
fn nobody_writes_between_what_is_decided_from_and_what_is_decided() {
    let place = Place::new();
    let mut store = place.open();
    let lease = store.lock_runner(&holder("run")).unwrap();
    let other = place.open();
    other.connection.busy_timeout(Duration::ZERO).unwrap();
    let decide = |_: &Store| {
        let wrote = other.connection.execute_batch("BEGIN IMMEDIATE");
        assert!(wrote.is_err(), "another process could write");
        let instance = Instance::new(key("a", 0, 60));
        Ok::<_, StoreError>(Decision {
            deliveries: Vec::new(),
            resources: Vec::new(),
            changes: vec![Change::Instance(instance)],
            dues: vec![(Address::new("a"), Some(at(120)))],
            then: (),
        })
    };
    store.decide(&lease, decide).unwrap();
    assert!(store.instance(&key("a", 0, 60)).unwrap().is_some());
    assert_eq!(store.due_by(at(120)).unwrap(), [Address::new("a")]);
    // What fails leaves nothing behind, and keeps nobody out.
    let fails = |_: &Store| Err::<Decision<()>, _>(StoreError::Foreign(place.path()));
    assert!(store.decide(&lease, fails).is_err());
    other
        .connection
        .execute_batch("BEGIN IMMEDIATE; ROLLBACK")
        .unwrap();
}

#[test]
fn an_apply_takes_its_schedules_up_where_the_runner_has_come_to_meanwhile() {
    let place = Place::new();
    let mut store = place.open();
    let lease = store.lock_runner(&holder("run")).unwrap();
    let a = Address::new("a");
    let made_until = at(120);
    let cursor = Change::Cursor {
        object: a.clone(),
        made_until,
    };
    store.commit(&lease, &[cursor]).unwrap();
    // Planned when the runner had come to 60.
    let era = StoredEra {
        ended_by: 1,
        until: at(60),
        schedule: json!({}),
    };
    let apply = Apply {
        cuts: [(a.clone(), at(60))].into(),
        eras: [(a.clone(), era)].into(),
        ..Apply::default()
    };
    store.apply(&lock(&place.path()), &apply).unwrap();
    assert_eq!(store.cuts().unwrap()[&a], made_until);
    assert_eq!(store.eras().unwrap()[&a][0].until, made_until);
}

#[test]
fn an_apply_leaves_alone_what_has_started_meanwhile() {
    let place = Place::new();
    let mut store = place.open();
    let lease = store.lock_runner(&holder("run")).unwrap();
    let key = key("a", 0, 60);
    let seen = Instance {
        status: Status::WaitingForRunner,
        ..Instance::new(key.clone())
    };
    let running = Instance {
        status: Status::Running,
        attempts: 1,
        ..seen.clone()
    };
    store
        .commit(&lease, &[Change::Instance(running.clone())])
        .unwrap();
    for status in [Status::WaitingOnDependencies, Status::Canceled] {
        let rewrite = Rewrite {
            seen: seen.status,
            instance: Instance {
                status,
                ..seen.clone()
            },
        };
        let apply = Apply {
            expected_serial: store.head().unwrap().serial,
            instances: vec![rewrite],
            ..Apply::default()
        };
        store.apply(&lock(&place.path()), &apply).unwrap();
        assert_eq!(store.instance(&key).unwrap(), Some(running.clone()));
    }
}
