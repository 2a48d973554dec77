//! The schedules that objects have had, as the state keeps them: with all that they were made of, so that the intervals of
//! the past stay what they were, whatever becomes of the objects.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value as Json;
use serde_json::json;

use super::address::Address;
use super::intervals::schedule_of;
use super::object::Object;
use super::settings::Objects;
use super::stored;
use super::stored::StoredError;
use crate::time::Due;
use crate::time::Schedule;

/// A schedule as it was for one object: at which address, and when its pipeline was activated.
pub fn to_json(
    objects: &Objects,
    address: &Address,
    activation: Timestamp,
    schedule: &Schedule,
) -> Json {
    let mut parts: BTreeMap<&Address, &Object> = BTreeMap::new();
    let mut open = vec![address.clone()];
    while let Some(address) = open.pop() {
        let Some((address, object)) = objects.get_key_value(&address) else {
            continue;
        };
        if parts.insert(address, object).is_none() {
            let attributes = object.object_type.schema();
            let used = attributes.flat_map(|attribute| object.references(attribute.name));
            open.extend(used.map(|(_, used)| used));
        }
    }
    let parts = parts.into_iter().map(|(address, object)| {
        json!({
            "address": address,
            "kind": object.kind().as_str(),
            "type": object.object_type.name,
            "body": stored::to_json(object),
        })
    });
    json!({
        "schedule": address,
        "activation": activation,
        "cut": schedule.cut(),
        "due": schedule.due().as_str(),
        "objects": parts.collect::<Vec<_>>(),
    })
}

/// Reads one back. `owner` is the object that had it.
pub fn from_json(owner: &Address, json: &Json) -> Result<Schedule, StoredError> {
    let damaged = |problem: &str| StoredError::Damaged {
        address: owner.clone(),
        problem: format!("a schedule that it had {problem}"),
    };
    let text = |json: &Json, name: &str| {
        let text = json.get(name).and_then(Json::as_str);
        text.map(str::to_owned)
            .ok_or_else(|| damaged(&format!("has no `{name}`")))
    };
    let moment = |name: &str| match json.get(name) {
        None | Some(Json::Null) => Ok(None),
        Some(value) => serde_json::from_value(value.clone())
            .map(Some)
            .map_err(|_| damaged(&format!("has a wrong `{name}`"))),
    };
    let mut objects = Objects::new();
    for part in json
        .get("objects")
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
    {
        let address = Address::new(text(part, "address")?);
        let (kind, name) = (text(part, "kind")?, text(part, "type")?);
        let body = part.get("body").unwrap_or(&Json::Null);
        let object = stored::from_json(address.clone(), &kind, &name, None, (body, None))?;
        objects.insert(address, object);
    }
    let activation = moment("activation")?.unwrap_or(Timestamp::UNIX_EPOCH);
    let schedule = objects
        .get(&Address::new(text(json, "schedule")?))
        .and_then(|schedule| schedule_of(&objects, schedule, activation).ok())
        .ok_or_else(|| damaged("has no interval"))?;
    // The object may have said by itself when it was due.
    let due = json.get("due").and_then(Json::as_str).and_then(Due::parse);
    let schedule = schedule.with_cut(moment("cut")?);
    Ok(match due {
        Some(due) => schedule.with_due(due),
        None => schedule,
    })
}

#[cfg(test)]
mod tests {
    use super::super::registry;
    use super::*;
    use crate::lang::Value;
    use crate::objects::Kind;
    use crate::objects::Lifecycle;

    fn schedule(attributes: &[(&str, &str)]) -> Objects {
        let address = Address::new("schedule.s");
        let attributes = attributes
            .iter()
            .map(|(name, text)| ((*name).into(), Value::string(*text)));
        let object = Object {
            address: address.clone(),
            object_type: registry::find(Kind::Schedule, "").unwrap(),
            attributes: attributes.collect(),
            written: BTreeMap::new(),
            pipeline: None,
            lifecycle: Lifecycle::default(),
        };
        Objects::from([(address, object)])
    }

    #[test]
    fn a_schedule_comes_back_as_it_was() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let activation = at("2026-11-03T07:30:00Z");
        for (attributes, cut) in [
            (
                &[
                    ("every", "1 day"),
                    ("timezone", "Europe/Berlin"),
                    ("due", "start"),
                ][..],
                None,
            ),
            (
                &[("every", "1 month"), ("start", "2026-01-31")][..],
                Some(at("2026-03-01T00:00:00Z")),
            ),
        ] {
            let objects = schedule(attributes);
            let address = Address::new("schedule.s");
            for due in [Due::Start, Due::End] {
                let wanted = schedule_of(&objects, &objects[&address], activation).unwrap();
                let wanted = wanted.with_cut(cut).with_due(due);
                let json = to_json(&objects, &address, activation, &wanted);
                let read = from_json(&Address::new("activity.a"), &json).unwrap();
                assert_eq!(read, wanted);
            }
        }
    }

    #[test]
    fn what_is_damaged_says_whose_it_is() {
        for json in [
            json!({}),
            json!({"schedule": "schedule.s"}),
            json!(null),
            json!({"objects": [1]}),
        ] {
            let error = from_json(&Address::new("activity.a"), &json)
                .unwrap_err()
                .to_string();
            assert!(error.contains("`activity.a` is damaged"), "{error}");
        }
    }
}
