//! What of a definition is looked up: objects by id, what each inherits, what each becomes and is called, who uses it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::identifiers;
use super::parents::MAX_PARENTS;
use crate::import::definition::Definition;
use crate::import::definition::Field;
use crate::import::definition::FieldValue;
use crate::import::definition::Object;
use crate::objects::Kind;
use crate::objects::ObjectType;

/// The id of the object that all others inherit from.
pub(super) const DEFAULT: &str = "Default";

/// An object that becomes one here.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) object_type: &'static ObjectType,
    /// Its name; empty for one that stands in the only object that uses it.
    pub(super) name: String,
    /// What a file of it is called.
    pub(super) label: String,
}

/// The index of a definition.
#[derive(Debug)]
pub(super) struct Index<'d> {
    pub(super) definition: &'d Definition,
    objects: IndexMap<&'d str, &'d Object>,
    named: BTreeMap<&'d str, Named>,
    /// The objects that refer to an object, by its id.
    users: BTreeMap<&'d str, BTreeSet<&'d str>>,
}

impl<'d> Index<'d> {
    pub(super) fn new(definition: &'d Definition) -> Self {
        let objects = definition.objects.iter();
        let mut index = Self {
            definition,
            objects: objects.map(|object| (object.id.as_str(), object)).collect(),
            named: BTreeMap::new(),
            users: BTreeMap::new(),
        };
        for object in &definition.objects {
            for field in &object.fields {
                if let (FieldValue::Reference(to), true) = (&field.value, field.key != "parent") {
                    let users = index.users.entry(to.as_str()).or_default();
                    users.insert(object.id.as_str());
                }
            }
        }
        index.give_names();
        index
    }

    fn give_names(&mut self) {
        let mut taken: BTreeMap<Kind, BTreeSet<String>> = BTreeMap::new();
        for object in &self.definition.objects {
            let Some(object_type) = object.type_name().and_then(type_of_aws) else {
                continue;
            };
            let id = object.id.as_str();
            let nested = object_type.kind == Kind::Precondition && self.owner(id).is_some();
            let label = label(object);
            let name = if nested {
                String::new()
            } else {
                let taken = taken.entry(object_type.kind).or_default();
                identifiers::unique(&label, taken)
            };
            let named = Named {
                object_type,
                name,
                label,
            };
            self.named.insert(id, named);
        }
    }

    pub(super) fn object(&self, id: &str) -> Option<&'d Object> {
        self.objects.get(id).copied()
    }

    /// What an object becomes; `None` for those that are parts of others, only parents, or of no known type.
    pub(super) fn named(&self, id: &str) -> Option<&Named> {
        self.named.get(id)
    }

    /// What files and secrets of an object are called.
    pub(super) fn label(&self, object: &Object) -> String {
        let named = self.named(&object.id);
        named.map_or_else(|| label(object), |named| named.label.clone())
    }

    /// The objects that refer to one.
    pub(super) fn users(&self, id: &str) -> impl Iterator<Item = &'d Object> {
        let users = self.users.get(id).into_iter().flatten();
        users.filter_map(|id| self.object(id))
    }

    /// The activities and data nodes that an action or a precondition serves, also those that inherit it.
    pub(super) fn served(&self, id: &str) -> Vec<&'d Object> {
        let is_it = |field: &&Field| field.value == FieldValue::Reference(id.to_owned());
        let objects = self.definition.objects.iter();
        let served = objects.filter(|object| {
            let kind = self.named(&object.id).map(|named| named.object_type.kind);
            let keys: &[&str] = match kind {
                Some(Kind::Activity) => &["precondition", "onFail", "onSuccess", "onLateAction"],
                Some(Kind::DataNode) => &["precondition"],
                _ => &[],
            };
            keys.iter().any(|key| {
                let field = self.field(object, key);
                field.is_some_and(|(_, fields)| fields.iter().any(is_it))
            })
        });
        served.collect()
    }

    /// The only object that refers to one, if it is not `Default`, which all inherit from, nor a parent.
    pub(super) fn owner(&self, id: &str) -> Option<&'d Object> {
        let mut users = self.users(id);
        let owner = users.next()?;
        let is_last = users.next().is_none();
        (is_last && owner.type_name().is_some() && !self.is_parent(&owner.id)).then_some(owner)
    }

    /// Whether other objects name it as their parent.
    pub(super) fn is_parent(&self, id: &str) -> bool {
        let mut objects = self.definition.objects.iter();
        objects.any(|object| parent(object) == Some(id))
    }

    /// An object, its parent, the parent's parent and so on; `Default` is the last of all.
    pub(super) fn lineage(&self, object: &'d Object) -> Vec<&'d Object> {
        let mut lineage = vec![object];
        let mut last = object;
        while lineage.len() <= MAX_PARENTS {
            if last.id == DEFAULT {
                break;
            }
            let next = parent(last).unwrap_or(DEFAULT);
            let Some(next) = self.object(next) else { break };
            lineage.push(next);
            last = next;
        }
        lineage
    }

    /// The values of a field, and the object that has them: itself, or the nearest that it inherits from.
    pub(super) fn field(
        &self,
        object: &'d Object,
        key: &str,
    ) -> Option<(&'d Object, Vec<&'d Field>)> {
        self.lineage(object).into_iter().find_map(|holder| {
            let fields = holder.fields.iter().filter(|field| field.key == key);
            let fields: Vec<_> = fields.collect();
            (!fields.is_empty()).then_some((holder, fields))
        })
    }

    /// The only text of a field, inherited or not.
    pub(super) fn text(&self, object: &'d Object, key: &str) -> Option<&'d str> {
        let (_, fields) = self.field(object, key)?;
        fields.into_iter().find_map(|field| match &field.value {
            FieldValue::Text(text) => Some(text.as_str()),
            FieldValue::Reference(_) => None,
        })
    }

    /// The only reference of a field, inherited or not.
    pub(super) fn reference(&self, object: &'d Object, key: &str) -> Option<&'d str> {
        let (_, fields) = self.field(object, key)?;
        fields.into_iter().find_map(|field| match &field.value {
            FieldValue::Reference(to) => Some(to.as_str()),
            FieldValue::Text(_) => None,
        })
    }

    /// The values of a parameter, as far as they are known.
    pub(super) fn known(&self, parameter: &str) -> Vec<&'d str> {
        if let Some(values) = self.definition.values.get(parameter) {
            return values.iter().map(String::as_str).collect();
        }
        let declared = self.definition.parameters.iter();
        let attributes = declared.filter(|declared| declared.id == parameter);
        let attributes = attributes.flat_map(|declared| &declared.attributes);
        let defaults = attributes.filter(|(key, _)| key == "default");
        defaults.map(|(_, value)| value.as_str()).collect()
    }

    /// All fields that an object has or inherits, its own first.
    pub(super) fn keys(&self, object: &'d Object) -> Vec<&'d str> {
        let mut keys = Vec::new();
        for holder in self.lineage(object) {
            for field in &holder.fields {
                let key = field.key.as_str();
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
        }
        keys
    }
}

/// The name of an object in snake case; its id, unless the console made that up.
fn label(object: &Object) -> String {
    identifiers::snake_case(match &object.name {
        Some(name) if identifiers::is_made_up(&object.id) => name,
        _ => &object.id,
    })
}

/// The parent that an object names.
pub(super) fn parent(object: &Object) -> Option<&str> {
    object.fields.iter().find_map(|field| match &field.value {
        FieldValue::Reference(to) if field.key == "parent" => Some(to.as_str()),
        // Some tools write the id as it is.
        FieldValue::Text(to) if field.key == "parent" => Some(to.as_str()),
        _ => None,
    })
}

/// The type that a type of AWS Data Pipeline becomes.
pub(super) fn type_of_aws(name: &str) -> Option<&'static ObjectType> {
    let mut types = crate::objects::registry::TYPES.iter().copied();
    types.find(|object_type| {
        let mut names = object_type.aws.iter();
        object_type.kind != Kind::Pipeline && names.any(|own| own.eq_ignore_ascii_case(name))
    })
}
