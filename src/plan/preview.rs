//! What deferred attributes will be: every formula is evaluated for the next interval when a plan is made.
//!
//! So the plan can show values beside formulas, a formula that cannot be evaluated is an error of the plan and not of a
//! run, and an output path that every run would overwrite is found before it happens.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::copies;
use super::folds;
use super::places;
use super::places::Attributes;
use super::twice::Files;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::lang::Value;
use crate::objects::Address;
use crate::objects::Kind;
use crate::objects::Object;
use crate::objects::Objects;
use crate::objects::resolve::Resolved;
use crate::objects::resolve::Resolver;
use crate::objects::resolve::Try;
use crate::objects::settings;
use crate::time::Interval;
use crate::time::Timeline;

/// What `run` will be in the next instance of each object that has deferred attributes. It is made again for whoever asks, since
/// plans show the formulas of a few objects, and have many.
#[derive(Clone, Debug, Default)]
pub struct Preview {
    /// The moment of the plan.
    now: Timestamp,
    /// Of each object that serves others, the first that it serves.
    served: BTreeMap<Address, Address>,
}

impl Preview {
    /// What `run` will be for an object. The resolver is the one that the preview was made with.
    pub fn run(&self, resolver: Resolver<'_>, address: &Address) -> Option<Value> {
        let object = resolver.objects.get(address)?;
        if !is_deferred(object) {
            return None;
        }
        let first_try = first_try(self.now);
        let owner = self.served.get(address).unwrap_or(address);
        let interval = resolver.timetable.next_interval(owner, self.now);
        let found = match object.kind() {
            Kind::Activity => resolver.activity_alone(address, interval, first_try).0,
            Kind::DataNode | Kind::Resource => resolver.node(address, interval, first_try).ok(),
            _ if owner == address => None,
            _ => resolver
                .serving(address, owner, interval, first_try, outcome())
                .ok(),
        };
        found.map(|found| found.run)
    }
}

/// What is wrong with what objects come to.
#[derive(Debug, Default)]
pub struct Findings {
    /// What is wrong with formulas, and with what copies are made of.
    pub formulas: Diagnostics,
    /// What is wrong with the places that objects name.
    pub places: Diagnostics,
}

/// Evaluates every deferred attribute for the next interval (none left: the last one; on demand: `now`).
pub fn preview(resolver: Resolver<'_>, now: Timestamp) -> (Preview, Findings) {
    let mut previewer = Previewer {
        resolver,
        now,
        moved: moved(resolver.objects),
        preview: Preview {
            now,
            ..Preview::default()
        },
        findings: Findings::default(),
        files: Files::default(),
    };
    for object in resolver.objects.values() {
        match object.kind() {
            Kind::Activity => previewer.activity(object),
            Kind::DataNode => previewer.node(object),
            Kind::Resource => previewer.resource(object),
            Kind::Pipeline | Kind::Provider | Kind::Database => {
                previewer.places(object, &object.attributes);
            }
            _ => {}
        }
    }
    (previewer.preview, previewer.findings)
}

struct Previewer<'a> {
    resolver: Resolver<'a>,
    now: Timestamp,
    moved: BTreeSet<Address>,
    preview: Preview,
    findings: Findings,
    files: Files,
}

/// The data nodes whose files are read and written here: by copies, and by commands with staged data.
fn moved(objects: &Objects) -> BTreeSet<Address> {
    let works = |object: &&Object| {
        let is_staged = matches!(object.get("stage"), Some(Value::Bool(true)));
        match (object.kind(), object.object_type.name) {
            (Kind::Activity, "copy") => true,
            (Kind::Activity, "shell_command") => is_staged,
            _ => false,
        }
    };
    let mut moved = BTreeSet::new();
    for object in objects.values().filter(works) {
        let nodes = ["input", "output"].map(|attribute| object.references(attribute));
        moved.extend(nodes.into_iter().flatten().map(|(_, address)| address));
    }
    moved
}

impl<'a> Previewer<'a> {
    fn activity(&mut self, object: &'a Object) {
        let interval = self
            .resolver
            .timetable
            .next_interval(&object.address, self.now);
        if is_deferred(object) {
            let (found, findings) =
                self.resolver
                    .activity_alone(&object.address, interval, first_try(self.now));
            self.findings.formulas.extend(findings);
            let attributes = found
                .as_ref()
                .map_or(&object.attributes, |it| &it.attributes);
            self.places(object, attributes);
        } else {
            self.places(object, &object.attributes);
        }
        if object.object_type.name == "copy" {
            self.copy(object, interval);
        }
        let pipeline = self.pipeline(object);
        for attribute in ["precondition", "on_fail", "on_success", "on_late"] {
            self.serving((object, pipeline), interval, attribute);
        }
    }

    /// The pipeline of an object.
    fn pipeline(&self, object: &Object) -> Option<&'a Object> {
        self.resolver.objects.get(object.pipeline.as_ref()?)
    }

    /// Compares the places of a copy. What of it cannot be evaluated was reported.
    fn copy(&mut self, object: &'a Object, interval: Interval) {
        let resolver = Resolver {
            judges: false,
            ..self.resolver
        };
        let activity = resolver.activity(&object.address, interval, first_try(self.now));
        if let Ok(activity) = activity {
            for finding in copies::check(self.resolver.objects, &activity) {
                self.findings.formulas.push(finding);
            }
        }
    }

    fn node(&mut self, object: &'a Object) {
        let interval = self
            .resolver
            .timetable
            .next_interval(&object.address, self.now);
        if is_deferred(object) {
            let resolved = self
                .resolver
                .node(&object.address, interval, first_try(self.now));
            if let Ok(resolved) = &resolved {
                self.written((object, interval), resolved.attributes.get("path"));
            }
            self.noted(object, resolved);
        } else {
            self.written((object, interval), object.get("path"));
            self.places(object, &object.attributes);
        }
        let pipeline = self.pipeline(object);
        self.serving((object, pipeline), interval, "precondition");
        self.overwritten(object);
    }

    fn resource(&mut self, object: &'a Object) {
        self.places(object, &object.attributes);
        let interval = self
            .resolver
            .timetable
            .next_interval(&object.address, self.now);
        if is_deferred(object) {
            let resolved = self
                .resolver
                .node(&object.address, interval, first_try(self.now));
            self.note(resolved);
        }
        // It says itself what is told of it.
        for attribute in ["on_fail", "on_success", "on_late"] {
            self.serving((object, None), interval, attribute);
        }
    }

    /// Evaluates what serves an object. Later users of a shared one find what is kept from the first, but their own
    /// mistakes are reported all the same.
    fn serving(
        &mut self,
        (object, pipeline): (&'a Object, Option<&'a Object>),
        interval: Interval,
        attribute: &str,
    ) {
        let mut owners = [Some(object), pipeline].into_iter().flatten();
        let Some(owner) = owners.find(|owner| owner.get(attribute).is_some()) else {
            return;
        };
        let references = owner.references(attribute);
        let objects = self.resolver.objects;
        for (_, address) in references {
            let Some(used) = objects.get(&address) else {
                continue;
            };
            if !is_deferred(used) {
                self.places(used, &used.attributes);
                continue;
            }
            let owner = &object.address;
            let resolved =
                self.resolver
                    .serving(&address, owner, interval, first_try(self.now), outcome());
            self.noted(used, resolved);
            let served = &mut self.preview.served;
            served.entry(address).or_insert_with(|| owner.clone());
        }
    }

    /// Notes what is wrong with an object, and with the places that it names.
    fn noted(&mut self, object: &Object, resolved: Result<Resolved<'a>, Diagnostics>) {
        let attributes = match &resolved {
            Ok(resolved) => &resolved.attributes,
            Err(_) => &object.attributes,
        };
        self.places(object, attributes);
        self.note(resolved);
    }

    fn places(&mut self, object: &Object, attributes: &Attributes) {
        let objects = self.resolver.objects;
        let is_looked_for = || {
            let checks = object.references("precondition").into_iter();
            checks
                .filter_map(|(_, address)| objects.get(&address))
                .any(|check| check.object_type.name == "exists")
        };
        let matters = object.kind() != Kind::DataNode
            || self.moved.contains(&object.address)
            || is_looked_for();
        if !matters {
            return;
        }
        for finding in places::check(object, attributes) {
            self.findings.places.push(finding);
        }
    }

    fn note(&mut self, resolved: Result<Resolved<'a>, Diagnostics>) {
        if let Err(diagnostics) = resolved {
            self.findings.formulas.extend(diagnostics);
        }
    }

    /// Reports a file that another data node names, too, when both are written for one interval.
    fn written(&mut self, (node, interval): (&Object, Interval), path: Option<&Value>) {
        let Some(Value::String(path)) = path else {
            return;
        };
        let among = (self.resolver.objects, self.resolver.timetable);
        if let Some(finding) = self.files.note(among, (node, interval, path)) {
            self.findings.formulas.push(finding);
        }
    }

    /// Reports a file that is written again and again under the same name.
    fn overwritten(&mut self, object: &'a Object) {
        let address = &object.address;
        let says = |name| settings::boolean(self.resolver.objects, object, name) == Some(true);
        if object.object_type.attribute("overwrite").is_none()
            || says("overwrite")
            || says("accumulate")
            || self.resolver.timetable.writers(address).is_empty()
        {
            return;
        }
        let Some(schedule) = self.resolver.timetable.schedule(address) else {
            return;
        };
        let path = |interval: Interval| self.path(address, interval);
        let paths: Vec<_> = first_intervals(schedule).map(path).collect();
        let twice = paths
            .windows(2)
            .find(|pair| pair[0].is_some() && pair[0] == pair[1]);
        if let Some(Some(path)) = twice.map(|pair| &pair[0]) {
            self.findings.formulas.push(
                Diagnostic::error(
                    "Output overwritten by every run",
                    format!("The path is `{path}` for one interval and for the next, so that a run would overwrite what the last one wrote."),
                )
                .about(address.to_string())
                .help("Put the interval into the path, e.g. `${run.date}`, or set `overwrite = true`; of a directory to which each run adds its files, `accumulate = true`."),
            );
        } else if let Some(finding) = self.shared(object, schedule) {
            self.findings.formulas.push(finding);
        }
    }

    /// What there is to say of a path that two intervals share, though not every interval does with the next.
    fn shared(&self, node: &Object, schedule: &Timeline) -> Option<Diagnostic> {
        let cut = cut_short(schedule, self.now);
        let cut = cut.into_iter().map(|pair| (pair, CUT));
        let folds = folds::pairs(schedule, self.now).into_iter();
        let mut pairs = cut.chain(folds.map(|pair| (pair, PUT_BACK)));
        let (path, pair, (why, help)) = pairs.find_map(|([first, second], why)| {
            let path = self.path(&node.address, first)?;
            let again = self.path(&node.address, second)?;
            (path == again).then_some((path, [first, second], why))
        })?;
        let [first, second] = pair.map(|interval| {
            let start = interval.start.to_zoned(schedule.timezone().clone());
            start.strftime("%Y-%m-%dT%H:%M%:z").to_string()
        });
        let detail = format!(
            "The path is `{path}` for the interval from {first} and for that from {second}, since {why}: the second run would overwrite what the first wrote."
        );
        let mut warning = Diagnostic::warning("Path of two intervals", detail);
        warning.attribute = Some("path".to_owned());
        Some(warning.about(node.address.to_string()).help(help))
    }

    /// The path of a data node for an interval.
    fn path(&self, node: &Address, interval: Interval) -> Option<String> {
        let resolved = self.resolver.node(node, interval, first_try(self.now));
        resolved.ok()?.text("path").map(str::to_owned)
    }
}

fn first_try(now: Timestamp) -> Try {
    Try {
        attempt: 1,
        actual_start: now,
    }
}

/// What an action is told of an instance that has ended, so that its formulas can be evaluated.
fn outcome() -> Vec<(Arc<str>, Value)> {
    vec![
        (Arc::from("status"), Value::string("FAILED")),
        (Arc::from("error"), Value::string("…")),
    ]
}

/// Why two intervals share a path, and what to do.
type Why = (&'static str, &'static str);

const CUT: Why = (
    "the first is cut short where the schedule changes",
    "Put the hour into the path, too, e.g. `${run.date}/${run.hour}`, or set `overwrite = true`.",
);

const PUT_BACK: Why = (
    "the clock is put back between them",
    "Put a time without such a change into the path, e.g. `${date_format(run.scheduled_start, \"%Y-%m-%d/%H\", \"UTC\")}`, give the schedule the zone `UTC`, or set `overwrite = true`.",
);

/// The interval that is cut short where the schedule changed, and the next, as long as that is not due.
fn cut_short(schedule: &Timeline, now: Timestamp) -> Option<[Interval; 2]> {
    let cut = schedule.next_from(schedule.cut()?)?;
    let next = schedule.next_from(cut.end)?;
    (schedule.due_at(next) > now).then_some([cut, next])
}

/// The first three whole intervals of the schedule that new intervals have: of two a day, the first two may lie in two days.
fn first_intervals(schedule: &Timeline) -> impl Iterator<Item = Interval> + '_ {
    let cut = schedule.cut().and_then(|cut| schedule.next_from(cut));
    let first = match cut {
        Some(cut) => schedule.next_from(cut.end),
        None => schedule.first_interval(),
    };
    std::iter::successors(first, |one| schedule.next_from(one.end)).take(3)
}

fn is_deferred(object: &Object) -> bool {
    let conditions = &object.lifecycle.conditions;
    !conditions.is_empty() || object.attributes.values().any(Value::has_deferred)
}
