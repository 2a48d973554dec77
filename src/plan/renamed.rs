//! Names that may have changed: objects that go and objects that come, alike in all but their names.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::change::Action;
use super::change::Change;
use super::diff::keys;
use super::diff::without_keys;
use super::moves::Relocation;
use crate::objects::Address;
use crate::objects::Object;
use crate::objects::Objects;
use crate::objects::stored;

/// Objects that may have got another name: one, or siblings that one `moved` block without keys takes along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renamed {
    /// The old and the new addresses.
    pub pairs: Vec<(Address, Address)>,
    /// Whether others are alike, too, so that nothing but the order of the names says which one has become which.
    pub guessed: bool,
}

/// Where a `moved` block may be missing: what goes and what comes is alike, with all that is inside. Of several that are alike, those
/// belong together that are the only ones in their pipeline, or the only ones with their keys; the others in their order, if as many come
/// as go.
pub fn renamed(changes: &[Change], (old, new): (&Objects, &Objects)) -> Vec<Renamed> {
    let is = |action| move |change: &Change| change.action == action;
    if !changes.iter().any(is(Action::Delete)) || !changes.iter().any(is(Action::Create)) {
        return Vec::new();
    }
    let gone = alike(changes, Action::Delete, old);
    let mut come = alike(changes, Action::Create, new);
    let pairs = gone.into_iter().filter_map(|(likeness, old)| {
        let new = come.remove(&likeness)?;
        Some(paired(old, new))
    });
    let pairs: Vec<Pair> = pairs.flatten().collect();
    by_block(pairs, (old, new))
}

/// An old and a new address, and whether it is a guess that they belong together.
type Pair = (Address, Address, bool);

/// What there may be only one of among those that are alike.
type Place = fn(&Address) -> Option<String>;

/// Which of the old and the new ones belong together.
fn paired(mut old: BTreeSet<Address>, mut new: BTreeSet<Address>) -> Vec<Pair> {
    let in_pipeline: Place =
        |address| Some(format!("{:?} {:?}", address.outer(), key_places(address)));
    let with_keys: Place = |address| {
        let keys = key_places(address);
        (!keys.is_empty()).then(|| format!("{keys:?}"))
    };
    let mut pairs = Vec::new();
    for place in [in_pipeline, with_keys] {
        let mut there = only_ones(&new, place);
        for (place, from) in only_ones(&old, place) {
            if let Some(to) = there.remove(&place) {
                old.remove(&from);
                new.remove(&to);
                pairs.push((from, to, false));
            }
        }
    }
    if old.len() == new.len() {
        let guessed = old.len() > 1;
        let others = old.into_iter().zip(new);
        pairs.extend(others.map(|(old, new)| (old, new, guessed)));
    }
    pairs
}

/// Those that are the only ones at their place.
fn only_ones(addresses: &BTreeSet<Address>, place: Place) -> BTreeMap<String, Address> {
    let mut found: BTreeMap<String, Option<Address>> = BTreeMap::new();
    for address in addresses {
        if let Some(place) = place(address) {
            let only = found.entry(place);
            only.and_modify(|only| *only = None)
                .or_insert_with(|| Some(address.clone()));
        }
    }
    let found = found.into_iter();
    found
        .filter_map(|(place, only)| Some((place, only?)))
        .collect()
}

/// The keys of an address, each with how many dots stand before it outside of keys.
fn key_places(address: &Address) -> Vec<(usize, &str)> {
    let text = address.as_str();
    let (mut from, mut dots) = (0, 0);
    let keys = keys(text).into_iter().map(|(open, key, close)| {
        dots += text
            .get(from..open)
            .unwrap_or_default()
            .matches('.')
            .count();
        from = close;
        (dots, key)
    });
    keys.collect()
}

/// What one `moved` block is enough for, together. A block without keys moves all that have this address but for the keys, so that none of
/// these may stay, and none may have been where they go.
fn by_block(pairs: Vec<Pair>, (old, new): (&Objects, &Objects)) -> Vec<Renamed> {
    if pairs.is_empty() {
        return Vec::new();
    }
    let bare = |objects: &Objects| -> BTreeSet<String> {
        let addresses = objects.keys();
        addresses
            .map(|address| without_keys(address.as_str()))
            .collect()
    };
    let (taken, staying) = (bare(old), bare(new));
    let mut blocks: BTreeMap<(String, String), Renamed> = BTreeMap::new();
    for (from, to, guessed) in pairs {
        let [bare_from, bare_to] = [&from, &to].map(|address| without_keys(address.as_str()));
        let keys = key_places(&from);
        let together = !keys.is_empty()
            && keys == key_places(&to)
            && !staying.contains(&bare_from)
            && !taken.contains(&bare_to);
        let block = if together {
            (bare_from, bare_to)
        } else {
            (from.to_string(), to.to_string())
        };
        let block = blocks.entry(block).or_insert_with(|| Renamed {
            pairs: Vec::new(),
            guessed: false,
        });
        block.pairs.push((from, to));
        block.guessed |= guessed;
    }
    let mut blocks: Vec<Renamed> = blocks.into_values().collect();
    for block in &mut blocks {
        block.pairs.sort();
    }
    blocks
}

/// The objects that go or come, by what they are. What goes or comes with its pipeline is not looked at by itself.
fn alike(
    changes: &[Change],
    action: Action,
    objects: &Objects,
) -> BTreeMap<String, BTreeSet<Address>> {
    let mut found: BTreeMap<String, BTreeSet<Address>> = BTreeMap::new();
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
            found
                .entry(likeness)
                .or_default()
                .insert((*address).clone());
        }
    }
    found
}

/// What an object is with all that is inside it, but for its own address: what they would be if it moved to one that nothing else has.
fn likeness(address: &Address, objects: &Objects) -> String {
    let inside = objects
        .range(address.clone()..)
        .take_while(|(other, _)| other.as_str().starts_with(address.as_str()))
        .filter_map(|(other, object)| {
            let rest = other.as_str().strip_prefix(address.as_str())?;
            let is_inside = rest.is_empty() || rest.starts_with('.');
            is_inside.then(|| (object, Address::new(format!("@{rest}"))))
        });
    let mut moved = BTreeMap::new();
    let mut found = Objects::new();
    for (object, elsewhere) in inside {
        moved.insert(object.address.clone(), elsewhere);
        found.insert(object.address.clone(), object.clone());
    }
    let mut text = String::new();
    for (address, object) in Relocation::of(moved).objects(found) {
        text.extend([
            address.as_str(),
            " ",
            object.kind().as_str(),
            " ",
            object.object_type.name,
            " ",
            &content(object),
            "\n",
        ]);
    }
    text
}

fn content(object: Object) -> String {
    let unplaced = Object {
        written: BTreeMap::new(),
        ..object
    };
    stored::to_json(&unplaced).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Value;
    use crate::plan::diff;
    use crate::plan::testing::FILE;
    use crate::plan::testing::PIPELINE;
    use crate::plan::testing::SCHEDULE;
    use crate::plan::testing::SHELL;
    use crate::plan::testing::object;
    use crate::plan::testing::reference;
    use crate::plan::testing::side;
    use crate::plan::testing::string;

    /// Each of what one block is enough for: the first pair, how many there are, and `?` for a guess.
    fn between(old: &Objects, new: &Objects) -> Vec<String> {
        let found = renamed(&diff(old, new), (old, new)).into_iter();
        found
            .map(|one| {
                let (old, new) = &one.pairs[0];
                let guessed = if one.guessed { "?" } else { "" };
                format!("{old} {new} {}{guessed}", one.pairs.len())
            })
            .collect()
    }

    fn found(old: &[(&str, &str)], new: &[(&str, &str)]) -> Vec<String> {
        let objects = |objects: &[(&str, &str)]| {
            side(objects.iter().map(|(address, command)| {
                object(&SHELL, address, [("command", Value::string(*command))])
            }))
        };
        between(&objects(old), &objects(new))
    }

    #[test]
    fn a_schedule_may_be_called_calendar() {
        let [old, new] = ["pipeline.p.schedule.calendar", "pipeline.p.schedule.days"];
        let objects = |address| side([object(&SCHEDULE, address, [])]);
        assert_eq!(
            between(&objects(old), &objects(new)),
            [format!("{old} {new} 1")]
        );
    }

    #[test]
    fn only_what_is_alike_is_taken_for_renamed() {
        let (a, b, c) = (
            "pipeline.p.activity.a",
            "pipeline.p.activity.b",
            "pipeline.p.activity.c",
        );
        assert_eq!(found(&[(a, "x")], &[(b, "x")]), [format!("{a} {b} 1")]);
        assert!(found(&[(a, "x")], &[(b, "y")]).is_empty());
        assert!(found(&[(a, "x")], &[(b, "x"), (c, "x")]).is_empty());
        assert!(found(&[(a, "x"), (b, "x")], &[(c, "x")]).is_empty());
        assert_eq!(
            found(&[(a, "x"), (b, "y")], &[(b, "y"), (c, "x")]),
            [format!("{a} {c} 1")]
        );
    }

    #[test]
    fn of_several_that_are_alike_the_only_ones_in_their_pipeline_belong_together_others_are_a_guess()
     {
        let [pa, pb, pc, pd] =
            ["a", "b", "c", "d"].map(|name| format!("pipeline.p.activity.{name}"));
        let [qa, qb] = ["a", "b"].map(|name| format!("pipeline.q.activity.{name}"));
        assert_eq!(
            found(&[(&pa, "x"), (&qb, "x")], &[(&pb, "x"), (&qa, "x")]),
            [format!("{pa} {pb} 1"), format!("{qb} {qa} 1")]
        );
        assert_eq!(
            found(&[(&pa, "x")], &[(&pb, "x"), (&qa, "x")]),
            [format!("{pa} {pb} 1")]
        );
        assert_eq!(
            found(&[(&pa, "x"), (&pb, "x")], &[(&pc, "x"), (&pd, "x")]),
            [format!("{pa} {pc} 1?"), format!("{pb} {pd} 1?")]
        );
    }

    /// Pipelines of one `for_each`, in each an activity that writes a data node of its own.
    fn exports(name: &str, keys: &[&str], activity: &str) -> Objects {
        let objects = keys.iter().flat_map(|key| {
            let pipeline = format!("pipeline.{name}[\"{key}\"]");
            let node = format!("{pipeline}.data_node.out");
            let written = ("output", reference("data_node", &node));
            let activity = format!("{pipeline}.activity.{activity}");
            [
                object(&PIPELINE, &pipeline, []),
                object(&FILE, &node, [("path", string("/x"))]),
                object(&SHELL, &activity, [("command", string("copy")), written]),
            ]
        });
        side(objects)
    }

    #[test]
    fn siblings_are_one_also_where_their_objects_refer_to_each_other() {
        let old = exports("export", &["aa", "bb"], "copy");
        assert_eq!(
            between(&old, &exports("unload", &["aa", "bb"], "copy")),
            [r#"pipeline.export["aa"] pipeline.unload["aa"] 2"#]
        );
        assert_eq!(
            between(&old, &exports("export", &["aa", "bb"], "load")),
            [r#"pipeline.export["aa"].activity.copy pipeline.export["aa"].activity.load 2"#]
        );
    }

    #[test]
    fn a_key_may_be_what_changes() {
        let old = exports("export", &["aa", "bb"], "copy");
        assert_eq!(
            between(&old, &exports("export", &["aa", "cc"], "copy")),
            [r#"pipeline.export["bb"] pipeline.export["cc"] 1"#]
        );
    }

    #[test]
    fn no_block_without_keys_where_it_would_move_what_stays() {
        let old = exports("export", &["aa", "bb", "cc"], "copy");
        let mut new = exports("unload", &["aa", "bb"], "copy");
        new.extend(exports("export", &["cc"], "copy"));
        assert_eq!(
            between(&old, &new),
            [
                r#"pipeline.export["aa"] pipeline.unload["aa"] 1"#,
                r#"pipeline.export["bb"] pipeline.unload["bb"] 1"#,
            ]
        );
        assert_eq!(between(&new, &old).len(), 2);
    }
}
