//! Modules in modules: what goes in, what comes out, how often, and what is said about mistakes.

use std::fmt::Write as _;

use super::*;
use crate::diag::Diagnostic;
use crate::diag::FileId;
use crate::lang::NoFiles;
use crate::lang::module::Module;
use crate::lang::parse_body;
use crate::lang::print;

/// The tree of the module in the first of these files; the source of a call is the name of its file.
fn tree(files: &[(&str, &str)], name: &str, diagnostics: &mut Diagnostics) -> ModuleTree {
    let number = files.iter().position(|(path, _)| *path == name).unwrap();
    let file = FileId(u32::try_from(number).unwrap());
    let body = parse_body(file, files[number].1, diagnostics);
    let module = Module::decode(name, vec![body], diagnostics);
    let children = module
        .calls
        .values()
        .map(|call| {
            let child = tree(files, &call.source, diagnostics);
            (call.name.text.clone(), Arc::new(child))
        })
        .collect();
    ModuleTree { module, children }
}

pub(super) fn configured(files: &[(&str, &str)]) -> (Configuration, Vec<Diagnostic>) {
    let mut diagnostics = Diagnostics::new();
    let tree = tree(files, ".", &mut diagnostics);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let assigned = crate::lang::variables::assign(&tree.module.variables, &[], &mut diagnostics);
    let variables = assigned.values;
    let call = Call {
        files: &NoFiles,
        now: jiff::Timestamp::UNIX_EPOCH,
        random: || [7; 16],
        secrets: None,
    };
    let (configuration, found) = configure(
        &tree,
        Surroundings {
            variables: &variables,
            call: &call,
            directory: ".",
            working_directory: "/work",
            allow_plaintext: true,
            prior: Some(&BTreeMap::new()),
        },
    );
    diagnostics.extend(found);
    (configuration, diagnostics.into_iter().collect())
}

/// The outputs of the root module, one a line; there must be no findings.
fn outputs(files: &[(&str, &str)]) -> String {
    let (configuration, findings) = configured(files);
    assert!(findings.is_empty(), "{findings:#?}");
    let mut text = String::new();
    for (name, value) in &configuration.outputs {
        writeln!(text, "{name} = {}", print::value(value)).unwrap();
    }
    text
}

/// All findings, each as `address: summary: detail help`.
pub(super) fn findings(files: &[(&str, &str)]) -> Vec<String> {
    let (_, findings) = configured(files);
    findings
        .into_iter()
        .map(|found| {
            let object = found.object.map_or(String::new(), |object| object + ": ");
            let said: Vec<_> = std::iter::once(found.detail).chain(found.help).collect();
            format!("{object}{}: {}", found.summary, said.join(" "))
        })
        .collect()
}

/// A module with one input of this type and an output that hands it on.
fn echo(ty: &str) -> String {
    format!("variable \"x\" {{\n  type = {ty}\n}}\noutput \"x\" {{ value = var.x }}\n")
}

#[test]
fn outputs_are_read_as_in_terraform() {
    let root = r#"
        module "one" {
          source = "m"
          x      = "a"
        }
        module "each" {
          source   = "m"
          for_each = { k = "v", "l.m" = "w" }
          x        = "${each.key}=${each.value}"
        }
        module "many" {
          source = "m"
          count  = 2
          x      = count.index
        }
        output "a_single" { value = module.one.x }
        output "b_key" { value = [module.each["l.m"].x, module.each.k.x] }
        output "c_index" { value = module.many[1].x }
        output "d_splat" { value = module.many[*].x }
        output "e_values" { value = values(module.each)[*].x }
        output "f_for" { value = { for k, m in module.each : upper(k) => m.x } }
        output "g_whole" { value = module.one }
        output "h_all" { value = module.each }
        output "i_text" { value = jsonencode(module.many) }
        output "j_path" { value = [path.module, module.one.path] }
    "#;
    let m = echo("string")
        + "output \"path\" { value = \"${path.module} of ${path.root} in ${path.cwd}\" }";
    let path = "m of . in /work";
    let whole = |x: &str| format!("{{ path = \"{path}\", x = \"{x}\" }}");
    let json = |x: &str| format!("{{\\\"path\\\":\\\"{path}\\\",\\\"x\\\":\\\"{x}\\\"}}");
    let expected = [
        "a_single = \"a\"".to_owned(),
        "b_key = [\"l.m=w\", \"k=v\"]".to_owned(),
        "c_index = \"1\"".to_owned(),
        "d_splat = [\"0\", \"1\"]".to_owned(),
        "e_values = [\"k=v\", \"l.m=w\"]".to_owned(),
        "f_for = { K = \"k=v\", \"L.M\" = \"l.m=w\" }".to_owned(),
        format!("g_whole = {}", whole("a")),
        format!(
            "h_all = {{ k = {}, \"l.m\" = {} }}",
            whole("k=v"),
            whole("l.m=w")
        ),
        format!("i_text = \"[{},{}]\"", json("0"), json("1")),
        format!("j_path = [\".\", \"{path}\"]"),
    ];
    let shown = outputs(&[(".", root), ("m", &m)]);
    assert_eq!(shown.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn outputs_and_inputs_of_one_module_may_depend_on_each_other() {
    let root = r#"
        module "a" {
          source = "m"
          first  = "start"
          second = "${module.b["k"].first}, again"
        }
        module "b" {
          source   = "m"
          for_each = toset(["k"])
          first    = "${module.a.first}, on"
          second   = (values(module.b)[*].first)[0]
        }
        output "x" { value = [module.a.second, module.b["k"].second] }
    "#;
    let m = r#"
        variable "first" {}
        variable "second" {}
        output "first" { value = var.first }
        output "second" { value = var.second }
    "#;
    assert_eq!(
        outputs(&[(".", root), ("m", m)]),
        "x = [\"start, on, again\", \"start, on\"]\n"
    );
}

#[test]
fn inputs_are_converted_to_the_type_of_the_variable() {
    for (ty, value, expected) in [
        ("string", "1", "\"1\""),
        ("number", "\"1.50\"", "1.5"),
        ("bool", "\"true\"", "true"),
        ("any", "[1, \"a\"]", "[1, \"a\"]"),
        ("list(string)", "[1, true]", "tolist([\"1\", \"true\"])"),
        (
            "set(string)",
            "[\"b\", \"a\", \"b\"]",
            "toset([\"a\", \"b\"])",
        ),
        ("map(number)", "{ a = \"1\" }", "tomap({ a = 1 })"),
        ("tuple([string, number])", "[1, \"2\"]", "[\"1\", 2]"),
        (
            "object({ a = string, b = optional(list(number), [1]), c = optional(object({ d = optional(string, \"e\") }), {}) })",
            "{ a = 1, z = 2 }",
            "{ a = \"1\", b = tolist([1]), c = { d = \"e\" } }",
        ),
        ("string", "null", "tostring(null)"),
        // What is deferred stays so, and becomes what the type asks for.
        ("string", "\"logs/${run.date}\"", "\"logs/${run.date}\""),
        ("string", "run.date", "run.date"),
        ("string", "run.attempt", "tostring(run.attempt)"),
        ("number", "run.day", "tonumber(run.day)"),
        ("number", "run.attempt + 1", "run.attempt + 1"),
        ("bool", "run.day == \"01\"", "run.day == \"01\""),
        ("list(string)", "[run.date, 1]", "tolist([run.date, \"1\"])"),
        (
            "list(string)",
            "split(\"-\", run.date)",
            "split(\"-\", run.date)",
        ),
        (
            "set(number)",
            "split(\"-\", run.date)",
            "toset([for item in split(\"-\", run.date) : tonumber(item)])",
        ),
        (
            "object({ a = string, b = optional(number, 2) })",
            "{ a = run.attempt }",
            "{ a = tostring(run.attempt), b = 2 }",
        ),
        (
            "object({ a = number, b = optional(number, 2), c = optional(string) })",
            "jsondecode(run.date)",
            "one([for item in [jsondecode(run.date)] : (item == null ? null : { a = tonumber(item.a), b = try(item.b, null) == null ? 2 : tonumber(item.b), c = tostring(try(item.c, null)) })])",
        ),
        (
            "list(object({ a = any }))",
            "jsondecode(run.date)",
            "tolist([for item in jsondecode(run.date) : (item == null ? null : { a = item.a })])",
        ),
    ] {
        let root = format!(
            "module \"m\" {{\n  source = \"m\"\n  x = {value}\n}}\noutput \"x\" {{ value = module.m.x }}"
        );
        let shown = outputs(&[(".", &root), ("m", &echo(ty))]);
        assert_eq!(shown, format!("x = {expected}\n"), "{value} as {ty}");
    }
}

#[test]
fn defaults_nulls_and_marks_are_those_of_the_variable() {
    let m = r#"
        variable "left_out" { default = "d" }
        variable "nulled" { default = "d" }
        variable "never_null" {
          default  = "d"
          nullable = false
        }
        variable "secret" {
          sensitive = true
          default   = "d"
        }
        output "all" { value = [var.left_out, var.nulled, var.never_null] }
        output "secret" { value = var.secret }
        output "marked" {
          sensitive = true
          value     = "x"
        }
    "#;
    let root = r#"
        module "m" {
          source     = "m"
          nulled     = null
          never_null = null
        }
        output "all" { value = module.m.all }
        output "secrets" {
          sensitive = true
          value     = [module.m.secret, module.m.marked]
        }
    "#;
    assert_eq!(
        outputs(&[(".", root), ("m", m)]),
        "all = [\"d\", null, \"d\"]\nsecrets = [(sensitive value), (sensitive value)]\n"
    );
}

const STORE: &str = r#"
    variable "path" { type = string }
    data_node "file" "store" { path = var.path }
    output "node" { value = data_node.store }
    output "path" { value = data_node.store.path }
    pipeline "fill" {
      activity "shell_command" "fill" {
        command = "echo > ${run.output.path}"
        output  = data_node.store
      }
    }
"#;

const READER: &str = r#"
    variable "nodes" { type = map(ref("data_node")) }
    variable "schedule" { type = ref("schedule") }
    pipeline "read" {
      schedule = var.schedule
      activity "shell_command" "read" {
        command = "true"
        input   = var.nodes
      }
    }
"#;

#[test]
fn references_pass_through_modules() {
    let root = r#"
        schedule "daily" {
          every = "1 day"
          start = "2026-11-01"
        }
        module "store" {
          source   = "store"
          for_each = { a = 1, "b/c" = 2 }
          path     = "/data/${each.key}"
        }
        module "reader" {
          source     = "reader"
          nodes      = { for k, m in module.store : replace(k, "/", "_") => m.node }
          schedule   = schedule.daily
          depends_on = [module.store["a"]]
        }
    "#;
    let (configuration, findings) =
        configured(&[(".", root), ("store", STORE), ("reader", READER)]);
    assert!(findings.is_empty(), "{findings:#?}");
    let addresses: Vec<_> = configuration.objects.keys().map(Address::as_str).collect();
    assert_eq!(
        addresses,
        [
            "module.reader.pipeline.read",
            "module.reader.pipeline.read.activity.read",
            "module.store[\"a\"].data_node.store",
            "module.store[\"a\"].pipeline.fill",
            "module.store[\"a\"].pipeline.fill.activity.fill",
            "module.store[\"b/c\"].data_node.store",
            "module.store[\"b/c\"].pipeline.fill",
            "module.store[\"b/c\"].pipeline.fill.activity.fill",
            "schedule.daily",
        ]
    );
    let reader = &configuration.objects[&Address::new("module.reader.pipeline.read.activity.read")];
    let inputs: Vec<_> = reader
        .references("input")
        .into_iter()
        .map(|(name, address)| format!("{name}: {address}"))
        .collect();
    assert_eq!(
        inputs,
        [
            "a: module.store[\"a\"].data_node.store",
            "b_c: module.store[\"b/c\"].data_node.store"
        ]
    );
    let waits: Vec<_> = reader.references("depends_on");
    assert_eq!(waits.len(), 1);
    assert_eq!(waits[0].1.as_str(), "module.store[\"a\"].pipeline.fill");
}

#[test]
fn everything_in_a_module_waits_for_its_depends_on() {
    let outer = r#"
        module "inner" {
          source = "store"
          path   = "/inner"
        }
    "#;
    let root = r#"
        pipeline "first" {
          activity "shell_command" "one" { command = "true" }
        }
        module "store" {
          source     = "store"
          path       = "/outer"
          depends_on = [pipeline.first.activity.one]
        }
        module "outer" {
          source     = "outer"
          depends_on = [pipeline.first, module.store]
        }
        pipeline "last" {
          activity "shell_command" "last" {
            command    = "true"
            depends_on = [module.outer]
          }
        }
    "#;
    let (configuration, findings) = configured(&[(".", root), ("store", STORE), ("outer", outer)]);
    assert!(findings.is_empty(), "{findings:#?}");
    let waits = |address: &str| -> Vec<String> {
        configuration.objects[&Address::new(address)]
            .references("depends_on")
            .into_iter()
            .map(|(_, address)| address.to_string())
            .collect()
    };
    assert_eq!(
        waits("module.store.pipeline.fill.activity.fill"),
        ["pipeline.first.activity.one"]
    );
    assert_eq!(
        waits("module.outer.module.inner.pipeline.fill.activity.fill"),
        ["pipeline.first", "module.store.pipeline.fill"]
    );
    assert_eq!(
        waits("pipeline.last.activity.last"),
        ["module.outer.module.inner.pipeline.fill"]
    );
}

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

#[test]
fn long_chains_of_values_have_stack_enough_up_to_a_limit() {
    let chain = |length: usize| {
        let mut text = "locals {\n".to_owned();
        for number in 1..length {
            writeln!(text, "  v{} = local.v{number} + 1", number - 1).unwrap();
        }
        writeln!(text, "  v{} = 1\n}}", length - 1).unwrap();
        text + "output \"first\" {\n  value = local.v0\n}\n"
    };
    assert_eq!(outputs(&[(".", &chain(3_000))]), "first = 3000\n");
    let (_, findings) = configured(&[(".", &chain(7_000))]);
    let summaries: Vec<_> = findings
        .iter()
        .map(|found| found.summary.as_str())
        .collect();
    assert_eq!(summaries, ["Values read each other too deeply"]);
}
