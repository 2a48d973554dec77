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
use crate::engine::Instance;
use crate::engine::Order;
use crate::objects::Address;
use crate::store::Store;

/// A state as a runner takes it up.
pub(super) struct Loaded {
    /// The serial.
    pub(super) serial: u64,
    /// The part of its definition that matters.
    pub(super) definition: Arc<SerialDefinition>,
    /// All instances that have not finished.
    pub(super) unfinished: Vec<Instance>,
    /// Orders that nobody has carried out.
    pub(super) orders: Vec<Order>,
    /// When the next interval is due of an object that may not be in it.
    pub(super) next_due: Option<Timestamp>,
}

/// Reads a state as of one moment, with what is due at the horizon.
pub(super) fn load(
    store: &Store,
    definitions: &mut Definitions,
    horizon: Timestamp,
    now: Timestamp,
) -> Result<Loaded, RuntimeError> {
    store.at_one_moment(|store| {
        let serial = store.head()?.serial;
        let unfinished = store.unfinished_instances()?;
        let orders = store.open_orders()?;
        let mut wanted: BTreeSet<Address> = store.due_by(horizon)?.into_iter().collect();
        let targets = orders.iter().flat_map(|order| &order.targets);
        for instance in unfinished.iter().chain(targets) {
            if !wanted.contains(&instance.key.object) {
                wanted.insert(instance.key.object.clone());
            }
        }
        Ok(Loaded {
            serial,
            definition: definitions.holding(store, serial, wanted, now)?,
            unfinished,
            orders,
            next_due: store.next_due(horizon)?,
        })
    })
}
