//! What a person sees of findings.

use insta::assert_snapshot;

use super::Diagnostic;
use super::Diagnostics;
use super::Sources;
use super::Span;
use super::render;
use super::to_json;

fn span(sources: &mut Sources, name: &str, text: &str, part: &str) -> Span {
    let file = sources.add(name, text);
    let start = u32::try_from(text.find(part).unwrap()).unwrap();
    let length = u32::try_from(part.len()).unwrap();
    Span {
        file,
        start,
        end: start + length,
    }
}

#[test]
fn what_where_why_what_to_do() {
    let mut sources = Sources::default();
    let text = "pipeline \"x\" {\n  shcedule = schedule.daily\n}\n";
    let place = span(&mut sources, "main.pipe.hcl", text, "shcedule");
    let first = Span {
        start: 0,
        end: 8,
        ..place
    };
    let finding = Diagnostic::error(
        "Unsupported attribute",
        "A pipeline has no attribute `shcedule`.",
    )
    .at(place)
    .label(first, "in this block")
    .about("pipeline.x")
    .help("Did you mean `schedule`?");
    let warning = Diagnostic::warning("Undeclared variable", "Nobody reads it.");
    let mut findings = Diagnostics::from(finding);
    findings.push(warning);
    assert_snapshot!(render(&findings, &sources, false, 80), @r#"
    warning: Undeclared variable
    Nobody reads it.

    error: Unsupported attribute
     --> main.pipe.hcl:2:3
      |
    1 | pipeline "x" {
      | -------- in this block
    2 |   shcedule = schedule.daily
      |   ^^^^^^^^
      with pipeline.x
    A pipeline has no attribute `shcedule`.
    Did you mean `schedule`?
    "#);
    let json = to_json(&findings, &sources);
    assert_eq!(json["error_count"], 1);
    assert_eq!(json["diagnostics"][0]["range"]["start"]["line"], 2);
    assert_eq!(
        json["diagnostics"][0]["snippet"]["highlight_start_offset"],
        2
    );
}

#[test]
fn hostile_places_cost_nothing() {
    let mut sources = Sources::default();
    let long = format!("a = \"{}\"\u{202e}\u{7}\n", "ü".repeat(5_000_000));
    let file = sources.add("long.hcl", long.as_str());
    let middle = Span {
        file,
        start: 1_000_001,
        end: 9_000_000,
    };
    let outside = Span {
        file,
        start: u32::MAX - 1,
        end: u32::MAX,
    };
    let nowhere = Span {
        file: super::FileId(99),
        start: 5,
        end: 3,
    };
    for place in [middle, outside, nowhere] {
        let finding = Diagnostic::error("Wrong\u{7}", "Detail \u{202e}").at(place);
        let text = render(&finding.into(), &sources, false, 80);
        assert!(text.len() < 3_000, "{}", text.len());
        assert!(!text.contains(['\u{7}', '\u{202e}']));
    }
}

#[test]
fn many_findings_are_counted() {
    let mut findings = Diagnostics::new();
    for number in 0..60 {
        findings.push(Diagnostic::error("Wrong", format!("Number {number}.")));
    }
    let text = render(&findings, &Sources::default(), false, 80);
    assert!(text.ends_with("And 10 more.\n"));
}
