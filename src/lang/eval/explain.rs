//! What an error is about: the names in the innermost expression that failed, and what they stand for.

use std::sync::Arc;

use super::Evaluator;
use super::Frames;
use super::fault::Fault;
use super::residual::children;
use crate::diag::Involved;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;
use crate::lang::print;
use crate::lang::value::Value;

/// More names than this are not worth reading.
const MAX_NAMES: usize = 8;

impl Evaluator<'_> {
    /// The fault of an expression, with the values of the names in it, unless a part of it has said so already.
    pub(super) fn explained(&self, mut fault: Fault, expr: &Expr, frames: Frames<'_>) -> Fault {
        let says_itself = matches!(&expr.kind, ExprKind::Name(_) | ExprKind::Get(..));
        if fault.explained || fault.fatal {
            return fault;
        }
        fault.explained = true;
        if says_itself {
            return fault;
        }
        let mut references = Vec::new();
        collect_inside(expr, &mut references, &mut Vec::new());
        let mut values: Vec<Involved> = Vec::new();
        for reference in references {
            let name = print::expression(&reference);
            if values.len() == MAX_NAMES || values.iter().any(|other| other.name == name) {
                continue;
            }
            match self.expression(&reference, frames) {
                // The name of an object says all there is.
                Ok(Value::Ref(object)) if *object.address == *name => {}
                Ok(value) => {
                    let value = format!("is {}", value.describe());
                    values.push(Involved { name, value });
                }
                Err(_) => {}
            }
        }
        for diagnostic in &mut fault.diagnostics {
            if diagnostic.values.is_empty() {
                diagnostic.values = values.clone().into();
            }
        }
        fault
    }
}

/// The references in an expression, apart from the variables of the loops in it, whose values there are many of.
fn collect(expr: &Expr, found: &mut Vec<Expr>, bound: &mut Vec<Arc<str>>) {
    if let Some(root) = root_of(expr) {
        if !bound.contains(root) {
            found.push(expr.clone());
        }
        return;
    }
    collect_inside(expr, found, bound);
}

/// The references in the parts of an expression.
fn collect_inside(expr: &Expr, found: &mut Vec<Expr>, bound: &mut Vec<Arc<str>>) {
    let own = bound.len();
    if let ExprKind::For(node) = &expr.kind {
        collect(&node.collection, found, bound);
        let names = node.key.iter().chain([&node.value]);
        bound.extend(names.map(|name| Arc::clone(&name.text)));
    }
    children(expr, &mut |child| collect(child, found, bound));
    bound.truncate(own);
}

/// The name that a reference begins with; `None` if it is none: `a`, `a.b`, `a["k"].b`.
fn root_of(expr: &Expr) -> Option<&Arc<str>> {
    match &expr.kind {
        ExprKind::Name(name) => Some(&name.text),
        ExprKind::Get(source, _) => root_of(source),
        ExprKind::Index(source, key) if matches!(key.kind, ExprKind::Value(_)) => root_of(source),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::lang::eval::Phase;
    use crate::lang::test_support::TestScope;
    use crate::lang::test_support::reference;

    /// What the first error of an expression says about the names in it.
    fn values(text: &str) -> Vec<String> {
        let names = r#"{
            n = 1, word = "x", none = null, list = [1, 2], map = { k = { n = 3 } }, secret = sensitive("hush"),
            a0 = 0, a1 = 1, a2 = 2, a3 = 3, a4 = 4, a5 = 5, a6 = 6, a7 = 7, a8 = 8, a9 = 9
        }"#;
        let mut scope = TestScope::new(names, &["run"]);
        let node = BTreeMap::from([("logs".into(), reference("data_node", "data_node.logs"))]);
        let node = crate::lang::Value::object(node);
        scope.names.insert("data_node".to_owned(), node);
        let other = reference("data_node", "data_node.logs");
        scope.names.insert("other".to_owned(), other);
        let phase = Phase::Plan { defer_impure: true };
        assert_eq!(scope.evaluate(text, phase), None, "{text}");
        let reported = scope.reported.borrow();
        let values = reported.first().map(|found| found.values.to_vec());
        let values = values.unwrap_or_default().into_iter();
        values
            .map(|involved| format!("{} {}", involved.name, involved.value))
            .collect()
    }

    #[test]
    fn the_innermost_expression_that_fails_is_explained() {
        for (text, expected) in [
            (
                "n + word",
                &["n is the number `1`", "word is the string \"x\""][..],
            ),
            ("[n, upper(list)]", &["list is a tuple of 2 elements"]),
            (
                "(n + 1) * (word - n)",
                &["word is the string \"x\"", "n is the number `1`"],
            ),
            (
                "n + n + list",
                &["n is the number `1`", "list is a tuple of 2 elements"],
            ),
            (
                "map[\"k\"].n + list[0] + word",
                &[
                    "map[\"k\"].n is the number `3`",
                    "list[0] is the number `1`",
                    "word is the string \"x\"",
                ],
            ),
            (
                "n ? none : word",
                &[
                    "n is the number `1`",
                    "none is null",
                    "word is the string \"x\"",
                ],
            ),
            (
                "secret + list",
                &[
                    "secret is a sensitive value",
                    "list is a tuple of 2 elements",
                ],
            ),
            (
                "run.x + list",
                &[
                    "run.x is a value known only when an instance runs",
                    "list is a tuple of 2 elements",
                ],
            ),
        ] {
            assert_eq!(values(text), expected, "{text}");
        }
    }

    #[test]
    fn what_says_itself_and_what_has_many_values_is_left_out() {
        for (text, expected) in [
            ("nothing", &[][..]),
            ("map.nothing", &[]),
            ("n + nothing", &[]),
            ("1 + \"x\"", &[]),
            ("data_node.logs + 1", &[]),
            ("other + 1", &["other is a reference to `data_node.logs`"]),
            (
                "upper([for x in list : x])",
                &["list is a tuple of 2 elements"],
            ),
            (
                "upper([for n, x in list : n + a1])",
                &["list is a tuple of 2 elements", "a1 is the number `1`"],
            ),
        ] {
            assert_eq!(values(text), expected, "{text}");
        }
        let many = values("join(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9)");
        assert_eq!(many.len(), super::MAX_NAMES, "{many:?}");
    }
}
