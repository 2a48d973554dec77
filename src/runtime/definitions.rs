//! Definitions as of the serials that instances run under.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;
use std::sync::mpsc::TrySendError;
use std::thread::ScopedJoinHandle;

use jiff::Timestamp;

use super::RuntimeError;
use crate::engine::Definition;
use crate::engine::Paused;
use crate::engine::compile;
use crate::lang::Value;
use crate::lang::stored::references;
use crate::objects::Address;
use crate::objects::Era;
use crate::objects::Kind;
use crate::objects::Moments;
use crate::objects::Object;
use crate::objects::Objects;
use crate::objects::Timetable;
use crate::objects::stored;
use crate::store::Store;
use crate::store::StoredEra;
use crate::store::StoredObject;
use crate::store::WrittenObject;

/// The objects as of one serial, and their schedules.
#[derive(Debug)]
pub struct SerialDefinition {
    /// The serial.
    pub serial: u64,
    /// The objects.
    pub objects: Objects,
    /// Their schedules.
    pub timetable: Timetable,
    /// What operators hold.
    pub pauses: BTreeMap<Address, Paused>,
    /// Since when each object is there; empty if that does not matter to any.
    pub since: BTreeMap<Address, Timestamp>,
}

/// What holds objects that are not active.
#[derive(Clone, Copy, Debug)]
pub struct Holds<'a> {
    /// The objects.
    pub objects: &'a Objects,
    /// What operators hold of them.
    pub pauses: &'a BTreeMap<Address, Paused>,
}

impl<'a> Holds<'a> {
    /// What holds an object, itself or its pipeline: an operator's pause, or `active = false`.
    pub fn of(self, object: &Address) -> Option<(&'a Address, Option<&'a Paused>)> {
        let object = self.objects.get(object)?;
        let pipeline = object.pipeline.as_ref();
        let pipeline = pipeline.and_then(|pipeline| self.objects.get(pipeline));
        let levels = || [Some(object), pipeline].into_iter().flatten();
        let paused = levels().find_map(|level| {
            let paused = self.pauses.get(&level.address)?;
            Some((&level.address, Some(paused)))
        });
        paused.or_else(|| {
            let off = |level: &&Object| level.get("active") == Some(&Value::Bool(false));
            Some((&levels().find(off)?.address, None))
        })
    }
}

impl SerialDefinition {
    /// Reads the definition as of a serial.
    pub fn read(store: &Store, serial: u64, now: Timestamp) -> Result<Self, RuntimeError> {
        let objects = read_objects_at(store, serial)?;
        let timetable = Timetable::new(&objects, &moments(store)?.as_of(serial), now);
        let since = if since_matters(&objects) {
            store.there_since()?
        } else {
            BTreeMap::new()
        };
        Ok(Self {
            serial,
            objects,
            timetable,
            pauses: store.pauses()?,
            since,
        })
    }

    /// What holds its objects.
    pub fn holds(&self) -> Holds<'_> {
        Holds {
            objects: &self.objects,
            pauses: &self.pauses,
        }
    }

    /// Reads of the definition as of a serial what says something about some objects: these, all that they refer to, and,
    /// of activities and data nodes, all that refers to them, and so on. What is not among it has no influence on them.
    pub fn read_part(
        store: &Store,
        serial: u64,
        objects: impl IntoIterator<Item = Address>,
        now: Timestamp,
    ) -> Result<Self, RuntimeError> {
        let objects = Gatherer::gather(store, serial, objects)?;
        let moments = moments_of(store, &objects)?.as_of(serial);
        let mut since = BTreeMap::new();
        if since_matters(&objects) {
            for address in objects.keys() {
                since.extend(
                    store
                        .there_since_of(address)?
                        .map(|at| (address.clone(), at)),
                );
            }
        }
        Ok(Self {
            serial,
            timetable: Timetable::new(&objects, &moments, now),
            objects,
            pauses: store.pauses()?,
            since,
        })
    }

    /// What the engine works on.
    pub fn compile(&self) -> Definition {
        self.compile_with(&self.pauses)
    }

    /// The same, with other pauses: these change while the definition stays.
    pub fn compile_with(&self, pauses: &BTreeMap<Address, Paused>) -> Definition {
        let definition = compile(&self.objects, &self.timetable, self.serial);
        self.complete(definition, pauses)
    }

    /// What its objects are compiled to, with what is known of them besides.
    pub fn complete(
        &self,
        mut definition: Definition,
        pauses: &BTreeMap<Address, Paused>,
    ) -> Definition {
        for unit in definition.units.values_mut() {
            unit.since = self.since.get(&unit.address).copied();
        }
        definition.pause(pauses);
        definition
    }
}

/// What the state knows of schedules besides their objects.
pub fn moments(store: &Store) -> Result<Moments, RuntimeError> {
    read_moments(store.activations()?, store.cuts()?, &store.eras()?)
}

/// The same from how it is kept.
pub fn read_moments(
    activations: BTreeMap<Address, Timestamp>,
    cuts: BTreeMap<Address, Timestamp>,
    kept: &BTreeMap<Address, Vec<StoredEra>>,
) -> Result<Moments, RuntimeError> {
    let mut eras: BTreeMap<Address, Vec<Era>> = BTreeMap::new();
    for (object, kept) in kept {
        for era in kept {
            let read = read_era(object, era)?;
            eras.entry(object.clone()).or_default().push(read);
        }
    }
    Ok(Moments {
        activations,
        cuts,
        eras,
    })
}

/// Objects from how they are kept.
pub fn read_objects(kept: impl IntoIterator<Item = StoredObject>) -> Result<Objects, RuntimeError> {
    kept.into_iter()
        .map(|kept| Ok((kept.address.clone(), read_object(kept)?)))
        .collect()
}

/// So many objects are read in one go; where there are more, another thread helps.
const BATCH: usize = 256;

/// The objects of a store as of a serial.
pub fn read_objects_at(store: &Store, serial: u64) -> Result<Objects, RuntimeError> {
    let state = store.path();
    std::thread::scope(|scope| {
        let (send, receive) = mpsc::sync_channel::<Vec<WrittenObject>>(1);
        let mut receive = Some(receive);
        let (mut helper, mut objects, mut batch) = (None, Vec::new(), Vec::new());
        store.each_object_at(serial, |written| {
            batch.push(written);
            if batch.len() < BATCH {
                return Ok(());
            }
            if let Some(receive) = receive.take() {
                let read = move || read_all(receive.into_iter().flatten(), state);
                helper = std::thread::Builder::new().spawn_scoped(scope, read).ok();
            }
            // What it has no time for, or it does not exist for, is read here.
            match send.try_send(std::mem::take(&mut batch)) {
                Ok(()) => {}
                Err(TrySendError::Full(batch) | TrySendError::Disconnected(batch)) => {
                    objects.extend(read_all(batch, state)?);
                }
            }
            Ok::<_, RuntimeError>(())
        })?;
        drop(send);
        objects.extend(read_all(batch, state)?);
        match helper.map(ScopedJoinHandle::join) {
            None => {}
            Some(Ok(read)) => objects.extend(read?),
            Some(Err(panic)) => std::panic::resume_unwind(panic),
        }
        Ok(objects.into_iter().collect())
    })
}

fn read_all(
    written: impl IntoIterator<Item = WrittenObject>,
    state: &Path,
) -> Result<Vec<(Address, Object)>, RuntimeError> {
    let read = |written: WrittenObject| {
        let kept = written.read(state)?;
        Ok::<_, RuntimeError>((kept.address.clone(), read_object(kept)?))
    };
    written.into_iter().map(read).collect()
}

/// What the state knows of schedules, as far as the objects of a part have any.
fn moments_of(store: &Store, objects: &Objects) -> Result<Moments, RuntimeError> {
    let mut moments = Moments::default();
    for (address, object) in objects {
        match object.kind() {
            Kind::Pipeline => {
                let at = store.activation_of(address)?;
                moments
                    .activations
                    .extend(at.map(|at| (address.clone(), at)));
            }
            Kind::Activity | Kind::DataNode => {
                let at = store.cut_of(address)?;
                moments.cuts.extend(at.map(|at| (address.clone(), at)));
                let eras = store.eras_of(address)?.into_iter();
                let eras: Vec<Era> = eras
                    .map(|era| read_era(address, &era))
                    .collect::<Result<_, _>>()?;
                if !eras.is_empty() {
                    moments.eras.insert(address.clone(), eras);
                }
            }
            _ => {}
        }
    }
    Ok(moments)
}

fn read_era(object: &Address, era: &StoredEra) -> Result<Era, RuntimeError> {
    Ok(Era {
        ended_by: era.ended_by,
        until: era.until,
        schedule: crate::objects::eras::from_json(object, &era.schedule)?,
    })
}

fn read_object(kept: StoredObject) -> Result<Object, RuntimeError> {
    let object = stored::from_json(
        kept.address,
        &kept.kind,
        &kept.type_name,
        kept.pipeline,
        (&kept.body, kept.lifecycle.as_ref()),
    )?;
    Ok(object)
}

/// Whether anything depends on since when objects are there.
pub fn since_matters(objects: &Objects) -> bool {
    let mut objects = objects.values();
    objects.any(|object| object.get("late_after").is_some() || object.get("catch_up").is_some())
}

/// Follows references, in both directions.
struct Gatherer<'a> {
    store: &'a Store,
    serial: u64,
    found: Objects,
    /// What is still to be looked at, and whether something refers to it (and not only lies in it).
    open: Vec<(Address, bool)>,
    /// Pipelines that something refers to: that means all their activities.
    whole: BTreeSet<Address>,
}

impl<'a> Gatherer<'a> {
    fn gather(
        store: &'a Store,
        serial: u64,
        objects: impl IntoIterator<Item = Address>,
    ) -> Result<Objects, RuntimeError> {
        let mut gatherer = Self {
            store,
            serial,
            found: Objects::new(),
            open: objects.into_iter().map(|object| (object, true)).collect(),
            whole: BTreeSet::new(),
        };
        while let Some((address, referred)) = gatherer.open.pop() {
            gatherer.visit(&address, referred)?;
        }
        Ok(gatherer.found)
    }

    fn visit(&mut self, address: &Address, referred: bool) -> Result<(), RuntimeError> {
        if !self.found.contains_key(address) {
            let Some(kept) = self.store.object_at(address, self.serial)? else {
                return Ok(());
            };
            references(&kept.body, &mut |target| {
                self.open.push((Address::new(target), true));
            });
            let pipeline = kept.pipeline.clone();
            self.open.extend(pipeline.map(|pipeline| (pipeline, false)));
            let object = read_object(kept)?;
            if matches!(
                object.kind(),
                Kind::Activity | Kind::DataNode | Kind::Pipeline
            ) {
                let referrers = self.store.referrers_at(address, self.serial)?;
                self.open
                    .extend(referrers.into_iter().map(|referrer| (referrer, true)));
            }
            self.found.insert(address.clone(), object);
        }
        let is_pipeline = self.found[address].kind() == Kind::Pipeline;
        if referred && is_pipeline && self.whole.insert(address.clone()) {
            let activities = self.store.activities_at(address, self.serial)?;
            self.open
                .extend(activities.into_iter().map(|activity| (activity, true)));
        }
        Ok(())
    }
}

/// The definitions read so far.
#[derive(Debug, Default)]
pub struct Definitions {
    known: BTreeMap<u64, Known>,
    /// What the units are as of each serial, where they do not follow from objects: in simulations.
    #[cfg(test)]
    pub(super) units: Option<BTreeMap<u64, Definition>>,
}

/// What is known of a definition.
#[derive(Debug)]
struct Known {
    definition: Arc<SerialDefinition>,
    /// The objects that it was read for; `None`: all.
    asked: Option<BTreeSet<Address>>,
}

/// What was read for so many objects more than are asked for is not kept.
const KEPT: usize = 1_000;

impl Definitions {
    /// Forgets definitions that nothing runs under any more.
    pub fn forget_before(&mut self, serial: u64) {
        self.known = self.known.split_off(&serial);
    }

    /// What the engine works on of a part, with what is held.
    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "in simulations it is asked")]
    pub(super) fn compile(
        &self,
        part: &SerialDefinition,
        pauses: &BTreeMap<Address, Paused>,
    ) -> Definition {
        part.compile_with(pauses)
    }

    /// The same; in simulations the units that belong to the objects of the part.
    #[cfg(test)]
    pub(super) fn compile(
        &self,
        part: &SerialDefinition,
        pauses: &BTreeMap<Address, Paused>,
    ) -> Definition {
        let Some(units) = &self.units else {
            return part.compile_with(pauses);
        };
        let mut definition = units[&part.serial].clone();
        definition
            .units
            .retain(|unit, _| part.objects.contains_key(unit));
        definition.pause(pauses);
        definition
    }

    /// The definition as of a serial, or that part of it that says something about these objects.
    pub fn holding(
        &mut self,
        store: &Store,
        serial: u64,
        objects: BTreeSet<Address>,
        now: Timestamp,
    ) -> Result<Arc<SerialDefinition>, RuntimeError> {
        let mut wanted = objects;
        if let Some(known) = self.known.get(&serial) {
            match &known.asked {
                Some(asked) if !wanted.is_subset(asked) => {
                    if asked.len() <= 2 * wanted.len() + KEPT {
                        wanted.extend(asked.iter().cloned());
                    }
                }
                _ => return Ok(known.definition.clone()),
            }
        }
        let known = if store.is_indexed(serial)? {
            Known {
                definition: Arc::new(SerialDefinition::read_part(
                    store,
                    serial,
                    wanted.iter().cloned(),
                    now,
                )?),
                asked: Some(wanted),
            }
        } else {
            Known {
                definition: Arc::new(SerialDefinition::read(store, serial, now)?),
                asked: None,
            }
        };
        let definition = known.definition.clone();
        self.known.insert(serial, known);
        Ok(definition)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::Value as Json;
    use serde_json::json;

    use super::*;
    use crate::store::Apply;
    use crate::store::Holder;

    fn kept(address: &str, body: Json) -> StoredObject {
        let address = Address::new(address);
        let kind = address.kind().to_owned();
        let type_name = match kind.as_str() {
            "activity" => "shell_command",
            "data_node" => "file",
            _ => "",
        };
        StoredObject {
            pipeline: address.pipeline().filter(|pipeline| *pipeline != address),
            type_name: type_name.to_owned(),
            lifecycle: None,
            address,
            kind,
            body,
        }
    }

    fn reference(address: &str) -> Json {
        json!({ "$ref": { "kind": Address::new(address).kind(), "address": address } })
    }

    /// Data goes from `a` to `b`, in two pipelines; `c` waits for all of the first one; `d` and `e` are by themselves.
    fn objects() -> Vec<StoredObject> {
        let schedule = |name: &str| json!({ "schedule": reference(&format!("schedule.{name}")) });
        let every = json!({ "every": "1 day", "start": "2026-01-01" });
        vec![
            kept("schedule.one", every.clone()),
            kept("schedule.other", every),
            kept("pipeline.p", schedule("one")),
            kept("pipeline.q", schedule("one")),
            kept("pipeline.r", schedule("other")),
            kept("data_node.n", json!({ "path": "n" })),
            kept(
                "pipeline.p.activity.a",
                json!({ "command": "true", "output": reference("data_node.n") }),
            ),
            kept("pipeline.p.activity.d", json!({ "command": "true" })),
            kept(
                "pipeline.q.activity.b",
                json!({ "command": "true", "input": reference("data_node.n") }),
            ),
            kept("pipeline.q.activity.e", json!({ "command": "true" })),
            kept(
                "pipeline.r.activity.c",
                json!({ "command": "true", "depends_on": [reference("pipeline.p")] }),
            ),
        ]
    }

    #[test]
    fn many_objects_are_what_they_are_read_one_by_one() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state.db");
        let mut store = Store::open(&path).unwrap();
        let now: Timestamp = "2026-01-10T00:00:00Z".parse().unwrap();
        let holder = Holder::this_process("maria@laptop".to_owned(), "apply", now);
        let lock = Store::lock_state(&path, &holder, Duration::ZERO).unwrap();
        let every = |number: usize| json!({ "every": format!("{number} days") });
        let puts: Vec<StoredObject> = (1..4 * BATCH + 7)
            .map(|number| kept(&format!("schedule.s{number}"), every(number)))
            .collect();
        let apply = Apply {
            puts: puts.clone(),
            dues: Some(BTreeMap::new()),
            ..Apply::default()
        };
        store.apply(&lock, &apply).unwrap();
        let read = read_objects_at(&store, 1).unwrap();
        assert_eq!(read, read_objects(puts).unwrap());
        assert!(read_objects_at(&store, 0).unwrap().is_empty());
    }

    fn names(definition: &SerialDefinition) -> Vec<&str> {
        definition.objects.keys().map(Address::as_str).collect()
    }

    #[test]
    fn a_part_has_what_it_is_connected_with_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state.db");
        let mut store = Store::open(&path).unwrap();
        let now: Timestamp = "2026-01-10T00:00:00Z".parse().unwrap();
        let holder = Holder::this_process("maria@laptop".to_owned(), "apply", now);
        let lock = Store::lock_state(&path, &holder, Duration::ZERO).unwrap();
        let apply = Apply {
            puts: objects(),
            dues: Some(BTreeMap::new()),
            ..Apply::default()
        };
        store.apply(&lock, &apply).unwrap();
        let all = SerialDefinition::read(&store, 1, now).unwrap().compile();
        let part = |address: &str| {
            SerialDefinition::read_part(&store, 1, [Address::new(address)], now).unwrap()
        };

        let alone = part("pipeline.q.activity.e");
        assert_eq!(
            names(&alone),
            ["pipeline.q", "pipeline.q.activity.e", "schedule.one"]
        );
        let connected = part("pipeline.q.activity.b");
        assert_eq!(
            names(&connected),
            [
                "data_node.n",
                "pipeline.p",
                "pipeline.p.activity.a",
                "pipeline.p.activity.d",
                "pipeline.q",
                "pipeline.q.activity.b",
                "pipeline.r",
                "pipeline.r.activity.c",
                "schedule.one",
                "schedule.other",
            ]
        );
        // What is in a part is what it is in the whole.
        for definition in [alone, connected] {
            for (address, unit) in definition.compile().units {
                assert_eq!(format!("{unit:?}"), format!("{:?}", all.units[&address]));
            }
        }
        let mut definitions = Definitions::default();
        let mut asked = |address: &str| {
            let objects = BTreeSet::from([Address::new(address)]);
            definitions.holding(&store, 1, objects, now).unwrap()
        };
        let first = asked("pipeline.q.activity.e");
        assert!(Arc::ptr_eq(&first, &asked("pipeline.q.activity.e")));
        // What was asked for stays, as long as it is not much.
        assert_eq!(asked("pipeline.p.activity.a").objects.len(), 11);
        assert_eq!(asked("pipeline.gone").objects.len(), 11);
    }
}
