//! Secrets that commands read from their environment.
//!
//! The service wrote the value into the text before a shell saw it; here the shell puts it in, and does so only where it expands
//! variables. So a secret is marked while a command is translated, and when the whole text is there it is read as a shell reads it:
//! in single quotes the quotes are closed around the variable, and in a here-document whose end is in quotes there is no way.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::identifiers;
use crate::lang::Value;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;
use crate::lang::ast::Part;
use crate::lang::print;

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
}

/// What a shell does with a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Expanded,
    /// In `'…'`.
    InQuotes,
    /// In `$'…'`.
    InDollarQuotes,
    /// In the lines behind `<<'END'`.
    Closed,
}

/// What stands for a secret until its place is known.
pub(super) fn mark(number: usize) -> String {
    let [open, close] = MARKS;
    format!("{open}{number}{close}")
}

/// Writes secrets where they are marked. `None`: one is marked in what is computed.
pub(super) fn with_secrets(expr: &Expr, secrets: &[Secret]) -> Option<Command> {
    let parts = match &expr.kind {
        ExprKind::Value(Value::String(text)) => vec![Part::Literal(Arc::clone(text))],
        ExprKind::Template(parts) => parts.as_ref().clone(),
        _ => vec![Part::Interpolation(expr.clone())],
    };
    let mut whole = String::new();
    for part in &parts {
        match part {
            Part::Literal(text) => whole.push_str(text),
            Part::Interpolation(expr) if !print::expression(expr).contains(MARKS) => {
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
    };
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
                            done.push_str(&command.read(secret, name, place));
                        }
                    }
                }
                Part::Literal(Arc::from(done))
            }
            other => other,
        });
    }
    command.expr.kind = match written.as_slice() {
        [Part::Literal(text)] => ExprKind::Value(Value::String(Arc::clone(text))),
        _ => ExprKind::Template(Arc::new(written)),
    };
    Some(command)
}

impl Command {
    /// How a secret is read at a place.
    fn read(&mut self, secret: &Secret, name: &str, place: Place) -> String {
        if place == Place::Closed {
            if !self.closed.contains(&secret.id) {
                self.closed.push(secret.id.clone());
            }
            return format!("#{{{}}}", secret.id);
        }
        if self.environment.iter().all(|(known, _)| known != name) {
            let entry = (name.to_owned(), secret.value.clone());
            self.environment.push(entry);
        }
        match place {
            Place::InQuotes => format!("'\"${{{name}}}\"'"),
            Place::InDollarQuotes => format!("'\"${{{name}}}\"$'"),
            Place::Expanded | Place::Closed => format!("${{{name}}}"),
        }
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

/// What a shell would do with a variable at each mark of a command.
fn places(command: &str) -> Vec<Place> {
    let mut signs = Vec::new();
    for piece in pieces(command) {
        match piece {
            Ok(text) => signs.extend(text.chars()),
            Err(_) => signs.push(MARKS[0]),
        }
    }
    let mut reader = Reader {
        signs,
        at: 0,
        inside: Vec::new(),
        documents: Vec::new(),
        places: Vec::new(),
    };
    while let Some(sign) = reader.next() {
        reader.sign(sign);
    }
    reader.places
}

/// What something stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inside {
    Quotes,
    DollarQuotes,
    DoubleQuotes,
    Backticks,
    /// `$(…)`, with brackets in it that are open.
    Command(usize),
    /// `$((…))`, where `<<` is no here-document.
    Arithmetic(usize),
}

/// A here-document whose lines are to come.
struct Document {
    end: String,
    /// Whether tabs before its end count not.
    tabs: bool,
    quoted: bool,
}

/// Reads a command as far as it matters what is quoted.
struct Reader {
    signs: Vec<char>,
    at: usize,
    inside: Vec<Inside>,
    documents: Vec<Document>,
    places: Vec<Place>,
}

impl Reader {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.signs.get(self.at + ahead).copied()
    }

    fn next(&mut self) -> Option<char> {
        let sign = self.peek(0)?;
        self.at += 1;
        Some(sign)
    }

    /// Takes a sign if it comes next.
    fn take(&mut self, sign: char) -> bool {
        let found = self.peek(0) == Some(sign);
        self.at += usize::from(found);
        found
    }

    /// Takes a sign that loses its meaning; a secret has none.
    fn escape(&mut self) {
        if self.peek(0) != Some(MARKS[0]) {
            self.at += 1;
        }
    }

    fn sign(&mut self, sign: char) {
        let inside = self.inside.last().copied();
        if sign == MARKS[0] {
            self.places.push(match inside {
                Some(Inside::Quotes) => Place::InQuotes,
                Some(Inside::DollarQuotes) => Place::InDollarQuotes,
                _ => Place::Expanded,
            });
            return;
        }
        match (inside, sign) {
            (Some(Inside::Quotes | Inside::DollarQuotes), '\'')
            | (Some(Inside::DoubleQuotes), '"')
            | (Some(Inside::Backticks), '`') => {
                self.inside.pop();
            }
            (Some(Inside::Quotes), _) => {}
            (_, '\\') => self.escape(),
            (Some(Inside::DollarQuotes), _) => {}
            (_, '`') => self.inside.push(Inside::Backticks),
            (_, '$') if self.peek(0) == Some('(') => {
                self.at += 1;
                let arithmetic = self.take('(');
                self.inside.push(if arithmetic {
                    Inside::Arithmetic(2)
                } else {
                    Inside::Command(1)
                });
            }
            (Some(Inside::Command(_) | Inside::Arithmetic(_)), '(' | ')') => self.bracket(sign),
            (Some(Inside::DoubleQuotes | Inside::Arithmetic(_)), _) => {}
            _ => self.plain(sign),
        }
    }

    fn bracket(&mut self, sign: char) {
        if let Some(Inside::Command(open) | Inside::Arithmetic(open)) = self.inside.last_mut() {
            if sign == '(' {
                *open += 1;
            } else {
                *open -= 1;
                if *open == 0 {
                    self.inside.pop();
                }
            }
        }
    }

    /// A sign outside of quotes.
    fn plain(&mut self, sign: char) {
        let before = self.at.checked_sub(2).and_then(|at| self.signs.get(at));
        match sign {
            '\'' if before == Some(&'$') => self.inside.push(Inside::DollarQuotes),
            '\'' => self.inside.push(Inside::Quotes),
            '"' => self.inside.push(Inside::DoubleQuotes),
            '#' if before
                .is_none_or(|before| before.is_whitespace() || ";|&(".contains(*before)) =>
            {
                while self.peek(0).is_some_and(|sign| sign != '\n') {
                    self.skip(Place::Expanded);
                }
            }
            '<' if self.take('<') && !self.take('<') => self.document(),
            '\n' => self.lines(),
            _ => {}
        }
    }

    /// Passes a sign over that means nothing, unless it is a secret.
    fn skip(&mut self, place: Place) {
        if self.next() == Some(MARKS[0]) {
            self.places.push(place);
        }
    }

    /// What stands behind `<<`.
    fn document(&mut self) {
        let tabs = self.take('-');
        while self.peek(0).is_some_and(|sign| matches!(sign, ' ' | '\t')) {
            self.at += 1;
        }
        let (mut end, mut quoted) = (String::new(), false);
        while let Some(sign) = self.peek(0) {
            if sign.is_whitespace() || ";|&<>()".contains(sign) || sign == MARKS[0] {
                break;
            }
            self.at += 1;
            if matches!(sign, '\'' | '"' | '\\') {
                quoted = true;
            } else {
                end.push(sign);
            }
        }
        if quoted || !end.is_empty() {
            self.documents.push(Document { end, tabs, quoted });
        }
    }

    /// The lines of the here-documents that begin with the next line.
    fn lines(&mut self) {
        for document in std::mem::take(&mut self.documents) {
            let place = if document.quoted {
                Place::Closed
            } else {
                Place::Expanded
            };
            while self.at < self.signs.len() && !self.ends(&document) {
                while self.peek(0).is_some_and(|sign| sign != '\n') {
                    self.skip(place);
                }
                self.at += 1;
            }
        }
    }

    /// Whether the next line ends a here-document; it is passed over then, up to the end of the line.
    fn ends(&mut self, document: &Document) -> bool {
        let rest = self.signs.get(self.at..).unwrap_or_default();
        let line: String = rest.iter().take_while(|sign| **sign != '\n').collect();
        let text = if document.tabs {
            line.trim_start_matches('\t')
        } else {
            &line
        };
        let ends = text == document.end;
        if ends {
            self.at += line.chars().count() + 1;
        }
        ends
    }
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
        let command = with_secrets(&expr, &[secret]).expect("it is text");
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
    fn a_secret_in_what_is_computed_is_not_written() {
        let marked = hcl::call("upper", vec![hcl::text(&mark(0))]);
        assert!(with_secrets(&marked, &[]).is_none());
    }
}
