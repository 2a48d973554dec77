//! The client that all webhooks of a runner share.
//!
//! It is made for the first one: that reads the certificates of the machine, or those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name.

use std::error::Error;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use reqwest::redirect::Policy;

/// How long a connection is kept for the next request, and how many to one receiver.
const IDLE: Duration = Duration::from_secs(15);
const KEPT: usize = 4;

/// Makes requests. A clone shares its connections; nothing is read or connected before the first request.
#[derive(Clone, Debug, Default)]
pub struct Client(Arc<Mutex<Option<reqwest::Client>>>);

impl Client {
    /// The client itself. What kept it from being made may be otherwise a moment later.
    pub(super) fn get(&self) -> Result<reqwest::Client, String> {
        let mut made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = &*made {
            return Ok(client.clone());
        }
        let client = reqwest::Client::builder()
            // Where a redirect leads nobody has said, and the signature would go there, too.
            .redirect(Policy::none())
            .user_agent(concat!("pipeform/", env!("CARGO_PKG_VERSION")))
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(KEPT)
            .build()
            .map_err(|error| {
                format!(
                    "pipeform cannot make requests: {}; its certificates are those of this machine, or what `SSL_CERT_FILE` and `SSL_CERT_DIR` name",
                    innermost(&error)
                )
            })?;
        *made = Some(client.clone());
        Ok(client)
    }
}

/// What an error comes from.
pub(super) fn innermost(error: &dyn Error) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}
