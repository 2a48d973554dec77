//! What blocks declare, before anything is evaluated.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::assertions;
use super::assertions::CheckBlock;
use super::lifecycle;
use super::lifecycle::LifecycleBlock;
use super::nested::NestedBlock;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Span;
use crate::diag::did_you_mean;
use crate::lang::ast::Attribute;
use crate::lang::ast::Block;
use crate::lang::module::Module;
use crate::lang::module::ModuleCall;
use crate::lang::module::ModuleTree;
use crate::objects::kind::Kind;
use crate::objects::registry;
use crate::objects::schema::ObjectType;

/// The number of a declaration in [`Declarations::list`].
pub(super) type Id = usize;

/// The number of a module in [`Declarations::modules`].
pub(super) type ModuleId = usize;

/// The root module.
pub(super) const ROOT: ModuleId = 0;

/// One block that declares an object, or several by `for_each` or `count`.
#[derive(Debug)]
pub(super) struct Declaration<'m> {
    /// The module it stands in.
    pub(super) module: ModuleId,
    /// Its type.
    pub(super) object_type: &'static ObjectType,
    /// Its name; a nested one has none.
    pub(super) name: Arc<str>,
    /// The `alias` of a provider.
    pub(super) alias: Option<Arc<str>>,
    /// Its block; `None` for a format that was given by its type's name.
    pub(super) block: Option<&'m Block>,
    /// The pipeline it stands in.
    pub(super) pipeline: Option<Id>,
    /// The object it is nested in.
    pub(super) owner: Option<Id>,
    /// The blocks nested in it, in source order.
    pub(super) nested: Vec<NestedBlock<'m>>,
    /// Its `lifecycle` block.
    pub(super) lifecycle: Option<Box<LifecycleBlock<'m>>>,
    /// Whether something of its block could not be read, so that what it does not set is not known.
    pub(super) damaged: bool,
}

/// What one module declares.
#[derive(Debug)]
pub(super) struct ModuleDeclarations<'m> {
    /// The module.
    pub(super) module: &'m Module,
    /// The modules it calls, by the names of the calls; those that are loaded.
    pub(super) children: BTreeMap<Arc<str>, ModuleId>,
    /// Its declarations.
    pub(super) objects: Range<Id>,
    /// Names at the top level.
    pub(super) top: BTreeMap<(Kind, Arc<str>), Id>,
    /// Its `check` blocks.
    pub(super) checks: Vec<CheckBlock>,
}

/// All declarations, of the root module and of those below it. They are made once, whatever the number of a module's
/// instances.
#[derive(Debug, Default)]
pub(super) struct Declarations<'m> {
    /// The modules; callers before those they call.
    pub(super) modules: Vec<ModuleDeclarations<'m>>,
    /// Those of a module in source order; nested ones behind their owners.
    pub(super) list: Vec<Declaration<'m>>,
    /// Names inside each pipeline.
    pub(super) inside: BTreeMap<Id, BTreeMap<(Kind, Arc<str>), Id>>,
    /// Locals inside each pipeline.
    pub(super) locals: BTreeMap<Id, BTreeMap<Arc<str>, &'m Attribute>>,
}

/// Blocks that may stand at the top level besides those the language itself takes.
const TOP_LEVEL: [&str; 9] = [
    "action",
    "data_format",
    "data_node",
    "database",
    "pipeline",
    "precondition",
    "provider",
    "resource",
    "schedule",
];

/// Names that have a meaning of their own behind `pipeline.`.
const RESERVED_PIPELINES: [&str; 1] = ["each"];

/// Declares all blocks of the root module and of those below it.
pub(super) fn declare(root: &ModuleTree) -> (Declarations<'_>, Diagnostics) {
    let mut declarer = Declarer::default();
    declarer.module(root);
    declarer.shadowed();
    (declarer.declarations, declarer.diagnostics)
}

#[derive(Default)]
pub(super) struct Declarer<'m> {
    pub(super) declarations: Declarations<'m>,
    pub(super) diagnostics: Diagnostics,
    /// The module whose blocks are declared.
    pub(super) current: ModuleId,
    /// The call with `for_each` or `count` that it, or a module that calls it, is called by.
    pub(super) repeated: Option<Span>,
}

impl<'m> Declarer<'m> {
    fn module(&mut self, tree: &'m ModuleTree) -> ModuleId {
        let id = self.declarations.modules.len();
        let first = self.declarations.list.len();
        self.current = id;
        self.declarations.modules.push(ModuleDeclarations {
            module: &tree.module,
            children: BTreeMap::new(),
            objects: first..first,
            top: BTreeMap::new(),
            checks: Vec::new(),
        });
        for block in &tree.module.blocks {
            self.top_level(block);
        }
        self.declarations.modules[id].objects.end = self.declarations.list.len();
        for (name, child) in &tree.children {
            if let Some(call) = tree.module.calls.get(name) {
                self.check_arguments(call, &child.module);
                let outer = self.repeated;
                let repeats = call.for_each.as_ref().or(call.count.as_ref());
                self.repeated = outer.or(repeats.map(|expr| expr.span));
                let child = self.module(child);
                self.repeated = outer;
                self.check_provider_names(call, child);
                self.declarations.modules[id]
                    .children
                    .insert(name.clone(), child);
            }
        }
        id
    }

    /// Compares the arguments of a call with the variables of the module.
    fn check_arguments(&mut self, call: &ModuleCall, module: &Module) {
        for argument in &call.arguments {
            if module.variables.contains_key(&argument.name.text) {
                continue;
            }
            self.diagnostics.push(
                Diagnostic::error(
                    "Unsupported argument",
                    format!(
                        "The module `{}` has no variable `{}`.",
                        call.name.text, argument.name.text
                    ),
                )
                .at(argument.name.span)
                .if_absent(&argument.name.text)
                .help_if(did_you_mean(
                    &argument.name.text,
                    module.variables.keys().map(AsRef::as_ref).chain([
                        "source",
                        "for_each",
                        "count",
                        "depends_on",
                        "providers",
                    ]),
                )),
            );
        }
        for variable in module.variables.values() {
            let name = &variable.name;
            let given = |argument: &Attribute| argument.name.text == name.text;
            let optional = variable.default.is_some() || variable.broken;
            if optional || call.arguments.iter().any(given) {
                continue;
            }
            let purpose = match &variable.description {
                Some(text) => format!(": {}", text.trim_end_matches('.')),
                None => String::new(),
            };
            self.diagnostics.push(
                Diagnostic::error(
                    "Missing argument",
                    format!(
                        "The module `{}` needs a value for its variable `{}`, which has no default{purpose}.",
                        call.name.text, name.text
                    ),
                )
                .at(call.span)
                .if_whole(call.place)
                .label(name.span, "declared here"),
            );
        }
    }

    fn top_level(&mut self, block: &'m Block) {
        let word = block.kind.text.as_ref();
        let kind = Kind::parse(word).filter(|kind| *kind != Kind::Activity);
        match kind {
            Some(Kind::Provider) => self.provider(block),
            Some(kind) => {
                if let Some(id) = self.object(block, kind, None)
                    && kind == Kind::Pipeline
                {
                    self.pipeline(block, id);
                }
            }
            None if word == assertions::WORD => self.check(block),
            None if word == "activity" => self.diagnostics.push(
                Diagnostic::error(
                    "Misplaced block",
                    "An `activity` belongs to a pipeline: write it inside a `pipeline` block.",
                )
                .at(block.span),
            ),
            None => {
                let known = TOP_LEVEL.into_iter().chain([
                    "variable", "locals", "output", "module", "check", "pipeform", "moved",
                    "removed",
                ]);
                let unknown = || {
                    Diagnostic::error(
                        "Unsupported block type",
                        format!("Blocks of type `{word}` are not expected here."),
                    )
                    .at(block.kind.span)
                    .help_if(did_you_mean(word, known))
                };
                let finding = super::later::unsupported(block).unwrap_or_else(unknown);
                self.diagnostics.push(finding);
            }
        }
    }

    fn check(&mut self, block: &Block) {
        let Some(check) = CheckBlock::decode(block, &mut self.diagnostics) else {
            return;
        };
        let checks = &mut self.declarations.modules[self.current].checks;
        let same = |other: &&CheckBlock| other.name.text == check.name.text;
        if !is_name(&check.name.text) {
            self.diagnostics.push(invalid_name(check.name.span));
        } else if let Some(first) = checks.iter().find(same) {
            self.diagnostics.push(
                Diagnostic::error(
                    "Duplicate name",
                    format!("There is already a check `{}`.", check.name.text),
                )
                .at(check.name.span)
                .label(first.name.span, "first declared here"),
            );
        } else {
            checks.push(check);
        }
    }

    /// Declares what stands inside a pipeline.
    fn pipeline(&mut self, pipeline: &'m Block, id: Id) {
        for block in &pipeline.body.blocks {
            let word = block.kind.text.as_ref();
            if word == "locals" {
                let locals = self.declarations.locals.entry(id).or_default();
                for attribute in &block.body.attributes {
                    locals.insert(attribute.name.text.clone(), attribute);
                }
                continue;
            }
            if word == "schedule" && block.labels.is_empty()
                || word == "dynamic"
                || lifecycle::is(block)
            {
                continue; // declared with the pipeline itself
            }
            match Kind::parse(word).filter(|kind| *kind != Kind::Pipeline) {
                Some(Kind::Provider) => self.diagnostics.push(
                    Diagnostic::error(
                        "Misplaced block",
                        "A `provider` block stands at the top level. Write it there, and name it here: `provider = aws`.",
                    )
                    .at(block.span),
                ),
                Some(kind) => {
                    self.object(block, kind, Some(id));
                }
                None if word == "module" => self.diagnostics.push(
                    Diagnostic::error(
                        "Misplaced block",
                        "A `module` block stands at the top level, because a module holds pipelines of its own. Pass it what it needs of this pipeline as arguments, e.g. a data node.",
                    )
                    .at(block.span),
                ),
                None => self.diagnostics.push(
                    Diagnostic::error(
                        "Unsupported block type",
                        format!("Blocks of type `{word}` are not expected inside a pipeline."),
                    )
                    .at(block.kind.span)
                    .help_if(did_you_mean(
                        word,
                        Kind::ALL
                            .iter()
                            .map(|kind| kind.as_str())
                            .filter(|kind| !matches!(*kind, "pipeline" | "provider"))
                            .chain(["locals", "lifecycle"]),
                    )),
                ),
            }
        }
    }

    /// Declares a block with its own labels, and what is nested in it.
    fn object(&mut self, block: &'m Block, kind: Kind, pipeline: Option<Id>) -> Option<Id> {
        let object_type = self.labels(block, kind)?;
        let name = block.labels.last()?;
        if !is_name(&name.text) {
            self.diagnostics.push(invalid_name(name.span));
            return None;
        }
        if kind == Kind::Pipeline && RESERVED_PIPELINES.contains(&name.text.as_ref()) {
            self.diagnostics.push(
                Diagnostic::error(
                    "Reserved name",
                    "`pipeline.each` is the `each` of a pipeline with `for_each`; choose another name.",
                )
                .at(name.span),
            );
            return None;
        }
        let id = self.declarations.list.len();
        let names = match pipeline {
            Some(pipeline) => self.declarations.inside.entry(pipeline).or_default(),
            None => &mut self.declarations.modules[self.current].top,
        };
        if let Some(first) = names.get(&(kind, name.text.clone())) {
            let mut diagnostic = Diagnostic::error(
                "Duplicate name",
                format!(
                    "There is another `{}` of this name here. A name is unique among its kind in its scope, whatever the types.",
                    kind.as_str()
                ),
            )
            .at(block.span);
            if let Some(other) = self.declarations.list[*first].block {
                diagnostic = diagnostic.label(other.span, "first declared here");
            }
            self.diagnostics.push(diagnostic);
            return None;
        }
        names.insert((kind, name.text.clone()), id);
        let lifecycle = LifecycleBlock::decode(block, object_type, &mut self.diagnostics);
        self.declarations.list.push(Declaration {
            lifecycle,
            damaged: self.is_damaged(block),
            module: self.current,
            object_type,
            name: name.text.clone(),
            alias: None,
            block: Some(block),
            pipeline,
            owner: None,
            nested: Vec::new(),
        });
        self.nested(block, id, object_type);
        Some(id)
    }

    pub(super) fn is_damaged(&self, block: &Block) -> bool {
        let module = self.declarations.modules[self.current].module;
        !module.damage.is_empty() && block.is_damaged(&module.damage)
    }

    /// Checks the labels of a block and finds its type.
    pub(super) fn labels(&mut self, block: &'m Block, kind: Kind) -> Option<&'static ObjectType> {
        let wanted = usize::from(kind.has_type()) + usize::from(kind.has_name());
        if block.labels.len() != wanted {
            let form = match (kind.has_type(), kind.has_name()) {
                (true, true) => "two labels, its type and its name",
                (true, false) => "one label, its type",
                (false, _) => "one label, its name",
            };
            self.diagnostics.push(
                Diagnostic::error(
                    "Wrong number of labels",
                    format!(
                        "A `{}` block has {form}; this one has {}.",
                        kind.as_str(),
                        block.labels.len()
                    ),
                )
                .at(block.span)
                .help_if(example(kind)),
            );
            return None;
        }
        let label = if kind.has_type() {
            block.labels.first()?.text.as_ref()
        } else {
            ""
        };
        self.typed(block, kind, label)
    }

    pub(super) fn typed(
        &mut self,
        block: &Block,
        kind: Kind,
        label: &str,
    ) -> Option<&'static ObjectType> {
        let found = registry::find(kind, label);
        if found.is_none() {
            let place = block.labels.first().map_or(block.span, |label| label.span);
            self.diagnostics.push(unknown_type(kind, label, place));
        }
        found
    }

    /// A name that a pipeline has and the top level too would be ambiguous for a reader.
    fn shadowed(&mut self) {
        for (pipeline, names) in &self.declarations.inside {
            let module = self.declarations.list[*pipeline].module;
            let top = &self.declarations.modules[module].top;
            for (key, id) in names {
                let Some(outer) = top.get(key) else {
                    continue;
                };
                let (Some(inner), Some(outer)) = (
                    self.declarations.list[*id].block,
                    self.declarations.list[*outer].block,
                ) else {
                    continue;
                };
                self.diagnostics.push(
                    Diagnostic::error(
                        "Ambiguous name",
                        format!(
                            "There is a `{}` of this name at the top level too, and inside the pipeline both could be meant. Rename one of them.",
                            key.0.as_str()
                        ),
                    )
                    .at(inner.span)
                    .label(outer.span, "the one at the top level"),
                );
            }
        }
    }
}

/// A type that a kind does not have.
pub(super) fn unknown_type(kind: Kind, label: &str, span: Span) -> Diagnostic {
    let names: Vec<_> = registry::names(kind).collect();
    Diagnostic::error(
        "Unknown type",
        format!(
            "There is no `{}` of type `{label}`. Types are: {}.",
            kind.as_str(),
            names.join(", ")
        ),
    )
    .at(span)
    .help_if(
        did_you_mean(label, names)
            .or_else(|| super::later::of_terraform(kind, label).map(str::to_owned)),
    )
}

fn example(kind: Kind) -> Option<String> {
    let word = kind.as_str();
    Some(match registry::names(kind).next()? {
        "" => format!("For example: `{word} \"daily\" {{ … }}`"),
        name if !kind.has_name() => format!("For example: `{word} \"{name}\" {{ … }}`"),
        name => format!("For example: `{word} \"{name}\" \"archive\" {{ … }}`"),
    })
}

fn invalid_name(span: Span) -> Diagnostic {
    let detail = "A name starts with a letter or underscore and goes on with letters, digits, underscores and dashes.";
    Diagnostic::error("Invalid name", detail).at(span)
}

pub(super) fn is_name(text: &str) -> bool {
    let mut letters = text.chars();
    letters
        .next()
        .is_some_and(|first| first.is_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_alphanumeric() || letter == '_' || letter == '-')
}
