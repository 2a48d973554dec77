//! Texts of users in Markdown: they stay what they are, whatever is in them.
//!
//! A name cannot end the cell, the code or the `<details>` that it stands in, nobody is notified because a value has an `@`, and what
//! would not be seen, like marks that turn the direction of text, is written out.

/// A zero-width space, which keeps `@name` and `#1` from being links.
const APART: &str = "&#8203;";

/// A name or value as code, in a cell or a sentence.
pub(super) fn code(text: &str) -> String {
    let text = one_line(text);
    let plain = |letter: char| letter.is_alphanumeric() || "_-.:[]*\"'/ ,=()+$%".contains(letter);
    if text.trim().is_empty() {
        String::new()
    } else if text.chars().all(plain) {
        format!("`{text}`")
    } else {
        let entities: String = text.chars().map(entity).collect();
        format!("<code>{entities}</code>")
    }
}

/// A sentence that has names and values of users in it, in backticks or not.
pub(super) fn prose(text: &str) -> String {
    let text = one_line(text);
    let pieces: Vec<&str> = text.split('`').collect();
    let paired = pieces.len() % 2 == 1;
    let mut out = String::new();
    for (at, piece) in pieces.iter().enumerate() {
        if paired && at % 2 == 1 {
            out.push_str(&code(piece));
            continue;
        }
        if !paired && at > 0 {
            out.push_str(&entity('`'));
        }
        for letter in piece.chars() {
            out.push_str(&entity(letter));
            if "@#!~%$&".contains(letter) {
                out.push_str(APART);
            }
        }
    }
    out
}

/// A text without what would not be seen; lines stay lines.
pub(super) fn seen(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_hidden(letter) && !matches!(letter, '\n' | '\t') {
            out.extend(letter.escape_unicode());
        } else {
            out.push(letter);
        }
    }
    out
}

/// The longest run of backticks.
pub(super) fn longest_run(text: &str) -> usize {
    let runs = text.split(|letter| letter != '`');
    runs.map(str::len).max().unwrap_or(0)
}

/// At most so many letters of a text.
pub(super) fn shortened(text: &str, letters: usize) -> String {
    match text.char_indices().nth(letters) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn one_line(text: &str) -> String {
    seen(&text.replace(['\n', '\t'], " "))
}

/// Whether a letter has no shape, or changes that of others.
fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// A letter so that it means nothing to Markdown or HTML.
fn entity(letter: char) -> String {
    if letter.is_ascii_punctuation() && !".,;:'()\"".contains(letter) {
        format!("&#{};", u32::from(letter))
    } else {
        letter.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_code_and_stay_in_their_cell() {
        assert_eq!(code("pipeline.p[\"a b\"]"), "`pipeline.p[\"a b\"]`");
        assert_eq!(code("a|b"), "<code>a&#124;b</code>");
        assert_eq!(code("a`b"), "<code>a&#96;b</code>");
        assert_eq!(
            code("</code></details>"),
            "<code>&#60;&#47;code&#62;&#60;&#47;details&#62;</code>"
        );
        assert_eq!(code("me@host"), "<code>me&#64;host</code>");
        assert_eq!(
            code("a\nb\u{202e}"),
            "<code>a b&#92;u&#123;202e&#125;</code>"
        );
        assert_eq!(code(" \n"), "");
    }

    #[test]
    fn sentences_keep_the_names_in_them_and_mention_nobody() {
        assert_eq!(
            prose("`activity.x` is not used: see @team, #12."),
            "`activity.x` is not used: see &#64;&#8203;team, &#35;&#8203;12."
        );
        assert_eq!(prose("an odd ` one"), "an odd &#96; one");
        assert_eq!(
            prose("**not** [bold](x)"),
            "&#42;&#42;not&#42;&#42; &#91;bold&#93;(x)"
        );
    }

    #[test]
    fn what_is_hidden_is_written_out() {
        assert_eq!(seen("a\r\n\tb\u{1b}"), "a\\u{d}\n\tb\\u{1b}");
        assert_eq!(longest_run("a `` b ``` c `"), 3);
        assert_eq!(shortened("äöü", 2), "äö…");
    }
}
