//! From the objects of a definition to the units the engine works on.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::model::Definition;
use super::model::FailureMode;
use super::model::Unit;
use super::model::UnitKind;
use crate::objects::Address;
use crate::objects::Kind;
use crate::objects::Object;
use crate::objects::Objects;
use crate::objects::Timetable;
use crate::objects::dependencies;
use crate::objects::has_instances;
use crate::objects::settings;

/// Preconditions are checked again after this.
const PRECONDITION_INTERVAL: SignedDuration = SignedDuration::from_secs(60);

/// Pauses between attempts grow up to this.
const RETRY_DELAY_MAX: SignedDuration = SignedDuration::from_secs(600);

/// The units of a definition: every activity, and every data node that something has to wait for.
pub fn compile(objects: &Objects, timetable: &Timetable, serial: u64) -> Definition {
    let units: BTreeMap<Address, Unit> = objects
        .values()
        .filter(|object| has_instances(object, timetable))
        .map(|object| (object.address.clone(), unit(objects, timetable, object)))
        .collect();
    Definition { serial, units }
}

fn unit(objects: &Objects, timetable: &Timetable, object: &Object) -> Unit {
    let duration = |name: &str| settings::duration(objects, object, name);
    let kind = if object.kind() == Kind::Activity {
        UnitKind::Activity
    } else {
        UnitKind::DataNode
    };
    let preconditions: Vec<Address> = object
        .references("precondition")
        .into_iter()
        .map(|(_, address)| address)
        .collect();
    let actions = |name: &str| actions(objects, object, name);
    Unit {
        address: object.address.clone(),
        kind,
        pipeline: object.pipeline.clone(),
        schedule: timetable.schedule(&object.address).cloned(),
        dependencies: dependencies(objects, timetable, object),
        precondition_timeout: preconditions
            .iter()
            .filter_map(|address| {
                settings::duration(objects, objects.get(address)?, "precondition_timeout")
            })
            .min()
            .or_else(|| duration("precondition_timeout")),
        preconditions,
        precondition_interval: PRECONDITION_INTERVAL,
        max_retries: settings::integer(objects, object, "max_retries")
            .and_then(|number| u32::try_from(number).ok())
            .unwrap_or(2),
        retry_delay: duration("retry_delay").unwrap_or(SignedDuration::from_secs(30)),
        retry_delay_max: RETRY_DELAY_MAX,
        attempt_timeout: duration("attempt_timeout"),
        failure_mode: failure_mode(objects, timetable, object),
        on_fail: actions("on_fail"),
        on_success: actions("on_success"),
        max_active_instances: settings::integer(objects, object, "max_active_instances")
            .and_then(|number| u32::try_from(number).ok())
            .unwrap_or(5),
        active: is_active(objects, object),
    }
}

/// A data node gives up, too, when one of its readers would: it stands between that and what failed.
fn failure_mode(objects: &Objects, timetable: &Timetable, object: &Object) -> FailureMode {
    let cascades = |object: &Object| {
        settings::text(objects, object, "failure_and_rerun_mode") == Some("cascade")
    };
    let reader_cascades = timetable
        .readers(&object.address)
        .iter()
        .filter_map(|reader| objects.get(reader))
        .any(cascades);
    if cascades(object) || reader_cascades {
        FailureMode::Cascade
    } else {
        FailureMode::None
    }
}

/// An object is active when neither it nor its pipeline says otherwise.
fn is_active(objects: &Objects, object: &Object) -> bool {
    let pipeline = object
        .pipeline
        .as_ref()
        .and_then(|pipeline| objects.get(pipeline));
    [Some(object), pipeline]
        .into_iter()
        .flatten()
        .all(|object| settings::boolean(&Objects::new(), object, "active") != Some(false))
}

fn actions(objects: &Objects, object: &Object, name: &str) -> Vec<Address> {
    let owner = if object.get(name).is_some() {
        Some(object)
    } else {
        object
            .pipeline
            .as_ref()
            .and_then(|pipeline| objects.get(pipeline))
    };
    owner
        .into_iter()
        .flat_map(|owner| owner.references(name))
        .map(|(_, address)| address)
        .collect()
}
