//! Applying moves: nobody may work with the old addresses meanwhile, which a plan foresees, and logs go along.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::context::Context;
use super::errors::Failure;
use super::terminal;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::engine::InstanceKey;
use crate::objects::Address;
use crate::objects::moves::Step;
use crate::runtime::move_logs;
use crate::runtime::remove_logs;
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
        StoreError::Locked { holder, .. } => Obstacle::runner(&holder).into(),
        error => Failure::from(error),
    })?;
    match Obstacle::attempt(store, moves)? {
        None => Ok(Some(lease)),
        Some(obstacle) => Err(obstacle.into()),
    }
}

/// What would keep an apply from moving objects if it were made now. `moves` is asked for only where something runs.
pub(super) fn warnings(
    (context, store): (&Context, &Store),
    moves: impl FnOnce() -> Result<BTreeMap<Address, Address>, Failure>,
) -> Result<Diagnostics, Failure> {
    let runner = Store::runner(&context.state_path()?);
    if runner.is_none() && store.running_attempts()?.is_empty() {
        return Ok(Diagnostics::new());
    }
    let moves = moves()?;
    let obstacle = match runner {
        _ if moves.is_empty() => None,
        Some(runner) => Some(Obstacle::runner(&format!(" by {runner}"))),
        None => Obstacle::attempt(store, &moves)?,
    };
    let warning = obstacle.map(|Obstacle { what, advice }| {
        let detail = format!("{what} As long as that is so, an apply is refused.");
        Diagnostic::warning("Moves have to wait", detail).help(advice)
    });
    Ok(warning.map(Diagnostics::from).unwrap_or_default())
}

/// What keeps objects from moving, and what to do about it.
struct Obstacle {
    what: String,
    advice: &'static str,
}

impl Obstacle {
    /// A runner at work; `by` which one, if that is known.
    fn runner(by: &str) -> Self {
        Self {
            what: format!(
                "Objects cannot move to other addresses while this state is being run{by}."
            ),
            advice: "Apply when it is done. One that keeps running, with --watch or --wait, is stopped with Ctrl-C; start it again after the apply.",
        }
    }

    /// An attempt that a runner has left under way: of what moves, or of what had the new address.
    fn attempt(
        store: &Store,
        moves: &BTreeMap<Address, Address>,
    ) -> Result<Option<Self>, StoreError> {
        for (attempt, _) in store.running_attempts()? {
            let object = &attempt.instance.object;
            if let Some(new) = moves.get(object) {
                return Ok(Some(Self {
                    what: format!(
                        "`{object}` cannot move to `{new}`: a runner that is gone has left an attempt of it under way."
                    ),
                    advice: "`pipeform run` cleans up after it and tries again; apply after that.",
                }));
            }
            if let Some((old, _)) = moves.iter().find(|(_, new)| *new == object) {
                return Ok(Some(Self {
                    what: format!(
                        "`{old}` cannot move to `{object}`: a runner that is gone has left an attempt of what had this address under way."
                    ),
                    advice: "`pipeform run` cleans up after it; apply after that.",
                }));
            }
        }
        Ok(None)
    }
}

impl From<Obstacle> for Failure {
    fn from(Obstacle { what, advice }: Obstacle) -> Self {
        Self::message(format!("{what}\n\n{advice}"))
    }
}

/// What has not finished of objects that are gone and whose addresses others get: an apply forgets it.
pub(super) fn forgotten(
    store: &Store,
    moves: &BTreeMap<Address, Address>,
) -> Result<Vec<InstanceKey>, Failure> {
    if moves.is_empty() {
        return Ok(Vec::new());
    }
    let new = moves.values();
    let taken: BTreeSet<&Address> = new.filter(|new| !moves.contains_key(*new)).collect();
    let unfinished = store.unfinished_instances()?.into_iter();
    Ok(unfinished
        .map(|instance| instance.key)
        .filter(|key| taken.contains(&key.object))
        .collect())
}

/// Takes the logs of moved objects along. Those of `forgotten` instances go: what is moved has attempts of the same numbers. That
/// logs are where they were is said, and no failure of the apply.
pub(super) fn take_logs_along(
    context: &Context,
    moves: &BTreeMap<Address, Address>,
    forgotten: &[InstanceKey],
) {
    let logs = context.logs();
    for key in forgotten {
        if let Err(error) = remove_logs(&logs, key) {
            terminal::say(&format!(
                "Warning: logs of what was {} before could not be removed: {error}\n",
                key.object
            ));
        }
    }
    for (from, to) in room_first(moves) {
        if let Err(error) = move_logs(&logs, from, to) {
            terminal::say(&format!(
                "Warning: the logs of {from} could not be moved to where those of {to} are kept: {error}\n"
            ));
        }
    }
}

/// Moves in an order in which what goes to the place of another comes after that has gone. Of a ring one goes first.
fn room_first(moves: &BTreeMap<Address, Address>) -> Vec<(&Address, &Address)> {
    let mut open: BTreeMap<&Address, &Address> = moves.iter().collect();
    let mut order = Vec::new();
    loop {
        let free = open.iter().find(|(_, to)| !open.contains_key(*to));
        let Some((from, to)) = free.or_else(|| open.iter().next()) else {
            return order;
        };
        let step = (*from, *to);
        open.remove(step.0);
        order.push(step);
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;

    use super::Obstacle;
    use super::forgotten;
    use super::room_first;
    use crate::engine::Attempt;
    use crate::engine::Change;
    use crate::engine::Instance;
    use crate::engine::InstanceKey;
    use crate::engine::Status;
    use crate::objects::Address;
    use crate::store::Holder;
    use crate::store::Store;
    use crate::time::Interval;

    #[test]
    fn what_makes_room_moves_first() {
        let order = |moves: &[(&str, &str)]| {
            let moves = moves.iter();
            let moves = moves.map(|(from, to)| (Address::new(*from), Address::new(*to)));
            let moves: BTreeMap<Address, Address> = moves.collect();
            let order = room_first(&moves).into_iter();
            let order = order.map(|(from, to)| format!("{from}{to}"));
            order.collect::<Vec<String>>().join(" ")
        };
        assert_eq!(order(&[("a", "b"), ("b", "c"), ("x", "a")]), "bc ab xa");
        assert_eq!(order(&[("a", "b"), ("b", "a")]).len(), 5, "a ring, too");
    }

    #[test]
    fn what_has_not_finished_at_an_address_that_is_taken_is_forgotten() {
        let directory = tempfile::tempdir().unwrap();
        let mut store = Store::open(&directory.path().join("state.db")).unwrap();
        let holder = Holder::this_process("maria@laptop".to_owned(), "run", Timestamp::UNIX_EPOCH);
        let lease = store.lock_runner(&holder).unwrap();
        let key = |name: &str, second: i64| InstanceKey {
            object: Address::new(name),
            interval: Interval::moment(Timestamp::from_second(second).unwrap()),
        };
        let instance = |name: &str, second: i64, status| {
            Change::Instance(Instance {
                status,
                ..Instance::new(key(name, second))
            })
        };
        let changes = [
            instance("a", 1, Status::Failed),
            instance("b", 1, Status::Failed),
            instance("c", 1, Status::Finished),
            instance("c", 2, Status::Failed),
            instance("d", 1, Status::Failed),
        ];
        store.commit(&lease, &changes).unwrap();
        let moves: BTreeMap<Address, Address> = [("a", "b"), ("b", "c")]
            .map(|(old, new)| (Address::new(old), Address::new(new)))
            .into();
        let found = forgotten(&store, &moves);
        assert_eq!(found.ok(), Some(vec![key("c", 2)]));
    }

    #[test]
    fn what_an_attempt_is_under_way_of_does_not_move_nor_does_anything_take_its_address() {
        let directory = tempfile::tempdir().unwrap();
        let mut store = Store::open(&directory.path().join("state.db")).unwrap();
        let holder = Holder::this_process("maria@laptop".to_owned(), "run", Timestamp::UNIX_EPOCH);
        let lease = store.lock_runner(&holder).unwrap();
        let instance = InstanceKey {
            object: Address::new("a"),
            interval: Interval::moment(Timestamp::UNIX_EPOCH),
        };
        let attempt = Attempt {
            instance: instance.clone(),
            number: 1,
            status: Status::Running,
            started_at: Timestamp::UNIX_EPOCH,
            ended_at: None,
            error: None,
            fence: lease.fence(),
        };
        let changes = [
            Change::Instance(Instance::new(instance)),
            Change::Attempt(attempt),
        ];
        store.commit(&lease, &changes).unwrap();
        for (old, new, expected) in [
            ("a", "b", Some("`a` cannot move to `b`: ")),
            ("b", "a", Some("`b` cannot move to `a`: ")),
            ("b", "c", None),
        ] {
            let moves = [(Address::new(old), Address::new(new))].into();
            let obstacle = Obstacle::attempt(&store, &moves).unwrap();
            let what = obstacle.map(|obstacle| obstacle.what);
            assert_eq!(what.is_some(), expected.is_some(), "{old} {new}");
            assert!(
                what.unwrap_or_default()
                    .starts_with(expected.unwrap_or_default())
            );
        }
    }
}
