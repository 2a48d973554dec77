//! Objects as blocks: their attributes, in the order of their types.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::hcl;
use super::index::DEFAULT;
use super::index::Index;
use super::index::Named;
use super::kept::keep;
use super::layout::Block;
use super::locals::Locals;
use super::names;
use super::notes;
use super::parameters::Variable;
use super::scripts::Scripts;
use super::secrets::Places;
use super::varying::varies;
use crate::diag::Diagnostics;
use crate::import::definition::Field;
use crate::import::definition::FieldValue;
use crate::import::definition::Object;
use crate::lang::Step;
use crate::lang::Value;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;
use crate::lang::references;
use crate::objects::AttributeSchema;
use crate::objects::Default;
use crate::objects::Kind;
use crate::objects::ObjectType;
use crate::objects::configuration::misfit;

/// Fields that say what an object is; all else is what it has.
pub(super) const IDENTITY: [&str; 4] = ["id", "name", "type", "parent"];

/// The field in which people write what an object is for.
pub(super) const COMMENT: &str = "myComment";

/// The pause between attempts and between checks where nothing is said, as the service has it.
pub(super) const RETRY_DELAY: &str = "10 minutes";

/// Translates the objects of a definition.
pub(super) struct Objects<'a, 'd> {
    pub(super) index: &'a Index<'d>,
    pub(super) variables: &'a IndexMap<String, Variable>,
    pub(super) locals: &'a Locals<'d>,
    pub(super) found: &'a mut Diagnostics,
    /// The secrets that the command of the object reads from its environment.
    pub(super) environment: Vec<(String, Expr)>,
    /// Where secrets in clear are to be put.
    pub(super) secrets: &'a mut Places,
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

/// An attribute's value: an expression, or blocks.
pub(super) enum Written {
    Value(Expr),
    Blocks(Vec<Block>),
    /// References to objects that have names, and to those that stand in this one.
    Both(Expr, Vec<Block>),
}

impl<'d> Objects<'_, 'd> {
    /// The block of an object; none for a schedule that only says that there is none.
    pub(super) fn object(&mut self, object: &'d Object, named: &Named) -> Option<Block> {
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
            let name = if self.adds_files(object) {
                "accumulate"
            } else {
                "overwrite"
            };
            block.set_before_constants(name, hcl::value(Value::Bool(true)));
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
        let path = of
            .attribute("path")
            .filter(|_| of.attribute("overwrite").is_some());
        let mut fields = path.into_iter().flat_map(AttributeSchema::aws_fields);
        fields
            .find_map(|key| self.index.field(object, &key))
            .is_some_and(|(_, path)| {
                is_constant || !path.iter().any(|field| varies(self.index, object, field))
            })
            && self
                .index
                .users(&object.id)
                .any(|user| self.writes(user, object))
    }

    /// Whether an object has another one as its output.
    fn writes(&self, user: &'d Object, object: &'d Object) -> bool {
        let output = self.index.field(user, "output");
        let is_it = |field: &&Field| field.value == FieldValue::Reference(object.id.clone());
        output.is_some_and(|(_, fields)| fields.iter().any(is_it))
    }

    /// Whether runs add their files to a directory, as copies and staged outputs do.
    fn adds_files(&self, object: &'d Object) -> bool {
        let adds = |user: &'d Object| {
            let named = self.index.named(&user.id);
            named.is_some_and(|named| {
                matches!(named.object_type.name, "copy" | "shell_command")
                    && self.writes(user, object)
            })
        };
        self.index.field(object, "directoryPath").is_some()
            && self.index.users(&object.id).any(adds)
    }

    /// The attributes and blocks of an object, in the order of its type.
    pub(super) fn content(
        &mut self,
        object: &'d Object,
        of: &'static ObjectType,
        block: &mut Block,
    ) {
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
    pub(super) fn is_on_demand(&self, schedule: &'d Object) -> bool {
        let is = |key, word: &str| {
            let text = self.index.text(schedule, key);
            text.is_some_and(|text| text.eq_ignore_ascii_case(word))
        };
        is("period", "ONDEMAND_PERIOD") || is("startAt", "ONDEMAND_ACTIVATION_TIME")
    }
}

/// Whether a field says that there is no schedule: here there is none then.
fn says_on_demand(key: &str, fields: &[&Field]) -> bool {
    let text = fields.first().map(|field| &field.value);
    key == "scheduleType"
        && matches!(text, Some(FieldValue::Text(text)) if text.eq_ignore_ascii_case("ondemand"))
}
