//! Calls of functions, and the few that look at more than values: `try`, `can`, `sensitive`, `nonsensitive`, `issensitive`.

use std::sync::Arc;

use super::Evaluator;
use super::Frames;
use super::Phase;
use super::fault::Fault;
use super::fault::Outcome;
use super::residual::deferred;
use crate::diag::Diagnostic;
use crate::diag::Span;
use crate::diag::did_you_mean;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;
use crate::lang::ast::Ident;
use crate::lang::convert;
use crate::lang::functions;
use crate::lang::functions::Accepts;
use crate::lang::functions::CallError;
use crate::lang::functions::Function;
use crate::lang::functions::Parameter;
use crate::lang::functions::Purity;
use crate::lang::infer;
use crate::lang::types::Type;
use crate::lang::unify;
use crate::lang::value::Value;

/// The functions that the evaluator carries out itself.
pub(in crate::lang) const SPECIAL: [&str; 7] = [
    "can",
    "issensitive",
    "nonsensitive",
    "sensitive",
    "templatefile",
    "templatestring",
    "try",
];

/// What may stand before the name of any function.
const CORE: &str = "core::";

/// The arguments of a call, evaluated.
pub(super) struct Arguments {
    pub(super) values: Vec<(Value, Span)>,
    /// Whether the last is still to be expanded, because it is deferred.
    pub(super) expand: bool,
    pub(super) sensitive: bool,
}

impl Evaluator<'_> {
    pub(super) fn call(
        &self,
        name: &Ident,
        arguments: &[Expr],
        expand: bool,
        span: Span,
        frames: Frames<'_>,
    ) -> Outcome {
        if let Some(bare) = name.text.strip_prefix(CORE) {
            let name = Ident {
                text: Arc::from(bare),
                span: name.span,
            };
            return self.call(&name, arguments, expand, span, frames);
        }
        if SPECIAL.contains(&&*name.text) {
            return self.special(name, arguments, span, frames);
        }
        let Some(function) = functions::find(&name.text) else {
            return Err(unknown_function(name));
        };
        let arguments = self.arguments(arguments, expand, frames)?;
        self.apply(function, name, arguments, span)
    }

    /// Calls a function with evaluated arguments, or leaves a residual call.
    pub(super) fn apply(
        &self,
        function: &Function,
        name: &Ident,
        mut arguments: Arguments,
        span: Span,
    ) -> Outcome {
        check_count(function, &arguments, span)?;
        let mut known = true;
        for (index, (value, place)) in arguments.values.iter_mut().enumerate() {
            let Some(parameter) = function
                .parameters
                .get(index)
                .or(function.variadic.as_ref())
            else {
                continue;
            };
            let taken = std::mem::replace(value, Value::NULL);
            let (bare, marked) = if parameter.structural {
                self.opened(taken)?.unmark()
            } else {
                self.whole(taken)?.unmark_deep()
            };
            arguments.sensitive |= marked;
            let last_deferred = arguments.expand && matches!(bare, Value::Deferred(_));
            known &= if parameter.structural {
                !matches!(bare, Value::Deferred(_))
            } else {
                bare.is_known()
            };
            *value = if last_deferred {
                check_expansion(&bare, *place)?;
                bare
            } else {
                convert_argument(function, parameter, bare, *place)
                    .map_err(|fault| fault.concealed_if(marked))?
            };
        }
        let impure =
            function.purity == Purity::Impure && self.phase == (Phase::Plan { defer_impure: true });
        if let (Purity::Secret, Some((argument, place))) =
            (function.purity, arguments.values.first())
        {
            functions::secrets::check_deferred(argument)
                .map_err(|error| mistake(function, &error, *place))?;
        }
        if !known || impure || !may_unify(function, &arguments.values) {
            return Ok(self.residual_call(name, arguments, span));
        }
        let values: Vec<Value> = arguments
            .values
            .iter()
            .map(|(value, _)| value.clone())
            .collect();
        let result = (function.body)(self.call, &values);
        if matches!(&result, Err(error) if error.is_undecidable()) {
            return Ok(self.residual_call(name, arguments, span));
        }
        let result = result.map_err(|error| {
            let place = error
                .argument
                .and_then(|index| arguments.values.get(index))
                .map_or(span, |(_, place)| *place);
            mistake(function, &error, place).concealed_if(arguments.sensitive)
        })?;
        self.bytes(size(&result), span)?;
        Ok(result.mark(arguments.sensitive))
    }

    fn arguments(
        &self,
        exprs: &[Expr],
        expand: bool,
        frames: Frames<'_>,
    ) -> Result<Arguments, Fault> {
        let values = self.all(exprs, frames)?;
        let mut values: Vec<(Value, Span)> = values
            .into_iter()
            .zip(exprs.iter().map(|expr| expr.span))
            .collect();
        let mut sensitive = false;
        if !expand {
            return Ok(Arguments {
                values,
                expand,
                sensitive,
            });
        }
        let Some((last, span)) = values.pop() else {
            return Ok(Arguments {
                values,
                expand: false,
                sensitive,
            });
        };
        let (last, marked) = self.in_order(last, span);
        sensitive |= marked;
        let mut pending = false;
        match last {
            Value::Deferred(_) => {
                pending = true;
                values.push((last, span));
            }
            Value::List(items) | Value::Set(items) | Value::Tuple(items) => {
                values.extend(items.iter().map(|item| (item.clone(), span)));
            }
            other => return Err(no_expansion(&other.describe(), span).concealed_if(marked)),
        }
        Ok(Arguments {
            values,
            expand: pending,
            sensitive,
        })
    }

    fn special(&self, name: &Ident, arguments: &[Expr], span: Span, frames: Frames<'_>) -> Outcome {
        let one = || {
            if let [argument] = arguments {
                return Ok(argument);
            }
            let detail = format!(
                "`{}` takes one argument; this call has {}.",
                name.text,
                arguments.len()
            );
            Err(Fault::at("Wrong number of arguments", detail, span))
        };
        match &*name.text {
            "templatefile" | "templatestring" => self.template_call(name, arguments, span, frames),
            "try" => self.try_call(name, arguments, span, frames),
            "can" => match self.expression(one()?, frames) {
                Ok(value) if value.is_known() => Ok(Value::Bool(true)),
                Ok(value) => Ok(self.special_residual(name, vec![value], span)),
                Err(fault) if fault.fatal => Err(fault),
                Err(_) => Ok(Value::Bool(false)),
            },
            special => {
                let (value, marked) = self.expression(one()?, frames)?.unmark();
                match (special, value) {
                    ("sensitive", value) if marked => Ok(value.mark(true)),
                    ("sensitive", value) => Ok(value.conceal()),
                    ("issensitive", value @ Value::Deferred(_)) if !marked => {
                        Ok(Value::Bool(value.has_secret()))
                    }
                    ("issensitive", _) => Ok(Value::Bool(marked)),
                    (_, value) => Ok(value),
                }
            }
        }
    }

    /// The first argument without an error. From the first deferred one on, the rest stays.
    fn try_call(
        &self,
        name: &Ident,
        arguments: &[Expr],
        span: Span,
        frames: Frames<'_>,
    ) -> Outcome {
        let mut last_error = None;
        let mut rest: Vec<Value> = Vec::new();
        for argument in arguments {
            match self.expression(argument, frames) {
                Ok(value) if rest.is_empty() && value.is_known() => return Ok(value),
                Ok(value) => {
                    let known = value.is_known();
                    rest.push(value);
                    if known {
                        break;
                    }
                }
                Err(fault) if fault.fatal => return Err(fault),
                Err(fault) => last_error = Some(fault),
            }
        }
        if !rest.is_empty() {
            return Ok(self.special_residual(name, rest, span));
        }
        let reason = last_error.and_then(|fault| fault.diagnostics.into_iter().next());
        let detail = match reason {
            Some(reason) => format!(
                "None of the arguments of `try` could be evaluated. The last one: {}",
                reason.detail
            ),
            None => "`try` takes at least one argument.".to_owned(),
        };
        Err(Fault::at("No valid argument", detail, span))
    }
}

fn unknown_function(name: &Ident) -> Fault {
    let detail = format!("There is no function `{}`.", name.text);
    let help = match &*name.text {
        "list" => Some("Write `tolist([…])`, or `[…]` alone.".to_owned()),
        "map" => Some("Write `tomap({…})`, or `{…}` alone.".to_owned()),
        "type" => Some("`type(…)` is for the console, as a whole expression.".to_owned()),
        provider if provider.starts_with("provider::") => Some(
            "Providers have no functions here. `jsonencode` writes any value as text.".to_owned(),
        ),
        other => did_you_mean(other, functions::names().chain(SPECIAL)),
    };
    Fault::new(
        Diagnostic::error("Unknown function", detail)
            .at(name.span)
            .help_if(help),
    )
}

/// What is wrong with a call, at the argument's place.
fn mistake(function: &Function, error: &CallError, place: Span) -> Fault {
    let message = error.message.trim_end_matches('.');
    let stop = if message.ends_with('?') { "" } else { "." };
    let detail = format!("`{}`: {message}{stop}", function.name);
    Fault::at("Invalid function call", detail, place)
}

impl Evaluator<'_> {
    fn special_residual(&self, name: &Ident, values: Vec<Value>, span: Span) -> Value {
        let values = values.into_iter().map(|value| (value, span)).collect();
        self.residual_call(
            name,
            Arguments {
                values,
                expand: false,
                sensitive: false,
            },
            span,
        )
    }

    pub(super) fn residual_call(&self, name: &Ident, arguments: Arguments, span: Span) -> Value {
        let mut sensitive = arguments.sensitive;
        let folded = arguments.values.into_iter().map(|(value, place)| {
            let (expr, marked) = self.folded(value, place);
            sensitive |= marked;
            expr
        });
        let kind = ExprKind::Call {
            name: name.clone(),
            arguments: Arc::new(folded.collect()),
            expand: arguments.expand,
        };
        deferred(kind, span).mark(sensitive)
    }
}

fn check_count(function: &Function, arguments: &Arguments, span: Span) -> Result<(), Fault> {
    let needed = function.parameters.len();
    let given = arguments.values.len();
    let most = match &function.variadic {
        None => needed,
        Some(last) if last.once => needed + 1,
        Some(_) => usize::MAX,
    };
    let too_many = given > most && !(arguments.expand && given - 1 == most);
    let too_few = given < needed && !arguments.expand;
    if !too_many && !too_few {
        return Ok(());
    }
    let mut names: Vec<String> = function
        .parameters
        .iter()
        .map(|parameter| parameter.name.to_owned())
        .collect();
    names.extend(function.variadic.iter().map(|parameter| {
        if parameter.once {
            format!("[{}]", parameter.name)
        } else {
            format!("{}...", parameter.name)
        }
    }));
    let detail = format!(
        "The call is `{}({})`; this one has {given} argument{}.",
        function.name,
        names.join(", "),
        if given == 1 { "" } else { "s" }
    );
    Err(Fault::at("Wrong number of arguments", detail, span))
}

/// Whether a plan can bring values to the type that a run would bring them to, where the function does that.
fn may_unify(function: &Function, arguments: &[(Value, Span)]) -> bool {
    let values = || arguments.iter().map(|(value, _)| value);
    if values().all(Value::is_known) {
        return true;
    }
    let elements = |value: &Value| -> Vec<Value> {
        match value {
            Value::List(items) | Value::Set(items) | Value::Tuple(items) => items.to_vec(),
            Value::Map(items) | Value::Object(items) => items.values().cloned().collect(),
            _ => Vec::new(),
        }
    };
    let one_type =
        || values().all(|value| matches!(value, Value::List(_) | Value::Map(_) | Value::Null(_)));
    match function.name {
        "coalesce" => unify::settled(&values().cloned().collect::<Vec<_>>()),
        "tolist" | "toset" | "tomap" | "chunklist" => {
            unify::settled(&values().take(1).flat_map(elements).collect::<Vec<_>>())
        }
        "concat" | "merge" if one_type() => {
            unify::settled(&values().flat_map(elements).collect::<Vec<_>>())
        }
        "lookup" if matches!(values().next(), Some(Value::Map(_))) => {
            let default = values().skip(2).cloned();
            unify::settled(
                &values()
                    .take(1)
                    .flat_map(elements)
                    .chain(default)
                    .collect::<Vec<_>>(),
            )
        }
        _ => true,
    }
}

/// What a parameter wanted, if it can take no value of this type.
fn refusal(function: &Function, accepts: Accepts, ty: &Type) -> Option<&'static str> {
    if *ty == Type::Any {
        return None;
    }
    let structure = infer::is_structure(ty);
    let sequence = matches!(ty, Type::List(_) | Type::Set(_) | Type::Tuple(_));
    let mapping = matches!(ty, Type::Map(_) | Type::Object(_));
    let (fits, wanted) = match accepts {
        Accepts::Any if function.name == "length" => {
            (structure || *ty == Type::String, "a collection or a string")
        }
        Accepts::Any => (true, ""),
        Accepts::Bool => (matches!(ty, Type::Bool | Type::String), "a bool"),
        Accepts::Number => (matches!(ty, Type::Number | Type::String), "a number"),
        Accepts::String => (!structure, "a string"),
        Accepts::Sequence => (sequence, "a list, set or tuple"),
        Accepts::Strings => (sequence, "a list of strings"),
        Accepts::Mapping => (mapping, "a map or object"),
        Accepts::Collection => (sequence || mapping, "a list, set, tuple, map or object"),
    };
    (!fits).then_some(wanted)
}

/// Refuses a deferred value that `...` cannot expand.
fn check_expansion(value: &Value, span: Span) -> Result<(), Fault> {
    match infer::type_of(value) {
        Type::Any | Type::List(_) | Type::Set(_) | Type::Tuple(_) => Ok(()),
        ty => Err(no_expansion(infer::describe(&ty), span)),
    }
}

fn no_expansion(what: &str, span: Span) -> Fault {
    let detail = format!("What `...` expands is a list, set or tuple; this is {what}.");
    Fault::at("Invalid expansion", detail, span)
}

/// Converts a known argument to what the parameter accepts. Deferred parts pass; they are checked when they are known.
fn convert_argument(
    function: &Function,
    parameter: &Parameter,
    value: Value,
    span: Span,
) -> Outcome {
    let refused = |what: &str, wanted: &str| {
        let detail = format!(
            "`{}` takes {wanted} as `{}`; this is {what}.",
            function.name, parameter.name
        );
        Fault::at("Invalid function argument", detail, span)
    };
    let wrong = |value: &Value, wanted: &str| refused(&value.describe(), wanted);
    if let Value::Deferred(expr) = &value {
        let ty = infer::of(expr, None);
        return match refusal(function, parameter.accepts, &ty) {
            Some(wanted) => Err(refused(infer::describe(&ty), wanted)),
            None => Ok(value),
        };
    }
    if matches!(value, Value::Null(_)) {
        return if parameter.nullable {
            Ok(value)
        } else {
            Err(wrong(&value, "a value that is not null"))
        };
    }
    let sequence = matches!(value, Value::List(_) | Value::Set(_) | Value::Tuple(_));
    let mapping = matches!(value, Value::Map(_) | Value::Object(_));
    match parameter.accepts {
        Accepts::Any => Ok(value),
        Accepts::Bool => convert::to_bool(&value)
            .map(Value::Bool)
            .ok_or_else(|| wrong(&value, "a bool")),
        Accepts::Number => convert::to_number(&value)
            .map(Value::Number)
            .ok_or_else(|| wrong(&value, "a number")),
        Accepts::String => convert::to_text(&value)
            .map(Value::String)
            .ok_or_else(|| wrong(&value, "a string")),
        Accepts::Sequence if sequence => Ok(value),
        Accepts::Sequence => Err(wrong(&value, "a list, set or tuple")),
        Accepts::Mapping if mapping => Ok(value),
        Accepts::Mapping => Err(wrong(&value, "a map or object")),
        Accepts::Collection if sequence || mapping => Ok(value),
        Accepts::Collection => Err(wrong(&value, "a list, set, tuple, map or object")),
        Accepts::Strings => {
            let (Value::List(items) | Value::Set(items) | Value::Tuple(items)) = &value else {
                return Err(wrong(&value, "a list of strings"));
            };
            let strings = items.iter().map(|item| match item {
                Value::Deferred(_) => Ok(item.clone()),
                item => convert::to_text(item)
                    .map(Value::String)
                    .ok_or_else(|| wrong(item, "only strings in the list given")),
            });
            let strings = strings.collect::<Result<_, _>>()?;
            // The order of a set is known only when all its elements are.
            if matches!(value, Value::Set(_)) && !value.is_known() {
                return Ok(value);
            }
            Ok(Value::list(strings))
        }
    }
}

/// About how many bytes a result takes.
fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::List(items) | Value::Set(items) | Value::Tuple(items) => {
            items.len() * size_of::<Value>()
        }
        Value::Map(items) | Value::Object(items) => items.len() * size_of::<(Arc<str>, Value)>(),
        _ => 0,
    }
}
