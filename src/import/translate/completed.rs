//! What definitions leave to other files or to their time, written out before they are translated.

use std::collections::BTreeSet;

use super::identifiers;
use super::index;
use super::literals;
use super::notes;
use super::parents;
use crate::diag::Diagnostics;
use crate::diag::Span;
use crate::import::definition::Definition;
use crate::import::definition::Field;
use crate::import::definition::FieldValue;
use crate::import::definition::Object;
use crate::import::definition::Parameter;
use crate::import::expression;
use crate::import::expression::Expr;
use crate::import::expression::ExprKind;
use crate::import::expression::Part;

/// The field with a password.
const PASSWORD: &str = "*password";

/// What the oldest data nodes of tables say of their database themselves.
const OF_DATABASE: [&str; 4] = ["connectionString", "username", PASSWORD, "databaseName"];

/// The definition with all that it means: what `Default` inherits itself, parameters that it reads and does not declare, parameters
/// that are secrets because of where they are used, and databases for tables that have none.
pub(super) fn completed(definition: &Definition, found: &mut Diagnostics) -> Definition {
    parents::check(definition, found);
    let mut whole = definition.clone();
    parents::inherited_by_default(&mut whole);
    starred(&mut whole, found);
    databases(&mut whole);
    undeclared(&mut whole, found);
    secrets(&mut whole);
    literals::read_as_parameters(&mut whole, found);
    whole
}

/// The texts of a definition that nobody may see: of hidden fields, and of hidden parameters.
pub(super) fn hidden(definition: &Definition) -> BTreeSet<String> {
    let whole = completed(definition, &mut Diagnostics::new());
    let fields = whole.objects.iter().flat_map(|object| &object.fields);
    let fields = fields.filter(|field| field.key.starts_with('*'));
    let mut hidden: BTreeSet<String> = fields
        .filter_map(|field| match &field.value {
            FieldValue::Text(text) if !is_one_expression(text) => Some(text.clone()),
            _ => None,
        })
        .collect();
    for parameter in &whole.parameters {
        if parameter.is_hidden() {
            let values = parameter.attributes.iter();
            let values = values.filter(|(key, _)| key == "default" || key == "allowedValues");
            hidden.extend(values.map(|(_, value)| value.clone()));
        }
    }
    for (id, values) in &whole.values {
        let mut declared = whole.parameters.iter();
        let declared = declared.find(|parameter| parameter.id == *id);
        if id.starts_with('*') || declared.is_some_and(Parameter::is_hidden) {
            hidden.extend(values.iter().cloned());
        }
    }
    hidden
}

/// Whether a text says only where a value is.
pub(super) fn is_one_expression(text: &str) -> bool {
    let (template, errors) = expression::parse_all(text);
    errors.is_empty() && matches!(template.parts.as_slice(), [Part::Expression(_)])
}

/// A password whose star was forgotten is one all the same.
fn starred(definition: &mut Definition, found: &mut Diagnostics) {
    for object in &mut definition.objects {
        let of = object.type_name().and_then(index::type_of_aws);
        let knows = |key: &str| of.is_some_and(|of| of.of_aws_field(key).is_some());
        if knows(PASSWORD.trim_start_matches('*')) {
            continue;
        }
        for field in &mut object.fields {
            if field.key == PASSWORD.trim_start_matches('*') {
                found.push(notes::without_star(&field.key, &object.id, field.span));
                PASSWORD.clone_into(&mut field.key);
            }
        }
    }
}

fn databases(definition: &mut Definition) {
    let mut added = Vec::new();
    let ids = definition.objects.iter().map(|object| object.id.clone());
    let mut taken: BTreeSet<String> = ids.collect();
    for object in &mut definition.objects {
        let is_table = matches!(object.type_name(), Some("MySqlDataNode" | "SqlDataNode"));
        let has = |key: &str| object.fields.iter().any(|field| field.key == key);
        if !is_table || has("database") || !has("connectionString") {
            continue;
        }
        let of_database = |field: &Field| OF_DATABASE.contains(&field.key.as_str());
        let (moved, kept) = object.fields.drain(..).partition(of_database);
        object.fields = kept;
        // As it is called here, so that it has no id to be kept: it was no object.
        let id = identifiers::snake_case(&format!("{}Database", object.id));
        let id = identifiers::unique(&id, &mut taken);
        let field = |key: &str, value: FieldValue| Field {
            key: key.to_owned(),
            value,
            span: object.span,
        };
        object
            .fields
            .push(field("database", FieldValue::Reference(id.clone())));
        let mut fields: Vec<Field> = moved;
        let kind = FieldValue::Text("JdbcDatabase".to_owned());
        fields.insert(0, field("type", kind));
        added.push(Object {
            id,
            name: None,
            fields,
            span: object.span,
        });
    }
    definition.objects.extend(added);
}

/// The names that a text reads by themselves, and where the text stands.
pub(super) fn names_in(field: &Field) -> Vec<String> {
    let FieldValue::Text(text) = &field.value else {
        return Vec::new();
    };
    let mut names = Vec::new();
    // What cannot be read is said where it is translated.
    for part in &expression::parse_all(text).0.parts {
        if let Part::Expression(expr) = part {
            collect(expr, &mut names);
        }
    }
    names
}

fn collect(expr: &Expr, names: &mut Vec<String>) {
    match &expr.kind {
        ExprKind::Name(name) => names.push(name.clone()),
        ExprKind::Field(of, _) | ExprKind::Negated(of) => collect(of, names),
        ExprKind::Call(_, arguments) => {
            for argument in arguments {
                collect(argument, names);
            }
        }
        ExprKind::Binary(_, operands) => {
            let [left, right] = &**operands;
            collect(left, names);
            collect(right, names);
        }
        ExprKind::Integer(_) | ExprKind::Double(_) | ExprKind::Text(_) => {}
    }
}

/// Parameters may be declared in a file of their own, which is not here: what is read and is nothing else is one.
fn undeclared(definition: &mut Definition, found: &mut Diagnostics) {
    let mut known: BTreeSet<String> = definition.values.keys().cloned().collect();
    known.extend(definition.stack.values.keys().cloned());
    known.extend(
        definition
            .parameters
            .iter()
            .map(|parameter| parameter.id.clone()),
    );
    let objects = definition.objects.iter();
    known.extend(objects.flat_map(|object| object.fields.iter().map(|field| field.key.clone())));
    let mut added: Vec<Parameter> = Vec::new();
    for field in definition.objects.iter().flat_map(|object| &object.fields) {
        for name in names_in(field) {
            let is_parameter = name.trim_start_matches('*').starts_with("my");
            if is_parameter && known.insert(name.clone()) {
                found.push(notes::undeclared(&name, field.span));
                added.push(Parameter {
                    id: name,
                    attributes: Vec::new(),
                    span: field.span,
                });
            }
        }
    }
    definition.parameters.extend(added);
}

/// A parameter that is the value of a hidden field is hidden, too, whatever it is called.
fn secrets(definition: &mut Definition) {
    let hidden = definition.objects.iter().flat_map(|object| &object.fields);
    let hidden = hidden.filter(|field| field.key.starts_with('*'));
    let names: BTreeSet<String> = hidden.flat_map(names_in).collect();
    for parameter in &mut definition.parameters {
        if names.contains(&parameter.id) && !parameter.id.starts_with('*') {
            let secret = ("secret".to_owned(), "true".to_owned());
            parameter.attributes.push(secret);
        }
    }
    for id in definition.values.keys() {
        let declared = definition
            .parameters
            .iter()
            .any(|parameter| parameter.id == *id);
        if names.contains(id) && !declared {
            definition.parameters.push(Parameter {
                id: id.clone(),
                attributes: vec![("secret".to_owned(), "true".to_owned())],
                span: Span::default(),
            });
        }
    }
}
