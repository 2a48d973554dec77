//! How to run, and what a run comes to.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::SignedDuration;
use jiff::Timestamp;

use crate::exec::Environment;
use crate::exec::Sessions;
use crate::exec::secrets::Variables;

/// When a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// When nothing can start any more but for data that is missing.
    Idle,
    /// Keeps checking for missing data for this long.
    Wait(SignedDuration),
    /// When it is told to.
    Forever,
}

/// How to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// What was due at this moment is due; `None`: the clock says.
    pub at: Option<Timestamp>,
    /// When to end.
    pub until: Until,
    /// How many attempts may run at once.
    pub parallelism: usize,
    /// The root module's directory: relative paths and commands start there.
    pub directory: PathBuf,
    /// Where the logs of attempts are kept.
    pub logs: PathBuf,
    /// Where the directories of attempts are made.
    pub staging: PathBuf,
    /// The variables that every command gets: PATH, HOME, LANG, TZ.
    pub environment: BTreeMap<String, String>,
    /// The environment that secrets are read from.
    pub variables: Variables,
}

impl Options {
    /// How AWS is reached from here.
    pub(super) fn sessions(&self) -> Sessions {
        Sessions::new(Environment::read(|name| self.variables.get(name)))
    }
}

/// What a run came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Instances of activities that finished.
    pub finished: u64,
    /// Instances that failed for good.
    pub failed: u64,
    /// Instances given up because something they depend on failed.
    pub cascade_failed: u64,
    /// Instances of activities that wait for data or for others.
    pub waiting: u64,
    /// Actions that are still owed, and are taken by the next runner.
    pub owed: u64,
    /// Clusters that were to end and may still be alive.
    pub left: u64,
    /// Whether it was stopped before its end.
    pub interrupted: bool,
}
