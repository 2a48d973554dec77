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
    /// Reads them, with what is due at the horizon.
    pub(super) fn read<'a>(
        store: &Store,
        orders: impl IntoIterator<Item = &'a Order> + Clone,
        horizon: Timestamp,
    ) -> Result<Self, RuntimeError> {
        let unfinished = store.unfinished_instances()?;
        let mut objects: BTreeSet<Address> = store.due_by(horizon)?.into_iter().collect();
        objects.extend(store.wishes()?.objects().cloned());
        let stretches = orders.clone().into_iter();
        let stretches = stretches.flat_map(|order| order.stretches.keys());
        objects.extend(stretches.cloned());
        let targets = orders.into_iter().flat_map(|order| &order.targets);
        for instance in unfinished.iter().chain(targets) {
            if !objects.contains(&instance.key.object) {
                objects.insert(instance.key.object.clone());
            }
        }
        Ok(Self {
            unfinished,
            objects,
            next_due: store.next_due(horizon)?,
        })
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
        let orders = store.open_orders()?;
        let roots = Roots::read(store, &orders, horizon)?;
        let objects = roots.objects.clone();
        Ok(Loaded {
            position,
            definition: definitions.holding(store, position.serial, objects, now)?,
            roots,
            has_orders: !orders.is_empty(),
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
