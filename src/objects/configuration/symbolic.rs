//! The objects of a module with names in their formulas that a plan folds: of variables, and of attributes that are read.
//!
//! Apart from the configuration that plans are made of: this one is for writing objects down in another language that has
//! parameters and references of its own. What decides which objects there are, and what refers to objects, is evaluated as always.

use std::rc::Rc;
use std::sync::Arc;

use super::Configuration;
use super::Surroundings;
use super::builder::Builder;
use super::builder::KNOWN;
use super::declare;
use super::frames::Frame;
use super::instance::ModuleInstance;
use super::scope::ModuleScope;
use crate::diag::Diagnostics;
use crate::lang::Step;
use crate::lang::Value;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;
use crate::lang::ast::Later;
use crate::lang::module::ModuleTree;
use crate::lang::module::Variable;
use crate::lang::named;
use crate::lang::types::Type;
use crate::objects::schema::AttributeSchema;
use crate::objects::schema::AttributeType;
use crate::objects::schema::Aws;

/// Where a secret is kept, by how the text begins: what is hidden is known by its place.
const PLACES: [&str; 4] = ["env://", "file://", "ssm://", "secretsmanager://"];

/// Evaluates the root module and those it calls, like [`super::configure`], and keeps names in attributes that AWS Data Pipeline
/// has, too: `var.bucket`, `self.table`, `pipeline.weblogs.data_node.archive.path`. Such an attribute is deferred, also one whose schema does
/// not allow that, and is not checked. Variables without a value count only where a value is needed. `formulas` has the places of
/// all attributes.
pub fn symbolic(tree: &ModuleTree, surroundings: Surroundings<'_>) -> (Configuration, Diagnostics) {
    let (declarations, mut diagnostics) = declare::declare(tree);
    let mut builder = Builder::new(declarations, surroundings);
    builder.symbolic = true;
    let configuration = builder.build();
    diagnostics.extend(builder.into_diagnostics());
    (configuration, diagnostics)
}

/// The variables of the root module whose names are kept, each with the type that its values have.
pub fn parameters<'t>(
    tree: &'t ModuleTree,
    surroundings: Surroundings<'t>,
) -> impl Iterator<Item = (&'t Variable, Type)> {
    tree.module.variables.values().filter_map(move |variable| {
        let given = surroundings.variables.get(&variable.name.text);
        Some((variable, type_of(variable, given)?))
    })
}

/// Whether names stay in an attribute.
pub(super) fn has_names(schema: &AttributeSchema) -> bool {
    let refers = matches!(
        schema.value,
        AttributeType::Ref(_)
            | AttributeType::Refs(_)
            | AttributeType::NamedRefs(_)
            | AttributeType::DependsOn
            | AttributeType::Provider
    );
    // What AWS does not know is said as it is; some of it is what it knows by another name.
    !refers && (schema.aws != Aws::None || matches!(schema.name, "aws_fields" | "environment"))
}

impl<'m> Builder<'m> {
    /// The type of a variable that may be a parameter.
    pub(super) fn parameter_type(
        &self,
        module: &ModuleInstance<'m>,
        variable: &Variable,
    ) -> Option<Type> {
        let given = self.surroundings.variables.get(&variable.name.text);
        if !module.is_root() || given.is_some_and(is_place) {
            return None;
        }
        type_of(variable, given)
    }

    /// The name of an attribute that has a value: `self.table`.
    pub(super) fn symbol(&self, frame: &Rc<Frame<'m>>, step: &Step, of: &str) -> Option<Value> {
        let object_type = self.declaration(frame.id).object_type;
        let schema = object_type.attribute(&step.name)?;
        if schema.aws_fields().is_empty() || schema.name == "aws_id" {
            return None;
        }
        let ty = match schema.value {
            AttributeType::Bool => Type::Bool,
            AttributeType::Integer(_) | AttributeType::Number(..) => Type::Number,
            AttributeType::Strings | AttributeType::Assignments => {
                Type::List(Box::new(Type::String))
            }
            AttributeType::String
            | AttributeType::OneOf(_)
            | AttributeType::Price(_)
            | AttributeType::Duration
            | AttributeType::Period
            | AttributeType::DateTime
            | AttributeType::Regex => Type::String,
            _ => return None,
        };
        if let Value::Null(_) = self.attribute_value(frame, schema)? {
            return None;
        }
        let path = named::path(&format!("{of}.{}", step.name))?;
        let later = Later {
            path,
            ty,
            value: None,
        };
        let kind = ExprKind::Later(Arc::new(later));
        let span = step.span;
        Some(Value::Deferred(Arc::new(Expr { kind, span })))
    }
}

impl<'m> Builder<'m> {
    /// The name of a list, where names are kept, as that of each of its elements: one block then stands for all.
    pub(super) fn each_symbol(&self, scope: &ModuleScope<'_, 'm>, list: &Expr) -> Option<Value> {
        if !scope.symbolic {
            return None;
        }
        let Value::Deferred(expr) = self.silently(|| self.evaluate_in(list, scope, KNOWN))? else {
            return None;
        };
        let ExprKind::Later(later) = &expr.kind else {
            return None;
        };
        let Type::List(of) = &later.ty else {
            return None;
        };
        let element = Later {
            path: later.path.clone(),
            ty: Type::clone(of),
            value: None,
        };
        let kind = ExprKind::Later(Arc::new(element));
        let span = expr.span;
        Some(Value::Deferred(Arc::new(Expr { kind, span })))
    }
}

/// Whether a value says where a secret is kept.
pub fn is_place(value: &Value) -> bool {
    match value {
        Value::String(text) => PLACES.iter().any(|place| text.starts_with(place)),
        Value::Sensitive(inner) => is_place(inner),
        _ => false,
    }
}

/// The type of a variable's values, if AWS Data Pipeline has such parameters: a text, a number, a bool, or a list of them.
fn type_of(variable: &Variable, given: Option<&Value>) -> Option<Type> {
    let simple = |ty: &Type| matches!(ty, Type::String | Type::Number | Type::Bool);
    match &variable.ty {
        ty if simple(ty) => Some(ty.clone()),
        Type::List(inner) if simple(inner) => Some(variable.ty.clone()),
        Type::Any => match given.or(variable.default.as_ref()) {
            Some(Value::Number(_)) => Some(Type::Number),
            Some(Value::Bool(_)) => Some(Type::Bool),
            None | Some(Value::String(_) | Value::Null(_)) => Some(Type::String),
            Some(_) => None,
        },
        _ => None,
    }
}
