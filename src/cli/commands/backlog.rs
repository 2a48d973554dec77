//! Whole objects that `pause` holds and `resume` lets go on, with what has not been done of them: counted, said before it is
//! done, and approved by its number.

use std::collections::BTreeMap;

use serde_json::json;

use super::operate::Scene;
use crate::cli::statuses::WAITING;
use crate::cli::terminal;
use crate::cli::views::counted;
use crate::cli::views::grouped;
use crate::cli::views::operation::Outcome;
use crate::engine::UnitKind;
use crate::objects::Address;

/// What has not been done yet of activities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Backlog {
    /// How many instances wait.
    waiting: u64,
    /// How many are still to be made: of what is due, as `catch_up` says, and of what somebody has asked for.
    not_made: u64,
}

impl Backlog {
    fn of(scene: &Scene<'_>, activity: &Address) -> Self {
        let instances = scene.engine.instances_of(activity);
        let waiting = instances.filter(|instance| WAITING.contains(&instance.status));
        let due = scene.engine.to_catch_up(activity, scene.now);
        Self {
            waiting: u64::try_from(waiting.count()).unwrap_or(u64::MAX),
            not_made: due.saturating_add(scene.engine.to_come(activity)),
        }
    }

    fn add(&mut self, other: Self) {
        self.waiting = self.waiting.saturating_add(other.waiting);
        self.not_made = self.not_made.saturating_add(other.not_made);
    }

    fn text(self) -> String {
        let waiting = counted(self.waiting, "instance waits", "instances wait");
        match self.not_made {
            0 => waiting,
            number => format!("{waiting}, {} not made yet", grouped(number)),
        }
    }
}

/// Whole objects, with what has not been done of them.
#[derive(Debug)]
pub(super) struct Backlogs {
    /// What is done to them.
    command: &'static str,
    each: BTreeMap<Address, Backlog>,
    /// Of all of them: an activity counts once, also if its pipeline is among them.
    together: Backlog,
    /// How many instances were held one by one, and go on with them.
    paused: u64,
}

impl Backlogs {
    /// Counts. What `active = false` holds does not count: it goes on when the configuration says otherwise.
    pub(super) fn of(
        scene: &Scene<'_>,
        command: &'static str,
        objects: &[Address],
        paused: usize,
    ) -> Self {
        let nothing = |object: &Address| (object.clone(), Backlog::default());
        let mut backlogs = Self {
            command,
            each: objects.iter().map(nothing).collect(),
            together: Backlog::default(),
            paused: u64::try_from(paused).unwrap_or(u64::MAX),
        };
        let definition = scene.definition.compile_with(&BTreeMap::new());
        let units = definition.units.values();
        for unit in units.filter(|unit| unit.active && unit.kind == UnitKind::Activity) {
            let levels = [Some(&unit.address), unit.pipeline.as_ref()];
            let mut levels: Vec<&Address> = levels.into_iter().flatten().collect();
            levels.retain(|level| backlogs.each.contains_key(*level));
            if levels.is_empty() {
                continue;
            }
            let backlog = Backlog::of(scene, &unit.address);
            backlogs.together.add(backlog);
            for level in levels {
                backlogs.each.entry(level.clone()).or_default().add(backlog);
            }
        }
        backlogs
    }

    /// How many instances are held or go on.
    pub(super) fn number(&self) -> u64 {
        let Backlog { waiting, not_made } = self.together;
        waiting.saturating_add(not_made).saturating_add(self.paused)
    }

    /// Says what will be done, for people.
    pub(super) fn show(&self, as_json: bool) {
        if as_json {
            return;
        }
        let command = self.command;
        if self.each.is_empty() {
            terminal::print(&format!("There is nothing to {command}.\n"));
            return;
        }
        let mut text = format!("This will {command}:\n");
        for (object, backlog) in &self.each {
            text.extend(["  ", object.as_str(), ": ", &backlog.text(), "\n"]);
        }
        if self.paused > 0 {
            let paused = counted(self.paused, "instance", "instances");
            text.extend(["  and what was paused by its interval: ", &paused, "\n"]);
        }
        if self.number() > 0 && (self.each.len() > 1 || self.paused > 0) {
            let all = counted(self.number(), "instance", "instances");
            text.extend(["Together ", &all, ".\n"]);
        }
        terminal::print(&text);
    }

    /// Says what came of it.
    pub(super) fn close(&self, as_json: bool, outcome: Outcome) {
        if as_json {
            let (state, changed) = match outcome {
                Outcome::Done(_) => ("done", Some(self.each.len())),
                _ => ("dry_run", None),
            };
            let line = json!({
                "operation": self.command,
                "objects": self.each.keys().collect::<Vec<_>>(),
                "count": self.number(),
                "waiting": self.together.waiting,
                "not_made": self.together.not_made,
                "paused": self.paused,
                "outcome": state,
                "changed": changed,
            });
            terminal::print(&format!("{line}\n"));
        } else if !self.each.is_empty() {
            terminal::print(match outcome {
                Outcome::Done(_) if self.command == "pause" => {
                    "\nDone: nothing of it starts until `pipeform resume`. What runs goes on.\n"
                }
                Outcome::Done(_) => "\nDone: a runner starts what waits.\n",
                _ => "\nNothing was done: this is a dry run.\n",
            });
        }
    }
}
