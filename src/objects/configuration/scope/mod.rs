//! What names stand for: variables, locals, `each`, objects, `run`.
//!
//! A scope is where an expression stands; it finds what each reference begins with. What a local, a module, `each` or an object of
//! that name is has a file of its own.

mod each;
mod locals;
mod modules;
mod objects;

use std::rc::Rc;
use std::sync::Arc;

use super::builder::Builder;
use super::declare::Id;
use super::declare::ModuleDeclarations;
use super::dynamic::Iteration;
use super::frames::Frame;
use super::instance::Caller;
use super::instance::ModuleInstance;
use super::repetition::Repetition;
use crate::diag::Diagnostic;
use crate::diag::did_you_mean;
use crate::lang::Reference;
use crate::lang::Resolution;
use crate::lang::Scope;
use crate::lang::Step;
use crate::lang::Value;
use crate::lang::ast::Expr;
use crate::lang::named;
use crate::objects::kind::Kind;
use crate::objects::run;

/// Names that stand at the beginning of references, besides the kinds of objects.
const ROOTS: [&str; 9] = [
    "var", "local", "module", "each", "count", "self", "path", "pipeform", "run",
];

/// The names that an expression sees where it stands.
#[derive(Clone)]
pub(super) struct ModuleScope<'b, 'm> {
    builder: &'b Builder<'m>,
    /// The instance of the module it stands in.
    pub(super) module: Rc<ModuleInstance<'m>>,
    /// The object whose attribute is evaluated; `None` for locals, outputs and `for_each`.
    frame: Option<Rc<Frame<'m>>>,
    /// The pipeline it stands in, and which of its objects.
    pipeline: Option<(Id, Rc<Repetition>)>,
    /// The element that a `dynamic` block makes a block for.
    pub(super) iteration: Option<Rc<Iteration>>,
    /// Which instance of a module the arguments of its call are for.
    call: Option<Rc<Repetition>>,
    /// Whether a module stands for the pipelines in it: in `depends_on`.
    waits: bool,
    /// Whether the object's attributes are not evaluated yet: in a precondition.
    before: bool,
    /// The check that an assertion stands in.
    check: Option<Arc<str>>,
    /// Whether names of variables and of attributes stay what they are: for what is written in another language.
    pub(super) symbolic: bool,
}

impl<'b, 'm> ModuleScope<'b, 'm> {
    /// The scope of a module's locals, outputs and conditions.
    pub(super) fn module(builder: &'b Builder<'m>, module: &Rc<ModuleInstance<'m>>) -> Self {
        Self {
            builder,
            module: module.clone(),
            frame: None,
            pipeline: None,
            iteration: None,
            call: None,
            waits: false,
            before: false,
            check: None,
            symbolic: false,
        }
    }

    /// The scope of the assertions of a check.
    pub(super) fn check(
        builder: &'b Builder<'m>,
        module: &Rc<ModuleInstance<'m>>,
        address: &Arc<str>,
    ) -> Self {
        Self {
            check: Some(address.clone()),
            ..Self::module(builder, module)
        }
    }

    /// The scope of the arguments of a call.
    pub(super) fn call(builder: &'b Builder<'m>, caller: &Caller<'m>) -> Self {
        Self {
            call: Some(caller.own.clone()),
            ..Self::module(builder, &caller.module)
        }
    }

    /// The scope of the `for_each` or `count` of a declaration.
    pub(super) fn repetition(
        builder: &'b Builder<'m>,
        id: Id,
        module: &Rc<ModuleInstance<'m>>,
        pipeline: Option<Rc<Repetition>>,
    ) -> Self {
        Self {
            pipeline: builder.declaration(id).pipeline.zip(pipeline),
            ..Self::module(builder, module)
        }
    }

    /// The scope of an object's attributes.
    pub(super) fn object(builder: &'b Builder<'m>, frame: Rc<Frame<'m>>) -> Self {
        let declaration = builder.declaration(frame.id);
        let id = if declaration.object_type.kind == Kind::Pipeline {
            Some(frame.id)
        } else {
            declaration.pipeline
        };
        Self {
            pipeline: id.zip(frame.pipeline.clone()),
            iteration: frame.iteration.clone(),
            ..Self::module(builder, &frame.module)
        }
        .of(frame)
    }

    fn of(mut self, frame: Rc<Frame<'m>>) -> Self {
        self.frame = Some(frame);
        self
    }

    /// The same scope before the object's attributes are evaluated.
    pub(super) fn before(self) -> Self {
        Self {
            before: true,
            ..self
        }
    }

    /// The same scope, in which names that have a place in another language are kept.
    pub(super) fn symbolic(self) -> Self {
        Self {
            symbolic: true,
            ..self
        }
    }

    /// The same scope, in which all names stand for their values.
    pub(super) fn known(&self) -> Self {
        Self {
            symbolic: false,
            ..self.clone()
        }
    }

    /// The same scope for one element of a `dynamic` block.
    pub(super) fn iterating(&self, iteration: Rc<Iteration>) -> Self {
        Self {
            iteration: Some(iteration),
            ..self.clone()
        }
    }

    /// The same scope for `depends_on`.
    pub(super) fn waiting(&self) -> Self {
        Self {
            waits: true,
            ..self.clone()
        }
    }

    fn declared(&self) -> &'b ModuleDeclarations<'m> {
        &self.builder.declarations.modules[self.module.id]
    }

    fn variable(&self, step: &Step) -> Resolution {
        let variables = &self.declared().module.variables;
        if let Some(variable) = variables.get(&step.name) {
            if self.symbolic
                && let Some(ty) = self.builder.parameter_type(&self.module, variable)
            {
                return Resolution::Deferred { ty, consumed: 2 };
            }
            return found(self.builder.variable(&self.module, variable), 2);
        }
        self.unknown(
            step,
            &format!("There is no variable `{}`.", step.name),
            variables.keys().map(AsRef::as_ref),
        );
        Resolution::Failed
    }

    fn path(&self, step: &Step) -> Resolution {
        let surroundings = self.builder.surroundings;
        let value = match step.name.as_ref() {
            "module" => self.declared().module.path.to_string_lossy(),
            "root" => surroundings.directory.into(),
            "cwd" => surroundings.working_directory.into(),
            _ => {
                self.unknown(
                    step,
                    &format!("There is no `path.{}`.", step.name),
                    ["module", "root", "cwd"],
                );
                return Resolution::Failed;
            }
        };
        found(Some(Value::string(value.into_owned())), 2)
    }

    fn workspace(&self, step: &Step) -> Resolution {
        if &*step.name != "workspace" {
            let detail = format!("There is no `pipeform.{}`.", step.name);
            self.unknown(step, &detail, ["workspace"]);
            return Resolution::Failed;
        }
        found(Some(Value::string(self.builder.surroundings.workspace)), 2)
    }

    fn unknown<'a>(
        &self,
        step: &Step,
        detail: &str,
        candidates: impl IntoIterator<Item = &'a str>,
    ) {
        self.report(
            Diagnostic::error("Unknown name", detail)
                .at(step.span)
                .if_absent(&step.name)
                .help_if(did_you_mean(&step.name, candidates)),
        );
    }

    /// What begins with `run` stays in the residual; its type is checked against what is read from it.
    fn run(&self, path: &[Step]) -> Resolution {
        let declaration = self
            .frame
            .as_ref()
            .map(|frame| self.builder.declaration(frame.id));
        let kind = declaration.map(|declaration| declaration.object_type.kind);
        let data = || self.builder.data_of(self.frame.as_ref()?);
        match run::type_of(path, kind, data) {
            Ok((ty, consumed)) => Resolution::Deferred { ty, consumed },
            Err(diagnostic) => {
                // What it reads and writes may be what could not be read.
                let damaged = declaration.is_some_and(|declaration| declaration.damaged);
                if !damaged {
                    self.report(diagnostic);
                }
                Resolution::Failed
            }
        }
    }
}

impl Scope for ModuleScope<'_, '_> {
    fn resolve(&self, path: &[Step]) -> Resolution {
        let [root, rest @ ..] = path else {
            return Resolution::Failed;
        };
        let second = rest.first();
        let iteration = self.iteration.as_ref();
        if let Some(value) = iteration.and_then(|iteration| iteration.find(&root.name)) {
            return found(Some(value), 1);
        }
        match (root.name.as_ref(), second) {
            ("run", _) => self.run(path),
            ("var", Some(step)) => self.variable(step),
            ("local", Some(step)) => match self.local(&step.name) {
                Resolution::Failed if self.local_attribute(&step.name).is_none() => {
                    self.unknown(
                        step,
                        &format!("There is no local `{}`.", step.name),
                        self.declared().module.locals.keys().map(AsRef::as_ref),
                    );
                    Resolution::Failed
                }
                resolution => resolution,
            },
            ("path", Some(step)) => self.path(step),
            ("pipeform" | "terraform", Some(step)) => self.workspace(step),
            ("module", Some(step)) => self.module_of(step, rest.get(1)),
            ("each" | "count", name) => self.repetition_of(root, name, 2),
            ("pipeline", Some(step)) if matches!(step.name.as_ref(), "each" | "count") => {
                self.repetition_of(step, rest.get(1), 3)
            }
            ("self", Some(_)) if self.before => {
                self.report(
                    Diagnostic::error(
                        "Invalid reference",
                        "`self` is not known in a `precondition`, which is checked before the attributes of the object are evaluated. In a `postcondition` it is.",
                    )
                    .at(root.span),
                );
                Resolution::Failed
            }
            ("self", Some(step)) => {
                if let Some(frame) = &self.frame {
                    let symbol = self.symbol(frame, step, "self");
                    let value = symbol.or_else(|| self.builder.read_attribute(frame, step));
                    found(value, 2)
                } else {
                    self.report(
                    Diagnostic::error(
                        "Invalid reference",
                        "`self` is the object that an attribute belongs to; there is none here.",
                    )
                    .at(root.span),
                );
                    Resolution::Failed
                }
            }
            (word, Some(step)) if Kind::parse(word).is_some() => match Kind::parse(word) {
                Some(kind) => self.object_of(kind, step),
                None => Resolution::Failed,
            },
            (word, None) if ROOTS.contains(&word) || Kind::parse(word).is_some() => {
                self.report(
                    Diagnostic::error(
                        "Incomplete reference",
                        format!("`{word}` is followed by a name: `{word}.NAME`."),
                    )
                    .at(root.span),
                );
                Resolution::Failed
            }
            (word, _) => {
                self.unknown(
                    root,
                    &format!("There is nothing called `{word}`. References begin with a kind of object (`data_node.archive`) or with one of {}.", ROOTS.join(", ")),
                    ROOTS
                        .into_iter()
                        .chain(Kind::ALL.iter().map(|kind| kind.as_str())),
                );
                Resolution::Failed
            }
        }
    }

    fn name(&self, path: &[Step]) -> Option<Expr> {
        let [root, step, rest @ ..] = path else {
            return None;
        };
        let path = match (root.name.as_ref(), rest) {
            ("local", _) => self.declaring(&step.name)?.local_path(&step.name),
            ("var", _) => format!("{}var.{}", self.module.prefix(), step.name),
            ("module", [output, ..]) => {
                let prefix = self.module.prefix();
                format!("{prefix}module.{}.{}", step.name, output.name)
            }
            _ => return None,
        };
        named::path(&path)
    }

    fn attribute(&self, reference: &Reference, name: &Step) -> Option<Value> {
        if reference.is_module() {
            let module = self.builder.referenced_module(reference)?;
            return self.builder.output_named(&module, name, self);
        }
        let target = self.builder.referenced(reference)?;
        let object_type = self.builder.declaration(target.id).object_type;
        if object_type.kind == Kind::Pipeline
            && let Some(kind) = Kind::parse(&name.name)
            && object_type.attribute(&name.name).is_none()
        {
            return self.inside(&target, kind);
        }
        let own = self
            .frame
            .as_ref()
            .is_some_and(|own| own.number == target.number);
        if !own && !self.builder.postconditions_hold(&target) {
            return None; // reported
        }
        if let Some(symbol) = self.symbol(&target, name, &target.address) {
            return Some(symbol);
        }
        let value = self.builder.read_attribute(&target, name)?;
        if value.has_deferred() {
            self.builder.note_source(&target.address, name.span);
        }
        Some(value)
    }

    fn module(&self, reference: &Reference) -> Option<Value> {
        let module = self.builder.referenced_module(reference)?;
        self.builder.outputs(&module)
    }

    fn report(&self, mut diagnostic: Diagnostic) {
        if diagnostic.object.is_none() {
            diagnostic.object = match &self.frame {
                Some(frame) => Some(frame.address.to_string()),
                None if self.check.is_some() => self.check.as_ref().map(ToString::to_string),
                None if self.module.is_root() => None,
                None => Some(self.module.address.to_string()),
            };
        }
        self.builder.report(diagnostic);
    }
}

fn found(value: Option<Value>, consumed: usize) -> Resolution {
    match value {
        Some(value) => Resolution::Value { value, consumed },
        None => Resolution::Failed,
    }
}
