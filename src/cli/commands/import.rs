//! `pipeform import`.

use std::path::PathBuf;
use std::process::ExitCode;

use super::validate;
use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::importing::Gathered;
use crate::cli::importing::account;
use crate::cli::importing::account::Wanted;
use crate::cli::importing::files;
use crate::cli::importing::files::Out;
use crate::cli::root_module::VariableArgs;
use crate::cli::terminal;
use crate::connect::aws::Settings;
use crate::diag::Diagnostics;
use crate::diag::Severity;
use crate::import::translate::File;

/// Turn definitions of AWS Data Pipeline into configuration
///
/// Reads the JSON of the console and of `aws datapipeline get-pipeline-definition`, answers of the API, templates of
/// CloudFormation (JSON or YAML), what `terraform show -json` prints, or the pipelines of an account. Each pipeline becomes a file of
/// its own, with its variables, their values and long scripts beside it. What has no place in a configuration is named. Of files with
/// errors nothing is written; with --all the pipelines without errors are.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    which: Which,

    /// The values of its parameters, as the command line of AWS takes them: `{"values": {…}}`. They go before those in the definition
    #[arg(long, value_name = "FILE", conflicts_with = "all")]
    values: Option<PathBuf>,

    /// What the pipeline is called; left out: what the definition says, else the name of the file
    #[arg(long, value_name = "NAME", conflicts_with = "all")]
    name: Option<String>,

    #[command(flatten)]
    aws: Aws,

    /// Where the files are written; the directory is made if it is not there
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,

    /// Overwrite files that are there, and remove the variables of an earlier import of a pipeline that has none any more
    #[arg(long)]
    force: bool,
}

/// Where definitions are.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// Files with definitions
    #[arg(value_name = "FILE")]
    file: Vec<PathBuf>,

    /// A pipeline of an account, by its id: `df-…`; may be given several times
    #[arg(long, value_name = "ID")]
    pipeline_id: Vec<String>,

    /// All pipelines of an account, in one region
    #[arg(long)]
    all: bool,
}

/// How the account is reached.
#[derive(Debug, clap::Args)]
struct Aws {
    /// The region of the account; left out: what the environment or `~/.aws/config` says
    #[arg(long, value_name = "REGION", conflicts_with = "file")]
    region: Option<String>,

    /// The profile of `~/.aws` whose credentials are used; left out: those that the SDK of AWS finds
    #[arg(long, value_name = "PROFILE", conflicts_with = "file")]
    profile: Option<String>,

    /// The address of AWS Data Pipeline, if it is not that of AWS
    #[arg(long, value_name = "URL", conflicts_with = "file")]
    endpoint_url: Option<String>,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let mut gathered = gather(args, context)?;
    if let Some(values) = &args.values {
        files::read_values(values, context, &mut gathered)?;
    }
    if let Some(name) = &args.name {
        for (definition, _) in &mut gathered.pipelines {
            definition.name = Some(name.clone());
        }
    }
    gathered.hide_secrets();
    // Files are imported together or not at all.
    let together = !args.which.file.is_empty() || args.which.pipeline_id.len() == 1;
    if together && gathered.found.has_errors() {
        return Err(Failure::Findings(Box::new((
            gathered.found,
            gathered.sources,
        ))));
    }
    let sources = gathered.sources.clone();
    let all = gathered.asked;
    let translated = gathered.translate(&context.elsewhere(&args.out));
    if together && translated.errors.has_errors() {
        let mut found = translated.warnings;
        found.extend(translated.errors);
        return Err(Failure::Findings(Box::new((found, sources))));
    }
    let out = Out {
        context,
        directory: &args.out,
        force: args.force,
    };
    out.check(&translated.files)?;
    terminal::all_findings(&translated.warnings, &sources);
    out.write(&translated.files, |name| {
        terminal::print(&format!("{name}\n"));
    })?;
    for name in out.clean(&translated.files)? {
        terminal::say(&format!(
            "{name} is removed: there are no parameters any more.\n"
        ));
    }
    let loads = loads(&context.elsewhere(&args.out), &translated.files);
    if !translated.errors.has_errors() {
        return loads;
    }
    terminal::findings(&translated.errors, &sources);
    let done = translated.pipelines;
    terminal::say(&format!("{done} of {all} pipelines were imported.\n"));
    Err(Failure::Silent)
}

/// Whether the configuration that was written is valid. What is not was taken as the definition has it, and is told where it stands now.
fn loads(context: &Context, files: &[File]) -> Result<ExitCode, Failure> {
    let checked = validate::checked(context, &VariableArgs::default());
    let Ok(module) = checked else {
        // What was there before cannot be read, as `validate` says.
        return Ok(ExitCode::SUCCESS);
    };
    let mut wrong = Diagnostics::new();
    for finding in module.diagnostics {
        let place = finding
            .span
            .map(|span| module.sources.name(span.file).to_owned());
        let is_new = place.is_some_and(|place| files.iter().any(|file| file.name == place));
        if is_new && finding.severity == Severity::Error {
            wrong.push(finding);
        }
    }
    if !wrong.has_errors() {
        return Ok(ExitCode::SUCCESS);
    }
    terminal::all_findings(&wrong, &module.sources);
    terminal::say("It is imported, and is not valid: mend this in the definition or here.\n");
    Err(Failure::Silent)
}

/// Reads what is to be imported.
fn gather(args: &Args, context: &Context) -> Result<Gathered, Failure> {
    let wanted = match (args.which.all, args.which.pipeline_id.as_slice()) {
        (true, _) => Wanted::All,
        (false, []) => {
            let mut gathered = Gathered::default();
            for file in &args.which.file {
                files::read(file, context, &mut gathered)?;
            }
            return Ok(gathered);
        }
        (false, ids) => Wanted::Ids(ids.to_vec()),
    };
    let bundle = context.environment.get("AWS_CA_BUNDLE");
    let settings = Settings {
        region: args.aws.region.clone(),
        profile: args.aws.profile.clone(),
        endpoint_url: args.aws.endpoint_url.clone(),
        ca_bundle: bundle.map(PathBuf::from),
        ..Settings::default()
    };
    account::read(wanted, &settings)
}
