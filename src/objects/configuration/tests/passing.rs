//! Modules in modules: what goes in, what comes out, and how often.

use super::*;

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
        + "output \"path\" { value = \"${path.module} of ${path.root} in ${path.cwd}${pipeform.workspace == terraform.workspace ? \" of ${terraform.workspace}\" : null}\" }";
    let path = "m of . in /work of blue";
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
