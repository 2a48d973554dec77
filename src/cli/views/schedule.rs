//! The intervals of schedules, as tables.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value as Json;
use serde_json::json;

use super::Look;
use super::clock;
use super::status::moment;
use crate::objects::Address;
use crate::time::Due;
use crate::time::Exclusion;
use crate::time::Interval;
use crate::time::Schedule;
use crate::time::Slot;
use crate::time::Timeline;
use crate::time::WhenExcluded;
use crate::time::Why;

/// One schedule, the objects that have it, and some of its intervals.
pub(crate) struct Section {
    /// The address of the schedule; `None`: on demand.
    pub(crate) address: Option<Address>,
    /// The objects that were asked for.
    pub(crate) objects: Vec<Address>,
    /// The schedule; `None`: on demand.
    pub(crate) schedule: Option<Timeline>,
    /// The address of its calendar.
    pub(crate) calendar: Option<Address>,
    /// Whether instances are made.
    pub(crate) active: bool,
    /// Whether it begins with the first apply, which has not been yet.
    pub(crate) begins_when_applied: bool,
    /// The intervals, oldest first.
    pub(crate) slots: Vec<Slot>,
    /// What lies between the intervals of two schedules, as far as it is near those: it has none.
    pub(crate) holes: Vec<Interval>,
    /// How many of them lie before the time that was asked for.
    pub(crate) before: usize,
    /// Whether there are none from that time on.
    pub(crate) ends: bool,
}

impl Section {
    /// Whether another has the same to say.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.address == other.address
            && self.schedule == other.schedule
            && self.active == other.active
            && self.begins_when_applied == other.begins_when_applied
    }

    /// Takes the intervals around a moment.
    pub(crate) fn fill(&mut self, from: Timestamp, next: u32, previous: u32) {
        let Some(schedule) = &self.schedule else {
            return;
        };
        let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        let first = schedule.slots(from).next();
        let border = first.map_or(from, |first| first.interval.start.min(from));
        self.slots = schedule
            .slots_before(border)
            .take(count(previous))
            .collect();
        self.slots.reverse();
        self.before = self.slots.len();
        self.slots.extend(schedule.slots(from).take(count(next)));
        self.ends = first.is_none();
        self.holes = self.holes_between(schedule);
    }

    fn holes_between(&self, schedule: &Timeline) -> Vec<Interval> {
        let (Some(first), Some(last)) = (self.slots.first(), self.slots.last()) else {
            return Vec::new();
        };
        let start = first.interval.start;
        let before = schedule.slots_before(start).next();
        let span = Interval {
            start: before.map_or(start, |before| before.interval.end),
            end: last.interval.end,
        };
        let gaps = schedule.gaps(span).into_iter();
        gaps.filter(|gap| gap.why == Why::BetweenSchedules)
            .map(|gap| gap.interval)
            .collect()
    }

    /// Why there is nothing to come, or not what one might expect.
    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let Some(schedule) = &self.schedule else {
            notes.push(
                "It has no schedule and runs on demand: `pipeform trigger` makes a run of it."
                    .to_owned(),
            );
            return notes;
        };
        if !self.active {
            notes.push("It is not active: no instances are made.".to_owned());
        }
        if self.begins_when_applied {
            notes.push(
                "It has no `start` and begins when its pipeline is first applied; this is as if that was now."
                    .to_owned(),
            );
        }
        if self.ends {
            notes.push(match schedule.last_interval() {
                Some(last) => format!(
                    "It has ended: its last interval was that from {} to {}.",
                    moment(last.start, schedule.timezone()),
                    moment(last.end, schedule.timezone())
                ),
                None => "It has no interval from then on.".to_owned(),
            });
        }
        notes
    }

    fn reason(&self) -> Option<&'static str> {
        if self.schedule.is_none() {
            Some("on_demand")
        } else if !self.active {
            Some("not_active")
        } else if self.ends {
            Some("ended")
        } else {
            None
        }
    }
}

/// For people.
pub(crate) fn human(sections: &[Section], look: Look) -> String {
    let parts: Vec<String> = sections.iter().map(|section| one(section, look)).collect();
    parts.join("\n")
}

fn one(section: &Section, look: Look) -> String {
    let names: Vec<&str> = section.objects.iter().map(Address::as_str).collect();
    let mut out = match (&section.address, &section.schedule) {
        (Some(address), Some(schedule)) => {
            format!(
                "{}: {}\n",
                look.bold(address.as_str()),
                says(schedule.current(), section)
            )
        }
        _ => format!("{}\n", look.bold(&names.join(", "))),
    };
    if section.schedule.is_some() && !names.is_empty() {
        out.push_str(&look.wrapped(0, 0, &format!("of {}", names.join(", "))));
        out.push('\n');
    }
    for note in section.notes() {
        out.push_str(&look.wrapped(0, 0, &note));
        out.push('\n');
    }
    let Some(schedule) = section
        .schedule
        .as_ref()
        .filter(|_| !section.slots.is_empty())
    else {
        return out;
    };
    out.push('\n');
    out.push_str(&table(schedule, section));
    out
}

/// A schedule in a line.
fn says(schedule: &Schedule, section: &Section) -> String {
    let mut parts = Vec::new();
    if let Some(every) = schedule.every() {
        parts.push(format!("every {every}"));
    }
    if let Some(cron) = schedule.cron() {
        parts.push(format!("cron \"{cron}\" ({})", cron.describe()));
    }
    parts.push(zone_name(schedule.timezone()).to_owned());
    parts.push(match schedule.due() {
        Due::End => "due at the end".to_owned(),
        Due::Start => "due at the start".to_owned(),
    });
    if let (Some(calendar), Some((_, when))) = (&section.calendar, schedule.calendar()) {
        parts.push(match when {
            WhenExcluded::Skip => format!("without days of {calendar}"),
            WhenExcluded::Next => format!("on the next day not in {calendar}"),
            WhenExcluded::Previous => format!("on the last day not in {calendar}"),
        });
    }
    parts.join(", ")
}

fn table(schedule: &Timeline, section: &Section) -> String {
    let slots = &section.slots;
    let mut holes = section.holes.iter().peekable();
    let zone = schedule.timezone();
    let in_utc = slots.iter().all(|slot| {
        let times = [slot.interval.start, slot.interval.end, slot.due];
        times.iter().all(|at| zone.to_offset(*at).is_zero())
    });
    let mut rows = vec![vec!["START".to_owned(), "END".to_owned(), "DUE".to_owned()]];
    if !in_utc {
        rows[0].push("DUE, UTC".to_owned());
    }
    rows[0].push(String::new());
    for slot in slots {
        while let Some(hole) = holes.next_if(|hole| hole.start < slot.interval.start) {
            let mut row = vec![moment(hole.start, zone), moment(hole.end, zone)];
            row.resize(rows[0].len() - 1, "-".to_owned());
            row.push("no intervals: between the old schedule and the new one".to_owned());
            rows.push(row);
        }
        let due = |zone: &TimeZone| {
            if slot.has_instance {
                moment(slot.due, zone)
            } else {
                "-".to_owned()
            }
        };
        let (start, end) = (slot.interval.start, slot.interval.end);
        let mut row = vec![moment(start, zone), moment(end, zone), due(zone)];
        if !in_utc {
            row.push(due(&TimeZone::UTC));
        }
        row.push(remarks(slot, schedule).join(", "));
        rows.push(row);
    }
    let widths: Vec<usize> = (0..rows[0].len())
        .map(|column| {
            let lengths = rows.iter().map(|row| row[column].chars().count());
            lengths.max().unwrap_or(0)
        })
        .collect();
    let mut out = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths);
        let line: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        out.extend(["  ", line.join("  ").trim_end(), "\n"]);
    }
    out
}

/// What is unusual about an interval.
fn remarks(slot: &Slot, schedule: &Timeline) -> Vec<String> {
    let zone = schedule.timezone();
    let mut remarks = Vec::new();
    if let Some(excluded) = slot.excluded {
        let why = why(excluded);
        remarks.push(if slot.has_instance {
            format!("moved from {}: {why}", moment(slot.regular_due, zone))
        } else {
            format!("excluded: {why}")
        });
    }
    if schedule.changes_at(slot.interval.start) {
        remarks.push("the schedule changes here".to_owned());
    }
    let seconds = clock::change_within(slot.interval, zone);
    if seconds != 0 {
        remarks.push(format!("the clock is put {}", clock::put(seconds)));
    }
    remarks
}

fn why(excluded: Exclusion) -> String {
    match excluded {
        Exclusion::Weekday(weekday) => format!("{weekday:?}"),
        Exclusion::Date(date) => date.to_string(),
    }
}

fn zone_name(zone: &TimeZone) -> &str {
    zone.iana_name().unwrap_or("UTC")
}

/// For machines.
pub(crate) fn json(sections: &[Section]) -> String {
    let sections: Vec<Json> = sections.iter().map(section_json).collect();
    let whole = json!({ "format_version": "1.0", "schedules": sections });
    format!("{whole}\n")
}

fn section_json(section: &Section) -> Json {
    let timeline = section.schedule.as_ref();
    let schedule = timeline.map(Timeline::current);
    let zone = schedule.map(|schedule| schedule.timezone().clone());
    let when = schedule.and_then(|schedule| Some(schedule.calendar()?.1));
    let intervals: Vec<Json> = match (timeline, &zone) {
        (Some(schedule), Some(zone)) => section
            .slots
            .iter()
            .map(|slot| slot_json(slot, schedule, zone))
            .collect(),
        _ => Vec::new(),
    };
    json!({
        "address": section.address,
        "objects": section.objects,
        "every": schedule.and_then(Schedule::every).map(|every| every.to_string()),
        "cron": schedule.and_then(Schedule::cron).map(ToString::to_string),
        "timezone": zone.as_ref().map(zone_name),
        "due": schedule.map(|schedule| match schedule.due() {
            Due::End => "end",
            Due::Start => "start",
        }),
        "calendar": section.calendar,
        "when_excluded": when.map(WhenExcluded::as_str),
        "active": section.active,
        "nothing_because": section.reason(),
        "intervals": intervals,
        "holes": section.holes.iter().map(|hole| json!({ "start": hole.start, "end": hole.end })).collect::<Vec<_>>(),
    })
}

fn slot_json(slot: &Slot, schedule: &Timeline, zone: &TimeZone) -> Json {
    let local = |at: Timestamp| {
        at.to_zoned(zone.clone())
            .strftime("%Y-%m-%dT%H:%M:%S%:z")
            .to_string()
    };
    json!({
        "start": slot.interval.start,
        "end": slot.interval.end,
        "due": slot.due,
        "start_local": local(slot.interval.start),
        "end_local": local(slot.interval.end),
        "due_local": local(slot.due),
        "has_instance": slot.has_instance,
        "excluded": slot.excluded.map(why),
        "regular_due": slot.regular_due,
        "begins_schedule": schedule.changes_at(slot.interval.start),
    })
}
