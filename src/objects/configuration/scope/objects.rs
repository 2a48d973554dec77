//! What a kind and a name stand for, such as `data_node.archive`: an object of the pipeline, else of the module's top level.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::super::declare::Id;
use super::super::frames::Frame;
use super::super::repetition::Repetition;
use super::ModuleScope;
use super::found;
use crate::diag::Diagnostic;
use crate::lang::Resolution;
use crate::lang::Scope as _;
use crate::lang::Step;
use crate::lang::Value;
use crate::objects::kind::Kind;

impl<'m> ModuleScope<'_, 'm> {
    /// A reference to an object, or to all objects of its block.
    pub(super) fn object_of(&self, kind: Kind, step: &Step) -> Resolution {
        if kind == Kind::Provider {
            let detail =
                "A provider has no value. An object names the one that it uses: `provider = aws`.";
            self.report(Diagnostic::error("Invalid reference", detail).at(step.span));
            return Resolution::Failed;
        }
        let declarations = &self.builder.declarations;
        let top = &self.declared().top;
        let key = (kind, step.name.clone());
        let inside = self
            .pipeline
            .as_ref()
            .and_then(|(id, _)| declarations.inside.get(id));
        if let Some(id) = inside.and_then(|names| names.get(&key)) {
            let pipeline = self.pipeline.as_ref().map(|(_, repetition)| repetition);
            return found(self.references(*id, pipeline), 2);
        }
        if let Some(id) = top.get(&key) {
            return found(self.references(*id, None), 2);
        }
        let names: Vec<_> = inside
            .into_iter()
            .flat_map(BTreeMap::keys)
            .chain(top.keys())
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

    /// The name of an attribute that is read, if names are kept here.
    pub(super) fn symbol(&self, frame: &Rc<Frame<'m>>, step: &Step, of: &str) -> Option<Value> {
        let symbolic = self.symbolic.then(|| self.builder.symbol(frame, step, of));
        symbolic.flatten()
    }

    fn references(&self, id: Id, pipeline: Option<&Rc<Repetition>>) -> Option<Value> {
        self.builder.references(id, &self.module, pipeline)
    }

    /// All objects of one kind inside a pipeline, by name: what `pipeline.weblogs.data_node` stands for. `None` if those of a block
    /// cannot be known, which was reported.
    pub(super) fn inside(&self, frame: &Frame<'m>, kind: Kind) -> Option<Value> {
        let names = self.builder.declarations.inside.get(&frame.id);
        let all: Option<BTreeMap<_, _>> = names
            .into_iter()
            .flatten()
            .filter(|((other, _), _)| *other == kind)
            .map(|((_, name), id)| {
                let module = &frame.module;
                let references = self.builder.references(*id, module, Some(&frame.own))?;
                Some((name.clone(), references))
            })
            .collect();
        Some(Value::object(all?))
    }
}
