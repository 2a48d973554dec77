//! Decimal numbers of any size.
//!
//! Numbers are exact decimals, read from the source text; only division (and results longer than [`PRECISION`]) rounds.
//! The size of a number is limited, so that no input can make one that fills the memory when it is written out.

use std::fmt;
use std::str::FromStr as _;

use bigdecimal::BigDecimal;
use bigdecimal::RoundingMode;
use bigdecimal::ToPrimitive as _;
use bigdecimal::Zero as _;

/// Significant digits that a result keeps; about what 512 bits hold.
const PRECISION: u64 = 154;
/// The largest number of digits before and after the point together: what the parser reads back.
const MAX_DIGITS: i64 = 1200;

/// A decimal number of arbitrary precision, compared by value (`1.0 == 1`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Number(pub BigDecimal);

/// Why arithmetic failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberError {
    /// A division by zero.
    DivisionByZero,
    /// The result has more digits than a number may have.
    TooLarge,
}

impl fmt::Display for NumberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DivisionByZero => "the right side is zero, and a number cannot be divided by it",
            Self::TooLarge => "the result has more than 1,200 digits",
        })
    }
}

impl Number {
    /// Reads a decimal number with optional sign, fraction and exponent; `None` if the text is not one or is too large.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        if i64::try_from(digits.len()).is_ok_and(|length| length > 2 * MAX_DIGITS)
            || !digits.starts_with(|first: char| first.is_ascii_digit())
        {
            return None;
        }
        if !digits
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'))
        {
            return None;
        }
        let (mantissa, exponent) = digits.split_once(['e', 'E']).unwrap_or((digits, "0"));
        if mantissa.ends_with('.') || exponent.parse::<i64>().ok()?.abs() > MAX_DIGITS {
            return None;
        }
        Self::checked(BigDecimal::from_str(text).ok()?).ok()
    }

    /// Refuses numbers that have too many digits when they are written out.
    fn checked(value: BigDecimal) -> Result<Self, NumberError> {
        if value.is_zero() {
            return Ok(Self::from(0));
        }
        let (whole, fraction) = written_digits(&value);
        if whole.saturating_add(fraction) > MAX_DIGITS {
            return Err(NumberError::TooLarge);
        }
        Ok(Self(value))
    }

    /// Rounds a result to the digits that are kept.
    fn rounded(value: BigDecimal) -> Result<Self, NumberError> {
        let (whole, fraction) = written_digits(&value);
        if whole > MAX_DIGITS {
            return Err(NumberError::TooLarge);
        }
        let excess = i64::try_from(value.digits().saturating_sub(PRECISION)).unwrap_or(i64::MAX);
        let keep = (fraction - excess).clamp(0, MAX_DIGITS - whole);
        if keep >= fraction {
            return Self::checked(value);
        }
        Self::checked(
            value
                .with_scale_round(keep, RoundingMode::HalfEven)
                .normalized(),
        )
    }

    /// The sum.
    pub fn add(&self, other: &Self) -> Result<Self, NumberError> {
        Self::rounded(&self.0 + &other.0)
    }

    /// The difference.
    pub fn subtract(&self, other: &Self) -> Result<Self, NumberError> {
        Self::rounded(&self.0 - &other.0)
    }

    /// The product.
    pub fn multiply(&self, other: &Self) -> Result<Self, NumberError> {
        Self::rounded(&self.0 * &other.0)
    }

    /// The quotient, rounded to about 150 significant digits where it does not end.
    pub fn divide(&self, other: &Self) -> Result<Self, NumberError> {
        if other.0.is_zero() {
            return Err(NumberError::DivisionByZero);
        }
        let (left, right) = (self.0.normalized(), other.0.normalized());
        let magnitude = left.order_of_magnitude() - right.order_of_magnitude();
        let scale = i64::try_from(PRECISION + 2).unwrap_or(i64::MAX) - magnitude;
        if scale.abs() > 3 * MAX_DIGITS {
            return Err(NumberError::TooLarge);
        }
        let (left_digits, left_scale) = left.into_bigint_and_scale();
        let (right_digits, right_scale) = right.into_bigint_and_scale();
        let shift = scale - left_scale + right_scale;
        let ten = |power: i64| num_bigint::BigInt::from(10).pow(u32::try_from(power).unwrap_or(0));
        let quotient = if shift >= 0 {
            left_digits * ten(shift) / right_digits
        } else {
            left_digits / (right_digits * ten(-shift))
        };
        let value = BigDecimal::new(quotient, scale);
        let places = (scale - 1).min(MAX_DIGITS - written_digits(&value).0);
        Self::checked(
            value
                .with_scale_round(places, RoundingMode::HalfUp)
                .normalized(),
        )
    }

    /// The remainder, with the sign of the left side.
    pub fn modulo(&self, other: &Self) -> Result<Self, NumberError> {
        if other.0.is_zero() {
            return Err(NumberError::DivisionByZero);
        }
        Self::rounded(&self.0 % &other.0)
    }

    /// The number with the other sign.
    #[must_use]
    pub fn negate(&self) -> Self {
        Self(-&self.0)
    }

    /// The number as a position in a list, if it is a whole number that fits.
    pub fn to_index(&self) -> Option<usize> {
        self.is_integer().then(|| self.0.to_usize()).flatten()
    }

    /// The number as an integer, if it is one that fits.
    pub fn to_i64(&self) -> Option<i64> {
        self.is_integer().then(|| self.0.to_i64()).flatten()
    }

    /// The number as an integer, if it is one.
    pub fn to_bigint(&self) -> Option<num_bigint::BigInt> {
        let whole = self.is_integer();
        whole.then(|| self.0.with_scale(0).into_bigint_and_scale().0)
    }

    /// Whether there is nothing after the point.
    pub fn is_integer(&self) -> bool {
        self.0.is_integer()
    }
}

/// How many digits a number has before the point (at least one) and after it.
fn written_digits(value: &BigDecimal) -> (i64, i64) {
    let (_, scale) = value.as_bigint_and_scale();
    let digits = i64::try_from(value.digits()).unwrap_or(i64::MAX);
    (digits.saturating_sub(scale).max(1), scale.max(0))
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self(BigDecimal::from(value))
    }
}

/// Plain decimal notation without exponent and without trailing zeros, as Terraform prints numbers.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(small) = self.to_i64() {
            return write!(f, "{small}");
        }
        f.write_str(&self.0.normalized().to_plain_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        Number::parse(text).unwrap_or_else(|| panic!("`{text}` is a number"))
    }

    #[test]
    fn numbers_are_printed_without_exponent_and_trailing_zeros() {
        for (text, printed) in [
            ("1", "1"),
            ("1.50", "1.5"),
            ("1e3", "1000"),
            ("1.5e-3", "0.0015"),
            ("-0", "0"),
            ("100", "100"),
            ("18446744073709551616", "18446744073709551616"),
            ("1e21", "1000000000000000000000"),
        ] {
            assert_eq!(number(text).to_string(), printed);
        }
    }

    #[test]
    fn decimal_arithmetic_is_exact() {
        assert_eq!(number("0.1").add(&number("0.2")), Ok(number("0.3")));
        assert_eq!(number("-7").modulo(&number("3")), Ok(number("-1")));
        assert_eq!(number("10").divide(&number("4")), Ok(number("2.5")));
        assert_eq!(number("1e30").divide(&number("1e28")), Ok(number("100")));
    }

    #[test]
    fn a_quotient_that_does_not_end_has_about_150_digits() {
        let third = number("1")
            .divide(&number("3"))
            .map(|third| third.to_string());
        assert_eq!(third, Ok(format!("0.{}", "3".repeat(155))));
    }

    #[test]
    fn numbers_that_would_fill_the_memory_are_refused() {
        for text in [
            "1e999999999",
            "1e1200",
            "1e-999999999",
            "1e99999999999999999999",
            "1e",
            ".5",
            "5.",
            "1.2.3",
            "--1",
            "0x10",
            "inf",
        ] {
            assert_eq!(Number::parse(text), None, "{text}");
        }
        let large = number("1e1199");
        assert_eq!(large.multiply(&large), Err(NumberError::TooLarge));
        assert_eq!(
            number("5").modulo(&number("0")),
            Err(NumberError::DivisionByZero)
        );
    }
}
