//! What attributes of an object, or of a block in it, say only together: which exclude each other, which need another.
//!
//! Apart from the attributes, because a rule belongs to none of them alone. They are checked in `configuration`.

/// A rule about several attributes, or about what they refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// One of them is set, and only one.
    ExactlyOne(&'static [&'static str]),
    /// Not more than one of them is set.
    AtMostOne(&'static [&'static str]),
    /// The first is set only where the second is, too; the pipeline's counts.
    Needs(&'static str, &'static str),
    /// Where the first is this word, the last is set, too.
    When(&'static str, &'static str, &'static str),
    /// The attribute refers to objects of these types only.
    Types(&'static str, &'static [&'static str]),
}

impl Group {
    /// What it is called in the JSON of the schema.
    pub const fn word(self) -> &'static str {
        match self {
            Self::ExactlyOne(_) => "exactly_one",
            Self::AtMostOne(_) => "at_most_one",
            Self::Needs(..) => "needs",
            Self::When(..) => "when",
            Self::Types(..) => "types",
        }
    }

    /// The attributes that it is about.
    pub fn attributes(&self) -> Vec<&'static str> {
        match self {
            Self::ExactlyOne(names) | Self::AtMostOne(names) => names.to_vec(),
            Self::Needs(one, other) | Self::When(one, _, other) => vec![one, other],
            Self::Types(name, _) => vec![name],
        }
    }

    /// The types of objects that it is about.
    pub const fn types(&self) -> &'static [&'static str] {
        match self {
            Self::Types(_, types) => types,
            _ => &[],
        }
    }

    /// The rule as a sentence.
    pub fn sentence(&self) -> String {
        match self {
            Self::ExactlyOne(names) => format!("Exactly one of {} is set.", listed(names)),
            Self::AtMostOne(names) => format!("At most one of {} is set.", listed(names)),
            Self::Needs(one, other) => format!("`{one}` needs `{other}`, here or on the pipeline."),
            Self::When(name, word, other) => format!("`{name} = \"{word}\"` needs `{other}`."),
            Self::Types(name, types) => format!("`{name}` is of type {}.", either(types)),
        }
    }
}

/// `` `a`, `b` and `c` ``
pub(super) fn listed(names: &[&str]) -> String {
    joined(names, "and")
}

/// `` `a`, `b` or `c` ``
pub(super) fn either(names: &[&str]) -> String {
    joined(names, "or")
}

fn joined(names: &[&str], word: &str) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} {word} {last}", rest.join(", ")),
    }
}
