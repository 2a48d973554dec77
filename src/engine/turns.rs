//! Whose turn it is: the higher priority first; among equals pipelines take turns, and in a pipeline its activities do.
//! So a back-fill of one pipeline does not starve the others, however many activities it has.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::objects::Address;

/// The activities of one pipeline (or of no pipeline: one of them) with one priority.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Lane {
    priority: Reverse<i64>,
    group: Address,
}

impl Lane {
    /// The lane of a priority and a group.
    pub(super) fn new(priority: i64, group: Address) -> Self {
        Self {
            priority: Reverse(priority),
            group,
        }
    }
}

/// Who had a turn when, by number.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    lanes: BTreeMap<Lane, u64>,
    units: BTreeMap<Address, u64>,
    turn: u64,
}

impl History {
    /// A unit has had its turn; the number of that.
    pub(super) fn had_turn(&mut self, unit: &Address, lane: &Lane) -> u64 {
        self.turn += 1;
        self.units.insert(unit.clone(), self.turn);
        self.lanes.insert(lane.clone(), self.turn);
        self.turn
    }
}

/// Units that have something to start, in the order in which they may.
#[derive(Clone, Debug, Default)]
pub(super) struct Turns {
    /// Lanes with units, by priority and by when they last had a turn.
    order: BTreeSet<(Reverse<i64>, u64, Address)>,
    /// Of each of them: when it last had a turn, and its units by when they last had one.
    lanes: BTreeMap<Lane, (u64, BTreeSet<(u64, Address)>)>,
    /// Of each unit: its lane, and when it last had a turn.
    places: BTreeMap<Address, (Lane, u64)>,
}

impl Turns {
    /// Adds a unit.
    pub(super) fn insert(&mut self, unit: &Address, lane: Lane, history: &History) {
        if self.places.contains_key(unit) {
            return;
        }
        let turn = history.units.get(unit).copied().unwrap_or(0);
        let of_lane = history.lanes.get(&lane).copied().unwrap_or(0);
        let (_, units) = self.lanes.entry(lane.clone()).or_insert_with(|| {
            self.order
                .insert((lane.priority, of_lane, lane.group.clone()));
            (of_lane, BTreeSet::new())
        });
        units.insert((turn, unit.clone()));
        self.places.insert(unit.clone(), (lane, turn));
    }

    /// Removes a unit.
    pub(super) fn remove(&mut self, unit: &Address) {
        let Some((lane, turn)) = self.places.remove(unit) else {
            return;
        };
        let Some((of_lane, units)) = self.lanes.get_mut(&lane) else {
            return;
        };
        units.remove(&(turn, unit.clone()));
        if units.is_empty() {
            self.order
                .remove(&(lane.priority, *of_lane, lane.group.clone()));
            self.lanes.remove(&lane);
        }
    }

    /// Whether a unit is among them.
    pub(super) fn holds(&self, unit: &Address) -> bool {
        self.places.contains_key(unit)
    }

    /// The rank of the lane whose turn it is: the smaller one comes first.
    pub(super) fn rank(&self) -> Option<(Reverse<i64>, u64)> {
        let (priority, turn, _) = self.order.first()?;
        Some((*priority, *turn))
    }

    /// The unit whose turn it is.
    pub(super) fn first(&self) -> Option<&Address> {
        let (priority, _, group) = self.order.first()?;
        let lane = Lane::new(priority.0, group.clone());
        let (_, units) = self.lanes.get(&lane)?;
        units.first().map(|(_, unit)| unit)
    }

    /// Takes the unit whose turn it is.
    pub(super) fn pop(&mut self) -> Option<Address> {
        let unit = self.first()?.clone();
        self.remove(&unit);
        Some(unit)
    }

    /// A unit of a lane has had a turn: the others of that lane come after those of other lanes.
    pub(super) fn put_back(&mut self, lane: &Lane, turn: u64) {
        if let Some((of_lane, _)) = self.lanes.get_mut(lane) {
            let before = std::mem::replace(of_lane, turn);
            self.order
                .remove(&(lane.priority, before, lane.group.clone()));
            self.order.insert((lane.priority, turn, lane.group.clone()));
        }
    }

    /// Empties all lanes.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// All units that stand in a lane.
    #[cfg(test)]
    pub(super) fn units(&self) -> impl Iterator<Item = &Address> {
        self.places.keys()
    }
}

#[cfg(test)]
mod tests {
    use super::History;
    use super::Lane;
    use super::Turns;
    use crate::objects::Address;

    /// Everybody always has something to start: who starts in the first turns?
    fn starts(units: &[(&str, i64, &str)], number: usize) -> Vec<String> {
        let mut turns = Turns::default();
        let mut history = History::default();
        let lane = |name: &str| {
            let (_, priority, group) = units.iter().find(|unit| unit.0 == name).unwrap();
            Lane::new(*priority, Address::new(*group))
        };
        for (name, _, _) in units {
            turns.insert(&Address::new(*name), lane(name), &history);
        }
        let mut started = Vec::new();
        for _ in 0..number {
            let unit = turns.pop().unwrap();
            let lane = lane(unit.as_str());
            let turn = history.had_turn(&unit, &lane);
            turns.put_back(&lane, turn);
            turns.insert(&unit, lane, &history);
            started.push(unit.to_string());
        }
        started
    }

    #[test]
    fn a_pipeline_with_many_activities_gets_no_more_turns_than_one_with_few() {
        let units = [
            ("a1", 0, "a"),
            ("a2", 0, "a"),
            ("a3", 0, "a"),
            ("b1", 0, "b"),
        ];
        assert_eq!(starts(&units, 6), ["a1", "b1", "a2", "b1", "a3", "b1"]);
    }

    #[test]
    fn the_higher_priority_comes_first() {
        let units = [("a1", 0, "a"), ("b1", 5, "b"), ("c1", 5, "c")];
        assert_eq!(starts(&units, 3), ["b1", "c1", "b1"]);
    }
}
