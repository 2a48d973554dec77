//! Which tokens of a line have a space between them.

use super::Piece;
use super::TokenKind;

/// Whether a space stands between two neighbours. `before` is what stands before the left one in its line.
pub(super) fn is_spaced(before: Option<TokenKind>, left: &Piece<'_>, right: &Piece<'_>) -> bool {
    use TokenKind as Kind;
    match (left.kind, right.kind) {
        // `1. 5` and `x.0. 1` are indexes, which nobody wrote as `1.5`.
        (Kind::Dot, _) if before == Some(Kind::Number) && continues_number(right) => true,
        (_, Kind::Newline | Kind::Dot | Kind::Comma | Kind::Ellipsis)
        | (Kind::Dot, _)
        // The name of a function, with its namespace, and its arguments.
        | (Kind::Identifier, Kind::OpenParen | Kind::DoubleColon)
        | (Kind::DoubleColon, Kind::Identifier) => false,
        (Kind::Comma, _) => true,
        // What stands in quotes and heredocs is text.
        (left, right) if starts_text(left) || ends_text(right) => false,
        // `for x in [1]`: no index.
        (Kind::Identifier, _) if left.text == "in" && before == Some(Kind::Identifier) => true,
        (left, Kind::OpenBracket) if can_be_indexed(left) => false,
        (Kind::Not, _)
        | (Kind::OpenBrace, Kind::CloseBrace)
        | (Kind::CloseTemplate, Kind::OpenInterpolation | Kind::OpenDirective) => false,
        (Kind::Minus, _) => before.is_some_and(ends_operand),
        (Kind::OpenBrace, _)
        | (_, Kind::CloseBrace)
        // `${ {} }`: the braces of an object apart from those of the template.
        | (Kind::OpenInterpolation | Kind::OpenDirective, Kind::OpenBrace)
        | (Kind::CloseBrace, Kind::CloseTemplate) => true,
        (left, right) => left.bracket_change() <= 0 && right.bracket_change() >= 0,
    }
}

/// Whether it would be part of a number that ended in a point right before it.
fn continues_number(piece: &Piece<'_>) -> bool {
    let exponent = piece.text.strip_prefix(['e', 'E']);
    let digits = exponent.map_or(&*piece.text, |rest| rest.strip_prefix('-').unwrap_or(rest));
    digits.starts_with(|first: char| first.is_ascii_digit())
}

const fn starts_text(kind: TokenKind) -> bool {
    matches!(
        kind,
        TokenKind::OpenQuote
            | TokenKind::OpenHeredoc
            | TokenKind::QuotedLiteral
            | TokenKind::HeredocLiteral
    )
}

const fn ends_text(kind: TokenKind) -> bool {
    matches!(
        kind,
        TokenKind::CloseQuote
            | TokenKind::CloseHeredoc
            | TokenKind::QuotedLiteral
            | TokenKind::HeredocLiteral
    )
}

const fn can_be_indexed(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::Identifier | TokenKind::Number) || kind.bracket_change() < 0
}

/// Whether an operand may end with it, so that a minus behind it subtracts.
const fn ends_operand(kind: TokenKind) -> bool {
    !matches!(
        kind,
        TokenKind::OpenParen
            | TokenKind::OpenBrace
            | TokenKind::OpenBracket
            | TokenKind::Assign
            | TokenKind::Colon
            | TokenKind::Comma
            | TokenKind::Question
            | TokenKind::Plus
            | TokenKind::Minus
            | TokenKind::Star
            | TokenKind::Slash
            | TokenKind::Percent
            | TokenKind::Equal
            | TokenKind::NotEqual
            | TokenKind::Greater
            | TokenKind::GreaterEqual
            | TokenKind::Less
            | TokenKind::LessEqual
            | TokenKind::And
            | TokenKind::Or
            | TokenKind::Not
    )
}
