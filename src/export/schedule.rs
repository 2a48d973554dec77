//! Schedules: periods from a start, in UTC.
//!
//! Ours have patterns, zones and calendars besides. What comes to the same intervals is written; whether it does is seen by
//! comparing them one by one over some years.

use jiff::Span;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::notes;
use super::objects::Writer;
use super::objects::set;
use super::periods::counted;
use super::spelled;
use crate::import::definition::FieldValue;
use crate::import::definition::Object as Exported;
use crate::lang::Value;
use crate::objects::AttributeSchema;
use crate::objects::Kind;
use crate::objects::Object;
use crate::objects::schedule_of;
use crate::time::Interval;
use crate::time::Period;
use crate::time::Schedule;

/// How many intervals of two schedules are compared: those of four years if they are days.
const COMPARED: usize = 1500;

/// Where a schedule is taken to begin that begins when it is activated.
const ACTIVATION: i64 = 1_767_225_600; // 2026-01-01

/// Whether an attribute is written by what is here.
pub(super) fn is_of_it(object: &Object, schema: &AttributeSchema) -> bool {
    match object.kind() {
        Kind::Schedule => schema.name != "description",
        Kind::Pipeline => schema.name == "due",
        _ => false,
    }
}

fn text(value: &str) -> FieldValue {
    FieldValue::Text(value.to_owned())
}

/// What `Default` says of when things are due.
pub(super) fn of_pipeline(writer: &mut Writer<'_, '_>, exported: &mut Exported) {
    let pipeline = writer.index.pipeline;
    let has_own = |object: &&&Object| object.get("schedule").is_some();
    let members = &writer.index.members;
    if pipeline.get("schedule").is_some() {
        set(exported, "scheduleType", text(word(writer, pipeline)));
        return;
    }
    if members.iter().filter(has_own).count() == 0 {
        set(exported, "scheduleType", text("ondemand"));
        return;
    }
    if let Some(Value::String(due)) = pipeline.get("due") {
        set(exported, "scheduleType", text(spelled(due)));
    }
    let beside = members
        .iter()
        .filter(|member| member.kind() == Kind::Activity && member.get("schedule").is_none());
    for member in beside.copied().collect::<Vec<_>>() {
        let finding = notes::unscheduled(member, writer.place(member, None));
        writer.say(finding);
    }
}

/// When an object with a schedule of its own is due, if `Default` says otherwise.
pub(super) fn due(writer: &Writer<'_, '_>, object: &Object, exported: &mut Exported) {
    let pipeline = writer.index.pipeline;
    let says = object.get("due").is_some();
    if says || object.get("schedule").is_none() || object.kind() == Kind::Resource {
        return;
    }
    let own = word(writer, object);
    let of_pipeline = pipeline.get("schedule").or(pipeline.get("due"));
    if of_pipeline.is_none() || word(writer, pipeline) != own {
        set(exported, "scheduleType", text(own));
    }
}

/// The type of schedule that an object goes by: its own, its pipeline's, its schedule's.
fn word(writer: &Writer<'_, '_>, object: &Object) -> &'static str {
    let schedule = writer.index.schedule(object);
    let said = object
        .get("due")
        .or_else(|| writer.index.pipeline.get("due"));
    match said.or_else(|| schedule?.get("due")) {
        Some(Value::String(due)) => spelled(due),
        _ => "timeseries",
    }
}

fn spelled(due: &str) -> &'static str {
    if due == "start" { "cron" } else { "timeseries" }
}

/// The fields of a schedule.
pub(super) fn intervals(writer: &mut Writer<'_, '_>, object: &Object, exported: &mut Exported) {
    let place = writer.place(object, None);
    let symbols = ["every", "start", "end", "occurrences"];
    let known = writer.index.source.values;
    let known = known.and_then(|values| values.get(&object.address));
    let has_symbols = symbols
        .iter()
        .any(|name| object.get(name).is_some_and(Value::has_deferred));
    let zone = object
        .get("timezone")
        .is_some_and(|zone| *zone != Value::string("UTC"));
    let odd = zone || object.get("cron").is_some() || object.get("calendar").is_some();
    if has_symbols && !odd {
        of_parameters(writer, object, exported);
        return;
    }
    let object = if has_symbols {
        known.unwrap_or(object)
    } else {
        object
    };
    match of_values(writer, object) {
        Ok(fields) => {
            for (key, value) in fields {
                set(exported, key, FieldValue::Text(value));
            }
        }
        Err(why) => writer.say(notes::schedule(object, &why, place)),
    }
}

/// A schedule whose numbers are parameters.
fn of_parameters(writer: &mut Writer<'_, '_>, object: &Object, exported: &mut Exported) {
    let fields = [
        ("every", "period"),
        ("start", "startDateTime"),
        ("end", "endDateTime"),
        ("occurrences", "occurrences"),
    ];
    for (attribute, field) in fields {
        let written = match object.get(attribute) {
            None if attribute == "start" => {
                set(exported, "startAt", text("FIRST_ACTIVATION_DATE_TIME"));
                continue;
            }
            None => continue,
            Some(value @ Value::Deferred(_)) => {
                let schema = object.object_type.attribute(attribute);
                let theirs = schema.and_then(|schema| spelled::as_theirs(schema, value));
                writer.formula(object, field, theirs.as_ref().unwrap_or(value))
            }
            Some(Value::String(text)) if field.ends_with("Time") => {
                Ok(utc(text).unwrap_or_else(|| text.to_string()))
            }
            Some(known) => super::formula::known_text(known),
        };
        match written {
            Ok(written) => set(exported, field, FieldValue::Text(written)),
            Err(why) => {
                let place = writer.place(object, Some(attribute));
                writer.say(notes::untranslated(object, attribute, &why, place));
            }
        }
    }
}

/// A moment that is written out, in UTC.
fn utc(text: &str) -> Option<String> {
    let moment = crate::time::parse_moment(text).ok()?;
    moment.timestamp(&TimeZone::UTC).ok().map(written)
}

/// A moment as the service writes it.
fn written(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC)
        .strftime("%Y-%m-%dT%H:%M:%S")
        .to_string()
}

/// The fields of a schedule that is known, or why it has none.
fn of_values(
    writer: &Writer<'_, '_>,
    object: &Object,
) -> Result<Vec<(&'static str, String)>, String> {
    if object.get("calendar").is_some() {
        return Err("the service knows no calendar, and runs on all days".to_owned());
    }
    let activation = Timestamp::from_second(ACTIVATION).unwrap_or_default();
    let schedule = schedule_of(writer.index.source.objects, object, activation);
    let schedule = schedule.map_err(|error| error.to_string())?;
    let first = schedule
        .first_interval()
        .ok_or_else(|| "it has no interval".to_owned())?;
    let period = period(object, &schedule, first)?;
    let mut fields = vec![("period", period)];
    match object.get("start") {
        Some(_) => fields.push(("startDateTime", written(first.start))),
        None if object.get("cron").is_some() => {
            return Err(
                "its pattern says when it begins, and the service begins when it is activated; say `start`"
                    .to_owned(),
            );
        }
        None => fields.push(("startAt", "FIRST_ACTIVATION_DATE_TIME".to_owned())),
    }
    let zone = schedule.timezone();
    match (object.get("end"), object.get("occurrences")) {
        (Some(Value::String(end)), _) => {
            let end = crate::time::parse_moment(end).map_err(|error| error.to_string())?;
            let end = end.timestamp(zone).map_err(|error| error.to_string())?;
            fields.push(("endDateTime", written(end)));
        }
        (_, Some(Value::Number(count))) => fields.push(("occurrences", count.to_string())),
        _ => {}
    }
    Ok(fields)
}

/// The period whose intervals in UTC are those of the schedule.
fn period(object: &Object, schedule: &Schedule, first: Interval) -> Result<String, String> {
    let mut starts: Vec<Timestamp> = Vec::new();
    let mut next = Some(first);
    while let Some(interval) = next.filter(|_| starts.len() < COMPARED) {
        starts.push(interval.start);
        next = schedule.next_from(interval.end);
    }
    let last_end = starts.last().and_then(|start| schedule.interval_at(*start));
    starts.extend(last_end.map(|interval| interval.end));
    let every = match object.get("every") {
        Some(Value::String(every)) => Some(every.to_string()),
        _ => None,
    };
    let second = starts.get(1).copied().unwrap_or(first.end);
    let seconds = second.duration_since(first.start).as_secs();
    let constant = (seconds % 60 == 0).then(|| counted(seconds / 60));
    let months = (1..=12).map(|number| match number {
        12 => "1 year".to_owned(),
        1 => "1 month".to_owned(),
        number => format!("{number} months"),
    });
    let candidates = every.into_iter().chain(constant).chain(months);
    candidates
        .into_iter()
        .find(|period| is_same(period, &starts))
        .ok_or_else(|| {
            let what = if object.get("cron").is_some() {
                "the service has no patterns, and no period in UTC gives the same intervals"
            } else {
                "the service counts in UTC, and days of another zone begin at another hour in summer"
            };
            what.to_owned()
        })
}

/// Whether a period in UTC has intervals that start then.
fn is_same(period: &str, starts: &[Timestamp]) -> bool {
    let (Some(first), Ok(period)) = (starts.first(), Period::parse(period)) else {
        return false;
    };
    let anchor = first.to_zoned(TimeZone::UTC);
    starts.iter().enumerate().all(|(number, start)| {
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        let times = |unit: u32| i64::from(unit).saturating_mul(number);
        let span = match period {
            Period::Minutes(minutes) => Span::new().try_minutes(times(minutes)),
            Period::Days(days) => Span::new().try_days(times(days)),
            Period::Months(months) => Span::new().try_months(times(months)),
        };
        let expected = span.and_then(|span| anchor.checked_add(span));
        expected.is_ok_and(|expected| expected.timestamp() == *start)
    })
}
