//! The actions that a runner owes: which may be tried, and which waits for what.
//!
//! It is apart from taking them because it is a matter of order alone. Some are under way at once and no more, so that what they need, files and
//! connections, is never what attempts lack; and one receiver that does not answer does not take all places.

use std::collections::BTreeMap;
use std::collections::VecDeque;

use jiff::SignedDuration;
use jiff::Timestamp;

use crate::exec::Cancel;
use crate::objects::Address;
use crate::store::Delivery;

/// How many are under way at once.
const AT_ONCE: usize = 16;

/// How many of one action.
const OF_ONE: usize = 8;

/// How far away a retry may be that a runner stays for which has nothing else to do.
const STAYS: SignedDuration = SignedDuration::from_secs(10);

/// The actions that a runner owes.
#[derive(Debug, Default)]
pub(super) struct Deliveries {
    /// Those that wait for their next try, by its moment (UTC) and their id.
    waiting: BTreeMap<(Timestamp, String), Delivery>,
    /// Those that may be tried now and wait for a place, in the order in which they came, by action.
    ready: BTreeMap<Address, VecDeque<Delivery>>,
    /// Those under way, by their id.
    under_way: BTreeMap<String, (Address, Cancel)>,
    /// Of each action that keeps an order the one whose turn it is, by its id, and those that come after it.
    turns: BTreeMap<Address, (String, VecDeque<Delivery>)>,
    /// Whether no more are tried: those that come are left to the next runner.
    is_closed: bool,
}

impl Deliveries {
    /// Takes one on, to be tried when it may be.
    pub(super) fn add(&mut self, delivery: Delivery) {
        if self.is_closed {
            return;
        }
        match delivery.not_before {
            Some(at) => {
                let key = (at, delivery.id.clone());
                self.waiting.insert(key, delivery);
            }
            None => self.queue(delivery),
        }
    }

    /// Takes on one of an action that keeps an order, to be tried when those before it have ended.
    pub(super) fn add_in_turn(&mut self, delivery: Delivery) {
        if let Some((turn, after)) = self.turns.get_mut(&delivery.action)
            && *turn != delivery.id
        {
            after.push_back(delivery);
            return;
        }
        let turn = (delivery.id.clone(), VecDeque::new());
        self.turns.entry(delivery.action.clone()).or_insert(turn);
        self.add(delivery);
    }

    /// One has ended for good: of an action that keeps an order the next one may be tried.
    pub(super) fn end_turn(&mut self, action: &Address, id: &str) {
        let Some((turn, after)) = self.turns.get_mut(action) else {
            return;
        };
        if turn != id {
            return;
        }
        let next = after.pop_front();
        match &next {
            Some(next) => turn.clone_from(&next.id),
            None => drop(self.turns.remove(action)),
        }
        if let Some(next) = next {
            self.add(next);
        }
    }

    fn queue(&mut self, delivery: Delivery) {
        let of_action = self.ready.entry(delivery.action.clone()).or_default();
        of_action.push_back(delivery);
    }

    /// The next one that may be tried and has a place: of the action that has the fewest under way.
    pub(super) fn next_ready(&mut self, now: Timestamp) -> Option<Delivery> {
        while let Some(entry) = self.waiting.first_entry()
            && entry.key().0 <= now
        {
            let delivery = entry.remove();
            self.queue(delivery);
        }
        if self.under_way.len() >= AT_ONCE {
            return None;
        }
        let mut busy: BTreeMap<&Address, usize> = BTreeMap::new();
        for (action, _) in self.under_way.values() {
            *busy.entry(action).or_default() += 1;
        }
        let of = |action: &Address| busy.get(action).copied().unwrap_or(0);
        let with_places = self.ready.keys().filter(|action| of(action) < OF_ONE);
        let action = with_places.min_by_key(|action| of(action))?.clone();
        let queue = self.ready.get_mut(&action)?;
        let delivery = queue.pop_front();
        if queue.is_empty() {
            self.ready.remove(&action);
        }
        delivery
    }

    /// One is under way from now on.
    pub(super) fn begin(&mut self, delivery: &Delivery, cancel: Cancel) {
        let action = delivery.action.clone();
        self.under_way.insert(delivery.id.clone(), (action, cancel));
    }

    /// One is not under way any more.
    pub(super) fn end(&mut self, id: &str) {
        self.under_way.remove(id);
    }

    /// When the next one may be tried.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.waiting.keys().next().map(|(at, _)| *at)
    }

    /// Whether one is under way, or waits for a place.
    pub(super) fn is_busy(&self) -> bool {
        !self.under_way.is_empty() || !self.ready.is_empty()
    }

    /// Whether the next retry is so near that a runner stays for it.
    pub(super) fn is_near(&self, now: Timestamp) -> bool {
        self.next()
            .is_some_and(|at| at.duration_since(now) <= STAYS)
    }

    /// Stops what is under way; what waits, and what still comes, is left to the next runner.
    pub(super) fn stop(&mut self) {
        self.is_closed = true;
        for (_, cancel) in self.under_way.values() {
            cancel.cancel();
        }
        self.waiting.clear();
        self.ready.clear();
        self.turns.clear();
    }

    /// Does not wait for what is under way.
    pub(super) fn forget(&mut self) {
        self.under_way.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Instance;
    use crate::engine::InstanceKey;
    use crate::time::Interval;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn delivery(action: &str, id: usize, not_before: Option<i64>) -> Delivery {
        let interval = Interval {
            start: at(0),
            end: at(10),
        };
        let object = Address::new("a");
        Delivery {
            id: id.to_string(),
            action: Address::new(action),
            instance: Instance::new(InstanceKey { object, interval }),
            made_at: at(0),
            tries: 0,
            not_before: not_before.map(at),
            error: None,
        }
    }

    /// Starts all that may start.
    fn start(owed: &mut Deliveries, now: i64) -> Vec<String> {
        let mut started = Vec::new();
        while let Some(next) = owed.next_ready(at(now)) {
            owed.begin(&next, Cancel::new());
            started.push(next.id);
        }
        started
    }

    fn ids(numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
        numbers.into_iter().map(|n| n.to_string()).collect()
    }

    #[test]
    fn some_are_under_way_at_once_and_the_rest_wait_in_order() {
        let mut owed = Deliveries::default();
        (0..1000).for_each(|id| owed.add(delivery("x", id, None)));
        assert_eq!(start(&mut owed, 1), ids(0..8));
        assert_eq!(start(&mut owed, 1), ids([]));
        owed.end("3");
        owed.end("0");
        assert_eq!(start(&mut owed, 1), ids([8, 9]));
        assert!(owed.is_busy());
    }

    #[test]
    fn an_action_whose_receiver_is_silent_leaves_places_to_others() {
        let mut owed = Deliveries::default();
        (0..100).for_each(|id| owed.add(delivery("silent", id, None)));
        assert_eq!(start(&mut owed, 1).len(), 8);
        owed.add(delivery("page", 500, None));
        assert_eq!(start(&mut owed, 1), ids([500]));
        (200..300).for_each(|id| owed.add(delivery("other", id, None)));
        assert_eq!(start(&mut owed, 1), ids(200..207), "16 in all");
        owed.add(delivery("third", 400, None));
        owed.end("0");
        assert_eq!(start(&mut owed, 1), ids([400]), "the one with fewest first");
    }

    #[test]
    fn those_that_have_failed_wait_for_their_moment() {
        let mut owed = Deliveries::default();
        owed.add(delivery("x", 1, Some(30)));
        owed.add(delivery("x", 2, Some(20)));
        assert_eq!(start(&mut owed, 10), ids([]));
        assert!(!owed.is_busy());
        assert_eq!(owed.next(), Some(at(20)));
        assert!(owed.is_near(at(10)) && !owed.is_near(at(9)));
        assert_eq!(start(&mut owed, 40), ids([2, 1]));
        owed.forget();
        assert!(!owed.is_busy() && !owed.is_near(at(50)));
    }

    #[test]
    fn those_of_an_action_that_keeps_an_order_come_one_after_the_other() {
        let mut owed = Deliveries::default();
        let (one, other) = (Address::new("one"), Address::new("other"));
        for (action, id) in [("one", 1), ("one", 2), ("other", 3), ("one", 4)] {
            owed.add_in_turn(delivery(action, id, None));
        }
        assert_eq!(start(&mut owed, 1), ids([1, 3]));
        owed.end("3");
        owed.end_turn(&other, "3");
        owed.end_turn(&one, "2");
        assert_eq!(start(&mut owed, 1), ids([]), "it is not its turn");
        // One that failed is tried again first.
        owed.end("1");
        owed.add(delivery("one", 1, Some(5)));
        assert_eq!(start(&mut owed, 4), ids([]));
        assert_eq!(start(&mut owed, 5), ids([1]));
        for (ended, next) in [("1", vec![2]), ("2", vec![4]), ("4", vec![])] {
            owed.end(ended);
            owed.end_turn(&one, ended);
            assert_eq!(start(&mut owed, 5), ids(next));
        }
        owed.add_in_turn(delivery("one", 5, None));
        assert_eq!(start(&mut owed, 5), ids([5]));
    }

    #[test]
    fn a_runner_that_stops_keeps_to_what_is_under_way() {
        let mut owed = Deliveries::default();
        (0..20).for_each(|id| owed.add(delivery("x", id, None)));
        owed.add(delivery("x", 20, Some(5)));
        let first = owed.next_ready(at(1)).unwrap();
        let cancel = Cancel::new();
        owed.begin(&first, cancel.clone());
        owed.stop();
        owed.add(delivery("x", 21, None));
        assert_eq!(start(&mut owed, 9), ids([]));
        assert!(cancel.is_cancelled() && owed.is_busy());
        owed.end(&first.id);
        assert!(!owed.is_busy() && owed.next().is_none());
    }
}
