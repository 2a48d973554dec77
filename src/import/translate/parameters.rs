//! Parameters as variables, and their values as a file of values.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use indexmap::IndexMap;

use super::formula::Formula;
use super::formula::Gives;
use super::hcl;
use super::identifiers;
use super::kept::text_of;
use super::layout::Block;
use super::notes;
use super::secrets::Places;
use crate::diag::Diagnostics;
use crate::diag::Span;
use crate::import::definition::Definition;
use crate::import::definition::Parameter;
use crate::import::expression;
use crate::lang::Number;
use crate::lang::Value;
use crate::lang::ast::BinaryOp;
use crate::lang::ast::Expr;
use crate::lang::ast::ExprKind;

/// Names that variables cannot have.
const RESERVED: [&str; 9] = [
    "count",
    "depends_on",
    "for_each",
    "lifecycle",
    "locals",
    "provider",
    "providers",
    "source",
    "version",
];

/// The description of a variable that says where a secret is: alone, and behind that of the parameter.
pub const WHERE_THE_SECRET_IS: (&str, &str) = ("Where the secret is", ": where it is");

/// The id that a variable has as a parameter, if nothing else is said: `myTableName` for `table_name`.
pub fn parameter_id(variable: &str, hidden: bool) -> String {
    let mut id = if hidden { "*my" } else { "my" }.to_owned();
    for word in variable.split(|sign: char| !sign.is_ascii_alphanumeric()) {
        let mut letters = word.chars();
        id.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        id.push_str(letters.as_str());
    }
    id
}

/// The type that a parameter has with these values, if nothing else is said.
pub fn parameter_type(is_number: bool, values: &[String]) -> &'static str {
    let whole = |text: &String| text.trim().parse::<i64>().is_ok();
    match is_number {
        false => "String",
        true if values.iter().all(whole) => "Integer",
        true => "Double",
    }
}

/// A parameter as a variable.
#[derive(Clone, Debug)]
pub(super) struct Variable {
    pub(super) name: String,
    /// What it gives, as the service sees it.
    pub(super) gives: Gives,
    /// Whether its numbers are kept as the texts that they are: `007` and `1.0` are other texts as numbers.
    pub(super) as_text: bool,
    /// Whether its value is a secret: the variable then says where that is.
    pub(super) is_secret: bool,
    /// Where that is, if nothing else is said.
    place: String,
    /// Whether it has no value as far as is known, and needs none: it is null then.
    may_be_null: bool,
}

impl Variable {
    /// What reads it. The service takes one without a value for an empty text, which null is not here.
    pub(super) fn read(&self) -> Formula {
        let path = hcl::path(&format!("var.{}", self.name));
        let expr = if self.may_be_null {
            hcl::or_empty(&path)
        } else {
            path
        };
        Formula::new(expr, self.gives.clone())
    }

    /// What its values are here.
    fn written(&self) -> Gives {
        match &self.gives {
            gives if !self.as_text => gives.clone(),
            Gives::List(_) => Gives::List(Box::new(Gives::Text)),
            _ => Gives::Text,
        }
    }
}

/// The variables of a definition, by the ids of its parameters.
pub(super) fn variables(
    definition: &Definition,
    taken: &mut BTreeSet<String>,
    places: &mut Places,
) -> IndexMap<String, Variable> {
    let mut variables = IndexMap::new();
    let mut add = |id: &str, of: Variable| {
        if variables.contains_key(id) {
            return;
        }
        let plain = id.trim_start_matches('*');
        let own = plain.strip_prefix("my").filter(|own| {
            own.starts_with(|first: char| first.is_ascii_uppercase() || first == '_')
        });
        let mut name = identifiers::snake_case(own.unwrap_or(plain));
        if RESERVED.contains(&name.as_str()) {
            name.push_str("_value");
        }
        let is_secret = of.is_secret || id.starts_with('*');
        let name = identifiers::unique(&name, taken);
        let variable = Variable {
            place: if is_secret {
                places.of(["", id, &name], &name)
            } else {
                String::new()
            },
            name,
            // Where a secret is kept is a text, whatever the secret is.
            gives: if is_secret { Gives::Text } else { of.gives },
            is_secret,
            may_be_null: of.may_be_null && !is_secret,
            ..of
        };
        variables.insert(id.to_owned(), variable);
    };
    for parameter in &definition.parameters {
        let values = definition.values.get(&parameter.id);
        let gives = gives(parameter, values);
        let as_text = has_other_texts(parameter, values, &gives);
        let variable = Variable {
            name: String::new(),
            place: String::new(),
            may_be_null: may_be_null(parameter, values, &gives, as_text),
            gives,
            as_text,
            is_secret: parameter.is_hidden(),
        };
        add(&parameter.id, variable);
    }
    for (id, values) in &definition.values {
        let variable = Variable {
            name: String::new(),
            place: String::new(),
            gives: match values.as_slice() {
                [_] => Gives::Text,
                _ => Gives::List(Box::new(Gives::Text)),
            },
            as_text: false,
            is_secret: false,
            may_be_null: false,
        };
        add(id, variable);
    }
    variables
}

/// The values of an attribute of a parameter.
fn values_of<'p>(parameter: &'p Parameter, key: &'p str) -> impl Iterator<Item = &'p String> {
    let attributes = parameter.attributes.iter();
    attributes
        .filter(move |(own, _)| own == key)
        .map(|(_, value)| value)
}

/// Whether a number that a parameter says would be another text here, or is none.
fn has_other_texts(parameter: &Parameter, values: Option<&Vec<String>>, gives: &Gives) -> bool {
    let (one, is_list) = one_of(gives);
    let is_number = matches!(one, Gives::Integer | Gives::Double);
    let said = ["default", "allowedValues"].map(|key| values_of(parameter, key));
    let mut texts = said
        .into_iter()
        .flatten()
        .chain(values.into_iter().flatten());
    is_number
        && texts.any(|text| {
            let number = Number::parse(text.trim());
            let other = number.is_none_or(|number| number.to_string() != *text);
            // One without a value is null.
            other && (is_list || !text.is_empty())
        })
}

/// Whether a parameter has no value, and needs none.
fn may_be_null(
    parameter: &Parameter,
    values: Option<&Vec<String>>,
    gives: &Gives,
    as_text: bool,
) -> bool {
    let known = values.and_then(|values| values.first());
    let known = known.or_else(|| values_of(parameter, "default").next());
    match (known, gives) {
        (None, Gives::List(_)) => false,
        (None, _) => is_true(parameter.attribute("optional")),
        (Some(text), Gives::Integer | Gives::Double) => !as_text && text.is_empty(),
        (Some(_), _) => false,
    }
}

/// What something gives, or each of what it gives; and whether it gives several.
fn one_of(gives: &Gives) -> (&Gives, bool) {
    match gives {
        Gives::List(inner) => (inner, true),
        one => (one, false),
    }
}

/// What a parameter gives. One with several values is a list, also if it does not say so.
fn gives(parameter: &Parameter, values: Option<&Vec<String>>) -> Gives {
    let one = match parameter
        .attribute("type")
        .map(str::to_lowercase)
        .as_deref()
    {
        Some("integer") => Gives::Integer,
        Some("double") => Gives::Double,
        _ => Gives::Text,
    };
    let several = values.is_some_and(|values| values.len() != 1)
        || values_of(parameter, "default").nth(1).is_some();
    if several || is_true(parameter.attribute("isArray")) {
        Gives::List(Box::new(one))
    } else {
        one
    }
}

fn is_true(word: Option<&str>) -> bool {
    word.is_some_and(|word| word.eq_ignore_ascii_case("true"))
}

/// The `variable` blocks.
pub(super) fn blocks(
    definition: &Definition,
    variables: &IndexMap<String, Variable>,
) -> Vec<Block> {
    variables
        .iter()
        .map(|(id, variable)| {
            let mut declared = definition.parameters.iter();
            let parameter = declared.find(|parameter| parameter.id == *id);
            block(id, variable, parameter, definition.values.get(id))
        })
        .collect()
}

fn block(
    id: &str,
    variable: &Variable,
    parameter: Option<&Parameter>,
    values: Option<&Vec<String>>,
) -> Block {
    let mut block = Block::new(format!("variable \"{}\"", variable.name));
    block.set("type", type_of(&variable.written()));
    let said = |key: &str| parameter.and_then(|parameter| parameter.attribute(key));
    let mut description = said("description").unwrap_or_default().to_owned();
    if variable.is_secret {
        let (alone, behind) = WHERE_THE_SECRET_IS;
        description.push_str(if description.is_empty() {
            alone
        } else {
            behind
        });
    }
    if !description.is_empty() {
        block.set_constant("description", hcl::text(&description));
    }
    let default = default(variable, parameter);
    let is_null = |expr: &Expr| matches!(expr.kind, ExprKind::Value(Value::Null(_)));
    let is_nullable = variable.may_be_null || default.as_ref().is_some_and(is_null);
    if let Some(default) = default {
        block.set_constant("default", default);
    }
    if id != parameter_id(&variable.name, variable.is_secret) {
        block.set_constant("aws_id", hcl::text(id));
    }
    if let Some(kept) = parameter.and_then(|parameter| kept(variable, parameter, values)) {
        block.set_constant("aws_fields", hcl::value(kept));
    }
    if let Some(parameter) = parameter.filter(|_| !variable.is_secret)
        && is_allowed(parameter, values)
    {
        let allowed: Vec<String> = values_of(parameter, "allowedValues").cloned().collect();
        if !allowed.is_empty() {
            block
                .blocks
                .push(validation(variable, &allowed, is_nullable));
        }
    }
    block
}

/// What a parameter says and a variable has no place for: what only consoles show, and a type that its values do not tell.
fn kept(variable: &Variable, parameter: &Parameter, values: Option<&Vec<String>>) -> Option<Value> {
    let (one, is_list) = one_of(&variable.gives);
    let is_number = matches!(one, Gives::Integer | Gives::Double) && !variable.as_text;
    let mut known: Vec<String> = values_of(parameter, "default").cloned().collect();
    let has_default = !known.is_empty();
    known.extend(values.into_iter().flatten().cloned());
    if variable.is_secret {
        known.clear();
    }
    if is_number {
        known.retain(|text| !text.is_empty());
    }
    // As they are told by HCL's numbers, which have no `.0`.
    for text in &mut known {
        if let Some(number) = Number::parse(text.trim()).filter(|_| is_number) {
            *text = number.to_string();
        }
    }
    let told = |key: &str, text: &str| match key {
        "type" => text.eq_ignore_ascii_case(parameter_type(is_number, &known)),
        // The allowed values of a hidden one would be seen, those of others are a validation.
        "description" | "secret" => true,
        "default" => !(is_number && !is_list && text.is_empty()),
        "allowedValues" => variable.is_secret || is_allowed(parameter, values),
        "isArray" => is_true(Some(text)) == is_list,
        key if key.starts_with('*') => true,
        // One with a default, or one that is hidden, has no default to say so.
        "optional" => !is_true(Some(text)) || !(has_default || variable.is_secret),
        _ => false,
    };
    let mut kept: BTreeMap<Arc<str>, Vec<String>> = BTreeMap::new();
    for (key, text) in &parameter.attributes {
        if !told(key, text) {
            kept.entry(key.as_str().into())
                .or_default()
                .push(text.clone());
        }
    }
    if is_list && !variable.is_secret && parameter.attribute("isArray").is_none() {
        kept.insert("isArray".into(), vec!["false".to_owned()]);
    }
    let entries = kept.into_iter();
    let entries: BTreeMap<_, _> = entries.map(|(key, texts)| (key, text_of(&texts))).collect();
    (!entries.is_empty()).then(|| Value::object(entries))
}

fn type_of(gives: &Gives) -> Expr {
    match gives {
        Gives::Integer | Gives::Double => hcl::path("number"),
        Gives::List(inner) => hcl::call("list", vec![type_of(inner)]),
        _ => hcl::path("string"),
    }
}

fn default(variable: &Variable, parameter: Option<&Parameter>) -> Option<Expr> {
    if variable.is_secret {
        return Some(hcl::text(&variable.place));
    }
    let parameter = parameter?;
    let values: Vec<String> = values_of(parameter, "default").cloned().collect();
    if values.is_empty() {
        let none = match &variable.gives {
            Gives::List(_) => hcl::tuple(Vec::new()),
            _ => hcl::value(Value::NULL),
        };
        return is_true(parameter.attribute("optional")).then_some(none);
    }
    Some(value(&variable.written(), &values))
}

/// Says which values do not fit what a parameter says of them.
fn odd_values(parameter: &Parameter, values: Option<&Vec<String>>, found: &mut Diagnostics) {
    let known = || values_of(parameter, "default").chain(values.into_iter().flatten());
    let is_none = |text: &&String| {
        let computed = expression::parse_all(text).0.has_expressions();
        !computed && !text.is_empty() && Number::parse(text.trim()).is_none()
    };
    if let Some(text) = known().find(is_none).filter(|_| is_number(parameter)) {
        found.push(notes::no_number(&parameter.id, text, parameter.span));
    }
    if !is_allowed(parameter, values) {
        found.push(notes::not_allowed(&parameter.id, parameter.span));
    }
}

/// Whether all values that a parameter is known to have are among those that it allows.
fn is_allowed(parameter: &Parameter, values: Option<&Vec<String>>) -> bool {
    let known = values_of(parameter, "default").chain(values.into_iter().flatten());
    let mut known = known.filter(|text| !text.is_empty() || !is_number(parameter));
    known.all(|known| values_of(parameter, "allowedValues").any(|allowed| allowed == known))
        || parameter.attribute("allowedValues").is_none()
}

fn is_number(parameter: &Parameter) -> bool {
    let said = parameter.attribute("type").map(str::to_lowercase);
    matches!(said.as_deref(), Some("integer" | "double"))
}

/// Values of a parameter as a value of its type.
fn value(gives: &Gives, values: &[String]) -> Expr {
    match gives {
        Gives::List(inner) => hcl::tuple(values.iter().map(|value| single(inner, value)).collect()),
        one => single(one, values.first().map_or("", String::as_str)),
    }
}

fn single(gives: &Gives, text: &str) -> Expr {
    let is_number = matches!(gives, Gives::Integer | Gives::Double);
    let number = is_number.then(|| Number::parse(text.trim())).flatten();
    match number {
        Some(number) => hcl::value(Value::Number(number)),
        // A number that it has not.
        None if is_number && text.is_empty() => hcl::value(Value::NULL),
        None => hcl::text(text),
    }
}

fn validation(variable: &Variable, allowed: &[String], is_nullable: bool) -> Block {
    let path = hcl::path(&format!("var.{}", variable.name));
    let written = variable.written();
    let (one, read) = match &written {
        Gives::List(inner) => (&**inner, hcl::path("value")),
        one => (one, path.clone()),
    };
    let list = hcl::tuple(allowed.iter().map(|text| single(one, text)).collect());
    let mut condition = hcl::call("contains", vec![list, read]);
    if matches!(written, Gives::List(_)) {
        let each = hcl::each(None, "value", path, condition);
        condition = hcl::call("alltrue", vec![each]);
    } else if is_nullable {
        let is_null = hcl::binary(BinaryOp::Equal, path, hcl::value(Value::NULL));
        condition = hcl::binary(BinaryOp::Or, is_null, condition);
    }
    let mut block = Block::new("validation");
    block.set("condition", condition);
    let message = format!("It must be one of: {}.", allowed.join(", "));
    block.set("error_message", hcl::text(&message));
    block
}

/// The file of values, if there are any. A secret's value is left out.
pub(super) fn values(
    definition: &Definition,
    variables: &IndexMap<String, Variable>,
    found: &mut Diagnostics,
) -> Option<String> {
    let mut lines = Vec::new();
    for (id, values) in &definition.values {
        let Some(variable) = variables.get(id) else {
            continue;
        };
        if variable.is_secret {
            let span = definition
                .parameters
                .iter()
                .find(|parameter| parameter.id == *id);
            let span = span.map_or_else(Span::default, |parameter| parameter.span);
            found.push(notes::secret_value(id, &variable.name, span));
            continue;
        }
        let value = crate::lang::print::expression(&value(&variable.written(), values));
        lines.push(format!("{} = {value}\n", variable.name));
    }
    for parameter in &definition.parameters {
        let given = definition.values.get(&parameter.id);
        let attributes = parameter.attributes.iter();
        let mut defaults = attributes.filter(|(key, _)| key == "default");
        let computed = |text: &str| expression::parse_all(text).0.has_expressions();
        let is_hidden = variables
            .get(&parameter.id)
            .is_some_and(|one| one.is_secret);
        if !is_hidden
            && (defaults.any(|(_, text)| computed(text))
                || given.is_some_and(|values| values.iter().any(|text| computed(text))))
        {
            found.push(notes::computed_value(&parameter.id, parameter.span));
        }
        if !is_hidden {
            odd_values(parameter, given, found);
        }
        for (key, _) in &parameter.attributes {
            if key.starts_with('*') {
                let finding = notes::secret_attribute(key, &parameter.id, parameter.span);
                found.push(finding);
            }
        }
        let shown = ["default", "allowedValues"].map(|key| parameter.attribute(key));
        let hidden = variables.get(&parameter.id);
        if let Some(variable) = hidden.filter(|variable| variable.is_secret)
            && shown.iter().any(Option::is_some)
            && !definition.values.contains_key(&parameter.id)
        {
            let finding = notes::secret_value(&parameter.id, &variable.name, parameter.span);
            found.push(finding);
        }
    }
    (!lines.is_empty()).then(|| crate::lang::fmt::format(&lines.concat()))
}
