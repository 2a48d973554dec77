//! Encodings: Base64, gzip, JSON, CSV, URLs.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::Arc;

use data_encoding::BASE64;
use data_encoding::BASE64_MIME_PERMISSIVE;
use flate2::Compress;
use flate2::Compression;
use flate2::Crc;
use flate2::FlushCompress;
use flate2::read::MultiGzDecoder;
use percent_encoding::AsciiSet;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::percent_decode_str;
use percent_encoding::utf8_percent_encode;
use serde_json::Value as Json;
use serde_json::value::RawValue;

use super::Body;
use super::Call;
use super::CallError;
use super::Function;
use super::Parameter;
use super::Purity;
use super::csv;
use crate::lang::number::Number;
use crate::lang::value::Value;

/// What a URL's query keeps as it is.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b' ');

/// The most levels of JSON that are read.
const DEEPEST: usize = 128;

/// The most bytes that are unpacked.
const LARGEST: u64 = 64 << 20;

/// One string.
const STR: &[Parameter] = &[Parameter::string("str")];

/// Anything, null too.
const VALUE: &[Parameter] = &[Parameter::new("val", super::Accepts::Any).nullable()];

/// The family.
pub(super) static FUNCTIONS: &[Function] = &[
    function("base64decode", "Reads Base64.", base64decode),
    function("base64encode", "Writes Base64.", base64encode),
    function(
        "base64gunzip",
        "The text that was compressed with gzip, from Base64.",
        base64gunzip,
    ),
    function(
        "base64gzip",
        "A text compressed with gzip, as Base64.",
        base64gzip,
    ),
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
    function("urldecode", "Reads a text of a URL's query.", urldecode),
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

/// Line ends are skipped, and bits after the last byte may be set.
pub(super) fn base64(text: &str) -> Result<Vec<u8>, CallError> {
    let wrong = |reason: &str| CallError::at(0, format!("it is no Base64: {reason}"));
    if text.trim_end_matches(['=', '\r', '\n']).contains('=') {
        return Err(wrong("there is padding before the end"));
    }
    BASE64_MIME_PERMISSIVE
        .decode(text.as_bytes())
        .map_err(|error| wrong(&error.to_string()))
}

fn base64decode(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let bytes = base64(text(arguments)?)?;
    String::from_utf8(bytes).map(Value::string).map_err(|_| {
        CallError::at(
            0,
            "the result of decoding the provided string is not valid UTF-8",
        )
    })
}

/// gzip in the form that Terraform writes: the data, what flushes it, and an empty block at the end.
fn base64gzip(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let bytes = text(arguments)?.as_bytes();
    let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    let mut compress = Compress::new(Compression::default(), false);
    let mut done = 0;
    loop {
        packed.reserve(bytes.len() / 2 + 64);
        let rest = bytes.get(done..).unwrap_or_default();
        compress
            .compress_vec(rest, &mut packed, FlushCompress::Sync)
            .map_err(|error| CallError::new(error.to_string()))?;
        done = usize::try_from(compress.total_in()).unwrap_or(usize::MAX);
        if done >= bytes.len() && packed.len() < packed.capacity() {
            break;
        }
    }
    packed.extend([1, 0, 0, 0xff, 0xff]);
    let mut sum = Crc::new();
    sum.update(bytes);
    packed.extend(sum.sum().to_le_bytes());
    packed.extend(sum.amount().to_le_bytes());
    Ok(Value::string(BASE64.encode(&packed)))
}

fn base64gunzip(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let packed = base64(text(arguments)?)?;
    let mut unpacked = Vec::new();
    MultiGzDecoder::new(packed.as_slice())
        .take(LARGEST + 1)
        .read_to_end(&mut unpacked)
        .map_err(|error| CallError::at(0, format!("it is no gzip: {error}")))?;
    if unpacked.len() as u64 > LARGEST {
        let message = format!("it is more than {} MB when it is unpacked", LARGEST >> 20);
        return Err(CallError::at(0, message));
    }
    String::from_utf8(unpacked)
        .map(Value::string)
        .map_err(|_| CallError::at(0, "what is unpacked is not UTF-8 text"))
}

fn urldecode(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let text = text(arguments)?;
    for (at, _) in text.match_indices('%') {
        let digits = text.get(at + 1..at + 3).unwrap_or("");
        if digits.len() < 2 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            let shown: String = text.get(at..).unwrap_or("").chars().take(3).collect();
            let message = format!("`{shown}` is no `%` with two hexadecimal digits");
            return Err(CallError::at(0, message));
        }
    }
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced)
        .decode_utf8()
        .map(Value::string)
        .map_err(|_| CallError::at(0, "what is decoded is not UTF-8 text"))
}

fn urlencode(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let encoded = utf8_percent_encode(text(arguments)?, QUERY).to_string();
    Ok(Value::string(encoded.replace(' ', "+")))
}

fn csvdecode(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let mut records = csv::records(text(arguments)?)
        .map_err(|error| CallError::at(0, error))?
        .into_iter();
    let header = records
        .next()
        .ok_or_else(|| CallError::at(0, "missing header line"))?;
    let names: Vec<Arc<str>> = header.fields.into_iter().map(Arc::from).collect();
    for (index, name) in names.iter().enumerate() {
        if names.iter().take(index).any(|other| other == name) {
            return Err(CallError::at(
                0,
                format!("duplicate column name \"{name}\""),
            ));
        }
    }
    let rows = records.map(|record| {
        if record.fields.len() != names.len() {
            let (line, count) = (record.line, record.fields.len());
            return Err(CallError::at(
                0,
                format!(
                    "CSV line {line} has {count} fields, and the header has {}",
                    names.len()
                ),
            ));
        }
        let values = record.fields.into_iter().map(Value::string);
        let row: BTreeMap<Arc<str>, Value> = names.iter().cloned().zip(values).collect();
        Ok(Value::object(row))
    });
    Ok(Value::list(rows.collect::<Result<_, _>>()?))
}

fn jsondecode(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let json: &RawValue =
        serde_json::from_str(text(arguments)?).map_err(|error| invalid(&error))?;
    from_json(json, 0)
}

fn invalid(error: &serde_json::Error) -> CallError {
    CallError::at(0, format!("invalid JSON: {error}"))
}

/// Reads level by level from the text, because numbers keep all their digits there.
fn from_json(json: &RawValue, depth: usize) -> Result<Value, CallError> {
    if depth > DEEPEST {
        return Err(CallError::at(
            0,
            format!("invalid JSON: more than {DEEPEST} levels"),
        ));
    }
    let text = json.get();
    Ok(match text.bytes().next() {
        Some(b'n') => Value::NULL,
        Some(b't') => Value::Bool(true),
        Some(b'f') => Value::Bool(false),
        Some(b'"') => {
            let text: String = serde_json::from_str(text).map_err(|error| invalid(&error))?;
            Value::string(text)
        }
        Some(b'[') => {
            let items: Vec<&RawValue> =
                serde_json::from_str(text).map_err(|error| invalid(&error))?;
            let items = items.into_iter().map(|item| from_json(item, depth + 1));
            Value::tuple(items.collect::<Result<_, _>>()?)
        }
        Some(b'{') => {
            let fields: BTreeMap<String, &RawValue> =
                serde_json::from_str(text).map_err(|error| invalid(&error))?;
            let fields = fields
                .into_iter()
                .map(|(name, item)| Ok((Arc::from(name), from_json(item, depth + 1)?)));
            Value::object(fields.collect::<Result<_, _>>()?)
        }
        _ => Number::parse(text)
            .map(Value::Number)
            .ok_or_else(|| CallError::at(0, format!("the number {text} is too large")))?,
    })
}

fn jsonencode(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    json(arguments.first().unwrap_or(&Value::NULL)).map(Value::string)
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
        Value::Null(_) => out.push_str("null"),
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

/// A string of JSON, quoted.
pub(super) fn write_string(text: &str, out: &mut String) {
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
            secrets: None,
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
            ("base64decode", "YR=\n=", "\"a\""),
            (
                "jsondecode",
                "[12345678901234567890123.5, -0, 1E+2, \"\\u00e9\"]",
                "[12345678901234567890123.5, 0, 100, \"é\"]",
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
            ("base64decode", "YQ==YQ=="),
            ("jsondecode", "01"),
            ("jsondecode", "{} x"),
            ("jsondecode", "1e1400"),
            ("csvdecode", ""),
            ("jsondecode", "{"),
            ("csvdecode", "a,a\n1,2\n"),
            ("csvdecode", "a,b\n1\n"),
        ] {
            assert!(
                call(name, Value::string(argument)).is_err(),
                "{name} {argument}"
            );
        }
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        assert!(call("jsondecode", Value::string(deep)).is_err());
    }
}
