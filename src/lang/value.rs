//! Values.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::ast::Expr;
use super::elements::Elements;
use super::elements::Entries;
use super::number::Number;
use super::types::Type;

/// A value of the language. Cheap to clone: everything large is shared.
///
/// `List`, `Set` and `Map` have elements of one type, `Tuple` and `Object` of any; as in Terraform, literals make tuples
/// and objects, and conversions make the others. A set is kept sorted and without doubles.
///
/// Nulls and empty collections know their type where Terraform would: `tostring(null)`, a variable of type `list(string)`. Values
/// are equal without regard to that.
#[derive(Clone, Debug)]
pub enum Value {
    /// `null`, and of which type it is, if that is known.
    Null(Option<Arc<Type>>),
    /// `true` or `false`.
    Bool(bool),
    /// A decimal number.
    Number(Number),
    /// A string.
    String(Arc<str>),
    /// Elements of one type, in order.
    List(Arc<Elements>),
    /// Distinct elements of one type.
    Set(Arc<Elements>),
    /// Elements of any types, in order.
    Tuple(Arc<Elements>),
    /// Elements of one type by key.
    Map(Arc<Entries>),
    /// Attributes of any types by name.
    Object(Arc<Entries>),
    /// A reference to a configured object.
    Ref(Arc<Reference>),
    /// Known only when an instance runs: what is left of the expression after everything known was folded into it.
    /// Stands for a whole value or, inside a collection or object, for one element.
    Deferred(Arc<Expr>),
    /// A value that messages, plans and logs must not show. Never directly nested.
    Sensitive(Arc<Self>),
}

/// A reference to a configured object: references are values that pass through variables, locals, lists and maps.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// The kind, as it is written in references: `data_node`, `activity`, `schedule`, `pipeline`, …
    pub kind: Arc<str>,
    /// The full address, e.g. `pipeline.weblogs.data_node.archive`.
    pub address: Arc<str>,
    /// Which of its intervals are meant, if not those that overlap the reader's: `window(data_node.clicks, "28 days")`.
    pub window: Option<Window>,
    /// How many of them the reader needs, if it says so for this one: `all`, `any` or `latest`.
    pub require: Option<Arc<str>>,
}

/// A stretch of time that ends where the reader's interval ends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window {
    /// How long it is: a number and a unit in canonical form, e.g. `28 days`.
    pub length: Arc<str>,
    /// How far it is shifted, in the same form, maybe negative; `None`: not at all.
    pub offset: Option<Arc<str>>,
}

/// What a reader may need of the intervals of what it reads.
pub const REQUIRE_WORDS: [&str; 3] = ["all", "any", "latest"];

/// The kind of a reference to an instance of a module.
const MODULE: &str = "module";

/// The kind of a reference to a record.
const RECORD: &str = "record";

impl Reference {
    /// A reference to an object.
    pub fn new(kind: impl Into<Arc<str>>, address: impl Into<Arc<str>>) -> Self {
        Self {
            kind: kind.into(),
            address: address.into(),
            window: None,
            require: None,
        }
    }

    /// A reference to an instance of a module. It is one while an expression is evaluated and has become the object of the
    /// module's outputs afterwards.
    pub fn module(address: Arc<str>) -> Self {
        Self::new(MODULE, address)
    }

    /// Whether it refers to an instance of a module.
    pub fn is_module(&self) -> bool {
        &*self.kind == MODULE
    }

    /// A reference to a record: what is an object to those who read it, and is made only as far as it is read. `address` means
    /// something to the scope that gives it.
    pub fn record(address: impl Into<Arc<str>>) -> Self {
        Self::new(RECORD, address)
    }

    /// Whether it refers to a record.
    pub fn is_record(&self) -> bool {
        &*self.kind == RECORD
    }

    /// Whether it stands for an object that is made when it is read.
    pub(super) fn opens(&self) -> bool {
        self.is_module() || self.is_record()
    }

    /// Whether it means an object and says no more: not which of its intervals, nor how many of them.
    pub fn is_plain(&self) -> bool {
        self.window.is_none() && self.require.is_none()
    }

    /// The reference as HCL, where its object is called `name`.
    pub fn as_hcl(&self, name: &str) -> String {
        let node = match &self.window {
            None => name.to_owned(),
            Some(Window {
                length,
                offset: None,
            }) => format!("window({name}, \"{length}\")"),
            Some(Window {
                length,
                offset: Some(offset),
            }) => format!("window({name}, \"{length}\", \"{offset}\")"),
        };
        match &self.require {
            None => node,
            Some(require) => format!("require({node}, \"{require}\")"),
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null(_), Self::Null(_)) => true,
            (Self::Bool(left), Self::Bool(right)) => left == right,
            (Self::Number(left), Self::Number(right)) => left == right,
            (Self::String(left), Self::String(right)) => left == right,
            (Self::List(left), Self::List(right))
            | (Self::Set(left), Self::Set(right))
            | (Self::Tuple(left), Self::Tuple(right)) => left == right,
            (Self::Map(left), Self::Map(right)) | (Self::Object(left), Self::Object(right)) => {
                left == right
            }
            (Self::Ref(left), Self::Ref(right)) => left == right,
            (Self::Deferred(left), Self::Deferred(right)) => left == right,
            (Self::Sensitive(left), Self::Sensitive(right)) => left == right,
            _ => false,
        }
    }
}

impl Value {
    /// `null` of no known type.
    pub const NULL: Self = Self::Null(None);

    /// Whether it, or anything in it, is known only when an instance runs.
    pub fn has_deferred(&self) -> bool {
        !self.is_known()
    }

    /// A string.
    pub fn string(text: impl Into<Arc<str>>) -> Self {
        Self::String(text.into())
    }

    /// `null` of a type.
    pub(super) fn null_of(ty: Type) -> Self {
        Self::Null((ty != Type::Any).then(|| Arc::new(ty)))
    }

    /// A list of these elements.
    pub fn list(elements: Vec<Self>) -> Self {
        Self::List(Arc::new(elements.into()))
    }

    /// A list of these elements, which have this type.
    pub(super) fn list_of(elements: Vec<Self>, of: Type) -> Self {
        Self::List(Arc::new(Elements::of(elements, of)))
    }

    /// A set of these elements: sorted, without doubles.
    pub fn set(elements: Vec<Self>) -> Self {
        Self::set_of(elements, Type::Any)
    }

    /// A set of these elements, which have this type: sorted, without doubles.
    pub(super) fn set_of(mut elements: Vec<Self>, of: Type) -> Self {
        elements.sort_by(Self::compare);
        elements.dedup();
        Self::Set(Arc::new(Elements::of(elements, of)))
    }

    /// A tuple of these elements.
    pub fn tuple(elements: Vec<Self>) -> Self {
        Self::Tuple(Arc::new(elements.into()))
    }

    /// A map of these elements.
    pub fn map(entries: BTreeMap<Arc<str>, Self>) -> Self {
        Self::Map(Arc::new(entries.into()))
    }

    /// A map of these elements, which have this type.
    pub(super) fn map_of(entries: BTreeMap<Arc<str>, Self>, of: Type) -> Self {
        Self::Map(Arc::new(Entries::of(entries, of)))
    }

    /// An object of these attributes.
    pub fn object(attributes: BTreeMap<Arc<str>, Self>) -> Self {
        Self::Object(Arc::new(attributes.into()))
    }

    /// How many values there are in it, itself among them. What stands in several places counts in each.
    pub(super) fn weight(&self) -> u64 {
        match self {
            Self::List(items) | Self::Set(items) | Self::Tuple(items) => {
                items.weight().saturating_add(1)
            }
            Self::Map(items) | Self::Object(items) => items.weight().saturating_add(1),
            Self::Sensitive(inner) => inner.weight(),
            _ => 1,
        }
    }

    /// How many levels of collections and structures it has.
    pub(super) fn depth(&self) -> u32 {
        match self {
            Self::List(items) | Self::Set(items) | Self::Tuple(items) => {
                items.depth().saturating_add(1)
            }
            Self::Map(items) | Self::Object(items) => items.depth().saturating_add(1),
            Self::Sensitive(inner) => inner.depth(),
            _ => 0,
        }
    }

    /// Whether nothing in the value is deferred.
    pub fn is_known(&self) -> bool {
        match self {
            Self::Deferred(_) => false,
            Self::Sensitive(value) => value.is_known(),
            Self::List(items) | Self::Set(items) | Self::Tuple(items) => {
                items.iter().all(Self::is_known)
            }
            Self::Map(items) | Self::Object(items) => items.values().all(Self::is_known),
            _ => true,
        }
    }

    /// Whether the value stands for an object that is made when it is read, or anything in it does.
    pub(super) fn opens(&self) -> bool {
        match self {
            Self::Ref(reference) => reference.opens(),
            Self::Sensitive(value) => value.opens(),
            Self::List(items) | Self::Set(items) | Self::Tuple(items) => {
                items.iter().any(Self::opens)
            }
            Self::Map(items) | Self::Object(items) => items.values().any(Self::opens),
            _ => false,
        }
    }

    /// The first reference in the value that says more than which object is meant.
    pub fn qualified(&self) -> Option<&Reference> {
        match self {
            Self::Ref(reference) => Some(&**reference).filter(|it| !it.is_plain()),
            Self::Sensitive(value) => value.qualified(),
            Self::List(items) | Self::Set(items) | Self::Tuple(items) => {
                items.iter().find_map(Self::qualified)
            }
            Self::Map(items) | Self::Object(items) => items.values().find_map(Self::qualified),
            _ => None,
        }
    }

    /// Whether the value, or anything in it, is sensitive.
    pub fn has_sensitive(&self) -> bool {
        match self {
            Self::Sensitive(_) => true,
            Self::List(items) | Self::Set(items) | Self::Tuple(items) => {
                items.iter().any(Self::has_sensitive)
            }
            Self::Map(items) | Self::Object(items) => items.values().any(Self::has_sensitive),
            _ => false,
        }
    }

    /// The value without its own mark, and whether it had one. Elements keep theirs.
    pub fn unmark(self) -> (Self, bool) {
        match self {
            Self::Sensitive(value) => (Arc::unwrap_or_clone(value), true),
            value => (value, false),
        }
    }

    /// The same of a value that is only looked at.
    pub fn unmarked(&self) -> &Self {
        match self {
            Self::Sensitive(value) => value.unmarked(),
            value => value,
        }
    }

    /// The value without any mark in it, and whether there was one.
    pub fn unmark_deep(self) -> (Self, bool) {
        if !self.has_sensitive() {
            return (self, false);
        }
        let bare = |item: &Self| item.clone().unmark_deep().0;
        let all = |items: Arc<Elements>| -> Vec<Self> { items.iter().map(bare).collect() };
        let entries = |items: Arc<Entries>| -> BTreeMap<Arc<str>, Self> {
            let entry = |(key, item): (&Arc<str>, &Self)| (Arc::clone(key), bare(item));
            items.iter().map(entry).collect()
        };
        let value = match self {
            Self::Sensitive(value) => Arc::unwrap_or_clone(value).unmark_deep().0,
            Self::List(items) => Self::list(all(items)),
            Self::Set(items) => Self::Set(Arc::new(all(items).into())),
            Self::Tuple(items) => Self::tuple(all(items)),
            Self::Map(items) => Self::map(entries(items)),
            Self::Object(items) => Self::object(entries(items)),
            value => value,
        };
        (value, true)
    }

    /// The value, marked if `sensitive`; never twice.
    #[must_use]
    pub fn mark(self, sensitive: bool) -> Self {
        match self {
            Self::Sensitive(_) => self,
            value if sensitive => Self::Sensitive(Arc::new(value)),
            value => value,
        }
    }

    /// Whether `==` says so: of one type and of one content; all nulls are equal.
    pub(super) fn equals(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Null(_), Self::Null(_))) || self.is_alike(other)
    }

    /// Whether type and content are the same, as inside a collection.
    fn is_alike(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null(left), Self::Null(right)) => left == right,
            (Self::List(left), Self::List(right))
            | (Self::Set(left), Self::Set(right))
            | (Self::Tuple(left), Self::Tuple(right)) => {
                left.missing() == right.missing()
                    && left.len() == right.len()
                    && left
                        .iter()
                        .zip(right.iter())
                        .all(|(left, right)| left.is_alike(right))
            }
            (Self::Map(left), Self::Map(right)) | (Self::Object(left), Self::Object(right)) => {
                left.missing() == right.missing()
                    && left.len() == right.len()
                    && left
                        .iter()
                        .zip(right.iter())
                        .all(|(left, right)| left.0 == right.0 && left.1.is_alike(right.1))
            }
            _ => self == other,
        }
    }

    /// The name of its type in messages, as in type constraints.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null(_) => "null",
            Self::Bool(_) => "bool",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::List(_) => "list",
            Self::Set(_) => "set",
            Self::Tuple(_) => "tuple",
            Self::Map(_) => "map",
            Self::Object(_) => "object",
            Self::Ref(_) => "reference",
            Self::Deferred(_) => "deferred value",
            Self::Sensitive(_) => "sensitive value",
        }
    }

    /// The value in a message: what it is and, where that is short and not secret, its text.
    pub fn describe(&self) -> String {
        let count = |count: usize, what: &str| match count {
            0 => format!("an empty {what}"),
            1 => format!("a {what} of 1 element"),
            _ => format!("a {what} of {count} elements"),
        };
        match self {
            Self::Null(_) => "null".to_owned(),
            Self::Bool(value) => format!("`{value}`"),
            Self::Number(number) => format!("the number `{}`", shortened(&number.to_string())),
            Self::String(text) => format!(
                "the string \"{}\"",
                shortened(&text.escape_debug().to_string())
            ),
            Self::List(items) => count(items.len(), "list"),
            Self::Set(items) => count(items.len(), "set"),
            Self::Tuple(items) => count(items.len(), "tuple"),
            Self::Map(items) => count(items.len(), "map"),
            Self::Object(items) if items.is_empty() => "an empty object".to_owned(),
            Self::Object(_) => "an object".to_owned(),
            Self::Ref(reference) if reference.is_record() => "an object".to_owned(),
            Self::Ref(reference) if reference.window.is_some() => {
                format!("a window of `{}`", reference.address)
            }
            Self::Ref(reference) if let Some(require) = &reference.require => {
                format!("`{require}` of `{}`", reference.address)
            }
            Self::Ref(reference) => format!("a reference to `{}`", reference.address),
            Self::Deferred(_) => "a value known only when an instance runs".to_owned(),
            Self::Sensitive(_) => "a sensitive value".to_owned(),
        }
    }

    /// An order over all values, for sets: by type, then by content; nulls come last.
    pub fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(left), Self::Bool(right)) => left.cmp(right),
            (Self::Number(left), Self::Number(right)) => left.cmp(right),
            (Self::String(left), Self::String(right)) => left.cmp(right),
            (Self::Ref(left), Self::Ref(right)) => left.cmp(right),
            (Self::Sensitive(left), Self::Sensitive(right)) => left.compare(right),
            (Self::List(left), Self::List(right))
            | (Self::Set(left), Self::Set(right))
            | (Self::Tuple(left), Self::Tuple(right)) => {
                let elements = left
                    .iter()
                    .zip(right.iter())
                    .map(|(left, right)| left.compare(right));
                elements
                    .fold(Ordering::Equal, Ordering::then)
                    .then(left.len().cmp(&right.len()))
            }
            (Self::Map(left), Self::Map(right)) | (Self::Object(left), Self::Object(right)) => {
                let entry = |(left, right): (Entry<'_>, Entry<'_>)| {
                    left.0.cmp(right.0).then_with(|| left.1.compare(right.1))
                };
                let entries = left.iter().zip(right.iter()).map(entry);
                entries
                    .fold(Ordering::Equal, Ordering::then)
                    .then(left.len().cmp(&right.len()))
            }
            (Self::Null(_), Self::Null(_)) => Ordering::Equal,
            (Self::Null(_), _) => Ordering::Greater,
            (_, Self::Null(_)) => Ordering::Less,
            _ => self.type_name().cmp(other.type_name()),
        }
    }
}

/// An entry of a map or object.
type Entry<'v> = (&'v Arc<str>, &'v Value);

fn shortened(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or("")),
        None => text.to_owned(),
    }
}
