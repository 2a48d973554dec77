//! `--lock` and `--lock-timeout`: whether and how long a command waits for the state lock.

use std::time::Duration;

use super::context::Context;
use super::errors::Failure;
use super::spelling;
use crate::store::Holder;
use crate::store::StateLock;
use crate::store::Store;
use crate::time::parse_duration;

/// Options of commands that take the state lock, or that are called with the options of those that do.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct LockArgs {
    /// Take the state lock; with `false` two applies may work at once, and the second to write is refused
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = spelling::boolean)]
    lock: Option<bool>,

    /// Wait this long for the state lock, e.g. `30s`
    #[arg(long, value_name = "DURATION", default_value = "0s")]
    lock_timeout: String,
}

impl LockArgs {
    /// Checks the options, before anything is done: how long is waited for the lock, or `None` where none is taken.
    pub(crate) fn patience(&self) -> Result<Option<Duration>, Failure> {
        let patience = lock_timeout(&self.lock_timeout)?;
        Ok(self.lock.unwrap_or(true).then_some(patience))
    }
}

/// Takes the state lock, waiting for so long; with `None` nothing is taken.
pub(crate) fn lock(
    context: &Context,
    holder: &Holder,
    patience: Option<Duration>,
) -> Result<StateLock, Failure> {
    Ok(match patience {
        Some(patience) => Store::lock_state(&context.state_path()?, holder, patience)?,
        None => StateLock::not_taken(),
    })
}

/// `30s`, `5m`, `1h` as Terraform writes it, or `30 seconds`.
fn lock_timeout(text: &str) -> Result<Duration, Failure> {
    duration(text).ok_or_else(|| {
        Failure::message(format!(
            "--lock-timeout: `{text}` is not a duration; write e.g. `30s`."
        ))
    })
}

/// A duration as Terraform writes it, or in words.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let short = text
        .strip_suffix('s')
        .map(|number| (number, 1))
        .or_else(|| text.strip_suffix('m').map(|number| (number, 60)))
        .or_else(|| text.strip_suffix('h').map(|number| (number, 3600)))
        .and_then(|(number, factor)| number.trim().parse::<u64>().ok()?.checked_mul(factor));
    if let Some(seconds) = short {
        return Some(Duration::from_secs(seconds));
    }
    parse_duration(text)
        .ok()
        .and_then(|duration| Duration::try_from(duration).ok())
}
