//! HCL's JSON syntax: the same tree as from native syntax.
//!
//! A body is an object whose properties are attributes and blocks; which of them are blocks, and with how many labels, the
//! [`Grammar`] says. Each label is an object level, several blocks are an array or several properties, `"//"` is a comment.
//! Strings are templates; where Terraform takes references and types as plain strings, they are expressions.

mod reader;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ast::Attribute;
use super::ast::Block;
use super::ast::Body;
use super::ast::Expr;
use super::ast::ExprKind;
use super::ast::Ident;
use super::grammar;
use super::grammar::Grammar;
use super::grammar::Parent;
use super::grammar::Shape;
use super::grammar::Strings;
use super::number::Number;
use super::parse::Embedded;
use super::parse::Parsed;
use super::parse::normalized;
use super::parse::read_expression;
use super::parse::read_template;
use super::value::Value;
use crate::diag::Damage;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::FileId;
use crate::diag::Span;
use reader::Node;
use reader::NodeKind;
use reader::Property;
use reader::Text;

/// Reads a file. A syntax error ends it, since JSON gives no place to go on; other mistakes do not.
pub(super) fn read_body(file: FileId, text: &str, grammar: &dyn Grammar) -> Parsed {
    let mut parsed = Parsed::default();
    let root = match reader::read(file, text) {
        Ok(root) => root,
        Err(problem) => {
            parsed.damage.add(whole(file, text), text);
            parsed.diagnostics.push(*problem);
            return parsed;
        }
    };
    let mut bodies = Bodies {
        file,
        text,
        grammar,
        diagnostics: &mut parsed.diagnostics,
        damage: &mut parsed.damage,
    };
    let mut body = Body {
        span: root.span,
        ..Body::default()
    };
    match &root.kind {
        NodeKind::Object(_) => bodies.body(&root, &[], &mut body),
        // Terraform takes an array of such objects, too.
        NodeKind::Array(items) => {
            for item in items {
                bodies.body(item, &[], &mut body);
            }
        }
        _ => bodies.unreadable(
            format!(
                "A configuration file is a JSON object whose properties are blocks; this is {}.",
                root.describe()
            ),
            root.span,
        ),
    }
    parsed.body = body;
    parsed
}

/// The place of a whole text.
fn whole(file: FileId, text: &str) -> Span {
    Span {
        file,
        start: 0,
        end: u32::try_from(text.len()).unwrap_or(u32::MAX),
    }
}

/// Reads a file of values: the properties of one object, with their places. Strings are no templates here.
pub(super) fn read_values(
    file: FileId,
    text: &str,
    damage: &mut Damage,
    diagnostics: &mut Diagnostics,
) -> Vec<(Ident, Value, Span)> {
    let root = match reader::read(file, text) {
        Ok(root) => root,
        Err(problem) => {
            damage.add(whole(file, text), text);
            diagnostics.push(*problem);
            return Vec::new();
        }
    };
    let NodeKind::Object(properties) = &root.kind else {
        let detail = format!(
            "A file of values is a JSON object with the values by the names of their variables; this is {}.",
            root.describe()
        );
        diagnostics.push(Diagnostic::error("Wrong JSON value", detail).at(root.span));
        return Vec::new();
    };
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    let mut values = Vec::with_capacity(properties.len());
    for Property { key, value } in properties {
        if let Some(first) = seen.insert(&key.value, key.span) {
            let detail = format!(
                "`{}` has a value already. Remove one of the two.",
                key.value
            );
            let found = Diagnostic::error("Duplicate key", detail).at(key.span);
            diagnostics.push(found.label(first, "first one here"));
        } else if &*key.value != COMMENT {
            values.push((ident(key), plain(value), value.span));
        }
    }
    values
}

/// A value as it stands.
fn plain(node: &Node) -> Value {
    match &node.kind {
        NodeKind::Null => Value::NULL,
        NodeKind::Bool(value) => Value::Bool(*value),
        NodeKind::Number(text) => {
            Number::parse(text).map_or_else(|| Value::string(text.as_str()), Value::Number)
        }
        NodeKind::String(text) => Value::string(normalized(&text.value)),
        NodeKind::Array(items) => Value::tuple(items.iter().map(plain).collect()),
        NodeKind::Object(properties) => {
            let entry = |property: &Property| {
                let key = Arc::from(normalized(&property.key.value));
                (key, plain(&property.value))
            };
            Value::object(properties.iter().map(entry).collect())
        }
    }
}

struct Bodies<'a> {
    file: FileId,
    text: &'a str,
    grammar: &'a dyn Grammar,
    diagnostics: &'a mut Diagnostics,
    damage: &'a mut Damage,
}

/// A block as far as it has been read.
struct Header<'n> {
    kind: &'n Text,
    labels: Vec<&'n Text>,
    /// The labels that are still to come.
    missing: usize,
}

fn ident(text: &Text) -> Ident {
    Ident {
        text: Arc::clone(&text.value),
        span: text.span,
    }
}

/// A comment in a body.
const COMMENT: &str = "//";

impl Bodies<'_> {
    fn error(&mut self, summary: &str, detail: impl Into<String>, span: Span) {
        self.diagnostics
            .push(Diagnostic::error(summary, detail).at(span));
    }

    /// Reports a value that cannot be what it should be.
    fn unreadable(&mut self, detail: String, span: Span) {
        let range = span.start as usize..span.end as usize;
        self.damage.add(span, self.text.get(range).unwrap_or(""));
        self.error("Wrong JSON value", detail, span);
    }

    /// Adds the attributes and blocks of an object to a body.
    fn body(&mut self, node: &Node, parents: &[Parent<'_>], body: &mut Body) {
        let NodeKind::Object(properties) = &node.kind else {
            let detail = format!(
                "The content of a block is a JSON object; this is {}.",
                node.describe()
            );
            self.unreadable(detail, node.span);
            return;
        };
        let mut set: BTreeMap<&str, Span> = BTreeMap::new();
        for Property { key, value } in properties {
            if &*key.value == COMMENT {
                continue;
            }
            let shape = self.grammar.block(parents, &key.value);
            if let Some(shape) = shape.filter(|shape| !shape.attribute || is_body(value)) {
                let header = Header {
                    kind: key,
                    labels: Vec::new(),
                    missing: label_count(value, shape),
                };
                self.blocks(value, &header, parents, body);
                continue;
            }
            if let Some(first) = set.insert(&key.value, key.span) {
                let detail = format!(
                    "`{}` is already set in this block. Remove one of the two.",
                    key.value
                );
                self.diagnostics.push(
                    Diagnostic::error("Attribute set twice", detail)
                        .at(key.span)
                        .label(first, "first set here"),
                );
                continue;
            }
            let strings = grammar::strings(parents, &key.value);
            let expr = self.expression(value, strings);
            body.attributes.push(Attribute {
                name: ident(key),
                expr,
            });
        }
    }

    /// Adds the blocks that a property's value describes.
    fn blocks(
        &mut self,
        node: &Node,
        header: &Header<'_>,
        parents: &[Parent<'_>],
        body: &mut Body,
    ) {
        match &node.kind {
            NodeKind::Null => {}
            NodeKind::Array(items) => {
                for item in items {
                    self.blocks(item, header, parents, body);
                }
            }
            NodeKind::Object(properties) if header.missing > 0 => {
                for property in properties
                    .iter()
                    .filter(|property| &*property.key.value != COMMENT)
                {
                    let mut labels = header.labels.clone();
                    labels.push(&property.key);
                    let header = Header {
                        kind: header.kind,
                        labels,
                        missing: header.missing - 1,
                    };
                    self.blocks(&property.value, &header, parents, body);
                }
            }
            NodeKind::Object(_) => {
                let mut parents = parents.to_vec();
                parents.push(Parent {
                    kind: &header.kind.value,
                    label: header.labels.first().map_or("", |label| &*label.value),
                });
                let mut content = Body {
                    span: node.span,
                    ..Body::default()
                };
                self.body(node, &parents, &mut content);
                body.blocks.push(Block {
                    kind: ident(header.kind),
                    labels: header.labels.iter().map(|label| ident(label)).collect(),
                    body: content,
                    span: header
                        .labels
                        .last()
                        .map_or(header.kind.span, |label| label.span),
                });
            }
            _ => self.no_block(node, header),
        }
    }

    /// A value where a block's labels or content should be.
    fn no_block(&mut self, node: &Node, header: &Header<'_>) {
        let labels: Vec<String> = header
            .labels
            .iter()
            .map(|label| format!("{{\"{}\": ", label.value))
            .collect();
        let detail = format!(
            "This block is written `\"{}\": {}{}{{…}}{}`, each label an object of its own; here is {}.",
            header.kind.value,
            labels.concat(),
            "{\"…\": ".repeat(header.missing),
            "}".repeat(header.labels.len() + header.missing),
            node.describe()
        );
        self.unreadable(detail, node.span);
    }

    fn expression(&mut self, node: &Node, strings: Strings) -> Expr {
        let kind = match &node.kind {
            NodeKind::Null => ExprKind::Value(Value::NULL),
            NodeKind::Bool(value) => ExprKind::Value(Value::Bool(*value)),
            NodeKind::Number(text) => {
                if let Some(number) = Number::parse(text) {
                    ExprKind::Value(Value::Number(number))
                } else {
                    let detail = "This number is too large: a number has at most 1,200 digits before and after the point together.";
                    self.error("Invalid number", detail, node.span);
                    self.damage.add(node.span, "");
                    ExprKind::Unread
                }
            }
            NodeKind::String(text) => return self.string(text, strings),
            NodeKind::Array(items) => ExprKind::Tuple(Arc::new(
                items
                    .iter()
                    .map(|item| self.expression(item, strings))
                    .collect(),
            )),
            NodeKind::Object(properties) => self.object(properties, strings),
        };
        Expr {
            kind,
            span: node.span,
        }
    }

    fn object(&mut self, properties: &[Property], strings: Strings) -> ExprKind {
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        let mut items = Vec::with_capacity(properties.len());
        for Property { key, value } in properties {
            if let Some(first) = seen.insert(&key.value, key.span) {
                let detail = format!(
                    "The key `{}` is already in this object. Remove one of the two.",
                    key.value
                );
                self.diagnostics.push(
                    Diagnostic::error("Duplicate key", detail)
                        .at(key.span)
                        .label(first, "first one here"),
                );
                continue;
            }
            let name = self.string(key, Strings::Template);
            items.push((name, self.expression(value, strings)));
        }
        ExprKind::Object(Arc::new(items))
    }

    fn string(&mut self, text: &Text, strings: Strings) -> Expr {
        let plain = !text.value.contains("${") && !text.value.contains("%{");
        let positions = |offset| text.positions.of(offset);
        let embedded = Embedded {
            file: self.file,
            text: &text.value,
            positions: Some(&positions),
        };
        let kind = match strings {
            Strings::Template if plain => {
                Some(ExprKind::Value(Value::string(normalized(&text.value))))
            }
            Strings::Expression if plain => {
                read_expression(&embedded, self.diagnostics).map(|expr| expr.kind)
            }
            _ => read_template(&embedded, self.diagnostics),
        };
        if kind.is_none() {
            self.damage.add(text.span, "");
        }
        Expr {
            kind: kind.unwrap_or(ExprKind::Unread),
            span: text.span,
        }
    }
}

/// Whether a value can be the content of blocks, rather than that of an attribute.
fn is_body(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Object(_) => true,
        NodeKind::Array(items) => {
            !items.is_empty()
                && items
                    .iter()
                    .all(|item| matches!(item.kind, NodeKind::Object(_)))
        }
        _ => false,
    }
}

/// The largest number of labels that a value has objects for.
fn label_count(node: &Node, shape: Shape) -> usize {
    let most = shape.labels.first().copied().unwrap_or(0);
    let mut counts = shape.labels.iter().copied();
    counts.find(|count| fits(node, *count)).unwrap_or(most)
}

fn fits(node: &Node, labels: usize) -> bool {
    match &node.kind {
        NodeKind::Object(_) if labels == 0 => true,
        NodeKind::Object(properties) => properties
            .iter()
            .filter(|property| &*property.key.value != COMMENT)
            .all(|property| fits(&property.value, labels - 1)),
        NodeKind::Array(items) => items.iter().all(|item| fits(item, labels)),
        _ => false,
    }
}
