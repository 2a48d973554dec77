//! Whether a saved plan still holds: what it depends on is as it was.

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
use crate::cli::statuses::ENDED;
use crate::cli::views::counted;
use crate::cli::views::spoken;
use crate::cli::views::status::moment;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::lang::stored as stored_value;
use crate::objects::Address;
use crate::objects::Objects;
use crate::plan::diff;
use crate::plan::saved::Operations;
use crate::plan::saved::Policies;
use crate::plan::saved::Seen;
use crate::plan::saved::archive;
use crate::plan::saved::seen;
use crate::store::Head;
use crate::store::Store;

/// How far the clocks of two machines may be apart.
const CLOCKS: SignedDuration = SignedDuration::from_mins(5);

/// What the findings are called.
pub(super) const MOVED: &str = "Changed since the plan was made";

/// What the finding is called about a plan that has been carried out.
pub(super) const APPLIED: &str = "Plan applied already";

/// What the finding is called about a plan that was made too long ago.
pub(super) const OLD: &str = "Plan too old";

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

#[cfg(test)]
mod tests {
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
}
