//! Whose runs a change is about: objects that change, and those that use one that does.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::change::Change;
use super::change::ChangeKind;
use crate::lang::Value;
use crate::objects::Address;
use crate::objects::Kind;
use crate::objects::Object;

/// The objects whose runs change: those that change themselves, and those that use one that does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Affected {
    /// All of them: also those whose runs are only due otherwise.
    pub runs: BTreeSet<Address>,
    /// Those whose runs do something else.
    pub behaviour: BTreeSet<Address>,
    /// Those whose runs may write something else, see [`Change::touches_data`].
    pub data: BTreeSet<Address>,
}

impl Affected {
    /// Those that changes are about, of the objects before and after.
    pub fn by<'a>(
        changes: &[Change],
        objects: &(impl Iterator<Item = &'a Object> + Clone),
    ) -> Self {
        let of_kind =
            |least| with_users(changes, |change: &Change| change.kind() >= least, objects);
        Self {
            runs: of_kind(ChangeKind::Schedule),
            behaviour: of_kind(ChangeKind::Behaviour),
            data: with_users(changes, Change::touches_data, objects),
        }
    }
}

/// The objects of some of the changes, and those that use one of them.
fn with_users<'a>(
    changes: &[Change],
    counts: impl Fn(&Change) -> bool,
    objects: &(impl Iterator<Item = &'a Object> + Clone),
) -> BTreeSet<Address> {
    let mut found: BTreeSet<Address> = changes
        .iter()
        .filter(|change| counts(change))
        .map(|change| change.address.clone())
        .collect();
    if found.is_empty() {
        return found;
    }
    let resources = resources_of_pipelines(objects);
    let mut grown = true;
    while grown {
        let users: Vec<Address> = objects
            .clone()
            .filter(|object| !found.contains(&object.address))
            .filter(|object| {
                object.attributes.values().any(|value| uses(value, &found))
                    || inherits(object, &resources).any(|resource| found.contains(resource))
            })
            .map(|object| object.address.clone())
            .collect();
        grown = !users.is_empty();
        found.extend(users);
    }
    found
}

/// Whether a value names one of these objects, other than to wait for it or to be due with it.
fn uses(value: &Value, found: &BTreeSet<Address>) -> bool {
    match value {
        Value::Ref(reference) => {
            !matches!(
                Kind::parse(&reference.kind),
                None | Some(Kind::Activity | Kind::Pipeline | Kind::Pool | Kind::Schedule)
            ) && found.contains(&Address::new(&*reference.address))
        }
        Value::List(list) | Value::Set(list) | Value::Tuple(list) => {
            list.iter().any(|value| uses(value, found))
        }
        Value::Map(map) | Value::Object(map) => map.values().any(|value| uses(value, found)),
        Value::Sensitive(inner) => uses(inner, found),
        Value::Null(_)
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Deferred(_) => false,
    }
}

/// What pipelines say their activities run on, in all versions of them.
fn resources_of_pipelines<'a>(
    objects: &(impl Iterator<Item = &'a Object> + Clone),
) -> BTreeMap<&'a Address, Vec<Address>> {
    let mut resources: BTreeMap<&Address, Vec<Address>> = BTreeMap::new();
    for pipeline in objects.clone().filter(|it| it.kind() == Kind::Pipeline) {
        let of_it = resources.entry(&pipeline.address).or_default();
        of_it.extend(pipeline.reference("runs_on"));
    }
    resources
}

/// What an object runs on because its pipeline says so.
fn inherits<'r>(
    object: &Object,
    resources: &'r BTreeMap<&Address, Vec<Address>>,
) -> impl Iterator<Item = &'r Address> {
    let pipeline = object.pipeline.as_ref().filter(|_| {
        object.kind() == Kind::Activity
            && object.get("runs_on").is_none()
            && object.object_type.attribute("runs_on").is_some()
    });
    let of_it = pipeline.and_then(|pipeline| resources.get(pipeline));
    of_it.into_iter().flatten()
}
