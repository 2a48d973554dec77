//! What others write beside the runner: which of it the runner has taken, and how it takes the rest.
//!
//! Apart from the driver, because it happens inside the transaction in which the engine decides: what is decided is decided
//! from what is written at that moment.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::Definitions;
use super::RuntimeError;
use super::SerialDefinition;
use super::loading::Loaded;
use super::loading::Roots;
use super::loading::ordered;
use super::recovery;
use crate::engine::Definition;
use crate::engine::Engine;
use crate::engine::Instance;
use crate::engine::News;
use crate::engine::Step;
use crate::engine::Written;
use crate::objects::Address;
use crate::store::Position;
use crate::store::Store;

/// The log of applies, orders, pauses and triggers, as far as it is taken.
#[derive(Debug)]
pub(super) struct Log {
    position: Position,
    /// What the store was when others were last looked for; `None` if there is something to take all the same.
    version: Option<i64>,
    /// What was due at this moment is due; `None`: the clock says.
    horizon: Option<Timestamp>,
    /// When the next interval is due of an object that is not loaded.
    next_due: Option<Timestamp>,
}

/// What was taken.
#[derive(Default)]
pub(super) struct Taken {
    /// What the engine has done with it.
    pub(super) step: Step,
    /// The definition from now on, if anything was taken.
    pub(super) definition: Option<Arc<SerialDefinition>>,
}

impl Log {
    /// A log that is taken as far as a state was loaded, but for the orders that nobody has carried out. The version is the
    /// one from before: what is written meanwhile is seen at the next look.
    pub(super) fn up_to(loaded: &Loaded, version: i64, horizon: Option<Timestamp>) -> Self {
        Self {
            position: loaded.position,
            version: (!loaded.has_orders).then_some(version),
            horizon,
            next_due: loaded.roots.next_due.filter(|_| horizon.is_none()),
        }
    }

    /// The serial of the newest apply that is taken.
    pub(super) fn serial(&self) -> u64 {
        self.position.serial
    }

    /// When there is something to take by the passing of time alone.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.next_due
    }

    /// Whether there is something to take: others have written, or an interval has become due of what is not loaded.
    pub(super) fn has_more(&self, store: &Store, now: Timestamp) -> Result<bool, RuntimeError> {
        let due = self.next_due.is_some_and(|due| due <= now);
        Ok(due || self.version != Some(store.data_version()?))
    }

    /// Takes what was written since, in its order, and reads what has become due.
    pub(super) fn take(
        &mut self,
        store: &Store,
        (engine, definitions): (&mut Engine, &mut Definitions),
        now: Timestamp,
    ) -> Result<Taken, RuntimeError> {
        if !self.has_more(store, now)? {
            return Ok(Taken::default());
        }
        // What the first order names may not be loaded.
        let mut news = vec![News::More];
        news.extend(store.news(self.position)?);
        let orders = news.iter().filter_map(|item| match item {
            News::Asked(order) => Some(order),
            _ => None,
        });
        let roots = Roots::read(store, ordered(orders), self.horizon.unwrap_or(now))?;
        let before = std::mem::replace(&mut self.position, store.position()?);
        self.version = Some(store.data_version()?);
        self.next_due = roots.next_due.filter(|_| self.horizon.is_none());
        let mut state = State {
            store,
            definitions,
            roots,
            now,
        };
        for serial in serials(&news, before.serial) {
            state.acquaint(engine, serial)?;
        }
        let step = engine.take_news(news, &mut state, now)?;
        let definition = Some(state.part(self.position.serial)?);
        let oldest = engine.oldest_definition().unwrap_or(self.position.serial);
        definitions.forget_before(oldest);
        Ok(Taken { step, definition })
    }
}

/// The serials whose definitions are needed to take news: those under which orders were written, and the newest.
fn serials(news: &[News], before: u64) -> BTreeSet<u64> {
    let mut serial = before;
    let mut needed = BTreeSet::new();
    for item in news {
        match item {
            News::Applied(newer) => serial = *newer,
            News::Asked(_) => {
                needed.insert(serial);
            }
            News::Changed | News::More => {}
        }
    }
    needed.insert(serial);
    needed
}

/// The state, as the engine asks for it.
struct State<'a> {
    store: &'a Store,
    definitions: &'a mut Definitions,
    roots: Roots,
    now: Timestamp,
}

impl State<'_> {
    /// The part of a definition that matters.
    fn part(&mut self, serial: u64) -> Result<Arc<SerialDefinition>, RuntimeError> {
        let objects = self.roots.objects.clone();
        self.definitions
            .holding(self.store, serial, objects, self.now)
    }

    /// Tells the engine the past of what it did not know.
    fn acquaint(&mut self, engine: &mut Engine, serial: u64) -> Result<(), RuntimeError> {
        let definition = self.definition(serial)?;
        let units = definition.units.keys();
        let unknown: Vec<&Address> = units.filter(|unit| engine.unit(unit).is_none()).collect();
        let past = recovery::past_of(self.store, &unknown, Vec::new())?;
        engine.acquaint(unknown, past);
        Ok(())
    }
}

impl Written for State<'_> {
    type Error = RuntimeError;

    fn definition(&mut self, serial: u64) -> Result<Definition, RuntimeError> {
        let part = self.part(serial)?;
        let pauses = self.store.pauses()?;
        Ok(self.definitions.compile(&part, &pauses))
    }

    fn unfinished(&mut self) -> Result<Vec<Instance>, RuntimeError> {
        Ok(std::mem::take(&mut self.roots.unfinished))
    }
}
