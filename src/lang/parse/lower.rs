//! The parser's tree to ours.
//!
//! A name in that tree may stand for what the parser did not get to see: which, the token at its place says.

use std::ops::Range;
use std::sync::Arc;

use hcl_edit::Decorated;
use hcl_edit::Span as _;
use hcl_edit::expr::BinaryOperator;
use hcl_edit::expr::Expression;
use hcl_edit::expr::ForExpr;
use hcl_edit::expr::FuncCall;
use hcl_edit::expr::Traversal;
use hcl_edit::expr::TraversalOperator;
use hcl_edit::expr::UnaryOperator;

use super::expression::MAX_DEPTH;
use super::expression::Reader;
use super::expression::too_deep;
use super::mistakes;
use crate::diag::Span;
use crate::lang::ast::BinaryOp;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;
use crate::lang::ast::For;
use crate::lang::ast::Ident;
use crate::lang::ast::UnaryOp;
use crate::lang::number::Number;
use crate::lang::tokens::Token;
use crate::lang::tokens::TokenKind;
use crate::lang::value::Value;

type Name = Decorated<hcl_edit::Ident>;

/// Lowers the tree of one text that the parser read.
pub(super) struct Lower<'l, 'a> {
    reader: &'l mut Reader<'a>,
    /// Where the parser's text starts in the source.
    base: usize,
}

impl<'l, 'a> Lower<'l, 'a> {
    pub(super) fn new(reader: &'l mut Reader<'a>, base: usize) -> Self {
        Self { reader, base }
    }

    fn span(&self, range: Option<Range<usize>>) -> Span {
        let range = range.unwrap_or(0..0);
        self.reader
            .source
            .span(self.base + range.start..self.base + range.end)
    }

    fn token(&self, name: &Name, range: Option<Range<usize>>) -> Option<Token> {
        let start = name.span().or(range)?.start;
        self.reader.token(self.reader.index_at(self.base + start))
    }

    /// The name at a place where only a name may stand.
    fn name(&mut self, name: &Name, range: Option<Range<usize>>) -> Ident {
        self.only_name(
            name,
            range,
            "Here a name is expected: letters, digits, `_` and `-`, without quotes.",
        )
    }

    /// The same, with what is said about something else.
    fn only_name(&mut self, name: &Name, range: Option<Range<usize>>, detail: &str) -> Ident {
        let span = self.span(name.span().or_else(|| range.clone()));
        match self.token(name, range) {
            Some(token) if token.kind == TokenKind::Identifier => {}
            _ => self.reader.error("Invalid syntax", detail, span),
        }
        Ident {
            text: Arc::from(name.as_str()),
            span,
        }
    }

    fn expression(&mut self, tree: &Expression) -> Expr {
        let span = self.span(tree.span());
        if self.reader.depth >= MAX_DEPTH {
            self.reader.diagnostics.push(too_deep(span));
            return Expr {
                kind: ExprKind::Value(Value::NULL),
                span,
            };
        }
        self.reader.depth += 1;
        let kind = self.kind(tree);
        self.reader.depth -= 1;
        Expr { kind, span }
    }

    fn shared(&mut self, tree: &Expression) -> Arc<Expr> {
        Arc::new(self.expression(tree))
    }

    pub(super) fn kind(&mut self, tree: &Expression) -> ExprKind {
        match tree {
            Expression::Bool(value) => ExprKind::Value(Value::Bool(*value.value())),
            Expression::Array(items) => {
                let start = tree.span().map_or(0, |span| span.start);
                if self.reader.is_loop(self.reader.index_at(self.base + start)) {
                    let span = self.span(tree.span());
                    self.reader.error("Invalid syntax", mistakes::LOOP, span);
                }
                ExprKind::Tuple(Arc::new(
                    items.iter().map(|item| self.expression(item)).collect(),
                ))
            }
            Expression::Parenthesis(inner) => ExprKind::Parens(self.shared(inner.inner())),
            Expression::Variable(name) => {
                let start = name
                    .span()
                    .or_else(|| tree.span())
                    .map_or(0, |span| span.start);
                self.reader.stand_in(self.base + start)
            }
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
            Expression::Number(_) => {
                let start = tree.span().map_or(0, |span| span.start);
                self.reader.stand_in(self.base + start)
            }
            // Only one that begins like a loop gets here.
            Expression::Object(_) => {
                let span = self.span(tree.span());
                self.reader.error("Invalid syntax", mistakes::LOOP, span);
                ExprKind::Value(Value::NULL)
            }
            // All but null is cut out of the parser's text, so it cannot have read one.
            Expression::Null(_)
            | Expression::String(_)
            | Expression::StringTemplate(_)
            | Expression::HeredocTemplate(_) => ExprKind::Value(Value::NULL),
        }
    }

    fn call(&mut self, call: &FuncCall) -> ExprKind {
        let mut text = String::new();
        let mut start = None;
        for part in &call.name.namespace {
            let name = self.name(part, None);
            start = start.or(Some(name.span));
            text.push_str(&name.text);
            text.push_str("::");
        }
        let last = self.only_name(
            &call.name.name,
            None,
            "Only a function's name can be called: `name(argument)`.",
        );
        text.push_str(&last.text);
        ExprKind::Call {
            name: Ident {
                text: Arc::from(text),
                span: start.map_or(last.span, |start| start.to(last.span)),
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
        if self.reader.depth + traversal.operators.len() > MAX_DEPTH {
            let span = self.span(traversal.span());
            self.reader.diagnostics.push(too_deep(span));
            return ExprKind::Value(Value::NULL);
        }
        let root = self.expression(&traversal.expr);
        self.reader.depth += traversal.operators.len();
        let expr = self.operators(root, &traversal.operators);
        self.reader.depth -= traversal.operators.len();
        expr.kind
    }

    /// Applies the operators of a traversal from left to right; a splat takes those that belong to each element.
    fn operators(&mut self, root: Expr, operators: &[Decorated<TraversalOperator>]) -> Expr {
        let mut expr = root;
        let mut rest = operators;
        while let Some((operator, after)) = rest.split_first() {
            rest = after;
            let operator_span = self.span(operator.span());
            let span = expr.span.to(operator_span);
            let source = Arc::new(expr);
            let kind = match operator.value() {
                TraversalOperator::GetAttr(name) => self.attribute(source, name, operator.span()),
                TraversalOperator::Index(key) => ExprKind::Index(source, self.shared(key)),
                TraversalOperator::LegacyIndex(_) => self.legacy_index(source, operator.span()),
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
                    self.no_second_splat(rest.get(count));
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

    /// `.name`, or `.0`, which is the old way to write an index.
    fn attribute(
        &mut self,
        source: Arc<Expr>,
        name: &Name,
        operator: Option<Range<usize>>,
    ) -> ExprKind {
        match self.token(name, operator.clone()) {
            Some(token) if token.kind == TokenKind::Number => self.index(source, token),
            _ => ExprKind::Get(source, self.name(name, operator)),
        }
    }

    /// `.0` with a digit that the parser got to see.
    fn legacy_index(&mut self, source: Arc<Expr>, operator: Option<Range<usize>>) -> ExprKind {
        let last = operator.map_or(0, |range| range.end.saturating_sub(1));
        let token = self.reader.token(self.reader.index_at(self.base + last));
        match token {
            Some(token) => self.index(source, token),
            None => ExprKind::Value(Value::NULL),
        }
    }

    fn index(&mut self, source: Arc<Expr>, number: Token) -> ExprKind {
        let index = Expr {
            kind: self.reader.number(number),
            span: self.reader.source.at(number),
        };
        ExprKind::Index(source, Arc::new(index))
    }

    /// Refuses `.*` behind `.*`, as Terraform does.
    fn no_second_splat(&mut self, next: Option<&Decorated<TraversalOperator>>) {
        if let Some(next) = next
            && matches!(next.value(), TraversalOperator::AttrSplat(_))
        {
            let span = self.span(next.span());
            self.reader.error(
                "Invalid syntax",
                "`.*` cannot follow `.*`. Write `[*]` for both.",
                span,
            );
        }
    }

    fn for_expression(&mut self, node: &ForExpr) -> ExprKind {
        let key = node
            .intro
            .key_var
            .as_ref()
            .map(|name| self.name(name, None));
        ExprKind::For(Arc::new(For {
            key,
            value: self.name(&node.intro.value_var, None),
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
