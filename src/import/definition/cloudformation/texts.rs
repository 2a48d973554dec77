//! Texts in which values of the stack stand, each as a mark with the name that it is read by, until the whole text is there: only
//! then is seen whether it stands in an expression.

use crate::import::expression::Expr;
use crate::import::expression::ExprKind;
use crate::import::expression::Part;
use crate::import::expression::Template;

/// What stands before and behind the name. Nobody writes these signs: they mean nothing.
const MARKS: [char; 2] = ['\u{e001}', '\u{e002}'];

/// A piece of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    Plain(&'t str),
    Marked(&'t str),
}

/// What stands for the value that is read by this name.
pub(super) fn mark(name: &str) -> String {
    let [open, close] = MARKS;
    format!("{open}{name}{close}")
}

/// The pieces of a text.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let [open, close] = MARKS;
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(open) {
        let Some((name, after)) = after.split_once(close) else {
            break;
        };
        pieces.push(Piece::Plain(before));
        pieces.push(Piece::Marked(name));
        rest = after;
    }
    pieces.push(Piece::Plain(rest));
    pieces.retain(|piece| *piece != Piece::Plain(""));
    pieces
}

/// A text of people as a template: what is computed in it is an expression, and nothing else.
pub(super) fn template(text: &str) -> Template {
    let parts = pieces(text).into_iter().map(|piece| match piece {
        Piece::Plain(text) => Part::Text(text.to_owned()),
        Piece::Marked(name) => Part::Expression(Expr {
            kind: ExprKind::Name(name.to_owned()),
            at: 0..0,
        }),
    });
    Template {
        parts: parts.collect(),
    }
}

/// A text of a definition with an expression for each mark. In an expression it is read there: `'a' + name`. What is inserted there
/// outside of quotes is a piece of the expression, whatever it is: `inserted` says what stands for it.
pub(super) fn with_expressions(text: &str, inserted: &dyn Fn(&str) -> Option<String>) -> String {
    let mut done = String::new();
    // Whether an expression is open, and the quotes in it.
    let (mut is_open, mut quote) = (false, None);
    let pieces = pieces(text);
    for (index, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Plain(plain) => {
                let mut before = ' ';
                for sign in plain.chars() {
                    match (is_open, quote, sign) {
                        (false, _, '{') => is_open = before == '#',
                        (true, None, '}') => is_open = false,
                        (true, None, '\'' | '"') => quote = Some(sign),
                        (true, Some(open), _) if open == sign => quote = None,
                        _ => {}
                    }
                    before = sign;
                    done.push(sign);
                }
            }
            Piece::Marked(name) => match (is_open && ends(pieces.get(index + 1..), quote), quote) {
                (false, _) => done.extend(["#{", name, "}"]),
                (true, Some(quote)) => {
                    let quote = quote.to_string();
                    done.extend([&quote, " + ", name, " + ", &quote]);
                }
                (true, None) => match inserted(name) {
                    Some(text) => done.push_str(&text),
                    None => done.extend(["#{", name, "}"]),
                },
            },
        }
    }
    done
}

/// Whether an expression that is open ends in what follows.
fn ends(rest: Option<&[Piece<'_>]>, quote: Option<char>) -> bool {
    let mut quote = quote;
    for piece in rest.unwrap_or_default() {
        let Piece::Plain(text) = piece else { continue };
        for sign in text.chars() {
            match (quote, sign) {
                (None, '}') => return true,
                (None, '\'' | '"') => quote = Some(sign),
                (Some(open), _) if open == sign => quote = None,
                _ => {}
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_an_expression_is_read_there() {
        for (text, expected) in [
            ("a@b", "a#{X}b"),
            ("#{format(y,'@')} @", "#{format(y,'' + X + '')} #{X}"),
            ("#{\"a@\" + '}'} @", "#{\"a\" + X + \"\" + '}'} #{X}"),
            ("#{minusDays(y, @)}", "#{minusDays(y, 3)}"),
            ("#{'it never ends @", "#{'it never ends #{X}"),
            ("#@{", "##{X}{"),
        ] {
            let text = text.replace('@', &mark("X"));
            let inserted = |_: &str| Some("3".to_owned());
            assert_eq!(with_expressions(&text, &inserted), expected, "{text}");
        }
        let text = format!("#{{a{}}}", mark("X"));
        assert_eq!(with_expressions(&text, &|_| None), "#{a#{X}}");
    }
}
