use super::*;
use crate::diag::FileId;
use crate::lang::parse::parse_body;

fn decoded(text: &str) -> (Module, Vec<String>) {
    let mut diagnostics = Diagnostics::new();
    let body = parse_body(FileId(0), text, &mut diagnostics);
    let module = Module::decode(".", vec![body], &mut diagnostics);
    let messages = diagnostics
        .iter()
        .map(|found| format!("{}: {}{}", found.summary, found.detail, found.help.concat()))
        .collect();
    (module, messages)
}

#[test]
fn a_module_is_sorted_by_what_its_blocks_are() {
    let (module, messages) = decoded(
        r#"
        pipeform { required_version = ">= 0.1" }
        variable "bucket" {
          type        = string
          description = "where"
          sensitive   = true
          nullable    = false
          default     = 5
          validation {
            condition     = length(var.bucket) > 3
            error_message = "too short"
          }
        }
        locals { a = 1 }
        locals { b = local.a }
        output "x" { value = local.b }
        pipeline "p" {}
        data_node "file" "f" {}
        "#,
    );
    assert_eq!(messages, Vec::<String>::new());
    let bucket = &module.variables["bucket"];
    assert_eq!(bucket.default, Some(Value::string("5")));
    assert!(bucket.sensitive && !bucket.nullable && bucket.validations.len() == 1);
    assert_eq!(module.locals.len(), 2);
    assert_eq!(module.outputs.len(), 1);
    assert_eq!(module.blocks.len(), 2);
}

#[test]
fn mistakes_in_declarations_are_reported() {
    for (text, expected) in [
        (
            "variable \"a\" {}\nvariable \"a\" {}",
            "Duplicate name: There is already a variable `a`. Rename or remove one of the two.",
        ),
        (
            "locals { a = 1 }\nlocals { a = 2 }",
            "Duplicate name: There is already a local value `a`. Rename or remove one of the two.",
        ),
        (
            "variable {}",
            "Wrong number of labels: This block is written `variable \"name\" { … }`; here it has no label.",
        ),
        (
            "variable \"a\" { typ = string }",
            "Unsupported attribute: A `variable` block has no attribute `typ`.Did you mean `type`?",
        ),
        (
            "variable \"a\" { default = b }",
            "Not a constant: The default of a variable is a constant: it may not use names, functions or operators.",
        ),
        (
            "output \"a\" {}",
            "Missing attribute: An `output` block needs the attribute `value`.",
        ),
        (
            "a = 1",
            "Attribute outside of a block: `a` stands outside of any block. Put it into one, e.g. into `locals { … }`.",
        ),
        (
            "pipeform { required_version = \">= 99\" }",
            "Unsupported version: This module asks for Pipeform >= 99, and this is 0.1.0. Install a version that fits, or change the constraint.",
        ),
        (
            "pipeform { backnd = 1 }",
            "Unsupported attribute: The `pipeform` block has no attribute `backnd`.",
        ),
        (
            "module \"a b\" { source = \"./a\" }",
            "Invalid name: A module call may not be called \"a b\". Use letters, digits, `_` and `-`, and begin with a letter or `_`.",
        ),
        (
            "module \"a\" {}",
            "Missing attribute: A `module` block needs the attribute `source`.",
        ),
        (
            "module \"a\" { source = var.x }",
            "Not a constant: The source of a module is a constant: it may not use names, functions or operators.",
        ),
        (
            "module \"a\" { source = 1 }",
            "Invalid module source: The source of a module is a string that says where the module is, e.g. `\"./modules/archive\"`; this is the number `1`.",
        ),
        (
            "module \"a\" {\n  source = \"./a\"\n  version = \"1.0\"\n}",
            "Version of a module: `version` chooses a release from a registry of modules, and there is none here: modules come from directories, from git and from the built-in library.A git source says which version it means: `git::https://example.com/modules.git?ref=v1.2.0`.",
        ),
        (
            "module \"a\" {\n  source = \"./a\"\n  count = 1\n  for_each = {}\n}",
            "Invalid combination: `count` and `for_each` exclude each other.",
        ),
        (
            "module \"a\" {\n  source = \"./a\"\n  providers = { aws = \"west\" }\n}",
            "Invalid providers: `providers` names the module's providers and what they are here: `{ aws = aws.west }`.",
        ),
        (
            "module \"a\" {\n  source = \"./a\"\n  providers = { aws.b = aws, \"aws.b\" = aws.c }\n}",
            "Duplicate name: A provider of the module is named once in `providers`. Remove one of the two.",
        ),
        (
            "module \"a\" {\n  source = \"./a\"\n}\nmodule \"a\" {\n  source = \"./b\"\n}",
            "Duplicate name: There is already a module call `a`. Rename or remove one of the two.",
        ),
        (
            "variable \"a\" {\n  type {}\n}",
            "Unsupported block: A `variable` block has no nested block `type`.`type` is an attribute: write `type = …`.",
        ),
    ] {
        assert_eq!(decoded(text).1, vec![expected.to_owned()], "{text}");
    }
}

#[test]
fn a_module_block_is_a_call_with_arguments() {
    let (module, messages) = decoded(
        r#"
        module "archive" {
          source     = "./modules/archive"
          for_each   = var.sites
          depends_on = [pipeline.p]
          providers  = { aws = aws.west, "aws.backup" = aws, aws.far = aws.near }
          inbox      = each.value
        }
        "#,
    );
    assert_eq!(messages, Vec::<String>::new());
    let call = &module.calls["archive"];
    assert_eq!(call.source.as_deref(), Some("./modules/archive"));
    assert!(call.for_each.is_some() && call.count.is_none() && call.depends_on.is_some());
    let names: Vec<_> = call
        .arguments
        .iter()
        .map(|argument| &*argument.name.text)
        .collect();
    assert_eq!(names, ["inbox"]);
    let providers: Vec<_> = call
        .providers
        .iter()
        .map(|(inside, provider)| (&**inside, &*provider.name))
        .collect();
    assert_eq!(
        providers,
        [
            ("aws", "aws.west"),
            ("aws.backup", "aws"),
            ("aws.far", "aws.near")
        ]
    );
}
