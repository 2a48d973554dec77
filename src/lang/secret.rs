//! Secrets: values that stay where they are kept until an attempt needs them.
//!
//! `secret("env://NAME")` is never evaluated when a plan is made: it stays in the residual, and so does all that is made of it,
//! so that plans and states hold where a secret is and never what it is. Whoever runs an attempt resolves it through
//! [`Secrets`]; the value is sensitive then.

use std::collections::BTreeMap;
use std::sync::Arc;

use thiserror::Error;

use super::ast::Expr;
use super::ast::ExprKind;
use super::ast::Part;
use super::named;
use super::value::Value;
use crate::diag::did_you_mean;

/// The name of the function.
pub(super) const FUNCTION: &str = "secret";

/// Where a secret is kept, among the places that this version can read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretSource {
    /// `env://NAME`: a variable of the runner's environment.
    Variable(String),
    /// `file://PATH`: a file; a relative path starts at the root module's directory.
    File(String),
}

/// Resolves secrets. What it says when it cannot must not hold a value.
pub trait Secrets {
    /// The value of a secret, or a sentence on why there is none, without a final stop.
    fn resolve(&self, source: &SecretSource) -> Result<String, String>;
}

/// Why a text does not say where a secret is.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum SourceError {
    /// It has no scheme.
    #[error(
        "it must be said where the secret is: `env://NAME` is a variable of the environment, `file://PATH` a file"
    )]
    Form,
    /// There is no such scheme.
    #[error("there is no `{scheme}://`. {hint}")]
    Scheme {
        /// What was written.
        scheme: String,
        /// A did-you-mean, or what there is.
        hint: String,
    },
    /// It is for a later version.
    #[error(
        "this version of pipeform cannot resolve `{0}://`; put the secret into a variable of the environment or a file, and write `env://NAME` or `file://PATH`"
    )]
    NotYet(String),
    /// No variable can have this name.
    #[error("`{0}` is no name of a variable of the environment")]
    Name(String),
    /// No file can have this path.
    #[error("{0}")]
    Path(&'static str),
    /// What comes before `://` depends on `run`.
    #[error(
        "where the secret is may depend on `run`, but not what kind of place it is: the text must begin with `env://` or `file://`"
    )]
    Deferred,
}

const SCHEMES: [&str; 4] = ["env", "file", "ssm", "secretsmanager"];

impl SecretSource {
    /// Reads `env://NAME` or `file://PATH`.
    pub(super) fn parse(text: &str) -> Result<Self, SourceError> {
        let (scheme, place) = text.split_once("://").ok_or(SourceError::Form)?;
        check_scheme(scheme)?;
        if scheme == "env" {
            let mut letters = place.chars();
            let good = letters
                .next()
                .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
                && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
            return if good {
                Ok(Self::Variable(place.to_owned()))
            } else {
                Err(SourceError::Name(place.to_owned()))
            };
        }
        if place.is_empty() || place.ends_with('/') {
            return Err(SourceError::Path("a path of a file must follow `file://`"));
        }
        if place.contains('\0') {
            return Err(SourceError::Path("no path holds a NUL character"));
        }
        if place.starts_with('~') {
            return Err(SourceError::Path(
                "`~` is not read as a home directory here; write an absolute path after `file://`, or one relative to the root module's directory",
            ));
        }
        Ok(Self::File(place.to_owned()))
    }

    /// Checks what is known of a text that depends on `run`: the scheme must be.
    pub(super) fn check_deferred(expr: &Expr) -> Result<(), SourceError> {
        let start = beginning(expr).ok_or(SourceError::Deferred)?;
        let (scheme, _) = start.split_once("://").ok_or(SourceError::Deferred)?;
        check_scheme(scheme)
    }
}

fn check_scheme(scheme: &str) -> Result<(), SourceError> {
    match scheme {
        "env" | "file" => Ok(()),
        "ssm" | "secretsmanager" => Err(SourceError::NotYet(scheme.to_owned())),
        other => Err(SourceError::Scheme {
            scheme: other.to_owned(),
            hint: did_you_mean(other, SCHEMES)
                .unwrap_or_else(|| "There are `env://NAME` and `file://PATH`".to_owned()),
        }),
    }
}

/// The text that a template begins with.
fn beginning(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Template(parts) => match parts.first() {
            Some(Part::Literal(text)) => Some(text),
            _ => None,
        },
        ExprKind::Parens(inner) => beginning(inner),
        _ => None,
    }
}

impl Value {
    /// Whether it, or anything in it, is made of a secret that is not resolved.
    pub fn has_secret(&self) -> bool {
        match self {
            Self::Deferred(expr) => {
                let mut found = false;
                named::visit_all(expr, &mut |node| {
                    found = found
                        || match &node.kind {
                            ExprKind::Call { name, .. } => &*name.text == FUNCTION,
                            ExprKind::Value(value) => value.has_secret(),
                            _ => false,
                        };
                    !found
                });
                found
            }
            Self::Sensitive(value) => value.has_secret(),
            Self::List(items) | Self::Set(items) | Self::Tuple(items) => {
                items.iter().any(Self::has_secret)
            }
            Self::Map(items) | Self::Object(items) => items.values().any(Self::has_secret),
            _ => false,
        }
    }

    /// The value, marked as sensitive. What is a secret needs no mark: it is not in the value.
    #[must_use]
    pub fn conceal(self) -> Self {
        if !self.has_secret() {
            return self.mark(true);
        }
        let conceal = |item: &Self| item.clone().conceal();
        let entries = |items: &BTreeMap<Arc<str>, Self>| -> BTreeMap<Arc<str>, Self> {
            let entry = |(key, item): (&Arc<str>, &Self)| (Arc::clone(key), conceal(item));
            items.iter().map(entry).collect()
        };
        match self {
            Self::List(items) => Self::list(items.iter().map(conceal).collect()),
            Self::Set(items) => Self::set(items.iter().map(conceal).collect()),
            Self::Tuple(items) => Self::tuple(items.iter().map(conceal).collect()),
            Self::Map(items) => Self::map(entries(&items)),
            Self::Object(items) => Self::object(entries(&items)),
            value => value,
        }
    }
}
