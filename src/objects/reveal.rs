//! Resolved objects with their secrets: the last thing that is filled in before an object is put to work.
//!
//! Apart from `resolve`, because it is done later and only by who does the work: a plan never does.

use std::cell::RefCell;

use super::object::Object;
use super::resolve::Resolved;
use super::resolve::Resolver;
use super::run_scope::RunScope;
use super::schema::AttributeSchema;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::lang::Budget;
use crate::lang::Evaluator;
use crate::lang::Phase;
use crate::lang::SecretSource;
use crate::lang::Secrets;
use crate::lang::Value;
use crate::lang::functions::Call;

impl<'a> Resolver<'a> {
    /// The object with its secrets resolved. A finding never holds a value.
    pub fn reveal(
        &self,
        resolved: Resolved<'a>,
        secrets: &dyn Secrets,
    ) -> Result<Resolved<'a>, Diagnostics> {
        let mut attributes = resolved.attributes;
        let mut findings = Diagnostics::new();
        let object = resolved.object;
        for (name, value) in &mut attributes {
            let Some(schema) = object.object_type.attribute(name) else {
                continue;
            };
            if value.has_deferred() {
                match self.revealed(object, schema, value, secrets) {
                    Ok(revealed) => *value = revealed,
                    Err(detail) => findings.push(
                        Diagnostic::error("Secret not resolved", format!("`{name}`: {detail}"))
                            .about(object.address.to_string()),
                    ),
                }
            }
        }
        if findings.has_errors() {
            return Err(findings);
        }
        Ok(Resolved {
            attributes,
            ..resolved
        })
    }

    /// A value with its secrets resolved; else why not, without what they are.
    fn revealed(
        &self,
        object: &Object,
        schema: &AttributeSchema,
        value: &Value,
        secrets: &dyn Secrets,
    ) -> Result<Value, String> {
        let recorder = Recorder {
            secrets,
            failures: RefCell::default(),
        };
        let call = Call {
            secrets: Some(&recorder),
            ..*self.call
        };
        let scope = RunScope::new(&Value::NULL, object);
        let budget = Budget::default();
        let evaluated = Evaluator::new(&scope, &call, &budget, Phase::Run).finish(value);
        let converted = evaluated
            .and_then(|value| super::configuration::convert_again(schema, &value).ok())
            .filter(|value| *value != Value::NULL);
        converted.ok_or_else(|| {
            let failures = recorder.failures.into_inner();
            if failures.is_empty() {
                "it cannot be evaluated with its secrets, or is not what the attribute takes. Why is not said, because that may show a secret.".to_owned()
            } else {
                failures.join("; ")
            }
        })
    }
}

/// Resolves secrets and remembers which of them it could not.
struct Recorder<'a> {
    secrets: &'a dyn Secrets,
    failures: RefCell<Vec<String>>,
}

impl Secrets for Recorder<'_> {
    fn resolve(&self, source: &SecretSource) -> Result<String, String> {
        self.secrets.resolve(source).inspect_err(|reason| {
            self.failures.borrow_mut().push(reason.clone());
        })
    }
}
