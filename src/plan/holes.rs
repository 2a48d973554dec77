//! What gets no intervals because a schedule changes.

use jiff::Timestamp;
use serde::Serialize;

use crate::time::Interval;
use crate::time::Timeline;
use crate::time::Why;

/// A stretch of time that gets no intervals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Hole {
    /// From here on (UTC).
    pub from: Timestamp,
    /// Until here (UTC); `None`: for ever.
    pub to: Option<Timestamp>,
    /// Why.
    pub why: WhyHole,
    /// How many intervals of the new schedule lie there, if it has any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intervals: Option<u64>,
}

/// Why a change of a schedule leaves a stretch of time without intervals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WhyHole {
    /// The new schedule begins earlier than the old one did, and what is over stays as it was.
    BeforeOldSchedule,
    /// The new schedule begins after the old intervals end.
    BetweenSchedules,
    /// The calendar excludes it.
    Excluded,
    /// The new schedule has ended.
    AfterLast,
}

/// What a timeline has no intervals for, around the place where its schedule has changed last.
pub(super) fn holes(timeline: &Timeline) -> Vec<Hole> {
    let current = timeline.current();
    let Some(cut) = timeline.changed_at() else {
        return Vec::new();
    };
    let mut holes = Vec::new();
    let uncut = current.clone().with_cut(None);
    if let (Some(begin), Some(first)) = (uncut.first_interval(), timeline.first_interval())
        && begin.end <= first.start
    {
        let span = Interval {
            start: begin.start,
            end: first.start,
        };
        holes.push(Hole {
            from: span.start,
            to: Some(span.end),
            why: WhyHole::BeforeOldSchedule,
            intervals: Some(uncut.count_within(span)),
        });
    }
    let end = current.first_interval().map(|first| first.start);
    let span = Interval {
        start: cut,
        end: end.unwrap_or(Timestamp::MAX),
    };
    holes.extend(timeline.gaps(span).into_iter().map(|gap| Hole {
        from: gap.interval.start,
        to: Some(gap.interval.end).filter(|end| *end < Timestamp::MAX),
        why: match gap.why {
            Why::Excluded => WhyHole::Excluded,
            Why::AfterLast => WhyHole::AfterLast,
            Why::BeforeFirst | Why::BetweenSchedules => WhyHole::BetweenSchedules,
        },
        intervals: None,
    }));
    holes
}
