//! `pipeform export`.

use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::cli::context::Context;
use crate::cli::cycles;
use crate::cli::errors::Failure;
use crate::cli::importing::files::Out;
use crate::cli::root_module::RootModule;
use crate::cli::root_module::VariableArgs;
use crate::cli::terminal;
use crate::diag::Diagnostics;
use crate::diag::Span;
use crate::diag::did_you_mean;
use crate::export;
use crate::export::Source;
use crate::import::translate::File;
use crate::import::translate::unique;
use crate::objects::Address;
use crate::objects::Kind;
use crate::objects::Object;
use crate::objects::Objects;

/// What stands for the standard output.
const STDOUT: &str = "-";

/// Turn pipelines into definitions of AWS Data Pipeline
///
/// The way back from `import`: writes each pipeline of the configuration in this directory as the JSON that the console of AWS Data
/// Pipeline and `aws datapipeline put-pipeline-definition` take, with its objects, parameters and their values. Variables become
/// parameters, formulas become expressions. What AWS Data Pipeline does not have is named: as an error where the definition would
/// mean something else without it (then nothing is written), else as a warning.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    variables: VariableArgs,

    /// The pipelines, e.g. `orders`; left out: all
    pipelines: Vec<String>,

    /// In which format
    #[arg(long, value_enum, default_value_t = Format::Aws)]
    format: Format,

    /// The file that is written, or the directory for several pipelines, each as NAME.json; `-` is the standard output
    #[arg(long, value_name = "PATH", default_value = STDOUT)]
    out: PathBuf,

    /// Overwrite files that are there
    #[arg(long)]
    force: bool,
}

/// What is written.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    /// Definitions of AWS Data Pipeline, in JSON
    Aws,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let (module, named) = RootModule::load_with_names(context, &args.variables)?;
    let whole = module.unset.is_empty();
    let mut module = module.valid()?;
    let mut found = Diagnostics::new();
    if whole {
        found.extend(cycles::check_graph(&module.configuration));
    } else {
        // What needs no value is there all the same.
        found.extend(named.diagnostics);
    }
    let values = std::mem::take(&mut module.configuration.objects);
    let mut objects = values.clone();
    objects.extend(named.configuration.objects);
    let formulas = named.configuration.formulas;
    let places = named.configuration.places;
    let place = |address: &Address, attribute: Option<&str>| -> Option<Span> {
        let of_attribute = attribute.and_then(|name| formulas.get(&(address.clone(), name.into())));
        of_attribute.or_else(|| places.get(address)).copied()
    };
    let all = || {
        objects
            .values()
            .filter(|object| object.kind() == Kind::Pipeline)
    };
    let source = Source {
        objects: &objects,
        values: Some(&values),
        parameters: &named.parameters,
        places: &place,
        alone: all().count() == 1,
    };
    let Format::Aws = args.format;
    let pipelines = pipelines(&args.pipelines, &objects)?;
    let mut texts = Vec::new();
    let mut taken = BTreeSet::new();
    for pipeline in &pipelines {
        let definition = export::export(pipeline, &source, &mut found);
        let name = format!("{}.json", unique(&file_name(pipeline), &mut taken));
        texts.push((name, export::to_json(&definition)));
    }
    if found.has_errors() {
        return Err(Failure::Findings(Box::new((found, module.sources))));
    }
    terminal::all_findings(&found, &module.sources);
    written(args, context, &pipelines, texts)?;
    Ok(ExitCode::SUCCESS)
}

/// The pipelines of these names or addresses; all if there are none.
fn pipelines<'o>(names: &[String], objects: &'o Objects) -> Result<Vec<&'o Object>, Failure> {
    let all = objects
        .values()
        .filter(|object| object.kind() == Kind::Pipeline);
    let all: Vec<&Object> = all.collect();
    if all.is_empty() {
        return Err(Failure::message(
            "The configuration has no pipeline that could be exported.",
        ));
    }
    if names.is_empty() {
        return Ok(all);
    }
    let known = || all.iter().map(|pipeline| pipeline.address.name());
    let mut wanted: Vec<&Object> = Vec::new();
    for name in names {
        let is_it = |pipeline: &&&Object| {
            let own = pipeline.address.name();
            // A name without a key stands for all that have it.
            let is_one_of = own
                .strip_prefix(name.as_str())
                .map(|key| key.starts_with('['));
            pipeline.address.as_str() == name || own == name || is_one_of == Some(true)
        };
        let found: Vec<&Object> = all.iter().filter(is_it).copied().collect();
        if found.is_empty() {
            let hint = did_you_mean(name, known());
            let hint = hint.map(|hint| format!(" {hint}")).unwrap_or_default();
            return Err(Failure::message(format!(
                "The configuration has no pipeline `{name}`.{hint}"
            )));
        }
        let is_new = |one: &&Object| wanted.iter().all(|known| known.address != one.address);
        let new: Vec<&Object> = found.into_iter().filter(is_new).collect();
        wanted.extend(new);
    }
    Ok(wanted)
}

/// What the file of a pipeline is called, without its ending.
fn file_name(pipeline: &Object) -> String {
    let name = pipeline.address.name();
    let words = name.split(|sign: char| !(sign.is_alphanumeric() || matches!(sign, '_' | '-')));
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join("_")
}

/// Writes the definitions where they are wanted.
fn written(
    args: &Args,
    context: &Context,
    pipelines: &[&Object],
    texts: Vec<(String, String)>,
) -> Result<(), Failure> {
    if args.out == Path::new(STDOUT) {
        let [(_, text)] = texts.as_slice() else {
            let names = pipelines.iter().map(|pipeline| pipeline.address.name());
            let names: Vec<&str> = names.collect();
            return Err(Failure::message(format!(
                "There are several pipelines, and a definition is of one: {}. Name the one that is wanted, or write each into a file with `--out DIR`.",
                names.join(", ")
            )));
        };
        terminal::print(text);
        return Ok(());
    }
    let is_directory = context.directory.join(&args.out).is_dir()
        || args.out.to_string_lossy().ends_with('/')
        || texts.len() > 1;
    let beside = args.out.parent().unwrap_or(Path::new(""));
    let own = args.out.file_name().map(|name| name.to_string_lossy());
    let files: Vec<File> = texts
        .into_iter()
        .map(|(name, text)| File {
            name: match &own {
                Some(own) if !is_directory => own.clone().into_owned(),
                _ => name,
            },
            text,
        })
        .collect();
    let out = Out {
        context,
        directory: if is_directory { &args.out } else { beside },
        force: args.force,
    };
    out.check(&files)?;
    out.write(&files, |name| terminal::print(&format!("{name}\n")))
}
