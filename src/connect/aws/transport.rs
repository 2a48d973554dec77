//! The connections on which AWS is spoken to: which certificates are trusted, and one pool for all that trust the same.

use std::path::Path;

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

/// A client that trusts the certificates of a file and nothing else; without a file, those of the system.
pub(super) fn client(bundle: Option<&Path>) -> Result<SharedHttpClient, AwsError> {
    let context = bundle.map(trusting).transpose()?.unwrap_or_default();
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

/// Trust in the certificates of a file, and in nothing else.
fn trusting(bundle: &Path) -> Result<TlsContext, AwsError> {
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
    TlsContext::builder()
        .with_trust_store(TrustStore::empty().with_pem_certificate(pem))
        .build()
        .map_err(|error| unusable(error.to_string()))
}
