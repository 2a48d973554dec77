//! Functions of passwords and keys: `bcrypt` and `rsadecrypt`.
//!
//! Decryption is one power of whole numbers and the removal of its padding. It runs on the machine of whoever holds the key, on
//! what the configuration says, so that nobody is there to measure how long it takes.

use bcrypt::Version;
use bcrypt::hash_with_salt;
use data_encoding::BASE64;
use num_bigint::BigUint;
use num_traits::Zero as _;

use super::Accepts;
use super::Call;
use super::CallError;
use super::Function;
use super::Parameter;
use super::Purity;
use super::encoding::base64;
use super::text;
use crate::lang::value::Value;

/// The cost when none is given, and where one is too small.
const COST: u32 = 10;
const LEAST_COST: u32 = 4;
/// With this cost a hash takes about half a minute.
const MOST_COST: u32 = 18;
/// More bytes of a password would not count.
const LONGEST_PASSWORD: usize = 72;
/// More bits take minutes.
const MOST_BITS: u64 = 16_384;

/// The family.
pub(super) static FUNCTIONS: &[Function] = &[
    Function {
        purity: Purity::Impure,
        variadic: Some(Parameter::new("cost", Accepts::Number)),
        ..Function::pure(
            "bcrypt",
            &[Parameter::string("str")],
            "A bcrypt hash of a password, with a salt that is new each time.",
            bcrypt_hash,
        )
    },
    Function::pure(
        "rsadecrypt",
        &[
            Parameter::string("ciphertext"),
            Parameter::string("privatekey"),
        ],
        "The text that was encrypted (PKCS #1 v1.5) for a private key in PEM, from Base64.",
        rsadecrypt,
    ),
];

fn bcrypt_hash(call: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let cost = match arguments {
        [_] => COST,
        [_, Value::Number(cost)] => {
            let cost = cost
                .to_i64()
                .ok_or_else(|| CallError::at(1, "the cost must be a whole number"))?;
            match u32::try_from(cost) {
                Ok(cost) if cost > MOST_COST => {
                    let message =
                        format!("the cost may be {MOST_COST} at most, and this is {cost}");
                    return Err(CallError::at(1, message));
                }
                Ok(cost) if cost >= LEAST_COST => cost,
                _ => COST,
            }
        }
        _ => return Err(CallError::new("it takes a password and perhaps a cost")),
    };
    let password = text(arguments, 0)?;
    if password.len() > LONGEST_PASSWORD {
        let message = format!(
            "the password may have {LONGEST_PASSWORD} bytes at most, and this has {}",
            password.len()
        );
        return Err(CallError::at(0, message));
    }
    let hash = hash_with_salt(password, cost, (call.random)())
        .map_err(|error| CallError::new(error.to_string()))?;
    Ok(Value::string(hash.format_for_version(Version::TwoA)))
}

fn rsadecrypt(_: &Call<'_>, arguments: &[Value]) -> Result<Value, CallError> {
    let cipher = base64(text(arguments, 0)?)?;
    let key = Key::from_pem(text(arguments, 1)?).map_err(|message| CallError::at(1, message))?;
    let failed = || {
        CallError::at(
            0,
            "the text cannot be decrypted: it was not encrypted for this key",
        )
    };
    let cipher = BigUint::from_bytes_be(&cipher);
    if cipher >= key.modulus {
        return Err(failed());
    }
    let message = cipher.modpow(&key.exponent, &key.modulus).to_bytes_be();
    // 0x00 (gone with the leading zeros), 0x02, at least eight bytes that are not zero, 0x00, the text.
    let padded = usize::try_from(key.modulus.bits().div_ceil(8)).unwrap_or(usize::MAX);
    let rest = match message.split_first() {
        Some((2, rest)) if message.len() + 1 == padded => rest,
        _ => return Err(failed()),
    };
    let end = rest.iter().position(|byte| *byte == 0);
    let end = end.filter(|end| *end >= 8).ok_or_else(failed)?;
    let plain = rest.get(end + 1..).unwrap_or_default().to_vec();
    String::from_utf8(plain)
        .map(Value::string)
        .map_err(|_| CallError::at(0, "what was encrypted is not UTF-8 text"))
}

/// What of an RSA key decryption needs.
struct Key {
    modulus: BigUint,
    exponent: BigUint,
}

/// Tags of DER.
const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

impl Key {
    /// Reads a key in PEM: `RSA PRIVATE KEY`, `PRIVATE KEY` or `OPENSSH PRIVATE KEY`, without a passphrase.
    fn from_pem(pem: &str) -> Result<Self, String> {
        let none = || "it is no private key in PEM".to_owned();
        let (_, rest) = pem.split_once("-----BEGIN ").ok_or_else(none)?;
        let (kind, rest) = rest.split_once("-----").ok_or_else(none)?;
        let (body, _) = rest.split_once("-----END ").ok_or_else(none)?;
        if body.contains("ENCRYPTED") || kind.contains("ENCRYPTED") {
            return Err("the private key has a passphrase; it must be one without".to_owned());
        }
        let body: String = body.split_whitespace().collect();
        let bytes = BASE64.decode(body.as_bytes()).map_err(|_| none())?;
        let key = match kind {
            "RSA PRIVATE KEY" => Self::from_pkcs1(&bytes),
            "PRIVATE KEY" => Self::from_pkcs8(&bytes),
            "OPENSSH PRIVATE KEY" => Self::from_openssh(&bytes),
            other => return Err(format!("it is a `{other}`, not a private key of RSA")),
        };
        key.filter(|key| !key.modulus.is_zero() && key.modulus.bits() <= MOST_BITS)
            .ok_or_else(|| "it is no private key of RSA".to_owned())
    }

    /// `SEQUENCE { version, modulus, public exponent, private exponent, … }`
    fn from_pkcs1(bytes: &[u8]) -> Option<Self> {
        let (body, _) = element(bytes, SEQUENCE)?;
        let (_, rest) = element(body, INTEGER)?;
        let (modulus, rest) = element(rest, INTEGER)?;
        let (_, rest) = element(rest, INTEGER)?;
        let (exponent, _) = element(rest, INTEGER)?;
        Some(Self {
            modulus: BigUint::from_bytes_be(modulus),
            exponent: BigUint::from_bytes_be(exponent),
        })
    }

    /// `SEQUENCE { version, algorithm, the key of PKCS #1 as octets }`
    fn from_pkcs8(bytes: &[u8]) -> Option<Self> {
        let (body, _) = element(bytes, SEQUENCE)?;
        let (_, rest) = element(body, INTEGER)?;
        let (_, rest) = element(rest, SEQUENCE)?;
        let (inner, _) = element(rest, OCTETS)?;
        Self::from_pkcs1(inner)
    }

    /// Fields, each after its length: cipher, derivation of its key, options, and one private key without encryption.
    fn from_openssh(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(b"openssh-key-v1\0")?;
        let (cipher, rest) = field(rest)?;
        let (_, rest) = field(rest)?;
        let (_, rest) = field(rest)?;
        let (_, rest) = rest.split_at_checked(4)?;
        let (_, rest) = field(rest)?;
        let (private, _) = field(rest)?;
        let (_, rest) = private.split_at_checked(8)?;
        let (kind, rest) = field(rest)?;
        let (modulus, rest) = field(rest)?;
        let (_, rest) = field(rest)?;
        let (exponent, _) = field(rest)?;
        (cipher == b"none" && kind == b"ssh-rsa").then(|| Self {
            modulus: BigUint::from_bytes_be(modulus),
            exponent: BigUint::from_bytes_be(exponent),
        })
    }
}

/// The content of an element of DER with this tag, and what follows it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (found, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match *first {
        short @ 0..0x80 => (usize::from(short), rest),
        long => {
            let (digits, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            if digits.len() > 4 {
                return None;
            }
            let length = digits
                .iter()
                .fold(0, |length, digit| length << 8 | usize::from(*digit));
            (length, rest)
        }
    };
    (*found == tag)
        .then(|| rest.split_at_checked(length))
        .flatten()
}

/// The content of a field of SSH's format, and what follows it.
fn field(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_at_checked(4)?;
    let length = u32::from_be_bytes(length.try_into().ok()?);
    rest.split_at_checked(usize::try_from(length).ok()?)
}

#[cfg(test)]
mod tests;
