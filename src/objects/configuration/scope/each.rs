//! What `each` and `count` stand for: in an object, in its pipeline, in the arguments of a module.

use super::super::repetition::Key;
use super::ModuleScope;
use super::found;
use crate::diag::Diagnostic;
use crate::lang::Resolution;
use crate::lang::Scope as _;
use crate::lang::Step;
use crate::lang::Value;

impl ModuleScope<'_, '_> {
    /// `each` and `count`, of the object or else of its pipeline; in the arguments of a module, of its call.
    pub(super) fn repetition_of(
        &self,
        step: &Step,
        name: Option<&Step>,
        consumed: usize,
    ) -> Resolution {
        let own = self.frame.as_ref().map(|frame| &frame.own);
        let pipeline = self.pipeline.as_ref().map(|(_, repetition)| repetition);
        let outer_only = consumed == 3;
        let repetition = own
            .or(self.call.as_ref())
            .filter(|own| !outer_only && own.key != Key::Single)
            .or(pipeline);
        let wanted = (step.name.as_ref(), name.map(|name| name.name.as_ref()));
        let value = match (wanted, repetition.map(|repetition| &repetition.key)) {
            (("each", Some("key")), Some(Key::Text(key))) => Some(Value::String(key.clone())),
            (("each", Some("value")), Some(Key::Text(_)))
            | (("count", Some("index")), Some(Key::Index(_))) => {
                repetition.map(|repetition| repetition.value.clone())
            }
            _ => None,
        };
        if value.is_none() && !self.is_damaged() {
            let (form, needs) = match step.name.as_ref() {
                "each" => ("`each.key` and `each.value`", "for_each"),
                _ => ("`count.index`", "count"),
            };
            let place = if self.call.is_some() {
                "a `module` block"
            } else {
                "an object, or a pipeline,"
            };
            self.report(
                Diagnostic::error(
                    "Invalid reference",
                    format!("{form} can be used only in {place} with `{needs}`."),
                )
                .at(name.map_or(step.span, |name| step.span.to(name.span))),
            );
        }
        found(value, consumed)
    }

    /// Whether something could not be read of what the expression stands in.
    fn is_damaged(&self) -> bool {
        let mut around = self.frame.as_ref().map(|frame| frame.id);
        around = around.or(self.pipeline.as_ref().map(|(id, _)| *id));
        while let Some(id) = around {
            let declaration = self.builder.declaration(id);
            if declaration.damaged {
                return true;
            }
            around = declaration.owner.or(declaration.pipeline);
        }
        self.call.is_some() && !self.declared().module.damage.is_empty()
    }
}
