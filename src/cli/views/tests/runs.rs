use super::*;
use crate::cli::views;
use crate::cli::views::json;

#[test]
fn effects_of_a_changed_schedule_and_a_removed_activity() {
    let berlin = Schedule::new(
        "2026-11-01T00:00".parse().expect("a civil time"),
        Period::Minutes(360),
        TimeZone::get("Europe/Berlin").expect("a zone"),
    )
    .expect("a start");
    let old = definition([unit(ARCHIVE, daily()), unit(REPORT, daily())]);
    let new = definition([unit(ARCHIVE, berlin)]);
    let runs = |running| UnitRuns {
        cursor: Some(at("2026-11-24T00:00:00Z")),
        beyond: Vec::new(),
        to_come: Vec::new(),
        waiting: 2,
        begun: 0,
        running,
        orphaned: false,
        finished: 0,
    };
    let runs = BTreeMap::from([
        (Address::new(ARCHIVE), runs(1)),
        (Address::new(REPORT), runs(0)),
    ]);
    let affected = BTreeSet::from([Address::new(ARCHIVE)]);
    let effects = effects(&old, &new, &runs, &affected, at(NOW));
    assert_snapshot!(views::effects::effects(&effects, PLAIN), @r#"
    Effects on runs:

      pipeline.weblogs: 1 run to back-fill, 2 runs to cancel, 1 in flight keeps its
        old definition
        activity.archive: 1 run to back-fill, 1 in flight keeps its old definition
          oldest    2026-11-24 01:00 to 2026-11-24 06:00 Europe/Berlin
          takes     no history
          cut       old intervals end at 2026-11-24 01:00, the first new one is
                    2026-11-24 01:00 to 2026-11-24 06:00 Europe/Berlin, cut to begin
                    there
          was due   2026-11-25 01:00, 2026-11-26 01:00, 2026-11-27 01:00,
                    2026-11-28 01:00, 2026-11-29 01:00 Europe/Berlin
                    2026-11-25 00:00, 2026-11-26 00:00, 2026-11-27 00:00,
                    2026-11-28 00:00, 2026-11-29 00:00 UTC
          next due  2026-11-24 12:00, 18:00, 2026-11-25 00:00, 06:00, 12:00
                    Europe/Berlin
                    2026-11-24 11:00, 17:00, 23:00, 2026-11-25 05:00, 11:00 UTC
        activity.report: 2 runs to cancel
    "#);
    assert_snapshot!(views::totals::sentence(&effects.totals), @r#"
    1 run to back-fill, 2 runs to cancel, 1 in flight keeps its old definition.
    "#);
}

#[test]
fn activities_with_the_same_effects_stand_together() {
    let names = ["a", "b", "c"].map(|name| format!("pipeline.weblogs.activity.{name}"));
    let new = definition(names.iter().map(|name| unit(name, daily())));
    let none = Definition::default();
    let effects = effects(&none, &new, &BTreeMap::new(), &BTreeSet::new(), at(NOW));
    assert_snapshot!(views::effects::effects(&effects, PLAIN), @r#"
    Effects on runs:

      pipeline.weblogs will be activated: 69 runs to back-fill
        activity.a, activity.b, activity.c: 23 runs to back-fill each
          oldest    2026-11-01 00:00 to 2026-11-02 00:00 UTC
          newest    2026-11-23 00:00 to 2026-11-24 00:00 UTC
          takes     no history
          next due  2026-11-25 00:00, 2026-11-26 00:00, 2026-11-27 00:00,
                    2026-11-28 00:00, 2026-11-29 00:00 UTC
    "#);
}

#[test]
fn a_plan_for_machines() {
    let mut both = planned(
        [
            object(&FILE, "data_node.d[\"k\"]", [("path", string("/d"))]),
            archive([]),
        ],
        [
            object(&FILE, "data_node.d[\"l\"]", [("path", string("/d"))]),
            archive([("max_retries", number(3))]),
        ],
    );
    both.output_changes = diff_outputs(
        &BTreeMap::new(),
        &BTreeMap::from([(Arc::from("n"), number(1))]),
    );
    let new = definition([unit(ARCHIVE, daily())]);
    both.effects = effects(
        &Definition::default(),
        &new,
        &BTreeMap::new(),
        &BTreeSet::new(),
        at(NOW),
    );
    let finding = Diagnostic::error("Missing variable", "Set `first_day`.").about("data_node.d");
    let lines = json::version("0.1.0", at(NOW))
        + &json::plan(&both, at(NOW))
        + &json::diagnostic(&finding, None, at(NOW));
    assert!(
        lines
            .lines()
            .all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok())
    );
    assert_snapshot!(lines, @r#"
    {"@level":"info","@message":"Pipeform 0.1.0","@module":"pipeform.ui","@timestamp":"2026-11-24T06:00:00Z","pipeform":"0.1.0","ui":"1.2","type":"version"}
    {"@level":"info","@message":"data_node.d[\"k\"]: Plan to delete","@module":"pipeform.ui","@timestamp":"2026-11-24T06:00:00Z","change":{"resource":{"addr":"data_node.d[\"k\"]","module":"","resource":"data_node.d[\"k\"]","implied_provider":"pipeform","resource_type":"data_node_file","resource_name":"d","resource_key":"k"},"action":"delete","reason":"delete_because_each_key","kind":"behaviour"},"type":"planned_change"}
    {"@level":"info","@message":"data_node.d[\"l\"]: Plan to create","@module":"pipeform.ui","@timestamp":"2026-11-24T06:00:00Z","change":{"resource":{"addr":"data_node.d[\"l\"]","module":"","resource":"data_node.d[\"l\"]","implied_provider":"pipeform","resource_type":"data_node_file","resource_name":"d","resource_key":"l"},"action":"create","kind":"behaviour"},"type":"planned_change"}
    {"@level":"info","@message":"pipeline.weblogs.activity.archive: Plan to update","@module":"pipeform.ui","@timestamp":"2026-11-24T06:00:00Z","change":{"resource":{"addr":"pipeline.weblogs.activity.archive","module":"pipeline.weblogs","resource":"activity.archive","implied_provider":"pipeform","resource_type":"activity_shell_command","resource_name":"archive","resource_key":null},"action":"update","kind":"behaviour","attributes":["max_retries"]},"type":"planned_change"}
    {"@level":"info","@message":"Plan: 1 to add, 1 to change, 1 to destroy.","@module":"pipeform.ui","@timestamp":"2026-11-24T06:00:00Z","changes":{"add":1,"change":1,"import":0,"remove":1,"operation":"plan"},"type":"change_summary"}
    {"@level":"info","@message":"Outputs: 1","@module":"pipeform.ui","@timestamp":"2026-11-24T06:00:00Z","outputs":{"n":{"sensitive":false,"action":"create"}},"type":"outputs"}
    {"@level":"info","@message":"23 runs to back-fill.","@module":"pipeform.ui","@timestamp":"2026-11-24T06:00:00Z","effects":{"pipelines":[{"pipeline":"pipeline.weblogs","activation":"activated","activities":[{"address":"pipeline.weblogs.activity.archive","activation":"activated","backfill":23,"due":0,"dropped":0,"canceled":0,"held":0,"in_flight":0,"oldest":{"start":"2026-11-01T00:00:00Z","end":"2026-11-02T00:00:00Z"},"newest":{"start":"2026-11-23T00:00:00Z","end":"2026-11-24T00:00:00Z"},"excluded":0,"next_due":["2026-11-25T00:00:00Z","2026-11-26T00:00:00Z","2026-11-27T00:00:00Z","2026-11-28T00:00:00Z","2026-11-29T00:00:00Z"],"was_due":[],"affected":true,"timezone":"UTC","cut":null,"first_new":null,"is_cut":false}],"totals":{"backfill":23,"due":0,"dropped":0,"canceled":0,"held":0,"in_flight":0}}],"totals":{"backfill":23,"due":0,"dropped":0,"canceled":0,"held":0,"in_flight":0}},"paused":[],"serial":3,"lineage":"0199","at":"2026-11-24T06:00:00Z","type":"effects"}
    {"@level":"error","@message":"Error: Missing variable","@module":"pipeform.ui","@timestamp":"2026-11-24T06:00:00Z","diagnostic":{"severity":"error","summary":"Missing variable","detail":"Set `first_day`.","address":"data_node.d"},"type":"diagnostic"}
    "#);
}
