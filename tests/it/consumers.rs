//! What tools find that read the text of Terraform's plans and applies: Atlantis and tfcmt, by the patterns that they look for; and
//! GitHub, which takes no comment that is too long.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use regex::Regex;

/// How Atlantis counts what changes.
const ATLANTIS_CHANGES: &str = r"Plan: (?:(\d+) to import, )?(\d+) to add, (\d+) to change, (\d+) to destroy(?:, (\d+) to forget)?\.";
/// How Atlantis finds that nothing does.
const ATLANTIS_NOTHING: &str =
    r"No changes. (Infrastructure is up-to-date|Your infrastructure matches the configuration).";
/// How Atlantis finds lines to colour.
const ATLANTIS_DIFF: &str = r"(?m)^ {2}[+~-]";
/// How Atlantis finds drift, which is told otherwise here.
const ATLANTIS_DRIFT: &str = "Note: Objects have changed outside of Terraform";

const TFCMT_PASS: &str = r"(?m)^(Plan: \d|No changes.)";
const TFCMT_FAIL: &str = r"(?m)^([│|] )?(Error: )";
const TFCMT_CREATE: &str = r"(?m)^ *# (.*) will be created$";
const TFCMT_UPDATE: &str = r"(?m)^ *# (.*) will be updated in-place$";
const TFCMT_DESTROY: &str = r"(?m)^ *# (.*) will be destroyed$";
const TFCMT_MOVE: &str = r"(?m)^ *# (.*?) has moved to (.*?)$";
const TFCMT_OUTPUTS: &str = r"(?m)^Changes to Outputs:$";
const TFCMT_DESTROYS: &str = r"[1-9][0-9]* to destroy\.";
const TFCMT_APPLIED: &str = r"(?m)^(Apply|Destroy) complete!";

/// A command in a directory, as a tool calls it: whether it went well, and both of its streams.
fn pipeform(directory: &Path, arguments: &str) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_pipeform"))
        .args(arguments.split(' '))
        .current_dir(directory)
        .env("PIPEFORM_IN_AUTOMATION", "true")
        .env("PIPEFORM_NOW", "2026-01-04T00:00:00Z")
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    (output.status.success(), said)
}

fn write(directory: &Path, text: &str) {
    let mut file = std::fs::File::create(directory.join("main.pipe.hcl")).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// What a pattern finds first, its groups, or all of it where there are none.
fn found(pattern: &str, text: &str) -> Option<Vec<String>> {
    let captures = Regex::new(pattern).unwrap().captures(text)?;
    let from = usize::from(captures.len() > 1);
    let groups = captures.iter().skip(from);
    Some(
        groups
            .map(|it| it.map_or("-", |it| it.as_str()).to_owned())
            .collect(),
    )
}

fn all(pattern: &str, text: &str) -> Vec<String> {
    let pattern = Regex::new(pattern).unwrap();
    let found = pattern.captures_iter(text);
    found.map(|captures| captures[1].to_owned()).collect()
}

const FIRST: &str = r#"
pipeline "p" {
  activity "shell_command" "a" {
    command = "one"
  }

  activity "shell_command" "b" {
    command = "two"
  }
}
"#;

const SECOND: &str = r#"
pipeline "p" {
  activity "shell_command" "a" {
    command = "one more"
  }

  activity "shell_command" "d" {
    command = "two"
  }

  activity "shell_command" "c" {
    command = "three"
  }
}

moved {
  from = pipeline.p.activity.b
  to   = pipeline.p.activity.d
}
"#;

const WITH_OUTPUT: &str = r#"
output "x" {
  value = 1
}
"#;

#[test]
fn what_they_look_for_is_there() {
    let place = tempfile::tempdir().unwrap();
    let at = place.path();
    write(at, FIRST);
    let (well, said) = pipeform(at, "plan -input=false -refresh -no-color -out=p.tfplan");
    assert!(well, "{said}");
    assert_eq!(
        found(ATLANTIS_CHANGES, &said).unwrap(),
        ["-", "3", "0", "0", "-"]
    );
    assert!(Regex::new(ATLANTIS_DIFF).unwrap().is_match(&said));
    assert_eq!(found(TFCMT_PASS, &said).unwrap(), ["Plan: 3"]);
    assert_eq!(
        all(TFCMT_CREATE, &said),
        [
            "pipeline.p",
            "pipeline.p.activity.a",
            "pipeline.p.activity.b"
        ]
    );
    for absent in [
        ATLANTIS_NOTHING,
        ATLANTIS_DRIFT,
        TFCMT_FAIL,
        TFCMT_OUTPUTS,
        TFCMT_DESTROYS,
        TFCMT_UPDATE,
    ] {
        assert_eq!(found(absent, &said), None, "{absent}: {said}");
    }
    let (well, said) = pipeform(at, "apply -input=false -no-color p.tfplan");
    assert!(well, "{said}");
    assert_eq!(found(TFCMT_APPLIED, &said).unwrap(), ["Apply"]);
    assert!(said.contains("\nApply complete! Resources: 3 added, 0 changed, 0 destroyed.\n"));

    let (well, said) = pipeform(
        at,
        "plan -input=false -refresh=false -parallelism=2 -lock=false",
    );
    assert!(well, "{said}");
    assert!(found(ATLANTIS_NOTHING, &said).is_some(), "{said}");
    assert_eq!(found(ATLANTIS_CHANGES, &said), None, "{said}");
    assert_eq!(found(TFCMT_PASS, &said).unwrap(), ["No changes."]);
}

#[test]
fn changes_moves_and_outputs_are_found() {
    let place = tempfile::tempdir().unwrap();
    let at = place.path();
    write(at, FIRST);
    assert!(pipeform(at, "apply -auto-approve").0);
    write(at, SECOND);
    let (well, said) = pipeform(at, "plan -input=false");
    assert!(well, "{said}");
    assert_eq!(
        found(ATLANTIS_CHANGES, &said).unwrap(),
        ["-", "1", "1", "0", "-"]
    );
    assert_eq!(all(TFCMT_CREATE, &said), ["pipeline.p.activity.c"]);
    assert_eq!(all(TFCMT_UPDATE, &said), ["pipeline.p.activity.a"]);
    assert_eq!(
        found(TFCMT_MOVE, &said).unwrap(),
        ["pipeline.p.activity.b", "pipeline.p.activity.d"]
    );
    assert!(pipeform(at, "apply -auto-approve").0);

    write(at, &format!("{SECOND}{WITH_OUTPUT}"));
    let (well, said) = pipeform(at, "plan -input=false");
    assert!(well, "{said}");
    assert_eq!(
        found(ATLANTIS_CHANGES, &said).unwrap(),
        ["-", "0", "0", "0", "-"]
    );
    assert!(found(TFCMT_OUTPUTS, &said).is_some(), "{said}");
    assert_eq!(found(ATLANTIS_NOTHING, &said), None, "{said}");

    let (well, said) = pipeform(at, "plan -input=false -destroy");
    assert!(well, "{said}");
    assert_eq!(
        found(ATLANTIS_CHANGES, &said).unwrap(),
        ["-", "0", "0", "4", "-"]
    );
    assert_eq!(all(TFCMT_DESTROY, &said).len(), 4, "{said}");
    assert!(found(TFCMT_DESTROYS, &said).is_some(), "{said}");
    let (well, said) = pipeform(at, "destroy -auto-approve");
    assert!(well, "{said}");
    assert_eq!(found(TFCMT_APPLIED, &said).unwrap(), ["Destroy"]);
}

#[test]
fn errors_are_found_in_automation() {
    let place = tempfile::tempdir().unwrap();
    let at = place.path();
    for (text, arguments) in [
        ("pipeline \"p\" {\n  x = 1\n}\n", "plan -input=false"),
        ("pipeline \"p\" {\n", "plan -input=false"),
        (FIRST, "plan -target=pipeline.q"),
        (FIRST, "plan -replace=pipeline.p.activity.a"),
        (FIRST, "apply nothing.tfplan"),
        (FIRST, "apply -input=false"),
    ] {
        write(at, text);
        let (well, said) = pipeform(at, arguments);
        assert!(!well, "{arguments}: {said}");
        assert!(found(TFCMT_FAIL, &said).is_some(), "{arguments}: {said}");
    }
}

/// A configuration of 500 pipelines with ten activities each: half of them alike, by `for_each`, and half written out.
fn large(command: &str, pipelines: usize) -> String {
    let mut text = format!(
        "schedule \"daily\" {{\n  every = \"1 day\"\n  start = \"2026-01-03\"\n}}\n\npipeline \"alike\" {{\n  for_each = toset([for n in range({pipelines}) : \"name${{n}}\"])\n  schedule = schedule.daily\n\n"
    );
    for activity in 0..10 {
        text.extend([format!(
            "  activity \"shell_command\" \"a{activity}\" {{\n    command = \"{command} ${{each.key}} {activity}\"\n  }}\n"
        )]);
    }
    text.push_str("}\n");
    for pipeline in 0..pipelines {
        text.extend([format!(
            "\npipeline \"p{pipeline}\" {{\n  schedule = schedule.daily\n"
        )]);
        for activity in 0..10 {
            text.extend([format!(
                "\n  activity \"shell_command\" \"a{activity}\" {{\n    command = \"{command} {pipeline} {activity}\"\n  }}\n"
            )]);
        }
        text.push_str("}\n");
    }
    text
}

#[test]
fn a_comment_of_five_thousand_changes_is_taken_and_can_be_judged() {
    let place = tempfile::tempdir().unwrap();
    let at = place.path();
    write(at, &large("load", 230));
    let (well, said) = pipeform(at, "plan --out=first");
    assert!(well, "{said}");
    let (_, comment) = pipeform(at, "show --markdown first");
    check_comment(&comment, "Plan: 5061 to add, 0 to change, 0 to destroy.");
    assert!(comment.contains("`pipeline.alike[*] (230)`"), "{comment}");
    assert!(pipeform(at, "apply --auto-approve --allow-runs=100000").0);
    write(at, &large("store", 220));
    let (well, said) = pipeform(at, "plan --out=second");
    assert!(well, "{said}");
    let (_, comment) = pipeform(at, "show --markdown second");
    check_comment(&comment, "Plan: 0 to add, 4400 to change, 220 to destroy.");
    let table = comment.split("|---|---|---|---|---|\n").nth(1).unwrap();
    let destroys = table
        .lines()
        .take_while(|line| line.starts_with("| **destroy**"));
    assert_eq!(destroys.count(), 121, "{table}");
}

/// The verdict is there in five lines, all sections are whole, and GitHub takes it.
fn check_comment(comment: &str, sentence: &str) {
    assert!(comment.len() < 65_535, "{}", comment.len());
    let verdict = comment.split("<details>").next().unwrap();
    let verdict: Vec<&str> = verdict.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(verdict[0], "<!-- pipeform plan -->");
    assert_eq!(verdict[1], sentence);
    assert!(verdict.len() <= 6, "{verdict:?}");
    assert_eq!(
        comment.matches("<details>").count(),
        comment.matches("</details>").count()
    );
    for section in ["Changes", "Effects on runs", "Differences"] {
        assert!(
            comment.contains(&format!("<summary>{section} (")),
            "{section}"
        );
    }
    assert!(
        comment.contains(" left out here. `pipeform show "),
        "{comment}"
    );
}
