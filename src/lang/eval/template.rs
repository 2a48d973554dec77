//! Templates: known text is joined, deferred parts stay where they are.

use std::sync::Arc;

use super::Evaluator;
use super::Frames;
use super::fault::Fault;
use super::fault::Outcome;
use super::loops::entries;
use super::loops::loop_types;
use super::loops::with_element;
use super::operators::as_condition;
use super::operators::check_condition;
use super::residual::deferred;
use crate::diag::Span;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;
use crate::lang::ast::Ident;
use crate::lang::ast::Part;
use crate::lang::convert;
use crate::lang::infer;
use crate::lang::value::Value;

/// A template while it is put together.
#[derive(Default)]
pub(super) struct Builder {
    parts: Vec<Part>,
    text: String,
    sensitive: bool,
}

impl Builder {
    fn flush(&mut self) {
        if !self.text.is_empty() {
            self.parts
                .push(Part::Literal(Arc::from(std::mem::take(&mut self.text))));
        }
    }

    fn push(&mut self, part: Part) {
        self.flush();
        self.parts.push(part);
    }

    fn finish(mut self) -> (Vec<Part>, bool) {
        self.flush();
        (self.parts, self.sensitive)
    }
}

/// The loop of a `%{ for }`.
struct Loop<'p> {
    key: Option<&'p Ident>,
    value: &'p Ident,
    body: &'p [Part],
}

/// A part of a template that has no text.
fn no_text(what: &str, span: Span) -> Fault {
    let detail = format!(
        "A template takes strings, numbers and bools; this is {what}. Use `join` or `jsonencode` to make text of a collection."
    );
    Fault::at("Invalid template value", detail, span)
}

impl Evaluator<'_> {
    pub(super) fn template(&self, parts: &[Part], span: Span, frames: Frames<'_>) -> Outcome {
        let mut builder = Builder::default();
        self.parts(parts, span, frames, &mut builder)?;
        if builder.parts.is_empty() {
            let Builder {
                text, sensitive, ..
            } = builder;
            return Ok(Value::string(text).mark(sensitive));
        }
        let (parts, sensitive) = builder.finish();
        Ok(deferred(ExprKind::Template(Arc::new(parts)), span).mark(sensitive))
    }

    fn parts(
        &self,
        parts: &[Part],
        span: Span,
        frames: Frames<'_>,
        builder: &mut Builder,
    ) -> Result<(), Fault> {
        let mut fault: Option<Fault> = None;
        for part in parts {
            if let Err(further) = self.part(part, span, frames, builder) {
                match &mut fault {
                    Some(fault) => fault.merge(further),
                    none => *none = Some(further),
                }
                if fault.as_ref().is_some_and(|fault| fault.fatal) {
                    break;
                }
            }
        }
        fault.map_or(Ok(()), Err)
    }

    fn part(
        &self,
        part: &Part,
        span: Span,
        frames: Frames<'_>,
        builder: &mut Builder,
    ) -> Result<(), Fault> {
        match part {
            Part::Literal(text) => {
                self.bytes(text.len(), span)?;
                builder.text.push_str(text);
                Ok(())
            }
            Part::Interpolation(expr) => {
                let value = self.expression(expr, frames)?;
                self.interpolate(value, expr, builder)
            }
            Part::If {
                condition,
                then,
                otherwise,
            } => {
                let (value, marked) = self.expression(condition, frames)?.unmark();
                builder.sensitive |= marked;
                if let Value::Deferred(test) = value {
                    check_condition(&test, condition.span)?;
                    let then = self.branch(then, span, frames, builder)?;
                    let otherwise = self.branch(otherwise, span, frames, builder)?;
                    builder.push(Part::If {
                        condition: Arc::unwrap_or_clone(test),
                        then,
                        otherwise,
                    });
                    return Ok(());
                }
                let holds = as_condition(&value, condition.span);
                let branch = if holds.map_err(|fault| fault.concealed_if(marked))? {
                    then
                } else {
                    otherwise
                };
                self.parts(branch, span, frames, builder)
            }
            Part::For {
                key,
                value,
                collection,
                body,
            } => {
                let inner = Loop {
                    key: key.as_ref(),
                    value,
                    body,
                };
                self.for_directive(&inner, collection, span, frames, builder)
            }
        }
    }

    fn branch(
        &self,
        parts: &[Part],
        span: Span,
        frames: Frames<'_>,
        outer: &mut Builder,
    ) -> Result<Vec<Part>, Fault> {
        let mut builder = Builder::default();
        self.parts(parts, span, frames, &mut builder)?;
        let (parts, sensitive) = builder.finish();
        outer.sensitive |= sensitive;
        Ok(parts)
    }

    fn interpolate(&self, value: Value, expr: &Expr, builder: &mut Builder) -> Result<(), Fault> {
        let (value, marked) = value.unmark();
        builder.sensitive |= marked;
        if let Value::Deferred(rest) = value {
            let ty = infer::of(&rest, None);
            if infer::is_structure(&ty) {
                return Err(no_text(infer::describe(&ty), expr.span));
            }
            // A template inside a template is one template.
            match &rest.kind {
                ExprKind::Template(parts) => {
                    for part in parts.iter() {
                        match part {
                            Part::Literal(text) => builder.text.push_str(text),
                            part => builder.push(part.clone()),
                        }
                    }
                }
                _ => builder.push(Part::Interpolation(Arc::unwrap_or_clone(rest))),
            }
            return Ok(());
        }
        let Some(text) = convert::to_text(&value) else {
            let detail = "The value here is null, which has no text. Use `coalesce` or a condition to give it one.";
            let fault = match &value {
                Value::Null(_) => Fault::at("Invalid template value", detail, expr.span),
                value => no_text(&value.describe(), expr.span),
            };
            return Err(fault.concealed_if(marked));
        };
        self.bytes(text.len(), expr.span)?;
        builder.text.push_str(&text);
        Ok(())
    }

    fn for_directive(
        &self,
        inner: &Loop<'_>,
        collection: &Expr,
        span: Span,
        frames: Frames<'_>,
        builder: &mut Builder,
    ) -> Result<(), Fault> {
        let source = self.expression(collection, frames)?;
        let (source, marked) = self.in_order(self.whole(source)?, collection.span);
        builder.sensitive |= marked;
        if !matches!(source, Value::Deferred(_)) {
            // The elements of a sensitive collection have no mark of their own.
            let concealed = |fault: Fault| fault.concealed_if(marked);
            for entry in entries(&source, collection.span).map_err(concealed)? {
                with_element((inner.key, inner.value), &entry, frames, |frames| {
                    self.parts(inner.body, span, frames, builder)
                })
                .map_err(concealed)?;
            }
            return Ok(());
        }
        let types = loop_types(&source, collection.span)?;
        let (collection, _) = self.folded(source, collection.span);
        let names = (inner.key, inner.value);
        let (key, value, body) = self.residual_loop(names, &types, frames, |frames| {
            self.branch(inner.body, span, frames, builder)
        })?;
        builder.push(Part::For {
            key,
            value,
            collection,
            body,
        });
        Ok(())
    }
}
