//! The attributes of an object for one instance: every deferred value evaluated.
//!
//! The plan uses it to show what the next run will do, so that a formula that cannot be evaluated is an error of the plan;
//! the runtime uses it to do it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::address::Address;
use super::configuration::Incomplete;
use super::dependency::History;
use super::dependency::reads;
use super::lifecycle::Lifecycle;
use super::lifecycle::When;
use super::object::Object;
use super::object::Reading;
use super::run::Run;
use super::run_scope::RunScope;
use super::run_scope::Wrong;
use super::run_scope::reads_unknown;
use super::run_scope::unknown;
use super::settings::Objects;
use super::timetable::Timetable;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::lang::Budget;
use crate::lang::Evaluator;
use crate::lang::Phase;
use crate::lang::Scope as _;
use crate::lang::Value;
use crate::lang::ast::Expr;
use crate::lang::functions::Call;
use crate::time::Interval;

/// An object with its attributes as one instance sees them.
#[derive(Clone, Debug)]
pub struct Resolved<'a> {
    /// The object.
    pub object: &'a Object,
    /// The interval of this instance.
    pub interval: Interval,
    /// The attributes that are set. What is made of secrets is still deferred, until [`Resolver::reveal`].
    pub attributes: BTreeMap<Arc<str>, Value>,
    /// What `run` was.
    pub run: Value,
}

/// Data nodes by the names that an activity knows them by, each with the instances it covers, oldest first.
pub type Nodes<'a> = BTreeMap<Arc<str>, Vec<Resolved<'a>>>;

/// An activity for one instance, with its data.
#[derive(Clone, Debug)]
pub struct ResolvedActivity<'a> {
    /// The activity itself.
    pub activity: Resolved<'a>,
    /// What it reads.
    pub inputs: Nodes<'a>,
    /// What it writes.
    pub outputs: Nodes<'a>,
}

/// One try of an instance, as far as expressions can see it.
#[derive(Clone, Copy, Debug)]
pub struct Try {
    /// From one.
    pub attempt: u32,
    /// When it started.
    pub actual_start: Timestamp,
}

/// Evaluates objects for instances.
#[derive(Clone, Copy)]
pub struct Resolver<'a> {
    /// The definition.
    pub objects: &'a Objects,
    /// Its schedules.
    pub timetable: &'a Timetable,
    /// What functions may use. Files are read when a plan is made: residuals have none left to read.
    pub call: &'a Call<'a>,
    /// Whether conditions that do not hold are findings; else they are evaluated and that is all.
    pub judges: bool,
    /// What is there of what is read; `None` when a plan is made, which shows what will be there.
    pub history: Option<&'a dyn History>,
    /// Attributes that are not known, so that nothing is said about what reads them. None when an instance runs.
    pub incomplete: &'a Incomplete,
}

/// No objects, for [`Resolver::incomplete`].
const COMPLETE: &Incomplete = &Incomplete::new();

impl<'a> Resolver<'a> {
    /// Evaluates what is known in full, as it will be when all data is there: for a plan.
    pub fn planned(objects: &'a Objects, timetable: &'a Timetable, call: &'a Call<'a>) -> Self {
        Self {
            objects,
            timetable,
            call,
            judges: true,
            history: None,
            incomplete: COMPLETE,
        }
    }

    /// A data node, or a resource, for one of its intervals.
    pub fn node(
        &self,
        address: &Address,
        interval: Interval,
        of: Try,
    ) -> Result<Resolved<'a>, Diagnostics> {
        let object = self.object(address)?;
        let run = self.run(object, address, interval, of).value([]);
        self.attributes(object, interval, run, of)
    }

    /// An activity for one of its intervals, with the data nodes it reads and writes.
    pub fn activity(
        &self,
        address: &Address,
        interval: Interval,
        of: Try,
    ) -> Result<ResolvedActivity<'a>, Diagnostics> {
        let object = self.object(address)?;
        let inputs = self.nodes(object, "input", interval, of)?;
        let outputs = self.nodes(object, "output", interval, of)?;
        let run = self
            .run(object, address, interval, of)
            .value(data(&inputs, &outputs));
        Ok(ResolvedActivity {
            activity: self.attributes(object, interval, run, of)?,
            inputs,
            outputs,
        })
    }

    /// An activity with as much of its data as can be evaluated, and what is wrong with the rest: while a plan looks for
    /// mistakes. What an attribute reads of data that is wrong is not held against it.
    pub fn activity_alone(
        &self,
        address: &Address,
        interval: Interval,
        of: Try,
    ) -> (Option<Resolved<'a>>, Diagnostics) {
        let Some(object) = self.objects.get(address) else {
            return (None, Diagnostics::new());
        };
        let mut findings = Diagnostics::new();
        let run = self.run(object, address, interval, of);
        let run = run.value(self.data_of(object, interval, of, &mut findings));
        match self.attributes(object, interval, run, of) {
            Ok(resolved) => (Some(resolved), findings),
            Err(further) => {
                findings.extend(further);
                (None, findings)
            }
        }
    }

    /// What `run.inputs` and its like stand for; what is wrong stays deferred.
    fn data_of(
        &self,
        object: &Object,
        interval: Interval,
        of: Try,
        findings: &mut Diagnostics,
    ) -> Vec<(Arc<str>, Value)> {
        let missing = self.incomplete.get(&object.address);
        if missing.is_some_and(|names| names.contains("input") || names.contains("output")) {
            let names = ["inputs", "outputs", "input", "output"];
            return names.map(|name| (Arc::from(name), unknown())).into();
        }
        let mut nodes = |attribute| {
            self.each_node(object, attribute, interval, |address, interval| {
                let node = if self.incomplete.contains_key(address) {
                    Err(Diagnostics::new()) // what is wrong with it was reported
                } else {
                    self.node(address, interval, of)
                };
                let node = node.map_err(|further| findings.extend(further));
                Ok::<_, Diagnostics>(node.unwrap_or(Resolved {
                    object,
                    interval,
                    attributes: BTreeMap::new(),
                    run: unknown(),
                }))
            })
            .unwrap_or_default()
        };
        let (inputs, outputs) = (nodes("input"), nodes("output"));
        data(&inputs, &outputs)
    }

    /// An object that another one uses, e.g. its database: it sees the `run` of its user.
    pub fn served_by(
        &self,
        address: &Address,
        run: Value,
        interval: Interval,
        of: Try,
    ) -> Result<Resolved<'a>, Diagnostics> {
        self.attributes(self.object(address)?, interval, run, of)
    }

    /// What is left of an expression of an object, for what `run` stands for. `None` if it cannot be evaluated.
    pub fn residual(&self, object: &Object, run: &Value, residual: &Expr) -> Option<Value> {
        let scope = RunScope::new(run, object);
        let budget = Budget::default();
        Evaluator::new(&scope, self.call, &budget, Phase::Run).evaluate(residual)
    }

    pub(super) fn object(&self, address: &Address) -> Result<&'a Object, Diagnostics> {
        self.objects.get(address).ok_or_else(|| {
            Diagnostic::error(
                "Unknown object",
                format!("The definition has no `{address}`."),
            )
            .into()
        })
    }

    pub(super) fn run(
        &self,
        object: &Object,
        scheduled: &Address,
        interval: Interval,
        of: Try,
    ) -> Run {
        Run {
            object: object.address.clone(),
            pipeline: object.pipeline.clone(),
            interval,
            timezone: self.timetable.timezone_of(scheduled, interval),
            actual_start: of.actual_start,
            attempt: of.attempt,
        }
    }

    /// The data nodes of an attribute, each with the instances that the interval covers.
    pub(super) fn nodes(
        &self,
        object: &Object,
        attribute: &str,
        interval: Interval,
        of: Try,
    ) -> Result<Nodes<'a>, Diagnostics> {
        self.each_node(object, attribute, interval, |address, interval| {
            self.node(address, interval, of)
        })
    }

    fn each_node(
        &self,
        object: &Object,
        attribute: &str,
        interval: Interval,
        mut resolve: impl FnMut(&Address, Interval) -> Result<Resolved<'a>, Diagnostics>,
    ) -> Result<Nodes<'a>, Diagnostics> {
        let mut nodes = Nodes::new();
        for reading in object.readings(attribute) {
            let intervals = self.intervals(object, attribute, &reading, interval);
            let list = nodes.entry(reading.name).or_default();
            for interval in intervals {
                list.push(resolve(&reading.address, interval)?);
            }
        }
        Ok(nodes)
    }

    /// The intervals of a data node that an instance reads or writes, oldest first.
    fn intervals(
        &self,
        object: &Object,
        attribute: &str,
        reading: &Reading,
        interval: Interval,
    ) -> Vec<Interval> {
        let (timetable, node) = (self.timetable, &reading.address);
        if attribute == "output" {
            return timetable.written(node, &object.address, interval);
        }
        let edge = reads(timetable, object, reading);
        let reader = timetable.schedule(&object.address);
        let need = edge.need(interval, reader, timetable.schedule(node));
        self.history
            .and_then(|history| history.finished(node, need, edge.require))
            .unwrap_or_else(|| timetable.read(&edge, &object.address, interval))
    }

    fn attributes(
        &self,
        object: &'a Object,
        interval: Interval,
        run: Value,
        of: Try,
    ) -> Result<Resolved<'a>, Diagnostics> {
        self.attributes_but(object, interval, run, of, None)
    }

    /// The same, where some of what `run` has is wrong.
    pub(super) fn attributes_but(
        &self,
        object: &'a Object,
        interval: Interval,
        run: Value,
        of: Try,
        wrong: Option<&Wrong>,
    ) -> Result<Resolved<'a>, Diagnostics> {
        let scope = RunScope {
            wrong,
            ..RunScope::new(&run, object)
        };
        let call = Call {
            now: of.actual_start,
            ..*self.call
        };
        let budget = Budget::default();
        let evaluator = Evaluator::new(&scope, &call, &budget, Phase::Run);
        let mut attributes = BTreeMap::new();
        self.conditions(When::Before, &scope, &evaluator);
        if scope.diagnostics.borrow().has_errors() {
            return Err(scope.diagnostics.into_inner());
        }
        for (name, value) in &object.attributes {
            if let Some(evaluated) = attribute(&scope, &evaluator, name, value) {
                attributes.insert(name.clone(), evaluated);
            }
        }
        if !scope.diagnostics.borrow().has_errors() {
            self.conditions(When::After, &scope, &evaluator);
        }
        let diagnostics = scope.diagnostics.into_inner();
        if diagnostics.has_errors() {
            return Err(diagnostics);
        }
        Ok(Resolved {
            object,
            interval,
            attributes,
            run,
        })
    }
}

/// An attribute that is set, of the object of a scope. What is wrong with it is reported there.
pub(super) fn attribute(
    scope: &RunScope<'_>,
    evaluator: &Evaluator<'_>,
    name: &Arc<str>,
    value: &Value,
) -> Option<Value> {
    scope.attribute.replace(Some(name.clone()));
    let evaluated = evaluator.finish(value)?;
    let schema = scope.object.object_type.attribute(name)?;
    if reads_unknown(&evaluated) {
        return None;
    }
    match super::configuration::convert_again(schema, &evaluated) {
        Ok(Value::Null(_)) => {
            if schema.default == super::Default::Required {
                scope.report(Diagnostic::error(
                    "Missing attribute",
                    format!("`{name}` came to null, and it is needed."),
                ));
            }
            None
        }
        Ok(converted) => Some(converted),
        Err(diagnostic) => {
            scope.report(diagnostic);
            None
        }
    }
}

impl Resolver<'_> {
    /// The findings of an evaluation as the error of an attempt: what is wrong, in which part of which attribute, and where
    /// that is written.
    pub fn sentences(&self, diagnostics: &Diagnostics) -> String {
        let place = |finding: &Diagnostic| {
            let attribute = finding.attribute.as_deref()?;
            let address = finding.object.as_deref()?;
            let part = finding.part.as_deref();
            let part = part.map(|part| format!("`{part}` in ")).unwrap_or_default();
            let object = self.objects.get(&Address::new(address));
            let written = object.and_then(|object| object.written.get(attribute));
            if part.is_empty() && written.is_none() {
                return None;
            }
            let written = written
                .map(|place| format!(" ({place})"))
                .unwrap_or_default();
            Some(format!(
                " It is {part}`{attribute}` of `{address}`{written}."
            ))
        };
        let sentence = |finding: &Diagnostic| {
            let detail = &finding.detail;
            match place(finding) {
                None => format!("{}: {detail}", finding.summary),
                Some(place) => {
                    let detail = detail.trim_end_matches('.');
                    format!("{}: {detail}.{place}", finding.summary)
                }
            }
        };
        let sentences: Vec<String> = diagnostics.iter().map(sentence).collect();
        sentences.join("\n")
    }

    /// Checks the conditions that an object has for every instance.
    fn conditions(&self, when: When, scope: &RunScope<'_>, evaluator: &Evaluator<'_>) {
        let conditions = scope.object.lifecycle.conditions.iter().enumerate();
        for (number, condition) in conditions.filter(|(_, condition)| condition.when == when) {
            let name = Lifecycle::condition_name(number);
            scope.attribute.replace(Some(name));
            let Some(value) = evaluator.finish(&condition.condition) else {
                continue;
            };
            match verdict(&value) {
                Some(true) => {}
                Some(false) if !self.judges => {}
                Some(false) => {
                    let message = evaluator
                        .finish(&condition.error_message)
                        .map(|message| message_text(&message));
                    let message = message.unwrap_or_else(|| MESSAGE.to_owned());
                    scope.report(Diagnostic::error(when.summary(), message));
                }
                None => scope.report(Diagnostic::error(
                    "Invalid condition",
                    format!(
                        "A condition is true or false; this came to {}.",
                        value.describe()
                    ),
                )),
            }
        }
    }
}

/// What is said where a message cannot be.
const MESSAGE: &str = "The condition does not hold.";

/// Whether a condition holds; `None` if its value is no answer.
pub fn verdict(value: &Value) -> Option<bool> {
    match value.unmarked() {
        Value::Bool(holds) => Some(*holds),
        Value::String(text) if matches!(&**text, "true" | "false") => Some(&**text == "true"),
        _ => None,
    }
}

/// The message of a condition, as far as it may be shown.
pub fn message_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Sensitive(_) => format!("{MESSAGE} (The message is sensitive and not shown.)"),
        _ => MESSAGE.to_owned(),
    }
}

/// What `run.inputs`, `run.outputs`, `run.input` and `run.output` stand for.
pub(super) fn data(inputs: &Nodes<'_>, outputs: &Nodes<'_>) -> Vec<(Arc<str>, Value)> {
    let mut names = Vec::new();
    for (plural, single, nodes) in [("inputs", "input", inputs), ("outputs", "output", outputs)] {
        let lists: BTreeMap<Arc<str>, Value> = nodes
            .iter()
            .map(|(name, list)| {
                let instances = list.iter().map(Resolved::as_value).collect();
                (name.clone(), sequence(instances))
            })
            .collect();
        names.push((Arc::from(plural), Value::object(lists)));
        let mut all = nodes.values().flatten();
        if let (Some(only), None) = (all.next(), all.next()) {
            names.push((Arc::from(single), only.as_value()));
        }
    }
    names
}

/// The instances of one data node are a list; of two of the same name perhaps only a tuple.
fn sequence(instances: Vec<Value>) -> Value {
    let names = |value: &Value| match value {
        Value::Object(names) => names.keys().cloned().collect(),
        _ => Vec::new(),
    };
    let first = instances.first().map(names);
    if instances.iter().all(|value| Some(names(value)) == first) {
        Value::list(instances)
    } else {
        Value::tuple(instances)
    }
}

impl Resolved<'_> {
    /// The names of its `run` and its attributes as one object, as `run.inputs` shows it.
    pub fn as_value(&self) -> Value {
        let mut names: BTreeMap<Arc<str>, Value> = match &self.run {
            Value::Deferred(_) => return self.run.clone(),
            Value::Object(names) => BTreeMap::clone(names),
            _ => BTreeMap::new(),
        };
        names.extend(self.attributes.clone());
        names.insert(
            Arc::from("address"),
            Value::string(self.object.address.as_str()),
        );
        Value::object(names)
    }

    /// A text attribute, with the schema's default.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.attributes.get(name).map(Value::unmarked) {
            Some(Value::String(text)) => Some(text),
            Some(_) => None,
            None => match self.object.object_type.attribute(name)?.default {
                super::Default::Text(text) => Some(text),
                _ => None,
            },
        }
    }

    /// A bool attribute, with the schema's default.
    pub fn boolean(&self, name: &str) -> bool {
        match self.attributes.get(name).map(Value::unmarked) {
            Some(Value::Bool(value)) => *value,
            _ => matches!(
                self.object
                    .object_type
                    .attribute(name)
                    .map(|schema| schema.default),
                Some(super::Default::Bool(true))
            ),
        }
    }

    /// An attribute without its mark of sensitivity.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.attributes.get(name).map(Value::unmarked)
    }

    /// A list of texts.
    pub fn texts(&self, name: &str) -> Vec<String> {
        match self.get(name) {
            Some(Value::List(list) | Value::Tuple(list)) => list
                .iter()
                .filter_map(|value| match value.unmarked() {
                    Value::String(text) => Some(text.to_string()),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        }
    }
}
