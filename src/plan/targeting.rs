//! A part of a configuration: which of its objects a plan is about, when `--target` or `--exclude` say it.
//!
//! What a plan is not about stays as it was applied. So that the whole goes together, a target brings along what it depends on,
//! and what is excluded keeps back what depends on it. An activity depends on those that write what it reads, too, if these are
//! new: without them its runs would find data that nobody makes, and wait for nothing.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::compare::same_value;
use super::diff::without_keys;
use crate::lang::Value;
use crate::lang::stored as stored_value;
use crate::objects::Address;
use crate::objects::Object;
use crate::objects::Objects;
use crate::objects::configuration::Reads;
use crate::objects::stored;

/// Which objects of a configuration a plan is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Their addresses, of the state and of the configuration.
    addresses: BTreeSet<Address>,
    /// Whether it is some that were named, and not all but some.
    is_named: bool,
}

type Outputs = BTreeMap<Arc<str>, Value>;

impl Part {
    /// Some objects, and all that they depend on.
    pub fn only(prior: &Objects, configured: &Objects, wanted: &BTreeSet<Address>) -> Self {
        let old = dependencies(prior);
        let new = with_new_writers(dependencies(configured), prior, configured);
        let mut addresses = BTreeSet::new();
        let mut open: Vec<&Address> = wanted.iter().collect();
        loop {
            while let Some(address) = open.pop() {
                if addresses.insert(address.clone()) {
                    let needed = new.get(address).into_iter().flatten();
                    open.extend(needed.filter(|needed| {
                        configured.contains_key(*needed) || prior.contains_key(*needed)
                    }));
                }
            }
            // What would stay as it was and refers to something that goes must go along.
            let goes = |address: &Address| {
                addresses.contains(address) && !configured.contains_key(address)
            };
            let left = old.iter().filter(|(address, needed)| {
                !addresses.contains(*address) && needed.iter().any(goes)
            });
            open.extend(left.map(|(address, _)| address));
            if open.is_empty() {
                return Self {
                    addresses,
                    is_named: true,
                };
            }
        }
    }

    /// All objects but some, and what depends on these.
    pub fn without(prior: &Objects, configured: &Objects, unwanted: &BTreeSet<Address>) -> Self {
        let old = dependencies(prior);
        let new = with_new_writers(dependencies(configured), prior, configured);
        let mut excluded = unwanted.clone();
        loop {
            let dependent = new.iter().filter(|(address, needed)| {
                !excluded.contains(*address)
                    && needed.iter().any(|needed| excluded.contains(needed))
            });
            let mut more: Vec<Address> = dependent.map(|(address, _)| address.clone()).collect();
            // What stays as it was needs what it refers to.
            let kept = excluded.iter().filter_map(|address| old.get(address));
            let needed = kept.flatten().filter(|needed| {
                !excluded.contains(*needed)
                    && !configured.contains_key(*needed)
                    && prior.contains_key(*needed)
            });
            more.extend(needed.cloned());
            if more.is_empty() {
                break;
            }
            excluded.extend(more);
        }
        let all = prior.keys().chain(configured.keys());
        let all = all.filter(|address| !excluded.contains(*address));
        Self {
            addresses: all.cloned().collect(),
            is_named: false,
        }
    }

    /// Whether a plan is about an object.
    pub fn contains(&self, address: &Address) -> bool {
        self.addresses.contains(address)
    }

    /// The objects as they are to be: those of this part as configured, the others as they were applied.
    pub fn objects(&self, prior: &Objects, configured: Objects) -> Objects {
        let kept = prior.iter().filter(|(address, _)| !self.contains(address));
        let mut objects: Objects = kept
            .map(|(address, object)| (address.clone(), object.clone()))
            .collect();
        let new = configured
            .into_iter()
            .filter(|(address, _)| self.contains(address));
        objects.extend(new);
        objects
    }

    /// The outputs as they are to be: what refers to an object that this is not about, or reads one, stays as it was. So does what
    /// has to do with none where objects were named.
    pub fn outputs(
        &self,
        prior: &Outputs,
        configured: Outputs,
        (objects, reads): (&Objects, &Reads),
    ) -> Outputs {
        let objects = objects.keys();
        let objects: Vec<(String, &Address)> = objects
            .map(|address| (without_keys(address.as_str()), address))
            .collect();
        let is_about = |value: &Value| {
            let mut about = true;
            stored_value::references(&stored_value::to_json(value), &mut |target| {
                about &= self.contains(&Address::new(target));
            });
            about
        };
        let refers = |value: &Value| {
            let mut refers = false;
            stored_value::references(&stored_value::to_json(value), &mut |_| refers = true);
            refers
        };
        let goes = |name: &Arc<str>, value: &Value| {
            if refers(value) {
                return is_about(value);
            }
            let read = reads.get(name);
            let has = read.and_then(|read| self.has_what_is_read(read, &objects));
            has.unwrap_or(!self.is_named)
        };
        let mut outputs = Outputs::new();
        for (name, value) in configured {
            let old = prior.get(&name);
            if goes(&name, &value) || old.is_some_and(|old| same_value(old, &value)) {
                outputs.insert(name, value);
            } else if let Some(old) = old {
                outputs.insert(name, old.clone());
            }
        }
        for (name, value) in prior {
            let stays = !is_about(value) || self.is_named && !refers(value);
            if !outputs.contains_key(name) && stays {
                outputs.insert(Arc::clone(name), value.clone());
            }
        }
        outputs
    }

    /// Whether it is about all objects that are read; `None`: there are none. `objects`: the addresses without keys, and whole.
    fn has_what_is_read(
        &self,
        read: &BTreeSet<Address>,
        objects: &[(String, &Address)],
    ) -> Option<bool> {
        let mut found = None;
        for read in read {
            let mut within = Some(read.clone());
            while let Some(place) = within {
                let inside = objects
                    .iter()
                    .filter(|(bare, _)| is_inside(bare, place.as_str()));
                let all = inside
                    .map(|(_, address)| self.contains(address))
                    .reduce(|one, other| one && other);
                if let Some(all) = all {
                    found = Some(all && found.unwrap_or(true));
                    break;
                }
                within = place.outer(); // it is an attribute whose name is a kind's
            }
        }
        found
    }
}

/// Whether something is at a place, or in what is there.
fn is_inside(address: &str, place: &str) -> bool {
    let rest = address.strip_prefix(place);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

type Dependencies = BTreeMap<Address, BTreeSet<Address>>;

/// The same, and who writes what an object reads, if that is not in the state.
fn with_new_writers(
    mut dependencies: Dependencies,
    prior: &Objects,
    configured: &Objects,
) -> Dependencies {
    let mut writers: BTreeMap<Address, Vec<&Address>> = BTreeMap::new();
    let new = configured
        .values()
        .filter(|object| !prior.contains_key(&object.address));
    for object in new {
        for (_, node) in object.references("output") {
            writers.entry(node).or_default().push(&object.address);
        }
    }
    for object in configured.values() {
        for (_, node) in object.references("input") {
            let writers = writers.get(&node).into_iter().flatten();
            let others = writers.filter(|writer| **writer != &object.address);
            let needed = dependencies.entry(object.address.clone()).or_default();
            needed.extend(others.map(|writer| (*writer).clone()));
        }
    }
    dependencies
}

/// What each object refers to, and what it stands in.
fn dependencies(objects: &Objects) -> Dependencies {
    let of = |object: &Object| {
        let mut needed = BTreeSet::new();
        stored_value::references(&stored::to_json(object), &mut |target| {
            needed.insert(Address::new(target));
        });
        needed.extend(object.address.outer());
        needed.extend(object.pipeline.clone());
        needed.remove(&object.address);
        needed
    };
    objects
        .iter()
        .map(|(address, object)| (address.clone(), of(object)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::testing::FILE;
    use crate::plan::testing::PIPELINE;
    use crate::plan::testing::SHELL;
    use crate::plan::testing::object;
    use crate::plan::testing::reference;
    use crate::plan::testing::side;

    fn set(addresses: &[&str]) -> BTreeSet<Address> {
        addresses.iter().copied().map(Address::new).collect()
    }

    /// `b.y` reads what `a.x` writes.
    fn both() -> Objects {
        let node = || reference("data_node", "data_node.d");
        side([
            object(&PIPELINE, "pipeline.a", []),
            object(&SHELL, "pipeline.a.activity.x", [("output", node())]),
            object(&PIPELINE, "pipeline.b", []),
            object(&SHELL, "pipeline.b.activity.y", [("input", node())]),
            object(&FILE, "data_node.d", []),
        ])
    }

    /// Only what writes.
    fn only_a() -> Objects {
        let mut objects = both();
        objects.retain(|address, _| !address.as_str().starts_with("pipeline.b"));
        objects
    }

    #[test]
    fn a_target_brings_along_what_it_depends_on() {
        let part = Part::only(&only_a(), &both(), &set(&["pipeline.b.activity.y"]));
        assert_eq!(
            part.addresses,
            set(&["data_node.d", "pipeline.b", "pipeline.b.activity.y"])
        );
    }

    #[test]
    fn a_target_brings_along_who_writes_what_it_reads_if_nobody_else_does() {
        let part = Part::only(&Objects::new(), &both(), &set(&["pipeline.b.activity.y"]));
        assert_eq!(
            part.addresses,
            set(&[
                "data_node.d",
                "pipeline.a",
                "pipeline.a.activity.x",
                "pipeline.b",
                "pipeline.b.activity.y"
            ])
        );
    }

    #[test]
    fn what_goes_takes_along_what_refers_to_it() {
        let part = Part::only(&both(), &Objects::new(), &set(&["data_node.d"]));
        assert_eq!(
            part.addresses,
            set(&[
                "data_node.d",
                "pipeline.a.activity.x",
                "pipeline.b.activity.y"
            ])
        );
        let objects = part.objects(&both(), Objects::new());
        let left: BTreeSet<Address> = objects.into_keys().collect();
        assert_eq!(left, set(&["pipeline.a", "pipeline.b"]));
    }

    #[test]
    fn outputs_that_refer_to_nothing_do_not_go_with_a_target() {
        let output = |name: &str, value: Value| (Arc::<str>::from(name), value);
        let prior = Outputs::from([
            output("bucket", Value::string("acme")),
            output("data", reference("data_node", "data_node.d")),
        ]);
        let left = |part: &Part| -> Vec<String> {
            let outputs = part.outputs(&prior, Outputs::new(), (&both(), &Reads::new()));
            outputs.keys().map(ToString::to_string).collect()
        };
        let wanted = set(&["data_node.d"]);
        let part = Part::only(&both(), &Objects::new(), &wanted);
        assert_eq!(left(&part), ["bucket"]);
        let part = Part::without(&both(), &Objects::new(), &wanted);
        assert_eq!(left(&part), ["data"]);
    }

    #[test]
    fn outputs_go_with_the_objects_that_they_read() {
        let output = |name: &str, value: &str| (Arc::<str>::from(name), Value::string(value));
        let names = ["bucket", "path", "command", "part"];
        let prior = Outputs::from(names.map(|name| output(name, "old")));
        let reads = Reads::from(
            [
                ("path", "data_node.d"),
                ("command", "pipeline.a.activity.x"),
                ("part", "pipeline.b.pool.size"),
            ]
            .map(|(name, read)| (Arc::from(name), set(&[read]))),
        );
        let new = |part: &Part| -> Vec<String> {
            let mut configured = Outputs::from(names.map(|name| output(name, "new")));
            configured.extend([output("added", "new")]);
            let outputs = part.outputs(&prior, configured, (&both(), &reads));
            let outputs = outputs.iter();
            outputs
                .filter(|(_, value)| **value == Value::string("new"))
                .map(|(name, _)| name.to_string())
                .collect()
        };
        let node = set(&["data_node.d"]);
        assert_eq!(new(&Part::only(&both(), &both(), &node)), ["path"]);
        let activity = set(&["pipeline.a.activity.x"]);
        let part = Part::only(&both(), &both(), &activity);
        assert_eq!(new(&part), ["command", "path"]);
        let part = Part::without(&both(), &both(), &activity);
        assert_eq!(new(&part), ["added", "bucket", "part", "path"]);
    }

    #[test]
    fn what_is_excluded_keeps_back_what_depends_on_it() {
        let part = Part::without(&Objects::new(), &both(), &set(&["data_node.d"]));
        assert_eq!(part.addresses, set(&["pipeline.a", "pipeline.b"]));
        let part = Part::without(&only_a(), &both(), &set(&["pipeline.a"]));
        assert_eq!(
            part.addresses,
            set(&["data_node.d", "pipeline.b", "pipeline.b.activity.y"])
        );
    }

    #[test]
    fn what_reads_what_nobody_would_write_is_kept_back() {
        let part = Part::without(&Objects::new(), &both(), &set(&["pipeline.a"]));
        assert_eq!(part.addresses, set(&["data_node.d", "pipeline.b"]));
    }

    #[test]
    fn what_stays_as_it_was_keeps_what_it_refers_to() {
        let part = Part::without(&both(), &Objects::new(), &set(&["pipeline.b.activity.y"]));
        let objects = part.objects(&both(), Objects::new());
        let left: BTreeSet<Address> = objects.into_keys().collect();
        assert_eq!(
            left,
            set(&["data_node.d", "pipeline.b", "pipeline.b.activity.y"])
        );
    }
}
