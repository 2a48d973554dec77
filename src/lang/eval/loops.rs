//! `for` and splats.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::EACH;
use super::Evaluator;
use super::Frame;
use super::Frames;
use super::fault::Fault;
use super::fault::Outcome;
use super::object_key;
use super::operators::as_condition;
use super::residual;
use super::residual::deferred;
use crate::diag::Span;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;
use crate::lang::ast::For;
use crate::lang::ast::Ident;
use crate::lang::infer;
use crate::lang::number::Number;
use crate::lang::types::Type;
use crate::lang::unify;
use crate::lang::value::Value;

/// The result of a `for` while it grows.
#[derive(Default)]
struct Results {
    items: Vec<Value>,
    entries: BTreeMap<Arc<str>, Value>,
    groups: BTreeMap<Arc<str>, Vec<Value>>,
    sensitive: bool,
}

/// Whether a `for` could be carried out.
enum Progress {
    Done,
    /// Its condition or its key is deferred, so that the shape of the result is not known.
    Deferred,
}

impl Evaluator<'_> {
    pub(super) fn for_expression(&self, node: &For, span: Span, frames: Frames<'_>) -> Outcome {
        let source = self.expression(&node.collection, frames)?;
        let (source, marked) = self.in_order(self.opened(source)?, node.collection.span);
        if matches!(source, Value::Deferred(_)) {
            return self
                .residual_for(node, source, span, frames)
                .map(|value| value.mark(marked));
        }
        let mut results = Results {
            sensitive: marked,
            ..Results::default()
        };
        // The elements of a sensitive collection have no mark of their own.
        let concealed = |fault: Fault| fault.concealed_if(marked);
        for entry in entries(&source, node.collection.span).map_err(concealed)? {
            let names = (node.key.as_ref(), &node.value);
            let progress = with_element(names, &entry, frames, |frames| {
                self.iteration(node, frames, &mut results)
            });
            let progress = progress.map_err(concealed)?;
            if let Progress::Deferred = progress {
                return self
                    .residual_for(node, source, span, frames)
                    .map(|value| value.mark(marked));
            }
        }
        let value = match (&node.result_key, node.group) {
            (None, _) => Value::tuple(results.items),
            (Some(_), false) => Value::object(results.entries),
            (Some(_), true) => {
                let groups = results
                    .groups
                    .into_iter()
                    .map(|(key, items)| (key, Value::tuple(items)));
                Value::object(groups.collect())
            }
        };
        Ok(value.mark(results.sensitive))
    }

    fn iteration(
        &self,
        node: &For,
        frames: Frames<'_>,
        results: &mut Results,
    ) -> Result<Progress, Fault> {
        if let Some(condition) = &node.condition {
            let (value, marked) = self.expression(condition, frames)?.unmark();
            results.sensitive |= marked;
            if matches!(value, Value::Deferred(_)) {
                return Ok(Progress::Deferred);
            }
            let holds = as_condition(&value, condition.span);
            if !holds.map_err(|fault| fault.concealed_if(marked))? {
                return Ok(Progress::Done);
            }
        }
        self.bytes(size_of::<Value>(), node.result.span)?;
        let Some(key_expr) = &node.result_key else {
            results.items.push(self.expression(&node.result, frames)?);
            return Ok(Progress::Done);
        };
        let (key, marked) = self.expression(key_expr, frames)?.unmark();
        results.sensitive |= marked;
        if matches!(key, Value::Deferred(_)) {
            return Ok(Progress::Deferred);
        }
        let key = object_key(&key, key_expr.span).map_err(|fault| fault.concealed_if(marked))?;
        let item = self.expression(&node.result, frames)?;
        if node.group {
            results.groups.entry(key).or_default().push(item);
        } else if results.entries.insert(Arc::clone(&key), item).is_some() {
            let detail = format!(
                "Two elements have the key \"{key}\". If that is meant, write `...` after the value, which groups the values of each key."
            );
            return Err(Fault::at("Duplicate key", detail, key_expr.span).concealed_if(marked));
        }
        Ok(Progress::Done)
    }

    /// A `for` that stays, with everything known folded into it.
    fn residual_for(&self, node: &For, source: Value, span: Span, frames: Frames<'_>) -> Outcome {
        let source = self.whole(source)?;
        let types = loop_types(&source, node.collection.span)?;
        let (collection, mut sensitive) = self.folded(source, node.collection.span);
        let (key, value, (result_key, result, condition)) =
            self.residual_loop((node.key.as_ref(), &node.value), &types, frames, |frames| {
                let mut fold = |expr: &Expr| -> Result<Expr, Fault> {
                    let (expr, marked) = self.folded(self.expression(expr, frames)?, expr.span);
                    sensitive |= marked;
                    Ok(expr)
                };
                let result_key = node.result_key.as_ref().map(&mut fold).transpose()?;
                let result = fold(&node.result)?;
                let condition = node.condition.as_ref().map(&mut fold).transpose()?;
                Ok((result_key, result, condition))
            })?;
        let node = For {
            key,
            value,
            collection,
            result_key,
            result,
            group: node.group,
            condition,
        };
        Ok(deferred(ExprKind::For(Arc::new(node)), span).mark(sensitive))
    }

    /// Evaluates the body of a loop that stays in the residual, with names for its variables that capture nothing.
    pub(super) fn residual_loop<T>(
        &self,
        (key, value): (Option<&Ident>, &Ident),
        types: &(Type, Type),
        frames: Frames<'_>,
        mut body: impl FnMut(Frames<'_>) -> Result<T, Fault>,
    ) -> Result<(Option<Ident>, Ident, T), Fault> {
        self.residual_loops.set(self.residual_loops.get() + 1);
        self.meet_frames(frames);
        let result = loop {
            let key_name = key.map(|key| self.fresh(key, frames, ""));
            let value_name =
                self.fresh(value, frames, key_name.as_ref().map_or("", |key| &key.text));
            let variable = |name: &Ident, ty: &Type| {
                let kind = ExprKind::Name(name.clone());
                let span = name.span;
                residual::later(Expr { kind, span }, ty.clone())
            };
            let value_variable = variable(&value_name, &types.1);
            let key_variable = key_name
                .as_ref()
                .map_or(Value::NULL, |name| variable(name, &types.0));
            let key_frame = Frame {
                name: key.map_or("", |key| &key.text),
                value: &key_variable,
                residual: key_name.as_ref().map(|name| &*name.text),
                parent: frames,
            };
            let frame = Frame {
                name: &value.text,
                value: &value_variable,
                residual: Some(&value_name.text),
                parent: Some(&key_frame),
            };
            let outcome = body(Some(&frame));
            let foreign = self.foreign.borrow();
            let captured = |name: &Ident| foreign.contains(&name.text);
            if outcome.is_err()
                || !(captured(&value_name) || key_name.as_ref().is_some_and(captured))
            {
                break outcome.map(|result| (key_name, value_name, result));
            }
        };
        self.residual_loops.set(self.residual_loops.get() - 1);
        if self.residual_loops.get() == 0 {
            self.foreign.borrow_mut().clear();
        }
        result
    }

    /// Remembers the names in variables bound to known elements; those of residual variables are kept apart by `fresh`.
    fn meet_frames(&self, frames: Frames<'_>) {
        let mut names = BTreeSet::new();
        let mut bound = BTreeSet::new();
        let mut frame = frames;
        while let Some(current) = frame {
            match current.residual {
                Some(name) => drop(bound.insert(name)),
                None => residual::free_names(current.value, &mut names),
            }
            frame = current.parent;
        }
        names.retain(|name| !bound.contains(&**name));
        self.foreign.borrow_mut().extend(names);
    }

    /// The wanted name, or with a number, so that it is none of the names around it.
    fn fresh(&self, wanted: &Ident, frames: Frames<'_>, other: &str) -> Ident {
        let foreign = self.foreign.borrow();
        let taken = |name: &str| {
            let mut frame = frames;
            while let Some(current) = frame {
                if current.residual == Some(name) {
                    return true;
                }
                frame = current.parent;
            }
            name == other || foreign.contains(name)
        };
        let mut name = wanted.clone();
        let mut number = 0;
        while taken(&name.text) {
            number += 1;
            name.text = Arc::from(format!("{}_{number}", wanted.text));
        }
        name
    }

    pub(super) fn splat(
        &self,
        source: &Expr,
        full: bool,
        each: &Expr,
        span: Span,
        frames: Frames<'_>,
    ) -> Outcome {
        let (value, marked) = self.in_order(self.expression(source, frames)?, source.span);
        let element = |item: &Value| {
            let frame = Frame {
                name: EACH,
                value: item,
                residual: None,
                parent: frames,
            };
            self.expression(each, Some(&frame))
        };
        let mut fault: Option<Fault> = None;
        let mut every = |items: &[Value]| -> Vec<Value> {
            let mut results = Vec::with_capacity(items.len());
            for item in items {
                match element(item) {
                    Ok(result) => results.push(result),
                    Err(first) => {
                        fault = Some(first);
                        break;
                    }
                }
            }
            results
        };
        let result = match value {
            Value::Deferred(rest) => {
                let ty = infer::element_of_splat(&infer::of(&rest, None));
                let kind = ExprKind::Each;
                let variable = residual::later(Expr { kind, span }, ty);
                let (each, sensitive) = self.folded(element(&variable)?, each.span);
                let kind = ExprKind::Splat {
                    source: rest,
                    full,
                    each: Arc::new(each),
                };
                deferred(kind, span).mark(sensitive)
            }
            Value::Null(ty) => match ty.as_deref() {
                Some(Type::List(_) | Type::Set(_) | Type::Tuple(_)) => {
                    let detail = "What is before the splat is null. Write `… == null ? [] : …` where a list may be missing.";
                    return Err(Fault::at("Splat of null", detail, source.span));
                }
                _ => Value::tuple(Vec::new()),
            },
            Value::List(items) | Value::Set(items) => {
                let results = every(&items);
                if fault.is_none() && !unify::same_type(results.iter()) {
                    let detail = "The elements have one type, but what is read from them has not. Use a `for` expression, which makes a tuple.";
                    fault = Some(Fault::at("Inconsistent types", detail, span));
                }
                Value::list(results)
            }
            Value::Tuple(items) => Value::tuple(every(&items)),
            single => Value::tuple(every(&[single])),
        };
        match fault {
            Some(fault) => Err(fault.concealed_if(marked)),
            None => Ok(result.mark(marked)),
        }
    }
}

/// The types of the variables of a loop that stays, whose collection must be one.
pub(super) fn loop_types(source: &Value, span: Span) -> Result<(Type, Type), Fault> {
    let ty = infer::type_of(source);
    if matches!(ty, Type::String | Type::Number | Type::Bool) {
        return Err(not_a_collection(infer::describe(&ty), span));
    }
    Ok(infer::entries(&ty))
}

fn not_a_collection(what: &str, span: Span) -> Fault {
    let detail = format!("`for` goes through a list, set, tuple, map or object; this is {what}.");
    Fault::at("Not a collection", detail, span)
}

/// Calls `body` with the variables of a loop, named `names`, bound to one element.
pub(super) fn with_element<T>(
    names: (Option<&Ident>, &Ident),
    (key, value): &(Value, Value),
    frames: Frames<'_>,
    body: impl FnOnce(Frames<'_>) -> T,
) -> T {
    let key_frame = Frame {
        name: names.0.map_or("", |name| &name.text),
        value: key,
        residual: None,
        parent: frames,
    };
    let frame = Frame {
        name: &names.1.text,
        value,
        residual: None,
        parent: Some(&key_frame),
    };
    body(Some(&frame))
}

/// Keys and elements of a collection.
pub(super) fn entries(source: &Value, span: Span) -> Result<Vec<(Value, Value)>, Fault> {
    let numbered = |items: &[Value]| -> Vec<(Value, Value)> {
        let key =
            |index: usize| Value::Number(Number::from(i64::try_from(index).unwrap_or(i64::MAX)));
        items
            .iter()
            .enumerate()
            .map(|(index, item)| (key(index), item.clone()))
            .collect()
    };
    match source {
        Value::List(items) | Value::Tuple(items) => Ok(numbered(items)),
        Value::Set(items) => Ok(items
            .iter()
            .map(|item| (item.clone(), item.clone()))
            .collect()),
        Value::Map(items) | Value::Object(items) => Ok(items
            .iter()
            .map(|(key, item)| (Value::String(Arc::clone(key)), item.clone()))
            .collect()),
        value => {
            let help = matches!(value, Value::Null(_)).then(|| {
                "Write `… == null ? [] : …` where the collection may be missing.".to_owned()
            });
            Err(not_a_collection(&value.describe(), span).help_if(help))
        }
    }
}
