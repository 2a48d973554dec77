//! Mistakes at the border of modules, and how often they are told.

use super::*;

/// A root module that calls `m` with these arguments.
fn call(arguments: &str) -> String {
    format!("module \"m\" {{\n  source = \"m\"\n  {arguments}\n}}\n")
}

/// Each root module and the module `m` it calls have one finding, which begins so.
fn check_mistakes(cases: &[(String, String, &str)]) {
    for (root, child, expected) in cases {
        let found = findings(&[(".", root), ("m", child)]);
        assert!(
            found.len() == 1 && found[0].starts_with(expected),
            "{root}: {found:#?}"
        );
    }
}

#[test]
fn arguments_that_do_not_fit_are_reported() {
    let text = echo("string");
    check_mistakes(&[
        (
            call(""),
            text.clone(),
            "Missing argument: The module `m` needs a value for its variable `x`, which has no default.",
        ),
        (
            call("x = 1\n  y = 2"),
            text.clone(),
            "Unsupported argument: The module `m` has no variable `y`.",
        ),
        (
            call("x = []"),
            text.clone(),
            "Invalid value for a variable: The value does not fit the variable `x`: string required, and this is an empty tuple. Its type is `string`.",
        ),
        (
            "schedule \"s\" { every = \"1 day\" }\n".to_owned() + &call("x = schedule.s"),
            echo("ref(\"data_node\")"),
            "Invalid value for a variable: The value does not fit the variable `x`: a reference to a data_node is needed, and `schedule.s` is a schedule. Its type is `ref(\"data_node\")`.",
        ),
        (
            call("x = run.date"),
            echo("ref(\"data_node\")"),
            "Invalid value for a variable: The value does not fit the variable `x`: a reference to a data_node must be known when a plan is made, and this depends on `run`. Its type is `ref(\"data_node\")`.",
        ),
    ]);
}

#[test]
fn outputs_that_are_not_there_are_reported() {
    let text = echo("string");
    check_mistakes(&[
        (
            call("x = 1") + "output \"y\" { value = module.m.y }",
            text.clone(),
            "Unknown output: `module.m` has no output `y`. There are `x`.",
        ),
        (
            call("x = 1") + "output \"y\" { value = module.m.pipeline.p.active }",
            text.clone(),
            "Inside of a module: What is inside `module.m` is reached through its outputs only. Declare an output in the module, e.g. `output \"result\" { value = pipeline.… }`, and read `module.m.result` here.",
        ),
        (
            call("x = 1") + "output \"y\" { value = module.n.x }",
            text.clone(),
            "Unknown name: There is no `module \"n\"` block here. Did you mean `m`?",
        ),
        (
            call("count = 1\n  x = 1") + "output \"y\" { value = module.m.x }",
            text.clone(),
            "Missing key of a module: `module.m` has `count`, so that there are several of it. Write `module.m[0].x` for one of them, `module.m[*].x` for all.",
        ),
    ]);
}

#[test]
fn repetitions_that_cannot_be_known_are_reported() {
    let text = echo("string");
    check_mistakes(&[
        (
            call("for_each = { a = 1 }\n  x = each.value.y"),
            text.clone(),
            "Unsupported attribute: `y` is read from",
        ),
        (
            call("for_each = run.date\n  x = 1"),
            text.clone(),
            "Invalid for_each: `for_each` depends on `run` or a secret, which are known only when an instance runs, but the objects must be known when a plan is made.",
        ),
        (
            call("for_each = [\"a\"]\n  x = 1"),
            text.clone(),
            "Invalid for_each: `for_each` takes a map or a set of strings, because its keys become part of addresses; this is a list. Write `toset(…)` around it.",
        ),
        (
            call("for_each = toset([module.m[\"a\"].x])\n  x = 1"),
            text.clone(),
            "Reference cycle: Which objects `module.m` stands for depends on itself.",
        ),
        (
            call("x = each.key"),
            text.clone(),
            "Invalid reference: `each.key` and `each.value` can be used only in a `module` block with `for_each`.",
        ),
    ]);
}

#[test]
fn mistakes_at_the_border_of_a_module_are_reported() {
    let text = echo("string");
    check_mistakes(&[
        (
            call("x = 1\n  depends_on = [schedule.s]") + "schedule \"s\" { every = \"1 day\" }",
            text.clone() + "pipeline \"p\" {\n  activity \"shell_command\" \"a\" { command = \"true\" }\n}",
            "Invalid value for attribute: `depends_on`: a list of activities, pipelines or modules is needed; `schedule.s` is a schedule.",
        ),
        (
            call("x = module.m.x"),
            text.clone(),
            "Reference cycle: These values depend on each other, so that none of them can be known:\n  module.m.var.x needs\n  module.m.x needs\n  module.m.var.x",
        ),
        (
            format!("pipeline \"p\" {{\n{}}}\n", call("x = 1")),
            text.clone(),
            "Misplaced block: A `module` block stands at the top level, because a module holds pipelines of its own. Pass it what it needs of this pipeline as arguments, e.g. a data node.",
        ),
        (
            call("x = 5"),
            "variable \"x\" {\n  validation {\n    condition = var.x < local.most\n    error_message = \"${var.x} is too much\"\n  }\n}\nlocals { most = 3 }".to_owned(),
            "module.m: Invalid value for a variable: 5 is too much",
        ),
        (
            call("x = 5"),
            "variable \"x\" {}\noutput \"x\" {\n  value = var.x\n  precondition {\n    condition = var.x < 3\n    error_message = \"${var.x} is too much\"\n  }\n}".to_owned(),
            "module.m: Output precondition failed: 5 is too much",
        ),
    ]);
}

#[test]
fn a_mistake_in_a_module_is_reported_once_for_all_instances() {
    let root = r#"
        module "m" {
          source   = "m"
          for_each = { for number in range(1000) : number => number }
          x        = each.value
        }
    "#;
    let child = r#"
        variable "x" {
          validation {
            condition     = var.x < 990
            error_message = "${var.x} is too large"
          }
        }
        locals { bad = 1 / 0 }
        pipeline "p" {
          activity "shell_command" "a" {
            command     = "true"
            max_retries = -1
          }
        }
    "#;
    let found = findings(&[(".", root), ("m", child)]);
    assert_eq!(found.len(), 7, "{found:#?}");
    let starting = |start: &str| found.iter().filter(|text| text.starts_with(start)).count();
    assert_eq!(
        starting("module.m[\"0\"].pipeline.p.activity.a: Invalid value"),
        1
    );
    assert_eq!(starting("module.m[\"0\"]: Invalid arithmetic"), 1);
    assert_eq!(starting("module.m[\"99"), 5, "{found:#?}");
}

#[test]
fn a_formula_of_another_schedule_is_found_behind_an_output() {
    let root = r#"
        schedule "daily" {
          every = "1 day"
          start = "2026-11-01"
        }
        schedule "hourly" {
          every = "1 hour"
          start = "2026-11-01"
        }
        module "m" {
          source   = "m"
          schedule = schedule.daily
        }
        pipeline "p" {
          schedule = schedule.hourly
          activity "shell_command" "a" { command = "cat ${module.m.path}" }
        }
    "#;
    let child = r#"
        variable "schedule" { type = ref("schedule") }
        data_node "file" "f" {
          schedule = var.schedule
          path     = "/data/${run.date}"
        }
        output "path" { value = data_node.f.path }
    "#;
    let found = findings(&[(".", root), ("m", child)]);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(
        found[0].starts_with("pipeline.p.activity.a: Attribute of an object with another schedule: This attribute of `module.m.data_node.f`"),
        "{found:#?}"
    );
}

#[test]
fn what_depends_on_a_variable_without_a_value_is_not_looked_at() {
    let text = r#"
        variable "every" { type = string }
        variable "nodes" { type = map(string) }
        variable "when" { type = ref("schedule") }
        schedule "s" { every = var.every }
        pipeline "p" {
          schedule = var.when
          data_node "file" "many" {
            for_each = var.nodes
            path     = each.value
          }
          activity "shell_command" "reads" {
            input   = values(data_node.many)
            command = var.every.foo
          }
        }
        output "nodes" { value = pipeline.p.data_node.many }
    "#;
    assert_eq!(findings(&[(".", text)]), Vec::<String>::new());
    let wrong = format!("{text}\noutput \"wrong\" {{ value = 1 + [] }}");
    assert_eq!(findings(&[(".", &wrong)]).len(), 1);
}
