//! `shellquote`: text that a shell of POSIX takes as one word.
//!
//! Everything is quoted, also what would not need it: so a word is never read as a variable that is set (`A=1`), a reserved
//! word (`if`), a number before a redirection (`2`) or a pattern, wherever it stands.

use std::fmt::Write as _;

use super::Accepts;
use super::Call;
use super::CallError;
use super::Function;
use super::Parameter;
use super::Purity;
use crate::lang::convert;
use crate::lang::value::Value;

/// The family.
pub(super) static FUNCTIONS: &[Function] = &[Function {
    name: "shellquote",
    parameters: &[Parameter::new("words", Accepts::Any)],
    variadic: None,
    doc: "Quotes a string for the shell, so that it is one word there whatever it holds; of a list, each of its elements, with blanks between them.",
    purity: Purity::Pure,
    body: shellquote,
}];

fn shellquote(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let mut quoted = String::new();
    match arguments.first() {
        Some(Value::List(items) | Value::Set(items) | Value::Tuple(items)) => {
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    quoted.push(' ');
                }
                quote(item, Some(index), &mut quoted)?;
            }
        }
        Some(single) => quote(single, None, &mut quoted)?,
        None => {}
    }
    Ok(Value::string(quoted))
}

/// Appends a word. `index` is its place in a list.
fn quote(word: &Value, index: Option<usize>, quoted: &mut String) -> Result<(), CallError> {
    let place = index.map_or_else(String::new, |index| {
        format!("element {index} of the list: ")
    });
    let Some(text) = convert::to_text(word) else {
        return Err(CallError::at(
            0,
            format!(
                "{place}a string or a list of strings is needed; this is {}",
                word.describe()
            ),
        ));
    };
    if text.contains('\0') {
        return Err(CallError::at(
            0,
            format!("{place}it holds a NUL character, which no argument of a command can"),
        ));
    }
    // In single quotes nothing has a meaning but the quote itself (POSIX, Shell Command Language 2.2.2).
    let escaped = text.replace('\'', r"'\''");
    write!(quoted, "'{escaped}'").map_err(|error| CallError::new(error.to_string()))
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::shellquote;
    use crate::lang::Value;
    use crate::lang::test_support::TestScope;
    use crate::lang::test_support::with_call;

    fn quoted(value: Value) -> String {
        match with_call(|call| shellquote(call, &[value])) {
            Ok(Value::String(text)) => text.to_string(),
            other => panic!("{other:?}"),
        }
    }

    /// The words that the shell makes of a text.
    fn words(text: &str) -> Vec<String> {
        let output = Command::new("/bin/sh")
            .args(["-c", &format!("printf '%s\\0' {text}")])
            .output()
            .unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        let mut words: Vec<String> = printed.split('\0').map(str::to_owned).collect();
        assert_eq!(words.pop().as_deref(), Some(""));
        words
    }

    #[test]
    fn words_are_quoted() {
        let scope = TestScope::new("{ l = [\"a\"] }", &["run"]);
        for (text, wanted) in [
            (r#"shellquote("a b")"#, r#""'a b'""#),
            (r#"shellquote("")"#, r#""''""#),
            (r#"shellquote("it's")"#, r#""'it'\\''s'""#),
            (r#"shellquote(["a", 1, true])"#, r#""'a' '1' 'true'""#),
            (r#"shellquote(toset(["b", "a"]))"#, r#""'a' 'b'""#),
            ("shellquote([])", r#""""#),
            ("shellquote(run.date)", "shellquote(run.date)"),
            (
                "shellquote(concat(l, [run.date]))",
                "shellquote([\"a\", run.date])",
            ),
        ] {
            assert_eq!(scope.shown(text), wanted, "{text}");
        }
    }

    #[test]
    fn what_is_no_word_is_refused() {
        let scope = TestScope::default();
        for (text, reason) in [
            ("shellquote({ a = 1 })", "a list of strings is needed"),
            (r#"shellquote([["a"]])"#, "element 0 of the list"),
            (r#"shellquote(["a", null])"#, "element 1 of the list"),
            ("shellquote(null)", "not null"),
            (r#"shellquote("a\u0000b")"#, "NUL"),
        ] {
            let shown = scope.shown(text);
            assert!(shown.contains(reason), "{text}: {shown}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]

        #[test]
        fn the_shell_reads_what_was_quoted(list in prop::collection::vec("[^\\x00]{0,12}|[-'\"\\\\$`!*?~#&;|<>(){}=\\[\\] \n\t]{0,12}", 1..5)) {
            let values = list.iter().map(|text| Value::string(text.as_str())).collect();
            prop_assert_eq!(words(&quoted(Value::Tuple(Arc::new(values)))), list.clone());
            for text in list {
                prop_assert_eq!(words(&quoted(Value::string(text.as_str()))), vec![text]);
            }
        }
    }
}
