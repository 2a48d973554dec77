//! The language against the conformance tables, which are not part of the repository: one file a table.
//!
//! Where the tables are absent the tests say so in a line and pass.

mod exceptions;
mod expressions;
mod fmt;
mod functions;
mod specsuite;
pub(crate) mod support;
