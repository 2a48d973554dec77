//! Type constraints: what they are, and how they are written.

mod conversion;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value as Json;
use serde_json::json;

pub use conversion::ConvertError;
pub use conversion::convert;

use super::ast::Expr;
use super::ast::ExprKind;
use super::constant::constant;
use super::unify::type_of;
use super::value::Value;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::did_you_mean;

/// What values a variable or attribute takes.
#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    /// Any value, as it is.
    Any,
    /// A string.
    String,
    /// A number.
    Number,
    /// A bool.
    Bool,
    /// Elements of one type, in order.
    List(Box<Self>),
    /// Distinct elements of one type.
    Set(Box<Self>),
    /// Elements of one type by key.
    Map(Box<Self>),
    /// Elements of these types.
    Tuple(Vec<Self>),
    /// Attributes by name.
    Object(BTreeMap<Arc<str>, Field>),
    /// A reference to an object of this kind.
    Ref(Arc<str>),
}

/// An attribute of an object type.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its type.
    pub ty: Type,
    /// Whether it may be left out.
    pub optional: bool,
    /// What it is when it is left out or null; `null` if there is no default.
    pub default: Value,
}

impl Field {
    /// An attribute that must be given.
    pub(super) fn new(ty: Type) -> Self {
        Self {
            ty,
            optional: false,
            default: Value::NULL,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::String => f.write_str("string"),
            Self::Number => f.write_str("number"),
            Self::Bool => f.write_str("bool"),
            Self::List(of) => write!(f, "list({of})"),
            Self::Set(of) => write!(f, "set({of})"),
            Self::Map(of) => write!(f, "map({of})"),
            Self::Tuple(items) => {
                let items: Vec<String> = items.iter().map(Self::to_string).collect();
                write!(f, "tuple([{}])", items.join(", "))
            }
            Self::Object(fields) => {
                let fields = fields.iter().map(|(name, field)| {
                    if field.optional {
                        format!("{name} = optional({})", field.ty)
                    } else {
                        format!("{name} = {}", field.ty)
                    }
                });
                write!(f, "object({{ {} }})", fields.collect::<Vec<_>>().join(", "))
            }
            Self::Ref(kind) => write!(f, "ref(\"{kind}\")"),
        }
    }
}

const NAMES: [&str; 10] = [
    "any", "bool", "list", "map", "number", "object", "ref", "set", "string", "tuple",
];

impl Type {
    /// The type in JSON, as Terraform writes it: `"string"`, `["list","string"]`, `["object",{"a":"number"}]`.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Any => json!("dynamic"),
            Self::String => json!("string"),
            Self::Number => json!("number"),
            Self::Bool => json!("bool"),
            Self::List(of) => json!(["list", of.to_json()]),
            Self::Set(of) => json!(["set", of.to_json()]),
            Self::Map(of) => json!(["map", of.to_json()]),
            Self::Tuple(types) => {
                let types: Vec<Json> = types.iter().map(Self::to_json).collect();
                json!(["tuple", types])
            }
            Self::Object(fields) => {
                let fields: serde_json::Map<String, Json> = fields
                    .iter()
                    .map(|(name, field)| (name.to_string(), field.ty.to_json()))
                    .collect();
                json!(["object", fields])
            }
            Self::Ref(kind) => json!(["ref", &**kind]),
        }
    }

    /// The type in messages: `list of string`, `object`.
    pub fn in_words(&self) -> String {
        match self {
            Self::Any => "dynamic".to_owned(),
            Self::List(of) => format!("list of {}", of.in_words()),
            Self::Set(of) => format!("set of {}", of.in_words()),
            Self::Map(of) => format!("map of {}", of.in_words()),
            Self::Tuple(_) => "tuple".to_owned(),
            Self::Object(_) => "object".to_owned(),
            plain => plain.to_string(),
        }
    }

    /// The type of a value.
    pub fn of(value: &Value) -> Self {
        type_of(value)
    }

    /// Whether it leaves nothing open.
    pub(super) fn is_closed(&self) -> bool {
        match self {
            Self::Any => false,
            Self::List(of) | Self::Set(of) | Self::Map(of) => of.is_closed(),
            Self::Tuple(items) => items.iter().all(Self::is_closed),
            Self::Object(fields) => fields.values().all(|field| field.ty.is_closed()),
            Self::String | Self::Number | Self::Bool | Self::Ref(_) => true,
        }
    }

    /// The type of values: what is optional in a constraint is there in a value.
    fn of_values(&self) -> Self {
        match self {
            Self::List(of) => Self::List(Box::new(of.of_values())),
            Self::Set(of) => Self::Set(Box::new(of.of_values())),
            Self::Map(of) => Self::Map(Box::new(of.of_values())),
            Self::Tuple(items) => Self::Tuple(items.iter().map(Self::of_values).collect()),
            Self::Object(fields) => {
                let field = |(name, field): (&Arc<str>, &Field)| {
                    (Arc::clone(name), Field::new(field.ty.of_values()))
                };
                Self::Object(fields.iter().map(field).collect())
            }
            plain => plain.clone(),
        }
    }

    /// Reads the type of a variable: as [`Self::from_expr`], and `list` and `map` alone stand for such of anything, as in
    /// Terraform.
    pub fn of_variable(expr: &Expr, diagnostics: &mut Diagnostics) -> Option<Self> {
        match &expr.kind {
            ExprKind::Name(name) if &*name.text == "list" => Some(Self::List(Box::new(Self::Any))),
            ExprKind::Name(name) if &*name.text == "map" => Some(Self::Map(Box::new(Self::Any))),
            _ => Self::from_expr(expr, diagnostics),
        }
    }

    /// Reads a type constraint. `None` if it is not one, which has been reported.
    pub fn from_expr(expr: &Expr, diagnostics: &mut Diagnostics) -> Option<Self> {
        match &expr.kind {
            ExprKind::Parens(inner) => Self::from_expr(inner, diagnostics),
            ExprKind::Name(name) => match &*name.text {
                "any" => Some(Self::Any),
                "string" => Some(Self::String),
                "number" => Some(Self::Number),
                "bool" => Some(Self::Bool),
                "list" | "set" | "map" => refuse(
                    expr,
                    &format!(
                        "`{0}` needs the type of its elements, e.g. `{0}(string)`.",
                        name.text
                    ),
                    diagnostics,
                ),
                other => {
                    let diagnostic =
                        Diagnostic::error("Invalid type", format!("There is no type `{other}`."))
                            .at(expr.span);
                    diagnostics.push(diagnostic.help_if(did_you_mean(other, NAMES)));
                    None
                }
            },
            // Types in quotes are what Terraform took at first.
            ExprKind::Value(Value::String(text)) if NAMES.contains(&&**text) => refuse(
                expr,
                &format!("A type is written without quotes: `{text}`."),
                diagnostics,
            ),
            ExprKind::Call {
                name,
                arguments,
                expand: false,
            } => match arguments.as_slice() {
                [argument] => Self::constructor(&name.text, expr, argument, diagnostics),
                _ => refuse(
                    expr,
                    &format!("`{}` takes one argument here.", name.text),
                    diagnostics,
                ),
            },
            _ => refuse(
                expr,
                "A type is e.g. `string`, `number`, `bool`, `any`, `list(string)`, `map(number)` or `object({ name = string })`.",
                diagnostics,
            ),
        }
    }

    fn constructor(
        name: &str,
        expr: &Expr,
        argument: &Expr,
        diagnostics: &mut Diagnostics,
    ) -> Option<Self> {
        let mut element = || Self::from_expr(argument, diagnostics).map(Box::new);
        match name {
            "list" => element().map(Self::List),
            "set" => element().map(Self::Set),
            "map" => element().map(Self::Map),
            "ref" => match &argument.kind {
                ExprKind::Value(Value::String(kind)) => Some(Self::Ref(Arc::clone(kind))),
                _ => refuse(
                    argument,
                    "`ref` takes the kind of the object in quotes, e.g. `ref(\"data_node\")`.",
                    diagnostics,
                ),
            },
            "tuple" => match &argument.kind {
                ExprKind::Tuple(items) => {
                    let items: Vec<Option<Self>> = items
                        .iter()
                        .map(|item| Self::from_expr(item, diagnostics))
                        .collect();
                    items.into_iter().collect::<Option<_>>().map(Self::Tuple)
                }
                _ => refuse(
                    argument,
                    "`tuple` takes a list of types, e.g. `tuple([string, number])`.",
                    diagnostics,
                ),
            },
            "object" => match &argument.kind {
                ExprKind::Object(items) => Self::object(items, diagnostics),
                _ => refuse(
                    argument,
                    "`object` takes its attributes with their types, e.g. `object({ name = string })`.",
                    diagnostics,
                ),
            },
            "optional" => refuse(
                expr,
                "`optional` stands for the type of an attribute inside `object({ … })` only.",
                diagnostics,
            ),
            other => {
                let diagnostic =
                    Diagnostic::error("Invalid type", format!("There is no type `{other}(…)`."))
                        .at(expr.span);
                diagnostics.push(diagnostic.help_if(did_you_mean(other, NAMES)));
                None
            }
        }
    }

    fn object(items: &[(Expr, Expr)], diagnostics: &mut Diagnostics) -> Option<Self> {
        let mut fields = BTreeMap::new();
        let mut complete = true;
        for (key, item) in items {
            let ExprKind::Value(Value::String(name)) = &key.kind else {
                complete = false;
                drop(refuse::<Self>(
                    key,
                    "The name of an attribute is a plain name.",
                    diagnostics,
                ));
                continue;
            };
            if fields.contains_key(name) {
                complete = false;
                let detail = format!("The attribute `{name}` has a type already.");
                drop(refuse::<Self>(key, &detail, diagnostics));
                continue;
            }
            match Self::field(item, diagnostics) {
                Some(field) => drop(fields.insert(Arc::clone(name), field)),
                None => complete = false,
            }
        }
        complete.then_some(Self::Object(fields))
    }

    fn field(expr: &Expr, diagnostics: &mut Diagnostics) -> Option<Field> {
        let ExprKind::Call {
            name, arguments, ..
        } = &expr.kind
        else {
            return Self::from_expr(expr, diagnostics).map(Field::new);
        };
        if &*name.text != "optional" {
            return Self::from_expr(expr, diagnostics).map(Field::new);
        }
        let (ty, default) = match arguments.as_slice() {
            [ty] => (Self::from_expr(ty, diagnostics)?, Value::NULL),
            [ty, default_expr] => {
                let ty = Self::from_expr(ty, diagnostics)?;
                let default = constant(
                    default_expr,
                    "The default of an optional attribute",
                    diagnostics,
                )?;
                match convert(&default, &ty) {
                    Ok(default) => (ty, default),
                    Err(error) => {
                        return refuse(
                            default_expr,
                            &format!("The default does not fit the type `{ty}`: {error}."),
                            diagnostics,
                        );
                    }
                }
            }
            _ => {
                return refuse(
                    expr,
                    "`optional` takes a type and perhaps a default.",
                    diagnostics,
                );
            }
        };
        Some(Field {
            ty,
            optional: true,
            default,
        })
    }
}

fn refuse<T>(expr: &Expr, detail: &str, diagnostics: &mut Diagnostics) -> Option<T> {
    diagnostics.push(Diagnostic::error("Invalid type", detail).at(expr.span));
    None
}
