//! Attributes and elements: `a.b`, `a["b"]`, `a[0]`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Evaluator;
use super::fault::Fault;
use super::fault::Outcome;
use super::residual;
use super::residual::deferred;
use crate::diag::Diagnostic;
use crate::diag::Span;
use crate::diag::did_you_mean;
use crate::lang::ast::ExprKind;
use crate::lang::ast::Ident;
use crate::lang::convert;
use crate::lang::scope::Step;
use crate::lang::value::Value;

impl Evaluator<'_> {
    /// `value.name`; `span` is the whole expression.
    pub(super) fn get(&self, value: Value, name: &Step, span: Span) -> Outcome {
        match value {
            Value::Sensitive(inner) => Ok(self
                .get(Arc::unwrap_or_clone(inner), name, span)?
                .mark(true)),
            Value::Deferred(source) => {
                let name = Ident {
                    text: Arc::clone(&name.name),
                    span: name.span,
                };
                Ok(deferred(ExprKind::Get(source, name), span))
            }
            Value::Object(entries) | Value::Map(entries) => entry(&entries, &name.name, name.span),
            Value::Ref(reference) => {
                let value = self
                    .scope
                    .attribute(&reference, name)
                    .ok_or_else(Fault::reported)?;
                self.meet_all(&value);
                Ok(value)
            }
            value => Err(no_attributes(&value, name)),
        }
    }

    /// `value[key]`; `span` is the whole expression.
    pub(super) fn index(&self, value: Value, key: Value, key_span: Span, span: Span) -> Outcome {
        let (value, value_marked) = value.unmark();
        let (key, key_marked) = key.unmark();
        let marked = value_marked || key_marked;
        if matches!(value, Value::Deferred(_)) || matches!(key, Value::Deferred(_)) {
            let value = self.whole(value)?;
            let (source, source_marked) = residual::to_expr(value, span);
            let (key, _) = residual::to_expr(key, key_span);
            let kind = ExprKind::Index(Arc::new(source), Arc::new(key));
            return Ok(deferred(kind, span).mark(marked || source_marked));
        }
        let result = match &value {
            Value::List(items) | Value::Tuple(items) => element(items, &key, &value, key_span),
            Value::Object(entries) | Value::Map(entries) => match convert::to_text(&key) {
                Some(name) => entry(entries, &name, key_span),
                None => Err(Fault::at(
                    "Invalid index",
                    format!(
                        "The key of {} is a string; this is {}.",
                        value.describe(),
                        key.describe()
                    ),
                    key_span,
                )),
            },
            Value::Ref(_) if matches!(key, Value::String(_)) => {
                let name = convert::to_text(&key).unwrap_or_default();
                self.get(
                    value.clone(),
                    &Step {
                        name,
                        span: key_span,
                    },
                    span,
                )
            }
            Value::Set(_) => Err(Fault::at(
                "Invalid index",
                "A set has no order, so its elements have no index. Use `tolist(…)`, or `one(…)` if it has one element.",
                span,
            )),
            value => Err(Fault::at(
                "Invalid index",
                format!(
                    "Only lists, tuples, maps and objects have elements; this is {}.",
                    value.describe()
                ),
                span,
            )),
        };
        Ok(result?.mark(marked))
    }
}

fn element(items: &[Value], key: &Value, value: &Value, key_span: Span) -> Outcome {
    let Some(number) = convert::to_number(key) else {
        let detail = format!(
            "The index of {} is a whole number; this is {}.",
            value.describe(),
            key.describe()
        );
        return Err(Fault::at("Invalid index", detail, key_span));
    };
    number
        .to_index()
        .and_then(|index| items.get(index))
        .cloned()
        .ok_or_else(|| {
            let range = match items.len() {
                0 => "it has no elements".to_owned(),
                1 => "the only index is 0".to_owned(),
                count => format!("the indexes are 0 to {}", count - 1),
            };
            Fault::at(
                "Index out of range",
                format!(
                    "This is {}, and the index is {number}: {range}.",
                    value.describe()
                ),
                key_span,
            )
        })
}

fn entry(entries: &BTreeMap<Arc<str>, Value>, name: &str, span: Span) -> Outcome {
    entries.get(name).cloned().ok_or_else(|| {
        let mut detail = format!("There is no attribute \"{name}\" here.");
        let names: Vec<String> = entries
            .keys()
            .take(10)
            .map(|key| format!("`{key}`"))
            .collect();
        match names.as_slice() {
            [] => detail.push_str(" The object is empty."),
            _ if entries.len() > names.len() => {}
            _ => detail = format!("{detail} There are {}.", names.join(", ")),
        }
        let hint = did_you_mean(name, entries.keys().map(|key| &**key));
        Fault::new(
            Diagnostic::error("Unsupported attribute", detail)
                .at(span)
                .help_if(hint),
        )
    })
}

fn no_attributes(value: &Value, name: &Step) -> Fault {
    let help = match value {
        Value::List(_) | Value::Tuple(_) => Some(format!(
            "Write `[*].{0}` for that of every element, or `[0].{0}` for that of the first.",
            name.name
        )),
        Value::Set(_) => Some(format!(
            "Write `[*].{}` for that of every element.",
            name.name
        )),
        Value::Null(_) => {
            Some("Use a condition or `try(…)` where the value may be null.".to_owned())
        }
        _ => None,
    };
    let detail = format!(
        "`{}` is read from {}, which has no attributes.",
        name.name,
        value.describe()
    );
    Fault::new(
        Diagnostic::error("Unsupported attribute", detail)
            .at(name.span)
            .help_if(help),
    )
}
