//! Hiding passwords in the texts that messages quote.

use std::borrow::Cow;

/// The text with stars over the passwords of URLs, and over the users of https URLs of git, which may be tokens. Each byte keeps
/// its place, so that spans fit both.
pub fn masked(text: &str) -> Cow<'_, str> {
    const MARK: &str = "://";
    let mut out = String::new();
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find(MARK)) {
        let (before, start) = (from + at, from + at + MARK.len());
        from = start;
        let scheme = text.get(..before).unwrap_or("");
        let authority = text.get(start..).unwrap_or("");
        if let Some(secret) = secret(scheme, authority) {
            let (begin, end) = (start + secret.start, start + secret.end);
            out.push_str(text.get(out.len()..begin).unwrap_or(""));
            out.push_str(&"*".repeat(secret.len()));
            from = end;
        }
    }
    if out.is_empty() {
        return Cow::Borrowed(text);
    }
    out.push_str(text.get(out.len()..).unwrap_or(""));
    Cow::Owned(out)
}

/// Where the secret is in what stands behind the `://` of a URL; `before` is what stands before that.
fn secret(before: &str, behind: &str) -> Option<std::ops::Range<usize>> {
    let end = behind.find(|c: char| "/\"'`\\?#<>{}".contains(c) || c.is_whitespace());
    let authority = behind.get(..end.unwrap_or(behind.len()))?;
    let (user, _) = authority.rsplit_once('@')?;
    if before.ends_with("git::https") {
        return Some(0..user.len());
    }
    // The user of all others is a mere name.
    let (name, _) = user.split_once(':')?;
    Some(name.len() + 1..user.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_become_stars() {
        for (text, expected) in [
            (
                "source = \"git::https://me:pw@h.org/a\"\nx",
                "source = \"git::https://*****@h.org/a\"\nx",
            ),
            (
                "git::https://h.org/a@b git::https://tökn@h",
                "git::https://h.org/a@b git::https://*****@h",
            ),
            (
                "git::ssh://git@h/a git::ssh://git:pw@h/a",
                "git::ssh://git@h/a git::ssh://git:**@h/a",
            ),
            (
                "source = \"https://me:pw@h.org\"",
                "source = \"https://me:**@h.org\"",
            ),
            ("git::", "git::"),
            ("a://b", "a://b"),
            ("https://h.org/?to=a:b@c", "https://h.org/?to=a:b@c"),
            ("\"s3://${var.a}:x@y\"", "\"s3://${var.a}:x@y\""),
        ] {
            assert_eq!(masked(text), expected);
            assert_eq!(masked(text).len(), text.len());
        }
    }
}
