//! csv: comma separated, quoted as RFC 4180 says, and with the escape character of AWS.
//!
//! An empty field without quotes is NULL, `""` is the empty text. The escape character makes the next character
//! plain, inside quotes and outside. Lines end in `\n` or `\r\n`; `\n` is written.

use super::Column;
use super::delimited::Delimited;
use super::delimited::Null;

/// The dialect. `escape` none: the backslash is a character like any other.
pub fn csv(columns: Vec<Column>, header: bool, escape: Option<u8>) -> Delimited {
    Delimited {
        columns,
        header,
        separator: b",".to_vec(),
        record_separator: b"\n".to_vec(),
        escape,
        quote: Some(b'"'),
        null: Null::Empty,
        carriage: true,
    }
}
