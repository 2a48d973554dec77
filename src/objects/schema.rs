//! How a type of objects is described.

use super::kind::Kind;

/// The description of a type of objects.
#[derive(Debug)]
pub struct ObjectType {
    /// Its kind.
    pub kind: Kind,
    /// The type label, e.g. `copy`; empty for kinds without types.
    pub name: &'static str,
    /// What it is, in a sentence or a few.
    pub doc: &'static str,
    /// Its own attributes, then groups that several types share.
    pub attributes: &'static [&'static [AttributeSchema]],
    /// Blocks that may be written inside instead of a reference, with the attribute they stand for.
    pub nested: &'static [Nested],
}

/// A block that stands for an attribute: `precondition "exists" {}` inside a data node.
#[derive(Debug)]
pub struct Nested {
    /// The word the block starts with.
    pub block: &'static str,
    /// The kind of object it makes.
    pub kind: Kind,
    /// The attribute that then refers to that object.
    pub attribute: &'static str,
    /// Whether there may be several.
    pub many: bool,
}

impl PartialEq for ObjectType {
    fn eq(&self, other: &Self) -> bool {
        (self.kind, self.name) == (other.kind, other.name)
    }
}

impl ObjectType {
    /// All attributes in the order of the description.
    pub fn schema(&self) -> impl Iterator<Item = &'static AttributeSchema> {
        self.attributes.iter().flat_map(|group| group.iter())
    }

    /// Whether the attribute of that name is written as a block.
    pub fn has_block(&self, name: &str) -> bool {
        let attribute = self.attribute(name);
        attribute.is_some_and(|attribute| matches!(attribute.value, AttributeType::Block(_)))
    }

    /// The attribute of that name.
    pub fn attribute(&self, name: &str) -> Option<&'static AttributeSchema> {
        self.schema().find(|attribute| attribute.name == name)
    }
}

/// The description of an attribute.
#[derive(Debug, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each answers a question of its own"
)]
pub struct AttributeSchema {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub value: AttributeType,
    /// Whether it must be set, or what it means when it is not.
    pub default: Default,
    /// Whether its value may need `run.*`.
    pub deferrable: bool,
    /// Whether it may hold a secret: what it is used for does not show it.
    pub secret: bool,
    /// Whether its references may have windows.
    pub windows: bool,
    /// Whether plans, states and logs must not show it.
    pub sensitive: bool,
    /// What it means, in a sentence.
    pub doc: &'static str,
}

impl AttributeSchema {
    /// An attribute that may be left out, must be known at plan time and may be shown.
    pub(super) const fn new(name: &'static str, value: AttributeType, doc: &'static str) -> Self {
        Self {
            name,
            value,
            default: Default::None,
            deferrable: false,
            secret: false,
            windows: false,
            sensitive: false,
            doc,
        }
    }

    /// It must be set.
    pub(super) const fn required(mut self) -> Self {
        self.default = Default::Required;
        self
    }

    /// What it means when it is left out.
    pub(super) const fn or(mut self, default: Default) -> Self {
        self.default = default;
        self
    }

    /// Its value may need `run.*`.
    pub(super) const fn deferrable(mut self) -> Self {
        self.deferrable = true;
        self
    }

    /// It may hold a secret, which is known only when an instance runs.
    pub(super) const fn secret(mut self) -> Self {
        self.secret = true;
        self.deferrable()
    }

    /// Its references may have windows.
    pub(super) const fn windows(mut self) -> Self {
        self.windows = true;
        self
    }

    /// Nobody may see it.
    pub(super) const fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }
}

/// What an attribute takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum AttributeType {
    /// Text.
    String,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A bool.
    Bool,
    /// A whole number, at least this.
    Integer(i64),
    /// A length of time, e.g. `15 minutes`.
    Duration,
    /// A period of a schedule, e.g. `1 day`.
    Period,
    /// A cron pattern, e.g. `30 2 * * *`.
    Cron,
    /// Names of weekdays.
    Weekdays,
    /// Dates, e.g. `2026-12-25`.
    Dates,
    /// A text of holidays: a date a line, or an iCalendar file.
    Holidays,
    /// A date, or date and time, e.g. `2026-11-01` or `2026-11-01T06:00`, with or without offset.
    DateTime,
    /// A time zone, e.g. `Europe/Berlin`.
    TimeZone,
    /// A regular expression.
    Regex,
    /// A list of texts.
    Strings,
    /// Texts by name.
    StringMap,
    /// Values bound to the placeholders of SQL: a list for `?`, a map for `:name`.
    Params,
    /// A reference to an object of this kind.
    Ref(Kind),
    /// References to objects of this kind: one, or a list.
    Refs(Kind),
    /// References to objects of this kind: one, a list, or a map that names them.
    NamedRefs(Kind),
    /// References to activities or pipelines, for order only.
    DependsOn,
    /// The name of a provider: `aws`, or `aws.west` for one with an alias.
    Provider,
    /// Attributes of its own, written as a block: `assume_role { … }`.
    Block(&'static [AttributeSchema]),
}

impl AttributeType {
    /// The attributes of a block; none for all else.
    pub const fn inner(self) -> &'static [AttributeSchema] {
        match self {
            Self::Block(inner) => inner,
            _ => &[],
        }
    }
}

/// What an attribute means when it is not set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Default {
    /// It must be set.
    Required,
    /// Nothing, or what the doc says.
    None,
    /// A text (also for enumerations, durations and periods).
    Text(&'static str),
    /// A number.
    Integer(i64),
    /// A bool.
    Bool(bool),
}
