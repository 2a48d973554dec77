//! Values, and differences of values, in Terraform's notation.
//!
//! Text is written to one growing string. A value starts where the string ends; what it continues on further lines is
//! placed relative to the column of its line's marker. Sensitive values are never written.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use similar::Algorithm;
use similar::DiffOp;
use similar::capture_diff_slices;

use super::paint::Look;
use super::paint::Marker;
use super::paint::counted;
use crate::lang::Reference;
use crate::lang::Value;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;
use crate::lang::ast::Part;
use crate::lang::print;
use crate::objects::Address;
use crate::objects::Object;
use crate::plan::same_value;

/// What a residual of an object will be in its next run, if that is known.
pub(crate) type Example<'a> = &'a dyn Fn(&Object, &Expr) -> Option<Value>;

const SENSITIVE: &str = "(sensitive value)";

/// How many unchanged lines stand around a changed one.
const CONTEXT: usize = 3;

/// Writes values of one object.
pub(crate) struct Writer<'a> {
    pub(crate) look: Look,
    /// Whose values they are: references are written relative to its pipeline.
    pub(crate) object: Option<&'a Object>,
    pub(crate) example: Example<'a>,
    pub(crate) text: String,
}

impl Writer<'_> {
    /// Starts a line with a marker at a column; what follows stands two columns on.
    pub(crate) fn line(&mut self, column: usize, marker: Marker) {
        self.text.push('\n');
        self.text.push_str(&" ".repeat(column));
        if marker == Marker::None {
            self.text.push_str("  ");
        } else {
            self.text.push_str(&self.look.symbol(marker));
            self.text.push(' ');
        }
    }

    /// A line that says how much is hidden.
    pub(crate) fn hidden(&mut self, column: usize, number: usize, what: &str) {
        if number == 0 {
            return;
        }
        self.line(column, Marker::None);
        let what = counted(
            number as u64,
            &format!("unchanged {what}"),
            &format!("unchanged {what}s"),
        );
        let note = format!("# ({what} hidden)");
        self.text.push_str(&self.look.dim(&note));
    }

    /// A whole value; its nested lines carry `marker`.
    pub(crate) fn value(&mut self, value: &Value, column: usize, marker: Marker) {
        if let Some(lines) = multi_line(value) {
            return self.heredoc(&lines, column);
        }
        match value {
            Value::List(list) | Value::Set(list) | Value::Tuple(list) if !list.is_empty() => {
                self.text.push('[');
                for element in list.iter() {
                    self.line(column + 4, marker);
                    self.value(element, column + 4, marker);
                    self.text.push(',');
                    self.example(element, column + 4, 0);
                }
                self.line(column, Marker::None);
                self.text.push(']');
            }
            Value::Map(map) | Value::Object(map) if !map.is_empty() => {
                self.text.push('{');
                let width = key_width(map.keys());
                for (name, entry) in map.iter() {
                    self.key(name, width, column + 4, marker);
                    self.value(entry, column + 4, marker);
                    self.example(entry, column + 4, width);
                }
                self.line(column, Marker::None);
                self.text.push('}');
            }
            other => {
                let inline = self.inline(other);
                self.text.push_str(&inline);
            }
        }
    }

    /// The difference of two values, both set.
    pub(crate) fn difference(&mut self, old: &Value, new: &Value, column: usize) {
        match (old, new) {
            (Value::Map(old) | Value::Object(old), Value::Map(new) | Value::Object(new)) => {
                self.map_difference(old, new, column);
            }
            (Value::Set(old), Value::Set(new)) => self.set_difference(old, new, column),
            (
                Value::List(old) | Value::Tuple(old) | Value::Set(old),
                Value::List(new) | Value::Tuple(new) | Value::Set(new),
            ) => self.list_difference(old, new, column),
            // What changes is what the names in it stand for.
            (Value::Deferred(before), Value::Deferred(after))
                if print::expression(before) == print::expression(after) =>
            {
                self.value(new, column, Marker::None);
            }
            _ => match (any_lines(old), any_lines(new)) {
                (Some(before), Some(after)) if before.contains('\n') || after.contains('\n') => {
                    self.line_difference(&before, &after, column);
                }
                _ => {
                    self.value(old, column, Marker::Remove);
                    self.arrow();
                    self.value(new, column, Marker::Add);
                }
            },
        }
    }

    /// ` -> `
    pub(crate) fn arrow(&mut self) {
        let arrow = self.look.marked(Marker::Change, "->");
        self.text.push(' ');
        self.text.push_str(&arrow);
        self.text.push(' ');
    }

    /// ` -> null`
    pub(crate) fn gone(&mut self) {
        let gone = self.look.dim("-> null");
        self.text.push(' ');
        self.text.push_str(&gone);
    }

    /// `name = `, on a line of its own.
    pub(crate) fn key(&mut self, name: &str, width: usize, column: usize, marker: Marker) {
        self.name(&key(name), width, column, marker);
    }

    /// The same, with the name as it is.
    pub(crate) fn name(&mut self, name: &str, width: usize, column: usize, marker: Marker) {
        self.line(column, marker);
        self.text.push_str(name);
        self.text
            .push_str(&" ".repeat(width.saturating_sub(name.chars().count())));
        self.text.push_str(" = ");
    }

    /// Below a residual: what it will be in the next run. `width` is that of the keys it stands among, or 0.
    pub(crate) fn example(&mut self, value: &Value, column: usize, width: usize) {
        let (Some(object), Value::Deferred(residual)) = (self.object, value) else {
            return;
        };
        let shown = match (self.example)(object, residual) {
            Some(Value::String(text)) if !text.contains('\n') => text.to_string(),
            Some(known @ (Value::Bool(_) | Value::Number(_))) => print::value(&known),
            _ => return,
        };
        let column = column + 2 + if width > 0 { width + 1 } else { 0 };
        self.text.push('\n');
        self.text.push_str(&" ".repeat(column));
        let note = self.look.dim(&format!("→ {}", visible(&shown)));
        self.text.push_str(&note);
    }

    fn inline(&self, value: &Value) -> String {
        match value {
            Value::Sensitive(_) => SENSITIVE.to_owned(),
            Value::Ref(reference) => {
                let pipeline = self.object.and_then(|object| object.pipeline.as_ref());
                reference_text(reference, pipeline)
            }
            other => print::value_lines(other),
        }
    }

    fn heredoc(&mut self, lines: &str, column: usize) {
        self.text.push_str("<<-EOT");
        for line in lines_of(lines) {
            self.heredoc_line(line, column + 4, Marker::None);
        }
        self.line(column, Marker::None);
        self.text.push_str("EOT");
    }

    fn heredoc_line(&mut self, line: &str, column: usize, marker: Marker) {
        if line.is_empty() && marker == Marker::None {
            self.text.push('\n');
        } else {
            self.line(column, marker);
            let line = visible(line);
            self.text.push_str(&line);
        }
    }

    fn line_difference(&mut self, old: &str, new: &str, column: usize) {
        let line_end = match (old.ends_with('\n'), new.ends_with('\n')) {
            (false, true) => Some("added"),
            (true, false) => Some("removed"),
            _ => None,
        };
        let (old, new) = (lines_of(old), lines_of(new));
        self.text.push_str("<<-EOT");
        let ops = capture_diff_slices(Algorithm::Myers, &old, &new);
        for op in &ops {
            match *op {
                DiffOp::Equal { old_index, len, .. } => {
                    let first = old_index == 0;
                    let last = old_index + len == old.len() && Some(op) == ops.last();
                    let lines: Vec<&str> = old.iter().skip(old_index).take(len).copied().collect();
                    self.context_lines(&lines, column, (first, last));
                }
                DiffOp::Delete { .. } | DiffOp::Insert { .. } | DiffOp::Replace { .. } => {
                    let (before, after) = (op.old_range(), op.new_range());
                    for line in old.iter().skip(before.start).take(before.len()) {
                        self.heredoc_line(line, column + 4, Marker::Remove);
                    }
                    for line in new.iter().skip(after.start).take(after.len()) {
                        self.heredoc_line(line, column + 4, Marker::Add);
                    }
                }
            }
        }
        if let Some(done) = line_end {
            self.line(column + 2, Marker::None);
            let note = format!("# (line end after the last line {done})");
            self.text.push_str(&self.look.dim(&note));
        }
        self.line(column, Marker::None);
        self.text.push_str("EOT");
    }

    /// Lines that stay: those near a change, and how many are left out. `edges`: no change before, none after.
    fn context_lines(&mut self, lines: &[&str], column: usize, edges: (bool, bool)) {
        let head = if edges.0 { 0 } else { CONTEXT };
        let tail = if edges.1 { 0 } else { CONTEXT };
        let hide = lines.len().saturating_sub(head + tail);
        // A note is no shorter than one line.
        let hide = if hide == 1 { 0 } else { hide };
        for (at, line) in lines.iter().enumerate() {
            if hide > 0 && at == head {
                self.hidden(column + 2, hide, "line");
            }
            if hide == 0 || at < head || at >= head + hide {
                self.heredoc_line(line, column + 4, Marker::None);
            }
        }
    }

    fn map_difference(
        &mut self,
        old: &BTreeMap<Arc<str>, Value>,
        new: &BTreeMap<Arc<str>, Value>,
        column: usize,
    ) {
        let names: BTreeSet<&Arc<str>> = old.keys().chain(new.keys()).collect();
        let changed: Vec<&Arc<str>> = names
            .iter()
            .copied()
            .filter(|name| match (old.get(*name), new.get(*name)) {
                (Some(old), Some(new)) => !same_value(old, new),
                _ => true,
            })
            .collect();
        let width = key_width(changed.iter().copied());
        self.text.push('{');
        for name in &changed {
            self.entry(name, (old.get(*name), new.get(*name)), width, column + 4);
        }
        self.hidden(column + 4, names.len() - changed.len(), "element");
        self.line(column, Marker::None);
        self.text.push('}');
    }

    /// A named value that is added, changed or removed, on lines of its own.
    pub(crate) fn entry(
        &mut self,
        name: &str,
        sides: (Option<&Value>, Option<&Value>),
        width: usize,
        column: usize,
    ) {
        self.entry_as(&key(name), sides, width, column);
    }

    /// The same, with the name as it is.
    pub(crate) fn entry_as(
        &mut self,
        name: &str,
        sides: (Option<&Value>, Option<&Value>),
        width: usize,
        column: usize,
    ) {
        match sides {
            (None, Some(new)) => {
                self.name(name, width, column, Marker::Add);
                self.value(new, column, Marker::Add);
                self.example(new, column, width);
            }
            (Some(old), None) => {
                self.name(name, width, column, Marker::Remove);
                self.value(old, column, Marker::Remove);
                self.gone();
            }
            (Some(old), Some(new)) => {
                self.name(name, width, column, Marker::Change);
                self.difference(old, new, column);
                self.example(new, column, width);
            }
            (None, None) => {}
        }
    }

    fn element(&mut self, element: &Value, column: usize, marker: Marker) {
        self.line(column, marker);
        self.value(element, column, marker);
        self.text.push(',');
    }

    fn set_difference(&mut self, old: &[Value], new: &[Value], column: usize) {
        let has = |set: &[Value], value: &Value| set.iter().any(|other| same_value(other, value));
        self.text.push('[');
        let mut same = 0;
        for element in old {
            if has(new, element) {
                same += 1;
            } else {
                self.element(element, column + 4, Marker::Remove);
            }
        }
        for element in new.iter().filter(|element| !has(old, element)) {
            self.element(element, column + 4, Marker::Add);
        }
        self.hidden(column + 4, same, "element");
        self.line(column, Marker::None);
        self.text.push(']');
    }

    fn list_difference(&mut self, old: &[Value], new: &[Value], column: usize) {
        let (before, after) = classes(old, new);
        let ops = capture_diff_slices(Algorithm::Myers, &before, &after);
        self.text.push('[');
        for (at, op) in ops.iter().enumerate() {
            let (before, after) = (op.old_range(), op.new_range());
            if let DiffOp::Equal { .. } = op {
                let edges = (at == 0, at + 1 == ops.len());
                let same = old.get(before).unwrap_or_default();
                self.neighbours(same, column + 4, edges);
                continue;
            }
            let before = old.get(before).unwrap_or_default();
            let after = new.get(after).unwrap_or_default();
            let paired = before.len().min(after.len());
            for (old, new) in before.iter().zip(after) {
                self.line(column + 4, Marker::Change);
                self.difference(old, new, column + 4);
                self.text.push(',');
            }
            for element in before.iter().skip(paired) {
                self.element(element, column + 4, Marker::Remove);
            }
            for element in after.iter().skip(paired) {
                self.element(element, column + 4, Marker::Add);
            }
        }
        self.line(column, Marker::None);
        self.text.push(']');
    }

    /// Elements that stay: the one before and the one after a change, and how many are left out.
    fn neighbours(&mut self, same: &[Value], column: usize, edges: (bool, bool)) {
        let head = usize::from(!edges.0);
        let tail = usize::from(!edges.1);
        let hide = same.len().saturating_sub(head + tail);
        for (at, element) in same.iter().enumerate() {
            if hide > 0 && at == head {
                self.hidden(column, hide, "element");
            }
            if at < head || at >= head + hide {
                self.element(element, column, Marker::None);
            }
        }
    }
}

/// How wide the longest key is.
pub(crate) fn key_width<'k>(names: impl Iterator<Item = &'k Arc<str>>) -> usize {
    names
        .map(|name| key(name).chars().count())
        .max()
        .unwrap_or(0)
}

/// The text of a string or a template, of one line or several.
fn any_lines(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(without_markers(text)),
        other => multi_line(other),
    }
}

/// The lines of a text; a last line end makes no empty line.
fn lines_of(text: &str) -> Vec<&str> {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.split('\n').collect()
}

/// The text with control characters spelled out: those of a file must not reach a terminal.
pub(super) fn visible(text: &str) -> String {
    text.chars()
        .map(|character| {
            let reorders = matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            if reorders || (character.is_control() && character != '\t') {
                character.escape_unicode().to_string()
            } else {
                character.to_string()
            }
        })
        .collect()
}

/// A key of an object: bare if it is an identifier.
pub(crate) fn key(name: &str) -> String {
    let mut characters = name.chars();
    let identifier = characters
        .next()
        .is_some_and(|first| first.is_alphabetic() || first == '_')
        && characters.all(|other| other.is_alphanumeric() || other == '_' || other == '-');
    if identifier {
        name.to_owned()
    } else {
        print::value(&Value::string(name))
    }
}

/// A reference as it would be written in an object of `pipeline`.
pub(crate) fn reference_text(reference: &Reference, pipeline: Option<&Address>) -> String {
    let address = &*reference.address;
    let name = pipeline
        .and_then(|pipeline| address.strip_prefix(pipeline.as_str()))
        .and_then(|rest| rest.strip_prefix('.'))
        .unwrap_or(address);
    reference.as_hcl(name)
}

/// The text with `${` and `%{` escaped, as in the inside of a heredoc.
pub(crate) fn without_markers(text: &str) -> String {
    text.replace("${", "$${").replace("%{", "%%{")
}

/// The lines of a text of several lines: a string, or a residual that is a template of text and interpolations.
/// The last line is empty when the text ends with a line end.
pub(crate) fn multi_line(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if text.contains('\n') => Some(without_markers(text)),
        Value::Deferred(residual) => {
            let ExprKind::Template(parts) = &residual.kind else {
                return None;
            };
            let mut text = String::new();
            let mut several = false;
            for part in parts.iter() {
                match part {
                    Part::Literal(literal) => {
                        several |= literal.contains('\n');
                        text.push_str(&without_markers(literal));
                    }
                    Part::Interpolation(inner) => {
                        text.push_str("${");
                        text.push_str(&print::expression(inner));
                        text.push('}');
                    }
                    Part::If { .. } | Part::For { .. } => return None,
                }
            }
            several.then_some(text)
        }
        _ => None,
    }
}

/// Numbers for the elements of two lists: elements that mean the same have the same number.
fn classes(old: &[Value], new: &[Value]) -> (Vec<usize>, Vec<usize>) {
    let mut known: Vec<&Value> = Vec::new();
    let mut numbers = old.iter().chain(new).map(|value| {
        let same = known.iter().position(|other| same_value(other, value));
        same.unwrap_or_else(|| {
            known.push(value);
            known.len() - 1
        })
    });
    let before = numbers.by_ref().take(old.len()).collect();
    (before, numbers.collect())
}
