//! Values of parquet as texts.

use std::io::Write as _;

use num_bigint::BigInt;
use parquet::basic::ConvertedType;
use parquet::basic::LogicalType;
use parquet::basic::TimeUnit;
use parquet::basic::Type as Physical;
use parquet::schema::types::ColumnDescriptor;

use crate::connect::formats::ColumnType;
use crate::connect::formats::FieldKind;
use crate::connect::formats::columns::date_of;

/// What the values of a column are, and so how they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Boolean,
    Integer,
    Unsigned,
    /// Nanoseconds in one of its units.
    Time(i64),
    /// The same, and whether it is a moment (UTC) or the time of some clock.
    Timestamp(i64, bool),
    Date,
    /// Digits after the point.
    Decimal(usize),
    Real,
    Half,
    Text,
    Json,
    Uuid,
    Blob,
}

impl Meaning {
    /// What a column says of itself; none for what has no text.
    pub(super) fn of(column: &ColumnDescriptor) -> Option<Self> {
        let nanos = |unit: &TimeUnit| match unit {
            TimeUnit::MILLIS => 1_000_000,
            TimeUnit::MICROS => 1_000,
            TimeUnit::NANOS => 1,
        };
        let said = match column.logical_type_ref() {
            Some(LogicalType::String | LogicalType::Enum) => Some(Self::Text),
            Some(LogicalType::Decimal(decimal)) => {
                Some(Self::Decimal(usize::try_from(decimal.scale).ok()?))
            }
            Some(LogicalType::Date) => Some(Self::Date),
            Some(LogicalType::Time(time)) => Some(Self::Time(nanos(&time.unit))),
            Some(LogicalType::Timestamp(time)) => Some(Self::Timestamp(
                nanos(&time.unit),
                time.is_adjusted_to_u_t_c,
            )),
            Some(LogicalType::Integer(integer)) if !integer.is_signed => Some(Self::Unsigned),
            Some(LogicalType::Json) => Some(Self::Json),
            Some(LogicalType::Uuid) => Some(Self::Uuid),
            Some(LogicalType::Float16) => Some(Self::Half),
            Some(LogicalType::Map | LogicalType::List) => return None,
            _ => None,
        };
        said.or_else(|| Self::converted(column))
            .or(match column.physical_type() {
                Physical::BOOLEAN => Some(Self::Boolean),
                Physical::INT32 | Physical::INT64 => Some(Self::Integer),
                Physical::INT96 => Some(Self::Timestamp(1, false)),
                Physical::FLOAT | Physical::DOUBLE => Some(Self::Real),
                Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY => {
                    (column.converted_type() != ConvertedType::INTERVAL).then_some(Self::Blob)
                }
            })
    }

    /// What older files say.
    fn converted(column: &ColumnDescriptor) -> Option<Self> {
        Some(match column.converted_type() {
            ConvertedType::UTF8 | ConvertedType::ENUM => Self::Text,
            ConvertedType::DECIMAL => Self::Decimal(usize::try_from(column.type_scale()).ok()?),
            ConvertedType::DATE => Self::Date,
            ConvertedType::TIME_MILLIS => Self::Time(1_000_000),
            ConvertedType::TIME_MICROS => Self::Time(1_000),
            ConvertedType::TIMESTAMP_MILLIS => Self::Timestamp(1_000_000, true),
            ConvertedType::TIMESTAMP_MICROS => Self::Timestamp(1_000, true),
            ConvertedType::UINT_8
            | ConvertedType::UINT_16
            | ConvertedType::UINT_32
            | ConvertedType::UINT_64 => Self::Unsigned,
            ConvertedType::JSON => Self::Json,
            _ => return None,
        })
    }

    /// The type that such a column has elsewhere.
    pub(super) fn column_type(self, column: &ColumnDescriptor) -> ColumnType {
        let int32 = column.physical_type() == Physical::INT32;
        match self {
            Self::Boolean => ColumnType::Boolean,
            Self::Integer if int32 => ColumnType::Integer(i32::MIN.into(), i32::MAX.into()),
            Self::Integer => ColumnType::BIGINT,
            Self::Unsigned if int32 => ColumnType::BIGINT,
            Self::Timestamp(..) => ColumnType::Timestamp,
            Self::Date => ColumnType::Date,
            Self::Real | Self::Half => ColumnType::Double,
            Self::Decimal(scale) => {
                let digits = u8::try_from(column.type_precision()).unwrap_or(u8::MAX);
                match u8::try_from(scale) {
                    Ok(scale) if (1..=18).contains(&digits) && scale <= digits => {
                        ColumnType::Decimal(digits, scale)
                    }
                    _ => ColumnType::String,
                }
            }
            Self::Blob => ColumnType::Bytes,
            Self::Unsigned | Self::Time(_) | Self::Text | Self::Json | Self::Uuid => {
                ColumnType::String
            }
        }
    }

    /// What kind of field its values are.
    pub(super) fn kind(self) -> FieldKind {
        match self {
            Self::Boolean => FieldKind::Boolean,
            Self::Integer => FieldKind::Integer,
            Self::Unsigned | Self::Decimal(_) => FieldKind::Number,
            Self::Real | Self::Half => FieldKind::Real,
            Self::Json => FieldKind::Json,
            Self::Blob => FieldKind::Blob,
            Self::Time(_) | Self::Timestamp(..) | Self::Date | Self::Text | Self::Uuid => {
                FieldKind::Text
            }
        }
    }

    /// Appends a value of 32 bits.
    pub(super) fn int32(self, value: i32, out: &mut Vec<u8>) {
        if self == Self::Unsigned {
            number(i64::from(value.cast_unsigned()), out);
        } else {
            self.int64(value.into(), out);
        }
    }

    /// Appends a value of 64 bits.
    pub(super) fn int64(self, value: i64, out: &mut Vec<u8>) {
        match self {
            Self::Unsigned => say(out, format_args!("{}", value.cast_unsigned())),
            Self::Date => date(value, out),
            Self::Time(unit) => clock(i128::from(value) * i128::from(unit), out),
            Self::Timestamp(unit, utc) => {
                moment(i128::from(value) * i128::from(unit), utc, out);
            }
            Self::Decimal(scale) => point(value.to_string(), scale, out),
            _ => number(value, out),
        }
    }

    /// Appends a value of some bytes.
    pub(super) fn bytes(self, value: &[u8], out: &mut Vec<u8>) {
        match (self, value) {
            (Self::Decimal(scale), _) => {
                point(BigInt::from_signed_bytes_be(value).to_string(), scale, out);
            }
            (Self::Half, [low, high]) => real(half(u16::from_le_bytes([*low, *high])), out),
            (Self::Uuid, _) => match uuid::Uuid::from_slice(value) {
                Ok(uuid) => say(out, format_args!("{uuid}")),
                Err(_) => out.extend_from_slice(value),
            },
            _ => out.extend_from_slice(value),
        }
    }
}

fn say(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    // Memory takes all that is written to it.
    drop(out.write_fmt(text));
}

/// Appends a whole number.
fn number(value: i64, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let (mut at, mut rest) = (digits.len(), value.unsigned_abs());
    while let Some(slot) = at.checked_sub(1).and_then(|at| digits.get_mut(at)) {
        at -= 1;
        *slot = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(digits.get(at..).unwrap_or_default());
}

/// Appends a number with at least so many digits.
fn padded(value: i64, digits: usize, out: &mut Vec<u8>) {
    let mut place = 10_i64.pow(u32::try_from(digits.saturating_sub(1)).unwrap_or(0));
    while place > 1 && value < place {
        out.push(b'0');
        place /= 10;
    }
    number(value, out);
}

/// Appends a floating point number.
pub(super) fn real(value: f64, out: &mut Vec<u8>) {
    if value.is_finite() {
        // Memory takes all that is written to it.
        drop(serde_json::to_writer(out, &value));
    } else {
        say(out, format_args!("{value:?}"));
    }
}

/// Appends a floating point number of 32 bits: the shortest text that means it.
pub(super) fn short_real(value: f32, out: &mut Vec<u8>) {
    if value.is_finite() {
        drop(serde_json::to_writer(out, &value));
    } else {
        say(out, format_args!("{value:?}"));
    }
}

/// A floating point number of 16 bits.
fn half(bits: u16) -> f64 {
    let exponent = i32::from((bits >> 10) & 0x1f);
    let fraction = f64::from(bits & 0x3ff);
    let size = match exponent {
        0 => fraction * 2_f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        exponent => (1024.0 + fraction) * 2_f64.powi(exponent - 25),
    };
    if bits & 0x8000 == 0 { size } else { -size }
}

fn date(days: i64, out: &mut Vec<u8>) {
    let (year, month, day) = date_of(days);
    if year < 0 {
        out.push(b'-');
    }
    padded(year.abs(), 4, out);
    out.push(b'-');
    padded(month, 2, out);
    out.push(b'-');
    padded(day, 2, out);
}

/// Appends a time of the day, given in nanoseconds: with as many digits of a second as it takes, by threes.
fn clock(nanos: i128, out: &mut Vec<u8>) {
    let part = |value: i128| i64::try_from(value).unwrap_or(0);
    let (seconds, rest) = (part(nanos / 1_000_000_000), part(nanos % 1_000_000_000));
    padded(seconds / 3600, 2, out);
    out.push(b':');
    padded(seconds / 60 % 60, 2, out);
    out.push(b':');
    padded(seconds % 60, 2, out);
    let (value, digits) = match rest {
        0 => return,
        rest if rest % 1_000_000 == 0 => (rest / 1_000_000, 3),
        rest if rest % 1_000 == 0 => (rest / 1_000, 6),
        rest => (rest, 9),
    };
    out.push(b'.');
    padded(value, digits, out);
}

fn moment(nanos: i128, utc: bool, out: &mut Vec<u8>) {
    const DAY: i128 = 86_400_000_000_000;
    date(i64::try_from(nanos.div_euclid(DAY)).unwrap_or(0), out);
    out.push(b' ');
    clock(nanos.rem_euclid(DAY), out);
    if utc {
        out.push(b'Z');
    }
}

/// Appends a decimal number, given without its point.
fn point(number: String, scale: usize, out: &mut Vec<u8>) {
    let digits = match number.strip_prefix('-') {
        Some(digits) => {
            out.push(b'-');
            digits.to_owned()
        }
        None => number,
    };
    let digits = format!("{digits:0>width$}", width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    out.extend_from_slice(whole.as_bytes());
    if scale > 0 {
        out.push(b'.');
        out.extend_from_slice(fraction.as_bytes());
    }
}

/// Appends a time of 96 bits: nanoseconds of a day, and its Julian number.
pub(super) fn int96(data: &[u32], out: &mut Vec<u8>) {
    const EPOCH: i128 = 2_440_588;
    if let [low, high, day] = *data {
        let of_day = (i128::from(high) << 32) | i128::from(low);
        let nanos = (i128::from(day) - EPOCH) * 86_400_000_000_000 + of_day;
        moment(nanos, false, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn values_have_their_usual_texts() {
        let cases: &[(Meaning, i64, &str)] = &[
            (Meaning::Integer, i64::MIN, "-9223372036854775808"),
            (Meaning::Integer, 0, "0"),
            (Meaning::Unsigned, -1, "18446744073709551615"),
            (Meaning::Date, 20_758, "2026-11-01"),
            (Meaning::Date, -1, "1969-12-31"),
            (Meaning::Time(1_000), 3_600_000_001, "01:00:00.000001"),
            (
                Meaning::Timestamp(1_000_000, true),
                1_500,
                "1970-01-01 00:00:01.500Z",
            ),
            (
                Meaning::Timestamp(1, false),
                1,
                "1970-01-01 00:00:00.000000001",
            ),
            (
                Meaning::Timestamp(1_000, false),
                -1,
                "1969-12-31 23:59:59.999999",
            ),
            (Meaning::Decimal(2), -5, "-0.05"),
            (Meaning::Decimal(0), 7, "7"),
        ];
        for (meaning, value, expected) in cases {
            assert_eq!(text(|out| meaning.int64(*value, out)), *expected);
        }
        let wide = BigInt::from(10).pow(30).to_signed_bytes_be();
        assert_eq!(
            text(|out| Meaning::Decimal(28).bytes(&wide, out)),
            "100.0000000000000000000000000000"
        );
        assert_eq!(text(|out| Meaning::Half.bytes(&[0x00, 0xc0], out)), "-2.0");
        assert_eq!(text(|out| real(1e300, out)), "1e+300");
        assert_eq!(text(|out| short_real(0.1, out)), "0.1");
        assert_eq!(text(|out| real(f64::NAN, out)), "NaN");
        assert_eq!(
            text(|out| int96(&[0, 0, 2_440_589], out)),
            "1970-01-02 00:00:00"
        );
    }
}
