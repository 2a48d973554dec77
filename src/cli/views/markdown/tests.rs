//! Comments of whole plans.

use insta::assert_snapshot;

use super::*;
use crate::diag::Diagnostic;

use crate::objects::Address;
use crate::objects::Object;
use crate::plan::Effects;
use crate::plan::diff;
use crate::plan::impact::Consumer;
use crate::plan::impact::History;
use crate::plan::in_flight::InFlight;
use crate::plan::saved::Commit;
use crate::plan::stretches::Fate;
use crate::plan::stretches::Stretch;
use crate::plan::testing::*;
use crate::time::Interval;

fn planned(old: Vec<Object>, new: Vec<Object>) -> Plan {
    Plan {
        changes: diff(&side(old), &side(new)),
        output_changes: Vec::new(),
        effects: Effects::default(),
        held: Vec::new(),
        serial: 3,
        lineage: "0199".to_owned(),
        at: at("2026-11-24T06:00:00Z"),
    }
}

fn made(plan: &Plan) -> Made {
    Made {
        at: plan.at,
        who: "me@host".to_owned(),
        version: "1".to_owned(),
        lineage: plan.lineage.clone(),
        serial: plan.serial,
        workspace: "default".to_owned(),
        destroy: false,
        limited: Vec::new(),
        rerun: Vec::new(),
        in_flight: InFlight::Finish,
        max_runs: None,
        commit: Some(Commit {
            hash: "0123456789abcdef".to_owned(),
            changed: true,
        }),
    }
}

fn comment(plan: &Plan, warnings: &Diagnostics) -> String {
    let comment = Comment {
        plan,
        made: &made(plan),
        warnings,
        policies: None,
        stretches: &[],
        example: &|_, _| None,
        path: Path::new("plan.zip"),
    };
    comment.text()
}

#[test]
fn values_of_users_stay_in_their_fence() {
    let script = "set -e\n```\n</details>\n- @everyone\n+ added\n/close\necho done\n";
    let old = object(
        &SHELL,
        "pipeline.p[\"a|b\"].activity.x",
        [("command", string("true"))],
    );
    let new = object(
        &SHELL,
        "pipeline.p[\"a|b\"].activity.x",
        [("command", string(script))],
    );
    let mut warnings = Diagnostics::new();
    warnings.push(
        Diagnostic::warning("Unused variable", "Nothing reads `var.x|y`, says @team.")
            .about("pipeline.p[\"a|b\"].activity.x"),
    );
    assert_snapshot!(comment(&planned(vec![old], vec![new]), &warnings), @r###"
    <!-- pipeform plan -->
    Plan: 0 to add, 1 to change, 0 to destroy.

    - **Runs:** No runs to back-fill.
    - **1 warning**
    - Made at 2026-11-24T06:00Z by <code>me&#64;host</code>, of commit `0123456789ab` **with changes that are not committed**.

    <details><summary>Changes (1)</summary>

    | Action | Object | Kind | Attributes | Why |
    |---|---|---|---|---|
    | update | <code>pipeline.p&#91;"a&#124;b"&#93;.activity.x</code> | behaviour | `command` |  |

    </details>

    <details><summary>Warnings (1)</summary>

    - **Unused variable** <code>pipeline.p&#91;"a&#124;b"&#93;.activity.x</code>: Nothing reads <code>var.x&#124;y</code>, says &#64;&#8203;team.

    </details>

    <details><summary>Differences (1)</summary>

    ````diff
      # pipeline.p["a|b"].activity.x will be updated in-place
      # (behaviour: what runs do from now on)
    !   activity "shell_command" "x" {
    !       command = <<-EOT
    -           true
    +           set -e
    +           ```
    +           </details>
    +           - @everyone
    +           + added
    +           /close
    +           echo done
              # (line end after the last line added)
            EOT
        }

    ````

    </details>
    "###);
}

#[test]
fn what_is_destroyed_is_in_the_verdict() {
    let gone = (0..5).map(|at| {
        let address = format!("pipeline.p.activity.x{at}");
        object(&SHELL, &address, [("command", string("true"))])
    });
    let text = comment(&planned(gone.collect(), Vec::new()), &Diagnostics::new());
    let verdict: Vec<&str> = text
        .lines()
        .take_while(|line| !line.starts_with("<details"))
        .collect();
    assert_eq!(
        verdict
            .iter()
            .filter(|line| !line.is_empty() && **line != MARK)
            .count(),
        4
    );
    assert!(verdict.contains(
        &"- **Destroys:** `pipeline.p.activity.x0`, `pipeline.p.activity.x1`, `pipeline.p.activity.x2`, 2 more"
    ));
    assert!(verdict.contains(&"Plan: 0 to add, 0 to change, 5 to destroy."));
}

#[test]
fn symbols_of_the_plan_come_first_and_those_of_texts_do_not() {
    let plus = LOOK.symbol(Marker::Add);
    let tilde = LOOK.symbol(Marker::Change);
    let text = format!(
        "  # x\n  {tilde} a {{\n      {plus} b = <<-EOT\n            - item\n/close\n    }}\n"
    );
    assert_eq!(
        as_diff(&text),
        "  # x\n!   a {\n+       b = <<-EOT\n            - item\n /close\n    }"
    );
}

#[test]
fn a_thousand_changes_fit() {
    let new = (0..1_000).map(|at| {
        let address = format!("pipeline.p{at}.activity.x");
        object(&SHELL, &address, [("command", string(&"x".repeat(at)))])
    });
    let text = comment(&planned(Vec::new(), new.collect()), &Diagnostics::new());
    assert!(text.len() < 65_535 && text.len() > 60_000, "{}", text.len());
    assert_eq!(
        text.matches(" left out here. `pipeform show plan.zip` shows all.")
            .count(),
        2
    );
}

#[test]
fn siblings_stand_in_one_row_and_what_is_destroyed_comes_first() {
    let mut old = Vec::new();
    let mut new = Vec::new();
    for key in ["north", "south", "west"] {
        let address = format!("pipeline.load[\"{key}\"].activity.x");
        let command = format!("load {key}");
        old.push(object(&SHELL, &address, [("command", string("true"))]));
        new.push(object(&SHELL, &address, [("command", string(&command))]));
    }
    old.push(object(
        &SHELL,
        "pipeline.z.activity.y",
        [("command", string("true"))],
    ));
    let plan = planned(old, new);
    assert_eq!(
        rows::changes(&plan.changes),
        [
            "| **destroy** | `pipeline.z.activity.y` | behaviour |  | because pipeline.z is not in the configuration |",
            "| update | `pipeline.load[*].activity.x (3)` | behaviour | `command` |  |",
        ]
    );
}

#[test]
fn what_has_run_and_who_uses_it_is_told() {
    let effects = Effects {
        history: ["aa", "bb"]
            .map(|key| History {
                address: Address::new(format!("pipeline.p[\"{key}\"].activity.x")),
                finished: 4,
                later: false,
            })
            .into(),
        consumers: [
            ("pipeline.q.activity.y", 0, false),
            ("pipeline.r.activity.z", 1, false),
            ("pipeline.s.activity.z", 2, true),
        ]
        .map(|(address, finished, until_now)| Consumer {
            address: Address::new(address),
            finished,
            elsewhere: true,
            until_now,
        })
        .into(),
        ..Effects::default()
    };
    assert_eq!(
        rows::history(&effects),
        [
            "- `pipeline.p[*].activity.x (2)`: 4 runs each as before; `--rerun` of each does that again"
        ]
    );
    let alone = |later: bool| {
        let mut past = effects.history[0].clone();
        past.later = later;
        let history = vec![past];
        rows::history(&Effects {
            history,
            ..Effects::default()
        })
    };
    assert_eq!(
        alone(false),
        [
            "- `pipeline.p[\"aa\"].activity.x`: 4 runs as before; `'--rerun=pipeline.p[\"aa\"].activity.x'` does that again"
        ]
    );
    assert_eq!(
        alone(true),
        [
            "- `pipeline.p[\"aa\"].activity.x`: 4 runs as before; `pipeform rerun` of it after the apply does that again"
        ]
    );
    assert_eq!(
        rows::consumers(&effects),
        [
            "- `pipeline.q.activity.y`",
            "- `pipeline.r.activity.z`: 1 run on what was written before",
            "- `pipeline.s.activity.z`: 2 runs on what was written before; no longer waiting for what changes"
        ]
    );
}

/// What becomes of runs of an activity, of which so many stretches are days of November 2026.
fn days(address: &str, days: &[u32], more: u64) -> Stretches {
    let stretches = days.iter().map(|day| Stretch {
        span: Interval {
            start: at(&format!("2026-11-{day:02}T00:00:00Z")),
            end: at(&format!("2026-11-{:02}T00:00:00Z", day + 1)),
        },
        count: 1,
    });
    let stretches: Vec<Stretch> = stretches.collect();
    let listed = u64::try_from(stretches.len()).expect("a number");
    Stretches {
        address: Address::new(address),
        fate: Fate::Backfill,
        count: listed + more,
        stretches,
        more,
        timezone: "UTC".to_owned(),
    }
}

#[test]
fn runs_by_interval_stand_in_a_row_for_what_becomes_of_them() {
    let found = [
        days("pipeline.p[\"aa\"].activity.x", &[1, 3], 2),
        days("pipeline.p[\"bb\"].activity.x", &[1, 3], 2),
        Stretches {
            fate: Fate::Dropped,
            ..days("pipeline.q.activity.y", &[], 1)
        },
    ];
    assert_eq!(
        rows::stretches(&found),
        [
            "| `pipeline.p[*].activity.x (2)` each | 4 runs to back-fill | `[2026-11-01, 2026-11-02)` 1 run<br>\
             `[2026-11-03, 2026-11-04)` 1 run<br>2 runs more | `UTC` |",
            "| `pipeline.q.activity.y` | 1 run to drop | 1 run that waits already, or that somebody has asked for | `UTC` |",
        ]
    );
}

#[test]
fn runs_by_interval_of_a_thousand_activities_fit() {
    let often: Vec<u32> = (1..26).collect();
    let found: Vec<Stretches> = (0..1_000)
        .map(|number| days(&format!("pipeline.p{number}.activity.x"), &often, 0))
        .collect();
    let plan = planned(Vec::new(), Vec::new());
    let made = made(&plan);
    let comment = Comment {
        plan: &plan,
        made: &made,
        warnings: &Diagnostics::new(),
        policies: None,
        stretches: &found,
        example: &|_, _| None,
        path: Path::new("plan.zip"),
    };
    let text = comment.text();
    assert!(text.len() < 65_535 && text.len() > 60_000, "{}", text.len());
    assert!(text.contains("<details><summary>Runs by interval (1000)</summary>"));
    assert!(text.contains(" lines are left out here. `pipeform show --runs plan.zip` shows all."));
}
