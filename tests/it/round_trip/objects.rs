//! The objects of a definition, and what they inherit.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use pipeform::import::definition::Definition;
use pipeform::import::definition::FieldValue;
use pipeform::import::definition::Object;

/// The objects of a definition, and what they inherit.
pub(super) struct Objects<'d>(BTreeMap<&'d str, &'d Object>);

impl<'d> Objects<'d> {
    pub(super) fn new(definition: &'d Definition) -> Self {
        let objects = definition.objects.iter();
        Self(objects.map(|object| (object.id.as_str(), object)).collect())
    }

    fn lineage(&self, object: &'d Object) -> Vec<&'d Object> {
        let mut lineage = vec![object];
        let mut last = object;
        while lineage.len() < 32 && last.id != "Default" {
            let parent = last.field("parent").next().map(|field| match &field.value {
                FieldValue::Reference(id) | FieldValue::Text(id) => id.as_str(),
            });
            let Some(next) = self.0.get(parent.unwrap_or("Default")) else {
                break;
            };
            lineage.push(next);
            last = next;
        }
        lineage
    }

    /// The values of a field, the object's own or inherited.
    pub(super) fn field(&self, object: &'d Object, key: &str) -> Vec<&'d FieldValue> {
        let mut values = self.lineage(object).into_iter().map(|holder| {
            let fields = holder.fields.iter().filter(|field| field.key == key);
            fields.map(|field| &field.value).collect::<Vec<_>>()
        });
        values.find(|values| !values.is_empty()).unwrap_or_default()
    }

    pub(super) fn get(&self, id: &str) -> Option<&'d Object> {
        self.0.get(id).copied()
    }

    fn text(&self, object: &'d Object, key: &str) -> Option<&'d str> {
        self.field(object, key)
            .into_iter()
            .find_map(|value| match value {
                FieldValue::Text(text) => Some(text.as_str()),
                FieldValue::Reference(_) => None,
            })
    }

    pub(super) fn keys(&self, object: &'d Object) -> BTreeSet<&'d str> {
        let fields = self
            .lineage(object)
            .into_iter()
            .flat_map(|holder| &holder.fields);
        fields.map(|field| field.key.as_str()).collect()
    }

    pub(super) fn is_on_demand(&self, id: &str) -> bool {
        let Some(object) = self.get(id) else {
            return false;
        };
        let is = |key, word: &str| {
            let text = self.text(object, key);
            text.is_some_and(|text| text.eq_ignore_ascii_case(word))
        };
        is("period", "ONDEMAND_PERIOD") || is("startAt", "ONDEMAND_ACTIVATION_TIME")
    }
}
