use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::SignedDuration;
use proptest::prelude::*;

use super::effects::Activation;
use super::effects::Totals;
use super::effects::UnitRuns;
use super::effects::affected;
use super::effects::continued;
use super::effects::effects;
use super::testing::*;
use super::*;
use crate::diag::Span;
use crate::engine::CatchUp;
use crate::engine::Definition;
use crate::engine::Unit;
use crate::engine::UnitKind;
use crate::lang::Value;
use crate::objects::Object;
use crate::time::Due;
use crate::time::Interval;
use crate::time::Period;
use crate::time::Schedule;
use crate::time::Timeline;

fn shell<const N: usize>(attributes: [(&str, Value); N]) -> Object {
    object(&SHELL, "pipeline.p.activity.a", attributes)
}

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

fn unit(name: &str, schedule: Option<Schedule>, active: bool) -> Unit {
    let address = Address::new(format!("pipeline.p.activity.{name}"));
    Unit {
        pipeline: Some(Address::new("pipeline.p")),
        schedule: schedule.map(Timeline::from),
        active,
        ..Unit::new(address, UnitKind::Activity)
    }
}

fn definition(units: impl IntoIterator<Item = Unit>) -> Definition {
    Definition {
        serial: 1,
        units: units
            .into_iter()
            .map(|unit| (unit.address.clone(), unit))
            .collect(),
        ..Definition::default()
    }
}

fn recorded(cursor: Option<&str>, waiting: u64, running: u64) -> BTreeMap<Address, UnitRuns> {
    let runs = UnitRuns {
        cursor: cursor.map(at),
        beyond: Vec::new(),
        waiting,
        running,
    };
    BTreeMap::from([(Address::new("pipeline.p.activity.a"), runs)])
}

fn of(
    old: Option<Unit>,
    new: Option<Unit>,
    runs: &BTreeMap<Address, UnitRuns>,
    touched: bool,
) -> Effects {
    let affected: BTreeSet<Address> = touched
        .then(|| Address::new("pipeline.p.activity.a"))
        .into_iter()
        .collect();
    let now = at("2026-11-24T06:00:00Z");
    effects(&definition(old), &definition(new), runs, &affected, now)
}

fn daily() -> Schedule {
    schedule("2026-11-01T00:00", Period::Days(1))
}

#[test]
fn what_loses_its_schedule_is_on_demand() {
    let scheduled = Some(unit("a", Some(daily()), true));
    let recorded = recorded(Some("2026-11-24T00:00:00Z"), 0, 0);
    let lost = of(
        scheduled.clone(),
        Some(unit("a", None, true)),
        &recorded,
        true,
    );
    assert!(lost.pipelines[0].activities[0].on_demand);
    let gone = of(scheduled, None, &recorded, true);
    let on_demand = gone.pipelines.iter().flat_map(|it| &it.activities);
    assert!(on_demand.into_iter().all(|activity| !activity.on_demand));
}

#[test]
fn what_an_operator_has_made_ahead_is_not_due() {
    let day = |day: u32| Interval {
        start: at(&format!("2026-11-{day:02}T00:00:00Z")),
        end: at(&format!("2026-11-{:02}T00:00:00Z", day + 1)),
    };
    let with = |beyond: &[u32]| {
        let mut runs = recorded(Some("2026-11-20T00:00:00Z"), 0, 0);
        for runs in runs.values_mut() {
            runs.beyond = beyond.iter().map(|number| day(*number)).collect();
        }
        runs
    };
    let daily = |active| Some(unit("a", Some(daily()), active));
    assert_eq!(
        of(daily(true), daily(true), &with(&[]), false).totals.due,
        4
    );
    assert_eq!(
        of(daily(true), daily(true), &with(&[20, 22]), false)
            .totals
            .due,
        2
    );
    assert_eq!(
        of(daily(true), None, &with(&[20, 22]), true).totals.dropped,
        2
    );
    let effects = of(None, daily(true), &with(&[20, 22, 23]), true);
    let activity = &effects.pipelines[0].activities[0];
    assert_eq!(effects.totals.backfill, 1);
    assert_eq!(
        (activity.oldest, activity.newest),
        (Some(day(21)), Some(day(21)))
    );
    let all = of(daily(true), daily(true), &with(&[20, 21, 22, 23]), false);
    assert_eq!(all.totals, Totals::default());
}

#[test]
fn a_new_activity_is_back_filled_from_its_start() {
    let effects = of(
        None,
        Some(unit("a", Some(daily()), true)),
        &BTreeMap::new(),
        true,
    );
    let activity = &effects.pipelines[0].activities[0];
    assert_eq!(effects.pipelines[0].activation, Activation::Activated);
    assert_eq!(effects.totals.backfill, 23);
    assert_eq!(
        activity.oldest.map(|oldest| oldest.start),
        Some(at("2026-11-01T00:00:00Z"))
    );
    assert_eq!(
        activity.newest.map(|newest| newest.end),
        Some(at("2026-11-24T00:00:00Z"))
    );
    assert_eq!(activity.next_due[0], at("2026-11-25T00:00:00Z"));
    assert_eq!(activity.next_due.len(), 5);
}

#[test]
fn limits_of_a_schedule_limit_the_back_fill() {
    let count = |schedule: Schedule| {
        let effects = of(
            None,
            Some(unit("a", Some(schedule), true)),
            &BTreeMap::new(),
            true,
        );
        (
            effects.totals.backfill,
            effects.pipelines[0].activities[0].next_due.len(),
        )
    };
    let occurrences = daily().with_occurrences(Some(7)).unwrap();
    assert_eq!(count(occurrences), (7, 0));
    let end = daily().with_end(Some(at("2026-11-26T00:00:00Z"))).unwrap();
    assert_eq!(count(end), (23, 2));
    let starts = daily().with_due(Due::Start);
    assert_eq!(count(starts), (24, 5));
    assert_eq!(count(schedule("2030-01-01T00:00", Period::Days(1))), (0, 5));
}

#[test]
fn millions_of_intervals_are_counted_at_once() {
    let often = schedule("2000-01-01T00:00", Period::Minutes(5));
    let effects = of(
        None,
        Some(unit("a", Some(often), true)),
        &BTreeMap::new(),
        true,
    );
    assert_eq!(effects.totals.backfill, 2_829_384);
    assert!(effects.over_budget(2_829_384).is_none());
    let error = effects
        .over_budget(effects::MAX_RUNS_PER_APPLY)
        .expect("an error");
    assert!(error.help[1].contains("`--allow-runs=2829384`"));
    assert_eq!(error.object.as_deref(), Some("pipeline.p.activity.a"));
}

#[test]
fn runs_that_became_due_are_not_the_plans_doing() {
    let same = || Some(unit("a", Some(daily()), true));
    let effects = of(
        same(),
        same(),
        &recorded(Some("2026-11-22T00:00:00Z"), 1, 1),
        false,
    );
    assert_eq!(effects.totals.due, 2);
    assert_eq!(effects.totals.backfill, 0);
    assert_eq!(effects.totals.in_flight, 0);
    let effects = of(
        same(),
        same(),
        &recorded(Some("2026-11-24T00:00:00Z"), 3, 1),
        false,
    );
    assert_eq!(effects, Effects::default());
}

#[test]
fn an_attempt_under_way_keeps_its_definition() {
    let same = || Some(unit("a", Some(daily()), true));
    let effects = of(
        same(),
        same(),
        &recorded(Some("2026-11-24T00:00:00Z"), 0, 1),
        true,
    );
    assert_eq!(effects.totals.in_flight, 1);
}

#[test]
fn a_removed_activity_drops_and_cancels() {
    let effects = of(
        Some(unit("a", Some(daily()), true)),
        None,
        &recorded(Some("2026-11-20T00:00:00Z"), 2, 1),
        true,
    );
    let totals = effects.totals;
    assert_eq!(
        (totals.dropped, totals.canceled, totals.in_flight),
        (4, 2, 1)
    );
    assert_eq!(effects.pipelines[0].activation, Activation::Deactivated);
}

#[test]
fn a_deactivated_activity_holds_and_an_activated_one_catches_up() {
    let runs = recorded(Some("2026-11-20T00:00:00Z"), 2, 0);
    let unit = |active| Some(unit("a", Some(daily()), active));
    assert_eq!(of(unit(true), unit(false), &runs, true).totals.held, 6);
    assert_eq!(of(unit(false), unit(true), &runs, true).totals.backfill, 4);
}

#[test]
fn what_catch_up_passes_over_is_dropped() {
    let unit = |catch_up, active| {
        Some(Unit {
            catch_up,
            ..unit("a", Some(daily()), active)
        })
    };
    let none = recorded(None, 0, 0);
    let four_days_ago = recorded(Some("2026-11-20T00:00:00Z"), 0, 0);
    for (catch_up, new, back, due) in [
        (CatchUp::All, (23, 0), (4, 0), (4, 0)),
        (CatchUp::Latest, (1, 22), (1, 3), (1, 3)),
        (CatchUp::None, (0, 23), (1, 3), (1, 3)),
    ] {
        let counts = |old, runs| {
            let totals = of(old, unit(catch_up, true), runs, true).totals;
            (totals.backfill + totals.due, totals.dropped)
        };
        assert_eq!(counts(None, &none), new, "{catch_up:?}");
        assert_eq!(
            counts(unit(catch_up, false), &four_days_ago),
            back,
            "{catch_up:?}"
        );
        assert_eq!(
            counts(unit(catch_up, true), &four_days_ago),
            due,
            "{catch_up:?}"
        );
    }
}

#[test]
fn a_changed_schedule_is_cut_where_the_old_one_ends() {
    let hourly = schedule("2026-11-01T00:00", Period::Minutes(60));
    let effects = of(
        Some(unit("a", Some(daily()), true)),
        Some(unit("a", Some(hourly.clone()), true)),
        &recorded(Some("2026-11-23T00:00:00Z"), 0, 0),
        true,
    );
    let activity = &effects.pipelines[0].activities[0];
    assert_eq!(activity.cut, Some(at("2026-11-24T00:00:00Z")));
    assert_eq!(activity.was_due[0], at("2026-11-25T00:00:00Z"));
    assert_eq!(activity.next_due[0], at("2026-11-24T07:00:00Z"));
    // The day before by the old schedule, and six hours since by the new one.
    assert_eq!((effects.totals.due, effects.totals.backfill), (1, 6));
    let (daily, hourly) = (Timeline::from(daily()), Timeline::from(hourly));
    let next = continued(Some(&daily), &hourly, None, at("2026-11-24T06:00:00Z"));
    assert_eq!(next.cut(), activity.cut);
    assert_eq!(
        continued(Some(&next), &hourly, None, at("2026-11-25T06:30:00Z")),
        next
    );
    // What has an instance already, because somebody ran ahead of the clock, is not made again.
    let ahead = Some(at("2026-11-30T00:00:00Z"));
    let next = continued(Some(&daily), &hourly, ahead, at("2026-11-24T06:00:00Z"));
    assert_eq!(next.cut(), ahead);
}

#[test]
fn an_activity_on_demand_that_gets_a_schedule_is_back_filled() {
    let effects = of(
        Some(unit("a", None, true)),
        Some(unit("a", Some(daily()), true)),
        &recorded(None, 0, 1),
        false,
    );
    assert_eq!((effects.totals.backfill, effects.totals.in_flight), (23, 1));
    let back = of(
        Some(unit("a", Some(daily()), true)),
        Some(unit("a", None, true)),
        &recorded(Some("2026-11-23T00:00:00Z"), 0, 0),
        false,
    );
    let activity = &back.pipelines[0].activities[0];
    assert_eq!((activity.was_due.len(), activity.next_due.len()), (5, 0));
    // Nothing makes the intervals any more that are due and have no instance.
    assert_eq!((back.totals.due, back.totals.dropped), (0, 1));
}

#[test]
fn what_uses_a_changed_object_is_affected() {
    let node = |path: &str| object(&FILE, "pipeline.p.data_node.d", [("path", string(path))]);
    let reader = shell([(
        "input",
        list([reference("data_node", "pipeline.p.data_node.d")]),
    )]);
    let waits = object(
        &SHELL,
        "pipeline.p.activity.b",
        [("depends_on", reference("activity", "pipeline.p.activity.a"))],
    );
    let configured = side([node("/new"), reader.clone(), waits.clone()]);
    let changes = diff(&side([node("/old"), reader, waits]), &configured);
    let found: Vec<String> = affected(&changes, &configured.values())
        .iter()
        .map(Address::to_string)
        .collect();
    assert_eq!(found, ["pipeline.p.activity.a", "pipeline.p.data_node.d"]);
}

proptest! {
    /// Counting agrees with looking at each interval.
    #[test]
    fn counts_agree_with_enumeration(
        minutes in 1_u32..5000,
        cursor in 0_i64..40_000,
        now in 0_i64..60_000,
        cut in prop::option::of(0_i64..40_000),
        occurrences in prop::option::of(1_u64..50),
        start_due in any::<bool>(),
    ) {
        let origin = at("2026-01-01T00:00:00Z");
        let after = |minutes: i64| origin + SignedDuration::from_mins(minutes);
        let schedule = schedule("2026-01-01T00:00", Period::Minutes(minutes))
            .with_due(if start_due { Due::Start } else { Due::End })
            .with_occurrences(occurrences)
            .unwrap()
            .with_cut(cut.map(after));
        let (cursor, now) = (after(cursor), after(now));
        let pending = calendar::pending(&Timeline::from(schedule.clone()), (Some(cursor), &[]), now);
        let cut = schedule.cut().unwrap_or(Timestamp::MIN);
        let count = (0..=60_000 / i64::from(minutes))
            .take_while(|at| occurrences.is_none_or(|limit| u64::try_from(*at).is_ok_and(|at| at < limit)))
            .map(|at| (after(at * i64::from(minutes)), after((at + 1) * i64::from(minutes))))
            .filter(|(_, end)| *end > cut)
            .map(|(start, end)| (start.max(cut), end))
            .filter(|(start, end)| *start >= cursor && *(if start_due { start } else { end }) <= now)
            .count();
        prop_assert_eq!(pending.count, count as u64);
    }
}
