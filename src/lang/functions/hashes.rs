//! Hashes and unique ids.

use data_encoding::BASE64;
use data_encoding::HEXLOWER;
use md5::Md5;
use sha1::Sha1;
use sha2::Digest as _;
use sha2::Sha256;
use sha2::Sha512;
use uuid::Uuid;

use super::Call;
use super::CallError;
use super::Function;
use super::Parameter;
use super::Purity;
use super::text;
use crate::lang::value::Value;

/// One string.
const STR: &[Parameter] = &[Parameter::string("str")];

/// The family.
pub(super) static FUNCTIONS: &[Function] = &[
    Function::pure(
        "base64sha256",
        STR,
        "Returns the SHA-256 hash in Base64.",
        |_, arguments| {
            Ok(Value::string(
                BASE64.encode(&Sha256::digest(bytes(arguments)?)),
            ))
        },
    ),
    Function::pure(
        "base64sha512",
        STR,
        "Returns the SHA-512 hash in Base64.",
        |_, arguments| {
            Ok(Value::string(
                BASE64.encode(&Sha512::digest(bytes(arguments)?)),
            ))
        },
    ),
    Function::pure(
        "md5",
        STR,
        "Returns the MD5 hash in hexadecimal digits.",
        |_, arguments| {
            Ok(Value::string(
                HEXLOWER.encode(&Md5::digest(bytes(arguments)?)),
            ))
        },
    ),
    Function::pure(
        "sha1",
        STR,
        "Returns the SHA-1 hash in hexadecimal digits.",
        |_, arguments| {
            Ok(Value::string(
                HEXLOWER.encode(&Sha1::digest(bytes(arguments)?)),
            ))
        },
    ),
    Function::pure(
        "sha256",
        STR,
        "Returns the SHA-256 hash in hexadecimal digits.",
        |_, arguments| {
            Ok(Value::string(
                HEXLOWER.encode(&Sha256::digest(bytes(arguments)?)),
            ))
        },
    ),
    Function::pure(
        "sha512",
        STR,
        "Returns the SHA-512 hash in hexadecimal digits.",
        |_, arguments| {
            Ok(Value::string(
                HEXLOWER.encode(&Sha512::digest(bytes(arguments)?)),
            ))
        },
    ),
    Function {
        purity: Purity::Impure,
        ..Function::pure("uuid", &[], "Returns a new random UUID.", uuid)
    },
    Function::pure(
        "uuidv5",
        &[Parameter::string("namespace"), Parameter::string("name")],
        "Returns the UUID of a name in a namespace: `dns`, `url`, `oid`, `x500` or a UUID.",
        uuidv5,
    ),
];

fn bytes(arguments: &[Value]) -> Result<&[u8], CallError> {
    text(arguments, 0).map(str::as_bytes)
}

#[expect(clippy::unnecessary_wraps, reason = "it has the form of all functions")]
fn uuid(call: &Call<'_>, _: &[Value]) -> Result<Value, CallError> {
    let id = uuid::Builder::from_random_bytes((call.random)()).into_uuid();
    Ok(Value::string(id.to_string()))
}

fn uuidv5(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let namespace = match text(arguments, 0)? {
        "dns" => Uuid::NAMESPACE_DNS,
        "url" => Uuid::NAMESPACE_URL,
        "oid" => Uuid::NAMESPACE_OID,
        "x500" => Uuid::NAMESPACE_X500,
        other => Uuid::parse_str(other).map_err(|_| {
            CallError::at(
                0,
                format!("\"{other}\" is no UUID, and none of dns, url, oid and x500"),
            )
        })?,
    };
    let id = Uuid::new_v5(&namespace, text(arguments, 1)?.as_bytes());
    Ok(Value::string(id.to_string()))
}

#[cfg(test)]
mod tests {
    use crate::lang::NoFiles;
    use crate::lang::functions::Call;
    use crate::lang::functions::find;
    use crate::lang::value::Value;

    #[test]
    fn results_are_terraforms() {
        let call = Call {
            files: &NoFiles,
            now: jiff::Timestamp::UNIX_EPOCH,
            random: || [0; 16],
            secrets: None,
        };
        for (name, arguments, wanted) in [
            (
                "md5",
                vec!["hello world"],
                "5eb63bbbe01eeed093cb22bb8f5acdc3",
            ),
            (
                "sha1",
                vec!["hello world"],
                "2aae6c35c94fcfb415dbe95f408b9ce91ee846ed",
            ),
            (
                "sha256",
                vec!["hello world"],
                "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9",
            ),
            (
                "base64sha256",
                vec!["hello world"],
                "uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=",
            ),
            (
                "uuidv5",
                vec!["dns", "www.terraform.io"],
                "a5008fae-b28c-5ba5-96cd-82b4c53552d6",
            ),
            ("uuid", vec![], "00000000-0000-4000-8000-000000000000"),
        ] {
            let arguments: Vec<_> = arguments.into_iter().map(Value::string).collect();
            let result = (find(name).unwrap().body)(&call, &arguments);
            assert_eq!(result, Ok(Value::string(wanted)), "{name}");
        }
    }
}
