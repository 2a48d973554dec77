//! What somebody wishes of stretches of time that have no instances: to make them.
//!
//! Apart from instances, because nothing here costs in proportion to how many these would be: what is wished of a million
//! intervals is one range.

use std::collections::BTreeMap;

use super::model::Change;
use super::ranges::Ranges;
use crate::objects::Address;
use crate::time::Interval;

/// What is wished of intervals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wish {
    /// That they are made, a bounded number ahead.
    Make,
}

impl Wish {
    /// All of them.
    pub const ALL: [Self; 1] = [Self::Make];

    /// The name in the state.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Make => "MAKE",
        }
    }

    /// The wish of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|wish| wish.as_str() == name)
    }
}

/// The stretches of time of each object of which something is wished.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// Without those that are empty.
    by_object: BTreeMap<Address, BTreeMap<Wish, Ranges>>,
}

impl Wishes {
    /// The stretches of an object of which something is wished.
    pub fn of(&self, object: &Address, wish: Wish) -> Option<&Ranges> {
        self.by_object.get(object)?.get(&wish)
    }

    /// The objects of which something is wished.
    pub fn objects(&self) -> impl Iterator<Item = &Address> {
        self.by_object.keys()
    }

    /// Wishes something of a stretch of time, too.
    pub fn insert(&mut self, object: &Address, wish: Wish, range: Interval) {
        if range.start < range.end {
            let wishes = self.by_object.entry(object.clone()).or_default();
            wishes.entry(wish).or_default().insert(range);
        }
    }

    /// Wishes something no more of a stretch of time.
    pub fn remove(&mut self, object: &Address, wish: Wish, range: Interval) {
        let Some(wishes) = self.by_object.get_mut(object) else {
            return;
        };
        if let Some(ranges) = wishes.get_mut(&wish) {
            ranges.remove(range);
            if ranges.is_empty() {
                wishes.remove(&wish);
            }
        }
        if wishes.is_empty() {
            self.by_object.remove(object);
        }
    }

    /// Forgets what is wished of an object.
    pub fn forget(&mut self, object: &Address) {
        self.by_object.remove(object);
    }

    /// Takes over what is wished of other objects.
    pub fn extend(&mut self, others: Self) {
        self.by_object.extend(others.by_object);
    }

    /// Does what a change says, if it is about wishes.
    pub fn put(&mut self, change: &Change) {
        if let Change::Wished {
            object,
            wish,
            more,
            fewer,
        } = change
        {
            fewer
                .iter()
                .for_each(|range| self.remove(object, *wish, range));
            more.iter()
                .for_each(|range| self.insert(object, *wish, range));
        }
    }
}

/// What has changed since it was written.
#[derive(Clone, Debug, Default)]
pub(super) struct Unwritten {
    changes: BTreeMap<(Address, Wish), (Ranges, Ranges)>,
}

impl Unwritten {
    pub(super) fn insert(&mut self, object: &Address, wish: Wish, range: Interval) {
        let (more, fewer) = self.changes.entry((object.clone(), wish)).or_default();
        more.insert(range);
        fewer.remove(range);
    }

    pub(super) fn remove(&mut self, object: &Address, wish: Wish, range: Interval) {
        let (more, fewer) = self.changes.entry((object.clone(), wish)).or_default();
        more.remove(range);
        fewer.insert(range);
    }

    /// The changes to be written.
    pub(super) fn take(&mut self) -> impl Iterator<Item = Change> + use<> {
        let changes = std::mem::take(&mut self.changes).into_iter();
        changes.map(|((object, wish), (more, fewer))| Change::Wished {
            object,
            wish,
            more,
            fewer,
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::Unwritten;
    use super::Wish;
    use super::Wishes;
    use crate::objects::Address;
    use crate::time::Interval;

    proptest! {
        #[test]
        fn what_is_written_from_time_to_time_is_what_is_wished(
            moves in prop::collection::vec((0_i64..40, 1_i64..12, any::<bool>(), any::<bool>()), 0..30),
        ) {
            let object = Address::new("a");
            let (mut wishes, mut unwritten, mut written) = (Wishes::default(), Unwritten::default(), Wishes::default());
            for (start, length, more, write) in moves {
                let at = |second| Timestamp::from_second(second).unwrap();
                let range = Interval { start: at(start), end: at(start + length) };
                if more {
                    wishes.insert(&object, Wish::Make, range);
                    unwritten.insert(&object, Wish::Make, range);
                } else {
                    wishes.remove(&object, Wish::Make, range);
                    unwritten.remove(&object, Wish::Make, range);
                }
                if write {
                    unwritten.take().for_each(|change| written.put(&change));
                    prop_assert_eq!(&written, &wishes);
                }
            }
        }
    }
}
