//! What a person sees of findings.

use insta::assert_snapshot;
use proptest::prelude::*;

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
    let json = to_json(&findings, &sources, |_| Vec::new());
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

fn at(file: super::FileId, start: usize, end: usize) -> Span {
    Span {
        file,
        start: u32::try_from(start).unwrap(),
        end: u32::try_from(end).unwrap(),
    }
}

#[test]
fn warnings_do_not_crowd_out_an_error() {
    let mut findings = Diagnostics::new();
    for number in 0..60 {
        findings.push(Diagnostic::warning("Odd", format!("Number {number}.")));
    }
    findings.push(Diagnostic::error("Wrong", "The one that matters."));
    let text = render(&findings, &Sources::default(), false, 80);
    assert!(text.contains("The one that matters."));
    assert!(text.ends_with("And 11 more.\n"));
    let all = super::render_all(&findings, &Sources::default(), false, 80);
    assert!((0..60).all(|number| all.contains(&format!("Number {number}."))));
    assert!(all.contains("The one that matters.") && !all.contains(" more."));
}

#[test]
fn the_column_of_a_place_in_a_long_line_is_that_of_the_file() {
    let mut sources = Sources::default();
    let text = format!(
        "first\n{}WRONG{}\n",
        "a".repeat(100_000),
        "b".repeat(100_000)
    );
    let place = span(&mut sources, "long.hcl", &text, "WRONG");
    let finding = Diagnostic::error("Wrong", "Detail.").at(place);
    let drawn = render(&finding.clone().into(), &sources, false, 80);
    assert!(drawn.contains("long.hcl:2:100001"), "{drawn}");
    let json = to_json(&finding.into(), &sources, |_| Vec::new());
    let snippet = &json["diagnostics"][0]["snippet"];
    let code = snippet["code"].as_str().unwrap();
    let offset = |key: &str| usize::try_from(snippet[key].as_u64().unwrap()).unwrap();
    let marked = offset("highlight_start_offset")..offset("highlight_end_offset");
    assert_eq!(code.get(marked), Some("WRONG"));
}

#[test]
fn nothing_that_drives_a_terminal_gets_through() {
    let hostile = "\u{9b}31m\u{1b}[31m\u{200f}\u{2066}\u{2028}\u{61c}\u{feff}\u{fdd0}\u{7f}";
    let mut sources = Sources::default();
    let file = sources.add(
        format!("na{hostile}me.hcl"),
        format!("a = \"{hostile}\" b\n"),
    );
    let finding = Diagnostic::error(format!("Wro\n{hostile}ng"), hostile)
        .at(at(file, 4, 6))
        .label(at(file, 0, 1), hostile)
        .about(hostile)
        .help(hostile);
    let drawn = render(&finding.into(), &sources, false, 80);
    for c in hostile.chars().filter(|c| !c.is_ascii_graphic()) {
        assert!(!drawn.contains(c), "{c:?} in {drawn:?}");
    }
}

#[test]
fn empty_spans_ends_of_files_tabs_and_far_labels() {
    let mut sources = Sources::default();
    let text = format!("\ta = \tx\r\n{}last = 1\n", "\n".repeat(60));
    let file = sources.add("a.hcl", text.as_str());
    let empty = sources.add("empty.hcl", "");
    let end = text.len();
    let mut findings = Diagnostics::new();
    for place in [at(file, 6, 7), at(file, end, end), at(empty, 0, 0)] {
        let detail = "What is wrong:\n  - this stays   as it is, however long it gets, since somebody laid it out\n- as does this";
        findings.push(
            Diagnostic::error("Wrong", detail)
                .at(place)
                .label(at(file, end - 9, end - 5), "here, too"),
        );
    }
    assert_snapshot!(render(&findings, &sources, false, 40), @r"
    error: Wrong
      --> a.hcl:1:7
       |
     1 |     a =     x
       |             ^
       |
      ::: a.hcl:62:1
       |
    62 | last = 1
       | ---- here, too
    What is wrong:
      - this stays   as it is, however long it gets, since somebody laid it out
    - as does this

    error: Wrong
      --> a.hcl:63:1
       |
    62 | last = 1
       | ---- here, too
    63 |  
       | ^
    What is wrong:
      - this stays   as it is, however long it gets, since somebody laid it out
    - as does this

    error: Wrong
      --> empty.hcl:1:1
       |
     1 |  
       | ^
       |
      ::: a.hcl:62:1
       |
    62 | last = 1
       | ---- here, too
    What is wrong:
      - this stays   as it is, however long it gets, since somebody laid it out
    - as does this
    ");
}

#[test]
fn json_of_places_outside_a_text() {
    let mut sources = Sources::default();
    let file = sources.add("a.hcl", "ü = 1\nb");
    let place = at(file, 1, 4_000_000);
    let json = to_json(
        &Diagnostic::error("Wrong", "Detail.").at(place).into(),
        &sources,
        |_| Vec::new(),
    );
    let finding = &json["diagnostics"][0];
    assert_snapshot!(finding["range"], @r#"{"filename":"a.hcl","start":{"line":1,"column":1,"byte":0},"end":{"line":2,"column":2,"byte":8}}"#);
    assert_snapshot!(finding["snippet"], @r#"{"context":null,"code":"ü = 1\nb","start_line":1,"highlight_start_offset":0,"highlight_end_offset":8,"values":[]}"#);
}

#[test]
fn json_counts_as_terraform_does() {
    let quoted = "\u{feff}a = [\"日本\", \"e\u{301}\", \"👨\u{200d}👩\u{200d}👧\", b]\r\nc = f(\r\n  1\r\n)\r\n";
    let start = quoted.find("b]").unwrap();
    let call = quoted.find("f(").unwrap();
    let end = quoted.len();
    let long = format!("x = 1\n{}", "y".repeat(5_000));
    for (text, place, range, snippet) in [
        (
            quoted,
            (start, start + 1),
            "1:22..1:23",
            r#""b" of one line"#,
        ),
        (
            quoted,
            (call, end - 2),
            "2:5..4:2",
            r#""f(\n  1\n)" of 3 lines"#,
        ),
        (
            quoted,
            (call, end),
            "2:5..5:1",
            r#""f(\n  1\n)" of 3 lines"#,
        ),
        (quoted, (call, call), "2:5..2:6", r#""f" of one line"#),
        (quoted, (end, end), "5:1..5:2", r#""" of no line"#),
        (&long, (0, 1_000), "1:1..2:995", r#""x = 1" of one line"#),
    ] {
        let mut sources = Sources::default();
        let file = sources.add("a.hcl", text);
        let finding = Diagnostic::error("Wrong", "Detail.").at(at(file, place.0, place.1));
        let json = to_json(&finding.into(), &sources, |_| Vec::new());
        let finding = &json["diagnostics"][0];
        let at = |end: &str| {
            let place = &finding["range"][end];
            format!("{}:{}", place["line"], place["column"])
        };
        assert_eq!(format!("{}..{}", at("start"), at("end")), range);
        let code = finding["snippet"]["code"].as_str().unwrap();
        let offset = |key: &str| usize::try_from(finding["snippet"][key].as_u64().unwrap());
        let marked = code.get(
            offset("highlight_start_offset").unwrap()..offset("highlight_end_offset").unwrap(),
        );
        let lines = match code.lines().count() {
            0 => "no line".to_owned(),
            1 => "one line".to_owned(),
            many => format!("{many} lines"),
        };
        assert_eq!(format!("{:?} of {lines}", marked.unwrap()), snippet);
    }
}

proptest! {
    /// Whatever the text and the spans, drawing ends, and the highlight of the JSON lies in its code.
    #[test]
    fn any_span_of_any_text(
        text in "[a\u{fc}\u{4e2d}\t\r\n\u{202e} ]{0,40}",
        long in prop::option::of(300usize..900),
        spans in prop::collection::vec((0usize..1000, 0usize..1000), 1..5),
        width in 0usize..200,
    ) {
        let text = format!("{text}{}{text}", "\u{fc}b".repeat(long.unwrap_or(0)));
        let mut sources = Sources::default();
        let file = sources.add("a.hcl", text);
        let mut finding = Diagnostic::error("Wrong", "Detail.");
        for (number, (start, end)) in spans.into_iter().enumerate() {
            finding = if number == 0 {
                finding.at(at(file, start, end))
            } else {
                finding.label(at(file, start, end), "here")
            };
        }
        let findings = Diagnostics::from(finding);
        let drawn = render(&findings, &sources, false, width);
        let hostile = drawn.contains(['\u{202e}', '\r']);
        prop_assert!(drawn.contains("a.hcl:") && !hostile);
        let json = to_json(&findings, &sources, |_| Vec::new());
        let snippet = &json["diagnostics"][0]["snippet"];
        let offset = |key: &str| usize::try_from(snippet[key].as_u64().unwrap()).unwrap();
        let marked = offset("highlight_start_offset")..offset("highlight_end_offset");
        prop_assert!(snippet["code"].as_str().unwrap().get(marked).is_some());
    }
}

#[test]
fn a_secret_is_shown_nowhere() {
    let text = "a = \"opensesame\"; b = opensesame\nc = \"x\"; xyz = 1\n";
    let mut sources = Sources::default();
    let at = span(&mut sources, "f", text, "c");
    for secret in ["opensesame", "x", ""] {
        sources.hide(secret);
    }
    assert_eq!(
        sources.text(at.file),
        "a = \"**********\"; b = **********\nc = \"*\"; xyz = 1\n"
    );
}
