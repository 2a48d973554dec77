//! Secrets that commands read from their environment.
//!
//! The service wrote the value into the text before a shell saw it; here the shell puts it in, and does so only where it expands
//! variables. So a secret is marked while a command is translated, and when the whole text is there it is read as a shell reads it:
//! in single quotes the quotes are closed around the variable, and in a here-document whose end is in quotes there is no way. It is
//! no whole shell: where it loses its way it says so, and the secret stays as the text that it was.

mod reader;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::identifiers;
use crate::lang::Value;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;
use crate::lang::ast::Part;
use crate::lang::print;
use reader::Place;
use reader::places;

/// What stands before and behind the number of a secret. Nobody writes these signs: they mean nothing.
const MARKS: [char; 2] = ['\u{e001}', '\u{e002}'];

/// What stands for what is computed.
const COMPUTED: char = '\u{fffc}';

/// Variables that shells and what they start read by themselves.
const OF_SYSTEM: [&str; 12] = [
    "ENV", "HOME", "HOST", "IFS", "LANG", "PATH", "PWD", "SHELL", "TERM", "TMPDIR", "UID", "USER",
];

/// A secret that a command reads.
#[derive(Clone, Debug)]
pub(super) struct Secret {
    /// The id of its parameter.
    pub(super) id: String,
    /// The name of its variable.
    pub(super) name: String,
    /// What gives its value.
    pub(super) value: Expr,
}

/// A command that reads its secrets from its environment.
pub(super) struct Command {
    pub(super) expr: Expr,
    /// The environment, by name.
    pub(super) environment: Vec<(String, Expr)>,
    /// The ids of secrets that stand where no shell expands a variable, and stay as they were.
    pub(super) closed: Vec<String>,
    /// The ids of secrets that stand where it is not certain what a shell would do, and stay as they were.
    pub(super) unsure: Vec<String>,
    /// The ids of secrets that stand behind a value with quotes in it.
    pub(super) behind_quotes: Vec<String>,
}

/// What stands for a secret until its place is known.
pub(super) fn mark(number: usize) -> String {
    let [open, close] = MARKS;
    format!("{open}{number}{close}")
}

/// Whether a secret is marked in an expression.
pub(super) fn is_marked(expr: &Expr) -> bool {
    print::expression(expr).contains(MARKS)
}

/// Writes secrets where they are marked. `has_quotes` says whether what is computed has quotes in it, as far as is known. `None`: one is
/// marked in what is computed.
pub(super) fn with_secrets(
    expr: &Expr,
    secrets: &[Secret],
    has_quotes: &dyn Fn(&Expr) -> bool,
) -> Option<Command> {
    let parts = match &expr.kind {
        ExprKind::Value(Value::String(text)) => vec![Part::Literal(Arc::clone(text))],
        ExprKind::Template(parts) => parts.as_ref().clone(),
        _ => vec![Part::Interpolation(expr.clone())],
    };
    let mut whole = String::new();
    for part in &parts {
        match part {
            Part::Literal(text) => whole.push_str(text),
            Part::Interpolation(expr) if !is_marked(expr) => {
                whole.push(COMPUTED);
            }
            _ => return None,
        }
    }
    let names = names(&whole, secrets);
    let mut places = places(&whole).into_iter();
    let mut command = Command {
        expr: expr.clone(),
        environment: Vec::new(),
        closed: Vec::new(),
        unsure: Vec::new(),
        behind_quotes: Vec::new(),
    };
    let mut is_behind_quotes = false;
    let mut written = Vec::new();
    for part in parts {
        written.push(match part {
            Part::Literal(text) => {
                let mut done = String::new();
                for piece in pieces(&text) {
                    match piece {
                        Ok(plain) => done.push_str(plain),
                        Err(number) => {
                            let place = places.next()?;
                            let secret = secrets.get(number)?;
                            let name = names.get(number)?;
                            command.read(secret, name, place, &mut done);
                            if is_behind_quotes && !command.behind_quotes.contains(&secret.id) {
                                command.behind_quotes.push(secret.id.clone());
                            }
                        }
                    }
                }
                Part::Literal(Arc::from(done))
            }
            other => {
                is_behind_quotes |= matches!(&other, Part::Interpolation(expr) if has_quotes(expr));
                other
            }
        });
    }
    command.expr.kind = match written.as_slice() {
        [Part::Literal(text)] => ExprKind::Value(Value::String(Arc::clone(text))),
        _ => ExprKind::Template(Arc::new(written)),
    };
    Some(command)
}

impl Command {
    /// Writes how a secret is read at a place, behind what is there.
    fn read(&mut self, secret: &Secret, name: &str, place: Place, text: &mut String) {
        let stays = match place {
            Place::Closed => Some(&mut self.closed),
            Place::Unsure => Some(&mut self.unsure),
            _ => None,
        };
        if let Some(stays) = stays {
            if !stays.contains(&secret.id) {
                stays.push(secret.id.clone());
            }
            text.extend(["#{", &secret.id, "}"]);
            return;
        }
        if self.environment.iter().all(|(known, _)| known != name) {
            let entry = (name.to_owned(), secret.value.clone());
            self.environment.push(entry);
        }
        // Else the backslash would take the meaning of the `$`.
        match place {
            Place::Escaped if text.ends_with('\\') => {
                text.pop();
            }
            Place::AfterBackslash => text.push('\\'),
            _ => {}
        }
        let (open, close) = match place {
            Place::InQuotes => ("'\"", "\"'"),
            Place::InDollarQuotes => ("'\"", "\"$'"),
            _ => ("", ""),
        };
        text.extend([open, "${", name, "}", close]);
    }
}

/// Names for secrets in the environment: those of their variables, unless the command or the system has a variable of the name.
fn names(command: &str, secrets: &[Secret]) -> Vec<String> {
    let is_word = |sign: char| sign.is_ascii_alphanumeric() || sign == '_';
    let mut taken: BTreeSet<String> = command
        .split(|sign| !is_word(sign))
        .chain(OF_SYSTEM)
        .map(str::to_owned)
        .collect();
    secrets
        .iter()
        .map(|secret| {
            let name = secret.name.to_uppercase();
            if taken.insert(name.clone()) {
                return name;
            }
            identifiers::unique(&format!("{name}_SECRET"), &mut taken)
        })
        .collect()
}

/// Whether a command has a name only where a shell expands a variable of it: `$NAME` or `${NAME}`, in no single quotes.
pub fn is_only_expanded(command: &str, name: &str) -> bool {
    let is_word = |sign: char| sign.is_ascii_alphanumeric() || sign == '_';
    let mut marked = String::new();
    let mut rest = command;
    while let Some((before, after)) = rest.split_once(name) {
        let is_other = before.ends_with(is_word)
            || (before.is_empty() && marked.ends_with(is_word))
            || after.starts_with(is_word);
        if is_other {
            marked.extend([before, name]);
            rest = after;
            continue;
        }
        let braced = before.strip_suffix("${").zip(after.strip_prefix('}'));
        let Some((before, after)) = braced.or_else(|| before.strip_suffix('$').zip(Some(after)))
        else {
            return false;
        };
        marked.push_str(before);
        marked.push_str(&mark(0));
        rest = after;
    }
    marked.push_str(rest);
    let places = places(&marked);
    !places.is_empty() && places.iter().all(|place| *place == Place::Expanded)
}

/// A text as plain texts and the numbers of marked secrets.
fn pieces(text: &str) -> Vec<Result<&str, usize>> {
    let [open, close] = MARKS;
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(open) {
        pieces.push(Ok(before));
        let Some((number, after)) = after.split_once(close) else {
            break;
        };
        pieces.extend(number.parse().map(Err));
        rest = after;
    }
    pieces.push(Ok(rest));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::translate::hcl;

    /// A command in which `@` is a secret, as it is written.
    fn written(command: &str) -> String {
        let secret = Secret {
            id: "*myPw".to_owned(),
            name: "pw".to_owned(),
            value: hcl::path("secret"),
        };
        let expr = hcl::text(&command.replace('@', &mark(0)));
        let command = with_secrets(&expr, &[secret], &|_| false).expect("it is text");
        let ExprKind::Value(Value::String(text)) = &command.expr.kind else {
            panic!("it stays text");
        };
        text.to_string()
    }

    #[test]
    fn a_secret_is_read_where_the_shell_expands_it() {
        for (command, expected) in [
            ("x -p @", "x -p ${PW}"),
            ("x \"@\"", "x \"${PW}\""),
            ("x '@'", "x ''\"${PW}\"''"),
            (
                "x -H 'k: @' \"it's @\"",
                "x -H 'k: '\"${PW}\"'' \"it's ${PW}\"",
            ),
            ("x $'a\\'@'", "x $'a\\''\"${PW}\"$''"),
            ("x \\'@", "x \\'${PW}"),
            ("x D\\@ \"D\\@\" \\\\@", "x D${PW} \"D\\\\${PW}\" \\\\${PW}"),
            ("x 'D\\@'", "x 'D\\'\"${PW}\"''"),
            ("x <<E\n\\@ \\\\@\nE", "x <<E\n\\\\${PW} \\\\${PW}\nE"),
            (
                "x <<E\n'@' $(y '@') `y '@'` \"@\"\nE\nz '@'",
                "x <<E\n'${PW}' $(y ''\"${PW}\"'') `y ''\"${PW}\"''` \"${PW}\"\nE\nz ''\"${PW}\"''",
            ),
            (
                "x \"`y \\\"it's @\\\" '@'`\" '@'",
                "x \"`y \\\"it's ${PW}\\\" ''\"${PW}\"''`\" ''\"${PW}\"''",
            ),
            ("x \"${X:-it's}\" '@'", "x \"${X:-it's}\" ''\"${PW}\"''"),
            ("x ${X%'@'}", "x ${X%''\"${PW}\"''}"),
            ("# it's\nx @", "# it's\nx ${PW}"),
            ("x a#'@'", "x a#''\"${PW}\"''"),
            (
                "x \"$(y '@')\" '@'",
                "x \"$(y ''\"${PW}\"'')\" ''\"${PW}\"''",
            ),
            ("x `y '@'` @", "x `y ''\"${PW}\"''` ${PW}"),
            ("x $((1<<2)) '@'", "x $((1<<2)) ''\"${PW}\"''"),
            (
                "x <<END\nit's @\nEND\ny '@'",
                "x <<END\nit's ${PW}\nEND\ny ''\"${PW}\"''",
            ),
            (
                "x <<'END'\n@\nEND\ny @",
                "x <<'END'\n#{*myPw}\nEND\ny ${PW}",
            ),
            (
                "x <<-\"E\" <<F\n@\n\tE\n@\nF\n@",
                "x <<-\"E\" <<F\n#{*myPw}\n\tE\n${PW}\nF\n${PW}",
            ),
            ("x <<<'@'", "x <<<''\"${PW}\"''"),
            (
                "\"$(cat <<'X'\n@\nX\n)\" '@'",
                "\"$(cat <<'X'\n#{*myPw}\nX\n)\" ''\"${PW}\"''",
            ),
            ("PW=1 x @ $PW", "PW=1 x ${PW_SECRET} $PW"),
        ] {
            assert_eq!(written(command), expected, "{command}");
        }
    }

    #[test]
    fn a_secret_stays_where_it_is_not_certain_what_a_shell_does() {
        for command in [
            "(( x = 1 << 3 ))\ny '@'",
            "x \"$(case x in x) echo '@';; esac)\"",
            "x \"${X:-\"it's\"}\" '@'",
            "x \"${X%'@'}\"",
            "x $((echo '@') | y)",
            "x `y \"D\\@\"`",
            "x `y \"D\\\\@\"`",
            "x $'D\\@'",
            "x \"@",
            "x <<E\n$(y '@\nE",
            "x <<E\n`y \\\"it's\\\"` '@'\nE",
        ] {
            assert_eq!(written(command), command.replace('@', "#{*myPw}"));
        }
        let of = |before: &str| format!("{before}\ny '@'");
        for before in [
            "x $((1 << 3))",
            "x \"$(y <<E\n'\nE\n)\"",
            "x <<E\n(it's)\nE",
        ] {
            assert!(written(&of(before)).ends_with("''\"${PW}\"''"), "{before}");
        }
    }

    #[test]
    fn a_variable_is_only_expanded_where_a_shell_reads_nothing_else_of_it() {
        for (command, expected) in [
            ("x $PW", true),
            ("x ${PW} \"$PW\" ''\"${PW}\"'' PWX $PWX", true),
            ("x 'D\\'\"${PW}\"''", true),
            ("x '$PW'", false),
            ("x \\$PW", false),
            ("x $PW ${PW:-x}", false),
            ("x $PW PW", false),
            ("x <<'E'\n$PW\nE", false),
            ("x $PW; sh -c 'echo $PW'", false),
            ("x", false),
        ] {
            assert_eq!(is_only_expanded(command, "PW"), expected, "{command}");
        }
    }

    #[test]
    fn here_documents_in_each_other_end() {
        let deep = (0..2000).fold("'@'".to_owned(), |inner, number| {
            format!("$(x <<E{number}\n{inner}\nE{number}\n)")
        });
        assert!(written(&deep).contains("'#{*myPw}'"));
    }

    #[test]
    fn a_secret_in_what_is_computed_is_not_written() {
        let marked = hcl::call("upper", vec![hcl::text(&mark(0))]);
        assert!(with_secrets(&marked, &[], &|_| false).is_none());
    }
}
