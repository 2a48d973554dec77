//! The simulation of the engine on the real database: durable commits, crashes that leave the files as they were in the
//! middle of a transaction, and runners that were superseded.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::SignedDuration;
use jiff::Timestamp;
use serde_json::Value as Json;
use serde_json::json;

use super::Apply;
use super::Counts;
use super::Decision;
use super::Filter;
use super::Holder;
use super::PlacedOrder;
use super::Position;
use super::Record;
use super::Rewrite;
use super::RunnerLease;
use super::Store;
use super::StoreError;
use super::StoredObject;
use super::runs::put_instance;
use crate::engine::Attempt;
use crate::engine::Change;
use crate::engine::Definition;
use crate::engine::Dependency;
use crate::engine::Instance;
use crate::engine::InstanceKey;
use crate::engine::News;
use crate::engine::Operation;
use crate::engine::Past;
use crate::engine::Paused;
use crate::engine::Ranges;
use crate::engine::Status;
use crate::engine::Unit;
use crate::engine::UnitKind;
use crate::engine::simulation::Disk;
use crate::engine::simulation::Planted;
use crate::engine::simulation::RETAIN;
use crate::engine::simulation::Tables;
use crate::engine::simulation::explore;
use crate::engine::simulation::knob;
use crate::engine::simulation::story_of_seed;
use crate::objects::Address;

/// How many seeds are tried where nothing else is said. Each makes about a hundred durable commits.
const SEEDS: u64 = 5;

/// Of so many seeds in memory one is tried on the database, too.
const ONE_IN: u64 = 200;

/// So many records are removed at once.
const BATCH: usize = 3;

/// A state in a directory of its own. After each crash it is another one, with the files as they were.
pub(crate) struct Database {
    directory: tempfile::TempDir,
    lives: u32,
    runner: Option<(Store, RunnerLease)>,
    /// A runner that was superseded and does not know it.
    superseded: Option<(Store, RunnerLease)>,
    /// Up to where the runner has taken what others have written.
    position: Position,
    /// What was removed because it had finished long ago, and how it had.
    removed: BTreeMap<InstanceKey, Status>,
    /// When something is due next of what the next commit makes.
    pub(crate) dues: Vec<(Address, Option<Timestamp>)>,
}

impl Database {
    fn path(&self) -> PathBuf {
        let life = format!("life{}", self.lives);
        self.directory.path().join(life).join("state.db")
    }

    /// The state as the runner has opened it.
    pub(crate) fn store(&self) -> &Store {
        &self.runner.as_ref().unwrap().0
    }

    /// The runner: the state as it has opened it, and its lease.
    pub(crate) fn runner(&mut self) -> (&mut Store, &RunnerLease) {
        let (store, lease) = self.runner.as_mut().unwrap();
        (store, lease)
    }

    /// The state as another process opens it, beside the runner.
    fn beside(&self) -> Store {
        Store::open(&self.path()).unwrap()
    }

    /// What has finished: the merged ranges, the tallies and the rows say the same, with those that were removed.
    fn settled(&self) -> BTreeMap<Address, Ranges> {
        let store = self.store();
        let kept = store.settled().unwrap();
        let counts = store.counts().unwrap();
        let mut ranges: BTreeMap<Address, Ranges> = BTreeMap::new();
        let mut counted = Counts::new();
        let rows = store.instances(&Filter::default()).unwrap().into_iter();
        let rows: BTreeMap<InstanceKey, Status> = rows.map(|row| (row.key, row.status)).collect();
        let gone = self
            .removed
            .iter()
            .filter(|(key, _)| !rows.contains_key(key));
        for (key, status) in rows.iter().chain(gone) {
            let object = &key.object;
            if status.is_settled() && !key.interval.is_moment() {
                ranges
                    .entry(object.clone())
                    .or_default()
                    .insert(key.interval);
            }
            let number = counted.entry(object.clone()).or_default().entry(*status);
            *number.or_default() += 1;
        }
        assert_eq!(kept, ranges);
        assert_eq!(counts, counted);
        kept
    }

    /// What is on the disk now is all that is left.
    fn crash(&mut self) {
        let before = self.path();
        self.lives += 1;
        let after = self.path();
        std::fs::create_dir_all(after.parent().unwrap()).unwrap();
        for ending in ["", "-wal"] {
            let name = |path: &PathBuf| PathBuf::from(format!("{}{ending}", path.display()));
            if name(&before).exists() {
                std::fs::copy(name(&before), name(&after)).unwrap();
            }
        }
        self.runner = None;
        self.superseded = None;
    }
}

fn holder() -> Holder {
    Holder::this_process("maria@laptop".to_owned(), "run", Timestamp::UNIX_EPOCH)
}

fn record(operation: &str) -> Record {
    Record {
        at: Timestamp::UNIX_EPOCH,
        who: "somebody".to_owned(),
        operation: operation.to_owned(),
        what: String::new(),
        asked: 1,
        changed: None,
    }
}

/// The units of a definition, as far as objects say it: what each refers to.
fn objects(definition: &Definition) -> Vec<StoredObject> {
    let object = |address: Address, (kind, type_name): (&str, &str), pipeline, body| StoredObject {
        address,
        kind: kind.to_owned(),
        type_name: type_name.to_owned(),
        pipeline,
        body,
        lifecycle: None,
    };
    let of_unit = |unit: &Unit| {
        let refer = |edge: &Dependency| json!({ "$ref": { "kind": "activity", "address": edge.producer.as_str() } });
        let edges: Vec<Json> = unit.dependencies.iter().map(refer).collect();
        let kind = match unit.kind {
            UnitKind::Activity => ("activity", "no_op"),
            UnitKind::DataNode => ("data_node", "file"),
        };
        let (address, pipeline) = (unit.address.clone(), unit.pipeline.clone());
        object(address, kind, pipeline, json!({ "depends_on": edges }))
    };
    let pipelines =
        ["p", "q"].map(|name| object(Address::new(name), ("pipeline", ""), None, json!({})));
    let units = definition.units.values().map(of_unit);
    units.chain(pipelines).collect()
}

impl Disk for Database {
    fn new(_planted: Option<Planted>, definition: &Definition, at: Timestamp) -> Self {
        let mut database = Self {
            directory: tempfile::tempdir().unwrap(),
            lives: 0,
            runner: None,
            superseded: None,
            position: Position {
                serial: 0,
                operation: 0,
            },
            removed: BTreeMap::new(),
            dues: Vec::new(),
        };
        database.apply(definition, &[], at);
        database
    }

    fn take_over(&mut self, alive: bool) -> u64 {
        if alive {
            self.superseded = self.runner.take();
            // As where locks of the system do not hold: on a disk that machines share.
            std::fs::remove_file(self.path().with_file_name("runner.lock")).unwrap();
        } else if self.runner.is_some() {
            self.crash();
        }
        let mut store = Store::open(&self.path()).unwrap();
        let lease = store.lock_runner(&holder()).unwrap();
        let fence = lease.fence();
        self.position = store.untaken().unwrap();
        self.runner = Some((store, lease));
        fence
    }

    fn begins_with(&self) -> u64 {
        self.position.serial
    }

    fn commit(&mut self, fence: u64, changes: &[Change]) -> bool {
        let (store, lease) = self.runner.as_mut().unwrap();
        assert_eq!(lease.fence(), fence);
        let decision = Decision {
            deliveries: Vec::new(),
            resources: Vec::new(),
            changes: changes.to_vec(),
            dues: std::mem::take(&mut self.dues),
            then: (),
        };
        let decide = |_: &Store| Ok::<_, StoreError>(decision);
        store.decide(lease, decide).unwrap();
        true
    }

    fn begin_commit(&mut self, changes: &[Change]) {
        let store = self.store();
        store.connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        for change in changes {
            if let Change::Instance(instance) = change {
                put_instance(&store.connection, instance).unwrap();
            }
        }
    }

    fn commit_superseded(&mut self, _fence: u64, changes: &[Change]) -> bool {
        let (store, lease) = self.superseded.as_mut().unwrap();
        match store.commit(lease, changes) {
            Ok(()) => true,
            Err(StoreError::Fenced { .. }) => false,
            Err(error) => panic!("{error}"),
        }
    }

    fn apply(&mut self, definition: &Definition, instances: &[Instance], at: Timestamp) {
        let path = self.path();
        let lock = Store::lock_state(&path, &holder(), std::time::Duration::ZERO).unwrap();
        let mut store = self.beside();
        let rewrite = |instance: &Instance| Rewrite {
            seen: store.instance(&instance.key).unwrap().unwrap().status,
            instance: instance.clone(),
        };
        let puts = objects(definition);
        let mut removes = store.objects_at(store.head().unwrap().serial).unwrap();
        removes.retain(|object| puts.iter().all(|put| put.address != object.address));
        let apply = Apply {
            expected_serial: definition.serial - 1,
            instances: instances.iter().map(rewrite).collect(),
            removes: removes.into_iter().map(|object| object.address).collect(),
            puts,
            dues: Some(definition.dues(&store.made_until().unwrap())),
            retain: Some(
                definition
                    .units
                    .keys()
                    .map(|unit| (unit.clone(), RETAIN))
                    .collect(),
            ),
            at,
            ..Apply::default()
        };
        store.apply(&lock, &apply).unwrap();
    }

    fn trigger(&mut self, instances: &[Instance]) {
        let lock = Store::lock_state(&self.path(), &holder(), std::time::Duration::ZERO).unwrap();
        let made: Vec<Change> = instances.iter().cloned().map(Change::Instance).collect();
        let mut store = self.beside();
        store.enqueue(&lock, &record("trigger"), &made).unwrap();
    }

    fn order(
        &mut self,
        operation: Operation,
        targets: &[InstanceKey],
        stretches: &BTreeMap<Address, Ranges>,
    ) -> u64 {
        let mut store = self.beside();
        let order = PlacedOrder {
            record: record("order"),
            operation,
            targets: targets.to_vec(),
            stretches: stretches.clone(),
        };
        store.order(&order).unwrap()
    }

    fn hold(&mut self, object: &Address, held: bool) {
        let objects = std::slice::from_ref(object);
        let (paused, resumed) = if held {
            (objects, &[][..])
        } else {
            (&[][..], objects)
        };
        let mut store = self.beside();
        store.set_pauses(&record("pause"), paused, resumed).unwrap();
    }

    fn held(&self) -> BTreeMap<Address, Paused> {
        self.store().pauses().unwrap()
    }

    fn news(&mut self) -> Vec<News> {
        let news = self.store().news(self.position).unwrap();
        self.position = self.store().position().unwrap();
        news
    }

    fn clean(&mut self, now: Timestamp) -> Vec<InstanceKey> {
        let mut removed: BTreeMap<InstanceKey, Status> = BTreeMap::new();
        let (store, lease) = self.runner();
        while let Some(expired) = store.expired(now, BATCH).unwrap() {
            store.remove(lease, &expired).unwrap();
            removed.extend(expired.instances);
        }
        self.removed.extend(removed.clone());
        removed.into_keys().collect()
    }

    fn past(&self) -> Past {
        Past {
            instances: self.store().unfinished_instances().unwrap(),
            settled: self.settled(),
            made_until: self.store().made_until().unwrap(),
            dropped: self.store().dropped().unwrap(),
            wishes: self.store().wishes().unwrap(),
        }
    }

    fn running(&self) -> Vec<Attempt> {
        let running = self.store().running_attempts().unwrap().into_iter();
        running.map(|(attempt, _)| attempt).collect()
    }

    fn instance(&self, key: &InstanceKey) -> Option<Instance> {
        let moment = SignedDuration::from_micros(1);
        let filter = Filter {
            objects: Some(vec![key.object.clone()]),
            from: Some(key.interval.start),
            to: key.interval.start.checked_add(moment).ok(),
            ..Filter::default()
        };
        let mut found = self.store().instances(&filter).unwrap().into_iter();
        found.find(|instance| instance.key == *key)
    }

    fn tables(&self) -> Tables {
        let mut tables = Tables {
            made_until: self.store().made_until().unwrap(),
            dropped: self.store().dropped().unwrap(),
            wishes: self.store().wishes().unwrap(),
            ..Tables::default()
        };
        for instance in self.store().instances(&Filter::default()).unwrap() {
            for attempt in self.store().attempts(&instance.key).unwrap() {
                tables.put(&Change::Attempt(attempt));
            }
            tables.put(&Change::Instance(instance));
        }
        tables
    }
}

#[test]
fn the_rules_hold_on_the_real_database() {
    let seeds = knob("PIPEFORM_SEEDS").map_or(SEEDS, |seeds| seeds.div_ceil(ONE_IN));
    let (tally, failing) = explore::<Database>(seeds);
    println!(
        "{seeds} seeds on SQLite, {} with a finding: {tally:?}",
        failing.len()
    );
    if let Some(first) = failing.first() {
        let story = story_of_seed::<Database>(*first, None);
        panic!("{} seeds fail: {failing:?}\n\n{story}", failing.len());
    }
    assert!(
        tally.finished > 0 && tally.crashes > 0 && tally.refused > 0,
        "{tally:?}"
    );
}
