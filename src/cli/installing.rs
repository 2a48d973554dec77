//! What `init` and `get` share: installing the modules of the root module, and saying so.

use super::context::Context;
use super::context::Style;
use super::errors::Failure;
use super::terminal;
use crate::diag::Diagnostics;
use crate::diag::Sources;
use crate::fetch;
use crate::fetch::Checkouts;
use crate::fetch::Event;
use crate::fetch::Folder;
use crate::fetch::Installed;
use crate::fetch::Installer;
use crate::fetch::Loader;
use crate::fetch::Options;
use crate::lang::module::ModuleTree;
use crate::objects::Blocks;

/// Lines that say where modules are; of more, the rest is counted.
const LISTED: usize = 1_000;

/// Whether the directory has configuration files.
pub(super) fn has_configuration(context: &Context) -> Result<bool, Failure> {
    let names = names(context)?;
    Ok(fetch::is_module(&names))
}

/// Installs what is missing, prints where each module is, and writes the lock file.
pub(super) fn install(context: &Context, options: Options) -> Result<(), Failure> {
    let mut sources = Sources::default();
    let mut diagnostics = Diagnostics::new();
    let mut watch = |event: Event| terminal::print(&line(&event));
    let mut installer = Installer::new(
        &context.directory,
        options,
        &mut watch,
        &mut sources,
        &mut diagnostics,
    );
    if diagnostics.has_errors() {
        return Err(Failure::Findings(Box::new((diagnostics, sources))));
    }
    let tree = load(context, &mut installer, sources, diagnostics)?;
    installer
        .finish()
        .map_err(|error| Failure::message(error.to_string()))?;
    terminal::print(&list(&tree));
    Ok(())
}

/// Checks that all modules are installed.
pub(super) fn check(context: &Context) -> Result<(), Failure> {
    let mut installed = Installed::new(&context.directory);
    load(
        context,
        &mut installed,
        Sources::default(),
        Diagnostics::new(),
    )
    .map(drop)
}

fn names(context: &Context) -> Result<Vec<String>, Failure> {
    Folder::root(&context.directory).names().map_err(|error| {
        Failure::message(format!(
            "The directory `{}` cannot be read: {error}",
            context.directory.display()
        ))
    })
}

fn load(
    context: &Context,
    checkouts: &mut dyn Checkouts,
    mut sources: Sources,
    mut diagnostics: Diagnostics,
) -> Result<ModuleTree, Failure> {
    let tree = Loader {
        root: &context.directory,
        grammar: &Blocks,
        checkouts,
        sources: &mut sources,
        diagnostics: &mut diagnostics,
    }
    .load(&Folder::root(&context.directory), &names(context)?);
    if diagnostics.has_errors() {
        return Err(Failure::Findings(Box::new((diagnostics, sources))));
    }
    if !diagnostics.is_empty() {
        let look = Style::of_stderr().look;
        terminal::say(&crate::diag::render(
            &diagnostics,
            &sources,
            look.color,
            look.width,
        ));
    }
    Ok(tree)
}

fn line(event: &Event) -> String {
    match event {
        Event::Downloading { source, call } => format!("Downloading {source} for {call}...\n"),
        Event::Changed { directory } => {
            format!("The files in {directory} are not those of the lock file.\n")
        }
        Event::Rehashed { source, commit } => {
            format!("{source}: the files of {commit} have another hash than the lock file named\n")
        }
        Event::Moved { source, from, to } => format!("{source}: {from} -> {to}\n"),
    }
}

/// A line for each module: its call, and its directory.
fn list(tree: &ModuleTree) -> String {
    let mut lines = Vec::new();
    let mut more = 0_u64;
    collect(tree, "", &mut lines, &mut more);
    let mut text = lines.concat();
    if more > 0 {
        text.extend(["And ", &more.to_string(), " more.\n"]);
    }
    text
}

fn collect(tree: &ModuleTree, prefix: &str, lines: &mut Vec<String>, more: &mut u64) {
    for (name, child) in &tree.children {
        let path = format!("{prefix}{name}");
        if lines.len() < LISTED {
            lines.push(format!("- {path} in {}\n", child.module.path.display()));
        } else {
            *more += 1;
        }
        collect(child, &format!("{path}."), lines, more);
    }
}
