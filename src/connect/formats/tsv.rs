//! tsv: tab separated, no quotes; separators inside a field are escaped.
//!
//! NULL is the escape character and `N` (`\N`), as databases write it; an empty field is the empty text.
//! Lines end in `\n` or `\r\n`; `\n` is written.

use super::Column;
use super::custom;
use super::delimited::Delimited;
use super::delimited::Null;

/// The dialect, with AWS's defaults where nothing is said.
pub fn tsv(columns: Vec<Column>, header: bool, escape: Option<u8>) -> Delimited {
    Delimited {
        null: Null::EscapedN,
        carriage: true,
        ..custom::custom(columns, header, b"\t".to_vec(), escape)
    }
}
