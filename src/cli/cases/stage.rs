//! A case and the module it is played with: what it says is evaluated, it is played, and its assertions are checked.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::SignedDuration;
use jiff::Timestamp;

use super::Ending;
use super::applier::Applier;
use super::facts::Facts;
use super::facts::evaluate;
use super::mocks::Mocks;
use super::moment_of;
use super::operations::Operation;
use super::records::Records;
use super::world::CaseWorld;
use super::world::Deed;
use super::written::Case;
use super::written::Trigger;
use crate::cli::commands::select::is_inside;
use crate::diag::Diagnostic;
use crate::diag::Involved;
use crate::diag::Span;
use crate::diag::did_you_mean;
use crate::engine::Past;
use crate::lang::Scope as _;
use crate::lang::ast::Expr;
use crate::lang::functions::Call;
use crate::lang::module::Condition;
use crate::objects::Address;
use crate::objects::Objects;
use crate::objects::Timetable;
use crate::objects::resolve::message_text;
use crate::objects::resolve::verdict;
use crate::rehearsal;
use crate::rehearsal::Bounds;
use crate::rehearsal::Formulas;

/// How many attempts run at once if a case does not say it: the same on every machine.
const PARALLELISM: usize = 16;

/// How long a case may last.
const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 3660);

/// A case and the module it is played with.
pub(super) struct Stage<'a, 'b> {
    pub(super) case: Case,
    /// What is applied when it begins.
    pub(super) objects: &'a Objects,
    /// Where they are written.
    pub(super) places: &'a BTreeMap<Address, Span>,
    pub(super) facts: &'a Facts,
    pub(super) call: &'a Call<'a>,
    /// Reads the configurations that are applied in its middle.
    pub(super) applier: &'a mut Applier<'b>,
}

/// When and how a case is played.
struct Script {
    bounds: Bounds,
    deeds: Vec<Deed>,
    back_fill: bool,
    expected: Expected,
    mocks: Mocks,
}

impl Stage<'_, '_> {
    /// What happened, unless the case itself is wrong; findings are among the facts.
    pub(super) fn play(mut self) -> Option<Ending> {
        let script = self.script()?;
        let (facts, back_fill) = (self.facts, script.back_fill);
        let mut world = CaseWorld::new(
            (self.objects.clone(), back_fill),
            script.bounds.from,
            (&script.mocks, facts),
            Formulas::new(self.call),
            script.deeds,
        );
        let definition = world.definition();
        let past = if back_fill {
            Past::default()
        } else {
            rehearsal::finished_until(&definition, script.bounds.from)
        };
        let story = rehearsal::rehearse(definition, past, script.bounds, &mut world);
        script.mocks.check_intervals(facts);
        if let Some(at) = story.given_up {
            let detail = format!(
                "The case was given up at {at}: there are too many instances, or too many checks of their data. Make it shorter, or its schedules slower."
            );
            let finding = Diagnostic::error("Too much happens", detail);
            facts.report(finding.at(self.case.span));
            return None;
        }
        let (applied, holds) = (world.applied(), world.holds());
        let records = Records::new(facts, &story, &world.formulas, (applied, holds));
        script.expected.judge(&records, self.places);
        for assertion in &self.case.assertions {
            check(assertion, &records, self.call);
        }
        Some(world.ending(story))
    }

    fn script(&mut self) -> Option<Script> {
        let bounds = self.bounds();
        let applied = bounds.as_ref().and_then(|bounds| self.applies(bounds));
        let later: &[(Timestamp, Objects)] = applied.as_deref().unwrap_or_default();
        let mut known = self.objects.clone();
        for (_, objects) in later {
            known.extend(objects.clone());
        }
        let triggers: Vec<_> = self
            .case
            .triggers
            .iter()
            .map(|it| self.trigger(it, &known, later))
            .collect();
        let operations: Vec<_> = self
            .case
            .operations
            .iter()
            .map(|it| {
                let at = self.moment(&it.at);
                let operation = Operation::read(it, &known, self.facts, self.call);
                Some(((at?, it.at.span), Deed::Operate(operation?)))
            })
            .collect();
        let later = later.iter().map(|(_, objects)| objects);
        let configurations: Vec<&Objects> = std::iter::once(self.objects).chain(later).collect();
        let mocks = Mocks::read(&self.case.mocks, &configurations, self.facts, self.call);
        let expected = self.expected(&known);
        let back_fill = match &self.case.back_fill {
            None => Some(false),
            Some(expr) => self.facts.boolean(expr, self.call),
        };
        let (mut bounds, applied) = (bounds?, applied?);
        let mut deeds = Vec::new();
        let mut runs = BTreeSet::new();
        for ((mut at, place), deed) in triggers
            .into_iter()
            .chain(operations)
            .collect::<Option<Vec<_>>>()?
        {
            self.within(at, place, &bounds)?;
            // Each trigger makes a run of its own, a millisecond after the one before: as on the command line.
            while matches!(deed, Deed::Trigger(_))
                && !runs.insert(at)
                && let Ok(next) = at.checked_add(SignedDuration::from_millis(1))
            {
                at = next;
            }
            bounds.deeds.push(at);
            deeds.push(deed);
        }
        for (at, objects) in applied {
            bounds.deeds.push(at);
            deeds.push(Deed::Apply(objects));
        }
        Some(Script {
            bounds,
            deeds,
            back_fill: back_fill?,
            expected: expected?,
            mocks: mocks?,
        })
    }

    fn bounds(&self) -> Option<Bounds> {
        let from = self.case.from.as_ref();
        let from = from.and_then(|expr| self.moment(expr));
        let to = self.case.to.as_ref();
        let to = to.and_then(|expr| Some((self.moment(expr)?, expr.span)));
        let parallelism = match &self.case.parallelism {
            None => PARALLELISM,
            Some(expr) => self.facts.count(expr, self.call)?,
        };
        let (from, (to, place)) = (from?, to?);
        if to < from || to.duration_since(from) > LONGEST {
            let detail = "A case ends after it begins, and lasts no more than ten years.";
            self.facts
                .report(Diagnostic::error("Invalid times of a case", detail).at(place));
            return None;
        }
        Some(Bounds {
            from,
            to,
            parallelism,
            deeds: Vec::new(),
        })
    }

    fn within(&self, at: Timestamp, place: Span, bounds: &Bounds) -> Option<()> {
        if at < bounds.from || at > bounds.to {
            let detail = "What is done in a case is done between its `from` and `to`.";
            self.facts
                .report(Diagnostic::error("Invalid time", detail).at(place));
            return None;
        }
        Some(())
    }

    /// Reads what is triggered. Whether it has a schedule is decided by what is applied at that moment.
    fn trigger(
        &self,
        trigger: &Trigger,
        known: &Objects,
        later: &[(Timestamp, Objects)],
    ) -> Option<((Timestamp, Span), Deed)> {
        let at = self.moment(&trigger.at);
        let addresses = self.facts.addresses(&trigger.addresses, known, self.call)?;
        // What is applied at the same moment is applied after that.
        let mut before = later.iter().rev();
        let before = before.find(|(moment, _)| at.is_some_and(|at| *moment < at));
        let objects = before.map_or(self.objects, |(_, objects)| objects);
        let timetable = Timetable::new(objects, &crate::objects::Moments::default(), at?);
        let scheduled = addresses.iter().find(|it| timetable.schedule(it).is_some());
        if let Some(scheduled) = scheduled {
            let detail = format!(
                "`{scheduled}` has a schedule and runs by that; only what has none is triggered."
            );
            let finding = Diagnostic::error("Nothing to trigger", detail);
            self.facts.report(finding.at(trigger.addresses.span));
            return None;
        }
        Some(((at?, trigger.at.span), Deed::Trigger(addresses)))
    }

    /// What is applied in the middle of the case, and when, in this order.
    fn applies(&mut self, bounds: &Bounds) -> Option<Vec<(Timestamp, Objects)>> {
        let mut moments = Vec::new();
        for (number, apply) in self.case.applies.iter().enumerate() {
            let at = self.moment(&apply.at)?;
            self.within(at, apply.at.span, bounds)?;
            let source = match &apply.source {
                None => None,
                Some(expr) => Some(self.facts.text(expr, self.call)?),
            };
            moments.push((at, number, source));
        }
        moments.sort();
        let mut before = self.objects.clone();
        let mut applied = Vec::new();
        for (at, number, source) in moments {
            let apply = self.case.applies.get(number)?;
            let objects = self.applier.read(apply, source, &before, self.facts)?;
            before.clone_from(&objects);
            applied.push((at, objects));
        }
        Some(applied)
    }

    /// Reads which conditions and formulas are to fail.
    fn expected(&self, known: &Objects) -> Option<Expected> {
        let Some(expr) = &self.case.expect_failures else {
            return Some(Expected::default());
        };
        let addresses = self.facts.texts(expr, self.call)?;
        for address in &addresses {
            if !known.keys().any(|object| is_inside(object, address)) {
                let detail = format!("There is no object `{address}` in the configuration.");
                let hint = did_you_mean(address, known.keys().map(Address::as_str));
                let finding = Diagnostic::error("Unknown object", detail);
                self.facts.report(finding.at(expr.span).help_if(hint));
                return None;
            }
        }
        Some(Expected {
            addresses,
            place: expr.span,
        })
    }

    /// A moment, in UTC where it has no offset.
    fn moment(&self, expr: &Expr) -> Option<Timestamp> {
        let text = self.facts.text(expr, self.call)?;
        moment_of(&text)
            .map_err(|detail| {
                self.facts
                    .report(Diagnostic::error("Invalid time", detail).at(expr.span));
            })
            .ok()
    }
}

/// Of which objects conditions and formulas are to fail.
#[derive(Default)]
struct Expected {
    addresses: Vec<Arc<str>>,
    place: Span,
}

impl Expected {
    /// Reports what failed and was not to, and what was to fail and did not.
    fn judge(&self, records: &Records<'_>, places: &BTreeMap<Address, Span>) {
        let mut met = BTreeSet::new();
        for trouble in records.formulas.troubles() {
            let about = trouble.finding.object.as_deref().map(Address::new);
            let means = |address: &&Arc<str>| {
                is_inside(&trouble.key.object, address)
                    || about
                        .as_ref()
                        .is_some_and(|about| is_inside(about, address))
            };
            let expected: Vec<&Arc<str>> = self.addresses.iter().filter(means).collect();
            if expected.is_empty() {
                let mut finding = named(trouble, records);
                let place = about.as_ref().and_then(|about| places.get(about));
                finding.span = finding.span.or(place.copied());
                records.facts.report(finding);
            }
            met.extend(expected);
        }
        for address in self.addresses.iter().filter(|it| !met.contains(it)) {
            let detail = format!(
                "In this case a condition or a formula of `{address}` was to fail, and none did."
            );
            let finding = Diagnostic::error("Missing expected failure", detail);
            records.facts.report(finding.at(self.place));
        }
    }
}

/// What was found of instances, with the name of the first.
fn named(trouble: &rehearsal::Trouble, records: &Records<'_>) -> Diagnostic {
    let name = records.name(&trouble.key);
    let others = match trouble.others {
        0 => String::new(),
        1 => ", and of one other".to_owned(),
        number => format!(", and of {number} others"),
    };
    let run = Involved {
        name: "run".to_owned(),
        value: format!("is that of {name}{others}"),
    };
    let mut finding = trouble.finding.clone();
    finding.values = std::iter::once(run).chain(finding.values).collect();
    finding
}

fn check(assertion: &Condition, records: &Records<'_>, call: &Call<'_>) {
    drop(records.looked_at());
    let Some(value) = evaluate(records, &assertion.condition, call) else {
        return;
    };
    let looked_at = records.looked_at();
    let mut finding = match verdict(&value) {
        Some(true) => return,
        Some(false) => {
            let message = evaluate(records, &assertion.error_message, call);
            let message = message.as_ref().map(message_text).unwrap_or_default();
            Diagnostic::error("Test assertion failed", message)
        }
        None => {
            let detail = format!(
                "A condition is true or false; this is {}.",
                value.describe()
            );
            Diagnostic::error("Invalid condition", detail)
        }
    };
    finding.values = looked_at.into();
    records.facts.report(finding.at(assertion.condition.span));
}
