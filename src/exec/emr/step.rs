//! A step, as activities describe it: plain values, with nothing of EMR's client in them.
//!
//! Whoever turns an activity into steps says what runs, in which order. That one step comes after the other, that a step that fails
//! ends its activity, and how it is stopped, is the same for all of them and is said by who runs them.

use std::collections::BTreeMap;

/// A program that a cluster runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// What it is called in messages and at EMR, e.g. `report.jar`.
    pub name: String,
    /// The jar: `s3://acme/code/report.jar`, or `command-runner.jar` for programs that the cluster has.
    pub jar: String,
    /// The class whose `main` runs; left out: as the jar says.
    pub main_class: Option<String>,
    /// The arguments, each as it is.
    pub args: Vec<String>,
    /// Java properties, by name.
    pub properties: BTreeMap<String, String>,
}
