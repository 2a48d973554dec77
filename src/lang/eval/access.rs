//! Attributes and elements: `a.b`, `a["b"]`, `a[0]`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Evaluator;
use super::fault::Fault;
use super::fault::Outcome;
use super::residual::deferred;
use crate::diag::Diagnostic;
use crate::diag::Span;
use crate::diag::did_you_mean;
use crate::lang::ast::ExprKind;
use crate::lang::ast::Ident;
use crate::lang::convert;
use crate::lang::infer;
use crate::lang::scope::Step;
use crate::lang::types::Type;
use crate::lang::value::Value;

impl Evaluator<'_> {
    /// `value.name`; `span` is the whole expression.
    pub(super) fn get(&self, value: Value, name: &Step, span: Span) -> Outcome {
        match value {
            Value::Sensitive(inner) => match self.get(Arc::unwrap_or_clone(inner), name, span) {
                Ok(value) => Ok(value.mark(true)),
                Err(fault) => Err(fault.concealed_if(true)),
            },
            Value::Deferred(source) => {
                check_attribute(&infer::of(&source, None), name)?;
                let name = Ident {
                    text: Arc::clone(&name.name),
                    span: name.span,
                };
                Ok(deferred(ExprKind::Get(source, name), span))
            }
            Value::Object(entries) | Value::Map(entries) => entry(&entries, &name.name, name.span),
            Value::Ref(reference) if reference.is_record() => {
                let field = self.scope.field(&reference, name);
                field.map_err(|finding| Fault::new(*finding))
            }
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
            check_index(&value, &key, key_span, span)?;
            let (source, source_marked) = self.folded(value, span);
            let (key, _) = self.folded(key, key_span);
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
            Value::Set(_) => Err(no_order(span)),
            value => Err(no_elements(&value.describe(), span)),
        };
        match result {
            Ok(value) => Ok(value.mark(marked)),
            Err(fault) => Err(fault.concealed_if(marked)),
        }
    }
}

/// Refuses an attribute that a deferred value of this type cannot have.
fn check_attribute(ty: &Type, name: &Step) -> Result<(), Fault> {
    match ty {
        Type::Any | Type::Map(_) | Type::Ref(_) => Ok(()),
        Type::Object(fields) if fields.contains_key(&name.name) => Ok(()),
        Type::Object(fields) => Err(unknown_entry(
            fields.keys().map(|key| &**key),
            &name.name,
            name.span,
        )),
        Type::List(_) | Type::Tuple(_) => {
            Err(nothing_in(infer::describe(ty), name, Holds::InOrder))
        }
        Type::Set(_) => Err(nothing_in(infer::describe(ty), name, Holds::Unordered)),
        _ => Err(nothing_in(infer::describe(ty), name, Holds::Nothing)),
    }
}

/// Refuses an index that a value, if one of the two is deferred, cannot have.
fn check_index(value: &Value, key: &Value, key_span: Span, span: Span) -> Result<(), Fault> {
    let ty = infer::type_of(value);
    let key_type = infer::type_of(key);
    match &ty {
        Type::Set(_) => return Err(no_order(span)),
        Type::String | Type::Number | Type::Bool => {
            return Err(no_elements(infer::describe(&ty), span));
        }
        _ => {}
    }
    let wrong = infer::is_structure(&key_type)
        || matches!(
            (&ty, &key_type),
            (Type::List(_) | Type::Tuple(_), Type::Bool)
        );
    if wrong {
        let detail = format!(
            "The index of a list is a whole number and the key of an object a string; this is {}.",
            infer::describe(&key_type)
        );
        return Err(Fault::at("Invalid index", detail, key_span));
    }
    match (&ty, key.is_known().then(|| convert::to_text(key)).flatten()) {
        (Type::Object(fields), Some(name)) if !fields.contains_key(&name) => Err(unknown_entry(
            fields.keys().map(|key| &**key),
            &name,
            key_span,
        )),
        _ => Ok(()),
    }
}

fn no_order(span: Span) -> Fault {
    let detail = "A set has no order, so its elements have no index. Use `tolist(…)`, or `one(…)` if it has one element.";
    Fault::at("Invalid index", detail, span)
}

fn no_elements(what: &str, span: Span) -> Fault {
    let detail = format!("Only lists, tuples, maps and objects have elements; this is {what}.");
    Fault::at("Invalid index", detail, span)
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
    let found = entries.get(name).cloned();
    found.ok_or_else(|| unknown_entry(entries.keys().map(|key| &**key), name, span))
}

fn unknown_entry<'k>(keys: impl Iterator<Item = &'k str>, name: &str, span: Span) -> Fault {
    const SHOWN: usize = 10;
    let keys: Vec<&str> = keys.collect();
    let mut detail = format!("There is no attribute \"{name}\" here.");
    let names: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
    match names.as_slice() {
        [] => detail.push_str(" The object is empty."),
        _ if names.len() > SHOWN => {}
        _ => detail = format!("{detail} There are {}.", names.join(", ")),
    }
    let diagnostic = Diagnostic::error("Unsupported attribute", detail).at(span);
    Fault::new(diagnostic.if_absent(name)).help_if(did_you_mean(name, keys))
}

/// What is inside a value that has no attributes of its own.
#[derive(Clone, Copy)]
enum Holds {
    Nothing,
    InOrder,
    Unordered,
}

fn no_attributes(value: &Value, name: &Step) -> Fault {
    let holds = match value {
        Value::List(_) | Value::Tuple(_) => Holds::InOrder,
        Value::Set(_) => Holds::Unordered,
        _ => Holds::Nothing,
    };
    let help = matches!(value, Value::Null(_))
        .then(|| "Use a condition or `try(…)` where the value may be null.".to_owned());
    nothing_in(&value.describe(), name, holds).help_if(help)
}

fn nothing_in(what: &str, name: &Step, holds: Holds) -> Fault {
    let help = match holds {
        Holds::InOrder => Some(format!(
            "Write `[*].{0}` for that of every element, or `[0].{0}` for that of the first.",
            name.name
        )),
        Holds::Unordered => Some(format!(
            "Write `[*].{}` for that of every element.",
            name.name
        )),
        Holds::Nothing => None,
    };
    let detail = format!(
        "`{}` is read from {what}, which has no attributes.",
        name.name
    );
    Fault::at("Unsupported attribute", detail, name.span).help_if(help)
}
