use crate::lang::test_support::TestScope;

/// What calls give, as HCL; `run.…` is deferred.
fn check(rows: &[(&str, &str)]) {
    let scope = TestScope::new(
        "{ secret = sensitive([\"s\"]), key = sensitive(\"s\") }",
        &["run"],
    );
    for (call, expected) in rows {
        assert_eq!(scope.shown(call), *expected, "{call}");
    }
}

/// What is wrong with calls, in part.
fn check_errors(rows: &[(&str, &str)]) {
    let scope = TestScope::new("{}", &["run"]);
    for (call, part) in rows {
        let shown = scope.shown(call);
        assert!(shown.starts_with("Invalid function"), "{call}: {shown}");
        assert!(shown.contains(part), "{call}: {shown}");
    }
}

#[test]
fn sequences_are_searched_and_cut() {
    check(&[
        ("alltrue([\"true\", true])", "true"),
        ("alltrue([true, null])", "false"),
        ("anytrue([null, true])", "true"),
        (
            "chunklist([1, \"a\", 3], 2)",
            r#"tolist([tolist(["1", "a"]), tolist(["3"])])"#,
        ),
        ("chunklist([1, 2], 0)", "tolist([tolist([1, 2])])"),
        ("chunklist([], 0)", "tolist([])"),
        ("compact([\"a\", null, \"\", 1])", r#"tolist(["a", "1"])"#),
        ("contains([1, 2], \"1\")", "false"),
        ("contains([1, \"1\"], \"1\")", "true"),
        (
            "distinct([\"b\", 1, \"a\", \"b\", 1.0])",
            r#"tolist(["b", "1", "a"])"#,
        ),
        ("distinct([[1], [1]])", "tolist([[1]])"),
        ("element([\"a\", \"b\", \"c\"], 4)", "\"b\""),
        ("element([\"a\", \"b\", \"c\"], -1)", "\"c\""),
        ("index([\"a\", \"b\"], \"b\")", "1"),
        (
            "matchkeys([\"a\", \"b\", \"c\"], [1, 2, 3], [1, \"3\"])",
            r#"tolist(["a", "c"])"#,
        ),
        ("one([])", "null"),
        ("one(toset([1, 1]))", "1"),
        ("reverse([1, \"a\"])", r#"["a", 1]"#),
        ("reverse(toset([\"a\", \"b\"]))", r#"tolist(["b", "a"])"#),
        ("slice([\"a\", \"b\", 3, 4], 1, 3)", r#"["b", 3]"#),
        ("slice(tolist([1, 2]), 0, 1)", "tolist([1])"),
        (
            "sort([\"b\", \"a\", 10, 9])",
            r#"tolist(["10", "9", "a", "b"])"#,
        ),
        ("sum([\"1.5\", 2])", "3.5"),
    ]);
}

#[test]
fn ranges_go_up_and_down() {
    check(&[
        ("range(3)", "tolist([0, 1, 2])"),
        ("range(-3)", "tolist([0, -1, -2])"),
        ("range(0)", "tolist([])"),
        ("range(4, 1)", "tolist([4, 3, 2])"),
        ("range(1, 4, 2)", "tolist([1, 3])"),
        ("range(0.5, 2)", "tolist([0.5, 1.5])"),
        ("range(1, 1, 0)", "tolist([])"),
        ("length(range(1024))", "1024"),
    ]);
    check_errors(&[
        ("range(1025)", "more than 1024 numbers"),
        ("range(1, 2, 0)", "more than 1024 numbers"),
        ("range(1, 4, -1)", "less than the start"),
        ("range(4, 1, 1)", "greater than the start"),
        ("range(1, 2, 3, 4)", "one, two or three numbers"),
    ]);
}

#[test]
fn what_comes_out_has_the_kind_of_what_went_in() {
    check(&[
        ("concat([1], [\"a\"])", r#"[1, "a"]"#),
        (
            "concat(tolist([1]), tolist([\"a\"]))",
            r#"tolist(["1", "a"])"#,
        ),
        (
            "concat(tolist([1]), tolist([tolist([])]))",
            "[1, tolist([])]",
        ),
        ("coalesce(null, \"\", 1)", "\"1\""),
        ("coalesce([], [1])", "tolist([])"),
        (
            "coalesce({ a = 1 }, { b = \"x\" })",
            r#"tomap({ a = "1" })"#,
        ),
        ("coalescelist(tolist([]), [1])", "[1]"),
        (
            "flatten([[\"a\"], [], [tolist([\"c\"]), null], { b = [1] }])",
            r#"["a", "c", null, { b = [1] }]"#,
        ),
        ("keys({ b = 1, a = 2 })", r#"["a", "b"]"#),
        ("keys(tomap({ b = 1 }))", r#"tolist(["b"])"#),
        ("values({ b = 1, a = \"x\" })", r#"["x", 1]"#),
        ("values(tomap({ b = 1 }))", "tolist([1])"),
        ("merge()", "{}"),
        (
            "merge(null, { a = 1 }, { a = 2, b = \"x\" })",
            r#"{ a = 2, b = "x" }"#,
        ),
        (
            "merge(tomap({ a = 1 }), tomap({ b = 2 }))",
            "tomap({ a = 1, b = 2 })",
        ),
        (
            "merge(tomap({ a = 1 }), tomap({ b = \"x\" }))",
            r#"{ a = 1, b = "x" }"#,
        ),
        ("lookup({ a = 1, b = \"x\" }, \"c\", \"z\")", "\"z\""),
        ("lookup(tomap({ a = \"x\" }), \"c\", 5)", "\"5\""),
        ("lookup({ a = null }, \"a\", \"d\")", "null"),
        (
            "transpose({ a = [\"x\", \"y\"], b = [\"x\"] })",
            r#"tomap({ x = tolist(["a", "b"]), y = tolist(["a"]) })"#,
        ),
        (
            "zipmap([\"a\", \"b\"], [1, \"x\"])",
            r#"{ a = 1, b = "x" }"#,
        ),
        ("zipmap([\"a\", \"a\"], tolist([1, 2]))", "tomap({ a = 2 })"),
        ("length(\"noe\\u0308l\")", "4"),
        ("length({ a = 1 })", "1"),
    ]);
}

#[test]
fn sets_are_of_one_type() {
    check(&[
        ("setintersection([1, 2], [\"1\"])", r#"toset(["1"])"#),
        (
            "setsubtract([\"a\", \"b\"], [\"b\", \"c\"])",
            r#"toset(["a"])"#,
        ),
        (
            "setunion([\"b\"], [\"a\"], [\"b\"])",
            r#"toset(["a", "b"])"#,
        ),
        ("setunion([[1]], [[\"a\"]])", r#"toset([["1"], ["a"]])"#),
        (
            "setproduct([\"a\", \"b\"], [1, true ? 2 : 3])",
            r#"tolist([["a", 1], ["a", 2], ["b", 1], ["b", 2]])"#,
        ),
        (
            "setproduct(toset([\"a\"]), [\"x\", 3])",
            r#"toset([["a", "3"], ["a", "x"]])"#,
        ),
        ("setproduct([\"a\"], [])", "tolist([])"),
    ]);
    check_errors(&[
        ("setunion([1, 2], [true])", "one type"),
        ("setproduct([1, [2]], [1])", "one type"),
        (
            "setproduct(range(400), range(400))",
            "more than 100000 combinations",
        ),
    ]);
}

#[test]
fn deferred_elements_pass_where_the_result_does_not_depend_on_them() {
    check(&[
        ("length([run.a, run.b])", "2"),
        (
            "length(toset([run.a, run.b]))",
            "length(toset([run.a, run.b]))",
        ),
        ("length(toset([run.a]))", "1"),
        ("keys({ a = run.a })", r#"["a"]"#),
        ("element([\"a\", run.b], 0)", "\"a\""),
        ("element([\"a\", run.b], 1)", "run.b"),
        ("merge({ a = run.a }, { a = 1 })", "{ a = 1 }"),
        ("concat([run.a], [1])", "[run.a, 1]"),
        ("reverse([run.a, 1])", "[1, run.a]"),
        ("lookup({ a = run.a }, \"b\", 1)", "1"),
        ("one([run.a])", "run.a"),
        ("zipmap([\"a\"], [run.a])", "{ a = run.a }"),
        ("flatten([[run.a], [1]])", "flatten([[run.a], [1]])"),
        ("flatten([[1], { a = run.a }])", "[1, { a = run.a }]"),
        ("contains([1, run.a], 1)", "contains([1, run.a], 1)"),
    ]);
}

#[test]
fn sensitive_elements_stay_sensitive() {
    check(&[
        ("issensitive(flatten([[1], secret]))", "true"),
        ("issensitive(concat([key], [1]))", "false"),
        ("issensitive(element([1, key], 1))", "true"),
        ("issensitive(length(secret))", "true"),
        ("issensitive(toset([key, \"a\"]))", "true"),
        ("issensitive(sort([key, \"a\"]))", "true"),
    ]);
}

#[test]
fn wrong_calls_say_what_is_wrong() {
    check_errors(&[
        ("alltrue([\"x\"])", "the elements must be bools"),
        ("chunklist([1], -1)", "must not be negative"),
        ("chunklist([1], 1.5)", "whole number"),
        ("coalesce(\"\", null)", "null or empty"),
        ("coalesce(1, [1])", "one type"),
        ("coalescelist([], [])", "null or empty"),
        ("concat(toset([\"a\"]), [1])", "a set has no order"),
        ("contains({ a = 1 }, 1)", "takes a list, set or tuple"),
        ("element([], 0)", "an empty list"),
        ("element(toset([1]), 0)", "have no positions"),
        ("index([\"1\"], 1)", "is not among the elements"),
        ("keys([1])", "takes a map or object"),
        ("length(1)", "takes a collection or a string"),
        ("lookup({ a = 1 }, \"b\")", "there is no key `b`"),
        (
            "lookup(tomap({ a = 1 }), \"c\", \"x\")",
            "the default must have the type",
        ),
        ("lookup({}, \"c\", 1, 2)", "one default"),
        (
            "matchkeys([\"x\"], [\"a\", \"b\"], [\"a\"])",
            "as many keys as values",
        ),
        ("one([1, 2])", "there are 2"),
        ("slice([1], 0, 2)", "greater than the number"),
        ("slice([1], 1, 0)", "greater than the end"),
        ("sort([\"a\", null])", "the elements must be strings"),
        ("sum([])", "an empty list has no sum"),
        ("sum([1, null])", "the elements must be numbers"),
        ("transpose({ a = \"x\" })", "is not a list of strings"),
        ("zipmap([\"a\"], [])", "the number of keys (1)"),
    ]);
}
