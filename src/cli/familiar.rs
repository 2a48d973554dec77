//! Options that users of Terraform, and tools that call it, give all the time, and that have nothing to do here.

use super::errors::Failure;
use super::spelling;

/// Options of commands that make a plan.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct FamiliarArgs {
    /// Accepted as in Terraform, without effect: there is nothing to refresh, every plan reads what operators have changed by hand
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = spelling::boolean)]
    refresh: Option<bool>,

    /// Accepted as in Terraform, without effect: an apply is one transaction, and how much runs at once is for pools and `max_active_instances` to say
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    parallelism: Option<u32>,

    /// Refused: what `-replace` is for in Terraform, `--rerun=ADDRESS` does here
    #[arg(long, value_name = "ADDRESS", hide = true)]
    replace: Vec<String>,
}

impl FamiliarArgs {
    /// Refuses what means something else here.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let Some(address) = self.replace.first() else {
            return Ok(());
        };
        Err(Failure::message(format!(
            "--replace: `{address}` is a definition, and making it anew would change nothing.\n\n`--rerun={address}` runs again what has run of it, and `--rerun={address}@FROM..TO` a part of that."
        )))
    }
}
