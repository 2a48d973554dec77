//! Writes blocks as HCL text, as people lay it out.

use std::fmt::Write as _;
use std::sync::Arc;

use super::hcl;
use crate::lang::Value;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;
use crate::lang::ast::Part;
use crate::lang::fmt;
use crate::lang::print;

/// A list that is longer than this is written over several lines.
const WIDTH: usize = 100;

/// A block.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// `activity "copy" "archive"`.
    pub(super) header: String,
    /// The name of the object that it is; empty if it has none.
    pub(super) name: String,
    /// Comments above it, a line each.
    pub(super) comments: Vec<String>,
    /// What is set in it.
    pub(super) attributes: Vec<Attribute>,
    /// The blocks in it.
    pub(super) blocks: Vec<Self>,
}

/// What is set in a block.
#[derive(Debug)]
pub(super) struct Attribute {
    pub(super) name: String,
    pub(super) value: Expr,
    /// Whether no function may make it.
    pub(super) is_constant: bool,
}

impl Block {
    pub(super) fn new(header: impl Into<String>) -> Self {
        Self {
            header: header.into(),
            ..Self::default()
        }
    }

    pub(super) fn set(&mut self, name: &str, value: Expr) {
        self.attributes.push(Attribute {
            name: name.to_owned(),
            value,
            is_constant: false,
        });
    }

    /// Sets what must be written as it is, however many lines it has: what something is called, and all that a variable says.
    pub(super) fn set_constant(&mut self, name: &str, value: Expr) {
        self.attributes.push(Attribute {
            name: name.to_owned(),
            value,
            is_constant: true,
        });
    }

    /// Sets an attribute before those that say what something is called.
    pub(super) fn set_before_constants(&mut self, name: &str, value: Expr) {
        let constant = self.attributes.iter().position(|set| set.is_constant);
        self.set(name, value);
        if let Some(at) = constant {
            self.attributes
                .get_mut(at..)
                .unwrap_or_default()
                .rotate_right(1);
        }
    }

    /// Whether an attribute of a name is set.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.attributes.iter().any(|set| set.name == name)
    }
}

/// The text of a file with these blocks.
pub(super) fn file(blocks: &[Block]) -> String {
    let mut text = String::new();
    for (index, one) in blocks.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        block(one, &mut text);
    }
    fmt::format(&text)
}

fn block(block_: &Block, text: &mut String) {
    for comment in &block_.comments {
        text.extend(["# ", comment, "\n"]);
    }
    let _written = writeln!(text, "{} {{", block_.header);
    // A heredoc and a list over several lines stand apart from what is on one line.
    let mut before = None;
    for set in &block_.attributes {
        let value = attribute(set);
        let several = value.contains('\n');
        if before.is_some_and(|before| before || several) {
            text.push('\n');
        }
        before = Some(several);
        let _written = writeln!(text, "{} = {value}", set.name);
    }
    let mut first = block_.attributes.is_empty();
    for inner in &block_.blocks {
        if !std::mem::take(&mut first) {
            text.push('\n');
        }
        block(inner, text);
    }
    text.push_str("}\n");
}

fn attribute(set: &Attribute) -> String {
    let line = print::expression(&set.value);
    match &set.value.kind {
        ExprKind::Value(Value::String(content)) if set.is_constant && !content.ends_with('\n') => {
            line
        }
        ExprKind::Value(Value::String(content))
            if content.trim_end_matches('\n').contains('\n') =>
        {
            heredoc(&[Part::Literal(Arc::clone(content))]).unwrap_or(line)
        }
        ExprKind::Template(parts) if has_lines(parts) => heredoc(parts).unwrap_or(line),
        ExprKind::Tuple(elements) if line.len() > WIDTH => {
            let lines: Vec<String> = elements.iter().map(print::expression).collect();
            format!("[\n{},\n]", lines.join(",\n"))
        }
        ExprKind::Object(entries) if line.len() > WIDTH => object(entries),
        ExprKind::Value(Value::Object(entries)) if line.len() > WIDTH => {
            let entries = entries.iter();
            let entries = entries.map(|(key, one)| (hcl::text(key), hcl::value(one.clone())));
            object(&entries.collect::<Vec<_>>())
        }
        ExprKind::Call { arguments, .. } if line.len() > WIDTH => match arguments.last() {
            Some(Expr {
                kind: ExprKind::Object(entries),
                ..
            }) => {
                let short = print::expression(&hcl::object(entries.to_vec()));
                let before = line.strip_suffix(&format!("{short})"));
                before.map_or_else(
                    || line.clone(),
                    |before| format!("{before}{})", object(entries)),
                )
            }
            _ => line,
        },
        _ => line,
    }
}

/// Whether a text has several lines, or is a whole one.
fn has_lines(parts: &[Part]) -> bool {
    parts
        .iter()
        .any(|part| matches!(part, Part::Literal(text) if text.contains('\n')))
}

/// An object with an entry a line.
fn object(entries: &[(Expr, Expr)]) -> String {
    let lines = entries.iter().map(|entry| {
        let one = print::expression(&hcl::object(vec![entry.clone()]));
        let inner = one
            .strip_prefix("{ ")
            .and_then(|rest| rest.strip_suffix(" }"));
        format!("{}\n", inner.unwrap_or(&one))
    });
    format!("{{\n{}}}", lines.collect::<String>())
}

/// Several lines of text as a heredoc, if they can stand in one. Of a text that does not end with a line the last line end is
/// cut off.
fn heredoc(parts: &[Part]) -> Option<String> {
    let mut text = String::new();
    for part in parts {
        match part {
            Part::Literal(literal) => {
                let plain = literal
                    .chars()
                    .all(|sign| sign == '\n' || sign == '\t' || !sign.is_control());
                if !plain {
                    return None;
                }
                text.push_str(&literal.replace("${", "$${").replace("%{", "%%{"));
            }
            Part::Interpolation(expr) => {
                // What stands before an interpolation must not double its sign.
                if text.ends_with(['$', '%']) {
                    return None;
                }
                let _written = write!(text, "${{{}}}", print::expression(expr));
            }
            Part::If { .. } | Part::For { .. } => return None,
        }
    }
    let whole = text.ends_with('\n');
    let body = text.strip_suffix('\n').unwrap_or(&text);
    let mut word = "EOT".to_owned();
    while body.lines().any(|line| line.trim() == word) {
        word.push('_');
    }
    // The text's own indentation stays: it is not to be cut off together with that of the block.
    if whole {
        Some(format!("<<{word}\n{body}\n{word}"))
    } else {
        Some(format!("chomp(<<{word}\n{body}\n{word}\n)"))
    }
}
