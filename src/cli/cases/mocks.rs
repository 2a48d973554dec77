//! Mocks: what a case imagines of its activities and data.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::SignedDuration;
use jiff::Timestamp;

use super::facts::Facts;
use super::moment_of;
use crate::cli::commands::select::is_inside;
use crate::cli::views::status::interval_text;
use crate::cli::views::status::moment;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Span;
use crate::diag::did_you_mean;
use crate::engine::CheckResult;
use crate::engine::InstanceKey;
use crate::engine::Outcome;
use crate::lang::Scope as _;
use crate::lang::Value;
use crate::lang::ast::Block;
use crate::lang::ast::Expr;
use crate::lang::ast::Ident;
use crate::lang::functions::Call;
use crate::lang::module::decode::Content;
use crate::lang::module::decode::labels;
use crate::objects::Address;
use crate::objects::Kind;
use crate::objects::Object;
use crate::objects::Objects;
use crate::objects::Timetable;
use crate::rehearsal::Applied;
use crate::rehearsal::Imagined;
use crate::rehearsal::Started;
use crate::time::parse_duration;

/// A `mock` block as it is written.
pub(super) struct Written {
    address: Ident,
    intervals: Option<Expr>,
    duration: Option<Expr>,
    fails: Option<Expr>,
    error: Option<Expr>,
    ready: Option<Expr>,
    outputs: Option<Expr>,
}

impl Written {
    pub(super) fn decode(block: &Block, diagnostics: &mut Diagnostics) -> Option<Self> {
        let address = labels(block, &["address"], diagnostics)?.first()?.clone();
        let mut content = Content::of(block, "a `mock` block");
        let mut take = |name| content.take(name).map(|attribute| attribute.expr.clone());
        let written = Self {
            address,
            intervals: take("intervals"),
            duration: take("duration"),
            fails: take("fails"),
            error: take("error"),
            ready: take("ready"),
            outputs: take("outputs"),
        };
        content.finish(&[], diagnostics);
        Some(written)
    }

    fn says_nothing(&self) -> bool {
        let work = [&self.duration, &self.fails, &self.error];
        let data = [&self.ready, &self.outputs];
        work.into_iter().chain(data).all(Option::is_none)
    }
}

/// How many attempts fail.
#[derive(Clone, Copy)]
enum Fails {
    All,
    First(usize),
}

/// When preconditions hold.
#[derive(Clone, Copy)]
enum Ready {
    Never,
    From(Timestamp),
}

/// A mock that is right.
struct Mock {
    /// Addresses as commands take them: `*` stands for any part of a name, `**` for anything.
    address: Arc<str>,
    intervals: Option<BTreeSet<Arc<str>>>,
    /// Where the intervals are written.
    place: Span,
    /// Those of them that an instance has had.
    met: RefCell<BTreeSet<Arc<str>>>,
    duration: Option<SignedDuration>,
    fails: Option<Fails>,
    error: Option<Arc<str>>,
    ready: Option<Ready>,
    outputs: Option<BTreeSet<Arc<str>>>,
}

/// The mocks of a case.
pub(super) struct Mocks {
    mocks: Vec<Mock>,
}

impl Mocks {
    /// Reads all mocks of a case, in which these configurations are applied; `None` if one is wrong, which was reported.
    pub(super) fn read(
        written: &[Written],
        configurations: &[&Objects],
        facts: &Facts,
        call: &Call<'_>,
    ) -> Option<Self> {
        let reader = Reader {
            written,
            configurations,
            facts,
            call,
        };
        let mocks: Vec<Option<Mock>> = written.iter().map(|mock| reader.mock(mock)).collect();
        Some(Self {
            mocks: mocks.into_iter().collect::<Option<_>>()?,
        })
    }
}

struct Reader<'a> {
    written: &'a [Written],
    configurations: &'a [&'a Objects],
    facts: &'a Facts,
    call: &'a Call<'a>,
}

impl Reader<'_> {
    fn mock(&self, written: &Written) -> Option<Mock> {
        let address = self.address(written)?;
        let texts = |expr: &Option<Expr>| match expr {
            None => Some(None),
            Some(expr) => {
                let texts = self.facts.texts(expr, self.call)?;
                Some(Some(texts.into_iter().collect::<BTreeSet<_>>()))
            }
        };
        let duration = match &written.duration {
            None => None,
            Some(expr) => Some(self.duration(expr)?),
        };
        let fails = match &written.fails {
            None => None,
            Some(expr) => Some(self.fails(expr)?),
        };
        let error = match &written.error {
            None => None,
            Some(expr) => Some(self.facts.open_text(expr, self.call)?),
        };
        let ready = match &written.ready {
            None => None,
            Some(expr) => Some(self.ready(expr)?),
        };
        let outputs = texts(&written.outputs)?;
        self.refuse_without_effect(written, outputs.as_ref())?;
        Some(Mock {
            address,
            intervals: texts(&written.intervals)?,
            place: written
                .intervals
                .as_ref()
                .map_or(written.address.span, |expr| expr.span),
            met: RefCell::default(),
            duration,
            fails,
            error,
            ready,
            outputs,
        })
    }

    /// The addresses that are meant. There must be such an object, of a kind that the attributes fit.
    fn address(&self, written: &Written) -> Option<Arc<str>> {
        let text = &written.address.text;
        if self.meant(written).next().is_none() {
            let detail = format!("There is no object `{text}` in the configuration.");
            let known = self
                .configurations
                .iter()
                .flat_map(|objects| objects.keys());
            let hint = did_you_mean(text, known.map(Address::as_str));
            let finding = Diagnostic::error("Unknown object", detail);
            self.facts
                .report(finding.at(written.address.span).help_if(hint));
            return None;
        }
        let mut meant = self.meant(written);
        let works =
            written.duration.is_some() || written.fails.is_some() || written.outputs.is_some();
        if works && !meant.any(|object| object.kind() == Kind::Activity) {
            let detail = format!(
                "`duration`, `fails` and `outputs` are of activities, and `{text}` is none. When data is there is said by `ready`."
            );
            let finding = Diagnostic::error("Not an activity", detail);
            self.facts.report(finding.at(written.address.span));
            return None;
        }
        Some(text.clone())
    }

    /// The objects that are meant, in each of the configurations.
    fn meant(&self, written: &Written) -> impl Iterator<Item = &Object> {
        let text = Arc::clone(&written.address.text);
        let objects = self.configurations.iter();
        let objects = objects.flat_map(|objects| objects.values());
        objects.filter(move |object| is_inside(&object.address, &text))
    }

    /// Refuses what nothing would come of: a case that imagines it in vain would pass, and show nothing.
    fn refuse_without_effect(
        &self,
        written: &Written,
        outputs: Option<&BTreeSet<Arc<str>>>,
    ) -> Option<()> {
        let text = &written.address.text;
        let refuse = |at: Span, summary: &str, detail: String| {
            self.facts.report(Diagnostic::error(summary, detail).at(at));
            None
        };
        if written.says_nothing() {
            let detail = "A mock says what is special, and this one says nothing.".to_owned();
            return refuse(written.address.span, "Empty mock", detail);
        }
        if let Some(expr) = &written.ready
            && !self.meant(written).any(has_preconditions)
        {
            let detail = format!(
                "`ready` says when preconditions hold, and `{text}` has none: it is not looked for, here or when it runs. What an activity writes is there when that has finished, as late as its `duration` says."
            );
            return refuse(expr.span, "No preconditions", detail);
        }
        if let Some(expr) = &written.error
            && !self
                .written
                .iter()
                .any(|other| self.fails_too(written, other))
        {
            let detail = format!(
                "`error` is what the attempts say that fail, and no mock of `{text}` says by `fails` that any does."
            );
            return refuse(expr.span, "No failure", detail);
        }
        let (Some(expr), Some(named)) = (&written.outputs, outputs) else {
            return Some(());
        };
        let all = self.outputs(written);
        if let Some(unknown) = named.iter().find(|name| !all.contains_key(*name)) {
            let detail = format!("`{text}` has no output `{unknown}`.");
            let hint = did_you_mean(unknown, all.keys().map(|name| &**name));
            let finding = Diagnostic::error("Unknown output", detail);
            self.facts.report(finding.at(expr.span).help_if(hint));
            return None;
        }
        let mut others = all.iter().filter(|(name, _)| !named.contains(*name));
        let is_whole = !named.is_empty() && named.len() == all.len();
        if !is_whole && !others.any(|(_, is_looked_for)| *is_looked_for) {
            let detail = format!(
                "The preconditions of the outputs that are not named do not hold, and of `{text}` none of these has any: they are not looked for, here or when it runs."
            );
            return refuse(expr.span, "No preconditions", detail);
        }
        Some(())
    }

    /// Whether another mock, or the same, makes attempts of the same activity fail.
    fn fails_too(&self, written: &Written, other: &Written) -> bool {
        let text = &other.address.text;
        let mut meant = self.meant(written);
        other.fails.is_some() && meant.any(|object| is_inside(&object.address, text))
    }

    /// The outputs of the activities that are meant, and of each whether it is looked for.
    fn outputs(&self, written: &Written) -> BTreeMap<Arc<str>, bool> {
        let mut outputs = BTreeMap::new();
        for (name, address) in self
            .meant(written)
            .flat_map(|object| object.references("output"))
        {
            let mut nodes = self.configurations.iter();
            let is_looked_for =
                nodes.any(|objects| objects.get(&address).is_some_and(has_preconditions));
            *outputs.entry(name).or_default() |= is_looked_for;
        }
        outputs
    }

    fn duration(&self, expr: &Expr) -> Option<SignedDuration> {
        let text = self.facts.text(expr, self.call)?;
        parse_duration(&text)
            .map_err(|error| {
                let finding = Diagnostic::error("Invalid duration", format!("{error}."));
                self.facts.report(finding.at(expr.span));
            })
            .ok()
    }

    fn fails(&self, expr: &Expr) -> Option<Fails> {
        match self.facts.evaluate(expr, self.call)? {
            Value::Bool(true) => Some(Fails::All),
            Value::Bool(false) => Some(Fails::First(0)),
            Value::Number(number) if number.to_index().is_some() => {
                Some(Fails::First(number.to_index()?))
            }
            value => {
                let wanted = "true, false, or the number of attempts that fail";
                self.facts.wrong(expr, wanted, &value)
            }
        }
    }

    fn ready(&self, expr: &Expr) -> Option<Ready> {
        match self.facts.evaluate(expr, self.call)? {
            Value::Bool(false) => Some(Ready::Never),
            Value::Bool(true) => Some(Ready::From(Timestamp::MIN)),
            Value::String(text) => moment_of(&text)
                .map(Ready::From)
                .map_err(|detail| {
                    let finding = Diagnostic::error("Invalid time", detail);
                    self.facts.report(finding.at(expr.span));
                })
                .ok(),
            value => {
                let wanted = "a time, or true or false";
                self.facts.wrong(expr, wanted, &value)
            }
        }
    }
}

fn has_preconditions(object: &Object) -> bool {
    !object.references("precondition").is_empty()
}

/// What the mocks say of instances: what none says takes no time, finishes, and is there. Of several that say it the last counts.
impl Mocks {
    /// What the last mock of an instance says. `zone` is that in which its interval is written.
    fn said<T>(
        &self,
        timetable: &Timetable,
        key: &InstanceKey,
        says: impl Fn(&Mock) -> Option<T>,
    ) -> Option<T> {
        let mut name: Option<String> = None;
        self.mocks.iter().rev().find_map(|mock| {
            if !is_inside(&key.object, &mock.address) {
                return None;
            }
            if let Some(intervals) = &mock.intervals {
                let name = name.get_or_insert_with(|| {
                    interval_text(
                        key.interval,
                        &timetable.timezone_of(&key.object, key.interval),
                    )
                });
                if !intervals.contains(name.as_str()) {
                    return None;
                }
                if !mock.met.borrow().contains(name.as_str()) {
                    mock.met.borrow_mut().insert(name.as_str().into());
                }
            }
            says(mock)
        })
    }

    /// Reports intervals that no instance has had which looked for them.
    pub(super) fn check_intervals(&self, facts: &Facts) {
        for mock in &self.mocks {
            let met = mock.met.borrow();
            for name in mock.intervals.iter().flatten() {
                if !met.contains(name) {
                    let detail = format!(
                        "No instance that this mock is for has the interval `{name}` in this case. `pipeform test --verbose` shows what they are called."
                    );
                    facts.report(Diagnostic::error("Unknown interval", detail).at(mock.place));
                }
            }
        }
    }

    /// Who did not write a data node that it should have written.
    fn unwritten(&self, applied: &Applied, key: &InstanceKey) -> Option<Address> {
        let timetable = &applied.timetable;
        if self.mocks.iter().all(|mock| mock.outputs.is_none()) {
            return None;
        }
        let mut writers = timetable.writers(&key.object).iter();
        let forgot = |writer: &&Address| {
            let Some(object) = applied.objects.get(writer) else {
                return false;
            };
            let name = object.references("output").into_iter();
            let name = name.filter(|(_, address)| *address == key.object);
            let names: Vec<Arc<str>> = name.map(|(name, _)| name).collect();
            let schedule = timetable.schedule(writer);
            let intervals = schedule.map_or_else(
                || vec![key.interval],
                |schedule| schedule.overlapping(key.interval).collect(),
            );
            intervals.into_iter().any(|interval| {
                let writing = InstanceKey {
                    object: (*writer).clone(),
                    interval,
                };
                let outputs = self.said(timetable, &writing, |mock| mock.outputs.clone());
                outputs.is_some_and(|outputs| !names.iter().any(|name| outputs.contains(name)))
            })
        };
        writers.find(forgot).cloned()
    }

    /// An attempt as the mocks say.
    pub(super) fn attempt(&self, timetable: &Timetable, started: &Started) -> Imagined {
        let key = &started.key;
        let takes = self.said(timetable, key, |mock| mock.duration);
        let fails = match self.said(timetable, key, |mock| mock.fails) {
            None => false,
            Some(Fails::All) => true,
            Some(Fails::First(count)) => (started.number as usize) <= count,
        };
        let outcome = if fails {
            let error = self.said(timetable, key, |mock| mock.error.clone());
            Outcome::Failed(error.map_or_else(
                || "it fails in this case".to_owned(),
                |error| error.to_string(),
            ))
        } else {
            Outcome::Finished
        };
        Imagined {
            takes: takes.unwrap_or(SignedDuration::ZERO),
            outcome,
        }
    }

    /// What a check finds as the mocks say.
    pub(super) fn check(&self, applied: &Applied, key: &InstanceKey, at: Timestamp) -> CheckResult {
        if let Some(writer) = self.unwritten(applied, key) {
            return CheckResult::False(format!("{writer} did not write it"));
        }
        let timetable = &applied.timetable;
        match self.said(timetable, key, |mock| mock.ready) {
            Some(Ready::Never) => CheckResult::False("it is never there in this case".to_owned()),
            Some(Ready::From(from)) if at < from => {
                let zone = timetable.timezone_of(&key.object, key.interval);
                CheckResult::False(format!("it is there at {}", moment(from, &zone)))
            }
            _ => CheckResult::True,
        }
    }
}
