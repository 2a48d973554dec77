//! From the objects of a definition to the units the engine works on.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::model::Backoff;
use super::model::CatchUp;
use super::model::Definition;
use super::model::FailureMode;
use super::model::InstanceOrder;
use super::model::PoolShare;
use super::model::Unit;
use super::model::UnitKind;
use crate::lang::Value;
use crate::objects::Address;
use crate::objects::Kind;
use crate::objects::Object;
use crate::objects::Objects;
use crate::objects::Timetable;
use crate::objects::dependencies;
use crate::objects::has_instances;
use crate::objects::settings;
use crate::objects::settings::Settings;
use crate::objects::support;

/// Preconditions are checked again after this, where none of them says otherwise.
const PRECONDITION_INTERVAL: SignedDuration = SignedDuration::from_secs(60);

/// The units of a definition: every activity, and every data node that something has to wait for.
pub fn compile(objects: &Objects, timetable: &Timetable, serial: u64) -> Definition {
    let units: BTreeMap<Address, Unit> = objects
        .values()
        .filter(|object| has_instances(object, timetable))
        .map(|object| (object.address.clone(), unit(objects, timetable, object)))
        .collect();
    let pools = objects
        .values()
        .filter(|object| object.kind() == Kind::Pool)
        .filter_map(|pool| {
            let slots = settings::integer(objects, pool, "slots")?;
            Some((
                pool.address.clone(),
                u32::try_from(slots).unwrap_or(u32::MAX),
            ))
        })
        .collect();
    Definition {
        serial,
        units,
        pools,
    }
}

fn unit(objects: &Objects, timetable: &Timetable, object: &Object) -> Unit {
    let own = Settings::of(objects, object);
    let duration = |name: &str| own.duration(name);
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
    let actions = |name: &str| actions(own, name);
    let fresh = Unit::new(object.address.clone(), kind);
    let count = |number: Option<i64>| number.and_then(|number| u32::try_from(number).ok());
    let checks = || {
        preconditions
            .iter()
            .filter_map(|address| objects.get(address))
    };
    let own_pause = checks()
        .filter_map(|check| settings::duration(objects, check, "retry_delay"))
        .min();
    let max_retries = count(own.integer("max_retries")).unwrap_or(fresh.max_retries);
    let retry_delay = duration("retry_delay").unwrap_or(fresh.retry_delay);
    let runs_on = match own.inherited("runs_on") {
        Some(Value::Ref(on)) if kind == UnitKind::Activity => {
            Some(Address::new(on.address.clone()))
        }
        _ => None,
    };
    let resource = runs_on.as_ref().and_then(|address| objects.get(address));
    let mut unit = Unit {
        works_elsewhere: resource
            .is_some_and(|resource| resource.object_type.name == "emr_cluster"),
        runs_on,
        pipeline: object.pipeline.clone(),
        schedule: timetable.schedule(&object.address).cloned(),
        dependencies: dependencies(objects, timetable, object),
        precondition_timeout: checks()
            .filter_map(|check| settings::duration(objects, check, "precondition_timeout"))
            .min()
            .or_else(|| duration("precondition_timeout")),
        precondition_interval: own_pause.unwrap_or(PRECONDITION_INTERVAL),
        check_retries: checks()
            .filter_map(|check| count(settings::integer(objects, check, "max_retries")))
            .min()
            .unwrap_or(max_retries),
        check_retry_delay: own_pause.unwrap_or(retry_delay),
        preconditions,
        max_retries,
        retry_delay,
        max_retry_delay: duration("max_retry_delay").unwrap_or(fresh.max_retry_delay),
        backoff: match own.text("backoff") {
            Some("constant") => Backoff::Constant,
            _ => Backoff::Exponential,
        },
        retry_jitter: own.boolean("retry_jitter") == Some(true),
        failure_mode: failure_mode(objects, timetable, object),
        on_fail: actions("on_fail"),
        on_success: actions("on_success"),
        active: is_active(own),
        ..fresh
    };
    if support::cannot_run(objects, object).is_some() {
        unit.check_retries = 0;
        unit.max_retries = 0; // another attempt would fail for the same reason
    }
    if kind == UnitKind::Activity {
        with_attempts(objects, own, unit)
    } else {
        unit
    }
}

/// What only activities have: they do work, take places and can be late.
fn with_attempts(objects: &Objects, own: Settings<'_>, unit: Unit) -> Unit {
    let duration = |name: &str| own.duration(name);
    let number = |name: &str| own.integer(name);
    let count = |name: &str| number(name).and_then(|number| u32::try_from(number).ok());
    let (terminate_late, on_late): (Vec<Address>, Vec<Address>) =
        actions(own, "on_late").into_iter().partition(|action| {
            let action = objects.get(action);
            action.is_some_and(|action| action.object_type.name == "terminate")
        });
    let pool = match own.inherited("pool") {
        Some(Value::Ref(reference)) => Some(Address::new(&*reference.address)),
        _ => None,
    };
    Unit {
        attempt_timeout: duration("attempt_timeout"),
        report_progress_timeout: duration("report_progress_timeout")
            .unwrap_or(unit.report_progress_timeout),
        late_after: duration("late_after"),
        on_late,
        terminate_late,
        max_active_instances: count("max_active_instances").unwrap_or(unit.max_active_instances),
        pool: pool.map(|pool| PoolShare {
            pool,
            slots: count("pool_slots").unwrap_or(1),
        }),
        priority: number("priority").unwrap_or(unit.priority),
        catch_up: match own.text("catch_up") {
            Some("latest") => CatchUp::Latest,
            Some("none") => CatchUp::None,
            _ => CatchUp::All,
        },
        instance_order: match own.text("instance_order") {
            Some("newest_first") => InstanceOrder::NewestFirst,
            _ => InstanceOrder::OldestFirst,
        },
        ..unit
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
fn is_active(own: Settings<'_>) -> bool {
    own.both()
        .all(|object| settings::boolean(&Objects::new(), object, "active") != Some(false))
}

fn actions(own: Settings<'_>, name: &str) -> Vec<Address> {
    let owner = own.both().find(|owner| owner.get(name).is_some());
    owner
        .into_iter()
        .flat_map(|owner| owner.references(name))
        .map(|(_, address)| address)
        .collect()
}
