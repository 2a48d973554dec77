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

/// Where a secret is kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretSource {
    /// `env://NAME`: a variable of the runner's environment.
    Variable(String),
    /// `file://PATH`: a file; a relative path starts at the root module's directory.
    File(String),
    /// `ssm://NAME`: a parameter of Systems Manager, of which version is part of its name.
    Parameter {
        /// Its name, its name and version, or its ARN.
        name: String,
        /// Which key of the JSON object that it holds; `None`: all of it.
        key: Option<String>,
    },
    /// `secretsmanager://NAME`: a secret of Secrets Manager.
    Managed {
        /// Its name or ARN.
        name: String,
        /// Which of its versions, if not the current one.
        version: Option<SecretVersion>,
        /// Which key of the JSON object that it holds; `None`: all of it.
        key: Option<String>,
    },
}

/// A version of a secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretVersion {
    /// The one with this label: `AWSPREVIOUS`.
    Stage(String),
    /// The one with this id.
    Id(String),
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
        "it must be said where the secret is: `env://NAME` is a variable of the environment, `file://PATH` a file, `ssm://NAME` a parameter of AWS Systems Manager, `secretsmanager://NAME` a secret of AWS Secrets Manager"
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
    /// Nothing at AWS can be called so.
    #[error("{0}")]
    Aws(&'static str),
    /// No variable can have this name.
    #[error("`{0}` is no name of a variable of the environment")]
    Name(String),
    /// No file can have this path.
    #[error("{0}")]
    Path(&'static str),
    /// What comes before `://` depends on `run`.
    #[error(
        "where the secret is may depend on `run`, but not what kind of place it is: the text must begin with `env://`, `file://`, `ssm://` or `secretsmanager://`"
    )]
    Deferred,
}

const SCHEMES: [&str; 4] = ["env", "file", "ssm", "secretsmanager"];

impl SecretSource {
    /// Reads a text that says where a secret is.
    pub(super) fn parse(text: &str) -> Result<Self, SourceError> {
        let (scheme, place) = text.split_once("://").ok_or(SourceError::Form)?;
        check_scheme(scheme)?;
        match scheme {
            "env" => Self::variable(place),
            "ssm" => {
                let (name, key) = with_key(place)?;
                let name = name_at_aws(name)?;
                Ok(Self::Parameter { name, key })
            }
            "secretsmanager" => {
                let (name, key) = with_key(place)?;
                let (name, version) = with_version(name)?;
                let name = name_at_aws(name)?;
                Ok(Self::Managed { name, version, key })
            }
            _ => Self::file(place),
        }
    }

    fn variable(place: &str) -> Result<Self, SourceError> {
        let mut letters = place.chars();
        let good = letters
            .next()
            .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
            && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        if good {
            Ok(Self::Variable(place.to_owned()))
        } else {
            Err(SourceError::Name(place.to_owned()))
        }
    }

    fn file(place: &str) -> Result<Self, SourceError> {
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
        known if SCHEMES.contains(&known) => Ok(()),
        other => Err(SourceError::Scheme {
            scheme: other.to_owned(),
            hint: did_you_mean(other, SCHEMES).unwrap_or_else(|| {
                "There are `env://NAME`, `file://PATH`, `ssm://NAME` and `secretsmanager://NAME`"
                    .to_owned()
            }),
        }),
    }
}

/// What stands before `#`, and the key behind it.
fn with_key(place: &str) -> Result<(&str, Option<String>), SourceError> {
    match place.split_once('#') {
        None => Ok((place, None)),
        Some((_, "")) => Err(SourceError::Aws(
            "behind `#` stands a key of the JSON object that the secret is: `#password`",
        )),
        Some((name, key)) => Ok((name, Some(key.to_owned()))),
    }
}

/// What stands before `?`, and the version behind it.
fn with_version(place: &str) -> Result<(&str, Option<SecretVersion>), SourceError> {
    let Some((name, version)) = place.split_once('?') else {
        return Ok((place, None));
    };
    let version = match version.split_once('=') {
        Some(("stage", stage)) if !stage.is_empty() => SecretVersion::Stage(stage.to_owned()),
        Some(("version", id)) if !id.is_empty() => SecretVersion::Id(id.to_owned()),
        _ => {
            return Err(SourceError::Aws(
                "behind `?` stands which version is meant: `?stage=AWSPREVIOUS`, or `?version=` and its id",
            ));
        }
    };
    Ok((name, Some(version)))
}

/// The name of something at AWS: names are of letters, digits and a few signs.
fn name_at_aws(name: &str) -> Result<String, SourceError> {
    if name.is_empty() || name == "/" {
        return Err(SourceError::Aws(
            "a name must follow `://`: `ssm:///prod/db/password`, `secretsmanager://prod/db`",
        ));
    }
    let sign = |letter: char| letter.is_ascii_alphanumeric() || "-_./+=@:!".contains(letter);
    if name.chars().all(sign) {
        Ok(name.to_owned())
    } else {
        Err(SourceError::Aws(
            "a name at AWS has no spaces, and of signs only `-_./+=@:!`",
        ))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_at_aws_have_names_versions_and_keys() {
        let parameter = |name: &str, key: Option<&str>| SecretSource::Parameter {
            name: name.to_owned(),
            key: key.map(str::to_owned),
        };
        let managed = |name: &str, version, key: Option<&str>| SecretSource::Managed {
            name: name.to_owned(),
            version,
            key: key.map(str::to_owned),
        };
        let arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/db-AbCdEf";
        for (text, source) in [
            ("ssm:///prod/db", parameter("/prod/db", None)),
            ("ssm://db:3", parameter("db:3", None)),
            ("ssm://db#user.name", parameter("db", Some("user.name"))),
            ("secretsmanager://prod/db", managed("prod/db", None, None)),
            (
                "secretsmanager://db?stage=AWSPREVIOUS#password",
                managed(
                    "db",
                    Some(SecretVersion::Stage("AWSPREVIOUS".to_owned())),
                    Some("password"),
                ),
            ),
            (
                "secretsmanager://db?version=1-2",
                managed("db", Some(SecretVersion::Id("1-2".to_owned())), None),
            ),
            (
                &format!("secretsmanager://{arn}#a#b"),
                managed(arn, None, Some("a#b")),
            ),
        ] {
            assert_eq!(SecretSource::parse(text), Ok(source), "{text}");
        }
    }
}
