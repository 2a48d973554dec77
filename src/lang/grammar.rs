//! Which words start a block, where, and with how many labels.
//!
//! Native syntax shows what is a block; JSON does not, so its reader asks here. The blocks of the language itself are listed
//! here; whoever knows object types adds theirs by implementing [`Grammar`].

/// Knows the blocks.
pub trait Grammar: Sync {
    /// How the block `word` is written inside `parents` (outermost first); `None` if there is no such block, so that it is an
    /// attribute.
    fn block(&self, parents: &[Parent<'_>], word: &str) -> Option<Shape>;
}

/// A block around the one that is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Parent<'a> {
    /// The word it starts with.
    pub kind: &'a str,
    /// Its first label; empty if it has none.
    pub label: &'a str,
}

/// How a block is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The numbers of labels it may have, the largest first.
    pub labels: &'static [usize],
    /// Whether there is also an attribute of this name.
    pub attribute: bool,
}

impl Shape {
    /// A block with so many labels.
    pub const fn labels(labels: &'static [usize]) -> Self {
        Self {
            labels,
            attribute: false,
        }
    }

    /// There is an attribute of this name, too.
    #[must_use]
    pub const fn or_attribute(mut self) -> Self {
        self.attribute = true;
        self
    }
}

/// The blocks of the language itself, without object types.
#[derive(Clone, Copy, Debug, Default)]
pub struct Language;

impl Grammar for Language {
    fn block(&self, parents: &[Parent<'_>], word: &str) -> Option<Shape> {
        const NONE: Shape = Shape::labels(&[0]);
        const ONE: Shape = Shape::labels(&[1]);
        let Some(parent) = parents.last() else {
            return match word {
                "pipeform" | "locals" | "moved" | "removed" | "import" => Some(NONE),
                "provider" | "variable" | "output" | "module" | "check" => Some(ONE),
                _ => None,
            };
        };
        match (parent.kind, word) {
            ("pipeform", "backend") => Some(ONE),
            ("variable", "validation")
            | ("check", "assert")
            | ("output", "precondition")
            | ("removed", "lifecycle")
            | ("lifecycle", "precondition" | "postcondition")
            | ("dynamic", "content") => Some(NONE),
            _ => None,
        }
    }
}

/// How a string stands for an expression in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Strings {
    /// It is a template.
    Template,
    /// It, and each string inside, is the text of an expression: a reference or a type.
    Expression,
}

/// How the strings of an attribute are read.
pub(super) fn strings(parents: &[Parent<'_>], attribute: &str) -> Strings {
    let parent = parents.last().map_or("", |parent| parent.kind);
    match (parent, attribute) {
        ("locals", _) => Strings::Template,
        (_, "depends_on" | "provider" | "providers")
        | ("lifecycle", "ignore_changes")
        | ("moved" | "removed", "from")
        | ("moved" | "import", "to")
        | ("variable", "type") => Strings::Expression,
        _ => Strings::Template,
    }
}
