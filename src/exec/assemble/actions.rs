//! From actions to what they do.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use super::Assembler;
use super::required;
use crate::engine::InstanceKey;
use crate::exec::Work;
use crate::exec::sns::Sns;
use crate::exec::webhook::Webhook;
use crate::lang::Value;
use crate::objects::Address;
use crate::objects::resolve::Resolved;
use crate::objects::resolve::Try;
use crate::time::parse_duration;

/// The variable of a command that has the id of its delivery.
const DELIVERY: &str = "PIPEFORM_DELIVERY";

/// An action that is called for, besides the instance that it is for.
#[derive(Clone, Debug)]
pub struct ActionCall {
    /// The action.
    pub action: Address,
    /// What tells this call from all others, the same each time it is tried.
    pub delivery: String,
    /// The status of the instance.
    pub status: &'static str,
    /// Why it has that status, if that is said.
    pub error: Option<String>,
    /// What the time is (UTC).
    pub at: Timestamp,
}

impl Assembler<'_> {
    /// What an action does for an instance.
    pub fn action(&self, call: &ActionCall, key: &InstanceKey, of: Try) -> Result<Work, String> {
        self.can_run(&call.action)?;
        let error = call.error.clone().unwrap_or_default();
        let extra = vec![
            (Arc::from("status"), Value::string(call.status)),
            (Arc::from("error"), Value::string(error)),
        ];
        let resolved = self
            .resolver
            .serving(&call.action, &key.object, key.interval, of, extra)
            .map_err(|diagnostics| self.resolver.sentences(&diagnostics))?;
        let resolved = self.revealed(resolved)?;
        match resolved.object.object_type.name {
            "shell_command" => self.told_command(&resolved, call),
            "sns" => Ok(Work::Sns(Sns {
                aws: self.aws_of(&resolved, of)?,
                topic: required(&resolved, "topic")?,
                subject: required(&resolved, "subject")?,
                message: required(&resolved, "message")?,
                delivery: call.delivery.clone(),
                group: call.action.to_string(),
            })),
            "webhook" => {
                let webhook = webhook(&resolved, (call, key), of)?;
                Ok(Work::Webhook(Box::new(webhook)))
            }
            other => Err(format!(
                "this version of pipeform cannot run actions of type `{other}`"
            )),
        }
    }

    /// A command that knows which delivery it is.
    fn told_command(&self, resolved: &Resolved<'_>, call: &ActionCall) -> Result<Work, String> {
        let mut command = self.command(resolved)?;
        let delivery = (DELIVERY.to_owned(), call.delivery.clone());
        command.environment.extend([delivery]);
        Ok(Work::Shell(Box::new(command)))
    }
}

fn webhook(
    resolved: &Resolved<'_>,
    (call, key): (&ActionCall, &InstanceKey),
    of: Try,
) -> Result<Webhook, String> {
    let timeout = resolved.text("timeout").unwrap_or("30 seconds");
    let timeout = parse_duration(timeout).map_err(|error| format!("`timeout`: {error}"))?;
    let body = match resolved.text("body") {
        Some(body) => body.to_owned(),
        None => event(call, key, of),
    };
    Ok(Webhook {
        url: required(resolved, "url")?,
        method: resolved.text("method").unwrap_or("post").to_uppercase(),
        headers: texts(resolved.get("headers")),
        body,
        timeout: Duration::try_from(timeout).unwrap_or_default(),
        hmac_secret: resolved.text("hmac_secret").map(str::to_owned),
        delivery: call.delivery.clone(),
        timestamp: call.at.as_second(),
    })
}

/// What has happened, as JSON.
fn event(call: &ActionCall, key: &InstanceKey, of: Try) -> String {
    json!({
        "delivery": call.delivery,
        "action": call.action,
        "address": key.object,
        "pipeline": key.object.pipeline(),
        "status": call.status,
        "error": call.error,
        "attempt": of.attempt,
        "scheduled_start": key.interval.start,
        "scheduled_end": key.interval.end,
    })
    .to_string()
}

/// Texts by name.
fn texts(value: Option<&Value>) -> BTreeMap<String, String> {
    let Some(Value::Map(map) | Value::Object(map)) = value else {
        return BTreeMap::new();
    };
    map.iter()
        .filter_map(|(name, value)| match value.clone().unmark_deep().0 {
            Value::String(text) => Some((name.to_string(), text.to_string())),
            _ => None,
        })
        .collect()
}
