//! Values in plans and states for machines, and where they are sensitive.

use serde_json::Map;
use serde_json::Value as Json;
use serde_json::json;

use crate::cli::views::literal;
use crate::cli::views::objects::masked;
use crate::lang::Value;
use crate::objects::Object;

/// A value, and where it is sensitive: `true` there, else the same shape without what is not.
pub(super) struct Shown {
    pub(super) value: Json,
    pub(super) sensitive: Json,
}

impl Shown {
    /// What is shown of a value: null where it is sensitive.
    pub(super) fn of(value: &Value) -> Self {
        Self {
            value: shown(value),
            sensitive: sensitive(value),
        }
    }
}

/// The attributes of an object that are set.
pub(super) fn attributes(object: &Object) -> Shown {
    let mut values = Map::new();
    let mut marks = Map::new();
    for (name, value) in &object.attributes {
        let value = masked(object, name, value);
        // One reference looks like several: tools put what it leads to beside it, and a policy need not ask how many there are.
        let content = match shown(&value) {
            reference if matches!(value, Value::Ref(_)) => json!([reference]),
            content => content,
        };
        values.insert(name.to_string(), content);
        let mark = sensitive(&value);
        if says_something(&mark) {
            marks.insert(name.to_string(), mark);
        }
    }
    if let Some(lifecycle) = object.lifecycle.as_value() {
        values.insert("lifecycle".to_owned(), shown(&lifecycle));
    }
    Shown {
        value: values.into(),
        sensitive: marks.into(),
    }
}

fn shown(value: &Value) -> Json {
    match value {
        Value::Sensitive(_) => Json::Null,
        Value::List(items) | Value::Set(items) | Value::Tuple(items) => {
            items.iter().map(shown).collect()
        }
        Value::Map(items) | Value::Object(items) => {
            let items = items.iter();
            let items = items.map(|(name, item)| (name.to_string(), shown(item)));
            Json::Object(items.collect())
        }
        // A number with more digits than JSON's readers keep is not what it was; nobody reads such numbers in plans.
        leaf => serde_json::from_str(&literal::json(leaf)).unwrap_or(Json::Null),
    }
}

fn sensitive(value: &Value) -> Json {
    match value {
        Value::Sensitive(_) => json!(true),
        Value::List(items) | Value::Set(items) | Value::Tuple(items) => {
            items.iter().map(sensitive).collect()
        }
        Value::Map(items) | Value::Object(items) => {
            let items = items.iter();
            let marked = items
                .map(|(name, item)| (name.to_string(), sensitive(item)))
                .filter(|(_, mark)| says_something(mark));
            Json::Object(marked.collect())
        }
        _ => json!(false),
    }
}

fn says_something(mark: &Json) -> bool {
    match mark {
        Json::Bool(mark) => *mark,
        Json::Array(items) => items.iter().any(says_something),
        Json::Object(items) => items.values().any(says_something),
        _ => false,
    }
}
