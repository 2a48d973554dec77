//! `module` blocks: a module used by another one.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Content;
use super::Module;
use super::decode;
use super::duplicate;
use crate::diag::Damage;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Span;
use crate::lang::ast::Attribute;
use crate::lang::ast::Block;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;
use crate::lang::ast::Ident;
use crate::lang::constant::constant;
use crate::lang::value::Value;

/// A `module` block.
#[derive(Clone, Debug, PartialEq)]
pub struct ModuleCall {
    /// Its name, with its place.
    pub name: Ident,
    /// Where the module comes from, as it is written; `None` if that is wrong, which was reported.
    pub source: Option<Arc<str>>,
    /// Where that stands.
    pub source_span: Span,
    /// One instance for each key.
    pub for_each: Option<Expr>,
    /// So many instances.
    pub count: Option<Expr>,
    /// What everything in the module waits for.
    pub depends_on: Option<Expr>,
    /// The caller's providers by the names they have in the module: `aws`, `aws.west`.
    pub providers: BTreeMap<Arc<str>, ProviderName>,
    /// The values of the module's variables.
    pub arguments: Vec<Attribute>,
    /// The header of the block.
    pub span: Span,
    /// The block.
    pub place: Span,
}

/// The name of a provider, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderName {
    /// `aws`, or `aws.west` for one with an alias.
    pub name: Arc<str>,
    /// Where it stands.
    pub span: Span,
    /// Where the name stands that it has in the module; its own where it is not passed to one.
    pub inside: Span,
}

impl ProviderName {
    /// The name that an expression is: `aws` or `aws.west`.
    pub fn of(expr: &Expr) -> Option<Self> {
        Some(Self {
            name: provider_name(expr)?,
            span: expr.span,
            inside: expr.span,
        })
    }
}

/// A module and those it calls: a node is a module of the configuration, whatever the number of its instances.
#[derive(Clone, Debug, Default)]
pub struct ModuleTree {
    /// The module.
    pub module: Module,
    /// The modules it calls, by the names of the calls. One that could not be loaded, which has been reported, is absent.
    pub children: BTreeMap<Arc<str>, Arc<Self>>,
}

impl ModuleTree {
    /// A module that calls no others, or whose calls are not loaded.
    pub fn leaf(module: Module) -> Self {
        Self {
            module,
            children: BTreeMap::new(),
        }
    }

    /// What of the files of all these modules could not be read.
    pub fn damage(&self) -> Damage {
        let mut damage = self.module.damage.clone();
        for child in self.children.values() {
            damage.extend(child.damage());
        }
        damage
    }
}

impl Module {
    pub(super) fn add_call(&mut self, block: &Block, diagnostics: &mut Diagnostics) {
        let Some(call) = call(block, diagnostics) else {
            return;
        };
        if let Some(first) = self.calls.get(&call.name.text) {
            diagnostics.push(duplicate("module call", &call.name, &first.name));
            return;
        }
        self.calls.insert(Arc::clone(&call.name.text), call);
    }
}

fn call(block: &Block, diagnostics: &mut Diagnostics) -> Option<ModuleCall> {
    let name = decode::labels(block, &["name"], diagnostics)?
        .first()
        .cloned()?;
    if !decode::is_name(&name.text) {
        let detail = format!(
            "A module call may not be called \"{}\". Use letters, digits, `_` and `-`, and begin with a letter or `_`.",
            name.text
        );
        diagnostics.push(Diagnostic::error("Invalid name", detail).at(name.span));
        return None;
    }
    let mut content = Content::of(block, "a `module` block");
    content.refuse_blocks(&[], diagnostics);
    let source = content
        .required("source", diagnostics)
        .map(|expr| (source(&expr, diagnostics), expr.span));
    if let Some(version) = content.take("version") {
        let detail = "`version` chooses a release from a registry of modules, and there is none here: modules come from directories, from git and from the built-in library.";
        diagnostics.push(
            Diagnostic::error("Version of a module", detail)
                .at(version.name.span)
                .help("A git source says which version it means: `git::https://example.com/modules.git?ref=v1.2.0`."),
        );
    }
    let mut expression = |name| content.take(name).map(|attribute| attribute.expr.clone());
    let (for_each, count) = (expression("for_each"), expression("count"));
    let depends_on = expression("depends_on");
    let providers = content
        .take("providers")
        .map_or_else(BTreeMap::new, |map| providers(&map.expr, diagnostics));
    if let Some(reserved) = ["lifecycle", "locals"]
        .into_iter()
        .find_map(|name| content.take(name))
    {
        let detail = format!(
            "`{}` is reserved, and means nothing in a `module` block.",
            reserved.name.text
        );
        diagnostics.push(Diagnostic::error("Reserved name", detail).at(reserved.name.span));
    }
    if let (Some(for_each), Some(count)) = (&for_each, &count) {
        diagnostics.push(
            Diagnostic::error(
                "Invalid combination",
                "`count` and `for_each` exclude each other.",
            )
            .at(for_each.span)
            .label(count.span, "`count` is here"),
        );
    }
    let (source, source_span) = source.unwrap_or((None, block.span));
    let arguments = content.rest().cloned().collect();
    Some(ModuleCall {
        name,
        source,
        source_span,
        for_each,
        count,
        depends_on,
        providers,
        arguments,
        span: block.span,
        place: block.whole(),
    })
}

/// The source is read before anything is evaluated, so that it is a literal string.
fn source(expr: &Expr, diagnostics: &mut Diagnostics) -> Option<Arc<str>> {
    match constant(expr, "The source of a module", diagnostics)? {
        Value::String(text) if !text.is_empty() => Some(text),
        other => {
            let detail = format!(
                "The source of a module is a string that says where the module is, e.g. `\"./modules/archive\"`; this is {}.",
                other.describe()
            );
            diagnostics.push(Diagnostic::error("Invalid module source", detail).at(expr.span));
            None
        }
    }
}

/// `{ aws = aws.west }`.
fn providers(expr: &Expr, diagnostics: &mut Diagnostics) -> BTreeMap<Arc<str>, ProviderName> {
    let mut found: BTreeMap<Arc<str>, ProviderName> = BTreeMap::new();
    let mut refuse = |span: Span| {
        let detail = "`providers` names the module's providers and what they are here: `{ aws = aws.west }`.";
        diagnostics.push(Diagnostic::error("Invalid providers", detail).at(span));
    };
    let mut twice = Vec::new();
    let ExprKind::Object(items) = &expr.kind else {
        refuse(expr.span);
        return found;
    };
    for (key, value) in items.iter() {
        let inside = match &key.kind {
            ExprKind::Value(Value::String(name))
                if name.split('.').count() <= 2 && name.split('.').all(decode::is_name) =>
            {
                Some(Arc::clone(name))
            }
            ExprKind::Parens(inner) => provider_name(inner),
            _ => provider_name(key),
        };
        match (inside, ProviderName::of(value)) {
            (Some(inside), Some(name)) => {
                let inside_span = key.span;
                let name = ProviderName {
                    inside: inside_span,
                    ..name
                };
                if let Some(first) = found.insert(inside, name) {
                    twice.push((inside_span, first.inside));
                }
            }
            (None, _) => refuse(key.span),
            (_, None) => refuse(value.span),
        }
    }
    for (second, first) in twice {
        let detail =
            "A provider of the module is named once in `providers`. Remove one of the two.";
        diagnostics.push(
            Diagnostic::error("Duplicate name", detail)
                .at(second)
                .label(first, "first one here"),
        );
    }
    found
}

/// `aws` or `aws.west`.
fn provider_name(expr: &Expr) -> Option<Arc<str>> {
    match &expr.kind {
        ExprKind::Name(name) => Some(Arc::clone(&name.text)),
        ExprKind::Get(source, alias) => match &source.kind {
            ExprKind::Name(name) => Some(format!("{}.{}", name.text, alias.text).into()),
            _ => None,
        },
        _ => None,
    }
}
