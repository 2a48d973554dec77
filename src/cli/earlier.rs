//! Earlier serials of the state: going back to one, and what has changed since one.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::context::Context;
use super::errors::Failure;
use super::planning::outputs_from;
use super::target::Target;
use crate::lang::Value;
use crate::objects::Objects;
use crate::objects::configuration::Configuration;
use crate::plan::Effects;
use crate::plan::Plan;
use crate::plan::Relocation;
use crate::plan::diff;
use crate::plan::diff_outputs;
use crate::runtime::SerialDefinition;
use crate::store::Store;

/// The flag that goes back to a serial.
pub(crate) const ROLLBACK: &str = "--rollback";

/// What the state held as of an earlier serial.
pub(crate) struct Earlier {
    objects: Objects,
    outputs: BTreeMap<Arc<str>, Value>,
}

impl Earlier {
    /// Reads it. `flag`: what named the serial.
    pub(crate) fn read(
        context: &Context,
        store: &Store,
        (flag, serial): (&str, u64),
    ) -> Result<Self, Failure> {
        if serial == 0 && flag == ROLLBACK {
            return Err(Failure::message(format!(
                "{flag}: before the first apply there was nothing.\n\n`pipeform destroy` removes everything, and `pipeform history --applies` lists the serials that there are."
            )));
        }
        let newest = store.head()?.serial;
        if serial > newest {
            return Err(Failure::message(format!(
                "{flag}: the state has no serial {serial}; the newest is {newest}.\n\n`pipeform history --applies` lists them."
            )));
        }
        let definition = SerialDefinition::read(store, serial, context.clock.now())?;
        Ok(Self {
            objects: definition.objects,
            outputs: outputs_from(store.outputs_at(serial)?)?,
        })
    }

    /// Its objects.
    pub(crate) fn objects(&self) -> &Objects {
        &self.objects
    }

    /// As what is to be again.
    pub(crate) fn target(self) -> Target {
        Target::state(Configuration {
            objects: self.objects,
            outputs: self.outputs,
            ..Configuration::default()
        })
    }

    /// The changes that lead from it to a target: of definitions alone, since its runs have gone on.
    pub(crate) fn changes_to(
        self,
        target: Target,
        context: &Context,
        store: &Store,
    ) -> Result<Plan, Failure> {
        let configuration = target.configuration;
        let moves = &configuration.statements.moves;
        let relocation = Relocation::find(moves, &self.objects, &configuration.objects);
        let old = relocation.former(self.objects);
        let mut changes = diff(&old, &configuration.objects);
        relocation.note(&mut changes, &old);
        let outputs = self.outputs.into_iter();
        let outputs = outputs.map(|(name, value)| (name, relocation.value(value)));
        let head = store.head()?;
        Ok(Plan {
            changes,
            output_changes: diff_outputs(&outputs.collect(), &configuration.outputs),
            effects: Effects::default(),
            held: Vec::new(),
            serial: head.serial,
            lineage: head.lineage,
            at: context.clock.now(),
        })
    }
}
