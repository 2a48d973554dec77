//! Characters that change the direction of text, so that a file does other things than it seems to on the screen.
//!
//! Terraform reads them, and some strings need them, so they are no error; but no reviewer should miss one.

use super::mistakes::code;
use super::span_of;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::FileId;

/// More of them in one file are not reported.
const MOST: usize = 20;

/// A warning for each such character.
pub(super) fn warnings(file: FileId, text: &str) -> Diagnostics {
    let mut found = Diagnostics::new();
    if text.is_ascii() {
        return found;
    }
    for (at, char) in text
        .char_indices()
        .filter(|(_, char)| directs(*char))
        .take(MOST)
    {
        let detail = format!(
            "The invisible character {} here changes the direction of the text around it, so what is read may be something else than what is shown. Remove it; in a quoted string it can be written `\\u{:04X}`.",
            code(char),
            u32::from(char)
        );
        found.push(
            Diagnostic::warning("Text that changes direction", detail).at(span_of(
                file,
                at,
                at + char.len_utf8(),
            )),
        );
    }
    found
}

fn directs(char: char) -> bool {
    matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_such_character_is_named() {
        let found = warnings(FileId(0), "# \u{202e}x\na = \"\u{2066}é\"\n");
        let details: Vec<&str> = found.iter().map(|found| found.detail.as_str()).collect();
        assert_eq!(details.len(), 2);
        assert!(details[0].contains("U+202E") && details[0].contains("`\\u202E`"));
        assert!(details[1].contains("U+2066"));
        assert!(!found.has_errors());
        assert!(warnings(FileId(0), "é \u{200f}").is_empty());
    }
}
