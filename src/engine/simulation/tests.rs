//! The seeds that are tried, and the proof that trying them finds mistakes.

use super::Failure;
use super::Memory;
use super::Planted;
use super::Rule;
use super::explore;
use super::first_seed;
use super::knob;
use super::outcome;
use super::run_seed;
use super::story_of_seed;

/// How many seeds are tried where nothing else is said; CI tries more.
const SEEDS: u64 = 1_000;

#[test]
fn the_rules_hold_whatever_happens() {
    if let Some(seed) = knob("PIPEFORM_SEED") {
        println!("{:?}", run_seed::<Memory>(seed, None));
        let story = story_of_seed::<Memory>(seed, None);
        assert!(story.contains("breaks no rule"), "\n{story}");
        return;
    }
    let seeds = knob("PIPEFORM_SEEDS").unwrap_or(SEEDS);
    let (tally, failing) = explore::<Memory>(seeds);
    println!(
        "{seeds} seeds from {}, {} with a finding: {tally:?}",
        first_seed(),
        failing.len()
    );
    if let Some(first) = failing.first() {
        let story = story_of_seed::<Memory>(*first, None);
        let few: Vec<&u64> = failing.iter().take(10).collect();
        panic!("{} seeds fail: {few:?}\n\n{story}", failing.len());
    }
    assert!(tally.finished > tally.stuck, "{tally:?}");
    let happened = [
        tally.failed,
        tally.cascade_failed,
        tally.canceled,
        tally.timed_out,
        tally.lost,
        tally.crashes,
        tally.applies,
        tally.refused,
        tally.rerun,
        tally.paused,
        tally.dropped,
        tally.orders,
        tally.stretches,
        tally.holds,
        tally.removed,
    ];
    let least = usize::try_from(seeds / 100).unwrap();
    for happened in happened {
        assert!(happened >= least, "hardly tried: {tally:?}");
    }
}

#[test]
fn nobody_misses_what_is_removed() {
    let mut compared = 0;
    for seed in 0..SEEDS / 2 {
        if let Some(removed) = outcome(seed, true) {
            assert_eq!(Some(removed), outcome(seed, false), "seed {seed}");
            compared += 1;
        }
    }
    assert!(compared > SEEDS / 4, "{compared} seeds can be compared");
}

/// The first seed of a thousand in which a planted fault breaks a rule.
fn first_finding(planted: Planted, rule: Rule) -> Option<(u64, Failure)> {
    (0..1_000).find_map(|seed| {
        let failure = run_seed::<Memory>(seed, Some(planted)).err()?;
        (failure.finding.rule == rule).then_some((seed, failure))
    })
}

#[test]
fn each_planted_fault_is_found_within_a_thousand_seeds() {
    for (planted, rule) in Planted::ALL {
        let found = first_finding(planted, rule);
        let (seed, failure) = found.unwrap_or_else(|| panic!("{planted:?} is not found"));
        println!(
            "{planted:?}: seed {seed}: {}: {}",
            rule.says(),
            failure.finding.what
        );
    }
}
