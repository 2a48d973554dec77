//! An apply for machines, in the shape of Terraform's `-json` stream: what begins and ends, the summary, the outputs.
//!
//! An apply is one transaction, so that all objects begin and end together.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Map;
use serde_json::Value as Json;
use serde_json::json;

use super::counts;
use super::json::change_word;
use super::json::event;
use super::json::resource;
use super::literal;
use crate::lang::Value;
use crate::lang::type_of;
use crate::plan::Change;
use crate::plan::Plan;

/// That objects begin to change.
pub(crate) fn start(plan: &Plan, at: Timestamp) -> String {
    let line = |change: &Change| {
        let message = format!("{}: {}...", change.address, words(change).0);
        event(("info", "apply_start"), &message, at, hook(change, None))
    };
    plan.changes.iter().map(line).collect()
}

/// That they have changed, after so many seconds.
pub(crate) fn complete(plan: &Plan, (at, seconds): (Timestamp, u64)) -> String {
    let line = |change: &Change| {
        let message = format!(
            "{}: {} complete after {seconds}s",
            change.address,
            words(change).1
        );
        let hook = hook(change, Some(seconds));
        event(("info", "apply_complete"), &message, at, hook)
    };
    plan.changes.iter().map(line).collect()
}

/// What it came to. `operation`: `apply` or `destroy`.
pub(crate) fn summary(
    plan: &Plan,
    outputs: &BTreeMap<Arc<str>, Value>,
    (operation, at): (&str, Timestamp),
) -> String {
    let counts = plan.counts();
    let message = if operation == "destroy" {
        format!("Destroy complete! Resources: {} destroyed.", counts.destroy)
    } else {
        format!("Apply complete! Resources: {}.", counts::applied(&counts))
    };
    let changes = counts::json(&counts, operation);
    let mut out = event(
        ("info", "change_summary"),
        &message,
        at,
        json!({ "changes": changes }),
    );
    if !outputs.is_empty() {
        let shown: Map<String, Json> = outputs
            .iter()
            .map(|(name, value)| (name.to_string(), output(value)))
            .collect();
        let message = format!("Outputs: {}", outputs.len());
        let payload = json!({ "outputs": shown });
        out.push_str(&event(("info", "outputs"), &message, at, payload));
    }
    out
}

/// An output; the value of one that is sensitive is left out.
fn output(value: &Value) -> Json {
    let (plain, sensitive) = value.clone().unmark_deep();
    let mut output = Map::new();
    output.insert("sensitive".to_owned(), json!(sensitive));
    output.insert("type".to_owned(), type_of(&plain).to_json());
    if !sensitive {
        let value = serde_json::from_str(&literal::json(&plain)).unwrap_or(Json::Null);
        output.insert("value".to_owned(), value);
    }
    output.into()
}

fn hook(change: &Change, seconds: Option<u64>) -> Json {
    let mut hook = Map::new();
    if let Some(object) = change.object() {
        hook.insert("resource".to_owned(), resource(object));
    }
    hook.insert("action".to_owned(), json!(change_word(change)));
    if let Some(seconds) = seconds {
        hook.insert("elapsed_seconds".to_owned(), json!(seconds));
    }
    json!({ "hook": hook })
}

/// What is being done, and what was done.
fn words(change: &Change) -> (&'static str, &'static str) {
    match change_word(change) {
        "create" => ("Creating", "Creation"),
        "update" => ("Modifying", "Modifications"),
        "delete" => ("Destroying", "Destruction"),
        "move" => ("Moving", "Move"),
        _ => ("Removing", "Removal"),
    }
}
