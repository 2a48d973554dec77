//! Which part of the definition a runner holds: what something can happen to, and all that has an influence on it.
//!
//! Apart from the driver because a step must not cost more where there are more objects: of a hundred thousand those are read
//! that have an interval that is due, an instance that has not finished, or that an order names. When the next one is due,
//! it is read.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::Definitions;
use super::RuntimeError;
use super::SerialDefinition;
use crate::engine::Change;
use crate::engine::Engine;
use crate::engine::Instance;
use crate::engine::Order;
use crate::objects::Address;
use crate::store::Position;
use crate::store::Store;

/// A state as a runner takes it up.
pub(super) struct Loaded {
    /// Up to where others have written.
    pub(super) position: Position,
    /// The part of its definition that matters.
    pub(super) definition: Arc<SerialDefinition>,
    /// What something can happen to.
    pub(super) roots: Roots,
    /// Whether there are orders that nobody has carried out.
    pub(super) has_orders: bool,
}

/// What something can happen to.
pub(super) struct Roots {
    /// All instances that have not finished.
    pub(super) unfinished: Vec<Instance>,
    /// The objects of these, those that have an interval that is due or asked for, and those that orders name.
    pub(super) objects: BTreeSet<Address>,
    /// When the next interval is due of an object that may not be among them.
    pub(super) next_due: Option<Timestamp>,
}

impl Roots {
    /// Reads them, with the objects that orders name, and what is due at the horizon.
    pub(super) fn read(
        store: &Store,
        ordered: BTreeSet<Address>,
        horizon: Timestamp,
    ) -> Result<Self, RuntimeError> {
        let unfinished = store.unfinished_instances()?;
        let mut objects = ordered;
        objects.extend(store.due_by(horizon)?);
        objects.extend(store.wishes()?.objects().cloned());
        add_objects(&mut objects, &unfinished);
        Ok(Self {
            unfinished,
            objects,
            next_due: store.next_due(horizon)?,
        })
    }
}

/// The objects that orders name.
pub(super) fn ordered<'a>(orders: impl IntoIterator<Item = &'a Order>) -> BTreeSet<Address> {
    let mut objects = BTreeSet::new();
    for order in orders {
        objects.extend(order.stretches.keys().cloned());
        add_objects(&mut objects, &order.targets);
    }
    objects
}

/// Adds the objects of instances, of which there may be very many of a few.
fn add_objects(objects: &mut BTreeSet<Address>, instances: &[Instance]) {
    for instance in instances {
        if !objects.contains(&instance.key.object) {
            objects.insert(instance.key.object.clone());
        }
    }
}

/// Reads a state as of one moment, with what is due at the horizon.
pub(super) fn load(
    store: &Store,
    definitions: &mut Definitions,
    horizon: Timestamp,
    now: Timestamp,
) -> Result<Loaded, RuntimeError> {
    store.at_one_moment(|store| {
        let position = store.untaken()?;
        let ordered = store.ordered_objects()?;
        let has_orders = ordered.is_some();
        let roots = Roots::read(store, ordered.unwrap_or_default(), horizon)?;
        let objects = roots.objects.clone();
        Ok(Loaded {
            position,
            definition: definitions.holding(store, position.serial, objects, now)?,
            roots,
            has_orders,
        })
    })
}

/// When the next interval is due of objects of which one was made.
pub(super) fn dues_after(engine: &Engine, changes: &[Change]) -> Vec<(Address, Option<Timestamp>)> {
    let made: BTreeSet<&Address> = changes
        .iter()
        .filter_map(|change| match change {
            Change::Cursor { object, .. } => Some(object),
            _ => None,
        })
        .collect();
    let due = |object: &Address| (object.clone(), engine.next_due(object));
    made.into_iter().map(due).collect()
}
