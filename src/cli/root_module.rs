//! Reading the root module: its files, the values of its variables, its objects.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use super::context::Context;
use super::errors::Failure;
use super::planning::check_formulas;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::FileId;
use crate::diag::Sources;
use crate::export;
use crate::fetch;
use crate::fetch::CONFIGURATION;
use crate::fetch::Folder;
use crate::fetch::Installed;
use crate::fetch::JSON_CONFIGURATION;
use crate::fetch::Loader;
use crate::fetch::ModuleFiles;
use crate::lang::Value;
use crate::lang::functions::Call;
use crate::lang::module::Module;
use crate::lang::module::ModuleTree;
use crate::lang::module::Settings;
use crate::lang::module::Variable;
use crate::lang::variables;
use crate::lang::variables::ValueSource;
use crate::objects::Address;
use crate::objects::Blocks;
use crate::objects::Kind;
use crate::objects::Objects;
use crate::objects::configuration::Configuration;
use crate::objects::configuration::Surroundings;
use crate::objects::configuration::configure;
use crate::objects::configuration::symbolic;

/// The values of variables from the command line, in the order they were given.
#[derive(Clone, Debug, Default)]
pub(crate) struct VariableArgs {
    given: Vec<Given>,
}

#[derive(Clone, Debug)]
enum Given {
    Value(String),
    File(PathBuf),
    /// A text like that of a value file, under the name that findings about it have.
    Text(String, String),
}

impl VariableArgs {
    /// The same with values from a text like that of a value file, which come before all others. `name` is what findings about
    /// it say where they are.
    #[must_use]
    pub(crate) fn with_text(mut self, name: &str, text: String) -> Self {
        self.given.push(Given::Text(name.to_owned(), text));
        self
    }
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
    /// The variables that need a value and have none. What depends on them is not in the configuration.
    pub(crate) unset: Vec<Arc<str>>,
    /// The values of its variables.
    pub(crate) variables: BTreeMap<Arc<str>, Value>,
    /// Those of them that are sensitive.
    pub(crate) sensitive: BTreeSet<Arc<str>>,
    /// What its functions have read: the digests of files by their paths from the root module.
    pub(crate) read: BTreeMap<PathBuf, String>,
    /// The files of values, among the texts.
    pub(crate) value_files: Vec<FileId>,
    /// Whether it has no files.
    pub(crate) empty: bool,
}

/// A root module with the names in its formulas, for writing it in another language.
pub(crate) struct Named {
    /// What it describes.
    pub(crate) configuration: Configuration,
    /// What could not be evaluated.
    pub(crate) diagnostics: Diagnostics,
    /// Its variables that are parameters elsewhere.
    pub(crate) parameters: Vec<export::Parameter>,
}

impl RootModule {
    /// Reads and evaluates the module in the context's directory. `prior` is what was applied, if a plan is to be made.
    pub(crate) fn load(
        context: &Context,
        arguments: &VariableArgs,
        prior: Option<&Objects>,
    ) -> Result<Self, Failure> {
        Self::load_beside(context, arguments, prior, Sources::default())
    }

    /// The same, beside texts that were read before: findings may point into both.
    pub(crate) fn load_beside(
        context: &Context,
        arguments: &VariableArgs,
        prior: Option<&Objects>,
        sources: Sources,
    ) -> Result<Self, Failure> {
        let written = Written::read(context, arguments, sources)?.with_values();
        Ok(Self::of(written, prior))
    }

    /// Reads and evaluates the module in the context's directory as far as the variables that have values allow: a module to
    /// be called by others may be checked by itself. A directory without any is right.
    pub(crate) fn load_to_check(
        context: &Context,
        arguments: &VariableArgs,
    ) -> Result<Self, Failure> {
        let folder = root_folder(context);
        let names = file_names(&folder, context)?;
        let written =
            Written::read_folder(context, arguments, (&folder, &names), Sources::default());
        Ok(Self {
            empty: !is_module(&names),
            ..Self::of(written, None)
        })
    }

    /// Reads the module in the context's directory, and evaluates it twice: as always, as far as the variables that have values
    /// allow, and with the names in its formulas.
    pub(crate) fn load_with_names(
        context: &Context,
        arguments: &VariableArgs,
    ) -> Result<(Self, Named), Failure> {
        let written = Written::read(context, arguments, Sources::default())?;
        let named = written.with(|tree, surroundings| {
            let (configuration, diagnostics) = symbolic(tree, surroundings);
            Named {
                configuration,
                diagnostics,
                parameters: export::parameters(tree, surroundings),
            }
        });
        Ok((Self::of(written, None), named))
    }

    fn of(written: Written, prior: Option<&Objects>) -> Self {
        let (configuration, found) = written.with(|tree, surroundings| {
            configure(
                tree,
                Surroundings {
                    prior,
                    ..surroundings
                },
            )
        });
        let mut diagnostics = written.diagnostics;
        diagnostics.extend(found);
        if diagnostics.has_errors() && !schedules_incomplete(&configuration) {
            // Where there are none, a plan finds these with the state's schedules.
            diagnostics.extend(check_formulas(&configuration, written.now));
        }
        if prior.is_some() && diagnostics.has_errors() {
            diagnostics.extend(super::checks::warnings(&configuration.checks, None));
        }
        let sensitive = |variable: &&Variable| variable.sensitive;
        let declared = written.tree.module.variables.values();
        Self {
            sensitive: declared
                .filter(sensitive)
                .map(|variable| variable.name.text.clone())
                .collect(),
            read: written.files.read.into_inner(),
            configuration,
            diagnostics,
            sources: written.sources,
            settings: written.tree.module.settings.clone(),
            unset: written.unset,
            variables: written.variables,
            value_files: written.value_files,
            empty: false,
        }
    }

    /// The module, if it is right; warnings are printed.
    pub(crate) fn valid(self) -> Result<Self, Failure> {
        let mut module = self.without_errors()?;
        let warnings = std::mem::take(&mut module.diagnostics);
        if !warnings.is_empty() {
            super::terminal::findings(&warnings, &module.sources);
        }
        Ok(module)
    }

    /// The module, if it is right; its diagnostics are warnings.
    pub(crate) fn without_errors(self) -> Result<Self, Failure> {
        if self.diagnostics.has_errors() {
            return Err(Failure::Findings(Box::new((
                self.diagnostics,
                self.sources,
            ))));
        }
        Ok(self)
    }
}

/// A root module that is read and not yet evaluated.
pub(crate) struct Written {
    /// It, with the modules it calls.
    tree: ModuleTree,
    /// The values of its variables.
    variables: BTreeMap<Arc<str>, Value>,
    /// The variables that need a value and have none.
    unset: Vec<Arc<str>>,
    /// The files of values, among the texts.
    value_files: Vec<FileId>,
    files: ModuleFiles,
    now: Timestamp,
    working_directory: String,
    workspace: String,
    /// What there is to say about it.
    pub(crate) diagnostics: Diagnostics,
    /// The texts that findings point into.
    pub(crate) sources: Sources,
}

impl Written {
    /// Reads the module in the context's directory, beside texts that were read before; one without any files is an error.
    fn read(
        context: &Context,
        arguments: &VariableArgs,
        sources: Sources,
    ) -> Result<Self, Failure> {
        let written = Self::read_any(context, arguments, sources)?;
        written.ok_or_else(|| {
            Failure::message(format!(
                "No configuration files in `{}`.\n\nA pipeline is described in files whose names end in `{CONFIGURATION}` (or `{JSON_CONFIGURATION}`). Change to the directory that holds them, or name it with --chdir.",
                context.directory.display()
            ))
        })
    }

    /// Reads the module in the context's directory; `None` if it has no files.
    fn read_any(
        context: &Context,
        arguments: &VariableArgs,
        sources: Sources,
    ) -> Result<Option<Self>, Failure> {
        let folder = root_folder(context);
        let names = file_names(&folder, context)?;
        if !is_module(&names) {
            return Ok(None);
        }
        let files = (&folder, names.as_slice());
        Ok(Some(Self::read_folder(context, arguments, files, sources)))
    }

    /// Reads the files with these names, of which there may be none.
    fn read_folder(
        context: &Context,
        arguments: &VariableArgs,
        (folder, names): (&Folder, &[String]),
        mut sources: Sources,
    ) -> Self {
        let mut diagnostics = Diagnostics::new();
        let tree = Loader {
            root: &context.directory,
            grammar: &Blocks,
            checkouts: &mut Installed::new(&context.directory),
            sources: &mut sources,
            diagnostics: &mut diagnostics,
        }
        .load(folder, names);
        let damage = tree.damage();
        let given = value_sources(
            context,
            arguments,
            (folder, names),
            &mut sources,
            &mut diagnostics,
        );
        let mut written = Self::of(context, tree);
        written.sources = sources;
        let declared = &written.tree.module.variables;
        let mut found = Diagnostics::new();
        let assigned = variables::assign(declared, &given, &mut found);
        diagnostics.extend(damage.sound(found));
        (written.variables, written.unset) = (assigned.values, assigned.unset);
        let files = given.iter().filter_map(|source| match source {
            ValueSource::File { file, .. } => Some(*file),
            _ => None,
        });
        written.value_files = files.collect();
        written.diagnostics = diagnostics;
        written
    }

    /// The module in the context's directory, or one without blocks where there is none: for the console, which asks for
    /// variables that have no value only when they are used.
    pub(crate) fn read_or_empty(
        context: &Context,
        arguments: &VariableArgs,
    ) -> Result<Self, Failure> {
        let written = Self::read_any(context, arguments, Sources::default())?
            .unwrap_or_else(|| Self::of(context, ModuleTree::leaf(Module::default())));
        if !written.tree.damage().is_empty() {
            let found = (written.diagnostics, written.sources);
            return Err(Failure::Findings(Box::new(found)));
        }
        Ok(written)
    }

    /// The variables that are declared, each with the file that it is declared in.
    pub(crate) fn declared(&self) -> impl Iterator<Item = (&str, &str)> {
        let variables = self.tree.module.variables.values();
        variables.map(|variable| {
            let file = self.sources.name(variable.name.span.file);
            (&*variable.name.text, file)
        })
    }

    fn of(context: &Context, tree: ModuleTree) -> Self {
        Self {
            tree,
            variables: BTreeMap::new(),
            unset: Vec::new(),
            value_files: Vec::new(),
            files: ModuleFiles {
                directory: context.directory.clone(),
                home: context.home(),
                fence: context.fence.clone(),
                read: RefCell::default(),
            },
            now: context.clock.now(),
            working_directory: context.working_directory.to_string_lossy().into_owned(),
            workspace: context.workspace.clone(),
            diagnostics: Diagnostics::new(),
            sources: Sources::default(),
        }
    }

    /// Reports the variables that have no value.
    fn with_values(mut self) -> Self {
        let found = self.without_value();
        self.diagnostics.extend(found);
        self.unset.clear();
        self
    }

    /// What there is to say about the variables that have no value.
    pub(crate) fn without_value(&self) -> Diagnostics {
        let mut diagnostics = Diagnostics::new();
        for name in &self.unset {
            if let Some(variable) = self.tree.module.variables.get(name) {
                let finding = variables::unset(variable);
                let hint = self.files.fence.as_ref().map(|_| {
                    "With --untrusted no variables of the environment are read.".to_owned()
                });
                diagnostics.push(finding.help_if(hint));
            }
        }
        diagnostics
    }

    fn call(&self) -> Call<'_> {
        Call {
            files: &self.files,
            now: self.now,
            random,
            secrets: None,
        }
    }

    /// Does something with what evaluation needs.
    pub(crate) fn with<T>(&self, evaluate: impl FnOnce(&ModuleTree, Surroundings<'_>) -> T) -> T {
        let call = self.call();
        let surroundings = Surroundings {
            variables: &self.variables,
            call: &call,
            directory: ".",
            working_directory: &self.working_directory,
            workspace: &self.workspace,
            allow_plaintext: self.tree.module.settings.allow_plaintext,
            prior: None,
        };
        evaluate(&self.tree, surroundings)
    }
}

/// Whether it may not be known for which intervals formulas are.
fn schedules_incomplete(configuration: &Configuration) -> bool {
    let scheduling = |address: &Address| {
        let object = configuration.objects.get(address);
        object.is_none_or(|object| matches!(object.kind(), Kind::Schedule | Kind::Pipeline))
    };
    configuration.incomplete.keys().any(scheduling)
}

/// The files of the root module.
fn root_folder(context: &Context) -> Folder {
    Folder::root(&context.directory).behind(context.fence.clone())
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

/// Whether there is a file of a module among these.
fn is_module(names: &[String]) -> bool {
    names.iter().any(|name| fetch::syntax(name).is_some())
}

fn value_sources(
    context: &Context,
    arguments: &VariableArgs,
    (folder, names): (&Folder, &[String]),
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Vec<ValueSource> {
    let mut values: Vec<ValueSource> = context
        .variables()
        .map(|(name, text)| ValueSource::Environment {
            name: name.into(),
            text: text.into(),
            file: sources.add(format!("PIPEFORM_VAR_{name}"), text),
        })
        .collect();
    for name in variables::automatic_files(names.iter().map(String::as_str)) {
        values.push(value_file(folder, name, sources, diagnostics));
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
                values.push(value_file(folder, &name, sources, diagnostics));
            }
            Given::Text(name, text) => values.push(ValueSource::File {
                file: sources.add(name, text.as_str()),
                text: text.as_str().into(),
                json: false,
            }),
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
) -> ValueSource {
    let Some(text) = folder.text(name, diagnostics) else {
        return ValueSource::Unreadable;
    };
    let text: Arc<str> = text.into();
    ValueSource::File {
        file: sources.add(name, text.clone()),
        text,
        json: is_json(name),
    }
}

/// Whether a file of values of that name is read as JSON.
pub(super) fn is_json(name: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|extension| extension == "json")
}

/// Sixteen random bytes.
pub(crate) fn random() -> [u8; 16] {
    uuid::Uuid::new_v4().into_bytes()
}
