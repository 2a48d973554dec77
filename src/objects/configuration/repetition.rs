//! `for_each` and `count`: how often a block stands for an object.

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use crate::diag::Diagnostic;
use crate::diag::Span;
use crate::lang::Number;
use crate::lang::Value;

/// What tells the objects of one block apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Key {
    /// The block has neither `for_each` nor `count`.
    Single,
    /// `count`.
    Index(usize),
    /// `for_each`.
    Text(Arc<str>),
    /// The `alias` of a provider.
    Alias(Arc<str>),
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Single => Ok(()),
            Self::Index(index) => write!(formatter, "[{index}]"),
            Self::Text(text) | Self::Alias(text) => write!(
                formatter,
                "[{}]",
                crate::lang::print::value(&Value::String(text.clone()))
            ),
        }
    }
}

/// One object of a block.
#[derive(Debug)]
pub(super) struct Repetition {
    /// What tells it from the others.
    pub(super) key: Key,
    /// The value behind `each.value`.
    pub(super) value: Value,
}

impl Repetition {
    /// The only object of a block without `for_each` and `count`.
    pub(super) fn single() -> Rc<Self> {
        Rc::new(Self {
            key: Key::Single,
            value: Value::NULL,
        })
    }

    /// A provider with this `alias`.
    pub(super) fn aliased(alias: Option<Arc<str>>) -> Rc<Self> {
        Rc::new(Self {
            key: alias.map_or(Key::Single, Key::Alias),
            value: Value::NULL,
        })
    }
}

/// The objects of a block with this `count`.
pub(super) fn by_count(value: &Value, span: Span) -> Result<Vec<Rc<Repetition>>, Diagnostic> {
    let wrong = |detail: String| Diagnostic::error("Invalid count", detail).at(span);
    let number = match value {
        Value::Number(number) => number.clone(),
        Value::Deferred(_) => return Err(deferred("count", span)),
        Value::Sensitive(_) => return Err(sensitive("count", span)),
        other => {
            return Err(wrong(format!(
                "`count` takes a whole number; this is {}.",
                other.describe()
            )));
        }
    };
    let count = number
        .to_i64()
        .and_then(|count| usize::try_from(count).ok())
        .filter(|count| *count <= 1_000_000)
        .ok_or_else(|| {
            wrong(format!(
                "`count` takes a whole number from 0 to 1000000; this is {number}."
            ))
        })?;
    Ok((0..count)
        .map(|index| {
            Rc::new(Repetition {
                key: Key::Index(index),
                value: Value::Number(Number::from(i64::try_from(index).unwrap_or(i64::MAX))),
            })
        })
        .collect())
}

/// The objects of a block with this `for_each`.
pub(super) fn by_for_each(value: &Value, span: Span) -> Result<Vec<Rc<Repetition>>, Diagnostic> {
    let wrong = |detail: String| Diagnostic::error("Invalid for_each", detail).at(span);
    match value {
        Value::Map(map) | Value::Object(map) => Ok(map
            .iter()
            .map(|(key, value)| {
                Rc::new(Repetition {
                    key: Key::Text(key.clone()),
                    value: value.clone(),
                })
            })
            .collect()),
        Value::Set(set) => set
            .iter()
            .map(|element| match element {
                Value::String(text) => Ok(Rc::new(Repetition {
                    key: Key::Text(text.clone()),
                    value: element.clone(),
                })),
                Value::Deferred(_) => Err(deferred("for_each", span)),
                other => Err(wrong(format!(
                    "A set for `for_each` holds strings; this one holds {}.",
                    other.describe()
                ))),
            })
            .collect(),
        Value::Deferred(_) => Err(deferred("for_each", span)),
        Value::Sensitive(_) => Err(sensitive("for_each", span)),
        Value::List(_) | Value::Tuple(_) => Err(wrong(
            "`for_each` takes a map or a set of strings, because its keys become part of addresses; this is a list. Write `toset(…)` around it."
                .to_owned(),
        )),
        other => Err(wrong(format!(
            "`for_each` takes a map or a set of strings; this is {}.",
            other.describe()
        ))),
    }
}

fn deferred(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        format!("Invalid {name}"),
        format!(
            "`{name}` depends on `run` or a secret, which are known only when an instance runs, but the objects must be known when a plan is made."
        ),
    )
    .at(span)
}

fn sensitive(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        format!("Invalid {name}"),
        format!("`{name}` is sensitive, but addresses are shown to everybody."),
    )
    .at(span)
}
