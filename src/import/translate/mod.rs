//! From definitions to HCL that people would have written.
//!
//! A definition becomes a file with one `pipeline` block that holds all its objects, a file of variables, and one of their values.
//! What `Default` says is set on the pipeline; what other parents say is written out where it is inherited. Everything has a place, or
//! a finding that says that it has none.

mod blocks;
mod completed;
mod formula;
mod hcl;
mod identifiers;
mod index;
mod layout;
mod names;
mod notes;
mod objects;
mod parameters;
mod parts;

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::definition::Definition;
use crate::diag::Diagnostics;
use crate::objects::Kind;
use index::Index;
use objects::Objects;

/// A file of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its path, relative to the root module.
    pub name: String,
    /// Its text, in the canonical format.
    pub text: String,
}

/// Translates definitions, which all become pipelines of one root module. `found` gets what has no place in HCL as it was.
pub fn translate(definitions: &[Definition], found: &mut Diagnostics) -> Vec<File> {
    let mut files = Vec::new();
    let mut pipelines = BTreeSet::new();
    let mut variables = BTreeSet::new();
    for definition in definitions {
        let label = definition.name.as_deref().unwrap_or("pipeline");
        let name = identifiers::unique(&identifiers::snake_case(label), &mut pipelines);
        one(definition, &name, &mut variables, found, &mut files);
    }
    files
}

fn one(
    definition: &Definition,
    name: &str,
    taken: &mut BTreeSet<String>,
    found: &mut Diagnostics,
    files: &mut Vec<File>,
) {
    let Some(pipeline) = crate::objects::registry::find(Kind::Pipeline, "") else {
        return;
    };
    let definition = &completed::completed(definition, found);
    let index = Index::new(definition);
    let variables = parameters::variables(definition, taken);
    let mut objects = Objects {
        index: &index,
        variables: &variables,
        found,
        environment: RefCell::default(),
    };
    let block = objects.pipeline(name, pipeline);
    files.push(File {
        name: format!("{name}.pipe.hcl"),
        text: layout::file(&[block]),
    });
    if !variables.is_empty() {
        files.push(File {
            name: format!("{name}.variables.pipe.hcl"),
            text: layout::file(&parameters::blocks(definition, &variables)),
        });
    }
    if let Some(text) = parameters::values(definition, &variables, found) {
        files.push(File {
            name: format!("{name}.auto.pipevars"),
            text,
        });
    }
}
