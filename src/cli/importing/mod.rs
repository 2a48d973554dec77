//! Importing definitions of AWS Data Pipeline: where they come from, and where the files go that they become.

pub(super) mod account;
pub(super) mod files;

use crate::cli::context::Context;
use crate::cli::root_module::VariableArgs;
use crate::cli::root_module::Written;
use crate::diag::Diagnostics;
use crate::diag::FileId;
use crate::diag::Severity;
use crate::diag::Sources;
use crate::diag::Span;
use crate::import::definition;
use crate::import::definition::Definition;
use crate::import::translate;
use crate::import::translate::File;
use crate::import::translate::Translator;

/// What has been read to be imported.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// The texts that findings point into.
    pub(super) sources: Sources,
    /// The pipelines, each with what there is to say of it.
    pub(super) pipelines: Vec<(Definition, Diagnostics)>,
    /// What there is to say besides.
    pub(super) found: Diagnostics,
    /// How many pipelines of an account were asked for.
    pub(super) asked: usize,
}

/// What definitions have become.
pub(super) struct Translated {
    /// The files of the pipelines that could be translated.
    pub(super) files: Vec<File>,
    /// How many could be.
    pub(super) pipelines: usize,
    /// What there is to say, without errors.
    pub(super) warnings: Diagnostics,
    /// The errors.
    pub(super) errors: Diagnostics,
}

impl Gathered {
    /// Keeps secrets that stand in the texts out of messages.
    pub(super) fn hide_secrets(&mut self) {
        let files = (0_u32..).map(FileId).zip(self.sources.iter());
        let hidden = files.flat_map(|(file, (_, text))| definition::hidden(file, text));
        let hidden: Vec<Span> = hidden.collect();
        self.sources.cover(&hidden);
        for (definition, _) in &self.pipelines {
            for secret in translate::hidden(definition) {
                self.sources.hide(&secret);
                // As JSON has it.
                let quoted = serde_json::Value::from(secret.as_str()).to_string();
                self.sources.hide(quoted.trim_matches('"'));
            }
        }
    }

    /// Translates what can be. `context` is that of the root module that the files become part of.
    pub(super) fn translate(self, context: &Context) -> Translated {
        let mut translator = Translator::beside(declared(context));
        let mut translated = Translated {
            files: Vec::new(),
            pipelines: 0,
            warnings: Diagnostics::new(),
            errors: Diagnostics::new(),
        };
        translated.say(self.found);
        for (definition, mut found) in self.pipelines {
            let files = if found.has_errors() {
                Vec::new()
            } else {
                translator.translate(&definition, &mut found)
            };
            if !found.has_errors() {
                translated.files.extend(files);
                translated.pipelines += 1;
            }
            translated.say(found);
        }
        translated
    }
}

impl Translated {
    fn say(&mut self, found: Diagnostics) {
        for one in found {
            match one.severity {
                Severity::Error => self.errors.push(one),
                Severity::Warning => self.warnings.push(one),
            }
        }
    }
}

/// The variables that a root module has already, with their files; none if it cannot be read, which `validate` says.
fn declared(context: &Context) -> Vec<(String, String)> {
    let Ok(written) = Written::read_or_empty(context, &VariableArgs::default()) else {
        return Vec::new();
    };
    let declared = written.declared();
    declared
        .map(|(name, file)| (name.to_owned(), file.to_owned()))
        .collect()
}
