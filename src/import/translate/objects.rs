//! Objects as blocks.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use indexmap::IndexMap;

use super::completed::is_one_expression;
use super::formula;
use super::hcl;
use super::index::DEFAULT;
use super::index::Index;
use super::index::Named;
use super::layout::Block;
use super::locals::Locals;
use super::names;
use super::notes;
use super::parameters::Variable;
use super::scripts::Scripts;
use super::varying::varies;
use crate::diag::Diagnostics;
use crate::diag::Span;
use crate::import::definition::Field;
use crate::import::definition::FieldValue;
use crate::import::definition::Object;
use crate::import::expression::Template;
use crate::lang::Step;
use crate::lang::Value;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;
use crate::lang::references;
use crate::objects::AttributeSchema;
use crate::objects::AttributeType;
use crate::objects::Default;
use crate::objects::Kind;
use crate::objects::ObjectType;
use crate::objects::configuration::misfit;
use crate::objects::registry;

/// Fields that say what an object is; all else is what it has.
pub(super) const IDENTITY: [&str; 4] = ["id", "name", "type", "parent"];

/// The field in which people write what an object is for.
const COMMENT: &str = "myComment";

/// The pause between attempts and between checks where nothing is said, as the service has it.
const RETRY_DELAY: &str = "10 minutes";

/// Translates the objects of a definition.
pub(super) struct Objects<'a, 'd> {
    pub(super) index: &'a Index<'d>,
    pub(super) variables: &'a IndexMap<String, Variable>,
    pub(super) locals: &'a Locals<'d>,
    pub(super) found: &'a mut Diagnostics,
    /// The secrets that the command of the object reads from its environment.
    pub(super) environment: Vec<(String, Expr)>,
    pub(super) scripts: Scripts,
    /// The objects that have become parts of others, by id.
    pub(super) parts: BTreeSet<&'d str>,
    /// Fields whose values do not fit, by where they stand and by name.
    pub(super) unfit: BTreeSet<(u32, String)>,
    /// The objects whose parts are being written, from the outermost on.
    pub(super) nested: Vec<&'d str>,
    /// The objects with expressions that stayed text, by id.
    pub(super) kept_as_text: BTreeSet<&'d str>,
}

/// What has no attribute and is kept, by field.
pub(super) type Kept = BTreeMap<Arc<str>, Value>;

/// Writes what is kept into a block.
pub(super) fn keep(kept: Kept, block: &mut Block) {
    if !kept.is_empty() {
        block.set_constant("aws_fields", hcl::value(Value::object(kept)));
    }
}

/// An attribute's value: an expression, or blocks.
pub(super) enum Written {
    Value(Expr),
    Blocks(Vec<Block>),
    /// References to objects that have names, and to those that stand in this one.
    Both(Expr, Vec<Block>),
}

impl<'d> Objects<'_, 'd> {
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

    /// The block of an object; none for a schedule that only says that there is none.
    fn object(&mut self, object: &'d Object, named: &Named) -> Option<Block> {
        let of = named.object_type;
        if of.kind == Kind::Schedule && self.is_on_demand(object) {
            if self.index.users(&object.id).next().is_none() {
                self.found.push(notes::not_used(&object.id, object.span));
            }
            return None;
        }
        let header = match (of.name, named.name.as_str()) {
            ("", name) => format!("{} \"{name}\"", of.kind.as_str()),
            (word, "") => format!("{} \"{word}\"", of.kind.as_str()),
            (word, name) => format!("{} \"{word}\" \"{name}\"", of.kind.as_str()),
        };
        let mut block = Block::new(header);
        block.name.clone_from(&named.name);
        self.content(object, of, &mut block);
        if of.kind == Kind::Schedule && !block.is_set("every") {
            let finding = notes::without_period(&object.id, object.span);
            self.found.push(finding);
        }
        let is_constant = block.attributes.iter().any(|set| {
            let is_variable =
                |path: &Vec<Step>| path.first().is_some_and(|root| &*root.name == "var");
            set.name == "path" && references(&set.value).iter().all(is_variable)
        });
        if self.always_writes_the_same(object, of, is_constant) {
            block.set_before_constants("overwrite", hcl::value(Value::Bool(true)));
        }
        Some(block)
    }

    /// Whether each run would write what the last one wrote. The service lets that pass; here it must be said. `is_constant`: the
    /// path reads variables only, maybe with an expression beside them that stays text.
    fn always_writes_the_same(
        &self,
        object: &'d Object,
        of: &'static ObjectType,
        is_constant: bool,
    ) -> bool {
        let writes = |user: &'d Object| {
            let (_, fields) = self
                .index
                .field(user, "output")
                .unwrap_or((user, Vec::new()));
            let is_it = |field: &&Field| field.value == FieldValue::Reference(object.id.clone());
            fields.iter().any(is_it)
        };
        let path = of
            .attribute("path")
            .filter(|_| of.attribute("overwrite").is_some());
        let mut fields = path.into_iter().flat_map(AttributeSchema::aws_fields);
        fields
            .find_map(|key| self.index.field(object, &key))
            .is_some_and(|(_, path)| {
                is_constant || !path.iter().any(|field| varies(self.index, object, field))
            })
            && self.index.users(&object.id).any(writes)
    }

    /// The fields of an object that its type has no attribute for: its own, and those of parents that are only that.
    fn without_attribute(&self, object: &'d Object, of: &'static ObjectType) -> Vec<&'d Field> {
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

    /// The attributes and blocks of an object, in the order of its type.
    fn content(&mut self, object: &'d Object, of: &'static ObjectType, block: &mut Block) {
        // What stands in this object has an environment of its own.
        let outer = std::mem::take(&mut self.environment);
        let mut unknown = self.without_attribute(object, of);
        let own = |holder: &Object| holder.id == object.id;
        if of.attribute("description").is_some()
            && let Some(comment) = object.text(COMMENT)
            && !block.is_set("description")
        {
            block.set("description", hcl::text(comment));
        }
        for schema in of.schema() {
            let mut set = schema.aws_fields().into_iter().filter_map(|key| {
                let (holder, fields) = self.index.field(object, &key)?;
                Some((key, holder, fields))
            });
            let of_check = of.kind == Kind::Precondition && schema.name == "retry_delay";
            let Some((key, holder, fields)) = set.next() else {
                if of_check {
                    block.set(schema.name, hcl::text(RETRY_DELAY));
                }
                continue;
            };
            // Of `filePath` and `directoryPath` only one can be the path.
            for (_, other, left_out) in set {
                if own(other) {
                    unknown.extend(left_out);
                }
            }
            let source = if own(holder) && self.repeats_default(&key, &fields) {
                self.index.object(DEFAULT).unwrap_or(holder)
            } else {
                holder
            };
            // Checks do not take the pause of the pipeline.
            if !own(source) && !of_check && Self::is_of_pipeline(of, schema, source) {
                continue;
            }
            if says_on_demand(&key, &fields) {
                self.on_demand(object, &fields);
                continue;
            }
            match self.attribute(object, &key, schema, &fields) {
                Some(Written::Value(expr)) => {
                    if self.does_not_fit((object, &key), schema, &expr, &fields) {
                        unknown.extend(fields);
                    } else {
                        block.set(schema.name, expr);
                    }
                }
                Some(Written::Blocks(blocks)) => block.blocks.extend(blocks),
                Some(Written::Both(expr, blocks)) => {
                    block.set(schema.name, expr);
                    block.blocks.extend(blocks);
                }
                None => {}
            }
        }
        let environment = std::mem::replace(&mut self.environment, outer);
        if !environment.is_empty() {
            let entries = environment.into_iter();
            let entries = entries.map(|(name, secret)| (hcl::text(&name), secret));
            block.set("environment", hcl::object(entries.collect()));
        }
        if of.attribute("aws_fields").is_some() {
            let kept = self.unknown_fields(object, of.aws.first().copied(), &unknown);
            // That it had an id tells export that `#{…}` in its texts is meant.
            let tells = object.id != block.name
                || self.kept_as_text.contains(object.id.as_str())
                || self.is_of_oldest_table(object);
            if tells && of.kind != Kind::Pipeline {
                block.set_constant("aws_id", hcl::text(&object.id));
            }
            keep(kept, block);
        }
    }

    /// Whether it is the database of one of the oldest tables, which may say themselves what theirs is: `completed` makes an object
    /// of that, where the table stands. Export takes one without an id for such a one.
    fn is_of_oldest_table(&self, object: &Object) -> bool {
        let refers = |field: &Field| {
            field.key == "database"
                && matches!(&field.value, FieldValue::Reference(id) if *id == object.id)
        };
        let mut tables = self.index.definition.objects.iter();
        tables.any(|table| {
            let name = table.type_name().unwrap_or_default();
            let is_oldest = name.eq_ignore_ascii_case("MySqlDataNode");
            is_oldest && table.span != object.span && table.fields.iter().any(refers)
        })
    }

    /// Whether an attribute does not take a value that the service may have taken. Then the field is kept, unless there must be one.
    fn does_not_fit(
        &mut self,
        (object, key): (&'d Object, &str),
        schema: &AttributeSchema,
        expr: &Expr,
        fields: &[&'d Field],
    ) -> bool {
        let ExprKind::Value(value) = &expr.kind else {
            return false;
        };
        let Some(why) = misfit(schema, value) else {
            return false;
        };
        let is_needed = schema.default == Default::Required;
        for field in fields {
            let finding = notes::does_not_fit(key, &object.id, &why, is_needed, field.span);
            self.found.push(finding);
            self.unfit.insert((field.span.start, key.to_owned()));
        }
        !is_needed
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

    /// Whether a field says what `Default` says, too.
    fn repeats_default(&self, key: &str, fields: &[&Field]) -> bool {
        let Some(default) = self.index.object(DEFAULT) else {
            return false;
        };
        let theirs = default.fields.iter().filter(|field| field.key == key);
        theirs
            .map(|field| &field.value)
            .eq(fields.iter().map(|field| &field.value))
    }

    /// Whether what an object inherits from `Default` is set on the pipeline, which hands it on.
    fn is_of_pipeline(of: &'static ObjectType, schema: &AttributeSchema, holder: &Object) -> bool {
        of.kind != Kind::Pipeline && holder.id == DEFAULT && names::is_on_pipelines(schema.name)
    }

    /// What is on demand has no schedule here. One that has a schedule nevertheless goes by that.
    fn on_demand(&mut self, object: &'d Object, fields: &[&Field]) {
        let schedule = self.index.reference(object, "schedule");
        let schedule = schedule.and_then(|id| self.index.object(id));
        if let Some(schedule) = schedule.filter(|schedule| !self.is_on_demand(schedule))
            && let Some(field) = fields.first()
        {
            let finding = notes::on_demand_by_itself(&object.id, &schedule.id, field.span);
            self.found.push(finding);
        }
    }

    /// Whether a schedule says that there is none.
    fn is_on_demand(&self, schedule: &'d Object) -> bool {
        let is = |key, word: &str| {
            let text = self.index.text(schedule, key);
            text.is_some_and(|text| text.eq_ignore_ascii_case(word))
        };
        is("period", "ONDEMAND_PERIOD") || is("startAt", "ONDEMAND_ACTIVATION_TIME")
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
        let entries = entries.map(|(key, texts)| (key.into(), self::kept(&texts)));
        entries.collect()
    }

    /// Whether an object has actions that are carried out: activities, and the pipeline for them.
    fn is_run(&self, object: &Object) -> bool {
        let named = self.index.named(&object.id);
        object.id == DEFAULT || named.is_some_and(|named| named.object_type.kind == Kind::Activity)
    }

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
                // Its instance has ended then.
                Some(named)
                    if named.object_type.name == "terminate"
                        && matches!(key, "onFail" | "onSuccess")
                        && self.is_run(object) =>
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
}

/// Values as the text that is kept of them.
pub(super) fn kept(texts: &[String]) -> Value {
    let text = match texts {
        // A text that looks like a list is a list of one.
        [one] if serde_json::from_str::<Vec<String>>(one).is_err() => one.clone(),
        several => serde_json::Value::from(several.to_vec()).to_string(),
    };
    Value::string(text)
}

/// Whether a field says that there is no schedule: here there is none then.
fn says_on_demand(key: &str, fields: &[&Field]) -> bool {
    let text = fields.first().map(|field| &field.value);
    key == "scheduleType"
        && matches!(text, Some(FieldValue::Text(text)) if text.eq_ignore_ascii_case("ondemand"))
}
