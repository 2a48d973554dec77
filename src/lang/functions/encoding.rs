//! Encodings: Base64, JSON, CSV, URLs.

use std::collections::BTreeMap;
use std::sync::Arc;

use data_encoding::BASE64;
use percent_encoding::AsciiSet;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::utf8_percent_encode;
use serde_json::Value as Json;

use super::Body;
use super::Call;
use super::CallError;
use super::Function;
use super::Parameter;
use super::Purity;
use crate::lang::number::Number;
use crate::lang::value::Value;

/// What a URL's query keeps as it is.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b' ');

/// One string.
const STR: &[Parameter] = &[Parameter::string("str")];

/// Anything, null too.
const VALUE: &[Parameter] = &[Parameter::new("val", super::Accepts::Any).nullable()];

/// The family.
pub(super) static FUNCTIONS: &[Function] = &[
    function("base64decode", "Reads Base64.", base64decode),
    function("base64encode", "Writes Base64.", base64encode),
    function(
        "csvdecode",
        "Reads comma-separated values with a header: a list of objects.",
        csvdecode,
    ),
    function("jsondecode", "Reads JSON.", jsondecode),
    Function {
        parameters: VALUE,
        ..function("jsonencode", "Writes JSON.", jsonencode)
    },
    function("urlencode", "Writes a text for a URL's query.", urlencode),
];

const fn function(name: &'static str, doc: &'static str, body: Body) -> Function {
    Function {
        name,
        parameters: STR,
        variadic: None,
        doc,
        purity: Purity::Pure,
        body,
    }
}

fn text(arguments: &[Value]) -> Result<&str, CallError> {
    match arguments.first() {
        Some(Value::String(text)) => Ok(text),
        _ => Err(CallError::at(0, "a string is required")),
    }
}

fn base64encode(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    Ok(Value::string(BASE64.encode(text(arguments)?.as_bytes())))
}

fn base64decode(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let bytes = BASE64
        .decode(text(arguments)?.as_bytes())
        .map_err(|error| CallError::at(0, format!("failed to decode base64 data: {error}")))?;
    String::from_utf8(bytes).map(Value::string).map_err(|_| {
        CallError::at(
            0,
            "the result of decoding the provided string is not valid UTF-8",
        )
    })
}

fn urlencode(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let encoded = utf8_percent_encode(text(arguments)?, QUERY).to_string();
    Ok(Value::string(encoded.replace(' ', "+")))
}

fn csvdecode(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let wrong = |error: csv::Error| CallError::at(0, format!("invalid CSV: {error}"));
    let mut reader = csv::Reader::from_reader(text(arguments)?.as_bytes());
    let names: Vec<Arc<str>> = reader
        .headers()
        .map_err(wrong)?
        .iter()
        .map(Arc::from)
        .collect();
    for (index, name) in names.iter().enumerate() {
        if names.iter().take(index).any(|other| other == name) {
            return Err(CallError::at(
                0,
                format!("duplicate column name \"{name}\""),
            ));
        }
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(wrong)?;
        let row: BTreeMap<Arc<str>, Value> = names
            .iter()
            .cloned()
            .zip(record.iter().map(Value::string))
            .collect();
        rows.push(Value::Object(Arc::new(row)));
    }
    Ok(Value::List(Arc::new(rows)))
}

fn jsondecode(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let json: Json = serde_json::from_str(text(arguments)?)
        .map_err(|error| CallError::at(0, format!("invalid JSON: {error}")))?;
    from_json(&json)
}

fn from_json(json: &Json) -> Result<Value, CallError> {
    Ok(match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => Number::parse(&number.to_string())
            .map(Value::Number)
            .ok_or_else(|| CallError::at(0, format!("the number {number} is too large")))?,
        Json::String(text) => Value::string(text.as_str()),
        Json::Array(items) => {
            let items = items.iter().map(from_json).collect::<Result<_, _>>()?;
            Value::Tuple(Arc::new(items))
        }
        Json::Object(fields) => {
            let mut object = BTreeMap::new();
            for (name, value) in fields {
                object.insert(Arc::from(name.as_str()), from_json(value)?);
            }
            Value::Object(Arc::new(object))
        }
    })
}

fn jsonencode(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    json(arguments.first().unwrap_or(&Value::Null)).map(Value::string)
}

/// The value as JSON.
pub(super) fn json(value: &Value) -> Result<String, CallError> {
    let mut out = String::new();
    write_json(value, &mut out)?;
    Ok(out)
}

/// JSON as Terraform writes it: names sorted, no blanks, and `<`, `>` and `&` escaped.
fn write_json(value: &Value, out: &mut String) -> Result<(), CallError> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(text) => write_string(text, out),
        Value::List(items) | Value::Tuple(items) | Value::Set(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_json(item, out)?;
            }
            out.push(']');
        }
        Value::Map(fields) | Value::Object(fields) => {
            out.push('{');
            for (index, (name, item)) in fields.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_string(name, out);
                out.push(':');
                write_json(item, out)?;
            }
            out.push('}');
        }
        Value::Sensitive(inner) => write_json(inner, out)?,
        Value::Ref(_) | Value::Deferred(_) => {
            return Err(CallError::at(
                0,
                format!("{} has no JSON form", value.describe()),
            ));
        }
    }
    Ok(())
}

fn write_string(text: &str, out: &mut String) {
    let plain = Json::String(text.to_owned()).to_string();
    for letter in plain.chars() {
        match letter {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            letter => out.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lang::NoFiles;
    use crate::lang::functions::Call;
    use crate::lang::functions::find;
    use crate::lang::print;
    use crate::lang::value::Value;

    fn call(name: &str, argument: Value) -> Result<Value, String> {
        let call = Call {
            files: &NoFiles,
            now: jiff::Timestamp::UNIX_EPOCH,
            random: || [0; 16],
        };
        (find(name).unwrap().body)(&call, &[argument]).map_err(|error| error.message)
    }

    #[test]
    fn results_are_terraforms() {
        for (name, argument, wanted) in [
            ("base64encode", "Hello World", "\"SGVsbG8gV29ybGQ=\""),
            ("base64decode", "SGVsbG8gV29ybGQ=", "\"Hello World\""),
            (
                "urlencode",
                "Hello World!&ü~",
                "\"Hello+World%21%26%C3%BC~\"",
            ),
            (
                "jsondecode",
                "{\"a\": [1, 2.50, null]}",
                "{ a = [1, 2.5, null] }",
            ),
            (
                "csvdecode",
                "a,b\n1,\"x,y\"\n",
                "tolist([{ a = \"1\", b = \"x,y\" }])",
            ),
        ] {
            let result = call(name, Value::string(argument)).map(|value| print::value(&value));
            assert_eq!(result.as_deref(), Ok(wanted), "{name}");
        }
        let decoded = call("jsondecode", Value::string("{\"b\": 1.0, \"a\": \"<&>\"}")).unwrap();
        let encoded = call("jsonencode", decoded).unwrap();
        assert_eq!(
            encoded,
            Value::string("{\"a\":\"\\u003c\\u0026\\u003e\",\"b\":1}")
        );
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for (name, argument) in [
            ("base64decode", "!"),
            ("base64decode", "/w=="),
            ("jsondecode", "{"),
            ("csvdecode", "a,a\n1,2\n"),
            ("csvdecode", "a,b\n1\n"),
        ] {
            assert!(
                call(name, Value::string(argument)).is_err(),
                "{name} {argument}"
            );
        }
    }
}
