use super::call::Arguments;
use super::*;
use crate::lang::ast::Ident;
use crate::lang::functions::Accepts;
use crate::lang::functions::CallError;
use crate::lang::functions::Function;
use crate::lang::functions::Parameter;
use crate::lang::functions::Purity;
use crate::lang::print;
use crate::lang::test_support::TestScope;
use crate::lang::test_support::parsed;
use crate::lang::test_support::reference;
use crate::lang::test_support::with_call;

const NAMES: &str = r#"{ a = 1, env = "prod", list = [3, 4], obj = { k = "v", "k-2" = 2 }, none = null, yes = true, people = [{ name = "ann" }, { name = "bob" }] }"#;

fn scope() -> TestScope {
    let mut scope = TestScope::new(NAMES, &["run"]);
    scope.names.insert(
        "node".to_owned(),
        reference("data_node", "data_node.archive"),
    );
    scope
        .names
        .insert("secret".to_owned(), Value::string("hunter2").mark(true));
    scope.names.insert(
        "set".to_owned(),
        Value::set(vec![Value::string("b"), Value::string("a")]),
    );
    scope
}

fn check(table: &[(&str, &str)]) {
    let scope = scope();
    for (text, expected) in table {
        assert_eq!(&scope.shown(text), expected, "{text}");
    }
}

#[test]
fn known_expressions_are_evaluated_as_in_terraform() {
    check(&[
        ("1 + 2 * 3", "7"),
        (r#""1" + 2"#, "3"),
        ("-7 % 3", "-1"),
        ("0.1 + 0.2", "0.3"),
        ("2 - -1", "3"),
        (r#""5" == 5"#, "false"),
        ("[1, 2] == [1, 2]", "true"),
        ("true && !false", "true"),
        (r#""true" && yes"#, "true"),
        ("false && 1 / 0 > 1", "false"),
        ("true || nonsense.x", "true"),
        (r#"true ? 1 : "x""#, "\"1\""),
        ("yes ? list[0] : list[7]", "3"),
        (r"obj.k", "\"v\""),
        (r#"obj["k-2"]"#, "2"),
        (r#"list["1"]"#, "4"),
        ("people[*].name", r#"["ann", "bob"]"#),
        ("people.*.name", r#"["ann", "bob"]"#),
        ("none[*]", "[]"),
        ("env[*]", r#"["prod"]"#),
        ("[for i, v in list : i * v]", "[0, 4]"),
        ("[for v in list : v if v > 3]", "[4]"),
        (
            "{ for p in people : p.name => p }",
            r#"{ ann = { name = "ann" }, bob = { name = "bob" } }"#,
        ),
        ("{ for v in list : v % 1 => v... }", r#"{ "0" = [3, 4] }"#),
        ("[for k, v in set : k]", r#"["a", "b"]"#),
        (r#""${env}-${a}-${yes}""#, "\"prod-1-true\""),
        (r#""${list}""#, "[3, 4]"),
        (r#""$${x} %%{y} 100%""#, r#""$${x} %%{y} 100%""#),
        (r#""%{ if yes }a\n%{ else }b%{ endif }""#, r#""a\n""#),
        (r#""%{ for v in list ~} ${v}, %{~ endfor }""#, r#""3,4,""#),
        ("<<EOT\nx ${a}\nEOT\n", r#""x 1\n""#),
        ("<<-EOT\n    x\n\n      ${a}\n    EOT\n", r#""x\n\n  1\n""#),
        ("<<EOT\n${a}\nEOT\n", r#""1\n""#),
        ("try(obj.nope, 5)", "5"),
        ("can(obj.nope)", "false"),
        ("can(obj.k)", "true"),
        ("node.path", r#""data_node.archive.path""#),
        ("1e3", "1000"),
        ("10 / 4", "2.5"),
    ]);
}

#[test]
fn the_largest_numbers_read_back() {
    let digits = "9".repeat(300);
    let small = format!("0.{}1", "0".repeat(298));
    check(&[
        (&digits, &digits),
        (&small, &small),
        ("1e200 * 1e99 == 1e299", "true"),
        ("1 / 3 * 1e-200 > 0", "true"),
        ("10 / 3 * 3", "10"),
    ]);
    let third = scope().shown("1 / 3 * 1e200");
    assert_eq!(scope().shown(&third), third);
}

#[test]
fn errors_say_what_and_why() {
    check(&[
        (
            "1 / 0",
            "Invalid arithmetic: `/` cannot be calculated: the right side is zero, and a number cannot be divided by it.",
        ),
        (
            r#""x" + 1"#,
            "Invalid operand: `+` takes a number here; this is the string \"x\".",
        ),
        (
            "obj.kk",
            "Unsupported attribute: There is no attribute \"kk\" here. There are `k`, `k-2`.",
        ),
        (
            "list[2]",
            "Index out of range: This is a tuple of 2 elements, and the index is 2: the indexes are 0 to 1.",
        ),
        (
            r#""a${none}""#,
            "Invalid template value: The value here is null, which has no text. Use `coalesce` or a condition to give it one.",
        ),
        (
            "none.x",
            "Unsupported attribute: `x` is read from null, which has no attributes.",
        ),
        (
            "people.name",
            "Unsupported attribute: `name` is read from a tuple of 2 elements, which has no attributes.",
        ),
        (
            "!env",
            "Invalid operand: `!` takes a bool here; this is the string \"prod\".",
        ),
        ("nope(1)", "Unknown function: There is no function `nope`."),
        (
            "nope(run.x)",
            "Unknown function: There is no function `nope`.",
        ),
        (
            "env ? 1 : 2",
            "Invalid condition: A condition is true or false; this is the string \"prod\".",
        ),
        (
            "run.x ? 1 / 0 : 2",
            "Invalid arithmetic: `/` cannot be calculated: the right side is zero, and a number cannot be divided by it.",
        ),
        (
            "run.x + env",
            "Invalid operand: `+` takes a number here; this is the string \"prod\".",
        ),
        (
            "[for v in env : v]",
            "Not a collection: `for` goes through a list, set, tuple, map or object; this is the string \"prod\".",
        ),
    ]);
}

#[test]
fn all_errors_of_an_expression_are_reported() {
    let scope = scope();
    assert_eq!(
        scope.evaluate(r#"[obj.x, { a = obj.y }, "${obj.z}${obj.w}"]"#, Phase::Run),
        None
    );
    assert_eq!(scope.reported.borrow().len(), 4);
}

#[test]
fn residuals_keep_only_what_is_deferred() {
    check(&[
        (r#""${env}-${run.x}-${a + 1}""#, r#""prod-${run.x}-2""#),
        (
            r#"run.x > a ? env : "n-${a}""#,
            r#"run.x > 1 ? "prod" : "n-1""#,
        ),
        (r"[env, run.x][0]", "\"prod\""),
        ("{ k = run.x }.k", "run.x"),
        ("yes ? run.x : obj.nope", "run.x"),
        (
            r#"[for v in list : "${env}${v}${run.x}"]"#,
            r#"["prod3${run.x}", "prod4${run.x}"]"#,
        ),
        ("[for v in run.l : v * a]", "[for v in run.l : v * 1]"),
        (
            "[for v in list : v if run.x > v]",
            "[for v in [3, 4] : v if run.x > v]",
        ),
        (
            "{ for k, v in run.m : \"${k}${env}\" => v... }",
            "{for k, v in run.m : \"${k}prod\" => v...}",
        ),
        ("run.l[*].path", "run.l[*].path"),
        ("run.l[a].path", "run.l[1].path"),
        ("list[run.x]", "[3, 4][run.x]"),
        ("node[run.x]", "data_node.archive[run.x]"),
        (r"{ (run.x) = a }", "{ (run.x) = 1 }"),
        ("(run.x + a) * 2", "(run.x + 1) * 2"),
        ("-(run.x + a)", "-(run.x + 1)"),
        ("false || run.x == a", "run.x == 1"),
        (
            "<<EOT\n%{ if run.x }${env}%{ endif }${a}\nEOT\n",
            r#""%{ if run.x }prod%{ endif }1\n""#,
        ),
        (
            "\"%{ for v in run.l }${v}${a}%{ endfor }\"",
            "\"%{ for v in run.l }${v}1%{ endfor }\"",
        ),
        ("try(obj.nope, run.x, a, 3)", "try(run.x, 1)"),
        ("can(run.x.y)", "can(run.x.y)"),
        (r#""a$${env}${run.x}$""#, r#""a$${env}${run.x}$""#),
        (r#""${"cost $"}${run.x}""#, r#""cost \u0024${run.x}""#),
    ]);
}

#[test]
fn a_set_has_no_order_until_all_of_it_is_known() {
    check(&[
        (
            r#"join(",", toset([run.x, "a"]))"#,
            r#"join(",", toset([run.x, "a"]))"#,
        ),
        (
            r#"[for v in toset([run.x, "a"]) : "${v}${a}"]"#,
            r#"[for v in toset([run.x, "a"]) : "${v}1"]"#,
        ),
        (
            r#""%{ for v in toset([run.x, "a"]) }${v}%{ endfor }""#,
            r#""%{ for v in toset([run.x, "a"]) }${v}%{ endfor }""#,
        ),
        (r#"toset([run.x, "a"])[*].b"#, r#"toset([run.x, "a"])[*].b"#),
        (
            r#"coalesce(toset([run.x, "a"])...)"#,
            r#"coalesce(toset([run.x, "a"])...)"#,
        ),
        (
            r#"join(",", toset([run.x]))"#,
            r#"join(",", toset([run.x]))"#,
        ),
        ("[for v in toset([run.x]) : v]", "[run.x]"),
    ]);
}

#[test]
fn loop_variables_of_residuals_capture_nothing() {
    check(&[
        (
            "[for w in run.l : [for v in [w] : [for w in run.m : v * w]]]",
            "[for w in run.l : [[for w_1 in run.m : w * w_1]]]",
        ),
        ("[for run in run.l : run]", "[for run in run.l : run]"),
        (
            "[for x in [run.x] : [for run in run.l : x + run]]",
            "[[for run_1 in run.l : run.x + run_1]]",
        ),
        (
            "[for w in run.l : [for x in [w] : x]]",
            "[for w in run.l : [w]]",
        ),
        (
            "[for data_node in run.l : [node, data_node]]",
            "[for data_node_1 in run.l : [data_node.archive, data_node_1]]",
        ),
    ]);
}

#[test]
fn sensitivity_spreads_to_everything_made_of_it() {
    let scope = scope();
    for text in [
        r#""x${secret}""#,
        "secret == env",
        r#""${run.x}${secret}""#,
        "secret == env ? 1 : 2",
        "[for v in [1] : v if secret != env]",
        "[run.x, secret][run.i]",
        r"{ (secret) = 1 }",
        "run.y ? secret : env",
        "{ v = secret }.v",
    ] {
        let value = scope.evaluate(text, Phase::Run);
        assert!(
            matches!(value, Some(Value::Sensitive(_))),
            "{text}: {value:?}"
        );
    }
    assert_eq!(scope.shown("[secret, 1][1]"), "1");
    assert_eq!(scope.shown("issensitive(secret)"), "true");
    assert_eq!(scope.shown("nonsensitive(secret)"), "\"hunter2\"");
}

#[test]
fn what_is_wrong_with_a_sensitive_value_is_not_told() {
    let scope = scope();
    let secrets = ["secret", "sensitive(\"hunter2\")"];
    for secret in secrets {
        for text in [
            "tonumber(S)",
            "S + 1",
            "1 < S",
            "-S",
            "!S",
            "S && true",
            "true && S",
            "S ? 1 : 2",
            "[1][S]",
            "{ a = 1 }[S]",
            "S.a",
            "[for x in S : x]",
            "[for x in [1] : x if S]",
            "tolist(S)",
            "max(S...)",
            "max([S]...)",
            "parseint(S, 10)",
            "timeadd(S, \"1h\")",
            "jsondecode(S)",
            "lookup({ a = 1 }, S)",
            "format(\"%d\", S)",
            "file(S)",
            "[for x in sensitive([nonsensitive(S)]) : tonumber(x)]",
            "sensitive([nonsensitive(S)])[*].a",
            "{ for x in sensitive([nonsensitive(S), nonsensitive(S)]) : x => 1 }",
            "{ for x in [1, 2] : S => 1 }",
            "sensitive({ hunter2 = 1 }).b",
            "\"x${sensitive([nonsensitive(S)])}\"",
            "\"%{ if S }a%{ endif }\"",
            "\"%{ for x in sensitive([nonsensitive(S)]) }${x + 1}%{ endfor }\"",
            "templatestring(\"${\"$\"}{x + 1}\", sensitive({ x = nonsensitive(S) }))",
            "try(tonumber(S))",
        ] {
            let text = text.replace('S', secret);
            scope.reported.borrow_mut().clear();
            assert_eq!(scope.evaluate(&text, Phase::Run), None, "{text}");
            let told = scope.reported.take();
            assert!(
                !told.is_empty() && !format!("{told:?}").contains("hunter2"),
                "{text}: {told:?}"
            );
        }
    }
}

#[test]
fn bombs_end_with_a_diagnostic() {
    let scope = scope();
    let digits = "[0,1,2,3,4,5,6,7,8,9]";
    let nested = (0..7).fold("1".to_owned(), |body, level| {
        format!("[for x{level} in {digits} : {body}]")
    });
    assert_eq!(scope.evaluate(&nested, Phase::Run), None);
    assert_eq!(
        scope
            .reported
            .borrow()
            .first()
            .map(|first| first.summary.as_str()),
        Some("Evaluation too large")
    );
}

#[test]
fn what_is_shared_counts_as_often_as_it_stands() {
    let shared = (0..24).fold("[1, 2]".to_owned(), |inner, level| {
        format!("[for x{level} in [{inner}] : [x{level}, x{level}]][0]")
    });
    let scope = scope();
    assert_eq!(scope.evaluate(&shared, Phase::Run), None);
    let reported = scope.reported.borrow();
    assert!(
        reported
            .first()
            .is_some_and(|first| first.detail.contains("too many elements")),
        "{reported:?}"
    );
}

#[test]
fn values_are_nested_up_to_a_limit() {
    // A template adds no level of brackets to the expression, but each string is read again.
    let text = format!("jsondecode(\"{}{}\")", "[".repeat(120), "]".repeat(120));
    let nested = (0..3).fold(text, |inner, _| format!("[for x in [{inner}] : [x]]"));
    let scope = scope();
    assert!(scope.evaluate(&nested, Phase::Run).is_some());
    let mut scope = TestScope::default();
    let mut value = Value::tuple(Vec::new());
    for _ in 0..300 {
        value = Value::tuple(vec![value]);
    }
    scope.names.insert("deep".to_owned(), value);
    assert_eq!(scope.evaluate("[deep]", Phase::Run), None);
    assert!(format!("{:?}", scope.reported.borrow()).contains("nested too deeply"));
}

#[test]
fn the_deepest_expression_fits_a_thread_of_two_mebibytes() {
    let deep = format!("{}1{}", "[".repeat(60), "]".repeat(60));
    let parens = format!("{}1{}", "(".repeat(60), " + 1)".repeat(60));
    let long = format!("run.x{}", ".y".repeat(200));
    let run = move || {
        let scope = scope();
        for text in [
            deep,
            parens,
            format!("1{}", " + 1".repeat(120)),
            format!("can({long})"),
        ] {
            let expr = parsed(&text);
            drop(scope.evaluate_expr(&expr, Phase::Run));
            drop(print::expression(&expr));
        }
    };
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(run);
    assert!(thread.is_ok_and(|thread| thread.join().is_ok()));
}

/// A function that says what it was given.
fn echo(purity: Purity, accepts: Accepts, structural: bool) -> Function {
    let parameter = Parameter {
        name: "it",
        accepts,
        nullable: false,
        structural,
        once: false,
    };
    Function {
        name: "echo",
        parameters: &[],
        variadic: Some(parameter),
        doc: "",
        purity,
        body: |_, arguments| match arguments {
            [] => Err(CallError {
                argument: None,
                message: "nothing given".to_owned(),
            }),
            arguments => Ok(Value::string(
                arguments
                    .iter()
                    .map(print::value)
                    .collect::<Vec<_>>()
                    .join(" "),
            )),
        },
    }
}

/// What a call of `function` with these arguments gives when a plan is made.
fn called(function: &Function, arguments: &[&str]) -> String {
    let scope = scope();
    let budget = Budget::default();
    let values = arguments.iter().map(|text| {
        (
            scope.evaluate(text, Phase::Run).unwrap_or(Value::NULL),
            Span::default(),
        )
    });
    let arguments = Arguments {
        values: values.collect(),
        expand: false,
        sensitive: false,
    };
    let name = Ident {
        text: Arc::from("echo"),
        span: Span::default(),
    };
    let outcome = with_call(|call| {
        let phase = Phase::Plan { defer_impure: true };
        Evaluator::new(&scope, call, &budget, phase).apply(
            function,
            &name,
            arguments,
            Span::default(),
        )
    });
    match outcome {
        Ok(Value::Sensitive(value)) => format!("sensitive {}", print::value(&value)),
        Ok(value) => print::value(&value),
        Err(fault) => fault
            .diagnostics
            .iter()
            .map(|found| found.detail.as_str())
            .collect(),
    }
}

#[test]
fn arguments_are_converted_and_deferred_calls_stay() {
    let strings = echo(Purity::Pure, Accepts::String, false);
    for (arguments, expected) in [
        (&["1", "true"][..], r#""\"1\" \"true\"""#),
        (&["run.x", "a"], r#"echo(run.x, "1")"#),
        (&["secret"], r#"sensitive "\"hunter2\"""#),
        (&["run.x", "secret"], r#"sensitive echo(run.x, "hunter2")"#),
        (
            &["run.x", "list"],
            "`echo` takes a string as `it`; this is a tuple of 2 elements.",
        ),
        (
            &["null"],
            "`echo` takes a value that is not null as `it`; this is null.",
        ),
        (&[], "`echo`: nothing given."),
    ] {
        assert_eq!(called(&strings, arguments), expected, "{arguments:?}");
    }
    let structural = echo(Purity::Pure, Accepts::Collection, true);
    assert_eq!(called(&structural, &["[run.x, a]"]), r#""[run.x, 1]""#);
    assert_eq!(called(&structural, &["run.x"]), "echo(run.x)");
    let whole = echo(Purity::Pure, Accepts::Collection, false);
    assert_eq!(called(&whole, &["[run.x, a]"]), "echo([run.x, 1])");
    assert_eq!(
        called(&whole, &["[secret]"]),
        r#"sensitive "[\"hunter2\"]""#
    );
    let list = echo(Purity::Pure, Accepts::Strings, false);
    assert_eq!(
        called(&list, &["[1, true]"]),
        r#""tolist([\"1\", \"true\"])""#
    );
    let impure = echo(Purity::Impure, Accepts::Any, false);
    assert_eq!(called(&impure, &["a"]), "echo(1)");
}
