//! A plan for machines: one JSON object a line, in the shape of Terraform's `-json` stream, plus `effects`.

use jiff::Timestamp;
use serde_json::Map;
use serde_json::Value as Json;
use serde_json::json;

use super::counted;
use super::counts;
use super::totals;
use crate::cli::errors::Failure;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Severity;
use crate::diag::Sources;
use crate::objects::Address;
use crate::objects::Object;
use crate::objects::Objects;
use crate::plan::Action;
use crate::plan::Change;
use crate::plan::Held;
use crate::plan::Plan;
use crate::plan::Reason;
use crate::plan::keys;
use crate::plan::saved::Policies;
use crate::plan::stretches::Stretches;
use crate::plan::upcoming::Upcoming;

/// The version of the stream's format.
pub(crate) const UI_VERSION: &str = "1.2";

/// The first line: who speaks, and in which version of the format.
pub(crate) fn version(program: &str, at: Timestamp) -> String {
    event(
        ("info", "version"),
        &format!("Pipeform {program}"),
        at,
        json!({ "pipeform": program, "ui": UI_VERSION }),
    )
}

/// Findings, a line each.
pub(crate) fn diagnostics(diagnostics: &Diagnostics, sources: &Sources, at: Timestamp) -> String {
    diagnostics
        .iter()
        .map(|found| {
            let range = found.span.map(|span| crate::diag::range(span, sources));
            diagnostic(found, range, at)
        })
        .collect()
}

/// What policies said about a plan.
pub(crate) fn policies(policies: &Policies, at: Timestamp) -> String {
    event(
        ("info", "policies"),
        &format!("Policies: {}.", super::saved::verdict(policies)),
        at,
        json!({ "policies": super::terraform::policies_asked(policies) }),
    )
}

/// Why a command failed, as the stream says it: as findings.
pub(crate) fn failure(failure: &Failure, at: Timestamp) -> String {
    match failure {
        Failure::Findings(findings) | Failure::Denied(findings) => {
            diagnostics(&findings.0, &findings.1, at)
        }
        Failure::Message(text) => {
            let (summary, detail) = text.split_once("\n\n").unwrap_or((text.as_str(), ""));
            diagnostic(&Diagnostic::error(summary, detail.trim_end()), None, at)
        }
        Failure::Silent => String::new(),
    }
}

/// A finding. `range` is where it is, as the caller's sources know it: `{"filename": …, "start": {…}, "end": {…}}`.
pub(crate) fn diagnostic(diagnostic: &Diagnostic, range: Option<Json>, at: Timestamp) -> String {
    let (level, word) = match diagnostic.severity {
        Severity::Error => ("error", "Error"),
        Severity::Warning => ("warn", "Warning"),
    };
    let mut body = Map::new();
    body.insert("severity".to_owned(), json!(word.to_lowercase()));
    body.insert("summary".to_owned(), json!(diagnostic.summary));
    body.insert("detail".to_owned(), json!(diagnostic.detail));
    if let Some(object) = &diagnostic.object {
        body.insert("address".to_owned(), json!(object));
    }
    if let Some(range) = range {
        body.insert("range".to_owned(), range);
    }
    if !diagnostic.values.is_empty() {
        let values = diagnostic.values.iter();
        let values = values
            .map(|involved| json!({ "traversal": involved.name, "statement": involved.value }));
        body.insert("values".to_owned(), values.collect());
    }
    if !diagnostic.help.is_empty() {
        body.insert("help".to_owned(), json!(diagnostic.help));
    }
    event(
        (level, "diagnostic"),
        &format!("{word}: {}", diagnostic.summary),
        at,
        json!({ "diagnostic": body }),
    )
}

/// The lines of a plan: each change, the summary, the outputs, the effects. Each ends with a line end.
pub(crate) fn plan(plan: &Plan, at: Timestamp) -> String {
    definitions(plan, at) + &effects(plan, at)
}

/// The lines of a plan about definitions alone: each change, the summary, the outputs.
pub(crate) fn definitions(plan: &Plan, at: Timestamp) -> String {
    let mut out = String::new();
    for change in &plan.changes {
        out.push_str(&planned_change(change, at));
    }
    let counts = plan.counts();
    let message = format!("Plan: {}.", counts::planned(&counts));
    out.push_str(&event(
        ("info", "change_summary"),
        &message,
        at,
        json!({ "changes": counts::json(&counts, "plan") }),
    ));
    if !plan.output_changes.is_empty() {
        out.push_str(&outputs(plan, at));
    }
    out
}

fn effects(plan: &Plan, at: Timestamp) -> String {
    let paused: Vec<Json> = plan
        .held
        .iter()
        .map(|held| {
            json!({
                "address": held.address,
                "by": held.paused.who,
                "since": held.paused.since,
                "lifted": held.lifted,
            })
        })
        .collect();
    event(
        ("info", "effects"),
        &totals::sentence(&plan.effects.totals),
        at,
        json!({ "effects": plan.effects, "paused": paused, "serial": plan.serial, "lineage": plan.lineage, "at": plan.at }),
    )
}

/// The runs of what changes, a line for each activity and data node.
pub(crate) fn upcoming(upcoming: &[Upcoming], at: Timestamp) -> String {
    let lines = upcoming.iter().map(|one| {
        let run = one.backfill.first().or(one.next.first());
        let when = match run {
            Some(run) => format!("the first run is that of {}", run.interval.start),
            None if one.on_demand => "on demand".to_owned(),
            None => "no run is near".to_owned(),
        };
        let message = format!("{}: {when}", one.address);
        event(
            ("info", "planned_runs"),
            &message,
            at,
            json!({ "runs": one }),
        )
    });
    lines.collect()
}

/// Where the runs lie that a plan counts, a line for what becomes the same of an activity's.
pub(crate) fn stretches(stretches: &[Stretches], at: Timestamp) -> String {
    let lines = stretches.iter().map(|one| {
        let number = u64::try_from(one.stretches.len()).unwrap_or(u64::MAX);
        let (runs, places) = (
            counted(one.count, "run", "runs"),
            counted(number, "stretch of time", "stretches of time"),
        );
        let message = format!("{}: {runs} in {places}", one.address);
        event(
            ("info", "planned_stretches"),
            &message,
            at,
            json!({ "runs": one }),
        )
    });
    lines.collect()
}

fn planned_change(change: &Change, at: Timestamp) -> String {
    let word = change_word(change);
    let mut body = Map::new();
    if let Some(object) = change.object() {
        body.insert("resource".to_owned(), resource(object));
        if let Some(from) = &change.moved_from {
            let before = Object {
                address: from.clone(),
                pipeline: from.pipeline(),
                ..object.clone()
            };
            body.insert("previous_resource".to_owned(), resource(&before));
        }
    }
    body.insert("action".to_owned(), json!(word));
    if let Some(reason) = &change.reason {
        body.insert("reason".to_owned(), json!(reason_word(reason)));
    }
    body.insert("kind".to_owned(), json!(change.kind()));
    if change.action == Action::Update {
        let names: Vec<&str> = change
            .attributes
            .iter()
            .map(|attribute| &*attribute.name)
            .collect();
        body.insert("attributes".to_owned(), json!(names));
    }
    event(
        ("info", "planned_change"),
        &format!("{}: Plan to {word}", change.address),
        at,
        json!({ "change": body }),
    )
}

/// What happens to an object, in one word.
pub(crate) fn change_word(change: &Change) -> &'static str {
    match (change.action, &change.moved_from) {
        (Action::NoOp, Some(_)) => "move",
        (action, _) => action_word(action),
    }
}

/// What operators have changed by hand.
pub(crate) fn drift(plan: &Plan, objects: &Objects) -> String {
    let line = |held: &Held| {
        let object = objects.get(&held.address)?;
        let message = format!("{}: paused by {}", held.address, held.paused.who);
        let change = json!({
            "resource": resource(object),
            "action": "update",
            "attributes": ["active"],
            "by": held.paused.who,
            "since": held.paused.since,
        });
        let payload = json!({ "change": change });
        Some(event(
            ("info", "resource_drift"),
            &message,
            plan.at,
            payload,
        ))
    };
    plan.held.iter().filter_map(line).collect()
}

/// An object as the stream names it.
pub(super) fn resource(object: &Object) -> Json {
    let address = object.address.as_str();
    let last = keys(address).into_iter().next_back();
    let (base, key) = match last.filter(|(_, _, close)| *close == address.len()) {
        Some((open, key, _)) => (
            address.get(..open).unwrap_or(address),
            serde_json::from_str(key).unwrap_or(Json::Null),
        ),
        None => (address, Json::Null),
    };
    let kind = object.kind();
    let resource_type = if kind.has_type() {
        format!("{}_{}", kind.as_str(), object.object_type.name)
    } else {
        kind.as_str().to_owned()
    };
    let pipeline = object.address.pipeline();
    let module = pipeline
        .as_ref()
        .filter(|pipeline| **pipeline != object.address)
        .map(Address::as_str)
        .or_else(|| object.address.module())
        .unwrap_or_default();
    json!({
        "addr": address,
        "module": module,
        "resource": address.strip_prefix(module).map_or(address, |rest| rest.trim_start_matches('.')),
        "implied_provider": "pipeform",
        "resource_type": resource_type,
        "resource_name": base.rsplit('.').next().unwrap_or(base),
        "resource_key": key,
    })
}

fn outputs(plan: &Plan, at: Timestamp) -> String {
    let outputs: Map<String, Json> = plan
        .output_changes
        .iter()
        .map(|output| {
            let action = action_word(output.action);
            let body = json!({ "sensitive": output.sensitive(), "action": action });
            (output.name.to_string(), body)
        })
        .collect();
    event(
        ("info", "outputs"),
        &format!("Outputs: {}", outputs.len()),
        at,
        json!({ "outputs": outputs }),
    )
}

fn action_word(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Delete => "delete",
        Action::Forget => "remove",
        Action::NoOp => "noop",
    }
}

/// Why an object is in a plan, in Terraform's words.
pub(super) fn reason_word(reason: &Reason) -> &'static str {
    match reason {
        Reason::NotInConfiguration | Reason::Forgotten => "delete_because_no_resource_config",
        Reason::MovedAway(..) => "delete_because_no_move_target",
        Reason::OwnerNotInConfiguration(_) => "delete_because_no_module",
        Reason::KeyNotInForEach(_) => "delete_because_each_key",
        Reason::IndexOutOfRange(_) => "delete_because_count_index",
        Reason::OtherRepetition => "delete_because_wrong_repetition",
        Reason::TypeChanged { .. } => "type_changed",
    }
}

/// One line: `(level, type)`, what a person would read, when, and the payload.
pub(crate) fn event(
    (level, kind): (&str, &str),
    message: &str,
    at: Timestamp,
    payload: Json,
) -> String {
    let mut line = Map::new();
    line.insert("@level".to_owned(), json!(level));
    line.insert("@message".to_owned(), json!(message));
    line.insert("@module".to_owned(), json!("pipeform.ui"));
    line.insert("@timestamp".to_owned(), json!(at));
    if let Json::Object(payload) = payload {
        line.extend(payload);
    }
    line.insert("type".to_owned(), json!(kind));
    format!("{}\n", Json::Object(line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::testing::FILE;
    use crate::plan::testing::PIPELINE;
    use crate::plan::testing::object;

    #[test]
    fn the_module_is_the_pipeline_or_the_module_around_it() {
        for (object_type, address, module, own) in [
            (&PIPELINE, "pipeline.p", "", "pipeline.p"),
            (&FILE, "data_node.d", "", "data_node.d"),
            (&FILE, "pipeline.p.data_node.d", "pipeline.p", "data_node.d"),
            (&PIPELINE, "module.m.pipeline.p", "module.m", "pipeline.p"),
            (
                &FILE,
                "module.m[\"a.b\"].data_node.d",
                "module.m[\"a.b\"]",
                "data_node.d",
            ),
            (
                &FILE,
                "module.m.pipeline.p.data_node.d",
                "module.m.pipeline.p",
                "data_node.d",
            ),
        ] {
            let found = resource(&object(object_type, address, []));
            assert_eq!(found["module"], module, "{address}");
            assert_eq!(found["resource"], own, "{address}");
        }
    }
}
