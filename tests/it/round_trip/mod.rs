//! Definitions of AWS Data Pipeline are the same after `import` and `export`, up to order, defaults and formatting: those of the
//! conformance tables, and generated ones with all types and all their fields.

mod corpus;
mod form;
pub(crate) mod generated;
mod objects;
mod same;
mod spelling;
mod values;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use pipeform::diag::Diagnostics;
use pipeform::diag::FileId;
use pipeform::diag::Severity;
use pipeform::export;
use pipeform::export::Source;
use pipeform::import::definition;
use pipeform::import::definition::Definition;
use pipeform::import::translate::Translator;
use pipeform::lang::Files;
use pipeform::lang::functions::Call;
use pipeform::lang::module::Module;
use pipeform::lang::module::ModuleTree;
use pipeform::lang::parse_body;
use pipeform::lang::variables;
use pipeform::lang::variables::ValueSource;
use pipeform::objects::Kind;
use pipeform::objects::configuration::Surroundings;
use pipeform::objects::configuration::configure;
use pipeform::objects::configuration::symbolic;

/// The files beside a configuration.
struct Scripts(BTreeMap<PathBuf, String>);

impl Scripts {
    fn get(&self, path: &Path) -> Option<&String> {
        self.0.get(path.strip_prefix(".").unwrap_or(path))
    }
}

impl Files for Scripts {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let text = self.get(path).map(|text| text.clone().into_bytes());
        text.ok_or_else(|| io::Error::other(format!("there is no {}", path.display())))
    }

    fn is_file(&self, path: &Path) -> bool {
        self.get(path).is_some()
    }

    fn list(&self, _directory: &Path) -> io::Result<Vec<PathBuf>> {
        Ok(self.0.keys().cloned().collect())
    }

    fn absolute(&self, path: &Path) -> PathBuf {
        path.to_path_buf()
    }

    fn home(&self) -> Option<PathBuf> {
        None
    }
}

/// The only definition in a text.
fn read(text: &str) -> Definition {
    let (mut definitions, found) = definition::read(FileId(0), text);
    assert!(!found.has_errors(), "{found:?}\n{text}");
    assert_eq!(definitions.len(), 1, "{text}");
    definitions.remove(0)
}

/// What has become of a definition.
struct Round {
    /// It, after import and export.
    after: Definition,
    /// The configuration in between.
    files: String,
    /// What was said of the export.
    found: Diagnostics,
}

/// Imports a definition and exports it again.
fn round(before: &Definition) -> Round {
    let mut found = Diagnostics::new();
    let files = Translator::default().translate(before, &mut found);
    let mut bodies = Vec::new();
    let mut given = Vec::new();
    let mut read = Diagnostics::new();
    for (number, file) in files.iter().enumerate() {
        let id = FileId(u32::try_from(number).expect("there are few files"));
        if file.name.ends_with(".pipevars") {
            let text = file.text.as_str().into();
            given.push(ValueSource::File {
                file: id,
                text,
                json: false,
            });
        } else if file.name.ends_with(".pipe.hcl") {
            bodies.push(parse_body(id, &file.text, &mut read));
        }
    }
    let scripts = Scripts(
        files
            .iter()
            .map(|file| (PathBuf::from(&file.name), file.text.clone()))
            .collect(),
    );
    let texts: Vec<&str> = files.iter().map(|file| file.text.as_str()).collect();
    let files = texts.join("\n");
    let module = Module::decode(".", bodies, &mut read);
    let tree = ModuleTree::leaf(module);
    let assigned = variables::assign(&tree.module.variables, &given, &mut read);
    assert!(!read.has_errors(), "{read:?}\n{files}");
    let call = Call {
        files: &scripts,
        now: jiff::Timestamp::UNIX_EPOCH,
        random: || [7; 16],
        secrets: None,
    };
    let surroundings = Surroundings {
        variables: &assigned.values,
        call: &call,
        directory: ".",
        working_directory: "/work",
        workspace: "default",
        allow_plaintext: false,
        prior: None,
    };
    let (plain, _) = configure(&tree, surroundings);
    let (named, _) = symbolic(&tree, surroundings);
    let mut objects = plain.objects.clone();
    objects.extend(named.objects);
    let source = Source {
        objects: &objects,
        values: Some(&plain.objects),
        parameters: &export::parameters(&tree, surroundings),
        places: &|_, _| None,
        alone: true,
    };
    let pipeline = objects
        .values()
        .find(|object| object.kind() == Kind::Pipeline)
        .expect("a definition is a pipeline");
    let mut found = Diagnostics::new();
    let exported = export::export(pipeline, &source, &mut found);
    Round {
        // As it is read again.
        after: self::read(&export::to_json(&exported)),
        files,
        found,
    }
}

/// Fails unless a definition is the same after import and export, and then to the letter; `what`: which it is.
fn check(text: &str, what: &str) {
    let before = read(text);
    let first = round(&before);
    let errors: Vec<_> = first
        .found
        .iter()
        .filter(|found| found.severity == Severity::Error)
        .collect();
    let shown = || {
        format!(
            "{what}\n{text}\n{}\n{}",
            first.files,
            export::to_json(&first.after)
        )
    };
    assert!(errors.is_empty(), "{errors:#?}\n{}", shown());
    let differences = same::differences(&before, &first.after);
    assert!(differences.is_empty(), "{differences:#?}\n{}", shown());
    let differences = values::differences(&before, &first.after);
    assert!(differences.is_empty(), "{differences:#?}\n{}", shown());
    let mut named = first.after.clone();
    named.name.clone_from(&before.name);
    let again = round(&named);
    let (first_text, again_text) = (export::to_json(&first.after), export::to_json(&again.after));
    let changed = first_text
        .lines()
        .zip(again_text.lines())
        .find(|(one, other)| one != other);
    assert_eq!(
        changed,
        None,
        "it changes each time\n{}\n{}",
        shown(),
        again.files
    );
    assert_eq!(first_text, again_text, "it changes each time\n{}", shown());
}

/// Fields by name, each with its values.
type Fields = BTreeMap<Arc<str>, Vec<String>>;
