//! Text on its way to a terminal: made harmless, cut to a sane length, wrapped.
//!
//! Everything a message shows may hold what a user, a file or a remote system wrote, so it may hold escape sequences
//! that drive the terminal, or characters that make a line read differently from what it is. All of it passes through
//! here before it is drawn.

/// A character that no text has once it went through here, for places to fill in.
pub(super) const PLACEHOLDER: char = '\u{fdd0}';

/// One line: control and bidi characters become visible stand-ins, line breaks become spaces.
pub(super) fn clean_line(text: &str) -> String {
    text.chars()
        .map(|c| if c == '\n' { ' ' } else { stand_in(c) })
        .collect()
}

/// Several lines: like [`clean_line`], but line breaks (also `\r\n`) stay.
pub(super) fn clean_block(text: &str) -> String {
    text.lines()
        .map(|line| clean_line(line).replace('\t', "    "))
        .collect::<Vec<_>>()
        .join("\n")
}

/// At most `limit` bytes of a text, and how many were left out.
pub(super) fn shorten(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let cut = text.floor_char_boundary(limit);
    let start = text.get(..cut).unwrap_or("");
    format!("{start}... ({} more bytes)", text.len() - cut)
}

/// Wraps each line at spaces to at most `width` (40 to 120) characters; words that are longer stay whole. Indented lines and
/// list items stay as they are.
pub(super) fn wrap(text: &str, width: usize) -> String {
    let width = width.clamp(40, 120);
    let mut wrapped = String::new();
    for line in text.lines() {
        if is_laid_out(line) {
            wrapped.push_str(line);
        } else {
            wrap_line(line, width, &mut wrapped);
        }
        wrapped.push('\n');
    }
    wrapped
}

fn wrap_line(line: &str, width: usize, wrapped: &mut String) {
    let mut column = 0;
    for word in line.split(' ').filter(|word| !word.is_empty()) {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > width {
            wrapped.push('\n');
            column = 0;
        } else if column > 0 {
            wrapped.push(' ');
            column += 1;
        }
        wrapped.push_str(word);
        column += length;
    }
}

/// Whether the author of a message laid out this line: it is indented or an item of a list.
fn is_laid_out(line: &str) -> bool {
    let number = line.trim_start_matches(|c: char| c.is_ascii_digit());
    line.starts_with([' ', '-', '*', '•', '|'])
        || (number.len() < line.len() && number.starts_with(". "))
}

/// The character itself, or a visible one in place of a character that acts on the terminal or on reading order.
fn stand_in(c: char) -> char {
    match c {
        '\t' => c,
        '\0'..='\u{1f}' => {
            char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER)
        }
        '\u{7f}' => '\u{2421}',
        '\u{80}'..='\u{9f}'
        | '\u{ad}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | PLACEHOLDER
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => char::REPLACEMENT_CHARACTER,
        _ => c,
    }
}
