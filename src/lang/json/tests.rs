use proptest::prelude::*;

use super::*;
use crate::lang::Language;
use crate::lang::print;

fn read(text: &str) -> (Body, Diagnostics) {
    let parsed = read_body(FileId(0), text, &Language);
    (parsed.body, parsed.diagnostics)
}

fn slice(text: &str, span: Span) -> &str {
    text.get(span.start as usize..span.end as usize)
        .unwrap_or("no text")
}

/// Each finding's detail with the text it points at.
fn findings(text: &str) -> Vec<String> {
    let (_, diagnostics) = read(text);
    diagnostics
        .iter()
        .map(|found| {
            format!(
                "{}: {}",
                found.span.map_or("", |span| slice(text, span)),
                found.detail
            )
        })
        .collect()
}

/// The only attribute of the only block, as HCL.
fn local(json: &str) -> String {
    let text = format!("{{\"locals\": {{\"a\": {json}}}}}");
    let (body, diagnostics) = read(&text);
    assert!(diagnostics.is_empty(), "{json}: {diagnostics:?}");
    print::expression(&body.blocks[0].body.attributes[0].expr)
}

#[test]
fn values_are_expressions_and_strings_are_templates() {
    for (json, hcl) in [
        ("null", "null"),
        ("true", "true"),
        ("-1.50e1", "-15"),
        ("12345678901234567890123", "12345678901234567890123"),
        (r#""a\"\\\u00e9\ud83d\ude00\n""#, "\"a\\\"\\\\é😀\\n\""),
        (r#""an\u0303os""#, "\"años\""),
        (r#""${[1, 2]}""#, "[1, 2]"),
        (r#""x-${upper(\"a\")}""#, "\"x-${upper(\"a\")}\""),
        (r#""$${a} %%{b}""#, "\"$${a} %%{b}\""),
        (
            r#""a %{ if b ~}  \n  x\n%{ endif }""#,
            "\"a %{ if b }  x\\n%{ endif }\"",
        ),
        (
            r#"[1, "${a}", {"//": 2, "${k}": 3}]"#,
            "[1, a, { \"//\" = 2, (k) = 3 }]",
        ),
        ("[]", "[]"),
        ("{}", "{}"),
    ] {
        assert_eq!(local(json), hcl, "{json}");
    }
}

#[test]
fn labels_are_levels_and_arrays_are_several_blocks() {
    let text = r#"{
        "//": "a comment",
        "variable": {"a": {"type": "list(string)", "//": 1}, "b": [{"default": 1}]},
        "variable": [{"c": {}}, {"d": null}],
        "output": {"x": {"value": 1, "depends_on": ["activity.a"], "precondition": [{"condition": true}, {}]}},
        "locals": [{"a": 1}, {"a": 2, "depends_on": "${b}"}]
    }"#;
    let (body, diagnostics) = read(text);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let headers: Vec<_> = body
        .blocks
        .iter()
        .map(|block| {
            let label = block.labels.first();
            format!(
                "{} {} {}",
                block.kind.text,
                label.map_or("", |label| &*label.text),
                slice(text, block.span)
            )
        })
        .collect();
    assert_eq!(
        headers,
        [
            "variable a \"a\"",
            "variable b \"b\"",
            "variable c \"c\"",
            "output x \"x\"",
            "locals  \"locals\"",
            "locals  \"locals\"",
        ]
    );
    let shown = |block: usize, attribute: usize| {
        print::expression(&body.blocks[block].body.attributes[attribute].expr)
    };
    assert_eq!(shown(0, 0), "list(string)");
    assert_eq!(shown(3, 1), "[activity.a]");
    assert_eq!(shown(5, 1), "b");
    assert_eq!(body.blocks[3].body.blocks.len(), 2);
}

#[test]
fn spans_point_into_the_file_behind_escapes() {
    let text = "\u{feff}{\"locals\": {\"a\": \"\\n\\u00e9é ${upper(b)} \\t${c}\"}}";
    let (body, diagnostics) = read(text);
    assert!(diagnostics.is_empty());
    let ExprKind::Template(parts) = &body.blocks[0].body.attributes[0].expr.kind else {
        panic!("no template");
    };
    let shown: Vec<_> = parts
        .iter()
        .filter_map(|part| match part {
            crate::lang::ast::Part::Interpolation(expr) => Some(slice(text, expr.span)),
            _ => None,
        })
        .collect();
    assert_eq!(shown, ["upper(b)", "c"]);
}

#[test]
fn mistakes_are_found_where_they_are() {
    for (text, expected) in [
        ("", ": Expected a value, found the end of the file."),
        (
            "[1",
            "[: The `[` that opens here is never closed. Add the missing `]`.",
        ),
        (
            "{\"a\": 1,}",
            ",: JSON has no comma after the last item. Remove it.",
        ),
        (
            "{\"a\" = 1}",
            "=: Expected `:` between a property's name and its value, found `=`. JSON uses `:`, not `=`.",
        ),
        (
            "{a: 1}",
            "a: Expected a property name in double quotes, found `a`.",
        ),
        (
            "{} {}",
            "{: The file is one JSON value, and `{` follows it. Remove what stands after the value.",
        ),
        (
            "{\"a\": b.c}",
            "b: `b.c` is no JSON value. Write an expression as a string: `\"${b.c}\"`.",
        ),
        (
            "{\"a\": 01}",
            "0: This is no JSON number. A number is e.g. `12`, `-0.5` or `1.5e3`, without leading zeros or `+`.",
        ),
        (
            "{\"a\": \"x\ny\"}",
            "\n: A JSON string has no line ends and no control characters; write `\\n`, `\\t` or `\\u0000`.",
        ),
        (
            "{\"a\": \"x}",
            "\": This string is never closed. Add the missing `\"`.",
        ),
        (
            "{\"a\": \"\\q\"}",
            "\\: A backslash is followed by one of `\"`, `\\`, `/`, `b`, `f`, `n`, `r`, `t`, `u`; write `\\\\` for the backslash itself.",
        ),
        (
            "{\"a\": \"\\ud800\"}",
            "\\: `\\u` is followed by four hexadecimal digits; a character beyond them is a pair of such escapes.",
        ),
        (
            "1",
            "1: A configuration file is a JSON object whose properties are blocks; this is a number.",
        ),
        (
            "{\"locals\": 5}",
            "5: This block is written `\"locals\": {…}`, each label an object of its own; here is a number.",
        ),
        (
            "{\"variable\": {\"a\": \"x\"}}",
            "\"x\": This block is written `\"variable\": {\"a\": {…}}`, each label an object of its own; here is a string.",
        ),
        (
            "{\"variable\": true}",
            "true: This block is written `\"variable\": {\"…\": {…}}`, each label an object of its own; here is a bool.",
        ),
        (
            "{\"locals\": {\"a\": 1, \"a\": 2}}",
            "\"a\": `a` is already set in this block. Remove one of the two.",
        ),
        (
            "{\"locals\": {\"a\": {\"k\": 1, \"k\": 2}}}",
            "\"k\": The key `k` is already in this object. Remove one of the two.",
        ),
        (
            "{\"locals\": {\"a\": \"\\n${b\"}}",
            "${: The `${` that opens here is never closed. Add the missing `}`. For the signs themselves, write `$${`.",
        ),
    ] {
        assert_eq!(findings(text), [expected], "{text:?}");
    }
}

#[test]
fn deep_values_are_an_error_and_not_a_crash() {
    for open in ["[", "{\"a\":"] {
        assert_eq!(findings(&open.repeat(100_000)).len(), 1);
    }
}

const TOKENS: [&str; 24] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"a\"",
    "\"locals\"",
    "\"variable\"",
    "\"//\"",
    "\"${a",
    "}\"",
    "\"\\u00e9",
    "\\n",
    "\"",
    "1",
    "-0.5e9",
    "true",
    "null",
    " ",
    "\n",
    "%{ if a }",
    "é",
    "/*",
];

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(
        tokens in prop::collection::vec(prop::sample::select(&TOKENS[..]), 0..40),
        noise in ".{0,10}",
    ) {
        let text = tokens.concat() + &noise;
        let (body, diagnostics) = read(&text);
        prop_assert!(text.get(..body.span.end as usize).is_some());
        for found in diagnostics.iter() {
            let span = found.span.unwrap_or_default();
            prop_assert!(text.get(span.start as usize..span.end as usize).is_some(), "{:?}", found);
        }
    }
}
