//! How an object reaches AWS: with its own provider, else with its pipeline's, else as the environment says.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Assembler;
use crate::connect::aws::AssumeRole;
use crate::connect::aws::Service;
use crate::connect::aws::Settings;
use crate::lang::Value;
use crate::objects::Object;
use crate::objects::Objects;
use crate::objects::resolve::Resolved;
use crate::objects::resolve::Try;
use crate::objects::settings;

/// Attributes of a provider, or of a block in it.
type Attributes = BTreeMap<Arc<str>, Value>;

impl Assembler<'_> {
    /// How an object reaches AWS.
    pub fn aws(&self, object: &Object) -> Settings {
        reached(self.resolver.objects, object)
    }
}

fn reached(objects: &Objects, object: &Object) -> Settings {
    let provider = settings::provider(objects, object);
    provider.map_or_else(Settings::default, |provider| of(&provider.attributes))
}

/// How EMR is reached for a cluster, as far as that is known before it is made: a region that is said in a formula is not.
pub fn aws_of_cluster(objects: &Objects, object: &Object) -> Settings {
    let mut settings = reached(objects, object);
    if let Some(region) = text(&object.attributes, "region") {
        settings.region = Some(region);
    }
    settings
}

impl Assembler<'_> {
    /// The same for an object that may be used with a role: its own, else its pipeline's. A role is taken on if its ARN is said. A
    /// name alone, as definitions of AWS Data Pipeline have it, is that of the role of its service, which nobody else may take on.
    pub(super) fn aws_of(&self, resolved: &Resolved<'_>, of: Try) -> Result<Settings, String> {
        let mut settings = self.aws(resolved.object);
        let role = match resolved.text("role") {
            Some(own) => Some(own.to_owned()),
            None => self.of_pipeline(resolved, "role", of)?,
        };
        if let Some(role_arn) = role.filter(|role| role.starts_with("arn:")) {
            settings.assume_role.push(AssumeRole {
                role_arn,
                ..AssumeRole::default()
            });
        }
        Ok(settings)
    }

    /// A text that the pipeline of an object says for what is in it. A formula sees the `run` of the object.
    pub(super) fn of_pipeline(
        &self,
        resolved: &Resolved<'_>,
        name: &str,
        of: Try,
    ) -> Result<Option<String>, String> {
        let Some(address) = &resolved.object.pipeline else {
            return Ok(None);
        };
        let pipeline = self.resolver.objects.get(address);
        let said = pipeline.and_then(|pipeline| pipeline.attributes.get(name));
        match said.map(Value::unmarked) {
            None => return Ok(None),
            Some(Value::String(text)) => {
                return Ok(Some(text.to_string()).filter(|text| !text.is_empty()));
            }
            Some(_) => {}
        }
        let pipeline = self
            .resolver
            .served_by(address, resolved.run.clone(), resolved.interval, of)
            .map_err(|diagnostics| self.resolver.sentences(&diagnostics))?;
        let text = pipeline.text(name).filter(|text| !text.is_empty());
        Ok(text.map(str::to_owned))
    }
}

/// What a provider says.
fn of(attributes: &Attributes) -> Settings {
    let endpoints = block(attributes, "endpoints");
    let endpoint = |service: Service| Some((service, text(endpoints?, service.name())?));
    let role = block(attributes, "assume_role").and_then(|role| {
        Some(AssumeRole {
            role_arn: text(role, "role_arn")?,
            session_name: text(role, "session_name"),
            external_id: text(role, "external_id"),
        })
    });
    Settings {
        region: text(attributes, "region"),
        profile: text(attributes, "profile"),
        endpoint_url: text(attributes, "endpoint_url"),
        endpoints: Service::ALL.into_iter().filter_map(endpoint).collect(),
        assume_role: role.into_iter().collect(),
        ca_bundle: None,
    }
}

/// A text that is not empty.
fn text(attributes: &Attributes, name: &str) -> Option<String> {
    match attributes.get(name)?.unmarked() {
        Value::String(text) if !text.is_empty() => Some(text.to_string()),
        _ => None,
    }
}

/// What stands in a block.
fn block<'a>(attributes: &'a Attributes, name: &str) -> Option<&'a Attributes> {
    match attributes.get(name)?.unmarked() {
        Value::Object(attributes) => Some(attributes),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object<const N: usize>(attributes: [(&str, Value); N]) -> Attributes {
        attributes
            .into_iter()
            .map(|(name, value)| (Arc::from(name), value))
            .collect()
    }

    #[test]
    fn a_provider_says_how_aws_is_reached() {
        let role = object([
            (
                "role_arn",
                Value::string("arn:aws:iam::111122223333:role/load"),
            ),
            ("external_id", Value::string("7").mark(true)),
        ]);
        let endpoints = object([
            ("s3", Value::string("http://127.0.0.1:1")),
            ("secretsmanager", Value::string("http://127.0.0.1:2")),
        ]);
        let settings = of(&object([
            ("region", Value::string("eu-west-1")),
            ("profile", Value::string("")),
            ("assume_role", Value::object(role)),
            ("endpoints", Value::object(endpoints)),
        ]));
        let expected = Settings {
            region: Some("eu-west-1".to_owned()),
            endpoints: [
                (Service::S3, "http://127.0.0.1:1".to_owned()),
                (Service::SecretsManager, "http://127.0.0.1:2".to_owned()),
            ]
            .into(),
            assume_role: vec![AssumeRole {
                role_arn: "arn:aws:iam::111122223333:role/load".to_owned(),
                session_name: None,
                external_id: Some("7".to_owned()),
            }],
            ..Settings::default()
        };
        assert_eq!(settings, expected);
        assert_eq!(of(&Attributes::new()), Settings::default());
    }
}
