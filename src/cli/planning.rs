//! Making a plan: reads the state, compares, computes the effects on runs. Used by every command that shows or makes one.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::SignedDuration;
use jiff::Timestamp;

use super::checks;
use super::context::Context;
use super::cycles::check_graph;
use super::errors::Failure;
use super::lacks;
use super::root_module::random;
use super::succession::continued;
use super::succession::instances_after;
use super::target::Target;
use crate::diag::Diagnostics;
use crate::diag::FileId;
use crate::diag::Places;
use crate::diag::Sources;
use crate::diag::Span;
use crate::engine::Definition;
use crate::engine::InstanceKey;
use crate::engine::Paused;
use crate::engine::Status;
use crate::lang::NoFiles;
use crate::lang::Value;
use crate::lang::ast::Expr;
use crate::lang::functions::Call;
use crate::lang::stored as stored_value;
use crate::objects::Address;
use crate::objects::Moments;
use crate::objects::Object;
use crate::objects::Objects;
use crate::objects::Timetable;
use crate::objects::configuration::Configuration;
use crate::objects::eras;
use crate::objects::has_instances;
use crate::objects::resolve::Resolver;
use crate::objects::settings;
use crate::objects::stored;
use crate::plan::Action;
use crate::plan::Change;
use crate::plan::Held;
use crate::plan::Plan;
use crate::plan::Relocation;
use crate::plan::alignments;
use crate::plan::diff;
use crate::plan::diff_outputs;
use crate::plan::effects;
use crate::plan::effects::UnitRuns;
use crate::plan::forget;
use crate::plan::preview::Preview;
use crate::plan::preview::preview;
use crate::plan::protected;
use crate::plan::upcoming::Said;
use crate::plan::upcoming::Upcoming;
use crate::plan::upcoming::upcoming;
use crate::runtime::SerialDefinition;
use crate::runtime::moments;
use crate::store::Apply;
use crate::store::Counts;
use crate::store::Rewrite;
use crate::store::Store;
use crate::store::StoredEra;
use crate::store::StoredObject;
use crate::time::Interval;

/// A plan with what it was made from.
pub(crate) struct Planned {
    /// The plan.
    pub(crate) plan: Plan,
    /// What there is to say about it besides.
    pub(crate) warnings: Diagnostics,
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
    /// The texts that warnings point into.
    pub(crate) sources: Sources,
    /// How many runs may be back-filled.
    pub(crate) max_runs: Option<u64>,
    /// Instances that are to run again.
    pub(crate) again: Vec<InstanceKey>,
}

/// Plans how to get from the state to the target, which may depend on what was applied.
pub(crate) fn plan(
    context: &Context,
    store: &Store,
    target: impl Fn(&Objects) -> Result<Target, Failure>,
) -> Result<Planned, Failure> {
    let now = context.clock.now();
    let head = store.head()?;
    let old = SerialDefinition::read(store, head.serial, now)?;
    let (target, relocation) = Target::settle(target, &old.objects)?;
    check_cycles(&target)?;
    let Target {
        mut configuration,
        sources,
        max_runs,
        mut warnings,
    } = target;
    let new = std::mem::take(&mut configuration.objects);
    let statements = std::mem::take(&mut configuration.statements);
    let moments = relocated_moments(moments(store)?, &relocation);
    let old = relocated(old, &relocation, &moments, now);
    let made_until = relocation.keys(store.made_until()?);
    let (new_moments, timetable) = continued(
        (head.serial, &old.timetable),
        &new,
        &moments,
        &made_until,
        now,
    );
    let old_units = old.compile();
    let mut new_units = crate::engine::compile(&new, &timetable, head.serial + 1);
    let paused = held(&old.pauses, &new);
    new_units.pause(&staying(&paused));
    let mut changes = diff(&old.objects, &new);
    forget(&mut changes, &statements.removals);
    relocation.note(&mut changes, &old.objects);
    let refused = protected(&changes, &configuration.places);
    if refused.has_errors() {
        return Err(Failure::Findings(Box::new((refused, sources))));
    }
    note_places(&mut changes, &configuration, &sources);
    let affected = effects::affected(&changes, &old.objects.values().chain(new.values()));
    let recorded = Recorded::read(store, &relocation, &made_until, (&old.objects, &new))?;
    let runs = recorded.runs(&old_units, &new_units);
    let mut effects = effects::effects(&old_units, &new_units, &runs, &affected, now);
    effects.alignment = alignments((&old.objects, &old.timetable), (&new, &timetable), now);
    let old_outputs = outputs_before(store, &relocation)?;
    let call = no_files_call(now);
    let resolver = Resolver::planned(&new, &timetable, &call);
    let (preview, findings) = preview(resolver, now);
    if findings.has_errors() {
        let placed = placed(&findings, &configuration);
        return Err(Failure::Findings(Box::new((placed, sources))));
    }
    let trial = checks::Trial {
        resolver,
        preview: &preview,
    };
    warnings.extend(found_besides(&relocation, &configuration, trial));
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
        old,
        new,
        timetable,
        outputs: configuration.outputs,
        moments,
        new_moments,
        relocation,
        preview,
        affected,
        beyond: recorded.beyond,
        sources,
        max_runs,
        again: Vec::new(),
    })
}

/// What there is to say about a plan that can be made.
fn found_besides(
    relocation: &Relocation,
    configuration: &Configuration,
    trial: checks::Trial<'_>,
) -> Diagnostics {
    let blocked = super::moving::blocked(&relocation.blocked);
    let mut warnings = blocked.map(Diagnostics::from).unwrap_or_default();
    let lacks = lacks::warnings(trial.resolver.objects);
    warnings.extend(checks::warnings(&configuration.checks, Some(trial)));
    warnings.extend(lacks);
    warnings
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

/// What the state knows of schedules, under the addresses that their objects have after the moves.
fn relocated_moments(moments: Moments, relocation: &Relocation) -> Moments {
    Moments {
        activations: relocation.keys(moments.activations),
        cuts: relocation.keys(moments.cuts),
        eras: relocation.keys(moments.eras),
    }
}

/// What the state holds, under the addresses that its objects have after the moves.
fn relocated(
    old: SerialDefinition,
    relocation: &Relocation,
    moments: &Moments,
    now: Timestamp,
) -> SerialDefinition {
    if relocation.is_empty() {
        return old;
    }
    let objects = relocation.objects(old.objects);
    SerialDefinition {
        serial: old.serial,
        timetable: Timetable::new(&objects, moments, now),
        pauses: relocation.keys(old.pauses),
        since: relocation.keys(old.since),
        objects,
    }
}

/// Evaluates every formula of a configuration for its next interval, as far as what it reads is right.
pub(crate) fn check_formulas(configuration: &Configuration, now: Timestamp) -> Diagnostics {
    let timetable = Timetable::new(&configuration.objects, &Moments::default(), now);
    let call = no_files_call(now);
    let resolver = Resolver {
        judges: false,
        incomplete: &configuration.incomplete,
        ..Resolver::planned(&configuration.objects, &timetable, &call)
    };
    placed(&preview(resolver, now).1, configuration)
}

fn check_cycles(target: &Target) -> Result<(), Failure> {
    let diagnostics = check_graph(&target.configuration);
    if diagnostics.has_errors() {
        return Err(Failure::Findings(Box::new((
            diagnostics,
            target.sources.clone(),
        ))));
    }
    Ok(())
}

/// What the state has of runs, at the addresses that follow.
struct Recorded<'a> {
    counts: Counts,
    made_until: &'a BTreeMap<Address, Timestamp>,
    beyond: BTreeMap<Address, Vec<Interval>>,
    /// How many instances wait again with what comes back.
    returning: BTreeMap<Address, u64>,
}

impl<'a> Recorded<'a> {
    fn read(
        store: &Store,
        relocation: &Relocation,
        made_until: &'a BTreeMap<Address, Timestamp>,
        objects: (&Objects, &Objects),
    ) -> Result<Self, Failure> {
        Ok(Self {
            counts: relocation.keys(store.counts()?),
            made_until,
            beyond: relocation.keys(store.made_beyond()?),
            returning: returning(store, relocation, objects)?,
        })
    }

    fn runs(&self, old: &Definition, new: &Definition) -> BTreeMap<Address, UnitRuns> {
        let (counts, made_until) = (&self.counts, self.made_until);
        let count = |address: &Address, statuses: &[Status]| {
            let counts = counts.get(address);
            let numbers = statuses.iter().filter_map(|status| counts?.get(status));
            numbers.sum()
        };
        let waits: &[Status] = &[Status::WaitingOnDependencies, Status::WaitingForRunner];
        let waiting = |address: &Address| {
            if old.units.contains_key(address) {
                count(address, waits)
            } else {
                self.returning.get(address).copied().unwrap_or(0)
            }
        };
        old.units
            .keys()
            .chain(new.units.keys())
            .filter(|address| counts.contains_key(address) || made_until.contains_key(address))
            .map(|address| {
                let runs = UnitRuns {
                    cursor: made_until.get(address).copied(),
                    beyond: self.beyond.get(address).cloned().unwrap_or_default(),
                    waiting: waiting(address),
                    running: count(address, &[Status::Running]),
                };
                (address.clone(), runs)
            })
            .collect()
    }
}

/// How many instances that were given up with their definition come back with it.
fn returning(
    store: &Store,
    relocation: &Relocation,
    (old, new): (&Objects, &Objects),
) -> Result<BTreeMap<Address, u64>, Failure> {
    let mut returning = BTreeMap::new();
    if new.keys().all(|address| old.contains_key(address)) {
        return Ok(returning);
    }
    for instance in store.unfinished_instances()? {
        let address = relocation.address(&instance.key.object);
        let comes = new.contains_key(&address) && !old.contains_key(&address);
        if comes && instance.went_with_its_definition() {
            *returning.entry(address).or_default() += 1;
        }
    }
    Ok(returning)
}

/// The outputs of the state, with the addresses that follow.
fn outputs_before(
    store: &Store,
    relocation: &Relocation,
) -> Result<BTreeMap<Arc<str>, Value>, Failure> {
    let outputs = read_outputs(store)?.into_iter();
    Ok(outputs
        .map(|(name, value)| (name, relocation.value(value)))
        .collect())
}

pub(crate) fn read_outputs(store: &Store) -> Result<BTreeMap<Arc<str>, Value>, Failure> {
    store
        .outputs()?
        .into_iter()
        .map(|(name, value)| {
            let value = stored_value::from_json(&value, FileId::default()).map_err(|error| {
                Failure::message(format!("The output `{name}` of the state: {error}"))
            })?;
            Ok((Arc::from(name), value))
        })
        .collect()
}

/// Findings of the preview with their places: the part of the formula, and the attribute if that is somewhere else.
fn placed(findings: &Diagnostics, configuration: &Configuration) -> Diagnostics {
    let inside = |part: Span, whole: Span| {
        part.file == whole.file && whole.start <= part.start && part.end <= whole.end
    };
    let mut moved = Diagnostics::new();
    for finding in findings.iter() {
        let object = finding.object.as_deref().map(Address::new);
        let formula = object
            .clone()
            .zip(finding.attribute.as_deref().map(Arc::from));
        let place = formula
            .and_then(|formula| configuration.formulas.get(&formula))
            .or_else(|| configuration.places.get(object.as_ref()?))
            .copied();
        let mut finding = finding.clone();
        match (finding.span, place) {
            (Some(part), Some(whole)) if !inside(part, whole) => {
                finding = finding.label(whole, "the attribute that it is for");
            }
            (None, place) => finding.span = place,
            _ => {}
        }
        moved.push(finding);
    }
    moved
}

/// Notes in new and changed objects where their formulas are written.
fn note_places(changes: &mut [Change], configuration: &Configuration, sources: &Sources) {
    let mut places = Places::new(sources);
    for object in changes.iter_mut().filter_map(|change| change.new.as_mut()) {
        let formulas = object
            .attributes
            .iter()
            .filter(|(_, value)| value.has_deferred());
        for (name, _) in formulas {
            let formula = (object.address.clone(), name.clone());
            if let Some(span) = configuration.formulas.get(&formula) {
                object.written.insert(name.clone(), places.of(*span).into());
            }
        }
    }
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
        units.pause(&staying(&self.plan.held));
        (units, &self.timetable)
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

    /// The objects that there would be after an apply.
    pub(crate) fn next_objects(&self) -> &Objects {
        &self.new
    }

    /// What a residual of an object will be in its next run.
    pub(crate) fn example(&self, object: &Object, residual: &Expr) -> Option<Value> {
        let call = no_files_call(self.plan.at);
        let resolver = Resolver {
            judges: false,
            ..Resolver::planned(&self.new, &self.timetable, &call)
        };
        resolver.residual(object, self.preview.run(&object.address)?, residual)
    }

    /// The outputs of the configuration.
    pub(crate) fn outputs(&self) -> &BTreeMap<Arc<str>, Value> {
        &self.outputs
    }

    /// What an apply of this plan writes.
    pub(crate) fn apply(&self, store: &Store, who: String) -> Result<Apply, Failure> {
        let counts = self.plan.counts();
        let mut apply = Apply {
            expected_serial: self.plan.serial,
            outputs: self
                .outputs
                .iter()
                .map(|(name, value)| (name.to_string(), stored_value::to_json(value)))
                .collect(),
            at: self.plan.at,
            who,
            counts: [counts.add, counts.change, counts.destroy],
            ..Apply::default()
        };
        for change in &self.plan.changes {
            match (change.action, &change.new) {
                (Action::Create | Action::Update, Some(object)) => {
                    apply.puts.push(stored_object(object));
                }
                (Action::Delete | Action::Forget, _) => apply.removes.push(change.address.clone()),
                _ => {}
            }
        }
        let moves = self.relocation.pairs();
        apply.moves = moves.map(|(old, new)| (old.clone(), new.clone())).collect();
        apply.activations = changed(&self.new_moments.activations, &self.moments.activations);
        let lifted = self.plan.held.iter().filter(|held| held.lifted);
        apply.unpaused = lifted.map(|held| held.address.clone()).collect();
        apply.cuts = changed(&self.new_moments.cuts, &self.moments.cuts);
        apply.eras = self.ended_eras();
        let made_until = self.relocation.keys(store.made_until()?);
        apply.retain = Some(retentions(&self.new, &self.timetable));
        apply.dues = Some(self.next_definition().0.dues(&made_until));
        let mut unfinished = store.unfinished_instances()?;
        for instance in &mut unfinished {
            instance.key.object = self.relocation.address(&instance.key.object);
        }
        let seen: BTreeMap<&InstanceKey, Status> = unfinished
            .iter()
            .map(|instance| (&instance.key, instance.status))
            .collect();
        let changed = instances_after(&unfinished, (&self.old.objects, &self.new), self.plan.at);
        let rewrites = changed.into_iter().filter_map(|instance| {
            let seen = *seen.get(&instance.key)?;
            Some(Rewrite { seen, instance })
        });
        apply.instances = rewrites.collect();
        Ok(apply)
    }

    /// What the state holds.
    pub(crate) fn prior(&self) -> &SerialDefinition {
        &self.old
    }

    /// Whether an object gets this address by the plan.
    pub(crate) fn moves_to(&self, address: &Address) -> bool {
        self.relocation.pairs().any(|(_, new)| new == address)
    }

    /// The schedules that this plan ends, as they are kept.
    fn ended_eras(&self) -> BTreeMap<Address, StoredEra> {
        let ended = self.new_moments.eras.iter().filter_map(|(address, eras)| {
            let era = eras.last().filter(|era| era.ended_by > self.old.serial)?;
            let schedule = eras::to_json(
                &self.old.objects,
                self.old.timetable.schedule_address(address)?,
                self.old.timetable.activation(address)?,
                &era.schedule,
            );
            let era = StoredEra {
                ended_by: era.ended_by,
                until: era.until,
                schedule,
            };
            Some((address.clone(), era))
        });
        ended.collect()
    }
}

/// How long what has finished is kept, of each object where that is said.
fn retentions(objects: &Objects, timetable: &Timetable) -> BTreeMap<Address, SignedDuration> {
    let with_instances = objects
        .values()
        .filter(|object| has_instances(object, timetable));
    let kept = with_instances.filter_map(|object| {
        let retain = settings::duration(objects, object, "retain")?;
        Some((object.address.clone(), retain))
    });
    kept.collect()
}

fn changed(
    new: &BTreeMap<Address, Timestamp>,
    old: &BTreeMap<Address, Timestamp>,
) -> BTreeMap<Address, Timestamp> {
    new.iter()
        .filter(|(address, at)| old.get(*address) != Some(at))
        .map(|(address, at)| (address.clone(), *at))
        .collect()
}

fn stored_object(object: &Object) -> StoredObject {
    StoredObject {
        address: object.address.clone(),
        kind: object.kind().as_str().to_owned(),
        type_name: object.object_type.name.to_owned(),
        pipeline: object.pipeline.clone(),
        body: stored::to_json(object),
        lifecycle: object.lifecycle.to_json(),
    }
}
