//! What assertions can read of a case that has run: `runs` and `actions`, made as far as they are read. A year by the minute has
//! more instances than a value may have parts.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::facts::Facts;
use crate::cli::views::status::interval_text;
use crate::cli::views::waiting::Namer;
use crate::diag::Diagnostic;
use crate::diag::Involved;
use crate::diag::did_you_mean;
use crate::engine::InstanceKey;
use crate::engine::Status;
use crate::lang::Reference;
use crate::lang::Resolution;
use crate::lang::Scope;
use crate::lang::Step;
use crate::lang::Value;
use crate::objects::Address;
use crate::objects::Kind;
use crate::rehearsal::Applied;
use crate::rehearsal::Formulas;
use crate::rehearsal::Run;
use crate::rehearsal::Story;
use crate::runtime::Holds;
use crate::time::Interval;
use crate::time::parse_moment;

/// How many instances a failed assertion names.
const NAMED: usize = 5;

/// How many names are listed where one is wrong.
const LISTED: usize = 10;

/// What an instance has.
const FIELDS: [&str; 14] = [
    "status",
    "scheduled_start",
    "scheduled_end",
    "due",
    "started_at",
    "ended_at",
    "attempts",
    "errors",
    "late",
    "definition",
    "waiting_on",
    "attributes",
    "inputs",
    "outputs",
];

/// What separates the parts of the address of a record.
const SEPARATOR: char = '\n';

/// The names that assertions see.
pub(super) struct Records<'a> {
    /// The names that all expressions of a case see, and the findings.
    pub(super) facts: &'a Facts,
    /// What happened.
    pub(super) story: &'a Story,
    /// Evaluates.
    pub(super) formulas: &'a Formulas<'a>,
    /// What was applied last.
    pub(super) applied: &'a Applied,
    /// What holds objects.
    holds: Holds<'a>,
    /// The objects that may have instances: also one without any has none, rather than not being there.
    objects: BTreeSet<Address>,
    /// The instances that were looked at.
    looked: RefCell<BTreeSet<InstanceKey>>,
}

impl<'a> Records<'a> {
    pub(super) fn new(
        facts: &'a Facts,
        story: &'a Story,
        formulas: &'a Formulas<'a>,
        (applied, holds): (&'a Applied, Holds<'a>),
    ) -> Self {
        let configured = applied.objects.values();
        let configured = configured
            .filter(|object| matches!(object.kind(), Kind::Activity | Kind::DataNode))
            .map(|object| object.address.clone());
        let mut objects: BTreeSet<Address> = configured.collect();
        for key in story.runs.keys() {
            if !objects.contains(&key.object) {
                objects.insert(key.object.clone());
            }
        }
        Self {
            facts,
            story,
            formulas,
            applied,
            holds,
            objects,
            looked: RefCell::default(),
        }
    }

    /// The instances that were looked at since this was asked last, with their statuses: those that went well last.
    pub(super) fn looked_at(&self) -> Vec<Involved> {
        let looked = self.looked.take();
        let mut runs: Vec<&Run> = looked
            .iter()
            .filter_map(|key| self.story.runs.get(key).map(|run| &**run))
            .collect();
        let is_smooth = |run: &Run| {
            let instance = &run.instance;
            instance.status == Status::Finished && instance.attempts <= 1 && run.late.is_none()
        };
        runs.sort_by_key(|run| is_smooth(run));
        let mut involved: Vec<Involved> = runs
            .iter()
            .take(NAMED)
            .map(|run| Involved {
                name: self.name(&run.instance.key),
                value: standing(run),
            })
            .collect();
        if let Some(more @ 1..) = runs.len().checked_sub(NAMED) {
            involved.push(Involved {
                name: format!("{more} more"),
                value: "were looked at".to_owned(),
            });
        }
        involved
    }

    /// An instance by its address and interval.
    pub(super) fn name(&self, key: &InstanceKey) -> String {
        let zone = self.zone(&key.object);
        format!("{} {}", key.object, interval_text(key.interval, &zone))
    }

    fn zone(&self, object: &Address) -> TimeZone {
        self.applied.timetable.timezone(object)
    }

    fn runs_of(&self, object: &Address) -> impl Iterator<Item = (&InstanceKey, &Run)> {
        let key = |at| InstanceKey {
            object: object.clone(),
            interval: Interval::moment(at),
        };
        self.story
            .runs
            .range(key(Timestamp::MIN)..=key(Timestamp::MAX))
            .map(|(key, run)| (key, &**run))
    }

    /// The instance of an object whose interval is called so.
    fn find(&self, object: &Address, name: &str) -> Option<&Run> {
        let zone = self.zone(object);
        let start = parse_moment(name).ok()?.timestamp(&zone).ok()?;
        // Moments of triggers are shown to the second.
        let next = start.checked_add(SignedDuration::from_secs(1)).ok()?;
        let key = |at| InstanceKey {
            object: object.clone(),
            interval: Interval::moment(at),
        };
        let near = self.story.runs.range(key(start)..key(next));
        near.map(|(_, run)| &**run)
            .rfind(|run| interval_text(run.instance.key.interval, &zone) == name)
    }

    fn unknown_object(&self, name: &Step) -> Diagnostic {
        let detail = format!(
            "There is no activity and no data node `{}` in this case.",
            name.name
        );
        Diagnostic::error("Unknown object", detail)
            .at(name.span)
            .help_if(did_you_mean(
                &name.name,
                self.objects.iter().map(Address::as_str),
            ))
    }

    fn unknown_interval(&self, object: &Address, name: &Step) -> Diagnostic {
        let zone = self.zone(object);
        let text = |(key, _): (&InstanceKey, &Run)| interval_text(key.interval, &zone);
        let count = self.runs_of(object).count();
        let names: Vec<String> = self.runs_of(object).take(LISTED).map(text).collect();
        let last = self.runs_of(object).last().map(text).unwrap_or_default();
        let has = match names.first() {
            None => "It has none.".to_owned(),
            Some(first) if count > LISTED => {
                format!("It has {count}, from `{first}` to `{last}`.")
            }
            Some(_) => {
                let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                format!("It has {}.", names.join(", "))
            }
        };
        let detail = format!(
            "`{object}` has no instance `{}` in this case. {has} What was due before the case is not in it.",
            name.name
        );
        let near = did_you_mean(&name.name, names.iter().map(String::as_str));
        Diagnostic::error("Unknown instance", detail)
            .at(name.span)
            .help_if(near)
    }

    /// A field of an instance.
    fn field_of(&self, run: &Run, name: &Step) -> Result<Value, Box<Diagnostic>> {
        let instance = &run.instance;
        self.looked.borrow_mut().insert(instance.key.clone());
        let seen = || self.formulas.seen(run);
        Ok(match &*name.name {
            "status" => Value::string(instance.status.as_str()),
            "scheduled_start" => moment(Some(instance.key.interval.start)),
            "scheduled_end" => moment(Some(instance.key.interval.end)),
            "due" => moment(Some(run.due)),
            "started_at" => moment(instance.started_at),
            "ended_at" => moment(instance.ended_at),
            "attempts" => Value::Number(i64::from(instance.attempts).into()),
            "errors" => errors(run),
            "late" => Value::Bool(run.late.is_some()),
            "definition" => instance.definition.map_or(Value::NULL, |serial| {
                Value::Number(i64::try_from(serial).unwrap_or(i64::MAX).into())
            }),
            "waiting_on" => {
                let namer = Namer::rehearsed(&|_| TimeZone::UTC, self.holds);
                let waits = run.waits.iter();
                let text = |wait| Value::string(namer.text(wait, &instance.key.object));
                Value::tuple(waits.map(text).collect())
            }
            "attributes" => seen().map_or(Value::NULL, |seen| seen.attributes),
            "inputs" => seen().map_or(Value::NULL, |seen| seen.inputs),
            "outputs" => seen().map_or(Value::NULL, |seen| seen.outputs),
            other => {
                let fields: Vec<String> = FIELDS.iter().map(|it| format!("`{it}`")).collect();
                let detail = format!(
                    "An instance has no `{other}`. It has {}.",
                    fields.join(", ")
                );
                let finding = Diagnostic::error("Unsupported attribute", detail);
                let hint = did_you_mean(other, FIELDS);
                return Err(Box::new(finding.at(name.span).help_if(hint)));
            }
        })
    }

    fn actions(&self) -> Value {
        let actions = self.story.actions.iter().map(|acted| {
            let zone = self.zone(&acted.key.object);
            object([
                ("action", Value::string(acted.action.as_str())),
                ("object", Value::string(acted.key.object.as_str())),
                (
                    "interval",
                    Value::string(interval_text(acted.key.interval, &zone)),
                ),
                ("at", moment(Some(acted.at))),
            ])
        });
        Value::tuple(actions.collect())
    }
}

/// A record by the parts of its address.
fn record(parts: &[&str]) -> Value {
    let address = parts.join(&SEPARATOR.to_string());
    Value::Ref(Arc::new(Reference::record(address)))
}

/// How an instance stands, in a few words.
fn standing(run: &Run) -> String {
    let status = run.instance.status;
    let attempts = match run.instance.attempts {
        0 | 1 => String::new(),
        number => format!(", after {number} attempts"),
    };
    let late = if run.late.is_some() { ", late" } else { "" };
    format!("is {status}{attempts}{late}")
}

/// What the attempts that failed have said.
fn errors(run: &Run) -> Value {
    let failed = run
        .attempts
        .iter()
        .filter(|attempt| !matches!(attempt.status, Status::Finished | Status::Running));
    let errors = failed.map(|attempt| Value::string(attempt.error.clone().unwrap_or_default()));
    Value::tuple(errors.collect())
}

fn object(fields: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let field = |(name, value): (&'static str, Value)| (Arc::from(name), value);
    Value::object(fields.into_iter().map(field).collect())
}

/// A moment in UTC (RFC 3339).
fn moment(at: Option<Timestamp>) -> Value {
    at.map_or(Value::NULL, |at| Value::string(at.to_string()))
}

impl Scope for Records<'_> {
    fn resolve(&self, path: &[Step]) -> Resolution {
        let value = match path.first().map(|root| &*root.name) {
            Some("runs") => record(&["runs"]),
            Some("actions") => self.actions(),
            _ => return self.facts.resolve(path),
        };
        Resolution::Value { value, consumed: 1 }
    }

    fn attribute(&self, reference: &Reference, name: &Step) -> Option<Value> {
        self.facts.attribute(reference, name)
    }

    fn field(&self, reference: &Reference, name: &Step) -> Result<Value, Box<Diagnostic>> {
        let mut parts = reference.address.split(SEPARATOR).skip(1);
        let Some(address) = parts.next() else {
            let object = Address::new(Arc::clone(&name.name));
            let found = self.objects.contains(&object);
            return if found {
                Ok(record(&["runs", &name.name]))
            } else {
                Err(Box::new(self.unknown_object(name)))
            };
        };
        let object = Address::new(address);
        let Some(interval) = parts.next() else {
            return match self.find(&object, &name.name) {
                Some(_) => Ok(record(&["runs", address, &name.name])),
                None => Err(Box::new(self.unknown_interval(&object, name))),
            };
        };
        match self.find(&object, interval) {
            Some(run) => self.field_of(run, name),
            None => Err(Box::new(self.unknown_interval(&object, name))),
        }
    }

    fn module(&self, reference: &Reference) -> Option<Value> {
        let mut parts = reference.address.split(SEPARATOR).skip(1);
        let mut fields: BTreeMap<Arc<str>, Value> = BTreeMap::new();
        let Some(address) = parts.next() else {
            for object in &self.objects {
                fields.insert(object.as_str().into(), record(&["runs", object.as_str()]));
            }
            return Some(Value::object(fields));
        };
        let object = Address::new(address);
        let Some(interval) = parts.next() else {
            let zone = self.zone(&object);
            for (key, _) in self.runs_of(&object) {
                let name = interval_text(key.interval, &zone);
                let run = record(&["runs", address, &name]);
                fields.insert(name.into(), run);
            }
            return Some(Value::object(fields));
        };
        let run = self.find(&object, interval)?;
        for name in FIELDS {
            let step = Step {
                name: name.into(),
                span: crate::diag::Span::default(),
            };
            fields.insert(step.name.clone(), self.field_of(run, &step).ok()?);
        }
        Some(Value::object(fields))
    }

    fn report(&self, diagnostic: Diagnostic) {
        self.facts.report(diagnostic);
    }
}
