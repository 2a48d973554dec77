//! Names that may have changed: objects and modules that go and such that come, alike in all but their names.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::change::Action;
use super::change::Change;
use super::diff::keys;
use super::diff::without_keys;
use super::moves::Relocation;
use super::moves::within;
use crate::objects::Address;
use crate::objects::Kind;
use crate::objects::Object;
use crate::objects::Objects;
use crate::objects::stored;

/// An object or a module that may have got another name; or siblings that one `moved` block without keys takes along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renamed {
    /// The old and the new addresses.
    pub pairs: Vec<(Address, Address)>,
    /// Whether it is something that runs, or such things are inside it.
    pub runs: bool,
    /// Whether others are alike, too, so that nothing but the order of the names says which one has become which.
    pub guessed: bool,
}

/// Where a `moved` block may be missing: what goes and what comes is alike, with all that is inside. Of several that are alike, those
/// belong together that are the only ones in their pipeline or module, or the only ones with their keys; the others in their order, if as
/// many come as go. What is inside of a module that has another name is not looked at by itself.
pub fn renamed(changes: &[Change], (old, new): (&Objects, &Objects)) -> Vec<Renamed> {
    let is = |action| move |change: &Change| change.action == action;
    if !changes.iter().any(is(Action::Delete)) || !changes.iter().any(is(Action::Create)) {
        return Vec::new();
    }
    let gone = alike(changes, Action::Delete, (old, new));
    let mut come = alike(changes, Action::Create, (new, old));
    // What is inside of something is written with less than that, and so comes after it.
    let mut gone: Vec<(String, BTreeSet<Address>)> = gone.into_iter().collect();
    gone.sort_by_key(|(likeness, _)| Reverse(likeness.len()));
    let mut pairs: Vec<Pair> = Vec::new();
    let mut with_modules: BTreeSet<Address> = BTreeSet::new();
    for (likeness, mut old) in gone {
        let Some(mut new) = come.remove(&likeness) else {
            continue;
        };
        for side in [&mut old, &mut new] {
            side.retain(|address| !modules(address).any(|module| with_modules.contains(&module)));
        }
        let found = paired(old, new);
        let both = found.iter().flat_map(|(from, to, _)| [from, to]);
        with_modules.extend(both.filter(|address| is_module(address)).cloned());
        pairs.extend(found);
    }
    by_block(pairs, (old, new))
}

/// The instances of modules that something stands in, or is, from the inside.
fn modules(address: &Address) -> impl Iterator<Item = Address> {
    std::iter::successors(address.module().map(Address::new), Address::outer)
}

fn is_module(address: &Address) -> bool {
    address.module() == Some(address.as_str())
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
    let same_keys: Place = |address| {
        let keys = key_places(address).into_iter();
        let keys: Vec<&str> = keys.map(|(_, key)| key).collect();
        (!keys.is_empty()).then(|| format!("{keys:?}"))
    };
    let mut pairs = Vec::new();
    for place in [in_pipeline, with_keys, same_keys] {
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
/// these may stay or go another way, and none may have been where they go.
fn by_block(pairs: Vec<Pair>, (old, new): (&Objects, &Objects)) -> Vec<Renamed> {
    if pairs.is_empty() {
        return Vec::new();
    }
    let bare = |objects: &Objects| -> BTreeSet<String> {
        let addresses = objects.keys();
        let addresses = addresses.flat_map(|address| modules(address).chain([address.clone()]));
        addresses
            .map(|address| without_keys(address.as_str()))
            .collect()
    };
    let (taken, staying) = (bare(old), bare(new));
    // A block without keys takes all along: also what goes another way.
    let mut ways: BTreeMap<String, BTreeSet<Option<String>>> = BTreeMap::new();
    for (from, to, _) in &pairs {
        let way = key_places(from) == key_places(to);
        let way = way.then(|| without_keys(to.as_str()));
        let ways = ways.entry(without_keys(from.as_str())).or_default();
        ways.insert(way);
    }
    let mut blocks: BTreeMap<(String, String), Renamed> = BTreeMap::new();
    for (from, to, guessed) in pairs {
        let [bare_from, bare_to] = [&from, &to].map(|address| without_keys(address.as_str()));
        let keys = key_places(&from);
        let together = !keys.is_empty()
            && keys == key_places(&to)
            && !staying.contains(&bare_from)
            && !taken.contains(&bare_to)
            && ways.get(&bare_from).is_some_and(|ways| ways.len() == 1);
        let block = if together {
            (bare_from, bare_to)
        } else {
            (from.to_string(), to.to_string())
        };
        let block = blocks.entry(block).or_insert_with(|| Renamed {
            pairs: Vec::new(),
            runs: false,
            guessed: false,
        });
        let runs = |object: &Object| [Kind::Pipeline, Kind::Activity].contains(&object.kind());
        block.runs |= within(new, &to).any(|(_, object)| runs(object));
        block.guessed |= guessed;
        block.pairs.push((from, to));
    }
    let mut blocks: Vec<Renamed> = blocks.into_values().collect();
    for block in &mut blocks {
        block.pairs.sort();
    }
    blocks
}

/// What goes or comes, by what it is. What goes or comes with its pipeline is not looked at by itself. `others`: the objects of the
/// other side.
fn alike(
    changes: &[Change],
    action: Action,
    (objects, others): (&Objects, &Objects),
) -> BTreeMap<String, BTreeSet<Address>> {
    let moving: BTreeSet<&Address> = changes
        .iter()
        .filter(|change| change.action == action && change.moved_from.is_none())
        .map(|change| &change.address)
        .collect();
    let named = moving.iter().filter(|address| {
        let whole = address.outer();
        let with_owner = whole.is_some_and(|owner| moving.contains(&owner));
        let is_named = objects.get(**address).is_some_and(Object::is_named);
        is_named && !with_owner
    });
    let whole = whole_modules(&moving, (objects, others));
    let mut found: BTreeMap<String, BTreeSet<Address>> = BTreeMap::new();
    for address in named.map(|address| (*address).clone()).chain(whole) {
        let likeness = likeness(&address, objects);
        found.entry(likeness).or_default().insert(address);
    }
    found
}

/// The instances of modules of which all goes or comes, so that there are none of these names on the other side.
fn whole_modules(
    moving: &BTreeSet<&Address>,
    (objects, others): (&Objects, &Objects),
) -> BTreeSet<Address> {
    let staying = objects
        .keys()
        .filter(|address| !moving.contains(*address))
        .chain(others.keys());
    let staying: BTreeSet<Address> = staying.flat_map(modules).collect();
    let moving = moving.iter().flat_map(|address| modules(address));
    moving.filter(|module| !staying.contains(module)).collect()
}

/// What an object or a module is with all that is inside it, but for its own address: what they would be if it moved to one that nothing
/// else has.
fn likeness(address: &Address, objects: &Objects) -> String {
    let mut moved = BTreeMap::new();
    let mut found = Objects::new();
    for (_, object) in within(objects, address) {
        let rest = object.address.as_str().strip_prefix(address.as_str());
        let elsewhere = Address::new(format!("@{}", rest.unwrap_or_default()));
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

    /// Instances of a module with a schedule, and with a pipeline that follows it and has an activity.
    fn modules_of(name: &str, keys: &[&str], command: &str) -> Objects {
        let objects = keys.iter().flat_map(|key| {
            let module = format!("module.{name}{key}");
            let schedule = format!("{module}.schedule.daily");
            let follows = ("schedule", reference("schedule", &schedule));
            let pipeline = format!("{module}.pipeline.load");
            let activity = format!("{pipeline}.activity.fetch");
            [
                object(&SCHEDULE, &schedule, []),
                object(&PIPELINE, &pipeline, [follows]),
                object(&SHELL, &activity, [("command", string(command))]),
            ]
        });
        side(objects)
    }

    #[test]
    fn a_module_with_all_that_is_inside_is_one() {
        let old = modules_of("a", &[""], "x");
        let new = modules_of("b", &[""], "x");
        assert_eq!(between(&old, &new), ["module.a module.b 1"]);
        assert!(renamed(&diff(&old, &new), (&old, &new))[0].runs);
        let new = modules_of("outer.module.b", &[""], "x");
        assert_eq!(between(&old, &new), ["module.a module.outer.module.b 1"]);
        let old = modules_of("a.module.inner", &[""], "x");
        let new = modules_of("b.module.inner", &[""], "x");
        assert_eq!(between(&old, &new), ["module.a module.b 1"]);
    }

    #[test]
    fn instances_of_a_module_are_siblings() {
        let keys = ["[\"eu\"]", "[\"us\"]"];
        let old = modules_of("a", &keys, "x");
        assert_eq!(
            between(&old, &modules_of("b", &keys, "x")),
            [r#"module.a["eu"] module.b["eu"] 2"#]
        );
        assert_eq!(
            between(&old, &modules_of("a", &["[\"eu\"]", "[\"asia\"]"], "x")),
            [r#"module.a["us"] module.a["asia"] 1"#]
        );
    }

    #[test]
    fn instances_of_a_module_that_go_several_ways_are_told_one_by_one() {
        let old = modules_of("a", &["[\"asia\"]", "[\"eu\"]", "[\"us\"]"], "x");
        let mut new = modules_of("b", &["[\"eu\"]", "[\"us\"]"], "x");
        let same = [
            r#"module.a["eu"] module.b["eu"] 1"#,
            r#"module.a["us"] module.b["us"] 1"#,
        ];
        for (name, key) in [("c", "asia"), ("b", "africa")] {
            let mut new = new.clone();
            new.extend(modules_of(name, &[&format!("[\"{key}\"]")], "x"));
            let third = format!(r#"module.a["asia"] module.{name}["{key}"] 1"#);
            assert_eq!(between(&old, &new), [third.as_str(), same[0], same[1]]);
        }
        // What is further in or out is known by its keys, too.
        let old = modules_of("a", &["[\"eu\"]", "[\"us\"]"], "x");
        new = modules_of("v.module.a", &["[\"us\"]"], "x");
        new.extend(modules_of("w.module.a", &["[\"eu\"]"], "x"));
        assert_eq!(
            between(&old, &new),
            [
                r#"module.a["eu"] module.w.module.a["eu"] 1"#,
                r#"module.a["us"] module.v.module.a["us"] 1"#,
            ]
        );
    }

    #[test]
    fn of_a_module_that_is_not_the_same_what_is_inside_is_looked_at() {
        let old = modules_of("a", &[""], "x");
        let schedules = ["module.a.schedule.daily module.b.schedule.daily 1"];
        let new = modules_of("b", &[""], "y");
        assert_eq!(between(&old, &new), schedules);
        assert!(!renamed(&diff(&old, &new), (&old, &new))[0].runs);
        // A module of the old name is still there: that cannot have become another one.
        let mut new = modules_of("b", &[""], "x");
        new.extend(side([object(
            &FILE,
            "module.a.data_node.out",
            [("path", string("/x"))],
        )]));
        assert_eq!(between(&old, &new), schedules);
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
