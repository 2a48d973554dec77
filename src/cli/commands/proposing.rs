//! To which instances an operation will do something: chosen from the state, counted, and listed where they are few.
//!
//! Apart from carrying it out, because nothing here may cost in proportion to what has no instance, or has finished and is left
//! alone: a schedule of minutes that starts decades ago has tens of millions of intervals. These are counted by arithmetic, as
//! stretches of time, and by the state.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::Timestamp;

use super::operate::Scene;
use super::removed::removed;
use super::select::Range;
use super::select::Selection;
use crate::cli::errors::Failure;
use crate::cli::views::absent;
use crate::cli::views::operation::Proposal;
use crate::cli::views::operation::Stretch;
use crate::engine::Instance;
use crate::engine::InstanceKey;
use crate::engine::Operation;
use crate::engine::Ranges;
use crate::engine::Status;
use crate::objects::Address;
use crate::store::Filter;
use crate::time::Interval;

/// More intervals without instances than this are told as stretches of time; and more instances that are left alone are counted,
/// and not read.
const LISTED: u64 = 1_000;

/// An operation makes no more instances than this, and runs no more again: each is written, and a runner keeps what has not
/// finished in memory.
const MADE: u64 = 100_000;

/// Which intervals that have no instance an operation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unmade {
    /// None.
    None,
    /// Those that are due.
    Due,
    /// Those that are due, and those that are still to be made because somebody has asked for them.
    DueOrAskedFor,
    /// Those that are due, and those that `catch_up` has passed over.
    WithPassedOver,
}

/// Which instances are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Among {
    /// All.
    All,
    /// Those that have not finished.
    Unfinished,
    /// Where intervals are named, all; else those that have not finished, so that history is not gone through.
    AllNamed,
}

/// What selections are about: of each object the stretches of time in which its instances start.
#[derive(Default)]
struct Meant {
    /// Where all that there is counts.
    all: BTreeMap<Address, Ranges>,
    /// Where what has finished does not.
    unfinished: BTreeMap<Address, Ranges>,
    /// What has no instance.
    unmade: BTreeMap<Address, Ranges>,
    /// The objects whose history is not gone through.
    unnamed: BTreeSet<Address>,
    /// Why there is no instance where one was named.
    absent: BTreeSet<(Address, String)>,
}

impl Scene<'_> {
    /// Proposes the instances of selections that an operation has a meaning for: `unmade` says which of those that were never
    /// made, `among` whether what has finished is looked at.
    pub(super) fn proposal(
        &self,
        selections: &[Selection],
        unmade: Unmade,
        among: Among,
        statuses: &[Status],
    ) -> Result<Proposal, Failure> {
        let mut meant = Meant::default();
        for selection in selections {
            self.choose(selection, (unmade, among), &mut meant)?;
        }
        let mut proposal = Proposal::default();
        self.add_unfinished(&meant, statuses, &mut proposal);
        self.add_kept(&meant.all, statuses, &mut proposal)?;
        self.add_unmade(meant.unmade, &mut proposal);
        proposal.targets.sort();
        // A runner may have made one while the state was looked at.
        proposal.targets.dedup_by(|one, other| one.0 == other.0);
        proposal.absent = meant.absent;
        if proposal.targets.is_empty() && proposal.to_make.is_empty() {
            self.count_finished(&meant.unnamed, &mut proposal)?;
        }
        Ok(proposal)
    }

    /// Adds what a selection is about.
    fn choose(
        &self,
        selection: &Selection,
        (unmade, among): (Unmade, Among),
        meant: &mut Meant,
    ) -> Result<(), Failure> {
        let is_named = selection.range != Range::Unsaid;
        let live_only = match among {
            Among::All => false,
            Among::Unfinished => true,
            Among::AllNamed => !is_named,
        };
        for object in self.objects(selection)? {
            let starts = self.starts(selection, &object)?;
            let fresh = self.unmade(&object, starts, unmade);
            if !live_only && is_named {
                let is_there = self.engine.count_in(&object, [&fresh]) > 0
                    || self.has_instances(&object, starts)?;
                let why = self.absent(&object, starts, is_there);
                meant.absent.extend(why.map(|why| (object.clone(), why)));
            } else if among == Among::AllNamed {
                meant.unnamed.insert(object.clone());
            }
            add_all(&mut meant.unmade, &object, fresh.iter());
            let made = if live_only {
                &mut meant.unfinished
            } else {
                &mut meant.all
            };
            add_all(made, &object, [starts]);
        }
        Ok(())
    }

    /// The intervals of an object that start in a stretch of time and have no instance.
    fn unmade(&self, object: &Address, starts: Interval, which: Unmade) -> Ranges {
        let due = |dropped| {
            self.engine
                .unmade_stretches(object, starts, dropped, self.now)
        };
        match which {
            Unmade::None => Ranges::default(),
            Unmade::Due => due(false),
            Unmade::DueOrAskedFor => {
                let wanted = self.engine.wanted_in(object, starts);
                due(false).iter().chain(wanted.iter()).collect()
            }
            Unmade::WithPassedOver => due(true),
        }
    }

    /// Whether an object has an instance that starts in a stretch of time, also one whose record was removed.
    fn has_instances(&self, object: &Address, starts: Interval) -> Result<bool, Failure> {
        let first = Filter {
            limit: Some(1),
            ..Filter::starting_in(object.clone(), starts)
        };
        Ok(!self.store.instances(&first)?.is_empty() || self.finished(object, starts)? > 0)
    }

    /// How many intervals of an object that start in a stretch of time have finished, if there are records of it that were
    /// removed.
    fn finished(&self, object: &Address, starts: Interval) -> Result<u64, Failure> {
        if self.store.removed_of(object)? == 0 {
            return Ok(0);
        }
        Ok(self.engine.count_finished_in(object, starts, self.now))
    }

    /// Why an object has no instance in a stretch of time, or, if it has, why not from its start on.
    fn absent(&self, object: &Address, starts: Interval, is_there: bool) -> Option<String> {
        let unit = self.engine.unit(object)?;
        let zone = self.definition.timetable.timezone(object);
        if is_there {
            return absent::before_the_first(unit, &zone, starts);
        }
        Some(absent::absent(&self.engine, unit, &zone, starts, self.now))
    }

    /// Adds what has not finished, where nothing else is looked at.
    fn add_unfinished(&self, meant: &Meant, statuses: &[Status], proposal: &mut Proposal) {
        for (object, starts) in &meant.unfinished {
            let elsewhere = meant.all.get(object);
            let is_meant = |instance: &&Instance| {
                let start = instance.key.interval.start;
                holds(starts, start) && elsewhere.is_none_or(|other| !holds(other, start))
            };
            let live = self.engine.instances_of(object).filter(is_meant);
            sort_out(live.cloned(), statuses, proposal);
        }
    }

    /// Adds all that there is.
    fn add_kept(
        &self,
        all: &BTreeMap<Address, Ranges>,
        statuses: &[Status],
        proposal: &mut Proposal,
    ) -> Result<(), Failure> {
        let mut counted = Vec::new();
        for (object, starts) in all {
            for span in starts.iter() {
                counted.push((object, span, self.counts(object, span)?));
            }
        }
        let begins_again = statuses.contains(&Status::Finished);
        let of_all = counted.iter().map(|(_, _, counts)| sum(counts, statuses));
        let number: u64 = of_all.sum();
        if begins_again {
            refuse_above(number, "rerun")?;
        }
        for (object, span, counts) in counted {
            let filter = Filter::starting_in(object.clone(), span);
            let total: u64 = counts.values().sum();
            if begins_again || total <= LISTED {
                let kept = self.store.instances(&filter)?;
                let gone = removed(&self.store, &self.engine, (object, span), &kept, self.now)?;
                sort_out(kept.into_iter().chain(gone), statuses, proposal);
                continue;
            }
            if sum(&counts, statuses) > 0 {
                let chosen = Filter {
                    statuses: statuses.to_vec(),
                    ..filter
                };
                sort_out(self.store.instances(&chosen)?, statuses, proposal);
            }
            let others = counts.into_iter();
            for (status, number) in others.filter(|(status, _)| !statuses.contains(status)) {
                *proposal.left_alone.entry(status).or_default() += number;
            }
        }
        Ok(())
    }

    /// How many instances of an object there are of each status in a stretch of time, those among them whose records were
    /// removed.
    fn counts(&self, object: &Address, span: Interval) -> Result<BTreeMap<Status, u64>, Failure> {
        let filter = Filter::starting_in(object.clone(), span);
        let mut counts = self.store.count_instances(&filter)?;
        let kept = sum(&counts, &[Status::Finished, Status::Skipped]);
        let gone = self.finished(object, span)?.saturating_sub(kept);
        if gone > 0 {
            *counts.entry(Status::Finished).or_default() += gone;
        }
        Ok(counts)
    }

    /// Adds what has no instance: one after the other, or as stretches of time where these are many.
    fn add_unmade(&self, unmade: BTreeMap<Address, Ranges>, proposal: &mut Proposal) {
        if self.count(&unmade) > LISTED {
            proposal.to_make = self.stretches(unmade);
            return;
        }
        for (object, ranges) in unmade {
            let intervals = self.engine.intervals_of(&object, &ranges).into_iter();
            let keys = intervals.map(|interval| InstanceKey {
                object: object.clone(),
                interval,
            });
            proposal.targets.extend(keys.map(|key| (key, None)));
        }
    }

    /// How many intervals these are.
    fn count(&self, ranges: &BTreeMap<Address, Ranges>) -> u64 {
        let numbers = ranges.iter();
        numbers
            .map(|(object, ranges)| self.engine.count_in(object, [ranges]))
            .sum()
    }

    /// Counts what is left alone because it has finished, where that was not gone through.
    fn count_finished(
        &self,
        objects: &BTreeSet<Address>,
        proposal: &mut Proposal,
    ) -> Result<(), Failure> {
        let counts = self.store.counts()?;
        for counts in objects.iter().filter_map(|object| counts.get(object)) {
            for status in [Status::Finished, Status::Skipped] {
                let number = counts.get(&status).copied().unwrap_or(0);
                if number > 0 {
                    *proposal.left_alone.entry(status).or_default() += number;
                }
            }
        }
        Ok(())
    }

    /// Proposes to make what selections name and has no instance: one after the other, or as stretches of time where these
    /// are many. Who has finished without it is named.
    pub(super) fn back_fill(&self, selections: &[Selection]) -> Result<Proposal, Failure> {
        let mut unmade: BTreeMap<Address, Ranges> = BTreeMap::new();
        for selection in selections {
            for object in self.objects(selection)? {
                let starts = self.starts(selection, &object)?;
                let found = self.unmade(&object, starts, Unmade::WithPassedOver);
                add_all(&mut unmade, &object, found.iter());
            }
        }
        let readers = self.stretches(self.engine.finished_readers(&unmade));
        let mut proposal = if self.count(&unmade) <= LISTED {
            self.proposal(selections, Unmade::WithPassedOver, Among::All, &[])?
        } else {
            let mut proposal = self.proposal(selections, Unmade::None, Among::All, &[])?;
            self.add_stretches(&mut proposal, unmade);
            proposal
        };
        proposal.finished_readers = readers;
        Ok(proposal)
    }

    /// Adds what of selections is still to be made because somebody has asked for it.
    pub(super) fn add_wanted(
        &self,
        proposal: &mut Proposal,
        selections: &[Selection],
    ) -> Result<(), Failure> {
        let mut wanted: BTreeMap<Address, Ranges> = BTreeMap::new();
        for selection in selections {
            for object in self.objects(selection)? {
                let starts = self.starts(selection, &object)?;
                let found = self.engine.wanted_in(&object, starts);
                add_all(&mut wanted, &object, found.iter());
            }
        }
        self.add_stretches(proposal, wanted);
        Ok(())
    }

    fn add_stretches(&self, proposal: &mut Proposal, all: BTreeMap<Address, Ranges>) {
        let found = self.stretches(all);
        let absent = &mut proposal.absent;
        absent.retain(|(object, _)| !found.contains_key(object));
        proposal.stretches = found;
    }

    /// Ranges of objects, counted, as far as intervals lie in them.
    fn stretches(&self, all: BTreeMap<Address, Ranges>) -> BTreeMap<Address, Stretch> {
        let stretch = |(object, ranges): (Address, Ranges)| {
            let number = self.engine.count_in(&object, [&ranges]);
            let ends = self.engine.ends_of(&object, &ranges);
            let (first, last) = ends.filter(|_| number > 0)?;
            let stretch = Stretch {
                ranges,
                first,
                last,
                number,
            };
            Some((object, stretch))
        };
        all.into_iter().filter_map(stretch).collect()
    }

    /// Refuses to make very many instances one by one.
    pub(super) fn refuse_too_many(
        &self,
        command: &str,
        proposal: &Proposal,
        operation: Operation,
    ) -> Result<(), Failure> {
        let to_make = proposal.to_make.values().map(|stretch| stretch.number);
        let mut number: u64 = to_make.sum();
        if operation == Operation::Cancel {
            let stretches = proposal.stretches.iter();
            number += stretches
                .map(|(object, it)| self.engine.made_if_canceled(object, &it.ranges))
                .sum::<u64>();
        }
        refuse_above(number, command)
    }

    /// All instances of a proposal that are to be named one by one.
    pub(super) fn named(&self, proposal: &Proposal) -> Vec<InstanceKey> {
        let listed = proposal.targets.iter().map(|(key, _)| key.clone());
        let mut keys: Vec<InstanceKey> = listed.collect();
        for (object, stretch) in &proposal.to_make {
            let intervals = self.engine.intervals_of(object, &stretch.ranges);
            keys.extend(intervals.into_iter().map(|interval| InstanceKey {
                object: object.clone(),
                interval,
            }));
        }
        keys
    }
}

/// Refuses what would make very many instances, or run very many again.
pub(in crate::cli) fn refuse_above(number: u64, command: &str) -> Result<(), Failure> {
    if number <= MADE {
        return Ok(());
    }
    let instead = match command {
        "rerun" | "--rerun" => "",
        "pause" => {
            " Without intervals, `pause` holds whole pipelines and activities, however much of them is due."
        }
        _ => {
            " If `start` lies too far back: with `catch_up = \"latest\"` the next run passes over all that is due but the newest, however much it is."
        }
    };
    Err(Failure::message(format!(
        "`{command}` would write {number} instances one by one, and it writes {MADE} at once at most. Nothing was done.\n\nName fewer intervals: `ADDRESS@FROM..TO`.{instead}"
    )))
}

/// Adds stretches of time of an object.
fn add_all(
    all: &mut BTreeMap<Address, Ranges>,
    object: &Address,
    stretches: impl IntoIterator<Item = Interval>,
) {
    let of_object = all.entry(object.clone()).or_default();
    for stretch in stretches {
        of_object.insert(stretch);
    }
}

/// Whether a moment lies in ranges.
fn holds(ranges: &Ranges, at: Timestamp) -> bool {
    ranges
        .iter()
        .any(|range| range.start <= at && at < range.end)
}

/// How many of these statuses there are.
fn sum(counts: &BTreeMap<Status, u64>, statuses: &[Status]) -> u64 {
    let numbers = statuses.iter().filter_map(|status| counts.get(status));
    numbers.sum()
}

/// Sorts instances into those that an operation has a meaning for, and the others.
fn sort_out(
    instances: impl IntoIterator<Item = Instance>,
    statuses: &[Status],
    proposal: &mut Proposal,
) {
    for instance in instances {
        if statuses.contains(&instance.status) {
            proposal.targets.push((instance.key, Some(instance.status)));
        } else {
            *proposal.left_alone.entry(instance.status).or_default() += 1;
        }
    }
}
