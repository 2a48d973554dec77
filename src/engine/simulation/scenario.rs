//! Scenarios: what a seed stands for. A definition, limits, and moves that are made one after the other.
//!
//! Each move draws what it needs from its own number, and what becomes of an attempt follows from the seed and the attempt.
//! So a scenario with less in it goes the same way as far as it can, and can be made small.

use jiff::civil::Date;

use super::super::Definition;
use super::super::Limits;
use super::random::Random;
use super::units;

/// How many moves a seed has.
const MOVES: usize = 40;

/// A configuration, and what happens.
#[derive(Clone, Debug)]
pub(super) struct Scenario {
    pub(super) seed: u64,
    pub(super) first_day: Date,
    pub(super) definition: Definition,
    pub(super) limits: Limits,
    pub(super) moves: Vec<Move>,
}

/// One thing that happens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Move {
    pub(super) what: What,
    /// What it draws its choices from.
    pub(super) salt: u64,
    /// Whether the runner dies in the next step that is taken.
    pub(super) death: Option<Death>,
}

/// The kinds of moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// Time goes on to whatever happens next.
    Next,
    /// An attempt ends, perhaps not in the order in which they should, perhaps told twice.
    End,
    /// A check of preconditions ends.
    Check,
    /// Some attempts say that they go on.
    Heartbeat,
    /// A report comes late, twice, or about what was never asked for.
    Stale,
    /// Time goes on without anything.
    Sleep,
    /// The clock is set back.
    ClockBack,
    /// An operator gives something up, holds it, lets it go on, runs it again, counts it as done or back-fills it.
    Operate,
    /// An operator triggers something.
    Trigger,
    /// Somebody applies another definition beside the runner.
    Apply,
    /// An operator holds a unit or a pipeline, or lets it go on.
    Hold,
    /// Several of these are written before the runner finds them.
    Flurry,
    /// The runner dies, and the next one goes on.
    Crash,
    /// Another runner takes over while this one only sleeps.
    Usurp,
    /// The runner is asked to stop, and does.
    Stop,
    /// What has finished long ago is removed.
    Clean,
    /// A tick without reason.
    Tick,
}

/// When the runner dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Death {
    /// Before it commits what the engine has decided.
    BeforeCommit,
    /// While it does.
    InCommit,
    /// Before it does what is committed.
    AfterCommit,
    /// When that is done.
    AfterEffects,
}

impl Scenario {
    /// What a seed stands for.
    pub(super) fn of(seed: u64) -> Self {
        let mut random = Random(seed);
        let first_day = units::first_day(&mut random);
        let definition = units::definition(&mut random, first_day);
        let limits = Limits {
            parallelism: 1 + random.below(4),
            instances_ahead: 1 + random.below(6),
            horizon: None,
            fence: 0,
        };
        let moves = (0..MOVES).map(|_| any_move(&mut random)).collect();
        Self {
            seed,
            first_day,
            definition,
            limits,
            moves,
        }
    }
}

fn any_move(random: &mut Random) -> Move {
    let what = match random.below(100) {
        0..=37 => What::Next,
        38..=50 => What::End,
        51..=57 => What::Check,
        58..=60 => What::Heartbeat,
        61..=64 => What::Stale,
        65..=71 => What::Sleep,
        72..=73 => What::ClockBack,
        74..=77 => What::Operate,
        78..=80 => What::Trigger,
        81..=84 => What::Apply,
        85..=87 => What::Hold,
        88..=91 => What::Flurry,
        92..=93 => What::Clean,
        94..=95 => What::Crash,
        96..=97 => What::Usurp,
        98 => What::Stop,
        _ => What::Tick,
    };
    let deaths = [
        Death::BeforeCommit,
        Death::InCommit,
        Death::AfterCommit,
        Death::AfterEffects,
    ];
    let death = random.percent(8).then(|| deaths[random.below(4)]);
    Move {
        what,
        salt: random.next(),
        death,
    }
}
