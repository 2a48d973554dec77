//! The function table. A function is added in one place: its entry in the table of its family.

mod calendar;
mod charsets;
mod collections;
mod cryptography;
mod csv;
mod dates;
mod encoding;
mod files;
mod format;
mod hashes;
mod network;
mod numeric;
mod patterns;
pub(crate) mod secrets;
mod shell;
mod strings;
mod types;
mod windows;
mod yaml;

use super::scope::Files;
use super::secret::Secrets;
use super::value::Value;

/// A function of the language.
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// The parameters it needs.
    pub parameters: &'static [Parameter],
    /// The parameter that takes further arguments: any number, or one.
    pub variadic: Option<Parameter>,
    /// One sentence: what it returns.
    pub doc: &'static str,
    /// When it may be called.
    pub purity: Purity,
    /// What it does. Arguments have been converted to what the parameters accept, are not `Sensitive` (the caller takes
    /// the mark off and puts it on the result) and, unless the parameter is structural, are wholly known.
    pub body: Body,
}

/// One parameter.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name in messages.
    pub name: &'static str,
    /// What it takes.
    pub accepts: Accepts,
    /// Whether `null` is passed on; otherwise it is an error.
    pub nullable: bool,
    /// Whether the function looks only at the structure, so that elements may be deferred (`length([run.date])`).
    pub structural: bool,
    /// As the parameter after the needed ones: whether it takes one argument at most, instead of any number.
    pub once: bool,
}

/// What an argument is converted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepts {
    /// Anything, as it is.
    Any,
    /// A bool, or a string that says one.
    Bool,
    /// A number, or a string that says one.
    Number,
    /// A string, or a number or bool as one.
    String,
    /// A list, set or tuple, as it is.
    Sequence,
    /// A list, set or tuple of strings, as a list.
    Strings,
    /// A map or object, as it is.
    Mapping,
    /// A list, set, tuple, map or object, as it is.
    Collection,
}

/// When a function may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purity {
    /// Depends on its arguments only.
    Pure,
    /// Reads files of the module, at plan time.
    Files,
    /// Different at each call (`timestamp`, `uuid`): deferred to the attempt in stored attributes.
    Impure,
    /// Known only to an attempt (`secret`): deferred always.
    Secret,
}

/// What a function may use besides its arguments.
pub struct Call<'a> {
    /// The module's files.
    pub files: &'a dyn Files,
    /// The moment of the plan or of the attempt.
    pub now: jiff::Timestamp,
    /// Sixteen random bytes for `uuid`.
    pub random: fn() -> [u8; 16],
    /// Resolves secrets; `None`: they stay what they are, expressions.
    pub secrets: Option<&'a dyn Secrets>,
}

/// The code of a function.
pub type Body = fn(&Call<'_>, &[Value]) -> Result<Value, CallError>;

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallError {
    /// The argument at fault, from zero; `None`: the call as a whole.
    pub argument: Option<usize>,
    /// What is wrong, as a sentence without a final stop.
    pub message: String,
}

/// All families.
static FAMILIES: [&[Function]; 17] = [
    calendar::FUNCTIONS,
    charsets::FUNCTIONS,
    collections::FUNCTIONS,
    cryptography::FUNCTIONS,
    dates::FUNCTIONS,
    encoding::FUNCTIONS,
    files::FUNCTIONS,
    format::FUNCTIONS,
    hashes::FUNCTIONS,
    network::FUNCTIONS,
    numeric::FUNCTIONS,
    secrets::FUNCTIONS,
    shell::FUNCTIONS,
    strings::FUNCTIONS,
    types::FUNCTIONS,
    windows::FUNCTIONS,
    yaml::FUNCTIONS,
];

/// The function of that name.
pub fn find(name: &str) -> Option<&'static Function> {
    FAMILIES
        .iter()
        .flat_map(|family| family.iter())
        .find(|function| function.name == name)
}

/// The names of all functions, sorted.
pub fn names() -> impl Iterator<Item = &'static str> {
    let mut names: Vec<_> = FAMILIES
        .iter()
        .flat_map(|family| family.iter())
        .map(|function| function.name)
        .collect();
    names.sort_unstable();
    names.into_iter()
}

impl Function {
    /// A function that depends on its arguments only.
    const fn pure(
        name: &'static str,
        parameters: &'static [Parameter],
        doc: &'static str,
        body: Body,
    ) -> Self {
        Self {
            name,
            parameters,
            variadic: None,
            doc,
            purity: Purity::Pure,
            body,
        }
    }
}

/// A string among the arguments.
fn text(arguments: &[Value], index: usize) -> Result<&str, CallError> {
    match arguments.get(index) {
        Some(Value::String(text)) => Ok(text),
        _ => Err(CallError::at(index, "a string is required")),
    }
}

impl Parameter {
    /// A parameter that takes this, and no `null`.
    const fn new(name: &'static str, accepts: Accepts) -> Self {
        Self {
            name,
            accepts,
            nullable: false,
            structural: false,
            once: false,
        }
    }

    /// A string.
    const fn string(name: &'static str) -> Self {
        Self::new(name, Accepts::String)
    }

    /// A number.
    const fn number(name: &'static str) -> Self {
        Self::new(name, Accepts::Number)
    }

    /// `null` is passed on.
    const fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    /// It may be left out, and is given once.
    const fn optional(mut self) -> Self {
        self.once = true;
        self
    }

    /// Elements may be deferred.
    const fn structural(mut self) -> Self {
        self.structural = true;
        self
    }
}

impl CallError {
    /// The message of [`Self::undecidable`]: no text that a user sees.
    const UNDECIDABLE: &'static str = "\0undecidable";

    /// The call as a whole is wrong.
    fn new(message: impl Into<String>) -> Self {
        Self {
            argument: None,
            message: message.into(),
        }
    }

    /// An argument is wrong.
    fn at(argument: usize, message: impl Into<String>) -> Self {
        Self {
            argument: Some(argument),
            message: message.into(),
        }
    }

    /// The result depends on an element that is deferred: the call stays in the residual.
    fn undecidable() -> Self {
        Self::new(Self::UNDECIDABLE)
    }

    /// Whether it is that.
    pub fn is_undecidable(&self) -> bool {
        self.message == Self::UNDECIDABLE
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_are_unique_and_documented() {
        let names: Vec<_> = super::names().collect();
        let mut unique = names.clone();
        unique.dedup();
        assert_eq!(names, unique);
        for name in names {
            assert!(super::find(name).is_some_and(|function| function.doc.ends_with('.')));
        }
    }
}
