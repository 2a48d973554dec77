//! What has no attribute here and is kept in `aws_fields`, for export only.

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::IndexMap;

use super::completed::is_one_expression;
use super::hcl;
use super::index::DEFAULT;
use super::layout::Block;
use super::notes;
use super::objects::COMMENT;
use super::objects::IDENTITY;
use super::objects::Objects;
use crate::import::definition::Field;
use crate::import::definition::FieldValue;
use crate::import::definition::Object;
use crate::lang::Value;
use crate::objects::ObjectType;

/// What has no attribute and is kept, by field.
pub(super) type Kept = BTreeMap<Arc<str>, Value>;

/// Writes what is kept into a block.
pub(super) fn keep(kept: Kept, block: &mut Block) {
    if !kept.is_empty() {
        block.set_constant("aws_fields", hcl::value(Value::object(kept)));
    }
}

impl<'d> Objects<'_, 'd> {
    /// The fields of an object that its type has no attribute for: its own, and those of parents that are only that.
    pub(super) fn without_attribute(
        &self,
        object: &'d Object,
        of: &'static ObjectType,
    ) -> Vec<&'d Field> {
        let mut unknown = Vec::new();
        for key in self.index.keys(object) {
            let Some((holder, fields)) = self.index.field(object, key) else {
                continue;
            };
            let is_known = IDENTITY.contains(&key)
                || of.of_aws_field(key).is_some()
                || key == "startAt"
                || (object.id == DEFAULT && self.is_handed_on(object, key))
                || (key == COMMENT && of.attribute("description").is_some());
            let of_parent = holder.id != DEFAULT
                && holder.type_name().is_none()
                && !self.is_handed_on(holder, key);
            if !is_known && (holder.id == object.id || of_parent) {
                unknown.extend(fields);
            }
        }
        unknown
    }

    /// Whether a field of a parent has an attribute in objects that inherit it: there it is written out.
    fn is_handed_on(&self, parent: &Object, key: &str) -> bool {
        let mut objects = self.index.definition.objects.iter();
        objects.any(|object| {
            let named = self.index.named(&object.id);
            named.is_some_and(|named| named.object_type.of_aws_field(key).is_some())
                && self
                    .index
                    .lineage(object)
                    .iter()
                    .any(|one| one.id == parent.id)
        })
    }

    /// Keeps what has no attribute: unknown fields, a name that is not the id, the name of a type that is one of several.
    pub(super) fn unknown_fields(
        &mut self,
        object: &'d Object,
        type_name: Option<&str>,
        unknown: &[&'d Field],
    ) -> Kept {
        let mut kept: IndexMap<&str, Vec<String>> = IndexMap::new();
        if let Some(name) = object.name.as_deref().filter(|name| *name != object.id) {
            kept.insert("name", vec![name.to_owned()]);
        }
        if let Some(own) = object.type_name()
            && type_name.is_some_and(|name| !name.eq_ignore_ascii_case(own))
        {
            kept.insert("type", vec![own.to_owned()]);
        }
        for field in unknown {
            let text = match &field.value {
                FieldValue::Text(text) => text.clone(),
                FieldValue::Reference(to) => format!("{{\"ref\": \"{to}\"}}"),
            };
            if field.key.starts_with('@') {
                let finding = notes::of_service(&field.key, &object.id, field.span);
                self.found.push(finding);
                continue;
            }
            if field.key.starts_with('*') && !is_one_expression(&text) {
                let finding = notes::secret_field(&field.key, &object.id, field.span);
                self.found.push(finding);
                continue;
            }
            let is_told = self.unfit.contains(&(field.span.start, field.key.clone()));
            if !field.key.starts_with("my") && !is_told {
                let finding = notes::unknown_field(&field.key, &object.id, field.span);
                self.found.push(finding);
            }
            kept.entry(&field.key).or_default().push(text);
        }
        let entries = kept.into_iter();
        let entries = entries.map(|(key, texts)| (key.into(), text_of(&texts)));
        entries.collect()
    }
}

/// Values as the text that is kept of them.
pub(super) fn text_of(texts: &[String]) -> Value {
    let text = match texts {
        // A text that looks like a list is a list of one.
        [one] if serde_json::from_str::<Vec<String>>(one).is_err() => one.clone(),
        several => serde_json::Value::from(several.to_vec()).to_string(),
    };
    Value::string(text)
}
