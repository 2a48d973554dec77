//! AWS Data Pipeline definitions, and the expressions in them.

pub mod expression;
