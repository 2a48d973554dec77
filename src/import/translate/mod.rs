//! From definitions to HCL that people would have written.
//!
//! A definition becomes a file with one `pipeline` block that holds all its objects, a file of variables, one of their values, and a
//! file for each long script. What `Default` says is set on the pipeline; what other parents say is written out where it is inherited. Everything has a place, or
//! a finding that says that it has none.

mod blocks;
mod completed;
mod formula;
mod hcl;
mod identifiers;
mod index;
mod layout;
mod literals;
mod locals;
mod names;
mod notes;
mod objects;
mod parameters;
mod parents;
mod parts;
mod scripts;
mod shell;
mod values;
mod varying;

use std::collections::BTreeSet;

use super::definition::Definition;
use crate::diag::Diagnostics;
use crate::objects::Kind;
pub use identifiers::unique;
use index::Index;
use locals::Locals;
use objects::Objects;
pub use parameters::WHERE_THE_SECRET_IS;
pub use parameters::parameter_id;
pub use parameters::parameter_type;
use scripts::Scripts;
pub use shell::is_only_expanded;

/// The texts of a definition that nobody may see, as they stand there.
pub fn hidden(definition: &Definition) -> BTreeSet<String> {
    completed::hidden(definition)
}

/// A file of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its path, relative to the root module.
    pub name: String,
    /// Its text, in the canonical format.
    pub text: String,
}

/// Translates definitions that all become pipelines of one root module, so that no two pipelines and no two variables get the same
/// name.
#[derive(Debug, Default)]
pub struct Translator {
    pipelines: BTreeSet<String>,
    variables: BTreeSet<String>,
    /// Variables that the root module has already, and their files.
    declared: Vec<(String, String)>,
}

impl Translator {
    /// One for a root module that has these variables already, in these files.
    pub fn beside(declared: Vec<(String, String)>) -> Self {
        Self {
            declared,
            ..Self::default()
        }
    }

    /// The files of a definition. `found` gets what has no place in HCL as it was; with errors among that the files are not whole.
    pub fn translate(&mut self, definition: &Definition, found: &mut Diagnostics) -> Vec<File> {
        let Some(pipeline) = crate::objects::registry::find(Kind::Pipeline, "") else {
            return Vec::new();
        };
        let name = self.name(definition);
        let definition = &completed::completed(definition, found);
        if found.has_errors() {
            return Vec::new();
        }
        let index = Index::new(definition);
        let variables = parameters::variables(definition, &mut self.taken(&name));
        let names = variables.values().map(|variable| variable.name.clone());
        self.variables.extend(names);
        let locals = Locals::new(&definition.stack, &variables);
        let mut objects = Objects {
            index: &index,
            variables: &variables,
            locals: &locals,
            found,
            environment: Vec::new(),
            scripts: Scripts::new(&name),
            parts: BTreeSet::new(),
            unfit: BTreeSet::new(),
            nested: Vec::new(),
            kept_as_text: BTreeSet::new(),
        };
        let block = objects.pipeline(&name, pipeline);
        let scripts = objects.scripts.files;
        let mut files = vec![File {
            name: format!("{name}.pipe.hcl"),
            text: layout::file(&[block]),
        }];
        if !variables.is_empty() {
            files.push(File {
                name: variables_file(&name),
                text: layout::file(&parameters::blocks(definition, &variables)),
            });
        }
        if let Some(text) = parameters::values(definition, &variables, found) {
            files.push(File {
                name: format!("{name}.auto.pipevars"),
                text,
            });
        }
        files.extend(scripts);
        files
    }

    /// The names that variables of a pipeline cannot get. Those in the file that is written anew are free.
    fn taken(&self, pipeline: &str) -> BTreeSet<String> {
        let own = variables_file(pipeline);
        let declared = self.declared.iter().filter(|(_, file)| *file != own);
        let declared = declared.map(|(name, _)| name.clone());
        declared.chain(self.variables.iter().cloned()).collect()
    }

    /// What the pipeline of a definition is called.
    fn name(&mut self, definition: &Definition) -> String {
        let id = definition.id.as_deref();
        let label = definition.name.as_deref().or(id).unwrap_or("pipeline");
        let name = match (identifiers::snake_case(label), id) {
            (name, Some(id)) if name == identifiers::UNNAMED => identifiers::snake_case(id),
            (name, _) => name,
        };
        unique(identifiers::short(&name), &mut self.pipelines)
    }
}

fn variables_file(pipeline: &str) -> String {
    format!("{pipeline}.variables.pipe.hcl")
}
