//! Objects that go on under another address: what `moved` blocks make of the state.
//!
//! Before anything is compared, all that the state has under an old address is looked at under its new one: definitions,
//! what refers to them, and runs. So a moved object is not removed and made again, and the only change is its name.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::change::Action;
use super::change::Change;
use super::change::Reason;
use crate::lang::Elements;
use crate::lang::Entries;
use crate::lang::Reference;
use crate::lang::Value;
use crate::objects::Address;
use crate::objects::Object;
use crate::objects::Objects;
use crate::objects::moves::Move;
use crate::objects::moves::Step;

/// Which objects of the state go on under another address.
#[derive(Clone, Debug, Default)]
pub struct Relocation {
    /// The new address by the old one.
    moved: BTreeMap<Address, Address>,
    /// Moves that were not made, because their target is taken.
    pub blocked: Vec<Step>,
}

impl Relocation {
    /// Applies moves, in the order given, to the objects of the state; then those that follow from `count` alone.
    pub fn find(moves: &[Move], prior: &Objects, configured: &Objects) -> Self {
        let mut current: BTreeMap<Address, Address> = prior
            .keys()
            .map(|address| (address.clone(), address.clone()))
            .collect();
        let mut blocked = Vec::new();
        for moved in moves {
            let steps: BTreeSet<Step> = moved
                .candidates(&current)
                .filter_map(|(address, _)| moved.step(address))
                .collect();
            for step in steps {
                if within(&current, &step.to).next().is_some() {
                    blocked.push(step);
                } else {
                    make(&mut current, &step);
                }
            }
        }
        loop {
            let steps = implied(&current, configured);
            if steps.is_empty() {
                break;
            }
            for step in steps {
                make(&mut current, &step);
            }
        }
        let renamed = current.into_iter().filter(|(new, old)| new != old);
        Self {
            moved: renamed.map(|(new, old)| (old, new)).collect(),
            blocked,
        }
    }

    /// These moves: the new address by the old one.
    pub fn of(moved: BTreeMap<Address, Address>) -> Self {
        Self {
            moved,
            blocked: Vec::new(),
        }
    }

    /// Whether nothing is moved.
    pub fn is_empty(&self) -> bool {
        self.moved.is_empty()
    }

    /// The old and the new addresses.
    pub fn pairs(&self) -> impl Iterator<Item = (&Address, &Address)> {
        self.moved.iter()
    }

    /// The address that something has after the moves.
    pub fn address(&self, address: &Address) -> Address {
        self.moved.get(address).unwrap_or(address).clone()
    }

    /// The new addresses at which nothing that moves away was: what is moved takes the place of what may have been there once.
    pub fn taken(&self) -> BTreeSet<&Address> {
        let new = self.moved.values();
        new.filter(|new| !self.moved.contains_key(*new)).collect()
    }

    /// A map by address after the moves. What is moved takes the place of what was there, also where the map has nothing of it.
    pub fn keys<T>(&self, map: BTreeMap<Address, T>) -> BTreeMap<Address, T> {
        if self.is_empty() {
            return map;
        }
        let (moved, mut kept): (BTreeMap<_, _>, BTreeMap<_, _>) = map
            .into_iter()
            .partition(|(address, _)| self.moved.contains_key(address));
        let taken: BTreeSet<&Address> = self.moved.values().collect();
        kept.retain(|address, _| !taken.contains(address));
        let moved = moved
            .into_iter()
            .map(|(address, value)| (self.address(&address), value));
        kept.extend(moved);
        kept
    }

    /// Objects after the moves: their addresses, and those they refer to. What has come into another pipeline stands in that.
    pub fn objects(&self, objects: Objects) -> Objects {
        self.renamed(objects, |object, address| {
            if *address == object.address {
                object.pipeline.clone()
            } else {
                address.pipeline()
            }
        })
    }

    /// Objects as they were before the moves, under the addresses that follow: each has what it inherits from the pipeline that it
    /// stood in, wherever it stands now.
    pub fn former(&self, objects: Objects) -> Objects {
        self.renamed(objects, |object, _| {
            let pipeline = object.pipeline.as_ref();
            pipeline.map(|pipeline| self.address(pipeline))
        })
    }

    /// Objects under other addresses; `pipeline`: in which one an object stands then, by that address.
    fn renamed(
        &self,
        objects: Objects,
        pipeline: impl Fn(&Object, &Address) -> Option<Address>,
    ) -> Objects {
        if self.is_empty() {
            return objects;
        }
        let rename = |(_, object): (Address, Object)| {
            let address = self.address(&object.address);
            let pipeline = pipeline(&object, &address);
            let attributes = object.attributes.into_iter();
            let object = Object {
                address,
                object_type: object.object_type,
                written: object.written,
                attributes: attributes
                    .map(|(name, value)| (name, self.value(value)))
                    .collect(),
                pipeline,
                lifecycle: object.lifecycle,
            };
            (object.address.clone(), object)
        };
        objects.into_iter().map(rename).collect()
    }

    /// A value whose references are those after the moves.
    pub fn value(&self, value: Value) -> Value {
        let items = |items: &Elements| {
            let items = items.iter().cloned();
            items.map(|item| self.value(item)).collect::<Vec<_>>()
        };
        let entries = |entries: &Entries| {
            let entries = entries.iter();
            let entries = entries.map(|(name, item)| (name.clone(), self.value(item.clone())));
            Arc::new(entries.collect::<Entries>())
        };
        match value {
            Value::Ref(reference) => {
                let old = Address::new(Arc::clone(&reference.address));
                match self.moved.get(&old) {
                    Some(new) => Value::Ref(Arc::new(Reference {
                        address: new.as_str().into(),
                        ..reference.as_ref().clone()
                    })),
                    None => Value::Ref(reference),
                }
            }
            Value::List(list) if !list.is_empty() => Value::List(Arc::new(items(&list).into())),
            Value::Set(list) if !list.is_empty() => Value::set(items(&list)),
            Value::Tuple(list) => Value::Tuple(Arc::new(items(&list).into())),
            Value::Map(map) if !map.is_empty() => Value::Map(entries(&map)),
            Value::Object(map) => Value::Object(entries(&map)),
            Value::Sensitive(inner) => self.value(Arc::unwrap_or_clone(inner)).mark(true),
            other => other,
        }
    }

    /// Says in the changes what was moved; what only moves is a change of its own.
    pub fn note(&self, changes: &mut Vec<Change>, prior: &Objects) {
        if self.is_empty() {
            return;
        }
        let places: BTreeMap<Address, usize> = changes
            .iter()
            .enumerate()
            .map(|(place, change)| (change.address.clone(), place))
            .collect();
        for (old, new) in &self.moved {
            let known = places.get(new).and_then(|place| changes.get_mut(*place));
            let Some(change) = known else {
                let object = prior.get(new);
                let moved = |object: &Object| Object {
                    pipeline: new.pipeline(),
                    ..object.clone()
                };
                changes.push(Change {
                    address: new.clone(),
                    action: Action::NoOp,
                    old: object.cloned(),
                    new: object.map(moved),
                    attributes: Vec::new(),
                    reason: None,
                    moved_from: Some(old.clone()),
                });
                continue;
            };
            if change.action == Action::Delete {
                change.reason = Some(Reason::MovedAway(old.clone(), new.clone()));
            }
            change.moved_from = Some(old.clone());
        }
        changes.sort_by(|one, other| one.address.cmp(&other.address));
    }
}

/// What lies at an address or inside of it.
pub(super) fn within<'a, T>(
    map: &'a BTreeMap<Address, T>,
    root: &'a Address,
) -> impl Iterator<Item = (&'a Address, &'a T)> {
    map.range(root.clone()..)
        .take_while(|(address, _)| address.as_str().starts_with(root.as_str()))
        .filter(|(address, _)| is_inside(address, root))
}

fn is_inside(address: &Address, root: &Address) -> bool {
    address
        .as_str()
        .strip_prefix(root.as_str())
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Takes what lies at or inside of an address to another one.
fn make(current: &mut BTreeMap<Address, Address>, step: &Step) {
    let old: Vec<Address> = within(current, &step.from)
        .map(|(address, _)| address.clone())
        .collect();
    for address in old {
        let rest = address.as_str().strip_prefix(step.from.as_str());
        let new = Address::new(format!("{}{}", step.to, rest.unwrap_or_default()));
        if let Some(origin) = current.remove(&address) {
            current.insert(new, origin);
        }
    }
}

/// A block that gets `count`, or loses it: the object without a key and the one with `[0]` are the same.
fn implied(current: &BTreeMap<Address, Address>, configured: &Objects) -> Vec<Step> {
    let mut steps = Vec::new();
    let is_first = |address: &Address| address.as_str().ends_with("[0]");
    let any_first = current.keys().any(is_first);
    for object in configured.values() {
        let to = &object.address;
        let from = match to.as_str().strip_suffix("[0]") {
            Some(bare) => Address::new(bare),
            None if !any_first || to.as_str().ends_with(']') => continue,
            None => Address::new(format!("{to}[0]")),
        };
        if !object.is_named() {
            continue;
        }
        let free = within(current, to).next().is_none() && !configured.contains_key(&from);
        if free && current.contains_key(&from) {
            steps.push(Step {
                from,
                to: to.clone(),
            });
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::testing::SCHEDULE;
    use crate::plan::testing::SHELL;
    use crate::plan::testing::object;
    use crate::plan::testing::side;

    fn relocation(prior: &[&str], configured: &[&str]) -> Vec<(String, String)> {
        let objects =
            |addresses: &[&str]| side(addresses.iter().map(|address| object(&SHELL, address, [])));
        let found = Relocation::find(&[], &objects(prior), &objects(configured));
        let pairs = found.pairs();
        pairs
            .map(|(old, new)| (old.to_string(), new.to_string()))
            .collect()
    }

    #[test]
    fn nothing_of_what_had_the_address_goes_over_to_what_is_moved_there() {
        let address = Address::new;
        let pairs = [("a", "c"), ("b", "a")].map(|(old, new)| (address(old), address(new)));
        let moved = Relocation::of(pairs.into());
        let map = [("b", 1), ("c", 2), ("d", 3)].map(|(name, value)| (address(name), value));
        let expected = [("a", 1), ("d", 3)].map(|(name, value)| (address(name), value));
        assert_eq!(moved.keys(BTreeMap::from(map)), BTreeMap::from(expected));
        assert_eq!(moved.taken(), BTreeSet::from([&address("c")]));
    }

    #[test]
    fn count_alone_moves_a_schedule_that_is_called_calendar() {
        let [bare, zero] = [
            "pipeline.p.schedule.calendar",
            "pipeline.p.schedule.calendar[0]",
        ];
        let objects = |address| side([object(&SCHEDULE, address, [])]);
        for (old, new) in [(bare, zero), (zero, bare)] {
            let found = Relocation::find(&[], &objects(old), &objects(new));
            let pairs: Vec<_> = found.pairs().collect();
            assert_eq!(pairs, [(&Address::new(old), &Address::new(new))]);
        }
    }

    #[test]
    fn count_alone_moves_between_no_key_and_zero() {
        let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            let pairs = pairs.iter();
            pairs
                .map(|(old, new)| ((*old).to_owned(), (*new).to_owned()))
                .collect()
        };
        let (bare, zero) = ("activity.a", "activity.a[0]");
        assert_eq!(
            relocation(&[bare], &[zero, "activity.a[1]"]),
            pairs(&[(bare, zero)])
        );
        assert_eq!(
            relocation(&[zero, "activity.a[1]"], &[bare]),
            pairs(&[(zero, bare)])
        );
        assert_eq!(relocation(&[bare, zero], &[zero]), pairs(&[]));
        assert_eq!(relocation(&[bare], &["activity.a[\"0\"]"]), pairs(&[]));
    }
}
