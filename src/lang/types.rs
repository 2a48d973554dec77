//! Type constraints and conversion to them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value as Json;
use serde_json::json;

use super::ast::Expr;
use super::ast::ExprKind;
use super::constant::constant;
use super::convert::to_bool;
use super::convert::to_number;
use super::convert::to_text;
use super::elements::Elements;
use super::unify::common_type;
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

/// Why a value could not be converted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConvertError {
    /// Where in the value, as a traversal (`[0].name`); empty for the value itself.
    pub path: String,
    /// What is wrong, as a sentence without a final stop.
    pub message: String,
}

impl fmt::Display for ConvertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "at `{}`: ", self.path.trim_start_matches('.'))?;
        }
        f.write_str(&self.message)
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

/// The value as one of the type, as Terraform converts. Deferred parts and nulls pass; marks stay.
pub fn convert(value: &Value, ty: &Type) -> Result<Value, ConvertError> {
    let failed = || {
        let message = format!("{ty} required, and this is {}", value.describe());
        ConvertError {
            path: String::new(),
            message,
        }
    };
    match (value, ty) {
        (Value::Deferred(_), _) | (_, Type::Any) => Ok(value.clone()),
        (Value::Null(_), _) => Ok(Value::null_of(ty.of_values())),
        (Value::Sensitive(inner), _) => Ok(convert(inner, ty)?.mark(true)),
        (_, Type::String) => to_text(value).map(Value::String).ok_or_else(failed),
        (_, Type::Number) => to_number(value).map(Value::Number).ok_or_else(failed),
        (_, Type::Bool) => to_bool(value).map(Value::Bool).ok_or_else(failed),
        (Value::Ref(reference), Type::Ref(kind)) if reference.kind == *kind => Ok(value.clone()),
        (Value::List(items) | Value::Set(items) | Value::Tuple(items), Type::List(of)) => {
            let (items, of) = elements(items, of)?;
            Ok(Value::list_of(items, of))
        }
        (Value::List(items) | Value::Set(items) | Value::Tuple(items), Type::Set(of)) => {
            let (items, of) = elements(items, of)?;
            Ok(Value::set_of(items, of))
        }
        (Value::List(items) | Value::Set(items) | Value::Tuple(items), Type::Tuple(types))
            if items.len() == types.len() =>
        {
            let items = items.iter().zip(types).enumerate();
            let items = items.map(|(index, (item, ty))| {
                convert(item, ty).map_err(|error| error.inside(&format!("[{index}]")))
            });
            Ok(Value::tuple(items.collect::<Result<_, _>>()?))
        }
        (Value::Map(items) | Value::Object(items), Type::Map(of)) => {
            let of = element_type(items.values(), items.missing(), of)?;
            let entry = |(key, item): (&Arc<str>, &Value)| {
                let item =
                    convert(item, &of).map_err(|error| error.inside(&format!("[\"{key}\"]")))?;
                Ok((Arc::clone(key), item))
            };
            let converted = items.iter().map(entry).collect::<Result<_, _>>()?;
            Ok(Value::map_of(converted, of.of_values()))
        }
        (Value::Map(items) | Value::Object(items), Type::Object(fields)) => object(items, fields),
        (_, Type::Ref(kind)) => Err(not_a_reference(value, kind)),
        _ => Err(failed()),
    }
}

fn not_a_reference(value: &Value, kind: &str) -> ConvertError {
    let found = match value {
        Value::Ref(reference) => format!("`{}` is a {}", reference.address, reference.kind),
        Value::String(_) => "this is a string; references are written without quotes".to_owned(),
        other => format!("this is {}", other.describe()),
    };
    ConvertError {
        path: String::new(),
        message: format!("a reference to a {kind} is needed, and {found}"),
    }
}

impl ConvertError {
    fn inside(mut self, step: &str) -> Self {
        self.path.insert_str(0, step);
        self
    }
}

/// `any` as the type of elements stands for one type that all can be converted to.
fn element_type<'v>(
    items: impl Iterator<Item = &'v Value>,
    missing: Option<&Type>,
    of: &Type,
) -> Result<Type, ConvertError> {
    if *of != Type::Any {
        return Ok(of.clone());
    }
    if let Some(missing) = missing {
        return Ok(missing.clone());
    }
    common_type(items).ok_or_else(|| ConvertError {
        path: String::new(),
        message: "the elements must have one type, and there is none that all can be converted to"
            .to_owned(),
    })
}

/// The elements as elements of one type, and that type.
fn elements(items: &Elements, of: &Type) -> Result<(Vec<Value>, Type), ConvertError> {
    let of = element_type(items.iter(), items.missing(), of)?;
    let converted = items.iter().enumerate().map(|(index, item)| {
        convert(item, &of).map_err(|error| error.inside(&format!("[{index}]")))
    });
    let converted = converted.collect::<Result<_, _>>()?;
    Ok((converted, of.of_values()))
}

fn object(
    items: &BTreeMap<Arc<str>, Value>,
    fields: &BTreeMap<Arc<str>, Field>,
) -> Result<Value, ConvertError> {
    let mut entries = BTreeMap::new();
    for (name, field) in fields {
        let value = match items.get(name) {
            Some(Value::Null(_)) | None if field.optional => convert(&field.default, &field.ty)?,
            Some(value) => {
                convert(value, &field.ty).map_err(|error| error.inside(&format!(".{name}")))?
            }
            None => {
                let extra = items
                    .keys()
                    .map(|key| &**key)
                    .filter(|key| !fields.contains_key(*key));
                let hint = did_you_mean(name, extra)
                    .map(|_| ", and there is a similar one that the type does not have");
                let message = format!("the attribute `{name}` is missing{}", hint.unwrap_or(""));
                return Err(ConvertError {
                    path: String::new(),
                    message,
                });
            }
        };
        entries.insert(Arc::clone(name), value);
    }
    Ok(Value::object(entries))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::eval::Phase;
    use crate::lang::print;
    use crate::lang::test_support::TestScope;
    use crate::lang::test_support::parsed;
    use crate::lang::test_support::reference;

    fn type_of(text: &str) -> Type {
        let mut diagnostics = Diagnostics::new();
        Type::from_expr(&parsed(text), &mut diagnostics)
            .unwrap_or_else(|| panic!("{text}: {diagnostics:?}"))
    }

    fn converted(value: &str, ty: &str) -> String {
        let value = TestScope::new("{}", &["run"])
            .evaluate(value, Phase::Run)
            .unwrap_or(Value::NULL);
        match convert(&value, &type_of(ty)) {
            Ok(value) => print::value(&value),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn values_are_converted_to_their_type() {
        for (value, ty, expected) in [
            ("1", "string", "\"1\""),
            ("\"1.50\"", "number", "1.5"),
            ("\"true\"", "bool", "true"),
            ("null", "list(string)", "null"),
            ("[1, 2]", "list(string)", r#"tolist(["1", "2"])"#),
            ("[1, \"a\"]", "list(any)", r#"tolist(["1", "a"])"#),
            (
                "[\"b\", \"a\", \"b\"]",
                "set(string)",
                r#"toset(["a", "b"])"#,
            ),
            ("{ a = 1 }", "map(string)", r#"tomap({ a = "1" })"#),
            (
                "{ a = 1, z = 2 }",
                "object({ a = string, b = optional(number, 7), c = optional(bool) })",
                r#"{ a = "1", b = 7, c = tobool(null) }"#,
            ),
            ("[run.x, 1]", "list(string)", r#"tolist([run.x, "1"])"#),
            ("[1, true]", "tuple([string, bool])", r#"["1", true]"#),
            (
                "[[1], [\"x\"]]",
                "list(list(number))",
                "at `[1][0]`: number required, and this is the string \"x\"",
            ),
            (
                "{ b = 1 }",
                "object({ a = string })",
                "the attribute `a` is missing, and there is a similar one that the type does not have",
            ),
            (
                "\"x\"",
                "list(string)",
                "list(string) required, and this is the string \"x\"",
            ),
        ] {
            assert_eq!(converted(value, ty), expected, "{value} as {ty}");
        }
        let node = reference("data_node", "data_node.archive");
        assert_eq!(
            convert(&node, &type_of("ref(\"data_node\")")),
            Ok(node.clone())
        );
        assert!(convert(&node, &type_of("ref(\"activity\")")).is_err());
    }

    #[test]
    fn what_is_no_type_is_reported() {
        for text in [
            "str",
            "list",
            "\"string\"",
            "list(string, number)",
            "object([string])",
            "optional(string)",
            "1",
            "tuple(string)",
            "ref(x)",
            "object({ a = optional(number, \"x\") })",
        ] {
            let mut diagnostics = Diagnostics::new();
            assert_eq!(
                Type::from_expr(&parsed(text), &mut diagnostics),
                None,
                "{text}"
            );
            assert!(diagnostics.has_errors(), "{text}");
        }
    }
}
