//! Templates of CloudFormation: resources `AWS::DataPipeline::Pipeline`.
//!
//! A value that the template computes becomes text with expressions: a parameter of the template becomes one of the definition, and
//! what only AWS knows when it builds the stack (`Fn::GetAtt`, `Fn::ImportValue`, …) becomes a parameter with a name made of it, and
//! a warning.

use std::cell::RefCell;

use indexmap::IndexMap;

use super::Definition;
use super::Parameter;
use super::api;
use super::api::Names;
use super::notes;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Span;
use crate::import::document::Node;
use crate::import::document::Value;

const NAMES: Names = Names {
    objects: "PipelineObjects",
    parameters: "ParameterObjects",
    values: "ParameterValues",
    id: "Id",
    name: "Name",
    fields: "Fields",
    attributes: "Attributes",
    key: "Key",
    text: "StringValue",
    reference: "RefValue",
};

pub(super) fn read(root: &Node, found: &mut Diagnostics) -> Vec<Definition> {
    let resources = root.get("Resources").map_or(&[][..], Node::entries);
    let mut definitions = Vec::new();
    for (logical, resource) in resources {
        let kind = resource.get("Type").and_then(Node::text);
        let Some(properties) = resource.get("Properties") else {
            continue;
        };
        if kind == Some("AWS::DataPipeline::Pipeline") {
            let template = Template {
                root,
                used: RefCell::default(),
            };
            let mut definition = template.definition(properties, found);
            definition.name.get_or_insert_with(|| logical.text.clone());
            definitions.push(definition);
        }
    }
    if definitions.is_empty() {
        let detail =
            "There is no resource of the type `AWS::DataPipeline::Pipeline` in this template.";
        found.push(Diagnostic::error("No definition", detail).at(root.span));
    }
    definitions
}

struct Template<'n> {
    root: &'n Node,
    /// The parameters that texts read, by name.
    used: RefCell<IndexMap<String, Parameter>>,
}

impl Template<'_> {
    fn definition(&self, properties: &Node, found: &mut Diagnostics) -> Definition {
        let mut definition = Definition::default();
        let text = |node: &Node, what: &str, found: &mut Diagnostics| self.text(node, what, found);
        api::body(properties, &NAMES, &text, &mut definition, found);
        let mut own = |key: &str| {
            let node = properties.get(key)?;
            self.text(node, &format!("`{key}`"), found)
        };
        definition.name = own("Name").filter(|name| !name.contains("#{"));
        definition.description = own("Description");
        for tag in properties
            .get("PipelineTags")
            .map_or(&[][..], Node::elements)
        {
            let mut side = |key: &str| self.text(tag.get(key)?, "A tag", found);
            let tag = side("Key").zip(side("Value"));
            definition.tags.extend(tag);
        }
        let activate = properties.get("Activate").and_then(Node::scalar);
        definition.active = activate.and_then(|word| word.to_lowercase().parse().ok());
        let used = self.used.take();
        definition.parameters.extend(used.into_values());
        definition
    }

    /// The text that a value is, with an expression for each part that the template does not say.
    fn text(&self, node: &Node, what: &str, found: &mut Diagnostics) -> Option<String> {
        let Value::Map(entries) = &node.value else {
            return api::plain(node, what, found);
        };
        let [(function, argument)] = entries.as_slice() else {
            found.push(notes::wrong(
                node,
                what,
                "a text, or a function of CloudFormation",
            ));
            return None;
        };
        match (function.text.as_str(), &argument.value) {
            ("Ref", Value::Text(name)) => Some(self.parameter(name, node.span, found)),
            ("Fn::Sub", Value::Text(text)) => Some(self.substituted(text, &[], node.span, found)),
            ("Fn::Sub", Value::List(parts)) => match parts.as_slice() {
                [text, values] if text.text().is_some() => {
                    let mut known = Vec::new();
                    for (name, value) in values.entries() {
                        known.push((name.text.as_str(), self.text(value, what, found)?));
                    }
                    let text = text.text().unwrap_or("");
                    Some(self.substituted(text, &known, node.span, found))
                }
                _ => Some(self.unknown(&function.text, argument, node.span, found)),
            },
            ("Fn::Join", Value::List(parts)) => match parts.as_slice() {
                [separator, texts]
                    if separator.text().is_some() && !texts.elements().is_empty() =>
                {
                    let texts = texts.elements().iter();
                    let texts: Option<Vec<_>> =
                        texts.map(|text| self.text(text, what, found)).collect();
                    Some(texts?.join(separator.text().unwrap_or("")))
                }
                _ => Some(self.unknown(&function.text, argument, node.span, found)),
            },
            (name, _) => Some(self.unknown(name, argument, node.span, found)),
        }
    }

    /// `a ${b} ${!c}` with the values of names; `${!c}` is the text `${c}`.
    fn substituted(
        &self,
        text: &str,
        known: &[(&str, String)],
        at: Span,
        found: &mut Diagnostics,
    ) -> String {
        let mut done = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            done.push_str(before);
            let Some((name, after)) = after.split_once('}') else {
                done.push_str("${");
                rest = after;
                continue;
            };
            if let Some(literal) = name.strip_prefix('!') {
                done.extend(["${", literal, "}"]);
            } else if let Some((_, value)) = known.iter().find(|(known, _)| *known == name) {
                done.push_str(value);
            } else {
                done.push_str(&self.parameter(name, at, found));
            }
            rest = after;
        }
        done.push_str(rest);
        done
    }

    /// An expression that reads a parameter of the template, or what `Ref` gives of a resource.
    fn parameter(&self, name: &str, at: Span, found: &mut Diagnostics) -> String {
        let declared = self.root.get("Parameters").and_then(|all| all.get(name));
        let Some(declared) = declared else {
            return self.outside(name, name, at, found);
        };
        let hidden = declared.get("NoEcho").and_then(Node::scalar);
        let hidden = hidden.is_some_and(|hidden| hidden.eq_ignore_ascii_case("true"));
        let id = format!("{}{name}", if hidden { "*" } else { "" });
        let mut attributes = Vec::new();
        for (own, theirs) in [
            ("description", "Description"),
            ("default", "Default"),
            ("allowedValues", "AllowedValues"),
        ] {
            let Some(node) = declared.get(theirs) else {
                continue;
            };
            let values = match &node.value {
                Value::List(elements) => elements.as_slice(),
                _ => std::slice::from_ref(node),
            };
            let values = values.iter().filter_map(Node::scalar);
            attributes.extend(values.map(|value| (own.to_owned(), value)));
        }
        match declared.get("Type").and_then(Node::text) {
            Some("Number") => attributes.push(("type".to_owned(), "Double".to_owned())),
            Some("CommaDelimitedList") => {
                attributes.push(("isArray".to_owned(), "true".to_owned()));
            }
            _ => {}
        }
        let parameter = Parameter {
            id: id.clone(),
            attributes,
            span: declared.span,
        };
        self.used
            .borrow_mut()
            .entry(id.clone())
            .or_insert(parameter);
        format!("#{{{id}}}")
    }

    /// What a function gives that only AWS can compute.
    fn unknown(
        &self,
        function: &str,
        argument: &Node,
        at: Span,
        found: &mut Diagnostics,
    ) -> String {
        let mut words = Vec::new();
        texts(argument, &mut words);
        let name = format!(
            "{}_{}",
            function.trim_start_matches("Fn::"),
            words.join("_")
        );
        let source = format!("{function} of {}", words.join("."));
        self.outside(&name, &source, at, found)
    }

    /// A parameter for what the template does not say.
    fn outside(&self, name: &str, source: &str, at: Span, found: &mut Diagnostics) -> String {
        let id: String = name
            .chars()
            .map(|sign| {
                if sign.is_ascii_alphanumeric() {
                    sign
                } else {
                    '_'
                }
            })
            .collect();
        let id = id.trim_matches('_').replace("__", "_");
        let detail = format!(
            "`{source}` is known only when AWS builds the stack. It becomes the variable of `{id}`: give it the value that the stack has."
        );
        found.push(Diagnostic::warning("Value known by CloudFormation only", detail).at(at));
        let parameter = Parameter {
            id: id.clone(),
            attributes: vec![(
                "description".to_owned(),
                format!("What CloudFormation gives for {source}."),
            )],
            span: at,
        };
        self.used
            .borrow_mut()
            .entry(id.clone())
            .or_insert(parameter);
        format!("#{{{id}}}")
    }
}

fn texts(node: &Node, words: &mut Vec<String>) {
    words.extend(node.scalar());
    node.elements()
        .iter()
        .for_each(|element| texts(element, words));
    for (key, value) in node.entries() {
        words.push(key.text.trim_start_matches("Fn::").to_owned());
        texts(value, words);
    }
}
