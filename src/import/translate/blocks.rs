//! Parts of objects as blocks in them: objects that are parts, and texts that are made of parts.

use super::formula::Formula;
use super::formula::Gives;
use super::hcl;
use super::kept::Kept;
use super::kept::keep;
use super::layout::Block;
use super::notes;
use super::objects::IDENTITY;
use super::objects::Objects;
use super::objects::Written;
use super::parts;
use super::values::flattened;
use crate::import::definition::Field;
use crate::import::definition::FieldValue;
use crate::import::definition::Object;
use crate::import::expression;
use crate::import::expression::ExprKind;
use crate::import::expression::Part;
use crate::lang::ast::Expr;
use crate::lang::print;
use crate::objects::AttributeSchema;
use crate::objects::Aws;
use crate::objects::BlockSchema;

/// How deep blocks may be nested: a configuration may hold itself.
const MAX_BLOCKS: usize = 8;

impl<'d> Objects<'_, 'd> {
    /// Objects that are parts, as blocks; or texts whose parts are separated by commas.
    pub(super) fn blocks(
        &mut self,
        object: &'d Object,
        key: &str,
        schema: &AttributeSchema,
        fields: &[&'d Field],
        depth: usize,
    ) -> Vec<Block> {
        let mut blocks = Vec::new();
        let Some(inner) = schema.value.block() else {
            return blocks;
        };
        for field in fields {
            match &field.value {
                FieldValue::Text(text) if matches!(schema.aws, Aws::Parts(_)) => {
                    if let Some(block) =
                        self.computed_parts(object, key, (schema.name, inner), field)
                    {
                        blocks.push(block);
                        continue;
                    }
                    blocks.push(self.parts(object, key, (schema.name, inner), text, field));
                }
                FieldValue::Text(_) => {
                    let finding = notes::not_a_reference(key, &object.id, field.span);
                    self.found.push(finding);
                }
                FieldValue::Reference(to) => {
                    let Some(target) = self.index.object(to) else {
                        self.found.push(notes::no_object(to, key, field.span));
                        continue;
                    };
                    self.parts.insert(&target.id);
                    if self.nested.contains(&target.id.as_str()) {
                        let finding = notes::nested_in_circle(to, key, &object.id, field.span);
                        self.found.push(finding);
                        continue;
                    }
                    let mut block = Block::new(schema.name);
                    self.nested.push(&target.id);
                    for schema in inner.attributes {
                        self.part(target, schema, depth, &mut block);
                    }
                    self.nested.pop();
                    block.set_constant("aws_id", hcl::text(&target.id));
                    if self.kept_as_text.contains(target.id.as_str()) {
                        self.kept_as_text.insert(&object.id);
                    }
                    let known = |key: &str| {
                        IDENTITY.contains(&key)
                            || inner.attributes.iter().any(|schema| schema.is_aws(key))
                    };
                    let fields = target.fields.iter();
                    let unknown: Vec<_> = fields.filter(|field| !known(&field.key)).collect();
                    let mut kept = self.unknown_fields(target, inner.aws, &unknown);
                    for schema in inner.attributes {
                        if let Aws::Pairs(key) = schema.aws {
                            kept.extend(self.of_pairs(target, key));
                        }
                    }
                    keep(kept, &mut block);
                    blocks.push(block);
                }
            }
        }
        blocks
    }

    /// An attribute of an object that is part of another.
    fn part(
        &mut self,
        object: &'d Object,
        schema: &AttributeSchema,
        depth: usize,
        block: &mut Block,
    ) {
        let set = schema.aws_fields().into_iter().find_map(|key| {
            let (_, fields) = self.index.field(object, &key)?;
            Some((key, fields))
        });
        let Some((key, fields)) = set else { return };
        if schema.value.block().is_some() {
            if depth < MAX_BLOCKS {
                let blocks = self.blocks(object, &key, schema, &fields, depth + 1);
                block.blocks.extend(blocks);
            } else if let Some(field) = fields.first() {
                let finding = notes::nested_too_deep(&key, &object.id, MAX_BLOCKS + 1, field.span);
                self.found.push(finding);
            }
            return;
        }
        match self.attribute(object, &key, schema, &fields) {
            Some(Written::Value(expr)) => block.set(schema.name, expr),
            Some(Written::Blocks(blocks)) => block.blocks.extend(blocks),
            // What is part of another object refers to none.
            Some(Written::Both(..)) | None => {}
        }
    }

    /// A text of parts that is a parameter and nothing else, so that its parts are known only with its value: a block whose content is
    /// computed, or several for a parameter with several values. `None`: it has one part, as far as is known.
    fn computed_parts(
        &mut self,
        object: &'d Object,
        key: &str,
        (name, inner): (&str, &'static BlockSchema),
        field: &'d Field,
    ) -> Option<Block> {
        let FieldValue::Text(text) = &field.value else {
            return None;
        };
        let known = self.known(field)?;
        let formula = self.formula(object, key, text, field);
        let names = inner.attributes.iter().map(|attribute| attribute.name);
        let fill = |block: &mut Block, text: Expr| {
            let parts = hcl::call("split", vec![hcl::text(","), text]);
            let length = hcl::call("length", vec![parts.clone()]);
            let others = vec![parts.clone(), hcl::integer(1), length];
            let values = [
                hcl::index(parts, hcl::integer(0)),
                hcl::call("slice", others),
            ];
            for (name, value) in names.clone().zip(values) {
                block.set(name, value);
            }
        };
        if matches!(formula.gives, Gives::List(_)) {
            let mut block = Block::new(format!("dynamic \"{name}\""));
            block.set("for_each", formula.expr);
            let mut content = Block::new("content");
            fill(&mut content, hcl::path(&format!("{name}.value")));
            block.blocks.push(content);
            return Some(block);
        }
        if known.first().is_some_and(|text| !text.contains(',')) {
            return None;
        }
        let mut block = Block::new(name);
        fill(&mut block, formula.expr);
        Some(block)
    }

    /// `s3://x.jar,a,b` as a block with the first part and a list of the others.
    fn parts(
        &mut self,
        object: &'d Object,
        key: &str,
        (name, inner): (&str, &'static BlockSchema),
        text: &str,
        field: &Field,
    ) -> Block {
        let parts = parts::split(text);
        let formulas = parts.iter().enumerate().map(|(number, part)| {
            let formula = self.formula(object, key, part, field);
            self.divided(object, key, (number, part), formula, field)
        });
        let mut formulas: Vec<Formula> = formulas.collect();
        let mut block = Block::new(name);
        let mut names = inner.attributes.iter().map(|attribute| attribute.name);
        if let Some(name) = names.next()
            && !formulas.is_empty()
        {
            block.set(name, formulas.remove(0).expr);
        }
        if let Some(name) = names.next()
            && !formulas.is_empty()
        {
            block.set(name, flattened(formulas));
        }
        block
    }

    /// A part that is a parameter whose value has commas, as the parts that it stands for.
    fn divided(
        &mut self,
        object: &'d Object,
        key: &str,
        (number, part): (usize, &str),
        formula: Formula,
        field: &Field,
    ) -> Formula {
        let (template, _) = expression::parse_all(part);
        let has_comma = template.parts.iter().any(|part| match part {
            Part::Expression(expr) => match &expr.kind {
                ExprKind::Name(name) => {
                    self.index.known(name).iter().any(|text| text.contains(','))
                }
                _ => false,
            },
            Part::Text(_) => false,
        });
        if !has_comma || matches!(formula.gives, Gives::List(_)) {
            return formula;
        }
        if template.parts.len() == 1 && number > 0 {
            let divided = hcl::call("split", vec![hcl::text(","), formula.expr]);
            return Formula::new(divided, Gives::List(Box::new(Gives::Text)));
        }
        self.found
            .push(notes::comma_in_value(key, &object.id, field.span));
        formula
    }

    /// What objects with a key and a value have besides, each under the key that it belongs to: `spark.cores.myComment`.
    fn of_pairs(&mut self, object: &'d Object, key: &str) -> Kept {
        let mut kept = Kept::new();
        for field in object.field(key) {
            let FieldValue::Reference(to) = &field.value else {
                continue;
            };
            let Some(target) = self.index.object(to) else {
                continue;
            };
            let known = |key: &str| IDENTITY.contains(&key) || matches!(key, "key" | "value");
            let fields = target.fields.iter();
            let unknown: Vec<_> = fields.filter(|field| !known(&field.key)).collect();
            let name = self.index.text(target, "key").unwrap_or_default();
            let besides = self.unknown_fields(target, None, &unknown);
            let besides = besides.into_iter();
            kept.extend(besides.map(|(field, text)| (format!("{name}.{field}").into(), text)));
        }
        kept
    }

    /// References to objects with a key and a value each, as a map.
    pub(super) fn pairs(
        &mut self,
        object: &'d Object,
        key: &str,
        fields: &[&'d Field],
    ) -> Option<Expr> {
        let mut entries: Vec<(Expr, Expr)> = Vec::new();
        for field in fields {
            let Some(target) = self.target(object, key, field) else {
                continue;
            };
            self.parts.insert(&target.id);
            let mut side = |name: &str| {
                let text = self.index.text(target, name).unwrap_or("").to_owned();
                self.formula(target, name, &text, field).expr
            };
            let (name, value) = (side("key"), side("value"));
            let written = print::expression(&name);
            if entries
                .iter()
                .any(|(known, _)| print::expression(known) == written)
            {
                self.found
                    .push(notes::same_key(&target.id, &object.id, target.span));
                entries.retain(|(known, _)| print::expression(known) != written);
            }
            entries.push((name, value));
        }
        (!entries.is_empty()).then(|| hcl::object(entries))
    }
}
