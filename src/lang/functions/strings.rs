//! Strings.

use super::Function;

/// The family.
pub(super) static FUNCTIONS: &[Function] = &[];
