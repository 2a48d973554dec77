//! The values of variables: from environment, files and flags, with Terraform's precedence.
//!
//! Nothing is read here: the caller brings the texts, and gets values that are converted and marked. Validations are checked where all of a module
//! is known that they may refer to.

mod deferred;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ast::Attribute;
use super::ast::Ident;
use super::constant::constant;
use super::json::read_values;
use super::module::Variable;
use super::parse::parse_expression;
use super::parse::parse_text;
use super::types;
use super::value::Value;
use crate::diag::Damage;
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
    /// A value file that could not be read, which was reported.
    Unreadable,
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

/// The values of variables.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assigned {
    /// The values by name. One that is wrong is absent, and has been reported.
    pub values: BTreeMap<Arc<str>, Value>,
    /// The variables that need a value and have none.
    pub unset: Vec<Arc<str>>,
}

/// The values of all variables. `sources` are in the order of precedence, the weakest first: the environment, the files of
/// [`automatic_files`], then `--var` and `--var-file` as on the command line.
pub fn assign(
    variables: &BTreeMap<Arc<str>, Variable>,
    sources: &[ValueSource],
    diagnostics: &mut Diagnostics,
) -> Assigned {
    let mut given = BTreeMap::new();
    let mut damage = Damage::default();
    for source in sources {
        damage.extend(collect(variables, source, &mut given, diagnostics));
    }
    let mut assigned = Assigned::default();
    for (name, variable) in variables {
        let given = given.remove(name);
        // Neither is known of a variable that may be given in what could not be read.
        if variable.broken || damage.hides(name) {
            continue;
        }
        if given.is_none() && variable.default.is_none() {
            assigned.unset.push(Arc::clone(name));
        }
        let wrong = matches!(given, Some(None));
        let value = settle(variable, given.flatten(), diagnostics);
        if let Some(value) = value.filter(|_| !wrong) {
            assigned.values.insert(Arc::clone(name), value);
        }
    }
    assigned
}

/// Adds what one source gives. `None` as a value: given, but wrong, and reported. Returns what of it could not be read.
fn collect(
    variables: &BTreeMap<Arc<str>, Variable>,
    source: &ValueSource,
    given: &mut BTreeMap<Arc<str>, Option<Given>>,
    diagnostics: &mut Diagnostics,
) -> Damage {
    let mut damage = Damage::default();
    match source {
        ValueSource::Unreadable => damage.add_unknown(),
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
                        .if_absent(name)
                        .help_if(did_you_mean(name, variables.keys().map(|key| &**key))),
                );
            }
        }
        ValueSource::File { file, text, json } => {
            let entries = if *json {
                json_entries(*file, text, &mut damage, diagnostics)
            } else {
                hcl_entries(*file, text, &mut damage, diagnostics)
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
                            .if_absent(&name)
                            .help_if(hint),
                    );
                }
            }
        }
    }
    damage
}

/// What a value file gives, by name, as it is written; `None` if not all of it is right.
pub fn written(text: &str, json: bool) -> Option<BTreeMap<Arc<str>, Value>> {
    let file = FileId::default();
    let (mut damage, mut diagnostics) = (Damage::default(), Diagnostics::new());
    let entries = if json {
        json_entries(file, text, &mut damage, &mut diagnostics)
    } else {
        hcl_entries(file, text, &mut damage, &mut diagnostics)
    };
    if diagnostics.has_errors() || !damage.is_empty() {
        return None;
    }
    let entries = entries.into_iter();
    entries
        .map(|(name, given)| Some((name, given?.value)))
        .collect()
}

/// A value written on the command line or in the environment: plain text where no type or a primitive one is given, else HCL.
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
    if variable.literal {
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

fn hcl_entries(
    file: FileId,
    text: &str,
    damage: &mut Damage,
    diagnostics: &mut Diagnostics,
) -> Entries {
    let parsed = parse_text(file, text);
    diagnostics.extend(parsed.diagnostics);
    damage.extend(parsed.damage);
    let body = parsed.body;
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

fn json_entries(
    file: FileId,
    text: &str,
    damage: &mut Damage,
    diagnostics: &mut Diagnostics,
) -> Entries {
    let values = read_values(file, text, damage, diagnostics);
    let entry =
        |(name, value, span): (Ident, Value, Span)| (name.text, Some(Given { value, span }));
    values.into_iter().map(entry).collect()
}

/// Converts, fills in the default, and marks. `None` if there is no value or it is wrong.
fn settle(
    variable: &Variable,
    given: Option<Given>,
    diagnostics: &mut Diagnostics,
) -> Option<Value> {
    match given {
        None => default(variable),
        Some(Given { value, span }) => accept(variable, &value, span)
            .map_err(|diagnostic| diagnostics.push(diagnostic))
            .ok(),
    }
}

/// The value of a variable that is given none; `None` if it needs one.
pub fn default(variable: &Variable) -> Option<Value> {
    let default = variable.default.clone()?;
    Some(if variable.sensitive {
        default.conceal()
    } else {
        default
    })
}

/// What a variable makes of a value that is given at `span`: converted to its type, the default in place of a null that it
/// does not take, and marked if it is sensitive. What is deferred in the value is converted when it is known.
pub fn accept(variable: &Variable, value: &Value, span: Span) -> Result<Value, Diagnostic> {
    let name = &variable.name;
    let wrong = |detail: String| {
        let finding = Diagnostic::error("Invalid value for a variable", detail);
        // The line of a sensitive value would show it.
        if variable.sensitive || value.has_sensitive() {
            finding.at(name.span)
        } else {
            finding.at(span).label(name.span, "declared here")
        }
    };
    let null = match value {
        Value::Sensitive(inner) => **inner == Value::NULL,
        value => *value == Value::NULL,
    };
    if null && !variable.nullable {
        return default(variable).ok_or_else(|| {
            wrong(format!(
                "The variable `{}` may not be null, and has no default.",
                name.text
            ))
        });
    }
    let converted = types::convert(value, &variable.ty).map_err(|error| {
        if variable.sensitive || value.has_sensitive() {
            format!("it is not `{}`", variable.ty)
        } else {
            error.to_string()
        }
    });
    converted
        .and_then(|value| deferred::conform(value, &variable.ty))
        .map(|value| {
            if variable.sensitive {
                value.conceal()
            } else {
                value
            }
        })
        .map_err(|reason| {
            wrong(format!(
                "The value does not fit the variable `{}`: {reason}. Its type is `{}`.",
                name.text, variable.ty
            ))
        })
}

/// What is said about a variable that has no value where it needs one.
pub fn unset(variable: &Variable) -> Diagnostic {
    let name = &variable.name.text;
    let detail = format!(
        "The variable `{name}` has no default, and no value is given. Give one with `--var {name}=…`, in the environment as `PIPEFORM_VAR_{name}`, or in a file `pipeform.pipevars`."
    );
    Diagnostic::error("No value for a required variable", detail).at(variable.name.span)
}
