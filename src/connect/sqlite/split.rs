//! Where the statements of a script begin and end: SQL is looked at only as far as quotes and comments go.

/// How many bytes of white space, comments and stray `;` stand before the first word.
pub(super) fn leading(sql: &str) -> usize {
    let mut rest = sql;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ';');
        if rest.starts_with("--") {
            rest = rest.split_once('\n').map_or("", |(_, r)| r);
        } else if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, r)| r);
        } else {
            return sql.len() - rest.len();
        }
    }
}

pub(super) fn blank(sql: &str) -> bool {
    leading(sql) == sql.len()
}

/// Where the statement that starts at 0 ends at the earliest, after the `;` that follows `from`.
pub(super) fn next_end(sql: &str, from: usize) -> usize {
    let bytes = sql.as_bytes();
    let mut at = from.max(leading(sql));
    let skip = |at: usize, mark: &[u8]| {
        let rest = bytes.get(at..).unwrap_or_default();
        rest.windows(mark.len())
            .position(|w| w == mark)
            .map_or(bytes.len(), |p| at + p + mark.len())
    };
    while let Some(&byte) = bytes.get(at) {
        at = match byte {
            b';' => return at + 1,
            b'\'' | b'"' | b'`' => skip(at + 1, &[byte]),
            b'[' => skip(at + 1, b"]"),
            b'-' if bytes.get(at + 1) == Some(&b'-') => skip(at, b"\n"),
            b'/' if bytes.get(at + 1) == Some(&b'*') => skip(at + 2, b"*/"),
            _ => at + 1,
        };
    }
    bytes.len()
}
