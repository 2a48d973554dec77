//! Definitions as of the serials that instances run under.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::RuntimeError;
use crate::engine::Definition;
use crate::engine::Paused;
use crate::engine::compile;
use crate::lang::Value;
use crate::objects::Address;
use crate::objects::Era;
use crate::objects::Moments;
use crate::objects::Object;
use crate::objects::Objects;
use crate::objects::Timetable;
use crate::objects::stored;
use crate::store::Store;

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

impl SerialDefinition {
    /// Reads the definition as of a serial.
    pub fn read(store: &Store, serial: u64, now: Timestamp) -> Result<Self, RuntimeError> {
        let mut objects = Objects::new();
        for kept in store.objects_at(serial)? {
            let object = stored::from_json(
                kept.address.clone(),
                &kept.kind,
                &kept.type_name,
                kept.pipeline,
                (&kept.body, kept.lifecycle.as_ref()),
            )?;
            objects.insert(kept.address, object);
        }
        let timetable = Timetable::new(&objects, &moments(store)?.as_of(serial), now);
        let matters = |object: &Object| {
            object.get("late_after").is_some() || object.get("catch_up").is_some()
        };
        let since = if objects.values().any(matters) {
            store.first_applied()?
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

    /// What holds an object that is not active, itself or its pipeline: an operator's pause, or `active = false`.
    pub fn held_by(&self, object: &Address) -> Option<(&Address, Option<&Paused>)> {
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

    /// What the engine works on.
    pub fn compile(&self) -> Definition {
        self.compile_with(&self.pauses)
    }

    /// The same, with other pauses: these change while the definition stays.
    pub fn compile_with(&self, pauses: &BTreeMap<Address, Paused>) -> Definition {
        let mut definition = compile(&self.objects, &self.timetable, self.serial);
        for unit in definition.units.values_mut() {
            unit.since = self.since.get(&unit.address).copied();
        }
        definition.pause(pauses);
        definition
    }
}

/// What the state knows of schedules besides their objects.
pub fn moments(store: &Store) -> Result<Moments, RuntimeError> {
    let mut eras: BTreeMap<Address, Vec<Era>> = BTreeMap::new();
    for (object, kept) in store.eras()? {
        for era in kept {
            let read = Era {
                ended_by: era.ended_by,
                until: era.until,
                schedule: crate::objects::eras::from_json(&object, &era.schedule)?,
            };
            eras.entry(object.clone()).or_default().push(read);
        }
    }
    Ok(Moments {
        activations: store.activations()?,
        cuts: store.cuts()?,
        eras,
    })
}

/// The definitions read so far.
#[derive(Debug, Default)]
pub struct Definitions {
    known: BTreeMap<u64, Arc<SerialDefinition>>,
}

impl Definitions {
    /// Forgets definitions that nothing runs under any more.
    pub fn forget_before(&mut self, serial: u64) {
        self.known = self.known.split_off(&serial);
    }

    /// The definition as of a serial.
    pub fn at(
        &mut self,
        store: &Store,
        serial: u64,
        now: Timestamp,
    ) -> Result<Arc<SerialDefinition>, RuntimeError> {
        if let Some(known) = self.known.get(&serial) {
            return Ok(known.clone());
        }
        let read = Arc::new(SerialDefinition::read(store, serial, now)?);
        self.known.insert(serial, read.clone());
        Ok(read)
    }
}
