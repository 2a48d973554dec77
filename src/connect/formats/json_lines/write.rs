//! Writes objects, a line each.

use crate::connect::ConnectError;
use crate::connect::formats::batch::Fault;
use crate::connect::formats::batch::FieldKind;
use crate::connect::formats::batch::Record;
use crate::connect::formats::columns::Cell;
use crate::connect::formats::columns::ColumnType;
use crate::connect::formats::columns::cell;
use crate::connect::formats::columns::text;
use crate::connect::formats::regex::cut;

/// Writes records as objects.
#[derive(Debug)]
pub struct JsonLinesWriter {
    /// What stands before each value: `{"id":`, `,"name":`, …
    before: Vec<Vec<u8>>,
    /// The types of the columns, where somebody says them.
    types: Vec<Option<ColumnType>>,
}

impl JsonLinesWriter {
    /// A writer for columns of these names and types.
    pub fn new(names: &[String], types: Vec<Option<ColumnType>>) -> Result<Self, ConnectError> {
        if names.is_empty() {
            return Err(ConnectError::Setting(
                "objects need keys and the inputs do not name their columns; list them in `column`"
                    .to_owned(),
            ));
        }
        let mut before = Vec::new();
        for (index, name) in names.iter().enumerate() {
            if names.iter().take(index).any(|other| other == name) {
                return Err(ConnectError::Setting(format!(
                    "two columns are called `{name}`; the keys of an object differ"
                )));
            }
            let mut text = vec![if index == 0 { b'{' } else { b',' }];
            quoted(name, &mut text);
            text.push(b':');
            before.push(text);
        }
        Ok(Self { before, types })
    }

    /// Appends a record.
    pub fn write(&self, record: Record<'_>, out: &mut Vec<u8>) -> Result<(), Fault> {
        let types = self.types.iter().copied().chain(std::iter::repeat(None));
        let fields = record.fields().zip(types);
        for (index, (before, ((bytes, kind), to))) in self.before.iter().zip(fields).enumerate() {
            out.extend_from_slice(before);
            value(bytes, kind, to, out).map_err(|reason| Fault::field(index, reason))?;
        }
        out.extend_from_slice(b"}\n");
        Ok(())
    }
}

/// Appends a value.
fn value(
    bytes: &[u8],
    kind: FieldKind,
    to: Option<ColumnType>,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    let natural = match kind {
        FieldKind::Null => None,
        FieldKind::Text | FieldKind::Blob => Some(ColumnType::String),
        FieldKind::Json => return written(bytes, out),
        FieldKind::Boolean => Some(ColumnType::Boolean),
        FieldKind::Integer => Some(ColumnType::BIGINT),
        FieldKind::Number | FieldKind::Real => Some(ColumnType::Double),
    };
    let Some(to) = natural.map(|natural| to.unwrap_or(natural)) else {
        out.extend_from_slice(b"null");
        return Ok(());
    };
    // A column of bytes is written where its bytes are text.
    let to = match to {
        ColumnType::Timestamp | ColumnType::Date if kind == FieldKind::Text => {
            cell(bytes, kind, to)?;
            ColumnType::String
        }
        ColumnType::Bytes => ColumnType::String,
        to => to,
    };
    match cell(bytes, kind, to)? {
        Cell::Null => out.extend_from_slice(b"null"),
        Cell::Boolean(true) => out.extend_from_slice(b"true"),
        Cell::Boolean(false) => out.extend_from_slice(b"false"),
        Cell::Text(text) => quoted(text, out),
        Cell::Integer(_) | Cell::Double(_) | Cell::Decimal(_) if is_number(bytes) => {
            out.extend_from_slice(bytes);
        }
        Cell::Integer(number) => out.extend_from_slice(number.to_string().as_bytes()),
        Cell::Double(number) if number.is_finite() => {
            out.extend_from_slice(format!("{number:?}").as_bytes());
        }
        Cell::Double(_) => return Err(format!("JSON has no number for `{}`", cut(bytes))),
        Cell::Decimal(_) => out.extend_from_slice(plain_decimal(bytes).as_bytes()),
        Cell::Timestamp(_) | Cell::Date(_) | Cell::Bytes(_) => quoted(text(bytes)?, out),
    }
    Ok(())
}

/// A decimal number as JSON writes it: ` +007.50` is `7.50`.
fn plain_decimal(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes.trim_ascii()).into_owned();
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.trim_start_matches('+')),
    };
    let rest = rest.trim_start_matches('0').trim_end_matches('.');
    let zero = if rest.is_empty() || rest.starts_with('.') {
        "0"
    } else {
        ""
    };
    format!("{sign}{zero}{rest}")
}

/// Appends a text that is JSON.
fn written(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    text(bytes)?;
    out.extend_from_slice(bytes);
    Ok(())
}

/// Whether a text is a number as JSON writes it: no plus, no zeros before it, digits around its point.
fn is_number(text: &[u8]) -> bool {
    let rest = text.strip_prefix(b"-").unwrap_or(text);
    let digits = |from: &[u8]| from.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let whole = digits(rest);
    if whole == 0 || (whole > 1 && rest.first() == Some(&b'0')) {
        return false;
    }
    let mut rest = rest.get(whole..).unwrap_or_default();
    if let Some(fraction) = rest.strip_prefix(b".") {
        let count = digits(fraction);
        rest = fraction.get(count..).unwrap_or_default();
        if count == 0 {
            return false;
        }
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let exponent = match exponent {
            [b'+' | b'-', digits @ ..] | digits => digits,
        };
        return !exponent.is_empty() && digits(exponent) == exponent.len();
    }
    rest.is_empty()
}

/// Appends a text in quotes.
fn quoted(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut taken = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let escaped: &[u8] = match byte {
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            0..=0x1f => b"",
            _ => continue,
        };
        out.extend_from_slice(bytes.get(taken..at).unwrap_or_default());
        if escaped.is_empty() {
            out.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
        } else {
            out.extend_from_slice(escaped);
        }
        taken = at + 1;
    }
    out.extend_from_slice(bytes.get(taken..).unwrap_or_default());
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_json() {
        for text in [
            "0",
            "-0",
            "12",
            "0.5",
            "-1.25e-3",
            "1E400",
            "123456789012345678901234567890",
        ] {
            assert!(is_number(text.as_bytes()), "{text}");
        }
        for text in [
            "", "-", "+1", "007", ".5", "1.", "1e", "1e+", "0x10", "1 ", "inf", "NaN", "1.5.2",
        ] {
            assert!(!is_number(text.as_bytes()), "{text}");
        }
    }
}
