//! Why a command failed, in the forms a person can be told.

use crate::diag::Diagnostics;
use crate::diag::Sources;

/// Why a command failed. It exits with 1, and with 3 when policies deny a plan.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Findings about what the user wrote.
    Findings(Box<(Diagnostics, Sources)>),
    /// Policies deny what was to be done: what they say.
    Denied(Box<(Diagnostics, Sources)>),
    /// Anything else: what is wrong and what to do, in full sentences.
    Message(String),
    /// Everything has been said already.
    Silent,
}

impl Failure {
    /// A failure with a message.
    pub(crate) fn message(text: impl Into<String>) -> Self {
        Self::Message(text.into())
    }
}

impl From<crate::store::StoreError> for Failure {
    fn from(error: crate::store::StoreError) -> Self {
        Self::Message(error.to_string())
    }
}

impl From<crate::runtime::RuntimeError> for Failure {
    fn from(error: crate::runtime::RuntimeError) -> Self {
        Self::Message(error.to_string())
    }
}
