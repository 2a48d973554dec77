//! YAML, read and written as Terraform does.
//!
//! A crate takes the text apart. What a scalar means is decided here, because Terraform reads scalars by rules of its own between
//! YAML 1.1 and 1.2: `yes` is true, `0o17` and `0x1f` are numbers, a date is a string in the form of RFC 3339.

mod decode;
mod encode;
mod scalar;
#[cfg(test)]
mod tests;

use super::Accepts;
use super::Function;
use super::Parameter;

/// The family.
pub(super) static FUNCTIONS: &[Function] = &[
    Function::pure(
        "yamldecode",
        &[Parameter::string("src")],
        "Reads YAML.",
        decode::yamldecode,
    ),
    Function::pure(
        "yamlencode",
        &[Parameter::new("value", Accepts::Any).nullable()],
        "Writes YAML.",
        encode::yamlencode,
    ),
];
