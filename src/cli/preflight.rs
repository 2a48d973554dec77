//! `--preflight`: what the world outside lacks of what a configuration needs, as findings with their places.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::Timestamp;

use super::context::Context;
use super::errors::Failure;
use super::surroundings::surroundings;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Span;
use crate::objects::Address;
use crate::objects::Objects;
use crate::objects::Timetable;
use crate::runtime;
use crate::runtime::Found;
use crate::runtime::Looked;

/// So many objects are named of those that need the same.
const NAMED: usize = 3;

/// Options of commands that check a configuration.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub(crate) struct PreflightArgs {
    /// Look, without changing anything, whether what the runs need is there: programs, places, secrets, and what is at AWS
    #[arg(long, conflicts_with = "untrusted")]
    preflight: bool,
}

impl PreflightArgs {
    /// Whether it is asked for.
    pub(crate) fn is_asked(self) -> bool {
        self.preflight
    }
}

/// What a pre-flight came to.
#[derive(Debug)]
pub(crate) struct Preflight {
    /// How many things were looked for.
    looked: usize,
    /// What is to be said about them.
    pub(crate) findings: Diagnostics,
}

/// Looks for what objects need. `places`: where they are written.
pub(crate) fn preflight(
    context: &Context,
    (objects, timetable): (&Objects, &Timetable),
    places: &BTreeMap<Address, Span>,
    now: Timestamp,
) -> Result<Preflight, Failure> {
    let tasks = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::message(format!("The runtime cannot start: {error}")))?;
    let options = surroundings(context);
    let looked = tasks.block_on(runtime::preflight((objects, timetable), &options, now));
    tasks.shutdown_background();
    let mut findings = Diagnostics::new();
    for finding in looked.iter().filter_map(|looked| finding(looked, places)) {
        findings.push(finding);
    }
    Ok(Preflight {
        looked: looked.len(),
        findings,
    })
}

fn finding(looked: &Looked, places: &BTreeMap<Address, Span>) -> Option<Diagnostic> {
    let diagnostic = match &looked.found {
        Found::There => return None,
        Found::Missing { summary, detail } => {
            Diagnostic::error(*summary, with_users(detail, &looked.objects))
        }
        Found::Doubtful { summary, detail } => {
            Diagnostic::warning(*summary, with_users(detail, &looked.objects))
        }
    };
    let first = looked.objects.first()?;
    let place = looked.objects.iter().find_map(|object| places.get(object));
    let diagnostic = diagnostic.about(first.to_string());
    Some(match place {
        Some(place) => diagnostic.at(*place),
        None => diagnostic,
    })
}

/// The detail with who needs it, if there are several.
fn with_users(detail: &str, objects: &BTreeSet<Address>) -> String {
    if objects.len() < 2 {
        return detail.to_owned();
    }
    let mut names: Vec<String> = objects
        .iter()
        .take(NAMED)
        .map(|object| format!("`{object}`"))
        .collect();
    let more = objects.len().saturating_sub(NAMED);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    format!("{detail} It is needed by {}.", names.join(", "))
}

impl Preflight {
    /// The sentence that closes a pre-flight with nothing in the way.
    pub(crate) fn closing(&self) -> String {
        let doubtful = self.findings.iter().count();
        match (self.looked, doubtful) {
            (0, _) => "Pre-flight: the runs need nothing that can be looked for.\n".to_owned(),
            (1, 0) => "Pre-flight: the one thing that the runs need is there.\n".to_owned(),
            (all, 0) => format!("Pre-flight: all {all} things that the runs need are there.\n"),
            (all, doubtful) => format!(
                "Pre-flight: of {all} things that the runs need, {} are there.\n",
                all - doubtful
            ),
        }
    }
}
