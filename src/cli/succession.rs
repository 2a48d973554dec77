//! What becomes of schedules and of instances when one definition follows another: the same for an apply and for the applies
//! of a rehearsal.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::engine::Instance;
use crate::engine::REMOVED;
use crate::engine::Status;
use crate::objects::Address;
use crate::objects::Era;
use crate::objects::Kind;
use crate::objects::Moments;
use crate::objects::Objects;
use crate::objects::Timetable;
use crate::plan::beside;
use crate::plan::succession::same_schedule;

/// Activations and cuts after an apply, and the schedules that follow. `old` are the schedules as of the serial before.
pub(super) fn continued(
    (serial, old): (u64, &Timetable),
    new: &Objects,
    moments: &Moments,
    made_until: &BTreeMap<Address, Timestamp>,
    now: Timestamp,
) -> (Moments, Timetable) {
    let mut next = activated(moments, new, now);
    let uncut = Moments {
        activations: next.activations.clone(),
        ..Moments::default()
    };
    let wanted = Timetable::new(new, &uncut, now);
    for (address, before, after) in beside(old.schedules(), wanted.schedules()) {
        let made = || made_until.get(address).copied();
        let until = match (before, after) {
            (Some(before), Some(after)) => {
                if same_schedule(before.current(), after.current()) {
                    continue;
                }
                before.ends_at(made(), now)
            }
            (Some(before), None) => made().max(before.cut()),
            // Whatever its schedule was before: what has been made is not made again.
            (None, _) => made().max(next.cuts.get(address).copied()),
        };
        let Some(until) = until else { continue };
        next.cuts.insert(address.clone(), until);
        if let Some(before) = before {
            next.eras.entry(address.clone()).or_default().push(Era {
                ended_by: serial + 1,
                until,
                schedule: before.current().clone(),
            });
        }
    }
    // Without cuts it is what was wanted.
    let timetable = if next.cuts.is_empty() && next.eras.is_empty() {
        wanted
    } else {
        Timetable::new(new, &next, now)
    };
    (next, timetable)
}

/// What the state knows of schedules once pipelines are active that nothing has activated yet.
pub(super) fn activated(moments: &Moments, new: &Objects, now: Timestamp) -> Moments {
    let mut next = moments.clone();
    for object in new.values() {
        if object.kind() == Kind::Pipeline {
            next.activations
                .entry(object.address.clone())
                .or_insert(now);
        }
    }
    next
}

/// The instances that an apply changes, of those that have not finished.
pub(super) fn instances_after(
    unfinished: &[Instance],
    (old, new): (&Objects, &Objects),
    at: Timestamp,
) -> Vec<Instance> {
    let changed = |instance: &Instance| {
        let object = &instance.key.object;
        let (was, is) = (old.contains_key(object), new.contains_key(object));
        if was && !is {
            canceled(instance, at)
        } else if is && !was {
            revived(instance)
        } else if is && instance.is_untried() {
            Some(held_back(instance))
        } else {
            None
        }
    };
    unfinished.iter().filter_map(changed).collect()
}

/// Waiting instances of objects that go are given up; what runs finishes.
fn canceled(instance: &Instance, at: Timestamp) -> Option<Instance> {
    let waits = matches!(
        instance.status,
        Status::WaitingOnDependencies | Status::WaitingForRunner | Status::Paused
    );
    waits.then(|| Instance {
        status: Status::Canceled,
        reason: Some(REMOVED.to_owned()),
        not_before: None,
        ended_at: Some(at),
        ..instance.clone()
    })
}

/// Instances that were given up because their definition was removed wait again when it comes back.
fn revived(instance: &Instance) -> Option<Instance> {
    if instance.went_with_its_definition() {
        Some(Instance {
            attempts: instance.attempts,
            origin: instance.origin,
            late: instance.late,
            ..Instance::new(instance.key.clone())
        })
    } else {
        instance.is_untried().then(|| held_back(instance))
    }
}

/// What is ready but was never tried waits again: it may have more to wait for now.
fn held_back(instance: &Instance) -> Instance {
    Instance {
        status: Status::WaitingOnDependencies,
        ..instance.clone()
    }
}
