//! Variables of the root module as parameters.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::formula::Gives;
use super::kept::kept_texts;
use super::notes;
use crate::diag::Diagnostics;
use crate::diag::Span;
use crate::import::definition::Definition;
use crate::import::definition::Parameter as Exported;
use crate::import::translate::WHERE_THE_SECRET_IS;
use crate::import::translate::parameter_id;
use crate::import::translate::parameter_type;
use crate::import::translate::unique;
use crate::lang::Value;
use crate::lang::ast::BinaryOp;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;
use crate::lang::module::ModuleTree;
use crate::lang::module::Variable;
use crate::lang::print;
use crate::lang::types::Type;
use crate::objects::configuration;
use crate::objects::configuration::Surroundings;

/// A variable that is a parameter.
#[derive(Clone, Debug)]
pub struct Parameter {
    variable: Variable,
    ty: Type,
    /// The value that it has.
    value: Option<Value>,
    /// Whether its value is hidden, or it says where one is kept.
    hidden: bool,
    /// Its id, unless another one of the definition has it.
    id: String,
    /// Whether it says this id itself.
    says_id: bool,
    /// The id that it says it has, where that is none that the service takes.
    said: Option<String>,
}

/// The variables of a root module that can be parameters.
pub fn parameters(tree: &ModuleTree, surroundings: Surroundings<'_>) -> Vec<Parameter> {
    let mut variables: Vec<_> = configuration::parameters(tree, surroundings).collect();
    variables.sort_by_key(|(variable, _)| (variable.name.span.file, variable.name.span.start));
    variables
        .into_iter()
        .map(|(variable, ty)| {
            let value = surroundings.variables.get(&variable.name.text).cloned();
            let is_place = value
                .as_ref()
                .or(variable.default.as_ref())
                .is_some_and(configuration::is_place);
            let hidden = variable.sensitive || is_place;
            let said = variable.aws_id.as_deref().map(str::to_owned);
            let (own, said): (Option<_>, Option<_>) = match said {
                Some(id) if is_parameter_id(&id) => (Some(id), None),
                said => (None, said),
            };
            Parameter {
                says_id: own.is_some(),
                id: own.unwrap_or_else(|| parameter_id(&variable.name.text, hidden)),
                said,
                variable: variable.clone(),
                ty,
                value,
                hidden,
            }
        })
        .collect()
}

/// Whether the service takes an id as that of a parameter.
fn is_parameter_id(id: &str) -> bool {
    id.strip_prefix('*').unwrap_or(id).starts_with("my")
}

/// The parameters of a definition, as far as they are used.
pub(super) struct Parameters<'a> {
    declared: &'a [Parameter],
    /// The ids of those that are used, by their variables.
    ids: BTreeMap<&'a str, String>,
    /// The variables of those that were used.
    used: RefCell<BTreeSet<&'a str>>,
    /// Hidden parameters that no variable stands for, by where the secret is kept.
    made: RefCell<IndexMap<String, String>>,
}

impl<'a> Parameters<'a> {
    /// The parameters of which these are used, by their variables: `None` are all. The ids differ, and those that are said come first.
    pub(super) fn new(declared: &'a [Parameter], used: Option<&BTreeSet<&str>>) -> Self {
        let is_used = |parameter: &&Parameter| used.is_none_or(|it| it.contains(parameter.name()));
        let used = || declared.iter().filter(is_used);
        let (say, others) = (
            used().filter(|parameter| parameter.says_id),
            used().filter(|parameter| !parameter.says_id),
        );
        let mut taken = BTreeSet::new();
        let ids = say
            .chain(others)
            .map(|parameter| (parameter.name(), unique(&parameter.id, &mut taken)));
        Self {
            declared,
            ids: ids.collect(),
            used: RefCell::default(),
            made: RefCell::default(),
        }
    }

    /// The variables of those that were used.
    pub(super) fn used(&self) -> BTreeSet<&'a str> {
        self.used.borrow().clone()
    }

    /// The id of a parameter that is used.
    fn id(&self, parameter: &'a Parameter) -> String {
        self.used.borrow_mut().insert(parameter.name());
        self.ids
            .get(parameter.name())
            .unwrap_or(&parameter.id)
            .clone()
    }

    /// The parameter that a variable is, and what it gives.
    pub(super) fn get(&self, variable: &str) -> Option<(String, Gives)> {
        let mut declared = self.declared.iter();
        let found = declared.find(|parameter| parameter.name() == variable)?;
        Some((self.id(found), found.gives()))
    }

    /// The id of the parameter that an expression, which was kept as it was, reads by this name.
    pub(super) fn read_as(&self, name: &str) -> Option<String> {
        let mut declared = self.declared.iter();
        let found = declared
            .find(|parameter| parameter.id == name || parameter.said.as_deref() == Some(name))?;
        Some(self.id(found))
    }

    /// The hidden parameter for the secret that is kept in a place: the one of the variable that says this place, or a new one.
    pub(super) fn secret(&self, place: &str) -> String {
        let says = |parameter: &&Parameter| {
            let value = parameter
                .value
                .as_ref()
                .or(parameter.variable.default.as_ref());
            matches!(value, Some(Value::String(text)) if **text == *place)
        };
        if let Some(found) = self.declared.iter().find(says) {
            return self.id(found);
        }
        let mut made = self.made.borrow_mut();
        if let Some(id) = made.get(place) {
            return id.clone();
        }
        let name = place.rsplit(['/', ':']).next().unwrap_or("");
        let plain = |sign: char| {
            if sign.is_ascii_alphanumeric() {
                sign
            } else {
                '_'
            }
        };
        let name: String = name.to_lowercase().chars().map(plain).collect();
        let mut id = parameter_id(&name, true);
        let taken = |id: &str| {
            made.values().any(|known| known == id) || self.ids.values().any(|known| known == id)
        };
        while taken(&id) {
            id.push('_');
        }
        made.insert(place.to_owned(), id.clone());
        id
    }

    /// Writes the parameters and their values. One that nothing uses is left out if the pipeline is not the only one.
    pub(super) fn write(&self, alone: bool, definition: &mut Definition, found: &mut Diagnostics) {
        let used = self.used.borrow();
        let mut renamed: Vec<(&str, &str, Span)> = Vec::new();
        for parameter in self.declared {
            if alone || used.contains(parameter.name()) {
                let id = self.ids.get(parameter.name()).unwrap_or(&parameter.id);
                if let Some(said) = &parameter.said {
                    renamed.push((said, id, parameter.variable.name.span));
                }
                definition.parameters.push(parameter.exported(id, found));
                if let Some(values) = parameter.given() {
                    definition.values.insert(id.clone(), values);
                }
            }
        }
        if let [(.., first), ..] = renamed.as_slice() {
            let ids = renamed.iter().map(|(said, id, _)| (*said, *id));
            found.push(notes::renamed(ids, *first));
        }
        for (place, id) in self.made.borrow().iter() {
            found.push(notes::secret(place, id));
            definition.parameters.push(Exported {
                id: id.clone(),
                attributes: vec![("type".to_owned(), "String".to_owned())],
                span: Span::default(),
            });
        }
    }
}

impl Parameter {
    /// The name of its variable.
    fn name(&self) -> &str {
        &self.variable.name.text
    }

    /// What it gives to the service. A text here may be a number there.
    fn gives(&self) -> Gives {
        let said = match self.variable.aws_fields.get("type") {
            Some(Value::String(text)) => text.to_lowercase(),
            _ => String::new(),
        };
        let of_one = |ty: &Type| match (&*said, ty) {
            ("integer", _) => Gives::Number(true),
            ("double", _) => Gives::Number(false),
            (_, Type::Number) => Gives::Number(self.type_name(true) == "Integer"),
            _ => Gives::Text,
        };
        match &self.ty {
            Type::List(inner) => Gives::List(Box::new(of_one(inner))),
            one => of_one(one),
        }
    }

    /// The type that its values tell.
    fn type_name(&self, is_number: bool) -> &'static str {
        let default = self.variable.default.as_ref();
        let values = self.value.iter().chain(default).flat_map(texts);
        parameter_type(is_number, &values.collect::<Vec<_>>())
    }

    fn exported(&self, id: &str, found: &mut Diagnostics) -> Exported {
        let variable = &self.variable;
        let mut attributes: Vec<(String, String)> = Vec::new();
        let mut set = |key: &str, text: String| attributes.push((key.to_owned(), text));
        let kept = |key: &str| variable.aws_fields.get(key);
        let default = variable.default.as_ref();
        let (one, is_list) = match &self.ty {
            Type::List(inner) => (&**inner, true),
            one => (one, false),
        };
        if kept("type").is_none() {
            set("type", self.type_name(*one == Type::Number).to_owned());
        }
        if is_list && kept("isArray").is_none() {
            set("isArray", "true".to_owned());
        }
        let description = variable.description.as_deref();
        let description = description.filter(|_| kept("description").is_none());
        let description = match description {
            Some(text) if self.hidden => text
                .strip_suffix(WHERE_THE_SECRET_IS.1)
                .or(Some(text).filter(|text| *text != WHERE_THE_SECRET_IS.0)),
            text => text,
        };
        if let Some(description) = description {
            set("description", description.to_owned());
        }
        match default {
            _ if self.hidden => {}
            Some(Value::Null(_)) if kept("default").is_some() => {}
            Some(Value::Null(_)) => set("optional", "true".to_owned()),
            Some(default) if is_list && texts(default).is_empty() => {
                set("optional", "true".to_owned());
            }
            Some(default) => texts(default)
                .into_iter()
                .for_each(|text| set("default", text)),
            None => {}
        }
        for validation in &variable.validations {
            match allowed(&validation.condition, &variable.name.text) {
                Some(values) => values
                    .into_iter()
                    .for_each(|text| set("allowedValues", text)),
                None => found.push(notes::validation(
                    &variable.name.text,
                    validation.condition.span,
                )),
            }
        }
        for (key, value) in &variable.aws_fields {
            if let Value::String(text) = value {
                for text in kept_texts(text) {
                    set(key, text);
                }
            }
        }
        Exported {
            id: id.to_owned(),
            attributes,
            span: variable.name.span,
        }
    }

    /// The values that it is given, if they are not its default. Where a secret is kept is not what the service wants.
    fn given(&self) -> Option<Vec<String>> {
        let value = self.value.as_ref().filter(|_| !self.hidden)?;
        let default = self.variable.default.as_ref();
        if default == Some(value) {
            return None;
        }
        match value {
            // Not its default: none.
            Value::Null(_) => default.map(|_| vec![String::new()]),
            value => Some(texts(value)),
        }
    }
}

/// A value as the texts of a field.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.to_string()],
        Value::Number(number) => vec![number.to_string()],
        Value::Bool(value) => vec![value.to_string()],
        Value::List(items) | Value::Tuple(items) | Value::Set(items) => {
            items.iter().flat_map(texts).collect()
        }
        Value::Sensitive(inner) => texts(inner),
        _ => Vec::new(),
    }
}

/// The values that a condition on a variable allows, if it is a list of them: `contains(["a", "b"], var.x)`.
fn allowed(condition: &Expr, name: &str) -> Option<Vec<String>> {
    let call = |expr: &Expr, name: &str| match &expr.kind {
        ExprKind::Call {
            name: own,
            arguments,
            ..
        } if &*own.text == name => Some(arguments.as_ref().clone()),
        _ => None,
    };
    let variable = format!("var.{name}");
    if let Some(arguments) = call(condition, "alltrue") {
        let [
            Expr {
                kind: ExprKind::For(node),
                ..
            },
        ] = arguments.as_slice()
        else {
            return None;
        };
        let whole = node.condition.is_none() && node.result_key.is_none();
        let of_it = print::expression(&node.collection) == variable;
        return listed(&call(&node.result, "contains")?, &node.value.text)
            .filter(|_| whole && of_it);
    }
    // One that may be null.
    if let ExprKind::Binary(BinaryOp::Or, left, right) = &condition.kind {
        let is_null = print::expression(left) == format!("{variable} == null");
        return is_null.then(|| allowed(right, name)).flatten();
    }
    listed(&call(condition, "contains")?, &variable)
}

fn listed(arguments: &[Expr], read: &str) -> Option<Vec<String>> {
    let [list, value] = arguments else {
        return None;
    };
    let ExprKind::Tuple(elements) = &list.kind else {
        return None;
    };
    let each = elements.iter().map(|element| match &element.kind {
        ExprKind::Value(value) => texts(value).into_iter().next(),
        _ => None,
    });
    each.collect::<Option<Vec<_>>>()
        .filter(|_| print::expression(value) == read)
}
