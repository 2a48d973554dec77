//! What the functions of a template give: always, or with the defaults of its parameters.

use std::cell::Cell;

use data_encoding::BASE64;

use crate::import::document::Node;
use crate::import::document::Value;

/// How deep functions may be nested.
pub(super) const MAX_DEPTH: usize = 32;

/// What something gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Given {
    Text(String),
    List(Vec<Self>),
    /// `AWS::NoValue`: what would have it is not there.
    Nothing,
}

impl Given {
    /// It as one text.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    fn list(&self) -> &[Self] {
        match self {
            Self::List(list) => list,
            _ => &[],
        }
    }

    fn is_true(&self) -> Option<bool> {
        self.text()?.parse().ok()
    }

    fn of_bool(bool: bool) -> Self {
        Self::Text(bool.to_string())
    }
}

/// Computes with a template.
pub(super) struct Computer<'n> {
    root: &'n Node,
    /// Whether it has read what another stack may have otherwise.
    guesses: Cell<bool>,
}

/// What a value of a template gives, and whether it gives that in every stack. `None`: only AWS knows.
pub(super) fn compute(root: &Node, node: &Node) -> Option<(Given, bool)> {
    let computer = Computer {
        root,
        guesses: Cell::new(false),
    };
    let given = computer.value(node, 0)?;
    Some((given, !computer.guesses.get()))
}

/// The only entry of a map that is a call: `{"Ref": …}`, `{"Fn::Join": …}`.
pub(super) fn call(node: &Node) -> Option<(&str, &Node)> {
    let [(function, argument)] = node.entries() else {
        return None;
    };
    let name = function.text.as_str();
    (name == "Ref" || name == "Condition" || name.starts_with("Fn::")).then_some((name, argument))
}

/// The elements of a text with commas between them, as parameters that are lists have it.
pub(super) fn elements(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim)
}

/// Whether a type of parameters is a list.
pub(super) fn is_list(type_name: &str) -> bool {
    type_name == "CommaDelimitedList" || type_name.starts_with("List<")
}

/// Whether the value of parameters of a type is the name of what has the value.
pub(super) fn is_name_of_value(type_name: &str) -> bool {
    type_name.starts_with("AWS::SSM::Parameter::Value<")
}

impl Computer<'_> {
    fn value(&self, node: &Node, depth: usize) -> Option<Given> {
        if depth > MAX_DEPTH {
            return None;
        }
        let deeper = |node: &Node| self.value(node, depth + 1);
        if let Value::List(list) = &node.value {
            let list = list.iter().map(deeper);
            return list.collect::<Option<_>>().map(Given::List);
        }
        let Some((function, argument)) = call(node) else {
            return node.scalar().map(Given::Text);
        };
        let arguments = argument.elements();
        match (function, arguments) {
            ("Ref", _) => self.reference(argument.text()?),
            ("Condition", _) => self.condition(argument.text()?, depth),
            ("Fn::Base64", _) => {
                let text = deeper(argument)?;
                Some(Given::Text(BASE64.encode(text.text()?.as_bytes())))
            }
            ("Fn::FindInMap", [map, first, second]) => {
                let mut found = self.root.get("Mappings")?;
                for key in [map, first, second] {
                    found = found.get(deeper(key)?.text()?)?;
                }
                deeper(found)
            }
            ("Fn::Select", [index, list]) => {
                let index: usize = deeper(index)?.text()?.parse().ok()?;
                deeper(list)?.list().get(index).cloned()
            }
            ("Fn::Split", [separator, text]) => {
                let (separator, text) = (deeper(separator)?, deeper(text)?);
                let parts = text.text()?.split(separator.text()?);
                Some(Given::List(
                    parts.map(|part| Given::Text(part.to_owned())).collect(),
                ))
            }
            ("Fn::Join", [separator, texts]) => {
                let (separator, texts) = (deeper(separator)?, deeper(texts)?);
                let texts = texts.list().iter().map(Given::text);
                let texts = texts.collect::<Option<Vec<_>>>()?;
                Some(Given::Text(texts.join(separator.text()?)))
            }
            ("Fn::Sub", [text, values]) => self.substituted(text.text()?, Some(values), depth),
            ("Fn::Sub", []) => self.substituted(argument.text()?, None, depth),
            ("Fn::If", [condition, yes, no]) => {
                let holds = self.condition(condition.text()?, depth)?.is_true()?;
                deeper(if holds { yes } else { no })
            }
            ("Fn::Equals", [one, other]) => Some(Given::of_bool(deeper(one)? == deeper(other)?)),
            ("Fn::Not", [one]) => Some(Given::of_bool(!deeper(one)?.is_true()?)),
            ("Fn::And" | "Fn::Or", all) => {
                let all = all.iter().map(|one| deeper(one)?.is_true());
                let all = all.collect::<Option<Vec<bool>>>()?;
                let wanted = function == "Fn::Or";
                Some(Given::of_bool(all.contains(&wanted) == wanted))
            }
            _ => None,
        }
    }

    /// What `Ref` gives: of a parameter its default.
    fn reference(&self, name: &str) -> Option<Given> {
        if name == "AWS::NoValue" {
            return Some(Given::Nothing);
        }
        self.guesses.set(true);
        match name {
            "AWS::Partition" => return Some(Given::Text("aws".to_owned())),
            "AWS::URLSuffix" => return Some(Given::Text("amazonaws.com".to_owned())),
            _ => {}
        }
        let declared = self.root.get("Parameters")?.get(name)?;
        let type_name = declared.get("Type").and_then(Node::text).unwrap_or("");
        let default = declared.get("Default")?.scalar()?;
        if is_name_of_value(type_name) {
            return None;
        }
        Some(if is_list(type_name) {
            let list = elements(&default).map(|text| Given::Text(text.to_owned()));
            Given::List(list.collect())
        } else {
            Given::Text(default)
        })
    }

    pub(super) fn condition(&self, name: &str, depth: usize) -> Option<Given> {
        self.value(self.root.get("Conditions")?.get(name)?, depth + 1)
    }

    fn substituted(&self, text: &str, values: Option<&Node>, depth: usize) -> Option<Given> {
        let mut done = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after.split_once('}')?;
            done.push_str(before);
            if let Some(literal) = name.strip_prefix('!') {
                done.extend(["${", literal, "}"]);
            } else {
                let given = match values.and_then(|values| values.get(name)) {
                    Some(value) => self.value(value, depth + 1)?,
                    None => self.reference(name)?,
                };
                done.push_str(given.text()?);
            }
            rest = after;
        }
        done.push_str(rest);
        Some(Given::Text(done))
    }
}
