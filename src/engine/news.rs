//! What others write beside a runner: applies, orders, pauses, triggers.
//!
//! A runner takes them in the order in which they were written, however late it is, and starts nothing before it has taken
//! them all: what somebody has given up does not start because somebody else has let it go on.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::faults::Fault;
use super::machine::Engine;
use super::model::Change;
use super::model::Definition;
use super::model::Event;
use super::model::Instance;
use super::model::InstanceKey;
use super::model::Order;
use super::model::Step;

/// One thing that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// An apply: the definition is the one of this serial.
    Applied(u64),
    /// Objects are held or let go, or something was triggered: what there is to know stands in the state.
    Changed,
    /// An order to be carried out.
    Asked(Order),
    /// Nothing: only more of the definition is to be read than before.
    More,
}

/// The state, where more is found about the news.
pub trait Written {
    /// Why it cannot be read.
    type Error;

    /// The definition as of a serial. What is held now is held in it.
    fn definition(&mut self, serial: u64) -> Result<Definition, Self::Error>;

    /// All instances that have not finished.
    fn unfinished(&mut self) -> Result<Vec<Instance>, Self::Error>;
}

impl Engine {
    /// Takes what was written, the oldest first. Nothing starts and nothing new is made before the next [`Engine::step`].
    pub fn take_news<W: Written>(
        &mut self,
        news: Vec<News>,
        written: &mut W,
        now: Timestamp,
    ) -> Result<Step, W::Error> {
        let is_order = |item: &News| matches!(item, News::Asked(_));
        let orders = news.iter().filter(|item| is_order(item)).count();
        let wrote = |item: &News| matches!(item, News::Applied(_) | News::Changed);
        let others = news.iter().any(wrote);
        let mixed = orders > 0 && others;
        let mut step = Step::default();
        if mixed && self.has(Fault::OvertakesOrders) {
            let (orders, others) = news.into_iter().partition(is_order);
            step.add(self.take_news(others, written, now)?);
            step.add(self.step(Event::Tick, now));
            step.add(self.take_news(orders, written, now)?);
            return Ok(step);
        }
        if others {
            for instance in written.unfinished()? {
                self.take_over(instance);
            }
        }
        if mixed {
            // Orders find the instances that an apply or a trigger has made, whichever was written first.
            self.index();
        }
        let mut serial = self.definition.serial;
        let mut before = None;
        // What is held now is held for all that is taken.
        let mut behind = orders < news.len();
        for item in news {
            match item {
                News::Applied(newer) => (serial, behind) = (newer, true),
                News::Changed | News::More => behind = true,
                News::Asked(order) => {
                    if std::mem::take(&mut behind) {
                        self.take_definition(written.definition(serial)?, &mut before);
                        self.index();
                    }
                    let order = up_to_date(order, &step);
                    self.operate(&order, now, &mut step);
                }
            }
        }
        if behind {
            self.take_definition(written.definition(serial)?, &mut before);
        }
        if let Some(before) = before {
            self.adopt(&before, now, &mut step);
        }
        self.write_wishes(&mut step);
        Ok(step)
    }

    /// Takes another definition, and keeps the first one that there was.
    fn take_definition(&mut self, definition: Definition, first: &mut Option<Definition>) {
        let old = std::mem::replace(&mut self.definition, definition);
        first.get_or_insert(old);
    }
}

/// An order as it stands after those before it: what they have brought to its end has ended for it, too.
fn up_to_date(mut order: Order, step: &Step) -> Order {
    let ended: BTreeMap<&InstanceKey, &Instance> = step
        .changes
        .iter()
        .filter_map(|change| match change {
            Change::Instance(instance) if instance.status.is_settled() => {
                Some((&instance.key, instance))
            }
            _ => None,
        })
        .collect();
    for target in &mut order.targets {
        if let Some(instance) = ended.get(&target.key) {
            *target = (*instance).clone();
        }
    }
    order
}
