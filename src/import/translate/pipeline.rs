//! The `pipeline` block with all objects in it, and what became no part of it.

use super::formula;
use super::hcl;
use super::index::DEFAULT;
use super::layout::Block;
use super::notes;
use super::objects::Objects;
use super::objects::RETRY_DELAY;
use crate::diag::Span;
use crate::import::expression::Template;
use crate::lang::Value;
use crate::lang::ast::Expr;
use crate::objects::Kind;
use crate::objects::ObjectType;
use crate::objects::registry;

impl Objects<'_, '_> {
    /// The `pipeline` block with all objects in it.
    pub(super) fn pipeline(&mut self, name: &str, object_type: &'static ObjectType) -> Block {
        let mut block = Block::new(format!("pipeline \"{name}\""));
        self.of_service(&mut block);
        if let Some(default) = self.index.object(DEFAULT) {
            self.content(default, object_type, &mut block);
        }
        self.without_schedule();
        self.defaults_of_aws(&mut block);
        if let Some(id) = &self.index.definition.id {
            block.set_constant("aws_id", hcl::text(id));
        }
        block.blocks.extend(self.locals.block());
        for kind in Kind::OF_AWS {
            for object in &self.index.definition.objects {
                let named = self.index.named(&object.id);
                let named = named.filter(|named| named.object_type.kind == kind);
                if let Some(named) = named.filter(|named| !named.name.is_empty()).cloned() {
                    block.blocks.extend(self.object(object, &named));
                }
            }
        }
        self.left_over();
        block
    }

    /// What the service knows of a pipeline besides its definition.
    fn of_service(&mut self, block: &mut Block) {
        let definition = self.index.definition;
        if let Some(description) = &definition.description {
            block.set("description", self.of_people("description", description));
        }
        if !definition.tags.is_empty() {
            let tags = definition.tags.iter();
            let tags = tags.map(|(key, value)| (hcl::text(key), self.of_people("tags", value)));
            block.set("tags", hcl::object(tags.collect()));
        }
        // One that is active is left to operators.
        if definition.active == Some(false) {
            block.set("active", hcl::value(Value::Bool(false)));
        }
    }

    /// A text of the pipeline itself, which has expressions only where a template computes it.
    fn of_people(&mut self, attribute: &str, text: &Template) -> Expr {
        let mut scope = self.locals;
        formula::translate(text, &mut scope).map_or_else(
            |error| {
                let finding =
                    notes::untranslated(attribute, "the pipeline", &error.message, Span::default());
                self.found.push(finding);
                hcl::text("")
            },
            |formula| formula.expr,
        )
    }

    /// Says that what is not on demand there is here, for want of a schedule.
    fn without_schedule(&mut self) {
        let index = self.index;
        let mut objects = index.definition.objects.iter();
        let Some(default) = index.object(DEFAULT) else {
            return;
        };
        let has_schedule = objects.any(|object| {
            let schedule = index.reference(object, "schedule");
            let schedule = schedule.and_then(|id| index.object(id));
            schedule.is_some_and(|schedule| !self.is_on_demand(schedule))
        });
        let said = default.field("scheduleType").next();
        let word = default.text("scheduleType").unwrap_or_default();
        let is_computed = word.contains("#{");
        if let Some(field) = said
            && !has_schedule
            && (is_computed || !word.eq_ignore_ascii_case("ondemand"))
        {
            self.found.push(notes::no_schedule(word, field.span));
        }
    }

    /// Where the service's defaults are others than ours they are written out.
    fn defaults_of_aws(&self, block: &mut Block) {
        let activities = self.index.definition.objects.iter().any(|object| {
            let named = self.index.named(&object.id);
            named.is_some_and(|named| named.object_type.kind == Kind::Activity)
        });
        if !activities {
            return;
        }
        if !block.is_set("retry_delay") {
            block.set("retry_delay", hcl::text(RETRY_DELAY));
        }
        block.set("backoff", hcl::text("constant"));
        block.set("retry_jitter", hcl::value(Value::Bool(false)));
    }

    /// What became neither an object nor a part of one.
    fn left_over(&mut self) {
        for object in &self.index.definition.objects {
            let Some(name) = object.type_name() else {
                if object.id != DEFAULT && !self.index.is_parent(&object.id) {
                    self.found.push(notes::no_type(&object.id, object.span));
                }
                continue;
            };
            if self.index.named(&object.id).is_some() {
                continue;
            }
            if !registry::is_part_of_aws(name) {
                let finding = notes::unknown_type(name, &object.id, object.span);
                self.found.push(finding);
            } else if !self.parts.contains(object.id.as_str()) {
                self.found.push(notes::not_used(&object.id, object.span));
            }
        }
    }
}
