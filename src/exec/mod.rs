//! What activities, preconditions and actions do, once every value is known.
//!
//! The runtime driver evaluates, hands over a [`Work`] or a [`Check`] and matches nothing. This module knows no
//! HCL, no schedule and no state: it moves data, runs processes and says how it went.

pub mod archive;
pub mod assemble;
pub mod copy;
pub mod dynamodb_data_exists;
pub mod dynamodb_table_exists;
pub mod emr;
pub mod exists;
pub mod jobs;
pub mod log;
pub mod looking;
pub mod preflight;
pub mod process;
pub mod s3_key_exists;
pub mod s3_prefix_not_empty;
pub mod secrets;
pub mod shell_command;
pub mod sns;
pub mod sql;
pub mod staging;
#[cfg(test)]
mod tests;
pub mod webhook;

pub use crate::connect::Cancel;
pub use crate::connect::aws::Environment;
pub use crate::connect::aws::Sessions;
pub use crate::connect::aws::Settings as AwsSettings;

use crate::connect::ConnectError;
use crate::connect::s3::OnTrouble;
use log::Log;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How long S3 may take to answer before the log of the attempt says so.
const QUIET: Duration = Duration::from_secs(15);

/// Something to do; all values are resolved.
#[derive(Debug, Clone, PartialEq)]
pub enum Work {
    /// `activity "copy"`.
    Copy(copy::Copy),
    /// `activity "copy"` of bytes as they are, to or from S3 or a directory.
    Transfer(copy::transfer::Transfer),
    /// `activity "emr"`, `"hadoop"`, `"hive"`, `"hive_copy"`, `"pig"` and `"spark"`.
    Job(Box<jobs::Job>),
    /// `activity "no_op"`.
    Nothing,
    /// `activity "sql"`.
    Sql(sql::Sql),
    /// `action "sns"`.
    Sns(sns::Sns),
    /// `action "webhook"`.
    Webhook(Box<webhook::Webhook>),
    /// `activity "shell_command"` and `action "shell_command"`.
    Shell(Box<shell_command::ShellCommand>),
}

/// What an attempt of an activity is to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    /// The work.
    pub work: Work,
    /// Where its logs are put when it has ended.
    pub archive: Option<archive::Archive>,
}

/// A precondition to check; all values are resolved.
#[derive(Debug, Clone, PartialEq)]
pub enum Check {
    /// `precondition "exists"`, and the ones that ask whether something at AWS is there.
    Exists(exists::Exists),
    /// `precondition "shell_command"`.
    Shell(Box<shell_command::ShellCommand>),
}

/// How a check went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// The precondition holds.
    Held,
    /// It does not hold now; check again later.
    NotYet(String),
    /// It cannot be checked.
    Error(String),
}

/// What all work of one attempt shares.
#[derive(Clone, Debug)]
pub struct Context {
    /// The attempt's log.
    pub log: Log,
    /// Asked between chunks.
    pub cancel: Cancel,
    /// Counts rows and bytes.
    pub progress: Progress,
    /// How AWS is reached; shared by all work of a runner.
    pub aws: Sessions,
    /// What is asked of AWS for many at once.
    pub looking: looking::Looking,
    /// Where clusters are asked for.
    pub clusters: emr::Clusters,
    /// Makes the requests of webhooks; shared, too.
    pub webhooks: webhook::Client,
    /// A directory of the attempt's own. It need not be there, and goes with the attempt.
    pub staging: PathBuf,
    /// Where its logs are put when it has ended.
    pub archive: Option<archive::Archive>,
    /// Marks the attempt's processes: the lineage of the state, a colon, the activity, `@`, and which attempt it is.
    pub attempt_id: String,
    /// Which activities there are.
    pub activities: Activities,
    /// Called with the process of the attempt as soon as it runs, to be recorded.
    pub on_process: OnProcess,
}

/// What is called with a new process.
#[derive(Clone, Default)]
pub struct OnProcess(pub Option<Arc<TellProcess>>);

type TellProcess = dyn Fn(&process::ProcessId) + Send + Sync;

impl std::fmt::Debug for OnProcess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OnProcess")
    }
}

/// Says whether there is an activity of an address, as of the last apply.
#[derive(Clone, Default)]
pub struct Activities(pub Option<Arc<IsActivity>>);

type IsActivity = dyn Fn(&str) -> bool + Send + Sync;

impl Activities {
    /// Whether there is one of an address. Where that is not known, there is.
    pub(crate) fn has(&self, address: &str) -> bool {
        self.0.as_ref().is_none_or(|has| has(address))
    }
}

impl std::fmt::Debug for Activities {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Activities")
    }
}

impl Context {
    /// Who writes: the activity, and the lineage of the state that it is of.
    pub(crate) fn writer(&self) -> &str {
        let writer = self.attempt_id.rsplit_once('@');
        writer.map_or(&self.attempt_id, |(writer, _)| writer)
    }

    /// The same in this interval only, for a directory to which each interval adds its files: behind an `@` it says when that begins.
    pub(crate) fn writer_in_interval(&self) -> &str {
        let writer = self.attempt_id.rsplit_once('#');
        writer.map_or(&self.attempt_id, |(writer, _)| writer)
    }

    pub(crate) fn check_cancel(&self) -> Result<(), ConnectError> {
        if self.cancel.is_cancelled() {
            Err(ConnectError::Cancelled)
        } else {
            Ok(())
        }
    }
}

/// Counters that may be read while the work runs, and what it says of itself.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<Counted>);

#[derive(Debug, Default)]
struct Counted {
    rows: AtomicU64,
    bytes: AtomicU64,
    said: Mutex<Option<Arc<str>>>,
}

impl Progress {
    /// Adds rows and bytes.
    pub fn add(&self, rows: u64, bytes: u64) {
        self.0.rows.fetch_add(rows, Ordering::Relaxed);
        self.0.bytes.fetch_add(bytes, Ordering::Relaxed);
    }
    /// Says what the work does now, where that cannot be counted.
    pub fn say(&self, text: &str) {
        let mut said = self.0.said.lock().unwrap_or_else(PoisonError::into_inner);
        *said = Some(text.into());
    }
    /// What it said last.
    pub fn said(&self) -> Option<Arc<str>> {
        let said = self.0.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.clone()
    }
    /// The counts now.
    pub fn moved(&self) -> Moved {
        let rows = self.0.rows.load(Ordering::Relaxed);
        Moved {
            rows: (rows > 0).then_some(rows),
            bytes: self.0.bytes.load(Ordering::Relaxed),
        }
    }
}

/// How much data work has moved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moved {
    /// Rows written or changed; `None` where bytes are copied as they are, and before the first row.
    pub rows: Option<u64>,
    /// Bytes read, unpacked.
    pub bytes: u64,
}

/// `12 rows, 3.4 MB`.
impl std::fmt::Display for Moved {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.rows {
            Some(1) => f.write_str("1 row, ")?,
            Some(rows) => write!(f, "{rows} rows, ")?,
            None => {}
        }
        #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
        let bytes = self.bytes as f64;
        match self.bytes {
            0..1_000 => write!(f, "{bytes} B"),
            1_000..1_000_000 => write!(f, "{:.1} kB", bytes / 1e3),
            1_000_000..1_000_000_000 => write!(f, "{:.1} MB", bytes / 1e6),
            _ => write!(f, "{:.2} GB", bytes / 1e9),
        }
    }
}

/// Why work failed. Secrets are masked.
#[derive(Debug, thiserror::Error)]
pub enum ExecError {
    /// It was cancelled or timed out; [`Cancel::reason`] says why.
    #[error("cancelled")]
    Cancelled,
    /// It failed.
    #[error("{0}")]
    Failed(String),
    /// It failed, and would fail again.
    #[error("{0}")]
    ForGood(String),
}

impl From<ConnectError> for ExecError {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Cancelled => Self::Cancelled,
            other => Self::Failed(other.to_string()),
        }
    }
}

/// Does the work; blocking parts run on the blocking pool. Gives what a copy has moved. That is written to the log, and so is the error.
pub async fn run(work: Work, ctx: Context) -> Result<Option<Moved>, ExecError> {
    let log = ctx.log.clone();
    let on_trouble = OnTrouble::new(QUIET, move |text| log.line(&format!("warning: {text}")));
    let ctx = Context {
        aws: ctx.aws.telling(on_trouble),
        ..ctx
    };
    let area = staging::Area::new(ctx.staging.clone());
    let result = match work {
        Work::Copy(work) => blocking(&ctx, move |ctx| copy::run(&work, ctx).map(Some)).await,
        Work::Transfer(work) => Box::pin(copy::transfer::run(&work, &ctx)).await.map(Some),
        Work::Job(job) => no_copy(Box::pin(jobs::run(&job, &area, &ctx)).await),
        Work::Nothing => Ok(None),
        Work::Sns(work) => no_copy(sns::run(&work, &ctx).await),
        Work::Webhook(work) => no_copy(webhook::run(&work, &ctx).await),
        Work::Sql(work) => no_copy(blocking(&ctx, move |ctx| sql::run(&work, ctx)).await),
        Work::Shell(work) => no_copy(Box::pin(shell_command::run(&work, &area, &ctx)).await),
    };
    let result = result.map_err(|error| match error {
        ExecError::Failed(text) => ExecError::Failed(shown(&text, &ctx)),
        ExecError::ForGood(text) => ExecError::ForGood(shown(&text, &ctx)),
        other @ ExecError::Cancelled => other,
    });
    match (&result, ctx.cancel.reason()) {
        (Ok(None), _) => {}
        (Ok(Some(moved)), _) => ctx.log.line(&format!("copied {moved}")),
        (Err(ExecError::Cancelled), Some(reason)) => ctx.log.line(&format!("error: {reason}")),
        (Err(error), _) => ctx.log.line(&format!("error: {error}")),
    }
    if let Some(archive) = &ctx.archive {
        Box::pin(archive.keep(&area, &ctx)).await;
    }
    leave(area, &ctx).await;
    result
}

/// What is told of work that is no copy.
fn no_copy(done: Result<(), ExecError>) -> Result<Option<Moved>, ExecError> {
    done.map(|()| None)
}

/// A text without secrets, and without what a terminal would obey: data and programs may have control characters in what is said of them.
fn shown(text: &str, ctx: &Context) -> String {
    let mut shown = String::new();
    for letter in ctx.log.mask(text).chars() {
        if letter.is_control() && !matches!(letter, '\n' | '\t') {
            shown.extend(letter.escape_debug());
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// Removes the directory of an attempt. What stays of it is removed by the next runner.
async fn leave(area: staging::Area, ctx: &Context) {
    if let Err(error) = area.remove().await {
        ctx.log.line(&format!(
            "warning: the directory `{}` of the attempt cannot be removed: {error}",
            ctx.staging.display()
        ));
    }
}

/// Checks a precondition once; a command may take so long. What is cancelled is an error.
pub async fn check(check: Check, ctx: Context, limit: Duration) -> Held {
    let held = match check {
        Check::Exists(exists) => tokio::select! {
            held = exists::check(exists, &ctx) => held,
            () = ctx.cancel.cancelled() => Held::Error(ExecError::Cancelled.to_string()),
        },
        Check::Shell(command) => {
            let area = staging::Area::new(ctx.staging.clone());
            let held = Box::pin(shell_command::check(&command, &area, &ctx, limit)).await;
            leave(area, &ctx).await;
            held
        }
    };
    match held {
        Held::NotYet(reason) => Held::NotYet(shown(&reason, &ctx)),
        Held::Error(error) => Held::Error(shown(&error, &ctx)),
        Held::Held => Held::Held,
    }
}

async fn blocking<T: Send + 'static>(
    ctx: &Context,
    work: impl FnOnce(&Context) -> Result<T, ExecError> + Send + 'static,
) -> Result<T, ExecError> {
    let ctx = ctx.clone();
    match tokio::task::spawn_blocking(move || work(&ctx)).await {
        Ok(result) => result,
        Err(e) => Err(ExecError::Failed(format!("the work broke off: {e}"))),
    }
}
