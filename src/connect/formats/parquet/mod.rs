//! `parquet`: a file of columns, read and written by the column readers and writers of the `parquet` crate, without Arrow.
//!
//! Rows become columns a row group at a time, and a group is bounded by its bytes: so memory is bounded, whatever the file.
//! What is written has the types of the columns, all of them nullable. What is read may have any flat schema: dates,
//! decimals and timestamps of all units become texts that [`super::columns`] reads back.

mod columns;
mod guard;
mod held;
mod read;
mod render;
mod unpack;
mod write;

pub use read::ParquetReader;
pub use write::ParquetWriter;

use super::Column;

/// The settings of the format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parquet {
    /// Declared columns; of a file that is read they are picked by name.
    pub columns: Vec<Column>,
    /// The names of those that are declared without a type: of a file that is read they keep the one that they have there.
    pub untyped: Vec<String>,
    /// How pages are packed.
    pub pages: Pages,
}

/// How pages are packed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pages {
    /// As they are.
    Plain,
    /// Snappy: a little faster.
    Snappy,
    /// zstd: much smaller.
    #[default]
    Zstd,
    /// gzip: for readers that know nothing else.
    Gzip,
}

impl Pages {
    /// The one of that name, as configurations say it.
    pub fn of_name(name: &str) -> Option<Self> {
        match name {
            "none" => Some(Self::Plain),
            "snappy" => Some(Self::Snappy),
            "zstd" => Some(Self::Zstd),
            "gzip" => Some(Self::Gzip),
            _ => None,
        }
    }
}
