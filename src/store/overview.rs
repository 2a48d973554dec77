//! How a whole state stands, in few numbers: for states that are too large to be listed.
//!
//! Apart from the readers of objects and instances, because it reads neither definitions nor what has finished: tallies, what
//! has not finished, and what is due.

use std::borrow::Cow;
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
use crate::engine::Paused;
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
    /// Activities with an interval that is due and was not made yet, and that nobody holds.
    pub due: u64,
    /// How many of those that operators hold have such an interval, by who has paused them or their pipeline.
    pub paused: BTreeMap<String, u64>,
    /// What is due next (UTC), and of which activity, of those that nobody holds.
    pub next_due: Option<(Timestamp, Address)>,
    /// What has failed last, the newest first.
    pub failures: Vec<Instance>,
}

const ACTIVITY: &str = "activity";

impl Store {
    /// Whether there are more activities than so many, as of a serial.
    pub fn has_more_than(&self, activities: u64, serial: u64) -> Result<bool, StoreError> {
        self.connection
            .prepare_cached(
                "SELECT count(*) FROM (
                    SELECT 1 FROM objects WHERE kind = 'activity'
                    AND from_serial <= ?1 AND (to_serial IS NULL OR to_serial > ?1) LIMIT ?2)",
            )
            .and_then(|mut statement| {
                let most = activities.saturating_add(1);
                statement.query_row([signed(serial), signed(most)], |row| row.get(0))
            })
            .map(|found| unsigned(found) > activities)
            .map_err(|error| self.error(error))
    }

    /// How many activities there are as of a serial, and in how many pipelines.
    fn size(&self, serial: u64) -> Result<(u64, u64), StoreError> {
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
        let pauses = self.pauses()?;
        let pauses = pauses.iter().map(|(held, by)| (held.as_str(), by));
        self.add_due(now, &pauses.collect(), &mut overview)
            .map_err(|error| self.error(error))?;
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
            if number > 0 && pipeline_of(row.get_ref(0)?.as_str()?).is_some() {
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
            let Some(pipeline) = pipeline_of(&object) else {
                continue;
            };
            let (status, number) = (status(row, 1)?, unsigned(row.get(2)?));
            *overview.numbers.entry(status).or_default() += number;
            let pipeline = Address::new(pipeline.as_ref());
            let of_pipeline = overview.open.entry(pipeline).or_default();
            *of_pipeline.entry(status).or_default() += number;
        }
        Ok(())
    }

    /// How many activities are due and were not made yet, and what is due next.
    fn add_due(
        &self,
        now: Timestamp,
        pauses: &BTreeMap<&str, &Paused>,
        overview: &mut Overview,
    ) -> rusqlite::Result<()> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT object FROM dues WHERE at <= ?1")?;
        let mut rows = statement.query([micros(now)])?;
        while let Some(row) = rows.next()? {
            let object = row.get_ref(0)?.as_str()?;
            let Some(pipeline) = pipeline_of(object) else {
                continue;
            };
            match paused((object, &pipeline), pauses) {
                Some(by) => *overview.paused.entry(by.who.clone()).or_default() += 1,
                None => overview.due += 1,
            }
        }
        let mut statement = self
            .connection
            .prepare_cached("SELECT at, object FROM dues WHERE at > ?1 ORDER BY at, object")?;
        let mut rows = statement.query(params![micros(now)])?;
        while let Some(row) = rows.next()? {
            let object = row.get_ref(1)?.as_str()?;
            let pipeline = pipeline_of(object);
            if pipeline.is_some_and(|pipeline| paused((object, &pipeline), pauses).is_none()) {
                overview.next_due = Some((moment(row.get(0)?), Address::new(object)));
                break;
            }
        }
        Ok(())
    }
}

/// What holds an activity: a pause of its own, or of its pipeline.
fn paused<'a>(
    (activity, pipeline): (&str, &str),
    pauses: &BTreeMap<&str, &'a Paused>,
) -> Option<&'a Paused> {
    if pauses.is_empty() {
        return None;
    }
    pauses.get(activity).or(pauses.get(pipeline)).copied()
}

/// The pipeline of an activity; `None`: it is none.
fn pipeline_of(address: &str) -> Option<Cow<'_, str>> {
    if address.contains('[') {
        // Keys may have dots in them.
        let address = Address::new(address);
        let pipeline = address.pipeline().filter(|_| address.kind() == ACTIVITY)?;
        return Some(pipeline.as_str().to_owned().into());
    }
    let mut parts = address.rsplitn(3, '.').skip(1);
    let kind = parts.next()?;
    let pipeline = parts.next()?;
    (kind == ACTIVITY).then_some(pipeline.into())
}

#[cfg(test)]
mod tests {
    use super::super::Apply;
    use super::super::Holder;
    use super::super::Record;
    use super::super::StoredObject;
    use super::*;
    use crate::engine::Change;
    use crate::engine::InstanceKey;
    use crate::time::Interval;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn instance(object: &str, start: i64, status: Status) -> Change {
        let object = Address::new(object);
        let interval = Interval {
            start: at(start),
            end: at(start + 10),
        };
        Change::Instance(Instance {
            status,
            ended_at: Some(at(start + 10)),
            ..Instance::new(InstanceKey { object, interval })
        })
    }

    /// A state with objects whose next intervals are due at some seconds.
    fn state<const N: usize>(dues: [(&str, i64); N]) -> (tempfile::TempDir, Store) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state.db");
        let mut store = Store::open(&path).unwrap();
        let lock = Store::lock_state(&path, &maria(), std::time::Duration::ZERO).unwrap();
        let object = |(address, _): (&str, i64)| {
            let address = Address::new(address);
            StoredObject {
                kind: address.kind().to_owned(),
                type_name: String::new(),
                pipeline: address.pipeline(),
                address,
                body: serde_json::json!({}),
                lifecycle: None,
            }
        };
        let due = |(address, due): (&str, i64)| (Address::new(address), at(due));
        let apply = Apply {
            puts: dues.map(object).to_vec(),
            dues: Some(dues.map(due).into()),
            ..Apply::default()
        };
        store.apply(&lock, &apply).unwrap();
        (directory, store)
    }

    fn maria() -> Holder {
        Holder::this_process("maria@laptop".to_owned(), "run", at(0))
    }

    const A: &str = "pipeline.p.activity.a[\"x.y\"]";
    const B: &str = "pipeline.q.activity.b";
    const NODE: &str = "pipeline.p.data_node.activity";

    #[test]
    fn a_state_is_told_in_numbers() {
        let (_directory, mut store) = state([(A, 90), (B, 200), (NODE, 95)]);
        let lease = store.lock_runner(&maria()).unwrap();
        let changes = [
            instance(A, 0, Status::Finished),
            instance(A, 10, Status::Finished),
            instance(NODE, 0, Status::Finished),
            instance(NODE, 10, Status::WaitingOnDependencies),
            instance(A, 20, Status::Failed),
            instance(B, 0, Status::Failed),
            instance(B, 10, Status::Running),
        ];
        store.commit(&lease, &changes).unwrap();

        let overview = store.overview(1, at(100), 1).unwrap();
        assert_eq!((overview.activities, overview.pipelines), (2, 2));
        assert_eq!(
            overview.numbers,
            Numbers::from([
                (Status::Finished, 2),
                (Status::Failed, 2),
                (Status::Running, 1)
            ])
        );
        assert_eq!(overview.open[&Address::new("pipeline.p")].len(), 1);
        assert_eq!(overview.due, 1);
        assert_eq!(overview.next_due, Some((at(200), Address::new(B))));
        assert_eq!(overview.failures[0].key.object, Address::new(A));
        assert!(store.has_more_than(1, 1).unwrap() && !store.has_more_than(2, 1).unwrap());
    }

    #[test]
    fn what_is_paused_is_counted_apart() {
        let (_directory, mut store) = state([(A, 90), (B, 200)]);
        let record = Record {
            at: at(100),
            who: "maria@laptop".to_owned(),
            operation: "pause".to_owned(),
            what: String::new(),
            asked: 1,
            changed: Some(1),
        };
        let nobody = BTreeMap::new();
        let by_maria = |number| BTreeMap::from([("maria@laptop".to_owned(), number)]);
        let next = Some((at(200), Address::new(B)));
        for (held, now, due, paused, next_due) in [
            ("pipeline.p", 100, 0, by_maria(1), next.clone()),
            (A, 100, 0, by_maria(1), next),
            ("pipeline.q", 100, 1, nobody.clone(), None),
            (B, 100, 1, nobody, None),
            (B, 200, 1, by_maria(1), None),
        ] {
            let held = [Address::new(held)];
            store.set_pauses(&record, &held, &[]).unwrap();
            let overview = store.overview(1, at(now), 1).unwrap();
            assert_eq!((overview.due, overview.paused), (due, paused), "{held:?}");
            assert_eq!(overview.next_due, next_due, "{held:?}");
            store.set_pauses(&record, &[], &held).unwrap();
        }
    }
}
