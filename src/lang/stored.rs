//! Values as JSON, for plan and state.
//!
//! Nothing is lost. What JSON has stays plain: null, bools, strings, numbers, tuples as arrays, objects as objects. All else is
//! an object with one key that begins with `$`: `$number`, `$list`, `$set`, `$map`, `$ref`, `$expr` (a residual as HCL text, with
//! `$names` beside it where large parts go by their names), `$sensitive`, and `$object` around an object that has such keys of its own.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;
use serde_json::json;
use thiserror::Error;

use super::ast::Expr;
use super::elements::Elements;
use super::elements::Entries;
use super::named;
use super::number::Number;
use super::parse::parse_expression;
use super::print;
use super::value::Reference;
use super::value::Value;
use super::value::Window;
use crate::diag::Diagnostics;
use crate::diag::FileId;

/// Under these keys stand a residual and what the names in it stand for.
const EXPR: &str = "$expr";
const NAMES: &str = "$names";

/// The most bytes that the text of a residual has that is shared, and how many of them are known at once.
const SHORT: usize = 256;
const SHARED: usize = 256;

thread_local! {
    /// The residuals that were read last, by their texts: thousands of objects have the same.
    static READ: RefCell<BTreeMap<String, Arc<Expr>>> = const { RefCell::new(BTreeMap::new()) };
}

/// Why a stored value cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StoredError {
    /// A key that begins with `$` and is none of ours.
    #[error("`{0}` is no form of stored value; it may be of a newer version")]
    UnknownForm(String),
    /// What follows the key has another shape.
    #[error("the content of `{0}` has the wrong type")]
    WrongContent(&'static str),
    /// A number that is none.
    #[error("`{0}` is not a number")]
    Number(String),
    /// A residual that does not parse.
    #[error("the stored expression `{0}` does not parse")]
    Expression(String),
}

/// The value as JSON.
pub fn to_json(value: &Value) -> Json {
    let array = |items: &[Value]| Json::Array(items.iter().map(to_json).collect());
    let object = |items: &BTreeMap<Arc<str>, Value>| {
        Json::Object(
            items
                .iter()
                .map(|(key, item)| (key.to_string(), to_json(item)))
                .collect(),
        )
    };
    match value {
        Value::Null(_) => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Number(number) => number_to_json(number),
        Value::String(text) => Json::String(text.to_string()),
        Value::Tuple(items) => array(items),
        Value::List(items) => json!({ "$list": array(items) }),
        Value::Set(items) => json!({ "$set": array(items) }),
        Value::Map(items) => json!({ "$map": object(items) }),
        Value::Object(items) if items.keys().any(|key| key.starts_with('$')) => {
            json!({ "$object": object(items) })
        }
        Value::Object(items) => object(items),
        Value::Ref(reference) => {
            json!({ "$ref": reference_to_json(reference) })
        }
        Value::Deferred(expr) => residual_to_json(expr),
        Value::Sensitive(inner) => json!({ "$sensitive": to_json(inner) }),
    }
}

/// A residual as text, and those of the parts that go by names.
fn residual_to_json(expr: &Expr) -> Json {
    let mut json = json!({ EXPR: print::expression(expr) });
    let names = named::names(expr);
    if !names.is_empty() {
        let text = |(name, part): (String, Arc<Expr>)| (name, print::expression(&part).into());
        json[NAMES] = Json::Object(names.into_iter().map(text).collect());
    }
    json
}

fn reference_to_json(reference: &Reference) -> Json {
    let mut json = json!({ "kind": &*reference.kind, "address": &*reference.address });
    if let Some(window) = &reference.window {
        json["window"] = match &window.offset {
            None => json!({ "length": &*window.length }),
            Some(offset) => json!({ "length": &*window.length, "offset": &**offset }),
        };
    }
    if let Some(require) = &reference.require {
        json["require"] = json!(&**require);
    }
    json
}

/// A JSON number where that says exactly the same, else its text.
fn number_to_json(number: &Number) -> Json {
    if let Some(small) = number.to_i64() {
        return json!(small);
    }
    let text = number.to_string();
    let float = text
        .parse::<f64>()
        .ok()
        .and_then(serde_json::Number::from_f64);
    match float.filter(|float| Number::parse(&float.to_string()).as_ref() == Some(number)) {
        Some(float) => Json::Number(float),
        None => json!({ "$number": text }),
    }
}

/// Reads a value back. `file` is the text that spans of residuals are said to lie in.
pub fn from_json(json: &Json, file: FileId) -> Result<Value, StoredError> {
    match json {
        Json::Null => Ok(Value::NULL),
        Json::Bool(value) => Ok(Value::Bool(*value)),
        Json::Number(number) => parse_number(&number.to_string()),
        Json::String(text) => Ok(Value::string(text.as_str())),
        Json::Array(items) => Ok(Value::Tuple(sequence(items, file)?)),
        Json::Object(entries) => match entries.iter().find(|(key, _)| key.starts_with('$')) {
            Some((form, content)) if entries.len() == 1 => tagged(form, content, file),
            Some(_) if entries.len() == 2 && entries.contains_key(EXPR) => match entries.get(NAMES)
            {
                Some(names) => residual(&entries[EXPR], Some(names), file),
                None => Err(StoredError::UnknownForm(EXPR.to_owned())),
            },
            Some((form, _)) => Err(StoredError::UnknownForm(form.clone())),
            None => Ok(Value::Object(mapping(entries, file)?)),
        },
    }
}

/// Gives references in a stored value other addresses; whether there were any to give.
pub fn rename(json: &mut Json, address: &impl Fn(&str) -> Option<String>) -> bool {
    match json {
        Json::Array(items) => {
            let mut any = false;
            for item in items {
                any |= rename(item, address);
            }
            any
        }
        Json::Object(entries) => {
            if let Some(Json::Object(reference)) = entries.get_mut("$ref") {
                let old = reference.get("address").and_then(Json::as_str);
                let new = old.and_then(address);
                return new.is_some_and(|new| {
                    reference.insert("address".to_owned(), Json::String(new));
                    true
                });
            }
            let mut any = false;
            for item in entries.values_mut() {
                any |= rename(item, address);
            }
            any
        }
        _ => false,
    }
}

/// Finds the addresses that a stored value refers to.
pub fn references(json: &Json, found: &mut impl FnMut(&str)) {
    match json {
        Json::Array(items) => items.iter().for_each(|item| references(item, found)),
        Json::Object(entries) => match entries.get("$ref") {
            Some(Json::Object(reference)) => {
                let address = reference.get("address").and_then(Json::as_str);
                address.into_iter().for_each(found);
            }
            _ => entries.values().for_each(|item| references(item, found)),
        },
        _ => {}
    }
}

fn parse_number(text: &str) -> Result<Value, StoredError> {
    let number = Number::parse(text).ok_or_else(|| StoredError::Number(text.to_owned()))?;
    Ok(Value::Number(number))
}

fn sequence(items: &[Json], file: FileId) -> Result<Arc<Elements>, StoredError> {
    Ok(Arc::new(
        items
            .iter()
            .map(|item| from_json(item, file))
            .collect::<Result<_, _>>()?,
    ))
}

fn mapping(
    entries: &serde_json::Map<String, Json>,
    file: FileId,
) -> Result<Arc<Entries>, StoredError> {
    let entry =
        |(key, item): (&String, &Json)| Ok((Arc::from(key.as_str()), from_json(item, file)?));
    Ok(Arc::new(
        entries.iter().map(entry).collect::<Result<_, _>>()?,
    ))
}

fn tagged(form: &str, content: &Json, file: FileId) -> Result<Value, StoredError> {
    let items = |form| content.as_array().ok_or(StoredError::WrongContent(form));
    let entries = |form| content.as_object().ok_or(StoredError::WrongContent(form));
    let text = |form| content.as_str().ok_or(StoredError::WrongContent(form));
    match form {
        "$list" => Ok(Value::List(sequence(items("$list")?, file)?)),
        "$set" => Ok(Value::set(
            Arc::unwrap_or_clone(sequence(items("$set")?, file)?).into_vec(),
        )),
        "$map" => Ok(Value::Map(mapping(entries("$map")?, file)?)),
        "$object" => Ok(Value::Object(mapping(entries("$object")?, file)?)),
        "$sensitive" => Ok(from_json(content, file)?.mark(true)),
        "$number" => parse_number(text("$number")?),
        "$ref" => reference_from_json(content)
            .map(|reference| Value::Ref(Arc::new(reference)))
            .ok_or(StoredError::WrongContent("$ref")),
        EXPR => residual(content, None, file),
        other => Err(StoredError::UnknownForm(other.to_owned())),
    }
}

/// A residual, with what the names in it stand for.
fn residual(text: &Json, names: Option<&Json>, file: FileId) -> Result<Value, StoredError> {
    let Some(names) = names else {
        return Ok(Value::Deferred(shared(text, file)?));
    };
    let expr = parsed(text, EXPR, file)?;
    let names = names.as_object().ok_or(StoredError::WrongContent(NAMES))?;
    let part = |(name, text): (&String, &Json)| Ok((name.clone(), parsed(text, NAMES, file)?));
    let names = names.iter().map(part).collect::<Result<_, _>>()?;
    named::with_names(expr, &names)
        .map(|expr| Value::Deferred(Arc::new(expr)))
        .ok_or(StoredError::WrongContent(NAMES))
}

/// A residual without names; the same one where it was read before, in no text of its own.
fn shared(text: &Json, file: FileId) -> Result<Arc<Expr>, StoredError> {
    let written = text.as_str().unwrap_or_default();
    let shares = file == FileId::default() && (1..=SHORT).contains(&written.len());
    let known = READ.with_borrow(|read| read.get(written).filter(|_| shares).cloned());
    if let Some(known) = known {
        return Ok(known);
    }
    let expr = Arc::new(parsed(text, EXPR, file)?);
    if shares {
        READ.with_borrow_mut(|read| {
            if read.len() >= SHARED {
                read.clear();
            }
            read.insert(written.to_owned(), Arc::clone(&expr));
        });
    }
    Ok(expr)
}

fn parsed(text: &Json, form: &'static str, file: FileId) -> Result<Expr, StoredError> {
    let text = text.as_str().ok_or(StoredError::WrongContent(form))?;
    parse_expression(file, text, &mut Diagnostics::new())
        .ok_or_else(|| StoredError::Expression(text.to_owned()))
}

fn reference_from_json(json: &Json) -> Option<Reference> {
    let text = |json: &Json, name: &str| json.get(name)?.as_str().map(Arc::<str>::from);
    let window = match json.get("window") {
        None => None,
        Some(window) => Some(Window {
            length: text(window, "length")?,
            offset: match window.get("offset") {
                None => None,
                Some(_) => Some(text(window, "offset")?),
            },
        }),
    };
    let require = match json.get("require") {
        None => None,
        Some(_) => Some(text(json, "require")?),
    };
    Some(Reference {
        window,
        require,
        ..Reference::new(text(json, "kind")?, text(json, "address")?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::test_support::parsed;
    use crate::lang::test_support::reference;

    fn number(text: &str) -> Value {
        Value::Number(Number::parse(text).unwrap_or_else(|| panic!("{text}")))
    }

    #[test]
    fn values_survive_being_stored() {
        let object = |key: &str| Value::object(BTreeMap::from([(Arc::from(key), number("1"))]));
        for (value, stored) in [
            (Value::NULL, "null"),
            (number("1"), "1"),
            (number("0.5"), "0.5"),
            (number("0.1"), "0.1"),
            (number("1e21"), "1e+21"),
            (
                number("18446744073709551617"),
                r#"{"$number":"18446744073709551617"}"#,
            ),
            (
                number("0.30000000000000000001"),
                r#"{"$number":"0.30000000000000000001"}"#,
            ),
            (Value::string("$x"), "\"$x\""),
            (object("a"), r#"{"a":1}"#),
            (object("$expr"), r#"{"$object":{"$expr":1}}"#),
            (Value::tuple(vec![number("1")]), "[1]"),
            (Value::list(vec![number("1")]), r#"{"$list":[1]}"#),
            (
                Value::set(vec![number("2"), number("1")]),
                r#"{"$set":[1,2]}"#,
            ),
            (Value::map(BTreeMap::new()), r#"{"$map":{}}"#),
            (
                reference("data_node", "data_node.x"),
                r#"{"$ref":{"kind":"data_node","address":"data_node.x"}}"#,
            ),
            (Value::string("pw").mark(true), r#"{"$sensitive":"pw"}"#),
        ] {
            let json = to_json(&value);
            assert_eq!(json.to_string(), stored);
            assert_eq!(from_json(&json, FileId(0)), Ok(value));
        }
        let residual = Value::Deferred(Arc::new(parsed("run.x ? \"a${run.y}\" : [1]")));
        assert_eq!(from_json(&to_json(&residual), FileId(0)), Ok(residual));
    }

    #[test]
    fn residuals_that_are_read_again_are_shared() {
        let read = |text: &str, file: u32| {
            let json = json!({ EXPR: text });
            match from_json(&json, FileId(file)) {
                Ok(Value::Deferred(expr)) => expr,
                other => panic!("{text}: {other:?}"),
            }
        };
        let date = read("run.date", 0);
        assert!(Arc::ptr_eq(&date, &read("run.date", 0)));
        assert_ne!(read("run.day", 0), date);
        assert_ne!(read("run.date", 1).span, date.span);
        let long = format!("\"{}${{run.date}}\"", "x".repeat(SHORT));
        assert!(!Arc::ptr_eq(&read(&long, 0), &read(&long, 0)));
        for number in 0..2 * SHARED {
            read(&format!("run.day + {number}"), 0);
        }
        assert!(READ.with_borrow(BTreeMap::len) <= SHARED);
        assert!(from_json(&json!({ EXPR: 1 }), FileId(0)).is_err());
    }

    #[test]
    fn what_is_not_a_stored_value_is_refused() {
        for text in [
            r#"{"$new":1}"#,
            r#"{"$list":1}"#,
            r#"{"$number":"x"}"#,
            r#"{"$expr":"1 +"}"#,
            r#"{"$ref":{}}"#,
            r#"{"$set":[1],"$x":2}"#,
        ] {
            let json: Json = serde_json::from_str(text).unwrap();
            assert!(from_json(&json, FileId(0)).is_err(), "{text}");
        }
    }
}
