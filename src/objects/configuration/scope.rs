//! What names stand for: variables, locals, `each`, objects, `run`.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::builder::Builder;
use super::builder::Frame;
use super::builder::Read;
use super::declare::Id;
use super::repetition::Key;
use super::repetition::Repetition;
use crate::diag::Diagnostic;
use crate::diag::did_you_mean;
use crate::lang::Reference;
use crate::lang::Resolution;
use crate::lang::Scope;
use crate::lang::Step;
use crate::lang::Value;
use crate::objects::kind::Kind;
use crate::objects::run;

/// Names that stand at the beginning of references, besides the kinds of objects.
const ROOTS: [&str; 7] = ["var", "local", "each", "count", "self", "path", "run"];

/// The names that an expression sees where it stands.
pub(super) struct ModuleScope<'b, 'm> {
    builder: &'b Builder<'m>,
    /// The object whose attribute is evaluated; `None` for locals, outputs and `for_each`.
    frame: Option<Rc<Frame>>,
    /// The pipeline it stands in, and which of its objects.
    pipeline: Option<(Id, Rc<Repetition>)>,
}

impl<'b, 'm> ModuleScope<'b, 'm> {
    /// The scope of module locals and outputs.
    pub(super) fn module(builder: &'b Builder<'m>) -> Self {
        Self {
            builder,
            frame: None,
            pipeline: None,
        }
    }

    /// The scope of the `for_each` or `count` of a declaration.
    pub(super) fn repetition(
        builder: &'b Builder<'m>,
        id: Id,
        pipeline: Option<Rc<Repetition>>,
    ) -> Self {
        Self {
            builder,
            frame: None,
            pipeline: builder.declaration(id).pipeline.zip(pipeline),
        }
    }

    /// The scope of an object's attributes.
    pub(super) fn object(builder: &'b Builder<'m>, frame: Rc<Frame>) -> Self {
        let declaration = builder.declaration(frame.id);
        let id = if declaration.object_type.kind == Kind::Pipeline {
            Some(frame.id)
        } else {
            declaration.pipeline
        };
        Self {
            builder,
            pipeline: id.zip(frame.pipeline.clone()),
            frame: Some(frame),
        }
    }

    /// The value of a local.
    pub(super) fn local(&self, name: &Arc<str>) -> Resolution {
        let inner = self.pipeline.as_ref().and_then(|(id, _)| {
            self.builder
                .declarations
                .locals
                .get(id)
                .and_then(|locals| locals.get(name))
                .copied()
        });
        let (owner, attribute, scope) = match (inner, self.builder.module.locals.get(name)) {
            (Some(attribute), _) => {
                let Some((id, repetition)) = self.pipeline.clone() else {
                    return Resolution::Failed;
                };
                let owner = self.builder.frame(id, None, &repetition).address.clone();
                let scope = Self {
                    builder: self.builder,
                    frame: None,
                    pipeline: Some((id, repetition)),
                };
                (owner, attribute, scope)
            }
            (None, Some(attribute)) => (Arc::from(""), attribute, Self::module(self.builder)),
            (None, None) => return Resolution::Failed,
        };
        let label = format!("local.{name}");
        let key = (owner, Arc::from(label.as_str()));
        let value = self.builder.once(key, label, attribute.name.span, || {
            self.builder.evaluate(&attribute.expr, &scope)
        });
        found(value, 2)
    }

    fn variable(&self, step: &Step) -> Resolution {
        let variables = self.builder.surroundings.variables;
        if let Some(value) = variables.get(step.name.as_ref()) {
            return found(Some(value.clone()), 2);
        }
        if !self
            .builder
            .module
            .variables
            .contains_key(step.name.as_ref())
        {
            self.unknown(
                step,
                &format!("There is no variable `{}`.", step.name),
                variables.keys().map(AsRef::as_ref),
            );
        }
        Resolution::Failed
    }

    /// `each` and `count`, of the object or else of its pipeline.
    fn repetition_of(&self, step: &Step, name: Option<&Step>, consumed: usize) -> Resolution {
        let own = self.frame.as_ref().map(|frame| &frame.own);
        let pipeline = self.pipeline.as_ref().map(|(_, repetition)| repetition);
        let outer_only = consumed == 3;
        let repetition = own
            .filter(|own| !outer_only && own.key != Key::Single)
            .or(pipeline);
        let wanted = (step.name.as_ref(), name.map(|name| name.name.as_ref()));
        let value = match (wanted, repetition.map(|repetition| &repetition.key)) {
            (("each", Some("key")), Some(Key::Text(key))) => Some(Value::String(key.clone())),
            (("each", Some("value")), Some(Key::Text(_)))
            | (("count", Some("index")), Some(Key::Index(_))) => {
                repetition.map(|repetition| repetition.value.clone())
            }
            _ => None,
        };
        if value.is_none() {
            let (form, needs) = match step.name.as_ref() {
                "each" => ("`each.key` and `each.value`", "for_each"),
                _ => ("`count.index`", "count"),
            };
            self.report(
                Diagnostic::error(
                    "Invalid reference",
                    format!("{form} can be used only in an object, or a pipeline, with `{needs}`."),
                )
                .at(name.map_or(step.span, |name| step.span.to(name.span))),
            );
        }
        found(value, consumed)
    }

    fn path(&self, step: &Step) -> Resolution {
        let surroundings = self.builder.surroundings;
        let value = match step.name.as_ref() {
            "module" | "root" => surroundings.directory,
            "cwd" => surroundings.working_directory,
            _ => {
                self.unknown(
                    step,
                    &format!("There is no `path.{}`.", step.name),
                    ["module", "root", "cwd"],
                );
                return Resolution::Failed;
            }
        };
        found(Some(Value::string(value)), 2)
    }

    /// A reference to an object, or to all objects of its block.
    fn object_of(&self, kind: Kind, step: &Step) -> Resolution {
        let declarations = &self.builder.declarations;
        let key = (kind, step.name.clone());
        let inside = self
            .pipeline
            .as_ref()
            .and_then(|(id, _)| declarations.inside.get(id));
        if let Some(id) = inside.and_then(|names| names.get(&key)) {
            let pipeline = self.pipeline.as_ref().map(|(_, repetition)| repetition);
            return found(self.references(*id, pipeline), 2);
        }
        if let Some(id) = declarations.top.get(&key) {
            return found(self.references(*id, None), 2);
        }
        let names: Vec<_> = inside
            .into_iter()
            .flat_map(BTreeMap::keys)
            .chain(declarations.top.keys())
            .filter(|(other, _)| *other == kind)
            .map(|(_, name)| name.clone())
            .collect();
        self.unknown(
            step,
            &format!(
                "There is no {} `{}` in {}.",
                kind.as_str(),
                step.name,
                if self.pipeline.is_some() {
                    "this pipeline or at the top level"
                } else {
                    "the top level"
                }
            ),
            names.iter().map(AsRef::as_ref),
        );
        Resolution::Failed
    }

    /// The reference or, with `for_each` and `count`, references to the objects of a declaration.
    fn references(&self, id: Id, pipeline: Option<&Rc<Repetition>>) -> Option<Value> {
        let repetitions = self.builder.repetitions(id, pipeline)?;
        let kind: Arc<str> = self
            .builder
            .declaration(id)
            .object_type
            .kind
            .as_str()
            .into();
        let reference = |repetition: &Rc<Repetition>| {
            Value::Ref(Arc::new(Reference {
                kind: kind.clone(),
                address: self.builder.frame(id, pipeline, repetition).address.clone(),
            }))
        };
        let block = self.builder.declaration(id).block?;
        let has = |name: &str| {
            block
                .body
                .attributes
                .iter()
                .any(|attribute| attribute.name.text.as_ref() == name)
        };
        if has("for_each") {
            return Some(Value::Object(Arc::new(
                repetitions
                    .iter()
                    .filter_map(|repetition| match &repetition.key {
                        Key::Text(key) => Some((key.clone(), reference(repetition))),
                        _ => None,
                    })
                    .collect(),
            )));
        }
        if has("count") {
            return Some(Value::Tuple(Arc::new(
                repetitions.iter().map(reference).collect(),
            )));
        }
        repetitions.first().map(reference)
    }

    /// All objects of one kind inside a pipeline, by name: what `pipeline.weblogs.data_node` stands for.
    fn inside(&self, frame: &Frame, kind: Kind) -> Value {
        let names = self.builder.declarations.inside.get(&frame.id);
        Value::Object(Arc::new(
            names
                .into_iter()
                .flatten()
                .filter(|((other, _), _)| *other == kind)
                .filter_map(|((_, name), id)| {
                    Some((name.clone(), self.references(*id, Some(&frame.own))?))
                })
                .collect(),
        ))
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
                .help_if(did_you_mean(&step.name, candidates)),
        );
    }

    /// Checks a name behind `run`; it stays in the residual.
    fn run(&self, path: &[Step]) -> Resolution {
        let kind = self
            .frame
            .as_ref()
            .map(|frame| self.builder.declaration(frame.id).object_type.kind);
        match run::check_path(path, kind) {
            Ok(()) => Resolution::Deferred,
            Err(diagnostic) => {
                self.report(diagnostic);
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
        match (root.name.as_ref(), second) {
            ("run", _) => self.run(path),
            ("var", Some(step)) => self.variable(step),
            ("local", Some(step)) => match self.local(&step.name) {
                Resolution::Failed if !self.has_local(&step.name) => {
                    self.unknown(
                        step,
                        &format!("There is no local `{}`.", step.name),
                        self.builder.module.locals.keys().map(AsRef::as_ref),
                    );
                    Resolution::Failed
                }
                resolution => resolution,
            },
            ("path", Some(step)) => self.path(step),
            ("each" | "count", name) => self.repetition_of(root, name, 2),
            ("pipeline", Some(step)) if matches!(step.name.as_ref(), "each" | "count") => {
                self.repetition_of(step, rest.get(1), 3)
            }
            ("self", Some(step)) => {
                if let Some(frame) = &self.frame {
                    found(self.builder.attribute(frame, step), 2)
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

    fn attribute(&self, reference: &Reference, name: &Step) -> Option<Value> {
        let target = self.builder.referenced(reference)?;
        let object_type = self.builder.declaration(target.id).object_type;
        if object_type.kind == Kind::Pipeline
            && let Some(kind) = Kind::parse(&name.name)
            && object_type.attribute(&name.name).is_none()
        {
            return Some(self.inside(&target, kind));
        }
        let value = self.builder.attribute(&target, name)?;
        if let Some(reader) = &self.frame
            && reader.address != target.address
            && value.has_deferred()
        {
            self.builder.reads.borrow_mut().push(Read {
                reader: reader.address.clone(),
                target: target.address.clone(),
                span: name.span,
            });
        }
        Some(value)
    }

    fn report(&self, diagnostic: Diagnostic) {
        let diagnostic = match &self.frame {
            Some(frame) if diagnostic.object.is_none() => {
                diagnostic.about(frame.address.to_string())
            }
            _ => diagnostic,
        };
        self.builder.report(diagnostic);
    }
}

impl ModuleScope<'_, '_> {
    fn has_local(&self, name: &Arc<str>) -> bool {
        self.builder.module.locals.contains_key(name)
            || self.pipeline.as_ref().is_some_and(|(id, _)| {
                self.builder
                    .declarations
                    .locals
                    .get(id)
                    .is_some_and(|locals| locals.contains_key(name))
            })
    }
}

fn found(value: Option<Value>, consumed: usize) -> Resolution {
    match value {
        Some(value) => Resolution::Value { value, consumed },
        None => Resolution::Failed,
    }
}
