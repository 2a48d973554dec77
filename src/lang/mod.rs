//! The language: HCL text to values.
//!
//! Text is parsed by `hcl-edit`, a file at a time, and lowered at once to our own tree ([`ast`]), which keeps spans and
//! nothing else. One evaluator ([`eval`]) works on that tree in both phases: at plan time names that only a run knows
//! stay in the result as [`Value::Deferred`], whose expression is printed as HCL ([`print`](mod@print)), stored, parsed again and
//! evaluated when an instance runs. This module knows no object types, does no I/O and reads no clock: names are
//! resolved through a [`Scope`], files through [`Files`].

pub mod ast;
mod constant;
mod convert;
mod elements;
mod eval;
pub mod fmt;
pub mod functions;
mod grammar;
mod infer;
mod json;
mod length;
pub mod module;
pub(crate) mod named;
mod number;
mod parse;
pub mod print;
mod references;
mod scope;
mod secret;
pub mod stored;
#[cfg(test)]
pub(crate) mod test_support;
pub mod tokens;
pub mod types;
mod unify;
mod value;
pub mod variables;

pub use constant::constant_value;
pub use elements::Elements;
pub use elements::Entries;
pub use eval::Budget;
pub use eval::Evaluator;
pub use eval::Phase;
pub use grammar::Grammar;
pub use grammar::Language;
pub use grammar::Parent;
pub use grammar::Shape;
pub use infer::object_of;
pub use number::Number;
pub use number::NumberError;
pub use parse::Parsed;
pub use parse::SourceFile;
pub use parse::Syntax;
pub use parse::parse_body;
pub use parse::parse_expression;
pub use parse::parse_files;
pub use parse::parse_template;
pub use references::references;
pub use scope::Files;
pub use scope::NoFiles;
pub use scope::Resolution;
pub use scope::Scope;
pub use scope::Step;
pub use secret::SecretSource;
pub use secret::SecretVersion;
pub use secret::Secrets;
pub(crate) use unify::type_of;
pub use value::REQUIRE_WORDS;
pub use value::Reference;
pub use value::Value;
pub use value::Window;
