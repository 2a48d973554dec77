//! The values of variables: from environment, files and flags, with Terraform's precedence.
//!
//! Nothing is read here: the caller brings the texts, and gets values that are converted, checked and marked.

#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::ast::Attribute;
use super::ast::Expr;
use super::constant::constant;
use super::convert;
use super::eval::Budget;
use super::eval::Evaluator;
use super::eval::Phase;
use super::functions::Call;
use super::module::Validation;
use super::module::Variable;
use super::parse::parse_body;
use super::parse::parse_expression;
use super::scope::Resolution;
use super::scope::Scope;
use super::scope::Step;
use super::stored;
use super::types;
use super::types::Type;
use super::value::Reference;
use super::value::Value;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::FileId;
use crate::diag::Span;
use crate::diag::did_you_mean;

/// Where a value comes from.
#[derive(Clone, Debug)]
pub enum ValueSource {
    /// `PIPEFORM_VAR_name`; `name` is without the prefix.
    Environment {
        /// The variable.
        name: Arc<str>,
        /// Its value as text.
        text: Arc<str>,
        /// The text among the sources.
        file: FileId,
    },
    /// A value file.
    File {
        /// The text among the sources.
        file: FileId,
        /// Its content.
        text: Arc<str>,
        /// JSON rather than HCL.
        json: bool,
    },
    /// `--var name=text`.
    Flag {
        /// The variable.
        name: Arc<str>,
        /// Its value as text.
        text: Arc<str>,
        /// The text among the sources.
        file: FileId,
    },
}

/// The value files among the names in a directory that are read without being asked for, weakest first:
/// `pipeform.pipevars`, `pipeform.pipevars.json`, then `*.auto.pipevars` and `*.auto.pipevars.json` by name.
pub fn automatic_files<'n>(names: impl IntoIterator<Item = &'n str>) -> Vec<&'n str> {
    let rank = |name: &str| match name {
        "pipeform.pipevars" => Some(0),
        "pipeform.pipevars.json" => Some(1),
        name if name.ends_with(".auto.pipevars") || name.ends_with(".auto.pipevars.json") => {
            Some(2)
        }
        _ => None,
    };
    let mut ranked: Vec<(i32, &str)> = names
        .into_iter()
        .filter_map(|name| Some((rank(name)?, name)))
        .collect();
    ranked.sort_unstable();
    ranked.into_iter().map(|(_, name)| name).collect()
}

/// A value before conversion, and where it was given.
struct Given {
    value: Value,
    span: Span,
}

/// The values of all variables. `sources` are in the order of precedence, the weakest first: the environment, the files of
/// [`automatic_files`], then `--var` and `--var-file` as on the command line. A variable whose value is missing or wrong
/// has been reported and is not in the result.
pub fn assign(
    variables: &BTreeMap<Arc<str>, Variable>,
    sources: &[ValueSource],
    call: &Call<'_>,
    diagnostics: &mut Diagnostics,
) -> BTreeMap<Arc<str>, Value> {
    let mut given = BTreeMap::new();
    for source in sources {
        collect(variables, source, &mut given, diagnostics);
    }
    let mut values = BTreeMap::new();
    for (name, variable) in variables {
        let given = given.remove(name);
        if given.is_none() && variable.default.is_none() {
            diagnostics.push(missing(variable));
        }
        let wrong = matches!(given, Some(None));
        let value = settle(variable, given.flatten(), diagnostics);
        if let Some(value) = value.filter(|_| !wrong) {
            values.insert(Arc::clone(name), value);
        }
    }
    validate(variables, &values, call, diagnostics);
    values
}

/// Adds what one source gives. `None` as a value: given, but wrong, and reported.
fn collect(
    variables: &BTreeMap<Arc<str>, Variable>,
    source: &ValueSource,
    given: &mut BTreeMap<Arc<str>, Option<Given>>,
    diagnostics: &mut Diagnostics,
) {
    match source {
        ValueSource::Environment { name, text, file } => {
            if let Some(variable) = variables.get(name) {
                given.insert(
                    Arc::clone(name),
                    from_text(variable, text, *file, diagnostics),
                );
            }
        }
        ValueSource::Flag { name, text, file } => {
            if let Some(variable) = variables.get(name) {
                drop(given.insert(
                    Arc::clone(name),
                    from_text(variable, text, *file, diagnostics),
                ));
            } else {
                let detail = format!(
                    "`--var {name}=…` sets a variable that is not declared. Declare it with `variable \"{name}\" {{ … }}`, or leave the flag out."
                );
                diagnostics.push(
                    Diagnostic::error("Undeclared variable", detail)
                        .help_if(did_you_mean(name, variables.keys().map(|key| &**key))),
                );
            }
        }
        ValueSource::File { file, text, json } => {
            let entries = if *json {
                json_entries(*file, text, diagnostics)
            } else {
                hcl_entries(*file, text, diagnostics)
            };
            for (name, entry) in entries {
                if variables.contains_key(&name) {
                    given.insert(name, entry);
                } else {
                    let span = entry.map_or(
                        Span {
                            file: *file,
                            ..Span::default()
                        },
                        |entry| entry.span,
                    );
                    let detail = format!(
                        "The file sets `{name}`, which is not declared. Declare it with `variable \"{name}\" {{ … }}`, or remove it here."
                    );
                    let hint = did_you_mean(&name, variables.keys().map(|key| &**key));
                    diagnostics.push(
                        Diagnostic::warning("Undeclared variable", detail)
                            .at(span)
                            .help_if(hint),
                    );
                }
            }
        }
    }
}

/// A value written on the command line or in the environment: plain text where the type is primitive, else HCL.
fn from_text(
    variable: &Variable,
    text: &Arc<str>,
    file: FileId,
    diagnostics: &mut Diagnostics,
) -> Option<Given> {
    let end = u32::try_from(text.len()).unwrap_or(u32::MAX);
    let span = Span {
        file,
        start: 0,
        end,
    };
    if matches!(
        variable.ty,
        Type::Any | Type::String | Type::Number | Type::Bool
    ) {
        return Some(Given {
            value: Value::String(Arc::clone(text)),
            span,
        });
    }
    let expr = parse_expression(file, text, diagnostics)?;
    let value = constant(&expr, "The value of a variable", diagnostics)?;
    Some(Given { value, span })
}

type Entries = Vec<(Arc<str>, Option<Given>)>;

fn hcl_entries(file: FileId, text: &str, diagnostics: &mut Diagnostics) -> Entries {
    let body = parse_body(file, text, diagnostics);
    for block in &body.blocks {
        let detail = "A value file has attributes only: `name = value`.";
        diagnostics.push(Diagnostic::error("Block in a value file", detail).at(block.span));
    }
    let entry = |attribute: &Attribute| {
        let value = constant(&attribute.expr, "A value in a value file", diagnostics);
        let span = attribute.expr.span;
        (
            Arc::clone(&attribute.name.text),
            value.map(|value| Given { value, span }),
        )
    };
    body.attributes.iter().map(entry).collect()
}

fn json_entries(file: FileId, text: &str, diagnostics: &mut Diagnostics) -> Entries {
    let span = Span {
        file,
        ..Span::default()
    };
    let text = text.trim_start_matches('\u{feff}');
    let entries: serde_json::Map<String, serde_json::Value> = match serde_json::from_str(text) {
        Ok(entries) => entries,
        Err(error) => {
            let detail =
                format!("The file is not a JSON object with the values of variables: {error}.");
            diagnostics.push(
                Diagnostic::error("Invalid value file", detail).at(json_place(file, text, &error)),
            );
            return Vec::new();
        }
    };
    let entry = |(name, json): (String, serde_json::Value)| {
        (
            Arc::from(name),
            Some(Given {
                value: stored::plain(&json),
                span,
            }),
        )
    };
    entries.into_iter().map(entry).collect()
}

fn json_place(file: FileId, text: &str, error: &serde_json::Error) -> Span {
    let before: usize = text
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1))
        .map(str::len)
        .sum();
    let start = u32::try_from((before + error.column().saturating_sub(1)).min(text.len()))
        .unwrap_or(u32::MAX);
    Span {
        file,
        start,
        end: start,
    }
}

/// Converts, fills in the default, and marks. `None` if there is no value or it is wrong.
fn settle(
    variable: &Variable,
    given: Option<Given>,
    diagnostics: &mut Diagnostics,
) -> Option<Value> {
    let name = &variable.name;
    let value = match given {
        None => variable.default.clone()?,
        Some(Given {
            value: Value::Null, ..
        }) if !variable.nullable && variable.default.is_some() => variable.default.clone()?,
        Some(Given {
            value: Value::Null,
            span,
        }) if !variable.nullable => {
            let detail = format!(
                "The variable `{}` may not be null, and has no default.",
                name.text
            );
            diagnostics.push(
                Diagnostic::error("Invalid value for a variable", detail)
                    .at(span)
                    .label(name.span, "declared here"),
            );
            return None;
        }
        Some(Given { value, span }) => match types::convert(&value, &variable.ty) {
            Ok(value) => value,
            Err(error) => {
                let reason = if variable.sensitive {
                    format!("it is not `{}`", variable.ty)
                } else {
                    error.to_string()
                };
                let detail = format!(
                    "The value does not fit the variable `{}`: {reason}. Its type is `{}`.",
                    name.text, variable.ty
                );
                diagnostics.push(
                    Diagnostic::error("Invalid value for a variable", detail)
                        .at(span)
                        .label(name.span, "declared here"),
                );
                return None;
            }
        },
    };
    Some(value.mark(variable.sensitive))
}

fn missing(variable: &Variable) -> Diagnostic {
    let name = &variable.name.text;
    let detail = format!(
        "The variable `{name}` has no default, and no value is given. Give one with `--var {name}=…`, in the environment as `PIPEFORM_VAR_{name}`, or in a file `pipeform.pipevars`."
    );
    Diagnostic::error("No value for a required variable", detail).at(variable.name.span)
}

/// What validations may refer to: `var.*`.
struct VariableScope<'v> {
    variables: &'v BTreeMap<Arc<str>, Variable>,
    values: &'v BTreeMap<Arc<str>, Value>,
    reported: RefCell<Diagnostics>,
}

impl Scope for VariableScope<'_> {
    fn resolve(&self, path: &[Step]) -> Resolution {
        let problem = match path {
            [root, step, ..] if &*root.name == "var" => {
                if let Some(value) = self.values.get(&step.name) {
                    return Resolution::Value {
                        value: value.clone(),
                        consumed: 2,
                    };
                }
                if self.variables.contains_key(&step.name) {
                    return Resolution::Failed;
                }
                let hint = did_you_mean(&step.name, self.variables.keys().map(|key| &**key));
                Diagnostic::error(
                    "Undeclared variable",
                    format!("There is no variable `{}`.", step.name),
                )
                .at(step.span)
                .help_if(hint)
            }
            [root, ..] => Diagnostic::error(
                "Unknown name",
                format!(
                    "A validation may use `var.…` and functions; there is no `{}` here.",
                    root.name
                ),
            )
            .at(root.span),
            [] => return Resolution::Failed,
        };
        self.report(problem);
        Resolution::Failed
    }

    fn attribute(&self, _: &Reference, name: &Step) -> Option<Value> {
        let detail = format!(
            "`{}` of a referenced object is not known while variables are checked.",
            name.name
        );
        self.report(Diagnostic::error("Unsupported attribute", detail).at(name.span));
        None
    }

    fn report(&self, diagnostic: Diagnostic) {
        self.reported.borrow_mut().push(diagnostic);
    }
}

fn validate(
    variables: &BTreeMap<Arc<str>, Variable>,
    values: &BTreeMap<Arc<str>, Value>,
    call: &Call<'_>,
    diagnostics: &mut Diagnostics,
) {
    let scope = VariableScope {
        variables,
        values,
        reported: RefCell::default(),
    };
    let budget = Budget::default();
    let evaluator = Evaluator::new(
        &scope,
        call,
        &budget,
        Phase::Plan {
            defer_impure: false,
        },
    );
    for variable in variables
        .values()
        .filter(|variable| values.contains_key(&variable.name.text))
    {
        for validation in &variable.validations {
            check(variable, validation, &evaluator, &scope);
        }
    }
    diagnostics.extend(scope.reported.into_inner());
}

fn check(
    variable: &Variable,
    validation: &Validation,
    evaluator: &Evaluator<'_>,
    scope: &VariableScope<'_>,
) {
    let Some(value) = evaluator.evaluate(&validation.condition) else {
        return;
    };
    match convert::to_bool(&value.unmark().0) {
        Some(true) => {}
        Some(false) => {
            let message = message(&validation.error_message, evaluator);
            let problem = Diagnostic::error("Invalid value for a variable", message)
                .at(validation.condition.span);
            scope.report(problem.label(variable.name.span, "the variable"));
        }
        None => scope.report(
            Diagnostic::error(
                "Invalid condition",
                "The condition of a validation is true or false.",
            )
            .at(validation.condition.span),
        ),
    }
}

fn message(expr: &Expr, evaluator: &Evaluator<'_>) -> String {
    let value = evaluator.evaluate(expr);
    match value.as_ref().map(|value| (value, convert::to_text(value))) {
        Some((_, Some(text))) => text.to_string(),
        Some((Value::Sensitive(_), _)) => {
            "The value does not meet the condition. (The message is sensitive and not shown.)"
                .to_owned()
        }
        _ => "The value does not meet the condition.".to_owned(),
    }
}
