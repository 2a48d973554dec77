//! What is told of a cluster from which commit on: in a state whose first interval is due, with clusters that are said to have ended.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value as Json;
use serde_json::json;

use super::*;
use crate::engine::Event;
use crate::engine::Limits;
use crate::engine::Outcome;
use crate::engine::Step;
use crate::runtime::recovery::TakenUp;
use crate::runtime::recovery::take_up;
use crate::store::Apply;
use crate::store::Holder;
use crate::store::RunnerLease;
use crate::store::StoredObject;

const ACTIVITY: &str = "pipeline.p.activity.a";

fn kept((address, type_name): (&str, &str), body: Json) -> StoredObject {
    let address = Address::new(address);
    StoredObject {
        pipeline: address.pipeline().filter(|pipeline| *pipeline != address),
        kind: address.kind().to_owned(),
        type_name: type_name.to_owned(),
        lifecycle: None,
        address,
        body,
    }
}

fn reference(address: &str) -> Json {
    json!({ "$ref": { "kind": Address::new(address).kind(), "address": address } })
}

/// A day's work on a cluster that tells of itself.
fn objects() -> Vec<StoredObject> {
    let note = |name| kept((name, "shell_command"), json!({ "command": "true" }));
    vec![
        kept(
            ("schedule.daily", ""),
            json!({ "every": "1 day", "start": "2026-01-01" }),
        ),
        kept(
            ("pipeline.p", ""),
            json!({ "schedule": reference("schedule.daily"), "on_fail": [reference("action.other")] }),
        ),
        kept(
            (ACTIVITY, "emr"),
            json!({ "steps": ["x.jar"], "runs_on": reference("resource.big") }),
        ),
        kept(
            ("resource.big", "emr_cluster"),
            json!({
                "on_success": [reference("action.done")],
                "on_fail": [reference("action.page")],
                "on_late": [reference("action.late"), reference("action.end")],
                "late_after": "2 hours",
            }),
        ),
        note("action.done"),
        note("action.page"),
        note("action.late"),
        note("action.other"),
        kept(("action.end", "terminate"), json!({})),
    ]
}

/// A state whose first interval is due, and its runner.
struct Bench {
    directory: tempfile::TempDir,
    store: Store,
    lease: RunnerLease,
    taken: TakenUp,
    now: Timestamp,
}

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn path(directory: &tempfile::TempDir) -> PathBuf {
    directory.path().join("state.db")
}

/// The first interval of an object.
fn key(object: &str) -> InstanceKey {
    InstanceKey {
        object: Address::new(object),
        interval: Interval {
            start: moment("2026-01-01T00:00:00Z"),
            end: moment("2026-01-02T00:00:00Z"),
        },
    }
}

/// The first attempt of the activity has ended.
fn ended(outcome: Outcome) -> Vec<Event> {
    vec![Event::AttemptEnded {
        key: key(ACTIVITY),
        number: 1,
        outcome,
    }]
}

/// A runner of the state in a directory.
fn runner(directory: tempfile::TempDir, now: Timestamp) -> Bench {
    let mut store = Store::open(&path(&directory)).unwrap();
    let holder = Holder::this_process("maria@laptop".to_owned(), "run", now);
    let lease = store.lock_runner(&holder).unwrap();
    let limits = Limits {
        parallelism: 4,
        fence: lease.fence(),
        ..Limits::looking()
    };
    let none = Definitions::default();
    let taken = take_up(&mut store, &lease, none, (limits, now)).unwrap();
    Bench {
        directory,
        store,
        lease,
        taken,
        now,
    }
}

impl Bench {
    /// The attempt of the first interval is under way.
    fn new() -> Self {
        Self::with(None)
    }

    /// The same, with another activity.
    fn with(other: Option<StoredObject>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut store = Store::open(&path(&directory)).unwrap();
        let now = moment("2026-01-02T01:00:00Z");
        let holder = Holder::this_process("maria@laptop".to_owned(), "apply", now);
        let lock = Store::lock_state(&path(&directory), &holder, Duration::ZERO).unwrap();
        let apply = Apply {
            puts: objects().into_iter().chain(other).collect(),
            ..Apply::default()
        };
        store.apply(&lock, &apply).unwrap();
        drop((lock, store));
        let mut bench = runner(directory, now);
        assert_eq!(bench.decide(None, vec![Event::Tick]), Vec::<String>::new());
        bench
    }

    /// The next runner of the state.
    fn restarted(self) -> Self {
        let Self {
            directory,
            store,
            lease,
            now,
            ..
        } = self;
        drop((lease, store));
        runner(directory, now)
    }

    /// Commits a record and what events come to; gives the actions that are owed from then on, with why.
    fn decide(&mut self, closing: Option<ResourceRecord>, events: Vec<Event>) -> Vec<String> {
        let now = self.now;
        let TakenUp {
            engine,
            definitions,
            ..
        } = &mut self.taken;
        let decide = |store: &Store| {
            let mut step = Step::default();
            for event in events {
                step.add(engine.step(event, now));
            }
            let mut deciding = Deciding {
                store,
                engine,
                definitions,
                serial: 1,
                now,
            };
            let (told, deliveries) = deciding.outcomes(closing.as_ref())?;
            let record = closing.map(Box::new).map(ResourceChange::Record);
            Ok::<_, RuntimeError>(Decision {
                changes: step.changes,
                resources: record.into_iter().chain(told).collect(),
                deliveries,
                ..Decision::<()>::default()
            })
        };
        let decided = self.store.decide(&self.lease, decide).unwrap();
        said(&decided.deliveries)
    }

    /// Tells that the cluster is late, unless that is told.
    fn late(&mut self) -> Vec<String> {
        let (now, key) = (self.now, key("resource.big"));
        let TakenUp {
            engine,
            definitions,
            ..
        } = &mut self.taken;
        let decide = |store: &Store| {
            let mut deciding = Deciding {
                store,
                engine,
                definitions,
                serial: 1,
                now,
            };
            let (resources, deliveries) = deciding.lateness(&key, "it is late")?;
            Ok::<_, RuntimeError>(Decision {
                deliveries,
                resources,
                ..Decision::<()>::default()
            })
        };
        let decided = self.store.decide(&self.lease, decide).unwrap();
        said(&decided.deliveries)
    }

    /// A cluster that was asked for as the one of a number, and is open.
    fn record(&self, number: u32) -> ResourceRecord {
        let at = self.now;
        ResourceRecord {
            token: format!("t{number}"),
            key: key("resource.big"),
            number,
            settings: "{}".to_owned(),
            name: "big".to_owned(),
            id: Some(format!("j-{number}")),
            state: "STARTING".to_owned(),
            reason: None,
            users: [Address::new(ACTIVITY)].into(),
            requested_at: at + SignedDuration::from_secs(number.into()),
            since: at,
            init_by: None,
            terminate_at: None,
            ready_at: None,
            ended_at: None,
            failed: false,
        }
    }

    /// The same, ready and ended.
    fn closed(&self, number: u32) -> ResourceRecord {
        ResourceRecord {
            state: "TERMINATING".to_owned(),
            ready_at: Some(self.now),
            ended_at: Some(self.now),
            ..self.record(number)
        }
    }

    /// The same, and it has failed.
    fn failed(&self, number: u32) -> ResourceRecord {
        ResourceRecord {
            state: "TERMINATED_WITH_ERRORS".to_owned(),
            reason: Some("no machines.".to_owned()),
            failed: true,
            ..self.closed(number)
        }
    }
}

fn said(deliveries: &[Delivery]) -> Vec<String> {
    let say = |delivery: &Delivery| {
        let Delivery {
            action, instance, ..
        } = delivery;
        assert_eq!(instance.key.object.as_str(), "resource.big");
        assert_eq!(instance.definition, Some(1));
        let reason = instance.reason.as_deref().unwrap_or("-");
        format!("{action}: {}: {reason}", instance.status)
    };
    deliveries.iter().map(say).collect()
}

fn none() -> Vec<String> {
    Vec::new()
}

#[test]
fn a_cluster_that_has_ended_after_its_work_is_told_of_once() {
    let mut bench = Bench::new();
    let (open, closed) = (bench.record(1), bench.closed(1));
    assert_eq!(bench.decide(Some(open), Vec::new()), none());
    let finished = ended(Outcome::Finished);
    assert_eq!(bench.decide(None, finished), none(), "it is alive");
    let told = ["action.done: FINISHED: -"];
    assert_eq!(bench.decide(Some(closed), Vec::new()), told);
    assert_eq!(bench.store.owed().unwrap().len(), 1);
    assert_eq!(bench.decide(None, vec![Event::Tick]), none());
    let mut next = bench.restarted();
    assert_eq!(next.decide(None, vec![Event::Tick]), none());
    assert_eq!(next.store.owed().unwrap().len(), 1, "it is owed still");
    // Somebody lets the work run again, on another one.
    let another = next.closed(2);
    assert_eq!(next.decide(Some(another), Vec::new()), told);
}

#[test]
fn only_the_last_cluster_of_an_interval_is_told_of_when_its_work_is_given_up() {
    let mut bench = Bench::new();
    for number in [1, 2] {
        let failed = bench.failed(number);
        assert_eq!(bench.decide(Some(failed), Vec::new()), none(), "needed");
    }
    let mut bench = bench.restarted();
    let given_up = ended(Outcome::ForGood("no cluster".to_owned()));
    let told = bench.decide(None, given_up);
    let why = "cluster j-2 is TERMINATED_WITH_ERRORS: no machines";
    assert_eq!(told, [format!("action.page: FAILED: {why}")]);
    let owed = bench.store.owed().unwrap();
    assert_eq!(owed[0].instance.attempts, 2);
    assert_eq!(bench.decide(None, vec![Event::Tick]), none());
}

#[test]
fn a_cluster_after_one_that_failed_has_the_last_word() {
    let mut bench = Bench::new();
    let failed = bench.failed(1);
    assert_eq!(bench.decide(Some(failed), Vec::new()), none());
    let finished = ended(Outcome::Finished);
    let closed = bench.closed(2);
    let told = bench.decide(Some(closed), finished);
    assert_eq!(told, ["action.done: FINISHED: -"]);
}

#[test]
fn what_waits_for_failed_work_puts_off_only_what_is_told_of_its_end() {
    let waits = || {
        let body = json!({
            "steps": ["y.jar"],
            "runs_on": reference("resource.big"),
            "depends_on": [reference(ACTIVITY)],
        });
        Bench::with(Some(kept(("pipeline.p.activity.b", "emr"), body)))
    };
    let fails = || ended(Outcome::ForGood("no".to_owned()));
    let mut bench = waits();
    let failed = bench.failed(1);
    assert_eq!(bench.decide(Some(failed), Vec::new()), none());
    let why = "cluster j-1 is TERMINATED_WITH_ERRORS: no machines";
    let told = bench.decide(None, fails());
    assert_eq!(told, [format!("action.page: FAILED: {why}")]);
    let mut bench = waits();
    let closed = bench.closed(1);
    assert_eq!(bench.decide(Some(closed), fails()), none());
}

#[test]
fn a_cluster_that_was_never_there_for_work_is_not_told_of() {
    let mut bench = Bench::new();
    let unready = ResourceRecord {
        ready_at: None,
        ..bench.closed(1)
    };
    let finished = ended(Outcome::Finished);
    assert_eq!(bench.decide(Some(unready), finished), none());
}

#[test]
fn that_a_cluster_is_late_is_told_once_and_nothing_gives_it_up() {
    let mut bench = Bench::new();
    let interval = key(ACTIVITY).interval;
    let user = Address::new(ACTIVITY);
    let was_due = due(&bench.taken.engine, &user, interval);
    assert_eq!(was_due, Some(moment("2026-01-02T00:00:00Z")));
    let objects = &bench.taken.definition.objects;
    let late = late_after(objects, &objects[&Address::new("resource.big")]);
    assert_eq!(late, Some(SignedDuration::from_hours(2)));
    assert_eq!(bench.late(), none(), "there is none");
    let failed = bench.failed(1);
    assert_eq!(bench.decide(Some(failed), Vec::new()), none());
    assert_eq!(bench.late(), ["action.late: RUNNING: it is late"]);
    let mut bench = bench.restarted();
    let another = bench.record(2);
    assert_eq!(bench.decide(Some(another), Vec::new()), none());
    assert_eq!(bench.late(), none(), "that is told");
    let finished = ended(Outcome::Finished);
    assert_eq!(bench.decide(None, finished), none());
    assert_eq!(due(&bench.taken.engine, &user, interval), None);
}

/// What the compute of the interval has come to, and each of its clusters.
fn looked_up(bench: &Bench) -> Vec<String> {
    let computed = computed(&bench.store).unwrap().into_iter();
    let say = |computed: Computed| {
        let instance = computed.instance;
        assert_eq!(instance.key, key("resource.big"));
        let late = if instance.late { ", late" } else { "" };
        let whole = format!("{}{late}", instance.status);
        let clusters = computed.clusters.into_iter().map(|cluster| {
            let error = cluster.error.as_deref().unwrap_or("-");
            format!("{} {}: {error}", cluster.number, cluster.status)
        });
        std::iter::once(whole).chain(clusters).collect::<Vec<_>>()
    };
    computed.flat_map(say).collect()
}

#[test]
fn what_a_cluster_came_to_can_be_looked_up() {
    let mut bench = Bench::new();
    assert_eq!(looked_up(&bench), none());
    let failed = bench.failed(1);
    bench.decide(Some(failed), Vec::new());
    let first = "1 FAILED: cluster j-1 is TERMINATED_WITH_ERRORS: no machines";
    assert_eq!(looked_up(&bench), ["RUNNING", first], "it is needed");
    bench.late();
    assert_eq!(looked_up(&bench), ["RUNNING, late", first]);
    let another = bench.record(2);
    bench.decide(Some(another), Vec::new());
    let closed = bench.closed(2);
    assert_eq!(looked_up(&bench)[2], "2 RUNNING: -");
    bench.decide(Some(closed), ended(Outcome::Finished));
    assert_eq!(looked_up(&bench), ["FINISHED", first, "2 FINISHED: -"]);
    let mut bench = Bench::new();
    let unready = ResourceRecord {
        ready_at: None,
        ..bench.closed(1)
    };
    bench.decide(Some(unready), ended(Outcome::Finished));
    assert_eq!(looked_up(&bench), ["CANCELED", "1 CANCELED: -"]);
}
