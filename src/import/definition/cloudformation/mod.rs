//! Templates of CloudFormation: resources `AWS::DataPipeline::Pipeline`.
//!
//! A value that the template computes becomes text with expressions: a parameter of the template becomes one of the definition, and
//! what only AWS knows when it builds the stack (`Fn::GetAtt`, `Fn::ImportValue`, …) becomes a parameter with a name made of it, and
//! a warning. What is chosen or looked up by parameters of the template is computed from them (see [`Stack`]). Ids and names cannot
//! be computed: they are what the defaults of the parameters give.

mod compute;
mod computed;
mod parameters;
mod texts;

use std::cell::Cell;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::Computed;
use super::Definition;
use super::Parameter;
use super::Stack;
use super::api;
use super::api::Names;
use super::notes;
use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Span;
use crate::import::document::Key;
use crate::import::document::Node;
use crate::import::document::Value;
use compute::Given;
use compute::call;
use compute::compute;
use texts::Piece;
use texts::mark;
use texts::pieces;

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
            if let Some(condition) = resource.get("Condition") {
                found.push(notes::only_if(&logical.text, condition));
            }
            let definition = Template::new(root, properties).definition(properties, logical, found);
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
    /// Ids that mean something else in the definition.
    taken: BTreeSet<String>,
    /// The parameters of the definition that are parameters of the template, by the names of these.
    same: BTreeMap<String, String>,
    /// The ids of what is read, by what the template calls it.
    ids: RefCell<BTreeMap<String, String>>,
    /// The parameters that texts read, by id.
    used: RefCell<IndexMap<String, Parameter>>,
    stack: RefCell<Stack>,
    /// The ids and names that a warning said that they are computed.
    fixed: RefCell<BTreeSet<String>>,
    /// How many conditions are being read that read each other.
    depth: Cell<usize>,
}

impl<'n> Template<'n> {
    fn new(root: &'n Node, properties: &'n Node) -> Self {
        let elements = |key: &str| properties.get(key).map_or(&[][..], Node::elements);
        let text = |node: &Node, key: &str| node.get(key).and_then(Node::text).map(str::to_owned);
        let parameters = elements(NAMES.parameters)
            .iter()
            .chain(elements(NAMES.values));
        let mut taken: BTreeSet<String> = parameters
            .filter_map(|parameter| text(parameter, NAMES.id))
            .collect();
        for object in elements(NAMES.objects) {
            let fields = object.get(NAMES.fields).map_or(&[][..], Node::elements);
            taken.extend(fields.iter().filter_map(|field| text(field, NAMES.key)));
        }
        let mut template = Self {
            root,
            taken,
            same: BTreeMap::new(),
            ids: RefCell::default(),
            used: RefCell::default(),
            stack: RefCell::default(),
            fixed: RefCell::default(),
            depth: Cell::default(),
        };
        template.same = template.same(properties);
        template
    }

    fn definition(&self, properties: &Node, logical: &Key, found: &mut Diagnostics) -> Definition {
        let properties = &self
            .decided(properties, found)
            .unwrap_or_else(|| properties.clone());
        let mut definition = Definition::default();
        let fixed =
            |node: &Node, what: &str, found: &mut Diagnostics| self.fixed(node, what, found);
        let field =
            |node: &Node, what: &str, found: &mut Diagnostics| self.field(node, what, found);
        let texts = api::Texts {
            names: &fixed,
            values: &field,
        };
        api::objects(properties, &NAMES, &texts, &mut definition, found);
        let mut label = |node: &Node| Some(texts::template(&self.text(node, "A text", found)?));
        definition.description = properties.get("Description").and_then(&mut label);
        for tag in properties
            .get("PipelineTags")
            .map_or(&[][..], Node::elements)
        {
            let value = tag.get("Value").and_then(&mut label);
            let key = tag.get("Key").and_then(Node::scalar);
            definition.tags.extend(key.zip(value));
        }
        self.parameters(properties, &mut definition, found);
        definition.name = Some(self.name(properties.get("Name"), logical, found));
        let activate = properties.get("Activate").and_then(Node::scalar);
        definition.active = activate.and_then(|word| word.to_lowercase().parse().ok());
        definition.stack = self.stack.take();
        definition
    }

    /// What the pipeline is called: what the defaults of the parameters give; where they give nothing, as the template calls it.
    fn name(&self, node: Option<&Node>, logical: &Key, found: &mut Diagnostics) -> String {
        let Some(node) = node else {
            return logical.text.clone();
        };
        let computed = compute(self.root, node);
        let text = computed.and_then(|(name, sure)| Some((name.text()?.to_owned(), sure)));
        match text {
            Some((name, true)) => name,
            Some((name, false)) => {
                found.push(notes::name_of_stack(&logical.text, &name, node.span));
                name
            }
            None => {
                found.push(notes::name_of_stack(
                    &logical.text,
                    &logical.text,
                    node.span,
                ));
                logical.text.clone()
            }
        }
    }

    /// An id or a name, which is no expression.
    fn fixed(&self, node: &Node, what: &str, found: &mut Diagnostics) -> Option<String> {
        if call(node).is_none() {
            return api::plain(node, what, found);
        }
        let computed = compute(self.root, node);
        let computed = computed.and_then(|(given, sure)| Some((given.text()?.to_owned(), sure)));
        let text = match computed {
            Some((text, true)) => return Some(text),
            Some((text, false)) => text,
            None => {
                let used = self.used.take();
                let text = self.text(node, what, &mut Diagnostics::new())?;
                self.used.replace(used);
                let pieces = pieces(&text).into_iter().map(|piece| match piece {
                    Piece::Plain(text) => text,
                    Piece::Marked(id) => id.trim_start_matches('*').trim_start_matches("my"),
                });
                pieces.collect()
            }
        };
        if self.fixed.borrow_mut().insert(text.clone()) {
            found.push(notes::fixed(&text, node.span));
        }
        Some(text)
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

    /// The text of a field, with an expression for each part that the template does not say.
    fn field(&self, node: &Node, what: &str, found: &mut Diagnostics) -> Option<String> {
        let text = self.text(node, what, found)?;
        let guesses = RefCell::new(Vec::new());
        let inserted = |id: &str| {
            let used = self.used.borrow();
            let parameter = used.get(id)?;
            let default = parameter.attribute("default");
            let is_number = |text: &str| text.trim().parse::<f64>().is_ok();
            if parameter.attribute("type") == Some("Double") || default.is_some_and(is_number) {
                return Some(format!("({id})"));
            }
            let default = default.filter(|_| !parameter.is_hidden())?;
            guesses
                .borrow_mut()
                .push((id.to_owned(), default.to_owned()));
            Some(default.to_owned())
        };
        let text = texts::with_expressions(&text, &inserted);
        for (id, default) in guesses.take() {
            found.push(notes::part_of_expression(&id, &default, node.span));
        }
        Some(text)
    }

    /// The text that a value is, with a mark for each part that the template does not say.
    fn text(&self, node: &Node, what: &str, found: &mut Diagnostics) -> Option<String> {
        let Some((function, argument)) = call(node) else {
            return match node.scalar() {
                Some(text) => Some(text),
                None => api::plain(node, what, found),
            };
        };
        if let Some((Given::Text(text), true)) = compute(self.root, node) {
            return Some(text);
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
        Some(self.made(node, (function, argument), found))
    }

    /// A mark for what a function gives that chooses or looks up; for what only AWS can compute that of a parameter.
    fn made(
        &self,
        node: &Node,
        (function, argument): (&str, &Node),
        found: &mut Diagnostics,
    ) -> String {
        let mut words = Vec::new();
        texts(argument, &mut words);
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
        let hidden = self.reads_hidden(node);
        let computed = match function {
            _ if hidden => None,
            "Fn::GetAtt" | "Fn::ImportValue" => None,
            _ => {
                let mut told = Diagnostics::new();
                let computed = self.computed(node, &mut told);
                if computed.is_some() {
                    found.extend(told);
                }
                computed
            }
        };
        let Some(computed) = computed else {
            let source = parameters::source(function, argument);
            let mark = self.outside(&name, &source, node.span, found);
            if hidden && let Some(parameter) = self.used.borrow_mut().values_mut().last() {
                let secret = ("secret".to_owned(), "true".to_owned());
                parameter.attributes.push(secret);
            }
            return mark;
        };
        let known = self.value_of(&computed);
        let id = known.unwrap_or_else(|| {
            let source = format!("{name}.{}", self.stack.borrow().values.len());
            let id = self.id(&source, false);
            self.stack.borrow_mut().values.insert(id.clone(), computed);
            id
        });
        mark(&id)
    }

    /// The name by which a computed value is read already.
    fn value_of(&self, computed: &Computed) -> Option<String> {
        let stack = self.stack.borrow();
        let mut values = stack.values.iter();
        let known = values.find(|(_, known)| *known == computed);
        known.map(|(id, _)| id.clone())
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
