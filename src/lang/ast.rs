//! The tree that files are lowered to: bodies, blocks, attributes and expressions, each with its span.

use std::sync::Arc;

use super::named;
use super::types::Type;
use super::value::Value;
use crate::diag::Damage;
use crate::diag::Span;

/// A name in the source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ident {
    /// The name.
    pub text: Arc<str>,
    /// Where it stands.
    pub span: Span,
}

/// The content of a file or a block.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Body {
    /// In source order; names are unique (the parser reports doubles).
    pub attributes: Vec<Attribute>,
    /// In source order.
    pub blocks: Vec<Block>,
    /// The whole body.
    pub span: Span,
}

/// `name = expression`.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// The name.
    pub name: Ident,
    /// The value.
    pub expr: Expr,
}

/// `kind "label" … { body }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// The word it starts with.
    pub kind: Ident,
    /// Its labels, quoted or bare.
    pub labels: Vec<Ident>,
    /// Its content.
    pub body: Body,
    /// The header: from the kind to the last label.
    pub span: Span,
}

impl Block {
    /// All of it.
    pub fn whole(&self) -> Span {
        self.span.to(self.body.span)
    }

    /// Whether something of it could not be read that is in no block of its own.
    pub fn is_damaged(&self, damage: &Damage) -> bool {
        let own = |place: Span| {
            let mut blocks = self.body.blocks.iter().map(|block| block.body.span);
            !blocks.any(|inner| inner.start <= place.start && place.end <= inner.end)
        };
        damage.is_everywhere() || damage.within(self.whole()).any(own)
    }
}

/// An expression with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands. For folded parts of a residual: the span of the expression that was folded.
    pub span: Span,
}

/// The kinds of expressions.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// A literal, or (in residuals) a folded value, which holds no `Deferred`.
    Value(Value),
    /// A quoted or heredoc template with at least one interpolation or directive.
    Template(Arc<Vec<Part>>),
    /// `[a, b]`.
    Tuple(Arc<Vec<Expr>>),
    /// `{ key = value }`.
    Object(Arc<Vec<(Expr, Expr)>>),
    /// A name that starts a traversal, or stands alone.
    Name(Ident),
    /// `a.name`.
    Get(Arc<Expr>, Ident),
    /// `a[key]` (and `a.0`).
    Index(Arc<Expr>, Arc<Expr>),
    /// `a[*].b` (`full`) or `a.*.b`: the source, and what is done to each element, written on [`ExprKind::Each`].
    Splat {
        /// What is iterated over.
        source: Arc<Expr>,
        /// `[*]` rather than `.*`.
        full: bool,
        /// The traversal applied to each element, with [`ExprKind::Each`] as its root.
        each: Arc<Expr>,
    },
    /// The element, inside the `each` of a splat.
    Each,
    /// `f(a, b...)`.
    Call {
        /// The function.
        name: Ident,
        /// Its arguments.
        arguments: Arc<Vec<Expr>>,
        /// Whether the last argument is followed by `...`.
        expand: bool,
    },
    /// `!a` or `-a`.
    Unary(UnaryOp, Arc<Expr>),
    /// `a + b`.
    Binary(BinaryOp, Arc<Expr>, Arc<Expr>),
    /// `a ? b : c`.
    Conditional(Arc<Expr>, Arc<Expr>, Arc<Expr>),
    /// `[for …]` or `{for …}`.
    For(Arc<For>),
    /// `(a)`.
    Parens(Arc<Expr>),
    /// What could not be read, which was reported.
    Unread,
    /// In residuals only: a name that is known when an instance runs, with what a plan knows of it.
    Later(Arc<Later>),
}

/// What a name in a residual stands for.
#[derive(Clone, Debug)]
pub struct Later {
    /// The name, as it is written: `run.date`, `local.large`, the variable of a `for` that stays.
    pub path: Expr,
    /// The type of its value, as far as that shows.
    pub ty: Type,
    /// What it is evaluated to; `None` for what a scope or a `for` knows.
    pub value: Option<Arc<Expr>>,
}

/// Parts that go by the same name and print the same are the same: comparing trees would take the same part many times.
impl PartialEq for Later {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
            && self.ty == other.ty
            && match (&self.value, &other.value) {
                (Some(left), Some(right)) => Arc::ptr_eq(left, right) || named::same(left, right),
                (None, None) => true,
                _ => false,
            }
    }
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Text, unescaped, dedented and stripped.
    Literal(Arc<str>),
    /// `${ … }`.
    Interpolation(Expr),
    /// `%{ if … }`.
    If {
        /// The condition.
        condition: Expr,
        /// The text when it holds.
        then: Vec<Self>,
        /// The text when it does not.
        otherwise: Vec<Self>,
    },
    /// `%{ for … }`.
    For {
        /// Key and value names; the key is optional.
        key: Option<Ident>,
        /// The name of the element.
        value: Ident,
        /// What is iterated over.
        collection: Expr,
        /// The text for each element.
        body: Vec<Self>,
    },
}

/// A `for` expression.
#[derive(Clone, Debug, PartialEq)]
pub struct For {
    /// The name of the key, if it is bound.
    pub key: Option<Ident>,
    /// The name of the element.
    pub value: Ident,
    /// What is iterated over.
    pub collection: Expr,
    /// The key of the result: makes an object instead of a tuple.
    pub result_key: Option<Expr>,
    /// The element of the result.
    pub result: Expr,
    /// `...` after the value of an object: group by key.
    pub group: bool,
    /// The filter.
    pub condition: Option<Expr>,
}

/// Unary operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOp {
    /// `!`
    Not,
    /// `-`
    Negate,
}

/// Binary operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOp {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Modulo,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `&&`
    And,
    /// `||`
    Or,
}
