//! AWS Data Pipeline definitions, and the expressions in them.

pub mod definition;
mod document;
pub mod expression;
pub mod translate;
