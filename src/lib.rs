//! Pipeform: data pipelines as code, with a plan that shows what a change does to the runs.
//!
//! # Map
//!
//! - [`cli`]: the command line; the only place that prints.
//! - [`diag`]: what is wrong with what a user wrote, as data.
//! - [`lang`]: HCL text to values; what only a run knows stays as a residual expression.
//! - [`fetch`]: where modules come from: local directories, git, the built-in library.
//! - [`objects`]: what each type of object is, and from blocks to objects.
//! - [`time`]: schedules and their intervals.
//! - [`graph`]: which object needs which.
//! - [`import`]: AWS Data Pipeline definitions and their expressions, and how they become HCL.
//! - [`export`]: the way back: objects as definitions of AWS Data Pipeline.
//! - [`plan`]: what a change does, to the definitions and to the runs.
//! - [`policy`]: rules in Rego that deny a plan.
//! - [`engine`]: the pure state machine of instances and attempts.
//! - [`rehearsal`]: the engine on a clock of its own, with imagined work.
//! - [`store`]: the state.
//! - [`connect`]: files, databases and formats.
//! - [`exec`]: what activities, preconditions and actions do.
//! - [`runtime`]: drives the engine with real time, real work and the real store.
//! - [`clock`]: the only place that asks what time it is.
//!
//! Who may use whom is drawn in `docs/src/architecture.md` and enforced by `tests/it/architecture.rs`.

pub mod cli;
pub mod clock;
pub mod connect;
pub mod diag;
pub mod engine;
pub mod exec;
pub mod export;
pub mod fetch;
pub mod graph;
pub mod import;
pub mod lang;
pub mod objects;
pub mod plan;
pub mod policy;
pub mod rehearsal;
pub mod runtime;
pub mod store;
pub mod time;
