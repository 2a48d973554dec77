//! References to objects: paths to those that have names, and blocks of those that stand where they are used.

use super::hcl;
use super::index::DEFAULT;
use super::names;
use super::notes;
use super::objects::Objects;
use super::objects::Written;
use crate::import::definition::Field;
use crate::import::definition::FieldValue;
use crate::import::definition::Object;
use crate::objects::AttributeSchema;
use crate::objects::AttributeType;
use crate::objects::Kind;

impl<'d> Objects<'_, 'd> {
    /// The object that a field refers to. What is no reference, or one to nothing, is found.
    pub(super) fn target(
        &mut self,
        object: &Object,
        key: &str,
        field: &Field,
    ) -> Option<&'d Object> {
        let FieldValue::Reference(to) = &field.value else {
            let finding = notes::not_a_reference(key, &object.id, field.span);
            self.found.push(finding);
            return None;
        };
        let target = self.index.object(to);
        if target.is_none() {
            self.found.push(notes::no_object(to, key, field.span));
        }
        target
    }

    /// References to objects.
    pub(super) fn references(
        &mut self,
        object: &'d Object,
        key: &str,
        kind: Option<Kind>,
        schema: &AttributeSchema,
        fields: &[&'d Field],
    ) -> Option<Written> {
        let mut paths = Vec::new();
        let mut blocks = Vec::new();
        for field in fields {
            let Some(target) = self.target(object, key, field) else {
                continue;
            };
            let to = &target.id;
            if self.is_on_demand(target) {
                continue;
            }
            match self.index.named(to).cloned() {
                Some(named)
                    if named.object_type.name == "terminate"
                        && key == "onLateAction"
                        && self.is_cluster(object) =>
                {
                    let finding = notes::no_instance(to, key, &object.id, field.span);
                    self.found.push(finding);
                }
                // Its instance has ended then.
                Some(named)
                    if named.object_type.name == "terminate"
                        && matches!(key, "onFail" | "onSuccess")
                        && (self.is_run(object) || self.is_cluster(object)) =>
                {
                    let finding = notes::nothing_to_give_up(to, key, &object.id, field.span);
                    self.found.push(finding);
                }
                Some(named) if kind.is_none_or(|kind| kind == named.object_type.kind) => {
                    if named.name.is_empty() {
                        blocks.extend(self.object(target, &named));
                    } else {
                        paths.push(hcl::path(&names::path(&named)));
                    }
                }
                None if target.type_name().is_none() => {
                    let finding = notes::refers_to_no_type(to, key, &object.id, field.span);
                    self.found.push(finding);
                }
                _ => {
                    let finding = notes::wrong_kind(to, key, &object.id, field.span);
                    self.found.push(finding);
                }
            }
        }
        let takes_list = !matches!(
            schema.value,
            AttributeType::Ref(_) | AttributeType::NamedRefs(_)
        );
        if matches!(schema.value, AttributeType::Ref(_)) && paths.len() > 1 {
            let at = fields.first().map_or(object.span, |field| field.span);
            self.found.push(notes::one_value(key, &object.id, at));
            paths.truncate(1);
        }
        let value = match paths.len() {
            0 => None,
            1 if !takes_list => paths.pop(),
            _ => Some(hcl::tuple(paths)),
        };
        match value {
            Some(value) if blocks.is_empty() => Some(Written::Value(value)),
            Some(value) => Some(Written::Both(value, blocks)),
            None => (!blocks.is_empty()).then_some(Written::Blocks(blocks)),
        }
    }

    /// Whether an object is a cluster: it has actions, and no instance.
    fn is_cluster(&self, object: &Object) -> bool {
        let named = self.index.named(&object.id);
        named.is_some_and(|named| named.object_type.name == "emr_cluster")
    }

    /// Whether an object has actions that are carried out for its instances: activities, and the pipeline for them.
    fn is_run(&self, object: &Object) -> bool {
        let named = self.index.named(&object.id);
        object.id == DEFAULT || named.is_some_and(|named| named.object_type.kind == Kind::Activity)
    }
}
