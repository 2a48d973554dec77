//! Plans and states in Terraform's JSON, for tools that read that; what Pipeform has besides stands under keys of its own.
//!
//! An object is a resource: of type `activity_copy` or `schedule`, with the address that it has here. A pipeline is a child module,
//! too, with its objects, as a module is. What only a run knows is the text of its formula, so that policies can read it. What is
//! sensitive is null, and marked in `sensitive_values`, `before_sensitive` and `after_sensitive`.

mod checks;
mod configuration;
mod values;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Map;
use serde_json::Value as Json;
use serde_json::json;

use super::json::reason_word;
use crate::cli::planning::Planned;
use crate::lang::Value;
use crate::lang::type_of;
use crate::objects::Address;
use crate::objects::Object;
use crate::objects::Objects;
use crate::plan::Action;
use crate::plan::Change;
use crate::plan::OutputChange;
use crate::plan::saved::Configuration;
use crate::plan::saved::Made;
use crate::plan::saved::Policies;
use crate::plan::saved::Variable;
use values::Shown;

/// The version of Terraform whose formats these are. Tools look whether they know it.
const TERRAFORM: &str = "1.11.4";

/// What makes the objects.
const PROVIDER: &str = "pipeform";

/// A plan, made by somebody of a configuration.
pub(crate) fn plan(
    (made, of): (&Made, &Configuration),
    planned: &Planned,
    policies: Option<&Policies>,
) -> Json {
    let plan = &planned.plan;
    let prior = planned.prior();
    let mut document = Map::new();
    document.insert("format_version".to_owned(), json!("1.2"));
    document.insert("terraform_version".to_owned(), json!(TERRAFORM));
    document.insert(
        "pipeform_version".to_owned(),
        json!(env!("CARGO_PKG_VERSION")),
    );
    document.insert("variables".to_owned(), variables(of));
    document.insert(
        "planned_values".to_owned(),
        module_values(planned.next_objects(), planned.outputs()),
    );
    document.insert(
        "resource_changes".to_owned(),
        resource_changes(&plan.changes, planned.next_objects()),
    );
    document.insert(
        "output_changes".to_owned(),
        plan.output_changes
            .iter()
            .map(|output| (output.name.to_string(), output_change(output)))
            .collect::<Map<_, _>>()
            .into(),
    );
    let before = plan.output_changes.iter();
    let before: BTreeMap<Arc<str>, Value> = before
        .filter_map(|output| Some((output.name.clone(), output.old.clone()?)))
        .collect();
    document.insert(
        "prior_state".to_owned(),
        json!({
            "format_version": "1.0",
            "terraform_version": TERRAFORM,
            "values": module_values(&prior.objects, &before),
        }),
    );
    document.insert(
        "configuration".to_owned(),
        configuration::configuration(&of.texts),
    );
    if !planned.checks.is_empty() {
        let checks = checks::checks(&planned.checks, planned.next_objects());
        document.insert("checks".to_owned(), checks);
    }
    document.insert("timestamp".to_owned(), json!(made.at));
    document.insert("applyable".to_owned(), json!(!plan.is_empty()));
    document.insert("complete".to_owned(), json!(true));
    document.insert("errored".to_owned(), json!(false));
    document.insert("effects".to_owned(), json!(plan.effects));
    let held = plan.held.iter();
    let held = held.map(|held| {
        json!({
            "address": held.address,
            "by": held.paused.who,
            "since": held.paused.since,
            "lifted": held.lifted,
        })
    });
    document.insert("paused".to_owned(), held.collect());
    document.insert("made".to_owned(), json!(made));
    if let Some(policies) = policies {
        document.insert("policies".to_owned(), policies_asked(policies));
    }
    Json::Object(document)
}

/// What policies said.
pub(crate) fn policies_asked(policies: &Policies) -> Json {
    json!({
        "denied": policies.deny(),
        "files": policies.files,
        "said": policies.said,
    })
}

/// What has been applied.
pub(crate) fn state(objects: &Objects, outputs: &BTreeMap<Arc<str>, Value>) -> Json {
    if objects.is_empty() && outputs.is_empty() {
        return json!({ "format_version": "1.0" });
    }
    json!({
        "format_version": "1.0",
        "terraform_version": TERRAFORM,
        "pipeform_version": env!("CARGO_PKG_VERSION"),
        "values": module_values(objects, outputs),
    })
}

fn variables(of: &Configuration) -> Json {
    let variables = of.variables.iter();
    let variables = variables.map(|(name, variable)| {
        let body = match variable {
            Variable::Value(value) => {
                match crate::lang::stored::from_json(value, crate::diag::FileId::default()) {
                    Ok(value) => json!({ "value": Shown::of(&value).value }),
                    Err(_) => json!({ "value": value }),
                }
            }
            Variable::Sensitive => json!({ "value": null, "sensitive": true }),
        };
        (name.clone(), body)
    });
    Json::Object(variables.collect())
}

/// The objects and outputs of one side.
fn module_values(objects: &Objects, outputs: &BTreeMap<Arc<str>, Value>) -> Json {
    let mut root = Module::default();
    for object in objects.values() {
        root.add(&path(object), resource_values(object));
    }
    let outputs = outputs
        .iter()
        .map(|(name, value)| (name.to_string(), output(value)));
    let outputs: Map<String, Json> = outputs.collect();
    let mut values = Map::new();
    if !outputs.is_empty() {
        values.insert("outputs".to_owned(), outputs.into());
    }
    values.insert("root_module".to_owned(), Json::Object(root.body()));
    Json::Object(values)
}

fn output(value: &Value) -> Json {
    let shown = Shown::of(value);
    json!({
        "sensitive": value.has_sensitive(),
        "type": type_of(&value.clone().unmark_deep().0).to_json(),
        "value": shown.value,
    })
}

/// The modules that an object stands in, from the outside in: those of the configuration, then its pipeline.
fn path(object: &Object) -> Vec<Address> {
    let mut path = Vec::new();
    let mut module = object.address.module().map(Address::new);
    while let Some(inner) = module {
        module = inner
            .outer()
            .and_then(|outer| outer.module().map(Address::new));
        path.push(inner);
    }
    path.reverse();
    let pipeline = object.address.pipeline();
    path.extend(pipeline.filter(|pipeline| *pipeline != object.address));
    path
}

/// A module with what is in it.
#[derive(Default)]
struct Module {
    resources: Vec<Json>,
    children: BTreeMap<Address, Self>,
}

impl Module {
    fn add(&mut self, path: &[Address], resource: Json) {
        match path.split_first() {
            None => self.resources.push(resource),
            Some((first, rest)) => {
                let child = self.children.entry(first.clone()).or_default();
                child.add(rest, resource);
            }
        }
    }

    fn body(self) -> Map<String, Json> {
        let mut body = Map::new();
        if !self.resources.is_empty() {
            body.insert("resources".to_owned(), self.resources.into());
        }
        if !self.children.is_empty() {
            let children = self.children.into_iter().map(|(address, child)| {
                let mut body = Map::new();
                body.insert("address".to_owned(), json!(address));
                body.extend(child.body());
                Json::Object(body)
            });
            body.insert("child_modules".to_owned(), children.collect());
        }
        body
    }
}

/// What every form of a resource begins with.
fn identity(object: &Object) -> Map<String, Json> {
    let named = super::json::resource(object);
    let mut identity = Map::new();
    identity.insert("address".to_owned(), named["addr"].clone());
    identity.insert("mode".to_owned(), json!("managed"));
    identity.insert("type".to_owned(), named["resource_type"].clone());
    identity.insert("name".to_owned(), named["resource_name"].clone());
    if !named["resource_key"].is_null() {
        identity.insert("index".to_owned(), named["resource_key"].clone());
    }
    identity.insert("provider_name".to_owned(), json!(PROVIDER));
    identity
}

fn resource_values(object: &Object) -> Json {
    let mut resource = identity(object);
    let shown = values::attributes(object);
    resource.insert("schema_version".to_owned(), json!(0));
    resource.insert("values".to_owned(), shown.value);
    resource.insert("sensitive_values".to_owned(), shown.sensitive);
    Json::Object(resource)
}

/// Every object that there is or was, also those that stay.
fn resource_changes(changes: &[Change], next: &Objects) -> Json {
    let mut found: BTreeMap<&Address, Json> = BTreeMap::new();
    for (address, object) in next {
        let shown = values::attributes(object);
        let change = change_body(&json!(["no-op"]), Some(&shown), Some(&shown));
        found.insert(address, resource_change(object, change));
    }
    for change in changes {
        let Some(object) = change.object() else {
            continue;
        };
        let sides = change.sides();
        let [before, after] = sides.map(|side| side.as_deref().map(values::attributes));
        let actions = match change.action {
            Action::Create => json!(["create"]),
            Action::Update => json!(["update"]),
            Action::Delete => json!(["delete"]),
            Action::Forget => json!(["forget"]),
            Action::NoOp => json!(["no-op"]),
        };
        let body = change_body(&actions, before.as_ref(), after.as_ref());
        let mut resource = resource_change(object, body);
        if let Some(from) = &change.moved_from {
            resource["previous_address"] = json!(from);
        }
        let reason = change.reason.as_ref().map(reason_word);
        if let Some(reason) = reason.filter(|word| word.starts_with("delete_")) {
            resource["action_reason"] = json!(reason); // tools know these words and no others
        }
        resource["kind"] = json!(change.kind());
        found.insert(&change.address, resource);
    }
    found.into_values().collect()
}

fn resource_change(object: &Object, change: Json) -> Json {
    let mut identity = identity(object);
    if let Some(module) = path(object).last() {
        identity.insert("module_address".to_owned(), json!(module));
    }
    identity.insert("change".to_owned(), change);
    Json::Object(identity)
}

fn change_body(actions: &Json, before: Option<&Shown>, after: Option<&Shown>) -> Json {
    let value = |side: Option<&Shown>| side.map_or(Json::Null, |side| side.value.clone());
    let sensitive = |side: Option<&Shown>| side.map_or(json!(false), |side| side.sensitive.clone());
    json!({
        "actions": actions,
        "before": value(before),
        "after": value(after),
        "after_unknown": if after.is_some() { json!({}) } else { json!(false) },
        "before_sensitive": sensitive(before),
        "after_sensitive": sensitive(after),
    })
}

fn output_change(output: &OutputChange) -> Json {
    let actions = match output.action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Delete | Action::Forget => "delete",
        Action::NoOp => "no-op",
    };
    let value = |side: &Option<Value>| side.as_ref().map(|value| Shown::of(value).value);
    let sensitive = |side: &Option<Value>| side.as_ref().is_some_and(Value::has_sensitive);
    json!({
        "actions": [actions],
        "before": value(&output.old),
        "after": value(&output.new),
        "after_unknown": false,
        "before_sensitive": sensitive(&output.old),
        "after_sensitive": sensitive(&output.new),
    })
}
