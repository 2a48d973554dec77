//! Systems Manager: the values of parameters.

use aws_sdk_ssm::Client;

use super::AwsError;
use super::Session;
use super::settings::Service;

/// Answers that say that there is no such parameter, or none of that version.
const MISSING: [&str; 2] = ["ParameterNotFound", "ParameterVersionNotFound"];

/// The value of a parameter, decrypted. Its name may be followed by `:` and a version or label.
pub async fn parameter(session: &Session, name: &str) -> Result<String, AwsError> {
    let client = Client::new(&session.config_of(Service::Ssm));
    let call = client.get_parameter().name(name).with_decryption(true);
    let answer = call.send().await;
    let answer = answer.map_err(|error| AwsError::of_call(&error, &MISSING))?;
    let value = answer.parameter().and_then(|parameter| parameter.value());
    value
        .map(str::to_owned)
        .ok_or_else(|| AwsError::NotFound(format!("the parameter `{name}` has no value")))
}
