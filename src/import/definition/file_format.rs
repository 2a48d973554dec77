//! The format of the console and of the command line: `{"objects": […], "parameters": […], "values": {…}}`. A field that holds
//! several values is a list, a reference is `{"ref": "id"}`.
//!
//! People also saved answers of the API, or mixed the two; what has the shape of the API is read as that.

use indexmap::IndexMap;

use super::Definition;
use super::Field;
use super::FieldValue;
use super::Object;
use super::Parameter;
use super::api;
use super::notes;
use crate::diag::Diagnostics;
use crate::import::document::Key;
use crate::import::document::Node;
use crate::import::document::Value;

pub(super) fn read(root: &Node, found: &mut Diagnostics) -> Definition {
    let mut definition = Definition::default();
    for (key, value) in last_of_each(root, found) {
        match key.text.as_str() {
            "objects" => {
                for node in list(value, "`objects`", found) {
                    definition.objects.extend(if api::has_its_shape(node) {
                        api::object(node, &api::API, &api::PLAIN, found)
                    } else {
                        object(node, found)
                    });
                }
            }
            "parameters" => {
                for node in list(value, "`parameters`", found) {
                    definition.parameters.extend(if api::has_its_shape(node) {
                        api::parameter(node, &api::API, &api::PLAIN, found)
                    } else {
                        parameter(node, found)
                    });
                }
            }
            "values" => values(value, &mut definition, found),
            "pipelineObjects" | "parameterObjects" | "parameterValues" => {}
            _ => found.push(notes::passed_over(key)),
        }
    }
    api::body(root, &api::API, &mut definition, found);
    definition
}

/// The entries of a map. Of a key that is there twice the last counts.
pub(super) fn last_of_each<'n>(
    node: &'n Node,
    found: &mut Diagnostics,
) -> impl Iterator<Item = (&'n Key, &'n Node)> + use<'n> {
    let mut last = IndexMap::new();
    for (key, value) in node.entries() {
        if last.insert(key.text.as_str(), (key, value)).is_some() {
            found.push(notes::set_twice(key));
        }
    }
    last.into_values()
}

/// The elements of a list; with a finding if it is none.
pub(super) fn list<'n>(node: &'n Node, what: &str, found: &mut Diagnostics) -> &'n [Node] {
    if !matches!(node.value, Value::List(_)) {
        found.push(notes::wrong(node, what, "a list"));
    }
    node.elements()
}

/// The text of a scalar; of numbers and bools with a warning.
pub(super) fn text(node: &Node, what: &str, found: &mut Diagnostics) -> Option<String> {
    let Some(text) = node.scalar() else {
        found.push(notes::wrong(node, what, "a text"));
        return None;
    };
    if node.text().is_none() {
        found.push(notes::not_text(node));
    }
    Some(text)
}

fn object(node: &Node, found: &mut Diagnostics) -> Option<Object> {
    if !matches!(node.value, Value::Map(_)) {
        found.push(notes::wrong(node, "An object", "a map of fields"));
        return None;
    }
    let mut object = Object {
        id: String::new(),
        name: None,
        fields: Vec::new(),
        span: node.span,
    };
    let mut has_id = false;
    for (key, value) in last_of_each(node, found) {
        match key.text.as_str() {
            "id" => {
                has_id = true;
                object.id = text(value, "The `id` of an object", found)?;
            }
            "name" => object.name = text(value, "The `name` of an object", found),
            name => fields(name, value, &mut object.fields, found),
        }
    }
    if !has_id {
        found.push(notes::missing(node.span, "This object", "id"));
        return None;
    }
    Some(object)
}

fn fields(key: &str, node: &Node, fields_: &mut Vec<Field>, found: &mut Diagnostics) {
    let value = match &node.value {
        Value::List(elements) => {
            for element in elements {
                fields(key, element, fields_, found);
            }
            return;
        }
        Value::Map(entries) => match entries.as_slice() {
            [(name, to)] if name.text == "ref" => {
                let to = text(to, "A `ref`", found);
                to.map(FieldValue::Reference)
            }
            _ => {
                let wanted = "a text, a list, or a reference such as `{\"ref\": \"Id\"}`";
                found.push(notes::wrong(node, &format!("`{key}`"), wanted));
                None
            }
        },
        Value::Null => {
            found.push(notes::wrong(
                node,
                &format!("`{key}`"),
                "a text or a reference",
            ));
            None
        }
        _ => text(node, &format!("`{key}`"), found).map(FieldValue::Text),
    };
    fields_.extend(value.map(|value| Field {
        key: key.to_owned(),
        value,
        span: node.span,
    }));
}

fn parameter(node: &Node, found: &mut Diagnostics) -> Option<Parameter> {
    let mut parameter = Parameter {
        id: String::new(),
        attributes: Vec::new(),
        span: node.span,
    };
    for (key, value) in last_of_each(node, found) {
        let what = format!("`{}` of a parameter", key.text);
        if key.text == "id" {
            parameter.id = text(value, &what, found)?;
            continue;
        }
        let values = match &value.value {
            Value::List(elements) => elements.as_slice(),
            _ => std::slice::from_ref(value),
        };
        for value in values {
            // Numbers and bools are common here, and the console takes them.
            match value.scalar() {
                Some(text) => parameter.attributes.push((key.text.clone(), text)),
                None => found.push(notes::wrong(value, &what, "a text or a list of texts")),
            }
        }
    }
    if parameter.id.is_empty() {
        found.push(notes::missing(node.span, "This parameter", "id"));
        return None;
    }
    Some(parameter)
}

fn values(node: &Node, definition: &mut Definition, found: &mut Diagnostics) {
    if !matches!(node.value, Value::Map(_)) {
        found.push(notes::wrong(
            node,
            "`values`",
            "a map from ids of parameters to values",
        ));
    }
    for (key, value) in last_of_each(node, found) {
        let elements = match &value.value {
            Value::List(elements) => elements.as_slice(),
            _ => std::slice::from_ref(value),
        };
        let what = format!("The value of `{}`", key.text);
        let texts = elements
            .iter()
            .filter_map(|element| text(element, &what, found));
        let texts = texts.collect();
        definition.values.insert(key.text.clone(), texts);
    }
}
