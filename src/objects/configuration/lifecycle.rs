//! `lifecycle` blocks: what they say, before anything is evaluated, and what of it is evaluated with the object.

use std::rc::Rc;

use super::builder::Builder;
use super::builder::KNOWN;
use super::frames::Frame;
use super::ignore::Ignored;
use super::scope::ModuleScope;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Span;
use crate::diag::did_you_mean;
use crate::lang::Scope as _;
use crate::lang::Value;
use crate::lang::ast::Attribute;
use crate::lang::ast::Block;
use crate::lang::ast::Expr;
use crate::lang::module::Condition;
use crate::objects::lifecycle::Lifecycle;
use crate::objects::lifecycle::When;
use crate::objects::schema::ObjectType;

/// The word the block starts with.
pub(super) const WORD: &str = "lifecycle";

/// What may be set in it.
const ATTRIBUTES: [&str; 2] = ["prevent_destroy", "ignore_changes"];

/// What other tools have in it and has no meaning here, and why.
const MEANINGLESS: [(&str, &str); 4] = [
    (
        "create_before_destroy",
        "Objects are changed in place: nothing is destroyed to be created anew, so that there is no order to choose.",
    ),
    (
        "replace_triggered_by",
        "Objects are changed in place and never replaced, and an object that reads another one changes with it.",
    ),
    (
        "destroy",
        "Removing an object never touches data, and its history stays, so that there is nothing else to destroy. To refuse its removal, set `prevent_destroy`.",
    ),
    (
        "enabled",
        "An object is left out with `count = 0`, and a pipeline or an activity is stopped with `active = false`.",
    ),
];

/// A `lifecycle` block as it is written.
#[derive(Debug, Default)]
pub(super) struct LifecycleBlock<'m> {
    /// Whether the object is protected.
    prevent_destroy: Option<&'m Expr>,
    /// What of the configuration has no effect on an object that is there.
    pub(super) ignored: Ignored,
    /// What must hold before its attributes are evaluated.
    preconditions: Vec<Condition>,
    /// What must hold of them.
    postconditions: Vec<Condition>,
}

impl<'m> LifecycleBlock<'m> {
    /// The block inside the block of an object, if there is one.
    pub(super) fn decode(
        block: &'m Block,
        object_type: &'static ObjectType,
        diagnostics: &mut Diagnostics,
    ) -> Option<Box<Self>> {
        let mut blocks = block.body.blocks.iter().filter(|inner| is(inner));
        let lifecycle = blocks.next()?;
        for second in blocks {
            diagnostics.push(
                Diagnostic::error(
                    "Duplicate block",
                    "Only one `lifecycle` block may stand here.",
                )
                .at(second.span)
                .label(lifecycle.span, "the first one"),
            );
        }
        if let Some(label) = lifecycle.labels.first() {
            let detail = "A `lifecycle` block has no label: write `lifecycle { … }`.";
            diagnostics.push(Diagnostic::error("Wrong number of labels", detail).at(label.span));
        }
        let mut decoded = Self::default();
        for attribute in &lifecycle.body.attributes {
            match &*attribute.name.text {
                "prevent_destroy" => decoded.prevent_destroy = Some(&attribute.expr),
                "ignore_changes" => {
                    decoded.ignored = Ignored::decode(&attribute.expr, object_type, diagnostics);
                }
                _ => diagnostics.push(unsupported(attribute)),
            }
        }
        for inner in &lifecycle.body.blocks {
            let list = match &*inner.kind.text {
                "precondition" => &mut decoded.preconditions,
                "postcondition" => &mut decoded.postconditions,
                _ => {
                    diagnostics.push(unsupported_block(inner));
                    continue;
                }
            };
            if let Some(label) = inner.labels.first() {
                diagnostics.push(labelled(inner, label.span));
                continue;
            }
            let what = match &*inner.kind.text {
                "precondition" => "a `precondition` block",
                _ => "a `postcondition` block",
            };
            list.extend(Condition::decode(inner, what, diagnostics));
        }
        Some(Box::new(decoded))
    }

    /// Its conditions of one kind.
    pub(super) fn conditions(&self, when: When) -> &[Condition] {
        match when {
            When::Before => &self.preconditions,
            When::After => &self.postconditions,
        }
    }
}

/// Whether a block is a `lifecycle` block.
pub(super) fn is(block: &Block) -> bool {
    &*block.kind.text == WORD
}

fn unsupported(attribute: &Attribute) -> Diagnostic {
    let name = &*attribute.name.text;
    let meaningless = MEANINGLESS.iter().find(|(word, _)| *word == name);
    let (detail, help) = match meaningless {
        Some((_, why)) => (format!("`{name}` has no meaning here. {why}"), None),
        None if matches!(name, "precondition" | "postcondition") => (
            format!("`{name}` is a block: write `{name} {{ … }}`."),
            None,
        ),
        None => (
            format!("A `lifecycle` block has no attribute `{name}`."),
            did_you_mean(name, ATTRIBUTES),
        ),
    };
    Diagnostic::error("Unsupported attribute", detail)
        .at(attribute.name.span)
        .help_if(help)
}

fn unsupported_block(block: &Block) -> Diagnostic {
    let word = &*block.kind.text;
    let help = if ATTRIBUTES.contains(&word) {
        Some(format!("`{word}` is an attribute: write `{word} = …`."))
    } else {
        did_you_mean(word, When::ALL.map(When::as_str))
    };
    Diagnostic::error(
        "Unsupported block type",
        format!("Blocks of type `{word}` are not expected inside a `lifecycle` block."),
    )
    .at(block.kind.span)
    .help_if(help)
}

fn labelled(block: &Block, label: Span) -> Diagnostic {
    Diagnostic::error(
        "Wrong number of labels",
        format!(
            "A `{}` block inside a `lifecycle` block has no label: it holds a condition on the configuration.",
            block.kind.text
        ),
    )
    .at(label)
    .help("A precondition that is checked before runs, e.g. `precondition \"exists\" {}`, is an object and stands beside the `lifecycle` block.")
}

impl<'m> Builder<'m> {
    /// What is kept of the `lifecycle` block of an object, after all its conditions were checked.
    pub(super) fn lifecycle(&self, frame: &Rc<Frame<'m>>) -> Lifecycle {
        let Some(block) = &self.declaration(frame.id).lifecycle else {
            return Lifecycle::default();
        };
        let prevent_destroy = block
            .prevent_destroy
            .is_some_and(|expr| self.prevent_destroy(frame, expr));
        for when in When::ALL {
            self.conditions_hold(frame, when);
        }
        Lifecycle {
            prevent_destroy,
            conditions: self.deferred_conditions(frame),
        }
    }

    fn prevent_destroy(&self, frame: &Rc<Frame<'m>>, expr: &Expr) -> bool {
        let scope = ModuleScope::object(self, frame.clone());
        let value = match self.evaluate_in(expr, &scope, KNOWN) {
            Some(Value::Bool(value)) => return value,
            Some(Value::String(text)) if &*text == "true" => return true,
            Some(Value::String(text)) if &*text == "false" => return false,
            Some(value) => value,
            None => return false,
        };
        let detail = match &value {
            Value::Deferred(_) => "`prevent_destroy` must be known when a plan is made; this depends on `run`, which is known only when an instance runs.".to_owned(),
            Value::Sensitive(_) => "`prevent_destroy` is shown in plans, so that it may not depend on a sensitive value.".to_owned(),
            other => format!("`prevent_destroy` is true or false; this is {}.", other.describe()),
        };
        scope.report(Diagnostic::error("Invalid value for attribute", detail).at(expr.span));
        false
    }

    /// Whether what an object says of when its attributes make sense holds.
    pub(super) fn preconditions_hold(&self, frame: &Rc<Frame<'m>>) -> bool {
        self.conditions_hold(frame, When::Before)
    }

    /// Whether what an object says of its attributes holds: else those who read them are not evaluated.
    pub(super) fn postconditions_hold(&self, frame: &Rc<Frame<'m>>) -> bool {
        self.conditions_hold(frame, When::After)
    }

    fn conditions_hold(&self, frame: &Rc<Frame<'m>>, when: When) -> bool {
        let Some(block) = &self.declaration(frame.id).lifecycle else {
            return true;
        };
        let conditions = block.conditions(when);
        conditions.is_empty() || self.check_conditions(frame, conditions, when)
    }
}
