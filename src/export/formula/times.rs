//! Formats of `date_format` as patterns of Joda-Time.

/// What a directive of `strftime` is in a pattern.
const DIRECTIVES: [(&str, &str); 33] = [
    ("%Y", "YYYY"),
    ("%y", "YY"),
    ("%m", "MM"),
    ("%-m", "M"),
    ("%d", "dd"),
    ("%-d", "d"),
    ("%H", "HH"),
    ("%-H", "H"),
    ("%I", "hh"),
    ("%-I", "h"),
    ("%M", "mm"),
    ("%-M", "m"),
    ("%S", "ss"),
    ("%-S", "s"),
    ("%p", "a"),
    ("%a", "EEE"),
    ("%A", "EEEE"),
    ("%b", "MMM"),
    ("%h", "MMM"),
    ("%B", "MMMM"),
    ("%j", "DDD"),
    ("%-j", "D"),
    ("%G", "xxxx"),
    ("%g", "xx"),
    ("%V", "ww"),
    ("%-V", "w"),
    ("%u", "e"),
    ("%z", "Z"),
    ("%:z", "ZZ"),
    ("%F", "YYYY-MM-dd"),
    ("%T", "HH:mm:ss"),
    ("%R", "HH:mm"),
    ("%%", "%"),
];

/// The pattern for a format; the message says what it cannot write.
pub(super) fn pattern(format: &str) -> Result<String, String> {
    let mut pattern = String::new();
    let mut plain = String::new();
    let mut rest = format;
    while !rest.is_empty() {
        if rest.starts_with('%') {
            let found = DIRECTIVES.iter().find(|(own, _)| rest.starts_with(own));
            let Some((own, theirs)) = found else {
                let directive: String = rest.chars().take(2).collect();
                return Err(format!(
                    "the patterns of the service have nothing for `{directive}`"
                ));
            };
            flush(&mut plain, &mut pattern);
            pattern.push_str(theirs);
            rest = rest.get(own.len()..).unwrap_or("");
        } else {
            let mut signs = rest.chars();
            plain.extend(signs.next());
            rest = signs.as_str();
        }
    }
    flush(&mut plain, &mut pattern);
    Ok(pattern)
}

/// Adds plain text: letters stand between quotes, a quote is doubled.
fn flush(plain: &mut String, pattern: &mut String) {
    let mut quoted = false;
    for sign in plain.drain(..) {
        if sign.is_ascii_alphabetic() != quoted && sign != '\'' {
            pattern.push('\'');
            quoted = !quoted;
        }
        if sign == '\'' {
            pattern.push('\'');
        }
        pattern.push(sign);
    }
    if quoted {
        pattern.push('\'');
    }
}

/// Whether a format writes the time of day.
pub(super) fn has_clock(format: &str) -> bool {
    let clock = [
        "%H", "%-H", "%I", "%-I", "%M", "%-M", "%S", "%-S", "%p", "%T", "%R", "%z", "%:z",
    ];
    clock.iter().any(|directive| format.contains(directive))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::expression::Pattern;

    #[test]
    fn formats_are_patterns() {
        for (format, expected) in [
            ("%Y-%m-%d", "YYYY-MM-dd"),
            ("%Y-%m-%dT%H:%M:%S", "YYYY-MM-dd'T'HH:mm:ss"),
            ("day %-d of %B", "'day' d 'of' MMMM"),
            ("%d o'clock", "dd 'o''clock'"),
            ("%d'%m", "dd''MM"),
            ("100%% %y", "100% YY"),
        ] {
            assert_eq!(pattern(format).as_deref(), Ok(expected), "{format}");
            assert!(Pattern::parse(expected).is_ok(), "{expected}");
        }
        assert!(pattern("%Z").is_err());
        assert!(pattern("%s").is_err());
        assert!(pattern("%").is_err());
    }
}
