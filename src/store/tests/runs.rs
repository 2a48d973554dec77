//! Instances, attempts, what has finished, and what is found by which question.

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
use crate::engine::Attempt;
use crate::engine::Change;
use crate::engine::Instance;
use crate::engine::Operation;
use crate::engine::Origin;
use crate::engine::Ranges;
use crate::engine::Status;
use crate::engine::Stop;
use crate::engine::Wish;
use crate::engine::Wishes;
use crate::objects::Address;
use crate::store::*;

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
    let within = key("a", 10, 60).interval;
    let filter = Filter::starting_in(Address::new("a"), within);
    let counted = store.count_instances(&filter).unwrap();
    let wanted = [(Status::Finished, 49), (Status::Failed, 1)];
    assert_eq!(counted, wanted.into());
    let failed = Filter {
        statuses: vec![Status::Failed],
        ..filter
    };
    let counted = store.count_instances(&failed).unwrap();
    assert_eq!(counted, [(Status::Failed, 1)].into());
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

/// An instance that says whose it is.
fn noted(name: &str, start: i64, end: i64) -> Instance {
    Instance {
        reason: Some(format!("of {name}")),
        ..Instance::new(key(name, start, end))
    }
}

#[test]
fn what_waits_for_its_next_attempt_has_begun() {
    let place = Place::new();
    let mut store = place.open();
    let begun = Instance {
        status: Status::WaitingForRunner,
        definition: Some(1),
        ..noted("a", 0, 10)
    };
    let apply = Apply {
        instances: vec![new(begun), new(noted("a", 10, 20)), new(noted("b", 0, 10))],
        ..Apply::default()
    };
    store.apply(&lock(&place.path()), &apply).unwrap();
    let found: Vec<_> = store.begun().unwrap().into_iter().collect();
    assert_eq!(found, [(Address::new("a"), 1)]);
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
    let expected = [(key("c", 10, 20), None), (key("c", 0, 10), Some("of a"))];
    assert_eq!(found, expected);
}

#[test]
fn what_has_not_finished_of_what_had_the_address_keeps_nothing_from_running() {
    let place = Place::new();
    let mut store = place.open();
    let state = lock(&place.path());
    let failed = Instance {
        status: Status::Failed,
        attempts: 1,
        ..Instance::new(key("c", 10, 20))
    };
    let finished = Instance {
        status: Status::Finished,
        attempts: 1,
        ..Instance::new(key("c", 0, 10))
    };
    let first = Apply {
        puts: vec![object("a", &json!({})), object("c", &json!({}))],
        cuts: [(Address::new("c"), at(3))].into(),
        made_until: [(Address::new("c"), at(20))].into(),
        instances: vec![new(failed.clone()), new(finished.clone())],
        ..Apply::default()
    };
    store.apply(&state, &first).unwrap();
    let runner = store.lock_runner(&holder("run")).unwrap();
    let attempt = |instance: &Instance| {
        Change::Attempt(Attempt {
            instance: instance.key.clone(),
            number: 1,
            status: instance.status,
            started_at: at(4),
            ended_at: Some(at(5)),
            error: None,
            fence: 1,
        })
    };
    store
        .commit(&runner, &[attempt(&failed), attempt(&finished)])
        .unwrap();
    drop(runner);
    let removed = Apply {
        expected_serial: 1,
        removes: vec![Address::new("c")],
        ..Apply::default()
    };
    store.apply(&state, &removed).unwrap();
    let moved = Apply {
        expected_serial: 2,
        moves: [(Address::new("a"), Address::new("c"))].into(),
        ..Apply::default()
    };
    store.apply(&state, &moved).unwrap();

    let kept = store.instances(&Filter::default()).unwrap();
    assert_eq!(kept, vec![finished.clone()]);
    assert!(store.attempts(&failed.key).unwrap().is_empty());
    assert_eq!(store.attempts(&finished.key).unwrap().len(), 1);
    assert!(store.made_until().unwrap().is_empty());
    assert!(store.cuts().unwrap().is_empty());
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
    let order = PlacedOrder {
        record: record("backfill"),
        operation: Operation::Backfill,
        targets: vec![key("a", 0, 10), key("c", 0, 10), key("b", 0, 10)],
        stretches: ["a", "b", "c"]
            .map(|name| {
                (
                    Address::new(name),
                    [key(name, 40, 60).interval].into_iter().collect(),
                )
            })
            .into(),
    };
    assert_eq!(store.ordered_objects().unwrap(), None);
    store.order(&order).unwrap();
    store.apply(&lock(&place.path()), &moved).unwrap();
    let named = std::collections::BTreeSet::from(["b", "c"].map(Address::new));
    assert_eq!(store.ordered_objects().unwrap(), Some(named));
    let orders = store.open_orders().unwrap();
    let targets = orders[0].targets.iter();
    let targets: Vec<&str> = targets.map(|target| target.key.object.as_str()).collect();
    assert_eq!(targets, ["b", "c"]);
    let stretches: Vec<&str> = orders[0].stretches.keys().map(Address::as_str).collect();
    assert_eq!(stretches, ["b", "c"]);
    let mut found = Wishes::default();
    found.insert(&Address::new("c"), Wish::Make, key("c", 20, 40).interval);
    assert_eq!(store.wishes().unwrap(), found);
}
