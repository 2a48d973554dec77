//! Text in other encodings than UTF-8, as Base64.

use data_encoding::BASE64;
use encoding_rs::Encoding;

use super::Call;
use super::CallError;
use super::Function;
use super::Parameter;
use super::encoding::base64;
use super::text;
use crate::lang::value::Value;

/// The family.
pub(super) static FUNCTIONS: &[Function] = &[
    Function::pure(
        "textdecodebase64",
        &[Parameter::string("source"), Parameter::string("encoding")],
        "The text of Base64 in an encoding such as `UTF-16LE` or `ISO-8859-1`.",
        textdecodebase64,
    ),
    Function::pure(
        "textencodebase64",
        &[Parameter::string("string"), Parameter::string("encoding")],
        "A text in an encoding such as `UTF-16LE` or `ISO-8859-1`, as Base64.",
        textencodebase64,
    ),
];

/// How text becomes bytes.
enum Charset {
    /// UTF-16, in which order of bytes, and whether with a mark of it.
    Utf16 {
        big: bool,
        mark: bool,
    },
    /// The first 256 characters, a byte each: what browsers take for it is another one.
    Latin1,
    /// The first 128 characters.
    Ascii,
    Legacy(&'static Encoding),
}

/// The encoding of a name of the IANA.
fn charset(arguments: &[Value]) -> Result<Charset, CallError> {
    let name = text(arguments, 1)?;
    let unknown = || {
        let message = format!(
            "`{name}` is no encoding that is known here; it takes names of the IANA such as `UTF-8`, `UTF-16LE` or `ISO-8859-1`"
        );
        CallError::at(1, message)
    };
    Ok(match name.to_ascii_lowercase().as_str() {
        "utf-16" | "csutf16" => Charset::Utf16 {
            big: true,
            mark: true,
        },
        "utf-16be" | "csutf16be" => Charset::Utf16 {
            big: true,
            mark: false,
        },
        "utf-16le" | "csutf16le" => Charset::Utf16 {
            big: false,
            mark: false,
        },
        "iso-8859-1" | "iso_8859-1" | "iso_8859-1:1987" | "iso-ir-100" | "latin1" | "l1"
        | "ibm819" | "cp819" | "csisolatin1" => Charset::Latin1,
        "us-ascii" | "ascii" | "ansi_x3.4-1968" | "iso646-us" | "us" | "csascii" => Charset::Ascii,
        "cp936" | "ms936" | "windows-936" => Charset::Legacy(encoding_rs::GBK),
        lower => {
            let encoding = Encoding::for_label(lower.as_bytes()).ok_or_else(unknown)?;
            if encoding == encoding_rs::REPLACEMENT {
                return Err(unknown());
            }
            Charset::Legacy(encoding)
        }
    })
}

fn textencodebase64(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let source = text(arguments, 0)?;
    let below = |limit: u32| -> Option<Vec<u8>> {
        let byte = |letter: char| {
            let code = u32::from(letter);
            u8::try_from(code).ok().filter(|_| code < limit)
        };
        source.chars().map(byte).collect()
    };
    let bytes = match charset(arguments)? {
        Charset::Utf16 { big, mark } => {
            let mark = mark.then_some(0xfeff);
            let units = mark.into_iter().chain(source.encode_utf16());
            let bytes = |unit: u16| {
                if big {
                    unit.to_be_bytes()
                } else {
                    unit.to_le_bytes()
                }
            };
            Some(units.flat_map(bytes).collect())
        }
        Charset::Latin1 => below(256),
        Charset::Ascii => below(128),
        Charset::Legacy(encoding) => {
            let (bytes, _, unmappable) = encoding.encode(source);
            (!unmappable).then(|| bytes.into_owned())
        }
    };
    let bytes = bytes.ok_or_else(|| {
        let name = text(arguments, 1).unwrap_or("");
        let message = format!("the text has characters that `{name}` has not");
        CallError::at(0, message)
    })?;
    Ok(Value::string(BASE64.encode(&bytes)))
}

fn textdecodebase64(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let charset = charset(arguments)?;
    let bytes = base64(text(arguments, 0)?)?;
    let decoded = match charset {
        Charset::Utf16 { big, mark } => utf16(&bytes, big, mark),
        Charset::Latin1 => Some(bytes.iter().map(|byte| char::from(*byte)).collect()),
        Charset::Ascii => String::from_utf8(bytes).ok().filter(|text| text.is_ascii()),
        // Browsers read the bytes that a code page of Windows does not define as control characters.
        Charset::Legacy(encoding) => encoding
            .decode_without_bom_handling_and_without_replacement(&bytes)
            .map(std::borrow::Cow::into_owned)
            .filter(|text| {
                !encoding.name().starts_with("windows-")
                    || !text.contains(|letter| ('\u{80}'..='\u{9f}').contains(&letter))
            }),
    };
    let decoded = decoded.filter(|decoded| !decoded.contains('\u{fffd}'));
    decoded.map(Value::string).ok_or_else(|| {
        let name = text(arguments, 1).unwrap_or("");
        let message = format!("the bytes are no text in `{name}`");
        CallError::at(0, message)
    })
}

/// Text of UTF-16. With a mark, this says the order of bytes.
fn utf16(bytes: &[u8], big: bool, mark: bool) -> Option<String> {
    let (big, bytes) = match (mark, bytes) {
        (true, [0xfe, 0xff, rest @ ..]) => (true, rest),
        (true, [0xff, 0xfe, rest @ ..]) => (false, rest),
        (_, bytes) => (big, bytes),
    };
    if bytes.len() % 2 != 0 {
        return None;
    }
    let unit = |pair: &[u8]| {
        let pair = <[u8; 2]>::try_from(pair).ok()?;
        Some(if big {
            u16::from_be_bytes(pair)
        } else {
            u16::from_le_bytes(pair)
        })
    };
    let units: Vec<u16> = bytes.chunks(2).map(unit).collect::<Option<_>>()?;
    String::from_utf16(&units).ok()
}

#[cfg(test)]
mod tests {
    use crate::lang::test_support::TestScope;

    #[test]
    fn text_goes_there_and_back() {
        let scope = TestScope::new("{}", &[]);
        for (encoding, expected) in [
            ("UTF-8", "w7x4"),
            ("utf-16le", "/AB4AA=="),
            ("UTF-16BE", "APwAeA=="),
            ("UTF-16", "/v8A/AB4"),
            ("ISO-8859-1", "/Hg="),
            ("windows-1252", "/Hg="),
        ] {
            let encoded = format!("textencodebase64(\"üx\", \"{encoding}\")");
            assert_eq!(
                scope.shown(&encoded),
                format!("\"{expected}\""),
                "{encoding}"
            );
            let decoded = format!("textdecodebase64({encoded}, \"{encoding}\")");
            assert_eq!(scope.shown(&decoded), "\"üx\"", "{encoding}");
        }
    }

    #[test]
    fn what_an_encoding_has_not_is_said() {
        let scope = TestScope::new("{}", &[]);
        for (call, part) in [
            (
                r#"textencodebase64("€", "ISO-8859-1")"#,
                "characters that `ISO-8859-1` has not",
            ),
            (r#"textencodebase64("x", "nope")"#, "`nope` is no encoding"),
            (r#"textdecodebase64("/w==", "UTF-8")"#, "no text in `UTF-8`"),
            (
                r#"textdecodebase64("/w==", "UTF-16LE")"#,
                "no text in `UTF-16LE`",
            ),
            (r#"textdecodebase64("!", "UTF-8")"#, "no Base64"),
        ] {
            let shown = scope.shown(call);
            assert!(shown.contains(part), "{call}: {shown}");
        }
    }
}
