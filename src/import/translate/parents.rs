//! Parents: whether they are there and lead to `Default`, and what `Default` inherits itself.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::index;
use super::index::DEFAULT;
use super::notes;
use crate::diag::Diagnostics;
use crate::import::definition::Definition;
use crate::import::definition::Object;

/// How many parents of parents there may be. The service takes a hundred objects.
pub(super) const MAX_PARENTS: usize = 256;

/// Finds parents that are not there, several of one object, circles and chains that are too long.
pub(super) fn check(definition: &Definition, found: &mut Diagnostics) {
    let objects: BTreeMap<&str, &Object> = definition
        .objects
        .iter()
        .map(|object| (object.id.as_str(), object))
        .collect();
    // What is said of one circle is not said again for each of its objects.
    let mut said = BTreeSet::new();
    for object in &definition.objects {
        let mut parents = object.field("parent");
        let Some(first) = parents.next() else {
            continue;
        };
        if parents.next().is_some() {
            found.push(notes::one_value("parent", &object.id, first.span));
        }
        let mut seen = BTreeSet::from([object.id.as_str()]);
        let mut last = object;
        while let Some(id) = index::parent(last) {
            let Some(parent) = objects.get(id) else {
                if last.id == object.id {
                    found.push(notes::no_object(id, "parent", first.span));
                }
                break;
            };
            if !seen.insert(id) {
                let known = said.len();
                said.extend(seen);
                if said.len() > known {
                    found.push(notes::parents_in_circle(&object.id, first.span));
                }
                break;
            }
            if seen.len() > MAX_PARENTS {
                if said.is_empty() {
                    found.push(notes::too_many_parents(&object.id, first.span));
                }
                said.insert(object.id.as_str());
                break;
            }
            last = parent;
        }
    }
}

/// Writes what `Default` inherits into it: it is set on the pipeline, as what it says itself. Parents that nobody else has are gone.
pub(super) fn inherited_by_default(definition: &mut Definition) {
    let place = |definition: &Definition, id: &str| {
        let mut objects = definition.objects.iter();
        objects.position(|object| object.id == id)
    };
    let mut merged = BTreeSet::new();
    while let Some(at) = place(definition, DEFAULT)
        && let Some(parent) = definition.objects.get(at).and_then(index::parent)
        && let Some(parent) = place(definition, parent)
        && let Some(parent) = definition.objects.get(parent).cloned()
        && parent.id != DEFAULT
        && merged.insert(parent.id.clone())
        && let Some(default) = definition.objects.get_mut(at)
    {
        default.fields.retain(|field| field.key != "parent");
        let own: BTreeSet<String> = default
            .fields
            .iter()
            .map(|field| field.key.clone())
            .collect();
        let inherited = parent.fields.into_iter();
        default
            .fields
            .extend(inherited.filter(|field| !own.contains(&field.key) && field.key != "type"));
    }
    let objects = definition.objects.iter();
    let others: BTreeSet<String> = objects
        .filter_map(index::parent)
        .map(str::to_owned)
        .collect();
    definition.objects.retain(|object| {
        !merged.contains(&object.id) || others.contains(&object.id) || object.type_name().is_some()
    });
}
