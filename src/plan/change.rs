//! What a plan changes: objects, their attributes, outputs, each with the reason.
//!
//! Data only: `diff` makes these, the views print them, `store` applies them. Imports will be a further action.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::diff::LIFECYCLE;
use crate::lang::Value;
use crate::objects::Address;
use crate::objects::Kind;
use crate::objects::Object;

/// What is done with an object or an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is new.
    Create,
    /// It is there, and some of it changes.
    Update,
    /// It goes.
    Delete,
    /// It goes, without being destroyed: a `removed` block says so.
    Forget,
    /// Nothing. Outputs say so, and objects that only move; other objects that do not change are in no plan.
    #[serde(rename = "noop")]
    NoOp,
}

/// What a change touches, from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// What only people read: descriptions.
    Metadata,
    /// When runs are due.
    Schedule,
    /// What a run does, or how.
    Behaviour,
}

/// The change of one attribute.
#[derive(Clone, Debug, PartialEq)]
pub struct AttributeChange {
    /// Its name.
    pub name: Arc<str>,
    /// The value it had; `None`: it was not set.
    pub old: Option<Value>,
    /// The value it gets; `None`: it is no longer set.
    pub new: Option<Value>,
    /// What the change touches.
    pub kind: ChangeKind,
    /// Whether what the object has from its pipelines is among the values: a move takes it out of one and into another, or it no longer
    /// says itself what its pipeline says.
    pub inherited: bool,
}

/// Why an object is in the plan, where its attributes do not say it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No block has its address.
    NotInConfiguration,
    /// No block has the address of the object that it stands in.
    OwnerNotInConfiguration(Address),
    /// The block is there, but its `for_each` no longer has this key.
    KeyNotInForEach(String),
    /// The block is there, but its `count` no longer reaches this index.
    IndexOutOfRange(String),
    /// The block is there, and has `for_each` instead of `count`, or the other way round.
    OtherRepetition,
    /// It would go on under the second address, which no block has.
    MovedAway(Address, Address),
    /// A `removed` block says that it is only forgotten.
    Forgotten,
    /// The block has another type than before.
    TypeChanged {
        /// The type it had.
        old: &'static str,
        /// The type it gets.
        new: &'static str,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotInConfiguration => {
                formatter.write_str("because it is not in the configuration")
            }
            Self::OwnerNotInConfiguration(owner) => {
                write!(formatter, "because {owner} is not in the configuration")
            }
            Self::KeyNotInForEach(key) => {
                write!(formatter, "because key {key} is not in for_each")
            }
            Self::IndexOutOfRange(index) => {
                write!(
                    formatter,
                    "because index [{index}] is out of range for count"
                )
            }
            Self::OtherRepetition => {
                formatter.write_str("because for_each replaces count here, or the reverse")
            }
            Self::MovedAway(old, new) => {
                write!(
                    formatter,
                    "because {old} was moved to {new}, which is not in the configuration"
                )
            }
            Self::Forgotten => formatter.write_str("destroy = false is set in the configuration"),
            Self::TypeChanged { old, new } => {
                write!(
                    formatter,
                    "because its type changes from \"{old}\" to \"{new}\""
                )
            }
        }
    }
}

/// The change of one object.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Which object.
    pub address: Address,
    /// What is done.
    pub action: Action,
    /// The object as it was applied; `None` when it is new.
    pub old: Option<Object>,
    /// The object as it is configured; `None` when it goes.
    pub new: Option<Object>,
    /// What changes, by name. For new objects all that is set, for deleted ones all that was.
    pub attributes: Vec<AttributeChange>,
    /// Why it is in the plan.
    pub reason: Option<Reason>,
    /// The address it had, if that changes.
    pub moved_from: Option<Address>,
}

impl Change {
    /// The most that its attributes touch. A new or deleted object, or one of another type, changes behaviour.
    pub fn kind(&self) -> ChangeKind {
        match self.action {
            Action::NoOp => return ChangeKind::Metadata,
            Action::Update if self.reason.is_none() => {}
            _ => return ChangeKind::Behaviour,
        }
        self.attributes
            .iter()
            .map(|attribute| attribute.kind)
            .max()
            .unwrap_or(ChangeKind::Behaviour)
    }

    /// Whether what runs write may be something else because of it. How they are tried, where they wait and what is told of them changes
    /// nothing of that.
    pub fn touches_data(&self) -> bool {
        let Some(object) = self.object() else {
            return false;
        };
        if matches!(object.kind(), Kind::Action | Kind::Pool) || self.kind() < ChangeKind::Behaviour
        {
            return false;
        }
        let is_handling = |name: &str| {
            let sides = [self.new.as_ref(), self.old.as_ref()].into_iter().flatten();
            let mut schemas = sides.filter_map(|side| side.object_type.attribute(name));
            name == LIFECYCLE || schemas.next().is_some_and(|schema| schema.handling)
        };
        let mut behaviour = self.attributes.iter();
        self.action != Action::Update
            || self.reason.is_some()
            || behaviour.any(|it| it.kind == ChangeKind::Behaviour && !is_handling(&it.name))
    }

    /// The object as it is configured, or, when it goes, as it was.
    pub fn object(&self) -> Option<&Object> {
        self.new.as_ref().or(self.old.as_ref())
    }

    /// The object before and after, with what it has from its pipelines where that is among the changes.
    pub fn sides(&self) -> [Option<Cow<'_, Object>>; 2] {
        let (old, new) = (self.old.as_ref(), self.new.as_ref());
        if !self.attributes.iter().any(|change| change.inherited) {
            return [old, new].map(|side| side.map(Cow::Borrowed));
        }
        [
            old.map(|old| Cow::Owned(self.with_inherited(old, |change| change.old.as_ref()))),
            new.map(|new| Cow::Owned(self.with_inherited(new, |change| change.new.as_ref()))),
        ]
    }

    fn with_inherited(
        &self,
        object: &Object,
        value: impl Fn(&AttributeChange) -> Option<&Value>,
    ) -> Object {
        let mut whole = object.clone();
        for change in self.attributes.iter().filter(|change| change.inherited) {
            if let Some(value) = value(change) {
                let name = Arc::clone(&change.name);
                whole.attributes.insert(name, value.clone());
            }
        }
        whole
    }

    /// How many set attributes stay as they are.
    pub fn unchanged(&self) -> usize {
        let names = self.object().map_or(0, |new| {
            let set = new.attributes.iter();
            set.filter(|(name, value)| {
                **value != Value::NULL
                    && !self.attributes.iter().any(|change| change.name == **name)
            })
            .count()
        });
        if matches!(self.action, Action::Update | Action::Forget | Action::NoOp) {
            names
        } else {
            0
        }
    }
}

/// An output, before and after.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputChange {
    /// Its name.
    pub name: Arc<str>,
    /// What is done.
    pub action: Action,
    /// The value it had.
    pub old: Option<Value>,
    /// The value it gets.
    pub new: Option<Value>,
}

impl OutputChange {
    /// Whether its value, old or new, must not be shown.
    pub fn sensitive(&self) -> bool {
        [&self.old, &self.new]
            .into_iter()
            .flatten()
            .any(|value| matches!(value, Value::Sensitive(_)))
    }
}
