//! What an instance waits for, and what it does not wait for, in words: the same in `status`, `run --dry-run`, `simulate`
//! and `test`.

use jiff::tz::TimeZone;
use serde_json::Value as Json;
use serde_json::json;

use super::paint::counted;
use super::status::interval_text;
use super::status::moment;
use super::status::span_text;
use crate::engine::Engine;
use crate::engine::InstanceKey;
use crate::engine::NotNeeded;
use crate::engine::NotWaitedFor;
use crate::engine::Records;
use crate::engine::Status;
use crate::engine::Used;
use crate::engine::Wait;
use crate::engine::Which;
use crate::objects::Address;
use crate::runtime::Holds;
use crate::runtime::SerialDefinition;
use crate::store::Holder;
use crate::time::Interval;
use crate::time::Why;

/// The zone of each object's schedule.
pub(crate) type ZoneOf<'a> = &'a dyn Fn(&Address) -> TimeZone;

/// How far a chain of things that wait for each other is followed.
const DEPTH: usize = 8;

/// One thing that is waited for, and why that does not come: the end of the chain of what waits for what.
pub(crate) struct Line {
    pub(crate) text: String,
    pub(crate) because: Option<String>,
    /// The instance, if it is one.
    instance: Option<(Address, Interval, Option<Status>)>,
}

impl Line {
    /// For machines.
    pub(crate) fn json(&self) -> Json {
        let mut json = json!({ "what": self.text, "because": self.because });
        if let Some((object, interval, status)) = &self.instance {
            json["address"] = json!(object);
            json["scheduled_start"] = json!(interval.start);
            json["scheduled_end"] = json!(interval.end);
            json["status"] = json!(status.map(Status::as_str));
        }
        json
    }
}

/// What is not waited for, and why.
pub(crate) struct Passed {
    pub(crate) text: String,
    object: Address,
    interval: Interval,
    why: &'static str,
}

impl Passed {
    /// For machines.
    pub(crate) fn json(&self) -> Json {
        json!({
            "what": self.text,
            "address": self.object,
            "from": self.interval.start,
            "to": self.interval.end,
            "why": self.why,
        })
    }
}

/// What an instance that has finished had of one of its inputs.
pub(crate) struct UsedLine {
    pub(crate) text: String,
    object: Address,
    span: Option<Interval>,
    which: &'static str,
}

impl UsedLine {
    /// For machines.
    pub(crate) fn json(&self) -> Json {
        json!({
            "what": self.text,
            "address": self.object,
            "from": self.span.map(|span| span.start),
            "to": self.span.map(|span| span.end),
            "which": self.which,
        })
    }
}

/// Names things as they are called in one pipeline.
pub(crate) struct Namer<'a> {
    zone: ZoneOf<'a>,
    /// Whether it is applied; in a rehearsal nothing is.
    is_applied: bool,
    /// What holds objects that are not active.
    holds: Holds<'a>,
    /// Its name is left out of addresses.
    pipeline: Option<&'a Address>,
    /// Who runs.
    runner: Option<&'a Holder>,
}

impl<'a> Namer<'a> {
    /// With full addresses.
    pub(crate) fn rehearsed(zone: ZoneOf<'a>, holds: Holds<'a>) -> Self {
        Self {
            zone,
            is_applied: false,
            holds,
            pipeline: None,
            runner: None,
        }
    }

    /// For what is said about an object.
    pub(crate) fn applied(
        zone: ZoneOf<'a>,
        definition: &'a SerialDefinition,
        object: &Address,
        runner: Option<&'a Holder>,
    ) -> Self {
        let object = definition.objects.get(object);
        Self {
            zone,
            is_applied: true,
            holds: definition.holds(),
            pipeline: object.and_then(|object| object.pipeline.as_ref()),
            runner,
        }
    }

    /// The first things that an instance waits for, and why they do not come; and how many more there are.
    pub(crate) fn waits(
        &self,
        engine: &Engine,
        key: &InstanceKey,
        limit: usize,
    ) -> (Vec<Line>, usize) {
        let line = |wait: Wait| Line {
            text: self.text(&wait, &key.object),
            because: self.cause(engine, &wait),
            instance: match wait {
                Wait::Instance { key, status, .. } => {
                    Some((key.object, key.interval, Some(status)))
                }
                Wait::NotDue {
                    object, interval, ..
                } => Some((object, interval, None)),
                _ => None,
            },
        };
        let mut waits = engine.waits(key);
        let lines = waits.by_ref().take(limit).map(line).collect();
        (lines, waits.count())
    }

    /// What an instance does not wait for, although its interval or window covers it.
    pub(crate) fn not_waited_for(
        &self,
        engine: &Engine,
        key: &InstanceKey,
        records: Option<&Records>,
    ) -> Vec<Passed> {
        let passed = |passed: NotWaitedFor| {
            let (why, because) = match passed.why {
                NotNeeded::None(why) => gap(why),
                NotNeeded::NotDueThen => ("not_due", "not due yet when this was triggered"),
                NotNeeded::Older => ("older", "older than the latest"),
                NotNeeded::PassedOver => ("passed_over", "passed over by `catch_up`"),
                NotNeeded::NoRun => ("no_run", "on demand, and no run of it to wait for"),
                NotNeeded::Later => ("later", "came after this had started"),
            };
            let span = span_text(passed.interval, &(self.zone)(&passed.object));
            Passed {
                text: format!("{} {span}: {because}", self.short(&passed.object)),
                object: passed.object,
                interval: passed.interval,
                why,
            }
        };
        let found = engine.not_waited_for(key, records).into_iter();
        found.map(passed).collect()
    }

    /// What an instance that has finished had.
    pub(crate) fn used(
        &self,
        engine: &Engine,
        key: &InstanceKey,
        records: Option<&Records>,
    ) -> Vec<UsedLine> {
        let line = |used: Used| {
            let name = self.short(&used.object);
            let text = |span| span_text(span, &(self.zone)(&used.object));
            let (text, span, which) = match used.which {
                Which::All(span) => (format!("{name} {}", text(span)), Some(span), "all"),
                Which::Finished(span) => (
                    format!("what had finished of {name} {}", text(span)),
                    Some(span),
                    "finished",
                ),
                Which::Latest => (format!("the latest of {name}"), None, "latest"),
            };
            UsedLine {
                text,
                object: used.object,
                span,
                which,
            }
        };
        engine.used(key, records).into_iter().map(line).collect()
    }

    /// Follows what an instance waits for to what that waits for, and so on, to the end.
    fn cause(&self, engine: &Engine, wait: &Wait) -> Option<String> {
        let Wait::Instance { key, .. } = wait else {
            return None;
        };
        let mut last = key.clone();
        for _ in 0..DEPTH {
            match engine.waits(&last).next()? {
                Wait::Instance {
                    key: next, status, ..
                } if !status.is_unsuccessful() => last = next,
                first => {
                    let (what, which) = (self.named(&last.object, last.interval), &last.object);
                    return Some(format!("{what} waits for {}", self.text(&first, which)));
                }
            }
        }
        None
    }

    fn named(&self, object: &Address, interval: Interval) -> String {
        let interval = interval_text(interval, &(self.zone)(object));
        format!("{} {interval}", self.short(object))
    }

    /// An address without the pipeline that it shares with the instance.
    fn short<'b>(&self, object: &'b Address) -> &'b str {
        self.pipeline
            .and_then(|pipeline| object.as_str().strip_prefix(pipeline.as_str()))
            .and_then(|rest| rest.strip_prefix('.'))
            .unwrap_or(object.as_str())
    }

    /// One thing that `owner` waits for, by name and interval.
    pub(crate) fn text(&self, wait: &Wait, owner: &Address) -> String {
        let at = |time| moment(time, &(self.zone)(owner));
        match wait {
            Wait::Instance {
                key,
                status,
                reason,
            } => {
                let name = self.named(&key.object, key.interval);
                match reason {
                    Some(reason) if status.is_unsuccessful() => {
                        format!("{name}, which is {status}: {reason}")
                    }
                    _ => format!("{name} ({status})"),
                }
            }
            Wait::NotDue {
                object,
                interval,
                due,
                held,
            } => {
                let name = self.named(object, *interval);
                match self.held(object).filter(|_| *held) {
                    Some((level, how)) => format!("{name}, which is not made: {level} {how}"),
                    None if *held => format!("{name}, which is not made: it is not active"),
                    None => format!("{name} (due {})", moment(*due, &(self.zone)(object))),
                }
            }
            Wait::First { object } => {
                format!("the first finished interval of {}", self.short(object))
            }
            Wait::Preconditions { reason, next_check } => {
                let unchecked = "its preconditions, which have not been checked yet";
                let reason = reason.as_deref().unwrap_or(unchecked);
                match next_check {
                    Some(time) => format!("{reason} (checked again {})", at(*time)),
                    None => reason.to_owned(),
                }
            }
            Wait::Retry { until, reason } => {
                let reason = reason.as_ref().map(|reason| format!(": {reason}"));
                let reason = reason.unwrap_or_default();
                format!("its next attempt, at {}{reason}", at(*until))
            }
            Wait::OwnPlace { most } => {
                let attempts = counted(u64::from(*most), "attempt", "attempts");
                format!("a place: {attempts} of it may run at once (`max_active_instances`)")
            }
            Wait::Place => self.place(),
            Wait::Pool { pool } => format!("slots of {}", self.short(pool)),
            Wait::Inactive => match self.held(owner) {
                Some((level, how)) => format!("{level}, which {how}"),
                None => "its pipeline or itself to be active".to_owned(),
            },
        }
    }

    fn place(&self) -> String {
        match self.runner {
            _ if !self.is_applied => "a free place".to_owned(),
            None => "a runner: `pipeform run` starts it".to_owned(),
            Some(runner) => format!(
                "its turn: the runner of {} (process {}) is at work",
                runner.who, runner.process
            ),
        }
    }

    /// What holds an object that is not active, and how: `pipeline.work`, `is paused by maria@laptop since …`.
    fn held(&self, object: &Address) -> Option<(&str, String)> {
        let (level, paused) = self.holds.of(object)?;
        let how = match paused {
            Some(paused) => format!(
                "is paused by {} since {} (`pipeform resume {level}`)",
                paused.who,
                moment(paused.since, &(self.zone)(object))
            ),
            None => "has `active = false`".to_owned(),
        };
        Some((self.short(level), how))
    }
}

/// Why nothing is waited for, for machines and for people.
pub(crate) fn gap(why: Why) -> (&'static str, &'static str) {
    match why {
        Why::BeforeFirst => ("before_first", "before its first interval"),
        Why::AfterLast => ("after_last", "after its last interval"),
        Why::BetweenSchedules => (
            "between_schedules",
            "between its old schedule and its new one",
        ),
        Why::Excluded => ("excluded", "excluded by its calendar"),
    }
}
