//! What an object has from its pipeline: where a move takes it into another one, and where it begins or ceases to say it itself.
//!
//! What it says may stay the same then while what it does changes, and the other way round. So it is compared by what counts for it in all.

use std::collections::BTreeSet;

use crate::lang::Value;
use crate::objects::Kind;
use crate::objects::Object;
use crate::objects::Objects;
use crate::objects::Support;

/// An object, and all that there are on its side.
pub(super) type Side<'a> = (&'a Object, &'a Objects);

/// The values of an attribute before and after.
pub(super) type Values<'a> = (Option<&'a Value>, Option<&'a Value>);

/// What the pipelines of an object say for it, by name.
pub(super) fn names(sides: [Side<'_>; 2]) -> BTreeSet<&str> {
    let pipelines = sides.into_iter().filter_map(pipeline);
    pipelines
        .flat_map(|pipeline| pipeline.attributes.keys())
        .map(|name| &**name)
        .filter(|name| is_said_for(sides, name))
        .collect()
}

/// Whether one of the pipelines of an object says an attribute for it.
pub(super) fn is_said_for(sides: [Side<'_>; 2], name: &str) -> bool {
    sides.into_iter().any(|side| {
        let said = pipeline(side).and_then(|pipeline| pipeline.get(name));
        said.is_some() && is_inherited(side.0, name)
    })
}

/// What counts of an attribute before and after.
pub(super) fn values<'a>([before, after]: [Side<'a>; 2], name: &str) -> Values<'a> {
    (counts(before, name), counts(after, name))
}

/// What an object has from its pipeline on one side in the place of what it says itself on the other. Not of `active`, which both have to say.
pub(super) fn instead<'a>(side: Side<'a>, other: &Object, name: &str) -> Option<&'a Value> {
    let says = other.get(name).is_some_and(is_set);
    if !says || name == "active" || !is_inherited(side.0, name) || side.0.get(name).is_some() {
        return None;
    }
    let said = pipeline(side).and_then(|pipeline| pipeline.get(name));
    said.filter(|value| is_set(value))
}

fn is_set(value: &Value) -> bool {
    *value != Value::NULL
}

fn pipeline((object, objects): Side<'_>) -> Option<&Object> {
    objects.get(object.pipeline.as_ref()?)
}

/// What counts for an object: what it says, else what its pipeline says.
fn counts<'a>(side: Side<'a>, name: &str) -> Option<&'a Value> {
    let own = side.0.get(name);
    if !is_inherited(side.0, name) {
        return own;
    }
    let said = pipeline(side).and_then(|pipeline| pipeline.get(name));
    match own {
        // It is active if neither says otherwise.
        Some(Value::Bool(true)) if name == "active" => said.or(own),
        _ => own.or(said),
    }
}

/// Whether an object has an attribute from its pipeline where it does not say it itself, and something comes of that.
fn is_inherited(object: &Object, name: &str) -> bool {
    let runs = matches!(
        object.kind(),
        Kind::Activity | Kind::DataNode | Kind::Resource
    );
    // What is told of compute it says itself, so that a pipeline's alarms are not set off twice.
    let is_own = object.kind() == Kind::Resource
        && match name {
            "on_fail" | "on_success" | "on_late" => true,
            "late_after" => object.get("on_late").is_none(),
            _ => false,
        };
    // Data and compute without a schedule have that of those who use them, wherever they stand.
    let follows = name == "schedule" && object.kind() != Kind::Activity;
    let reaches_aws = matches!(name, "provider" | "role") && object.kind() != Kind::Pipeline;
    let schema = object.object_type.attribute(name);
    (runs || reaches_aws)
        && !is_own
        && !follows
        && schema.is_some_and(|schema| !schema.metadata && schema.support != Support::Kept)
}
