//! Hiding passwords in the texts that messages quote.

use std::borrow::Cow;

/// The text with stars over the users and passwords of git URLs. Each byte keeps its place, so that spans fit both.
pub(super) fn masked(text: &str) -> Cow<'_, str> {
    const MARK: &str = "git::";
    let mut out = String::new();
    let mut rest = text;
    let mut from = 0;
    while let Some(at) = rest.find(MARK) {
        from += at + MARK.len();
        let url = text.get(from..).unwrap_or("");
        if let Some(secret) = secret(url) {
            let (start, end) = (from + secret.start, from + secret.end);
            out.push_str(text.get(out.len()..start).unwrap_or(""));
            out.push_str(&"*".repeat(secret.len()));
            from = end;
        }
        rest = text.get(from..).unwrap_or("");
    }
    if out.is_empty() {
        return Cow::Borrowed(text);
    }
    out.push_str(text.get(out.len()..).unwrap_or(""));
    Cow::Owned(out)
}

/// Where the secret is in a URL that a text begins with.
fn secret(url: &str) -> Option<std::ops::Range<usize>> {
    let start = ["https://", "ssh://"]
        .iter()
        .find_map(|scheme| url.starts_with(scheme).then_some(scheme.len()))?;
    let authority = url
        .get(start..)?
        .split(['/', '"', '?', ' ', '\n', '\t', '\r'])
        .next()?;
    let (user, _) = authority.rsplit_once('@')?;
    if url.starts_with("https://") {
        return Some(start..start + user.len());
    }
    // The user of ssh is a mere name.
    let (name, _) = user.split_once(':')?;
    Some(start + name.len() + 1..start + user.len())
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
            ("https://me:pw@h.org", "https://me:pw@h.org"),
            ("git::", "git::"),
        ] {
            assert_eq!(masked(text), expected);
            assert_eq!(masked(text).len(), text.len());
        }
    }
}
