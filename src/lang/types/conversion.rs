//! Conversion of values to types.
//!
//! Apart from the types themselves because it is where Terraform's rules are: what goes with what, and how `any` inside a
//! collection becomes one type.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::Field;
use super::Type;
use crate::diag::did_you_mean;
use crate::lang::convert::to_bool;
use crate::lang::convert::to_number;
use crate::lang::convert::to_text;
use crate::lang::elements::Elements;
use crate::lang::unify::common_type;
use crate::lang::unify::same_type;
use crate::lang::value::Value;

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
            let (items, of) = elements(items, of, Mixed::Unified)?;
            Ok(Value::list_of(items, of))
        }
        (Value::List(items) | Value::Set(items) | Value::Tuple(items), Type::Set(of)) => {
            let (items, of) = elements(items, of, Mixed::Refused)?;
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
            let (items, of) = entries(items, items.missing(), of)?;
            Ok(Value::map_of(items, of))
        }
        (Value::Map(items) | Value::Object(items), Type::Object(fields)) => object(items, fields),
        (_, Type::Ref(kind)) => Err(not_a_reference(value, kind)),
        _ => Err(failed()),
    }
}

fn not_a_reference(value: &Value, kind: &str) -> ConvertError {
    let found = match value {
        Value::Ref(reference) => {
            let article = if reference.kind.starts_with(['a', 'e', 'i', 'o', 'u']) {
                "an"
            } else {
                "a"
            };
            format!("`{}` is {article} {}", reference.address, reference.kind)
        }
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
    common_type(items).ok_or_else(no_common_type)
}

fn no_common_type() -> ConvertError {
    ConvertError {
        path: String::new(),
        message: "the elements must have one type, and there is none that all can be converted to"
            .to_owned(),
    }
}

/// What becomes of elements of different types, as `any` deeper in the type of the elements allows them.
#[derive(Clone, Copy, PartialEq)]
enum Mixed {
    /// They are brought to one type.
    Unified,
    /// They are an error: a set would not know which of them are equal.
    Refused,
}

/// The elements as elements of one type, and that type.
fn elements(items: &Elements, of: &Type, mixed: Mixed) -> Result<(Vec<Value>, Type), ConvertError> {
    let of = element_type(items.iter(), items.missing(), of)?;
    let converted = items.iter().enumerate().map(|(index, item)| {
        convert(item, &of).map_err(|error| error.inside(&format!("[{index}]")))
    });
    let converted: Vec<Value> = converted.collect::<Result<_, _>>()?;
    if of.is_closed() || converted.is_empty() || same_type(converted.iter()) {
        return Ok((converted, of.of_values()));
    }
    if mixed == Mixed::Refused {
        return Err(ConvertError {
            path: String::new(),
            message: "the elements of a set must have one type, and these have several".to_owned(),
        });
    }
    let of = common_type(converted.iter()).ok_or_else(no_common_type)?;
    let converted = converted.iter().map(|item| convert(item, &of));
    Ok((converted.collect::<Result<_, _>>()?, of))
}

/// The elements of a map as elements of one type, and that type.
fn entries(
    items: &BTreeMap<Arc<str>, Value>,
    missing: Option<&Type>,
    of: &Type,
) -> Result<(BTreeMap<Arc<str>, Value>, Type), ConvertError> {
    let of = element_type(items.values(), missing, of)?;
    let entry = |(key, item): (&Arc<str>, &Value)| {
        let item = convert(item, &of).map_err(|error| error.inside(&format!("[\"{key}\"]")))?;
        Ok((Arc::clone(key), item))
    };
    let converted: BTreeMap<_, _> = items.iter().map(entry).collect::<Result<_, _>>()?;
    if of.is_closed() || converted.is_empty() || same_type(converted.values()) {
        return Ok((converted, of.of_values()));
    }
    let of = common_type(converted.values()).ok_or_else(no_common_type)?;
    let entry = |(key, item): (&Arc<str>, &Value)| Ok((Arc::clone(key), convert(item, &of)?));
    let converted = converted.iter().map(entry).collect::<Result<_, _>>()?;
    Ok((converted, of))
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
