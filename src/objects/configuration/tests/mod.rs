//! What texts describe, and what is said about them.

mod blocks;
mod clusters;
mod damage;
mod formats;
mod mistakes;
mod passing;

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
            let child = tree(files, call.source.as_deref().unwrap(), diagnostics);
            (call.name.text.clone(), Arc::new(child))
        })
        .collect();
    ModuleTree { module, children }
}

pub(super) fn configured(files: &[(&str, &str)]) -> (Configuration, Vec<Diagnostic>) {
    let mut diagnostics = Diagnostics::new();
    let tree = tree(files, ".", &mut diagnostics);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let (configuration, found) = evaluated(&tree);
    (configuration, found.into_iter().collect())
}

/// What modules describe, and what there is to say about it.
fn evaluated(tree: &ModuleTree) -> (Configuration, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let assigned = crate::lang::variables::assign(&tree.module.variables, &[], &mut diagnostics);
    let variables = assigned.values;
    let call = Call {
        files: &NoFiles,
        now: jiff::Timestamp::UNIX_EPOCH,
        random: || [7; 16],
        secrets: None,
    };
    let (configuration, found) = configure(
        tree,
        Surroundings {
            variables: &variables,
            call: &call,
            directory: ".",
            working_directory: "/work",
            workspace: "blue",
            allow_plaintext: true,
            prior: Some(&BTreeMap::new()),
        },
    );
    diagnostics.extend(found);
    (configuration, diagnostics)
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
