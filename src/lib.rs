//! Pipeform: data pipelines as code, with a plan that shows what a change does to the runs.

pub mod cli;
pub mod connect;
pub mod diag;
pub mod engine;
pub mod exec;
pub mod lang;
pub mod objects;
pub mod time;
