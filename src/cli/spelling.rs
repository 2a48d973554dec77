//! Command lines as they are typed: Terraform's spelling of flags (`-auto-approve` is `--auto-approve`), and what a command line
//! that cannot be understood was to print.

use std::ffi::OsString;

use clap::error::ContextKind;
use clap::error::ContextValue;

/// Turns single-dash long flags into double-dash ones. One-letter flags, negative numbers, `-` itself and everything
/// behind `--` stay as they are.
pub(super) fn normalise(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut flags = true;
    arguments
        .into_iter()
        .enumerate()
        .map(|(index, argument)| {
            if argument == "--" {
                flags = false;
            }
            match argument.to_str() {
                Some("-v") if index == 1 => OsString::from("--version"),
                Some(text) if flags && index > 0 && is_terraform_flag(text) => {
                    OsString::from(format!("-{text}"))
                }
                _ => argument,
            }
        })
        .collect()
}

fn is_terraform_flag(text: &str) -> bool {
    let Some(name) = text.strip_prefix('-') else {
        return false;
    };
    let mut letters = name.chars();
    letters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic())
        && letters
            .next()
            .is_some_and(|second| second.is_ascii_alphabetic())
}

/// The value of a flag that is `true` or `false`, or as programs write it that Terraform understands, too: `True`, `1`, `0`, …
pub(super) fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "true" | "True" | "TRUE" | "t" | "T" | "1" => Ok(true),
        "false" | "False" | "FALSE" | "f" | "F" | "0" => Ok(false),
        _ => Err("write `true` or `false`".to_owned()),
    }
}

/// What does here what a command of Terraform does that is not here, where such a one was typed.
pub(super) fn instead_of(mistake: &clap::Error) -> Option<&'static str> {
    let Some(ContextValue::String(command)) = mistake.get(ContextKind::InvalidSubcommand) else {
        return None;
    };
    match command.as_str() {
        "refresh" => Some(
            "There is nothing to refresh: every plan reads what operators have changed by hand, and `pipeform plan --refresh-only` shows it.",
        ),
        "taint" | "untaint" => Some(
            "A definition has nothing that could be made anew. `pipeform rerun ADDRESS@FROM..TO` runs again what has run.",
        ),
        "providers" | "replace-provider" => {
            Some("What Pipeform works with is built in: there are no providers to install.")
        }
        "login" | "logout" => Some("There is nothing to log in to: the state is a local file."),
        _ => None,
    }
}

/// Whether a command line, which may be wrong, is one of `validate --json`: then its mistakes are printed as JSON, too.
pub(super) fn checks_as_json(arguments: &[OsString]) -> bool {
    let flags = arguments.iter().take_while(|argument| *argument != "--");
    let mut value = false;
    let mut words = flags.clone().skip(1).filter(|argument| {
        let word = !value && !argument.to_string_lossy().starts_with('-');
        value = *argument == "--chdir";
        word
    });
    words.next().is_some_and(|command| command == "validate")
        && flags.into_iter().any(|argument| argument == "--json")
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::boolean;
    use super::checks_as_json;
    use super::instead_of;
    use super::normalise;

    #[test]
    fn what_programs_write_for_true_and_false_is_understood() {
        for (text, expected) in [
            ("true", Ok(true)),
            ("True", Ok(true)),
            ("1", Ok(true)),
            ("FALSE", Ok(false)),
            ("f", Ok(false)),
        ] {
            assert_eq!(boolean(text), expected, "{text}");
        }
        assert!(boolean("yes").is_err() && boolean("").is_err());
    }

    #[test]
    fn flags_of_terraform_say_true_or_false() {
        for line in [
            "pipeform init -reconfigure",
            "pipeform init -reconfigure=true",
            "pipeform init -migrate-state=false",
            "pipeform apply -destroy=True",
            "pipeform plan -destroy=false",
        ] {
            let words = normalise(line.split(' ').map(OsString::from));
            let parsed = crate::cli::command().try_get_matches_from(words);
            assert!(parsed.is_ok(), "{line}");
        }
    }

    #[test]
    fn commands_of_terraform_say_what_to_do_instead() {
        let mistake = |word: &str| {
            let parsed = crate::cli::command().try_get_matches_from(["pipeform", word]);
            parsed.expect_err("there is no such command")
        };
        assert!(instead_of(&mistake("refresh")).is_some_and(|it| it.contains("--refresh-only")));
        assert!(instead_of(&mistake("taint")).is_some_and(|it| it.contains("rerun")));
        assert_eq!(instead_of(&mistake("plna")), None);
    }

    #[test]
    fn a_wrong_command_line_is_one_of_validate_json() {
        for (line, expected) in [
            ("pipeform validate --json --frob", true),
            ("pipeform --chdir validate validate --frob --json", true),
            ("pipeform --no-color validate --json=yes --json", true),
            ("pipeform --chdir validate plan --json --frob", false),
            ("pipeform validate --frob", false),
            ("pipeform validate -- --json", false),
            ("pipeform --json", false),
            ("pipeform", false),
        ] {
            let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            assert_eq!(checks_as_json(&arguments), expected, "{line}");
        }
    }

    #[test]
    fn every_option_of_every_command_may_have_one_dash() {
        fn check(command: &clap::Command, seen: &mut usize) {
            for option in command.get_arguments().filter_map(clap::Arg::get_long) {
                let typed = ["pipeform".to_owned(), format!("-{option}")];
                let all = normalise(typed.map(OsString::from));
                assert_eq!(all[1], OsString::from(format!("--{option}")));
                *seen += 1;
            }
            for inner in command.get_subcommands() {
                check(inner, seen);
            }
        }
        let mut seen = 0;
        check(&crate::cli::command(), &mut seen);
        assert!(seen > 50, "{seen}");
    }

    #[test]
    fn single_dash_long_flags_become_double() {
        for (given, wanted) in [
            ("-auto-approve", "--auto-approve"),
            ("-var=a=b", "--var=a=b"),
            ("--json", "--json"),
            ("-v", "--version"),
            ("-h", "-h"),
            ("-", "-"),
            ("-5", "-5"),
            ("plan", "plan"),
        ] {
            let all = normalise([OsString::from("pipeform"), OsString::from(given)]);
            assert_eq!(all[1], OsString::from(wanted));
        }
        let after = normalise(["pipeform", "--", "-json"].map(OsString::from));
        assert_eq!(after[2], OsString::from("-json"));
    }
}
