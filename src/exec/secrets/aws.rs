//! Secrets that are kept at AWS: fetched before the work of an attempt is put together, so that nothing else waits for the network.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde_json::Value as Json;
use tokio::task::JoinSet;

use crate::connect::aws::AwsError;
use crate::connect::aws::Sessions;
use crate::connect::aws::Settings;
use crate::connect::aws::secrets_manager;
use crate::connect::aws::secrets_manager::Version;
use crate::connect::aws::ssm;
use crate::lang::SecretSource;
use crate::lang::SecretVersion;

/// A secret at AWS, all of it, and how AWS is reached for it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wanted {
    settings: Settings,
    source: SecretSource,
}

impl Wanted {
    /// The secret that a source is, or is a key of.
    pub(super) fn new(settings: Settings, source: &SecretSource) -> Self {
        let mut source = source.clone();
        match &mut source {
            SecretSource::Parameter { key, .. } | SecretSource::Managed { key, .. } => *key = None,
            SecretSource::Variable(_) | SecretSource::File(_) => {}
        }
        Self { settings, source }
    }
}

/// Secrets that were fetched, or why not.
#[derive(Clone, Default)]
pub struct Fetched(BTreeMap<Wanted, Result<String, String>>);

impl std::fmt::Debug for Fetched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Fetched {
    /// What was fetched for a source; `None`: nothing yet.
    pub(super) fn get(&self, wanted: &Wanted) -> Option<&Result<String, String>> {
        self.0.get(wanted)
    }

    /// Fetches some more, all at once. What fails is kept as a sentence without its stop.
    pub async fn add(&mut self, wanted: BTreeSet<Wanted>, aws: &Sessions) {
        let mut calls = JoinSet::new();
        for one in wanted {
            let aws = aws.clone();
            calls.spawn(async move {
                let value = fetch(&one, &aws).await;
                (one, value)
            });
        }
        while let Some(ended) = calls.join_next().await {
            if let Ok((one, value)) = ended {
                self.0.insert(one, value);
            }
        }
    }

    /// Whether something could not be fetched, which may be otherwise a moment later.
    pub fn has_failures(&self) -> bool {
        self.0.values().any(Result::is_err)
    }
}

async fn fetch(wanted: &Wanted, aws: &Sessions) -> Result<String, String> {
    let what = title(&wanted.source);
    let not_read = |error: AwsError| format!("{what} cannot be read: {error}");
    let session = aws.session(&wanted.settings).await.map_err(not_read)?;
    let value = match &wanted.source {
        SecretSource::Parameter { name, .. } => ssm::parameter(&session, name).await,
        SecretSource::Managed { name, version, .. } => {
            let version = match version {
                None => Version::Current,
                Some(SecretVersion::Stage(stage)) => Version::Stage(stage),
                Some(SecretVersion::Id(id)) => Version::Id(id),
            };
            secrets_manager::secret(&session, name, version).await
        }
        SecretSource::Variable(_) | SecretSource::File(_) => {
            return Err(format!("{what} is not kept at AWS"));
        }
    };
    match value {
        Ok(value) if value.is_empty() => Err(format!("{what} is empty")),
        Ok(value) => Ok(value),
        Err(AwsError::NotFound(_)) => Err(format!(
            "{what} does not exist in `{}`, or not in that version",
            session.region()
        )),
        Err(error) => Err(not_read(error)),
    }
}

/// What a secret is called in a sentence.
fn title(source: &SecretSource) -> String {
    match source {
        SecretSource::Parameter { name, .. } => {
            format!("the parameter `{name}` of AWS Systems Manager")
        }
        SecretSource::Managed { name, .. } => {
            format!("the secret `{name}` of AWS Secrets Manager")
        }
        SecretSource::Variable(name) => format!("the environment variable `{name}`"),
        SecretSource::File(path) => format!("the file `{path}`"),
    }
}

/// The part of a secret that a source means: all of it, or one key of the JSON object that it is. What is said of one never holds
/// a value.
pub(super) fn part(source: &SecretSource, whole: &str) -> Result<String, String> {
    let (SecretSource::Parameter { key: Some(key), .. }
    | SecretSource::Managed { key: Some(key), .. }) = source
    else {
        return Ok(whole.to_owned());
    };
    let what = title(source);
    let Ok(Json::Object(object)) = serde_json::from_str(whole) else {
        return Err(format!(
            "{what} is no JSON object, so that it has no key `{key}`"
        ));
    };
    match object.get(key) {
        None => Err(format!("{what} has no key `{key}`")),
        Some(Json::String(text)) if text.is_empty() => {
            Err(format!("the key `{key}` of {what} is empty"))
        }
        Some(Json::String(text)) => Ok(text.clone()),
        Some(Json::Null) => Err(format!("the key `{key}` of {what} is null")),
        Some(other) => Ok(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(key: Option<&str>) -> SecretSource {
        SecretSource::Parameter {
            name: "db".to_owned(),
            key: key.map(str::to_owned),
        }
    }

    #[test]
    fn a_key_is_one_part_of_a_secret() {
        let whole =
            r#"{"user": "maria", "port": 5432, "empty": "", "nothing": null, "tls": {"on": true}}"#;
        for (key, value) in [
            (None, Ok(whole)),
            (Some("user"), Ok("maria")),
            (Some("port"), Ok("5432")),
            (Some("tls"), Ok(r#"{"on":true}"#)),
            (Some("empty"), Err("is empty")),
            (Some("nothing"), Err("is null")),
            (Some("password"), Err("has no key `password`")),
        ] {
            match (part(&source(key), whole), value) {
                (Ok(found), Ok(value)) => assert_eq!(found, value),
                (Err(reason), Err(part)) => {
                    assert!(
                        reason.contains(part) && !reason.contains("maria"),
                        "{reason}"
                    );
                }
                (found, _) => panic!("{key:?}: {found:?}"),
            }
        }
        for text in ["hush", "[\"hush\"]", "{\"a\": \"hush\""] {
            let reason = part(&source(Some("a")), text).unwrap_err();
            assert!(
                reason.contains("no JSON object") && !reason.contains("hush"),
                "{reason}"
            );
        }
    }

    #[test]
    fn keys_of_one_secret_are_fetched_together_and_nobody_sees_them() {
        let wanted = |key| Wanted::new(Settings::default(), &source(key));
        assert_eq!(wanted(Some("a")), wanted(None));
        let fetched = Fetched([(wanted(None), Ok("hush".to_owned()))].into());
        assert!(!format!("{fetched:?}").contains("hush"));
    }
}
