//! Plans: what a change of the configuration does to the definitions and to the runs.
//!
//! Pure: [`diff`] compares what is configured with what was applied, [`effects`] computes by arithmetic what that does
//! to the runs. Nothing here does I/O or reads a clock; the views in `cli` print a [`Plan`], `store` applies its changes.

mod affected;
pub mod alignment;
pub mod budget;
mod calendar;
mod change;
pub mod clusters;
mod compare;
mod copies;
mod counting;
mod diff;
pub mod effects;
pub mod estimates;
mod folds;
pub mod holes;
pub mod impact;
pub mod in_flight;
mod inherited;
mod moves;
mod places;
pub mod preview;
mod protect;
mod renamed;
pub mod saved;
pub mod stretches;
pub mod succession;
mod targeting;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
pub mod totals;
mod twice;
mod unguarded;
pub mod upcoming;

use jiff::Timestamp;

use crate::engine::Paused;
use crate::objects::Address;

pub use affected::Affected;
pub use alignment::alignments;
pub use change::Action;
pub use change::AttributeChange;
pub use change::Change;
pub use change::ChangeKind;
pub use change::OutputChange;
pub use change::Reason;
pub use compare::same_value;
pub use diff::LIFECYCLE;
pub use diff::beside;
pub use diff::diff;
pub use diff::diff_outputs;
pub use diff::forget;
pub use diff::keys;
pub use diff::without_keys;
pub use effects::Effects;
pub use moves::Relocation;
pub use protect::protected;
pub use renamed::Renamed;
pub use renamed::renamed;
pub use targeting::Part;
pub use unguarded::unguarded;

/// What an apply would do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The changes of objects, by address. Objects that stay as they are have none.
    pub changes: Vec<Change>,
    /// All outputs, also those that stay.
    pub output_changes: Vec<OutputChange>,
    /// What it does to the runs.
    pub effects: Effects,
    /// What operators hold.
    pub held: Vec<Held>,
    /// The serial of the state that was compared with.
    pub serial: u64,
    /// The lineage of that state; empty when there is none yet.
    pub lineage: String,
    /// The moment for which due runs were counted.
    pub at: Timestamp,
}

/// An object that an operator has paused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Which.
    pub address: Address,
    /// By whom and since when.
    pub paused: Paused,
    /// Whether the configuration says that it is active, or not, so that an apply ends the pause.
    pub lifted: bool,
}

/// How many objects are created, updated and deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Created.
    pub add: usize,
    /// Updated in-place.
    pub change: usize,
    /// Deleted.
    pub destroy: usize,
    /// Only forgotten.
    pub forget: usize,
}

impl Plan {
    /// Whether the definitions and outputs stay as they are. Runs that became due are no change.
    pub fn is_empty(&self) -> bool {
        let lifts = self.held.iter().any(|held| held.lifted);
        let reruns = !self.effects.reruns.is_empty();
        self.changes.is_empty() && !self.changes_outputs() && !lifts && !reruns
    }

    /// Whether any output changes.
    pub fn changes_outputs(&self) -> bool {
        self.output_changes
            .iter()
            .any(|output| output.action != Action::NoOp)
    }

    /// How many objects are created, updated and deleted.
    pub fn counts(&self) -> Counts {
        let count = |action| {
            let same = self.changes.iter().filter(|change| change.action == action);
            same.count()
        };
        Counts {
            add: count(Action::Create),
            change: count(Action::Update),
            destroy: count(Action::Delete),
            forget: count(Action::Forget),
        }
    }
}
