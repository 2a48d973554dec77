//! What somebody wishes of stretches of time that have no instances.
//!
//! Apart from what else operators ask for, because it is written with every commit of a runner that makes what is wished: a
//! change costs in proportion to itself, and not to all that is wished.

use jiff::Timestamp;
use rusqlite::Connection;
use rusqlite::OptionalExtension as _;
use rusqlite::Params;
use rusqlite::params;

use super::Store;
use super::StoreError;
use super::micros;
use super::runs::interval;
use super::runs::word;
use crate::engine::Ranges;
use crate::engine::Wish;
use crate::engine::Wishes;
use crate::objects::Address;
use crate::time::Interval;

impl Store {
    /// What is wished of all objects.
    pub fn wishes(&self) -> Result<Wishes, StoreError> {
        let mut wishes = Wishes::default();
        let query = "SELECT object, wish, start, \"end\" FROM wishes";
        self.add_wishes(query, [], &mut wishes)?;
        Ok(wishes)
    }

    /// Adds what is wished of an object.
    pub(super) fn add_wishes_of(
        &self,
        object: &Address,
        wishes: &mut Wishes,
    ) -> Result<(), StoreError> {
        let query = "SELECT object, wish, start, \"end\" FROM wishes WHERE object = ?1";
        self.add_wishes(query, [object.as_str()], wishes)
    }

    fn add_wishes(
        &self,
        query: &str,
        params: impl Params,
        wishes: &mut Wishes,
    ) -> Result<(), StoreError> {
        let error = |error| self.error(error);
        let mut statement = self.connection.prepare_cached(query).map_err(error)?;
        let rows = statement
            .query_map(params, |row| {
                let object: String = row.get(0)?;
                Ok((object, word(row, 1, Wish::from_name)?, interval(row, 2)?))
            })
            .map_err(error)?;
        for row in rows {
            let (object, wish, range) = row.map_err(error)?;
            wishes.insert(&Address::new(object), wish, range);
        }
        Ok(())
    }
}

/// Something is wished of more stretches of time of an object, and of others no more.
pub(super) fn put(
    connection: &Connection,
    (object, wish): (&Address, Wish),
    more: &Ranges,
    fewer: &Ranges,
) -> rusqlite::Result<()> {
    for range in fewer.iter() {
        let mut around = take(connection, (object, wish), range)?;
        around.remove(range);
        insert(connection, (object, wish), &around)?;
    }
    for range in more.iter() {
        let mut around = take(connection, (object, wish), range)?;
        around.insert(range);
        insert(connection, (object, wish), &around)?;
    }
    Ok(())
}

/// Takes out the ranges that overlap or touch one.
fn take(
    connection: &Connection,
    (object, wish): (&Address, Wish),
    range: Interval,
) -> rusqlite::Result<Ranges> {
    let mut last = connection.prepare_cached(
        "SELECT start, \"end\" FROM wishes WHERE object = ?1 AND wish = ?2 AND start <= ?3
         ORDER BY start DESC LIMIT 1",
    )?;
    let mut delete = connection
        .prepare_cached("DELETE FROM wishes WHERE object = ?1 AND wish = ?2 AND start = ?3")?;
    let mut last_before = |at: Timestamp| {
        let parameters = params![object.as_str(), wish.as_str(), micros(at)];
        last.query_row(parameters, |row| interval(row, 0))
            .optional()
    };
    let mut taken = Ranges::default();
    while let Some(found) = last_before(range.end)?
        && found.end >= range.start
    {
        delete.execute(params![object.as_str(), wish.as_str(), micros(found.start)])?;
        taken.insert(found);
    }
    Ok(taken)
}

fn insert(
    connection: &Connection,
    (object, wish): (&Address, Wish),
    ranges: &Ranges,
) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO wishes (object, wish, start, \"end\") VALUES (?1, ?2, ?3, ?4)",
    )?;
    for range in ranges.iter() {
        insert.execute(params![
            object.as_str(),
            wish.as_str(),
            micros(range.start),
            micros(range.end)
        ])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::put;
    use crate::engine::Change;
    use crate::engine::Ranges;
    use crate::engine::Wish;
    use crate::engine::Wishes;
    use crate::objects::Address;
    use crate::store::Store;
    use crate::time::Interval;

    fn ranges(parts: &[(i64, i64)]) -> Ranges {
        let at = |second| Timestamp::from_second(second).unwrap();
        let parts = parts.iter().map(|(start, length)| Interval {
            start: at(*start),
            end: at(start + length),
        });
        parts.collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
        #[test]
        fn what_is_written_is_what_is_wished(
            changes in prop::collection::vec((
                prop::collection::vec((0_i64..40, 1_i64..9), 0..3),
                prop::collection::vec((0_i64..40, 1_i64..9), 0..3),
            ), 1..20),
        ) {
            let directory = tempfile::tempdir().unwrap();
            let store = Store::open(&directory.path().join("state.db")).unwrap();
            store.connection.pragma_update(None, "synchronous", "OFF").unwrap();
            let object = Address::new("a");
            let mut wishes = Wishes::default();
            for (more, fewer) in changes {
                let (more, fewer) = (ranges(&more), ranges(&fewer));
                put(&store.connection, (&object, Wish::Make), &more, &fewer).unwrap();
                let object = object.clone();
                wishes.put(&Change::Wished { object, wish: Wish::Make, more, fewer });
                prop_assert_eq!(&store.wishes().unwrap(), &wishes);
            }
        }
    }
}
