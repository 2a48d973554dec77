//! What a plan is about, if not the whole configuration: a part of it, an earlier serial, or only what was changed by hand.

use std::collections::BTreeSet;

use super::commands::select::select_from;
use super::context::Context;
use super::earlier::Earlier;
use super::earlier::ROLLBACK;
use super::errors::Failure;
use super::planning::Planned;
use super::planning::read_outputs;
use super::target::Target;
use crate::diag::Diagnostic;
use crate::objects::Address;
use crate::objects::Objects;
use crate::plan::Effects;
use crate::plan::Part;
use crate::plan::Relocation;
use crate::plan::diff;

/// How many objects are named that a target brings along.
const NAMED: usize = 10;

/// Options for a part of the objects.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct PartArgs {
    /// Only these objects with what is inside them, and what they depend on; may be given several times
    #[arg(long, value_name = "ADDRESS", conflicts_with = "exclude")]
    target: Vec<String>,

    /// All but these objects with what is inside them, and what depends on them; may be given several times
    #[arg(long, value_name = "ADDRESS")]
    exclude: Vec<String>,
}

/// Options for what a plan is about.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct ScopeArgs {
    #[command(flatten)]
    part: PartArgs,

    /// Go back to the objects and outputs of an earlier serial; the configuration is not read, and no finished run changes
    #[arg(long, value_name = "SERIAL", conflicts_with_all = ["target", "exclude", "var", "var_file"])]
    rollback: Option<u64>,

    /// Only say what was changed by hand since it was applied, and change nothing
    #[arg(long, conflicts_with_all = ["target", "exclude", "rollback", "rerun"])]
    refresh_only: bool,
}

impl ScopeArgs {
    /// What is to be, of what the whole configuration says.
    pub(crate) fn target(
        &self,
        context: &Context,
        prior: &Objects,
        whole: impl FnOnce() -> Result<Target, Failure>,
    ) -> Result<Target, Failure> {
        if let Some(serial) = self.rollback {
            let store = context.read_state()?;
            return Ok(Earlier::read(context, &store, (ROLLBACK, serial))?.target());
        }
        if self.refresh_only {
            let store = context.read_state()?;
            let serial = store.head()?.serial;
            return Ok(Earlier::read(context, &store, ("--refresh-only", serial))?.target());
        }
        self.part.narrow(context, prior, whole()?)
    }

    /// Takes out of a plan what it is not about.
    pub(crate) fn settle(&self, planned: &mut Planned) {
        if self.refresh_only {
            planned.plan.effects = Effects::default();
            for held in &mut planned.plan.held {
                held.lifted = false;
            }
        }
    }

    /// Whether it is only about what was changed by hand.
    pub(crate) fn is_refresh_only(&self) -> bool {
        self.refresh_only
    }

    /// What there is to say below a plan; empty: nothing.
    pub(crate) fn note(&self, planned: &Planned) -> String {
        match self.rollback {
            Some(serial) if planned.plan.is_empty() => format!(
                "\nObjects and outputs are those of serial {serial} already, under the names that they have now;\nthe configuration was not read.\n"
            ),
            _ => String::new(),
        }
    }

    /// What an apply is called in the audit trail; empty: nothing special.
    pub(crate) fn operation(&self) -> String {
        let serial = self.rollback.map(|serial| format!("rollback to {serial}"));
        serial.unwrap_or_default()
    }

    /// The options that make it about less than the whole configuration.
    pub(crate) fn written(&self) -> Vec<String> {
        let mut written = self.part.written();
        written.extend(self.rollback.map(|serial| format!("--rollback={serial}")));
        if self.refresh_only {
            written.push("--refresh-only".to_owned());
        }
        written
    }
}

impl PartArgs {
    fn written(&self) -> Vec<String> {
        let targets = self.target.iter().map(|it| format!("--target={it}"));
        let excluded = self.exclude.iter().map(|it| format!("--exclude={it}"));
        targets.chain(excluded).collect()
    }

    /// The part of a target that is asked for; the rest stays as it was applied.
    pub(crate) fn narrow(
        &self,
        context: &Context,
        prior: &Objects,
        mut target: Target,
    ) -> Result<Target, Failure> {
        if self.target.is_empty() && self.exclude.is_empty() {
            return Ok(target);
        }
        let configuration = &mut target.configuration;
        let configured = std::mem::take(&mut configuration.objects);
        let relocation = Relocation::find(&configuration.statements.moves, prior, &configured);
        let prior = relocation.former(prior.clone());
        let known: BTreeSet<Address> = prior.keys().chain(configured.keys()).cloned().collect();
        let place = if target.origin.is_configured {
            (
                "configuration",
                "Addresses are those of `pipeform state list`, and of what is configured.",
            )
        } else {
            ("state", "`pipeform state list` shows what there is.")
        };
        let select = |written: &[String]| -> Result<BTreeSet<Address>, Failure> {
            Ok(select_from(place, &known, written)?.into_iter().collect())
        };
        let (part, wanted) = if self.target.is_empty() {
            let unwanted = select(&self.exclude)?;
            (Part::without(&prior, &configured, &unwanted), None)
        } else {
            let wanted = select(&self.target)?;
            (Part::only(&prior, &configured, &wanted), Some(wanted))
        };
        check_moves(&relocation, &part)?;
        let old_outputs = read_outputs(&context.read_state()?)?.into_iter();
        let old_outputs = old_outputs.map(|(name, value)| (name, relocation.value(value)));
        let outputs = std::mem::take(&mut configuration.outputs);
        let read = (&configured, &configuration.reads);
        configuration.outputs = part.outputs(&old_outputs.collect(), outputs, read);
        configuration.objects = part.objects(&prior, configured);
        let along: Option<Vec<Address>> = wanted.map(|wanted| {
            let changes = diff(&prior, &configuration.objects).into_iter();
            let addresses = changes.map(|change| change.address);
            addresses
                .filter(|address| !wanted.contains(address))
                .collect()
        });
        target
            .warnings
            .push(in_effect(&self.written(), &along.unwrap_or_default()));
        Ok(target)
    }
}

/// What moves must be asked for, too: it cannot stay where it was.
fn check_moves(relocation: &Relocation, part: &Part) -> Result<(), Failure> {
    let left: Vec<String> = relocation
        .pairs()
        .filter(|(_, new)| !part.contains(new))
        .map(|(old, new)| format!("  {old} has moved to {new}"))
        .collect();
    if left.is_empty() {
        return Ok(());
    }
    Err(Failure::message(format!(
        "Objects have moved that --target or --exclude leave out:\n{}\n\nApply the moves as a whole first, or let the options take these objects in.",
        left.join("\n")
    )))
}

fn in_effect(written: &[String], along: &[Address]) -> Diagnostic {
    let mut detail = format!(
        "The plan is made with {}: it is about a part of the configuration, and what it leaves out stays as it was applied. This is for exceptions, such as repairing a mistake; afterwards a plan without these options shows what is left.",
        written.join(" ")
    );
    if !along.is_empty() {
        let more = along.len().saturating_sub(NAMED);
        let named: Vec<String> = along
            .iter()
            .take(NAMED)
            .map(|address| format!("  {address}"))
            .collect();
        detail.push_str(
            "\nThese change as well, because targets depend on them, or they on what goes:\n",
        );
        detail.push_str(&named.join("\n"));
        if more > 0 {
            detail.extend(["\n  and ", &more.to_string(), " more"]);
        }
    }
    Diagnostic::warning("Resource targeting is in effect", detail)
}
