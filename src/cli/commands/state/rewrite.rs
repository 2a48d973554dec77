//! What the commands share that change the state without a configuration: each is a plan whose target is made of what was
//! applied, and its apply.

use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::locking;
use crate::cli::locking::LockArgs;
use crate::cli::moving;
use crate::cli::planning;
use crate::cli::planning::Planned;
use crate::cli::target::Target;
use crate::objects::Objects;
use crate::store::Holder;
use crate::store::Store;

/// What is wanted, and how.
pub(super) struct Rewrite<'a> {
    pub(super) context: &'a Context,
    pub(super) lock: &'a LockArgs,
    pub(super) operation: &'static str,
    pub(super) dry_run: bool,
}

impl Rewrite<'_> {
    /// Plans, and, unless that is all, applies; `check` may refuse the plan.
    pub(super) fn run(
        &self,
        target: impl Fn(&Store, &Objects) -> Result<Target, Failure>,
        check: impl Fn(&Planned) -> Result<(), Failure>,
    ) -> Result<Planned, Failure> {
        let context = self.context;
        let patience = self.lock.patience()?;
        let plan = |store: &Store| {
            let planned = planning::plan(context, store, |prior| target(store, prior))?;
            check(&planned)?;
            Ok::<_, Failure>(planned)
        };
        // Nothing is created, not even for the lock, while it does not stand.
        let store = context.read_state()?;
        let mut planned = plan(&store)?;
        if self.dry_run || planned.plan.is_empty() {
            return Ok(planned);
        }
        let holder = Holder::this_process(context.who(), self.operation, context.clock.now());
        let lock = locking::lock(context, &holder, patience)?;
        let store = context.read_state()?;
        if store.head()?.serial != planned.plan.serial {
            planned = plan(&store)?;
        }
        let mut store = context.write_state()?;
        let mut apply = planned.apply(&store, context.who())?;
        self.operation.clone_into(&mut apply.operation);
        let lease = moving::keep_runners_out(&mut store, &apply.moves, &holder)?;
        let forgotten = moving::forgotten(&store, &apply.moves)?;
        store.apply(&lock, &apply)?;
        moving::take_logs_along(context, &apply.moves, &forgotten);
        drop(lease);
        drop(lock);
        Ok(planned)
    }
}
