//! What a template of CloudFormation computes from its parameters when the stack is built.

use indexmap::IndexMap;

/// A value that is computed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Computed {
    /// A text as it is.
    Text(String),
    /// The value of the parameter with this id.
    Parameter(String),
    /// Several values.
    List(Vec<Self>),
    /// Texts one after the other.
    Texts(Vec<Self>),
    /// The texts of a list, with this text between them.
    Joined(String, Box<Self>),
    /// A text as a list of what stands between this text.
    Split(String, Box<Self>),
    /// The element of a list with this number, from zero.
    Element(Box<Self>, i64),
    /// A text in Base64.
    Base64(Box<Self>),
    /// What a mapping has under two keys.
    Lookup(String, Box<[Self; 2]>),
    /// Of two values the first if a condition holds, else the second.
    Choice(Box<[Self; 3]>),
    /// Whether the condition of this name holds.
    Condition(String),
    /// Whether two values are the same.
    Equals(Box<[Self; 2]>),
    /// Whether a condition does not hold.
    Not(Box<Self>),
    /// Whether all conditions hold.
    All(Vec<Self>),
    /// Whether any condition holds.
    Any(Vec<Self>),
}

/// All that a template computes for a definition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stack {
    /// What texts of the definition read by a name.
    pub values: IndexMap<String, Computed>,
    /// The conditions that are read, by name.
    pub conditions: IndexMap<String, Computed>,
    /// The mappings that are read, by name: values under two keys.
    pub mappings: IndexMap<String, IndexMap<String, IndexMap<String, Computed>>>,
}
