use proptest::prelude::*;

use super::*;

fn findings(text: &str) -> Vec<String> {
    let mut diagnostics = Diagnostics::new();
    let _body = parse_body(FileId(0), text, &mut diagnostics);
    let line = |span: Option<Span>| {
        text.get(..span.map_or(0, |span| span.start as usize))
            .unwrap_or("")
            .matches('\n')
            .count()
            + 1
    };
    diagnostics
        .iter()
        .map(|found| format!("{}: {}", line(found.span), found.detail))
        .collect()
}

#[test]
fn reading_goes_on_at_the_next_block() {
    let text = "a {\n  x = 'y'\n}\nb {\n  y = 1\n}\nc {\n  z 5\n}\nd {}\n";
    let mut diagnostics = Diagnostics::new();
    let body = parse_body(FileId(0), text, &mut diagnostics);
    assert_eq!(diagnostics.iter().count(), 2);
    assert_eq!(
        body.blocks
            .last()
            .map(|block| block.kind.text.to_string())
            .as_deref(),
        Some("d")
    );
}

#[test]
fn spans_point_into_the_original_text() {
    let text = "\u{feff}pipeline \"p\" {\n  name = 1 + abc\n}\n";
    let mut diagnostics = Diagnostics::new();
    let body = parse_body(FileId(0), text, &mut diagnostics);
    assert!(diagnostics.is_empty());
    let slice = |span: Span| {
        text.get(span.start as usize..span.end as usize)
            .unwrap_or("")
    };
    assert_eq!(slice(body.blocks[0].span), "pipeline \"p\"");
    assert_eq!(
        slice(body.blocks[0].body.attributes[0].expr.span),
        "1 + abc"
    );
}

#[test]
fn deep_nesting_is_an_error_and_not_a_crash() {
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("{a=", "}"),
        ("\"${", "}\""),
        ("!", ""),
        ("-", ""),
        ("x[", "]"),
        ("f(", ")"),
        ("b {\n", "}\n"),
        ("a ? b : ", ""),
        ("1 + ", ""),
    ] {
        for text in [
            format!("a = {}1{}\n", open.repeat(10_000), close.repeat(10_000)),
            format!("a = {}", open.repeat(10_000)),
            format!("a = x{}\n", ".y".repeat(10_000)),
        ] {
            let mut diagnostics = Diagnostics::new();
            let _body = parse_body(FileId(0), &text, &mut diagnostics);
            assert!(diagnostics.has_errors(), "{open}");
        }
    }
}

#[test]
fn indexes_behind_a_splat_print_as_what_they_are() {
    for (text, printed) in [
        ("run.x.*.0", "run.x[*][0]"),
        ("run.x.*.0.a", "run.x[*][0].a"),
        ("run.x.*[0]", "(run.x.*)[0]"),
        ("run.x.*.a[0]", "(run.x.*.a)[0]"),
        ("run.x[*].a[0]", "run.x[*].a[0]"),
        ("run.x.*.a", "run.x.*.a"),
    ] {
        let mut diagnostics = Diagnostics::new();
        let expr = parse_expression(FileId(0), text, &mut diagnostics).unwrap();
        assert_eq!(crate::lang::print::expression(&expr), printed);
    }
}

#[test]
fn an_object_that_begins_like_a_loop_is_refused() {
    for text in ["a = {for=e}\n", "a = { for = e }\n"] {
        assert!(!findings(text).is_empty(), "{text}");
    }
}

/// The second `a` stands in place of the first, which could not be read; the stray brace makes the line be read twice.
#[test]
fn what_is_read_twice_is_not_set_twice() {
    assert_eq!(
        findings("a = 'x'\na = 1\n}\nb = 2\n"),
        [
            "1: Strings are written in double quotes: `\"text\"`, not `'text'`.",
            "3: This `}` closes nothing. Remove it, or add what it should close."
        ]
    );
}

#[test]
fn signs_before_a_brace_that_are_no_blanks_end() {
    for sign in [
        "\u{c}", "\r", "\u{b}", "\u{a0}", "\n\r", "\n\u{c}", "\u{2028}",
    ] {
        for text in [
            format!("a \"b\" {sign}{{\n}}\n"),
            format!("a {sign}{{\n}}\n"),
            format!("a b\n{sign}{{\n}}\n"),
        ] {
            assert!(!findings(&text).is_empty(), "{text:?}");
        }
    }
}

#[test]
fn operators_need_no_blanks_around_them() {
    let printed = |text: &str| {
        let mut diagnostics = Diagnostics::new();
        let expr = parse_expression(FileId(0), text, &mut diagnostics);
        expr.map(|expr| crate::lang::print::expression(&expr))
    };
    for left in [
        "1",
        "10",
        "1.5",
        "1e5",
        "(1)",
        "\"x\"",
        "\"${x}\"",
        "[1]",
        "[]",
        "{}",
        "f(x)",
        "x[0]",
        "x.0",
        "x.10",
        "x.*.0",
        "x[*].0",
        "[for v in x : v]",
    ] {
        for sign in [
            "-", "+", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "--", "-!",
            "*-", "?1-1:",
        ] {
            for right in ["1", "x", "(1)", "\"x\"", "[1]", "-1", "f(x)"] {
                let spread = format!("{left} {sign} {right}");
                let close = format!("{left}{sign}{right}");
                if sign.starts_with('?') {
                    assert_eq!(
                        printed(&close),
                        printed(&format!("{left} ? 1 - 1 : {right}")),
                        "{close}"
                    );
                } else {
                    assert_eq!(printed(&close), printed(&spread), "{close}");
                }
                assert!(printed(&close).is_some(), "{close}");
            }
        }
    }
}

/// The findings about one attribute with this value.
fn about(value: &str) -> Vec<String> {
    findings(&format!("a = {value}\n"))
}

#[test]
fn what_is_beyond_a_limit_is_told_with_the_limit() {
    let deep = |open: &str, close: &str, count: usize| {
        format!("{}1{}", open.repeat(count), close.repeat(count))
    };
    for (value, limit) in [
        (deep("(", ")", 300), "256 levels"),
        (deep("[", "]", 300), "256 levels"),
        (deep("{a=", "}", 300), "256 levels"),
        (deep("\"${", "}\"", 300), "256 levels"),
        (deep("f(", ")", 100), "64 levels"),
        (deep("a ? 1 : ", "", 100), "64 levels"),
        (format!("1{}", " + 1".repeat(200)), "128 operators"),
        (format!("1{}", " && 1".repeat(100_000)), "128 operators"),
        ("9".repeat(5_000), "1,200 digits"),
    ] {
        let found = about(&value);
        assert_eq!(found.len(), 1, "{limit}: {found:?}");
        assert!(found[0].contains(limit), "{limit}: {found:?}");
    }
    for value in [
        deep("(", ")", 200),
        deep("[", "]", 200),
        deep("f(", ")", 60),
        format!("1{}", " + 1".repeat(120)),
        "9".repeat(1_000),
    ] {
        assert_eq!(about(&value), [""; 0], "{value}");
    }
}

#[test]
fn large_texts_are_read() {
    let items: Vec<String> = (0..40_000)
        .map(|key| format!("  k{key} = [{key}, f(x)]\n"))
        .collect();
    for value in [
        format!("{{\n{}}}", items.concat()),
        format!("\"{}\"", "x${b}".repeat(100_000)),
        format!("\"{}\"", "x".repeat(5_000_000)),
        format!("[{}]", "1, ".repeat(100_000)),
        format!("<<A\n{}A", "line\n".repeat(100_000)),
    ] {
        assert_eq!(about(&value), [""; 0]);
    }
}

#[test]
fn not_more_mistakes_are_reported_than_can_be_read() {
    assert_eq!(findings(&"a 'x\n".repeat(10_000)).len(), 101);
    assert!(findings(&"b {\n".repeat(10_000)).len() <= 101);
    assert!(findings(&"\"".repeat(100_001)).len() <= 101);
}

const TOKENS: [&str; 40] = [
    "a",
    "b ",
    "=",
    "\n",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "\"",
    "\"x\"",
    "${",
    "%{ if a }",
    "%{ endif }",
    "~}",
    "<<EOT\n",
    "<<-EOT\n",
    "EOT\n",
    "EOT",
    "\\",
    "\\n",
    "$${",
    ".",
    "..",
    "...",
    "*",
    "[*]",
    "for ",
    " in ",
    ":",
    "=>",
    "?",
    "1e5",
    "0.5",
    "'",
    "#",
    "/*",
    "\u{e9}",
    "\u{feff}",
];

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(tokens in prop::collection::vec(prop::sample::select(&TOKENS[..]), 0..40), noise in ".{0,20}") {
        let text = tokens.concat() + &noise;
        let _findings = findings(&text);
        let mut diagnostics = Diagnostics::new();
        if let Some(expr) = parse_expression(FileId(0), &text, &mut diagnostics) {
            let printed = crate::lang::print::expression(&expr);
            let mut again = Diagnostics::new();
            let read = parse_expression(FileId(0), &printed, &mut again);
            prop_assert_eq!(read.map(|read| crate::lang::print::expression(&read)), Some(printed), "{:?}", again);
        }
    }
}
