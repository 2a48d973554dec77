//! `action "webhook"`: a request to an address, signed where there is a secret for that.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use reqwest::Client;
use reqwest::Method;
use reqwest::redirect::Policy;

use super::Context;
use super::ExecError;

/// How much of an answer is shown when it is no success, in bytes.
const SHOWN: usize = 500;

/// A request to make.
#[derive(Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Where it goes.
    pub url: String,
    /// How: `POST`, `PUT`, `PATCH`.
    pub method: String,
    /// Its headers, besides our own.
    pub headers: BTreeMap<String, String>,
    /// Its body.
    pub body: String,
    /// How long one try may take.
    pub timeout: Duration,
    /// What it is signed with.
    pub hmac_secret: Option<String>,
    /// What tells it from all others, also from the same one made again.
    pub delivery: String,
    /// When it is made, in seconds since 1970 (UTC).
    pub timestamp: i64,
}

/// Without what may be secret.
impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook")
            .field("delivery", &self.delivery)
            .finish_non_exhaustive()
    }
}

pub(super) async fn run(work: &Webhook, ctx: &Context) -> Result<(), ExecError> {
    let answered = tokio::select! {
        answered = request(work) => answered.map_err(ExecError::Failed)?,
        () = ctx.cancel.cancelled() => return Err(ExecError::Cancelled),
    };
    ctx.log.line(&format!("the receiver answered {answered}"));
    Ok(())
}

/// Makes the request; gives the status of a success.
async fn request(work: &Webhook) -> Result<String, String> {
    let client = Client::builder()
        .timeout(work.timeout)
        // Where a redirect leads nobody has said, and the signature would go there, too.
        .redirect(Policy::none())
        .user_agent(concat!("pipeform/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| reason(&error, work))?;
    let method = Method::from_bytes(work.method.as_bytes())
        .map_err(|_| format!("`{}` is no method", work.method))?;
    let mut request = client.request(method, &work.url);
    let has = |name: &str| {
        work.headers
            .keys()
            .any(|own| own.eq_ignore_ascii_case(name))
    };
    if !has("content-type") {
        request = request.header("Content-Type", "application/json");
    }
    for (name, value) in &work.headers {
        request = request.header(name, value);
    }
    request = request
        .header("X-Pipeform-Delivery", &work.delivery)
        .header("X-Pipeform-Timestamp", work.timestamp);
    if let Some(secret) = &work.hmac_secret {
        let signature = signature(secret, work.timestamp, &work.body);
        request = request.header("X-Pipeform-Signature", signature);
    }
    let answer = request.body(work.body.clone()).send().await;
    let mut answer = answer.map_err(|error| reason(&error, work))?;
    let status = answer.status();
    if status.is_success() {
        return Ok(status.to_string());
    }
    let mut said = Vec::new();
    while said.len() < SHOWN
        && let Ok(Some(bytes)) = answer.chunk().await
    {
        said.extend_from_slice(&bytes);
    }
    said.truncate(SHOWN);
    let said = String::from_utf8_lossy(&said);
    let said: String = said.chars().filter(|letter| !letter.is_control()).collect();
    let redirect = if status.is_redirection() {
        ", and redirects are not followed"
    } else {
        ""
    };
    Err(match said.trim() {
        "" => format!("the receiver answered {status}{redirect}"),
        said => format!("the receiver answered {status}{redirect}: {said}"),
    })
}

/// What went wrong on the way, without the address, which may hold a secret.
fn reason(error: &reqwest::Error, work: &Webhook) -> String {
    if error.is_timeout() {
        return format!("the receiver did not answer within {:?}", work.timeout);
    }
    if error.is_builder() {
        return "`url` or `headers` cannot be used: the address begins with `https://` or `http://`, and a header is of one line".to_owned();
    }
    let mut inner: &dyn Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    format!("the receiver was not reached: {inner}")
}

/// The signature over the time and the body: `sha256=` and the HMAC in hexadecimal digits.
fn signature(secret: &str, timestamp: i64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, format!("{timestamp}.{body}").as_bytes());
    format!("sha256={}", HEXLOWER.encode(tag.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_an_hmac_of_time_and_body() {
        // Computed with Python's `hmac`.
        assert_eq!(
            signature("hush", 1_700_000_000, "{\"a\": 1}"),
            "sha256=3e482e05a456b041d21c7a63df3c978640a28331ee5dcddefc20502a351292d4"
        );
    }

    #[test]
    fn nothing_secret_is_in_its_debug_form() {
        let work = Webhook {
            url: "https://hooks.example.com/T0/hush".to_owned(),
            method: "POST".to_owned(),
            headers: BTreeMap::from([("Authorization".to_owned(), "hush".to_owned())]),
            body: "hush".to_owned(),
            timeout: Duration::from_secs(1),
            hmac_secret: Some("hush".to_owned()),
            delivery: "7".to_owned(),
            timestamp: 0,
        };
        assert!(!format!("{work:?}").contains("hush"));
    }
}
