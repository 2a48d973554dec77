mod runs;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use insta::assert_snapshot;
use jiff::tz::TimeZone;

use super::Look;
use super::objects;
use super::plan;
use crate::diag::Diagnostic;
use crate::diag::Span;
use crate::engine::Definition;
use crate::engine::Unit;
use crate::engine::UnitKind;
use crate::lang::Value;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;
use crate::lang::ast::Part;
use crate::objects::Address;
use crate::objects::Object;
use crate::plan::Effects;
use crate::plan::Plan;
use crate::plan::diff;
use crate::plan::diff_outputs;
use crate::plan::effects::UnitRuns;
use crate::plan::effects::effects;
use crate::plan::testing::*;
use crate::time::Period;
use crate::time::Schedule;

const PLAIN: Look = Look {
    color: false,
    width: 80,
    hints: true,
};

const NOW: &str = "2026-11-24T06:00:00Z";

/// Fills in `${run.date}`.
fn example(_: &Object, residual: &Expr) -> Option<Value> {
    let ExprKind::Template(parts) = &residual.kind else {
        return None;
    };
    let parts = parts.iter().map(|part| match part {
        Part::Literal(text) => text.to_string(),
        _ => "2026-11-25".to_owned(),
    });
    Some(string(&parts.collect::<String>()))
}

fn planned(old: impl IntoIterator<Item = Object>, new: impl IntoIterator<Item = Object>) -> Plan {
    Plan {
        changes: diff(&side(old), &side(new)),
        output_changes: Vec::new(),
        effects: Effects::default(),
        serial: 3,
        lineage: "0199".to_owned(),
        at: at(NOW),
        held: Vec::new(),
    }
}

/// The plan's text without the legend and the summaries.
fn blocks(old: impl IntoIterator<Item = Object>, new: impl IntoIterator<Item = Object>) -> String {
    let text = plan::plan(&planned(old, new), &example, PLAIN);
    let (_, blocks) = text
        .split_once("following actions:\n\n")
        .expect("a list of actions");
    let (blocks, _) = blocks.rsplit_once("\nPlan: ").expect("a summary");
    blocks.to_owned()
}

fn archive<const N: usize>(attributes: [(&str, Value); N]) -> Object {
    object(&SHELL, "pipeline.weblogs.activity.archive", attributes)
}

fn node(name: &str) -> Value {
    reference("data_node", &format!("pipeline.weblogs.data_node.{name}"))
}

fn unit(address: &str, schedule: Schedule) -> Unit {
    Unit {
        pipeline: Some(Address::new("pipeline.weblogs")),
        schedule: Some(schedule.into()),
        ..Unit::new(Address::new(address), UnitKind::Activity)
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

fn daily() -> Schedule {
    schedule("2026-11-01T00:00", Period::Days(1))
}

const ARCHIVE: &str = "pipeline.weblogs.activity.archive";
const REPORT: &str = "pipeline.weblogs.activity.report";

fn weblogs() -> [Object; 5] {
    [
        object(
            &PIPELINE,
            "pipeline.weblogs",
            [
                ("description", string("Archive the logs")),
                ("schedule", reference("schedule", "schedule.daily")),
            ],
        ),
        object(&SCHEDULE, "schedule.daily", [("every", string("1 day"))]),
        object(
            &FILE,
            "pipeline.weblogs.data_node.log",
            [("path", dated("/var/log/access-", ".log", Span::default()))],
        ),
        object(
            &EXISTS,
            "pipeline.weblogs.data_node.log.precondition.exists",
            [],
        ),
        archive([
            ("command", string("gzip \"$1\"\n")),
            (
                "script_argument",
                list([string("-9"), dated("", ".gz", Span::default())]),
            ),
            (
                "environment",
                map([("LEVEL", number(9)), ("log file", string("${x}"))]),
            ),
            ("input", node("log")),
            (
                "on_fail",
                list([reference("action", "action.oncall"), node("log")]),
            ),
        ]),
    ]
}

#[test]
fn a_first_plan_in_full() {
    let mut first = planned([], weblogs());
    first.output_changes = diff_outputs(
        &BTreeMap::new(),
        &BTreeMap::from([
            (Arc::from("bucket"), string("acme")),
            (
                Arc::from("token"),
                Value::Sensitive(Arc::new(string("hunter2"))),
            ),
        ]),
    );
    let new = definition([unit(ARCHIVE, daily())]);
    first.effects = effects(
        &Definition::default(),
        &new,
        &BTreeMap::new(),
        &BTreeSet::new(),
        at(NOW),
    );
    let text = plan::plan(&first, &example, PLAIN);
    assert_snapshot!(text, @r#"
    Plan: 5 to add, 0 to change, 0 to destroy.
    23 runs to back-fill.

    Actions on objects are indicated with the following symbols:
      + create

    Pipeform will perform the following actions:

      # pipeline.weblogs will be created
      + pipeline "weblogs" {
          + description = "Archive the logs"
          + schedule    = schedule.daily
        }

      # pipeline.weblogs.activity.archive will be created
      + activity "shell_command" "archive" {
          + command         = <<-EOT
                gzip "$1"
            EOT
          + environment     = {
              + LEVEL      = 9
              + "log file" = "$${x}"
            }
          + input           = data_node.log
          + on_fail         = [
              + action.oncall,
              + data_node.log,
            ]
          + script_argument = [
              + "-9",
              + "${run.date}.gz",
                → 2026-11-25.gz
            ]
        }

      # pipeline.weblogs.data_node.log will be created
      + data_node "file" "log" {
          + path = "/var/log/access-${run.date}.log"
                 → /var/log/access-2026-11-25.log
        }

      # pipeline.weblogs.data_node.log.precondition.exists will be created
      + precondition "exists" {
        }

      # schedule.daily will be created
      + schedule "daily" {
          + every = "1 day"
        }

    Changes to Outputs:
      + bucket = "acme"
      + token  = (sensitive value)

    Effects on runs:

      pipeline.weblogs will be activated: 23 runs to back-fill
        activity.archive: 23 runs to back-fill
          oldest    2026-11-01 00:00 to 2026-11-02 00:00 UTC
          newest    2026-11-23 00:00 to 2026-11-24 00:00 UTC
          takes     no history
          next due  2026-11-25 00:00, 2026-11-26 00:00, 2026-11-27 00:00,
                    2026-11-28 00:00, 2026-11-29 00:00 UTC

    Plan: 5 to add, 0 to change, 0 to destroy.
    23 runs to back-fill.
    "#);
}

#[test]
fn an_update_shows_what_changes_and_counts_the_rest() {
    let old = archive([
        ("command", string("echo")),
        ("description", string("before")),
        ("max_retries", number(1)),
        (
            "script_argument",
            list(["a", "b", "c", "d", "e", "f"].map(string)),
        ),
        (
            "environment",
            map([
                ("GONE", string("1")),
                ("KEPT", string("2")),
                ("NEW", string("3")),
            ]),
        ),
        ("input", node("log")),
        ("output", node("archive")),
    ]);
    let new = archive([
        ("command", string("echo")),
        ("description", string("after")),
        (
            "script_argument",
            list(["a", "b", "c", "D", "e", "f", "g"].map(string)),
        ),
        (
            "environment",
            map([
                ("KEPT", string("2")),
                ("NEW", string("4")),
                ("PLUS", string("5")),
            ]),
        ),
        (
            "input",
            list([
                node("log"),
                reference("data_node", "pipeline.other.data_node.x"),
            ]),
        ),
        ("output", node("archive")),
    ]);
    assert_snapshot!(blocks([old], [new]), @r#"
    # pipeline.weblogs.activity.archive will be updated in-place
    # (behaviour: what runs do from now on)
    ~ activity "shell_command" "archive" {
        ~ description     = "before" -> "after"
        ~ environment     = {
            - GONE = "1" -> null
            ~ NEW  = "3" -> "4"
            + PLUS = "5"
              # (1 unchanged element hidden)
          }
        ~ input           = data_node.log -> [
            + data_node.log,
            + pipeline.other.data_node.x,
          ]
        - max_retries     = 1 -> null # (default: 2)
        ~ script_argument = [
              # (2 unchanged elements hidden)
              "c",
            ~ "d" -> "D",
              "e",
              "f",
            + "g",
          ]
          # (2 unchanged attributes hidden)
      }
    "#);
}

#[test]
fn text_of_several_lines_shows_a_line_diff() {
    let script = |table: &str| {
        let before = format!("select *\nfrom {table}\nwhere day = '");
        let after = "'\ngroup by 1\norder by 1\nlimit 10\n-- more\n-- and more\n";
        archive([("command", dated(&before, after, Span::default()))])
    };
    let cut = archive([("command", string("a\nb\n"))]);
    let longer = archive([("command", string("a\nb"))]);
    assert_snapshot!(blocks([cut], [longer]), @r#"
    # pipeline.weblogs.activity.archive will be updated in-place
    # (behaviour: what runs do from now on)
    ~ activity "shell_command" "archive" {
        ~ command = <<-EOT
            # (2 unchanged lines hidden)
            # (line end after the last line removed)
          EOT
      }
    "#);
    assert_snapshot!(blocks([script("hits")], [script("page_views")]), @r#"
    # pipeline.weblogs.activity.archive will be updated in-place
    # (behaviour: what runs do from now on)
    ~ activity "shell_command" "archive" {
        ~ command = <<-EOT
              select *
            - from hits
            + from page_views
              where day = '${run.date}'
              group by 1
              order by 1
            # (3 unchanged lines hidden)
          EOT
      }
    "#);
}

#[test]
fn a_residual_that_was_a_text_shows_both() {
    let old = object(&FILE, "data_node.log", [("path", string("/var/log/a.log"))]);
    let new = object(
        &FILE,
        "data_node.log",
        [("path", dated("/var/log/", ".log", Span::default()))],
    );
    assert_snapshot!(blocks([old], [new]), @r#"
    # data_node.log will be updated in-place
    # (behaviour: what runs do from now on)
    ~ data_node "file" "log" {
        ~ path = "/var/log/a.log" -> "/var/log/${run.date}.log"
               → /var/log/2026-11-25.log
      }
    "#);
}

#[test]
fn sensitive_values_are_never_shown() {
    let database = |password: Value| {
        object(
            &JDBC,
            "database.d",
            [
                (
                    "connection_string",
                    Value::Sensitive(Arc::new(string("secret-1"))),
                ),
                ("password", password),
            ],
        )
    };
    let created = blocks([], [database(string("secret-2"))]);
    let updated = blocks(
        [database(string("secret-2"))],
        [database(string("secret-3"))],
    );
    let deleted = blocks([database(string("secret-2"))], []);
    let residual = blocks([], [database(dated("secret-4", "", Span::default()))]);
    let environment = map([("TOKEN", Value::Sensitive(Arc::new(string("secret-5"))))]);
    let nested = blocks([], [archive([("environment", environment)])]);
    let all = [created, updated, deleted, residual, nested].concat();
    assert!(!all.contains("secret-"), "{all}");
    assert_eq!(all.matches("(sensitive value)").count(), 9, "{all}");
}

#[test]
fn what_goes_says_why() {
    let exported = |key: &str| {
        object(
            &SHELL,
            &format!("pipeline.export[\"{key}\"].activity.copy"),
            [("command", string("cp\n"))],
        )
    };
    assert_snapshot!(blocks([exported("orders"), exported("users")], [exported("users")]), @r#"
    # pipeline.export["orders"].activity.copy will be destroyed
    # (because key "orders" is not in for_each)
    - activity "shell_command" "copy" {
        - command = <<-EOT
              cp
          EOT -> null
      }
    "#);
}

#[test]
fn another_type_and_a_description() {
    let old = [
        object(&FILE, "data_node.d", [("path", string("/d"))]),
        archive([("description", string("x")), ("command", string("true"))]),
    ];
    let new = [
        object(&TABLE, "data_node.d", [("table", string("d"))]),
        archive([("command", string("true"))]),
    ];
    assert_snapshot!(blocks(old, new), @r#"
    # data_node.d will be updated in-place
    # (because its type changes from "file" to "sql")
    ~ data_node "file" -> "sql" "d" {
        - path  = "/d" -> null
        + table = "d"
      }

    # pipeline.weblogs.activity.archive will be updated in-place
    # (only what people read: no run changes)
    ~ activity "shell_command" "archive" {
        - description = "x" -> null
          # (1 unchanged attribute hidden)
      }
    "#);
}

#[test]
fn no_changes_but_runs_that_became_due() {
    let mut none = planned([archive([])], [archive([])]);
    assert_snapshot!(plan::plan(&none, &example, PLAIN), @r#"
    No changes. Your infrastructure matches the configuration.

    Pipeform has compared the configuration with what is applied and found no
    differences.
    "#);
    let units = definition([unit(ARCHIVE, daily())]);
    let runs = BTreeMap::from([(
        Address::new(ARCHIVE),
        UnitRuns {
            cursor: Some(at("2026-11-22T00:00:00Z")),
            beyond: Vec::new(),
            to_come: Vec::new(),
            waiting: 0,
            begun: 0,
            running: 0,
            orphaned: false,
            finished: 0,
        },
    )]);
    none.effects = effects(&units, &units, &runs, &BTreeSet::new(), at(NOW));
    assert_snapshot!(plan::plan(&none, &example, PLAIN), @r#"
    No changes. Your infrastructure matches the configuration.

    Pipeform has compared the configuration with what is applied and found no
    differences.

    2 runs are due:
      pipeline.weblogs.activity.archive: 2 runs
    `pipeform run` starts them.
    "#);
}

#[test]
fn changes_to_outputs() {
    let outputs = |entries: &[(&str, Value)]| {
        let entries = entries.iter();
        entries
            .map(|(name, value)| (Arc::from(*name), value.clone()))
            .collect()
    };
    let mut only = planned([], []);
    only.output_changes = diff_outputs(
        &outputs(&[
            ("gone", string("x")),
            ("kept", number(1)),
            ("list", list([number(1)])),
        ]),
        &outputs(&[("kept", number(1)), ("list", list([number(1), number(2)]))]),
    );
    assert!(!only.is_empty());
    assert_snapshot!(plan::plan(&only, &example, PLAIN), @r#"
    Plan: 0 to add, 0 to change, 0 to destroy.
    No runs to back-fill.

    Changes to Outputs:
      - gone = "x" -> null
      ~ list = [
            1,
          + 2,
        ]

    Plan: 0 to add, 0 to change, 0 to destroy.
    No runs to back-fill.
    "#);
}

#[test]
fn colour_repeats_what_symbols_say() {
    let look = Look {
        color: true,
        ..PLAIN
    };
    let update = planned(
        [archive([("max_retries", number(1))])],
        [archive([("max_retries", number(3))])],
    );
    let coloured = plan::plan(&update, &example, look);
    assert!(coloured.contains("\u{1b}[33m~\u{1b}[0m"));
    let plain = anstream::adapter::strip_str(&coloured).to_string();
    assert_eq!(plain, plan::plan(&update, &example, PLAIN));
}

#[test]
fn control_characters_do_not_reach_the_terminal() {
    let hostile = archive([
        ("command", string("a\u{1b}[2J\nb\u{202e}c\n")),
        ("description", string("\u{1b}]0;x")),
    ]);
    let text = blocks([], [hostile.clone()]) + &objects::object(&hostile, &example, PLAIN);
    assert!(
        !text.contains('\u{1b}') && !text.contains('\u{202e}'),
        "{text}"
    );
}

#[test]
fn one_object_in_full() {
    let shown = archive([
        ("command", string("gzip\n\necho done\n")),
        ("description", Value::NULL),
        ("input", list([node("log")])),
        ("output", node("archive")),
        (
            "script_argument",
            list([dated("/logs/", "", Span::default())]),
        ),
    ]);
    assert_snapshot!(objects::object(&shown, &example, PLAIN), @r#"
    # pipeline.weblogs.activity.archive
    activity "shell_command" "archive" {
        command         = <<-EOT
            gzip

            echo done
        EOT
        input           = [
            data_node.log,
        ]
        output          = data_node.archive
        script_argument = [
            "/logs/${run.date}",
            → /logs/2026-11-25
        ]
    }
    "#);
    let inline = object(
        &EXISTS,
        "pipeline.weblogs.data_node.log.precondition.exists",
        [],
    );
    assert_snapshot!(objects::object(&inline, &example, PLAIN), @r#"
    # pipeline.weblogs.data_node.log.precondition.exists
    precondition "exists" {
    }
    "#);
    let keyed = object(&FILE, "data_node.log[\"a.b\"]", [("path", string("/x"))]);
    assert_snapshot!(objects::object(&keyed, &example, PLAIN), @r#"
    # data_node.log["a.b"]
    data_node "file" "log" {
        path = "/x"
    }
    "#);
}
