//! From the blocks of a module to its objects.
//!
//! [`configure`] declares every block, expands `for_each` and `count`, evaluates each attribute as far as is possible
//! before a run and converts it to the type its schema names. Evaluation is lazy and remembered, so that an object may
//! read another one's attributes in any order; a cycle of such reads is reported. All mistakes are reported in one pass.

mod attributes;
mod builder;
mod checks;
mod convert;
mod declare;
mod repetition;
mod scope;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::address::Address;
use super::object::Object;
use crate::diag::Diagnostics;
use crate::diag::Span;
use crate::lang::Value;
use crate::lang::functions::Call;
use crate::lang::module::ModuleTree;

/// What a module describes.
#[derive(Clone, Debug, Default)]
pub struct Configuration {
    /// The objects by address.
    pub objects: BTreeMap<Address, Object>,
    /// The outputs by name.
    pub outputs: BTreeMap<Arc<str>, Value>,
    /// Where each object is written.
    pub places: BTreeMap<Address, Span>,
    /// Where the values of deferred attributes are written.
    pub formulas: BTreeMap<(Address, Arc<str>), Span>,
}

/// What a module is evaluated with.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// The values of the variables.
    pub variables: &'a BTreeMap<Arc<str>, Value>,
    /// What functions may use: the module's files, the moment of the plan.
    pub call: &'a Call<'a>,
    /// The module's directory, as `path.module` shows it.
    pub directory: &'a str,
    /// The directory the command was started in, for `path.cwd`.
    pub working_directory: &'a str,
    /// Whether sensitive values may be stored in clear (`allow_plaintext` of the `pipeform` block).
    pub allow_plaintext: bool,
}

/// Evaluates the root module and those it calls. The configuration is complete only if there are no errors.
pub fn configure(
    tree: &ModuleTree,
    surroundings: Surroundings<'_>,
) -> (Configuration, Diagnostics) {
    let module = &tree.module;
    let (declarations, mut diagnostics) = declare::declare(module);
    let builder = builder::Builder::new(module, declarations, surroundings);
    let configuration = builder.build();
    diagnostics.extend(builder.into_diagnostics());
    if !diagnostics.has_errors() {
        checks::check(&configuration, &mut diagnostics);
    }
    (configuration, diagnostics)
}

/// Converts the value that a deferred attribute has come to.
pub(super) fn convert_again(
    schema: &super::schema::AttributeSchema,
    value: &Value,
) -> Result<Value, crate::diag::Diagnostic> {
    convert::convert(schema, value, Vec::new())
        .map_err(|problem| problem.into_diagnostic(schema, Span::default()))
}
