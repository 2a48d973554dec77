//! Regular expressions as Terraform understands them (RE2), for the engine that is used here.
//!
//! Both have almost one syntax. Where they differ, the pattern is rewritten: `\d`, `\w`, `\s` and `\b` know ASCII only,
//! a brace that begins no repetition is a brace, and a class has no classes or set operations in it.

use regex::Regex;

use super::CallError;

/// The most repetitions that `{…}` may ask for.
const MOST_REPEATED: u32 = 1000;

/// The classes that have names, as in `[[:alpha:]]`.
const CLASSES: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
    "space", "upper", "word", "xdigit",
];

/// Compiles the pattern of argument `argument`.
pub(super) fn compiled(pattern: &str, argument: usize) -> Result<Regex, CallError> {
    let wrong = |error: &dyn std::fmt::Display| {
        CallError::at(argument, format!("invalid regular expression: {error}"))
    };
    let translated = translated(pattern).map_err(|error| wrong(&error))?;
    Regex::new(&translated).map_err(|error| wrong(&error))
}

fn translated(pattern: &str) -> Result<String, &'static str> {
    let mut out = String::new();
    let mut rest = pattern;
    while let Some(letter) = rest.chars().next() {
        let after = rest.get(letter.len_utf8()..).unwrap_or("");
        rest = match letter {
            '\\' if after.starts_with('Q') => quotation(after, &mut out),
            '\\' => escape(after, &mut out)?,
            '[' => class(after, &mut out)?,
            '{' => {
                if let Some(length) = repetition(after) {
                    check_repetition(after.get(..length).unwrap_or(""))?;
                } else {
                    out.push('\\');
                }
                out.push('{');
                after
            }
            letter => {
                out.push(letter);
                after
            }
        };
    }
    Ok(out)
}

/// `\Q…\E`: everything in it stands for itself. Answers what follows.
fn quotation<'a>(text: &'a str, out: &mut String) -> &'a str {
    let text = text.strip_prefix('Q').unwrap_or(text);
    let (literal, after) = text.split_once("\\E").unwrap_or((text, ""));
    out.push_str(&regex::escape(literal));
    after
}

/// What follows a backslash. Answers what follows that.
fn escape<'a>(text: &'a str, out: &mut String) -> Result<&'a str, &'static str> {
    let Some(letter) = text.chars().next() else {
        return Err("trailing backslash at end of expression");
    };
    match letter {
        'd' => out.push_str("[0-9]"),
        'D' => out.push_str("[^0-9]"),
        'w' => out.push_str("[0-9A-Za-z_]"),
        'W' => out.push_str("[^0-9A-Za-z_]"),
        's' => out.push_str("[\\t\\n\\f\\r ]"),
        'S' => out.push_str("[^\\t\\n\\f\\r ]"),
        'b' => out.push_str("(?-u:\\b)"),
        'u' | 'U' | '<' | '>' => return Err("invalid escape sequence"),
        'p' | 'P' | 'x' if text.get(1..).is_some_and(|rest| rest.starts_with('{')) => {
            // `\p{Greek}` and `\x{41}`: these braces are neither text nor a repetition.
            let (name, after) = text.split_once('}').ok_or("missing closing }")?;
            out.push('\\');
            out.push_str(name);
            out.push('}');
            return Ok(after);
        }
        letter => {
            out.push('\\');
            out.push(letter);
        }
    }
    Ok(text.get(letter.len_utf8()..).unwrap_or(""))
}

/// A class after its opening bracket. Answers what follows its closing one.
fn class<'a>(text: &'a str, out: &mut String) -> Result<&'a str, &'static str> {
    out.push('[');
    let mut rest = text;
    if let Some(after) = rest.strip_prefix('^') {
        out.push('^');
        rest = after;
    }
    let mut first = true;
    while let Some(letter) = rest.chars().next() {
        let after = rest.get(letter.len_utf8()..).unwrap_or("");
        rest = match letter {
            ']' if !first => {
                out.push(']');
                return Ok(after);
            }
            '\\' => escape(after, out)?,
            '[' if after.starts_with(':') && after.contains(":]") => {
                let (name, after) = after.split_once(":]").unwrap_or((after, ""));
                if !CLASSES.contains(&name.trim_start_matches([':', '^'])) {
                    return Err("invalid character class name");
                }
                out.push('[');
                out.push_str(name);
                out.push_str(":]");
                after
            }
            '-' if first || after.starts_with(']') || out.ends_with('-') => {
                out.push_str("\\-");
                after
            }
            '[' | ']' | '&' | '~' => {
                out.push('\\');
                out.push(letter);
                after
            }
            letter => {
                out.push(letter);
                after
            }
        };
        first = false;
    }
    Err("missing closing ]")
}

/// The length of `2}`, `2,}` or `2,3}`, if the text begins so.
fn repetition(text: &str) -> Option<usize> {
    let (bounds, _) = text.split_once('}')?;
    let (least, most) = bounds.split_once(',').unwrap_or((bounds, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    (!least.is_empty() && digits(least) && digits(most)).then_some(bounds.len() + 1)
}

fn check_repetition(bounds: &str) -> Result<(), &'static str> {
    let small = |bound: &str| {
        bound.is_empty()
            || bound
                .parse::<u32>()
                .is_ok_and(|bound| bound <= MOST_REPEATED)
    };
    if bounds.trim_end_matches('}').split(',').all(small) {
        Ok(())
    } else {
        Err("a repetition is at most 1000 times")
    }
}

#[cfg(test)]
mod tests {
    use super::compiled;

    #[test]
    fn what_matches_is_what_re2_matches() {
        for (pattern, text, wanted) in [
            (r"\d+", "x١٢3", Some("3")),
            (r"\w+", "é_a", Some("_a")),
            (r"\s", "\u{a0}", None),
            (r"\S+", " é\u{a0}b c", Some("é\u{a0}b")),
            (r"[^\w]+", "ab é!", Some(" é!")),
            (r"[\d-x]+", "1-x", Some("1-x")),
            (r"\bé", "aé", Some("é")),
            (r"{[^}]*}", "a{b}", Some("{b}")),
            (r"a{,2}", "a{,2}", Some("a{,2}")),
            (r"a{2,}", "aaa", Some("aaa")),
            (r"[[a]", "[", Some("[")),
            (r"[[:alpha:]_]+", "ab_1", Some("ab_")),
            (r"[a&&b]+", "&b", Some("&b")),
            (r"[^]a]+", "a]x", Some("x")),
            (r"[+--]", ",", Some(",")),
            (r"\Qa.b\E+", "axb a.bb", Some("a.bb")),
            (r"\x{41}\pL\p{Greek}\P{Greek}", "AbΓc", Some("AbΓc")),
            (r"[\p{Greek}\x{1F600}]+", "Γ😀a", Some("Γ😀")),
        ] {
            let regex = compiled(pattern, 0);
            let found = regex.as_ref().map(|regex| regex.find(text));
            let found = found.map(|found| found.map(|found| found.as_str()));
            assert_eq!(found, Ok(wanted), "{pattern}");
        }
    }

    #[test]
    fn what_re2_refuses_is_refused() {
        for pattern in [
            "(",
            "[a",
            "a\\",
            "a{1001}",
            "a(?=b)",
            "\\u0041",
            "[[:x:]]",
            "\\p{Greek",
        ] {
            assert!(compiled(pattern, 0).is_err(), "{pattern}");
        }
    }
}
