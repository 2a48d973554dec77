//! The objects of a module, evaluated lazily and remembered.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use super::Configuration;
use super::Surroundings;
use super::declare::Declaration;
use super::declare::Declarations;
use super::declare::Id;
use super::repetition::Key;
use super::repetition::Repetition;
use super::repetition::by_count;
use super::repetition::by_for_each;
use super::scope::ModuleScope;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Span;
use crate::lang::Budget;
use crate::lang::Evaluator;
use crate::lang::Phase;
use crate::lang::Reference;
use crate::lang::Scope;
use crate::lang::Value;
use crate::lang::ast::Expr;
use crate::lang::module::Module;
use crate::objects::address::Address;
use crate::objects::kind::Kind;
use crate::objects::object::Object;

/// One object before its attributes are evaluated: a declaration and the keys that single it out.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    /// The declaration.
    pub(super) id: Id,
    /// Which of the pipeline's objects it stands in (for a pipeline: which it is).
    pub(super) pipeline: Option<Rc<Repetition>>,
    /// Which of the block's objects it is (for a nested object: its owner).
    pub(super) own: Rc<Repetition>,
    /// Its address.
    pub(super) address: Arc<str>,
}

/// A value that is asked for from several places.
#[derive(Clone, Debug)]
enum Progress {
    /// Being evaluated: asking for it again is a cycle.
    Busy,
    /// Evaluated; `None`: that failed and was reported.
    Done(Option<Value>),
}

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

/// How expressions are evaluated whose value decides which objects there are.
const KNOWN: Phase = Phase::Plan {
    defer_impure: false,
};

/// Evaluates a module.
pub(super) struct Builder<'m> {
    pub(super) module: &'m Module,
    pub(super) declarations: Declarations<'m>,
    pub(super) surroundings: Surroundings<'m>,
    budget: Budget,
    diagnostics: RefCell<Diagnostics>,
    repetitions: RefCell<BTreeMap<(Id, Key), Expansion>>,
    /// Declarations whose names have been checked.
    pub(super) checked: RefCell<BTreeSet<Id>>,
    frames: RefCell<BTreeMap<Arc<str>, Rc<Frame>>>,
    /// Attributes by address and name, locals by the pipeline's address and name.
    values: RefCell<Values>,
    /// What is being evaluated, outermost first.
    busy: RefCell<Vec<(String, Span)>>,
    pub(super) reads: RefCell<Vec<Read>>,
    /// Formats given by the name of their type.
    pub(super) implied: RefCell<Vec<Object>>,
    /// Where the values of deferred attributes are written.
    pub(super) formulas: RefCell<BTreeMap<(Address, Arc<str>), Span>>,
}

/// What has been evaluated, by address and name.
type Values = BTreeMap<(Arc<str>, Arc<str>), Progress>;

/// The objects of a block, which may be asked for while they are being found.
#[derive(Clone)]
enum Expansion {
    Busy,
    Done(Option<Repetitions>),
}

type Repetitions = Rc<Vec<Rc<Repetition>>>;

impl<'m> Builder<'m> {
    pub(super) fn new(
        module: &'m Module,
        declarations: Declarations<'m>,
        surroundings: Surroundings<'m>,
    ) -> Self {
        Self {
            module,
            declarations,
            surroundings,
            budget: Budget::default(),
            diagnostics: RefCell::default(),
            repetitions: RefCell::default(),
            checked: RefCell::default(),
            frames: RefCell::default(),
            values: RefCell::default(),
            busy: RefCell::default(),
            reads: RefCell::default(),
            implied: RefCell::default(),
            formulas: RefCell::default(),
        }
    }

    /// Evaluates everything.
    pub(super) fn build(&self) -> Configuration {
        let mut configuration = Configuration::default();
        for (id, declaration) in self.declarations.list.iter().enumerate() {
            if declaration.owner.is_some() {
                continue; // made with its owner
            }
            for frame in self.frames(id) {
                self.add(&frame, &mut configuration);
            }
        }
        for object in self.implied.take() {
            configuration.objects.insert(object.address.clone(), object);
        }
        configuration.formulas = self.formulas.take();
        for local in self.module.locals.keys() {
            let scope = ModuleScope::module(self);
            scope.local(local); // one that nobody reads is checked all the same
        }
        for output in self.module.outputs.values() {
            let scope = ModuleScope::module(self);
            if let Some(value) = self.evaluate(&output.value, &scope) {
                let value = self.output(output, value);
                configuration
                    .outputs
                    .insert(output.name.text.clone(), value);
            }
        }
        super::checks::check_reads(&self.reads.borrow(), &configuration, |diagnostic| {
            self.report(diagnostic);
        });
        configuration
    }

    pub(super) fn into_diagnostics(self) -> Diagnostics {
        self.diagnostics.into_inner()
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
        key: (Arc<str>, Arc<str>),
        name: String,
        place: Span,
        evaluate: impl FnOnce() -> Option<Value>,
    ) -> Option<Value> {
        let known = self.values.borrow().get(&key).cloned();
        match known {
            Some(Progress::Done(value)) => return value,
            Some(Progress::Busy) => {
                self.report_cycle(&name);
                return None;
            }
            None => {}
        }
        self.values.borrow_mut().insert(key.clone(), Progress::Busy);
        self.busy.borrow_mut().push((name, place));
        let value = evaluate();
        self.busy.borrow_mut().pop();
        self.values
            .borrow_mut()
            .insert(key, Progress::Done(value.clone()));
        value
    }

    fn report_cycle(&self, name: &str) {
        let busy = self.busy.borrow();
        let from = busy
            .iter()
            .position(|(other, _)| other == name)
            .unwrap_or(0);
        let cycle = busy.get(from..).unwrap_or_default();
        let Some(((first, place), rest)) = cycle.split_first() else {
            return;
        };
        let detail = if rest.is_empty() {
            format!("`{first}` depends on itself.")
        } else {
            let path: Vec<&str> = cycle.iter().map(|(name, _)| name.as_str()).collect();
            format!(
                "These values depend on each other, so that none of them can be known:\n  {} needs\n  {first}",
                path.join(" needs\n  ")
            )
        };
        let mut diagnostic = Diagnostic::error("Reference cycle", detail).at(*place);
        for (_, place) in rest {
            diagnostic = diagnostic.label(*place, "part of the cycle");
        }
        self.report(diagnostic);
    }

    /// Evaluates an expression as far as is possible before a run.
    pub(super) fn evaluate(&self, expr: &Expr, scope: &dyn Scope) -> Option<Value> {
        self.evaluate_in(expr, scope, Phase::Plan { defer_impure: true })
    }

    fn evaluate_in(&self, expr: &Expr, scope: &dyn Scope, phase: Phase) -> Option<Value> {
        Evaluator::new(scope, self.surroundings.call, &self.budget, phase).evaluate(expr)
    }

    /// All frames of a declaration.
    pub(super) fn frames(&self, id: Id) -> Vec<Rc<Frame>> {
        match self.declaration(id).pipeline {
            None => self.frames_in(id, None),
            Some(pipeline) => self
                .repetitions(pipeline, None)
                .iter()
                .flat_map(|repetitions| repetitions.iter())
                .flat_map(|repetition| self.frames_in(id, Some(repetition)))
                .collect(),
        }
    }

    /// The frames of a declaration in one of its pipeline's objects.
    pub(super) fn frames_in(&self, id: Id, pipeline: Option<&Rc<Repetition>>) -> Vec<Rc<Frame>> {
        self.repetitions(id, pipeline)
            .iter()
            .flat_map(|repetitions| repetitions.iter())
            .map(|repetition| self.frame(id, pipeline, repetition))
            .collect()
    }

    /// The frame with these keys.
    pub(super) fn frame(
        &self,
        id: Id,
        pipeline: Option<&Rc<Repetition>>,
        own: &Rc<Repetition>,
    ) -> Rc<Frame> {
        let declaration = self.declaration(id);
        let address: Arc<str> = if let Some(owner) = declaration.owner {
            let owner = if self.declaration(owner).object_type.kind == Kind::Pipeline {
                self.frame(owner, None, own)
            } else {
                self.frame(owner, pipeline, own)
            };
            format!("{}.{}", owner.address, declaration.name)
        } else {
            let prefix = match (declaration.pipeline, pipeline) {
                (Some(outer), Some(pipeline)) => {
                    format!("{}.", self.frame(outer, None, pipeline).address)
                }
                _ => String::new(),
            };
            format!(
                "{prefix}{}.{}{}",
                declaration.object_type.kind.as_str(),
                declaration.name,
                own.key
            )
        }
        .into();
        let pipeline = if declaration.object_type.kind == Kind::Pipeline {
            Some(own.clone())
        } else {
            pipeline.cloned()
        };
        let mut frames = self.frames.borrow_mut();
        frames
            .entry(address.clone())
            .or_insert_with(|| {
                Rc::new(Frame {
                    id,
                    pipeline,
                    own: own.clone(),
                    address,
                })
            })
            .clone()
    }

    /// The frame a reference made by this builder points to.
    pub(super) fn referenced(&self, reference: &Reference) -> Option<Rc<Frame>> {
        self.frames.borrow().get(&reference.address).cloned()
    }

    /// The address of the pipeline a frame stands in.
    pub(super) fn pipeline_address(&self, frame: &Frame) -> Option<Arc<str>> {
        let declaration = self.declaration(frame.id);
        if declaration.object_type.kind == Kind::Pipeline {
            return Some(frame.address.clone());
        }
        let pipeline = frame.pipeline.as_ref()?;
        Some(
            self.frame(declaration.pipeline?, None, pipeline)
                .address
                .clone(),
        )
    }

    /// The objects of a declaration, in one of its pipeline's objects.
    pub(super) fn repetitions(
        &self,
        id: Id,
        pipeline: Option<&Rc<Repetition>>,
    ) -> Option<Repetitions> {
        let declaration = self.declaration(id);
        if let Some(owner) = declaration.owner {
            return if self.declaration(owner).object_type.kind == Kind::Pipeline {
                Some(Rc::new(pipeline.cloned().into_iter().collect()))
            } else {
                self.repetitions(owner, pipeline)
            };
        }
        let key = (
            id,
            pipeline.map_or(Key::Single, |repetition| repetition.key.clone()),
        );
        let known = self.repetitions.borrow().get(&key).cloned();
        match known {
            Some(Expansion::Done(known)) => return known,
            Some(Expansion::Busy) => {
                self.report_expansion_cycle(id);
                return None;
            }
            None => {}
        }
        self.repetitions
            .borrow_mut()
            .insert(key.clone(), Expansion::Busy);
        let found = self.expand(id, pipeline).map(Rc::new);
        self.repetitions
            .borrow_mut()
            .insert(key, Expansion::Done(found.clone()));
        found
    }

    fn report_expansion_cycle(&self, id: Id) {
        let declaration = self.declaration(id);
        let Some(block) = declaration.block else {
            return;
        };
        let written = block
            .body
            .attributes
            .iter()
            .find(|attribute| matches!(attribute.name.text.as_ref(), "for_each" | "count"));
        self.report(
            Diagnostic::error(
                "Reference cycle",
                format!(
                    "Which objects `{}.{}` stands for depends on itself.",
                    declaration.object_type.kind.as_str(),
                    declaration.name
                ),
            )
            .at(written.map_or(block.span, |attribute| attribute.expr.span)),
        );
    }

    fn expand(&self, id: Id, pipeline: Option<&Rc<Repetition>>) -> Option<Vec<Rc<Repetition>>> {
        let block = self.declaration(id).block?;
        let find = |name: &str| {
            block
                .body
                .attributes
                .iter()
                .find(|attribute| attribute.name.text.as_ref() == name)
        };
        let scope = ModuleScope::repetition(self, id, pipeline.cloned());
        let result = match (find("count"), find("for_each")) {
            (None, None) => return Some(vec![Repetition::single()]),
            (Some(count), Some(for_each)) => Err(Diagnostic::error(
                "Invalid combination",
                "`count` and `for_each` exclude each other.",
            )
            .at(for_each.name.span)
            .label(count.name.span, "`count` is here")),
            (Some(count), None) => {
                let value = self.evaluate_in(&count.expr, &scope, KNOWN)?;
                by_count(&value, count.expr.span)
            }
            (None, Some(for_each)) => {
                let value = self.evaluate_in(&for_each.expr, &scope, KNOWN)?;
                by_for_each(&value, for_each.expr.span)
            }
        };
        result.map_err(|diagnostic| self.report(diagnostic)).ok()
    }

    /// Adds an object and what is nested in it.
    fn add(&self, frame: &Rc<Frame>, configuration: &mut Configuration) {
        let declaration = self.declaration(frame.id);
        let address = Address::new(frame.address.clone());
        let object = Object {
            address: address.clone(),
            object_type: declaration.object_type,
            attributes: self.attributes(frame),
            pipeline: self.pipeline_address(frame).map(Address::new),
        };
        if let Some(block) = declaration.block {
            configuration.places.insert(address.clone(), block.span);
        }
        configuration.objects.insert(address, object);
        for (_, id) in &declaration.nested {
            let nested = self.frame(*id, frame.pipeline.as_ref(), &frame.own);
            self.add(&nested, configuration);
        }
    }

    fn output(&self, output: &crate::lang::module::Output, value: Value) -> Value {
        let sensitive = value.has_sensitive();
        if sensitive && !output.sensitive {
            self.report(
                Diagnostic::error(
                    "Output of a sensitive value",
                    "The value is sensitive, so the output must say `sensitive = true`.",
                )
                .at(output.value.span),
            );
        }
        if output.sensitive && !sensitive {
            Value::Sensitive(Arc::new(value))
        } else {
            value
        }
    }
}
