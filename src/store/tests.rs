//! The store on real files.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use super::*;
use crate::engine::Attempt;
use crate::engine::Change;
use crate::engine::Instance;
use crate::engine::InstanceKey;
use crate::engine::News;
use crate::engine::Operation;
use crate::engine::Origin;
use crate::engine::Ranges;
use crate::engine::Status;
use crate::engine::Stop;
use crate::engine::Wish;
use crate::engine::Wishes;
use crate::objects::Address;
use crate::time::Interval;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn key(object: &str, start: i64, end: i64) -> InstanceKey {
    InstanceKey {
        object: Address::new(object),
        interval: Interval {
            start: at(start),
            end: at(end),
        },
    }
}

fn object(address: &str, body: &serde_json::Value) -> StoredObject {
    StoredObject {
        address: Address::new(address),
        kind: "activity".to_owned(),
        type_name: "copy".to_owned(),
        pipeline: Some(Address::new("pipeline.p")),
        body: body.clone(),
        lifecycle: None,
    }
}

fn holder(operation: &str) -> Holder {
    Holder::this_process("maria@laptop".to_owned(), operation, at(0))
}

fn record(operation: &str) -> Record {
    Record {
        at: at(9),
        who: "maria@laptop".to_owned(),
        operation: operation.to_owned(),
        what: "a".to_owned(),
        asked: 1,
        changed: None,
    }
}

/// An instance that was not there before.
fn new(instance: Instance) -> Rewrite {
    Rewrite {
        seen: instance.status,
        instance,
    }
}

fn lock(path: &Path) -> StateLock {
    Store::lock_state(path, &holder("apply"), Duration::ZERO).unwrap()
}

/// A state in a directory of its own.
struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join(".pipeform/state.db")
    }

    fn open(&self) -> Store {
        Store::open(&self.path()).unwrap()
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(self.path().parent().unwrap())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

#[test]
fn reading_what_is_not_there_creates_nothing() {
    let place = Place::new();
    let store = Store::read(&place.path()).unwrap();
    assert_eq!(store.head().unwrap().serial, 0);
    assert!(store.objects_at(0).unwrap().is_empty());
    assert!(!place.path().parent().unwrap().exists());
}

#[test]
fn only_the_owner_can_read_and_reading_leaves_nothing() {
    let place = Place::new();
    drop(place.open());
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place.path()), 0o600);
    assert_eq!(mode(place.path().parent().unwrap()), 0o700);
    drop(Store::read(&place.path()).unwrap());
    assert_eq!(place.names(), ["state.db"]);
}

/// A state as the first format had it, with one object.
fn first_format(place: &Place) {
    std::fs::create_dir(place.path().parent().unwrap()).unwrap();
    let connection = Connection::open(place.path()).unwrap();
    connection
        .execute_batch(include_str!("migrations/001.sql"))
        .unwrap();
    connection
        .execute_batch(
            "PRAGMA application_id = 0x7070666d;
             PRAGMA user_version = 1;
             INSERT INTO meta (only_row, lineage, serial, fence) VALUES (1, 'old', 1, 0);
             INSERT INTO objects (address, from_serial, kind, type, pipeline, body)
             VALUES ('pipeline.p.activity.a', 1, 'activity', 'copy', 'pipeline.p', '{}');",
        )
        .unwrap();
}

#[test]
fn a_state_of_an_older_format_is_read_unchanged_and_migrated_when_it_is_written() {
    let place = Place::new();
    first_format(&place);
    let before = std::fs::read(place.path()).unwrap();
    let old = object("pipeline.p.activity.a", &json!({}));

    let store = Store::read(&place.path()).unwrap();
    assert_eq!(store.objects_at(1).unwrap(), std::slice::from_ref(&old));
    drop(store);
    assert_eq!(std::fs::read(place.path()).unwrap(), before);

    let mut store = Store::open(&place.path()).unwrap();
    assert_eq!(store.objects_at(1).unwrap(), std::slice::from_ref(&old));
    let protected = StoredObject {
        lifecycle: Some(json!({"prevent_destroy": true, "conditions": []})),
        ..old.clone()
    };
    let apply = Apply {
        expected_serial: 1,
        puts: vec![protected.clone()],
        ..Apply::default()
    };
    store.apply(&lock(&place.path()), &apply).unwrap();
    let store = Store::read(&place.path()).unwrap();
    assert_eq!(store.objects_at(1).unwrap(), [old]);
    assert_eq!(store.objects_at(2).unwrap(), [protected]);
}

#[test]
fn a_newer_or_foreign_file_is_refused_and_unchanged() {
    let place = Place::new();
    drop(place.open());
    let raw = Connection::open(place.path()).unwrap();
    raw.pragma_update(None, "user_version", 99).unwrap();
    drop(raw);
    let before = std::fs::read(place.path()).unwrap();
    for result in [Store::open(&place.path()), Store::read(&place.path())] {
        let message = result.unwrap_err().to_string();
        assert!(
            message.contains("99") && message.contains("newer"),
            "{message}"
        );
    }
    assert_eq!(std::fs::read(place.path()).unwrap(), before);

    let other = Place::new();
    std::fs::create_dir(other.path().parent().unwrap()).unwrap();
    let raw = Connection::open(other.path()).unwrap();
    raw.execute_batch("CREATE TABLE mine (a)").unwrap();
    drop(raw);
    assert!(matches!(
        Store::open(&other.path()),
        Err(StoreError::Foreign(_))
    ));

    let text = Place::new();
    std::fs::create_dir(text.path().parent().unwrap()).unwrap();
    let mut file = std::fs::File::create(text.path()).unwrap();
    file.write_all(b"this is no database, but it is long enough to be one")
        .unwrap();
    drop(file);
    assert!(matches!(
        Store::open(&text.path()),
        Err(StoreError::Foreign(_))
    ));
}

fn era(ended_by: u64, until: i64) -> StoredEra {
    StoredEra {
        ended_by,
        until: at(until),
        schedule: json!({"every": "1 day"}),
    }
}

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
fn instances_and_attempts_come_back_as_they_were() {
    let place = Place::new();
    let mut store = place.open();
    let lease = store.lock_runner(&holder("run")).unwrap();
    let full = Instance {
        key: key("a", -5, 10),
        status: Status::Running,
        attempts: 3,
        failures: 2,
        definition: Some(7),
        not_before: Some(at(1)),
        checking_since: Some(at(2)),
        started_at: Some(at(3)),
        running_since: Some(at(4)),
        ended_at: Some(at(5)),
        origin: Origin::Backfill,
        heard_at: Some(at(6)),
        stop: Some(Stop::Finish),
        late: true,
        reason: Some("it's \"odd\"\n".to_owned()),
    };
    let attempt = Attempt {
        instance: full.key.clone(),
        number: 3,
        status: Status::Running,
        started_at: at(4),
        ended_at: None,
        error: Some("e".to_owned()),
        fence: 1,
    };
    let changes = [
        Change::Instance(full.clone()),
        Change::Attempt(attempt.clone()),
        Change::Cursor {
            object: Address::new("a"),
            made_until: at(10),
        },
    ];
    store.commit(&lease, &changes).unwrap();
    let process = ProcessRecord {
        id: 4711,
        started: 99,
    };
    store
        .record_processes(&lease, &[(full.key.clone(), 3, process)])
        .unwrap();
    assert_eq!(
        store.unfinished_instances().unwrap(),
        std::slice::from_ref(&full)
    );
    assert_eq!(
        store.attempts(&full.key).unwrap(),
        std::slice::from_ref(&attempt)
    );
    assert_eq!(
        store.running_attempts().unwrap(),
        [(attempt.clone(), Some(process))]
    );
    let done = Attempt {
        status: Status::TimedOut,
        ended_at: Some(at(9)),
        ..attempt
    };
    store.commit(&lease, &[Change::Attempt(done)]).unwrap();
    assert!(store.running_attempts().unwrap().is_empty());
}

#[test]
fn finished_intervals_are_merged_and_filters_filter() {
    let place = Place::new();
    let mut store = place.open();
    let lease = store.lock_runner(&holder("run")).unwrap();
    let changes: Vec<Change> = (0..100)
        .map(|number| {
            let status = if number == 50 {
                Status::Failed
            } else {
                Status::Finished
            };
            Change::Instance(Instance {
                status,
                ..Instance::new(key("a", number, number + 1))
            })
        })
        .collect();
    store.commit(&lease, &changes).unwrap();
    let settled = store.settled().unwrap();
    let ranges = &settled[&Address::new("a")];
    let covers = |start, end| ranges.covers(key("a", start, end).interval);
    assert!(covers(0, 50) && covers(51, 100) && !covers(49, 52));
    let newest = store
        .instances(&Filter {
            objects: Some(vec![Address::new("a")]),
            statuses: vec![Status::Finished],
            from: Some(at(10)),
            to: Some(at(20)),
            limit: Some(3),
        })
        .unwrap();
    let starts: Vec<_> = newest
        .iter()
        .map(|instance| instance.key.interval.start.as_second())
        .collect();
    assert_eq!(starts, [19, 18, 17]);
    let counts = store.counts().unwrap();
    assert_eq!(counts[&Address::new("a")][&Status::Failed], 1);
    assert_eq!(counts[&Address::new("a")][&Status::Finished], 99);
}

#[test]
fn the_questions_of_a_runner_are_answered_by_indexes() {
    let place = Place::new();
    drop(place.open());
    let raw = Connection::open(place.path()).unwrap();
    for query in [
        "SELECT * FROM instances WHERE status NOT IN ('FINISHED', 'SKIPPED')",
        "SELECT * FROM attempts WHERE status = 'RUNNING'",
        "SELECT * FROM attempts WHERE object = 'a' AND start = 1 AND \"end\" = 2 ORDER BY number",
        "SELECT * FROM instances ORDER BY start DESC, object LIMIT 10",
        "SELECT * FROM instances WHERE object = 'a' AND start >= 1 ORDER BY start DESC, object",
        "SELECT object FROM dues WHERE at <= 1",
        "SELECT min(at) FROM dues WHERE at > 1",
        "SELECT at, object FROM dues WHERE at > 1 ORDER BY at, object",
        "SELECT start, \"end\" FROM settled WHERE object = 'a'",
        "SELECT start, \"end\" FROM dropped WHERE object = 'a'",
        "SELECT made_until FROM cursors WHERE object = 'a'",
        "SELECT sum(removed) FROM tallies WHERE object = 'a'",
        "SELECT * FROM objects WHERE address = 'a' AND from_serial <= 1",
        "SELECT address FROM objects WHERE kind = 'activity' AND pipeline = 'p' AND from_serial <= 1",
        "SELECT count(*) FROM objects WHERE kind = 'activity' AND from_serial <= 1",
        "SELECT source FROM referrers CROSS JOIN objects
            ON objects.address = source AND objects.from_serial = referrers.from_serial WHERE target = 'a'",
        "SELECT object, keep FROM retentions WHERE next_at <= 1 ORDER BY next_at, object LIMIT 1",
        "SELECT start FROM instances WHERE object = 'a' AND start < 2 AND status IN ('FINISHED', 'SKIPPED') ORDER BY start",
        "SELECT object, status, count(*) FROM instances
            WHERE status NOT IN ('FINISHED', 'SKIPPED') GROUP BY status, object",
    ] {
        let plan: Vec<String> = raw
            .prepare(&format!("EXPLAIN QUERY PLAN {query}"))
            .unwrap()
            .query_map([], |row| row.get(3))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        let plan = plan.join("; ");
        assert!(
            ["USING INDEX", "USING COVERING INDEX", "USING PRIMARY KEY"]
                .iter()
                .any(|way| plan.contains(way)),
            "{query}: {plan}"
        );
        assert!(!plan.contains("TEMP B-TREE"), "{query}: {plan}");
    }
}

#[test]
fn what_has_not_finished_is_found_without_looking_at_the_rest() {
    let place = Place::new();
    let store = place.open();
    // Sorted at the end, because there is little of it.
    for query in [
        "SELECT * FROM instances WHERE status IN ('FAILED') AND status NOT IN ('FINISHED', 'SKIPPED')
            ORDER BY start DESC, object LIMIT 10",
        "SELECT * FROM instances WHERE status NOT IN ('FINISHED', 'SKIPPED')
            AND status IN ('FAILED', 'CASCADE_FAILED') ORDER BY ended_at DESC LIMIT 10",
    ] {
        let plan: String = store
            .connection
            .query_row(&format!("EXPLAIN QUERY PLAN {query}"), [], |row| row.get(3))
            .unwrap();
        assert!(plan.contains("INDEX instances_open"), "{query}: {plan}");
    }
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

/// An instance that says whose it is.
fn noted(name: &str, start: i64, end: i64) -> Instance {
    Instance {
        reason: Some(format!("of {name}")),
        ..Instance::new(key(name, start, end))
    }
}

#[test]
fn what_is_moved_takes_its_definitions_and_runs_along() {
    let place = Place::new();
    let mut store = place.open();
    let reads = |address: &str| json!({ "input": [{ "$ref": { "kind": "data_node", "address": address } }] });
    let state = lock(&place.path());
    let first = Apply {
        puts: vec![object("a", &reads("node")), object("c", &json!({}))],
        outputs: [("o".to_owned(), reads("node"))].into(),
        activations: [(Address::new("pipeline.p"), at(1))].into(),
        cuts: [(Address::new("a"), at(2)), (Address::new("c"), at(3))].into(),
        made_until: [(Address::new("a"), at(2))].into(),
        eras: [
            (Address::new("a"), era(1, 2)),
            (Address::new("c"), era(1, 3)),
        ]
        .into(),
        instances: vec![
            new(noted("a", 0, 10)),
            new(Instance::new(key("a", 10, 20))),
            new(noted("c", 0, 10)),
            new(Instance::new(key("c", 20, 30))),
        ],
        ..Apply::default()
    };
    store.apply(&state, &first).unwrap();
    let second = Apply {
        expected_serial: 1,
        removes: vec![Address::new("c")],
        ..first.clone()
    };
    store
        .apply(
            &state,
            &Apply {
                puts: Vec::new(),
                instances: Vec::new(),
                ..second
            },
        )
        .unwrap();
    let moves = [("a", "c"), ("node", "data"), ("pipeline.p", "pipeline.q")];
    let third = Apply {
        expected_serial: 2,
        moves: moves
            .map(|(old, new)| (Address::new(old), Address::new(new)))
            .into(),
        outputs: first.outputs.clone(),
        ..Apply::default()
    };
    store.apply(&state, &third).unwrap();

    for serial in [1, 2, 3] {
        let objects = store.objects_at(serial).unwrap();
        assert_eq!(objects.len(), 1, "serial {serial}");
        assert_eq!(objects[0].address.as_str(), "c");
        assert_eq!(objects[0].pipeline, Some(Address::new("pipeline.q")));
        assert_eq!(objects[0].body, reads("data"), "as of serial {serial}");
    }
    assert_eq!(
        store.activations().unwrap(),
        [(Address::new("pipeline.q"), at(1))].into()
    );
    assert_eq!(store.cuts().unwrap(), [(Address::new("c"), at(2))].into());
    assert_eq!(
        store.eras().unwrap(),
        [(Address::new("c"), vec![era(1, 2)])].into()
    );
    assert_eq!(
        store.made_until().unwrap(),
        [(Address::new("c"), at(2))].into()
    );
    let instances = store.instances(&Filter::default()).unwrap();
    let found: Vec<_> = instances
        .iter()
        .map(|instance| (instance.key.clone(), instance.reason.as_deref()))
        .collect();
    let expected = [
        (key("c", 20, 30), None),
        (key("c", 10, 20), None),
        (key("c", 0, 10), Some("of a")),
    ];
    assert_eq!(found, expected);
}

#[test]
fn what_is_wished_moves_along_and_nothing_of_what_had_the_address_stays() {
    let place = Place::new();
    let mut store = place.open();
    let wished = |object, start, end| Change::Wished {
        object: Address::new(object),
        wish: Wish::Make,
        more: [key(object, start, end).interval].into_iter().collect(),
        fewer: Ranges::default(),
    };
    let runner = store.lock_runner(&holder("run")).unwrap();
    let both = [wished("a", 20, 40), wished("c", 0, 100)];
    store.commit(&runner, &both).unwrap();
    let moved = Apply {
        moves: [(Address::new("a"), Address::new("c"))].into(),
        ..Apply::default()
    };
    store.apply(&lock(&place.path()), &moved).unwrap();
    let mut found = Wishes::default();
    found.insert(&Address::new("c"), Wish::Make, key("c", 20, 40).interval);
    assert_eq!(store.wishes().unwrap(), found);
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
