//! Objects before their attributes are evaluated.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use indexmap::IndexMap;

use super::attributes::reference;
use super::builder::Builder;
use super::declare::Id;
use super::dynamic::Iteration;
use super::instance::ModuleInstance;
use super::instance::by_keys;
use super::repetition::Key;
use super::repetition::Repetition;
use crate::lang::Reference;
use crate::lang::Value;
use crate::objects::kind::Kind;

/// One object before its attributes are evaluated: a declaration, the instance of its module and the keys that single it out.
#[derive(Debug)]
pub(super) struct Frame<'m> {
    /// Its place among all frames.
    pub(super) number: usize,
    /// The declaration.
    pub(super) id: Id,
    /// The instance of the module it stands in.
    pub(super) module: Rc<ModuleInstance<'m>>,
    /// Which of the pipeline's objects it stands in (for a pipeline: which it is).
    pub(super) pipeline: Option<Rc<Repetition>>,
    /// Which of the block's objects it is (for a nested object: its owner).
    pub(super) own: Rc<Repetition>,
    /// For an object made by a `dynamic` block: for which element.
    pub(super) iteration: Option<Rc<Iteration>>,
    /// Its address.
    pub(super) address: Arc<str>,
}

/// What singles a frame out: the number of the module instance, the declaration, the pipeline's key and its own.
type FrameKey = (usize, Id, Key, Key);

/// All frames that were asked for.
#[derive(Default)]
pub(super) struct Frames<'m> {
    by_key: RefCell<IndexMap<FrameKey, Rc<Frame<'m>>>>,
    by_address: RefCell<IndexMap<Arc<str>, Rc<Frame<'m>>>>,
    addresses: RefCell<Vec<Arc<str>>>,
    /// What `data_node.NAME` stands for, by module instance, declaration and the pipeline's key.
    references: RefCell<IndexMap<(usize, Id, Key), Value>>,
}

impl Frames<'_> {
    /// The address of the frame with this number.
    pub(super) fn numbered(&self, number: usize) -> Option<Arc<str>> {
        self.addresses.borrow().get(number).cloned()
    }
}

impl<'m> Builder<'m> {
    /// All frames of a declaration in an instance of its module.
    pub(super) fn frames(&self, id: Id, module: &Rc<ModuleInstance<'m>>) -> Vec<Rc<Frame<'m>>> {
        match self.declaration(id).pipeline {
            None => self.frames_in(id, module, None),
            Some(pipeline) => self
                .repetitions(pipeline, module, None)
                .iter()
                .flat_map(|repetitions| repetitions.iter())
                .flat_map(|repetition| self.frames_in(id, module, Some(repetition)))
                .collect(),
        }
    }

    /// The frames of a declaration in one of its pipeline's objects.
    fn frames_in(
        &self,
        id: Id,
        module: &Rc<ModuleInstance<'m>>,
        pipeline: Option<&Rc<Repetition>>,
    ) -> Vec<Rc<Frame<'m>>> {
        self.repetitions(id, module, pipeline)
            .iter()
            .flat_map(|repetitions| repetitions.iter())
            .map(|repetition| self.frame(id, module, pipeline, repetition))
            .collect()
    }

    /// The frame with these keys; nested objects have theirs from [`Builder::nested`].
    pub(super) fn frame(
        &self,
        id: Id,
        module: &Rc<ModuleInstance<'m>>,
        pipeline: Option<&Rc<Repetition>>,
        own: &Rc<Repetition>,
    ) -> Rc<Frame<'m>> {
        let outer = pipeline.map_or(Key::Single, |pipeline| pipeline.key.clone());
        let key = (module.number, id, outer, own.key.clone());
        if let Some(frame) = self.frames.by_key.borrow().get(&key) {
            return frame.clone();
        }
        let address = self.address(id, module, pipeline, own);
        let is_pipeline = self.declaration(id).object_type.kind == Kind::Pipeline;
        let pipeline = if is_pipeline { Some(own) } else { pipeline };
        let frame = self.remember(Frame {
            number: 0,
            id,
            module: module.clone(),
            pipeline: pipeline.cloned(),
            own: own.clone(),
            iteration: None,
            address,
        });
        self.frames.by_key.borrow_mut().insert(key, frame.clone());
        frame
    }

    /// The frame of an object nested in another one.
    pub(super) fn nested_frame(
        &self,
        owner: &Rc<Frame<'m>>,
        id: Id,
        iteration: Option<Rc<Iteration>>,
        address: Arc<str>,
    ) -> Rc<Frame<'m>> {
        self.remember(Frame {
            number: 0,
            id,
            module: owner.module.clone(),
            pipeline: owner.pipeline.clone(),
            own: owner.own.clone(),
            iteration: iteration.or_else(|| owner.iteration.clone()),
            address,
        })
    }

    /// Gives a frame its number.
    fn remember(&self, frame: Frame<'m>) -> Rc<Frame<'m>> {
        let mut addresses = self.frames.addresses.borrow_mut();
        let address = frame.address.clone();
        let frame = Rc::new(Frame {
            number: addresses.len(),
            ..frame
        });
        addresses.push(address.clone());
        let mut by_address = self.frames.by_address.borrow_mut();
        by_address.insert(address, frame.clone());
        frame
    }

    fn address(
        &self,
        id: Id,
        module: &Rc<ModuleInstance<'m>>,
        pipeline: Option<&Rc<Repetition>>,
        own: &Rc<Repetition>,
    ) -> Arc<str> {
        let declaration = self.declaration(id);
        let prefix = match (declaration.pipeline, pipeline) {
            (Some(outer), Some(pipeline)) => {
                format!("{}.", self.frame(outer, module, None, pipeline).address)
            }
            _ => module.prefix(),
        };
        let kind = declaration.object_type.kind.as_str();
        format!("{prefix}{kind}.{}{}", declaration.name, own.key).into()
    }

    /// The frame a reference made by this builder points to.
    pub(super) fn referenced(&self, reference: &Reference) -> Option<Rc<Frame<'m>>> {
        self.addressed(&reference.address)
    }

    /// The frame at an address that was asked for before.
    pub(super) fn addressed(&self, address: &str) -> Option<Rc<Frame<'m>>> {
        let frames = self.frames.by_address.borrow();
        frames.get(address).cloned()
    }

    /// The address of the pipeline a frame stands in.
    pub(super) fn pipeline_address(&self, frame: &Frame<'m>) -> Option<Arc<str>> {
        let declaration = self.declaration(frame.id);
        if declaration.object_type.kind == Kind::Pipeline {
            return Some(frame.address.clone());
        }
        let pipeline = frame.pipeline.as_ref()?;
        let pipeline = self.frame(declaration.pipeline?, &frame.module, None, pipeline);
        Some(pipeline.address.clone())
    }

    /// The reference or, with `for_each` and `count`, references to the objects of a declaration.
    pub(super) fn references(
        &self,
        id: Id,
        module: &Rc<ModuleInstance<'m>>,
        pipeline: Option<&Rc<Repetition>>,
    ) -> Option<Value> {
        let outer = pipeline.map_or(Key::Single, |pipeline| pipeline.key.clone());
        let key = (module.number, id, outer);
        if let Some(known) = self.frames.references.borrow().get(&key) {
            return Some(known.clone());
        }
        let repetitions = self.repetitions(id, module, pipeline)?;
        let declaration = self.declaration(id);
        let kind = declaration.object_type.kind;
        let attributes = &declaration.block?.body.attributes;
        let has = |name: &str| {
            attributes
                .iter()
                .any(|attribute| &*attribute.name.text == name)
        };
        let references = repetitions.iter().map(|repetition| {
            let frame = self.frame(id, module, pipeline, repetition);
            (repetition.key.clone(), reference(kind, &frame.address))
        });
        let value = by_keys(has("for_each"), has("count"), references)?;
        let mut remembered = self.frames.references.borrow_mut();
        remembered.insert(key, value.clone());
        Some(value)
    }
}
