//! Which attributes and objects differ.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::super::testing::*;
use super::super::*;
use super::shell;
use crate::diag::Span;
use crate::lang::Value;
use crate::objects::Kind;
use crate::objects::Object;
use crate::objects::registry;

fn changed(old: Object, new: Object) -> Vec<String> {
    diff(&side([old]), &side([new]))
        .into_iter()
        .flat_map(|change| change.attributes)
        .map(|attribute| attribute.name.to_string())
        .collect()
}

#[test]
fn two_sides_are_gone_through_together() {
    let keyed = |keys: &[u32]| -> BTreeMap<u32, u32> { keys.iter().map(|key| (*key, 0)).collect() };
    let found = |old: &[u32], new: &[u32]| -> Vec<(u32, bool, bool)> {
        let (old, new) = (keyed(old), keyed(new));
        let sides = beside(&old, &new);
        sides
            .map(|(key, old, new)| (*key, old.is_some(), new.is_some()))
            .collect()
    };
    assert_eq!(
        found(&[1, 2, 5], &[2, 3, 5, 6]),
        [
            (1, true, false),
            (2, true, true),
            (3, false, true),
            (5, true, true),
            (6, false, true),
        ]
    );
    assert_eq!(found(&[1], &[]), [(1, true, false)]);
    assert!(found(&[], &[]).is_empty());
}

#[test]
fn a_default_written_out_is_no_change() {
    let written = [
        ("max_retries", number(2)),
        ("retry_delay", string("30 seconds")),
        ("description", Value::NULL),
    ];
    assert!(changed(shell([]), shell(written.clone())).is_empty());
    assert!(changed(shell(written), shell([])).is_empty());
    assert_eq!(
        changed(shell([]), shell([("max_retries", number(3))])),
        ["max_retries"]
    );
}

#[test]
fn what_moves_into_another_pipeline_inherits_from_that() {
    let (from, to) = ("pipeline.p.activity.x", "pipeline.q.activity.x");
    let of = |pipeline: &str, retries: i64| {
        let attributes = [
            ("max_retries", number(retries)),
            ("description", string(pipeline)),
        ];
        object(&PIPELINE, pipeline, attributes)
    };
    let activity = |address: &str| object(&SHELL, address, [("command", string("true"))]);
    let pair = (Address::new(from), Address::new(to));
    let relocation = Relocation::of(BTreeMap::from([pair]));
    // The schema has two retries where nothing is said.
    for (left, entered, expected) in [
        (9, 0, vec![(Some(number(9)), Some(number(0)))]),
        (9, 9, vec![]),
    ] {
        let [p, q] = [of("pipeline.p", left), of("pipeline.q", entered)];
        let prior = relocation.former(side([p.clone(), q.clone(), activity(from)]));
        let inside = prior[&Address::new(to)].pipeline.clone();
        assert_eq!(inside, Some(Address::new("pipeline.p")));
        let changes = diff(&prior, &side([p, q, activity(to)])).into_iter();
        let attributes = changes.flat_map(|change| change.attributes);
        let found: Vec<_> = attributes
            .map(|attribute| (attribute.old, attribute.new))
            .collect();
        assert_eq!(found, expected);
    }
    // A pipeline that moves takes along what is in it.
    let pairs = [
        ("pipeline.p", "pipeline.r"),
        (from, "pipeline.r.activity.x"),
    ];
    let pairs = pairs.map(|(old, new)| (Address::new(old), Address::new(new)));
    let relocation = Relocation::of(BTreeMap::from(pairs));
    let prior = relocation.former(side([of("pipeline.p", 9), activity(from)]));
    let new = side([of("pipeline.r", 9), activity("pipeline.r.activity.x")]);
    let kinds: Vec<_> = diff(&prior, &new).iter().map(Change::kind).collect();
    assert_eq!(kinds, [ChangeKind::Metadata]);
}

#[test]
fn both_sides_of_a_change_have_what_is_inherited() {
    let (from, to) = ("pipeline.p.activity.x", "pipeline.q.activity.x");
    let pipelines = || {
        [("pipeline.p", 9), ("pipeline.q", 0)].map(|(address, retries)| {
            object(&PIPELINE, address, [("max_retries", number(retries))])
        })
    };
    let with = |address: &str| {
        let mut objects = side(pipelines());
        let activity = object(&SHELL, address, [("command", string("true"))]);
        objects.insert(activity.address.clone(), activity);
        objects
    };
    let pair = (Address::new(from), Address::new(to));
    let relocation = Relocation::of(BTreeMap::from([pair]));
    let changes = diff(&relocation.former(with(from)), &with(to));
    let sides = changes[0].sides();
    let retries = sides.map(|side| side.and_then(|object| object.get("max_retries").cloned()));
    assert_eq!(retries, [Some(number(9)), Some(number(0))]);
    // What is kept is what is written.
    let new = changes[0].new.as_ref();
    assert_eq!(new.and_then(|new| new.get("max_retries")), None);
}

#[test]
fn a_default_written_out_is_a_change_where_the_pipeline_says_something_else() {
    let pipeline = || object(&PIPELINE, "pipeline.p", [("max_retries", number(9))]);
    let names = |old: Object, new: Object| -> Vec<String> {
        let changes = diff(&side([pipeline(), old]), &side([pipeline(), new]));
        let attributes = changes.into_iter().flat_map(|change| change.attributes);
        attributes
            .map(|attribute| attribute.name.to_string())
            .collect()
    };
    let written = || shell([("max_retries", number(2))]);
    assert_eq!(names(shell([]), written()), ["max_retries"]);
    assert_eq!(names(written(), shell([])), ["max_retries"]);
    assert!(names(written(), written()).is_empty());
}

#[test]
fn what_an_object_no_longer_says_it_has_from_its_pipeline() {
    let pipeline = |retries: i64| {
        let said = [
            ("active", Value::Bool(true)),
            ("max_retries", number(retries)),
        ];
        object(&PIPELINE, "pipeline.p", said)
    };
    let written = || {
        shell([
            ("active", Value::Bool(false)),
            ("max_retries", number(4)),
            ("retry_delay", string("1 minute")),
        ])
    };
    let active = (Some(Value::Bool(false)), None, ChangeKind::Schedule, false);
    let delay = (Some(string("1 minute")), None, ChangeKind::Behaviour, false);
    // The schema has two retries where nothing is said.
    for (said, kind) in [(9, ChangeKind::Behaviour), (4, ChangeKind::Metadata)] {
        let prior = side([pipeline(3), written()]);
        let changes = diff(&prior, &side([pipeline(said), shell([])]));
        let change = changes.last().expect("the activity");
        let retries = (Some(number(4)), Some(number(said)), kind, true);
        let attributes = change.attributes.iter();
        let found: Vec<_> = attributes
            .map(|it| (it.old.clone(), it.new.clone(), it.kind, it.inherited))
            .collect();
        assert_eq!(found, [active.clone(), retries, delay.clone()]);
    }
}

#[test]
fn what_an_object_says_as_its_pipeline_did_is_no_other_behaviour() {
    let said = || {
        let said = [
            ("max_retries", number(4)),
            ("schedule", reference("schedule", "schedule.s")),
        ];
        let pipeline = registry::find(Kind::Pipeline, "").expect("a type");
        object(pipeline, "pipeline.p", said)
    };
    let shell = registry::find(Kind::Activity, "shell_command").expect("a type");
    let activity = "pipeline.p.activity.a";
    let plain = object(shell, activity, []);
    for (retries, kind) in [(4, ChangeKind::Metadata), (5, ChangeKind::Behaviour)] {
        let written = [
            ("max_retries", number(retries)),
            ("schedule", reference("schedule", "schedule.s")),
        ];
        let changes = diff(
            &side([said(), plain.clone()]),
            &side([said(), object(shell, activity, written)]),
        );
        let attributes = changes.iter().flat_map(|change| &change.attributes);
        let found: Vec<_> = attributes
            .map(|it| (&*it.name, it.old.clone(), it.new.clone(), it.kind))
            .collect();
        let daily = || Some(reference("schedule", "schedule.s"));
        let expected = [
            ("max_retries", Some(number(4)), Some(number(retries)), kind),
            ("schedule", daily(), daily(), ChangeKind::Metadata),
        ];
        assert_eq!(found, expected);
    }
}

/// What changes for an object that goes from `pipeline.p` to another address, with its own attributes before and after: names, kinds and
/// values.
fn gone_over<const N: usize, const M: usize>(
    (kind, name): (Kind, &str),
    (inside, to): (&str, &str),
    old: [(&str, Value); N],
    new: [(&str, Value); M],
) -> Vec<(String, ChangeKind, Option<Value>, Option<Value>)> {
    let of_type = |kind, name| registry::find(kind, name).expect("a type");
    let pipelines = || {
        let said = [
            ("schedule", reference("schedule", "schedule.daily")),
            ("active", Value::Bool(false)),
            ("due", string("start")),
            ("max_retries", number(9)),
            ("retain", string("1 hour")),
        ];
        let other = [
            ("schedule", reference("schedule", "schedule.late")),
            ("retain", string("60 minutes")),
        ];
        let pipeline = of_type(Kind::Pipeline, "");
        [
            object(pipeline, "pipeline.p", said),
            object(pipeline, "pipeline.q", other),
        ]
    };
    let from = format!("pipeline.p.{inside}");
    let pair = (Address::new(from.as_str()), Address::new(to));
    let relocation = Relocation::of(BTreeMap::from([pair]));
    let mut prior = side(pipelines());
    let old = object(of_type(kind, name), &from, old);
    prior.insert(old.address.clone(), old);
    let mut configured = side(pipelines());
    let new = object(of_type(kind, name), to, new);
    configured.insert(new.address.clone(), new);
    let changes = diff(&relocation.former(prior), &configured).into_iter();
    let attributes = changes.flat_map(|change| change.attributes);
    attributes
        .map(|it| (it.name.to_string(), it.kind, it.old, it.new))
        .collect()
}

#[test]
fn what_counts_is_compared_where_an_object_goes_into_another_pipeline() {
    let shell = (Kind::Activity, "shell_command");
    let into = ("activity.x", "pipeline.q.activity.x");
    let command = ("command", string("true"));
    let active = ("active", Value::Bool(true));
    let found = gone_over(
        shell,
        into,
        [command.clone(), active.clone()],
        [command.clone(), active, ("max_retries", number(3))],
    );
    let schedule = |name: &str| Some(reference("schedule", name));
    let expected = [
        (
            "active",
            ChangeKind::Schedule,
            Some(Value::Bool(false)),
            Some(Value::Bool(true)),
        ),
        ("due", ChangeKind::Schedule, Some(string("start")), None),
        (
            "max_retries",
            ChangeKind::Behaviour,
            Some(number(9)),
            Some(number(3)),
        ),
        (
            "schedule",
            ChangeKind::Schedule,
            schedule("schedule.daily"),
            schedule("schedule.late"),
        ),
    ];
    let expected = expected.map(|(name, kind, old, new)| (name.to_owned(), kind, old, new));
    assert_eq!(found, expected);
}

#[test]
fn what_a_pipeline_says_is_not_said_of_all_in_it() {
    // A schedule has a `due` of its own, and nothing of its pipeline's.
    let nested = ("activity.x.schedule", "pipeline.q.activity.x.schedule");
    let every = [("every", string("1 day"))];
    let found = gone_over((Kind::Schedule, ""), nested, every.clone(), every);
    assert!(found.is_empty(), "{found:?}");
    // Data in no pipeline has the schedule of those who use it.
    let out = ("data_node.d", "data_node.d");
    let path = [("path", string("/d"))];
    let found = gone_over((Kind::DataNode, "file"), out, path.clone(), path).into_iter();
    let names: Vec<String> = found.map(|(name, ..)| name).collect();
    assert!(!names.contains(&"schedule".to_owned()), "{names:?}");
    assert!(names.contains(&"retain".to_owned()), "{names:?}");
}

#[test]
fn references_that_only_name_objects_have_no_order() {
    let (a, b) = (
        reference("action", "action.a"),
        reference("action", "action.b"),
    );
    let both = shell([("on_fail", list([a.clone(), b.clone()]))]);
    assert!(
        changed(
            both.clone(),
            shell([("on_fail", list([b.clone(), a.clone()]))])
        )
        .is_empty()
    );
    assert_eq!(changed(both, shell([("on_fail", a.clone())])), ["on_fail"]);
    let alone = shell([("on_fail", a.clone())]);
    assert!(changed(alone, shell([("on_fail", list([a]))])).is_empty());
    let inputs = |first: &Value, second: &Value| {
        shell([("script_argument", list([first.clone(), second.clone()]))])
    };
    let (x, y) = (string("x"), string("y"));
    assert_eq!(changed(inputs(&x, &y), inputs(&y, &x)), ["script_argument"]);
}

#[test]
fn sets_have_no_order_and_numbers_no_zeros() {
    let set = |elements: Vec<Value>| Value::Set(Arc::new(elements.into()));
    assert!(same_value(
        &set(vec![number(1), number(2)]),
        &set(vec![number(2), number(1)])
    ));
    assert!(!same_value(&set(vec![number(1)]), &set(vec![number(2)])));
    let decimal = |text: &str| Value::Number(crate::lang::Number(text.parse().expect("a number")));
    assert!(same_value(&decimal("1.50"), &decimal("1.5")));
}

#[test]
fn residuals_compare_by_text_not_by_place() {
    let here = dated("/logs/", ".log", Span::default());
    let moved = Span {
        start: 7,
        end: 9,
        ..Span::default()
    };
    assert!(same_value(&here, &dated("/logs/", ".log", moved)));
    assert!(!same_value(&here, &dated("/log/", ".log", moved)));
}

#[test]
fn lengths_of_time_compare_by_length() {
    let delay = |text: &str| shell([("retry_delay", string(text))]);
    assert!(changed(delay("60 seconds"), delay("1 minute")).is_empty());
    assert_eq!(
        changed(delay("60 seconds"), delay("2 minutes")),
        ["retry_delay"]
    );
    let every = |text: &str| object(&SCHEDULE, "schedule.s", [("every", string(text))]);
    assert!(changed(every("7 days"), every("1 week")).is_empty());
    assert_eq!(changed(every("24 hours"), every("1 day")), ["every"]);
}

#[test]
fn dates_compare_by_moment() {
    let start = |text: &str| object(&SCHEDULE, "schedule.s", [("start", string(text))]);
    let cases = [
        ("2026-11-01", "2026-11-01T00:00", true),
        ("2026-11-01", "2026-11-01T00:01", false),
        ("2026-11-01T01:00+01:00", "2026-11-01T00:00Z", true),
        ("2026-11-01T00:00+01:00", "2026-11-01T00:00+02:00", false),
        ("2026-11-01T00:00", "2026-11-01T00:00Z", false),
    ];
    for (old, new, same) in cases {
        assert_eq!(
            changed(start(old), start(new)).is_empty(),
            same,
            "{old} {new}"
        );
    }
}

#[test]
fn a_change_says_what_it_touches() {
    let kind = |old: Object, new: Object| diff(&side([old]), &side([new]))[0].kind();
    let told = shell([("description", string("x"))]);
    assert_eq!(kind(shell([]), told.clone()), ChangeKind::Metadata);
    let more = shell([("description", string("y")), ("max_retries", number(1))]);
    assert_eq!(kind(told, more), ChangeKind::Behaviour);
    let every = |text: &str| object(&SCHEDULE, "schedule.s", [("every", string(text))]);
    assert_eq!(kind(every("1 day"), every("1 week")), ChangeKind::Schedule);
}

#[test]
fn what_is_done_around_a_run_changes_nothing_of_its_data() {
    let of = |kind: Kind, name: &str, attribute: (&str, Value)| {
        let object_type = registry::find(kind, name).expect("a type");
        object(object_type, "pipeline.p.activity.a", [attribute])
    };
    let touches = |old: Object, new: Object| diff(&side([old]), &side([new]))[0].touches_data();
    let shell = |attribute| of(Kind::Activity, "shell_command", attribute);
    for (name, value) in [
        ("max_retries", number(7)),
        ("on_fail", reference("action", "action.tell")),
        ("pool", reference("pool", "pool.few")),
        ("active", Value::Bool(false)),
        ("description", string("x")),
    ] {
        let none = shell((name, Value::NULL));
        assert!(!touches(none, shell((name, value))), "{name}");
    }
    let command = |text: &str| ("command", string(text));
    assert!(touches(shell(command("a")), shell(command("b"))));
    let action = |text| of(Kind::Action, "shell_command", command(text));
    assert!(!touches(action("a"), action("b")));
    assert!(touches(action("a"), shell(command("a"))));
    let gone = diff(&side([shell(command("a"))]), &side([]));
    assert!(gone[0].touches_data());
}

#[test]
fn a_deletion_says_why() {
    let why = |gone: &str, stays: &str| {
        let prior = side([object(&SHELL, gone, [])]);
        let configured = side([object(&SHELL, stays, [])]);
        let changes = diff(&prior, &configured);
        let gone = changes
            .into_iter()
            .find(|change| change.action == Action::Delete);
        gone.and_then(|change| change.reason)
            .map(|reason| reason.to_string())
    };
    let cases = [
        (
            "pipeline.p.activity.a",
            "pipeline.p.activity.b",
            "because it is not in the configuration",
        ),
        (
            "pipeline.p.activity.a",
            "pipeline.q.activity.a",
            "because pipeline.p is not in the configuration",
        ),
        (
            r#"pipeline.e["x.y"].activity.a"#,
            r#"pipeline.e["z"].activity.a"#,
            r#"because key "x.y" is not in for_each"#,
        ),
        (
            r#"pipeline.e["x"].activity.a"#,
            r#"pipeline.e["x"].activity.b"#,
            "because it is not in the configuration",
        ),
        (
            "pipeline.p.activity.a[1]",
            "pipeline.p.activity.a[0]",
            "because index [1] is out of range for count",
        ),
        (
            "pipeline.e[1].activity.a",
            r#"pipeline.e["z"].activity.a"#,
            "because for_each replaces count here, or the reverse",
        ),
        (
            r#"pipeline.e["z"].activity.a"#,
            "pipeline.e[1].activity.a",
            "because for_each replaces count here, or the reverse",
        ),
    ];
    for (gone, stays, reason) in cases {
        assert_eq!(why(gone, stays).as_deref(), Some(reason), "{gone}");
    }
}

#[test]
fn an_object_may_change_its_type() {
    let old = object(&FILE, "data_node.d", [("path", string("/d"))]);
    let new = object(&TABLE, "data_node.d", [("table", string("d"))]);
    let changes = diff(&side([old]), &side([new]));
    assert_eq!(changes[0].action, Action::Update);
    assert_eq!(changes[0].attributes.len(), 2);
    assert_eq!(changes[0].kind(), ChangeKind::Behaviour);
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::NULL),
        any::<bool>().prop_map(Value::Bool),
        (-3_i64..3).prop_map(number),
        "[a-c\n]{0,3}".prop_map(|text| string(&text)),
        "[a-b]{0,2}".prop_map(|text| dated(&text, "", Span::default())),
        "[a-b]{1,2}".prop_map(|name| reference("data_node", &format!("data_node.{name}"))),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::list),
            prop::collection::vec(inner.clone(), 0..3)
                .prop_map(|list| Value::Set(Arc::new(list.into()))),
            prop::collection::btree_map("[a-c]", inner.clone(), 0..3).prop_map(|map| {
                let map = map
                    .into_iter()
                    .map(|(name, value)| (Arc::from(name), value));
                Value::map(map.collect())
            }),
            inner.prop_map(|value| match value {
                marked @ Value::Sensitive(_) => marked,
                value => Value::Sensitive(Arc::new(value)),
            }),
        ]
    })
}

fn objects() -> impl Strategy<Value = BTreeMap<Address, Object>> {
    let name = prop::sample::select(vec![
        "command",
        "on_fail",
        "max_retries",
        "input",
        "unknown",
    ]);
    let attributes = prop::collection::btree_map(name, value(), 0..4);
    let address = prop::sample::select(vec![
        "pipeline.p.activity.a",
        "pipeline.p.activity.b",
        r#"pipeline.e["k"].activity.a"#,
        "activity.c[0]",
    ]);
    let file = any::<bool>();
    prop::collection::btree_map(address, (attributes, file), 0..4).prop_map(|objects| {
        let objects = objects
            .into_iter()
            .map(|(address, (attributes, file))| Object {
                attributes: attributes
                    .into_iter()
                    .map(|(name, value)| (Arc::from(name), value))
                    .collect(),
                ..object(if file { &FILE } else { &SHELL }, address, [])
            });
        side(objects)
    })
}

/// What apply does with the definitions.
fn applied(
    mut objects: BTreeMap<Address, Object>,
    changes: &[Change],
) -> BTreeMap<Address, Object> {
    for change in changes {
        match &change.new {
            Some(new) => objects.insert(change.address.clone(), new.clone()),
            None => objects.remove(&change.address),
        };
    }
    objects
}

proptest! {
    #[test]
    fn equal_sides_give_no_changes(objects in objects()) {
        prop_assert_eq!(diff(&objects, &objects), vec![]);
    }

    #[test]
    fn after_an_apply_the_plan_is_empty(old in objects(), new in objects()) {
        let changes = diff(&old, &new);
        let applied = applied(old, &changes);
        prop_assert!(applied.keys().eq(new.keys()));
        prop_assert_eq!(diff(&applied, &new), vec![]);
    }

    #[test]
    fn a_plan_and_its_reverse_touch_the_same(old in objects(), new in objects()) {
        let names = |changes: Vec<Change>| -> Vec<(Address, Vec<Arc<str>>)> {
            let names = |change: Change| {
                let mut names: Vec<Arc<str>> = Vec::new();
                if change.action == Action::Update {
                    names.extend(change.attributes.into_iter().map(|attribute| attribute.name));
                }
                (change.address, names)
            };
            changes.into_iter().map(names).collect()
        };
        let same_types = old.iter().all(|(address, object)| {
            new.get(address).is_none_or(|other| other.object_type == object.object_type)
        });
        prop_assume!(same_types);
        prop_assert_eq!(names(diff(&old, &new)), names(diff(&new, &old)));
    }
}
