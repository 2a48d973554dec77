//! How AWS is reached.

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::Region;
use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_datapipeline::config::SharedHttpClient;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::TlsContext;
use aws_smithy_http_client::tls::TrustStore;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::AwsError;

/// How often a call is made at most that is throttled or fails on the way. The rates of AWS's older services are low.
const ATTEMPTS: u32 = 6;

/// The longest pause between two of them.
const PAUSE: Duration = Duration::from_secs(5);

/// How long it may take until a connection is there.
const CONNECT: Duration = Duration::from_secs(5);

/// What is said about how to reach AWS. What is left out is found as the SDK finds it: in the environment, in `~/.aws`, from the
/// machine.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The region, e.g. `eu-west-1`.
    pub region: Option<String>,
    /// The profile of `~/.aws`.
    pub profile: Option<String>,
    /// The address of a stand-in for AWS, e.g. `http://127.0.0.1:5000`.
    pub endpoint_url: Option<String>,
    /// A file of certificates (PEM) that are trusted instead of the system's.
    pub ca_bundle: Option<PathBuf>,
}

/// How AWS is reached.
#[derive(Clone, Debug)]
pub struct Session {
    pub(super) config: SdkConfig,
    region: String,
}

impl Session {
    /// Finds region and credentials. These are asked for with the first call, so that what is wrong with them is said then.
    pub async fn open(settings: &Settings) -> Result<Self, AwsError> {
        let retries = RetryConfig::standard()
            .with_max_attempts(ATTEMPTS)
            .with_max_backoff(PAUSE);
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .retry_config(retries)
            .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT).build());
        if let Some(region) = &settings.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(profile) = &settings.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(url) = &settings.endpoint_url {
            if !url.starts_with("http://") && !url.starts_with("https://") {
                return Err(AwsError::Endpoint(url.clone()));
            }
            loader = loader.endpoint_url(url);
        }
        if let Some(bundle) = &settings.ca_bundle {
            loader = loader.http_client(trusting(bundle)?);
        }
        let config = loader.load().await;
        let region = config.region().ok_or(AwsError::NoRegion)?.to_string();
        Ok(Self { config, region })
    }

    /// The region.
    pub fn region(&self) -> &str {
        &self.region
    }
}

/// A client that trusts the certificates of a file, and nothing else.
fn trusting(bundle: &Path) -> Result<SharedHttpClient, AwsError> {
    let unusable = |why: String| AwsError::Certificates(format!("`{}`: {why}", bundle.display()));
    let pem = std::fs::read(bundle).map_err(|error| unusable(error.to_string()))?;
    let mut roots = RootCertStore::empty();
    // What the client would refuse is found here: there it would be a panic.
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate =
            certificate.map_err(|error| unusable(format!("it is not PEM: {error}")))?;
        roots
            .add(certificate)
            .map_err(|error| unusable(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(unusable("there is no certificate in it".to_owned()));
    }
    let context = TlsContext::builder()
        .with_trust_store(TrustStore::empty().with_pem_certificate(pem))
        .build()
        .map_err(|error| unusable(error.to_string()))?;
    Ok(
        Builder::new().build_with_connector_fn(move |settings, components| {
            let mut connector = Connector::builder()
                .proxy_config(ProxyConfig::from_env())
                .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
                .tls_context(context.clone());
            connector.set_connector_settings(settings.cloned());
            if let Some(components) = components {
                connector.set_sleep_impl(components.sleep_impl());
            }
            connector.build()
        }),
    )
}
