//! The function table. A function is added in one place: its entry in the table of its family.

use super::scope::Files;
use super::value::Value;

/// A function of the language.
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// The parameters it needs.
    pub parameters: &'static [Parameter],
    /// The parameter that takes any number of further arguments.
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
}

/// What a function may use besides its arguments.
pub struct Call<'a> {
    /// The module's files.
    pub files: &'a dyn Files,
    /// The moment of the plan or of the attempt.
    pub now: jiff::Timestamp,
    /// Sixteen random bytes for `uuid`.
    pub random: fn() -> [u8; 16],
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

/// The function of that name.
pub fn find(name: &str) -> Option<&'static Function> {
    let _ = name;
    None
}

/// The names of all functions, sorted.
pub fn names() -> impl Iterator<Item = &'static str> {
    std::iter::empty()
}
