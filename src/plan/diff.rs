//! The difference between what is configured and what was applied. Pure.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::change::Action;
use super::change::AttributeChange;
use super::change::Change;
use super::change::ChangeKind;
use super::change::OutputChange;
use super::change::Reason;
use super::compare::only_metadata;
use super::compare::same_attribute;
use super::compare::same_value;
use super::inherited;
use super::inherited::Side;
use super::inherited::Values;
use crate::lang::Value;
use crate::objects::Address;
use crate::objects::Kind;
use crate::objects::Lifecycle;
use crate::objects::Object;
use crate::objects::ObjectType;
use crate::objects::Objects;

/// What the change of a `lifecycle` block is called among those of attributes.
pub const LIFECYCLE: &str = "lifecycle";

/// The changes that lead from what was applied to what is configured, by address. Equal sides give none. What has come into another
/// pipeline changes, too, if it inherits something else there.
pub fn diff(prior: &Objects, configured: &Objects) -> Vec<Change> {
    let sides = beside(prior, configured);
    let changes = sides.filter_map(|(_, old, new)| match (old, new) {
        (Some(old), Some(new)) => update((old, prior), (new, configured)),
        (None, Some(new)) => Some(create(new)),
        (Some(old), None) => Some(delete(old, configured)),
        (None, None) => None,
    });
    changes.collect()
}

/// What two maps have by each key, in order. Both are read once from the beginning to the end: nothing is looked up.
pub fn beside<'a, K: Ord + 'a, V: 'a>(
    old: impl IntoIterator<Item = (&'a K, &'a V)>,
    new: impl IntoIterator<Item = (&'a K, &'a V)>,
) -> impl Iterator<Item = (&'a K, Option<&'a V>, Option<&'a V>)> {
    let (mut olds, mut news) = (old.into_iter().peekable(), new.into_iter().peekable());
    std::iter::from_fn(move || {
        let order = match (olds.peek(), news.peek()) {
            (None, None) => return None,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((old, _)), Some((new, _))) => old.cmp(new),
        };
        let old = olds.next_if(|_| order.is_le());
        let new = news.next_if(|_| order.is_ge());
        let (key, _) = old.or(new)?;
        Some((
            key,
            old.map(|(_, value)| value),
            new.map(|(_, value)| value),
        ))
    })
}

/// Turns the removal of objects that are to be forgotten into that.
pub fn forget(changes: &mut [Change], forgotten: impl Fn(&Address) -> bool) {
    for change in changes {
        if change.action == Action::Delete && forgotten(&change.address) {
            change.action = Action::Forget;
            change.reason = Some(Reason::Forgotten);
            change.attributes.clear();
        }
    }
}

/// The outputs of both sides, by name; those that stay are [`Action::NoOp`].
pub fn diff_outputs(
    prior: &BTreeMap<Arc<str>, Value>,
    configured: &BTreeMap<Arc<str>, Value>,
) -> Vec<OutputChange> {
    let names: BTreeSet<&Arc<str>> = prior.keys().chain(configured.keys()).collect();
    names
        .into_iter()
        .map(|name| {
            let (old, new) = (prior.get(name), configured.get(name));
            let action = match (old, new) {
                (Some(old), Some(new)) if same_value(old, new) => Action::NoOp,
                (Some(_), Some(_)) => Action::Update,
                (Some(_), None) => Action::Delete,
                (None, _) => Action::Create,
            };
            OutputChange {
                name: Arc::clone(name),
                action,
                old: old.cloned(),
                new: new.cloned(),
            }
        })
        .collect()
}

/// Puts what says what compute costs before the rest, in the order of the description.
fn cost_first(
    object_type: &ObjectType,
    mut attributes: Vec<AttributeChange>,
) -> Vec<AttributeChange> {
    if object_type.kind != Kind::Resource {
        return attributes;
    }
    let place = |name: &str| {
        let mut cost = object_type.schema().filter(|schema| schema.cost);
        cost.position(|schema| schema.name == name)
    };
    attributes.sort_by_key(|change| place(&change.name).unwrap_or(usize::MAX));
    attributes
}

fn create(new: &Object) -> Change {
    Change {
        address: new.address.clone(),
        action: Action::Create,
        old: None,
        new: Some(new.clone()),
        attributes: all(new, |value| (None, Some(value))),
        reason: None,
        moved_from: None,
    }
}

fn delete(old: &Object, configured: &BTreeMap<Address, Object>) -> Change {
    Change {
        address: old.address.clone(),
        action: Action::Delete,
        old: Some(old.clone()),
        new: None,
        attributes: all(old, |value| (Some(value), None)),
        reason: Some(why_deleted(&old.address, configured)),
        moved_from: None,
    }
}

/// Every attribute that is set, as an addition or a removal.
fn all(
    object: &Object,
    sides: impl Fn(Value) -> (Option<Value>, Option<Value>),
) -> Vec<AttributeChange> {
    let attributes = object.attributes.iter();
    let set = attributes
        .filter(|(_, value)| **value != Value::NULL)
        .map(|(name, value)| (Arc::clone(name), value.clone()));
    let lifecycle = object.lifecycle.as_value();
    let all = set.chain(lifecycle.map(|value| (Arc::from(LIFECYCLE), value)));
    let all = all.map(|(name, value)| {
        let (old, new) = sides(value);
        let kind = kind_of(object.object_type, &name, (old.as_ref(), new.as_ref()));
        AttributeChange {
            name,
            old,
            new,
            kind,
            inherited: false,
        }
    });
    cost_first(object.object_type, all.collect())
}

/// The change of what is kept of a `lifecycle` block.
fn lifecycle(old: &Lifecycle, new: &Lifecycle) -> Option<AttributeChange> {
    if old == new {
        return None;
    }
    let (before, after) = (old.as_value(), new.as_value());
    if let (Some(before), Some(after)) = (&before, &after)
        && same_value(before, after)
    {
        return None;
    }
    let conditions = |lifecycle: &Lifecycle| {
        Lifecycle {
            prevent_destroy: false,
            ..lifecycle.clone()
        }
        .as_value()
    };
    let same_conditions = match (conditions(old), conditions(new)) {
        (Some(old), Some(new)) => same_value(&old, &new),
        (None, None) => true,
        _ => false,
    };
    Some(AttributeChange {
        name: LIFECYCLE.into(),
        old: before,
        new: after,
        kind: if same_conditions {
            ChangeKind::Metadata
        } else {
            ChangeKind::Behaviour
        },
        inherited: false,
    })
}

fn update((old, prior): Side<'_>, (new, configured): Side<'_>) -> Option<Change> {
    let lifecycle = lifecycle(&old.lifecycle, &new.lifecycle);
    let same_type = old.object_type == new.object_type;
    let same_place = old.pipeline == new.pipeline;
    if same_type && same_place && old.attributes == new.attributes && lifecycle.is_none() {
        return None;
    }
    let sides = [(old, prior), (new, configured)];
    let own = old.attributes.keys().chain(new.attributes.keys());
    let mut names: BTreeSet<&str> = own.map(|name| &**name).collect();
    if !same_place {
        names.extend(inherited::names(sides));
    }
    let attributes: Vec<AttributeChange> = names
        .into_iter()
        .filter_map(|name| attribute(sides, name, same_place))
        .chain(lifecycle)
        .collect();
    let reason = (old.object_type != new.object_type).then_some(Reason::TypeChanged {
        old: old.object_type.name,
        new: new.object_type.name,
    });
    (reason.is_some() || !attributes.is_empty()).then(|| Change {
        address: new.address.clone(),
        action: Action::Update,
        old: Some(old.clone()),
        new: Some(new.clone()),
        attributes: cost_first(new.object_type, attributes),
        reason,
        moved_from: None,
    })
}

/// The change of an attribute. Of an object that has come into another pipeline, what it has from these counts, too.
fn attribute(sides: [Side<'_>; 2], name: &str, same_place: bool) -> Option<AttributeChange> {
    let [before, after] = sides;
    let (old, new) = (before.0, after.0);
    let own = (old.get(name), new.get(name));
    if same_place && own.0 == own.1 {
        return None; // whatever its schema says
    }
    let schema = new
        .object_type
        .attribute(name)
        .or_else(|| old.object_type.attribute(name));
    let whole = (!same_place).then(|| inherited::values(sides, name));
    let differs = |(was, is): Values<'_>| !same_attribute(schema, was, is);
    let set = |value: Option<&Value>| value.filter(|value| **value != Value::NULL).cloned();
    let begins_or_ends = set(own.0).is_some() != set(own.1).is_some();
    let values = match whole {
        Some(whole) if differs(whole) => whole,
        _ if differs(own) => own,
        // Where a pipeline says it, too, a default that is written out is not what one is that is left out.
        _ if begins_or_ends && inherited::is_said_for(sides, name) => own,
        _ => return None,
    };
    let instead = [
        inherited::instead(before, new, name),
        inherited::instead(after, old, name),
    ];
    let values = (instead[0].or(values.0), instead[1].or(values.1));
    let passes = instead.iter().any(Option::is_some);
    Some(AttributeChange {
        name: Arc::from(name),
        old: set(values.0),
        new: set(values.1),
        kind: if passes && !differs(values) {
            ChangeKind::Metadata // only who says it is another
        } else {
            kind_of(new.object_type, name, values)
        },
        inherited: values != own,
    })
}

fn kind_of(
    object_type: &ObjectType,
    attribute: &str,
    (old, new): (Option<&Value>, Option<&Value>),
) -> ChangeKind {
    let schema = object_type.attribute(attribute);
    if schema.is_some_and(|schema| only_metadata(schema, old, new)) {
        return ChangeKind::Metadata;
    }
    match (object_type.kind, attribute) {
        (Kind::Calendar | Kind::Schedule, _) | (_, "schedule" | "due" | "active") => {
            ChangeKind::Schedule
        }
        _ => ChangeKind::Behaviour,
    }
}

/// The outermost part of the address that the configuration lacks, and why.
fn why_deleted(address: &Address, configured: &BTreeMap<Address, Object>) -> Reason {
    let text = address.as_str();
    for (open, key, close) in keys(text) {
        if close == text.len() && address.kind() == Kind::Provider.as_str() {
            continue; // an alias
        }
        let (block, instance) = (text.get(..=open), text.get(..close));
        let (Some(block), Some(instance)) = (block, instance) else {
            continue;
        };
        if !any_within(configured, instance) && any_with_prefix(configured, block) {
            let has_names = any_with_prefix(configured, &format!("{block}\""));
            return if key.starts_with('"') != has_names {
                Reason::OtherRepetition
            } else if has_names {
                Reason::KeyNotInForEach(key.to_owned())
            } else {
                Reason::IndexOutOfRange(key.to_owned())
            };
        }
    }
    owners(text)
        .find(|owner| !any_within(configured, owner))
        .filter(|owner| *owner != text)
        .map_or(Reason::NotInConfiguration, |owner| {
            Reason::OwnerNotInConfiguration(Address::new(owner))
        })
}

/// The `[key]` parts of an address: where the bracket opens, the key as written, and where the part ends.
pub fn keys(address: &str) -> Vec<(usize, &str, usize)> {
    let mut found = Vec::new();
    let (mut open, mut quoted, mut escaped) = (None, false, false);
    for (at, character) in address.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '[' if !quoted => open = Some(at),
            ']' if !quoted => {
                if let Some(open) = open.take()
                    && let Some(key) = address.get(open + 1..at)
                {
                    found.push((open, key, at + 1));
                }
            }
            _ => {}
        }
    }
    found
}

/// An address without the keys of `for_each` and `count`.
#[must_use]
pub fn without_keys(address: &str) -> String {
    let mut text = String::new();
    let mut from = 0;
    for (open, _, close) in keys(address) {
        text.push_str(address.get(from..open).unwrap_or_default());
        from = close;
    }
    text + address.get(from..).unwrap_or_default()
}

/// The addresses of the objects that an object stands in, outermost first, then its own: each two names long.
fn owners(address: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    let mut dots: Vec<usize> = Vec::new();
    for (at, character) in address.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '.' if !quoted => dots.push(at),
            _ => {}
        }
    }
    dots.push(address.len());
    dots.into_iter()
        .skip(1)
        .step_by(2)
        .filter_map(move |end| address.get(..end))
}

/// Whether an object, or something in it, is configured.
fn any_within(configured: &BTreeMap<Address, Object>, address: &str) -> bool {
    configured
        .range(Address::new(address)..)
        .map(|(other, _)| other.as_str())
        .take_while(|other| other.starts_with(address))
        .any(|other| {
            other
                .strip_prefix(address)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
}

fn any_with_prefix(configured: &BTreeMap<Address, Object>, prefix: &str) -> bool {
    configured
        .range(Address::new(prefix)..)
        .next()
        .is_some_and(|(other, _)| other.as_str().starts_with(prefix))
}
