//! Reads a command as a shell does, as far as it matters what is quoted.
//!
//! It is apart from what is done with secrets because it is only about shells, and no whole one: where it loses its way it says so.

use super::pieces;

/// What stands for a variable in what is read.
const MARK: char = super::MARKS[0];

/// What a shell does with a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
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

/// What a shell would do with a variable at each mark of a command.
pub(super) fn places(command: &str) -> Vec<Place> {
    let mut signs = Vec::new();
    for piece in pieces(command) {
        match piece {
            Ok(text) => signs.extend(text.chars()),
            Err(_) => signs.push(MARK),
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
            (_, Some(sign)) if sign == MARK => {
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
        if sign == MARK {
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
                    if self.next() == Some(MARK) {
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
            if sign.is_whitespace() || ";|&<>()".contains(sign) || sign == MARK {
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
            let marks = signs.iter().filter(|sign| **sign == MARK);
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
