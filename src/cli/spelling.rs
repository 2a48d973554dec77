//! Terraform's spelling of flags: `-auto-approve` is `--auto-approve`.

use std::ffi::OsString;

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

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::normalise;

    #[test]
    fn single_dash_long_flags_become_double() {
        for (given, wanted) in [
            ("-auto-approve", "--auto-approve"),
            ("-var=a=b", "--var=a=b"),
            ("--json", "--json"),
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
