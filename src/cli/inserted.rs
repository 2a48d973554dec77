//! Words that the environment adds to the command line: `PIPEFORM_CLI_ARGS` for every command, `PIPEFORM_CLI_ARGS_plan` for one.
//!
//! They come right after the command, before what is typed, so that what is typed counts more; those for one command count more
//! than those for all.

use std::ffi::OsString;

use super::context::Environment;
use super::errors::Failure;

/// What the words for every command are called in the environment.
const FOR_ALL: &str = "PIPEFORM_CLI_ARGS";

/// A command line, and what the environment has added to it.
#[derive(Debug)]
pub(super) struct Arguments {
    /// All words, the name of the program first.
    pub(super) words: Vec<OsString>,
    /// The variables that added some, with their values.
    pub(super) added: Vec<(String, String)>,
}

/// Adds the words of the environment to a command line.
pub(super) fn arguments(
    typed: impl IntoIterator<Item = OsString>,
    environment: &Environment,
    root: &clap::Command,
) -> Result<Arguments, Failure> {
    let mut words: Vec<OsString> = typed.into_iter().collect();
    let mut added = Vec::new();
    let Some((behind, name)) = command_of(&words, root) else {
        return Ok(Arguments { words, added });
    };
    let mut insert = Vec::new();
    for variable in [FOR_ALL.to_owned(), format!("{FOR_ALL}_{name}")] {
        if let Some(text) = environment.get(&variable) {
            let split = split(text)
                .map_err(|problem| Failure::message(format!("{variable}: {problem}: `{text}`")))?;
            insert.extend(split.into_iter().map(OsString::from));
            added.push((variable, text.to_owned()));
        }
    }
    words.splice(behind..behind, insert);
    Ok(Arguments { words, added })
}

/// Where the words of the command end, and what it is called in a variable: `state mv` is `state_mv`. `None` where there is no
/// command, or `help`.
fn command_of(words: &[OsString], root: &clap::Command) -> Option<(usize, String)> {
    let mut value = false;
    let mut index = 1;
    while let Some(word) = words.get(index) {
        if word == "--" {
            return None;
        }
        let flag = word.to_string_lossy().starts_with('-');
        if !flag && !value {
            break;
        }
        value = !value && (word == "--chdir" || word == "-chdir");
        index += 1;
    }
    let command = root.find_subcommand(words.get(index)?)?;
    let mut name = command.get_name().to_owned();
    if name == "help" {
        return None;
    }
    index += 1;
    if let Some(inner) = words
        .get(index)
        .and_then(|word| command.find_subcommand(word))
    {
        name = format!("{name}_{}", inner.get_name());
        index += 1;
    }
    Some((index, name.replace('-', "_")))
}

/// Splits a text into words as a shell does: at white space that is not quoted. Nothing is expanded.
fn split(text: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (Some('"'), '\\') if matches!(letters.peek(), Some('"' | '\\' | '$' | '`')) => {
                word.get_or_insert_default().extend(letters.next());
            }
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, '\\') => match letters.next() {
                Some(next) => word.get_or_insert_default().push(next),
                None => return Err("it ends with a `\\` that nothing follows"),
            },
            (None, _) if letter.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    if quote.is_some() {
        return Err("a quote is not closed");
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::arguments;
    use super::split;
    use crate::cli::context::Environment;

    #[test]
    fn words_are_those_of_a_shell() {
        for (text, expected) in [
            ("", &[][..]),
            ("  a  b\tc\n", &["a", "b", "c"]),
            ("--var 'a=b c'", &["--var", "a=b c"]),
            (r#"--var="a=\"b\" \n""#, &["--var=a=\"b\" \\n"]),
            (r"a\ b \'", &["a b", "'"]),
            ("'' \"\"", &["", ""]),
            (r"'a\'b", &[r"a\b"]),
            ("a'b'\"c\"d", &["abcd"]),
            ("$HOME `id` *", &["$HOME", "`id`", "*"]),
        ] {
            assert_eq!(
                split(text).as_deref(),
                Ok(expected.map_owned().as_slice()),
                "{text}"
            );
        }
        for text in ["'a", "\"a", "\"a\\\"", "a\\"] {
            assert!(split(text).is_err(), "{text}");
        }
    }

    /// Words of a table as those that are found.
    trait MapOwned {
        fn map_owned(&self) -> Vec<String>;
    }

    impl MapOwned for [&str] {
        fn map_owned(&self) -> Vec<String> {
            self.iter().map(|word| (*word).to_owned()).collect()
        }
    }

    #[test]
    fn the_environment_adds_words_behind_the_command() {
        let environment = Environment::of([
            ("PIPEFORM_CLI_ARGS", "--no-color"),
            ("PIPEFORM_CLI_ARGS_plan", "--json"),
            ("PIPEFORM_CLI_ARGS_state_list", "pipeline.a"),
            ("PIPEFORM_CLI_ARGS_mark_finished", "--dry-run"),
        ]);
        for (line, expected) in [
            ("p plan --destroy", "p plan --no-color --json --destroy"),
            (
                "p --chdir plan plan",
                "p --chdir plan plan --no-color --json",
            ),
            ("p -chdir plan plan", "p -chdir plan plan --no-color --json"),
            (
                "p --chdir=plan validate",
                "p --chdir=plan validate --no-color",
            ),
            ("p state list b", "p state list --no-color pipeline.a b"),
            ("p state frob", "p state --no-color frob"),
            (
                "p mark-finished a",
                "p mark-finished --no-color --dry-run a",
            ),
            ("p help plan", "p help plan"),
            ("p frob", "p frob"),
            ("p -- plan", "p -- plan"),
            ("p", "p"),
            ("p --version", "p --version"),
        ] {
            let typed = line.split(' ').map(OsString::from);
            let found = arguments(typed, &environment, &crate::cli::command()).unwrap();
            let expected: Vec<OsString> = expected.split(' ').map(OsString::from).collect();
            assert_eq!(found.words, expected, "{line}");
        }
    }

    #[test]
    fn what_is_no_list_of_words_is_an_error_that_names_the_variable() {
        let environment = Environment::of([("PIPEFORM_CLI_ARGS_plan", "--var 'a=b")]);
        let typed = ["p", "plan"].map(OsString::from);
        let error = arguments(typed, &environment, &crate::cli::command()).unwrap_err();
        assert_eq!(
            format!("{error:?}"),
            "Message(\"PIPEFORM_CLI_ARGS_plan: a quote is not closed: `--var 'a=b`\")"
        );
    }
}
