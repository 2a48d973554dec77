//! The parser's tree to ours.

use std::ops::Range;
use std::sync::Arc;

use hcl_edit::Span as _;
use hcl_edit::expr::BinaryOperator;
use hcl_edit::expr::Expression;
use hcl_edit::expr::ForExpr;
use hcl_edit::expr::FuncCall;
use hcl_edit::expr::ObjectKey;
use hcl_edit::expr::Traversal;
use hcl_edit::expr::TraversalOperator;
use hcl_edit::expr::UnaryOperator;
use hcl_edit::structure;
use hcl_edit::template::Directive;
use hcl_edit::template::Element;
use hcl_edit::template::Strip;
use hcl_edit::template::Template;

use super::literal;
use super::literal::Piece;
use super::span_of;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::FileId;
use crate::diag::Span;
use crate::lang::ast::Attribute;
use crate::lang::ast::BinaryOp;
use crate::lang::ast::Block;
use crate::lang::ast::Body;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;
use crate::lang::ast::For;
use crate::lang::ast::Ident;
use crate::lang::ast::Part;
use crate::lang::ast::UnaryOp;
use crate::lang::number::Number;
use crate::lang::value::Value;

/// Deeper trees are refused, so that everything that walks one has stack enough.
const MAX_DEPTH: usize = 256;

pub(super) struct Lower<'a> {
    file: FileId,
    text: &'a str,
    base: usize,
    positions: Option<&'a dyn Fn(usize) -> u32>,
    depth: usize,
    pub(super) diagnostics: Diagnostics,
}

impl<'a> Lower<'a> {
    /// `base` is where `text` starts in the file.
    pub(super) fn new(file: FileId, text: &'a str, base: usize) -> Self {
        Self {
            file,
            text,
            base,
            positions: None,
            depth: 0,
            diagnostics: Diagnostics::new(),
        }
    }

    /// For a text that stands in its file with escapes: where each of its bytes stands there.
    pub(super) fn at(mut self, positions: Option<&'a dyn Fn(usize) -> u32>) -> Self {
        self.positions = positions;
        self
    }

    fn span(&self, range: Option<Range<usize>>) -> Span {
        let range = range.unwrap_or(0..0);
        if let Some(positions) = self.positions {
            return Span {
                file: self.file,
                start: positions(range.start),
                end: positions(range.end),
            };
        }
        span_of(self.file, self.base + range.start, self.base + range.end)
    }

    fn raw(&self, range: Option<Range<usize>>) -> &'a str {
        range.and_then(|range| self.text.get(range)).unwrap_or("")
    }

    fn ident(&self, name: &str, range: Option<Range<usize>>) -> Ident {
        Ident {
            text: Arc::from(name),
            span: self.span(range),
        }
    }

    fn error(&mut self, summary: &str, detail: impl Into<String>, span: Span) {
        self.diagnostics
            .push(Diagnostic::error(summary, detail).at(span));
    }

    pub(super) fn body(&mut self, tree: &structure::Body) -> Body {
        let mut body = Body {
            span: self.span(tree.span()),
            ..Body::default()
        };
        for item in tree {
            match item {
                structure::Structure::Attribute(attribute) => {
                    let name = self.ident(attribute.key.as_str(), attribute.key.span());
                    let expr = self.expression(&attribute.value);
                    body.attributes.push(Attribute { name, expr });
                }
                structure::Structure::Block(block) => {
                    let block = self.block(block);
                    body.blocks.push(block);
                }
            }
        }
        body
    }

    fn block(&mut self, block: &structure::Block) -> Block {
        let kind = self.ident(block.ident.as_str(), block.ident.span());
        let labels: Vec<Ident> = block
            .labels
            .iter()
            .map(|label| self.ident(label.as_str(), label.span()))
            .collect();
        for label in &labels {
            if label.text.contains("${") || label.text.contains("%{") {
                self.error(
                    "Template in a label",
                    "The labels of a block are plain text, without `${…}` or `%{…}`.",
                    label.span,
                );
            }
        }
        let span = labels
            .last()
            .map_or(kind.span, |last| kind.span.to(last.span));
        Block {
            kind,
            labels,
            body: self.body(&block.body),
            span,
        }
    }

    pub(super) fn expression(&mut self, tree: &Expression) -> Expr {
        let span = self.span(tree.span());
        if self.depth >= MAX_DEPTH {
            self.error(
                "Expression nested too deeply",
                "Expressions may be nested 256 levels deep. Move parts of it into `locals`.",
                span,
            );
            return Expr {
                kind: ExprKind::Value(Value::NULL),
                span,
            };
        }
        self.depth += 1;
        let kind = self.kind(tree, span);
        self.depth -= 1;
        Expr { kind, span }
    }

    fn shared(&mut self, tree: &Expression) -> Arc<Expr> {
        Arc::new(self.expression(tree))
    }

    fn kind(&mut self, tree: &Expression, span: Span) -> ExprKind {
        match tree {
            Expression::Null(_) => ExprKind::Value(Value::NULL),
            Expression::Bool(value) => ExprKind::Value(Value::Bool(*value.value())),
            Expression::Number(_) => self.number(tree.span(), span),
            Expression::String(_) => self.string(tree.span()),
            Expression::Array(items) => ExprKind::Tuple(Arc::new(
                items.iter().map(|item| self.expression(item)).collect(),
            )),
            Expression::Object(items) => {
                let items = items
                    .iter()
                    .map(|(key, value)| (self.object_key(key), self.expression(value.expr())));
                ExprKind::Object(Arc::new(items.collect()))
            }
            Expression::StringTemplate(template) => self.template(template, false, false),
            Expression::HeredocTemplate(heredoc) => {
                let flush = self.raw(tree.span()).starts_with("<<-");
                self.template(&heredoc.template, true, flush)
            }
            Expression::Parenthesis(inner) => ExprKind::Parens(self.shared(inner.inner())),
            Expression::Variable(name) => ExprKind::Name(self.ident(name.as_str(), name.span())),
            Expression::Conditional(node) => ExprKind::Conditional(
                self.shared(&node.cond_expr),
                self.shared(&node.true_expr),
                self.shared(&node.false_expr),
            ),
            Expression::FuncCall(call) => self.call(call),
            Expression::Traversal(traversal) => self.traversal(traversal),
            Expression::UnaryOp(node) => {
                let operator = match *node.operator.value() {
                    UnaryOperator::Not => UnaryOp::Not,
                    UnaryOperator::Neg => UnaryOp::Negate,
                };
                let operand = self.expression(&node.expr);
                match (operator, literal_number(&operand)) {
                    (UnaryOp::Negate, Some(number)) => {
                        ExprKind::Value(Value::Number(number.negate()))
                    }
                    _ => ExprKind::Unary(operator, Arc::new(operand)),
                }
            }
            Expression::BinaryOp(node) => ExprKind::Binary(
                binary_operator(*node.operator.value()),
                self.shared(&node.lhs_expr),
                self.shared(&node.rhs_expr),
            ),
            Expression::ForExpr(node) => self.for_expression(node),
        }
    }

    fn number(&mut self, range: Option<Range<usize>>, span: Span) -> ExprKind {
        let number = Number::parse(self.raw(range)).unwrap_or_else(|| {
            self.error(
                "Invalid number",
                "A number may have at most 300 digits.",
                span,
            );
            Number::from(0)
        });
        ExprKind::Value(Value::Number(number))
    }

    fn string(&mut self, range: Option<Range<usize>>) -> ExprKind {
        let raw = self.raw(range.clone());
        let inner = raw
            .strip_prefix('"')
            .and_then(|raw| raw.strip_suffix('"'))
            .unwrap_or(raw);
        let start = range.map_or(0, |range| range.start) + 1;
        let text = self.unescaped(inner, start);
        ExprKind::Value(Value::string(literal::normalized(&text)))
    }

    /// `start` is where `raw` starts in the text.
    fn unescaped(&mut self, raw: &str, start: usize) -> String {
        literal::unescape_quoted(raw).unwrap_or_else(|(at, help)| {
            let at = start + at;
            let span = self.span(Some(at..at + 1));
            self.error("Invalid string", help, span);
            String::new()
        })
    }

    fn object_key(&mut self, key: &ObjectKey) -> Expr {
        match key {
            ObjectKey::Ident(name) | ObjectKey::Expression(Expression::Variable(name)) => Expr {
                kind: ExprKind::Value(Value::string(name.as_str())),
                span: self.span(name.span()),
            },
            ObjectKey::Expression(Expression::Traversal(traversal)) => {
                let span = self.span(traversal.span());
                self.error("Ambiguous key", "A key is a name, a quoted string or an expression in parentheses. Write `(…)` around an expression, or quotes around a name with a dot.", span);
                Expr {
                    kind: ExprKind::Value(Value::string("")),
                    span,
                }
            }
            ObjectKey::Expression(expr) => self.expression(expr),
        }
    }

    fn call(&mut self, call: &FuncCall) -> ExprKind {
        let mut name = String::new();
        for part in &call.name.namespace {
            name.push_str(part.as_str());
            name.push_str("::");
        }
        name.push_str(call.name.name.as_str());
        let start = call
            .name
            .namespace
            .first()
            .map_or_else(|| call.name.name.span(), hcl_edit::Span::span);
        let span = self.span(start).to(self.span(call.name.name.span()));
        ExprKind::Call {
            name: Ident {
                text: Arc::from(name),
                span,
            },
            arguments: Arc::new(
                call.args
                    .iter()
                    .map(|argument| self.expression(argument))
                    .collect(),
            ),
            expand: call.args.expand_final(),
        }
    }

    fn traversal(&mut self, traversal: &Traversal) -> ExprKind {
        if self.depth + traversal.operators.len() > MAX_DEPTH {
            let span = self.span(traversal.span());
            self.error(
                "Expression nested too deeply",
                "Expressions may be nested 256 levels deep. Move parts of it into `locals`.",
                span,
            );
            return ExprKind::Value(Value::NULL);
        }
        let root = self.expression(&traversal.expr);
        self.depth += traversal.operators.len();
        let expr = self.operators(root, &traversal.operators);
        self.depth -= traversal.operators.len();
        expr.kind
    }

    /// Applies the operators of a traversal from left to right; a splat takes those that belong to each element.
    fn operators(
        &mut self,
        root: Expr,
        operators: &[hcl_edit::Decorated<TraversalOperator>],
    ) -> Expr {
        let mut expr = root;
        let mut rest = operators;
        while let Some((operator, after)) = rest.split_first() {
            rest = after;
            let operator_span = self.span(operator.span());
            let span = expr.span.to(operator_span);
            let source = Arc::new(expr);
            let kind = match operator.value() {
                TraversalOperator::GetAttr(name) => ExprKind::Get(
                    source,
                    self.ident(name.as_str(), name.span().or_else(|| operator.span())),
                ),
                TraversalOperator::Index(key) => ExprKind::Index(source, self.shared(key)),
                TraversalOperator::LegacyIndex(index) => {
                    let number = Number::parse(&index.value().to_string())
                        .unwrap_or_else(|| Number::from(0));
                    ExprKind::Index(
                        source,
                        Arc::new(Expr {
                            kind: ExprKind::Value(Value::Number(number)),
                            span: operator_span,
                        }),
                    )
                }
                TraversalOperator::FullSplat(_) => {
                    let each = self.operators(
                        Expr {
                            kind: ExprKind::Each,
                            span,
                        },
                        rest,
                    );
                    rest = &[];
                    ExprKind::Splat {
                        source,
                        full: true,
                        each: Arc::new(each),
                    }
                }
                TraversalOperator::AttrSplat(_) => {
                    let count = rest
                        .iter()
                        .take_while(|next| {
                            matches!(
                                next.value(),
                                TraversalOperator::GetAttr(_) | TraversalOperator::LegacyIndex(_)
                            )
                        })
                        .count();
                    let (own, others) = rest.split_at(count);
                    let each = self.operators(
                        Expr {
                            kind: ExprKind::Each,
                            span,
                        },
                        own,
                    );
                    rest = others;
                    ExprKind::Splat {
                        source,
                        full: false,
                        each: Arc::new(each),
                    }
                }
            };
            let end = match &kind {
                ExprKind::Splat { each, .. } => each.span,
                _ => span,
            };
            expr = Expr {
                kind,
                span: span.to(end),
            };
        }
        expr
    }

    fn for_expression(&mut self, node: &ForExpr) -> ExprKind {
        let key = node
            .intro
            .key_var
            .as_ref()
            .map(|name| self.ident(name.as_str(), name.span()));
        let value = &node.intro.value_var;
        ExprKind::For(Arc::new(For {
            key,
            value: self.ident(value.as_str(), value.span()),
            collection: self.expression(&node.intro.collection_expr),
            result_key: node.key_expr.as_ref().map(|key| self.expression(key)),
            result: self.expression(&node.value_expr),
            group: node.grouping,
            condition: node
                .cond
                .as_ref()
                .map(|condition| self.expression(&condition.expr)),
        }))
    }

    /// A template without quotes, as in JSON strings and template files: like a heredoc, but one interpolation alone is its
    /// value.
    pub(super) fn bare_template(&mut self, template: &Template) -> ExprKind {
        if template.len() == 1
            && let Some(Element::Interpolation(only)) = template.get(0)
        {
            return ExprKind::Parens(self.shared(&only.expr));
        }
        self.template(template, true, false)
    }

    fn template(&mut self, template: &Template, heredoc: bool, flush: bool) -> ExprKind {
        if !heredoc
            && template.len() == 1
            && let Some(Element::Interpolation(only)) = template.get(0)
        {
            return ExprKind::Parens(self.shared(&only.expr));
        }
        let mut pieces = Vec::new();
        self.pieces(template, heredoc, &mut pieces);
        literal::strip(&mut pieces);
        if flush {
            literal::dedent(&mut pieces);
        }
        let mut texts = pieces.into_iter().filter_map(|piece| match piece {
            Piece::Text(lines) => Some(literal::normalized(&lines.concat())),
            Piece::Sequence { .. } => None,
        });
        let mut parts = self.parts(template, &mut texts);
        match parts.as_slice() {
            [] => ExprKind::Value(Value::string("")),
            [Part::Literal(text)] => ExprKind::Value(Value::String(Arc::clone(text))),
            _ => {
                parts.shrink_to_fit();
                ExprKind::Template(Arc::new(parts))
            }
        }
    }

    /// Lists the literals and sequences of a template in source order.
    fn pieces(&mut self, template: &Template, heredoc: bool, pieces: &mut Vec<Piece>) {
        let tag = |pieces: &mut Vec<Piece>, strip: Strip| {
            pieces.push(Piece::Sequence {
                before: strip.strip_start(),
                after: strip.strip_end(),
            });
        };
        for element in template {
            match element {
                Element::Literal(text) => {
                    let raw = self.raw(text.span());
                    let start = text.span().map_or(0, |span| span.start);
                    let text = if heredoc {
                        literal::unescape_heredoc(raw)
                    } else {
                        self.unescaped(raw, start)
                    };
                    pieces.push(Piece::Text(if heredoc {
                        literal::lines(&text)
                    } else {
                        vec![text]
                    }));
                }
                Element::Interpolation(interpolation) => tag(pieces, interpolation.strip),
                Element::Directive(directive) => match &**directive {
                    Directive::If(node) => {
                        tag(pieces, node.if_expr.strip);
                        self.pieces(&node.if_expr.template, heredoc, pieces);
                        if let Some(otherwise) = &node.else_expr {
                            tag(pieces, otherwise.strip);
                            self.pieces(&otherwise.template, heredoc, pieces);
                        }
                        tag(pieces, node.endif_expr.strip);
                    }
                    Directive::For(node) => {
                        tag(pieces, node.for_expr.strip);
                        self.pieces(&node.for_expr.template, heredoc, pieces);
                        tag(pieces, node.endfor_expr.strip);
                    }
                },
            }
        }
    }

    /// Builds the parts of a template, taking its literals from `texts`.
    fn parts(
        &mut self,
        template: &Template,
        texts: &mut impl Iterator<Item = String>,
    ) -> Vec<Part> {
        let mut parts = Vec::with_capacity(template.len());
        for element in template {
            match element {
                Element::Literal(_) => {
                    let text = texts.next().unwrap_or_default();
                    if !text.is_empty() {
                        parts.push(Part::Literal(Arc::from(text)));
                    }
                }
                Element::Interpolation(interpolation) => {
                    parts.push(Part::Interpolation(self.expression(&interpolation.expr)));
                }
                Element::Directive(directive) => match &**directive {
                    Directive::If(node) => {
                        let condition = self.expression(&node.if_expr.cond_expr);
                        let then = self.parts(&node.if_expr.template, texts);
                        let otherwise =
                            node.else_expr.as_ref().map_or_else(Vec::new, |otherwise| {
                                self.parts(&otherwise.template, texts)
                            });
                        parts.push(Part::If {
                            condition,
                            then,
                            otherwise,
                        });
                    }
                    Directive::For(node) => {
                        let key = node
                            .for_expr
                            .key_var
                            .as_ref()
                            .map(|name| self.ident(name.as_str(), name.span()));
                        let value = &node.for_expr.value_var;
                        let value = self.ident(value.as_str(), value.span());
                        let collection = self.expression(&node.for_expr.collection_expr);
                        let body = self.parts(&node.for_expr.template, texts);
                        parts.push(Part::For {
                            key,
                            value,
                            collection,
                            body,
                        });
                    }
                },
            }
        }
        parts
    }
}

/// The number that a literal, perhaps in parentheses, stands for.
fn literal_number(expr: &Expr) -> Option<&Number> {
    match &expr.kind {
        ExprKind::Value(Value::Number(number)) => Some(number),
        ExprKind::Parens(inner) => literal_number(inner),
        _ => None,
    }
}

fn binary_operator(operator: BinaryOperator) -> BinaryOp {
    match operator {
        BinaryOperator::Plus => BinaryOp::Add,
        BinaryOperator::Minus => BinaryOp::Subtract,
        BinaryOperator::Mul => BinaryOp::Multiply,
        BinaryOperator::Div => BinaryOp::Divide,
        BinaryOperator::Mod => BinaryOp::Modulo,
        BinaryOperator::Eq => BinaryOp::Equal,
        BinaryOperator::NotEq => BinaryOp::NotEqual,
        BinaryOperator::Less => BinaryOp::Less,
        BinaryOperator::LessEq => BinaryOp::LessEqual,
        BinaryOperator::Greater => BinaryOp::Greater,
        BinaryOperator::GreaterEq => BinaryOp::GreaterEqual,
        BinaryOperator::And => BinaryOp::And,
        BinaryOperator::Or => BinaryOp::Or,
    }
}
