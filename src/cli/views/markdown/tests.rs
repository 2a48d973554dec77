//! Comments of whole plans.

use insta::assert_snapshot;

use super::*;
use crate::diag::Diagnostic;

use crate::objects::Object;
use crate::plan::Effects;
use crate::plan::diff;
use crate::plan::saved::Commit;
use crate::plan::testing::*;

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

fn comment(plan: &Plan, warnings: &Diagnostics) -> String {
    let made = Made {
        at: plan.at,
        who: "me@host".to_owned(),
        version: "1".to_owned(),
        lineage: plan.lineage.clone(),
        serial: plan.serial,
        destroy: false,
        limited: Vec::new(),
        rerun: Vec::new(),
        max_runs: None,
        commit: Some(Commit {
            hash: "0123456789abcdef".to_owned(),
            changed: true,
        }),
    };
    let comment = Comment {
        plan,
        made: &made,
        warnings,
        policies: None,
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
