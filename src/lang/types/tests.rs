use super::*;
use crate::lang::eval::Phase;
use crate::lang::print;
use crate::lang::test_support::TestScope;
use crate::lang::test_support::parsed;
use crate::lang::test_support::reference;

fn type_of(text: &str) -> Type {
    let mut diagnostics = Diagnostics::new();
    Type::from_expr(&parsed(text), &mut diagnostics)
        .unwrap_or_else(|| panic!("{text}: {diagnostics:?}"))
}

fn converted(value: &str, ty: &str) -> String {
    let value = TestScope::new("{}", &["run"])
        .evaluate(value, Phase::Run)
        .unwrap_or(Value::NULL);
    match convert(&value, &type_of(ty)) {
        Ok(value) => print::value(&value),
        Err(error) => error.to_string(),
    }
}

#[test]
fn values_are_converted_to_their_type() {
    for (value, ty, expected) in [
        ("1", "string", "\"1\""),
        ("\"1.50\"", "number", "1.5"),
        ("\"true\"", "bool", "true"),
        ("null", "list(string)", "null"),
        ("[1, 2]", "list(string)", r#"tolist(["1", "2"])"#),
        ("[1, \"a\"]", "list(any)", r#"tolist(["1", "a"])"#),
        (
            "[\"b\", \"a\", \"b\"]",
            "set(string)",
            r#"toset(["a", "b"])"#,
        ),
        ("{ a = 1 }", "map(string)", r#"tomap({ a = "1" })"#),
        (
            "{ a = 1, z = 2 }",
            "object({ a = string, b = optional(number, 7), c = optional(bool) })",
            r#"{ a = "1", b = 7, c = tobool(null) }"#,
        ),
        ("[run.x, 1]", "list(string)", r#"tolist([run.x, "1"])"#),
        ("[1, true]", "tuple([string, bool])", r#"["1", true]"#),
        (
            "[[1], [\"x\"]]",
            "list(list(number))",
            "at `[1][0]`: number required, and this is the string \"x\"",
        ),
        (
            "{ b = 1 }",
            "object({ a = string })",
            "the attribute `a` is missing, and there is a similar one that the type does not have",
        ),
        (
            "\"x\"",
            "list(string)",
            "list(string) required, and this is the string \"x\"",
        ),
    ] {
        assert_eq!(converted(value, ty), expected, "{value} as {ty}");
    }
    let node = reference("data_node", "data_node.archive");
    assert_eq!(
        convert(&node, &type_of("ref(\"data_node\")")),
        Ok(node.clone())
    );
    assert!(convert(&node, &type_of("ref(\"activity\")")).is_err());
}

#[test]
fn what_is_no_type_is_reported() {
    for text in [
        "str",
        "list",
        "\"string\"",
        "list(string, number)",
        "object([string])",
        "optional(string)",
        "1",
        "tuple(string)",
        "ref(x)",
        "object({ a = optional(number, \"x\") })",
    ] {
        let mut diagnostics = Diagnostics::new();
        assert_eq!(
            Type::from_expr(&parsed(text), &mut diagnostics),
            None,
            "{text}"
        );
        assert!(diagnostics.has_errors(), "{text}");
    }
}

/// The value of a variable in JSON; `None` for an error in the type or the value.
fn in_json(value: &str, ty: &str) -> Option<String> {
    let ty = Type::of_variable(&parsed(ty), &mut Diagnostics::new())?;
    let value = TestScope::new("{}", &[]).evaluate(value, Phase::Run)?;
    let mut scope = TestScope::new("{}", &[]);
    scope
        .names
        .insert("v".to_owned(), convert(&value, &ty).ok()?);
    match scope.evaluate("jsonencode(v)", Phase::Run) {
        Some(Value::String(text)) => Some(text.to_string()),
        other => panic!("{value:?} as {ty}: {other:?}"),
    }
}

#[test]
fn values_convert_as_in_terraform() {
    let mut count = 0;
    for line in include_str!("conversions.txt").lines().skip(1) {
        let [ty, value, expected] = line.split(" | ").collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let found = in_json(value, ty);
        assert_eq!(found.as_deref().unwrap_or("error"), expected, "{line}");
        count += 1;
    }
    assert!(count > 150, "{count}");
}

#[test]
fn references_are_typed_wherever_they_stand() {
    let mut scope = TestScope::new("{}", &[]);
    for (name, kind) in [
        ("node", "data_node"),
        ("other", "data_node"),
        ("act", "activity"),
    ] {
        scope
            .names
            .insert(name.to_owned(), reference(kind, &format!("{kind}.{name}")));
    }
    for (ty, value, expected) in [
        (
            "list(ref(\"data_node\"))",
            "[node, other]",
            "tolist([data_node.node, data_node.other])",
        ),
        (
            "set(ref(\"data_node\"))",
            "[other, node, other]",
            "toset([data_node.node, data_node.other])",
        ),
        (
            "map(ref(\"data_node\"))",
            "{ a = node }",
            "tomap({ a = data_node.node })",
        ),
        (
            "tuple([ref(\"data_node\"), ref(\"activity\")])",
            "[node, act]",
            "[data_node.node, activity.act]",
        ),
        (
            "object({ a = optional(ref(\"data_node\")), b = ref(\"data_node\") })",
            "{ b = node }",
            "{ a = null, b = data_node.node }",
        ),
        (
            "map(object({ from = optional(list(ref(\"data_node\")), []) }))",
            "{ x = { from = [node] }, y = {} }",
            "tomap({ x = { from = tolist([data_node.node]) }, y = { from = tolist([]) } })",
        ),
        (
            "list(ref(\"data_node\"))",
            "[node, act]",
            "at `[1]`: a reference to a data_node is needed, and `activity.act` is an activity",
        ),
        (
            "map(object({ from = list(ref(\"data_node\")) }))",
            "{ x = { from = [\"node\"] } }",
            "at `[\"x\"].from[0]`: a reference to a data_node is needed, and this is a string; references are written without quotes",
        ),
    ] {
        let value = scope.evaluate(value, Phase::Run).unwrap();
        let found = match convert(&value, &type_of(ty)) {
            Ok(value) => print::value(&value),
            Err(error) => error.to_string(),
        };
        assert_eq!(found, expected, "{ty}");
    }
}
