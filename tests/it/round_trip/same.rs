//! Whether two definitions are the same up to order, defaults and formatting.
//!
//! Both are brought into one form, in which each word, period and expression has one spelling.

use std::collections::BTreeSet;

use pipeform::import::definition::Definition;
use pipeform::import::definition::Field;
use pipeform::import::definition::FieldValue;
use pipeform::import::definition::Object;

use super::Fields;
use super::form::form;
use super::form::said;
use super::spelling::number;

/// What the oldest data nodes of tables say of their database themselves.
const OF_DATABASE: [&str; 4] = ["connectionString", "username", "*password", "databaseName"];

/// What is different, a sentence each.
pub(super) fn differences(before: &Definition, after: &Definition) -> Vec<String> {
    let (before, after) = (with_databases(before), with_databases(after));
    let clear = in_clear(&before);
    let read = with_secrets_read(&before, &after);
    let (was, is) = (form(&read), form(&after));
    let mut found = Vec::new();
    let ids: BTreeSet<_> = was.keys().chain(is.keys()).collect();
    for id in ids {
        let none = Fields::new();
        let (was, is) = (was.get(id).unwrap_or(&none), is.get(id).unwrap_or(&none));
        let keys: BTreeSet<_> = was.keys().chain(is.keys()).collect();
        for key in keys {
            let same =
                was.get(key) == is.get(key) || super::values::agree(&before, &after, (id, key));
            if !same && !clear.contains(&(id.as_str(), key)) {
                found.push(format!(
                    "{id}.{key}: {:?}, was {:?}",
                    is.get(key),
                    was.get(key)
                ));
            }
        }
    }
    parameters(&before, &after, &mut found);
    found
}

/// Hidden fields whose value is in the definition; it is nowhere else then.
fn in_clear(definition: &Definition) -> BTreeSet<(&str, &str)> {
    let mut found = BTreeSet::new();
    for object in &definition.objects {
        for field in &object.fields {
            let hidden = field.key.starts_with('*');
            if hidden && !matches!(&field.value, FieldValue::Text(text) if text.contains("#{")) {
                found.insert((object.id.as_str(), field.key.as_str()));
            }
        }
    }
    found
}

/// What is hidden in one field and in clear in another is read as the same parameter in both.
fn with_secrets_read(before: &Definition, after: &Definition) -> Definition {
    let mut whole = before.clone();
    for (id, key) in in_clear(before) {
        let text = |definition: &Definition| {
            let mut objects = definition.objects.iter();
            let object = objects.find(|object| object.id == id)?;
            object.text(key).map(str::to_owned)
        };
        let (Some(secret), Some(read)) = (text(before), text(after)) else {
            continue;
        };
        for field in whole
            .objects
            .iter_mut()
            .flat_map(|object| &mut object.fields)
        {
            match &mut field.value {
                FieldValue::Text(text) if !field.key.starts_with('*') && secret.len() >= 8 => {
                    *text = text.replace(&secret, &read);
                }
                _ => {}
            }
        }
    }
    whole
}

fn with_databases(definition: &Definition) -> Definition {
    let mut whole = definition.clone();
    let mut added = Vec::new();
    for object in &mut whole.objects {
        let has = |key: &str| object.fields.iter().any(|field| field.key == key);
        let is_table = matches!(object.type_name(), Some("MySqlDataNode" | "SqlDataNode"));
        if !is_table || has("database") || !has("connectionString") {
            continue;
        }
        let of_database = |field: &Field| OF_DATABASE.contains(&field.key.as_str());
        let (mut moved, kept): (Vec<_>, _) = object.fields.drain(..).partition(of_database);
        object.fields = kept;
        let field = |key: &str, value| Field {
            key: key.to_owned(),
            value,
            span: object.span,
        };
        let id = format!("{}Database", object.id);
        moved.push(field("type", FieldValue::Text("JdbcDatabase".to_owned())));
        let database = field("database", FieldValue::Reference(id.clone()));
        object.fields.push(database);
        added.push(Object {
            id,
            name: None,
            fields: moved,
            span: object.span,
        });
    }
    whole.objects.extend(added);
    whole
}

fn parameters(before: &Definition, after: &Definition, found: &mut Vec<String>) {
    let hidden = super::values::hidden(before);
    for was in &before.parameters {
        let is = after.parameters.iter().find(|is| is.id == was.id);
        let Some(is) = is else {
            found.push(format!("parameter {} is lost", was.id));
            continue;
        };
        let form = |attributes: &[(String, String)]| {
            let mut form = Fields::new();
            for (key, text) in attributes {
                let is_secret = key == "default" && hidden.contains(&was.id);
                let text = match key.as_str() {
                    "default" => number(text),
                    "type" | "optional" | "isArray" => text.to_lowercase(),
                    _ => text.clone(),
                };
                if !is_secret && text != "false" {
                    form.entry(key.as_str().into()).or_default().push(text);
                }
            }
            said(&mut form, "type", "string");
            form
        };
        let (was_form, is_form) = (form(&was.attributes), form(&is.attributes));
        if was_form != is_form {
            found.push(format!(
                "parameter {}: {is_form:?}, was {was_form:?}",
                was.id
            ));
        }
    }
    for id in before.values.keys().chain(after.values.keys()) {
        let (was, is) = (value(before, id), value(after, id));
        if was != is && !hidden.contains(id) {
            found.push(format!("the value of {id}: {is:?}, was {was:?}"));
        }
    }
}

/// The values of a parameter: those that it is given, else its default.
pub(super) fn value(definition: &Definition, id: &str) -> Vec<String> {
    if let Some(values) = definition.values.get(id) {
        return values.iter().map(|text| number(text)).collect();
    }
    let declared = definition
        .parameters
        .iter()
        .find(|declared| declared.id == id);
    let attributes = declared
        .into_iter()
        .flat_map(|declared| &declared.attributes);
    let defaults = attributes.filter(|(key, _)| key == "default");
    defaults.map(|(_, text)| number(text)).collect()
}
