//! custom: any column separator and record separator, of one or more bytes; no quotes.
//!
//! NULL is written as in tsv. Without an escape character NULL is written as the empty field, and a field that
//! holds a separator cannot be written: that is an error, not a broken file.

use super::Column;
use super::delimited::Delimited;
use super::delimited::Null;

/// The dialect; set `record_separator` on the result for one other than `\n`.
pub fn custom(
    columns: Vec<Column>,
    header: bool,
    separator: Vec<u8>,
    escape: Option<u8>,
) -> Delimited {
    Delimited {
        columns,
        header,
        separator,
        record_separator: b"\n".to_vec(),
        escape,
        quote: None,
        null: if escape.is_some() {
            Null::EscapedN
        } else {
            Null::Empty
        },
        carriage: false,
    }
}
