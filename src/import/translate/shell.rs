//! Secrets that commands read from their environment.
//!
//! The service wrote the value into the text before a shell saw it; here the shell puts it in, and does so only where it expands
//! variables. So a secret is marked while a command is translated, and when the whole text is there it is read as a shell reads it:
//! in single quotes the quotes are closed around the variable, and in a here-document whose end is in quotes there is no way. It is
//! no whole shell: where it loses its way it says so, and the secret stays as the text that it was.

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
    /// The ids of secrets that stand where it is not certain what a shell would do, and stay as they were.
    pub(super) unsure: Vec<String>,
}

/// What a shell does with a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Expanded,
    /// Behind a backslash that takes the meaning of the next sign only.
    Escaped,
    /// Behind a backslash in `"…"` or in a here-document, where it is a sign of its own before most others.
    AfterBackslash,
    /// In `'…'`.
    InQuotes,
    /// In `$'…'`.
    InDollarQuotes,
    /// In the lines behind `<<'END'`.
    Closed,
    /// Behind something that is not understood.
    Unsure,
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
        unsure: Vec::new(),
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
                            command.read(secret, name, place, &mut done);
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
        ..Reader::default()
    };
    reader.read();
    reader.places
}

/// How many here-documents may be in another.
const MAX_DEPTH: usize = 8;

/// What something stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inside {
    Quotes,
    DollarQuotes,
    DoubleQuotes,
    /// `\"…\"` in backticks that are in double quotes.
    InnerQuotes,
    Backticks,
    /// The lines of a here-document, where quotes mean nothing.
    Document,
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
#[derive(Default)]
struct Reader {
    signs: Vec<char>,
    at: usize,
    inside: Vec<Inside>,
    documents: Vec<Document>,
    places: Vec<Place>,
    /// In how many here-documents this is.
    depth: usize,
    /// Whether something was not understood, so that all that follows may be quoted otherwise.
    unsure: bool,
}

impl Reader {
    /// Reads all. What is still open at the end was not understood.
    fn read(&mut self) {
        let open = self.inside.len();
        while let Some(sign) = self.next() {
            self.sign(sign);
        }
        if self.inside.len() != open {
            self.unsure = true;
            self.places.fill(Place::Unsure);
        }
    }

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

    /// A backslash: the next sign loses its meaning. A secret has none.
    fn escape(&mut self) {
        match (self.inside.as_slice(), self.peek(0)) {
            (_, Some(sign)) if sign == MARKS[0] => {
                self.at += 1;
                let place = self.behind_backslash();
                self.found(place);
                return;
            }
            ([.., Inside::InnerQuotes], Some('"')) => {
                self.inside.pop();
            }
            ([.., Inside::DoubleQuotes, Inside::Backticks], Some('"')) => {
                self.inside.push(Inside::InnerQuotes);
            }
            ([.., Inside::Document, Inside::Backticks], Some('"')) => self.unsure = true,
            _ => {}
        }
        self.at += 1;
    }

    fn behind_backslash(&self) -> Place {
        match self.inside.last() {
            Some(Inside::DoubleQuotes | Inside::Document) => Place::AfterBackslash,
            None | Some(Inside::Command(_)) => Place::Escaped,
            _ => Place::Unsure,
        }
    }

    /// A secret. Backticks have rules of their own for the backslashes in them.
    fn found(&mut self, place: Place) {
        let before = self.at.checked_sub(2).and_then(|at| self.signs.get(at));
        let in_backticks = before == Some(&'\\') && self.inside.contains(&Inside::Backticks);
        let place = if self.unsure || in_backticks {
            Place::Unsure
        } else {
            place
        };
        self.places.push(place);
    }

    fn sign(&mut self, sign: char) {
        let inside = self.inside.last().copied();
        if sign == MARKS[0] {
            self.found(match inside {
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
            // Perhaps it is `$( (…) )`, written without the space.
            (Some(Inside::Arithmetic(_)), '\'' | '"') => self.unsure = true,
            (
                Some(
                    Inside::DoubleQuotes
                    | Inside::InnerQuotes
                    | Inside::Document
                    | Inside::Arithmetic(_),
                ),
                _,
            ) => self.unsure |= sign == '$' && self.has_quotes_in_braces(),
            // The brackets of its patterns have no other side.
            (Some(Inside::Command(_)), 'c') if self.is_case() => self.unsure = true,
            _ => self.plain(sign),
        }
    }

    /// Whether `{…}` comes next, as behind `$`, with quotes that may mean something though they are in double quotes.
    fn has_quotes_in_braces(&self) -> bool {
        let rest = self.signs.get(self.at..).unwrap_or_default();
        let Some(('{', rest)) = rest.split_first().map(|(first, rest)| (*first, rest)) else {
            return false;
        };
        let braced = rest.iter().copied().take_while(|sign| *sign != '}');
        let braced: String = braced.collect();
        let is_name = |sign: char| sign.is_ascii_alphanumeric() || sign == '_';
        let behind = braced.trim_start_matches(is_name);
        let behind = behind.strip_prefix(':').unwrap_or(behind);
        braced.contains('"') || (braced.contains('\'') && !behind.starts_with(['-', '=', '+', '?']))
    }

    /// Whether the sign that was taken begins the word `case`.
    fn is_case(&self) -> bool {
        let at = self.at.saturating_sub(1);
        let before = at.checked_sub(1).and_then(|at| self.signs.get(at));
        let rest = self.signs.get(at..).unwrap_or_default();
        rest.starts_with(&['c', 'a', 's', 'e'])
            && rest.get(4).is_none_or(|sign| sign.is_whitespace())
            && before.is_none_or(|sign| sign.is_whitespace() || ";|&(`{".contains(*sign))
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
                    if self.next() == Some(MARKS[0]) {
                        self.found(Place::Expanded);
                    }
                }
            }
            '<' if self.take('<') && !self.take('<') => self.document(),
            '\n' => self.lines(),
            _ => {}
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

    /// The lines of the here-documents that begin with the next line. One without an end is perhaps a shift: `(( x = 1 << 3 ))`.
    fn lines(&mut self) {
        for document in std::mem::take(&mut self.documents) {
            let from = self.at;
            let mut to = from;
            let mut ends = self.ends(&document);
            while !ends && self.at < self.signs.len() {
                while self.next().is_some_and(|sign| sign != '\n') {}
                to = self.at;
                ends = self.ends(&document);
            }
            self.unsure |= !ends;
            let body = self.signs.get(from..to).unwrap_or_default().to_vec();
            self.body(body, document.quoted);
        }
    }

    fn body(&mut self, signs: Vec<char>, quoted: bool) {
        let is_deep = self.depth == MAX_DEPTH;
        if (quoted && !self.unsure) || is_deep {
            self.unsure |= is_deep;
            let place = if is_deep {
                Place::Unsure
            } else {
                Place::Closed
            };
            let marks = signs.iter().filter(|sign| **sign == MARKS[0]);
            self.places.extend(marks.map(|_| place));
            return;
        }
        let mut lines = Self {
            signs,
            inside: vec![Inside::Document],
            depth: self.depth + 1,
            unsure: self.unsure,
            ..Self::default()
        };
        lines.read();
        self.unsure = lines.unsure;
        self.places.extend(lines.places);
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
    fn here_documents_in_each_other_end() {
        let deep = (0..2000).fold("'@'".to_owned(), |inner, number| {
            format!("$(x <<E{number}\n{inner}\nE{number}\n)")
        });
        assert!(written(&deep).contains("'#{*myPw}'"));
    }

    #[test]
    fn a_secret_in_what_is_computed_is_not_written() {
        let marked = hcl::call("upper", vec![hcl::text(&mark(0))]);
        assert!(with_secrets(&marked, &[]).is_none());
    }
}
