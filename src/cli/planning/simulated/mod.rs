//! Plans against what happens: random changes of random configurations are planned, applied and run in a state in memory, and each
//! instance that is made, passed over, canceled or held is one that the plan has told of.
//!
//! `PIPEFORM_CHANGES` says how many changes (else a tenth of `PIPEFORM_SEEDS`); `PIPEFORM_SEED` repeats one configuration and its
//! changes.

mod expected;
mod world;

use std::ops::AddAssign;

use expected::Expected;
use world::World;

use crate::engine::simulation::knob;

/// How many changes are tried where nothing else is said.
const CHANGES: u64 = 200;

/// Of so many seeds of the engine there is one change.
const ONE_IN: u64 = 10;

/// So many changes one configuration goes through.
const EACH: u64 = 10;

/// What plans have said, in all.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    changes: u64,
    backfilled: u64,
    due: u64,
    dropped: u64,
    canceled: u64,
    held: u64,
    /// Runs of later times that were told one by one.
    upcoming: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.changes += other.changes;
        self.backfilled += other.backfilled;
        self.due += other.due;
        self.dropped += other.dropped;
        self.canceled += other.canceled;
        self.held += other.held;
        self.upcoming += other.upcoming;
    }
}

/// What comes of the changes of a seed: an account of the first that a plan tells wrongly.
fn changes_of(seed: u64) -> Result<Tally, String> {
    let mut world = World::new(seed);
    let mut tally = Tally::default();
    for number in 0..EACH {
        world.change();
        let wrong = |what: String, world: &World| {
            format!(
                "seed {seed}, change {number}: {what}\n\n{}",
                world.account()
            )
        };
        let planned = world.plan();
        let before = world.happened();
        let expected = Expected::of(&planned, &before, world.now);
        world.apply(&planned);
        world.run();
        let after = world.happened();
        tally += expected
            .check(&before, &after)
            .map_err(|what| wrong(what, &world))?;
        let again = world.plan();
        if !again.plan.is_empty() {
            return Err(wrong("the same once more is a change".to_owned(), &world));
        }
        let later = world.later(&planned);
        world.run();
        let later = later.check(&after, &world.happened());
        tally.upcoming += later.map_err(|what| wrong(what, &world))?;
        tally.changes += 1;
    }
    Ok(tally)
}

#[test]
fn what_happens_is_what_plans_say() {
    if let Some(seed) = knob("PIPEFORM_SEED") {
        println!(
            "{:?}",
            changes_of(seed).unwrap_or_else(|found| panic!("{found}"))
        );
        return;
    }
    let changes = knob("PIPEFORM_CHANGES")
        .or_else(|| Some(knob("PIPEFORM_SEEDS")?.div_ceil(ONE_IN)))
        .unwrap_or(CHANGES);
    let mut tally = Tally::default();
    let mut failing = Vec::new();
    for seed in 0..changes.div_ceil(EACH) {
        match changes_of(seed) {
            Ok(seen) => tally += seen,
            Err(found) => failing.push((seed, found)),
        }
    }
    println!("{} seeds told wrongly: {tally:?}", failing.len());
    if let Some((_, found)) = failing.first() {
        let seeds: Vec<u64> = failing.iter().map(|(seed, _)| *seed).take(10).collect();
        panic!("{} seeds: {seeds:?}\n\n{found}", failing.len());
    }
    let seen = [
        tally.backfilled,
        tally.due,
        tally.dropped,
        tally.canceled,
        tally.held,
        tally.upcoming,
    ];
    assert!(
        seen.iter().all(|seen| *seen >= changes / 500),
        "hardly tried: {tally:?}"
    );
}
