//! Decimal numbers of any size.

use bigdecimal::BigDecimal;

/// A decimal number of arbitrary precision, compared by value (`1.0 == 1`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Number(pub BigDecimal);

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self(BigDecimal::from(value))
    }
}
