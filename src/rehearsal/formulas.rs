//! What attempts, checks and actions would evaluate, evaluated as when an instance runs: a formula that cannot be evaluated, or
//! a condition that does not hold, is found in the interval in which it would be.
//!
//! What an attempt has seen is not kept, but made again when somebody asks for it: a year by the minute has half a million. Only
//! which data was there is remembered, where that does not follow from the schedules.

use std::cell::Cell;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;

use super::Run;
use super::Started;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Span;
use crate::engine::Engine;
use crate::engine::Instance;
use crate::engine::InstanceKey;
use crate::lang::Value;
use crate::lang::functions::Call;
use crate::objects::Address;
use crate::objects::History;
use crate::objects::Kind;
use crate::objects::Need;
use crate::objects::Objects;
use crate::objects::Require;
use crate::objects::Timetable;
use crate::objects::resolve::Nodes;
use crate::objects::resolve::Resolved;
use crate::objects::resolve::Resolver;
use crate::objects::resolve::Try;
use crate::time::Interval;

/// The objects of one serial, and their schedules.
#[derive(Clone, Debug, Default)]
pub struct Applied {
    /// The objects.
    pub objects: Objects,
    /// Their schedules.
    pub timetable: Timetable,
}

/// What an attempt has seen.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The attributes of the object.
    pub attributes: Value,
    /// What it read, by name; null for what is no activity.
    pub inputs: Value,
    /// What it wrote.
    pub outputs: Value,
}

/// A finding about instances: the same may be found of many.
#[derive(Clone, Debug)]
pub struct Trouble {
    /// The finding, of the first of them.
    pub finding: Diagnostic,
    /// The first of them.
    pub key: InstanceKey,
    /// Of how many others it was found.
    pub others: usize,
}

/// What makes one finding out of many: summary, object, attribute, place, and whose instance.
type Sort = (
    String,
    Option<String>,
    Option<String>,
    Option<Span>,
    Address,
);

/// With what something that serves an instance is evaluated: its try, what `run.node` knows besides, and the serial.
type Service = (Try, Vec<(Arc<str>, Value)>, Option<u64>);

/// Which intervals of each input an attempt has read, in the order in which it asked.
type Answers = Vec<Option<Vec<Interval>>>;

/// Evaluates what instances need. See the module.
pub struct Formulas<'a> {
    call: &'a Call<'a>,
    applied: BTreeMap<u64, Arc<Applied>>,
    /// What attempts were told of the past, the last of each instance, where it does not follow from the schedules.
    told: BTreeMap<InstanceKey, Answers>,
    troubles: BTreeMap<Sort, Trouble>,
}

impl<'a> Formulas<'a> {
    /// With no definition yet. `call` is what functions may use.
    pub fn new(call: &'a Call<'a>) -> Self {
        Self {
            call,
            applied: BTreeMap::new(),
            told: BTreeMap::new(),
            troubles: BTreeMap::new(),
        }
    }

    /// Takes the definition of a serial.
    pub fn apply(&mut self, serial: u64, applied: Arc<Applied>) {
        self.applied.insert(serial, applied);
    }

    /// The definition of a serial, or else the newest.
    pub fn at(&self, serial: Option<u64>) -> Arc<Applied> {
        let known = serial.and_then(|serial| self.applied.get(&serial));
        let newest = || self.applied.values().next_back();
        known.or_else(newest).cloned().unwrap_or_default()
    }

    /// What was found to be wrong, the same of many instances once.
    pub fn troubles(&self) -> impl Iterator<Item = &Trouble> {
        self.troubles.values()
    }

    /// Evaluates what an attempt does, with the data that is there; else why it fails.
    pub fn attempt(
        &mut self,
        engine: &Engine,
        started: &Started,
        now: Timestamp,
    ) -> Result<(), String> {
        let applied = self.at(Some(started.definition));
        let listener = Listener {
            engine,
            heard: RefCell::default(),
            unusual: Cell::new(false),
        };
        let resolver = Resolver {
            history: Some(&listener),
            ..Resolver::planned(&applied.objects, &applied.timetable, self.call)
        };
        let of = Try {
            attempt: started.number,
            actual_start: now,
        };
        let key = &started.key;
        let result = resolver.activity(&key.object, key.interval, of).map(drop);
        let result = result.map_err(|findings| (resolver.sentences(&findings), findings));
        if listener.unusual.get() {
            self.told.insert(key.clone(), listener.heard.take());
        } else {
            self.told.remove(key);
        }
        result.map_err(|(error, findings)| {
            self.note(key, findings);
            error
        })
    }

    /// Evaluates the preconditions of an instance; else why they cannot be checked.
    pub fn checks(
        &mut self,
        engine: &Engine,
        key: &InstanceKey,
        now: Timestamp,
    ) -> Result<(), String> {
        let preconditions = engine.unit(&key.object).map(|unit| &unit.preconditions);
        let of = Try {
            attempt: 1,
            actual_start: now,
        };
        for precondition in preconditions.into_iter().flatten() {
            self.serve(engine, precondition, key, (of, Vec::new(), None))?;
        }
        Ok(())
    }

    /// Evaluates an action for an instance. That it cannot be evaluated is noted, and changes nothing.
    pub fn action(
        &mut self,
        engine: &Engine,
        action: &Address,
        instance: &Instance,
        now: Timestamp,
    ) {
        let of = Try {
            attempt: instance.attempts.max(1),
            actual_start: instance.started_at.unwrap_or(now),
        };
        let error = instance.reason.clone().unwrap_or_default();
        let extra = vec![
            (Arc::from("status"), Value::string(instance.status.as_str())),
            (Arc::from("error"), Value::string(error)),
        ];
        let with = (of, extra, instance.definition);
        // It is among the troubles.
        drop(self.serve(engine, action, &instance.key, with));
    }

    fn serve(
        &mut self,
        engine: &Engine,
        address: &Address,
        key: &InstanceKey,
        (of, extra, serial): Service,
    ) -> Result<(), String> {
        let applied = self.at(serial);
        let resolver = Resolver {
            history: Some(engine),
            ..Resolver::planned(&applied.objects, &applied.timetable, self.call)
        };
        let result = resolver.serving(address, &key.object, key.interval, of, extra);
        let result = result.map(drop);
        let result = result.map_err(|findings| (resolver.sentences(&findings), findings));
        result.map_err(|(error, findings)| {
            self.note(key, findings);
            error
        })
    }

    fn note(&mut self, key: &InstanceKey, findings: Diagnostics) {
        for finding in findings {
            let sort = (
                finding.summary.clone(),
                finding.object.clone(),
                finding.attribute.clone(),
                finding.span,
                key.object.clone(),
            );
            match self.troubles.get_mut(&sort) {
                // A retry finds the same.
                Some(known) if known.key == *key => {}
                Some(known) => known.others += 1,
                None => {
                    let trouble = Trouble {
                        finding,
                        key: key.clone(),
                        others: 0,
                    };
                    self.troubles.insert(sort, trouble);
                }
            }
        }
    }

    /// What the last attempt of an instance has seen, or a data node is; `None` before the first attempt, and for what could not
    /// be evaluated.
    pub fn seen(&self, run: &Run) -> Option<Seen> {
        let instance = &run.instance;
        let key = &instance.key;
        let applied = self.at(instance.definition);
        let replay = self.told.get(key).map(|answers| Replay {
            answers: RefCell::new(answers.iter().cloned().collect()),
        });
        let history = replay.as_ref().map(|replay| replay as &dyn History);
        let resolver = Resolver {
            history,
            judges: false,
            ..Resolver::planned(&applied.objects, &applied.timetable, self.call)
        };
        let kind = applied.objects.get(&key.object)?.kind();
        if kind == Kind::DataNode {
            let of = Try {
                attempt: 1,
                actual_start: instance.started_at.unwrap_or(run.due),
            };
            let node = resolver.node(&key.object, key.interval, of).ok()?;
            return Some(Seen {
                attributes: named(&Value::object(node.attributes)),
                inputs: Value::NULL,
                outputs: Value::NULL,
            });
        }
        let last = run.attempts.last()?;
        let of = Try {
            attempt: last.number,
            actual_start: last.started_at,
        };
        let seen = resolver.activity(&key.object, key.interval, of).ok()?;
        Some(Seen {
            attributes: named(&Value::object(seen.activity.attributes)),
            inputs: nodes(&seen.inputs),
            outputs: nodes(&seen.outputs),
        })
    }
}

/// Data nodes as `run.inputs` has them.
fn nodes(nodes: &Nodes<'_>) -> Value {
    let list = |(name, list): (&Arc<str>, &Vec<Resolved<'_>>)| {
        let list = list.iter().map(|node| named(&node.as_value()));
        (name.clone(), Value::tuple(list.collect()))
    };
    Value::object(nodes.iter().map(list).collect())
}

/// A value with addresses in the place of references, so that all of it can be compared and shown.
fn named(value: &Value) -> Value {
    match value {
        Value::Ref(reference) => Value::string(reference.address.clone()),
        Value::Sensitive(inner) => named(inner).mark(true),
        Value::List(items) => Value::list(items.iter().map(named).collect()),
        Value::Set(items) => Value::set(items.iter().map(named).collect()),
        Value::Tuple(items) => Value::tuple(items.iter().map(named).collect()),
        Value::Map(entries) | Value::Object(entries) => {
            let entries = entries.iter();
            let entries = entries.map(|(name, item)| (name.clone(), named(item)));
            match value {
                Value::Map(_) => Value::map(entries.collect()),
                _ => Value::object(entries.collect()),
            }
        }
        plain => plain.clone(),
    }
}

/// What the engine says of the past, and whether that is anything but what the schedules say.
struct Listener<'e> {
    engine: &'e Engine,
    heard: RefCell<Answers>,
    unusual: Cell<bool>,
}

impl Listener<'_> {
    fn is_usual(
        &self,
        producer: &Address,
        need: Need,
        require: Require,
        answer: &[Interval],
    ) -> bool {
        let unit = self.engine.unit(producer);
        let schedule = unit.and_then(|unit| unit.schedule.as_ref());
        match (need, schedule) {
            (Need::In { span, due_by: None }, Some(schedule)) if require == Require::All => {
                schedule.overlapping(span).eq(answer.iter().copied())
            }
            _ => false,
        }
    }
}

impl History for Listener<'_> {
    fn finished(&self, producer: &Address, need: Need, require: Require) -> Option<Vec<Interval>> {
        let answer = self.engine.finished(producer, need, require);
        if let Some(answer) = &answer
            && !self.is_usual(producer, need, require, answer)
        {
            self.unusual.set(true);
        }
        self.heard.borrow_mut().push(answer.clone());
        answer
    }
}

/// Says once more what the engine has said.
struct Replay {
    answers: RefCell<VecDeque<Option<Vec<Interval>>>>,
}

impl History for Replay {
    fn finished(&self, _: &Address, _: Need, _: Require) -> Option<Vec<Interval>> {
        self.answers.borrow_mut().pop_front().flatten()
    }
}
