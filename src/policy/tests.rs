//! What policies say, and what is said of those that are no use.

use serde_json::json;

use super::*;

fn sources(files: &[(&str, &str)]) -> Sources {
    let mut sources = Sources::default();
    for (name, text) in files {
        sources.add(*name, *text);
    }
    sources
}

/// What is said, a line each, or what is broken and where.
fn judged(files: &[(&str, &str)], input: &Json) -> Result<Vec<String>, Vec<String>> {
    let policies = sources(files);
    let said = judge(&policies, input);
    let said = said.map(|said| {
        let said = said.into_iter().map(|said| {
            let word = if said.denies { "deny" } else { "warn" };
            let file = said.file.unwrap_or_else(|| "?".to_owned());
            format!("{word} {}: {} ({file})", said.rule, said.message)
        });
        said.collect()
    });
    said.map_err(|broken| {
        let found = broken.finding(&policies);
        let place = found.span.map(|span| format!("{}: ", policies.place(span)));
        vec![format!("{}{}", place.unwrap_or_default(), found.detail)]
    })
}

const RUNS: &str = "package main\n\ndeny contains msg if {\n  input.runs > 100\n  msg := sprintf(\"%d runs\", [input.runs])\n}\n\nwarn contains \"many\" if input.runs > 10\n";

#[test]
fn a_rule_denies_and_another_warns() {
    let found = judged(&[("runs.rego", RUNS)], &json!({ "runs": 101 }));
    assert_eq!(
        found,
        Ok(vec![
            "deny data.main.deny: 101 runs (runs.rego)".to_owned(),
            "warn data.main.warn: many (runs.rego)".to_owned(),
        ])
    );
    assert_eq!(
        judged(&[("runs.rego", RUNS)], &json!({ "runs": 1 })),
        Ok(Vec::new())
    );
}

#[test]
fn the_file_is_named_that_says_it() {
    let other = "package main\n\ndeny contains {\"msg\": \"never\"} if true\n";
    let found = judged(
        &[("runs.rego", RUNS), ("never.rego", other)],
        &json!({ "runs": 101 }),
    );
    assert_eq!(
        found.map(|found| found.into_iter().take(2).collect()),
        Ok(vec![
            "deny data.main.deny: 101 runs (runs.rego)".to_owned(),
            "deny data.main.deny: never (never.rego)".to_owned(),
        ])
    );
}

#[test]
fn helpers_may_lie_in_other_packages() {
    let helper = "package lib\n\nbig(n) if n > 100\n";
    let user = "package main\n\ndeny contains \"big\" if data.lib.big(input.runs)\n";
    let files = [("lib.rego", helper), ("user.rego", user)];
    let found = judged(&files, &json!({ "runs": 101 }));
    assert_eq!(
        found,
        Ok(vec!["deny data.main.deny: big (user.rego)".to_owned()])
    );
    assert_eq!(judged(&files, &json!({ "runs": 100 })), Ok(Vec::new()));
}

#[test]
fn all_packages_are_asked_and_rules_may_have_longer_names() {
    let one = "package a.b\n\ndeny_runs contains \"one\" if true\n";
    let two = "package c\n\nviolation contains {\"msg\": \"two\", \"details\": 1} if true\n\ndenied contains \"no rule\" if true\n";
    assert_eq!(
        judged(&[("one.rego", one), ("two.rego", two)], &json!({})),
        Ok(vec![
            "deny data.a.b.deny_runs: one (one.rego)".to_owned(),
            "deny data.c.violation: two (two.rego)".to_owned(),
        ])
    );
}

#[test]
fn what_is_broken_is_an_error_with_its_place() {
    let found = judged(
        &[("a.rego", "package main\n\ndeny contains if {\n")],
        &json!({}),
    );
    let found = found.expect_err("it cannot be read");
    assert!(found[0].starts_with("a.rego:3"), "{found:?}");
    let wrong = "package main\n\ndeny contains \"x\" if {\n  to_number(input.name) > 1\n}\n";
    let found = judged(&[("a.rego", wrong)], &json!({ "name": "n" }));
    let found = found.expect_err("it cannot be evaluated");
    assert!(found[0].starts_with("a.rego:4"), "{found:?}");
    let unknown = "package main\n\ndeny contains \"x\" if {\n  no_such(input.name)\n}\n";
    let found = judged(&[("a.rego", unknown)], &json!({ "name": "n" }));
    let found = found.expect_err("there is no such function");
    assert!(found[0].starts_with("a.rego:4"), "{found:?}");
}

#[test]
fn what_is_no_message_is_an_error() {
    for (rule, wanted) in [
        (
            "deny := true",
            "`data.main.deny` is `true`, and has to be a set or a list of messages.",
        ),
        (
            "deny := [1]",
            "`data.main.deny` has `1` in it, and a message is a text or an object with `msg`.",
        ),
        (
            "deny if true",
            "`data.main.deny` is `true`, and has to be a set or a list of messages.",
        ),
    ] {
        let text = format!("package main\n\n{rule}\n");
        let found = judged(&[("a.rego", &text)], &json!({}));
        assert_eq!(found, Err(vec![wanted.to_owned()]), "{rule}");
    }
}

#[test]
fn policies_that_never_speak_are_an_error() {
    let found = judged(
        &[("a.rego", "package other\n\nallow := true\n")],
        &json!({}),
    );
    assert!(found.is_err());
}

#[test]
fn nothing_but_the_input_can_be_read() {
    for call in [
        "http.send({\"method\": \"get\", \"url\": \"http://localhost\"})",
        "opa.runtime()",
        "time.now_ns()",
        "rand.intn(\"a\", 5)",
        "net.lookup_ip_addr(\"localhost\")",
    ] {
        let text = format!("package main\n\ndeny contains \"x\" if {{\n  {call}\n}}\n");
        let found = judged(&[("a.rego", &text)], &json!({}));
        let found = found.expect_err(call);
        assert!(found[0].starts_with("a.rego:4"), "{call}: {found:?}");
    }
}
