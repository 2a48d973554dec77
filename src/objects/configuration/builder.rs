//! The objects of all modules, evaluated lazily and remembered.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use indexmap::IndexMap;

use super::Configuration;
use super::Incomplete;
use super::Surroundings;
use super::assertions::CheckStatus;
use super::conditions::Subject;
use super::declare::Declaration;
use super::declare::Declarations;
use super::declare::Id;
use super::expand::Expansions;
use super::files::ModuleFiles;
use super::frames::Frame;
use super::frames::Frames;
use super::ignore::Ignored;
use super::instance::ModuleInstance;
use super::instance::ModuleInstances;
use super::nested::NestedFrames;
use super::repetition::Key;
use super::scope::ModuleScope;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Span;
use crate::lang::Budget;
use crate::lang::Evaluator;
use crate::lang::Phase;
use crate::lang::Value;
use crate::lang::ast::Expr;
use crate::lang::functions::Call;
use crate::lang::module::Output;
use crate::objects::address::Address;
use crate::objects::kind::Kind;
use crate::objects::lifecycle::DeferredCondition;
use crate::objects::lifecycle::When;
use crate::objects::object::Object;

/// What is asked for from several places.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Asked {
    /// An attribute of the frame with this number.
    Attribute(usize, &'static str),
    /// A local of a module instance, or of one of its pipeline's objects.
    Local(usize, Option<(Id, Key)>, Arc<str>),
    /// The same with the names of variables and of attributes kept.
    SymbolicLocal(usize, Option<(Id, Key)>, Arc<str>),
    /// A variable of a module instance.
    Variable(usize, Arc<str>),
    /// An output of a module instance.
    Output(usize, Arc<str>),
    /// Whether conditions of the frame with this number hold.
    Conditions(usize, When),
    /// An assertion of the check with this address, by its number.
    Assertion(Arc<str>, usize),
}

/// What a value is called in the report of a cycle.
#[derive(Debug)]
pub(super) enum Name {
    /// An attribute of the object with this address.
    Attribute(Arc<str>, &'static str),
    /// Anything else.
    Text(String),
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attribute(address, name) => write!(formatter, "{address}.{name}"),
            Self::Text(text) => formatter.write_str(text),
        }
    }
}

/// A value that is asked for from several places.
#[derive(Clone, Debug)]
enum Progress {
    /// Being evaluated: asking for it again is a cycle.
    Busy,
    /// Evaluated; `None`: that failed and was reported. With what a formula was read from.
    Done(Option<Value>, Sources),
}

/// Deferred attributes of objects that went into a value, each with the place where it was read.
type Sources = Rc<[Source]>;

/// An object's address, and where it was read.
type Source = (Arc<str>, Span);

/// An object's address, and the name of an attribute of it.
type Formula = (Address, Arc<str>);

/// A check's address, and the number of an assertion in it.
type AssertionKey = (Arc<str>, usize);

/// That an object reads a deferred attribute of another one: wrong if their schedules differ.
#[derive(Clone, Debug)]
pub(super) struct Read {
    /// The reader.
    pub(super) reader: Arc<str>,
    /// The object read.
    pub(super) target: Arc<str>,
    /// Where.
    pub(super) span: Span,
}

/// How many values may wait for each other, each read by the one before.
const DEEPEST: usize = 4_000;
/// The stack that one value needs at most, and how much more there will be where there is less, in bytes.
const RED_ZONE: usize = 1 << 20;
const STACK: usize = 16 << 20;

/// How expressions are evaluated whose value decides which objects there are.
pub(super) const KNOWN: Phase = Phase::Plan {
    defer_impure: false,
};

/// Evaluates the modules.
pub(super) struct Builder<'m> {
    pub(super) declarations: Declarations<'m>,
    pub(super) surroundings: Surroundings<'m>,
    /// Whether attributes keep the names of variables and of other attributes.
    pub(super) symbolic: bool,
    /// The files that functions see, by module.
    files: Vec<ModuleFiles<'m>>,
    budget: Budget,
    diagnostics: RefCell<Diagnostics>,
    /// What is wrong with attributes taken together: others of that kind are looked for all the same.
    pub(super) combinations: RefCell<Diagnostics>,
    pub(super) expansions: Expansions,
    pub(super) instances: ModuleInstances<'m>,
    /// Declarations whose names have been checked.
    pub(super) checked: RefCell<BTreeSet<Id>>,
    pub(super) frames: Frames<'m>,
    pub(super) nested: NestedFrames<'m>,
    values: RefCell<IndexMap<Asked, Progress>>,
    /// What is being evaluated, outermost first: its place among the values, its name, and where it is written.
    busy: RefCell<Vec<(usize, Name, Span)>>,
    /// What the values being evaluated have read, innermost last.
    sources: RefCell<Vec<Vec<Source>>>,
    pub(super) reads: RefCell<Vec<Read>>,
    /// Conditions that need `run`, by the number of the frame, with their places.
    pub(super) deferred_conditions: RefCell<BTreeMap<usize, Vec<(DeferredCondition, Span)>>>,
    /// What is known of conditions, by what they stand in.
    pub(super) conditions: RefCell<BTreeMap<(Subject, Arc<str>), CheckStatus>>,
    /// The objects whose deferred attributes an assertion of a check has read.
    pub(super) asserted: RefCell<BTreeMap<AssertionKey, Vec<Arc<str>>>>,
    /// Attributes of objects that stay as they were applied.
    pub(super) kept: RefCell<Vec<(Address, Arc<str>)>>,
    /// Formats given by the name of their type.
    pub(super) implied: RefCell<Vec<Object>>,
    /// What could not be evaluated.
    incomplete: RefCell<Incomplete>,
    /// Where the values of deferred attributes are written.
    formulas: RefCell<Vec<(Formula, Span)>>,
}

impl<'m> Builder<'m> {
    pub(super) fn new(declarations: Declarations<'m>, surroundings: Surroundings<'m>) -> Self {
        let files = declarations
            .modules
            .iter()
            .map(|module| ModuleFiles::new(&module.module.path, surroundings.call.files))
            .collect();
        Self {
            declarations,
            surroundings,
            symbolic: false,
            files,
            budget: Budget::default(),
            diagnostics: RefCell::default(),
            combinations: RefCell::default(),
            expansions: Expansions::default(),
            instances: ModuleInstances::default(),
            checked: RefCell::default(),
            frames: Frames::default(),
            nested: NestedFrames::default(),
            values: RefCell::default(),
            busy: RefCell::default(),
            sources: RefCell::default(),
            reads: RefCell::default(),
            deferred_conditions: RefCell::default(),
            conditions: RefCell::default(),
            asserted: RefCell::default(),
            kept: RefCell::default(),
            implied: RefCell::default(),
            incomplete: RefCell::default(),
            formulas: RefCell::default(),
        }
    }

    /// Evaluates everything.
    pub(super) fn build(&self) -> Configuration {
        let mut configuration = Configuration::default();
        let modules = self.all_instances();
        for module in &modules {
            self.validate(module); // before anything complains about what a wrong value leads to
        }
        for module in &modules {
            self.build_module(module, &mut configuration);
            self.check_passed_providers(module);
        }
        super::providers::drop_unused(&mut configuration);
        for object in self.implied.take() {
            if is_in_use(&object.address, &configuration) {
                configuration.objects.insert(object.address.clone(), object);
            }
        }
        self.check_kept(&configuration);
        for module in &modules {
            configuration.checks.extend(self.checks(module));
        }
        configuration.conditions = self.conditions.take();
        configuration.reads = self.read_by_outputs();
        configuration.formulas = self.formulas.take().into_iter().collect();
        configuration.incomplete = self.incomplete.take();
        configuration
    }

    /// Reports what was read from objects with other schedules.
    pub(super) fn check_reads(&self, configuration: &Configuration) {
        super::checks::check_reads(&self.reads.borrow(), configuration, |diagnostic| {
            self.report(diagnostic);
        });
    }

    fn build_module(&self, module: &Rc<ModuleInstance<'m>>, configuration: &mut Configuration) {
        let declared = &self.declarations.modules[module.id];
        for id in declared.objects.clone() {
            if self.declaration(id).owner.is_some() {
                continue; // made with its owner
            }
            for frame in self.frames(id, module) {
                self.add(&frame, configuration);
            }
        }
        // What nobody reads is checked all the same.
        let scope = ModuleScope::module(self, module);
        for local in declared.module.locals.keys() {
            scope.local(local);
        }
        for output in declared.module.outputs.values() {
            self.check_depends_on(output.depends_on.as_ref(), &scope);
            if let Some(value) = self.output(module, output)
                && module.is_root()
                && self.may_be_stored(output, &value)
            {
                configuration
                    .outputs
                    .insert(output.name.text.clone(), value);
            }
        }
    }

    /// Reports an output of the root module that would put a sensitive value into the state.
    fn may_be_stored(&self, output: &Output, value: &Value) -> bool {
        // One that does not say `sensitive = true` has been reported for that.
        let hidden = output.sensitive && value.has_sensitive();
        let stored = !hidden || self.surroundings.allow_plaintext;
        if !stored {
            let detail = format!(
                "The value of the output `{}` is sensitive, and outputs are kept in the state.",
                output.name.text
            );
            let finding = Diagnostic::error("Sensitive value would be stored in clear", detail)
                .at(output.value.span)
                .help("Set `allow_plaintext = true` in the `pipeform` block if the state is protected well enough.");
            self.report(finding);
        }
        stored
    }

    /// The value of an expression in the scope of the root module; impure functions are called.
    pub(super) fn evaluate_now(&self, expr: &Expr) -> Option<Value> {
        self.evaluate_in(expr, &ModuleScope::module(self, &self.root()), KNOWN)
    }

    /// What was reported since the last time.
    pub(super) fn take_diagnostics(&self) -> Diagnostics {
        self.diagnostics.take()
    }

    pub(super) fn into_diagnostics(self) -> Diagnostics {
        self.diagnostics.into_inner()
    }

    /// Evaluates something without saying what is wrong with it.
    pub(super) fn silently<T>(&self, evaluate: impl FnOnce() -> T) -> T {
        let said = self.diagnostics.take();
        let result = evaluate();
        self.diagnostics.replace(said);
        result
    }

    /// Notes where an attribute is written: of several places that are told, the last counts.
    pub(super) fn note_place(&self, frame: &Frame<'m>, attribute: impl Into<Arc<str>>, span: Span) {
        let formula = (Address::new(frame.address.clone()), attribute.into());
        self.formulas.borrow_mut().push((formula, span));
    }

    pub(super) fn report(&self, diagnostic: Diagnostic) {
        self.diagnostics.borrow_mut().push(diagnostic);
    }

    pub(super) fn declaration(&self, id: Id) -> &Declaration<'m> {
        &self.declarations.list[id]
    }

    /// Evaluates something once and remembers it; `name` and `place` are for the report of a cycle.
    pub(super) fn once(
        &self,
        asked: Asked,
        name: impl FnOnce() -> Name,
        place: Span,
        evaluate: impl FnOnce() -> Option<Value>,
    ) -> Option<Value> {
        let known = {
            let values = self.values.borrow();
            let known = values.get_full(&asked);
            known.map(|(number, _, progress)| (number, progress.clone()))
        };
        match known {
            Some((_, Progress::Done(value, sources))) => {
                for (target, span) in sources.iter() {
                    self.note_source(target, *span);
                }
                return value;
            }
            Some((number, Progress::Busy)) => {
                self.report_cycle(number);
                return None;
            }
            None => {}
        }
        if self.busy.borrow().len() >= DEEPEST {
            let detail = format!(
                "`{}` is read by a value that is read by another one, and so on, {DEEPEST} deep. Make the chain shorter.",
                name()
            );
            self.report(Diagnostic::error("Values read each other too deeply", detail).at(place));
            self.fail(asked);
            return None;
        }
        let (number, _) = {
            let mut values = self.values.borrow_mut();
            values.insert_full(asked.clone(), Progress::Busy)
        };
        self.busy.borrow_mut().push((number, name(), place));
        self.sources.borrow_mut().push(Vec::new());
        let value = stacker::maybe_grow(RED_ZONE, STACK, evaluate);
        let sources = self.sources.borrow_mut().pop().unwrap_or_default();
        self.busy.borrow_mut().pop();
        let sources = self.settle_sources(&asked, value.as_ref(), sources);
        for (target, span) in sources.iter() {
            self.note_source(target, *span);
        }
        // None is ever taken out, so that each keeps its place.
        if let Some((_, progress)) = self.values.borrow_mut().get_index_mut(number) {
            *progress = Progress::Done(value.clone(), sources);
        }
        value
    }

    /// Remembers that an attribute of an object could not be evaluated.
    pub(super) fn note_incomplete(&self, frame: &Frame<'m>, attribute: &'static str) {
        let address = Address::new(frame.address.clone());
        let mut incomplete = self.incomplete.borrow_mut();
        incomplete.entry(address).or_default().insert(attribute);
    }

    /// Whether something is being evaluated, so that to ask for it would be a cycle.
    pub(super) fn is_busy(&self, asked: &Asked) -> bool {
        matches!(self.values.borrow().get(asked), Some(Progress::Busy))
    }

    /// Forgets a value: whoever asks for it again is told that it failed.
    pub(super) fn fail(&self, asked: Asked) {
        self.values
            .borrow_mut()
            .insert(asked, Progress::Done(None, Rc::default()));
    }

    /// Remembers that what is being evaluated reads a deferred attribute of another object.
    pub(super) fn note_source(&self, target: &Arc<str>, span: Span) {
        if let Some(sources) = self.sources.borrow_mut().last_mut() {
            sources.push((target.clone(), span));
        }
    }

    /// An object's attribute keeps what it has read for [`super::checks::check_reads`]. Any other value hands it on to its
    /// readers if it is a formula itself; which parts of a collection a reader takes is not followed.
    fn settle_sources(
        &self,
        asked: &Asked,
        value: Option<&Value>,
        mut sources: Vec<Source>,
    ) -> Sources {
        if let Asked::Assertion(check, number) = asked {
            let read = sources.drain(..).map(|(target, _)| target).collect();
            let mut asserted = self.asserted.borrow_mut();
            asserted.insert((check.clone(), *number), read);
        }
        if let Asked::Attribute(number, _) | Asked::Conditions(number, _) = asked {
            let reader = self.frames.numbered(*number);
            let reads = sources
                .drain(..)
                .filter(|(target, _)| Some(target) != reader.as_ref())
                .filter_map(|(target, span)| {
                    Some(Read {
                        reader: reader.clone()?,
                        target,
                        span,
                    })
                });
            self.reads.borrow_mut().extend(reads);
        }
        let formula = match value {
            Some(Value::Sensitive(inner)) => matches!(**inner, Value::Deferred(_)),
            value => matches!(value, Some(Value::Deferred(_))),
        };
        if formula {
            sources.into()
        } else {
            Rc::default()
        }
    }

    fn report_cycle(&self, number: usize) {
        let busy = self.busy.borrow();
        let from = busy
            .iter()
            .position(|(other, _, _)| *other == number)
            .unwrap_or(0);
        let cycle = busy.get(from..).unwrap_or_default();
        let Some(((_, first, place), rest)) = cycle.split_first() else {
            return;
        };
        let detail = if rest.is_empty() {
            format!("`{first}` depends on itself.")
        } else {
            let path: Vec<String> = cycle.iter().map(|(_, name, _)| name.to_string()).collect();
            format!(
                "These values depend on each other, so that none of them can be known:\n  {} needs\n  {first}",
                path.join(" needs\n  ")
            )
        };
        let mut diagnostic = Diagnostic::error("Reference cycle", detail).at(*place);
        for (_, _, place) in rest {
            diagnostic = diagnostic.label(*place, "part of the cycle");
        }
        self.report(diagnostic);
    }

    /// Evaluates an expression as far as is possible before a run.
    pub(super) fn evaluate(&self, expr: &Expr, scope: &ModuleScope<'_, 'm>) -> Option<Value> {
        self.evaluate_in(expr, scope, Phase::Plan { defer_impure: true })
    }

    pub(super) fn evaluate_in(
        &self,
        expr: &Expr,
        scope: &ModuleScope<'_, 'm>,
        phase: Phase,
    ) -> Option<Value> {
        let call = Call {
            files: &self.files[scope.module.id],
            ..*self.surroundings.call
        };
        Evaluator::new(scope, &call, &self.budget, phase).evaluate(expr)
    }

    /// Adds an object and what is nested in it.
    fn add(&self, frame: &Rc<Frame<'m>>, configuration: &mut Configuration) {
        let declaration = self.declaration(frame.id);
        let address = Address::new(frame.address.clone());
        let object = Object {
            address: address.clone(),
            object_type: declaration.object_type,
            attributes: self.attributes(frame),
            written: BTreeMap::new(),
            pipeline: self.pipeline_address(frame).map(Address::new),
            lifecycle: self.lifecycle(frame),
        };
        if let Some(block) = declaration.block {
            configuration.places.insert(address.clone(), block.span);
        }
        configuration.ignores |= declaration
            .lifecycle
            .as_ref()
            .is_some_and(|lifecycle| !matches!(lifecycle.ignored, Ignored::Nothing));
        if let Some(other) = configuration.objects.get(&address)
            && other.kind() != object.kind()
        {
            self.report(two_of_an_address(&address, declaration));
            if object.kind() != Kind::Calendar {
                return;
            }
        }
        self.add_kept(frame, &object, configuration);
        configuration.objects.insert(address, object);
        for (attribute, nested) in self.nested(frame).iter() {
            if !self.keeps_nested(frame, attribute) {
                self.add(nested, configuration);
            }
        }
    }
}

/// The calendar that is written in the schedule of a pipeline, and a schedule of the pipeline that is called `calendar`.
fn two_of_an_address(address: &Address, declaration: &Declaration<'_>) -> Diagnostic {
    let detail = format!(
        "`{address}` is the calendar of the schedule that is written in the pipeline, and it is a schedule of the pipeline that is called `calendar`."
    );
    let place = declaration.block.map(|block| block.span);
    Diagnostic::error("Two objects with one address", detail)
        .at(place.unwrap_or_default())
        .about(address.to_string())
        .help("Give the schedule another name.")
}

/// Whether the object that an implied format belongs to refers to it.
fn is_in_use(nested: &Address, configuration: &Configuration) -> bool {
    let owner = nested.as_str().rsplit_once(".data_format.");
    let owner = owner.and_then(|(owner, _)| configuration.objects.get(&Address::new(owner)));
    owner.is_none_or(|owner| owner.reference("format").as_ref() == Some(nested))
}
