//! `yamlencode`: block style, strings in double quotes, or as literal blocks where they have several lines.

use crate::lang::functions::Call;
use crate::lang::functions::CallError;
use crate::lang::functions::collections::take;
use crate::lang::value::Value;

/// A text in quotes is broken at the first blank after this column.
const WIDTH: usize = 80;
/// A longer key, or one of several lines, is written with `?`.
const LONGEST_KEY: usize = 128;
const STEP: usize = 2;

pub(super) fn yamlencode(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let [value] = take(arguments)?;
    let mut writer = Writer::default();
    writer.value(value, None, Place::Line)?;
    // Nothing else would say where a plain scalar alone ends.
    if matches!(value, Value::Null(_) | Value::Bool(_) | Value::Number(_)) {
        writer.put("\n...");
    }
    if !writer.text.ends_with('\n') {
        writer.text.push('\n');
    }
    Ok(Value::string(writer.text))
}

/// Where a value starts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// At the start of a line, whose indentation is written, or after `- ` or `? `.
    Line,
    /// After the `:` of its key.
    Key,
}

#[derive(Default)]
struct Writer {
    text: String,
    column: usize,
}

impl Writer {
    fn put(&mut self, text: &str) {
        self.text.push_str(text);
        self.column += text.chars().count();
    }

    /// A new line with its indentation; none if the line is empty.
    fn line(&mut self, indent: usize) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
        self.text.extend(std::iter::repeat_n(' ', indent));
        self.column = indent;
    }

    /// A value. `indent` is that of the collection around it.
    fn value(
        &mut self,
        value: &Value,
        indent: Option<usize>,
        place: Place,
    ) -> Result<(), CallError> {
        let inner = indent.map_or(0, |indent| indent + STEP);
        match value {
            Value::List(items) | Value::Set(items) | Value::Tuple(items) if !items.is_empty() => {
                // After a key, items stand as far left as the key.
                let at = if place == Place::Key {
                    indent.unwrap_or(0)
                } else {
                    inner
                };
                for (index, item) in items.iter().enumerate() {
                    if index > 0 || place == Place::Key {
                        self.line(at);
                    }
                    self.put("- ");
                    self.value(item, Some(at), Place::Line)?;
                }
                Ok(())
            }
            Value::Map(entries) | Value::Object(entries) if !entries.is_empty() => {
                for (index, (key, item)) in entries.iter().enumerate() {
                    if index > 0 || place == Place::Key {
                        self.line(inner);
                    }
                    self.entry(key, item, inner)?;
                }
                Ok(())
            }
            _ => {
                if place == Place::Key {
                    self.put(" ");
                }
                self.scalar(value, indent)
            }
        }
    }

    fn entry(&mut self, key: &str, item: &Value, indent: usize) -> Result<(), CallError> {
        if key.len() > LONGEST_KEY || key.contains('\n') {
            self.put("? ");
            self.string(key, Some(indent), true);
            self.line(indent);
            self.put(":");
            if is_block(item) {
                self.put(" ");
                return self.value(item, Some(indent), Place::Line);
            }
        } else {
            self.string(key, Some(indent), false);
            self.put(":");
        }
        self.value(item, Some(indent), Place::Key)
    }

    fn scalar(&mut self, value: &Value, indent: Option<usize>) -> Result<(), CallError> {
        match value {
            Value::Null(_) => self.put("null"),
            Value::Bool(truth) => self.put(if *truth { "true" } else { "false" }),
            Value::Number(number) => self.put(&number.to_string()),
            Value::String(text) => self.string(text, indent, true),
            Value::List(_) | Value::Set(_) | Value::Tuple(_) => self.put("[]"),
            Value::Map(_) | Value::Object(_) => self.put("{}"),
            Value::Sensitive(inner) => return self.scalar(inner, indent),
            Value::Ref(_) | Value::Deferred(_) => {
                let message = format!("{} has no form in YAML", value.describe());
                return Err(CallError::at(0, message));
            }
        }
        Ok(())
    }

    /// A string. A key stays on its line, where it is not `breakable`.
    fn string(&mut self, text: &str, indent: Option<usize>, breakable: bool) {
        let indent = indent.map_or(STEP, |indent| indent + STEP);
        if breakable && text.contains('\n') && may_be_literal(text) {
            self.literal(text, indent);
        } else {
            self.quoted(text, indent, breakable);
        }
    }

    fn literal(&mut self, text: &str, indent: usize) {
        self.put("|");
        if text.starts_with([' ', '\n']) {
            self.put(&STEP.to_string());
        }
        if !text.ends_with('\n') {
            self.put("-");
        } else if text == "\n" || text.ends_with("\n\n") {
            self.put("+");
        }
        self.text.push('\n');
        for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
            if !line.is_empty() {
                self.text.extend(std::iter::repeat_n(' ', indent));
                self.text.push_str(line);
            }
            self.text.push('\n');
        }
    }

    fn quoted(&mut self, text: &str, indent: usize, breakable: bool) {
        self.put("\"");
        let mut after_blank = false;
        let mut letters = text.char_indices().peekable();
        while let Some((at, letter)) = letters.next() {
            let next = letters.peek().map(|(_, next)| *next);
            if letter == ' ' {
                if breakable && !after_blank && self.column > WIDTH && at > 0 && next.is_some() {
                    self.line(indent);
                    if next == Some(' ') {
                        self.put("\\");
                    }
                } else {
                    self.put(" ");
                }
                after_blank = true;
                continue;
            }
            after_blank = false;
            match escaped(letter) {
                Some(escaped) => self.put(&escaped),
                None => self.put(letter.encode_utf8(&mut [0; 4])),
            }
        }
        self.put("\"");
    }
}

/// Whether a value stands on lines of its own.
fn is_block(value: &Value) -> bool {
    match value {
        Value::List(items) | Value::Set(items) | Value::Tuple(items) => !items.is_empty(),
        Value::Map(entries) | Value::Object(entries) => !entries.is_empty(),
        Value::Sensitive(inner) => is_block(inner),
        _ => false,
    }
}

/// Whether all of it may stand as it is: nothing to escape, and no blank before the end of a line or of the text.
fn may_be_literal(text: &str) -> bool {
    !text.ends_with(' ')
        && !text.contains(" \n")
        && text
            .chars()
            .all(|letter| matches!(letter, '\n' | '"' | '\\') || escaped(letter).is_none())
}

/// The letter as it stands inside quotes, if it may not stand as it is.
fn escaped(letter: char) -> Option<String> {
    let short = match letter {
        '\0' => "\\0",
        '\u{7}' => "\\a",
        '\u{8}' => "\\b",
        '\t' => "\\t",
        '\n' => "\\n",
        '\u{b}' => "\\v",
        '\u{c}' => "\\f",
        '\r' => "\\r",
        '\u{1b}' => "\\e",
        '"' => "\\\"",
        '\\' => "\\\\",
        '\u{85}' => "\\N",
        '\u{a0}' => return None,
        '\u{2028}' => "\\L",
        '\u{2029}' => "\\P",
        ' '..='~' | '\u{a1}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' => {
            return None;
        }
        other => {
            let code = u32::from(other);
            return Some(match code {
                0..=0xff => format!("\\x{code:02X}"),
                0x100..=0xffff => format!("\\u{code:04X}"),
                _ => format!("\\U{code:08X}"),
            });
        }
    };
    Some(short.to_owned())
}
