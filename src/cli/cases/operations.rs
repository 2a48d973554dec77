//! Operations in the middle of a case: what an operator would do by `rerun`, `cancel`, `pause`, `resume`, `mark-finished` and
//! `backfill`, to the same instances.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::facts::Facts;
use super::written;
use crate::cli::commands::select::Range;
use crate::cli::commands::select::Selection;
use crate::cli::commands::select::is_inside;
use crate::cli::errors::Failure;
use crate::cli::statuses::ENDED;
use crate::cli::statuses::FAILED;
use crate::cli::statuses::HELD;
use crate::cli::statuses::OPEN;
use crate::cli::statuses::UNFINISHED;
use crate::cli::statuses::WAITING;
use crate::diag::Diagnostic;
use crate::diag::Span;
use crate::diag::did_you_mean;
use crate::engine::Instance;
use crate::engine::InstanceKey;
use crate::engine::Operation as Does;
use crate::engine::Status;
use crate::engine::UnitKind;
use crate::lang::Scope as _;
use crate::lang::functions::Call;
use crate::objects::Address;
use crate::objects::History as _;
use crate::objects::Need;
use crate::objects::Objects;
use crate::objects::Require;
use crate::rehearsal::Applied;
use crate::rehearsal::Scene;
use crate::time::Interval;

/// The commands that there are.
const COMMANDS: [&str; 6] = [
    "rerun",
    "cancel",
    "pause",
    "resume",
    "mark-finished",
    "backfill",
];

/// An `operation` block that is right.
pub(super) struct Operation {
    pub(super) does: Does,
    selections: Vec<Selection>,
    /// Which of the instances that are there are meant.
    statuses: &'static [Status],
    /// Whether those are meant, too, that are due and have no instance yet, and those that were passed over.
    unmade: Option<bool>,
    with_consumers: bool,
    /// Only what has failed.
    failed: bool,
    /// Whether whole objects are held or let go, and not only instances of them.
    pub(super) whole: bool,
    place: Span,
}

impl Operation {
    /// Reads a block; `None` if it is wrong, which was reported.
    pub(super) fn read(
        written: &written::Operation,
        objects: &Objects,
        facts: &Facts,
        call: &Call<'_>,
    ) -> Option<Self> {
        let flag = |expr: &Option<_>| match expr {
            None => Some(false),
            Some(expr) => facts.boolean(expr, call),
        };
        let (failed, as_was) = (flag(&written.failed)?, flag(&written.as_was)?);
        let with_consumers = flag(&written.with_consumers)?;
        let command = &*written.command.text;
        let (does, statuses, unmade) = match command {
            "rerun" => (
                Does::Rerun {
                    as_was,
                    restart: with_consumers,
                },
                if failed { FAILED } else { ENDED },
                None,
            ),
            "cancel" => (Does::Cancel, OPEN, Some(false)),
            "pause" => (Does::Pause, WAITING, Some(false)),
            "resume" => (Does::Resume, HELD, None),
            "mark-finished" => (Does::MarkFinished, UNFINISHED, Some(false)),
            "backfill" => (Does::Backfill, &[][..], Some(true)),
            _ => {
                let detail = format!(
                    "There is no operation `{command}`. There are {}; what has no schedule is started by a `trigger` block.",
                    COMMANDS.join(", ")
                );
                let finding = Diagnostic::error("Unknown operation", detail);
                let hint = did_you_mean(command, COMMANDS);
                facts.report(finding.at(written.command.span).help_if(hint));
                return None;
            }
        };
        let of_rerun = written.failed.is_some()
            || written.as_was.is_some()
            || written.with_consumers.is_some();
        if of_rerun && command != "rerun" {
            let detail = "`failed`, `as_was` and `with_consumers` are for the operation \"rerun\".";
            let finding = Diagnostic::error("Unsupported attribute", detail);
            facts.report(finding.at(written.command.span));
            return None;
        }
        let mut operation = Self {
            does,
            selections: Vec::new(),
            statuses,
            unmade,
            with_consumers,
            failed,
            whole: false,
            place: written.addresses.span,
        };
        let wrong = |failure: &str| {
            let finding = Diagnostic::error("Invalid address", failure);
            facts.report(finding.at(written.addresses.span));
        };
        for text in facts.texts(&written.addresses, call)? {
            match Selection::parse(&text) {
                Ok(selection) => operation.selections.push(selection),
                Err(failure) => {
                    wrong(&words(&failure));
                    return None;
                }
            }
        }
        operation.check_objects(objects, facts)?;
        match operation.extent(command, failed) {
            Ok(whole) => operation.whole = whole,
            Err(detail) => {
                wrong(&detail);
                return None;
            }
        }
        Some(operation)
    }

    fn check_objects(&self, objects: &Objects, facts: &Facts) -> Option<()> {
        for selection in &self.selections {
            let address = &selection.address;
            if !objects.keys().any(|object| is_inside(object, address)) {
                let detail = format!("There is no object `{address}` in the configuration.");
                let hint = did_you_mean(address, objects.keys().map(Address::as_str));
                let finding = Diagnostic::error("Unknown object", detail);
                facts.report(finding.at(self.place).help_if(hint));
                return None;
            }
        }
        Some(())
    }

    /// Whether whole objects are meant.
    fn extent(&self, command: &str, failed: bool) -> Result<bool, String> {
        let unsaid = |selection: &&Selection| selection.range == Range::Unsaid;
        let without = self.selections.iter().find(unsaid);
        let holds = matches!(self.does, Does::Pause | Does::Resume);
        match without {
            None => Ok(false),
            Some(_) if holds && self.selections.iter().all(|it| unsaid(&it)) => Ok(true),
            Some(_) if holds => Err(format!(
                "`{command}` takes whole objects, or intervals of objects, and not both at once."
            )),
            Some(_) if matches!(self.does, Does::Cancel) || failed => Ok(false),
            Some(selection) => Err(format!(
                "`{command}` needs to know which intervals of `{0}` are meant. Write `{0}@2026-11-01`, `{0}@2026-11-01..2026-11-08`, or `{0}@..` for all.",
                selection.text
            )),
        }
    }

    /// Whether an object is one that is meant.
    pub(super) fn means(&self, object: &Address) -> bool {
        self.selections
            .iter()
            .any(|selection| is_inside(object, &selection.address))
    }

    /// The instances that it is about, at this moment.
    pub(super) fn targets(
        &self,
        scene: Scene<'_>,
        applied: &Applied,
        facts: &Facts,
    ) -> Vec<Instance> {
        let mut targets: BTreeMap<InstanceKey, Instance> = BTreeMap::new();
        for selection in &self.selections {
            let names_nodes = selection.address.contains("data_node");
            let meant = applied.objects.keys().filter(|object| {
                let unit = scene.engine.unit(object);
                let works = unit.is_some_and(|unit| unit.kind == UnitKind::Activity || names_nodes);
                works && is_inside(object, &selection.address)
            });
            for object in meant {
                let zone = applied.timetable.timezone(object);
                match selection.starts(applied.timetable.schedule(object), &zone) {
                    Ok(starts) => targets.extend(self.of_object(scene, object, starts)),
                    Err(failure) => {
                        let finding = Diagnostic::error("Invalid address", words(&failure));
                        facts.report(finding.at(self.place));
                    }
                }
            }
        }
        if self.failed {
            let nodes = scene
                .engine
                .failed_nodes(|key| self.names(key, applied))
                .into_iter();
            targets.extend(nodes.map(|instance| (instance.key.clone(), instance)));
        }
        if self.with_consumers {
            add_consumers(scene, &mut targets);
        }
        if targets.is_empty() && !self.whole {
            let at = scene.now;
            let detail = format!(
                "At {at} there is no instance that this operation would change. `pipeform test --verbose` shows which there are, and when."
            );
            let finding = Diagnostic::error("Nothing to operate on", detail);
            facts.report(finding.at(self.place));
        }
        targets.into_values().collect()
    }

    /// Whether an instance is one that is named, also one of a data node.
    fn names(&self, key: &InstanceKey, applied: &Applied) -> bool {
        let zone = applied.timetable.timezone(&key.object);
        self.selections.iter().any(|selection| {
            let starts = || selection.starts(applied.timetable.schedule(&key.object), &zone);
            is_inside(&key.object, &selection.address)
                && starts().is_ok_and(|starts| starts.contains(key.interval.start))
        })
    }

    fn of_object(
        &self,
        scene: Scene<'_>,
        object: &Address,
        starts: Interval,
    ) -> Vec<(InstanceKey, Instance)> {
        let within = |key: &InstanceKey| {
            starts.start <= key.interval.start && key.interval.start < starts.end
        };
        let mut found = known(scene, object, starts);
        found.retain(|key, instance| within(key) && self.statuses.contains(&instance.status));
        if let Some(dropped) = self.unmade {
            let unmade = scene.engine.unmade(object, starts, dropped, scene.now);
            for interval in unmade {
                let object = object.clone();
                let key = InstanceKey { object, interval };
                found.insert(key.clone(), Instance::new(key));
            }
        }
        found.into_iter().collect()
    }
}

/// The instances of an object that are there in a stretch of time, also those from before the case.
fn known(scene: Scene<'_>, object: &Address, span: Interval) -> BTreeMap<InstanceKey, Instance> {
    let need = Need::In {
        span,
        due_by: Some(scene.now),
    };
    let finished = scene.engine.finished(object, need, Require::All);
    let mut found: BTreeMap<InstanceKey, Instance> = finished
        .into_iter()
        .flatten()
        .map(|interval| finished_before(object, interval))
        .collect();
    let key = |at| InstanceKey {
        object: object.clone(),
        interval: Interval::moment(at),
    };
    let runs = scene
        .story
        .runs
        .range(key(Timestamp::MIN)..=key(Timestamp::MAX));
    found.extend(runs.map(|(key, run)| (key.clone(), run.instance.clone())));
    let live = scene.engine.instances_of(object);
    found.extend(live.map(|instance| (instance.key.clone(), instance.clone())));
    found
}

fn finished_before(object: &Address, interval: Interval) -> (InstanceKey, Instance) {
    let key = InstanceKey {
        object: object.clone(),
        interval,
    };
    let instance = Instance {
        status: Status::Finished,
        ..Instance::new(key.clone())
    };
    (key, instance)
}

/// Adds what depends on the targets, that on these, and so on, as far as it has ended or is under way.
fn add_consumers(scene: Scene<'_>, targets: &mut BTreeMap<InstanceKey, Instance>) {
    let mut open: Vec<InstanceKey> = targets.keys().cloned().collect();
    let mut seen: std::collections::BTreeSet<InstanceKey> = open.iter().cloned().collect();
    while let Some(key) = open.pop() {
        for reader in scene.engine.consumers_of(&key) {
            if !seen.insert(reader.clone()) {
                continue;
            }
            let unit = scene.engine.unit(&reader.object);
            if unit.is_some_and(|unit| unit.kind == UnitKind::DataNode) {
                // It follows what writes it.
                open.push(reader);
                continue;
            }
            let instance = known(scene, &reader.object, reader.interval).remove(&reader);
            let meant = |it: &Instance| it.is_under_way() || ENDED.contains(&it.status);
            if let Some(instance) = instance.filter(meant) {
                open.push(reader.clone());
                targets.insert(reader, instance);
            }
        }
    }
}

fn words(failure: &Failure) -> String {
    match failure {
        Failure::Message(text) => text.replace("\n\n", " "),
        Failure::Findings(_) | Failure::Denied(_) | Failure::Silent => String::new(),
    }
}

/// Who operates in a case.
pub(super) const OPERATOR: &str = "the case";

/// The objects that a pause is about: pipelines as a whole, so that what they get later is held, too.
pub(super) fn held_objects(operation: &Operation, objects: &Objects) -> Vec<Address> {
    use crate::objects::Kind;
    let pipelines: Vec<Arc<str>> = objects
        .values()
        .filter(|it| it.kind() == Kind::Pipeline && operation.means(&it.address))
        .map(|it| Arc::from(it.address.as_str()))
        .collect();
    let activity = |it: &&crate::objects::Object| {
        let pipeline = it.pipeline.as_ref();
        let inside = pipeline.is_some_and(|of| pipelines.iter().any(|it| &**it == of.as_str()));
        it.kind() == Kind::Activity && !inside && operation.means(&it.address)
    };
    let activities = objects
        .values()
        .filter(activity)
        .map(|it| it.address.clone());
    pipelines
        .iter()
        .map(|it| Address::new(Arc::clone(it)))
        .chain(activities)
        .collect()
}
