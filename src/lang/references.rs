//! The names that an expression refers to, without evaluating it.

use std::sync::Arc;

use super::ast::Expr;
use super::ast::ExprKind;
use super::ast::Ident;
use super::ast::Part;
use super::eval::children;
use super::eval::path_of;
use super::scope::Step;

/// The chains of plain names in an expression (`data_node.archive.path`), in source order, except those that start with a
/// variable of a `for` around them. A chain ends at the first index, splat or call.
pub fn references(expr: &Expr) -> Vec<Vec<Step>> {
    let mut found = Vec::new();
    walk(expr, &mut Vec::new(), &mut found);
    found
}

fn walk(expr: &Expr, bound: &mut Vec<Arc<str>>, found: &mut Vec<Vec<Step>>) {
    match &expr.kind {
        ExprKind::Name(_) | ExprKind::Get(..) => match path_of(expr) {
            Some(path) => {
                if path.first().is_some_and(|root| !bound.contains(&root.name)) {
                    found.push(path);
                }
            }
            None => children(expr, &mut |child| walk(child, bound, found)),
        },
        ExprKind::For(node) => {
            walk(&node.collection, bound, found);
            within(node.key.as_ref(), &node.value, bound, |bound| {
                for part in node
                    .result_key
                    .iter()
                    .chain([&node.result])
                    .chain(&node.condition)
                {
                    walk(part, bound, found);
                }
            });
        }
        ExprKind::Template(parts) => walk_parts(parts, bound, found),
        _ => children(expr, &mut |child| walk(child, bound, found)),
    }
}

fn walk_parts(parts: &[Part], bound: &mut Vec<Arc<str>>, found: &mut Vec<Vec<Step>>) {
    for part in parts {
        match part {
            Part::Literal(_) => {}
            Part::Interpolation(expr) => walk(expr, bound, found),
            Part::If {
                condition,
                then,
                otherwise,
            } => {
                walk(condition, bound, found);
                walk_parts(then, bound, found);
                walk_parts(otherwise, bound, found);
            }
            Part::For {
                key,
                value,
                collection,
                body,
            } => {
                walk(collection, bound, found);
                within(key.as_ref(), value, bound, |bound| {
                    walk_parts(body, bound, found);
                });
            }
        }
    }
}

fn within(
    key: Option<&Ident>,
    value: &Ident,
    bound: &mut Vec<Arc<str>>,
    body: impl FnOnce(&mut Vec<Arc<str>>),
) {
    let before = bound.len();
    bound.extend(
        key.into_iter()
            .chain([value])
            .map(|name| Arc::clone(&name.text)),
    );
    body(bound);
    bound.truncate(before);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::test_support::parsed;

    #[test]
    fn names_are_found_in_order_and_loop_variables_are_not() {
        for (text, expected) in [
            ("1", ""),
            ("var.a + local.b.c", "var.a local.b.c"),
            (
                r#""x${var.a}%{ for v in local.l }${v.x}${var.b}%{ endfor }""#,
                "var.a local.l var.b",
            ),
            (
                "[for k, v in var.m : v.x if k != each.key]",
                "var.m each.key",
            ),
            ("data_node.x[var.i].path", "data_node.x var.i"),
            ("f(a.b[*].c, { (d) = e })", "a.b d e"),
            ("[for a in a : a]", "a"),
        ] {
            let names: Vec<String> = references(&parsed(text))
                .iter()
                .map(|path| {
                    path.iter()
                        .map(|step| &*step.name)
                        .collect::<Vec<_>>()
                        .join(".")
                })
                .collect();
            assert_eq!(names.join(" "), expected, "{text}");
        }
    }
}
