//! What is said about a syntax error: the usual mistakes, recognised by the text around the place where the parser gave up.

use super::literal::ESCAPES;
use super::span_of;
use crate::diag::Diagnostic;
use crate::diag::FileId;

/// The diagnostic for the parser's error `message` at byte `at`; `base` is where the parser started reading.
pub(super) fn explain(
    file: FileId,
    text: &str,
    base: usize,
    at: usize,
    message: &str,
) -> Diagnostic {
    explain_in(file, text, at, message, unclosed(text, base, false))
}

/// The same for a text that is a template without quotes.
pub(super) fn explain_template(file: FileId, text: &str, at: usize, message: &str) -> Diagnostic {
    // The parser gives up at the start of what it cannot finish.
    let open = unclosed(text, 0, true).map(|(open, sign, _)| (open, sign, at));
    explain_in(file, text, at, message, open)
}

fn explain_in(
    file: FileId,
    text: &str,
    at: usize,
    message: &str,
    unclosed: Option<(usize, char, usize)>,
) -> Diagnostic {
    let at = (0..=at.min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0);
    let rest = text.get(at..).unwrap_or("");
    let end = at + rest.chars().next().map_or(0, char::len_utf8);
    let line_start = text
        .get(..at)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |newline| newline + 1);
    let line = text
        .get(line_start..)
        .and_then(|rest| rest.lines().next())
        .unwrap_or("");
    let here = span_of(file, at, end);
    if message.contains("nesting depth") || message.contains("operator depth") {
        return Diagnostic::error("Expression nested too deeply", "Brackets, templates, blocks and operators are nested deeper than the limit of 64 levels (128 operators). Move parts of it into `locals`.").at(here);
    }
    if message.contains("escape sequence") {
        return Diagnostic::error("Invalid string", ESCAPES).at(here);
    }
    if message.contains("redefined attribute") {
        return duplicate(file, text, at, line);
    }
    if let Some((open, sign, stopped)) = unclosed {
        let close = match sign {
            '{' => '}',
            '[' => ']',
            '(' => ')',
            _ => '"',
        };
        let gave_up_there = at >= stopped || rest.trim().is_empty();
        if gave_up_there || sign == '"' || message == "unexpected token" {
            let detail =
                format!("The `{sign}` that opens here is never closed. Add the missing `{close}`.");
            return Diagnostic::error("Missing closing sign", detail).at(span_of(
                file,
                open,
                open + 1,
            ));
        }
    }
    let detail = usual(line, text.get(line_start..at).unwrap_or(""), rest)
        .unwrap_or_else(|| generic(message, rest));
    Diagnostic::error("Invalid syntax", detail).at(here)
}

/// An attribute that is set twice in one body: the first one is labelled.
fn duplicate(file: FileId, text: &str, at: usize, line: &str) -> Diagnostic {
    let rest = text.get(at..).unwrap_or(line);
    let name: String = rest.chars().take_while(|char| is_name(*char)).collect();
    let diagnostic = Diagnostic::error(
        "Attribute set twice",
        format!("`{name}` is already set in this block. Remove one of the two."),
    )
    .at(span_of(file, at, at + name.len()));
    let indent = |at: usize| {
        text.get(..at)
            .and_then(|before| before.rsplit('\n').next())
            .map_or(0, str::len)
    };
    let mut start = at;
    while let Some(found) = text
        .get(..start)
        .and_then(|before| before.rfind(name.as_str()))
    {
        let after = text
            .get(found + name.len()..)
            .unwrap_or("")
            .trim_start_matches([' ', '\t']);
        let before = text
            .get(..found)
            .and_then(|before| before.rsplit('\n').next())
            .unwrap_or("");
        if before.trim().is_empty()
            && after.starts_with('=')
            && !after.starts_with("==")
            && indent(found) == indent(at)
        {
            return diagnostic.label(span_of(file, found, found + name.len()), "first set here");
        }
        start = found;
    }
    diagnostic
}

fn is_name(char: char) -> bool {
    char.is_alphanumeric() || char == '_' || char == '-'
}

/// The mistakes that people make, by the line, what stands before the place in it and what comes after.
fn usual(line: &str, before: &str, rest: &str) -> Option<String> {
    let next = rest.chars().next();
    let trimmed = line.trim();
    let word: String = trimmed.chars().take_while(|char| is_name(*char)).collect();
    let after_word = trimmed.get(word.len()..).unwrap_or("").trim_start();
    let detail = if next == Some('\'') || before.trim_end().ends_with('\'') {
        "Strings are written in double quotes: `\"text\"`, not `'text'`.".to_owned()
    } else if rest.starts_with(['e', 'E']) && before.ends_with(|last: char| last.is_ascii_digit()) {
        "A number may have at most 300 digits.".to_owned()
    } else if rest.starts_with(['&', '|'])
        || !line.contains('"') && (line.contains(" & ") || line.contains(" | "))
    {
        "\"And\" is written `&&`, \"or\" is written `||`.".to_owned()
    } else if next.is_some_and(|sign| "\u{201c}\u{201d}\u{2018}\u{2019}".contains(sign)) {
        "This is a typographic quote. Use the plain double quote `\"`.".to_owned()
    } else if next == Some('\u{a0}') {
        "This is a non-breaking space. Use a plain space.".to_owned()
    } else if !word.is_empty() && after_word.starts_with(':') {
        format!("An attribute is set with `=`: `{word} = …`.")
    } else if after_word.starts_with("==") {
        format!("An attribute is set with one `=`: `{word} = …`.")
    } else if matches!(next, Some('\n' | '\r') | None) && before.trim_end().ends_with('=') {
        format!("The value of `{word}` is missing. Write it after the `=`, on the same line.")
    } else if after_word.is_empty() && !word.is_empty() && matches!(next, Some('\n' | '\r') | None)
    {
        format!(
            "`{word}` stands alone. An attribute is `{word} = value`; a block is `{word} {{ … }}`."
        )
    } else if !word.is_empty() && missing_equals(after_word) {
        format!(
            "There is no `=` between `{word}` and its value. Write `{word} = …` (or, for a block, `{{` after its labels)."
        )
    } else if before.contains('{') && trimmed.ends_with('}') && trimmed.contains('=') {
        "A block on one line holds at most one attribute. Put each attribute on a line of its own."
            .to_owned()
    } else if before.trim_end().ends_with(',') {
        "A comma is not needed between attributes: each stands on a line of its own.".to_owned()
    } else if before.trim().is_empty() && after_word.starts_with('=') {
        format!("The value of `{word}` cannot be read. Check its operators, brackets and quotes.")
    } else {
        return None;
    };
    Some(detail)
}

/// Whether what follows a word is a value without `=` rather than a block's header.
fn missing_equals(after_word: &str) -> bool {
    let value = after_word.starts_with(['"', '[', '-'])
        || after_word.starts_with(|first: char| first.is_alphanumeric());
    value && !after_word.contains('{') && !after_word.contains('=')
}

fn generic(message: &str, rest: &str) -> String {
    let found = match rest.chars().next() {
        None => "the end of the file".to_owned(),
        Some('\n' | '\r') => "the end of the line".to_owned(),
        Some(sign) if is_name(sign) => format!(
            "`{}`",
            rest.chars()
                .take_while(|char| is_name(*char))
                .take(40)
                .collect::<String>()
        ),
        Some(sign) => format!("`{}`", sign.escape_debug()),
    };
    let expected = message
        .split("expected ")
        .nth(1)
        .filter(|_| !message.contains("unexpected"));
    match expected {
        Some("newline or eof" | "eof or newline") => format!(
            "Expected the end of the line, found {found}. Each attribute and each block starts on a line of its own."
        ),
        Some(expected) if expected.contains("letter or digit") => {
            format!("Expected a value, found {found}.")
        }
        Some(expected) => format!("Expected {expected}, found {found}."),
        None => format!("{found} does not fit here.").replacen("the end", "The end", 1),
    }
}

/// The innermost bracket or quote that is not closed before the text ends or another bracket closes: its offset and sign,
/// and where that shows. Strings, comments and heredocs are skipped as the parser does. `in_template`: the text is one.
fn unclosed(text: &str, base: usize, in_template: bool) -> Option<(usize, char, usize)> {
    let bytes = text.as_bytes();
    let mut open: Vec<(usize, char)> = Vec::new();
    let mut at = base;
    while let Some(byte) = bytes.get(at) {
        let rest = bytes.get(at..).unwrap_or(&[]);
        let quoted = open.last().is_some_and(|(_, sign)| *sign == '"');
        match byte {
            b'\\' | b'"' | b'\n' if in_template && open.is_empty() => {}
            _ if quoted || in_template && open.is_empty() => match byte {
                b'\\' => at += 1,
                b'"' => drop(open.pop()),
                b'\n' => break,
                b'$' | b'%' if rest.get(1) == Some(byte) && rest.get(2) == Some(&b'{') => at += 2,
                b'$' | b'%' if rest.get(1) == Some(&b'{') => {
                    at += 1;
                    open.push((at, '{'));
                }
                _ => {}
            },
            b'#' => at += line_length(rest),
            b'/' if rest.starts_with(b"//") => at += line_length(rest),
            b'/' if rest.starts_with(b"/*") => {
                at += rest
                    .windows(2)
                    .position(|pair| pair == b"*/")
                    .unwrap_or(rest.len())
                    + 1;
            }
            b'<' if rest.starts_with(b"<<") => at += heredoc_length(text.get(at..).unwrap_or("")),
            b'{' | b'[' | b'(' | b'"' => open.push((at, char::from(*byte))),
            b'}' | b']' | b')' => {
                let expected = match byte {
                    b'}' => '{',
                    b']' => '[',
                    _ => '(',
                };
                if open.last().is_some_and(|(_, sign)| *sign == expected) {
                    open.pop();
                } else {
                    break;
                }
            }
            _ => {}
        }
        at += 1;
    }
    open.pop().map(|(from, sign)| (from, sign, at))
}

fn line_length(rest: &[u8]) -> usize {
    rest.iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(rest.len())
        .saturating_sub(1)
}

/// The bytes from `<<` to the end of the closing delimiter, less one; 1 if it is no heredoc.
fn heredoc_length(rest: &str) -> usize {
    let header = rest.trim_start_matches('<').trim_start_matches('-');
    let delimiter: String = header.chars().take_while(|char| is_name(*char)).collect();
    if delimiter.is_empty() {
        return 1;
    }
    let mut length = 0;
    for (number, line) in rest.split_inclusive('\n').enumerate() {
        length += line.len();
        if number > 0 && line.trim() == delimiter {
            return length.saturating_sub(2);
        }
    }
    length.saturating_sub(1)
}
