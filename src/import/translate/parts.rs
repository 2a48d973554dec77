//! Texts that are made of parts.

/// The parts of a text between commas, without blanks around. A comma behind a backslash is text, and so is one in an expression.
pub(super) fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut signs = text.chars().peekable();
    let (mut depth, mut quote, mut last) = (0_usize, None, ' ');
    while let Some(sign) = signs.next() {
        match (sign, quote) {
            ('{', None) if last == '#' || depth > 0 => depth += 1,
            ('}', None) => depth = depth.saturating_sub(1),
            ('\'' | '"', None) if depth > 0 => quote = Some(sign),
            (_, Some(open)) if sign == open => quote = None,
            ('\\', None) if depth == 0 => {
                // One level of backslashes is consumed, however the file wrote it.
                let mut escapes = 1;
                while signs.next_if_eq(&'\\').is_some() {
                    escapes += 1;
                }
                let text = if signs.next_if_eq(&',').is_some() {
                    ",".to_owned()
                } else {
                    "\\".repeat(escapes)
                };
                if let Some(part) = parts.last_mut() {
                    part.push_str(&text);
                }
                last = sign;
                continue;
            }
            (',', None) if depth == 0 => {
                parts.push(String::new());
                last = sign;
                continue;
            }
            _ => {}
        }
        last = sign;
        if let Some(part) = parts.last_mut() {
            part.push(sign);
        }
    }
    parts.iter().map(|part| part.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_separate_parts_unless_they_are_text() {
        for (text, expected) in [
            ("a.jar", vec!["a.jar"]),
            ("a.jar, x,y ", vec!["a.jar", "x", "y"]),
            (
                "a,#{format(@scheduledStartTime,'YYYY,MM}')},b",
                vec!["a", "#{format(@scheduledStartTime,'YYYY,MM}')}", "b"],
            ),
            (r"a,x\,y,z\\,w", vec!["a", "x,y", "z,w"]),
            (r"a,\n", vec!["a", r"\n"]),
            ("a,{b,c}", vec!["a", "{b", "c}"]),
            ("a,,", vec!["a", "", ""]),
        ] {
            assert_eq!(split(text), expected, "{text}");
        }
    }
}
