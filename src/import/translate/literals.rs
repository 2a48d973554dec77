//! Secrets that stand in clear in a hidden field or as the value of a hidden parameter, and once more in a text that is not hidden: in a
//! command, or in the address of a database. There they are read as a hidden parameter, so that they are in no file.

use std::collections::BTreeSet;
use std::ops::Range;

use super::identifiers;
use super::index::Index;
use super::notes;
use super::objects::IDENTITY;
use super::parameters::parameter_id;
use crate::diag::Diagnostics;
use crate::import::definition::Definition;
use crate::import::definition::FieldValue;
use crate::import::definition::Object;
use crate::import::definition::Parameter;
use crate::import::expression;
use crate::import::expression::Part;

/// What is shorter could stand in a text by chance.
const SHORTEST: usize = 8;

/// The fields with addresses of databases, in which people write passwords.
const ADDRESSES: [&str; 2] = ["connectionString", "jdbcProperties"];

/// What stands before a password in an address, in small letters.
const PASSWORD: &str = "password=";

/// Puts hidden parameters where a text has a secret in clear.
pub(super) fn read_as_parameters(definition: &mut Definition, found: &mut Diagnostics) {
    in_addresses(definition, found);
    let mut known: Vec<(String, Option<String>)> = Vec::new();
    for parameter in definition.parameters.iter().filter(|one| one.is_hidden()) {
        let attributes = parameter.attributes.iter();
        let defaults = attributes.filter(|(key, _)| key == "default");
        let values = definition.values.get(&parameter.id).into_iter().flatten();
        let texts = defaults.map(|(_, text)| text).chain(values);
        known.extend(texts.map(|text| (text.clone(), Some(parameter.id.clone()))));
    }
    for field in definition.objects.iter().flat_map(|object| &object.fields) {
        if let (true, FieldValue::Text(text)) = (field.key.starts_with('*'), &field.value) {
            known.push((text.clone(), None));
        }
    }
    for (secret, id) in known.into_iter().filter(|(secret, _)| is_telling(secret)) {
        if !definition.objects.iter().any(|object| {
            let mut fields = object.fields.iter();
            fields.any(|field| is_open(&field.key) && has(&field.value, &secret))
        }) {
            continue;
        }
        let id = id.unwrap_or_else(|| declared(definition, (None, &secret)));
        for object in &mut definition.objects {
            for field in &mut object.fields {
                let FieldValue::Text(text) = &mut field.value else {
                    continue;
                };
                if !is_open(&field.key) {
                    if *text == secret {
                        *text = format!("#{{{id}}}");
                    }
                    continue;
                }
                let places = places(text, &secret);
                if places.is_empty() {
                    continue;
                }
                found.push(notes::also_in_clear(
                    &field.key, &object.id, &id, field.span,
                ));
                for at in places.into_iter().rev() {
                    text.replace_range(at..at + secret.len(), &format!("#{{{id}}}"));
                }
            }
        }
    }
}

/// Passwords in the addresses of databases: `…?user=u&password=p`.
fn in_addresses(definition: &mut Definition, found: &mut Diagnostics) {
    let mut written = Vec::new();
    for (number, object) in definition.objects.iter().enumerate() {
        for (at, field) in object.fields.iter().enumerate() {
            if let (true, FieldValue::Text(text)) =
                (ADDRESSES.contains(&field.key.as_str()), &field.value)
                && let Some(range) = password(text)
            {
                written.push((number, at, range));
            }
        }
    }
    for (number, at, range) in written {
        let text = |definition: &Definition| {
            let field = definition.objects.get(number)?.fields.get(at)?;
            match &field.value {
                FieldValue::Text(text) => Some(text.clone()),
                FieldValue::Reference(_) => None,
            }
        };
        let Some(mut text) = text(definition) else {
            continue;
        };
        let secret = text.get(range.clone()).unwrap_or("").to_owned();
        let id = declared(definition, (Some(number), &secret));
        text.replace_range(range, &format!("#{{{id}}}"));
        let Some(object) = definition.objects.get_mut(number) else {
            continue;
        };
        if let Some(field) = object.fields.get_mut(at) {
            field.value = FieldValue::Text(text);
            found.push(notes::in_address(&field.key, &object.id, &id, field.span));
        }
    }
}

/// Where a password stands in clear in an address.
fn password(text: &str) -> Option<Range<usize>> {
    let start = text.to_ascii_lowercase().find(PASSWORD)? + PASSWORD.len();
    let rest = text.get(start..)?;
    let end = rest.find(|sign: char| "&;,".contains(sign) || sign.is_whitespace());
    let end = end.unwrap_or(rest.len());
    let is_read = rest.starts_with("#{");
    (end > 0 && !is_read).then_some(start..start + end)
}

/// A hidden parameter for a secret of an object; of the one with a hidden field that has it, if none is named.
fn declared(definition: &mut Definition, (object, secret): (Option<usize>, &str)) -> String {
    let objects = &definition.objects;
    let is_it = |object: &&Object| {
        let mut fields = object.fields.iter();
        fields.any(|field| field.key.starts_with('*') && has(&field.value, secret))
    };
    let object = object
        .and_then(|number| objects.get(number))
        .or_else(|| objects.iter().find(is_it));
    let label = object.map(|object| Index::new(definition).label(object));
    let span = object.map(|object| object.span).unwrap_or_default();
    let ids = definition.parameters.iter();
    let mut taken: BTreeSet<String> = ids.map(|parameter| parameter.id.clone()).collect();
    let id = parameter_id(&format!("{}_password", label.unwrap_or_default()), true);
    let id = identifiers::unique(&id, &mut taken);
    definition.parameters.push(Parameter {
        id: id.clone(),
        attributes: Vec::new(),
        span,
    });
    definition
        .values
        .insert(id.clone(), vec![secret.to_owned()]);
    id
}

/// Whether everybody may see a field.
fn is_open(key: &str) -> bool {
    !key.starts_with('*') && !IDENTITY.contains(&key)
}

fn has(value: &FieldValue, secret: &str) -> bool {
    matches!(value, FieldValue::Text(text) if !places(text, secret).is_empty())
}

/// Where a secret stands in a text as a word of its own, in no expression.
fn places(text: &str, secret: &str) -> Vec<usize> {
    if !text.contains(secret) {
        return Vec::new();
    }
    let (template, _) = expression::parse_all(text);
    let expressions: Vec<_> = template
        .parts
        .iter()
        .filter_map(|part| match part {
            Part::Expression(expr) => Some(expr.at.clone()),
            Part::Text(_) => None,
        })
        .collect();
    let found = text.match_indices(secret).map(|(at, _)| at);
    found
        .filter(|at| {
            let before = text.get(..*at).unwrap_or("");
            let behind = text.get(at + secret.len()..).unwrap_or("");
            !before.ends_with(char::is_alphanumeric)
                && !behind.starts_with(char::is_alphanumeric)
                && !expressions.iter().any(|range| range.contains(at))
        })
        .collect()
}

/// Whether a text is a secret wherever it stands: it is no word and no number.
fn is_telling(text: &str) -> bool {
    let letters = text.chars().any(char::is_alphabetic);
    let others = text.chars().any(|sign| !sign.is_alphabetic());
    text.chars().count() >= SHORTEST
        && letters
        && others
        && !text.contains("#{")
        && !text.contains(char::is_whitespace)
}
