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
    pub(super) attributes: Vec<(String, Expr)>,
    /// The blocks in it.
    pub(super) blocks: Vec<Self>,
}

impl Block {
    pub(super) fn new(header: impl Into<String>) -> Self {
        Self {
            header: header.into(),
            ..Self::default()
        }
    }

    pub(super) fn set(&mut self, name: &str, expr: Expr) {
        self.attributes.push((name.to_owned(), expr));
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
    for (name, expr) in &block_.attributes {
        // What is a constant is not made by a function.
        let is_constant = name.starts_with("aws_") || block_.header.starts_with("variable ");
        let value = attribute(expr, is_constant);
        let several = value.contains('\n');
        if before.is_some_and(|before| before || several) {
            text.push('\n');
        }
        before = Some(several);
        let _written = writeln!(text, "{name} = {value}");
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

fn attribute(expr: &Expr, is_constant: bool) -> String {
    let line = print::expression(expr);
    match &expr.kind {
        ExprKind::Value(Value::String(content)) if is_constant && !content.ends_with('\n') => line,
        ExprKind::Value(Value::String(content))
            if content.trim_end_matches('\n').contains('\n') =>
        {
            heredoc(&[Part::Literal(Arc::clone(content))]).unwrap_or(line)
        }
        ExprKind::Template(parts) if line.contains("\\n") => heredoc(parts).unwrap_or(line),
        ExprKind::Tuple(elements) if line.len() > WIDTH => {
            let lines: Vec<String> = elements.iter().map(print::expression).collect();
            format!("[\n{},\n]", lines.join(",\n"))
        }
        ExprKind::Object(entries) if line.len() > WIDTH => object(entries),
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
