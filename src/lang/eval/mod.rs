//! The evaluator: one for both phases.
//!
//! An expression becomes a value. What depends on a name that only a run knows becomes [`Value::Deferred`] with what is left of
//! the expression, everything known folded into it; the same evaluator finishes it when an instance runs. Rules of residuals:
//! errors under a deferred condition are errors; the untaken branch of a known condition is ignored; a deferred element
//! inside a collection leaves the collection usable. Marks of sensitivity are taken off operands and put on results.
//!
//! Every evaluation works within a [`Budget`], so that no configuration can take the machine down.

mod access;
mod call;
mod explain;
mod fault;
#[cfg(test)]
pub(super) mod generator;
mod loops;
mod modules;
mod operators;
#[cfg(test)]
mod phases;
pub(crate) mod residual;
mod template;
mod templates;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod typed;

use std::cell::Cell;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::ast::Expr;
use super::ast::ExprKind;
use super::convert;
use super::functions::Call;
use super::named;
use super::scope::Resolution;
use super::scope::Scope;
use super::scope::Step;
use super::value::Value;
use crate::diag::Diagnostic;
use crate::diag::Span;
use fault::Fault;
use fault::Outcome;
pub(crate) use operators::sign;
pub(crate) use residual::children;
pub(crate) use residual::children_mut;
use residual::deferred;
pub(crate) use residual::visit;

/// When an expression is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// While a plan is made.
    Plan {
        /// Whether calls of impure functions stay in the residual (stored attributes) or are made at once (`console`,
        /// `for_each`).
        defer_impure: bool,
    },
    /// When an instance runs.
    Run,
}

/// The most values that one value may have in it: shared ones cost little to make and much to walk through.
const HEAVIEST: u64 = 4_000_000;

/// The most levels of collections and structures that a value may have, so that everything that walks one has stack enough.
const DEEPEST: u32 = 300;

/// What evaluation may still use. Shared by all evaluations of one command.
#[derive(Debug)]
pub struct Budget {
    /// Expression nodes.
    steps: Cell<u64>,
    /// Bytes of strings and elements of collections.
    bytes: Cell<u64>,
}

impl Budget {
    /// A budget of so many evaluated nodes and so many bytes of results.
    pub fn new(steps: u64, bytes: u64) -> Self {
        Self {
            steps: Cell::new(steps),
            bytes: Cell::new(bytes),
        }
    }

    fn take(counter: &Cell<u64>, amount: u64) -> bool {
        let left = counter.get().checked_sub(amount);
        counter.set(left.unwrap_or(0));
        left.is_some()
    }
}

/// Enough for 100,000 objects; a bomb ends within seconds.
impl Default for Budget {
    fn default() -> Self {
        Self::new(50_000_000, 1 << 28)
    }
}

/// Evaluates expressions.
#[derive(Clone)]
pub struct Evaluator<'a> {
    scope: &'a dyn Scope,
    call: &'a Call<'a>,
    budget: &'a Budget,
    phase: Phase,
    /// Free names of deferred values met inside a `for` that stays in the residual, whose variables must not capture them.
    foreign: RefCell<BTreeSet<Arc<str>>>,
    /// How many such `for`s are being evaluated.
    residual_loops: Cell<u32>,
    /// How many templates are being carried out, one inside the other.
    templates: u8,
    /// Large collections that were met under a name, by their place in memory, with it.
    large: RefCell<BTreeMap<usize, (Value, Expr)>>,
    /// What named parts of residuals have come to, by their place in memory.
    parts: RefCell<BTreeMap<usize, (Arc<Expr>, Value)>>,
}

/// The variables of `for` and the element of a splat, innermost first.
#[derive(Clone, Copy)]
struct Frame<'f> {
    name: &'f str,
    value: &'f Value,
    /// Under which name the variable stays in the residual, if it does.
    residual: Option<&'f str>,
    parent: Option<&'f Self>,
}

type Frames<'f> = Option<&'f Frame<'f>>;

/// The name of the element of a splat among the frames; no variable can have it.
const EACH: &str = "*";

impl<'a> Evaluator<'a> {
    /// An evaluator. `call` is what functions may use.
    pub fn new(scope: &'a dyn Scope, call: &'a Call<'a>, budget: &'a Budget, phase: Phase) -> Self {
        Self {
            scope,
            call,
            budget,
            phase,
            foreign: RefCell::default(),
            residual_loops: Cell::new(0),
            templates: 0,
            large: RefCell::default(),
            parts: RefCell::default(),
        }
    }

    /// The value of an expression; `None` if there was an error, which has been reported to the scope.
    pub fn evaluate(&self, expr: &Expr) -> Option<Value> {
        self.outcome(expr)
            .map_err(|fault| {
                for diagnostic in fault.diagnostics {
                    self.scope.report(diagnostic);
                }
            })
            .ok()
    }

    /// The value of a deferred value's expression; errors are reported with their part of it.
    fn finish_expression(&self, residual: &Expr) -> Option<Value> {
        self.outcome(residual)
            .map_err(|fault| {
                for diagnostic in fault.diagnostics {
                    self.scope.report_part(residual, diagnostic);
                }
            })
            .ok()
    }

    fn outcome(&self, expr: &Expr) -> Outcome {
        self.expression(expr, None).and_then(|value| {
            let value = self.whole(value)?;
            if residual::is_too_large(&value) {
                let detail = "What remains of this expression until an instance runs is too large or nested too deeply to be stored. \
                    Simplify it, or move parts into `locals`.";
                return Err(Fault::new(Diagnostic::error("Deferred expression too large", detail).at(expr.span)));
            }
            Ok(value)
        })
    }

    /// The value with its deferred parts evaluated, as when an instance runs; `None` if there was an error, which has been
    /// reported to the scope.
    pub fn finish(&self, value: &Value) -> Option<Value> {
        let all = |items: &[Value]| {
            items
                .iter()
                .map(|item| self.finish(item))
                .collect::<Option<Vec<Value>>>()
        };
        let entries = |items: &BTreeMap<Arc<str>, Value>| {
            let entry =
                |(key, item): (&Arc<str>, &Value)| Some((Arc::clone(key), self.finish(item)?));
            items.iter().map(entry).collect::<Option<BTreeMap<_, _>>>()
        };
        match value {
            Value::Deferred(expr) => self.finish_expression(expr),
            known if known.is_known() => Some(known.clone()),
            Value::Sensitive(inner) => Some(self.finish(inner)?.mark(true)),
            Value::List(items) => Some(Value::list(all(items)?)),
            Value::Set(items) => Some(Value::set(all(items)?)),
            Value::Tuple(items) => Some(Value::tuple(all(items)?)),
            Value::Map(items) => Some(Value::map(entries(items)?)),
            Value::Object(items) => Some(Value::object(entries(items)?)),
            known => Some(known.clone()),
        }
    }

    fn expression(&self, expr: &Expr, frames: Frames<'_>) -> Outcome {
        self.step(expr.span)?;
        let value = self
            .evaluated(expr, frames)
            .map_err(|fault| self.explained(fault, expr, frames))?;
        if value.weight() > HEAVIEST {
            let what = "makes values of too many elements";
            return Err(Fault::exhausted(what, expr.span));
        }
        if value.depth() > DEEPEST {
            let what = "makes values that are nested too deeply";
            return Err(Fault::exhausted(what, expr.span));
        }
        Ok(value)
    }

    fn evaluated(&self, expr: &Expr, frames: Frames<'_>) -> Outcome {
        match &expr.kind {
            ExprKind::Value(value) => Ok(value.clone()),
            ExprKind::Template(parts) => self.template(parts, expr.span, frames),
            ExprKind::Tuple(items) => {
                self.bytes(items.len() * size_of::<Value>(), expr.span)?;
                let items = self.all(items, frames)?;
                Ok(Value::tuple(items))
            }
            ExprKind::Object(items) => self.object(items, expr.span, frames),
            ExprKind::Name(_) | ExprKind::Get(..) => self.traversal(expr, frames),
            ExprKind::Index(source, key) => {
                let source_value = self.expression(source, frames)?;
                let key_value = self.expression(key, frames)?;
                self.index(source_value, key_value, key.span, expr.span)
            }
            ExprKind::Splat { source, full, each } => {
                self.splat(source, *full, each, expr.span, frames)
            }
            ExprKind::Each => {
                Ok(lookup(EACH, frames).map_or(Value::NULL, |frame| frame.value.clone()))
            }
            ExprKind::Call {
                name,
                arguments,
                expand,
            } => self.call(name, arguments, *expand, expr.span, frames),
            ExprKind::Unary(operator, operand) => self.unary(*operator, operand, expr.span, frames),
            ExprKind::Binary(operator, left, right) => {
                self.binary(*operator, left, right, expr.span, frames)
            }
            ExprKind::Conditional(condition, yes, no) => {
                self.conditional(condition, yes, no, frames, expr.span)
            }
            ExprKind::For(node) => self.for_expression(node, expr.span, frames),
            ExprKind::Parens(inner) => self.expression(inner, frames),
            ExprKind::Unread => Err(Fault::reported()),
            ExprKind::Later(later) => match &later.value {
                Some(_) if self.phase != Phase::Run => Ok(deferred(expr.kind.clone(), expr.span)),
                Some(value) => self.named_part(value),
                None => self.expression(&later.path, frames),
            },
        }
    }

    /// What a named part of a residual comes to, evaluated once.
    fn named_part(&self, part: &Arc<Expr>) -> Outcome {
        let place = Arc::as_ptr(part) as usize;
        if let Some((_, value)) = self.parts.borrow().get(&place) {
            return Ok(value.clone());
        }
        let value = stacker::maybe_grow(named::RED_ZONE, named::STACK, || {
            self.expression(part, None)
        })?;
        let mut parts = self.parts.borrow_mut();
        parts.insert(place, (Arc::clone(part), value.clone()));
        Ok(value)
    }

    /// Remembers the name of a large collection.
    fn meet_large(&self, value: &Value, path: &[Step]) {
        let bare = value.unmarked();
        if named::is_large_collection(bare)
            && let Some(place) = residual::place(bare)
            && !self.large.borrow().contains_key(&place)
            && let Some(name) = self.scope.name(path)
        {
            let mut large = self.large.borrow_mut();
            large.insert(place, (bare.clone(), name));
        }
    }

    /// An expression that gives the value, without marks, and whether the value or something in it was sensitive. Large
    /// collections are called by the names they were met under.
    fn folded(&self, value: Value, span: Span) -> (Expr, bool) {
        let name = |value: &Value| {
            let place = residual::place(value)?;
            let large = self.large.borrow();
            large.get(&place).map(|(_, name)| name.clone())
        };
        residual::to_expr(value, span, &name)
    }

    /// The value without its mark, and whether it had one. A set is deferred as a whole while one of its elements is: until all
    /// are known it has no order, and it is not known either which of them are the same.
    fn in_order(&self, value: Value, span: Span) -> (Value, bool) {
        let (value, marked) = value.unmark();
        let open = matches!(&value, Value::Set(items) if items.len() > 1) && !value.is_known();
        if !open {
            return (value, marked);
        }
        let (expr, sensitive) = self.folded(value, span);
        (Value::Deferred(Arc::new(expr)), marked || sensitive)
    }

    /// All expressions; the errors of all of them.
    fn all(&self, exprs: &[Expr], frames: Frames<'_>) -> Result<Vec<Value>, Fault> {
        let mut values = Vec::with_capacity(exprs.len());
        let mut fault: Option<Fault> = None;
        for expr in exprs {
            match (self.expression(expr, frames), &mut fault) {
                (Ok(value), _) => values.push(value),
                (Err(further), Some(fault)) => fault.merge(further),
                (Err(first), none) => *none = Some(first),
            }
            if fault.as_ref().is_some_and(|fault| fault.fatal) {
                break;
            }
        }
        fault.map_or(Ok(values), Err)
    }

    fn step(&self, span: Span) -> Result<(), Fault> {
        if Budget::take(&self.budget.steps, 1) {
            return Ok(());
        }
        Err(Fault::exhausted("takes too many steps", span))
    }

    fn bytes(&self, amount: usize, span: Span) -> Result<(), Fault> {
        if Budget::take(&self.budget.bytes, amount as u64) {
            return Ok(());
        }
        Err(Fault::exhausted("makes values that are too large", span))
    }

    fn object(&self, items: &[(Expr, Expr)], span: Span, frames: Frames<'_>) -> Outcome {
        self.bytes(items.len() * size_of::<(Arc<str>, Value)>(), span)?;
        let mut entries = BTreeMap::new();
        let mut fault: Option<Fault> = None;
        let mut folded = Vec::new();
        let (mut sensitive, mut dynamic) = (false, false);
        for (key, item) in items {
            let pair = self
                .expression(key, frames)
                .and_then(|key_value| Ok((key_value, self.expression(item, frames)?)))
                .and_then(|(key_value, item)| {
                    let (key_value, marked) = key_value.unmark();
                    sensitive |= marked;
                    if let Value::Deferred(_) = key_value {
                        dynamic = true;
                    } else {
                        entries.insert(
                            object_key(&key_value, key.span)
                                .map_err(|fault| fault.concealed_if(marked))?,
                            item.clone(),
                        );
                    }
                    Ok((key_value, item))
                });
            match (pair, &mut fault) {
                (Ok((key_value, value)), _) => folded.push((key_value, key.span, value, item.span)),
                (Err(further), Some(fault)) => fault.merge(further),
                (Err(first), none) => *none = Some(first),
            }
        }
        if let Some(fault) = fault {
            return Err(fault);
        }
        if !dynamic {
            return Ok(Value::object(entries).mark(sensitive));
        }
        let items = folded.into_iter().map(|(key, key_span, item, item_span)| {
            let (item, marked) = self.folded(item, item_span);
            sensitive |= marked;
            (self.folded(key, key_span).0, item)
        });
        let kind = ExprKind::Object(Arc::new(items.collect()));
        Ok(deferred(kind, span).mark(sensitive))
    }

    /// A name and the attributes read from it.
    fn traversal(&self, expr: &Expr, frames: Frames<'_>) -> Outcome {
        let Some(path) = path_of(expr) else {
            let ExprKind::Get(source, name) = &expr.kind else {
                return Ok(Value::NULL);
            };
            let value = self.expression(source, frames)?;
            return self.get(
                value,
                &Step {
                    name: Arc::clone(&name.text),
                    span: name.span,
                },
                expr.span,
            );
        };
        let (mut value, consumed) = match path.first().and_then(|root| lookup(&root.name, frames)) {
            Some(frame) => (frame.value.clone(), 1),
            None => match self.scope.resolve(&path) {
                Resolution::Value { value, consumed } => {
                    self.meet_all(&value);
                    self.meet_large(&value, path.get(..consumed).unwrap_or(&path));
                    (value, consumed)
                }
                Resolution::Deferred { ty, consumed } => {
                    self.meet(path.first().map(|root| &root.name));
                    let consumed = consumed.clamp(1, path.len());
                    (
                        residual::later(leading(expr, path.len() - consumed), ty),
                        consumed,
                    )
                }
                Resolution::Failed => return Err(Fault::reported()),
                Resolution::Wrong(finding) => return Err(Fault::new(*finding)),
            },
        };
        let start = path.first().map_or(expr.span, |root| root.span);
        for step in path.iter().skip(consumed) {
            value = self.get(value, step, start.to(step.span))?;
        }
        Ok(value)
    }

    /// Remembers a name that must not be captured.
    fn meet(&self, name: Option<&Arc<str>>) {
        if self.residual_loops.get() > 0 {
            self.foreign.borrow_mut().extend(name.cloned());
        }
    }

    fn meet_all(&self, value: &Value) {
        if self.residual_loops.get() > 0 {
            residual::free_names(value, &mut self.foreign.borrow_mut());
        }
    }
}

/// The names of `a.b.c`; `None` if the root is not a name.
pub(super) fn path_of(expr: &Expr) -> Option<Vec<Step>> {
    let mut path = Vec::new();
    let mut node = expr;
    loop {
        match &node.kind {
            ExprKind::Get(source, name) => {
                path.push(Step {
                    name: Arc::clone(&name.text),
                    span: name.span,
                });
                node = source;
            }
            ExprKind::Name(name) => {
                path.push(Step {
                    name: Arc::clone(&name.text),
                    span: name.span,
                });
                path.reverse();
                return Some(path);
            }
            _ => return None,
        }
    }
}

/// A traversal without its last `steps` names.
fn leading(expr: &Expr, steps: usize) -> Expr {
    let mut node = expr;
    for _ in 0..steps {
        if let ExprKind::Get(source, _) = &node.kind {
            node = source;
        }
    }
    node.clone()
}

fn lookup<'f>(name: &str, frames: Frames<'f>) -> Option<&'f Frame<'f>> {
    let mut frame = frames;
    while let Some(current) = frame {
        if current.name == name {
            return frame;
        }
        frame = current.parent;
    }
    None
}

/// The key of an object's entry.
fn object_key(key: &Value, span: Span) -> Result<Arc<str>, Fault> {
    convert::to_text(key).ok_or_else(|| {
        let detail = format!(
            "The key of an object is a string; this is {}.",
            key.describe()
        );
        Fault::new(Diagnostic::error("Invalid key", detail).at(span))
    })
}
