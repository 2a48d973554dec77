//! The `locals` of a pipeline: conditions and mappings of a template of CloudFormation, and what the template computes from them and
//! from its parameters.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::formula::Formula;
use super::formula::Gives;
use super::formula::Scope;
use super::hcl;
use super::identifiers;
use super::layout::Block;
use super::parameters::Variable;
use crate::import::definition::Computed;
use crate::import::definition::Stack;
use crate::lang::Number;
use crate::lang::Value;
use crate::lang::ast::BinaryOp;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;

/// The locals of a pipeline, and the variables that they read.
#[derive(Debug)]
pub(super) struct Locals<'a> {
    stack: &'a Stack,
    variables: &'a IndexMap<String, Variable>,
    conditions: BTreeMap<&'a str, String>,
    mappings: BTreeMap<&'a str, String>,
}

impl<'a> Locals<'a> {
    /// Those of a definition.
    pub(super) fn new(stack: &'a Stack, variables: &'a IndexMap<String, Variable>) -> Self {
        let mut taken = BTreeSet::new();
        let mut named = |name: &'a String| {
            let label = identifiers::unique(&identifiers::snake_case(name), &mut taken);
            (name.as_str(), label)
        };
        let mappings = stack.mappings.keys().map(&mut named).collect();
        let conditions = stack.conditions.keys().map(&mut named).collect();
        Self {
            stack,
            variables,
            conditions,
            mappings,
        }
    }

    /// The block, if there is anything in it.
    pub(super) fn block(&self) -> Option<Block> {
        let mut block = Block::new("locals");
        for (name, mapping) in &self.stack.mappings {
            let entries = mapping.iter().map(|(first, inner)| {
                let inner = inner.iter();
                let inner =
                    inner.map(|(second, value)| (hcl::text(second), self.computed(value).expr));
                (hcl::text(first), hcl::object(inner.collect()))
            });
            if let Some(label) = self.mappings.get(name.as_str()) {
                block.set(label, hcl::object(entries.collect()));
            }
        }
        for (name, condition) in &self.stack.conditions {
            if let Some(label) = self.conditions.get(name.as_str()) {
                block.set(label, self.computed(condition).expr);
            }
        }
        (!block.attributes.is_empty()).then_some(block)
    }

    /// What the template computes under a name.
    pub(super) fn value(&self, name: &str) -> Option<Formula> {
        self.stack
            .values
            .get(name)
            .map(|value| self.computed(value))
    }

    fn computed(&self, computed: &Computed) -> Formula {
        let of = |one: &Computed| self.computed(one).expr;
        let texts = || Gives::List(Box::new(Gives::Text));
        match computed {
            Computed::Text(text) => Formula::text(text),
            Computed::Parameter(id) => self.variables.get(id).map_or_else(
                || Formula::text(id),
                |variable| {
                    let path = hcl::path(&format!("var.{}", variable.name));
                    Formula::new(path, variable.gives.clone())
                },
            ),
            Computed::List(list) => {
                Formula::new(hcl::tuple(list.iter().map(of).collect()), texts())
            }
            Computed::Texts(parts) => Formula::new(hcl::joined(parts.iter().map(of)), Gives::Text),
            Computed::Joined(separator, list) => {
                let arguments = vec![hcl::text(separator), of(list)];
                Formula::new(hcl::call("join", arguments), Gives::Text)
            }
            Computed::Split(separator, text) => {
                let arguments = vec![hcl::text(separator), of(text)];
                Formula::new(hcl::call("split", arguments), texts())
            }
            Computed::Element(list, number) => {
                Formula::new(hcl::index(of(list), hcl::integer(*number)), Gives::Text)
            }
            Computed::Base64(text) => {
                Formula::new(hcl::call("base64encode", vec![of(text)]), Gives::Text)
            }
            Computed::Lookup(mapping, keys) => self.lookup(mapping, keys),
            Computed::Choice(of) => {
                let [condition, yes, no] = &**of;
                let [condition, yes, no] = [condition, yes, no].map(|one| self.computed(one));
                let gives = if yes.gives == no.gives {
                    yes.gives
                } else {
                    Gives::Text
                };
                let expr = hcl::conditional(condition.expr, yes.expr, no.expr);
                Formula::new(expr, gives)
            }
            Computed::Condition(name) => {
                let label = self.conditions.get(name.as_str());
                let label = label.map_or(name.as_str(), String::as_str);
                Formula::new(hcl::path(&format!("local.{label}")), Gives::Text)
            }
            Computed::Equals(both) => self.compared(BinaryOp::Equal, both),
            Computed::Not(one) => match &**one {
                Computed::Equals(both) => self.compared(BinaryOp::NotEqual, both),
                one => Formula::new(hcl::not(of(one)), Gives::Text),
            },
            Computed::All(all) => joined(BinaryOp::And, all.iter().map(of)),
            Computed::Any(all) => joined(BinaryOp::Or, all.iter().map(of)),
        }
    }

    /// What a mapping has under two keys: `local.sizes[var.stage].type`.
    fn lookup(&self, mapping: &str, keys: &[Computed; 2]) -> Formula {
        let label = self.mappings.get(mapping).map_or(mapping, String::as_str);
        let mut found = hcl::path(&format!("local.{label}"));
        for key in keys {
            let key = self.computed(key).expr;
            found = match &key.kind {
                ExprKind::Value(Value::String(name)) if is_identifier(name) => {
                    hcl::get(found, name)
                }
                _ => hcl::index(found, key),
            };
        }
        let entries = self.stack.mappings.get(mapping);
        let mut values = entries
            .into_iter()
            .flatten()
            .flat_map(|(_, inner)| inner.values());
        let gives = match values.next() {
            Some(Computed::List(_)) => Gives::List(Box::new(Gives::Text)),
            _ => Gives::Text,
        };
        Formula::new(found, gives)
    }

    /// Two values compared: a number and the text of one are the same there.
    fn compared(&self, operator: BinaryOp, both: &[Computed; 2]) -> Formula {
        let both = [&both[0], &both[1]].map(|one| self.computed(one));
        let is_number = |one: &Formula| matches!(one.gives, Gives::Integer | Gives::Double);
        let numbers = both.iter().any(is_number);
        let [left, right] = both.map(|one| {
            if !numbers {
                return one.expr;
            }
            match &one.expr.kind {
                ExprKind::Value(Value::String(text)) => match Number::parse(text.trim()) {
                    Some(number) => hcl::value(Value::Number(number)),
                    None => one.expr,
                },
                _ if is_number(&one) => one.expr,
                _ => hcl::call("tonumber", vec![one.expr]),
            }
        });
        Formula::new(hcl::binary(operator, left, right), Gives::Text)
    }
}

/// Whether a key can stand behind a dot.
fn is_identifier(key: &str) -> bool {
    let mut signs = key.chars();
    signs
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic())
        && signs.all(|sign| sign.is_ascii_alphanumeric() || sign == '_')
}

fn joined(operator: BinaryOp, mut all: impl Iterator<Item = Expr>) -> Formula {
    let first = all.next();
    let first = first.unwrap_or_else(|| hcl::value(Value::Bool(operator == BinaryOp::And)));
    let expr = all.fold(first, |left, right| hcl::binary(operator, left, right));
    Formula::new(expr, Gives::Text)
}

/// What stands in a text that is of no object: variables, and what the template computes.
impl Scope for &Locals<'_> {
    fn meaning(&mut self, _: Option<&str>, name: &str) -> Result<Formula, String> {
        let variable = self
            .variables
            .get(name)
            .filter(|variable| !variable.is_secret);
        let read = variable.map(|variable| {
            let path = hcl::path(&format!("var.{}", variable.name));
            Formula::new(path, variable.gives.clone())
        });
        let read = read.or_else(|| self.value(name));
        read.ok_or_else(|| format!("`{name}` would be seen here."))
    }
}
