//! Names that may have changed: an object that goes and one that comes, alike in all but their names.

use std::collections::BTreeMap;

use super::change::Action;
use super::change::Change;
use crate::objects::Address;
use crate::objects::Object;
use crate::objects::Objects;
use crate::objects::stored;

/// Pairs of an old and a new address where a `moved` block may be missing: of each the other is the only one that is alike, with all
/// that is inside.
pub fn renamed(changes: &[Change], (old, new): (&Objects, &Objects)) -> Vec<(Address, Address)> {
    let is = |action| move |change: &Change| change.action == action;
    if !changes.iter().any(is(Action::Delete)) || !changes.iter().any(is(Action::Create)) {
        return Vec::new();
    }
    let gone = alike(changes, Action::Delete, old);
    let mut come = alike(changes, Action::Create, new);
    let mut pairs = Vec::new();
    for (likeness, old) in gone {
        if let ([old], Some([new])) = (old.as_slice(), come.remove(&likeness).as_deref()) {
            pairs.push((old.clone(), new.clone()));
        }
    }
    pairs.sort();
    pairs
}

/// The objects that go or come, by what they are. What goes or comes with its pipeline is not looked at by itself.
fn alike(changes: &[Change], action: Action, objects: &Objects) -> BTreeMap<String, Vec<Address>> {
    let mut found: BTreeMap<String, Vec<Address>> = BTreeMap::new();
    let moving: BTreeMap<&Address, &Change> = changes
        .iter()
        .filter(|change| change.action == action && change.moved_from.is_none())
        .map(|change| (&change.address, change))
        .collect();
    for address in moving.keys() {
        let whole = address.outer();
        let with_owner = whole.is_some_and(|owner| moving.contains_key(&owner));
        let is_named = objects.get(*address).is_some_and(Object::is_named);
        if is_named && !with_owner {
            let likeness = likeness(address, objects);
            found.entry(likeness).or_default().push((*address).clone());
        }
    }
    found
}

/// What an object is with all that is inside it, but for its own address.
fn likeness(address: &Address, objects: &Objects) -> String {
    let inside = objects
        .range(address.clone()..)
        .take_while(|(other, _)| other.as_str().starts_with(address.as_str()))
        .filter(|(other, _)| {
            let rest = other.as_str().strip_prefix(address.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        });
    let mut text = String::new();
    for (other, object) in inside {
        let rest = other.as_str().strip_prefix(address.as_str());
        text.extend([
            rest.unwrap_or_default(),
            " ",
            object.kind().as_str(),
            " ",
            object.object_type.name,
            " ",
            &content(object).replace(address.as_str(), "@"),
            "\n",
        ]);
    }
    text
}

fn content(object: &Object) -> String {
    let unplaced = Object {
        written: BTreeMap::new(),
        ..object.clone()
    };
    stored::to_json(&unplaced).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Value;
    use crate::plan::diff;
    use crate::plan::testing::SCHEDULE;
    use crate::plan::testing::SHELL;
    use crate::plan::testing::object;
    use crate::plan::testing::side;

    fn found(old: &[(&str, &str)], new: &[(&str, &str)]) -> Vec<String> {
        let objects = |objects: &[(&str, &str)]| {
            side(objects.iter().map(|(address, command)| {
                object(&SHELL, address, [("command", Value::string(*command))])
            }))
        };
        let (old, new) = (objects(old), objects(new));
        let pairs = renamed(&diff(&old, &new), (&old, &new));
        pairs
            .iter()
            .map(|(old, new)| format!("{old} {new}"))
            .collect()
    }

    #[test]
    fn a_schedule_may_be_called_calendar() {
        let [old, new] = ["pipeline.p.schedule.calendar", "pipeline.p.schedule.days"];
        let objects = |address| side([object(&SCHEDULE, address, [])]);
        let (before, after) = (objects(old), objects(new));
        let pairs = renamed(&diff(&before, &after), (&before, &after));
        assert_eq!(pairs, [(Address::new(old), Address::new(new))]);
    }

    #[test]
    fn only_what_is_alike_and_the_only_one_is_taken_for_renamed() {
        let (a, b, c) = (
            "pipeline.p.activity.a",
            "pipeline.p.activity.b",
            "pipeline.p.activity.c",
        );
        assert_eq!(found(&[(a, "x")], &[(b, "x")]), [format!("{a} {b}")]);
        assert!(found(&[(a, "x")], &[(b, "y")]).is_empty());
        assert!(found(&[(a, "x")], &[(b, "x"), (c, "x")]).is_empty());
        assert!(found(&[(a, "x"), (b, "x")], &[(c, "x")]).is_empty());
        assert_eq!(
            found(&[(a, "x"), (b, "y")], &[(b, "y"), (c, "x")]),
            [format!("{a} {c}")]
        );
    }
}
