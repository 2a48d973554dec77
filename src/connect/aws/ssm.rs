//! Systems Manager: the values of parameters.
//!
//! One call of it is needed, and the SDK's client for it is a third of all that would be built of the SDK. So the call is put together
//! here, of the parts that clients are made of: connections, credentials, signatures, tries.

use std::fmt;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_runtime::auth::SigV4OperationSigningConfig;
use aws_runtime::auth::sigv4::SCHEME_ID;
use aws_runtime::auth::sigv4::SigV4AuthScheme;
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_runtime::service_clock_skew::ServiceClockSkewClassifier;
use aws_runtime::service_clock_skew::ServiceClockSkewInterceptor;
use aws_sdk_datapipeline::config::BehaviorVersion;
use aws_sdk_datapipeline::config::Layer;
use aws_sdk_datapipeline::config::RuntimeComponentsBuilder;
use aws_sdk_datapipeline::config::endpoint::DefaultResolver;
use aws_sdk_datapipeline::config::endpoint::Params;
use aws_sdk_datapipeline::config::endpoint::ResolveEndpoint as _;
use aws_sdk_datapipeline::error::BoxError;
use aws_sdk_datapipeline::error::ErrorMetadata;
use aws_sdk_datapipeline::error::ProvideErrorMetadata;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::HttpStatusCodeClassifier;
use aws_smithy_runtime::client::retries::classifiers::TransientErrorClassifier;
use aws_smithy_runtime_api::client::auth::AuthSchemeOptionResolverParams;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::orchestrator::OrchestratorError;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::body::SdkBody;
use aws_types::SdkConfig;
use aws_types::SigningName;
use aws_types::region::SigningRegion;
use serde::Deserialize;

use super::AwsError;
use super::Session;
use super::settings::Service;

/// Answers that say that there is no such parameter, or none of that version.
const MISSING: [&str; 2] = ["ParameterNotFound", "ParameterVersionNotFound"];

/// The value of a parameter, decrypted. Its name may be followed by `:` and a version or label.
pub async fn parameter(session: &Session, name: &str) -> Result<String, AwsError> {
    let address = match session.endpoint_of(Service::Ssm) {
        Some(address) => address,
        None => address(session.config()).await?,
    };
    let answer = operation(session, &address).invoke(name.to_owned()).await;
    let answer = answer.map_err(|error| AwsError::of_call(&error, &MISSING))?;
    let value = answer.parameter.and_then(|parameter| parameter.value);
    value.ok_or_else(|| AwsError::NotFound(format!("the parameter `{name}` has no value")))
}

/// The address of AWS's own service in a region. Its partition is known to the SDK, by the address of another service, with the same rules.
async fn address(config: &SdkConfig) -> Result<String, AwsError> {
    let region = config.region().ok_or(AwsError::NoRegion)?.as_ref();
    let fips = config.use_fips().unwrap_or_default();
    let two_stacks = config.use_dual_stack().unwrap_or_default();
    // There it has no other address than the usual one.
    let fips = fips && (two_stacks || !region.starts_with("us-gov-"));
    let of_region = |error: BoxError| {
        AwsError::Service(format!(
            "there is no address of Systems Manager in the region `{region}`: {error}"
        ))
    };
    let params = Params::builder()
        .region(region)
        .use_fips(fips)
        .use_dual_stack(two_stacks)
        .build()
        .map_err(|error| of_region(error.into()))?;
    let found = DefaultResolver::new().resolve_endpoint(&params).await;
    let found = found.map_err(of_region)?;
    Ok(found.url().replacen("datapipeline", "ssm", 1))
}

/// `GetParameter` of a name, as the protocol AWS JSON 1.1 has it.
fn operation(session: &Session, address: &str) -> Operation<String, Answer, Failure> {
    let config = session.config();
    let timeouts = config.timeout_config().cloned();
    let timeouts = timeouts.unwrap_or_else(TimeoutConfig::disabled);
    let retries = config.retry_config().cloned();
    let retries = retries.unwrap_or_else(RetryConfig::standard);
    let mut builder = Operation::builder()
        .service_name(format!("ssm-{}", session.region()))
        .operation_name("GetParameter")
        .behavior_version(BehaviorVersion::v2026_01_12())
        .endpoint_url(address)
        .timeout_config(timeouts)
        .standard_retry(&retries)
        .retry_classifier(HttpStatusCodeClassifier::default())
        .retry_classifier(TransientErrorClassifier::<Failure>::new())
        .retry_classifier(AwsErrorCodeClassifier::<Failure>::new())
        .retry_classifier(ServiceClockSkewClassifier::<Failure>::new())
        .interceptor(ServiceClockSkewInterceptor::new())
        .with_connection_poisoning()
        .runtime_plugin(signed(session));
    if let Some(client) = config.http_client() {
        builder = builder.http_client(client);
    }
    builder
        .serializer(|name: String| request(&name))
        .deserializer(answer)
        .build()
}

/// That calls are signed, and with what.
fn signed(session: &Session) -> StaticRuntimePlugin {
    let mut settings = Layer::new("GetParameter");
    settings.store_put(SigningRegion::from(aws_config::Region::new(
        session.region().to_owned(),
    )));
    settings.store_put(SigningName::from_static("ssm"));
    settings.store_put(SigV4OperationSigningConfig::default());
    settings.store_put(AuthSchemeOptionResolverParams::new(()));
    let mut parts = RuntimeComponentsBuilder::new("GetParameter");
    parts.push_auth_scheme(SigV4AuthScheme::new());
    parts.set_auth_scheme_option_resolver(Some(StaticAuthSchemeOptionResolver::new(vec![
        SCHEME_ID,
    ])));
    let config = session.config();
    parts.set_identity_cache(config.identity_cache());
    if let Some(credentials) = config.credentials_provider() {
        parts.set_identity_resolver(SCHEME_ID, credentials);
    }
    StaticRuntimePlugin::new()
        .with_config(settings.freeze())
        .with_runtime_components(parts)
}

fn request(name: &str) -> Result<HttpRequest, BoxError> {
    let asked = serde_json::json!({ "Name": name, "WithDecryption": true }).to_string();
    let length = asked.len().to_string();
    let mut request = HttpRequest::new(SdkBody::from(asked));
    request.set_method("POST")?;
    request.set_uri("/")?;
    let headers = request.headers_mut();
    headers.try_insert("content-type", "application/x-amz-json-1.1")?;
    headers.try_insert("content-length", length)?;
    headers.try_insert("x-amz-target", "AmazonSSM.GetParameter")?;
    Ok(request)
}

/// What is answered. It is not printed: it holds a secret.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    parameter: Option<Parameter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameter {
    value: Option<String>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answer")
    }
}

/// What is answered instead.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Failure(ErrorMetadata);

impl ProvideErrorMetadata for Failure {
    fn meta(&self) -> &ErrorMetadata {
        &self.0
    }
}

/// The body of a failure.
#[derive(Default, Deserialize)]
struct Said {
    /// Its code, perhaps after a namespace and `#`, perhaps before `:` and an address.
    #[serde(rename = "__type", alias = "code")]
    code: Option<String>,
    #[serde(alias = "Message")]
    message: Option<String>,
}

fn answer(response: &HttpResponse) -> Result<Answer, OrchestratorError<Failure>> {
    let body = response.body().bytes().unwrap_or_default();
    if response.status().is_success() {
        // What serde would say could show a part of the secret.
        return serde_json::from_slice(body)
            .map_err(|_| OrchestratorError::other("the answer is not one of Systems Manager"));
    }
    let said: Said = serde_json::from_slice(body).unwrap_or_default();
    let code = said.code.or_else(|| {
        let header = response.headers().get("x-amzn-errortype");
        header.map(str::to_owned)
    });
    let mut failure = ErrorMetadata::builder();
    if let Some(code) = &code {
        let code = code.rsplit('#').next().unwrap_or(code);
        failure = failure.code(code.split(':').next().unwrap_or(code));
    }
    if let Some(message) = said.message {
        failure = failure.message(message);
    }
    Err(OrchestratorError::operation(Failure(failure.build())))
}

#[cfg(test)]
mod tests {
    use aws_config::Region;

    use super::*;

    async fn at(region: &str, fips: bool, two_stacks: bool) -> String {
        let config = SdkConfig::builder()
            .region(Region::new(region.to_owned()))
            .use_fips(fips)
            .use_dual_stack(two_stacks)
            .build();
        address(&config).await.unwrap()
    }

    /// As the endpoint rules of Systems Manager have it.
    #[tokio::test]
    async fn the_address_is_that_of_the_region_and_its_partition() {
        for (region, fips, two_stacks, expected) in [
            (
                "eu-west-1",
                false,
                false,
                "https://ssm.eu-west-1.amazonaws.com",
            ),
            (
                "us-east-1",
                true,
                false,
                "https://ssm-fips.us-east-1.amazonaws.com",
            ),
            (
                "us-east-1",
                true,
                true,
                "https://ssm-fips.us-east-1.api.aws",
            ),
            ("us-east-1", false, true, "https://ssm.us-east-1.api.aws"),
            (
                "cn-north-1",
                false,
                false,
                "https://ssm.cn-north-1.amazonaws.com.cn",
            ),
            (
                "us-gov-west-1",
                false,
                false,
                "https://ssm.us-gov-west-1.amazonaws.com",
            ),
            (
                "us-gov-west-1",
                true,
                false,
                "https://ssm.us-gov-west-1.amazonaws.com",
            ),
            (
                "us-iso-east-1",
                false,
                false,
                "https://ssm.us-iso-east-1.c2s.ic.gov",
            ),
        ] {
            assert_eq!(at(region, fips, two_stacks).await, expected);
        }
    }
}
