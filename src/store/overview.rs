//! How a whole state stands, in few numbers: for states that are too large to be listed.
//!
//! Apart from the readers of objects and instances, because it reads neither definitions nor what has finished: tallies, what
//! has not finished, and what is due.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::params;

use super::Store;
use super::StoreError;
use super::definitions::signed;
use super::definitions::unsigned;
use super::micros;
use super::moment;
use super::runs::status;
use crate::engine::Instance;
use crate::engine::Status;
use crate::objects::Address;

/// How many instances have which status.
pub type Numbers = BTreeMap<Status, u64>;

/// How the activities of a state stand.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overview {
    /// How many activities there are.
    pub activities: u64,
    /// In how many pipelines.
    pub pipelines: u64,
    /// How many instances of all of them have which status.
    pub numbers: Numbers,
    /// The same of each pipeline in which something has not finished, without what has.
    pub open: BTreeMap<Address, Numbers>,
    /// Activities with an interval that is due and was not made yet.
    pub due: u64,
    /// What is due next (UTC), and of which activity.
    pub next_due: Option<(Timestamp, Address)>,
    /// What has failed last, the newest first.
    pub failures: Vec<Instance>,
}

const ACTIVITY: &str = "activity";

impl Store {
    /// How many activities there are as of a serial, and in how many pipelines.
    pub fn size(&self, serial: u64) -> Result<(u64, u64), StoreError> {
        self.connection
            .prepare_cached(
                "SELECT count(*), count(DISTINCT pipeline) FROM objects
                 WHERE kind = 'activity' AND from_serial <= ?1 AND (to_serial IS NULL OR to_serial > ?1)",
            )
            .and_then(|mut statement| {
                statement.query_row([signed(serial)], |row| {
                    Ok((unsigned(row.get(0)?), unsigned(row.get(1)?)))
                })
            })
            .map_err(|error| self.error(error))
    }

    /// How the activities stand, with so many of those that have failed last.
    pub fn overview(
        &self,
        serial: u64,
        now: Timestamp,
        failures: usize,
    ) -> Result<Overview, StoreError> {
        let (activities, pipelines) = self.size(serial)?;
        let mut overview = Overview {
            activities,
            pipelines,
            ..Overview::default()
        };
        let finished = self.tallied().map_err(|error| self.error(error))?;
        overview.numbers.extend(finished);
        self.add_open(&mut overview)
            .map_err(|error| self.error(error))?;
        let (due, next) = self.due_and_next(now).map_err(|error| self.error(error))?;
        (overview.due, overview.next_due) = (due, next);
        overview.failures = self.failures(failures)?;
        Ok(overview)
    }

    /// What activities have finished.
    fn tallied(&self) -> rusqlite::Result<Numbers> {
        let mut numbers = Numbers::new();
        let mut statement = self
            .connection
            .prepare_cached("SELECT object, status, number + removed FROM tallies")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let number = unsigned(row.get(2)?);
            if number > 0 && is_activity(row.get_ref(0)?.as_str()?) {
                *numbers.entry(status(row, 1)?).or_default() += number;
            }
        }
        Ok(numbers)
    }

    fn add_open(&self, overview: &mut Overview) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare_cached(
            "SELECT object, status, count(*) FROM instances
             WHERE status NOT IN ('FINISHED', 'SKIPPED') GROUP BY status, object",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let object: String = row.get(0)?;
            if !is_activity(&object) {
                continue;
            }
            let (status, number) = (status(row, 1)?, unsigned(row.get(2)?));
            *overview.numbers.entry(status).or_default() += number;
            if let Some(pipeline) = Address::new(object).pipeline() {
                let of_pipeline = overview.open.entry(pipeline).or_default();
                *of_pipeline.entry(status).or_default() += number;
            }
        }
        Ok(())
    }

    /// How many activities are due and were not made yet, and what is due next.
    fn due_and_next(
        &self,
        now: Timestamp,
    ) -> rusqlite::Result<(u64, Option<(Timestamp, Address)>)> {
        let mut due = 0;
        let mut statement = self
            .connection
            .prepare_cached("SELECT object FROM dues WHERE at <= ?1")?;
        let mut rows = statement.query([micros(now)])?;
        while let Some(row) = rows.next()? {
            due += u64::from(is_activity(row.get_ref(0)?.as_str()?));
        }
        let mut statement = self
            .connection
            .prepare_cached("SELECT at, object FROM dues WHERE at > ?1 ORDER BY at, object")?;
        let mut rows = statement.query(params![micros(now)])?;
        while let Some(row) = rows.next()? {
            let object: String = row.get(1)?;
            if is_activity(&object) {
                return Ok((due, Some((moment(row.get(0)?), Address::new(object)))));
            }
        }
        Ok((due, None))
    }
}

/// Whether an address is that of an activity.
fn is_activity(address: &str) -> bool {
    // Mostly it is seen at once that it is not.
    address.contains(ACTIVITY) && Address::new(address).kind() == ACTIVITY
}
