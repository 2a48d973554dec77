//! What an apply of a plan writes.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use jiff::Timestamp;

use super::Planned;
use crate::cli::errors::Failure;
use crate::cli::succession::instances_after;
use crate::engine::InstanceKey;
use crate::engine::Status;
use crate::lang::stored as stored_value;
use crate::objects::Address;
use crate::objects::Object;
use crate::objects::Objects;
use crate::objects::Timetable;
use crate::objects::eras;
use crate::objects::has_instances;
use crate::objects::settings;
use crate::objects::stored;
use crate::plan::Action;
use crate::store::Apply;
use crate::store::Rewrite;
use crate::store::Store;
use crate::store::StoredEra;
use crate::store::StoredObject;

impl Planned {
    /// What an apply of this plan writes.
    pub(crate) fn apply(&self, store: &Store, who: String) -> Result<Apply, Failure> {
        let counts = self.plan.counts();
        let mut apply = Apply {
            expected_serial: self.plan.serial,
            outputs: self
                .outputs
                .iter()
                .map(|(name, value)| (name.to_string(), stored_value::to_json(value)))
                .collect(),
            at: self.plan.at,
            who,
            counts: [counts.add, counts.change, counts.destroy, counts.forget],
            ..Apply::default()
        };
        for change in &self.plan.changes {
            match (change.action, &change.new) {
                (Action::Create | Action::Update, Some(object)) => {
                    apply.puts.push(stored_object(object));
                }
                (Action::Delete | Action::Forget, _) => apply.removes.push(change.address.clone()),
                _ => {}
            }
        }
        apply.moves = self.moves();
        apply.activations = changed(&self.new_moments.activations, &self.moments.activations);
        let lifted = self.plan.held.iter().filter(|held| held.lifted);
        apply.unpaused = lifted.map(|held| held.address.clone()).collect();
        apply.cuts = changed(&self.new_moments.cuts, &self.moments.cuts);
        apply.eras = self.ended_eras();
        let made_until = self.relocation.keys(store.made_until()?);
        apply.retain = Some(retentions(&self.new, self.next_timetable()));
        apply.dues = Some(self.next_definition().0.dues(&made_until));
        let mut unfinished = store.unfinished_instances()?;
        let taken = self.relocation.taken();
        unfinished.retain(|instance| !taken.contains(&instance.key.object));
        for instance in &mut unfinished {
            instance.key.object = self.relocation.address(&instance.key.object);
        }
        let seen: BTreeMap<&InstanceKey, Status> = unfinished
            .iter()
            .map(|instance| (&instance.key, instance.status))
            .collect();
        let changed = instances_after(&unfinished, (&self.old.objects, &self.new), self.plan.at);
        let rewrites = changed.into_iter().filter_map(|instance| {
            let seen = *seen.get(&instance.key)?;
            Some(Rewrite { seen, instance })
        });
        apply.instances = rewrites.collect();
        Ok(apply)
    }

    /// The schedules that this plan ends, as they are kept.
    fn ended_eras(&self) -> BTreeMap<Address, StoredEra> {
        let ended = self.new_moments.eras.iter().filter_map(|(address, eras)| {
            let era = eras.last().filter(|era| era.ended_by > self.old.serial)?;
            let schedule = eras::to_json(
                &self.old.objects,
                self.old.timetable.schedule_address(address)?,
                self.old.timetable.activation(address)?,
                &era.schedule,
            );
            let era = StoredEra {
                ended_by: era.ended_by,
                until: era.until,
                schedule,
            };
            Some((address.clone(), era))
        });
        ended.collect()
    }
}

/// How long what has finished is kept, of each object where that is said.
fn retentions(objects: &Objects, timetable: &Timetable) -> BTreeMap<Address, SignedDuration> {
    let with_instances = objects
        .values()
        .filter(|object| has_instances(object, timetable));
    let kept = with_instances.filter_map(|object| {
        let retain = settings::duration(objects, object, "retain")?;
        Some((object.address.clone(), retain))
    });
    kept.collect()
}

fn changed(
    new: &BTreeMap<Address, Timestamp>,
    old: &BTreeMap<Address, Timestamp>,
) -> BTreeMap<Address, Timestamp> {
    new.iter()
        .filter(|(address, at)| old.get(*address) != Some(at))
        .map(|(address, at)| (address.clone(), *at))
        .collect()
}

/// An object as the state keeps it.
pub(crate) fn stored_object(object: &Object) -> StoredObject {
    StoredObject {
        address: object.address.clone(),
        kind: object.kind().as_str().to_owned(),
        type_name: object.object_type.name.to_owned(),
        pipeline: object.pipeline.clone(),
        body: stored::to_json(object),
        lifecycle: object.lifecycle.to_json(),
    }
}
