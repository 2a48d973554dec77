//! What the names in the residuals of an object stand for: below its attributes, each once.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::paint::Marker;
use super::value::Writer;
use crate::lang::Value;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;
use crate::lang::named::Names;
use crate::plan::same_value;

/// What a name stands for, as a value to be shown and compared element by element: what was read back is one expression, and
/// what is planned a value.
fn meaning(expr: &Arc<Expr>) -> Value {
    let whole = |expr: &Arc<Expr>| Value::Deferred(Arc::clone(expr));
    match &expr.kind {
        ExprKind::Value(value) => value.clone(),
        ExprKind::Tuple(items) => {
            let items = items.iter().map(|item| meaning(&Arc::new(item.clone())));
            Value::tuple(items.collect())
        }
        ExprKind::Object(items) => {
            let entry = |(key, item): &(Expr, Expr)| match &key.kind {
                ExprKind::Value(Value::String(key)) => {
                    Some((Arc::clone(key), meaning(&Arc::new(item.clone()))))
                }
                _ => None,
            };
            let entries: Option<BTreeMap<_, _>> = items.iter().map(entry).collect();
            entries.map_or_else(|| whole(expr), Value::object)
        }
        ExprKind::Call {
            name, arguments, ..
        } if matches!(&*name.text, "tolist" | "toset" | "tomap") => match arguments.as_slice() {
            [only] => match meaning(&Arc::new(only.clone())) {
                Value::Deferred(_) => whole(expr),
                elements => elements,
            },
            _ => whole(expr),
        },
        _ => whole(expr),
    }
}

/// Names that a plan has explained, each with what it stood for and whose they were: what 200 objects read is shown once.
#[derive(Default)]
pub(crate) struct Explained {
    shown: BTreeMap<String, Vec<(Sides, String)>>,
}

/// What a name stood for before and after.
type Sides = (Option<Value>, Option<Value>);

fn same(one: &Sides, other: &Sides) -> bool {
    let same = |one: &Option<Value>, other: &Option<Value>| match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => same_value(one, other),
        _ => false,
    };
    same(&one.0, &other.0) && same(&one.1, &other.1)
}

impl Explained {
    /// Takes out the names that were explained before, and answers with the objects that have them, each with theirs. What is
    /// left is of `object` from now on.
    fn take_known(
        &mut self,
        object: &str,
        (old, new): (&mut Names, &mut Names),
    ) -> BTreeMap<String, Vec<String>> {
        let mut known: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let all: BTreeSet<String> = old.keys().chain(new.keys()).cloned().collect();
        for name in all {
            let sides = (old.get(&name).map(meaning), new.get(&name).map(meaning));
            let shown = self.shown.entry(name.clone()).or_default();
            match shown.iter().find(|(other, _)| same(other, &sides)) {
                Some((_, owner)) => {
                    old.remove(&name);
                    new.remove(&name);
                    known.entry(owner.clone()).or_default().push(name);
                }
                None => shown.push((sides, object.to_owned())),
            }
        }
        known
    }
}

impl Writer<'_> {
    /// Names as [`Writer::names`] shows them, without those that were explained before: of these it is said where.
    pub(crate) fn further_names(
        &mut self,
        (mut old, mut new): (Names, Names),
        column: usize,
        (explained, object): (&mut Explained, &str),
    ) {
        let known = explained.take_known(object, (&mut old, &mut new));
        self.names((&old, &new), column);
        for (owner, names) in known {
            self.text.push('\n');
            self.line(column, Marker::None);
            let note = format!("# where {} as above, in {owner}", list(&names));
            let note = self.look.dim(&note);
            self.text.push_str(&note);
        }
    }

    /// Names that are added, changed or removed or, with equal sides, shown.
    pub(crate) fn names(&mut self, (old, new): (&Names, &Names), column: usize) {
        let all: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        if all.is_empty() {
            return;
        }
        let shows = old == new;
        self.text.push('\n');
        self.line(column, Marker::None);
        let note = self.look.dim("# where");
        self.text.push_str(&note);
        let mut hidden = 0;
        for name in all {
            let sides = (old.get(name).map(meaning), new.get(name).map(meaning));
            match sides {
                (Some(_), Some(value)) if shows => {
                    self.name(name, 0, column, Marker::None);
                    self.value(&value, column, Marker::None);
                }
                (Some(before), Some(after)) if same_value(&before, &after) => hidden += 1,
                (before, after) => {
                    self.entry_as(name, (before.as_ref(), after.as_ref()), 0, column);
                }
            }
        }
        self.hidden(column, hidden, "name");
    }
}

/// `a is`, `a and b are`, `a, b and c are`.
fn list(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => format!("{only} is"),
        [first @ .., last] => format!("{} and {last} are", first.join(", ")),
    }
}
