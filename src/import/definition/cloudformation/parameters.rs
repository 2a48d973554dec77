//! Parameters of a template, and what only AWS knows, as parameters of the definition. Their ids are such as the service takes.
//!
//! A parameter of the definition whose value is one of the template is that one. What is made of several has the value that the
//! defaults of these give, with a warning.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use super::NAMES;
use super::Template;
use super::compute::call;
use super::compute::compute;
use super::compute::elements;
use super::compute::is_list;
use super::compute::is_name_of_value;
use super::notes;
use super::texts::mark;
use crate::diag::Diagnostics;
use crate::diag::Span;
use crate::import::definition::Definition;
use crate::import::definition::Parameter;
use crate::import::definition::api;
use crate::import::document::Node;
use crate::import::document::Value;

/// What gives the value of each parameter of a definition: the value itself, else the default.
fn values(properties: &Node) -> IndexMap<&str, &Node> {
    let of = |key: &str| properties.get(key).map_or(&[][..], Node::elements);
    let mut values = IndexMap::new();
    for parameter in of(NAMES.parameters) {
        let attributes = parameter.get(NAMES.attributes);
        let attributes = attributes.map_or(&[][..], Node::elements);
        let of_key = |node: &&Node| node.get(NAMES.key).and_then(Node::text) == Some("default");
        let mut defaults = attributes.iter().filter(of_key);
        let default = defaults.next().and_then(|node| node.get(NAMES.text));
        let id = parameter.get(NAMES.id).and_then(Node::text);
        values.extend(id.zip(default));
    }
    for value in of(NAMES.values) {
        let id = value.get(NAMES.id).and_then(Node::text);
        values.extend(id.zip(value.get(NAMES.text)));
    }
    values
}

impl<'n> Template<'n> {
    /// The declaration of a parameter of the template whose value it is, not the name of what has the value.
    fn declared(&self, name: &str) -> Option<&'n Node> {
        let declared = self.root.get("Parameters")?.get(name)?;
        (!is_name_of_value(type_of(declared))).then_some(declared)
    }

    /// The parameter of the template that a value is, and nothing else.
    fn only_parameter<'m>(&self, node: &'m Node) -> Option<&'m str> {
        let (function, name) = call(node)?;
        let name = name.text().filter(|_| function == "Ref")?;
        self.declared(name).map(|_| name)
    }

    /// The parameters of the definition that are parameters of the template, by the names of these.
    pub(super) fn same(&self, properties: &Node) -> BTreeMap<String, String> {
        let mut same = BTreeMap::new();
        for (id, node) in values(properties) {
            if let Some(name) = self.only_parameter(node) {
                same.entry(name.to_owned()).or_insert_with(|| id.to_owned());
            }
        }
        same
    }

    /// Reads the parameters of a definition, and takes those of the template that it reads.
    pub(super) fn parameters(
        &self,
        properties: &Node,
        definition: &mut Definition,
        found: &mut Diagnostics,
    ) {
        let fixed =
            |node: &Node, what: &str, found: &mut Diagnostics| self.fixed(node, what, found);
        let settled =
            |node: &Node, what: &str, found: &mut Diagnostics| self.settled(node, what, found);
        let texts = api::Texts {
            names: &fixed,
            values: &settled,
        };
        api::parameters(properties, &NAMES, &texts, definition, found);
        for (id, node) in values(properties) {
            let own = definition.parameters.iter_mut().find(|own| own.id == id);
            let own = match own {
                Some(own) => own,
                None if call(node).is_some() => {
                    definition.parameters.push(Parameter {
                        id: id.to_owned(),
                        attributes: Vec::new(),
                        span: node.span,
                    });
                    let Some(own) = definition.parameters.last_mut() else {
                        continue;
                    };
                    own
                }
                None => continue,
            };
            if self.reads_hidden(node) && !own.is_hidden() {
                own.attributes
                    .push(("secret".to_owned(), "true".to_owned()));
            }
            if let Some(name) = self.only_parameter(node) {
                self.join(own, name, node.span, found);
            }
        }
        definition.parameters.extend(self.used.take().into_values());
    }

    /// What a parameter of the template says, said by that of the definition which is the same.
    fn join(&self, own: &mut Parameter, name: &str, at: Span, found: &mut Diagnostics) {
        let Some(declared) = self.declared(name) else {
            return;
        };
        let theirs = attributes(declared);
        own.attributes.retain(|(key, _)| key != "default");
        let missing = theirs.into_iter().filter(|(key, _)| {
            own.attribute(key).is_none()
                && matches!(key.as_str(), "default" | "description" | "allowedValues")
        });
        let missing: Vec<_> = missing.collect();
        own.attributes.extend(missing);
        // Two parameters that are the same one are two variables.
        if self.same.get(name).is_some_and(|first| *first != own.id) {
            let default = own.attribute("default").filter(|_| !own.is_hidden());
            found.push(match default {
                Some(default) => notes::of_parameters(name, &own.id, default, at),
                None => notes::of_stack(name, &own.id, at),
            });
        }
    }

    /// The text of a value of a parameter, which cannot be computed there. `None`: it is not known.
    fn settled(&self, node: &Node, what: &str, found: &mut Diagnostics) -> Option<String> {
        let Some((function, argument)) = call(node) else {
            return api::plain(node, what, found);
        };
        // One that is a parameter of the template has the value of that.
        if function == "Ref"
            && argument
                .text()
                .is_some_and(|name| self.declared(name).is_some())
        {
            return None;
        }
        let computed = compute(self.root, node);
        let text = computed.and_then(|(given, sure)| Some((given.text()?.to_owned(), sure)));
        let source = source(function, argument);
        match &text {
            Some((_, true)) => {}
            Some((text, false)) => {
                let shown = if self.reads_hidden(node) { "…" } else { text };
                found.push(notes::settled(&source, shown, node.span));
            }
            None => found.push(notes::not_settled(&source, node.span)),
        }
        text.map(|(text, _)| text)
    }

    /// Whether a value is made of what nobody may see.
    pub(super) fn reads_hidden(&self, node: &Node) -> bool {
        let mut words = Vec::new();
        super::texts(node, &mut words);
        let parameters = self.root.get("Parameters").map_or(&[][..], Node::entries);
        let mut hidden = parameters
            .iter()
            .filter(|(_, declared)| is_hidden(declared));
        call(node).is_some()
            && hidden.any(|(name, _)| {
                let in_text = format!("${{{}}}", name.text);
                let reads = |word: &String| *word == name.text || word.contains(&in_text);
                words.iter().any(reads)
            })
    }

    /// A mark that reads a parameter of the template, or what `Ref` gives of a resource.
    pub(super) fn parameter(&self, name: &str, at: Span, found: &mut Diagnostics) -> String {
        let all = self.root.get("Parameters");
        let Some(declared) = all.and_then(|all| all.get(name)) else {
            return self.outside(name, name, at, found);
        };
        if is_name_of_value(type_of(declared)) {
            let default = declared.get("Default").and_then(Node::scalar);
            let source = format!(
                "the parameter `{}` of Systems Manager",
                default.as_deref().unwrap_or(name)
            );
            return self.outside(name, &source, at, found);
        }
        if let Some(id) = self.same.get(name) {
            return mark(id);
        }
        let mut attributes = attributes(declared);
        if type_of(declared) == "Number" {
            attributes.push(("type".to_owned(), "Double".to_owned()));
        } else if is_list(type_of(declared)) {
            attributes.push(("isArray".to_owned(), "true".to_owned()));
        }
        let id = self.id(name, is_hidden(declared));
        self.used(&id, attributes, declared.span);
        mark(&id)
    }

    /// A mark for what the template does not say.
    pub(super) fn outside(
        &self,
        name: &str,
        source: &str,
        at: Span,
        found: &mut Diagnostics,
    ) -> String {
        let id = self.id(name, false);
        found.push(notes::of_stack(source, &id, at));
        let description = format!("What CloudFormation gives for {source}.");
        self.used(&id, vec![("description".to_owned(), description)], at);
        mark(&id)
    }

    fn used(&self, id: &str, attributes: Vec<(String, String)>, span: Span) {
        let mut used = self.used.borrow_mut();
        used.entry(id.to_owned()).or_insert_with(|| Parameter {
            id: id.to_owned(),
            attributes,
            span,
        });
    }

    /// The id of what the template calls so: `myBucket` for `Bucket`.
    pub(super) fn id(&self, name: &str, hidden: bool) -> String {
        let mut ids = self.ids.borrow_mut();
        if let Some(id) = ids.get(name) {
            return id.clone();
        }
        let own = name.strip_prefix("my").unwrap_or(name);
        let own = if own.starts_with(|first: char| first.is_ascii_uppercase()) {
            own
        } else {
            name
        };
        let mut label = if hidden { "*my" } else { "my" }.to_owned();
        for word in own.split(|sign: char| !sign.is_ascii_alphanumeric()) {
            let mut signs = word.chars();
            label.extend(signs.next().map(|first| first.to_ascii_uppercase()));
            if word == "AWS" {
                label.push_str("ws");
            } else {
                label.push_str(signs.as_str());
            }
        }
        let is_taken =
            |id: &String| self.taken.contains(id) || ids.values().any(|known| known == id);
        let mut id = label.clone();
        let mut number = 2;
        while is_taken(&id) {
            id = format!("{label}{number}");
            number += 1;
        }
        ids.insert(name.to_owned(), id.clone());
        id
    }
}

fn type_of(declared: &Node) -> &str {
    declared.get("Type").and_then(Node::text).unwrap_or("")
}

fn is_hidden(declared: &Node) -> bool {
    let hidden = declared.get("NoEcho").and_then(Node::scalar);
    hidden.is_some_and(|hidden| hidden.eq_ignore_ascii_case("true"))
}

/// What a parameter of the template says of itself.
fn attributes(declared: &Node) -> Vec<(String, String)> {
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
            if own == "default" && is_list(type_of(declared)) {
                let elements = elements(&value);
                attributes.extend(elements.map(|one| (own.to_owned(), one.to_owned())));
            } else {
                attributes.push((own.to_owned(), value));
            }
        }
    }
    attributes
}

/// What a function is called in messages. Texts that it puts together are not told: one may be a part of a secret.
pub(super) fn source(function: &str, argument: &Node) -> String {
    let mut words = Vec::new();
    if matches!(
        function,
        "Fn::FindInMap" | "Fn::GetAtt" | "Fn::ImportValue" | "Ref"
    ) {
        super::texts(argument, &mut words);
    } else {
        names(argument, &mut words);
    }
    if words.is_empty() {
        function.to_owned()
    } else {
        format!("{function} of {}", words.join("."))
    }
}

/// The names that a value reads.
fn names(node: &Node, names: &mut Vec<String>) {
    for piece in node.text().unwrap_or_default().split("${").skip(1) {
        names.extend(piece.split_once('}').map(|(name, _)| name.to_owned()));
    }
    for element in node.elements() {
        self::names(element, names);
    }
    for (key, value) in node.entries() {
        match (key.text.as_str(), value.text()) {
            ("Ref" | "Condition", Some(name)) => names.push(name.to_owned()),
            _ => self::names(value, names),
        }
    }
}
