//! Definitions as JSON, in the format of the console and of the command line: `{"objects": […], "parameters": […], "values": {…}}`.

use serde_json::Map;
use serde_json::Value as Json;

use crate::import::definition::Definition;
use crate::import::definition::FieldValue;

/// A definition as text, with a line end at its end.
pub fn to_json(definition: &Definition) -> String {
    let objects = definition.objects.iter().map(|object| {
        let mut map = Map::new();
        map.insert("id".to_owned(), Json::from(object.id.as_str()));
        let name = object.name.as_deref().unwrap_or(&object.id);
        map.insert("name".to_owned(), Json::from(name));
        for field in &object.fields {
            let value = match &field.value {
                FieldValue::Text(text) => Json::from(text.as_str()),
                FieldValue::Reference(id) => serde_json::json!({ "ref": id }),
            };
            add(&mut map, &field.key, value);
        }
        Json::Object(map)
    });
    let mut whole = Map::new();
    whole.insert("objects".to_owned(), objects.collect());
    if !definition.parameters.is_empty() {
        let parameters = definition.parameters.iter().map(|parameter| {
            let mut map = Map::new();
            map.insert("id".to_owned(), Json::from(parameter.id.as_str()));
            for (key, text) in &parameter.attributes {
                add(&mut map, key, Json::from(text.as_str()));
            }
            Json::Object(map)
        });
        whole.insert("parameters".to_owned(), parameters.collect());
    }
    if !definition.values.is_empty() {
        let values = definition.values.iter().map(|(id, values)| {
            let value = match values.as_slice() {
                [one] => Json::from(one.as_str()),
                several => Json::from(several.to_vec()),
            };
            (id.clone(), value)
        });
        whole.insert("values".to_owned(), Json::Object(values.collect()));
    }
    format!("{:#}\n", Json::Object(whole))
}

/// Adds a value; several of one key are a list.
fn add(map: &mut Map<String, Json>, key: &str, value: Json) {
    match map.get_mut(key) {
        None => drop(map.insert(key.to_owned(), value)),
        Some(Json::Array(values)) => values.push(value),
        Some(first) => *first = Json::Array(vec![first.take(), value]),
    }
}
