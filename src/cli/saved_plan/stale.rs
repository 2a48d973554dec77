//! Whether a saved plan still holds: what it depends on is as it was, and what it would do to the runs differs by what time has
//! brought alone.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;

use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value as Json;

use super::Saved;
use super::before::records;
use super::content;
use super::key;
use super::whole::digest_of_state;
use crate::cli::context::Context;
use crate::cli::errors::Failure;
use crate::cli::planning::Before;
use crate::cli::planning::Planned;
use crate::cli::statuses::ENDED;
use crate::cli::views::counted;
use crate::cli::views::spoken;
use crate::cli::views::status::moment;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Sources;
use crate::fetch::LIBRARY;
use crate::fetch::masked;
use crate::fetch::syntax;
use crate::lang::stored as stored_value;
use crate::objects::Address;
use crate::objects::Objects;
use crate::plan::Relocation;
use crate::plan::diff;
use crate::plan::effects::Totals;
use crate::plan::saved::Operations;
use crate::plan::saved::Policies;
use crate::plan::saved::Seen;
use crate::plan::saved::archive;
use crate::plan::saved::digest_of_text;
use crate::plan::saved::seen;
use crate::store::Head;
use crate::store::Store;

/// A saved plan on what the state says now.
pub(crate) struct Renewed {
    /// The plan.
    pub(crate) planned: Planned,
    /// What has become due since it was made, and is run by it, by activity: how many runs.
    pub(crate) grown: BTreeMap<Address, u64>,
    /// How many runs more it gives up than were approved, since these are under way or have come to wait since, by activity.
    pub(crate) given_up: BTreeMap<Address, u64>,
}

/// How far the clocks of two machines may be apart.
const CLOCKS: SignedDuration = SignedDuration::from_mins(5);

/// What the findings are called.
const MOVED: &str = "Changed since the plan was made";

/// What the finding is called about a plan that has been carried out.
const APPLIED: &str = "Plan applied already";

/// What the finding is called about a plan that was made too long ago.
const OLD: &str = "Plan too old";

/// What a refusal is called because time has passed or something has changed since: as Terraform calls it, for those who look for that.
const STALE: &str = "Saved plan is stale";

/// What another refusal is called.
const REFUSED: &str = "Saved plan cannot be applied";

impl Saved {
    /// Whether the plan of a file holds because nothing at all has been applied since, and no file of its configuration has changed.
    /// Otherwise, and where policies have denied it, it has to be looked at object by object. What an apply refuses besides is for the
    /// apply to find, but for operations that no plan makes.
    pub(crate) fn holds_at_once(
        (context, path): (&Context, &Path),
        store: &Store,
        now: Timestamp,
        tolerance: SignedDuration,
    ) -> Result<bool, Failure> {
        let (Ok(key), Ok(bytes)) = (key(context), content(path)) else {
            return Ok(false);
        };
        let Ok(plan) = archive::unpack_head(&bytes, key.as_ref()) else {
            return Ok(false);
        };
        let age = now.duration_since(plan.made.at);
        let timely = (-CLOCKS..=tolerance).contains(&age);
        let denied = plan.policies.as_ref().is_some_and(Policies::deny);
        if denied || !timely || plan.state.is_empty() || !plan.operations.reruns.is_empty() {
            return Ok(false);
        }
        if !plan.made.is_for(&context.workspace) {
            return Ok(false);
        }
        let head = store.head()?;
        if plan.state != digest_of_state(store, &head)? {
            return Ok(false);
        }
        let saved = Self {
            path: path.to_owned(),
            workspace: context.workspace.clone(),
            plan,
            before: Before::default(),
        };
        Ok(saved.seems_possible(store, &head)? && saved.changed_files(context).is_empty())
    }

    /// The plan on what the state says now, or all that has moved since it was made. `tolerance`: how old it may be.
    pub(crate) fn renewed(
        &self,
        store: &Store,
        now: Timestamp,
        tolerance: SignedDuration,
    ) -> Result<Renewed, Failure> {
        let mut said = Before::read(store)?;
        let moved = self.moved(store, &said, now, tolerance)?;
        if moved.has_errors() {
            return Err(self.refusal(moved));
        }
        let relocation = Relocation::of(self.plan.operations.moves.clone());
        let target = self.target_objects(&said.objects)?;
        said.read_for(store, &relocation, &target)?;
        let made_at = self.plan.made.at;
        // Of a state in which nothing has happened since, nothing else comes than what was approved.
        let still = made_at <= now
            && said.agrees_on_runs(&self.before)
            && records(&said.objects) == records(&self.before.objects)
            && self.plan.state == digest_of_state(store, &said.head)?;
        let planned = self.onto(said.clone(), now)?;
        let approved = self.as_made()?;
        let otherwise = if still {
            None
        } else {
            Some(self.onto(said, made_at.min(now))?)
        };
        let then = otherwise.as_ref().unwrap_or(&approved);
        let mut findings = self.other_operations(&planned);
        findings.extend(more_runs(&approved, then));
        if findings.has_errors() {
            return Err(self.refusal(findings));
        }
        Ok(Renewed {
            grown: grown(then, &planned, |counts| counts.backfill),
            given_up: grown(&approved, &planned, |counts| {
                counts.canceled + counts.dropped + counts.stopped
            }),
            planned,
        })
    }

    /// What has moved in the state since the plan was made.
    pub(crate) fn moved(
        &self,
        store: &Store,
        said: &Before,
        now: Timestamp,
        tolerance: SignedDuration,
    ) -> Result<Diagnostics, Failure> {
        let mut findings = Diagnostics::new();
        let made = &self.plan.made;
        let age = now.duration_since(made.at);
        if age < -CLOCKS {
            findings.push(
                Diagnostic::error(
                    "Plan of the future",
                    format!(
                        "It says that it was made at {}, and it is {} here.",
                        moment(made.at, &TimeZone::UTC),
                        moment(now, &TimeZone::UTC)
                    ),
                )
                .help("Compare the clocks of the machine that made it and of this one."),
            );
        }
        if age > tolerance {
            findings.push(Diagnostic::error(
                OLD,
                format!(
                    "It was made at {}, {} ago, and what is due has moved on since. No plan is applied that is older than {}.",
                    moment(made.at, &TimeZone::UTC),
                    spoken(age),
                    spoken(tolerance)
                ),
            ).help("`apply --tolerance=DURATION` applies an older one."));
        }
        if let Some(elsewhere) = self.elsewhere(&said.head) {
            findings.push(elsewhere);
            return Ok(findings);
        }
        if let Some(by) = self.applied(store, said)? {
            findings.push(Diagnostic::error(
                APPLIED,
                format!("All that it does has been done{by}."),
            ));
            return Ok(findings);
        }
        // A state that was restored from a copy can have the same serial and be another one.
        findings.extend(self.moved_objects(store, said)?);
        findings.extend(self.moved_runs(store)?);
        if !findings.has_errors() {
            findings.extend(self.impossible(said)?);
        }
        Ok(findings)
    }

    /// Why it is not for this state at all, if so.
    fn elsewhere(&self, head: &Head) -> Option<Diagnostic> {
        let made = &self.plan.made;
        if !made.is_for(&self.workspace) {
            let finding = Diagnostic::error(
                "Plan of another workspace",
                format!(
                    "It was made in the workspace `{}`, and `{}` is selected.",
                    made.workspace, self.workspace
                ),
            );
            return Some(finding.help(format!(
                "`PIPEFORM_WORKSPACE={0}` or `pipeform workspace select {0}` selects the one that it is for.",
                made.workspace
            )));
        }
        let is_other = !made.lineage.is_empty() && made.lineage != head.lineage;
        is_other.then(|| {
            Diagnostic::error(
                "Plan of another state",
                format!(
                    "It was made for the state with the lineage {}, and this one has the lineage {}.",
                    made.lineage, head.lineage
                ),
            )
        })
    }

    /// The objects and outputs that have moved.
    fn moved_objects(&self, store: &Store, said: &Before) -> Result<Diagnostics, Failure> {
        let operations = &self.plan.operations;
        let now = records(&said.objects);
        let found = seen(&now, operations);
        let mut findings = Diagnostics::new();
        let addresses: BTreeSet<&Address> = self.plan.seen.keys().chain(found.keys()).collect();
        for address in addresses {
            let (then, now) = (digest(&self.plan.seen, address), digest(&found, address));
            if then == now {
                continue;
            }
            let by = by(store.last_apply_of(address)?);
            let what = self.what_moved(address, said, (then.is_some(), now.is_some()));
            findings.push(
                Diagnostic::error(MOVED, format!("`{address}` {what}{by}."))
                    .about(address.as_str()),
            );
        }
        let outputs = operations.outputs.iter();
        let moved = outputs.filter(|(name, operation)| output(said, name) != operation.old);
        for (name, _) in moved {
            findings.push(Diagnostic::error(
                MOVED,
                format!("The output `{name}` has another value than the plan has seen."),
            ));
        }
        Ok(findings)
    }

    /// Who has last done some of what it does, as the end of a sentence; `None`: not all of it is done.
    fn applied(&self, store: &Store, said: &Before) -> Result<Option<String>, Failure> {
        let operations = &self.plan.operations;
        if *operations == Operations::default() || !self.is_in_place(said)? {
            return Ok(None);
        }
        let digest = self.digest()?;
        let mut applies = store.applies()?.into_iter().rev();
        let own = applies.find(|apply| apply.plan_hash.as_ref() == Some(&digest));
        // What somebody else has run again need not have run with what it changes: its own apply has asked for that.
        if own.is_none() && !operations.reruns.is_empty() {
            return Ok(None);
        }
        let mut last = own.map(|own| (own.serial, own.at, own.who));
        // What only moves keeps the serial that has made it.
        let gone = operations.destroys.iter().chain(&operations.forgets);
        for address in operations.puts.keys().chain(gone) {
            last = last.max(store.last_apply_of(address)?);
        }
        Ok(Some(by(last)))
    }

    /// Whether the objects, outputs and pauses that it changes are as it makes them.
    fn is_in_place(&self, said: &Before) -> Result<bool, Failure> {
        let operations = &self.plan.operations;
        let touched = operations.touched();
        let among = |objects: &Objects| -> Objects {
            let touched = touched.iter();
            let found = touched.filter_map(|address| objects.get_key_value(address));
            found
                .map(|(address, object)| (address.clone(), object.clone()))
                .collect()
        };
        let made = self.target_objects(&among(&self.before.objects))?;
        let mut outputs = operations.outputs.iter();
        Ok(records(&among(&said.objects)) == records(&made)
            && outputs.all(|(name, operation)| output(said, name) == operation.new)
            && !operations
                .lifts
                .iter()
                .any(|address| said.pauses.contains_key(address)))
    }

    fn what_moved(&self, address: &Address, said: &Before, (then, now): (bool, bool)) -> String {
        let (old, new) = (self.before.objects.get(address), said.objects.get(address));
        match (then, now) {
            // It was there, and nothing of the plan had to do with it.
            (false, true) if old.is_some() => "has to do with what the plan changes now".to_owned(),
            (false, true) if self.plan.operations.puts.contains_key(address) => {
                "is there now, and the plan would create it".to_owned()
            }
            (false, true) => "is new, and has to do with what the plan changes".to_owned(),
            (true, false) if new.is_none() => "is no longer there".to_owned(),
            (true, false) => "has nothing to do with what the plan changes any more".to_owned(),
            _ => {
                let side = |object: Option<&crate::objects::Object>| {
                    let object = object.map(|object| (address.clone(), object.clone()));
                    object.into_iter().collect::<Objects>()
                };
                let changes = diff(&side(old), &side(new));
                let names: Vec<String> = changes
                    .iter()
                    .flat_map(|change| &change.attributes)
                    .map(|attribute| format!("`{}`", attribute.name))
                    .collect();
                if names.is_empty() {
                    "is another object now".to_owned()
                } else {
                    format!("has changed: {}", names.join(", "))
                }
            }
        }
    }

    /// Instances that are to run again, and have not ended, or have run again since: those of an activity that stand alike as one.
    fn moved_runs(&self, store: &Store) -> Result<Diagnostics, Failure> {
        let mut moved: BTreeMap<(&Address, &str), Vec<Timestamp>> = BTreeMap::new();
        for again in &self.plan.operations.reruns {
            let key = &again.instance;
            let is = match store.instance(key)? {
                None => "no longer kept",
                Some(instance) if !ENDED.contains(&instance.status) => instance.status.as_str(),
                Some(instance) if instance.attempts != again.attempts => "already done",
                Some(_) => continue,
            };
            let starts = moved.entry((&key.object, is)).or_default();
            starts.push(key.interval.start);
        }
        let mut findings = Diagnostics::new();
        for ((object, is), starts) in moved {
            let text = format!("{}: {is}.", were_to_run(object, &starts));
            findings.push(Diagnostic::error(MOVED, text).about(object.as_str()));
        }
        Ok(findings)
    }

    /// Operations of the plan on the state as it is that are not among those that were approved, or are missing.
    fn other_operations(&self, planned: &Planned) -> Diagnostics {
        let mut findings = Diagnostics::new();
        let approved = &self.plan.operations;
        let found = super::keep::operations(planned);
        for address in found.lifts.symmetric_difference(&approved.lifts) {
            let text = if found.lifts.contains(address) {
                "was paused since, and the configuration sets `active`, so that the apply would end that"
            } else {
                "is no longer paused, and the plan was to end that"
            };
            let finding = Diagnostic::error(MOVED, format!("`{address}` {text}."));
            findings.push(finding.about(address.as_str()));
        }
        let objects = |operations: &Operations| -> BTreeSet<Address> {
            let gone = operations.destroys.iter().chain(&operations.forgets);
            operations.puts.keys().chain(gone).cloned().collect()
        };
        for held in planned.plan.held.iter().filter(|held| held.lifted) {
            let relocated = |pause: &Address| Relocation::of(approved.moves.clone()).address(pause);
            let mut seen = self.before.pauses.iter();
            let seen = seen.find(|(address, _)| relocated(address) == held.address);
            if seen.is_some_and(|(_, paused)| *paused != held.paused) {
                let text = format!(
                    "`{}` was paused anew since, by {}, and the plan was to end the pause before that.",
                    held.address, held.paused.who
                );
                findings.push(Diagnostic::error(MOVED, text).about(held.address.as_str()));
            }
        }
        for address in objects(&found).symmetric_difference(&objects(approved)) {
            let text = format!("What the plan does with `{address}` is not what was approved.");
            findings.push(Diagnostic::error(MOVED, text).about(address.as_str()));
        }
        findings
    }

    /// Why it is not applied.
    pub(crate) fn refusal(&self, mut findings: Diagnostics) -> Failure {
        let last = Diagnostic::error(
            refused(&findings),
            format!(
                "Nothing was applied of `{}`, which was made at {} for serial {} of the state.",
                self.path.display(),
                moment(self.plan.made.at, &TimeZone::UTC),
                self.plan.made.serial
            ),
        );
        findings.push(last.help("Plan again, and look at what is different: `pipeform plan --out=FILE`. `pipeform show FILE` still shows the old one."));
        Failure::Findings(Box::new((findings, Sources::default())))
    }

    /// The files of the configuration that are not what the plan was made of.
    pub(crate) fn changed_files(&self, context: &Context) -> Diagnostics {
        let mut findings = Diagnostics::new();
        let mut say = |name: &str, what: &str| {
            findings.push(Diagnostic::error(MOVED, format!("`{name}` {what}.")));
        };
        let known = &self.plan.configuration.files;
        if known.is_empty() {
            return findings; // it was made of the state alone: `--destroy`, `--rollback`
        }
        let mut directories = BTreeSet::from([String::new()]);
        for (name, digest) in known.iter().filter(|(name, _)| !name.starts_with(LIBRARY)) {
            let path = context.directory.join(name);
            if path.is_dir() {
                continue; // a list of names; what of them was read stands by itself
            }
            if path.exists() && !path.is_file() {
                say(name, "is no regular file");
                continue;
            }
            match std::fs::read(&path) {
                Ok(bytes) if digest_of_file(name, &bytes) == *digest => {}
                Ok(_) => say(name, "has changed"),
                Err(_) => say(name, "cannot be read any more"),
            }
            if syntax(name).is_some() {
                let parent = Path::new(name).parent().unwrap_or(Path::new(""));
                directories.insert(parent.to_string_lossy().into_owned());
            }
        }
        for directory in &directories {
            let entries = std::fs::read_dir(context.directory.join(directory));
            for entry in entries.into_iter().flatten().flatten() {
                let name = Path::new(directory).join(entry.file_name());
                let name = name.to_string_lossy();
                let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
                if !hidden && syntax(&name).is_some() && !known.contains_key(&*name) {
                    say(&name, "is new");
                }
            }
        }
        self.changed_values(context, &mut say);
        findings
    }
}

/// What a refusal is called for which these are the reasons.
fn refused(findings: &Diagnostics) -> &'static str {
    let is_stale = |finding: &Diagnostic| [MOVED, APPLIED, OLD].contains(&finding.summary.as_str());
    if findings.iter().any(is_stale) {
        STALE
    } else {
        REFUSED
    }
}

/// The digest of a file; that of one of the configuration is of its text as plans have it, without passwords.
fn digest_of_file(name: &str, bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if syntax(name).is_some() => digest_of_text(masked(text).as_bytes()),
        _ => digest_of_text(bytes),
    }
}

fn digest<'a>(seen: &'a Seen, address: &Address) -> Option<&'a String> {
    seen.get(address)?.as_ref()
}

/// What an output is in the state, as plans have it.
fn output(said: &Before, name: &str) -> Option<Json> {
    said.outputs.get(name).map(stored_value::to_json)
}

/// Which serial an apply has made, when and by whom, as the end of a sentence.
fn by(apply: Option<(u64, Timestamp, String)>) -> String {
    apply.map_or_else(String::new, |(serial, at, who)| {
        format!(
            ", by {who} at {} (serial {serial})",
            moment(at, &TimeZone::UTC)
        )
    })
}

/// Which instances of an activity were to run again, by the starts of their intervals.
fn were_to_run(object: &Address, starts: &[Timestamp]) -> String {
    let at = |at: Option<&Timestamp>| at.map_or_else(String::new, |at| moment(*at, &TimeZone::UTC));
    let (first, last) = (at(starts.iter().min()), at(starts.iter().max()));
    if let [_] = starts {
        return format!("The instance of `{object}` from {first} was to run again");
    }
    let number = u64::try_from(starts.len()).unwrap_or(u64::MAX);
    let instances = counted(number, "instance", "instances");
    format!("{instances} of `{object}` from {first} to {last} were to run again")
}

/// Runs that the plan would start besides those that were approved, other than those that time has brought.
fn more_runs(approved: &Planned, then: &Planned) -> Diagnostics {
    let mut findings = Diagnostics::new();
    let approved = by_activity(approved, |counts| counts.backfill);
    for (address, runs) in by_activity(then, |counts| counts.backfill) {
        let before = approved.get(&address).copied().unwrap_or(0);
        if runs > before {
            findings.push(
                Diagnostic::error(
                    MOVED,
                    format!(
                        "The apply would back-fill {} of `{address}`, and {before} were approved.",
                        counted(runs, "run", "runs")
                    ),
                )
                .about(address.as_str()),
            );
        }
    }
    findings
}

/// How many runs of each activity a plan counts.
fn by_activity(planned: &Planned, count: impl Fn(&Totals) -> u64) -> BTreeMap<Address, u64> {
    let pipelines = planned.plan.effects.pipelines.iter();
    let activities = pipelines.flat_map(|pipeline| &pipeline.activities);
    activities
        .map(|activity| (activity.address.clone(), count(&activity.counts)))
        .collect()
}

/// By how much one plan counts more than another.
fn grown(
    before: &Planned,
    after: &Planned,
    count: impl Fn(&Totals) -> u64 + Copy,
) -> BTreeMap<Address, u64> {
    let before = by_activity(before, count);
    let after = by_activity(after, count).into_iter();
    let more = after.map(|(address, runs)| {
        let more = runs.saturating_sub(before.get(&address).copied().unwrap_or(0));
        (address, more)
    });
    more.filter(|(_, more)| *more > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::super::possible::IMPOSSIBLE;
    use super::*;

    #[test]
    fn instances_that_were_to_run_again_are_named_by_the_first_and_the_last() {
        let starts: Vec<Timestamp> = ["2026-11-03T00:00:00Z", "2026-11-01T00:00:00Z"]
            .map(|at| at.parse().unwrap())
            .into();
        let object = Address::new("pipeline.p.activity.a");
        assert_eq!(
            were_to_run(&object, &starts),
            "2 instances of `pipeline.p.activity.a` from 2026-11-01T00:00Z to 2026-11-03T00:00Z were to run again"
        );
        assert_eq!(
            were_to_run(&object, &starts[..1]),
            "The instance of `pipeline.p.activity.a` from 2026-11-03T00:00Z was to run again"
        );
    }

    #[test]
    fn a_refusal_is_called_as_terraform_calls_it_where_the_plan_was_right_once() {
        let of = |summaries: &[&str]| {
            let mut findings = Diagnostics::new();
            for summary in summaries {
                findings.push(Diagnostic::error(*summary, "Why."));
            }
            refused(&findings)
        };
        for summary in [MOVED, APPLIED, OLD] {
            assert_eq!(of(&[summary]), "Saved plan is stale");
            assert_eq!(of(&[IMPOSSIBLE, summary]), "Saved plan is stale");
        }
        assert_eq!(of(&[IMPOSSIBLE]), "Saved plan cannot be applied");
    }
}
