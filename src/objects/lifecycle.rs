//! What a `lifecycle` block says that outlives the plan: the state keeps it with its object.
//!
//! So the object stays protected when its block is gone, and conditions that need `run` are checked when an instance runs.
//! All else that a `lifecycle` block says is done when the plan is made.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Map;
use serde_json::Value as Json;
use serde_json::json;

use crate::diag::FileId;
use crate::lang::Value;
use crate::lang::stored;

/// What is kept of a `lifecycle` block.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lifecycle {
    /// Whether a plan that would remove the object is an error.
    pub prevent_destroy: bool,
    /// The conditions that need `run`, in the order they are written, preconditions first.
    pub conditions: Vec<DeferredCondition>,
}

/// When a condition is checked, relative to the attributes of its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum When {
    /// Before they are evaluated.
    Before,
    /// After that; `self` is known.
    After,
}

impl When {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Before, Self::After];

    /// The word its block starts with.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Before => "precondition",
            Self::After => "postcondition",
        }
    }

    /// What a finding about one that does not hold is called.
    pub fn summary(self) -> &'static str {
        match self {
            Self::Before => "Precondition failed",
            Self::After => "Postcondition failed",
        }
    }
}

impl fmt::Display for When {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A condition that is known only when an instance runs.
#[derive(Clone, Debug, PartialEq)]
pub struct DeferredCondition {
    /// When it is checked.
    pub when: When,
    /// What is left of it.
    pub condition: Value,
    /// What is said if it does not hold; may be deferred, too.
    pub error_message: Value,
}

impl Lifecycle {
    /// Whether there is nothing to keep.
    pub fn is_default(&self) -> bool {
        !self.prevent_destroy && self.conditions.is_empty()
    }

    /// What it is called where findings about a condition say what they are about: the number of a condition in
    /// [`Self::conditions`].
    pub fn condition_name(number: usize) -> Arc<str> {
        format!("lifecycle[{number}]").into()
    }

    /// The content of a block that says it.
    pub fn as_value(&self) -> Option<Value> {
        if self.is_default() {
            return None;
        }
        let mut content: BTreeMap<Arc<str>, Value> = BTreeMap::new();
        if self.prevent_destroy {
            content.insert("prevent_destroy".into(), Value::Bool(true));
        }
        for when in When::ALL {
            let list: Vec<Value> = self
                .conditions
                .iter()
                .filter(|condition| condition.when == when)
                .map(DeferredCondition::as_value)
                .collect();
            if !list.is_empty() {
                content.insert(when.as_str().into(), Value::Tuple(Arc::new(list.into())));
            }
        }
        Some(Value::Object(Arc::new(content.into())))
    }

    /// As the state keeps it; `None`: nothing to keep.
    pub fn to_json(&self) -> Option<Json> {
        if self.is_default() {
            return None;
        }
        let mut kept = Map::new();
        kept.insert("prevent_destroy".to_owned(), json!(self.prevent_destroy));
        let conditions: Vec<Json> = self
            .conditions
            .iter()
            .map(|condition| {
                json!({
                    "when": condition.when.as_str(),
                    "condition": stored::to_json(&condition.condition),
                    "error_message": stored::to_json(&condition.error_message),
                })
            })
            .collect();
        kept.insert("conditions".to_owned(), Json::Array(conditions));
        Some(Json::Object(kept))
    }

    /// What [`Self::to_json`] made; the error says what is wrong.
    pub fn from_json(json: Option<&Json>) -> Result<Self, String> {
        let Some(json) = json else {
            return Ok(Self::default());
        };
        let conditions = match json.get("conditions") {
            Some(Json::Array(list)) => list.iter().map(condition).collect::<Result<_, _>>()?,
            _ => return Err("the conditions of its lifecycle are missing".to_owned()),
        };
        Ok(Self {
            prevent_destroy: json.get("prevent_destroy") == Some(&Json::Bool(true)),
            conditions,
        })
    }
}

fn condition(json: &Json) -> Result<DeferredCondition, String> {
    let part = |name: &str| {
        let part = json.get(name).unwrap_or(&Json::Null);
        stored::from_json(part, FileId::default()).map_err(|error| error.to_string())
    };
    let written = json.get("when").and_then(Json::as_str).unwrap_or_default();
    let when = When::ALL.into_iter().find(|when| when.as_str() == written);
    Ok(DeferredCondition {
        when: when.ok_or_else(|| format!("`{written}` is no kind of condition"))?,
        condition: part("condition")?,
        error_message: part("error_message")?,
    })
}

impl DeferredCondition {
    fn as_value(&self) -> Value {
        let content = [
            ("condition", self.condition.clone()),
            ("error_message", self.error_message.clone()),
        ];
        let content = content.map(|(name, value)| (Arc::from(name), value));
        Value::Object(Arc::new(content.into_iter().collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Diagnostics;
    use crate::lang::parse_expression;

    fn deferred(text: &str) -> Value {
        let expr = parse_expression(FileId(0), text, &mut Diagnostics::new()).unwrap();
        Value::Deferred(Arc::new(expr))
    }

    #[test]
    fn what_is_kept_is_read_back() {
        let lifecycle = Lifecycle {
            prevent_destroy: true,
            conditions: vec![
                DeferredCondition {
                    when: When::Before,
                    condition: deferred("run.hour != \"03\""),
                    error_message: Value::string("not at three"),
                },
                DeferredCondition {
                    when: When::After,
                    condition: deferred("run.attempt < 3"),
                    error_message: deferred("\"attempt ${run.attempt}\""),
                },
            ],
        };
        let json = lifecycle.to_json();
        let text = json.as_ref().unwrap().to_string();
        let read = Lifecycle::from_json(Some(&serde_json::from_str(&text).unwrap())).unwrap();
        assert_eq!(read.to_json(), json);
        assert!(read.prevent_destroy);
        assert_eq!(read.conditions[1].when, When::After);
    }

    #[test]
    fn nothing_to_keep_is_not_kept() {
        assert_eq!(Lifecycle::default().to_json(), None);
        assert_eq!(Lifecycle::from_json(None), Ok(Lifecycle::default()));
        assert_eq!(Lifecycle::default().as_value(), None);
    }

    #[test]
    fn what_is_damaged_is_said() {
        for (json, expected) in [
            (json!({}), "the conditions of its lifecycle are missing"),
            (
                json!({"conditions": [{"when": "later"}]}),
                "`later` is no kind of condition",
            ),
        ] {
            assert_eq!(Lifecycle::from_json(Some(&json)), Err(expected.to_owned()));
        }
    }
}
