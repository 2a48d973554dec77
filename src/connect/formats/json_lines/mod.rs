//! `json_lines`: a JSON object a line.
//!
//! The columns are those that are declared, then other keys are left out; else they are the keys of the first line, and another
//! key later is an error, so that nothing is lost in silence. A key that is missing is NULL. Numbers stay as they are written,
//! lists and objects are their JSON text.

mod read;
mod write;

pub use read::JsonLinesReader;
pub use write::JsonLinesWriter;

use super::Column;

/// The settings of the format.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JsonLines {
    /// Declared columns.
    pub columns: Vec<Column>,
}
