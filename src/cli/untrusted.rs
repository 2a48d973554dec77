//! `--untrusted`: planning what a stranger has written, e.g. in a pull request.
//!
//! Around the root module's directory there is a [`Fence`], which the readers of files keep to. What else could bring something of this
//! machine into a plan is not there: no variables of the environment, no home directory, no command that is run, `git` among them.

use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

use super::context::Context;
use super::errors::Failure;
use crate::fetch::Fence;

/// Options of commands that may be used on what is not trusted.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct UntrustedArgs {
    /// Treat the configuration as written by a stranger: nothing is read outside of the root module's directory, nothing of the environment, and nothing is run or fetched
    #[arg(long)]
    untrusted: bool,
}

impl UntrustedArgs {
    /// Puts up the fence.
    pub(crate) fn enter(&self, context: &mut Context) -> Result<(), Failure> {
        if !self.untrusted {
            return Ok(());
        }
        let fence = Fence::around(&context.directory).map_err(|error| {
            let directory = context.directory.display();
            Failure::message(format!(
                "The directory `{directory}` cannot be read: {error}"
            ))
        })?;
        let data = context.data_directory();
        // A place that is named elsewhere is the operator's; one in the directory may be a link by the stranger.
        if data.starts_with(&context.directory) {
            for path in [data.join("workspace"), context.database()] {
                check(&fence, &path, context)?;
            }
        }
        context.fence = Some(fence);
        Ok(())
    }
}

fn check(fence: &Fence, path: &Path, context: &Context) -> Result<(), Failure> {
    let shown = path.strip_prefix(&context.directory).unwrap_or(path);
    fence.inside(path).map(drop).map_err(|error| {
        Failure::message(format!(
            "The state `{}` is not read: {error}.\n\nKeep the state apart from what is not trusted, and name it with `PIPEFORM_DATA_DIR`.",
            shown.display()
        ))
    })
}

/// Refuses policies that a stranger may have written. `directories`: where they are.
pub(crate) fn check_policies(context: &Context, directories: &[PathBuf]) -> Result<(), Failure> {
    let Some(fence) = &context.fence else {
        return Ok(());
    };
    let theirs = |directory: &&PathBuf| {
        let place = lexical(&context.directory.join(directory));
        place.starts_with(&context.directory) || fence.inside(directory).is_ok()
    };
    match directories.iter().find(theirs) {
        None => Ok(()),
        Some(directory) => Err(Failure::message(format!(
            "--policy-dir: `{}` lies in the directory that is not trusted: whoever wrote the configuration may have written the policies, too.\n\nTake policies from a checkout of your own, e.g. of the branch that is merged into.",
            directory.display()
        ))),
    }
}

/// A path without `.` and `..`, whatever links there are.
fn lexical(path: &Path) -> PathBuf {
    let mut found = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(found.pop()),
            part => found.push(part),
        }
    }
    found
}
