//! How scripts and code come to a cluster: by a place in S3 that both reach, or in the arguments of a step if they are short.

use super::super::Context;
use super::super::ExecError;
use super::super::copy::transfer;
use super::super::copy::transfer::Transfer;
use super::super::sql::Script;
use super::super::staging::Area;
use crate::connect::place::Place;

/// The longest script that a step takes in its arguments, in bytes; EMR takes 10,280 in all.
const SHORT: usize = 9_000;

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

    /// Puts a script that was made here, if there is a place for it.
    pub(super) async fn script(&self, name: &str, text: String) -> Result<Reached, ExecError> {
        if self.kept.is_none() {
            if text.len() > SHORT {
                return Err(ExecError::Failed(format!(
                    "the script has {} bytes with what is staged, and a step takes {SHORT}. Say where the cluster finds it: set `generated_scripts_path`, or `log_uri`, to a place in S3",
                    text.len()
                )));
            }
            return Ok(Reached::Told(text));
        }
        let file = self.area.write(&format!("code/{name}"), &text)?;
        self.put(name, &Place::File(file)).await.map(Reached::At)
    }

    /// Puts a file of this machine, and says where it is then.
    pub(super) async fn put(&self, name: &str, file: &Place) -> Result<String, ExecError> {
        let Some(kept) = self.kept else {
            return Err(ExecError::Failed(format!(
                "the cluster cannot read `{file}`, which is on this machine. Set `generated_scripts_path`, or `log_uri`, to a place in S3, and it is put there first"
            )));
        };
        let output = kept.below(name);
        let transfer = Transfer::new(vec![file.clone()], output.clone());
        transfer::run(&transfer, self.ctx).await?;
        Ok(output.to_string())
    }
}

/// The text of a script.
pub(super) async fn text(script: &Script, ctx: &Context) -> Result<String, ExecError> {
    let (script, ctx) = (script.clone(), ctx.clone());
    let read = tokio::task::spawn_blocking(move || script.read(&ctx));
    read.await
        .map_err(|error| ExecError::Failed(format!("the work broke off: {error}")))?
}
