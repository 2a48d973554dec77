//! A module: the blocks of all its files, sorted by what they are.
//!
//! The blocks of the language itself (`pipeform`, `variable`, `locals`, `output`, `module`, `moved`, `removed`) are decoded here; all others are kept as they
//! are, for those who know object types.

mod calls;
mod condition;
pub(crate) mod decode;
mod moves;
mod overrides;
#[cfg(test)]
mod tests;
mod version;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::ast::Attribute;
use super::ast::Block;
use super::ast::Body;
use super::ast::Expr;
use super::ast::Ident;
use super::constant::constant;
use super::types;
use super::types::Type;
use super::value::Value;
use crate::diag::Damage;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Span;
pub use calls::ModuleCall;
pub use calls::ModuleTree;
pub use calls::ProviderName;
pub use condition::Condition;
use decode::Content;
pub use moves::Endpoint;
pub use moves::EndpointPart;
pub use moves::Moved;
pub use moves::Removed;
pub use moves::read_endpoint;
pub use overrides::merge_overrides;

/// One module, decoded.
#[derive(Clone, Debug, Default)]
pub struct Module {
    /// The directory, relative to the root module's: `.` for that itself, `modules/archive`. What `path.module` shows.
    pub path: PathBuf,
    /// The `pipeform` block.
    pub settings: Settings,
    /// The `variable` blocks by name.
    pub variables: BTreeMap<Arc<str>, Variable>,
    /// The attributes of all `locals` blocks by name.
    pub locals: BTreeMap<Arc<str>, Attribute>,
    /// The `output` blocks by name.
    pub outputs: BTreeMap<Arc<str>, Output>,
    /// The `module` blocks by name.
    pub calls: BTreeMap<Arc<str>, ModuleCall>,
    /// The `moved` blocks.
    pub moved: Vec<Moved>,
    /// The `removed` blocks.
    pub removed: Vec<Removed>,
    /// All other blocks, untouched, in the order of files and lines.
    pub blocks: Vec<Block>,
    /// What of its files could not be read.
    pub damage: Damage,
}

/// The files of a module, as far as they could be read.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// What they hold, in the order of their names.
    pub bodies: Vec<Body>,
    /// What could not be read.
    pub damage: Damage,
    /// What is wrong with how they fit together.
    pub findings: Diagnostics,
}

impl From<Vec<Body>> for Files {
    fn from(bodies: Vec<Body>) -> Self {
        Self {
            bodies,
            ..Self::default()
        }
    }
}

/// What the `pipeform` block says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The version constraint, which this version meets.
    pub required_version: Option<Arc<str>>,
    /// Whether sensitive values may be stored in clear.
    pub allow_plaintext: bool,
    /// How many runs an apply may back-fill without being told the number.
    pub max_runs_per_apply: Option<u64>,
}

/// A `variable` block.
#[expect(
    clippy::struct_excessive_bools,
    reason = "what a block says, one by one"
)]
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// Its name, with its place.
    pub name: Ident,
    /// The type; [`Type::Any`] if none is given.
    pub ty: Type,
    /// Whether a value on the command line or in the environment is its text as it stands, not an expression: no type is given,
    /// or a primitive one.
    pub literal: bool,
    /// The default, converted to the type; `None` if a value is required.
    pub default: Option<Value>,
    /// What it is for.
    pub description: Option<Arc<str>>,
    /// Whether its value is hidden.
    pub sensitive: bool,
    /// Whether it may be null.
    pub nullable: bool,
    /// The `validation` blocks.
    pub validations: Vec<Condition>,
    /// The id of the parameter that it was imported from, if its name does not say it.
    pub aws_id: Option<Arc<str>>,
    /// What the parameter had besides.
    pub aws_fields: BTreeMap<Arc<str>, Value>,
    /// Whether it cannot be known which values it takes, or which it has: that was reported, and it has none.
    pub broken: bool,
}

/// An `output` block.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// Its name, with its place.
    pub name: Ident,
    /// Its value.
    pub value: Expr,
    /// What it is.
    pub description: Option<Arc<str>>,
    /// Whether its value is hidden.
    pub sensitive: bool,
    /// The `precondition` blocks.
    pub preconditions: Vec<Condition>,
    /// What it refers to besides, for people: outputs are known before anything runs.
    pub depends_on: Option<Expr>,
    /// The block.
    pub place: Span,
}

/// Names that `module` blocks need for themselves.
const RESERVED: [&str; 8] = [
    "count",
    "depends_on",
    "for_each",
    "lifecycle",
    "locals",
    "providers",
    "source",
    "version",
];

impl Module {
    /// Decodes the files of a module.
    pub fn decode(
        path: impl Into<PathBuf>,
        files: impl Into<Files>,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let files = files.into();
        let mut found = files.findings;
        let mut module = Self {
            path: path.into(),
            damage: files.damage,
            ..Self::default()
        };
        module.add_files(files.bodies, &mut found);
        // Whether the damage says otherwise is not known.
        module.settings.allow_plaintext |= module.damage.hides("pipeform");
        diagnostics.extend(module.damage.sound(found));
        module
    }

    fn add_files(&mut self, bodies: Vec<Body>, diagnostics: &mut Diagnostics) {
        let mut settings: Option<Ident> = None;
        for body in bodies {
            for attribute in &body.attributes {
                let detail = format!(
                    "`{}` stands outside of any block. Put it into one, e.g. into `locals {{ … }}`.",
                    attribute.name.text
                );
                diagnostics.push(
                    Diagnostic::error("Attribute outside of a block", detail)
                        .at(attribute.name.span),
                );
            }
            for block in body.blocks {
                match &*block.kind.text {
                    "pipeform" => {
                        if let Some(first) = settings.replace(block.kind.clone()) {
                            let detail =
                                "There is one `pipeform` block in a module. Merge the two.";
                            diagnostics.push(
                                Diagnostic::error("Duplicate block", detail)
                                    .at(block.span)
                                    .label(first.span, "first one here"),
                            );
                        }
                        self.settings = pipeform(&block, diagnostics);
                        self.settings.allow_plaintext |= block.is_damaged(&self.damage);
                    }
                    "variable" => self.add_variable(&block, diagnostics),
                    "locals" => self.add_locals(&block, diagnostics),
                    "output" => self.add_output(&block, diagnostics),
                    "module" => self.add_call(&block, diagnostics),
                    "moved" => self.add_moved(&block, diagnostics),
                    "removed" => self.add_removed(&block, diagnostics),
                    _ => self.blocks.push(block),
                }
            }
        }
    }

    fn add_variable(&mut self, block: &Block, diagnostics: &mut Diagnostics) {
        let Some(mut variable) = variable(block, diagnostics) else {
            return;
        };
        variable.broken |= block.is_damaged(&self.damage);
        if let Some(first) = self.variables.get(&variable.name.text) {
            diagnostics.push(duplicate("variable", &variable.name, &first.name));
            return;
        }
        self.variables
            .insert(Arc::clone(&variable.name.text), variable);
    }

    fn add_locals(&mut self, block: &Block, diagnostics: &mut Diagnostics) {
        decode::labels(block, &[], diagnostics);
        let mut content = Content::of(block, "a `locals` block");
        content.refuse_blocks(&[], diagnostics);
        for attribute in &block.body.attributes {
            if let Some(first) = self.locals.get(&attribute.name.text) {
                diagnostics.push(duplicate("local value", &attribute.name, &first.name));
                continue;
            }
            self.locals
                .insert(Arc::clone(&attribute.name.text), attribute.clone());
        }
    }

    fn add_output(&mut self, block: &Block, diagnostics: &mut Diagnostics) {
        let Some(output) = output(block, diagnostics) else {
            return;
        };
        if let Some(first) = self.outputs.get(&output.name.text) {
            diagnostics.push(duplicate("output", &output.name, &first.name));
            return;
        }
        self.outputs.insert(Arc::clone(&output.name.text), output);
    }
}

fn duplicate(what: &str, name: &Ident, first: &Ident) -> Diagnostic {
    let detail = format!(
        "There is already {} {what} `{}`. Rename or remove one of the two.",
        if what.starts_with('o') { "an" } else { "a" },
        name.text
    );
    Diagnostic::error("Duplicate name", detail)
        .at(name.span)
        .label(first.span, "first declared here")
}

/// Blocks that users of Terraform write in the block with the settings, and what there is to say about them.
const PIPEFORM_BLOCKS: [(&str, &str, &str); 3] = [
    (
        "backend",
        "Not in this version",
        "The state of this version is a local file, `.pipeform/state.db`; there are no other backends to choose from.",
    ),
    (
        "cloud",
        "Unsupported block type",
        "There is no cloud service that keeps the state. Remove the block.",
    ),
    (
        "required_providers",
        "Block that is not needed",
        "What Pipeform works with is built in: there are no providers to install. Remove the block.",
    ),
];

fn pipeform(block: &Block, diagnostics: &mut Diagnostics) -> Settings {
    decode::labels(block, &[], diagnostics);
    let mut content = Content::of(block, "the `pipeform` block");
    let required_version = content.string("required_version", diagnostics);
    let mut settings = Settings {
        allow_plaintext: content
            .bool("allow_plaintext", diagnostics)
            .unwrap_or(false),
        max_runs_per_apply: content.whole_number("max_runs_per_apply", diagnostics),
        ..Settings::default()
    };
    for (word, summary, detail) in PIPEFORM_BLOCKS {
        for inner in content.blocks(word) {
            diagnostics.push(Diagnostic::error(summary, detail).at(inner.span));
        }
    }
    content.finish(&PIPEFORM_BLOCKS.map(|(word, ..)| word), diagnostics);
    let Some((constraint, span)) = required_version else {
        return settings;
    };
    let running = env!("CARGO_PKG_VERSION");
    let problem = match version::meets(running, &constraint) {
        Some(true) => None,
        Some(false) => Some((
            "Unsupported version",
            format!(
                "This module asks for Pipeform {constraint}, and this is {running}. Install a version that fits, or change the constraint."
            ),
        )),
        None => Some((
            "Invalid version constraint",
            "A constraint is e.g. `>= 0.1`, `~> 1.2` or `>= 1.0, < 2.0`.".to_owned(),
        )),
    };
    if let Some((summary, detail)) = problem {
        diagnostics.push(Diagnostic::error(summary, detail).at(span));
    }
    settings.required_version = Some(constraint);
    settings
}

fn variable(block: &Block, diagnostics: &mut Diagnostics) -> Option<Variable> {
    let name = decode::labels(block, &["name"], diagnostics)?
        .first()
        .cloned()?;
    if RESERVED.contains(&&*name.text) || !decode::is_name(&name.text) {
        let detail = format!(
            "A variable may not be called \"{}\". Use letters, digits, `_` and `-`, and none of the names {}.",
            name.text,
            RESERVED.map(|name| format!("`{name}`")).join(", ")
        );
        diagnostics.push(Diagnostic::error("Invalid name", detail).at(name.span));
    }
    let mut content = Content::of(block, "a `variable` block");
    let written = content.take("type");
    let ty = written.map_or(Some(Type::Any), |attribute| {
        Type::of_variable(&attribute.expr, diagnostics)
    });
    let literal = match ty {
        Some(Type::String | Type::Number | Type::Bool) => true,
        _ => written.is_none(),
    };
    let nullable = content.bool("nullable", diagnostics).unwrap_or(true);
    let default = content
        .take("default")
        .map(|attribute| default(attribute, ty.as_ref(), nullable, diagnostics));
    let broken = ty.is_none() || matches!(default, Some(None));
    let description = content
        .string("description", diagnostics)
        .map(|(text, _)| text);
    let sensitive = content.bool("sensitive", diagnostics).unwrap_or(false);
    let aws_id = content.string("aws_id", diagnostics).map(|(id, _)| id);
    let aws_fields = content.take("aws_fields");
    let aws_fields = aws_fields.and_then(|attribute| texts(attribute, diagnostics));
    let validations: Vec<Condition> = content
        .blocks("validation")
        .filter_map(|block| Condition::decode(block, "a `validation` block", diagnostics))
        .collect();
    for validation in &validations {
        validation.check_subject(&name.text, diagnostics);
    }
    if let Some(attribute) = content.take("ephemeral") {
        let detail = "Pipeform has no ephemeral variables: what an object is made of is kept in its state. Say where a secret is kept with `secret(…)`, which is resolved only when an attempt runs, or hide the value with `sensitive = true`.";
        diagnostics
            .push(Diagnostic::error("Unsupported attribute", detail).at(attribute.name.span));
    }
    content.finish(&["validation"], diagnostics);
    Some(Variable {
        name,
        ty: ty.unwrap_or(Type::Any),
        literal,
        // After an error, the variable still counts as one with a default, so that no value is asked for.
        default: default.map(|default| default.unwrap_or(Value::NULL)),
        description,
        sensitive,
        nullable,
        validations,
        aws_id,
        aws_fields: aws_fields.unwrap_or_default(),
        broken,
    })
}

/// A constant map of texts.
fn texts(
    attribute: &Attribute,
    diagnostics: &mut Diagnostics,
) -> Option<BTreeMap<Arc<str>, Value>> {
    let what = format!("`{}`", attribute.name.text);
    let value = constant(&attribute.expr, &what, diagnostics)?;
    match types::convert(&value, &Type::Map(Box::new(Type::String))) {
        Ok(Value::Map(entries)) => {
            let entries = entries.iter();
            Some(
                entries
                    .map(|(key, text)| (Arc::clone(key), text.clone()))
                    .collect(),
            )
        }
        Ok(_) => None,
        Err(error) => {
            let detail = format!("{what} is a map of texts: {error}.");
            diagnostics.push(Diagnostic::error("Wrong type", detail).at(attribute.expr.span));
            None
        }
    }
}

fn default(
    attribute: &Attribute,
    ty: Option<&Type>,
    nullable: bool,
    diagnostics: &mut Diagnostics,
) -> Option<Value> {
    let value = constant(&attribute.expr, "The default of a variable", diagnostics)?;
    if value == Value::NULL && !nullable {
        let detail = "The default is null, but `nullable = false` forbids it.";
        diagnostics.push(Diagnostic::error("Invalid default", detail).at(attribute.expr.span));
    }
    let Some(ty) = ty else { return Some(value) };
    match types::convert(&value, ty) {
        Ok(value) => Some(value),
        Err(error) => {
            let detail = format!("The default does not fit the type: {error}.");
            diagnostics.push(Diagnostic::error("Invalid default", detail).at(attribute.expr.span));
            None
        }
    }
}

fn output(block: &Block, diagnostics: &mut Diagnostics) -> Option<Output> {
    let name = decode::labels(block, &["name"], diagnostics)?
        .first()
        .cloned()?;
    let mut content = Content::of(block, "an `output` block");
    let value = content.required("value", diagnostics);
    let description = content
        .string("description", diagnostics)
        .map(|(text, _)| text);
    let sensitive = content.bool("sensitive", diagnostics).unwrap_or(false);
    let preconditions = content
        .blocks("precondition")
        .filter_map(|block| Condition::decode(block, "a `precondition` block", diagnostics))
        .collect();
    let depends_on = content
        .take("depends_on")
        .map(|attribute| attribute.expr.clone());
    if let Some(block) = content.blocks("postcondition").next() {
        let detail = "An output has preconditions only: what holds for its value can be said in one of them. Call it `precondition`.";
        diagnostics.push(Diagnostic::error("Unsupported block", detail).at(block.span));
    }
    content.finish(&["precondition", "postcondition"], diagnostics);
    Some(Output {
        name,
        value: value?,
        description,
        sensitive,
        preconditions,
        depends_on,
        place: block.whole(),
    })
}
