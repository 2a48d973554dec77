//! What changes in a text, as `diff -u` shows it.

use similar::TextDiff;

/// The lines that change, each with three lines around it. Without a line break at its end a text says so.
pub(crate) fn unified(name: &str, old: &str, new: &str) -> String {
    TextDiff::from_lines(old, new)
        .unified_diff()
        .context_radius(3)
        .header(&format!("old/{name}"), &format!("new/{name}"))
        .missing_newline_hint(true)
        .to_string()
}
