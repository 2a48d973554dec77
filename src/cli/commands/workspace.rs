//! `pipeform workspace`.

use std::process::ExitCode;

use serde_json::json;

use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::locking;
use crate::cli::locking::LockArgs;
use crate::cli::terminal;
use crate::cli::workspaces;
use crate::cli::workspaces::DEFAULT;
use crate::store::Holder;
use crate::store::Store;

/// Keep several states of one configuration apart
#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Command {
    /// List all workspaces; `*` is before the selected one
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the name of the selected workspace
    Show,
    /// Make a workspace, and select it
    New {
        /// Its name
        name: String,

        /// Accepted so that a script can give all commands the same options: a state that is new has no lock
        #[command(flatten)]
        _lock: LockArgs,
    },
    /// Select a workspace for the commands that follow
    Select {
        /// Its name
        name: String,

        /// Make it if it is not there
        #[arg(long)]
        or_create: bool,
    },
    /// Remove a workspace with its state, its history and its logs
    Delete(DeleteArgs),
}

/// Options of `workspace delete`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct DeleteArgs {
    /// Its name
    name: String,

    /// Also if there are objects in its state: nothing will run them any more, and their history is lost
    #[arg(long)]
    force: bool,

    #[command(flatten)]
    lock: LockArgs,
}

pub(super) fn run(command: &Command, context: &Context) -> Result<ExitCode, Failure> {
    match command {
        Command::List { json } => list(context, *json)?,
        Command::Show => terminal::print(&format!("{}\n", context.workspace)),
        Command::New { name, .. } => {
            check_free(context)?;
            create(context, name)?;
        }
        Command::Select { name, or_create } => {
            check_free(context)?;
            if context.workspaces().exists(name) {
                context.workspaces().select(name)?;
                terminal::print(&format!("Switched to workspace \"{name}\".\n"));
            } else if *or_create {
                create(context, name)?;
            } else {
                return Err(context.workspaces().missing(name));
            }
        }
        Command::Delete(args) => delete(context, args)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn list(context: &Context, as_json: bool) -> Result<(), Failure> {
    let names = context.workspaces().names()?;
    let selected = |name: &String| *name == context.workspace;
    if as_json {
        let names: Vec<_> = names
            .iter()
            .map(|name| json!({ "name": name, "selected": selected(name) }))
            .collect();
        let list = json!({ "format_version": "1.0", "workspaces": names });
        terminal::print(&format!("{list:#}\n"));
        return Ok(());
    }
    for name in &names {
        let mark = if selected(name) { '*' } else { ' ' };
        terminal::print(&format!("{mark} {name}\n"));
    }
    Ok(())
}

/// What is selected can be changed only where the environment does not say it.
fn check_free(context: &Context) -> Result<(), Failure> {
    let Some(name) = context.environment.get(workspaces::VARIABLE) else {
        return Ok(());
    };
    Err(Failure::message(format!(
        "The workspace `{name}` is selected by {variable}, and stays selected as long as that is set.\n\nUnset {variable} to select another one here, or set it to that one's name.",
        variable = workspaces::VARIABLE
    )))
}

fn create(context: &Context, name: &str) -> Result<(), Failure> {
    context.workspaces().create(name)?;
    context.workspaces().select(name)?;
    terminal::print(&format!(
        "Created and switched to workspace \"{name}\"!\n\nIts state is empty and apart from those of other workspaces: `pipeform plan` here\nshows all that the configuration describes as new.\n"
    ));
    Ok(())
}

fn delete(context: &Context, args: &DeleteArgs) -> Result<(), Failure> {
    let name = &args.name;
    let patience = args.lock.patience()?;
    if name == DEFAULT {
        return Err(Failure::message(format!(
            "The workspace `{DEFAULT}` is always there, and cannot be deleted.\n\n`pipeform destroy` removes what is in it."
        )));
    }
    if !context.workspaces().exists(name) {
        return Err(context.workspaces().missing(name));
    }
    if *name == context.workspace {
        return Err(Failure::message(format!(
            "The workspace `{name}` is selected, and cannot be deleted from within.\n\nSelect another one first: `pipeform workspace select {DEFAULT}`."
        )));
    }
    let context = &context.in_workspace(name);
    let holder = Holder::this_process(context.who(), "workspace delete", context.clock.now());
    let lock = locking::lock(context, &holder, patience)?;
    let store = context.read_state()?;
    let objects = store.objects_at(store.head()?.serial)?.len();
    if objects > 0 && !args.force {
        return Err(Failure::message(format!(
            "The state of the workspace `{name}` has {objects} {}.\n\nRemove them with `pipeform destroy` there, or delete the workspace with --force: nothing will run them any more, and their history is lost.",
            if objects == 1 { "object" } else { "objects" }
        )));
    }
    let place = Store::place(&context.state_path()?, &holder)?;
    context.workspaces().remove(name)?;
    drop(place);
    drop(lock);
    terminal::print(&format!("Deleted workspace \"{name}\"!\n"));
    Ok(())
}
