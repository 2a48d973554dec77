//! Large parts of residuals, which keep the names by which the configuration calls them.
//!
//! What is known is folded into a residual, and the residual of a local, variable or output into that of its reader. Where that
//! would be large, the reader keeps the name instead (`local.table[run.day]`), and what the name stands for is kept beside, once.
//! A name begins with the address of the module it stands in, so that it means one thing wherever a residual lands:
//! `module.eu.local.table`.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use super::ast::Expr;
use super::ast::ExprKind;
use super::ast::Ident;
use super::ast::Later;
use super::ast::Part;
use super::eval::children;
use super::eval::children_mut;
use super::eval::visit;
use super::infer;
use super::parse::parse_expression;
use super::print;
use super::types::Type;
use super::value::Value;
use crate::diag::Diagnostics;
use crate::diag::FileId;

/// A residual of more nodes than this is large, and so is a collection of more elements.
const LARGE: u64 = 128;

/// The stack that one part needs at most, and how much more there will be where there is less, in bytes.
pub(super) const RED_ZONE: usize = 1 << 20;
pub(super) const STACK: usize = 16 << 20;

/// How many nodes a residual may have in which names are spelled out.
const ROOM: u64 = 10_000;

/// What names stand for, by name.
pub(crate) type Names = BTreeMap<String, Arc<Expr>>;

/// Whether a residual is too large to stand in another one.
fn is_large(expr: &Expr) -> bool {
    let mut nodes = 0;
    count(expr, &mut nodes);
    nodes > large()
}

/// The limit; tests of small expressions lower it.
fn large() -> u64 {
    #[cfg(test)]
    return tests::LIMIT.get();
    #[cfg(not(test))]
    LARGE
}

/// Counts the nodes of an expression, as far as is needed to see that it is large.
fn count(expr: &Expr, nodes: &mut u64) {
    *nodes += match &expr.kind {
        ExprKind::Value(value) => value.weight(),
        _ => 1,
    };
    if *nodes <= large() && !matches!(expr.kind, ExprKind::Later(_)) {
        children(expr, &mut |child| count(child, nodes));
    }
}

/// Whether a collection is too large to be folded into a residual.
pub(super) fn is_large_collection(value: &Value) -> bool {
    value.weight() > large()
}

/// A traversal as an expression: `module.eu["a"].local.table`.
pub(crate) fn path(text: &str) -> Option<Expr> {
    parse_expression(FileId::default(), text, &mut Diagnostics::new())
}

/// A part of a residual that goes by its name.
pub(super) fn by_name(path: Expr, ty: Type, value: Arc<Expr>) -> Expr {
    let span = value.span;
    let later = Later {
        path,
        ty,
        value: Some(value),
    };
    Expr {
        kind: ExprKind::Later(Arc::new(later)),
        span,
    }
}

/// The value of a local, variable or output as its readers get it: what is large in it goes by its name, which `path` gives.
/// The elements of sets have none.
pub(crate) fn called(value: Value, path: impl FnOnce() -> Option<Expr>) -> Value {
    if !has_large(&value) {
        return value;
    }
    match path() {
        Some(path) => rename(value, &path),
        None => value,
    }
}

fn has_large(value: &Value) -> bool {
    match value {
        Value::Deferred(expr) => is_large(expr),
        Value::Sensitive(inner) => has_large(inner),
        Value::List(items) | Value::Tuple(items) => items.iter().any(has_large),
        Value::Map(items) | Value::Object(items) => items.values().any(has_large),
        _ => false,
    }
}

fn rename(value: Value, path: &Expr) -> Value {
    let span = path.span;
    let element = |key: Value| Expr {
        kind: ExprKind::Index(
            Arc::new(path.clone()),
            Arc::new(Expr {
                kind: ExprKind::Value(key),
                span,
            }),
        ),
        span,
    };
    let all = |items: &[Value]| -> Vec<Value> {
        let each = |(index, item): (usize, &Value)| {
            let path = element(Value::Number(
                i64::try_from(index).unwrap_or(i64::MAX).into(),
            ));
            rename(item.clone(), &path)
        };
        items.iter().enumerate().map(each).collect()
    };
    let entries = |items: &BTreeMap<Arc<str>, Value>| -> BTreeMap<Arc<str>, Value> {
        let each = |(key, item): (&Arc<str>, &Value)| {
            let path = if print::is_plain_key(key) {
                let text = Arc::clone(key);
                let kind = ExprKind::Get(Arc::new(path.clone()), Ident { text, span });
                Expr { kind, span }
            } else {
                element(Value::String(Arc::clone(key)))
            };
            (Arc::clone(key), rename(item.clone(), &path))
        };
        items.iter().map(each).collect()
    };
    match value {
        Value::Deferred(expr) if is_large(&expr) => {
            let ty = infer::of(&expr, None);
            Value::Deferred(Arc::new(by_name(path.clone(), ty, expr)))
        }
        Value::Sensitive(inner) => rename(Arc::unwrap_or_clone(inner), path).mark(true),
        Value::List(items) if !items.iter().all(Value::is_known) => Value::list(all(&items)),
        Value::Tuple(items) if !items.iter().all(Value::is_known) => Value::tuple(all(&items)),
        Value::Map(items) if items.values().any(Value::has_deferred) => Value::map(entries(&items)),
        Value::Object(items) if items.values().any(Value::has_deferred) => {
            Value::object(entries(&items))
        }
        value => value,
    }
}

/// The value with what its names stand for in their place, unless it would be too large: for people who ask for it.
pub(crate) fn spelled_out(value: Value) -> Value {
    match value {
        Value::Deferred(expr) => {
            let mut whole = Arc::unwrap_or_clone(Arc::clone(&expr));
            let mut nodes = 0;
            if spell_out(&mut whole, &mut nodes) {
                return Value::Deferred(Arc::new(whole));
            }
            Value::Deferred(expr)
        }
        Value::Sensitive(inner) => spelled_out(Arc::unwrap_or_clone(inner)).mark(true),
        Value::List(items) if !items.iter().all(Value::is_known) => {
            Value::list(items.iter().cloned().map(spelled_out).collect())
        }
        Value::Tuple(items) if !items.iter().all(Value::is_known) => {
            Value::tuple(items.iter().cloned().map(spelled_out).collect())
        }
        Value::Map(items) if items.values().any(Value::has_deferred) => {
            Value::map(spelled_out_entries(&items))
        }
        Value::Object(items) if items.values().any(Value::has_deferred) => {
            Value::object(spelled_out_entries(&items))
        }
        value => value,
    }
}

fn spelled_out_entries(items: &BTreeMap<Arc<str>, Value>) -> BTreeMap<Arc<str>, Value> {
    let each = |(key, item): (&Arc<str>, &Value)| (Arc::clone(key), spelled_out(item.clone()));
    items.iter().map(each).collect()
}

/// Whether what the names stand for found room.
fn spell_out(expr: &mut Expr, nodes: &mut u64) -> bool {
    *nodes += 1;
    if *nodes > ROOM {
        return false;
    }
    if let ExprKind::Later(later) = &expr.kind
        && let Some(value) = &later.value
    {
        *expr = Expr::clone(value);
        return spell_out(expr, nodes);
    }
    let mut fits = true;
    children_mut(expr, &mut |child| fits = fits && spell_out(child, nodes));
    fits
}

/// The value with all its names below another one: for what was configured earlier than what it will stand beside, where the
/// same names may stand for something else.
pub(crate) fn below(value: Value, outer: &str) -> Value {
    let mut known = BTreeMap::new();
    below_in(value, outer, &mut known)
}

/// Parts that have new names, by the place of what they stand for in memory.
type Renamed = BTreeMap<usize, (Arc<Expr>, Arc<Expr>)>;

fn below_in(value: Value, outer: &str, known: &mut Renamed) -> Value {
    let mut all = |items: &[Value]| -> Vec<Value> {
        let items = items.iter().cloned();
        items.map(|item| below_in(item, outer, known)).collect()
    };
    match value {
        Value::Deferred(expr) => {
            let mut expr = Arc::unwrap_or_clone(expr);
            push_below(&mut expr, outer, known);
            Value::Deferred(Arc::new(expr))
        }
        Value::Sensitive(inner) => below_in(Arc::unwrap_or_clone(inner), outer, known).mark(true),
        Value::List(items) if !items.iter().all(Value::is_known) => Value::list(all(&items)),
        Value::Tuple(items) if !items.iter().all(Value::is_known) => Value::tuple(all(&items)),
        Value::Map(items) if items.values().any(Value::has_deferred) => {
            Value::map(below_entries(&items, outer, known))
        }
        Value::Object(items) if items.values().any(Value::has_deferred) => {
            Value::object(below_entries(&items, outer, known))
        }
        value => value,
    }
}

fn below_entries(
    items: &BTreeMap<Arc<str>, Value>,
    outer: &str,
    known: &mut Renamed,
) -> BTreeMap<Arc<str>, Value> {
    let each =
        |(key, item): (&Arc<str>, &Value)| (Arc::clone(key), below_in(item.clone(), outer, known));
    items.iter().map(each).collect()
}

fn push_below(expr: &mut Expr, outer: &str, known: &mut Renamed) {
    let ExprKind::Later(later) = &mut expr.kind else {
        children_mut(expr, &mut |child| push_below(child, outer, known));
        return;
    };
    let Some(value) = &later.value else {
        return;
    };
    let place = Arc::as_ptr(value) as usize;
    let renamed = if let Some((_, renamed)) = known.get(&place) {
        Arc::clone(renamed)
    } else {
        let mut inner = Expr::clone(value);
        stacker::maybe_grow(RED_ZONE, STACK, || push_below(&mut inner, outer, known));
        let inner = Arc::new(inner);
        known.insert(place, (Arc::clone(value), Arc::clone(&inner)));
        inner
    };
    let name = format!("{outer}.{}", print::expression(&later.path));
    if let Some(path) = path(&name) {
        *later = Arc::new(Later {
            path,
            ty: later.ty.clone(),
            value: Some(renamed),
        });
    }
}

/// What the names in a residual stand for, and the names in that, and so on.
pub(crate) fn names(expr: &Expr) -> Names {
    let mut names = Names::new();
    collect(expr, &mut names);
    names
}

/// Adds the names in the deferred parts of a value.
pub(crate) fn names_of(value: &Value, names: &mut Names) {
    match value {
        Value::Deferred(expr) => collect(expr, names),
        Value::List(items) | Value::Set(items) | Value::Tuple(items) => {
            items.iter().for_each(|item| names_of(item, names));
        }
        Value::Map(items) | Value::Object(items) => {
            items.values().for_each(|item| names_of(item, names));
        }
        _ => {}
    }
}

fn collect(expr: &Expr, names: &mut Names) {
    let mut waiting = Vec::new();
    named_parts(expr, &mut waiting);
    while let Some(part) = waiting.pop() {
        if let Some(value) = &part.value
            && let Entry::Vacant(place) = names.entry(print::expression(&part.path))
        {
            place.insert(Arc::clone(value));
            named_parts(value, &mut waiting);
        }
    }
}

/// The named parts in an expression, without those in what they stand for.
fn named_parts(expr: &Expr, found: &mut Vec<Arc<Later>>) {
    match &expr.kind {
        ExprKind::Later(later) if later.value.is_some() => found.push(Arc::clone(later)),
        _ => children(expr, &mut |child| named_parts(child, found)),
    }
}

/// Calls `with` for all nodes of an expression and of what the names in it stand for, each name once.
pub(crate) fn visit_all(expr: &Expr, with: &mut dyn FnMut(&Expr) -> bool) {
    visit(expr, with);
    for value in names(expr).values() {
        visit(value, with);
    }
}

/// Whether two residuals are the same, with what their names stand for.
pub(crate) fn same(left: &Expr, right: &Expr) -> bool {
    let text = |names: Names| -> BTreeMap<String, String> {
        let each = |(name, value): (String, Arc<Expr>)| (name, print::expression(&value));
        names.into_iter().map(each).collect()
    };
    print::expression(left) == print::expression(right) && text(names(left)) == text(names(right))
}

/// An expression that was read back, with what the names in it stand for. `None` if one stands for itself.
pub(super) fn with_names(expr: Expr, names: &BTreeMap<String, Expr>) -> Option<Expr> {
    let mut binder = Binder {
        names,
        roots: names
            .keys()
            .filter_map(|name| name.split(['.', '[']).next())
            .collect(),
        bound: BTreeMap::new(),
        busy: BTreeSet::new(),
        variables: Vec::new(),
    };
    binder.bind(expr)
}

/// Puts what names stand for behind them.
struct Binder<'n> {
    names: &'n BTreeMap<String, Expr>,
    /// What names begin with: nothing else needs a look.
    roots: BTreeSet<&'n str>,
    bound: BTreeMap<&'n str, Arc<Expr>>,
    /// The names that are being bound: one that is met again stands for itself.
    busy: BTreeSet<&'n str>,
    /// The variables of the loops around.
    variables: Vec<Arc<str>>,
}

impl<'n> Binder<'n> {
    fn bind(&mut self, mut expr: Expr) -> Option<Expr> {
        self.walk(&mut expr).then_some(expr)
    }

    /// Whether all went well.
    fn walk(&mut self, expr: &mut Expr) -> bool {
        if matches!(
            expr.kind,
            ExprKind::Name(_) | ExprKind::Get(..) | ExprKind::Index(..)
        ) && self.begins_like_a_name(expr)
        {
            let text = print::expression(expr);
            if let Some((name, value)) = self.names.get_key_value(&text) {
                let Some(value) = self.meaning(name, value) else {
                    return false;
                };
                let ty = infer::of(&value, None);
                *expr = by_name(expr.clone(), ty, value);
                return true;
            }
        }
        match &mut expr.kind {
            ExprKind::For(node) => {
                let node = Arc::make_mut(node);
                let variables =
                    [node.key.as_ref(), Some(&node.value)].map(Option::<&Ident>::cloned);
                self.walk(&mut node.collection)
                    && self.within(variables, |binder| {
                        let inner = [node.result_key.as_mut(), node.condition.as_mut()];
                        let mut inner = inner.into_iter().flatten();
                        binder.walk(&mut node.result) && inner.all(|part| binder.walk(part))
                    })
            }
            ExprKind::Template(parts) => self.walk_parts(Arc::make_mut(parts).as_mut_slice()),
            _ => {
                let mut well = true;
                children_mut(expr, &mut |child| well = well && self.walk(child));
                well
            }
        }
    }

    fn walk_parts(&mut self, parts: &mut [Part]) -> bool {
        parts.iter_mut().all(|part| match part {
            Part::Literal(_) => true,
            Part::Interpolation(expr) => self.walk(expr),
            Part::If {
                condition,
                then,
                otherwise,
            } => self.walk(condition) && self.walk_parts(then) && self.walk_parts(otherwise),
            Part::For {
                key,
                value,
                collection,
                body,
            } => {
                let variables = [key.clone(), Some(value.clone())];
                self.walk(collection) && self.within(variables, |binder| binder.walk_parts(body))
            }
        })
    }

    /// Walks through what variables of a `for` are known in: they are no names.
    fn within(
        &mut self,
        variables: [Option<Ident>; 2],
        walk: impl FnOnce(&mut Self) -> bool,
    ) -> bool {
        let outer = self.variables.len();
        let names = variables.into_iter().flatten().map(|name| name.text);
        self.variables.extend(names);
        let well = walk(self);
        self.variables.truncate(outer);
        well
    }

    fn begins_like_a_name(&self, expr: &Expr) -> bool {
        let mut node = expr;
        loop {
            node = match &node.kind {
                ExprKind::Get(source, _) | ExprKind::Index(source, _) => source,
                ExprKind::Name(root) => {
                    return self.roots.contains(&*root.text)
                        && !self.variables.contains(&root.text);
                }
                _ => return false,
            };
        }
    }

    /// What a name stands for, with the names in it bound.
    fn meaning(&mut self, name: &'n str, value: &Expr) -> Option<Arc<Expr>> {
        if let Some(known) = self.bound.get(name) {
            return Some(Arc::clone(known));
        }
        if !self.busy.insert(name) {
            return None;
        }
        // What a name stands for is written outside of all loops.
        let variables = std::mem::take(&mut self.variables);
        let value = stacker::maybe_grow(RED_ZONE, STACK, || self.bind(value.clone()))?;
        self.variables = variables;
        let value = Arc::new(value);
        self.busy.remove(name);
        self.bound.insert(name, Arc::clone(&value));
        Some(value)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::cell::Cell;

    use proptest::prelude::*;

    use super::super::eval::Budget;
    use super::super::eval::Evaluator;
    use super::super::eval::Phase;
    use super::super::eval::generator::Generator;
    use super::super::eval::generator::Kind;
    use super::super::eval::generator::NAMES;
    use super::super::eval::generator::VALUES;
    use super::super::stored;
    use super::super::test_support::TestScope;
    use super::super::test_support::parsed;
    use super::super::test_support::with_call;
    use super::*;

    thread_local! {
        /// How large is large.
        pub(in crate::lang) static LIMIT: Cell<u64> = const { Cell::new(LARGE) };
    }

    const PLAN: Phase = Phase::Plan { defer_impure: true };

    /// A tree whose named parts have these texts.
    fn bound(text: &str, parts: &[(&str, &str)]) -> Option<Expr> {
        let names = parts.iter();
        let names = names.map(|(name, text)| ((*name).to_owned(), parsed(text)));
        with_names(parsed(text), &names.collect())
    }

    fn finished(value: &Value, scope: &TestScope) -> Option<Value> {
        let budget = Budget::new(200_000, 1 << 24);
        with_call(|call| Evaluator::new(scope, call, &budget, Phase::Run).finish(value))
    }

    fn stored_and_read(value: &Value) -> Value {
        let text = stored::to_json(value).to_string();
        let json = serde_json::from_str(&text).unwrap();
        stored::from_json(&json, FileId(0)).unwrap()
    }

    #[test]
    fn names_stand_for_parts_and_parts_of_parts() {
        let expr = bound(
            "\"${local.a}-${module.m[\"k\"].var.b[0]}\"",
            &[
                ("local.a", "[for local in [1] : local + n]"),
                ("module.m[\"k\"].var.b[0]", "\"${local.a[0]}!\""),
            ],
        );
        let expr = expr.unwrap();
        assert_eq!(names(&expr).len(), 2);
        let scope = TestScope::new("{ n = 1 }", &[]);
        let text = parsed("[for x in [0] : x]");
        assert!(!same(&expr, &text));
        let value = Value::Deferred(Arc::new(expr));
        let json = stored::to_json(&value);
        assert_eq!(json, stored::to_json(&stored_and_read(&value)));
        let spelled = print::value(&spelled_out(value));
        assert!(!spelled.contains("module"), "{spelled}");
        let part = bound(
            "local.b",
            &[("local.b", "\"${local.a}!\""), ("local.a", "n + 1")],
        );
        let part = Value::Deferred(Arc::new(part.unwrap()));
        assert_eq!(finished(&part, &scope), Some(Value::string("2!")));
    }

    #[test]
    fn a_name_that_stands_for_itself_is_damage() {
        assert!(
            bound(
                "local.a",
                &[("local.a", "local.b"), ("local.b", "local.a + 1")]
            )
            .is_none()
        );
    }

    #[test]
    fn parts_that_double_are_evaluated_once() {
        let mut parts = vec![("local.a0".to_owned(), "n + 1".to_owned())];
        for at in 1..60 {
            let before = format!("local.a{}", at - 1);
            parts.push((
                format!("local.a{at}"),
                format!("{before} == {before} ? {before} : 0"),
            ));
        }
        let parts: Vec<_> = parts
            .iter()
            .map(|(name, text)| (&**name, &**text))
            .collect();
        let expr = bound("local.a59", &parts).unwrap();
        let again = bound("local.a59", &parts).unwrap();
        assert!(same(&expr, &again) && expr == again);
        let value = Value::Deferred(Arc::new(expr));
        let scope = TestScope::new("{ n = 1 }", &[]);
        let two = scope.evaluate("2", Phase::Run);
        assert_eq!(finished(&stored_and_read(&value), &scope), two);
        assert_eq!(
            print::value(&spelled_out(value.clone())),
            print::value(&value)
        );
    }

    #[test]
    fn a_deep_chain_of_parts_is_no_overflow() {
        let mut parts = vec![("local.a0".to_owned(), "n".to_owned())];
        for at in 1..1000 {
            let before = format!("local.a{}", at - 1);
            parts.push((format!("local.a{at}"), format!("((1 + ((({before})))))")));
        }
        let parts: Vec<_> = parts
            .iter()
            .map(|(name, text)| (&**name, &**text))
            .collect();
        let value = Value::Deferred(Arc::new(bound("local.a999", &parts).unwrap()));
        let scope = TestScope::new("{ n = 1 }", &[]);
        let thousand = scope.evaluate("1000", Phase::Run);
        assert_eq!(finished(&stored_and_read(&value), &scope), thousand);
    }

    fn drawn(bytes: &[u8]) -> String {
        Generator::new(bytes, true).expression(Kind::Any, 3)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// However much goes by its name: to plan, store, read back and finish gives what evaluating at once gives.
        #[test]
        fn named_parts_mean_what_they_stand_for(
            first in prop::collection::vec(any::<u8>(), 1..100),
            second in prop::collection::vec(any::<u8>(), 1..60),
            deferred in prop::sample::subsequence(&NAMES[..], 0..=NAMES.len()),
            limit in 0_u64..6,
        ) {
            LIMIT.set(limit);
            let (first, second) = (drawn(&first), drawn(&second));
            let mut run = TestScope::new(VALUES, &[]);
            let mut plan = TestScope::new(VALUES, &deferred);
            let part = plan.evaluate(&first, PLAN);
            prop_assert!(part.is_some(), "{}: {:?}", first, plan.reported.borrow());
            let part = called(part.unwrap(), || path("part"));
            plan.names.insert("part".to_owned(), part);
            run.names.insert("part".to_owned(), run.evaluate(&first, Phase::Run).unwrap());
            let text = format!("[part, [part, {second}], {{ a = part }}, [for part in [1, part] : jsonencode([part])], (b1 ? [part] : [])]");
            let expected = run.evaluate(&text, Phase::Run);
            let planned = plan.evaluate(&text, PLAN);
            prop_assert!(planned.is_some(), "{}: {:?}", text, plan.reported.borrow());
            let read = stored_and_read(&planned.unwrap());
            LIMIT.set(LARGE);
            let result = finished(&read, &run).map(|value| value.unmark_deep().0);
            let expected = expected.map(|value| value.unmark_deep().0);
            prop_assert_eq!(&result, &expected, "{} with part = {} and {:?} deferred, by way of {}: {:?}", text, first, deferred, stored::to_json(&read), run.reported.borrow());
        }
    }
}
