//! Whether the expressions of two definitions come to the same values, at two moments.

use std::collections::BTreeSet;

use jiff::Zoned;
use jiff::civil::date;
use jiff::tz::TimeZone;
use pipeform::import::definition::Definition;
use pipeform::import::definition::FieldValue;
use pipeform::import::definition::Object;
use pipeform::import::expression;
use pipeform::import::expression::Names;
use pipeform::import::expression::Value;

use super::objects::Objects;
use super::same;
use super::spelling;

/// How deep fields may be made of others.
const MAX_DEPTH: usize = 16;

/// What is different, a sentence each.
pub(super) fn differences(before: &Definition, after: &Definition) -> Vec<String> {
    let mut found = Vec::new();
    for start in [
        date(2026, 12, 2).at(3, 0, 0, 0),
        date(2027, 2, 28).at(23, 45, 0, 0),
    ] {
        let start = start.to_zoned(TimeZone::UTC).expect("it exists");
        for object in &before.objects {
            let Some(other) = after.objects.iter().find(|other| other.id == object.id) else {
                continue; // that is another difference
            };
            // Plain texts are compared as such.
            let formulas = object.fields.iter().filter(
                |field| matches!(&field.value, FieldValue::Text(text) if text.contains("#{")),
            );
            for field in formulas {
                let of = |definition, object| evaluated(definition, object, &field.key, &start);
                let (was, is) = (of(before, object), of(after, other));
                // A field that one of them inherits is there, too; what cannot be evaluated is not looked at.
                if let (Some(was), Some(is)) = (was, is)
                    && was != is
                {
                    found.push(format!(
                        "{}.{} comes to {is:?}, was {was:?}",
                        object.id, field.key
                    ));
                }
            }
        }
    }
    found
}

/// Whether a field comes to the same values, however it is spelled.
pub(super) fn agree(before: &Definition, after: &Definition, (id, key): (&str, &str)) -> bool {
    let start = date(2027, 2, 28).at(23, 45, 0, 0);
    let start = start.to_zoned(TimeZone::UTC).expect("it exists");
    let of = |definition: &Definition| {
        let mut objects = definition.objects.iter();
        let object = objects.find(|object| object.id == id)?;
        evaluated(definition, object, key, &start)
    };
    of(before).is_some_and(|was| of(after) == Some(was))
}

/// Parameters that nobody may see: by their ids, or because hidden fields are made of them.
pub(super) fn hidden(definition: &Definition) -> BTreeSet<String> {
    let parameters = definition
        .parameters
        .iter()
        .map(|parameter| parameter.id.clone());
    let mut ids: BTreeSet<String> = parameters
        .chain(definition.values.keys().cloned())
        .collect();
    let fields = definition.objects.iter().flat_map(|object| &object.fields);
    let texts: Vec<&str> = fields
        .filter_map(|field| match &field.value {
            FieldValue::Text(text) if field.key.starts_with('*') => Some(text.as_str()),
            _ => None,
        })
        .collect();
    let is_read = |id: &str| {
        texts
            .iter()
            .any(|text| text.contains(&format!("#{{{id}}}")))
    };
    ids.retain(|id| id.starts_with('*') || is_read(id));
    ids
}

/// The values of a field with expressions; `None` if it has none, or if they cannot be evaluated.
fn evaluated(
    definition: &Definition,
    object: &Object,
    key: &str,
    start: &Zoned,
) -> Option<Vec<String>> {
    let mut world = World {
        definition,
        objects: Objects::new(definition),
        hidden: hidden(definition),
        own: object,
        start,
        depth: 0,
    };
    let mut found = Vec::new();
    let object = definition.objects.iter().find(|own| own.id == object.id)?;
    for value in world.objects.field(object, key) {
        let FieldValue::Text(text) = value else {
            continue;
        };
        let template = expression::parse(text).ok()?;
        match expression::evaluate(&template, &mut world).ok()? {
            Value::List(values) => found.extend(values.iter().map(ToString::to_string)),
            value => found.push(value.to_string()),
        }
    }
    if key == "directoryPath" {
        for text in &mut found {
            *text = text.trim_end_matches('/').to_owned();
        }
    }
    // Blanks around the commas of a list mean nothing.
    let listed = matches!(key, "step" | "bootstrapAction");
    let plain = |text: &String| {
        let text = if listed {
            spelling::parts(text)
        } else {
            text.trim().to_owned()
        };
        text.to_lowercase().replace('_', "")
    };
    (!found.is_empty()).then(|| found.iter().map(plain).collect())
}

/// What names mean in a field of an object.
struct World<'d> {
    definition: &'d Definition,
    objects: Objects<'d>,
    hidden: BTreeSet<String>,
    own: &'d Object,
    start: &'d Zoned,
    depth: usize,
}

impl Names for World<'_> {
    fn value(&mut self, of: Option<&str>, name: &str) -> Result<Value, String> {
        let unknown = || format!("There is no `{name}`.");
        let id = of.unwrap_or(&self.own.id);
        let object = self.objects.get(id).ok_or_else(unknown)?;
        match name {
            "@scheduledStartTime" => return Ok(Value::Time(self.start.clone())),
            "@scheduledEndTime" => {
                let end = self.start.checked_add(jiff::Span::new().days(1));
                return end.map(Value::Time).map_err(|error| error.to_string());
            }
            "id" => return Ok(Value::Text(id.to_owned())),
            "name" => {
                return Ok(Value::Text(
                    object.name.clone().unwrap_or_else(|| id.to_owned()),
                ));
            }
            _ => {}
        }
        let values = self.objects.field(object, name);
        let mut found = Vec::new();
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(unknown());
        }
        for value in values {
            found.push(match value {
                FieldValue::Reference(id) => Value::Reference(id.clone()),
                FieldValue::Text(text) => {
                    let template = expression::parse(text).map_err(|error| error.message)?;
                    let own = std::mem::replace(&mut self.own, object);
                    let value = expression::evaluate(&template, self);
                    self.own = own;
                    value.map_err(|error| error.message)?
                }
            });
        }
        self.depth -= 1;
        if found.is_empty() && of.is_none() && !self.hidden.contains(name) {
            let declared = self.definition.parameters.iter().find(|one| one.id == name);
            let declared = declared.ok_or_else(unknown)?;
            let given = same::value(self.definition, name);
            let given = if given.is_empty() {
                vec!["7".to_owned()]
            } else {
                given
            };
            let number = matches!(declared.attribute("type"), Some("Integer" | "integer"));
            found = given
                .into_iter()
                .map(|text| match text.parse() {
                    Ok(whole) if number => Value::Integer(whole),
                    _ => Value::Text(text),
                })
                .collect();
            let is_array = declared.attribute("isArray");
            if is_array.is_some_and(|word| word.eq_ignore_ascii_case("true")) {
                return Ok(Value::List(found));
            }
        }
        match found.len() {
            0 => Err(unknown()),
            1 => Ok(found.remove(0)),
            _ => Ok(Value::List(found)),
        }
    }
}
