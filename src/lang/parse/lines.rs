//! Lines of a file, looked at without reading it: how far they are indented, and whether an attribute or a block begins there.

/// A line that begins an attribute or a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// The spaces and tabs before it.
    pub(super) indent: usize,
    /// Whether it is the header of a block.
    pub(super) is_block: bool,
}

/// Words that may begin a line inside of an expression, with a brace behind them.
const WORDS: &[&str] = &["for", "if", "in"];

/// What the first line of a text begins, if it is an attribute (`name =`) or a block (`kind "label" {`).
pub(super) fn beginning(text: &str) -> Option<Line> {
    let unindented = text.trim_start_matches([' ', '\t']);
    let indent = text.len() - unindented.len();
    let (word, mut rest) = word(unindented)?;
    if WORDS.contains(&word) {
        return None;
    }
    if let Some(after) = rest.strip_prefix('=') {
        let is_block = false;
        return (!after.starts_with(['=', '>'])).then_some(Line { indent, is_block });
    }
    loop {
        if rest.starts_with('{') {
            let is_block = true;
            return Some(Line { indent, is_block });
        }
        rest = match rest.strip_prefix('"') {
            Some(label) => {
                let end = label.find(['"', '\n'])?;
                let after = label.get(end..)?.strip_prefix('"')?;
                after.trim_start_matches([' ', '\t'])
            }
            None => self::word(rest)?.1,
        };
    }
}

/// The name at the start, and what follows it and the blanks behind it.
fn word(text: &str) -> Option<(&str, &str)> {
    let first = text.chars().next()?;
    let end = text
        .find(|char: char| !(char.is_alphanumeric() || char == '_' || char == '-'))
        .unwrap_or(text.len());
    let is_name = first.is_alphabetic() || first == '_';
    let (word, rest) = text.split_at_checked(end).filter(|_| is_name)?;
    Some((word, rest.trim_start_matches([' ', '\t'])))
}

/// Where the next line begins that is the header of a block and not indented.
pub(super) fn next_block(text: &str) -> Option<usize> {
    let mut start = text.find('\n')? + 1;
    for line in text.get(start..)?.split_inclusive('\n') {
        if beginning(line).is_some_and(|line| line.is_block && line.indent == 0) {
            return Some(start);
        }
        start += line.len();
    }
    None
}

/// The text before a byte in its line.
fn before(text: &str, at: usize) -> &str {
    let text = text.get(..at).unwrap_or("");
    let start = text.rfind('\n').map_or(0, |newline| newline + 1);
    text.get(start..)
        .unwrap_or("")
        .trim_start_matches('\u{feff}')
}

/// How far the line of a byte is indented.
pub(super) fn indent(text: &str, at: usize) -> usize {
    let before = before(text, at);
    before.len() - before.trim_start_matches([' ', '\t']).len()
}

/// Whether a byte is the first of its line that is not blank.
pub(super) fn begins(text: &str, at: usize) -> bool {
    before(text, at).trim_start_matches([' ', '\t']).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_and_blocks_are_recognised_by_their_line() {
        for (text, expected) in [
            ("a = 1", Some((0, false))),
            ("  a=1", Some((2, false))),
            ("b {", Some((0, true))),
            ("\tb \"x y\" z{}\n", Some((1, true))),
            ("b \"x\"\n{", None),
            ("b \"x\n\" {", None),
            ("a == 1", None),
            ("k => {", None),
            ("if {", None),
            ("a.b = 1", None),
            ("f(x) {", None),
            ("", None),
            ("1 = 2", None),
        ] {
            let line = beginning(text).map(|line| (line.indent, line.is_block));
            assert_eq!(line, expected, "{text:?}");
        }
    }

    #[test]
    fn the_next_block_is_not_indented() {
        assert_eq!(next_block("x\n  b {\nb {\n"), Some(8));
        assert_eq!(next_block("b {"), None);
        assert_eq!(next_block("x\na = 1\n"), None);
    }

    #[test]
    fn indentation_is_that_of_the_line() {
        let text = "a\n  b c\n";
        assert_eq!((indent(text, 6), begins(text, 6)), (2, false));
        assert_eq!((indent(text, 4), begins(text, 4)), (2, true));
        assert_eq!((indent(text, 0), begins(text, 0)), (0, true));
    }
}
