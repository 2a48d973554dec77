//! Where the statements of a script end: at a `;` that stands in no text, no name and no comment.

use super::tables::Dialect;

/// What a character stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Within {
    Statement,
    /// A text or a name, up to this character.
    Quotes(char),
    /// A comment up to the end of the line.
    Line,
    /// A comment between `/*` and `*/`, which only Spark has. What looks like one to Hive is a hint, or a place such as `s3://acme/*`.
    Block,
}

/// The statements of a script that have their `;`, and what comes after the last one, all without comments.
pub(super) fn split(script: &str, dialect: Dialect) -> (Vec<String>, String) {
    let (mut ended, mut text) = (Vec::new(), String::new());
    let mut within = Within::Statement;
    let mut characters = script.chars().peekable();
    while let Some(character) = characters.next() {
        let follows = characters.peek().copied();
        within = match (within, character) {
            (Within::Line, '\n') => {
                text.push('\n');
                Within::Statement
            }
            (Within::Block, '*') if follows == Some('/') => {
                characters.next();
                text.push(' ');
                Within::Statement
            }
            (Within::Line | Within::Block, _) => within,
            (Within::Statement, '-') if follows == Some('-') => Within::Line,
            (Within::Statement, '/') if follows == Some('*') && dialect == Dialect::Spark => {
                characters.next();
                Within::Block
            }
            (Within::Statement, ';') => {
                ended.push(std::mem::take(&mut text));
                Within::Statement
            }
            (Within::Quotes('\'' | '"') | Within::Statement, '\\') => {
                text.push(character);
                text.extend(characters.next());
                within
            }
            (Within::Statement, '\'' | '"' | '`') => {
                text.push(character);
                Within::Quotes(character)
            }
            (Within::Quotes(quote), _) => {
                text.push(character);
                if character == quote {
                    Within::Statement
                } else {
                    within
                }
            }
            (Within::Statement, _) => {
                text.push(character);
                within
            }
        };
    }
    (ended, text)
}

/// Whether what comes after the last `;` of a script is a statement.
pub(super) fn is_open(script: &str, dialect: Dialect) -> bool {
    let (_, rest) = split(script, dialect);
    !rest.trim().is_empty()
}

/// Whether a statement of a script begins with a word.
pub(super) fn any_begins(script: &str, dialect: Dialect, word: &str) -> bool {
    let (ended, rest) = split(script, dialect);
    let mut all = ended.iter().chain([&rest]);
    all.any(|statement| {
        let mut words = statement
            .trim_start()
            .split(|c: char| !c.is_alphanumeric() && c != '_');
        words
            .next()
            .is_some_and(|first| first.eq_ignore_ascii_case(word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [Dialect; 2] = [Dialect::Hive, Dialect::Spark];

    #[test]
    fn statements_end_where_they_do() {
        for (script, ended, rest) in [
            ("a; b", vec!["a"], " b"),
            ("a ';' b; c", vec!["a ';' b"], " c"),
            (r"a 'it\'s; x'; b", vec![r"a 'it\'s; x'"], " b"),
            (r#"a "\\"; b"#, vec![r#"a "\\""#], " b"),
            ("a `b;c`; d", vec!["a `b;c`"], " d"),
            ("a `b\\`; d", vec!["a `b\\`"], " d"),
            ("a -- b; it's\n; c", vec!["a \n"], " c"),
            (r"a \; b; c", vec![r"a \; b"], " c"),
            ("a; -- b;", vec!["a"], " "),
        ] {
            for dialect in BOTH {
                let (found, after) = split(script, dialect);
                assert_eq!(found, ended, "{script}");
                assert_eq!(after, rest, "{script}");
            }
        }
        let script = "a /*/ b; */ c; d";
        assert_eq!(split(script, Dialect::Spark).0, ["a   c"]);
        let place = "ADD JAR s3://acme/*.jar; a";
        assert_eq!(split(place, Dialect::Hive).0, ["ADD JAR s3://acme/*.jar"]);
    }

    #[test]
    fn only_a_statement_begins_with_its_first_word() {
        for (script, expected) in [
            ("use reports; SELECT 1", true),
            ("SELECT 1;\n-- then\n  USE reports", true),
            ("SELECT 1; use`reports`;", true),
            ("SELECT '; use this'", false),
            ("SELECT 1 -- ; use this\n", false),
            ("SELECT used; used x", false),
        ] {
            for dialect in BOTH {
                assert_eq!(any_begins(script, dialect, "use"), expected, "{script}");
            }
        }
        let script = "/* ; use this */ SELECT 1";
        assert!(!any_begins(script, Dialect::Spark, "use"));
    }

    #[test]
    fn a_comment_neither_ends_a_statement_nor_is_one() {
        for dialect in BOTH {
            assert!(is_open("SELECT 1 -- all;", dialect));
            assert!(is_open("SELECT ';'", dialect));
            assert!(!is_open("SELECT 1; -- all", dialect));
            assert!(!is_open("SELECT 1;\n\n", dialect));
        }
    }
}
