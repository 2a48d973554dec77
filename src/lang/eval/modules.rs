//! Modules and records as values: a reference as long as only parts of them are read, the object where all of it is needed.
//!
//! `module.a.x`, `module.a["k"].x`, `values(module.a)[*].x` and `[for m in module.a : m.x]` evaluate the output `x` and no
//! other, so that outputs and inputs of a module may depend on each other through its caller.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Evaluator;
use super::fault::Fault;
use super::fault::Outcome;
use crate::lang::value::Value;

impl Evaluator<'_> {
    /// The value; the outputs if it is a module, the fields if it is a record. Those inside it stay references.
    pub(super) fn opened(&self, value: Value) -> Outcome {
        match &value {
            Value::Ref(reference) if reference.opens() => {
                self.scope.module(reference).ok_or_else(Fault::reported)
            }
            _ => Ok(value),
        }
    }

    /// The value with the object in place of every module and record in it.
    pub(super) fn whole(&self, value: Value) -> Outcome {
        if !value.opens() {
            return Ok(value);
        }
        let all = |items: &[Value]| -> Result<Vec<Value>, Fault> {
            let items = items.iter().map(|item| self.whole(item.clone()));
            items.collect()
        };
        let entries = |items: &BTreeMap<Arc<str>, Value>| {
            let items = items
                .iter()
                .map(|(key, item)| Ok((Arc::clone(key), self.whole(item.clone())?)));
            items.collect::<Result<BTreeMap<_, _>, Fault>>()
        };
        match value {
            Value::Sensitive(inner) => Ok(self.whole(Arc::unwrap_or_clone(inner))?.mark(true)),
            Value::List(items) => all(&items).map(Value::list),
            Value::Set(items) => all(&items).map(Value::set),
            Value::Tuple(items) => all(&items).map(Value::tuple),
            Value::Map(items) => entries(&items).map(Value::map),
            Value::Object(items) => entries(&items).map(Value::object),
            Value::Ref(reference) if reference.is_record() => {
                let fields = self.opened(Value::Ref(reference))?;
                self.whole(fields)
            }
            single => self.opened(single),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::test_support::TestScope;
    use crate::lang::value::Reference;

    /// `one` is a module, `many` has `for_each`, `lazy` is a module that may not be read as a whole.
    fn scope() -> TestScope {
        let mut scope = TestScope::new("{}", &["run"]);
        let module = |address: &str| Value::Ref(Arc::new(Reference::module(address.into())));
        let many =
            |name: &str, address: &str| Value::object([(name.into(), module(address))].into());
        for (name, value) in [
            ("one", module("module.one")),
            ("many", many("k", "module.many")),
            ("lazy", module("module.cycle")),
            ("lazies", many("k", "module.cycle")),
        ] {
            scope.names.insert(name.to_owned(), value);
        }
        scope
    }

    #[test]
    fn outputs_are_read_one_by_one() {
        for text in [
            "lazy.x",
            "lazy[\"x\"]",
            "lazies.k.x",
            "lazies[\"k\"].x",
            "values(lazies)[*].x",
            "[for k, m in lazies : m.x]",
            "{ for k, m in lazies : k => m.x }",
            "(true ? lazies : {}).k.x",
            "lookup(lazies, \"k\", null).x",
            "length(lazies)",
            "keys(lazies)",
        ] {
            let shown = scope().shown(text);
            assert!(!shown.contains("as a whole"), "{text}: {shown}");
        }
    }

    #[test]
    fn a_module_as_a_value_is_the_object_of_its_outputs() {
        for (text, expected) in [
            ("one", "{ out = \"module.one.out\" }"),
            ("[one]", "[{ out = \"module.one.out\" }]"),
            ("many", "{ k = { out = \"module.many.out\" } }"),
            ("keys(one)", "[\"out\"]"),
            ("[for name, value in one : name]", "[\"out\"]"),
            (
                "jsonencode(many)",
                "\"{\\\"k\\\":{\\\"out\\\":\\\"module.many.out\\\"}}\"",
            ),
            ("one == { out = \"module.one.out\" }", "true"),
            (
                "many[run.x].out",
                "{ k = { out = \"module.many.out\" } }[run.x].out",
            ),
            (
                "(run.x == 1 ? one : many.k).out",
                "(run.x == 1 ? { out = \"module.one.out\" } : { out = \"module.many.out\" }).out",
            ),
            (
                "[for m in many : m if run.x == 1]",
                "[for m in { k = { out = \"module.many.out\" } } : m if run.x == 1]",
            ),
        ] {
            assert_eq!(scope().shown(text), expected, "{text}");
        }
    }
}
