//! `log_uri`: the log of an attempt, and what its command printed, put where AWS Data Pipeline puts them.

use std::time::Duration;

use super::Context;
use super::copy::transfer;
use super::copy::transfer::Transfer;
use super::staging::Area;
use crate::connect::Cancel;
use crate::connect::place::Place;

/// How long that may take. The attempt ends after it, whatever became of its logs.
const PATIENCE: Duration = Duration::from_mins(1);

/// The names of what a command prints: in the directory of its attempt, and where its logs are put.
pub(super) const STDOUT: &str = "stdout";
/// The same of its errors.
pub(super) const STDERR: &str = "stderr";

/// Where the logs of an attempt are put: a directory or a prefix.
#[derive(Clone, Debug, PartialEq)]
pub struct Archive(pub Place);

/// Where the logs of an attempt are put below `log_uri`, in the layout of AWS Data Pipeline: pipeline, object, instance, attempt.
pub fn layout(pipeline: &str, object: &str, start: &str, attempt: u32) -> String {
    let instance = format!("@{object}_{start}");
    format!("{pipeline}/{object}/{instance}/{instance}_Attempt={attempt}/")
}

impl Archive {
    /// Puts the log of an attempt there that has failed before its work began.
    pub async fn keep_log(&self, ctx: &Context) {
        let area = Area::new(ctx.staging.clone());
        Box::pin(self.keep(&area, ctx)).await;
    }

    /// Puts the logs of an attempt that has ended there. That they cannot be put there is noted in the log, and fails nothing.
    pub(super) async fn keep(&self, area: &Area, ctx: &Context) {
        let files = [
            ("activity.log", Some(ctx.log.path())),
            (STDOUT, Some(area.path(STDOUT))),
            (STDERR, Some(area.path(STDERR))),
        ];
        // Also of an attempt that was cancelled, and what it moved is counted already.
        let context = Context {
            cancel: Cancel::new(),
            progress: super::Progress::default(),
            ..ctx.clone()
        };
        for (name, file) in files {
            let Some(file) = file.filter(|file| file.is_file()) else {
                continue;
            };
            let transfer = Transfer::new(vec![Place::File(file)], self.0.below(name));
            let put = tokio::time::timeout(PATIENCE, transfer::run(&transfer, &context)).await;
            let problem = match put {
                Ok(Ok(_)) => continue,
                Ok(Err(error)) => error.to_string(),
                Err(_) => "it takes too long".to_owned(),
            };
            ctx.log.line(&format!(
                "warning: `{name}` was not put to `{}`: {problem}",
                self.0
            ));
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::layout;

    #[test]
    fn logs_are_where_aws_data_pipeline_has_them() {
        assert_eq!(
            layout("weblogs", "archive", "2026-11-24T00:00:00", 2),
            "weblogs/archive/@archive_2026-11-24T00:00:00/@archive_2026-11-24T00:00:00_Attempt=2/"
        );
    }
}
