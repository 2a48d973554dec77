//! Deterministic simulation: a seed is a random configuration and everything that goes wrong around it. Failures, lost
//! heartbeats, reports that come twice, late and in another order, crashes around every commit, runners that were superseded,
//! clocks that jump, applies and operators beside the runner. After every step an oracle that was written a second time,
//! in the plainest way, says what must hold.
//!
//! `PIPEFORM_SEEDS=n` tries more seeds (`make sim SEEDS=n`, optimised), `PIPEFORM_FIRST_SEED=n` those from another one on
//! (`FIRST=n`), `PIPEFORM_SEED=n` one. A seed that fails is made
//! small and printed as a story. What is durable is a table in memory here; `store` runs the same with its own database.

mod disk;
mod due;
mod inputs;
mod limits;
mod listed;
mod operator;
mod oracle;
mod orders;
mod random;
mod rebuilt;
mod rules;
mod runner;
mod scenario;
mod story;
mod tests;
mod units;
mod wishes;
mod world;

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;

pub(crate) use disk::Disk;
pub(crate) use disk::Memory;
pub(crate) use disk::Opinion;
pub(crate) use disk::RETAIN;
pub(crate) use disk::Tables;
pub(crate) use random::Random;
pub(crate) use rules::Finding;
pub(crate) use rules::Rule;
pub(crate) use story::of_seed as story_of_seed;
pub(crate) use world::Tally;

use super::faults::Fault;
use scenario::Scenario;
use world::Story;
use world::World;

/// A mistake that is made on purpose, so that it can be seen that simulation finds such.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Planted {
    /// One of the engine.
    Engine(Fault),
    /// A runner that starts is not told what has finished, and up to when instances were made.
    ForgetsWhatHasFinished,
    /// The store says that a commit is durable, and it is not.
    LosesCommits,
    /// The store takes what a runner commits that was superseded.
    IgnoresFences,
}

impl Planted {
    /// All of them, each with the rule that it breaks.
    pub(crate) const ALL: [(Self, Rule); 8] = [
        (
            Self::Engine(Fault::ForgetsWhatIsDue),
            Rule::NothingForgotten,
        ),
        (Self::Engine(Fault::StartsBeforeInputs), Rule::InputsFirst),
        (Self::Engine(Fault::TakesLateReports), Rule::OneLease),
        (Self::IgnoresFences, Rule::OneLease),
        (Self::ForgetsWhatHasFinished, Rule::FinishedOnce),
        (Self::Engine(Fault::ExceedsLimits), Rule::LimitsHold),
        (Self::LosesCommits, Rule::StoreIsLog),
        (Self::Engine(Fault::OvertakesOrders), Rule::InTurn),
    ];

    fn in_engine(self) -> Option<Fault> {
        match self {
            Self::Engine(fault) => Some(fault),
            _ => None,
        }
    }
}

/// How a scenario has failed.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// The rule that broke.
    pub(crate) finding: Finding,
    /// In which move; `None`: in the calm after them.
    in_move: Option<usize>,
}

/// Runs a scenario, and tells its story if one is wanted.
fn run<D: Disk>(
    scenario: &Scenario,
    planted: Option<Planted>,
    story: Story,
) -> (Result<Tally, Failure>, Story) {
    let mut world: World<D> = World::new(scenario, planted, story);
    let mut at = Some(0);
    let mut drive = || {
        world.begin()?;
        for (index, part) in scenario.moves.iter().enumerate() {
            at = Some(index);
            world.play(part)?;
        }
        at = None;
        world.settle()
    };
    let result = catch_unwind(AssertUnwindSafe(&mut drive)).unwrap_or_else(|broke| {
        let said = broke.downcast_ref::<String>().cloned();
        let said = said.or_else(|| broke.downcast_ref::<&str>().map(|said| (*said).to_owned()));
        Err(Finding {
            rule: Rule::Legal,
            what: format!("something broke off: {}", said.unwrap_or_default()),
        })
    });
    let tally = world.tally;
    let result = result.map(|()| tally).map_err(|finding| Failure {
        finding,
        in_move: at,
    });
    (result, world.story)
}

/// What has happened in the end by a seed, if the records of what has finished long ago are removed, or if they stay. `None`: a
/// rule broke, or an operator has asked for what was removed once more, which begins as a new one does.
fn outcome(seed: u64, cleans: bool) -> Option<Tables> {
    let scenario = Scenario::of(seed);
    let mut world: World<Memory> = World::new(&scenario, None, None);
    world.cleans = cleans;
    world.begin().ok()?;
    for part in &scenario.moves {
        world.play(part).ok()?;
    }
    world.settle().ok()?;
    let oracle = world.oracle;
    (!oracle.missed).then_some(Tables {
        attempts: BTreeMap::new(),
        ..oracle.log
    })
}

/// What a seed comes to.
pub(crate) fn run_seed<D: Disk>(seed: u64, planted: Option<Planted>) -> Result<Tally, Failure> {
    run::<D>(&Scenario::of(seed), planted, None).0
}

/// The first seed that is tried, if others than those from zero on are wanted.
pub(crate) fn first_seed() -> u64 {
    knob("PIPEFORM_FIRST_SEED").unwrap_or(0)
}

/// Seeds that fail, and what all of them came to. All processors share the work.
pub(crate) fn explore<D: Disk>(seeds: u64) -> (Tally, Vec<u64>) {
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let explore = |first: usize| {
        let mut tally = Tally::default();
        let mut failing = Vec::new();
        let from = first_seed();
        let first = from + u64::try_from(first).unwrap();
        for seed in (first..from + seeds).step_by(workers) {
            match run_seed::<D>(seed, None) {
                Ok(run) => tally.add(run),
                Err(_) => failing.push(seed),
            }
        }
        (tally, failing)
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..workers)
            .map(|first| scope.spawn(move || explore(first)))
            .collect();
        let mut all = (Tally::default(), Vec::new());
        for thread in threads {
            let (tally, failing) = thread.join().unwrap();
            all.0.add(tally);
            all.1.extend(failing);
        }
        all.1.sort_unstable();
        all
    })
}

/// A number from the environment.
#[expect(clippy::disallowed_methods, reason = "a knob of these tests")]
pub(crate) fn knob(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}
