//! `pipeform force-unlock`.

use std::process::ExitCode;

use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::store::Store;

/// Say who holds the state lock; a lock of this version ends with its process, and cannot be broken
///
/// The state lies in a local file, and its lock is one of the operating system. It is never left behind by a process that has ended, so
/// that there is nothing to unlock but to end the process that holds it.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// The lock, as in Terraform: here the number of the process that is said to hold it
    lock_id: String,

    /// Accepted as in Terraform: nobody is asked anyway
    #[arg(long = "force")]
    _force: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<ExitCode, Failure> {
    if args.lock_id.parse::<u32>().is_err() {
        return Err(Failure::message(format!(
            "`{}` is no lock: here it is the number of the process that holds it, as the message says that the state is locked.",
            args.lock_id
        )));
    }
    match Store::state_holder(&context.state_path()?)? {
        None => Err(Failure::message(
            "Failed to unlock state: it is not locked. The lock of a process that has ended is gone with it, so that there is nothing to do.",
        )),
        Some(None) => Err(Failure::message(
            "The state is locked by a process that does not say which it is, and a lock of the operating system cannot be broken.\n\nWait until that process has ended.",
        )),
        Some(Some(holder)) => {
            if args.lock_id != holder.process.to_string() {
                return Err(Failure::message(format!(
                    "The state is not locked by {}, but by process {}: {} ({}), since {}.",
                    args.lock_id, holder.process, holder.who, holder.operation, holder.since
                )));
            }
            Err(Failure::message(format!(
                "The state is locked by {} ({}, process {}) since {}, and a lock of the operating system cannot be broken.\n\nWait until that is done, or end the process: an apply is one transaction, and leaves nothing half done.",
                holder.who, holder.operation, holder.process, holder.since
            )))
        }
    }
}
