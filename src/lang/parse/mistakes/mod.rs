//! What is said about mistakes of syntax: the usual ones are recognised by the tokens around the place.
//!
//! Here are the signs and the structure of files; [`expression`] has what can be wrong within a value.

mod expression;
#[cfg(test)]
mod tests;

pub(super) use expression::LOOP;
pub(super) use expression::adjacent;
pub(super) use expression::explain;
pub(super) use expression::legacy_index;
pub(super) use expression::no_value;
pub(super) use expression::nothing;
pub(super) use expression::number;

use super::gather::closing;
use super::source::Source;
use super::span_of;
use crate::diag::Diagnostic;
use crate::diag::FileId;
use crate::diag::Span;
use crate::lang::ast::Ident;
use crate::lang::tokens::Token;
use crate::lang::tokens::TokenKind;

fn syntax(detail: impl Into<String>, span: Span) -> Diagnostic {
    Diagnostic::error("Invalid syntax", detail).at(span)
}

fn missing_sign(detail: impl Into<String>, span: Span) -> Diagnostic {
    Diagnostic::error("Missing closing sign", detail).at(span)
}

/// What is never closed.
pub(super) fn unclosed(source: Source<'_>, open: Token) -> Diagnostic {
    match open.kind {
        TokenKind::OpenQuote => return open_quote(source, open),
        TokenKind::OpenHeredoc => return open_heredoc(source, open),
        _ => {}
    }
    let sign = source.text_of(open);
    let escape = match open.kind {
        TokenKind::OpenInterpolation => " For the signs themselves, write `$${`.",
        TokenKind::OpenDirective => " For the signs themselves, write `%%{`.",
        _ => "",
    };
    let detail = format!(
        "The `{sign}` that opens here is never closed. Add the missing `{}`.{escape}",
        closing(open.kind)
    );
    missing_sign(detail, source.at(open))
}

/// A quoted string that does not end on its line.
fn open_quote(source: Source<'_>, open: Token) -> Diagnostic {
    missing_sign(
        "The `\"` that opens here is never closed. Add the missing `\"`; a text of several lines is written as a heredoc (`<<EOT`) or with `\\n`.",
        source.at(open),
    )
}

/// A heredoc without an end.
fn open_heredoc(source: Source<'_>, open: Token) -> Diagnostic {
    let sign = source.text_of(open).trim_end();
    let delimiter = sign.trim_start_matches('<').trim_start_matches('-');
    let length = sign.len();
    let start = open.start as usize;
    let detail = format!(
        "This heredoc has no end. It ends with a line that holds nothing but `{delimiter}`, and that line ends with a line break."
    );
    missing_sign(detail, source.span(start..start + length))
}

/// A block comment without an end; `span` is its beginning.
pub(super) fn open_comment(span: Span) -> Diagnostic {
    missing_sign(
        "The comment that opens here is never closed. Add the missing `*/`.",
        span,
    )
}

/// A closing sign where nothing is open.
pub(super) fn stray(source: Source<'_>, token: Token) -> Diagnostic {
    let sign = source.text_of(token);
    syntax(
        format!("This `{sign}` closes nothing. Remove it, or add what it should close."),
        source.at(token),
    )
}

/// A closing sign of another kind than the opening one.
pub(super) fn wrong_sign(source: Source<'_>, open: Token, close: Token) -> Diagnostic {
    let detail = format!(
        "The `{}` that opens here is never closed: there is `{}` where its `{}` should be.",
        source.text_of(open),
        source.text_of(close),
        closing(open.kind)
    );
    missing_sign(detail, source.at(open)).label(source.at(close), "does not close it")
}

/// A character that means nothing here.
pub(super) fn invalid(source: Source<'_>, token: Token) -> Diagnostic {
    let text = source.text_of(token);
    let char = text.chars().next().unwrap_or(' ');
    let detail = match char {
        '\'' => "Strings are written in double quotes: `\"text\"`, not `'text'`.".to_owned(),
        '`' => "Strings are written in double quotes: `\"text\"`; those of several lines as a heredoc (`<<EOT`).".to_owned(),
        '\u{201c}' | '\u{201d}' | '\u{2018}' | '\u{2019}' | '\u{ab}' | '\u{bb}' => {
            "This is a typographic quote. Use the plain double quote `\"`.".to_owned()
        }
        '&' | '|' => "\"And\" is written `&&`, \"or\" is written `||`.".to_owned(),
        ';' => "No `;` is needed: each attribute stands on a line of its own, and what is in brackets is separated by commas.".to_owned(),
        '$' => "`$` has a meaning only in strings, as in `\"${ … }\"`. Outside of them a variable is `var.name`.".to_owned(),
        '^' => "There is no operator `^`. A power is `pow(base, exponent)`.".to_owned(),
        '\\' => "A backslash has a meaning only in quoted strings. A long expression goes on over several lines inside of parentheses.".to_owned(),
        '~' if follows_sign(source, token) => "To match a pattern, write `can(regex(pattern, text))`.".to_owned(),
        '~' => "`~` has a meaning only beside the braces of a template: `${~ … ~}`.".to_owned(),
        '\r' => "There is a carriage return without a line feed here. Save the file with the line ends of Unix or Windows.".to_owned(),
        '\u{feff}' => "There is a byte order mark in the middle of the file. Remove it.".to_owned(),
        '\u{a0}' => "This is a non-breaking space. Use a plain space.".to_owned(),
        '\u{2013}' | '\u{2014}' | '\u{2212}' => "This is a dash. The minus sign is `-`.".to_owned(),
        _ if char.is_whitespace() || is_invisible(char) => format!("There is the invisible character {} here. Use a plain space.", code(char)),
        _ if char.is_control() => format!("There is the control character {} here. Remove it.", code(char)),
        _ => format!("`{}` has no meaning here. Text is written in double quotes.", char.escape_debug()),
    };
    syntax(detail, source.at(token))
}

/// Whether it stands directly behind `=` or `!`.
fn follows_sign(source: Source<'_>, token: Token) -> bool {
    let before = source.text.get(..token.start as usize).unwrap_or("");
    before.ends_with(['=', '!'])
}

fn is_invisible(char: char) -> bool {
    matches!(char, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{ad}')
}

/// The name of a character that cannot be shown.
pub(super) fn code(char: char) -> String {
    format!("U+{:04X}", u32::from(char))
}

/// What stands where an attribute or block should begin.
pub(super) fn no_item(source: Source<'_>, token: Token) -> Diagnostic {
    let rest = source.text.get(token.start as usize..).unwrap_or("");
    if let Some(mark) = ["<<<<<<<", "=======", ">>>>>>>", "|||||||"]
        .iter()
        .find(|mark| rest.starts_with(**mark))
    {
        let span = source.span(token.start as usize..token.start as usize + mark.len());
        return syntax(
            "This is the mark of a merge conflict. Choose one of the two sides, and remove the marks.",
            span,
        );
    }
    let detail = match token.kind {
        TokenKind::Invalid => return invalid(source, token),
        TokenKind::CloseBrace | TokenKind::CloseBracket | TokenKind::CloseParen => {
            return stray(source, token);
        }
        TokenKind::OpenQuote => {
            "The names of attributes and the kinds of blocks are written without quotes: `name = value`."
        }
        TokenKind::OpenBrace => {
            "A block begins with its kind, as in `locals {`. (JSON has files of its own, `*.pipe.json`.)"
        }
        TokenKind::OpenBracket => "A block is written `kind \"label\" { … }`, not `[kind]`.",
        TokenKind::Comma => {
            "A comma is not needed between attributes: each stands on a line of its own."
        }
        TokenKind::Number => "Names begin with a letter or `_`.",
        TokenKind::Minus if rest.starts_with("--") => "A comment begins with `#` or `//`.",
        TokenKind::Minus => "A list is written `name = [a, b]`; blocks are repeated one by one.",
        TokenKind::Plus
        | TokenKind::Question
        | TokenKind::Colon
        | TokenKind::And
        | TokenKind::Or
        | TokenKind::Dot
        | TokenKind::Equal
        | TokenKind::NotEqual => {
            "A line break ends an expression unless brackets are open. To go on over several lines, put it in parentheses."
        }
        TokenKind::Slash | TokenKind::Star | TokenKind::Percent | TokenKind::Less => {
            "A comment begins with `#` or `//`, or stands between `/*` and `*/`."
        }
        _ => "Here an attribute (`name = value`) or a block (`kind \"label\" { … }`) is expected.",
    };
    syntax(detail, source.at(token))
}

/// A name with neither `=` nor a block's header behind it.
pub(super) fn no_assignment(source: Source<'_>, first: Token, next: Option<Token>) -> Diagnostic {
    let word = source.text_of(first);
    let rest = next.and_then(|next| source.text.get(next.start as usize..));
    let rest = rest.unwrap_or("");
    let place = next
        .filter(|next| !next.kind.ends_line())
        .map_or_else(|| source.at(first), |next| source.at(next));
    let detail = match next.map(|next| next.kind) {
        Some(TokenKind::Colon) => format!("An attribute is set with `=`: `{word} = …`."),
        Some(TokenKind::Equal) => format!("An attribute is set with one `=`: `{word} = …`."),
        Some(TokenKind::FatArrow) => format!("An attribute is set with `=`, not with `=>`: `{word} = …`."),
        Some(_) if ["->", "<-"].iter().any(|sign| rest.starts_with(sign)) => {
            format!("An attribute is set with `=`: `{word} = …`.")
        }
        Some(_) if ["+=", "-=", "*=", "/=", "||=", "??="].iter().any(|sign| rest.starts_with(sign)) => {
            "Attributes are set once, with `=`. A value that depends on another is an expression of it.".to_owned()
        }
        Some(TokenKind::Dot | TokenKind::OpenBracket) if rest.contains('=') => {
            format!("The left side of `=` is one name. Set `{word}` in its own block, or as an object: `{word} = {{ … }}`.")
        }
        Some(TokenKind::OpenParen) => {
            format!("A call is a value: `name = {word}(…)`. Here an attribute or a block is expected.")
        }
        Some(TokenKind::Comma) => {
            "A comma is not needed between attributes: each stands on a line of its own.".to_owned()
        }
        Some(TokenKind::Invalid) => match next {
            Some(next) => return invalid(source, next),
            None => return alone(word, place),
        },
        Some(kind) if !kind.ends_line() && kind != TokenKind::CloseBrace => missing_equals(word),
        _ => return alone(word, place),
    };
    syntax(detail, place)
}

fn alone(word: &str, place: Span) -> Diagnostic {
    let detail = format!(
        "`{word}` stands alone. An attribute is `{word} = value`; a block is `{word} {{ … }}`."
    );
    syntax(detail, place)
}

fn missing_equals(word: &str) -> String {
    format!(
        "There is no `=` between `{word}` and its value. Write `{word} = …` (or, for a block, `{{` after its labels)."
    )
}

/// The header of a block without a brace; `labelled`: it has labels.
pub(super) fn no_brace(
    source: Source<'_>,
    first: Token,
    next: Option<Token>,
    labelled: bool,
) -> Diagnostic {
    let word = source.text_of(first);
    let rest = next.and_then(|next| source.text.get(next.end as usize..));
    let detail = match next.map(|next| next.kind) {
        Some(TokenKind::Assign | TokenKind::Colon) => format!(
            "An attribute is one name: `name = value`. What begins with `{word}` and goes on with labels is a block, and has `{{` behind them."
        ),
        Some(kind)
            if kind.ends_line() && rest.is_some_and(|rest| rest.trim_start().starts_with('{')) =>
        {
            "The `{` of a block stands on the line of its kind and labels.".to_owned()
        }
        Some(TokenKind::Invalid) => match next {
            Some(next) => return invalid(source, next),
            None => missing_equals(word),
        },
        Some(TokenKind::Comma) if labelled => {
            "The labels of a block are separated by spaces.".to_owned()
        }
        _ => missing_equals(word),
    };
    let place = next.filter(|next| !next.kind.ends_line());
    let last = next.map_or(source.text.len(), |next| next.start as usize);
    let line = source.span(first.start as usize..last);
    syntax(detail, place.map_or(line, |next| source.at(next)))
}

/// An attribute without a value.
pub(super) fn no_value_of(name: &Ident) -> Diagnostic {
    let detail = format!(
        "The value of `{}` is missing. Write it after the `=`, on the same line.",
        name.text
    );
    syntax(detail, name.span)
}

/// An attribute that is set twice in one body.
pub(super) fn set_twice(name: &Ident, first: Span) -> Diagnostic {
    Diagnostic::error(
        "Attribute set twice",
        format!(
            "`{}` is already set in this block. Remove one of the two.",
            name.text
        ),
    )
    .at(name.span)
    .label(first, "first set here")
}

/// Something behind an attribute or block on its line.
pub(super) fn same_line(source: Source<'_>, token: Token) -> Diagnostic {
    let detail = match token.kind {
        TokenKind::CloseBrace => "The `}` of a block of several lines stands on a line of its own.",
        TokenKind::Comma => {
            "A comma is not needed between attributes and blocks: each stands on a line of its own."
        }
        _ => "Each attribute and each block begins on a line of its own.",
    };
    syntax(detail, source.at(token))
}

/// A block on one line with more in it than one attribute.
pub(super) fn one_line(span: Span) -> Diagnostic {
    syntax(
        "A block on one line holds at most one attribute, and its `}`. Put each attribute on a line of its own.",
        span,
    )
}

/// A template in the label of a block.
pub(super) fn template_in_label(span: Span) -> Diagnostic {
    Diagnostic::error(
        "Template in a label",
        "The labels of a block are plain text, without `${…}` or `%{…}`.",
    )
    .at(span)
}

/// There are more mistakes than are worth reading.
pub(super) fn too_many(file: FileId) -> Diagnostic {
    Diagnostic::error(
        "Too many mistakes",
        "The rest of this file has not been read. Correct those above, and try again.",
    )
    .at(span_of(file, 0, 0))
}
