//! From text to template.

use std::collections::BTreeMap;
use std::ops::Range;

use super::Error;
use super::Expr;
use super::ExprKind;
use super::Operator;
use super::Part;
use super::Template;
use super::functions;

/// How deep an expression may be nested.
const MAX_DEPTH: usize = 64;

/// How many signs and dots may connect what an expression is made of. Each makes the tree deeper, and what walks it does so by
/// recursion.
const MAX_CONNECTED: usize = 1000;

/// Reads the text of a field. A `#` without `{` is text.
///
/// # Errors
///
/// An expression that does not end, or is none.
pub fn parse(text: &str) -> Result<Template, Error> {
    let (template, errors) = parse_all(text);
    match errors.into_iter().next() {
        None => Ok(template),
        Some(error) => Err(error),
    }
}

/// Reads the text of a field as far as it can be read. An expression that does not end, or is none, is text up to the next one; the
/// errors say why.
pub fn parse_all(text: &str) -> (Template, Vec<Error>) {
    let (mut parts, mut errors) = (Vec::new(), Vec::new());
    let mut rest = 0;
    let ends = ends(text);
    while let Some(offset) = text.get(rest..).and_then(|rest| rest.find("#{")) {
        let open = rest + offset;
        push_text(&mut parts, text.get(rest..open).unwrap_or(""));
        let mut reader = Reader {
            text,
            at: open + 2,
            depth: 0,
            connected: 0,
        };
        let end = reader.end(open, &ends);
        rest = end.as_ref().map_or(open + 2, |end| end + 1);
        match end.and_then(|end| reader.whole(end)) {
            Ok(expr) => parts.push(Part::Expression(expr)),
            Err(error) => {
                errors.push(error);
                // What stands in it may be one: a quote that is none reaches far.
                let inner = text.get(open + 2..rest).and_then(|inner| inner.find("#{"));
                rest = inner.map_or(rest, |offset| open + 2 + offset);
                push_text(&mut parts, text.get(open..rest).unwrap_or(""));
            }
        }
    }
    push_text(&mut parts, text.get(rest..).unwrap_or(""));
    (Template { parts }, errors)
}

/// For each `#{` the `}` that ends it: the first outside of quotes, as they are read from there on. Read from the end, so that a text of
/// nothing but beginnings takes no longer than others.
fn ends(text: &str) -> BTreeMap<usize, Option<usize>> {
    let mut ends = BTreeMap::new();
    // Where the next end is, from here on: outside of quotes, in `'…'`, and in `"…"`.
    let [mut outside, mut in_single, mut in_double] = [None; 3];
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate().rev() {
        match byte {
            b'}' => outside = Some(at),
            b'\'' => (outside, in_single) = (in_single, outside),
            b'"' => (outside, in_double) = (in_double, outside),
            b'{' if at > 0 && bytes.get(at - 1) == Some(&b'#') => {
                ends.insert(at - 1, outside);
            }
            _ => {}
        }
    }
    ends
}

fn push_text(parts: &mut Vec<Part>, text: &str) {
    match parts.last_mut() {
        _ if text.is_empty() => {}
        Some(Part::Text(last)) => last.push_str(text),
        _ => parts.push(Part::Text(text.to_owned())),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    connected: usize,
}

impl<'a> Reader<'a> {
    /// The expression that ends at `end`.
    fn whole(mut self, end: usize) -> Result<Expr, Error> {
        let expr = self.expression()?;
        self.blanks();
        if self.at < end {
            return Err(Error::new(
                self.at..self.at + self.peek().map_or(0, char::len_utf8),
                "Only an operator or the closing `}` may stand here.",
            ));
        }
        Ok(expr)
    }

    /// The `}` that ends the expression that begins at `open`. What follows it is not read.
    fn end(&mut self, open: usize, ends: &BTreeMap<usize, Option<usize>>) -> Result<usize, Error> {
        if let Some(end) = ends.get(&open).copied().flatten() {
            self.text = self.text.get(..end).unwrap_or("");
            return Ok(end);
        }
        Err(Error::new(
            open..open + 2,
            "This expression has no end. Close it with `}`; text in it stands in quotes, and they are closed, too.",
        ))
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn blanks(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    /// Takes a sign if it comes next.
    fn take(&mut self, sign: char) -> bool {
        self.blanks();
        let found = self.peek() == Some(sign);
        if found {
            self.at += sign.len_utf8();
        }
        found
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|sign| !wanted(sign)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or("")
    }

    fn expression(&mut self) -> Result<Expr, Error> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Error::new(
                self.at..self.at + 1,
                format!("An expression may be nested {MAX_DEPTH} deep."),
            ));
        }
        let mut left = self.product()?;
        loop {
            let operator = if self.take('+') {
                Operator::Add
            } else if self.take('-') {
                Operator::Subtract
            } else {
                self.depth -= 1;
                return Ok(left);
            };
            self.connect()?;
            left = binary(operator, left, self.product()?);
        }
    }

    /// Counts a sign or a dot that has just been taken.
    fn connect(&mut self) -> Result<(), Error> {
        self.connected += 1;
        if self.connected > MAX_CONNECTED {
            return Err(Error::new(
                self.at.saturating_sub(1)..self.at,
                format!("An expression may connect {MAX_CONNECTED} parts."),
            ));
        }
        Ok(())
    }

    fn product(&mut self) -> Result<Expr, Error> {
        let mut left = self.power()?;
        loop {
            let operator = if self.take('*') {
                Operator::Multiply
            } else if self.take('/') {
                Operator::Divide
            } else {
                return Ok(left);
            };
            self.connect()?;
            left = binary(operator, left, self.power()?);
        }
    }

    /// `2^3^2` is `2^(3^2)`, and `-2^2` is `-(2^2)`, as in mathematics.
    fn power(&mut self) -> Result<Expr, Error> {
        self.blanks();
        let start = self.at;
        let mut signs = 0;
        while self.take('-') {
            signs += 1;
        }
        let mut operand = self.postfix()?;
        if self.take('^') {
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return Err(Error::new(start..self.at, "This is nested too deep."));
            }
            operand = binary(Operator::Power, operand, self.power()?);
            self.depth -= 1;
        }
        if signs % 2 == 1 {
            let at = start..operand.at.end;
            let kind = ExprKind::Negated(Box::new(operand));
            return Ok(Expr { kind, at });
        }
        Ok(operand)
    }

    fn postfix(&mut self) -> Result<Expr, Error> {
        let mut expr = self.primary()?;
        while self.take('.') {
            self.connect()?;
            self.blanks();
            let at = self.at;
            let name = self.take_while(is_name);
            if name.is_empty() {
                return Err(Error::new(at..at, "A name must follow the dot."));
            }
            let start = expr.at.start;
            expr = if self.take('(') {
                self.call(at..at + name.len(), name, Some(expr))?
            } else {
                let kind = ExprKind::Field(Box::new(expr), name.to_owned());
                Expr {
                    kind,
                    at: start..at + name.len(),
                }
            };
        }
        Ok(expr)
    }

    fn primary(&mut self) -> Result<Expr, Error> {
        self.blanks();
        let start = self.at;
        let kind = match self.peek() {
            Some('(') => {
                self.take('(');
                let mut inner = self.expression()?;
                self.close(start)?;
                inner.at = start..self.at;
                return Ok(inner);
            }
            Some(quote @ ('\'' | '"')) => {
                self.take(quote);
                let text = self.take_while(|sign| sign != quote);
                self.take(quote);
                ExprKind::Text(text.to_owned())
            }
            Some(sign) if sign.is_ascii_digit() || sign == '.' => self.number(start)?,
            Some(sign) if is_name(sign) || sign == '*' => {
                if sign == '*' {
                    self.at += 1;
                }
                self.take_while(is_name);
                let name = self.text.get(start..self.at).unwrap_or("");
                if name != "*" && self.take('(') {
                    return self.call(start..start + name.len(), name, None);
                }
                ExprKind::Name(name.to_owned())
            }
            other => {
                let found =
                    other.map_or("ends".to_owned(), |sign| format!("goes on with `{sign}`"));
                return Err(Error::new(
                    start..start + other.map_or(0, char::len_utf8),
                    format!(
                        "A name, a number, a text in quotes or a call must stand here, and the expression {found}."
                    ),
                ));
            }
        };
        let at = start..self.at;
        Ok(Expr { kind, at })
    }

    fn number(&mut self, start: usize) -> Result<ExprKind, Error> {
        let digits = self.take_while(|sign| sign.is_ascii_digit() || sign == '.');
        let at = start..self.at;
        let number = if digits.contains('.') {
            digits.parse().ok().map(ExprKind::Double)
        } else {
            digits.parse().ok().map(ExprKind::Integer)
        };
        number.ok_or_else(|| {
            let message = format!("`{digits}` is no number that fits in 64 bits.");
            Error::new(at, message)
        })
    }

    /// Reads the arguments, behind the bracket, of a function whose name stands at a place.
    fn call(&mut self, at: Range<usize>, name: &str, first: Option<Expr>) -> Result<Expr, Error> {
        let start = first.as_ref().map_or(at.start, |first| first.at.start);
        let mut arguments: Vec<Expr> = first.into_iter().collect();
        let open = self.at - 1;
        if !self.take(')') {
            loop {
                arguments.push(self.expression()?);
                if !self.take(',') {
                    break;
                }
            }
            self.close(open)?;
        }
        let function = functions::find(name).ok_or_else(|| {
            let message = format!("There is no function `{name}`.{}", functions::meant(name));
            Error::new(at.clone(), message)
        })?;
        if arguments.len() != function.parameters.len() {
            let message = format!(
                "`{name}` takes {} and got {}: `{name}({})`.",
                count(function.parameters.len()),
                arguments.len(),
                function.parameters.join(", ")
            );
            return Err(Error::new(at, message));
        }
        let kind = ExprKind::Call(function, arguments);
        let at = start..self.at;
        Ok(Expr { kind, at })
    }

    fn close(&mut self, open: usize) -> Result<(), Error> {
        if self.take(')') {
            return Ok(());
        }
        Err(Error::new(
            open..open + 1,
            "This bracket is not closed before the expression ends.",
        ))
    }
}

fn count(arguments: usize) -> String {
    match arguments {
        1 => "one argument".to_owned(),
        more => format!("{more} arguments"),
    }
}

fn is_name(sign: char) -> bool {
    sign.is_alphanumeric() || matches!(sign, '_' | '@')
}

fn binary(operator: Operator, left: Expr, right: Expr) -> Expr {
    let at = left.at.start..right.at.end;
    let kind = ExprKind::Binary(operator, Box::new([left, right]));
    Expr { kind, at }
}
