//! Templates of CloudFormation: resources `AWS::DataPipeline::Pipeline`.
//!
//! A value that the template computes becomes text with expressions: a parameter of the template becomes one of the definition, and
//! what only AWS knows when it builds the stack (`Fn::GetAtt`, `Fn::ImportValue`, …) becomes a parameter with a name made of it, and
//! a warning. What is chosen or looked up by parameters of the template has what their defaults give as its default.

mod compute;

use std::cell::RefCell;

use indexmap::IndexMap;

use super::Definition;
use super::Field;
use super::FieldValue;
use super::Object;
use super::Parameter;
use super::api;
use super::api::Names;
use super::notes;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Span;
use crate::import::document::Node;
use crate::import::document::Value;
use compute::Given;
use compute::call;
use compute::compute;

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
            if let Some(condition) = resource.get("Condition") {
                found.push(notes::only_if(&logical.text, condition));
            }
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
        let properties = &self
            .decided(properties, found)
            .unwrap_or_else(|| properties.clone());
        let mut definition = Definition::default();
        let text = |node: &Node, what: &str, found: &mut Diagnostics| self.text(node, what, found);
        api::body(properties, &NAMES, &text, &mut definition, found);
        self.join_parameters(&mut definition);
        let computed = properties
            .get("Name")
            .and_then(|name| compute(self.root, name));
        let name = computed.and_then(|(name, _)| name.text().map(str::to_owned));
        definition.name = name;
        definition.description = properties
            .get("Description")
            .and_then(|node| self.label(node));
        for tag in properties
            .get("PipelineTags")
            .map_or(&[][..], Node::elements)
        {
            let side = |key: &str| self.label(tag.get(key)?);
            definition.tags.extend(side("Key").zip(side("Value")));
        }
        let activate = properties.get("Activate").and_then(Node::scalar);
        definition.active = activate.and_then(|word| word.to_lowercase().parse().ok());
        definition
    }

    /// The parameters of the template that are read, beside those of the definition. Where both have one of the same name, they are
    /// one.
    fn join_parameters(&self, definition: &mut Definition) {
        let used = self.used.take();
        // A value that is the parameter of the same name says nothing.
        let is_own =
            |id: &str, values: &[String]| matches!(values, [one] if *one == format!("#{{{id}}}"));
        definition.values.retain(|id, values| !is_own(id, values));
        for parameter in &mut definition.parameters {
            let id = parameter.id.clone();
            parameter.attributes.retain(|(key, value)| {
                key != "default" || !is_own(&id, std::slice::from_ref(value))
            });
        }
        let reads = |text: &str| used.keys().any(|id| text.contains(&format!("#{{{id}}}")));
        let mut fields = Vec::new();
        // What is made of parameters of the template is written out where it is read, as a field that all objects inherit.
        definition.parameters.retain(|parameter| {
            let values = definition.values.get(&parameter.id).cloned();
            let default = parameter
                .attribute("default")
                .map(|text| vec![text.to_owned()]);
            let values = values.or(default).unwrap_or_default();
            let is_made = values.iter().any(|text| reads(text));
            if is_made {
                fields.push((parameter.id.clone(), values, parameter.span));
            }
            !is_made
        });
        for (id, values) in &definition.values {
            if values.iter().any(|text| reads(text)) && fields.iter().all(|(known, ..)| known != id)
            {
                fields.push((id.clone(), values.clone(), Span::default()));
            }
        }
        definition
            .values
            .retain(|id, _| fields.iter().all(|(known, ..)| known != id));
        add_to_default(definition, fields);
        for parameter in used.into_values() {
            let mut own = definition.parameters.iter_mut();
            match own.find(|own| own.id == parameter.id) {
                Some(own) => {
                    let missing = parameter.attributes.into_iter();
                    let missing: Vec<_> = missing
                        .filter(|(key, _)| own.attribute(key).is_none())
                        .collect();
                    own.attributes.extend(missing);
                }
                None => definition.parameters.push(parameter),
            }
        }
    }

    /// A text for people: what only the stack knows stands in it by its name.
    fn label(&self, node: &Node) -> Option<String> {
        if let Some((given, _)) = compute(self.root, node) {
            return given.text().map(str::to_owned);
        }
        let used = self.used.take();
        let text = self.text(node, "A text", &mut Diagnostics::new());
        self.used.replace(used);
        text.map(|text| text.replace("#{", "${"))
    }

    /// A value without conditions about what is there: these are decided with the defaults of the parameters. `None`: the value is
    /// not there.
    fn decided(&self, node: &Node, found: &mut Diagnostics) -> Option<Node> {
        let value = match (&node.value, call(node)) {
            (_, Some(("Ref", name))) if name.text() == Some("AWS::NoValue") => return None,
            (_, Some(("Fn::If", argument))) => {
                let [condition, yes, no] = argument.elements() else {
                    return Some(node.clone());
                };
                let is_text = |node: &Node| node.scalar().is_some() || call(node).is_some();
                let is_nothing = |node: &Node| {
                    call(node).is_some_and(|(name, of)| {
                        name == "Ref" && of.text() == Some("AWS::NoValue")
                    })
                };
                if is_text(yes) && is_text(no) && !is_nothing(yes) && !is_nothing(no) {
                    return Some(node.clone());
                }
                let name = condition.text().unwrap_or("");
                let holds = self.holds(condition);
                found.push(notes::decided(name, holds, node.span));
                return self.decided(if holds.unwrap_or(true) { yes } else { no }, found);
            }
            (_, Some(_)) => return Some(node.clone()),
            (Value::List(list), None) => {
                let list = list.iter().filter_map(|one| self.decided(one, found));
                Value::List(list.collect())
            }
            (Value::Map(map), None) => {
                let map = map
                    .iter()
                    .filter_map(|(key, one)| Some((key.clone(), self.decided(one, found)?)));
                Value::Map(map.collect())
            }
            (scalar, None) => scalar.clone(),
        };
        let span = node.span;
        Some(Node { span, value })
    }

    /// Whether a condition of the template holds with the defaults of its parameters.
    fn holds(&self, condition: &Node) -> Option<bool> {
        let of = self.root.get("Conditions")?.get(condition.text()?)?;
        compute(self.root, of)?.0.text()?.parse().ok()
    }

    /// The text that a value is, with an expression for each part that the template does not say.
    fn text(&self, node: &Node, what: &str, found: &mut Diagnostics) -> Option<String> {
        let Some((function, argument)) = call(node) else {
            return match node.scalar() {
                Some(text) => Some(text),
                None => api::plain(node, what, found),
            };
        };
        let computed = compute(self.root, node);
        if let Some((Given::Text(text), true)) = &computed {
            return Some(text.clone());
        }
        match (function, &argument.value) {
            ("Ref", Value::Text(name)) => return Some(self.parameter(name, node.span, found)),
            ("Fn::Sub", Value::Text(text)) => {
                return Some(self.substituted(text, &[], node.span, found));
            }
            ("Fn::Sub", Value::List(parts)) => {
                if let [text, values] = parts.as_slice()
                    && let Some(text) = text.text()
                {
                    let mut known = Vec::new();
                    for (name, value) in values.entries() {
                        known.push((name.text.as_str(), self.text(value, what, found)?));
                    }
                    return Some(self.substituted(text, &known, node.span, found));
                }
            }
            ("Fn::Join", Value::List(parts)) => {
                if let [separator, texts] = parts.as_slice()
                    && let (Some(separator), [_, ..]) = (separator.text(), texts.elements())
                {
                    let texts = texts.elements().iter();
                    let texts: Option<Vec<_>> =
                        texts.map(|text| self.text(text, what, found)).collect();
                    return Some(texts?.join(separator));
                }
            }
            _ => {}
        }
        let default = computed.and_then(|(given, _)| given.text().map(str::to_owned));
        Some(self.unknown(function, argument, default, node.span, found))
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
            return self.outside(name, name, None, at, found);
        };
        let hidden = declared.get("NoEcho").and_then(Node::scalar);
        let hidden = hidden.is_some_and(|hidden| hidden.eq_ignore_ascii_case("true"));
        let id = format!("{}{name}", if hidden { "*" } else { "" });
        let type_name = declared.get("Type").and_then(Node::text).unwrap_or("");
        if compute::is_name_of_value(type_name) {
            let default = declared.get("Default").and_then(Node::scalar);
            let source = format!(
                "the parameter `{}` of Systems Manager",
                default.as_deref().unwrap_or(name)
            );
            return self.outside(name, &source, None, at, found);
        }
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
            for value in values.iter().filter_map(Node::scalar) {
                if own == "default" && compute::is_list(type_name) {
                    let elements = compute::elements(&value);
                    attributes.extend(elements.map(|one| (own.to_owned(), one.to_owned())));
                } else {
                    attributes.push((own.to_owned(), value));
                }
            }
        }
        if type_name == "Number" {
            attributes.push(("type".to_owned(), "Double".to_owned()));
        } else if compute::is_list(type_name) {
            attributes.push(("isArray".to_owned(), "true".to_owned()));
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
        default: Option<String>,
        at: Span,
        found: &mut Diagnostics,
    ) -> String {
        let mut words = Vec::new();
        texts(argument, &mut words);
        let source = format!("{function} of {}", words.join("."));
        let name = match function {
            // These are called by what they name.
            "Fn::FindInMap" => {
                let named = argument.elements().iter().filter_map(Node::text);
                named.collect::<Vec<_>>().join("_")
            }
            "Fn::GetAtt" | "Fn::ImportValue" => words.join("_"),
            _ => format!(
                "{}_{}",
                function.trim_start_matches("Fn::"),
                words.join("_")
            ),
        };
        self.outside(&name, &source, default, at, found)
    }

    /// A parameter for what the template does not say. `default`: what the defaults of the template's parameters give.
    fn outside(
        &self,
        name: &str,
        source: &str,
        default: Option<String>,
        at: Span,
        found: &mut Diagnostics,
    ) -> String {
        let plain = |sign: char| {
            if sign.is_ascii_alphanumeric() {
                sign
            } else {
                '_'
            }
        };
        let words: String = name.chars().map(plain).collect();
        let words: Vec<&str> = words.split('_').filter(|word| !word.is_empty()).collect();
        let id = words.join("_");
        found.push(match &default {
            None => notes::of_stack(source, &id, at),
            Some(default) => notes::of_parameters(source, &id, default, at),
        });
        let description = format!("What CloudFormation gives for {source}.");
        let mut attributes = vec![("description".to_owned(), description)];
        attributes.extend(default.map(|default| ("default".to_owned(), default)));
        let parameter = Parameter {
            id: id.clone(),
            attributes,
            span: at,
        };
        self.used
            .borrow_mut()
            .entry(id.clone())
            .or_insert(parameter);
        format!("#{{{id}}}")
    }
}

/// Adds fields to the object that all others inherit from.
fn add_to_default(definition: &mut Definition, fields: Vec<(String, Vec<String>, Span)>) {
    if fields.is_empty() {
        return;
    }
    let place = definition
        .objects
        .iter()
        .position(|object| object.id == "Default");
    let place = place.unwrap_or_else(|| {
        definition.objects.insert(
            0,
            Object {
                id: "Default".to_owned(),
                name: None,
                fields: Vec::new(),
                span: Span::default(),
            },
        );
        0
    });
    let fields = fields.into_iter().flat_map(|(key, values, span)| {
        values.into_iter().map(move |text| Field {
            key: key.clone(),
            value: FieldValue::Text(text),
            span,
        })
    });
    if let Some(default) = definition.objects.get_mut(place) {
        default.fields.extend(fields);
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
