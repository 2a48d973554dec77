//! What `local.NAME` stands for: a local of the pipeline, else of the module.

use std::sync::Arc;

use super::super::builder::Asked;
use super::super::builder::Name;
use super::ModuleScope;
use super::found;
use crate::lang::Resolution;
use crate::lang::ast::Attribute;
use crate::lang::named;

impl<'m> ModuleScope<'_, 'm> {
    /// The attribute that gives a local its value: in the pipeline, else in the module.
    pub(super) fn local_attribute(&self, name: &Arc<str>) -> Option<(&'m Attribute, bool)> {
        let inner = self.pipeline.as_ref().and_then(|(id, _)| {
            let locals = self.builder.declarations.locals.get(id)?;
            locals.get(name).copied()
        });
        let outer = || self.declared().module.locals.get(name);
        let inner = inner.map(|attribute| (attribute, true));
        inner.or_else(|| Some((outer()?, false)))
    }

    /// The scope in which a local is declared and evaluated.
    pub(super) fn declaring(&self, name: &Arc<str>) -> Option<Self> {
        let (_, inside) = self.local_attribute(name)?;
        let mut scope = Self::module(self.builder, &self.module);
        scope.symbolic = self.symbolic;
        if inside {
            scope.pipeline.clone_from(&self.pipeline);
        }
        Some(scope)
    }

    /// The value of a local.
    pub(in crate::objects::configuration) fn local(&self, name: &Arc<str>) -> Resolution {
        let (Some((attribute, _)), Some(scope)) =
            (self.local_attribute(name), self.declaring(name))
        else {
            return Resolution::Failed;
        };
        let standing = scope.pipeline.as_ref();
        let key = standing.map(|(id, repetition)| (*id, repetition.key.clone()));
        let asked = if scope.symbolic {
            Asked::SymbolicLocal(self.module.number, key, name.clone())
        } else {
            Asked::Local(self.module.number, key, name.clone())
        };
        let value = self.builder.once(
            asked,
            || Name::Text(format!("{}local.{name}", self.module.prefix())),
            attribute.name.span,
            || {
                let value = self.builder.evaluate(&attribute.expr, &scope)?;
                Some(named::called(value, || {
                    named::path(&scope.local_path(name))
                }))
            },
        );
        found(value, 2)
    }

    /// What residuals call a local of this scope.
    pub(super) fn local_path(&self, name: &str) -> String {
        let prefix = match &self.pipeline {
            Some((id, repetition)) => {
                let frame = self.builder.frame(*id, &self.module, None, repetition);
                format!("{}.", frame.address)
            }
            None => self.module.prefix(),
        };
        format!("{prefix}local.{name}")
    }
}
