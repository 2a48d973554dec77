//! Secrets Manager: the values of secrets.

use aws_sdk_secretsmanager::Client;

use super::AwsError;
use super::Session;
use super::settings::Service;

/// Answers that say that there is no such secret, or none of that version.
const MISSING: [&str; 1] = ["ResourceNotFoundException"];

/// Which version of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version<'a> {
    /// The current one.
    Current,
    /// The one with this label.
    Stage(&'a str),
    /// The one with this id.
    Id(&'a str),
}

/// The value of a secret, by its name or ARN.
pub async fn secret(
    session: &Session,
    name: &str,
    version: Version<'_>,
) -> Result<String, AwsError> {
    let client = Client::new(&session.config_of(Service::SecretsManager));
    let call = client.get_secret_value().secret_id(name);
    let call = match version {
        Version::Current => call,
        Version::Stage(stage) => call.version_stage(stage),
        Version::Id(id) => call.version_id(id),
    };
    let answer = call.send().await;
    let answer = answer.map_err(|error| AwsError::of_call(&error, &MISSING))?;
    let value = answer.secret_string();
    value
        .map(str::to_owned)
        .ok_or_else(|| AwsError::Service("its value is bytes and not text".to_owned()))
}
