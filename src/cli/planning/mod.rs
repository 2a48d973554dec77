//! Making a plan: reads the state, compares, computes the effects on runs. Used by every command that shows or makes one.

mod apply;
mod before;
mod findings;
#[cfg(test)]
mod simulated;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::checks;
use super::context::Context;
use super::durations::durations;
use super::errors::Failure;
use super::root_module::random;
use super::succession::continued;
use super::target::Origin;
use super::target::Target;
use crate::diag::Diagnostics;
use crate::diag::Sources;
use crate::diag::Span;
use crate::engine::Definition;
use crate::engine::Paused;
use crate::lang::NoFiles;
use crate::lang::Value;
use crate::lang::ast::Expr;
use crate::lang::functions::Call;
use crate::objects::Address;
use crate::objects::Moments;
use crate::objects::Object;
use crate::objects::Objects;
use crate::objects::Timetable;
use crate::objects::resolve::Resolver;
use crate::plan::Affected;
use crate::plan::Change;
use crate::plan::Effects;
use crate::plan::Held;
use crate::plan::Plan;
use crate::plan::Relocation;
use crate::plan::alignments;
use crate::plan::clusters::Living;
use crate::plan::clusters::Sides as ClusterSides;
use crate::plan::clusters::clusters;
use crate::plan::diff;
use crate::plan::diff_outputs;
use crate::plan::effects;
use crate::plan::effects::UnitRuns;
use crate::plan::forget;
use crate::plan::impact::impact;
use crate::plan::impact::note_new;
use crate::plan::impact::waiting;
use crate::plan::in_flight::InFlight;
use crate::plan::preview::Preview;
use crate::plan::protected;
use crate::plan::renamed;
use crate::plan::saved::Again;
use crate::plan::saved::Checked;
use crate::plan::stretches::Known;
use crate::plan::stretches::Stretches;
use crate::plan::stretches::stretches;
use crate::plan::upcoming::Said;
use crate::plan::upcoming::Upcoming;
use crate::plan::upcoming::upcoming;
use crate::runtime::SerialDefinition;
use crate::store::Store;
use crate::time::Interval;
pub(crate) use apply::stored_object;
pub(crate) use before::Before;
pub(crate) use before::outputs_from;
pub(crate) use before::read_outputs;
use findings::check_cycles;
pub(crate) use findings::check_formulas;
use findings::foreseen;
use findings::found_besides;
use findings::note_places;
use findings::placed;

/// A plan with what it was made from.
pub(crate) struct Planned {
    /// The plan.
    pub(crate) plan: Plan,
    /// What there is to say about it besides.
    pub(crate) warnings: Diagnostics,
    /// What its conditions came to.
    pub(crate) checks: Vec<Checked>,
    /// What the state holds.
    old: SerialDefinition,
    /// What it will hold.
    new: Objects,
    timetable: Timetable,
    outputs: BTreeMap<Arc<str>, Value>,
    moments: Moments,
    new_moments: Moments,
    /// Objects of the state that go on under another address; `old` and all that was read has the new ones.
    relocation: Relocation,
    preview: Preview,
    /// The objects whose runs change.
    affected: BTreeSet<Address>,
    /// The intervals that have an instance because operators have asked for one, ahead of those before.
    beyond: BTreeMap<Address, Vec<Interval>>,
    /// Until where instances have been made, one after the other.
    made_until: BTreeMap<Address, Timestamp>,
    /// The texts that warnings point into.
    pub(crate) sources: Sources,
    /// Where its objects are written.
    pub(crate) places: BTreeMap<Address, Span>,
    /// How many runs may be back-filled.
    pub(crate) max_runs: Option<u64>,
    /// What it was made of, besides the texts of its files.
    pub(crate) origin: Origin,
    /// Instances that are to run again.
    pub(crate) again: Vec<Again>,
    /// What becomes of instances that are under way.
    pub(crate) in_flight: InFlight,
}

/// Plans how to get from the state to the target, which may depend on what was applied.
pub(crate) fn plan(
    context: &Context,
    store: &Store,
    target: impl Fn(&Objects) -> Result<Target, Failure>,
) -> Result<Planned, Failure> {
    let (before, target, relocation) = settled(store, target)?;
    let mut planned = planned(before, target, relocation, context.clock.now())?;
    estimate(&mut planned, store)?;
    Ok(planned)
}

/// The same, and answers what the state said, too: for a plan that is saved.
pub(crate) fn plan_and_keep(
    context: &Context,
    store: &Store,
    target: impl Fn(&Objects) -> Result<Target, Failure>,
) -> Result<(Planned, Before), Failure> {
    let (before, target, relocation) = settled(store, target)?;
    let mut kept = before.clone();
    let mut planned = planned(before, target, relocation, context.clock.now())?;
    kept.durations = estimate(&mut planned, store)?;
    Ok((planned, kept))
}

/// Says how long the runs take that a plan starts, as far as the past tells it.
fn estimate(planned: &mut Planned, store: &Store) -> Result<BTreeMap<Address, f64>, Failure> {
    let effects = &mut planned.plan.effects;
    let took = durations(store, effects.with_past())?.into_iter();
    let took = took
        .map(|(address, took)| (address, took.as_secs_f64()))
        .collect();
    effects.estimate(&took, planned.plan.at);
    Ok(took)
}

fn settled(
    store: &Store,
    target: impl Fn(&Objects) -> Result<Target, Failure>,
) -> Result<(Before, Target, Relocation), Failure> {
    let mut before = Before::read(store)?;
    let (target, relocation) = Target::settle(target, &before.objects)?;
    before.read_for(store, &relocation, &target.configuration.objects)?;
    Ok((before, target, relocation))
}

/// Plans how to get from what a state says to the target. `relocation`: which of its objects go on under another address.
pub(crate) fn planned(
    mut before: Before,
    target: Target,
    relocation: Relocation,
    now: Timestamp,
) -> Result<Planned, Failure> {
    let moments = relocated(before.moments()?, &relocation);
    let (old, cycles) = side_by_side(
        || before.definition(&relocation, &moments, now),
        || check_cycles(&target),
    );
    cycles?;
    let Target {
        mut configuration,
        sources,
        max_runs,
        mut warnings,
        forgotten,
        origin,
    } = target;
    let new = std::mem::take(&mut configuration.objects);
    let made_until = relocation.keys(before.made_until.clone());
    let schedules = (old.serial, &old.timetable);
    let (new_moments, timetable) = continued(schedules, &new, &moments, &made_until, now);
    let paused = held(&old.pauses, &new);
    let (old_units, new_units) = compiled(&old, (&new, &timetable), &paused, now);
    let mut changes = changes(&old.objects, &new, &relocation, |address| {
        forgotten.contains(address) || configuration.statements.forgets(address)
    });
    origin.explain(&mut changes);
    let sources = without_errors(protected(&changes, &configuration.places), sources)?;
    note_places(&mut changes, &configuration, &sources);
    let old_outputs = before.outputs(&relocation);
    let head = std::mem::take(&mut before.head);
    let beyond = before.beyond(&relocation, [&old_units, &new_units]);
    let alive = before.alive(&relocation);
    let runs = before.runs(&relocation, (&old_units, &new_units));
    let both = old.objects.values().chain(new.values());
    let affected = Affected::by(&changes, &both);
    let call = no_files_call(now);
    let resolver = Resolver::planned(&new, &timetable, &call);
    let sides = [(&old.objects, &old.timetable), (&new, &timetable)];
    let units = (old_units, new_units);
    let known = (&*changes, &*alive, &runs);
    let (effects, (preview, findings)) = side_by_side(
        || all_effects(sides, units, known, &affected, now),
        || foreseen(resolver, now, (&old.objects, &changes)),
    );
    let findings = placed(&findings, &configuration);
    let sources = without_errors(findings.clone(), sources)?;
    warnings.extend(findings);
    let renamed = renamed(&changes, (&old.objects, &new));
    let trial = (resolver, &preview, &*changes, &sources);
    warnings.extend(found_besides(&relocation, &renamed, &configuration, trial));
    let plan = Plan {
        changes,
        output_changes: diff_outputs(&old_outputs, &configuration.outputs),
        effects,
        held: paused,
        serial: head.serial,
        lineage: head.lineage,
        at: now,
    };
    Ok(Planned {
        plan,
        warnings,
        checks: checks::results(&configuration, (resolver, &preview)),
        old,
        new,
        timetable,
        outputs: configuration.outputs,
        moments,
        new_moments,
        relocation,
        preview,
        affected: affected.runs,
        beyond,
        made_until,
        sources,
        places: configuration.places,
        max_runs,
        origin,
        again: Vec::new(),
        in_flight: InFlight::Finish,
    })
}

/// The texts again, unless there are errors in them.
fn without_errors(found: Diagnostics, sources: Sources) -> Result<Sources, Failure> {
    if found.has_errors() {
        return Err(Failure::Findings(Box::new((found, sources))));
    }
    Ok(sources)
}

/// Objects with their schedules.
type Side<'a> = (&'a Objects, &'a Timetable);

/// What a plan does to the runs: of what the engine makes of each side, what changes, the clusters that are alive, and what is recorded of
/// the runs.
fn all_effects(
    [before, after]: [Side<'_>; 2],
    (old, new): (Definition, Definition),
    (changes, alive, runs): (&[Change], &[Living], &BTreeMap<Address, UnitRuns>),
    affected: &Affected,
    now: Timestamp,
) -> Effects {
    let mut effects = effects::effects(&old, &new, runs, &affected.runs, now);
    (effects.history, effects.consumers) = impact((&old, &new), runs, affected);
    note_new(&mut effects.history, changes);
    effects.waiting = waiting((&old, &new), runs, &affected.behaviour);
    effects.alignment = alignments(before, after, now);
    let sides = ClusterSides {
        old: &old,
        new: &new,
        runs,
        alive,
    };
    effects.clusters = clusters(changes, sides, now);
    // Here, beside what else is done: thousands of units take a while to go.
    drop((old, new));
    effects
}

/// What the engine makes of the definitions before and after.
fn compiled(
    old: &SerialDefinition,
    (new, timetable): (&Objects, &Timetable),
    paused: &[Held],
    now: Timestamp,
) -> (Definition, Definition) {
    side_by_side(
        || old.compile(),
        || {
            let mut units = crate::engine::compile(new, timetable, old.serial + 1);
            units.pause(&staying(paused));
            for unit in units.units.values_mut() {
                unit.since = Some(old.since.get(&unit.address).copied().unwrap_or(now));
            }
            units
        },
    )
}

/// Does two things at once, the first on a thread of its own.
fn side_by_side<A: Send, B>(one: impl FnOnce() -> A + Send, other: impl FnOnce() -> B) -> (A, B) {
    std::thread::scope(|scope| {
        let one = scope.spawn(one);
        let other = other();
        match one.join() {
            Ok(one) => (one, other),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// How objects change. `forgotten`: which of those that go are not destroyed.
fn changes(
    old: &Objects,
    new: &Objects,
    relocation: &Relocation,
    forgotten: impl Fn(&Address) -> bool,
) -> Vec<Change> {
    let mut changes = diff(old, new);
    forget(&mut changes, forgotten);
    relocation.note(&mut changes, old);
    changes
}

/// What the state knows of schedules, under the addresses that their objects have after the moves.
fn relocated(moments: Moments, relocation: &Relocation) -> Moments {
    Moments {
        activations: relocation.keys(moments.activations),
        cuts: relocation.keys(moments.cuts),
        eras: relocation.keys(moments.eras),
    }
}

/// What operators hold. What the configuration says about being active counts more than that.
fn held(pauses: &BTreeMap<Address, Paused>, new: &Objects) -> Vec<Held> {
    let remaining = pauses
        .iter()
        .filter(|(address, _)| new.contains_key(*address));
    remaining
        .map(|(address, paused)| Held {
            address: address.clone(),
            paused: paused.clone(),
            lifted: new
                .get(address)
                .is_some_and(|object| object.get("active").is_some()),
        })
        .collect()
}

fn staying(held: &[Held]) -> BTreeMap<Address, Paused> {
    let staying = held.iter().filter(|held| !held.lifted);
    staying
        .map(|held| (held.address.clone(), held.paused.clone()))
        .collect()
}

pub(crate) fn no_files_call(now: Timestamp) -> Call<'static> {
    Call {
        files: &NoFiles,
        now,
        random,
        secrets: None,
    }
}

impl Planned {
    /// What the engine would work on after an apply, and its schedules.
    pub(crate) fn next_definition(&self) -> (Definition, &Timetable) {
        let mut units = crate::engine::compile(&self.new, &self.timetable, self.plan.serial + 1);
        units.pause(&self.next_pauses());
        (units, &self.timetable)
    }

    /// What operators would still hold then.
    pub(crate) fn next_pauses(&self) -> BTreeMap<Address, Paused> {
        staying(&self.plan.held)
    }

    /// The runs of what changes, as far as they are near.
    pub(crate) fn upcoming(&self) -> Vec<Upcoming> {
        let definition = self.next_definition().0;
        let said = Said {
            effects: &self.plan.effects,
            affected: &self.affected,
            beyond: &self.beyond,
        };
        upcoming(&definition, said, self.plan.at)
    }

    /// The runs that it starts, drops, holds or leaves due, as stretches of time.
    pub(crate) fn stretches(&self) -> Vec<Stretches> {
        let (old, new) = (self.old.compile(), self.next_definition().0);
        let known = Known {
            effects: &self.plan.effects,
            old: &old,
            new: &new,
            made_until: &self.made_until,
            beyond: &self.beyond,
            again: &self.again,
        };
        stretches(known, self.plan.at)
    }

    /// The objects that there would be after an apply.
    pub(crate) fn next_objects(&self) -> &Objects {
        &self.new
    }

    /// Their schedules.
    pub(crate) fn next_timetable(&self) -> &Timetable {
        &self.timetable
    }

    /// What a residual of an object will be in its next run.
    pub(crate) fn example(&self, object: &Object, residual: &Expr) -> Option<Value> {
        let call = no_files_call(self.plan.at);
        let resolver = Resolver {
            judges: false,
            ..Resolver::planned(&self.new, &self.timetable, &call)
        };
        let run = self.preview.run(resolver, &object.address)?;
        resolver.residual(object, &run, residual)
    }

    /// The outputs of the configuration.
    pub(crate) fn outputs(&self) -> &BTreeMap<Arc<str>, Value> {
        &self.outputs
    }

    /// What the state holds.
    pub(crate) fn prior(&self) -> &SerialDefinition {
        &self.old
    }

    /// The objects of the state that go on under another address.
    pub(crate) fn relocation(&self) -> &Relocation {
        &self.relocation
    }

    /// Those that do: the new address by the old one.
    pub(crate) fn moves(&self) -> BTreeMap<Address, Address> {
        let pairs = self.relocation.pairs();
        pairs.map(|(old, new)| (old.clone(), new.clone())).collect()
    }

    /// Whether an object gets this address by the plan.
    pub(crate) fn moves_to(&self, address: &Address) -> bool {
        self.relocation.pairs().any(|(_, new)| new == address)
    }
}
