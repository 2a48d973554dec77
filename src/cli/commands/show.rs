//! `pipeform show`.

use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::planning;
use crate::cli::policies;
use crate::cli::reporting::ReportArgs;
use crate::cli::saved_plan::Saved;
use crate::cli::terminal;
use crate::cli::views;
use crate::diag::Sources;
use crate::runtime::SerialDefinition;

/// Show what has been applied: all objects and outputs; or a saved plan
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// A plan from `pipeform plan --out`
    #[arg(value_name = "PLAN")]
    plan: Option<PathBuf>,

    /// As JSON in Terraform's format, with `effects` and more besides
    #[arg(long)]
    json: bool,

    /// A plan as a comment on a pull request, for GitHub and GitLab, no longer than these take it
    #[arg(long, requires = "plan", conflicts_with = "json")]
    markdown: bool,

    /// With the runs behind the counts of a plan: each stretch of time with how many intervals lie in it
    #[arg(long, requires = "plan", conflicts_with = "json")]
    runs: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    if let Some(path) = &args.plan {
        return plan(path, args, context);
    }
    let store = context.read_state()?;
    let head = store.head()?;
    let definition = SerialDefinition::read(&store, head.serial, context.clock.now())?;
    if args.json {
        let outputs = planning::read_outputs(&store)?;
        let document = views::terraform::state(&definition.objects, &outputs);
        terminal::print(&format!("{document}\n"));
        return Ok(ExitCode::SUCCESS);
    }
    if definition.objects.is_empty() {
        terminal::print(
            "The state is empty: nothing has been applied, or everything was destroyed.\n",
        );
        return Ok(ExitCode::SUCCESS);
    }
    let objects: Vec<_> = definition
        .objects
        .values()
        .map(|object| views::objects::object(object, &|_, _| None, context.look))
        .collect();
    terminal::print(&objects.join("\n"));
    let outputs = planning::read_outputs(&store)?;
    if !outputs.is_empty() {
        terminal::print(&format!("\nOutputs:\n\n{}", super::output::lines(&outputs)));
    }
    Ok(ExitCode::SUCCESS)
}

/// Shows a saved plan, whether it still holds or not.
fn plan(path: &Path, args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    let saved = Saved::read(context, path)?;
    let planned = saved.as_made()?;
    if args.json {
        let of = (&saved.plan.made, &saved.plan.configuration);
        let document = views::terraform::plan(of, &planned, saved.plan.policies.as_ref());
        terminal::print(&format!("{document}\n"));
        return Ok(ExitCode::SUCCESS);
    }
    if args.markdown {
        let stretches = args.runs.then(|| planned.stretches());
        let comment = views::markdown::Comment {
            plan: &planned.plan,
            made: &saved.plan.made,
            warnings: &planned.warnings,
            policies: saved.plan.policies.as_ref(),
            stretches: stretches.as_deref().unwrap_or_default(),
            example: &|object, residual| planned.example(object, residual),
            path,
        };
        terminal::print(&comment.text());
        return Ok(ExitCode::SUCCESS);
    }
    terminal::print(&views::saved::origin(&saved.plan.made));
    terminal::print("\n");
    super::plan::show(&planned, context, &ReportArgs::default());
    if args.runs {
        let text = views::stretches::stretches(&planned.stretches(), context.look);
        terminal::print(&format!("\n{text}"));
    }
    if let Some(policies) = &saved.plan.policies {
        terminal::print(&views::saved::policies(policies));
        let findings = policies::findings(policies);
        ReportArgs::default().warn(&findings, &Sources::default());
    }
    Ok(ExitCode::SUCCESS)
}
