//! The text inside quotes and heredocs, as Terraform reads it.
//!
//! Escapes, `~` and `<<-` are rules about source text, so literals are read again from the source by their span. A template is
//! seen as a flat sequence of literals and sequences (`${…}`, `%{…}`), however deep its directives nest.

use unicode_normalization::UnicodeNormalization as _;

/// What is said about an unknown escape.
pub(super) const ESCAPES: &str = "A backslash is followed by one of `n`, `r`, `t`, `\"`, `\\`, `u`, `U`; write `\\\\` for the backslash itself.";

/// One element of a template in source order.
pub(super) enum Piece {
    /// Text, unescaped, cut after each line end.
    Text(Vec<String>),
    /// A sequence, with whether it strips the white space before and after it.
    Sequence { before: bool, after: bool },
}

/// Why an escape is wrong: the byte offset in the literal and what to do.
pub(super) type EscapeError = (usize, &'static str);

/// Undoes the escapes of a quoted string.
pub(in crate::lang) fn unescape_quoted(raw: &str) -> Result<String, EscapeError> {
    let mut text = String::with_capacity(raw.len());
    let mut chars = raw.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '\\' => match chars.next().map(|(_, escape)| escape) {
                Some('n') => text.push('\n'),
                Some('r') => text.push('\r'),
                Some('t') => text.push('\t'),
                Some('"') => text.push('"'),
                Some('\\') => text.push('\\'),
                Some('u') => text.push(
                    code_point(&mut chars, 4)
                        .ok_or((at, "`\\u` is followed by four hexadecimal digits."))?,
                ),
                Some('U') => text.push(
                    code_point(&mut chars, 8)
                        .ok_or((at, "`\\U` is followed by eight hexadecimal digits."))?,
                ),
                _ => {
                    return Err((at, ESCAPES));
                }
            },
            '"' => return Err((at, "A quote inside a quoted string is written `\\\"`.")),
            '\n' => {
                return Err((
                    at,
                    "A quoted string ends on the line it starts on; write `\\n`, or a heredoc (`<<EOT`) for several lines.",
                ));
            }
            _ => text.push(char),
        }
        // The doubled signs `$${` and `%%{` stand for the single ones.
        if (char == '$' || char == '%')
            && chars
                .as_str()
                .starts_with(if char == '$' { "${" } else { "%{" })
        {
            chars.next();
        }
    }
    Ok(text)
}

fn code_point(chars: &mut std::str::CharIndices<'_>, digits: usize) -> Option<char> {
    let hex = chars.as_str().get(..digits)?;
    let code = u32::from_str_radix(hex, 16)
        .ok()
        .filter(|_| !hex.starts_with('+'))?;
    chars.nth(digits - 1);
    char::from_u32(code)
}

/// Undoes the only escapes of a heredoc, `$${` and `%%{`.
pub(super) fn unescape_heredoc(raw: &str) -> String {
    raw.replace("$${", "${").replace("%%{", "%{")
}

/// Applies the `~` marks: each takes the white space of the line piece next to it.
pub(super) fn strip(pieces: &mut [Piece]) {
    for index in 0..pieces.len() {
        let Some(Piece::Sequence { before, after }) = pieces.get(index) else {
            continue;
        };
        let (before, after) = (*before, *after);
        if before
            && let Some(Piece::Text(lines)) =
                index.checked_sub(1).and_then(|index| pieces.get_mut(index))
            && let Some(line) = lines.last_mut()
        {
            line.truncate(line.trim_end().len());
        }
        if after
            && let Some(Piece::Text(lines)) = pieces.get_mut(index + 1)
            && let Some(line) = lines.first_mut()
        {
            *line = line.trim_start().to_owned();
        }
    }
}

/// Takes the smallest common indentation off all lines of a `<<-` heredoc. Blank lines do not count and stay as they are; a
/// line that starts with a sequence has no indentation.
pub(super) fn dedent(pieces: &mut [Piece]) {
    let mut starts = Vec::new();
    let mut smallest = usize::MAX;
    let mut at_start = true;
    for (index, piece) in pieces.iter().enumerate() {
        let Piece::Text(lines) = piece else {
            if std::mem::take(&mut at_start) {
                smallest = 0;
            }
            continue;
        };
        for (line_index, line) in lines.iter().enumerate() {
            if at_start && !(line.ends_with('\n') && line.trim().is_empty()) {
                smallest =
                    smallest.min(line.chars().take_while(|char| char.is_whitespace()).count());
                starts.push((index, line_index));
            }
            at_start = line.ends_with('\n');
        }
    }
    for (index, line_index) in starts {
        if let Some(Piece::Text(lines)) = pieces.get_mut(index)
            && let Some(line) = lines.get_mut(line_index)
        {
            *line = line.chars().skip(smallest).collect();
        }
    }
}

/// Unicode's composed form, so that equal texts are equal values.
pub(in crate::lang) fn normalized(text: &str) -> String {
    if text.is_ascii() {
        text.to_owned()
    } else {
        text.nfc().collect()
    }
}
