//! What a case can speak of: the variables of the module and, after it has run, its runs and actions.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::as_text;
use crate::cli::views::status::interval_text;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::did_you_mean;
use crate::engine::Status;
use crate::lang::Budget;
use crate::lang::Evaluator;
use crate::lang::Phase;
use crate::lang::Reference;
use crate::lang::Resolution;
use crate::lang::Scope;
use crate::lang::Step;
use crate::lang::Value;
use crate::lang::ast::Expr;
use crate::lang::functions::Call;
use crate::objects::Address;
use crate::objects::Kind;
use crate::objects::Objects;
use crate::objects::resolve::Nodes;
use crate::objects::resolve::Resolver;
use crate::objects::resolve::Try;
use crate::rehearsal::Run;
use crate::rehearsal::Story;

/// The names that expressions of a case see, and what was found to be wrong.
pub(super) struct Facts {
    names: RefCell<BTreeMap<&'static str, Value>>,
    findings: RefCell<Diagnostics>,
    budget: Budget,
}

/// The names there are after a case has run.
const LATER: [&str; 2] = ["runs", "actions"];

impl Facts {
    pub(super) fn new(variables: BTreeMap<Arc<str>, Value>) -> Self {
        Self {
            names: RefCell::new([("var", Value::object(variables))].into()),
            findings: RefCell::default(),
            budget: Budget::default(),
        }
    }

    pub(super) fn into_findings(self) -> Diagnostics {
        self.findings.into_inner()
    }

    /// The value of an expression; `None` if there was an error, which was reported.
    pub(super) fn evaluate(&self, expr: &Expr, call: &Call<'_>) -> Option<Value> {
        Evaluator::new(self, call, &self.budget, Phase::Run).evaluate(expr)
    }

    /// The value of an expression as a string.
    pub(super) fn text(&self, expr: &Expr, call: &Call<'_>) -> Option<Arc<str>> {
        let value = self.evaluate(expr, call)?;
        as_text(&value).or_else(|| self.wrong(expr, "a string", &value))
    }

    /// The value of an expression as a string that may be shown.
    pub(super) fn open_text(&self, expr: &Expr, call: &Call<'_>) -> Option<Arc<str>> {
        let value = self.evaluate(expr, call)?;
        if value.has_sensitive() {
            let detail =
                "This is shown where the attempt fails, so that nothing sensitive may be in it.";
            self.report(Diagnostic::error("Sensitive value", detail).at(expr.span));
            return None;
        }
        as_text(&value).or_else(|| self.wrong(expr, "a string", &value))
    }

    pub(super) fn boolean(&self, expr: &Expr, call: &Call<'_>) -> Option<bool> {
        match self.evaluate(expr, call)? {
            Value::Bool(value) => Some(value),
            value => self.wrong(expr, "true or false", &value),
        }
    }

    /// A whole number above zero.
    pub(super) fn count(&self, expr: &Expr, call: &Call<'_>) -> Option<usize> {
        let value = self.evaluate(expr, call)?;
        let count = match &value {
            Value::Number(number) => number.to_index().filter(|count| *count > 0),
            _ => None,
        };
        count.or_else(|| self.wrong(expr, "a whole number above zero", &value))
    }

    /// A list of strings.
    pub(super) fn texts(&self, expr: &Expr, call: &Call<'_>) -> Option<Vec<Arc<str>>> {
        let value = self.evaluate(expr, call)?;
        let texts = match &value {
            Value::List(items) | Value::Set(items) | Value::Tuple(items) => {
                items.iter().map(as_text).collect()
            }
            _ => None,
        };
        texts.or_else(|| self.wrong(expr, "a list of strings", &value))
    }

    /// A list of addresses of on-demand activities, or of pipelines of such.
    pub(super) fn addresses(
        &self,
        expr: &Expr,
        objects: &Objects,
        call: &Call<'_>,
    ) -> Option<Vec<Address>> {
        let mut found = Vec::new();
        for text in self.texts(expr, call)? {
            let inside = |object: &&Address| {
                let rest = object.as_str().strip_prefix(&*text);
                object.kind() == Kind::Activity.as_str()
                    && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
            };
            let activities: Vec<Address> = objects.keys().filter(inside).cloned().collect();
            if activities.is_empty() {
                let detail = format!("There is no activity `{text}`, and none in it.");
                let hint = did_you_mean(&text, objects.keys().map(Address::as_str));
                let finding = Diagnostic::error("Unknown activity", detail).at(expr.span);
                self.report(finding.help_if(hint));
                return None;
            }
            found.extend(activities);
        }
        Some(found)
    }

    pub(super) fn wrong<T>(&self, expr: &Expr, wanted: &str, value: &Value) -> Option<T> {
        let detail = format!("This must be {wanted}; it is {}.", value.describe());
        self.report(Diagnostic::error("Wrong type", detail).at(expr.span));
        None
    }

    /// Tells what happened: from now on there are `runs` and `actions`.
    pub(super) fn tell(&self, story: &Story, resolver: Resolver<'_>) {
        let mut runs: BTreeMap<Arc<str>, BTreeMap<Arc<str>, Value>> = BTreeMap::new();
        // An object without instances has none, rather than not being there.
        for object in resolver.objects.values() {
            if matches!(object.kind(), Kind::Activity | Kind::DataNode) {
                runs.entry(object.address.as_str().into()).or_default();
            }
        }
        for run in story.runs.values() {
            let key = &run.instance.key;
            let zone = resolver.timetable.timezone(&key.object);
            let name = interval_text(key.interval, &zone);
            let of = runs.entry(key.object.as_str().into()).or_default();
            of.insert(name.into(), self.run(run, resolver));
        }
        let runs = runs.into_iter();
        let runs = runs.map(|(address, of)| (address, Value::object(of)));
        let actions = story.actions.iter().map(|acted| {
            let zone = resolver.timetable.timezone(&acted.key.object);
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
        let actions = Value::tuple(actions.collect());
        let mut names = self.names.borrow_mut();
        names.insert("runs", Value::object(runs.collect()));
        names.insert("actions", actions);
    }

    fn run(&self, run: &Run, resolver: Resolver<'_>) -> Value {
        let instance = &run.instance;
        let key = &instance.key;
        let failed = run
            .attempts
            .values()
            .filter(|attempt| !matches!(attempt.status, Status::Finished | Status::Running));
        let errors = failed.map(|attempt| Value::string(attempt.error.clone().unwrap_or_default()));
        let mut fields = vec![
            ("status", Value::string(instance.status.as_str())),
            ("scheduled_start", moment(Some(key.interval.start))),
            ("scheduled_end", moment(Some(key.interval.end))),
            ("due", moment(Some(run.due))),
            ("started_at", moment(instance.started_at)),
            ("ended_at", moment(instance.ended_at)),
            (
                "attempts",
                Value::Number(i64::from(instance.attempts).into()),
            ),
            ("errors", Value::tuple(errors.collect())),
            ("late", Value::Bool(run.late.is_some())),
        ];
        let started = instance.started_at.filter(|_| instance.attempts > 0);
        if let Some(actual_start) = started {
            let of = Try {
                attempt: instance.attempts,
                actual_start,
            };
            match resolver.activity(&key.object, key.interval, of) {
                Ok(seen) => fields.extend([
                    (
                        "attributes",
                        Value::object(seen.activity.attributes.clone()),
                    ),
                    ("inputs", nodes(&seen.inputs)),
                    ("outputs", nodes(&seen.outputs)),
                ]),
                Err(findings) => self.findings.borrow_mut().extend(findings),
            }
        }
        object(fields)
    }
}

/// Data nodes as `run.inputs` has them.
fn nodes(nodes: &Nodes<'_>) -> Value {
    let list = |(name, list): (&Arc<str>, &Vec<_>)| {
        let list = list.iter().map(crate::objects::resolve::Resolved::as_value);
        (name.clone(), Value::tuple(list.collect()))
    };
    Value::object(nodes.iter().map(list).collect())
}

fn object(fields: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let field = |(name, value): (&'static str, Value)| (Arc::from(name), value);
    Value::object(fields.into_iter().map(field).collect())
}

/// A moment in UTC (RFC 3339).
fn moment(at: Option<Timestamp>) -> Value {
    at.map_or(Value::NULL, |at| Value::string(at.to_string()))
}

impl Scope for Facts {
    fn resolve(&self, path: &[Step]) -> Resolution {
        let Some(root) = path.first() else {
            return Resolution::Failed;
        };
        let names = self.names.borrow();
        if let Some(value) = names.get(&*root.name) {
            return Resolution::Value {
                value: value.clone(),
                consumed: 1,
            };
        }
        let detail = if LATER.contains(&&*root.name) {
            format!(
                "`{}` is known when the case has run: in `assert` blocks.",
                root.name
            )
        } else {
            format!(
                "There is nothing called `{}` in a case. There are `var` and, in `assert` blocks, `runs` and `actions`.",
                root.name
            )
        };
        let hint = did_you_mean(&root.name, names.keys().copied());
        drop(names);
        self.report(
            Diagnostic::error("Unknown name", detail)
                .at(root.span)
                .help_if(hint),
        );
        Resolution::Failed
    }

    fn attribute(&self, _reference: &Reference, _name: &Step) -> Option<Value> {
        None
    }

    fn report(&self, diagnostic: Diagnostic) {
        self.findings.borrow_mut().push(diagnostic);
    }
}
