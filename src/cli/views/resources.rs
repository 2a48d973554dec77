//! What compute is alive, and why.

use jiff::tz::TimeZone;
use serde_json::Value as Json;
use serde_json::json;

use super::Look;
use super::paint::counted;
use super::status::interval_text;
use super::status::moment;
use crate::runtime::Alive;
use crate::runtime::Living;
use crate::runtime::Why;
use crate::store::Holder;

/// What was to be ended, and what went wrong: ids, and why.
pub(crate) type Reaped<'a> = (&'a [&'a Alive], &'a [(String, String)]);

/// What is shown.
pub(crate) struct View<'a> {
    /// What is alive.
    pub(crate) living: &'a Living,
    /// Who runs, if somebody does.
    pub(crate) runner: Option<&'a Holder>,
}

impl View<'_> {
    /// For people.
    pub(crate) fn human(&self, look: Look) -> String {
        let mut out = String::new();
        for one in &self.living.alive {
            let interval = interval(one);
            let id = one.id.as_deref().unwrap_or("no id yet");
            let resource = look.bold(&one.resource);
            let state = &one.state;
            out.extend([&resource, " ", &interval, ": ", id, ", ", state]);
            if let Some(at) = one.requested_at {
                out.extend([", asked for at ", &moment(at, &TimeZone::UTC)]);
            }
            out.push('\n');
            if let Some(reason) = &one.reason {
                out.extend(["  EMR says: ", &reason.replace('\n', "\n  "), "\n"]);
            }
            out.extend(["  ", &self.why(one), "\n"]);
        }
        if self.living.alive.is_empty() {
            out.push_str("Nothing is alive.\n");
        }
        for problem in &self.living.problems {
            out.extend([
                "\nEMR could not be asked, so that there may be more than the state knows: ",
                problem,
                ".\n",
            ]);
        }
        out
    }

    fn why(&self, one: &Alive) -> String {
        let users: Vec<String> = one
            .users
            .iter()
            .map(|(user, status)| format!("{user} ({status})"))
            .collect();
        match (one.why, self.runner) {
            (Why::Needed, Some(_)) => format!("needed by {}", users.join(", ")),
            (Why::Needed, None) => format!(
                "needed by {}, but there is no runner: the next `pipeform run` looks after it",
                users.join(", ")
            ),
            (Why::Unneeded, Some(_)) => "nothing needs it; the runner ends it".to_owned(),
            (Why::Unneeded, None) => {
                "nothing needs it, and there is no runner: the next `pipeform run`, or --reap, ends it".to_owned()
            }
            (Why::Stray, _) => {
                "a stray: it has the tags of this state, which knows nothing of it; --reap ends it"
                    .to_owned()
            }
        }
    }

    /// For machines.
    pub(crate) fn json(&self, reaped: Option<Reaped<'_>>) -> String {
        let alive: Vec<Json> = self.living.alive.iter().map(one_json).collect();
        let mut all = json!({
            "format_version": "1.0",
            "resources": alive,
            "problems": self.living.problems,
            "runner": self.runner.map(|runner| json!({ "who": runner.who, "process": runner.process })),
        });
        if let (Some((reaped, failed)), Some(all)) = (reaped, all.as_object_mut()) {
            let ended: Vec<&str> = ended(reaped, failed).collect();
            let failed: Vec<Json> = failed
                .iter()
                .map(|(id, error)| json!({ "id": id, "error": error }))
                .collect();
            all.insert("ended".to_owned(), json!(ended));
            all.insert("not_ended".to_owned(), json!(failed));
        }
        format!("{all:#}\n")
    }

    /// What was ended.
    pub(crate) fn reaped(reaped: &[&Alive], failed: &[(String, String)]) -> String {
        let ended: Vec<&str> = ended(reaped, failed).collect();
        let mut out = match ended.len() {
            0 => "\nNothing was ended.\n".to_owned(),
            number => {
                let number = u64::try_from(number).unwrap_or(u64::MAX);
                let number = counted(number, "cluster", "clusters");
                format!("\nEnded {number}: {}.\n", ended.join(", "))
            }
        };
        for (id, error) in failed {
            out.extend(["Not ended: ", id, ": ", error, ".\n"]);
        }
        out
    }
}

/// The ids of those that were ended.
fn ended<'a>(
    reaped: &'a [&'a Alive],
    failed: &'a [(String, String)],
) -> impl Iterator<Item = &'a str> {
    let ids = reaped.iter().filter_map(|one| one.id.as_deref());
    ids.filter(|id| failed.iter().all(|(failed, _)| failed != id))
}

fn interval(one: &Alive) -> String {
    match &one.key {
        Some(key) => interval_text(key.interval, &TimeZone::UTC),
        None => one.interval.clone(),
    }
}

fn one_json(one: &Alive) -> Json {
    let users: Vec<Json> = one
        .users
        .iter()
        .map(|(user, status)| json!({ "address": user, "status": status.as_str() }))
        .collect();
    let (start, end) = one.interval.split_once('/').unwrap_or((&one.interval, ""));
    json!({
        "resource": one.resource,
        "type": "emr_cluster",
        "scheduled_start": start,
        "scheduled_end": end,
        "id": one.id,
        "name": one.name,
        "state": one.state,
        "reason": one.reason,
        "requested_at": one.requested_at,
        "why": match one.why {
            Why::Needed => "needed",
            Why::Unneeded => "unneeded",
            Why::Stray => "stray",
        },
        "used_by": users,
    })
}
