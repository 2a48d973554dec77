//! What `module.NAME` stands for: a module that is called, or one of its outputs.

use super::ModuleScope;
use super::found;
use crate::diag::Diagnostic;
use crate::lang::Resolution;
use crate::lang::Scope as _;
use crate::lang::Step;
use crate::lang::Value;
use crate::lang::module::ModuleCall;

impl ModuleScope<'_, '_> {
    /// A module that is called, or one of its outputs.
    pub(super) fn module_of(&self, step: &Step, output: Option<&Step>) -> Resolution {
        let declared = self.declared();
        let Some(call) = declared.module.calls.get(&step.name) else {
            self.unknown(
                step,
                &format!("There is no `module \"{}\"` block here.", step.name),
                declared.module.calls.keys().map(AsRef::as_ref),
            );
            return Resolution::Failed;
        };
        let single = call.for_each.is_none() && call.count.is_none();
        match output {
            None if self.waits => found(self.builder.module_waits(&self.module, &step.name), 2),
            Some(output) if single => {
                let instances = self.builder.instances(&self.module, &step.name);
                let Some(module) = instances.and_then(|instances| instances.first().cloned())
                else {
                    return Resolution::Failed;
                };
                found(self.builder.output_named(&module, output, self), 3)
            }
            _ => {
                let value = self.builder.module_value(&self.module, &step.name);
                if let (Some(output), Some(value)) = (output, &value)
                    && !matches!(value, Value::Object(keys) if keys.contains_key(&output.name))
                {
                    self.report_without_key(call, output);
                    return Resolution::Failed;
                }
                found(value, 2)
            }
        }
    }

    /// `module.a.x` where `a` has `for_each` or `count`.
    fn report_without_key(&self, call: &ModuleCall, output: &Step) {
        let name = &call.name.text;
        let (needs, one, all) = if call.count.is_some() {
            (
                "count",
                format!("module.{name}[0]"),
                format!("module.{name}[*]"),
            )
        } else {
            (
                "for_each",
                format!("module.{name}[\"KEY\"]"),
                format!("values(module.{name})[*]"),
            )
        };
        self.report(
            Diagnostic::error(
                "Missing key of a module",
                format!("`module.{name}` has `{needs}`, so that there are several of it."),
            )
            .at(output.span)
            .help(format!(
                "Write `{one}.{0}` for one of them, `{all}.{0}` for all.",
                output.name
            )),
        );
    }
}
