//! Applying moves: nobody may work with the old addresses meanwhile, and logs go along.

use std::collections::BTreeMap;

use super::context::Context;
use super::errors::Failure;
use super::terminal;
use crate::diag::Diagnostic;
use crate::objects::Address;
use crate::objects::moves::Step;
use crate::runtime::move_logs;
use crate::store::Holder;
use crate::store::RunnerLease;
use crate::store::Store;
use crate::store::StoreError;

/// Keeps runners out while objects get other addresses: they know them by the old ones. `None`: nothing moves.
pub(super) fn keep_runners_out(
    store: &mut Store,
    moves: &BTreeMap<Address, Address>,
    holder: &Holder,
) -> Result<Option<RunnerLease>, Failure> {
    if moves.is_empty() {
        return Ok(None);
    }
    let lease = store.lock_runner(holder).map_err(|error| match error {
        StoreError::Locked { holder, .. } => Failure::message(format!(
            "Objects cannot move to other addresses while this state is being run{holder}.\n\nApply again when it is done. One that keeps running, with --watch or --wait, is stopped with Ctrl-C; start it again after the apply."
        )),
        error => error.into(),
    })?;
    for (attempt, _) in store.running_attempts()? {
        let object = &attempt.instance.object;
        if let Some(new) = moves.get(object) {
            return Err(Failure::message(format!(
                "`{object}` cannot move to `{new}`: a runner that is gone has left an attempt of it under way.\n\n`pipeform run` cleans up after it and tries again; apply after that."
            )));
        }
        if let Some((old, _)) = moves.iter().find(|(_, new)| *new == object) {
            return Err(Failure::message(format!(
                "`{old}` cannot move to `{object}`: a runner that is gone has left an attempt of what had this address under way.\n\n`pipeform run` cleans up after it; apply after that."
            )));
        }
    }
    Ok(Some(lease))
}

/// Takes the logs of moved objects along. That they are where they were is said, and no failure of the apply.
pub(super) fn take_logs_along(context: &Context, moves: &BTreeMap<Address, Address>) {
    let logs = context.logs();
    for (from, to) in moves {
        if let Err(error) = move_logs(&logs, from, to) {
            terminal::say(&format!(
                "Warning: the logs of {from} could not be moved to where those of {to} are kept: {error}\n"
            ));
        }
    }
}

/// What there is to say about moves that were not made.
pub(super) fn blocked(steps: &[Step]) -> Option<Diagnostic> {
    if steps.is_empty() {
        return None;
    }
    let lines: Vec<String> = steps
        .iter()
        .map(|step| format!("  {} could not move to {}", step.from, step.to))
        .collect();
    let detail = format!(
        "`moved` blocks say that objects have become others, but at these addresses there is an object in the state already:\n{}\nWhat could not move is treated as if there were no `moved` block: if nothing configures it any more, it is destroyed.",
        lines.join("\n")
    );
    Some(Diagnostic::warning("Address taken", detail))
}
