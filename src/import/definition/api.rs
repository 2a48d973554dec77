//! The format of the API: `{"pipelineObjects": [{"id", "name", "fields": [{"key", "stringValue" | "refValue"}]}], …}`. The
//! blocks of CloudFormation and of Terraform's provider have the same shape, with names of their own.

use super::Definition;
use super::Field;
use super::FieldValue;
use super::Object;
use super::Parameter;
use super::file_format::list;
use super::notes;
use crate::diag::Diagnostics;
use crate::import::document::Node;

/// How a format names what all three have.
pub(super) struct Names {
    pub(super) objects: &'static str,
    pub(super) parameters: &'static str,
    pub(super) values: &'static str,
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) fields: &'static str,
    pub(super) attributes: &'static str,
    pub(super) key: &'static str,
    pub(super) text: &'static str,
    pub(super) reference: &'static str,
}

/// The names of the API itself.
pub(super) const API: Names = Names {
    objects: "pipelineObjects",
    parameters: "parameterObjects",
    values: "parameterValues",
    id: "id",
    name: "name",
    fields: "fields",
    attributes: "attributes",
    key: "key",
    text: "stringValue",
    reference: "refValue",
};

/// Whether an object or a parameter is written as the API has it: with a list of what has a `key` each.
pub(super) fn has_its_shape(node: &Node) -> bool {
    let fields = node.get(API.fields).or_else(|| node.get(API.attributes));
    let fields = fields.map_or(&[][..], Node::elements);
    !fields.is_empty() && fields.iter().all(|field| field.get("key").is_some())
}

/// Reads a text that stands there as it is.
pub(super) fn plain(node: &Node, what: &str, found: &mut Diagnostics) -> Option<String> {
    super::file_format::text(node, what, found)
}

/// How a text is read: in templates of CloudFormation it may be computed.
pub(super) type Text<'a> = dyn Fn(&Node, &str, &mut Diagnostics) -> Option<String> + 'a;

/// How texts of a format are read.
pub(super) struct Texts<'a> {
    /// Those that are ids, keys and names.
    pub(super) names: &'a Text<'a>,
    /// All others.
    pub(super) values: &'a Text<'a>,
}

/// Texts that stand there as they are.
pub(super) const PLAIN: Texts<'static> = Texts {
    names: &plain,
    values: &plain,
};

/// Reads objects, parameters and values that stand there as they are.
pub(super) fn body(
    node: &Node,
    names: &Names,
    definition: &mut Definition,
    found: &mut Diagnostics,
) {
    objects(node, names, &PLAIN, definition, found);
    parameters(node, names, &PLAIN, definition, found);
}

fn elements<'n>(node: &'n Node, key: &str, found: &mut Diagnostics) -> &'n [Node] {
    match node.get(key) {
        Some(value) => list(value, &format!("`{key}`"), found),
        None => &[],
    }
}

/// Reads objects.
pub(super) fn objects(
    node: &Node,
    names: &Names,
    texts: &Texts<'_>,
    definition: &mut Definition,
    found: &mut Diagnostics,
) {
    for element in elements(node, names.objects, found) {
        let object = object(element, names, texts, found);
        definition.objects.extend(object);
    }
}

/// Reads parameters and their values.
pub(super) fn parameters(
    node: &Node,
    names: &Names,
    texts: &Texts<'_>,
    definition: &mut Definition,
    found: &mut Diagnostics,
) {
    for element in elements(node, names.parameters, found) {
        let parameter = parameter(element, names, texts, found);
        definition.parameters.extend(parameter);
    }
    for element in elements(node, names.values, found) {
        let id = required(element, names.id, "This value", texts.names, found);
        let value = required(element, names.text, "This value", texts.values, found);
        if let (Some(id), Some(value)) = (id, value) {
            definition.values.entry(id).or_default().push(value);
        }
    }
}

fn required(
    node: &Node,
    key: &'static str,
    what: &str,
    text: &Text<'_>,
    found: &mut Diagnostics,
) -> Option<String> {
    let Some(value) = node.get(key) else {
        found.push(notes::missing(node.span, what, key));
        return None;
    };
    text(value, &format!("`{key}`"), found)
}

/// Reads an object.
pub(super) fn object(
    node: &Node,
    names: &Names,
    texts: &Texts<'_>,
    found: &mut Diagnostics,
) -> Option<Object> {
    let id = required(node, names.id, "This object", texts.names, found)?;
    let name = node.get(names.name);
    let name = name.and_then(|name| (texts.names)(name, "The name of an object", found));
    let mut fields = Vec::new();
    if let Some(node) = node.get(names.fields) {
        for element in list(node, &format!("`{}`", names.fields), found) {
            fields.extend(field(element, names, texts, found));
        }
    }
    Some(Object {
        id,
        name,
        fields,
        span: node.span,
    })
}

fn field(node: &Node, names: &Names, texts: &Texts<'_>, found: &mut Diagnostics) -> Option<Field> {
    let key = required(node, names.key, "This field", texts.names, found)?;
    let set = |name: &str| {
        let value = node.get(name);
        value.filter(|value| !matches!(value.value, crate::import::document::Value::Null))
    };
    // Terraform's provider writes an empty text for what is not set.
    let reference = set(names.reference).filter(|node| node.text() != Some(""));
    let (value, span) = match (reference, set(names.text)) {
        (Some(to), _) => {
            let to_id = (texts.names)(to, "A reference", found)?;
            (FieldValue::Reference(to_id), to.span)
        }
        (None, Some(value)) => {
            let content = (texts.values)(value, &format!("`{key}`"), found)?;
            (FieldValue::Text(content), value.span)
        }
        (None, None) => {
            found.push(notes::missing(node.span, "This field", names.text));
            return None;
        }
    };
    Some(Field { key, value, span })
}

/// Reads a parameter.
pub(super) fn parameter(
    node: &Node,
    names: &Names,
    texts: &Texts<'_>,
    found: &mut Diagnostics,
) -> Option<Parameter> {
    let id = required(node, names.id, "This parameter", texts.names, found)?;
    let mut attributes = Vec::new();
    if let Some(list_of) = node.get(names.attributes) {
        for element in list(list_of, &format!("`{}`", names.attributes), found) {
            let key = required(element, names.key, "This attribute", texts.names, found);
            let value = required(element, names.text, "This attribute", texts.values, found);
            attributes.extend(key.zip(value));
        }
    }
    Some(Parameter {
        id,
        attributes,
        span: node.span,
    })
}
