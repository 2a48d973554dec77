//! Rules about how instances live: what may be given up, and shares of pools.

use crate::diag::Diagnostic;
use crate::lang::Value;
use crate::objects::address::Address;
use crate::objects::kind::Kind;
use crate::objects::object::Object;
use crate::objects::settings;
use crate::objects::settings::Objects;

/// Checks an activity or a pipeline.
pub(super) fn check(object: &Object, objects: &Objects, report: &mut impl FnMut(Diagnostic)) {
    for attribute in ["on_fail", "on_success"] {
        check_terminate(object, objects, attribute, report);
    }
    if object.kind() != Kind::Activity {
        return;
    }
    check_pool(object, objects, report);
}

/// Checks compute: it has no instance to give up, neither when it has ended nor when it is late.
pub(super) fn check_compute(
    resource: &Object,
    objects: &Objects,
    report: &mut impl FnMut(Diagnostic),
) {
    for attribute in ["on_fail", "on_success", "on_late"] {
        if let Some(action) = terminating(resource, objects, attribute) {
            report(
                Diagnostic::error(
                    "Invalid action",
                    format!("`{action}` gives up an instance that is late, and a resource has none: it serves those of the activities that run on it, and ends with the last of them."),
                )
                .of(attribute)
                .help("Set `late_after` and `on_late` with this action on these activities, or on their pipeline; or say by `terminate_after` how long the resource may be there, or by `idle_timeout` how long without work."),
            );
        }
    }
}

/// The action of an attribute that gives up what is late.
fn terminating(object: &Object, objects: &Objects, attribute: &str) -> Option<Address> {
    let terminates = |address: &Address| {
        let action = objects.get(address);
        action.is_some_and(|action| action.object_type.name == "terminate")
    };
    let actions = object.references(attribute).into_iter();
    actions.map(|(_, address)| address).find(terminates)
}

fn check_terminate(
    object: &Object,
    objects: &Objects,
    attribute: &str,
    report: &mut impl FnMut(Diagnostic),
) {
    if let Some(action) = terminating(object, objects, attribute) {
        report(
            Diagnostic::error(
                "Invalid action",
                format!("`{action}` gives up an instance that is late, and in `{attribute}` the instance has ended: there is nothing to give up."),
            )
            .of(attribute)
            .help("Use it in `on_late`, with `late_after`."),
        );
    }
}

fn check_pool(object: &Object, objects: &Objects, report: &mut impl FnMut(Diagnostic)) {
    let pool = settings::inherited(objects, object, "pool");
    let slots = settings::integer(objects, object, "pool_slots").unwrap_or(1);
    let Some(Value::Ref(reference)) = pool else {
        if object.get("pool_slots").is_some() && pool.is_none() {
            report(
                Diagnostic::error(
                    "Missing attribute",
                    "`pool_slots` says how many slots of its pool an attempt takes, and there is no pool.",
                )
                .help("Set `pool`, here or on the pipeline."),
            );
        }
        return;
    };
    let address = Address::new(&*reference.address);
    let has = objects
        .get(&address)
        .and_then(|pool| settings::integer(objects, pool, "slots"));
    if let Some(has) = has.filter(|has| *has < slots) {
        report(
            Diagnostic::error(
                "Pool too small",
                format!("An attempt of this activity takes {slots} slots, and `{address}` has {has}: it could never start."),
            )
            .help("Give the pool more `slots`, or the activity fewer `pool_slots`."),
        );
    }
}
