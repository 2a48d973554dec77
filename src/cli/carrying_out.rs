//! Having what commands have decided carried out: by the runner that is there, or else here and at once.

use std::time::Duration;

use super::context::Context;
use super::errors::Failure;
use super::surroundings::surroundings;
use super::terminal;
use super::views::operation::Outcome;
use crate::runtime::Notice;
use crate::runtime::Observer;
use crate::runtime::Runner;
use crate::runtime::RuntimeError;
use crate::store::Holder;
use crate::store::RunnerLease;
use crate::store::Store;
use crate::store::StoreError;

/// How often, and for how long, a runner is waited for.
const POLL: Duration = Duration::from_millis(100);
const POLLS: u32 = 50;

/// What came of an order.
pub(super) struct Carried {
    /// How many instances it has changed, if that is known.
    pub(super) outcome: Outcome,
    /// Clusters that were to end, and could not be ended.
    pub(super) left: u64,
}

impl Carried {
    const fn of(outcome: Outcome) -> Self {
        Self { outcome, left: 0 }
    }
}

/// Has an order carried out: by the runner that is there, or here and now.
pub(super) fn carry_out(
    context: &Context,
    mut store: Store,
    id: u64,
    command: &'static str,
) -> Result<Carried, Failure> {
    let holder = Holder::this_process(context.who(), command, context.clock.now());
    for _ in 0..POLLS {
        match store.lock_runner(&holder) {
            Ok(lease) => {
                let path = context.state_path()?;
                let left = carry_out_here(context, store, lease)?;
                let changed = Store::read(&path)?.order_result(id)?;
                let outcome = changed.map_or(Outcome::LeftToRunner, Outcome::Done);
                return Ok(Carried { outcome, left });
            }
            Err(StoreError::Locked { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        if let Some(changed) = store.order_result(id)? {
            return Ok(Carried::of(Outcome::Done(changed)));
        }
        std::thread::sleep(POLL);
    }
    Ok(Carried::of(Outcome::LeftToRunner))
}

/// Ends the clusters that nothing needs any more, unless a runner is there, which does. Gives how many could not be ended.
pub(super) fn end_clusters(
    context: &Context,
    mut store: Store,
    command: &'static str,
) -> Result<u64, Failure> {
    let holder = Holder::this_process(context.who(), command, context.clock.now());
    match store.lock_runner(&holder) {
        Ok(lease) => carry_out_here(context, store, lease),
        Err(StoreError::Locked { .. }) => Ok(0),
        Err(error) => Err(error.into()),
    }
}

fn carry_out_here(context: &Context, store: Store, lease: RunnerLease) -> Result<u64, Failure> {
    // Nothing is started, so that nothing of the environment is needed.
    let options = surroundings(context);
    let clock = context.clock;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::message(format!("The runtime cannot start: {error}")))?;
    let result: Result<u64, RuntimeError> = runtime.block_on(Runner::carry_out(
        store,
        lease,
        clock,
        options,
        &mut Warnings,
    ));
    Ok(result?)
}

/// Tells warnings, and nothing else.
struct Warnings;

impl Observer for Warnings {
    fn notice(&mut self, notice: &Notice) {
        if let Notice::Warning(text) = notice {
            terminal::say(&format!("{text}\n"));
        }
    }
}
