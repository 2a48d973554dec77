//! The programs that a command of the shell calls, as far as that can be seen without running it.
//!
//! This is no shell: what it cannot be certain of it leaves out, so that what it does name is really called.

use std::collections::BTreeSet;

/// What the shell itself does, and words of its grammar.
const OWN: &[&str] = &[
    ".", ":", "[", "alias", "bg", "break", "cd", "continue", "echo", "eval", "exit", "export",
    "false", "fg", "for", "getopts", "hash", "jobs", "kill", "local", "printf", "pwd", "read",
    "readonly", "return", "set", "shift", "test", "times", "trap", "true", "type", "ulimit",
    "umask", "unalias", "unset", "wait", "fi", "done", "esac", "}",
];

/// Words after which a command begins.
const BEFORE: &[&str] = &[
    "if", "then", "else", "elif", "while", "until", "do", "!", "{", "exec", "command",
];

/// The names of the programs that a command calls. Of a path only an absolute one is certain.
pub(in crate::exec) fn programs(command: &str) -> BTreeSet<String> {
    let mut reader = Reader {
        rest: command.chars().peekable(),
        found: BTreeSet::new(),
        functions: BTreeSet::new(),
        cases: 0,
    };
    reader.read();
    let functions = reader.functions;
    reader.found.retain(|name| !functions.contains(name));
    reader.found
}

/// A word of a command.
enum Word {
    /// Its text is known.
    Plain(String),
    /// It has quotes that are never closed, or something that only the shell works out.
    Unknown,
}

struct Reader<'c> {
    rest: std::iter::Peekable<std::str::Chars<'c>>,
    found: BTreeSet<String>,
    functions: BTreeSet<String>,
    /// How many `case`s have begun and not ended.
    cases: usize,
}

impl Reader<'_> {
    fn read(&mut self) {
        let mut begins = true;
        while let Some(&next) = self.rest.peek() {
            match next {
                ' ' | '\t' | '\r' => drop(self.rest.next()),
                '#' => self.comment(),
                '\n' | ';' | '&' | '|' | '(' | ')' => {
                    self.rest.next();
                    begins = next != ')';
                    let is_in_case = next == ';' && self.cases > 0;
                    if is_in_case && self.rest.next_if_eq(&';').is_some() && !self.pattern() {
                        return;
                    }
                }
                '<' | '>' => {
                    if self.redirection().is_none() {
                        return; // what follows is text, not commands
                    }
                }
                _ => {
                    let word = self.word();
                    if begins && !self.command(&word, &mut begins) {
                        return;
                    }
                }
            }
        }
    }

    /// Takes a word where a command begins. `false`: what follows is not understood.
    fn command(&mut self, word: &Word, begins: &mut bool) -> bool {
        let Word::Plain(name) = word else {
            *begins = false;
            return true;
        };
        if BEFORE.contains(&&**name) {
            return true;
        }
        match &**name {
            "case" => return self.case(),
            "esac" => self.cases = self.cases.saturating_sub(1),
            // Of its words none is a command, but what is in `((` is none either.
            "for" => {
                self.space();
                if self.rest.peek() == Some(&'(') {
                    return false;
                }
            }
            _ => {}
        }
        let assigned = name.split_once('=').is_some_and(|(variable, _)| {
            !variable.is_empty()
                && variable
                    .chars()
                    .all(|c| c == '_' || c.is_ascii_alphanumeric())
        });
        if assigned {
            return true;
        }
        if self.rest.next_if_eq(&'(').is_some() {
            self.functions.insert(name.clone());
            self.rest.next_if_eq(&')');
            return true;
        }
        *begins = false;
        let certain = !name.contains('/') || name.starts_with('/');
        let number = name.chars().all(|c| c.is_ascii_digit()); // of a redirection
        if certain && !number && !OWN.contains(&&**name) {
            self.found.insert(name.clone());
        }
        true
    }

    /// Skips what stands between `case` and the commands of its first branch. `false`: it is not understood.
    fn case(&mut self) -> bool {
        self.space();
        self.word();
        self.space();
        if !matches!(self.word(), Word::Plain(word) if word == "in") {
            return false;
        }
        self.cases += 1;
        self.pattern()
    }

    /// Skips the patterns of a branch of `case`, or the `esac` in their place. `false`: that is not understood.
    fn pattern(&mut self) -> bool {
        self.space();
        let opens = self.rest.next_if_eq(&'(').is_some();
        let first = self.word();
        if !opens && matches!(first, Word::Plain(word) if word == "esac") {
            self.cases = self.cases.saturating_sub(1);
            return true;
        }
        loop {
            self.space();
            match self.rest.next() {
                Some(')') => return true,
                Some('|') => {
                    self.space();
                    self.word();
                }
                _ => return false,
            }
        }
    }

    /// Skips what only parts words and lines.
    fn space(&mut self) {
        while let Some(&next) = self.rest.peek() {
            match next {
                ' ' | '\t' | '\r' | '\n' => drop(self.rest.next()),
                '#' => self.comment(),
                _ => return,
            }
        }
    }

    fn comment(&mut self) {
        while self.rest.next_if(|c| *c != '\n').is_some() {}
    }

    /// Skips a redirection. `None`: a document follows.
    fn redirection(&mut self) -> Option<()> {
        let first = self.rest.next()?;
        if first == '<' && self.rest.next_if_eq(&'<').is_some() {
            return None;
        }
        while self
            .rest
            .next_if(|c| matches!(c, '>' | '&' | '|'))
            .is_some()
        {}
        while self.rest.next_if(|c| matches!(c, ' ' | '\t')).is_some() {}
        self.word();
        Some(())
    }

    fn word(&mut self) -> Word {
        let (mut text, mut known) = (String::new(), true);
        while let Some(&next) = self.rest.peek() {
            match next {
                ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>' => break,
                '\'' | '"' => {
                    self.rest.next();
                    known &= self.quoted(next, &mut text);
                }
                '\\' => {
                    self.rest.next();
                    match self.rest.next() {
                        Some('\n') | None => {}
                        Some(other) => text.push(other),
                    }
                }
                '$' | '`' | '*' | '?' | '~' => {
                    known = false;
                    self.rest.next();
                    if next == '$' && self.rest.peek() == Some(&'(') {
                        break; // what is in there is a command of its own
                    }
                }
                _ => {
                    text.push(next);
                    self.rest.next();
                }
            }
        }
        if known && !text.is_empty() {
            Word::Plain(text)
        } else {
            Word::Unknown
        }
    }

    /// Takes what stands in quotes; whether its text is known.
    fn quoted(&mut self, quote: char, text: &mut String) -> bool {
        let mut known = true;
        while let Some(next) = self.rest.next() {
            match next {
                _ if next == quote => return known,
                '\\' if quote == '"' => text.extend(self.rest.next()),
                '$' | '`' if quote == '"' => known = false,
                _ => text.push(next),
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::programs;

    #[test]
    fn what_a_command_calls() {
        for (command, expected) in [
            ("gzip -c \"$1\" > out.gz", "gzip"),
            (
                "A=1 B='x y' curl -f https://x | jq . && rm -f y",
                "curl jq rm",
            ),
            (
                "if [ -e x ]; then spark-submit x.py; else exit 1; fi",
                "spark-submit",
            ),
            ("# comment: nothing\necho done", ""),
            ("x=$(date +%F)\necho $x; sed s/a/b/", "date sed"),
            ("exec python3 -c 'import sys; sys.exit(1)'", "python3"),
            ("cat <<END\nthis is text\nEND", "cat"),
            ("sort 2>&1 >/tmp/x <in | uniq", "sort uniq"),
            ("\"$PROGRAM\" x; ./local; /opt/tool y", "/opt/tool"),
            ("work() { wget x; }\nwork now", "wget"),
            ("for f in a b; do gzip $f; done", "gzip"),
            (
                "for f in $(find . -name x)\ndo xz \"$f\"; done | sort",
                "find sort xz",
            ),
            ("tac x; for ((i = 0; i < 3; i++)); do gzip $i; done", "tac"),
            (
                "case $1 in a | b) gzip x ;; (\"c d\") xz y; sort z;; *) ;; esac; tac z",
                "gzip sort tac xz",
            ),
            (
                "case \"$1\" in # which\n  -*) case $2 in x) gzip x;; esac;;\n  *.x) exit 2\nesac\ntac x",
                "gzip tac",
            ),
            ("tac x; case $(uname) in Linux) gzip x;; esac", "tac"),
            ("echo \"a; b\" 'c | d'; awk '{print $1}' f", "awk"),
            ("(cd x && tar c .) | ssh host", "ssh tar"),
            ("a\\\nb; \\c", "ab c"),
            ("echo \"open", ""),
        ] {
            let found = programs(command).into_iter().collect::<Vec<_>>().join(" ");
            assert_eq!(found, expected, "{command}");
        }
    }
}
