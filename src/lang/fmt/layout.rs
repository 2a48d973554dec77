//! How many spaces stand before each token: indentation, spaces within a line, and columns of `=` and of comments.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation as _;

use super::Piece;
use super::TokenKind;
use super::spacing::is_spaced;

/// The spaces of one level.
const INDENT: usize = 2;

/// A line in its cells, each a range of tokens that may be empty.
///
/// Lines are those of HCL: a heredoc or a comment over several lines is part of the line it starts in.
#[derive(Debug)]
struct Line {
    /// What stands before the other cells.
    lead: Range<usize>,
    /// `= value`, if all of the value stands in this line.
    assign: Range<usize>,
    /// The comment at the end, if there is anything before it.
    comment: Range<usize>,
}

/// Decides on the spaces before all tokens.
pub(super) fn lay_out(pieces: &mut [Piece<'_>]) {
    let lines = lines(pieces);
    indent(&lines, pieces);
    for line in &lines {
        space(pieces, &line.lead);
        space(pieces, &line.assign);
    }
    align(
        &lines,
        pieces,
        |line| &line.assign,
        |line| line.lead.clone(),
    );
    align(
        &lines,
        pieces,
        |line| &line.comment,
        |line| line.lead.start..line.comment.start,
    );
}

fn lines(pieces: &[Piece<'_>]) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut start = 0;
    for (at, piece) in pieces.iter().enumerate() {
        if piece.ends_line() || at + 1 == pieces.len() {
            lines.push(line(pieces, start..at + 1));
            start = at + 1;
        }
    }
    lines
}

/// Takes a line apart into its cells.
fn line(pieces: &[Piece<'_>], all: Range<usize>) -> Line {
    let last = all.end - 1;
    let commented = last > all.start && pieces.get(last).is_some_and(Piece::is_comment);
    let comment = if commented { last } else { all.end };
    let code = pieces.get(all.start..comment).unwrap_or_default();
    let assign = code
        .iter()
        .skip(1)
        .position(|piece| piece.kind == TokenKind::Assign)
        .map(|at| at + 1)
        .filter(|at| {
            code.get(*at..)
                .is_some_and(|value| net_brackets(value) == 0)
        })
        .map_or(comment, |at| all.start + at);
    Line {
        lead: all.start..assign,
        assign: assign..comment,
        comment: comment..all.end,
    }
}

/// How many more brackets are opened than closed.
fn net_brackets(pieces: &[Piece<'_>]) -> i32 {
    pieces.iter().map(|piece| piece.kind.bracket_change()).sum()
}

/// Indents each line by the lines around it that leave brackets open, one level for each, however many brackets it opens.
fn indent(lines: &[Line], pieces: &mut [Piece<'_>]) {
    // For each level the brackets of its line that are still open.
    let mut levels: Vec<i32> = Vec::new();
    for line in lines {
        let lead = pieces.get(line.lead.clone()).unwrap_or_default();
        let Some(first) = lead.first() else {
            continue;
        };
        if first.kind == TokenKind::Newline {
            set_spaces(pieces, line.lead.start, 0);
            continue;
        }
        // The brackets in a heredoc have no part in the indentation of what stands around it.
        let heredoc = lead
            .iter()
            .position(|piece| piece.kind == TokenKind::OpenHeredoc);
        let outside = heredoc.map_or(lead, |at| lead.get(..at).unwrap_or(lead));
        let assign = pieces.get(line.assign.clone()).unwrap_or_default();
        let opened = net_brackets(outside) + net_brackets(assign);
        close(&mut levels, -opened);
        set_spaces(pieces, line.lead.start, INDENT * levels.len());
        if opened > 0 {
            levels.push(opened);
        }
    }
}

/// Closes so many brackets, and the levels whose brackets are all closed by that.
fn close(levels: &mut Vec<i32>, mut brackets: i32) {
    while brackets > 0 {
        let Some(level) = levels.last_mut() else {
            return;
        };
        if brackets < *level {
            *level -= brackets;
            return;
        }
        brackets -= *level;
        levels.pop();
    }
}

/// Puts spaces between the tokens of a cell.
fn space(pieces: &mut [Piece<'_>], cell: &Range<usize>) {
    let cell = pieces.get_mut(cell.clone()).unwrap_or_default();
    let mut before = None;
    for at in 1..cell.len() {
        if let Some([left, right]) = cell.get_mut(at - 1..=at) {
            right.spaces = usize::from(is_spaced(before, left, right));
            before = Some(left.kind);
        }
    }
}

/// Lets a cell of neighbouring lines begin in the same column: one behind the longest of what stands before it.
fn align(
    lines: &[Line],
    pieces: &mut [Piece<'_>],
    cell: impl Fn(&Line) -> &Range<usize>,
    before: impl Fn(&Line) -> Range<usize>,
) {
    for chain in lines.split(|line| cell(line).is_empty()) {
        let width = |line: &Line| width(pieces.get(before(line)).unwrap_or_default());
        let widths: Vec<usize> = chain.iter().map(width).collect();
        let longest = widths.iter().copied().max().unwrap_or(0);
        for (line, width) in chain.iter().zip(widths) {
            set_spaces(pieces, cell(line).start, longest - width + 1);
        }
    }
}

/// The columns that tokens take, with the spaces before them.
fn width(pieces: &[Piece<'_>]) -> usize {
    let columns = |text: &str| {
        if text.is_ascii() && !text.contains('\r') {
            text.len()
        } else {
            text.graphemes(true).count()
        }
    };
    pieces
        .iter()
        .map(|piece| piece.spaces + columns(&piece.text))
        .sum()
}

fn set_spaces(pieces: &mut [Piece<'_>], at: usize, spaces: usize) {
    if let Some(piece) = pieces.get_mut(at) {
        piece.spaces = spaces;
    }
}
