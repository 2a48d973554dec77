//! Reading the root module: its files, the values of its variables, its objects.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use super::context::Context;
use super::errors::Failure;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Sources;
use crate::fetch;
use crate::fetch::CONFIGURATION;
use crate::fetch::Folder;
use crate::fetch::Installed;
use crate::fetch::JSON_CONFIGURATION;
use crate::fetch::Loader;
use crate::fetch::ModuleFiles;
use crate::lang::functions::Call;
use crate::lang::module::Settings;
use crate::lang::variables;
use crate::lang::variables::ValueSource;
use crate::objects::Blocks;
use crate::objects::configuration::Configuration;
use crate::objects::configuration::Surroundings;
use crate::objects::configuration::configure;

/// The values of variables from the command line, in the order they were given.
#[derive(Clone, Debug, Default)]
pub(crate) struct VariableArgs {
    given: Vec<Given>,
}

#[derive(Clone, Debug)]
enum Given {
    Value(String),
    File(PathBuf),
}

impl clap::FromArgMatches for VariableArgs {
    fn from_arg_matches(matches: &clap::ArgMatches) -> Result<Self, clap::Error> {
        let mut given: Vec<(usize, Given)> = Vec::new();
        for (name, make) in [
            (
                "var",
                (|text: &String| Given::Value(text.clone())) as fn(&String) -> Given,
            ),
            ("var_file", |text| Given::File(PathBuf::from(text))),
        ] {
            let indices = matches.indices_of(name).into_iter().flatten();
            let values = matches.get_many::<String>(name).into_iter().flatten();
            given.extend(indices.zip(values.map(make)));
        }
        given.sort_by_key(|(index, _)| *index);
        Ok(Self {
            given: given.into_iter().map(|(_, given)| given).collect(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &clap::ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl clap::Args for VariableArgs {
    fn augment_args(command: clap::Command) -> clap::Command {
        command
            .arg(
                clap::Arg::new("var")
                    .long("var")
                    .value_name("NAME=VALUE")
                    .action(clap::ArgAction::Append)
                    .help("Set a variable of the root module; may be given several times"),
            )
            .arg(
                clap::Arg::new("var_file")
                    .long("var-file")
                    .value_name("FILE")
                    .action(clap::ArgAction::Append)
                    .help("Read values of variables from a file, besides `pipeform.pipevars` and `*.auto.pipevars`"),
            )
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}

/// The root module as it is written.
pub(crate) struct RootModule {
    /// What it describes; complete only if there are no errors.
    pub(crate) configuration: Configuration,
    /// What there is to say about it.
    pub(crate) diagnostics: Diagnostics,
    /// The texts that findings point into.
    pub(crate) sources: Sources,
    /// The `pipeform` block.
    pub(crate) settings: Settings,
}

impl RootModule {
    /// Reads and evaluates the module in the context's directory.
    pub(crate) fn load(context: &Context, arguments: &VariableArgs) -> Result<Self, Failure> {
        let mut sources = Sources::default();
        let mut diagnostics = Diagnostics::new();
        let folder = Folder::root(&context.directory);
        let names = file_names(&folder, context)?;
        if !names.iter().any(|name| fetch::syntax(name).is_some()) {
            return Err(Failure::message(format!(
                "No configuration files in `{}`.\n\nA pipeline is described in files whose names end in `{CONFIGURATION}` (or `{JSON_CONFIGURATION}`). Change to the directory that holds them, or name it with --chdir.",
                context.directory.display()
            )));
        }
        let loaded = Loader {
            root: &context.directory,
            grammar: &Blocks,
            checkouts: &mut Installed::new(&context.directory),
            sources: &mut sources,
            diagnostics: &mut diagnostics,
        }
        .load(&folder, &names);
        if !loaded.whole {
            return Err(Failure::Findings(Box::new((diagnostics, sources))));
        }
        let tree = loaded.tree;
        let module = &tree.module;
        let values = value_sources(
            context,
            arguments,
            (&folder, &names),
            &mut sources,
            &mut diagnostics,
        );
        let files = ModuleFiles {
            directory: context.directory.clone(),
            home: context.environment.get("HOME").map(PathBuf::from),
        };
        let call = Call {
            files: &files,
            now: context.clock.now(),
            random,
        };
        let values = variables::assign(&module.variables, &values, &mut diagnostics);
        let settings = module.settings.clone();
        let (configuration, found) = configure(
            &tree,
            Surroundings {
                variables: &values,
                call: &call,
                directory: ".",
                working_directory: &context.working_directory.to_string_lossy(),
                allow_plaintext: settings.allow_plaintext,
            },
        );
        diagnostics.extend(found);
        Ok(Self {
            configuration,
            diagnostics,
            sources,
            settings,
        })
    }

    /// The module, if it is right; warnings are printed.
    pub(crate) fn valid(self) -> Result<Self, Failure> {
        if self.diagnostics.has_errors() {
            return Err(Failure::Findings(Box::new((
                self.diagnostics,
                self.sources,
            ))));
        }
        if !self.diagnostics.is_empty() {
            let style = super::context::Style::of_stderr();
            super::terminal::say(&crate::diag::render(
                &self.diagnostics,
                &self.sources,
                style.look.color,
                style.look.width,
            ));
        }
        Ok(self)
    }
}

/// The names of the files of the root module, sorted.
fn file_names(folder: &Folder, context: &Context) -> Result<Vec<String>, Failure> {
    folder.names().map_err(|error| {
        Failure::message(format!(
            "The directory `{}` cannot be read: {error}",
            context.directory.display()
        ))
    })
}

fn value_sources(
    context: &Context,
    arguments: &VariableArgs,
    (folder, names): (&Folder, &[String]),
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Vec<ValueSource> {
    let mut values: Vec<ValueSource> = context
        .environment
        .with_prefix("PIPEFORM_VAR_")
        .map(|(name, text)| ValueSource::Environment {
            name: name.into(),
            text: text.into(),
            file: sources.add(format!("PIPEFORM_VAR_{name}"), text),
        })
        .collect();
    for name in variables::automatic_files(names.iter().map(String::as_str)) {
        values.extend(value_file(folder, name, sources, diagnostics));
    }
    for given in &arguments.given {
        match given {
            Given::Value(text) => match text.split_once('=') {
                Some((name, value)) => values.push(ValueSource::Flag {
                    name: name.into(),
                    text: value.into(),
                    file: sources.add(format!("--var {name}"), value),
                }),
                None => diagnostics.push(Diagnostic::error(
                    "Invalid --var",
                    format!("`--var {text}` has no `=`. Write `--var NAME=VALUE`."),
                )),
            },
            Given::File(path) => {
                let name = path.to_string_lossy();
                values.extend(value_file(folder, &name, sources, diagnostics));
            }
        }
    }
    values
}

/// A file of values.
fn value_file(
    folder: &Folder,
    name: &str,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Option<ValueSource> {
    let text: Arc<str> = folder.text(name, diagnostics)?.into();
    Some(ValueSource::File {
        file: sources.add(name, text.clone()),
        text,
        json: Path::new(name)
            .extension()
            .is_some_and(|extension| extension == "json"),
    })
}

/// Sixteen random bytes.
pub(crate) fn random() -> [u8; 16] {
    uuid::Uuid::new_v4().into_bytes()
}
