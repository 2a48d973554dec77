//! The modules of the library: what their pages say is what they have, and each is used by an example.

use crate::support::{files, repository};
use pipeform::diag::{Diagnostics, Sources};
use pipeform::fetch::Folder;
use pipeform::lang::Value;
use pipeform::lang::module::{Module, Variable};
use pipeform::lang::print;
use pipeform::lang::types::Type;
use pipeform::objects::Blocks;
use std::path::{Path, PathBuf};

/// The directories of the modules.
fn modules() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(repository().join("modules"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    found.sort();
    assert!(found.len() > 1, "there are modules");
    found
}

fn decode(directory: &Path) -> Module {
    let (mut sources, mut diagnostics) = (Sources::default(), Diagnostics::new());
    let folder = Folder::root(directory);
    let bodies = folder.bodies(
        &folder.names().unwrap(),
        &Blocks,
        &mut sources,
        &mut diagnostics,
    );
    let module = Module::decode(".", bodies, &mut diagnostics);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    module
}

/// The rows of the tables of a page whose first column is headed so, without the header.
fn rows(page: &str, heading: &str) -> Vec<String> {
    let header = format!("| {heading} |");
    let mut lines = page.lines();
    let mut rows = Vec::new();
    while lines.by_ref().any(|line| line.starts_with(&header)) {
        let table = lines.by_ref().skip(1);
        rows.extend(
            table
                .take_while(|line| line.starts_with('|'))
                .map(str::to_owned),
        );
    }
    rows
}

/// A row of the table of inputs. What a variable without a default value is when it is left out follows `; left out: ` in
/// its description.
fn input(variable: &Variable) -> String {
    let description = variable.description.as_deref().unwrap_or_default();
    let (meaning, without) = description
        .split_once("; left out: ")
        .unwrap_or((description, ""));
    let default = match &variable.default {
        None => "**required**".to_owned(),
        Some(Value::Null(_)) => without.to_owned(),
        Some(value) => match print::value(value).as_str() {
            "tolist([])" => "`[]`".to_owned(),
            text => format!("`{text}`"),
        },
    };
    let row = format!(
        "| `{}` | `{}` | {default} | {meaning} |",
        variable.name.text,
        short(&variable.ty)
    );
    row.replace("|  |", "| |")
}

/// A type, with objects cut short: they have tables of their own.
fn short(ty: &Type) -> String {
    match ty {
        Type::Object(_) => "object({…})".to_owned(),
        Type::Map(of) => format!("map({})", short(of)),
        Type::List(of) => format!("list({})", short(of)),
        other => other.to_string(),
    }
}

/// The names of the attributes of the objects in a type.
fn attributes(ty: &Type) -> Vec<String> {
    match ty {
        Type::Object(fields) => fields.keys().map(ToString::to_string).collect(),
        Type::Map(of) | Type::List(of) => attributes(of),
        _ => Vec::new(),
    }
}

#[test]
fn pages_say_what_modules_take_and_give() {
    for directory in modules() {
        let page = std::fs::read_to_string(directory.join("README.md")).unwrap();
        let module = decode(&directory);
        let name = directory.display();

        let mut inputs: Vec<String> = module.variables.values().map(input).collect();
        let mut written = rows(&page, "variable");
        inputs.sort();
        written.sort();
        assert_eq!(written, inputs, "{name}: the table of inputs");

        let outputs: Vec<String> = module
            .outputs
            .values()
            .map(|output| {
                let description = output.description.as_deref().unwrap_or_default();
                format!("| `{}` | {description} |", output.name.text)
            })
            .collect();
        assert_eq!(
            rows(&page, "output"),
            outputs,
            "{name}: the table of outputs"
        );

        let mut fields: Vec<String> = module
            .variables
            .values()
            .flat_map(|variable| attributes(&variable.ty))
            .collect();
        let mut listed: Vec<String> = rows(&page, "attribute")
            .iter()
            .map(|row| row.split('`').nth(1).unwrap_or_default().to_owned())
            .collect();
        fields.sort();
        listed.sort();
        assert_eq!(listed, fields, "{name}: the table of attributes");
    }
}

#[test]
fn variables_and_outputs_are_described() {
    for directory in modules() {
        let module = decode(&directory);
        let name = directory.display();
        for variable in module.variables.values() {
            let text = &variable.name.text;
            assert!(variable.description.is_some(), "{name}: var.{text}");
            assert_ne!(variable.ty, Type::Any, "{name}: var.{text} has a type");
        }
        for output in module.outputs.values() {
            let text = &output.name.text;
            assert!(output.description.is_some(), "{name}: output {text}");
        }
    }
}

#[test]
fn each_module_is_used_by_an_example() {
    let examples: Vec<String> = files(&repository().join("examples"), "hcl")
        .iter()
        .map(|file| std::fs::read_to_string(file).unwrap())
        .collect();
    for directory in modules() {
        let name = directory.file_name().unwrap().to_str().unwrap();
        let source = format!("\"pipeform//{name}\"");
        assert!(examples.iter().any(|text| text.contains(&source)), "{name}");
    }
}
