//! From the blocks of a module to its objects.
//!
//! [`configure`] declares every block, expands `for_each` and `count`, evaluates each attribute as far as is possible
//! before a run and converts it to the type its schema names. Evaluation is lazy and remembered, so that an object may
//! read another one's attributes in any order; a cycle of such reads is reported. All mistakes are reported in one pass.

mod admission;
mod assertions;
mod attribute_names;
mod attributes;
mod block_values;
mod builder;
mod checks;
mod compute;
mod conditions;
mod convert;
mod declare;
mod doubts;
mod dynamic;
mod expand;
mod files;
mod frames;
mod groups;
mod ignore;
mod in_vain;
mod instance;
mod interface;
mod later;
mod life;
mod lifecycle;
mod nested;
mod providers;
mod reads;
mod references;
mod repetition;
mod scope;
mod symbolic;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::address::Address;
use super::moves::Statements;
use super::object::Object;
use crate::diag::Diagnostics;
use crate::diag::Span;
use crate::lang::Value;
use crate::lang::ast::Expr;
use crate::lang::functions::Call;
use crate::lang::module::ModuleTree;
pub use admission::inadmissible;
pub use assertions::Assertion;
pub use assertions::Check;
pub use assertions::CheckStatus;
pub use assertions::DeferredAssertion;
pub use conditions::Subject;
pub use symbolic::is_place;
pub use symbolic::parameters;
pub use symbolic::symbolic;

/// What a module describes.
#[derive(Clone, Debug, Default)]
pub struct Configuration {
    /// The objects by address.
    pub objects: BTreeMap<Address, Object>,
    /// The outputs by name.
    pub outputs: BTreeMap<Arc<str>, Value>,
    /// Where each object is written.
    pub places: BTreeMap<Address, Span>,
    /// What became of objects that may be in the state.
    pub statements: Statements,
    /// Objects with the attributes that could not be evaluated, which was reported.
    pub incomplete: Incomplete,
    /// Where the values of deferred attributes, deferred conditions, and where data is, are written.
    pub formulas: BTreeMap<(Address, Arc<str>), Span>,
    /// The `check` blocks.
    pub checks: Vec<Check>,
    /// What is known of the conditions of objects, outputs and variables, by the addresses of these.
    pub conditions: BTreeMap<(Subject, Arc<str>), CheckStatus>,
    /// What the outputs read of objects. Their values do not tell where an attribute has none of the object in it.
    pub reads: Reads,
    /// Whether an object ignores changes.
    pub ignores: bool,
}

/// What the outputs read: addresses of objects without keys, perhaps with attributes behind them, and of whole modules.
pub type Reads = BTreeMap<Arc<str>, BTreeSet<Address>>;

/// Objects with those of their attributes that could not be evaluated.
pub type Incomplete = BTreeMap<Address, BTreeSet<&'static str>>;

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
    /// The workspace, for `pipeform.workspace`.
    pub workspace: &'a str,
    /// Whether sensitive values may be stored in clear (`allow_plaintext` of the `pipeform` block).
    pub allow_plaintext: bool,
    /// What was applied, at the addresses it has now, for `ignore_changes`. `None` where no plan is made: then conditions are
    /// evaluated to find mistakes, and those that do not hold are no finding.
    pub prior: Option<&'a BTreeMap<Address, Object>>,
}

/// Evaluates the root module and those it calls. The configuration is complete only if there are no errors, and all variables of
/// the root module have values; what depends on one without a value is missing, and nothing is said about it. Neither is it about
/// what depends on the parts of the files that could not be read.
pub fn configure(
    tree: &ModuleTree,
    surroundings: Surroundings<'_>,
) -> (Configuration, Diagnostics) {
    let (declarations, mut diagnostics) = declare::declare(tree);
    let damage = tree.damage();
    let builder = builder::Builder::new(declarations, surroundings);
    let mut configuration = builder.build();
    if damage.is_empty() {
        builder.check_reads(&configuration);
    }
    let combinations = damage.sound(builder.combinations.take());
    diagnostics.extend(builder.take_diagnostics());
    configuration.statements = Statements::collect(tree, &configuration.places, &mut diagnostics);
    let mut diagnostics = damage.sound(diagnostics);
    let variables = &tree.module.variables;
    let whole = variables
        .keys()
        .all(|name| surroundings.variables.contains_key(name));
    if whole && damage.is_empty() {
        let written = |object: &Address, name: &str| builder.attribute_place(object, name);
        diagnostics.extend(if diagnostics.has_errors() {
            checks::check_clusters(&configuration, &diagnostics, &written)
        } else {
            checks::check(&configuration, &written)
        });
    }
    diagnostics.extend(combinations);
    (configuration, one_per_module(diagnostics))
}

/// How many findings of one kind are reported for the instances of a module.
const SHOWN: usize = 5;

/// The findings without those that other instances of the same module have, too. Of findings at the same place that differ
/// by more than the address, as the values of instances do, some are kept.
pub fn one_per_module(diagnostics: Diagnostics) -> Diagnostics {
    let mut seen: BTreeSet<(String, Option<Span>, String, String)> = BTreeSet::new();
    let mut shown: BTreeMap<(String, Option<Span>), BTreeSet<String>> = BTreeMap::new();
    let mut kept = Diagnostics::new();
    for diagnostic in diagnostics {
        let object = Address::new(diagnostic.object.as_deref().unwrap_or_default());
        let Some(module) = object.module() else {
            kept.push(diagnostic);
            continue;
        };
        let own = object
            .as_str()
            .get(module.len()..)
            .unwrap_or_default()
            .to_owned();
        let detail = diagnostic.detail.replace(module, "");
        let place = (diagnostic.summary.clone(), diagnostic.span);
        if !seen.insert((place.0.clone(), place.1, detail, own)) {
            continue;
        }
        let modules = shown.entry(place).or_default();
        if modules.len() < SHOWN || modules.contains(module) {
            modules.insert(module.to_owned());
            kept.push(diagnostic);
        }
    }
    kept
}

/// Expressions in the scope of a root module, one after the other: the console.
pub struct Session<'m> {
    builder: builder::Builder<'m>,
    /// What is wrong with the module itself.
    pub findings: Diagnostics,
}

impl<'m> Session<'m> {
    /// The names of this module can be used.
    pub fn new(tree: &'m ModuleTree, surroundings: Surroundings<'m>) -> Self {
        let (declarations, findings) = declare::declare(tree);
        Self {
            builder: builder::Builder::new(declarations, surroundings),
            findings,
        }
    }

    /// The value of an expression, as far as it is known before a run, and what there is to say about it.
    pub fn evaluate(&self, expr: &Expr) -> (Option<Value>, Diagnostics) {
        let value = self.builder.evaluate_now(expr);
        (value, self.builder.take_diagnostics())
    }
}

/// Why an attribute does not take a value that is known, as a sentence; `None`: it takes it.
pub fn misfit(schema: &super::schema::AttributeSchema, value: &Value) -> Option<String> {
    let converted = convert::convert(schema, value, Vec::new());
    converted.err().map(convert::Problem::into_sentence)
}

/// Converts the value that a deferred attribute has come to.
pub(super) fn convert_again(
    schema: &super::schema::AttributeSchema,
    value: &Value,
) -> Result<Value, crate::diag::Diagnostic> {
    let converted = convert::convert(schema, value, Vec::new());
    converted.map_err(|problem| crate::diag::Diagnostic {
        span: None,
        ..problem.into_diagnostic(schema, Span::default())
    })
}
