//! What names stand for, put behind them when a residual is read back.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::ast::Expr;
use super::super::ast::ExprKind;
use super::super::ast::Ident;
use super::super::ast::Part;
use super::super::eval::children_mut;
use super::super::infer;
use super::super::print;
use super::RED_ZONE;
use super::STACK;
use super::by_name;

/// An expression that was read back, with what the names in it stand for. `None` if one stands for itself.
pub(in crate::lang) fn with_names(expr: Expr, names: &BTreeMap<String, Expr>) -> Option<Expr> {
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
