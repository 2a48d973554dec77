//! The programs that a command of the shell calls, as far as that can be seen without running it.
//!
//! This is no shell: what it cannot be certain of it leaves out, so that what it does name is really called.

use std::collections::BTreeSet;

/// What the shell itself does, and words of its grammar.
const OWN: &[&str] = &[
    ".", ":", "[", "alias", "bg", "break", "cd", "continue", "echo", "eval", "exit", "export",
    "false", "fg", "getopts", "hash", "jobs", "kill", "local", "printf", "pwd", "read", "readonly",
    "return", "set", "shift", "test", "times", "trap", "true", "type", "ulimit", "umask",
    "unalias", "unset", "wait", "fi", "done", "esac", "}",
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
}

impl Reader<'_> {
    fn read(&mut self) {
        let mut begins = true;
        while let Some(&next) = self.rest.peek() {
            match next {
                ' ' | '\t' | '\r' => drop(self.rest.next()),
                '#' => while self.rest.next_if(|c| *c != '\n').is_some() {},
                '\n' | ';' | '&' | '|' | '(' | ')' => {
                    self.rest.next();
                    begins = next != ')';
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
        // Lists of words and patterns follow these.
        if matches!(&**name, "case" | "for") {
            return false;
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
            ("for f in a b; do gzip $f; done", ""),
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
