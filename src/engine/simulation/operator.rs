//! The operators of a simulation, and whoever applies: they write into the state beside the runner, as the commands do.
//! The runner finds it at once, or together with what else was written meanwhile, or dies before it knows.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::SignedDuration;
use jiff::Timestamp;

use super::super::Engine;
use super::super::Event;
use super::super::InstanceKey;
use super::super::Limits;
use super::super::Operation;
use super::super::Ranges;
use super::super::Status;
use super::super::UnitKind;
use super::super::testing::address;
use super::super::testing::short;
use super::disk::Disk;
use super::random::Random;
use super::rules::Found;
use super::scenario::What;
use super::units;
use super::world::World;
use crate::objects::Address;
use crate::time::Interval;

impl<D: Disk> World<D> {
    /// Somebody writes something, or several things in a row, and the runner finds it unless it dies before.
    pub(super) fn write(&mut self, what: What, random: &mut Random) -> Found {
        let several = what == What::Flurry;
        let number = if several { 2 + random.below(4) } else { 1 };
        for _ in 0..number {
            let kinds = [What::Operate, What::Trigger, What::Apply, What::Hold];
            let what = if several {
                kinds[random.below(4)]
            } else {
                what
            };
            match what {
                What::Trigger => self.trigger(random)?,
                What::Apply => self.apply(random)?,
                What::Hold => self.hold(random),
                _ => self.operate(random),
            }
            let pause = SignedDuration::from_millis(i64::try_from(random.below(3_000)).unwrap());
            self.now = self.now.checked_add(pause).unwrap();
        }
        match random.below(100) {
            0..=14 => self.crash("the runner dies before it knows"),
            // It finds it with whatever happens next.
            15..=34 => Ok(()),
            _ => self.handle("the runner finds it", &[Event::Tick]),
        }
    }

    /// What a command sees.
    fn look(&self) -> Engine {
        let limits = Limits {
            parallelism: 0,
            ..self.limits
        };
        Engine::new(self.definition.clone(), self.disk.past(), limits)
    }

    /// Asks for something, for one instance or two, or for what was passed over or is not made yet.
    fn operate(&mut self, random: &mut Random) {
        let operation = [
            Operation::Cancel,
            Operation::Cancel,
            Operation::Rerun {
                as_was: false,
                restart: false,
            },
            Operation::Rerun {
                as_was: true,
                restart: false,
            },
            Operation::Rerun {
                as_was: random.percent(30),
                restart: true,
            },
            Operation::Rerun {
                as_was: false,
                restart: true,
            },
            Operation::MarkFinished,
            Operation::Pause,
            Operation::Resume,
            Operation::Backfill,
        ][random.below(10)];
        let takes_unmade = matches!(
            operation,
            Operation::Cancel | Operation::MarkFinished | Operation::Pause
        );
        let restarts = matches!(operation, Operation::Rerun { restart: true, .. });
        // By chance of its own, so that what else happens does not depend on it.
        let mut own = Random(random.0.rotate_left(17));
        let stretches = self.stretches(operation, &mut own);
        let targets = if !stretches.is_empty() {
            Vec::new()
        } else if takes_unmade && own.percent(10) {
            self.wanted(&mut own)
        } else if operation == Operation::Backfill || takes_unmade && random.percent(15) {
            self.unmade(random)
        } else {
            let all: Vec<InstanceKey> = self.oracle.log.instances.keys().cloned().collect();
            let chosen = (0..2).filter_map(|_| random.pick(&all)).collect();
            if restarts {
                self.with_consumers(chosen)
            } else {
                chosen
            }
        };
        self.ask_for_all(operation, targets, &stretches);
    }

    /// All that an operator can back-fill of a unit, or a part of what is to be back-filled and is given up.
    fn stretches(&self, operation: Operation, random: &mut Random) -> BTreeMap<Address, Ranges> {
        let all = Interval {
            start: Timestamp::MIN,
            end: Timestamp::MAX,
        };
        let addresses: Vec<Address> = self.definition.units.keys().cloned().collect();
        let wished: Vec<Address> = self.oracle.log.wishes.objects().cloned().collect();
        let engine = self.look();
        let of = |object: Address| {
            let ranges = if operation == Operation::Backfill {
                engine.unmade_stretches(&object, all, true, self.now)
            } else {
                engine.wanted_in(&object, all)
            };
            (object, ranges)
        };
        let objects = match operation {
            Operation::Backfill => addresses,
            Operation::Cancel => wished,
            _ => Vec::new(),
        };
        let found = objects.into_iter().map(of);
        let found =
            found.filter(|(object, ranges): &(_, Ranges)| engine.count_in(object, [ranges]) > 0);
        let found: Vec<(Address, Ranges)> = found.collect();
        let Some((object, ranges)) = random.pick(&found).filter(|_| random.percent(60)) else {
            return BTreeMap::new();
        };
        let part = if random.percent(40) {
            ranges
        } else {
            self.part_of(&object, &ranges, random)
        };
        [(object, part)].into()
    }

    /// A few of the intervals of a unit that lie in ranges, one after the other.
    fn part_of(&self, object: &Address, ranges: &Ranges, random: &mut Random) -> Ranges {
        let schedule = self.definition.units[object].schedule.as_ref();
        let (Some(schedule), Some(range)) =
            (schedule, random.pick(&ranges.iter().collect::<Vec<_>>()))
        else {
            return ranges.clone();
        };
        let intervals = schedule.overlapping(range);
        let whole = intervals.filter(|interval| ranges.covers(*interval));
        let whole: Vec<Interval> = whole.collect();
        let first = random.below(whole.len().max(1));
        let number = 1 + random.below(4);
        let part: Ranges = whole.into_iter().skip(first).take(number).collect();
        if part.is_empty() {
            ranges.clone()
        } else {
            part
        }
    }

    /// Writes an order.
    fn ask(&mut self, operation: Operation, targets: Vec<InstanceKey>) {
        self.ask_for_all(operation, targets, &BTreeMap::new());
    }

    /// Writes an order that may also be for stretches of time.
    fn ask_for_all(
        &mut self,
        operation: Operation,
        mut targets: Vec<InstanceKey>,
        stretches: &BTreeMap<Address, Ranges>,
    ) {
        targets.sort();
        targets.dedup();
        if targets.is_empty() && stretches.is_empty() {
            return;
        }
        let all_of = |object: &Address| format!("what is not made of {object}");
        let names = targets.iter().map(short);
        let names: Vec<String> = names.chain(stretches.keys().map(all_of)).collect();
        self.tell(|| {
            format!(
                "an operator asks for {operation:?} of {}",
                names.join(" and ")
            )
        });
        self.tally.orders += 1;
        self.tally.stretches += usize::from(!stretches.is_empty());
        let id = self.disk.order(operation, &targets, stretches);
        let engine = self.look();
        let more = stretches.iter();
        let more = more.map(|(object, ranges)| engine.count_in(object, [ranges]));
        let more = usize::try_from(more.sum::<u64>()).unwrap();
        self.oracle
            .asked(id, operation, targets, (stretches.clone(), more));
    }

    /// Some instances, and those of activities that depend on them and are under way or have ended, and so on.
    fn with_consumers(&self, chosen: Vec<InstanceKey>) -> Vec<InstanceKey> {
        let engine = self.look();
        let mut found: Vec<InstanceKey> = Vec::new();
        let mut known: BTreeSet<InstanceKey> = chosen.iter().cloned().collect();
        let mut open = chosen.clone();
        while let Some(key) = open.pop() {
            for reader in engine.consumers_of(&key) {
                let unit = self.definition.units.get(&reader.object);
                let is_node = unit.is_some_and(|unit| unit.kind == UnitKind::DataNode);
                let instance = self.oracle.log.instances.get(&reader);
                let is_meant = instance.is_some_and(|instance| {
                    let status = instance.status;
                    instance.is_under_way() || status.is_settled() || status.is_unsuccessful()
                });
                if (is_node || is_meant) && known.insert(reader.clone()) {
                    found.extend(Some(reader.clone()).filter(|_| !is_node));
                    open.push(reader);
                }
            }
        }
        found.extend(chosen);
        found
    }

    /// Some intervals of a unit that are due, or were passed over, and have no instance.
    fn unmade(&self, random: &mut Random) -> Vec<InstanceKey> {
        let addresses: Vec<Address> = self.definition.units.keys().cloned().collect();
        let Some(object) = random.pick(&addresses) else {
            return Vec::new();
        };
        let all = Interval {
            start: Timestamp::MIN,
            end: Timestamp::MAX,
        };
        let unmade = self.look().unmade(&object, all, true, self.now);
        let key = |interval| InstanceKey {
            object: object.clone(),
            interval,
        };
        unmade.into_iter().take(4).map(key).collect()
    }

    /// Some intervals that are still to be made because somebody has asked for them.
    fn wanted(&self, random: &mut Random) -> Vec<InstanceKey> {
        let wished: Vec<Address> = self.oracle.log.wishes.objects().cloned().collect();
        let Some(object) = random.pick(&wished) else {
            return Vec::new();
        };
        let all = Interval {
            start: Timestamp::MIN,
            end: Timestamp::MAX,
        };
        let wanted = self.look().wanted_intervals(&object, all);
        let first = random.below(wanted.len().max(1));
        let key = |interval| InstanceKey {
            object: object.clone(),
            interval,
        };
        wanted.into_iter().skip(first).take(2).map(key).collect()
    }

    /// Makes a run of activities on demand, at a moment of its own: a clock that was set back comes by earlier ones again.
    fn trigger(&mut self, random: &mut Random) -> Found {
        let moment = SignedDuration::from_millis(1);
        let made = self.oracle.log.instances.keys();
        let taken: BTreeSet<Timestamp> = made.map(|key| key.interval.start).collect();
        self.now = self.now.checked_add(moment).unwrap();
        while taken.contains(&self.now) {
            self.now = self.now.checked_add(moment).unwrap();
        }
        let units = self.definition.units.values();
        let on_demand =
            units.filter(|unit| unit.schedule.is_none() && unit.kind == UnitKind::Activity);
        let on_demand: Vec<Address> = on_demand.map(|unit| unit.address.clone()).collect();
        let chosen: BTreeSet<Address> = (0..2).filter_map(|_| random.pick(&on_demand)).collect();
        let chosen: Vec<Address> = chosen.into_iter().collect();
        if chosen.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = chosen.iter().map(Address::as_str).collect();
        self.tell(|| format!("an operator triggers {}", names.join(" and ")));
        let made = self.look().triggered(&chosen, self.now);
        self.oracle.brings_what_is_written(&chosen, &made)?;
        self.disk.trigger(&made);
        self.oracle.applied(&made)
    }

    /// Holds a unit or a pipeline, or lets it and its instances go on.
    fn hold(&mut self, random: &mut Random) {
        let mut objects: Vec<Address> = self.definition.units.keys().cloned().collect();
        objects.extend(["p", "q"].map(address));
        let Some(object) = random.pick(&objects) else {
            return;
        };
        let held = self.disk.held().contains_key(&object);
        let does = if held { "lets go" } else { "holds" };
        self.tell(|| format!("an operator {does} {object}"));
        self.tally.holds += 1;
        self.disk.hold(&object, !held);
        self.find_definition();
        if held {
            let instances = self.oracle.log.instances.values();
            let paused = instances.filter(|instance| {
                let unit = self.definition.units.get(&instance.key.object);
                let inside = unit.is_some_and(|unit| unit.pipeline.as_ref() == Some(&object));
                instance.status == Status::Paused && (instance.key.object == object || inside)
            });
            let paused = paused.map(|instance| instance.key.clone()).collect();
            self.ask(Operation::Resume, paused);
        }
    }

    /// Everything that is held goes on.
    pub(super) fn let_go(&mut self) {
        for object in self.disk.held().into_keys() {
            self.disk.hold(&object, false);
        }
        self.find_definition();
    }

    /// Writes another definition.
    fn apply(&mut self, random: &mut Random) -> Found {
        self.tally.applies += 1;
        let mut site = units::Site {
            definition: &mut self.applied,
            removed: &mut self.removed,
            tables: &self.oracle.log,
            now: self.now,
            first_day: self.first_day,
        };
        let (done, written) = site.change(random);
        self.tell(|| format!("somebody applies: {done}"));
        self.disk.apply(&self.applied, &written, self.now);
        self.oracle.applied(&written)?;
        self.serials
            .insert(self.applied.serial, self.applied.clone());
        self.find_definition();
        Ok(())
    }

    /// The definition is what was applied, and what is held.
    fn find_definition(&mut self) {
        self.definition = self.applied.clone();
        self.definition.pause(&self.disk.held());
        self.oracle.adopt(&self.definition);
    }
}
