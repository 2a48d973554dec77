//! How scripts and code come to a cluster: by a place in S3 that both reach, or in the arguments of a step if they are short.

use super::super::Context;
use super::super::ExecError;
use super::super::copy::transfer;
use super::super::copy::transfer::Transfer;
use super::super::emr::Step;
use super::super::sql::Script;
use super::super::staging::Area;
use crate::connect::place::Place;

/// The longest script that a step takes in its arguments, in bytes, and the longest arguments in all: EMR takes 10,280.
const SHORT: usize = 9_000;
const LONGEST: usize = 10_000;

/// Where things are put for a cluster.
#[derive(Debug)]
pub(super) struct Depot<'s> {
    kept: Option<&'s Place>,
    area: &'s Area,
    pub(super) ctx: &'s Context,
}

/// A script that a cluster can read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reached {
    /// At this address.
    At(String),
    /// It is so short that it is told.
    Told(String),
}

impl<'s> Depot<'s> {
    pub(super) fn new(kept: Option<&'s Place>, area: &'s Area, ctx: &'s Context) -> Self {
        Self { kept, area, ctx }
    }

    /// Puts a script that was made here, if there is a place for it. `step`: the step with a script that is told to it, of which the rest
    /// counts, too.
    pub(super) async fn script(
        &self,
        name: &str,
        text: String,
        step: impl Fn(Reached) -> Step,
    ) -> Result<Step, ExecError> {
        if self.kept.is_none() {
            if let Some(why) = too_long(&text, &step(Reached::Told(String::new()))) {
                return Err(ExecError::ForGood(format!(
                    "{why}. Say where the cluster finds the script: set `generated_scripts_path`, or `log_uri`, to a place in S3"
                )));
            }
            return Ok(step(Reached::Told(text)));
        }
        let file = self.area.write(&format!("code/{name}"), &text)?;
        let there = self.put(name, &Place::File(file)).await?;
        Ok(step(Reached::At(there)))
    }

    /// Puts a file of this machine, and says where it is then.
    pub(super) async fn put(&self, name: &str, file: &Place) -> Result<String, ExecError> {
        let Some(kept) = self.kept else {
            return Err(ExecError::ForGood(format!(
                "the cluster cannot read `{file}`, which is on this machine. Set `generated_scripts_path`, or `log_uri`, to a place in S3, and it is put there first"
            )));
        };
        let output = kept.below(name);
        let transfer = Transfer::new(vec![file.clone()], output.clone());
        transfer::run(&transfer, self.ctx).await?;
        Ok(output.to_string())
    }
}

/// Why a script cannot be told to a cluster with its step, as a sentence without its stop.
fn too_long(text: &str, step: &Step) -> Option<String> {
    let others: usize = step.args.iter().map(String::len).sum();
    let all = text.len() + others;
    if text.len() > SHORT {
        let long = text.len();
        return Some(format!(
            "the script has {long} bytes with what is staged, and a step takes {SHORT}"
        ));
    }
    (all > LONGEST).then(|| {
        format!(
            "the script and its variables have {all} bytes, and the arguments of a step no more than {LONGEST}"
        )
    })
}

/// The text of a script.
pub(super) async fn text(script: &Script, ctx: &Context) -> Result<String, ExecError> {
    let (script, ctx) = (script.clone(), ctx.clone());
    let read = tokio::task::spawn_blocking(move || script.read(&ctx));
    read.await
        .map_err(|error| ExecError::Failed(format!("the work broke off: {error}")))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_count_with_the_script_that_is_told() {
        let step = |bytes: usize| Step {
            args: vec!["x".repeat(bytes)],
            ..Step::default()
        };
        let script = |bytes: usize| "x".repeat(bytes);
        assert_eq!(too_long(&script(9_000), &step(1_000)), None);
        assert!(too_long(&script(9_001), &step(0)).is_some());
        let why = too_long(&script(5_000), &step(5_001)).unwrap();
        assert!(why.contains("variables have 10001 bytes"), "{why}");
    }
}
