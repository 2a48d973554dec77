//! What import could not translate and kept: fields that have no attribute here, and expressions that are still in the text.

use super::objects::Writer;
use super::objects::entries_of;
use super::objects::field;
use super::objects::set;
use super::parameters::Parameters;
use crate::import::definition::FieldValue;
use crate::import::definition::Object as Exported;
use crate::import::expression;
use crate::import::expression::Expr;
use crate::import::expression::ExprKind;
use crate::import::expression::Part;
use crate::import::expression::Template;
use crate::lang::Value;
use crate::objects::Kind;
use crate::objects::Object;

impl Writer<'_, '_> {
    /// The text of a template. In what was imported, expressions that had no translation are still in the text.
    pub(super) fn text_of(&self, object: &Object, template: &Template) -> String {
        if !self.is_imported(object) {
            return template.to_string();
        }
        let parts = template.parts.iter().map(|part| match part {
            Part::Text(text) => kept_text(self.parameters, text),
            Part::Expression(expr) => format!("#{{{expr}}}"),
        });
        parts.collect()
    }

    /// Whether an object was one of a definition. What a pipeline is called there is something else: its objects tell.
    fn is_imported(&self, object: &Object) -> bool {
        let has_id = |object: &Object| object.get("aws_id").is_some();
        match object.kind() {
            Kind::Pipeline => self.index.members.iter().any(|member| has_id(member)),
            _ => has_id(object),
        }
    }

    /// Fields that have no attribute here and were kept.
    pub(super) fn kept_fields(&self, kept: Option<&Value>, exported: &mut Exported) {
        for (key, value) in kept.map(entries_of).unwrap_or_default() {
            let Value::String(text) = value else { continue };
            match key.as_str() {
                "name" => exported.name = Some(text.to_string()),
                "type" => {
                    exported.fields.retain(|field| field.key != "type");
                    let kind = FieldValue::Text(text.to_string());
                    exported.fields.insert(0, field("type", kind));
                }
                // What belongs to a part of it has a dot.
                key if key.contains('.') => {}
                _ => {
                    for text in kept_texts(&text) {
                        set(exported, &key, kept_value(self.parameters, &text));
                    }
                }
            }
        }
    }
}

/// The values that were kept as a text.
pub(super) fn kept_texts(text: &str) -> Vec<String> {
    let several = serde_json::from_str::<Vec<String>>(text);
    several.unwrap_or_else(|_| vec![text.to_owned()])
}

/// A reference that was kept as text, or a text.
fn kept_value(parameters: &Parameters<'_>, text: &str) -> FieldValue {
    let reference = text.strip_prefix("{\"ref\": \"");
    match reference.and_then(|rest| rest.strip_suffix("\"}")) {
        Some(id) => FieldValue::Reference(id.to_owned()),
        None => FieldValue::Text(kept_text(parameters, text)),
    }
}

/// A text with the expressions that are in it; the parameters that they read are used, and have the ids that they are written with.
fn kept_text(parameters: &Parameters<'_>, text: &str) -> String {
    let (mut template, _) = expression::parse_all(text);
    let mut changed = false;
    for part in &mut template.parts {
        if let Part::Expression(expr) = part {
            rename(expr, parameters, &mut changed);
        }
    }
    if !changed {
        return text.to_owned();
    }
    let parts = template.parts.iter().map(|part| match part {
        Part::Text(text) => text.clone(),
        Part::Expression(expr) => format!("#{{{expr}}}"),
    });
    parts.collect()
}

fn rename(expr: &mut Expr, parameters: &Parameters<'_>, changed: &mut bool) {
    match &mut expr.kind {
        ExprKind::Name(name) => {
            if let Some(id) = parameters.read_as(name)
                && id != *name
            {
                *name = id;
                *changed = true;
            }
        }
        ExprKind::Field(of, _) | ExprKind::Negated(of) => rename(of, parameters, changed),
        ExprKind::Call(_, arguments) => {
            for argument in arguments {
                rename(argument, parameters, changed);
            }
        }
        ExprKind::Binary(_, operands) => {
            for operand in operands.iter_mut() {
                rename(operand, parameters, changed);
            }
        }
        ExprKind::Integer(_) | ExprKind::Double(_) | ExprKind::Text(_) => {}
    }
}
