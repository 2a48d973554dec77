//! Which objects and which instances of modules `for_each` and `count` stand for.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use indexmap::IndexMap;

use super::builder::Builder;
use super::builder::KNOWN;
use super::declare::Id;
use super::instance::ModuleInstance;
use super::repetition::Key;
use super::repetition::Repetition;
use super::repetition::by_count;
use super::repetition::by_for_each;
use super::scope::ModuleScope;
use crate::diag::Diagnostic;
use crate::diag::Span;
use crate::lang::Scope as _;
use crate::lang::ast::Expr;
use crate::objects::kind::Kind;

/// What is expanded, in the module instance with this number.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Block {
    /// A declaration, in the pipeline's object with this key.
    Object(usize, Id, Key),
    /// A call of a module.
    Module(usize, Arc<str>),
}

/// The objects of a block, which may be asked for while they are being found.
#[derive(Clone)]
enum Expansion {
    Busy,
    Done(Option<Repetitions>),
}

pub(super) type Repetitions = Rc<Vec<Rc<Repetition>>>;

/// All that was expanded.
#[derive(Default)]
pub(super) struct Expansions {
    found: RefCell<IndexMap<Block, Expansion>>,
}

/// `for_each` and `count` of a block.
#[derive(Clone, Copy, Default)]
struct Written<'m> {
    for_each: Option<&'m Expr>,
    count: Option<&'m Expr>,
}

impl<'m> Builder<'m> {
    /// The objects of a declaration, in one of its pipeline's objects.
    pub(super) fn repetitions(
        &self,
        id: Id,
        module: &Rc<ModuleInstance<'m>>,
        pipeline: Option<&Rc<Repetition>>,
    ) -> Option<Repetitions> {
        let declaration = self.declaration(id);
        if declaration.object_type.kind == Kind::Provider {
            return Some(Rc::new(vec![Repetition::aliased(
                declaration.alias.clone(),
            )]));
        }
        let outer = pipeline.map_or(Key::Single, |repetition| repetition.key.clone());
        let block = declaration.block?;
        let find = |name: &str| {
            let attributes = block.body.attributes.iter();
            let mut named = attributes.filter(|attribute| attribute.name.text.as_ref() == name);
            named.next().map(|attribute| &attribute.expr)
        };
        let written = Written {
            for_each: find("for_each"),
            count: find("count"),
        };
        if declaration.damaged && self.may_repeat(module, &written) {
            return None;
        }
        self.expand(
            Block::Object(module.number, id, outer),
            written,
            || ModuleScope::repetition(self, id, module, pipeline.cloned()),
            || {
                let kind = declaration.object_type.kind.as_str();
                (format!("{kind}.{}", declaration.name), block.span)
            },
        )
    }

    /// The instances of the module that is called so.
    pub(super) fn module_repetitions(
        &self,
        caller: &Rc<ModuleInstance<'m>>,
        name: &Arc<str>,
    ) -> Option<Repetitions> {
        let call = self.declarations.modules[caller.id]
            .module
            .calls
            .get(name)?;
        let written = Written {
            for_each: call.for_each.as_ref(),
            count: call.count.as_ref(),
        };
        let damage = &self.declarations.modules[caller.id].module.damage;
        if damage.touches(call.place) && self.may_repeat(caller, &written) {
            return None;
        }
        self.expand(
            Block::Module(caller.number, name.clone()),
            written,
            || ModuleScope::module(self, caller),
            || (format!("module.{name}"), call.span),
        )
    }

    /// Whether what says how often there is something may stand in what could not be read.
    fn may_repeat(&self, module: &ModuleInstance<'m>, written: &Written<'_>) -> bool {
        let damage = &self.declarations.modules[module.id].module.damage;
        let nowhere = written.for_each.is_none() && written.count.is_none();
        nowhere && (damage.hides("for_each") || damage.hides("count"))
    }

    fn expand<'b>(
        &'b self,
        block: Block,
        written: Written<'_>,
        scope: impl FnOnce() -> ModuleScope<'b, 'm>,
        name: impl FnOnce() -> (String, Span),
    ) -> Option<Repetitions>
    where
        'm: 'b,
    {
        let known = self.expansions.found.borrow().get(&block).cloned();
        match known {
            Some(Expansion::Done(known)) => return known,
            Some(Expansion::Busy) => {
                let (name, span) = name();
                let detail = format!("Which objects `{name}` stands for depends on itself.");
                let place = written.for_each.or(written.count);
                scope().report(
                    Diagnostic::error("Reference cycle", detail)
                        .at(place.map_or(span, |expr| expr.span)),
                );
                return None;
            }
            None => {}
        }
        let remember = |block, expansion| {
            self.expansions.found.borrow_mut().insert(block, expansion);
        };
        remember(block.clone(), Expansion::Busy);
        let found = self.expansion(written, scope).map(Rc::new);
        remember(block, Expansion::Done(found.clone()));
        found
    }

    fn expansion<'b>(
        &'b self,
        written: Written<'_>,
        scope: impl FnOnce() -> ModuleScope<'b, 'm>,
    ) -> Option<Vec<Rc<Repetition>>>
    where
        'm: 'b,
    {
        let scope = match (written.count, written.for_each) {
            (None, None) => return Some(vec![Repetition::single()]),
            _ => scope(),
        };
        let result = match (written.count, written.for_each) {
            (None, None) => return None,
            (Some(count), Some(for_each)) => Err(Diagnostic::error(
                "Invalid combination",
                "`count` and `for_each` exclude each other.",
            )
            .at(for_each.span)
            .label(count.span, "`count` is here")),
            (Some(count), None) => by_count(&self.evaluate_in(count, &scope, KNOWN)?, count.span),
            (None, Some(for_each)) => {
                by_for_each(&self.evaluate_in(for_each, &scope, KNOWN)?, for_each.span)
            }
        };
        result.map_err(|diagnostic| scope.report(diagnostic)).ok()
    }
}
