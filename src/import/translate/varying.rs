//! Whether a field is another one for each interval: it is evaluated for two neighbouring ones, as the service would.

use jiff::Timestamp;
use jiff::Zoned;
use jiff::tz::TimeZone;

use super::index::Index;
use crate::import::definition::Field;
use crate::import::definition::FieldValue;
use crate::import::definition::Object;
use crate::import::expression;
use crate::import::expression::Names;
use crate::import::expression::Value;

/// How deep fields may be made of other fields.
const MAX_DEPTH: usize = 16;

/// Whether the value of a field is another one for each interval. What only a run knows, and what cannot be evaluated, is taken for
/// that.
pub(super) fn varies<'d>(index: &Index<'d>, of: &'d Object, field: &Field) -> bool {
    let FieldValue::Text(text) = &field.value else {
        return false;
    };
    // A text that cannot be read stays as it is.
    let Ok(template) = expression::parse(text) else {
        return false;
    };
    let [one, next, last] = edges(index, of);
    let value = |start: &Zoned, end: &Zoned| {
        let mut names = In {
            index,
            of,
            start,
            end,
            depth: 0,
        };
        expression::evaluate(&template, &mut names)
    };
    match (value(&one, &next), value(&next, &last)) {
        (Ok(one), Ok(other)) => one != other,
        _ => true,
    }
}

/// Where two intervals of an object begin and end: the first of its schedule, as far as it says when that is.
fn edges<'d>(index: &Index<'d>, of: &'d Object) -> [Zoned; 3] {
    let schedule = index
        .reference(of, "schedule")
        .and_then(|id| index.object(id));
    let epoch = Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
    let text = |key: &str| {
        let template = expression::parse(index.text(schedule?, key)?).ok()?;
        let mut names = In {
            index,
            of: schedule?,
            start: &epoch,
            end: &epoch,
            depth: 0,
        };
        expression::evaluate(&template, &mut names).ok()
    };
    let start = text("startDateTime").and_then(|text| text.time());
    let start = start.unwrap_or_else(|| epoch.clone());
    let period = text("period").and_then(|text| text.period());
    let period = period.unwrap_or_else(|| jiff::Span::new().days(1));
    let later = |from: &Zoned| from.checked_add(period).unwrap_or_else(|_| from.clone());
    let next = later(&start);
    let last = later(&next);
    [start, next, last]
}

/// The names of an object in one interval.
struct In<'i, 'd> {
    index: &'i Index<'d>,
    of: &'d Object,
    start: &'i Zoned,
    end: &'i Zoned,
    depth: usize,
}

impl Names for In<'_, '_> {
    fn value(&mut self, of: Option<&str>, name: &str) -> Result<Value, String> {
        let object = match of {
            None => Some(self.of),
            Some(id) => self.index.object(id),
        };
        let object = object.ok_or_else(|| name.to_owned())?;
        match name {
            "@scheduledStartTime" | "@actualStartTime" => {
                return Ok(Value::Time(self.start.clone()));
            }
            "@scheduledEndTime" | "@actualEndTime" => return Ok(Value::Time(self.end.clone())),
            "@pipelineId" => return Ok(Value::Text(name.to_owned())),
            // Behind a reference, as in `parent.@id`, it is the id in the definition.
            "@id" if of.is_some() => return Ok(Value::Text(object.id.clone())),
            "id" => return Ok(Value::Text(object.id.clone())),
            "name" => {
                let name = object.name.as_ref().unwrap_or(&object.id);
                return Ok(Value::Text(name.clone()));
            }
            "parent" => return Ok(Value::Reference(object.id.clone())),
            _ if name.starts_with('@') => return Ok(Value::Text(self.start.to_string())),
            _ => {}
        }
        let Some((_, fields)) = self.index.field(object, name) else {
            // A parameter is the same for each interval, also one whose value is not known.
            let known = self.index.known(name);
            return Ok(match known.as_slice() {
                [] => Value::Text(name.to_owned()),
                [one] => Value::Text((*one).to_owned()),
                several => {
                    let texts = several.iter().map(|text| Value::Text((*text).to_owned()));
                    Value::List(texts.collect())
                }
            });
        };
        if self.depth >= MAX_DEPTH {
            return Err(name.to_owned());
        }
        let mut inner = In {
            index: self.index,
            of: object,
            start: self.start,
            end: self.end,
            depth: self.depth + 1,
        };
        let mut values = Vec::new();
        for field in fields {
            values.push(match &field.value {
                FieldValue::Reference(to) => Value::Reference(to.clone()),
                FieldValue::Text(text) => {
                    let template = expression::parse(text).map_err(|error| error.message)?;
                    let value = expression::evaluate(&template, &mut inner);
                    value.map_err(|error| error.message)?
                }
            });
        }
        Ok(match values.len() {
            1 => values.remove(0),
            _ => Value::List(values),
        })
    }
}
