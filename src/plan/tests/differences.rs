//! Which attributes and objects differ.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::super::testing::*;
use super::super::*;
use super::shell;
use crate::diag::Span;
use crate::lang::Value;
use crate::objects::Object;

fn changed(old: Object, new: Object) -> Vec<String> {
    diff(&side([old]), &side([new]))
        .into_iter()
        .flat_map(|change| change.attributes)
        .map(|attribute| attribute.name.to_string())
        .collect()
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
