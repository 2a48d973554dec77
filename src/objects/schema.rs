//! How a type of objects is described: the attributes and blocks it has, what it is called in AWS Data Pipeline, and how
//! much of it this version can do.
//!
//! Rules about attributes taken together are in [`super::group`].

use std::fmt;

use super::group::Group;
use super::kind::Kind;
use super::shared;

/// The description of a type of objects.
#[derive(Debug)]
pub struct ObjectType {
    /// Its kind.
    pub kind: Kind,
    /// The type label, e.g. `copy`; empty for kinds without types.
    pub name: &'static str,
    /// What it is, in a sentence or a few.
    pub doc: &'static str,
    /// The types of AWS Data Pipeline that it stands for, the one it is exported as first; none for a type of our own.
    pub aws: &'static [&'static str],
    /// Whether this version can do its work.
    pub support: Support,
    /// Its own attributes, then lists that several types share.
    pub attributes: &'static [&'static [AttributeSchema]],
    /// What its attributes say only together.
    pub groups: &'static [Group],
    /// Blocks that may be written inside instead of a reference, with the attribute they stand for.
    pub nested: &'static [Nested],
}

/// How much of a type or of an attribute this version does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// All that the doc says.
    Full,
    /// It is kept and exported, and nothing acts on it.
    Kept,
    /// What needs it cannot be run: this is what is missing, as the end of a sentence ("that needs …").
    Missing(&'static str),
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
    /// All attributes in the order of the description, then those that every object has.
    pub fn schema(&self) -> impl Iterator<Item = &'static AttributeSchema> {
        let common: &[AttributeSchema] = match self.kind {
            Kind::Provider => &[],
            _ => shared::IMPORTED,
        };
        let own = self.attributes.iter().flat_map(|list| list.iter());
        own.chain(common)
    }

    /// Whether the attribute of that name is written as a block.
    pub fn has_block(&self, name: &str) -> bool {
        self.block(name).is_some()
    }

    /// What stands in the block of that name, which is an attribute.
    pub fn block(&self, name: &str) -> Option<&'static BlockSchema> {
        self.attribute(name)?.value.block()
    }

    /// The attribute that a field of AWS Data Pipeline becomes.
    pub fn of_aws_field(&self, field: &str) -> Option<&'static AttributeSchema> {
        self.schema().find(|attribute| attribute.is_aws(field))
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
    /// Whether its references may have windows, and say how many of the intervals are needed.
    pub windows: bool,
    /// Whether plans, states and logs must not show it.
    pub sensitive: bool,
    /// Whether only people and programs beside the runs read it, so that changing it changes no run.
    pub metadata: bool,
    /// Whether it says when and how often runs are tried, or what is told of them, so that changing it changes nothing of what they write.
    pub handling: bool,
    /// Whether it says what compute costs: plans show it before the others.
    pub cost: bool,
    /// What it is in AWS Data Pipeline.
    pub aws: Aws,
    /// Whether this version acts on it.
    pub support: Support,
    /// What it means, in a sentence.
    pub doc: &'static str,
}

/// What an attribute is in AWS Data Pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aws {
    /// The field with its name in camel case: `onFail` for `on_fail`.
    Same,
    /// These fields; the first is the one that it is exported as.
    Fields(&'static [&'static str]),
    /// This field, whose words are spelled so, in the order of the attribute's own.
    Words(&'static str, &'static [&'static str]),
    /// This field, whose texts are each the parts of a block with commas between them: its first attribute, then those of its
    /// list.
    Parts(&'static str),
    /// References in this field to objects with a key and a value each.
    Pairs(&'static str),
    /// No field: it is our own.
    None,
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
            metadata: false,
            handling: false,
            cost: false,
            aws: Aws::Same,
            support: Support::Full,
            doc,
        }
    }

    /// It stands for this field of AWS Data Pipeline, which is called otherwise.
    pub(super) const fn aws(mut self, aws: Aws) -> Self {
        self.aws = aws;
        self
    }

    /// AWS Data Pipeline has nothing like it.
    pub(super) const fn ours(self) -> Self {
        self.aws(Aws::None)
    }

    /// How much of it this version does.
    pub(super) const fn support(mut self, support: Support) -> Self {
        self.support = support;
        self
    }

    /// Changing it changes no run.
    pub(super) const fn metadata(mut self) -> Self {
        self.metadata = true;
        self
    }

    /// Changing it changes nothing of what runs write.
    pub(super) const fn handling(mut self) -> Self {
        self.handling = true;
        self
    }

    /// It says what compute costs.
    pub(super) const fn cost(mut self) -> Self {
        self.cost = true;
        self
    }

    /// The same attribute with another meaning.
    pub(super) const fn meaning(mut self, doc: &'static str) -> Self {
        self.doc = doc;
        self
    }

    /// The fields of AWS Data Pipeline that become this attribute, the one it is exported as first.
    pub fn aws_fields(&self) -> Vec<String> {
        match self.aws {
            Aws::Same => vec![camel_case(self.name)],
            Aws::Fields(fields) => fields.iter().map(|field| (*field).to_owned()).collect(),
            Aws::Words(field, _) | Aws::Parts(field) | Aws::Pairs(field) => vec![field.to_owned()],
            Aws::None => Vec::new(),
        }
    }

    /// Whether a field of AWS Data Pipeline becomes this attribute.
    pub fn is_aws(&self, field: &str) -> bool {
        self.aws_fields().iter().any(|own| own == field)
    }

    /// Whether objects of this type of AWS Data Pipeline, spelled in any case, become blocks or entries of this attribute, or of
    /// what stands in its blocks.
    pub fn has_aws_part(&self, type_name: &str) -> bool {
        let is = |own: &str| own.eq_ignore_ascii_case(type_name);
        if let Aws::Pairs(field) = self.aws {
            return is(field);
        }
        self.value.block().is_some_and(|block| {
            let mut inner = block.attributes.iter();
            block.aws.is_some_and(is)
                || inner.any(|inner| {
                    inner.value.block() != Some(block) && inner.has_aws_part(type_name)
                })
        })
    }

    /// The word for what AWS Data Pipeline spells so, in any case.
    pub fn word_of_aws(&self, spelled: &str) -> Option<&'static str> {
        let plain = |text: &str| text.replace('_', "").to_lowercase();
        let words = self.value.words();
        if let Aws::Words(_, theirs) = self.aws {
            let mut pairs = theirs.iter().zip(words);
            let found = pairs.find(|(theirs, _)| plain(theirs) == plain(spelled));
            return found.map(|(_, word)| *word);
        }
        let mut words = words.iter().copied();
        words.find(|word| plain(word) == plain(spelled))
    }

    /// How AWS Data Pipeline spells a word of this attribute.
    pub fn aws_word(&self, word: &str) -> Option<&'static str> {
        let words = self.value.words();
        let place = words.iter().position(|own| *own == word)?;
        match self.aws {
            Aws::Words(_, theirs) => theirs.get(place).copied(),
            _ => words.get(place).copied(),
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

    /// Its references may have windows, and say how many of the intervals are needed.
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
    /// A number between these two.
    Number(f64, f64),
    /// A price in US dollars per hour, above 0 and below 20; or one of these words.
    Price(&'static [&'static str]),
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
    /// A list of texts of the form `NAME=value`.
    Assignments,
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
    Block(&'static BlockSchema),
    /// The same, as often as is wanted: `step { … }`.
    Blocks(&'static BlockSchema),
}

impl AttributeType {
    /// What stands in its blocks; `None` for all that is written as a value.
    pub const fn block(self) -> Option<&'static BlockSchema> {
        match self {
            Self::Block(block) | Self::Blocks(block) => Some(block),
            _ => None,
        }
    }

    /// The words that it takes, and nothing else.
    pub const fn words(self) -> &'static [&'static str] {
        match self {
            Self::OneOf(words) | Self::Price(words) => words,
            _ => &[],
        }
    }
}

/// The description of a block that is part of an object. A block may hold blocks of its own kind.
pub struct BlockSchema {
    /// The word it starts with, also where an attribute calls it otherwise.
    pub name: &'static str,
    /// The type of the objects of AWS Data Pipeline that it stands for, if they are objects there.
    pub aws: Option<&'static str>,
    /// What stands in it.
    pub attributes: &'static [AttributeSchema],
}

impl BlockSchema {
    /// The attribute of that name.
    pub fn attribute(&self, name: &str) -> Option<&'static AttributeSchema> {
        self.attributes
            .iter()
            .find(|attribute| attribute.name == name)
    }

    /// What stands in the block of that name within.
    pub fn block(&self, name: &str) -> Option<&'static Self> {
        self.attribute(name)?.value.block()
    }
}

impl PartialEq for BlockSchema {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

/// Without its content, which may be without end.
impl fmt::Debug for BlockSchema {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("BlockSchema")
            .field(&self.name)
            .finish()
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

/// A name in camel case, as fields of AWS Data Pipeline are written.
fn camel_case(name: &str) -> String {
    let mut camel = String::new();
    for (number, word) in name.split('_').enumerate() {
        let mut letters = word.chars();
        match letters.next() {
            Some(first) if number > 0 => camel.extend(first.to_uppercase()),
            Some(first) => camel.push(first),
            None => {}
        }
        camel.push_str(letters.as_str());
    }
    camel
}
