//! Steps as AWS Data Pipeline writes them: a jar and its arguments, with commas between them.

use std::path::Path;

/// The parts of `JAR,ARGUMENT,…`, without blanks around; a comma behind a backslash is text.
pub fn parts(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for (number, piece) in text.split(',').enumerate() {
        match parts.last_mut() {
            Some(last) if number == 0 => last.push_str(piece),
            Some(last) if last.ends_with('\\') => {
                last.truncate(last.trim_end_matches('\\').len());
                last.push(',');
                last.push_str(piece);
            }
            _ => parts.push(piece.to_owned()),
        }
    }
    parts.iter().map(|part| part.trim().to_owned()).collect()
}

/// What is wrong with a step, as a sentence without its stop.
pub fn mistake(text: &str) -> Option<String> {
    let jar = parts(text).into_iter().next().unwrap_or_default();
    if jar.is_empty() {
        return Some(format!("the step `{text}` does not begin with a jar"));
    }
    // A key in S3 may have blanks.
    let is_name = !jar.contains('/');
    (is_name && jar.contains(char::is_whitespace)).then(|| {
        format!("the jar of the step `{text}` has blanks in it; commas stand between the parts")
    })
}

/// Whether a text looks like a jar: a path, or the name of a file of that kind.
pub fn looks_like_jar(text: &str) -> bool {
    let ending = Path::new(text).extension();
    text.contains('/') || ending.is_some_and(|ending| ending.eq_ignore_ascii_case("jar"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_taken_apart_at_its_commas() {
        for (text, expected) in [
            ("s3://acme/x.jar", &["s3://acme/x.jar"][..]),
            ("x.jar, a,,b", &["x.jar", "a", "", "b"]),
            (r"x.jar,a\\,b,c\,d", &["x.jar", "a,b", "c,d"]),
            (r"x.jar,\\,\,", &["x.jar", ",,"]),
            ("", &[""]),
        ] {
            assert_eq!(parts(text), expected, "{text}");
        }
    }

    #[test]
    fn a_step_begins_with_its_jar() {
        for text in ["", ",a", " , a", "command-runner.jar spark-submit,x"] {
            assert!(mistake(text).is_some(), "{text}");
        }
        for text in ["x.jar, a b", "s3://acme/my code/x.jar"] {
            assert_eq!(mistake(text), None, "{text}");
        }
    }

    #[test]
    fn a_jar_is_a_path_or_has_its_ending() {
        for text in ["command-runner.jar", "/opt/report", "s3://acme/x"] {
            assert!(looks_like_jar(text), "{text}");
        }
        for text in ["spark-submit", "jar", "report.py"] {
            assert!(!looks_like_jar(text), "{text}");
        }
    }
}
