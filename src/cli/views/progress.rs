//! What happens in a run, while it happens: bars on a terminal, plain lines elsewhere, JSON for machines.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use indicatif::MultiProgress;
use indicatif::ProgressBar;
use indicatif::ProgressStyle;
use jiff::tz::TimeZone;
use serde_json::Value as Json;
use serde_json::json;

use super::Look;
use super::history::took;
use super::status::interval_text;
use super::status::moment;
use crate::cli::terminal;
use crate::clock::Clock;
use crate::engine::InstanceKey;
use crate::engine::Status;
use crate::runtime::Notice;
use crate::runtime::Observer;
use crate::runtime::SerialDefinition;
use crate::runtime::Summary;

/// One line for each thing that happened.
pub(crate) struct Lines {
    look: Look,
    /// The newest definition that was told of: it knows the time zones that intervals are shown in.
    definition: Option<Arc<SerialDefinition>>,
}

impl Lines {
    /// Lines for a log.
    pub(crate) fn new(look: Look) -> Self {
        let definition = None;
        Self { look, definition }
    }

    fn name(&self, key: &InstanceKey) -> String {
        let definition = self.definition.as_ref();
        let zone = definition.map_or(TimeZone::UTC, |definition| {
            definition.timetable.timezone_of(&key.object, key.interval)
        });
        format!("{} {}", key.object, interval_text(key.interval, &zone))
    }

    /// The line for a notice, if it is worth one.
    fn line(&self, notice: &Notice) -> Option<String> {
        Some(match notice {
            Notice::Started { key, attempt: 1 } => format!("{}: started", self.name(key)),
            Notice::Started { key, attempt } => {
                format!("{}: attempt {attempt} started", self.name(key))
            }
            Notice::Progress { .. } => return None,
            Notice::Says { key, text } => format!("{}: {text}", self.name(key)),
            Notice::Retrying {
                key,
                attempt,
                error,
                at,
            } => format!(
                "{}: attempt {attempt} failed, next one at {}: {}",
                self.name(key),
                moment(*at, &TimeZone::UTC),
                indented(error)
            ),
            Notice::Stopped {
                key,
                attempt,
                reason,
            } => format!(
                "{}: attempt {attempt} stopped: {}",
                self.name(key),
                indented(reason)
            ),
            Notice::Ended {
                key,
                status: Status::Finished,
                reason: None,
                started_at,
                ended_at,
                moved,
                ..
            } => {
                let took = took(*started_at, Some(*ended_at));
                let moved = moved.map_or(String::new(), |moved| format!(": {moved}"));
                format!("{}: finished in {took}{moved}", self.name(key))
            }
            Notice::Ended {
                key,
                status,
                attempts,
                reason,
                ..
            } => {
                let reason = reason
                    .as_ref()
                    .map(|reason| format!(": {}", indented(reason)))
                    .unwrap_or_default();
                let attempts = match attempts {
                    0 | 1 => String::new(),
                    number => format!(" after {number} attempts"),
                };
                let status = self.look.bold(status.as_str());
                format!("{}: {status}{attempts}{reason}", self.name(key))
            }
            Notice::NotYet { key, reason } => format!("{}: not yet: {reason}", self.name(key)),
            Notice::Late { key, reason } => format!("{}: late: {reason}", self.name(key)),
            Notice::Acted {
                action,
                key,
                error: None,
            } => format!("{}: {action} done", self.name(key)),
            Notice::Acted {
                action,
                key,
                error: Some(error),
            } => format!("{}: {action} failed: {}", self.name(key), indented(error)),
            Notice::Warning(text) => text.clone(),
        })
    }
}

impl Observer for Lines {
    fn notice(&mut self, notice: &Notice) {
        if let Some(line) = self.line(notice) {
            terminal::print(&format!("{line}\n"));
        }
    }

    fn defined(&mut self, definition: &Arc<SerialDefinition>) {
        self.definition = Some(definition.clone());
    }
}

/// A bar for each attempt that is under way; lines for what has ended.
pub(crate) struct Bars {
    lines: Lines,
    all: MultiProgress,
    running: BTreeMap<InstanceKey, ProgressBar>,
}

impl Bars {
    /// Bars on the terminal.
    pub(crate) fn new(look: Look) -> Self {
        Self {
            lines: Lines::new(look),
            all: MultiProgress::new(),
            running: BTreeMap::new(),
        }
    }

    fn start(&mut self, key: &InstanceKey) {
        let bar = self.all.add(ProgressBar::new_spinner());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {elapsed} {msg}") {
            bar.set_style(style);
        }
        bar.set_prefix(self.lines.name(key));
        bar.enable_steady_tick(Duration::from_millis(100));
        self.running.insert(key.clone(), bar);
    }

    fn end(&mut self, key: &InstanceKey) {
        if let Some(bar) = self.running.remove(key) {
            bar.finish_and_clear();
        }
    }
}

impl Observer for Bars {
    fn notice(&mut self, notice: &Notice) {
        match notice {
            Notice::Started { key, .. } => {
                self.start(key);
                return;
            }
            Notice::Progress { key, moved } => {
                if let Some(bar) = self.running.get(key) {
                    bar.set_message(moved.to_string());
                }
                return;
            }
            Notice::Says { key, text } => {
                if let Some(bar) = self.running.get(key) {
                    bar.set_message(text.to_string());
                }
                return;
            }
            Notice::Ended { key, .. }
            | Notice::Retrying { key, .. }
            | Notice::Stopped { key, .. } => self.end(key),
            _ => {}
        }
        if let Some(line) = self.lines.line(notice) {
            drop(self.all.println(line));
        }
    }

    fn defined(&mut self, definition: &Arc<SerialDefinition>) {
        self.lines.defined(definition);
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        drop(self.all.clear());
    }
}

/// One JSON object for each thing that happened.
pub(crate) struct JsonLines {
    clock: Clock,
}

impl JsonLines {
    /// Events stamped by a clock.
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock }
    }

    /// The last line.
    pub(crate) fn summary(summary: &Summary, clock: Clock) -> String {
        let line = json!({
            "@timestamp": clock.now(),
            "type": "run_summary",
            "finished": summary.finished,
            "failed": summary.failed,
            "cascade_failed": summary.cascade_failed,
            "waiting": summary.waiting,
            "actions_owed": summary.owed,
            "interrupted": summary.interrupted,
        });
        format!("{line}\n")
    }

    fn event(notice: &Notice) -> (&'static str, Json) {
        match notice {
            Notice::Started { key, attempt } => {
                ("attempt_started", with(key, json!({ "attempt": attempt })))
            }
            Notice::Progress { key, moved } => (
                "attempt_progress",
                with(
                    key,
                    json!({ "rows": moved.rows.unwrap_or_default(), "bytes": moved.bytes }),
                ),
            ),
            Notice::Says { key, text } => ("attempt_says", with(key, json!({ "text": &**text }))),
            Notice::Retrying {
                key,
                attempt,
                error,
                at,
            } => (
                "attempt_failed",
                with(
                    key,
                    json!({ "attempt": attempt, "error": error, "next_attempt_at": at }),
                ),
            ),
            Notice::Stopped {
                key,
                attempt,
                reason,
            } => (
                "attempt_stopped",
                with(key, json!({ "attempt": attempt, "reason": reason })),
            ),
            Notice::Ended {
                key,
                status,
                attempts,
                reason,
                started_at,
                ended_at,
                moved,
            } => (
                "instance_ended",
                with(
                    key,
                    json!({
                        "status": status.as_str(),
                        "attempts": attempts,
                        "reason": reason,
                        "started_at": started_at,
                        "ended_at": ended_at,
                        "rows": moved.and_then(|moved| moved.rows),
                        "bytes": moved.map(|moved| moved.bytes),
                    }),
                ),
            ),
            Notice::NotYet { key, reason } => (
                "precondition_not_met",
                with(key, json!({ "reason": reason })),
            ),
            Notice::Late { key, reason } => ("late", with(key, json!({ "reason": reason }))),
            Notice::Acted { action, key, error } => (
                "action_done",
                with(key, json!({ "action": action, "error": error })),
            ),
            Notice::Warning(text) => ("warning", json!({ "message": text })),
        }
    }
}

impl Observer for JsonLines {
    fn notice(&mut self, notice: &Notice) {
        let (name, body) = Self::event(notice);
        let mut line = json!({ "@timestamp": self.clock.now(), "type": name });
        if let (Json::Object(line), Json::Object(body)) = (&mut line, body) {
            line.extend(body);
        }
        terminal::print(&format!("{line}\n"));
    }
}

/// What a run came to.
pub(crate) fn closing(summary: &Summary, look: Look) -> String {
    let mut parts = vec![format!("{} finished", summary.finished)];
    parts.push(format!("{} failed", summary.failed));
    if summary.cascade_failed > 0 {
        let with = if summary.failed > 0 {
            "them"
        } else {
            "what failed before"
        };
        parts.push(format!("{} given up with {with}", summary.cascade_failed));
    }
    parts.push(format!("{} waiting", summary.waiting));
    let head = if summary.interrupted {
        "Run stopped:"
    } else {
        "Run complete:"
    };
    let mut out = format!("\n{} {}.\n", look.bold(head), parts.join(", "));
    let owed = match summary.owed {
        0 => String::new(),
        1 => "1 action is still owed: the next run takes it.\n".to_owned(),
        many => format!("{many} actions are still owed: the next run takes them.\n"),
    };
    out.push_str(&owed);
    if look.hints && summary.waiting > 0 {
        out.push_str("`pipeform status` says what they wait for.\n");
    }
    if look.hints && summary.failed > 0 {
        out.push_str("`pipeform logs ADDRESS` prints the log of an attempt.\n");
    }
    out
}

fn with(key: &InstanceKey, mut body: Json) -> Json {
    if let Json::Object(body) = &mut body {
        body.insert("address".to_owned(), json!(key.object));
        body.insert("scheduled_start".to_owned(), json!(key.interval.start));
        body.insert("scheduled_end".to_owned(), json!(key.interval.end));
    }
    body
}

fn indented(text: &str) -> String {
    text.trim_end().replace('\n', "\n    ")
}
