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
use super::succession::activated;
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
use crate::objects::configuration::Configuration;
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
    /// Their schedules, if they are others than those of the state.
    timetable: Option<Timetable>,
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
    let now = context.clock.now();
    let mut planned = planned(settled(store, target, now)?, now)?;
    estimate(&mut planned, store)?;
    Ok(planned)
}

/// The same, and answers what the state said, too: for a plan that is saved.
pub(crate) fn plan_and_keep(
    context: &Context,
    store: &Store,
    target: impl Fn(&Objects) -> Result<Target, Failure>,
) -> Result<(Planned, Before), Failure> {
    let now = context.clock.now();
    let settled = settled(store, target, now)?;
    let mut kept = settled.before.clone();
    let mut planned = planned(settled, now)?;
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

/// What a plan is made of.
pub(crate) struct Settled {
    /// What the state says.
    before: Before,
    /// What is to be.
    target: Target,
    /// Which objects of the state go on under another address.
    relocation: Relocation,
    /// What was made of the state's objects meanwhile, if none does.
    applied: Option<Applied>,
}

/// What the objects of the state come to: their schedules, and what the engine works on.
struct Applied {
    timetable: Timetable,
    units: Definition,
}

impl Settled {
    /// The same from what a plan has kept of it.
    pub(crate) fn kept(before: Before, target: Target, relocation: Relocation) -> Self {
        Self {
            before,
            target,
            relocation,
            applied: None,
        }
    }
}

impl Applied {
    fn of(objects: &Objects, moments: &Moments, serial: u64, now: Timestamp) -> Self {
        let timetable = Timetable::new(objects, moments, now);
        Self {
            units: crate::engine::compile(objects, &timetable, serial),
            timetable,
        }
    }
}

/// Reads the state, and what is to be. While that is evaluated, the schedules of the state are made.
fn settled(
    store: &Store,
    target: impl Fn(&Objects) -> Result<Target, Failure>,
    now: Timestamp,
) -> Result<Settled, Failure> {
    let mut before = Before::read(store)?;
    let moments = before.moments()?;
    let (objects, serial) = (&before.objects, before.head.serial);
    let (applied, settled) = side_by_side(
        || Applied::of(objects, &moments, serial, now),
        || Target::settle(target, objects),
    );
    let (target, relocation) = settled?;
    before.read_for(store, &relocation, &target.configuration.objects)?;
    Ok(Settled {
        before,
        target,
        applied: relocation.is_empty().then_some(applied),
        relocation,
    })
}

/// Plans how to get from what a state says to the target.
pub(crate) fn planned(settled: Settled, now: Timestamp) -> Result<Planned, Failure> {
    let Settled {
        mut before,
        target,
        relocation,
        applied,
    } = settled;
    let moments = relocated(before.moments()?, &relocation);
    let (old, old_units) = before.definition(&relocation, applied, &moments, now);
    let Target {
        mut configuration,
        sources,
        max_runs,
        mut warnings,
        forgotten,
        origin,
    } = target;
    let made_until = relocation.keys(before.made_until.clone());
    let paused = held(&old.pauses, &configuration.objects);
    let mut changes = changes(&old.objects, &configuration, &relocation, &forgotten);
    let known = (&old, &moments, &made_until);
    let next = Next::of(known, (&configuration, &sources), (&changes, &paused), now)?;
    let new = std::mem::take(&mut configuration.objects);
    let (timetable, new_units) = next.or((&old.timetable, &old_units));
    origin.explain(&mut changes);
    let sources = without_errors(protected(&changes, &configuration.places), sources)?;
    note_places(&mut changes, &configuration, &sources);
    let old_outputs = before.outputs(&relocation);
    let head = std::mem::take(&mut before.head);
    let beyond = before.beyond(&relocation, [&old_units, new_units]);
    let alive = before.alive(&relocation);
    let runs = before.runs(&relocation, (&old_units, new_units));
    let affected = Affected::by(&changes, &old.objects.values().chain(new.values()));
    let call = no_files_call(now);
    let resolver = Resolver::planned(&new, timetable, &call);
    let sides = [(&old.objects, &old.timetable), (&new, timetable)];
    let units = (&old_units, new_units);
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
    let checks = checks::results(&configuration, (resolver, &preview));
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
        checks,
        old,
        new,
        timetable: next.timetable,
        outputs: configuration.outputs,
        moments,
        new_moments: next.moments,
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
    (old, new): (&Definition, &Definition),
    (changes, alive, runs): (&[Change], &[Living], &BTreeMap<Address, UnitRuns>),
    affected: &Affected,
    now: Timestamp,
) -> Effects {
    let mut effects = effects::effects(old, new, runs, &affected.runs, now);
    (effects.history, effects.consumers) = impact((old, new), runs, affected);
    note_new(&mut effects.history, changes);
    effects.waiting = waiting((old, new), runs, &affected.behaviour);
    effects.alignment = alignments(before, after, now);
    let sides = ClusterSides {
        old,
        new,
        runs,
        alive,
    };
    effects.clusters = clusters(changes, sides, now);
    effects
}

/// What comes after an apply: its schedules, and what the engine works on. `None`: what there is.
struct Next {
    moments: Moments,
    timetable: Option<Timetable>,
    units: Option<Definition>,
}

impl Next {
    /// What comes of a configuration after what was applied. Refuses objects that need each other.
    fn of(
        (old, moments, made_until): (&SerialDefinition, &Moments, &BTreeMap<Address, Timestamp>),
        (configuration, sources): (&Configuration, &Sources),
        (changes, paused): (&[Change], &[Held]),
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let objects = &configuration.objects;
        // Objects that stay were looked at when they were applied, and go on as they are.
        if changes.is_empty() && !paused.iter().any(|held| held.lifted) {
            return Ok(Self {
                moments: activated(moments, objects, now),
                timetable: None,
                units: None,
            });
        }
        let schedules = (old.serial, &old.timetable);
        let ((moments, timetable), cycles) = side_by_side(
            || continued(schedules, objects, moments, made_until, now),
            || check_cycles(configuration, sources),
        );
        cycles?;
        let mut units = crate::engine::compile(objects, &timetable, old.serial + 1);
        units.pause(&staying(paused));
        for unit in units.units.values_mut() {
            unit.since = Some(old.since.get(&unit.address).copied().unwrap_or(now));
        }
        Ok(Self {
            moments,
            timetable: Some(timetable),
            units: Some(units),
        })
    }

    /// The schedules and units, if they are not those that there are.
    fn or<'a>(&'a self, same: (&'a Timetable, &'a Definition)) -> (&'a Timetable, &'a Definition) {
        let timetable = self.timetable.as_ref().unwrap_or(same.0);
        (timetable, self.units.as_ref().unwrap_or(same.1))
    }
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

/// How objects change. `forgotten`: which of those that go are not destroyed, whatever the configuration says.
fn changes(
    old: &Objects,
    configuration: &Configuration,
    relocation: &Relocation,
    forgotten: &BTreeSet<Address>,
) -> Vec<Change> {
    let mut changes = diff(old, &configuration.objects);
    forget(&mut changes, |address| {
        forgotten.contains(address) || configuration.statements.forgets(address)
    });
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
        let timetable = self.next_timetable();
        let mut units = crate::engine::compile(&self.new, timetable, self.plan.serial + 1);
        units.pause(&self.next_pauses());
        (units, timetable)
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
        self.timetable.as_ref().unwrap_or(&self.old.timetable)
    }

    /// What a residual of an object will be in its next run.
    pub(crate) fn example(&self, object: &Object, residual: &Expr) -> Option<Value> {
        let call = no_files_call(self.plan.at);
        let resolver = Resolver {
            judges: false,
            ..Resolver::planned(&self.new, self.next_timetable(), &call)
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
