//! The intervals of a schedule as a list: one after the other from the first, as far as somebody has asked.

use jiff::Timestamp;

use crate::time::Interval;
use crate::time::Timeline;

/// A schedule and its first intervals, each with when it is due.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    pub(super) schedule: Timeline,
    all: Vec<(Interval, Timestamp)>,
    /// Whether there are no more.
    ended: bool,
    /// So many are known to have been made.
    made: usize,
}

impl Listed {
    pub(super) fn new(schedule: &Timeline) -> Self {
        Self {
            schedule: schedule.clone(),
            all: Vec::new(),
            ended: false,
            made: 0,
        }
    }

    /// Goes on until an interval starts, and is due, after a moment.
    fn list_until(&mut self, at: Timestamp) {
        while !self.ended {
            let last = self.all.last();
            if last.is_some_and(|(interval, due)| interval.start > at && *due > at) {
                return;
            }
            let next = match last {
                Some((interval, _)) => self.schedule.next_from(interval.end),
                None => self.schedule.first_interval(),
            };
            match next {
                Some(next) => {
                    self.all.push((next, self.schedule.due_at(next)));
                }
                None => self.ended = true,
            }
        }
    }

    /// The intervals that overlap a stretch of time, and were due at a moment if one is given.
    pub(super) fn in_span(&mut self, span: Interval, due_by: Option<Timestamp>) -> Vec<Interval> {
        self.list_until(span.end);
        self.all
            .iter()
            .filter(|(interval, _)| interval.overlaps(span))
            .filter(|(_, due)| due_by.is_none_or(|due_by| *due <= due_by))
            .map(|(interval, _)| *interval)
            .collect()
    }

    /// The first interval that was not made, and when it is due, if it is one of those due or the next one.
    pub(super) fn first_unmade(
        &mut self,
        now: Timestamp,
        was_made: impl Fn(Interval) -> bool,
    ) -> Option<(Interval, Timestamp)> {
        loop {
            self.list_until(now);
            let (interval, due) = *self.all.get(self.made)?;
            if !was_made(interval) {
                return Some((interval, due));
            }
            self.made += 1;
            if self.made == self.all.len() {
                // Made before it was due, as the clock has been set back.
                self.list_until(interval.end);
            }
        }
    }

    /// An interval that was not made and is due, though one before it is not.
    pub(super) fn overtaken(
        &self,
        now: Timestamp,
        was_made: impl Fn(Interval) -> bool,
    ) -> Option<Interval> {
        let unmade = self.all.get(self.made..).into_iter().flatten();
        let mut due = unmade.filter(|(interval, due)| *due <= now && !was_made(*interval));
        due.next().map(|(interval, _)| *interval)
    }
}
