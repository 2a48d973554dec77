//! Values.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ast::Expr;
use super::number::Number;

/// A value of the language. Cheap to clone: everything large is shared.
///
/// `List`, `Set` and `Map` have elements of one type, `Tuple` and `Object` of any; as in Terraform, literals make tuples
/// and objects, and conversions make the others. A set is kept sorted and without doubles.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A decimal number.
    Number(Number),
    /// A string.
    String(Arc<str>),
    /// Elements of one type, in order.
    List(Arc<Vec<Self>>),
    /// Distinct elements of one type.
    Set(Arc<Vec<Self>>),
    /// Elements of any types, in order.
    Tuple(Arc<Vec<Self>>),
    /// Elements of one type by key.
    Map(Arc<BTreeMap<Arc<str>, Self>>),
    /// Attributes of any types by name.
    Object(Arc<BTreeMap<Arc<str>, Self>>),
    /// A reference to a configured object.
    Ref(Arc<Reference>),
    /// Known only when an instance runs: what is left of the expression after everything known was folded into it.
    /// Stands for a whole value or, inside a collection or object, for one element.
    Deferred(Arc<Expr>),
    /// A value that messages, plans and logs must not show. Never directly nested.
    Sensitive(Arc<Self>),
}

/// A reference to a configured object: references are values that pass through variables, locals, lists and maps.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// The kind, as it is written in references: `data_node`, `activity`, `schedule`, `pipeline`, …
    pub kind: Arc<str>,
    /// The full address, e.g. `pipeline.weblogs.data_node.archive`.
    pub address: Arc<str>,
}

impl Value {
    /// A string.
    pub fn string(text: impl Into<Arc<str>>) -> Self {
        Self::String(text.into())
    }
}
