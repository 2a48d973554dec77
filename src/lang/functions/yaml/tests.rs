use crate::lang::test_support::TestScope;

#[test]
fn yaml_is_read() {
    let scope = TestScope::new("{}", &[]);
    for (text, expected) in [
        (
            "a: 1\\nb: [x, yes, ~]",
            r#"{ a = 1, b = ["x", true, null] }"#,
        ),
        ("y: 2001-12-14", r#"{ "true" = "2001-12-14T00:00:00Z" }"#),
        (
            "2001-12-14T21:59:43.10-05:00",
            r#""2001-12-14T21:59:43-05:00""#,
        ),
        (
            "[0x1f, 0o17, +1.5e3, .5, 1., '1', 1_000]",
            r#"[31, 15, 1500, 0.5, 1, "1", "1_000"]"#,
        ),
        ("!!int 1_000", "1000"),
        ("!!str 1", r#""1""#),
        (
            "a: &x {b: 1}\\nc:\\n  <<: *x\\n  d: *x",
            "{ a = { b = 1 }, c = { b = 1, d = { b = 1 } } }",
        ),
        ("a: |\\n  x\\n  y\\n", r#"{ a = "x\ny\n" }"#),
    ] {
        assert_eq!(
            scope.shown(&format!("yamldecode(\"{text}\")")),
            expected,
            "{text}"
        );
    }
}

#[test]
fn what_is_no_yaml_is_said_with_its_line() {
    let scope = TestScope::new("{}", &[]);
    let bomb = (1..12).fold("a0: &a0 [x]\\n".to_owned(), |text, level| {
        let before = vec![format!("*a{}", level - 1); 10].join(", ");
        format!("{text}a{level}: &a{level} [{before}]\\n")
    });
    for (text, part) in [
        ("a: [", "line"),
        ("a: 1\\n---\\nb: 2", "one document"),
        ("a: &x [*x]", "inside the value"),
        ("[1]: 2", "only strings may be keys"),
        ("!foo 1", "`!foo` is not supported"),
        ("!!int x", "`x` is no `!!int`"),
        (".inf", "is no number"),
        ("<<: 1", "cannot be merged"),
        (bomb.as_str(), "more than 1000000 values"),
        ("[".repeat(500).as_str(), ""),
    ] {
        let shown = scope.shown(&format!("yamldecode(\"{text}\")"));
        assert!(
            shown.contains("invalid YAML") && shown.contains(part),
            "{text}: {shown}"
        );
    }
}

#[test]
fn yaml_is_written() {
    let scope = TestScope::new("{}", &[]);
    for (value, expected) in [
        ("null", "null\\n...\\n"),
        ("{}", "{}\\n"),
        (
            r#"{ b = [1, true], a = "x" }"#,
            "\\\"a\\\": \\\"x\\\"\\n\\\"b\\\":\\n- 1\\n- true\\n",
        ),
        (
            "[[1, 2], { a = 1, b = [] }]",
            "- - 1\\n  - 2\\n- \\\"a\\\": 1\\n  \\\"b\\\": []\\n",
        ),
        (r#"{ a = "x\ny" }"#, "\\\"a\\\": |-\\n  x\\n  y\\n"),
        (r#"{ a = "x\ny\n" }"#, "\\\"a\\\": |\\n  x\\n  y\\n"),
        (r#""a\tb""#, "\\\"a\\\\tb\\\"\\n"),
    ] {
        let shown = scope.shown(&format!("yamlencode({value})"));
        assert_eq!(shown, format!("\"{expected}\""), "{value}");
    }
}
