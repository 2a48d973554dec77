use super::*;
use crate::diag::Severity;
use crate::lang::eval::Phase;
use crate::lang::module::Module;
use crate::lang::parse::parse_body;
use crate::lang::print;
use crate::lang::test_support::TestScope;
use crate::lang::test_support::parsed;
use crate::lang::types::Type;

const DECLARED: &str = r#"
variable "name" { type = string }
variable "count_of" {
  type    = number
  default = 1
}
variable "tags" {
  type    = map(string)
  default = {}
}
variable "password" {
  sensitive = true
  default   = "x"
}
variable "strict" {
  type     = string
  nullable = false
  default  = "s"
}
"#;

fn environment(name: &str, text: &str) -> ValueSource {
    ValueSource::Environment {
        name: Arc::from(name),
        text: Arc::from(text),
        file: FileId(1),
    }
}

fn flag(name: &str, text: &str) -> ValueSource {
    ValueSource::Flag {
        name: Arc::from(name),
        text: Arc::from(text),
        file: FileId(2),
    }
}

fn file(text: &str, json: bool) -> ValueSource {
    ValueSource::File {
        file: FileId(3),
        text: Arc::from(text),
        json,
    }
}

/// The value of one variable as HCL, and the findings.
fn assigned(name: &str, sources: &[ValueSource]) -> (String, Vec<(Severity, String)>) {
    let mut diagnostics = Diagnostics::new();
    let body = parse_body(FileId(0), DECLARED, &mut diagnostics);
    let module = Module::decode(".", vec![body], &mut diagnostics);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let assigned = assign(&module.variables, sources, &mut diagnostics);
    for name in &assigned.unset {
        diagnostics.push(unset(&module.variables[name]));
    }
    let findings = diagnostics
        .iter()
        .map(|found| (found.severity, found.detail.clone()))
        .collect();
    (
        assigned
            .values
            .get(name)
            .map_or_else(String::new, print::value),
        findings,
    )
}

#[test]
fn later_sources_win_and_values_are_converted() {
    let sources = [
        environment("name", "e"),
        file("name = \"f\"\ntags = { a = 1 }", false),
        flag("name", "g"),
        flag("count_of", "7"),
    ];
    assert_eq!(assigned("name", &sources), ("\"g\"".to_owned(), vec![]));
    assert_eq!(assigned("name", &sources[..2]).0, "\"f\"");
    assert_eq!(assigned("count_of", &sources).0, "7");
    assert_eq!(assigned("tags", &sources).0, r#"tomap({ a = "1" })"#);
    assert_eq!(assigned("password", &sources).0, "(sensitive value)");
    let more = [
        flag("name", "n"),
        flag("tags", "{ b = true }"),
        file(
            r#"{"strict": null, "count_of": "3", "tags": {"$x": "${y}"}}"#,
            true,
        ),
    ];
    assert_eq!(assigned("strict", &more), ("\"s\"".to_owned(), vec![]));
    assert_eq!(assigned("count_of", &more).0, "3");
    assert_eq!(assigned("tags", &more).0, r#"tomap({ "$x" = "$${y}" })"#);
    assert_eq!(assigned("tags", &more[..2]).0, r#"tomap({ b = "true" })"#);
}

#[test]
fn what_is_wrong_with_values_is_said_with_what_to_do() {
    let named = flag("name", "n");
    for (source, severity, expected) in [
        (
            flag("nam", "x"),
            Severity::Error,
            "`--var nam=…` sets a variable that is not declared.",
        ),
        (
            file("nam = 1", false),
            Severity::Warning,
            "The file sets `nam`, which is not declared.",
        ),
        (
            flag("count_of", "many"),
            Severity::Error,
            "The value does not fit the variable `count_of`: number required, and this is the string \"many\".",
        ),
        (
            flag("tags", "{ a = b }"),
            Severity::Error,
            "The value of a variable is a constant",
        ),
        (
            file("count_of = 1 + 1", false),
            Severity::Error,
            "A value in a value file is a constant",
        ),
        (
            file("[1]", true),
            Severity::Error,
            "A file of values is a JSON object",
        ),
    ] {
        let (_, findings) = assigned("name", &[named.clone(), source]);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert!(
            findings[0].0 == severity && findings[0].1.starts_with(expected),
            "{findings:?}"
        );
    }
    let (_, findings) = assigned("name", &[environment("unknown", "1")]);
    assert_eq!(findings.len(), 1);
    assert!(
        findings[0].1.contains("`--var name=…`") && findings[0].1.contains("`PIPEFORM_VAR_name`")
    );
}

#[test]
fn automatic_files_are_found_in_terraforms_order() {
    let names = [
        "z.auto.pipevars",
        "pipeform.pipevars.json",
        "a.auto.pipevars.json",
        "other.pipevars",
        "pipeform.pipevars",
    ];
    assert_eq!(
        automatic_files(names),
        [
            "pipeform.pipevars",
            "pipeform.pipevars.json",
            "a.auto.pipevars.json",
            "z.auto.pipevars"
        ]
    );
}

#[test]
fn what_is_deferred_becomes_what_a_known_value_would() {
    let defaults = "object({ a = number, b = optional(number, 2), c = optional(object({ d = optional(string, \"e\") }), {}), f = optional(list(object({ g = optional(bool) }))) })";
    for (ty, json) in [
        (defaults, r#"{"a": "1", "z": 2}"#),
        (
            defaults,
            r#"{"a": 1, "b": null, "c": {"d": "x"}, "f": [{}, {"g": "true"}]}"#,
        ),
        (defaults, "null"),
        (
            "list(object({ a = optional(string, \"d\") }))",
            r#"[{}, {"a": 1}]"#,
        ),
        (
            "map(object({ a = optional(string, \"d\") }))",
            r#"{"x": {"b": 1}}"#,
        ),
        ("map(list(number))", r#"{"x": ["1"]}"#),
        ("object({ a = optional(map(string), { k = \"v\" }) })", "{}"),
    ] {
        let ty = Type::from_expr(&parsed(ty), &mut Diagnostics::new()).unwrap();
        let mut scope = TestScope::new("{}", &[]);
        scope.names.insert("text".to_owned(), Value::string(json));
        let read = "jsondecode(text)";
        let known = scope.evaluate(read, Phase::Run).unwrap();
        let deferred = Value::Deferred(Arc::new(parsed(read)));
        let Ok(Value::Deferred(residual)) = deferred::conform(deferred, &ty) else {
            panic!("{json} as {ty}");
        };
        let later = scope.evaluate_expr(&residual, Phase::Run);
        let later =
            later.unwrap_or_else(|| panic!("{json} as {ty}: {}", print::expression(&residual)));
        let known = types::convert(&known, &ty).unwrap();
        assert_eq!(later, known, "{json} as {ty}");
    }
}
