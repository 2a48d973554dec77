//! Blocks in an object that stand for its attributes, written as they are or made by `dynamic`.
//!
//! A written block is one object. A `dynamic` block is as many as its `for_each` has elements, which is known only when its
//! owner is evaluated; so what is nested in an object, and its addresses, are found then, once for each owner.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::builder::Builder;
use super::builder::KNOWN;
use super::declare::Declaration;
use super::declare::Declarer;
use super::declare::Id;
use super::dynamic::Dynamic;
use super::dynamic::Iteration;
use super::frames::Frame;
use super::lifecycle::LifecycleBlock;
use super::scope::ModuleScope;
use crate::diag::Diagnostic;
use crate::diag::Span;
use crate::diag::did_you_mean;
use crate::lang::Scope as _;
use crate::lang::Value;
use crate::lang::ast::Block;
use crate::objects::kind::Kind;
use crate::objects::registry;
use crate::objects::schema::Nested;
use crate::objects::schema::ObjectType;

/// A block that stands for an attribute of its owner.
#[derive(Debug)]
pub(super) struct NestedBlock<'m> {
    /// What its owner's type says about it.
    pub(super) schema: &'static Nested,
    /// What makes it.
    pub(super) made: Made<'m>,
}

/// How nested objects come to be.
#[derive(Debug)]
pub(super) enum Made<'m> {
    /// Written: one.
    Written(Id),
    /// By a `dynamic` block: any number, of the types that are here by name.
    Dynamic(Dynamic<'m>, BTreeMap<&'static str, Id>),
}

/// The objects nested in each object, by its number; `None` while they are being found.
pub(super) type NestedFrames<'m> = RefCell<BTreeMap<usize, Option<NestedOf<'m>>>>;

/// The objects nested in an object, each with the attribute it stands for.
type NestedOf<'m> = Rc<Vec<(&'static str, Rc<Frame<'m>>)>>;

/// A nested object before it has an address.
struct Item {
    schema: &'static Nested,
    id: Id,
    iteration: Option<Rc<Iteration>>,
    span: Span,
    object_type: &'static ObjectType,
}

impl<'m> Declarer<'m> {
    /// Declares the blocks that stand for attributes of `owner`.
    pub(super) fn nested(&mut self, block: &'m Block, owner: Id, object_type: &'static ObjectType) {
        for inner in &block.body.blocks {
            let word = inner.kind.text.as_ref();
            let schema = object_type
                .nested
                .iter()
                .find(|nested| nested.block == word);
            let made = match schema {
                Some(schema) if inner.labels.len() == usize::from(schema.kind.has_type()) => {
                    self.written(inner, owner, schema)
                }
                None if word == "dynamic" => self.dynamic(inner, owner, object_type),
                _ => None,
            };
            if let Some(made) = made
                && let Some(owner) = self.declarations.list.get_mut(owner)
            {
                owner.nested.push(made);
            }
        }
    }

    fn written(
        &mut self,
        block: &'m Block,
        owner: Id,
        schema: &'static Nested,
    ) -> Option<NestedBlock<'m>> {
        let label = block.labels.first().map_or("", |label| label.text.as_ref());
        let object_type = self.typed(block, schema.kind, label)?;
        let id = self.declare_nested(block, owner, object_type);
        let made = Made::Written(id);
        Some(NestedBlock { schema, made })
    }

    fn dynamic(
        &mut self,
        block: &'m Block,
        owner: Id,
        object_type: &'static ObjectType,
    ) -> Option<NestedBlock<'m>> {
        let label = block.labels.first().map_or("", |label| label.text.as_ref());
        let schema = object_type
            .nested
            .iter()
            .find(|nested| nested.block == label);
        if block.labels.len() == 1 && object_type.has_block(label) {
            return None; // evaluated with the attribute that its blocks are
        }
        let Some(schema) = schema.filter(|_| block.labels.len() == 1) else {
            let known: Vec<_> = super::attribute_names::blocks(object_type).collect();
            self.diagnostics.push(not_dynamic(block, label, &known));
            return None;
        };
        let dynamic = Dynamic::read(block, &mut self.diagnostics)?;
        let types: Vec<_> = registry::names(schema.kind).collect();
        let types = types.into_iter().filter_map(|name| {
            let object_type = registry::find(schema.kind, name)?;
            let id = self.declare_nested(dynamic.content, owner, object_type);
            Some((name, id))
        });
        let types = types.collect();
        let made = Made::Dynamic(dynamic, types);
        Some(NestedBlock { schema, made })
    }

    fn declare_nested(
        &mut self,
        block: &'m Block,
        owner: Id,
        object_type: &'static ObjectType,
    ) -> Id {
        let id = self.declarations.list.len();
        let outer = &self.declarations.list[owner];
        let in_pipeline = outer.object_type.kind == Kind::Pipeline;
        let (module, pipeline) = (
            outer.module,
            outer.pipeline.or(in_pipeline.then_some(owner)),
        );
        let lifecycle = LifecycleBlock::decode(block, object_type, &mut self.diagnostics);
        self.declarations.list.push(Declaration {
            lifecycle,
            damaged: self.is_damaged(block),
            module,
            object_type,
            name: Arc::from(""),
            alias: None,
            block: Some(block),
            pipeline,
            owner: Some(owner),
            nested: Vec::new(),
        });
        self.nested(block, id, object_type);
        id
    }
}

/// A `dynamic` block that makes nothing that can stand here.
fn not_dynamic(block: &Block, label: &str, known: &[&str]) -> Diagnostic {
    const SUMMARY: &str = "Invalid dynamic block";
    let names: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
    let diagnostic = if block.labels.len() != 1 {
        Diagnostic::error(
            SUMMARY,
            "A `dynamic` block has one label, the kind of block that it makes: `dynamic \"precondition\" { … }`.",
        )
    } else if matches!(label, "lifecycle" | "dynamic") {
        let detail = format!(
            "A `{label}` block is read before anything is evaluated, so that it cannot be made by `dynamic`."
        );
        Diagnostic::error(SUMMARY, detail)
    } else if Kind::parse(label).is_some() && known.is_empty() {
        let detail = format!(
            "A `dynamic` block makes blocks nested in an object, and a `{label}` block has none."
        );
        Diagnostic::error(SUMMARY, detail)
    } else {
        let detail = match names.as_slice() {
            [] => {
                format!("There are no `{label}` blocks here, nor others that `dynamic` could make.")
            }
            _ => format!(
                "There are no `{label}` blocks here; a `dynamic` block makes {} here. An object with a name takes `for_each` itself.",
                names.join(", ")
            ),
        };
        Diagnostic::error(SUMMARY, detail).help_if(did_you_mean(label, known.iter().copied()))
    };
    let place = block.labels.first().map_or(block.span, |label| label.span);
    diagnostic.at(place)
}

impl<'m> Builder<'m> {
    /// The objects nested in an object, each with the attribute it stands for.
    pub(super) fn nested(&self, owner: &Rc<Frame<'m>>) -> NestedOf<'m> {
        let known = self.nested.borrow().get(&owner.number).cloned();
        match known {
            Some(Some(nested)) => return nested,
            Some(None) => {
                let detail = format!("Which blocks `{}` has depends on itself.", owner.address);
                let place = self.declaration(owner.id).block.map(|block| block.span);
                self.report(
                    Diagnostic::error("Reference cycle", detail)
                        .at(place.unwrap_or_default())
                        .about(owner.address.to_string()),
                );
                return NestedOf::default();
            }
            None => {}
        }
        let blocks = &self.declaration(owner.id).nested;
        if blocks.is_empty() {
            return NestedOf::default();
        }
        self.nested.borrow_mut().insert(owner.number, None);
        let mut items = Vec::new();
        for block in blocks {
            match &block.made {
                Made::Written(id) => items.extend(self.item(block.schema, *id, None)),
                Made::Dynamic(dynamic, types) => {
                    self.expand_dynamic(owner, block.schema, (dynamic, types), &mut items);
                }
            }
        }
        self.check_single(owner, &mut items);
        let nested: NestedOf<'m> = Rc::new(
            items
                .iter()
                .enumerate()
                .map(|(index, item)| {
                    let same = |other: &&Item| std::ptr::eq(other.object_type, item.object_type);
                    let number = (items.iter().filter(same).count() > 1)
                        .then(|| items.iter().take(index).filter(same).count());
                    let name = nested_name(item.object_type, number);
                    let address = format!("{}.{name}", owner.address).into();
                    let frame = self.nested_frame(owner, item.id, item.iteration.clone(), address);
                    (item.schema.attribute, frame)
                })
                .collect(),
        );
        let mut found = self.nested.borrow_mut();
        found.insert(owner.number, Some(nested.clone()));
        nested
    }

    fn item(
        &self,
        schema: &'static Nested,
        id: Id,
        iteration: Option<Rc<Iteration>>,
    ) -> Option<Item> {
        let declaration = self.declaration(id);
        let block = declaration.block?;
        Some(Item {
            schema,
            id,
            iteration,
            span: block.span,
            object_type: declaration.object_type,
        })
    }

    /// Reports the second of two blocks where one may stand, and leaves it out.
    fn check_single(&self, owner: &Frame<'m>, items: &mut Vec<Item>) {
        let mut seen: Vec<&'static str> = Vec::new();
        items.retain(|item| {
            if item.schema.many || !seen.contains(&item.schema.block) {
                seen.push(item.schema.block);
                return true;
            }
            self.report(
                Diagnostic::error(
                    "Duplicate block",
                    format!("Only one `{}` block may stand here.", item.schema.block),
                )
                .at(item.span)
                .about(owner.address.to_string()),
            );
            false
        });
    }

    /// What a `dynamic` block makes.
    fn expand_dynamic(
        &self,
        owner: &Rc<Frame<'m>>,
        schema: &'static Nested,
        (dynamic, types): (&Dynamic<'m>, &BTreeMap<&'static str, Id>),
        items: &mut Vec<Item>,
    ) {
        let scope = ModuleScope::object(self, owner.clone());
        let Some(value) = self.evaluate_in(dynamic.for_each, &scope, KNOWN) else {
            return;
        };
        let elements = match dynamic.elements(&value) {
            Ok(elements) => elements,
            Err(diagnostic) => return scope.report(diagnostic),
        };
        for (key, value) in elements {
            let iteration = Rc::new(Iteration {
                name: dynamic.iterator.clone(),
                key,
                value,
                outer: owner.iteration.clone(),
            });
            let inner = scope.iterating(iteration.clone());
            let Some(label) = self.dynamic_label(schema.kind, dynamic, &inner) else {
                return; // the others are no better
            };
            let object_type = registry::find(schema.kind, &label);
            let id = object_type.and_then(|found| types.get(found.name).copied());
            if let Some(id) = id {
                items.extend(self.item(schema, id, Some(iteration)));
            } else {
                let labels = dynamic.labels.map(|labels| labels.span);
                let place = labels.unwrap_or(dynamic.content.span);
                scope.report(super::declare::unknown_type(schema.kind, &label, place));
            }
        }
    }

    /// The type that `labels` names; empty for kinds without types.
    fn dynamic_label(
        &self,
        kind: Kind,
        dynamic: &Dynamic<'m>,
        scope: &ModuleScope<'_, 'm>,
    ) -> Option<Arc<str>> {
        const SUMMARY: &str = "Invalid labels";
        let word = dynamic.word;
        let Some(labels) = dynamic.labels else {
            if kind.has_type() {
                let detail = format!(
                    "A `{word}` block has a label, its type. Say which: `labels = [\"{}\"]`.",
                    registry::names(kind).next().unwrap_or_default()
                );
                scope.report(Diagnostic::error(SUMMARY, detail).at(dynamic.span));
                return None;
            }
            return Some(Arc::from(""));
        };
        let value = self.evaluate_in(labels, scope, KNOWN)?;
        let list: Option<&[Value]> = match &value {
            Value::Tuple(list) | Value::List(list) => Some(list.as_slice()),
            _ => None,
        };
        match list {
            Some([Value::String(label)]) if kind.has_type() => Some(label.clone()),
            Some([]) if !kind.has_type() => Some(Arc::from("")),
            _ => {
                let detail = if kind.has_type() {
                    format!(
                        "`labels` is a list with the type of the `{word}` block, which must be known when a plan is made and not sensitive; this is {}.",
                        value.describe()
                    )
                } else {
                    format!("A `{word}` block has no labels here; leave `labels` out.")
                };
                scope.report(Diagnostic::error(SUMMARY, detail).at(labels.span));
                None
            }
        }
    }
}

/// What stands behind the owner's address for a nested object.
fn nested_name(object_type: &ObjectType, number: Option<usize>) -> String {
    let mut name = object_type.kind.as_str().to_owned();
    if !object_type.name.is_empty() {
        name.push('.');
        name.push_str(object_type.name);
    }
    if let Some(number) = number {
        name.extend(["[", &number.to_string(), "]"]);
    }
    name
}
