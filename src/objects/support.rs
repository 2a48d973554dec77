//! What this version cannot run, and what it does not act on.
//!
//! Types whose work is not built are planned and applied like all others. Running an instance that needs one fails, at once
//! and for good: the engine makes no second attempt, the attempt says why, and a plan warns of it before.

use std::cell::LazyCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::address::Address;
use super::group::Group;
use super::group::either;
use super::kind::Kind;
use super::object::Object;
use super::schema::ObjectType;
use super::schema::Support;
use super::settings;
use super::settings::Objects;
use crate::lang::Value;

/// Why an instance of an object cannot be run, as a sentence without its stop. `None`: it can, as far as is known before.
pub fn cannot_run(objects: &Objects, object: &Object) -> Option<String> {
    let own = of_type(object.object_type, "run").or_else(|| of_attributes(object));
    match object.kind() {
        Kind::Activity => own
            .or_else(|| of_place(objects, object))
            .or_else(|| {
                let used: &[&str] = match object.object_type.name {
                    "copy" => &["input", "output"],
                    _ => &["database"], // data of others is there for order and for its names
                };
                used.iter()
                    .find_map(|attribute| of_used(objects, object, attribute))
            })
            .or_else(|| of_preconditions(objects, object)),
        Kind::DataNode => of_preconditions(objects, object),
        _ => own,
    }
}

/// A type whose work this version does not do; `verb`: what is done with objects of its kind.
fn of_type(object_type: &ObjectType, verb: &str) -> Option<String> {
    let Support::Missing(needs) = object_type.support else {
        return None;
    };
    Some(format!(
        "this version of pipeform cannot {verb} {} of type `{}`; that needs {needs}",
        plural(object_type.kind),
        object_type.name
    ))
}

/// What its attributes ask for.
fn of_attributes(object: &Object) -> Option<String> {
    let asks = |value: &Value| !matches!(value, Value::Null(_) | Value::Bool(false));
    object.object_type.schema().find_map(|schema| {
        let Support::Missing(needs) = schema.support else {
            return None;
        };
        object.get(schema.name).filter(|value| asks(value))?;
        Some(format!(
            "this version of pipeform cannot do what `{}` says; that needs {needs}",
            schema.name
        ))
    })
}

/// Where the work would be done: `runs_on` goes before `worker_group`, and both may be the pipeline's.
fn of_place(objects: &Objects, object: &Object) -> Option<String> {
    object.object_type.attribute("runs_on")?; // else it is done nowhere
    let only = only_on(object.object_type);
    if let Some(Value::Ref(reference)) = settings::inherited(objects, object, "runs_on") {
        let address = Address::new(&*reference.address);
        let resource = objects.get(&address)?;
        if let Some(types) = only.filter(|types| !types.contains(&resource.object_type.name)) {
            return Some(format!(
                "it runs on `{address}`, a resource of type `{}`, and {} of type `{}` run on one of type {} only",
                resource.object_type.name,
                plural(object.kind()),
                object.object_type.name,
                either(types)
            ));
        }
        let reason = of_type(resource.object_type, "create").or_else(|| {
            runs_here_only(object, resource).then(|| {
                format!(
                    "this version of pipeform runs {} of type `{}` on the machine of the runner only, and not on a cluster",
                    plural(object.kind()),
                    object.object_type.name
                )
            })
        })?;
        return Some(format!("it runs on `{address}`, and {reason}"));
    }
    if let Some(types) = only {
        return Some(format!(
            "it has no `runs_on`, and {} of type `{}` run on a resource of type {}",
            plural(object.kind()),
            object.object_type.name,
            either(types)
        ));
    }
    let group = settings::inherited(objects, object, "worker_group")?;
    let schema = object.object_type.attribute("worker_group")?;
    match schema.support {
        Support::Missing(needs) if *group != Value::NULL => Some(format!(
            "this version of pipeform cannot do what `worker_group` says; that needs {needs}"
        )),
        _ => None,
    }
}

/// Whether an activity is to run on a cluster, and this version does its work on the machine of the runner only.
fn runs_here_only(activity: &Object, resource: &Object) -> bool {
    activity.kind() == Kind::Activity
        && activity.object_type.support == Support::Full
        && only_on(activity.object_type).is_none()
        && resource.object_type.name == "emr_cluster"
}

/// The types of resources that work of a type is done on, if it is not done just anywhere.
fn only_on(object_type: &ObjectType) -> Option<&'static [&'static str]> {
    object_type.groups.iter().find_map(|group| match group {
        Group::Types("runs_on", types) => Some(*types),
        _ => None,
    })
}

/// The objects that an attribute refers to, and what those refer to.
fn of_used(objects: &Objects, object: &Object, attribute: &str) -> Option<String> {
    let used = object.references(attribute);
    used.iter().find_map(|(_, address)| {
        let used = objects.get(address)?;
        let reason = of_type(used.object_type, "reach")
            .or_else(|| of_attributes(used))
            .or_else(|| of_used(objects, used, "database"))
            .or_else(|| of_used(objects, used, "format"))?;
        Some(if reason.starts_with('`') {
            reason
        } else {
            format!("`{address}`: {reason}")
        })
    })
}

fn of_preconditions(objects: &Objects, object: &Object) -> Option<String> {
    let checks = object.references("precondition");
    checks.iter().find_map(|(_, address)| {
        let check = objects.get(address)?;
        // Whether data is there is asked where it is.
        let where_data_is = || {
            let exists = check.object_type.name == "exists" && object.kind() == Kind::DataNode;
            let asked = ["s3", "dynamodb"].contains(&object.object_type.name); // also where data cannot be copied
            let reason = || {
                let unreached = of_type(object.object_type, "reach").filter(|_| !asked);
                unreached.or_else(|| of_used(objects, object, "database"))
            };
            exists.then(reason).flatten()
        };
        of_type(check.object_type, "check")
            .or_else(|| of_attributes(check))
            .or_else(where_data_is)
            .map(|reason| format!("`{address}`: {reason}"))
    })
}

/// A kind as several are called.
pub fn plural(kind: Kind) -> String {
    let word = kind.as_str().replace('_', " ");
    match word.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{word}s"),
    }
}

/// What a definition has that this version does not do, each once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lacks {
    /// Types, with what each needs.
    pub types: Vec<(&'static ObjectType, &'static str)>,
    /// Attributes that are set: the kind of their objects, their names, what each needs.
    pub attributes: BTreeSet<(Kind, &'static str, &'static str)>,
    /// Attributes that are set and only kept: the kind of their objects, and their names.
    pub kept: BTreeSet<(Kind, &'static str)>,
    /// Types of activities that are to run on a cluster and are done on the machine of the runner only, with the first of each.
    pub not_on_clusters: BTreeMap<&'static str, Address>,
}

/// The data nodes that an activity would read or write itself. For others they are there for order and for their names.
fn reached(objects: &Objects) -> BTreeSet<Address> {
    let reaches = |object: &&Object| {
        let of = object.object_type;
        let missing = matches!(of.support, Support::Missing(_));
        object.kind() == Kind::Activity && (of.name == "copy" || missing)
    };
    let used = objects.values().filter(reaches).flat_map(|activity| {
        let data = ["input", "output"].map(|attribute| activity.references(attribute));
        data.into_iter().flatten().map(|(_, address)| address)
    });
    used.collect()
}

/// What is in a definition that this version does not do. Data that only lies there, and is waited for, is no lack.
pub fn lacks(objects: &Objects) -> Lacks {
    let mut lacks = Lacks::default();
    let reached = LazyCell::new(|| reached(objects));
    for object in objects.values() {
        let object_type = object.object_type;
        if let Support::Missing(needs) = object_type.support {
            let known = lacks.types.iter().any(|(known, _)| *known == object_type);
            let lies_there = object.kind() == Kind::DataNode
                && !reached.contains(&object.address)
                && of_preconditions(objects, object).is_none();
            if !known && !lies_there {
                lacks.types.push((object_type, needs));
            }
            continue;
        }
        if object.kind() == Kind::Activity
            && object_type.attribute("runs_on").is_some()
            && let Some(Value::Ref(on)) = settings::inherited(objects, object, "runs_on")
            && let Some(resource) = objects.get(&Address::new(&*on.address))
            && runs_here_only(object, resource)
        {
            let first = lacks.not_on_clusters.entry(object_type.name);
            first.or_insert_with(|| object.address.clone());
        }
        for schema in object_type.schema() {
            if schema.support == Support::Full {
                continue; // as nearly all
            }
            let set = object.get(schema.name);
            if !set.is_some_and(|value| !matches!(value, Value::Null(_) | Value::Bool(false))) {
                continue;
            }
            match schema.support {
                Support::Full => {}
                Support::Kept => drop(lacks.kept.insert((object.kind(), schema.name))),
                Support::Missing(needs) => {
                    lacks.attributes.insert((object.kind(), schema.name, needs));
                }
            }
        }
    }
    let name = |found: &ObjectType| (found.kind, found.name);
    lacks.types.sort_by_key(|(found, _)| name(found));
    lacks
}
