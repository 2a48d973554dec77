//! What is said about mistakes within a value.

use std::ops::Range;

use super::super::expression::Reader;
use super::super::expression::ends_value;
use super::super::expression::is_blank;
use super::syntax;
use crate::diag::Diagnostic;
use crate::diag::Span;
use crate::lang::tokens::Token;
use crate::lang::tokens::TokenKind;

/// How a `for` is written.
pub(in crate::lang::parse) const LOOP: &str = "A `for` begins its brackets: `[for value in list : result]`, `{for key, value in map : key => value}`.";

/// What is said about a quote that another value stands beside.
const QUOTES: &str = "Between the two values an operator or a comma is missing. A quote within a string is written `\\\"`, and texts are joined in a template: `\"${a}${b}\"`.";

/// What is said about a comma that separates nothing.
const COMMA: &str = "A comma does not fit here. Attributes stand on a line of their own, without commas; a list is written in `[ ]`.";

/// What is said about half of a conditional.
const CONDITIONAL: &str =
    "A conditional has two results: `condition ? a : b`. The `:` and the second are missing.";

/// Why a number cannot be read.
pub(in crate::lang::parse) fn number(text: &str) -> &'static str {
    if text.matches('.').count() > 1 {
        "A number has at most one point. Write a version or an address in quotes."
    } else {
        "This number is too large: a number has at most 1,200 digits before and after the point together."
    }
}

/// An index with a point in it.
pub(in crate::lang::parse) fn legacy_index(reader: &Reader<'_>, token: Token) -> Diagnostic {
    syntax(
        "An index behind a point is one whole number, and another cannot follow it. Write `[0][1]`.",
        reader.source.at(token),
    )
}

/// Two values that touch.
pub(in crate::lang::parse) fn adjacent(
    reader: &Reader<'_>,
    before: Token,
    token: Token,
) -> Diagnostic {
    let detail = match (before.kind, token.kind) {
        (TokenKind::Number, TokenKind::Identifier) => match reader.source.text_of(token).get(..1) {
            Some("_") => "The digits of a number are written without `_` between them.",
            Some("x" | "X") => "Numbers are decimal. For others there is `parseint(\"1F\", 16)`.",
            _ => {
                "A number has no unit. Write it in quotes, as in `\"5 minutes\"`, or take the letters away."
            }
        },
        (TokenKind::Identifier, TokenKind::OpenQuote) if before.end - before.start == 1 => {
            "Every quoted string is a template: `\"text ${value}\"`, without a letter before it."
        }
        (TokenKind::CloseQuote, _) | (_, TokenKind::OpenQuote) => QUOTES,
        _ => "Between the two values an operator or a comma is missing.",
    };
    syntax(detail, reader.source.at(token))
}

/// Nothing where a value should be.
pub(in crate::lang::parse) fn nothing(reader: &Reader<'_>, range: &Range<usize>) -> Diagnostic {
    let before = range.start.checked_sub(1).and_then(|at| reader.token(at));
    let after = reader.token(range.end);
    let span = |token: Option<Token>| {
        token.map_or_else(|| reader.source.span(0..0), |token| reader.source.at(token))
    };
    let text = |token: Option<Token>| token.map_or("", |token| reader.source.text_of(token));
    let (detail, span) = match (
        before.map(|token| token.kind),
        after.map(|token| token.kind),
    ) {
        (Some(TokenKind::OpenInterpolation), _) => (
            "There is no value in `${ }`. For the signs themselves, write `$${`.".to_owned(),
            span(before),
        ),
        (_, Some(TokenKind::Comma)) => (
            "There is no value before this comma.".to_owned(),
            span(after),
        ),
        (Some(_), _) => (
            format!("There is no value after `{}`.", text(before)),
            span(before),
        ),
        _ => (
            "Here a value is expected, and there is nothing.".to_owned(),
            reader.source.span(0..reader.source.text.len()),
        ),
    };
    syntax(detail, span)
}

/// A key of an object without a value, or no key.
pub(in crate::lang::parse) fn no_value(reader: &Reader<'_>, range: Range<usize>) -> Diagnostic {
    let item = reader.trimmed(range);
    let first = reader.token(item.start);
    let detail = match first.map(|token| (token.kind, reader.source.text_of(token))) {
        Some((TokenKind::Comma, _)) => "There is no item before this comma.".to_owned(),
        Some((TokenKind::Identifier, word)) if item.len() == 1 => format!(
            "The key `{word}` has no value. An item of an object is `{word} = value`; a list is written in `[ ]`."
        ),
        _ => "An item of an object is `key = value`; a list is written in `[ ]`.".to_owned(),
    };
    let span = reader.span(&item);
    syntax(detail, span)
}

/// How many operators in a row the parser reads.
const MAX_OPERATORS: usize = 128;

/// How many operators there are that are not inside of anything.
fn operators(reader: &Reader<'_>, range: &Range<usize>) -> usize {
    let mut count = 0;
    let mut index = range.start;
    while index < range.end {
        let kind = reader.token(index).map(|token| token.kind);
        count += usize::from(kind.is_some_and(|kind| is_binary(kind) || kind == TokenKind::Minus));
        index = reader.partner(index) + 1;
    }
    count
}

/// The place where the parser gave up.
struct Spot<'r> {
    reader: &'r Reader<'r>,
    /// What stands before it.
    before: Option<Token>,
    /// What does not fit; `None` at the end.
    found: Option<Token>,
    /// What comes after that.
    next: Option<Token>,
}

/// The diagnostic for the parser's error `message` at byte `at`, in the tokens that it was given.
pub(in crate::lang::parse) fn explain(
    reader: &Reader<'_>,
    range: &Range<usize>,
    at: usize,
    message: &str,
) -> Diagnostic {
    let index = reader.index_at(at).clamp(range.start, range.end);
    let place = |token: Option<Token>| {
        token.map_or_else(|| reader.span(range), |token| reader.source.at(token))
    };
    let misfit = Spot::misfit(reader, range);
    // Where the parser counts operators it says only that it expected the end.
    let too_many = misfit.is_none() && operators(reader, range) >= MAX_OPERATORS;
    if too_many || message.contains("nesting depth") || message.contains("operator depth") {
        return Diagnostic::error(
            "Expression nested too deeply",
            "Calls, conditionals and signs may be nested 64 levels deep, and 128 operators may follow each other. Move parts of it into `locals`.",
        )
        .at(place(reader.token(index.min(range.end.saturating_sub(1)))));
    }
    let spot = misfit.unwrap_or_else(|| Spot::new(reader, range, index));
    let unfinished = spot.count(range, TokenKind::Question) > spot.count(range, TokenKind::Colon);
    if spot.found.is_some_and(|found| spot.fits(found)) && unfinished {
        return syntax(CONDITIONAL, place(spot.question(range)));
    }
    let detail = spot.detail(range);
    let span = match (spot.found, spot.before) {
        (Some(found), _) => spot.span_of_sign(found),
        (None, before) => place(before),
    };
    syntax(detail, span)
}

impl<'r> Spot<'r> {
    fn new(reader: &'r Reader<'r>, range: &Range<usize>, index: usize) -> Self {
        let significant = |at: &usize| reader.token(*at).is_some_and(|token| !is_blank(token.kind));
        let mut after = (index..range.end).filter(significant);
        let found = after.next();
        let end = found.unwrap_or(range.end);
        // Behind what is read as one piece stands what comes after it.
        let next = found.map_or(range.end, |found| reader.partner(found) + 1);
        let next = (next..range.end).find(significant);
        let token = |at: Option<usize>| at.and_then(|at| reader.token(at));
        Self {
            reader,
            before: token((range.start..end).rev().find(significant)),
            found: token(found),
            next: token(next),
        }
    }

    fn text(&self, token: Token) -> &'r str {
        self.reader.source.text_of(token)
    }

    /// Whether a token may stand here, as far as the one before it tells; then the mistake is elsewhere.
    fn fits(&self, found: Token) -> bool {
        let value = self.before.is_some_and(|before| ends_value(before.kind));
        starts_value(found.kind) && !value
    }

    /// The first place in the tokens where two of them can never follow each other.
    fn misfit(reader: &'r Reader<'r>, range: &Range<usize>) -> Option<Self> {
        let mut index = range.start;
        let mut before: Option<Token> = None;
        while index < range.end {
            let token = reader.token(index)?;
            if !is_blank(token.kind) {
                let kind = before.map(|before| before.kind);
                let text = before.map_or("", |before| reader.source.text_of(before));
                if !follows(token.kind, kind, text) {
                    return Some(Self::new(reader, range, index));
                }
                if reader.is_unit(index, kind) {
                    index = reader.partner(index);
                }
                before = reader.token(index);
            }
            index += 1;
        }
        let ends = before.is_none_or(|before| {
            ends_value(before.kind) || matches!(before.kind, TokenKind::Star | TokenKind::Ellipsis)
        });
        (!ends).then(|| Self::new(reader, range, range.end))
    }

    /// The `?` of the conditional.
    fn question(&self, range: &Range<usize>) -> Option<Token> {
        let at = self
            .reader
            .find(range.clone(), |kind| kind == TokenKind::Question);
        self.reader.token(at)
    }

    /// Whether the place is directly inside of the brackets of a `for`.
    fn in_loop(&self, range: &Range<usize>) -> bool {
        let at = self.found.map_or(range.end, |found| {
            self.reader.index_at(found.start as usize)
        });
        let around = (range.start..at).rev().find(|index| {
            let partner = self.reader.partner(*index);
            partner != *index && partner >= at
        });
        around.is_some_and(|index| self.reader.is_loop(index))
    }

    /// Whether a token stands directly between the parentheses of a call.
    fn in_call(&self, found: Token) -> bool {
        let at = self.reader.index_at(found.start as usize);
        let around = (0..at).rev().find(|index| {
            let partner = self.reader.partner(*index);
            partner != *index && partner >= at
        });
        let Some(open) = around else {
            return false;
        };
        let kind = |index: usize| self.reader.token(index).map(|token| token.kind);
        kind(open) == Some(TokenKind::OpenParen)
            && open.checked_sub(1).and_then(kind) == Some(TokenKind::Identifier)
    }

    /// The place of a sign, which may be several tokens.
    fn span_of_sign(&self, found: Token) -> Span {
        let end = match self.next {
            Some(next) if next.start == found.end && is_sign(next.kind) && is_sign(found.kind) => {
                next.end
            }
            _ => found.end,
        };
        self.reader.source.span(found.start as usize..end as usize)
    }

    fn detail(&self, range: &Range<usize>) -> String {
        let Some(found) = self.found else {
            return self.at_end(range);
        };
        let text = self.text(found);
        let after_value = self.before.is_some_and(|before| ends_value(before.kind));
        let next = self.next.filter(|next| next.start == found.end);
        let loops = matches!(
            found.kind,
            TokenKind::Identifier
                | TokenKind::Colon
                | TokenKind::FatArrow
                | TokenKind::CloseBrace
                | TokenKind::CloseBracket
        );
        if loops && self.in_loop(range) {
            return LOOP.to_owned();
        }
        match found.kind {
            TokenKind::Dot if !after_value && next.is_some_and(|next| next.kind == TokenKind::Number) => {
                "A number begins with a digit: `0.5`.".to_owned()
            }
            TokenKind::Identifier if self.before.is_some_and(|before| before.kind == TokenKind::DoubleColon) => {
                "A name with `::` is that of a function, and is called: `core::upper(text)`.".to_owned()
            }
            TokenKind::Assign if after_value && self.in_call(found) => {
                "Arguments of a call have no names: their order says what they are. To compare, write `==`.".to_owned()
            }
            TokenKind::Assign if after_value => {
                "`=` sets an attribute or an item of an object. To compare, write `==`; items of an object stand in `{ }`, separated by commas or line breaks.".to_owned()
            }
            TokenKind::FatArrow => "`=>` stands only in a `for` that makes an object: `{for k, v in map : k => v}`. Items of an object are written `key = value`.".to_owned(),
            TokenKind::Question | TokenKind::Colon if self.before.is_some_and(|before| before.kind == TokenKind::Question && before.end == found.start) => {
                "There is no such operator. Write `coalesce(a, b)` for the first value that is not null, and `try(a, b)` for the first that is no error.".to_owned()
            }
            TokenKind::Colon => "A `:` belongs to a conditional (`condition ? a : b`) or a `for`. Here it does not fit.".to_owned(),
            TokenKind::Ellipsis => "`...` stands behind the last argument of a call, or behind the value of a `for` that groups.".to_owned(),
            TokenKind::DoubleColon => "`::` stands between the parts of a function's name: `core::upper(…)`.".to_owned(),
            TokenKind::Comma => self.comma(),
            TokenKind::Identifier | TokenKind::Number | TokenKind::OpenQuote | TokenKind::OpenHeredoc | TokenKind::OpenBrace | TokenKind::OpenParen if after_value => {
                self.two_values(found)
            }
            TokenKind::CloseBracket if self.before.is_some_and(|before| before.kind == TokenKind::OpenBracket) => {
                "There is no index between the brackets.".to_owned()
            }
            kind if is_binary(kind) && !after_value => self.operator(found),
            kind if is_sign(kind) => self.sign(text),
            _ => format!("`{text}` does not fit here."),
        }
    }

    /// Nothing comes where more is expected.
    fn at_end(&self, range: &Range<usize>) -> String {
        match self.before {
            Some(before) if before.kind == TokenKind::Dot => {
                "There is no name after `.`.".to_owned()
            }
            Some(before) if before.kind == TokenKind::Comma => COMMA.to_owned(),
            Some(before) if !ends_value(before.kind) => format!(
                "There is no value after `{}`. A line break ends the expression unless brackets are open: put it in parentheses to go on.",
                self.text(before)
            ),
            _ if self.count(range, TokenKind::Question) > self.count(range, TokenKind::Colon) => {
                CONDITIONAL.to_owned()
            }
            _ => "Something is missing at the end of this expression.".to_owned(),
        }
    }

    fn count(&self, range: &Range<usize>, kind: TokenKind) -> usize {
        let mut count = 0;
        let mut index = range.start;
        while index < range.end {
            count += usize::from(
                self.reader
                    .token(index)
                    .is_some_and(|token| token.kind == kind),
            );
            index = self.reader.partner(index) + 1;
        }
        count
    }

    fn comma(&self) -> String {
        match self.before.map(|before| before.kind) {
            Some(TokenKind::Comma | TokenKind::OpenParen | TokenKind::OpenBracket) => {
                "There is no value before this comma.".to_owned()
            }
            Some(TokenKind::Ellipsis) => "The argument with `...` is the last one.".to_owned(),
            _ => COMMA.to_owned(),
        }
    }

    /// Two values one after the other.
    fn two_values(&self, found: Token) -> String {
        let before = self.before.map_or("", |before| self.text(before));
        let text = self.text(found);
        match (before, text) {
            (_, "and" | "or") => "\"And\" is written `&&`, \"or\" is written `||`.".to_owned(),
            ("not", _) => "\"Not\" is written `!`.".to_owned(),
            (_, "is") => "To compare, write `==` or `!=`.".to_owned(),
            (_, "in") => {
                "Whether a list has an element is asked by `contains(list, element)`.".to_owned()
            }
            (_, "if") | ("if", _) => "A conditional is written `condition ? a : b`.".to_owned(),
            (_, "for") | ("for", _) => LOOP.to_owned(),
            ("lambda" | "function" | "def", _) => {
                "There are no functions of one's own. Repeated values are `locals`.".to_owned()
            }
            ("\"", _) => QUOTES.to_owned(),
            _ => match self.next.map(|next| next.kind) {
                Some(TokenKind::Assign | TokenKind::Colon) => {
                    "Between two items of an object stands a comma or a line break.".to_owned()
                }
                _ if found.kind == TokenKind::OpenParen => {
                    "Only a function's name can be called.".to_owned()
                }
                _ => format!(
                    "Between `{before}` and `{}` an operator or a comma is missing. A call is written `name(argument)`.",
                    shown(text)
                ),
            },
        }
    }

    /// An operator without a left side.
    fn operator(&self, found: Token) -> String {
        let text = self.text(found);
        let double = self.before.filter(|before| before.end == found.start);
        match (double.map_or("", |before| self.text(before)), text) {
            ("*", "*") => "There is no operator `**`. A power is `pow(base, exponent)`.".to_owned(),
            ("/", "/") => "`//` begins a comment. A whole quotient is `floor(a / b)`.".to_owned(),
            ("-" | "=", ">") => "There is no arrow `->`. A `for` that makes an object has `=>`; the parts of an object are `key = value`.".to_owned(),
            ("<", ">") => "Different is written `!=`.".to_owned(),
            ("+", "+") => "There is no operator `++`. Lists are joined by `concat(a, b)`, texts in a template: `\"${a}${b}\"`.".to_owned(),
            ("==", "=") => "There is no operator `===`. To compare, write `==`.".to_owned(),
            ("=", "~") => "To match a pattern, write `can(regex(pattern, text))`.".to_owned(),
            (_, "<") if self.next.is_some_and(|next| next.start == found.end && next.kind == TokenKind::Less) => "A heredoc is written `<<EOT`, the delimiter without quotes and alone on the rest of the line.".to_owned(),
            _ => format!("There is no value before `{text}`."),
        }
    }

    fn sign(&self, text: &str) -> String {
        match self.before {
            Some(before) if !ends_value(before.kind) => {
                format!(
                    "There is no value between `{}` and `{text}`.",
                    self.text(before)
                )
            }
            _ => format!("`{text}` does not fit here."),
        }
    }
}

fn shown(text: &str) -> &str {
    text.lines().next().unwrap_or("")
}

fn starts_value(kind: TokenKind) -> bool {
    matches!(
        kind,
        TokenKind::Identifier
            | TokenKind::Number
            | TokenKind::OpenQuote
            | TokenKind::OpenHeredoc
            | TokenKind::OpenBrace
            | TokenKind::OpenBracket
            | TokenKind::OpenParen
            | TokenKind::Not
            | TokenKind::Minus
    )
}

/// Whether a token may follow the one before it, which reads `text`.
fn follows(kind: TokenKind, before: Option<TokenKind>, text: &str) -> bool {
    let after_value = before.is_some_and(ends_value);
    if after_value {
        // Behind the words of a `for` stands a value, or what looks like one.
        let word = matches!(text, "in" | "if" | "for");
        return word
            || !matches!(
                kind,
                TokenKind::Number
                    | TokenKind::OpenQuote
                    | TokenKind::OpenHeredoc
                    | TokenKind::OpenBrace
                    | TokenKind::Not
            );
    }
    if matches!(
        before,
        Some(TokenKind::Star | TokenKind::Ellipsis | TokenKind::Dot)
    ) {
        // A splat ends a value, too.
        return !matches!(kind, TokenKind::Dot) || before == Some(TokenKind::Star);
    }
    let opened = matches!(
        before,
        Some(
            TokenKind::OpenParen | TokenKind::OpenBracket | TokenKind::OpenBrace | TokenKind::Comma
        )
    );
    match kind {
        TokenKind::CloseParen | TokenKind::CloseBracket | TokenKind::CloseBrace => opened,
        // `a[*]`
        TokenKind::Star if opened => true,
        kind => {
            !(is_binary(kind) || kind == TokenKind::Colon && before == Some(TokenKind::Question))
        }
    }
}

/// An operator that has two sides, and no other meaning.
fn is_binary(kind: TokenKind) -> bool {
    matches!(
        kind,
        TokenKind::Equal
            | TokenKind::NotEqual
            | TokenKind::Less
            | TokenKind::LessEqual
            | TokenKind::Greater
            | TokenKind::GreaterEqual
            | TokenKind::And
            | TokenKind::Or
            | TokenKind::Plus
            | TokenKind::Star
            | TokenKind::Slash
            | TokenKind::Percent
            | TokenKind::Question
            | TokenKind::Assign
    )
}

fn is_sign(kind: TokenKind) -> bool {
    is_binary(kind)
        || matches!(
            kind,
            TokenKind::Minus
                | TokenKind::Not
                | TokenKind::Colon
                | TokenKind::FatArrow
                | TokenKind::CloseTemplate
        )
}
