//! What a change does to runs: which become due, which are dropped, where a schedule is cut.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::SignedDuration;
use proptest::prelude::*;

use super::super::effects::Activation;
use super::super::effects::UnitRuns;
use super::super::effects::effects;
use super::super::in_flight::InFlight;
use super::super::succession::continued;
use super::super::testing::*;
use super::super::totals::Totals;
use super::super::*;
use super::shell;
use crate::engine::CatchUp;
use crate::engine::Definition;
use crate::engine::PoolShare;
use crate::engine::Unit;
use crate::engine::UnitKind;
use crate::time::Due;
use crate::time::Interval;
use crate::time::Period;
use crate::time::Schedule;
use crate::time::Timeline;

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
        to_come: Vec::new(),
        waiting,
        begun: 0,
        running,
        orphaned: false,
        finished: 0,
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
    let new = new.map(|unit| Unit {
        since: unit.since.or_else(|| old.is_none().then_some(now)),
        ..unit
    });
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
fn what_moves_into_a_pipeline_that_is_held_does_not_deactivate_that() {
    let stood = Unit {
        pipeline: Some(Address::new("pipeline.o")),
        ..unit("a", Some(daily()), true)
    };
    let none = BTreeMap::new();
    let effects = of(
        Some(stood),
        Some(unit("a", Some(daily()), false)),
        &none,
        false,
    );
    let entered = &effects.pipelines[0];
    assert_eq!(entered.pipeline, Address::new("pipeline.p"));
    assert_eq!(entered.activation, Activation::Unchanged);
    assert_eq!(entered.activities[0].activation, Activation::Deactivated);
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
        .over_budget(budget::MAX_RUNS_PER_APPLY)
        .expect("an error");
    assert!(error.help[1].contains("`--allow-runs=2829384`"));
    assert_eq!(error.object.as_deref(), Some("pipeline.p.activity.a"));
}

#[test]
fn an_estimate_knows_how_much_room_a_pool_has() {
    let at_once = |slots: u32, share: u32| {
        let pool = Address::new("pool.k");
        let unit = Unit {
            pool: Some(PoolShare {
                pool: pool.clone(),
                slots: share,
            }),
            max_active_instances: 5,
            ..unit("a", Some(daily()), true)
        };
        let new = Definition {
            pools: BTreeMap::from([(pool, slots)]),
            ..definition([unit])
        };
        let (old, now) = (Definition::default(), at("2026-11-24T06:00:00Z"));
        let found = effects(&old, &new, &BTreeMap::new(), &BTreeSet::new(), now);
        found.pipelines[0].activities[0].past.at_once
    };
    let found = [(2, 1), (9, 1), (5, 2), (1, 3)].map(|(slots, share)| at_once(slots, share));
    assert_eq!(found, [2, 5, 2, 1]);
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
fn what_has_lost_its_runner_is_canceled_with_its_activity_and_else_tried_again() {
    let mut runs = recorded(Some("2026-11-24T00:00:00Z"), 0, 2);
    for runs in runs.values_mut() {
        runs.orphaned = true;
    }
    let same = || Some(unit("a", Some(daily()), true));
    let stays = of(same(), same(), &runs, true).totals;
    assert_eq!((stays.in_flight, stays.stopped), (2, 0));
    let mut goes = of(same(), None, &runs, true);
    for how in [InFlight::Finish, InFlight::Cancel, InFlight::Restart] {
        goes.decide_in_flight(how, |_| false);
        for totals in [goes.totals, goes.pipelines[0].totals] {
            assert_eq!((totals.in_flight, totals.stopped), (0, 2), "{how:?}");
        }
    }
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
            let gone = totals.dropped + totals.passed_over;
            (totals.backfill + totals.due, gone)
        };
        // What is passed over without the plan is not dropped by it.
        let same = unit(catch_up, true);
        let anyway = of(same.clone(), same, &four_days_ago, true).totals;
        assert_eq!((anyway.dropped, anyway.passed_over), (0, due.1));
        let from_all = of(
            unit(CatchUp::All, true),
            unit(catch_up, true),
            &four_days_ago,
            true,
        );
        let totals = from_all.totals;
        assert_eq!((totals.dropped, totals.passed_over), (due.1, 0));
        // What would be passed over without the plan is made because of it.
        let to_all = of(
            unit(catch_up, true),
            unit(CatchUp::All, true),
            &four_days_ago,
            true,
        );
        let totals = to_all.totals;
        assert_eq!((totals.due, totals.backfill), (4 - due.1, due.1));
        let removed = of(unit(catch_up, true), None, &four_days_ago, true).totals;
        assert_eq!((removed.dropped, removed.passed_over), (4 - due.1, due.1));
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
fn what_was_asked_for_goes_with_the_schedule_and_comes_back_with_it() {
    // Made up to the 20th; of what was passed over, three days are still to come, and two that are due by themselves.
    let mut runs = recorded(Some("2026-11-20T00:00:00Z"), 0, 0);
    let [asked, due] = [("03", "06"), ("20", "22")].map(|(from, to)| Interval {
        start: at(&format!("2026-11-{from}T00:00:00Z")),
        end: at(&format!("2026-11-{to}T00:00:00Z")),
    });
    for runs in runs.values_mut() {
        runs.to_come = vec![asked, due];
    }
    let there = || Some(unit("a", Some(daily()), true));
    let dropped = |new| of(there(), new, &runs, true).totals.dropped;
    assert_eq!(dropped(there()), 0);
    assert_eq!(dropped(None), 4 + 3);
    assert_eq!(dropped(Some(unit("a", None, true))), 4 + 3);
    let back = |active| of(None, Some(unit("a", Some(daily()), active)), &runs, true).totals;
    assert_eq!((back(true).backfill, back(false).held), (4 + 3, 3));
}

#[test]
fn what_was_due_before_the_activity_is_not_made_whatever_its_schedule_was() {
    // There since an hour ago, with a start in the future; now it starts weeks ago.
    let unit = |start| Unit {
        catch_up: CatchUp::None,
        since: Some(at("2026-11-24T05:00:00Z")),
        ..unit("a", Some(schedule(start, Period::Days(1))), true)
    };
    let runs = recorded(None, 0, 0);
    let (future, past) = (unit("2026-12-01T00:00"), unit("2026-11-01T00:00"));
    let effects = of(Some(future.clone()), Some(past.clone()), &runs, true);
    let made = |effects: &Effects| effects.totals.backfill + effects.totals.due;
    assert_eq!((made(&effects), effects.totals.dropped), (0, 23));
    let activity = &effects.pipelines[0].activities[0];
    assert_eq!((activity.oldest, activity.newest), (None, None));
    // Hourly, the newest interval has become due since.
    let hourly = Unit {
        schedule: Some(schedule("2026-11-24T00:00", Period::Minutes(60)).into()),
        ..past
    };
    let effects = of(Some(future), Some(hourly), &runs, true);
    assert_eq!((made(&effects), effects.totals.dropped), (1, 5));
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
fn what_a_changed_schedule_has_that_is_made_already_is_not_back_filled() {
    let hour = |hour: u32| Interval {
        start: at(&format!("2026-11-24T{hour:02}:00:00Z")),
        end: at(&format!("2026-11-24T{:02}:00:00Z", hour + 1)),
    };
    // As what has finished at an address that another object moves to; one is not due yet.
    let mut runs = recorded(Some("2026-11-23T00:00:00Z"), 0, 0);
    for runs in runs.values_mut() {
        runs.beyond = [0, 1, 5, 9].map(hour).into();
    }
    let hourly = schedule("2026-11-01T00:00", Period::Minutes(60));
    let effects = of(
        Some(unit("a", Some(daily()), true)),
        Some(unit("a", Some(hourly), true)),
        &runs,
        true,
    );
    let activity = &effects.pipelines[0].activities[0];
    assert_eq!((effects.totals.due, effects.totals.backfill), (1, 3));
    assert_eq!(
        (activity.oldest, activity.newest),
        (Some(hour(2)), Some(hour(4)))
    );
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
    let found: Vec<String> = Affected::by(&changes, &configured.values())
        .runs
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
