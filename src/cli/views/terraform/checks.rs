//! What conditions came to: of each thing that is written once, and of each of its instances.

use std::collections::BTreeMap;

use serde_json::Map;
use serde_json::Value as Json;
use serde_json::json;

use super::identity;
use super::path;
use crate::objects::Address;
use crate::objects::Objects;
use crate::objects::configuration::CheckStatus;
use crate::objects::configuration::Subject;
use crate::plan::saved::Checked;
use crate::plan::without_keys;

/// What has conditions, as it is written.
struct Written {
    address: Map<String, Json>,
    /// The worst of its instances.
    status: CheckStatus,
    instances: Vec<Json>,
}

/// The conditions, by the addresses of what they stand in, without keys. Those of objects that there will not be are left out.
pub(super) fn checks(checked: &[Checked], objects: &Objects) -> Json {
    let mut found: BTreeMap<String, Written> = BTreeMap::new();
    for one in checked {
        let Some((address, instance)) = addresses(one, objects) else {
            continue;
        };
        let written = found
            .entry(without_keys(&one.address))
            .or_insert_with(|| Written {
                address,
                status: one.status,
                instances: Vec::new(),
            });
        written.status = written.status.max(one.status);
        let mut body = json!({ "address": instance, "status": one.status });
        if !one.problems.is_empty() {
            let problems = one.problems.iter();
            body["problems"] = problems
                .map(|problem| json!({ "message": problem }))
                .collect();
        }
        written.instances.push(body);
    }
    let found = found.into_values();
    found
        .map(|written| {
            json!({
                "address": written.address,
                "status": written.status,
                "instances": written.instances,
            })
        })
        .collect()
}

/// What conditions stand in, as it is written, and the instance of it.
fn addresses(
    checked: &Checked,
    objects: &Objects,
) -> Option<(Map<String, Json>, Map<String, Json>)> {
    let of = Address::new(checked.address.as_str());
    let mut written = Map::new();
    written.insert("to_display".to_owned(), json!(without_keys(of.as_str())));
    written.insert("kind".to_owned(), json!(checked.subject));
    let mut instance = Map::new();
    instance.insert("to_display".to_owned(), json!(of));
    let module = if checked.subject == Subject::Object {
        let object = objects.get(&of)?;
        let identity = identity(object);
        for key in ["mode", "type", "name"] {
            written.insert(key.to_owned(), identity[key].clone());
        }
        if let Some(index) = identity.get("index") {
            instance.insert("instance_key".to_owned(), index.clone());
        }
        path(object).pop()
    } else {
        written.insert("name".to_owned(), json!(of.name()));
        of.module().map(Address::new)
    };
    if let Some(module) = module {
        let name = without_keys(module.as_str());
        written.insert("module".to_owned(), json!(name));
        instance.insert("module".to_owned(), json!(module));
    }
    Some((written, instance))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::testing::PIPELINE;
    use crate::plan::testing::SHELL;
    use crate::plan::testing::object;
    use crate::plan::testing::side;

    fn checked(subject: Subject, address: &str, status: CheckStatus) -> Checked {
        Checked {
            subject,
            address: address.to_owned(),
            status,
            problems: Vec::new(),
        }
    }

    #[test]
    fn what_is_written_once_is_as_its_worst_instance() {
        let objects = side([
            object(&PIPELINE, "pipeline.p[\"a\"]", []),
            object(&SHELL, "pipeline.p[\"a\"].activity.x[0]", []),
            object(&PIPELINE, "pipeline.p[\"b\"]", []),
            object(&SHELL, "pipeline.p[\"b\"].activity.x[0]", []),
        ]);
        let mut fails = checked(
            Subject::Check,
            "module.m[\"k.l\"].check.c",
            CheckStatus::Fail,
        );
        fails.problems.push("no".to_owned());
        let of = [
            checked(
                Subject::Object,
                "pipeline.p[\"a\"].activity.x[0]",
                CheckStatus::Unknown,
            ),
            checked(
                Subject::Object,
                "pipeline.p[\"b\"].activity.x[0]",
                CheckStatus::Pass,
            ),
            checked(
                Subject::Object,
                "pipeline.gone.activity.x",
                CheckStatus::Pass,
            ),
            fails,
        ];
        let expected = json!([
            {
                "address": {
                    "to_display": "module.m.check.c",
                    "kind": "check",
                    "name": "c",
                    "module": "module.m",
                },
                "status": "fail",
                "instances": [{
                    "address": {
                        "to_display": "module.m[\"k.l\"].check.c",
                        "module": "module.m[\"k.l\"]",
                    },
                    "status": "fail",
                    "problems": [{ "message": "no" }],
                }],
            },
            {
                "address": {
                    "to_display": "pipeline.p.activity.x",
                    "kind": "resource",
                    "mode": "managed",
                    "type": "activity_shell_command",
                    "name": "x",
                    "module": "pipeline.p",
                },
                "status": "unknown",
                "instances": [
                    {
                        "address": {
                            "to_display": "pipeline.p[\"a\"].activity.x[0]",
                            "instance_key": 0,
                            "module": "pipeline.p[\"a\"]",
                        },
                        "status": "unknown",
                    },
                    {
                        "address": {
                            "to_display": "pipeline.p[\"b\"].activity.x[0]",
                            "instance_key": 0,
                            "module": "pipeline.p[\"b\"]",
                        },
                        "status": "pass",
                    },
                ],
            },
        ]);
        assert_eq!(checks(&of, &objects), expected);
    }
}
