//! `action "webhook"`: a request to an address, signed where there is a secret for that.

mod client;
mod secrecy;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use reqwest::Method;
use reqwest::Response;
use reqwest::Url;
use reqwest::header::CONTENT_LENGTH;
use reqwest::header::CONTENT_TYPE;
use reqwest::header::HeaderMap;
use reqwest::header::HeaderName;
use reqwest::header::HeaderValue;
use reqwest::header::TRANSFER_ENCODING;

use super::Context;
use super::ExecError;

pub use client::Client;

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
        answered = request(work, ctx) => answered.map_err(ExecError::Failed)?,
        () = ctx.cancel.cancelled() => return Err(ExecError::Cancelled),
    };
    ctx.log.line(&format!("the receiver answered {answered}"));
    Ok(())
}

/// Makes the request; gives the status of a success.
async fn request(work: &Webhook, ctx: &Context) -> Result<String, String> {
    let address = address(&work.url)?;
    let log = secrecy::hiding(&ctx.log, &address, &work.url);
    let method = Method::from_bytes(work.method.as_bytes())
        .map_err(|_| format!("`{}` is no method", work.method))?;
    let headers = headers(work)?;
    let request = ctx.webhooks.get()?.request(method, address);
    let request = request.timeout(work.timeout).headers(headers);
    let answer = request.body(work.body.clone()).send().await;
    let answer = answer.map_err(|error| log.mask(&reason(&error, work)))?;
    let status = answer.status();
    if status.is_success() {
        return Ok(status.to_string());
    }
    let redirect = if status.is_redirection() {
        ", and redirects are not followed"
    } else {
        ""
    };
    Err(match secrecy::shown(&log, &said(answer).await).trim() {
        "" => format!("the receiver answered {status}{redirect}"),
        said => format!("the receiver answered {status}{redirect}: {said}"),
    })
}

/// Where a request goes.
fn address(url: &str) -> Result<Url, String> {
    let address = Url::parse(url).ok();
    let address = address.filter(|it| matches!(it.scheme(), "http" | "https") && it.has_host());
    address.ok_or_else(|| {
        "`url` is no address of a receiver: that begins with `https://` or `http://` and has the name of a host".to_owned()
    })
}

/// All headers of a request.
fn headers(work: &Webhook) -> Result<HeaderMap, String> {
    let mut all = HeaderMap::new();
    for (name, value) in &work.headers {
        let key = HeaderName::from_bytes(name.as_bytes());
        let value = HeaderValue::from_str(value);
        let (Ok(key), Ok(value)) = (key, value) else {
            return Err(format!(
                "the header `{name}` cannot be sent: a name has no blanks, and a value is of one line"
            ));
        };
        if [CONTENT_LENGTH, TRANSFER_ENCODING].contains(&key) {
            return Err(format!(
                "the header `{name}` says how long the body is, which is known here; leave it out"
            ));
        }
        all.insert(key, value);
    }
    if !all.contains_key(CONTENT_TYPE) {
        all.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    let delivery = HeaderValue::from_str(&work.delivery).map_err(|error| error.to_string())?;
    all.insert("x-pipeform-delivery", delivery);
    all.insert("x-pipeform-timestamp", work.timestamp.into());
    if let Some(secret) = &work.hmac_secret {
        let signature = signature(secret, work.timestamp, &work.body);
        let signature = HeaderValue::from_str(&signature).map_err(|error| error.to_string())?;
        all.insert("x-pipeform-signature", signature);
    }
    Ok(all)
}

/// The beginning of what an answer says, in one line.
async fn said(mut answer: Response) -> String {
    let mut said = Vec::new();
    while said.len() < SHOWN
        && let Ok(Some(bytes)) = answer.chunk().await
    {
        said.extend_from_slice(&bytes);
    }
    said.truncate(SHOWN);
    let said = String::from_utf8_lossy(&said);
    said.chars().filter(|letter| !letter.is_control()).collect()
}

/// What went wrong on the way.
fn reason(error: &reqwest::Error, work: &Webhook) -> String {
    if error.is_timeout() {
        return format!("the receiver did not answer within {:?}", work.timeout);
    }
    let inner = client::innermost(error);
    let remedy = if inner.contains("invalid peer certificate") {
        "; `SSL_CERT_FILE` names a file of the certificates that are trusted, where those of this machine are not enough"
    } else {
        ""
    };
    format!("the receiver was not reached: {inner}{remedy}")
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

    fn webhook(url: &str) -> Webhook {
        Webhook {
            url: url.to_owned(),
            method: "POST".to_owned(),
            headers: BTreeMap::from([("Authorization".to_owned(), "hush".to_owned())]),
            body: "hush".to_owned(),
            timeout: Duration::from_secs(1),
            hmac_secret: Some("hush".to_owned()),
            delivery: "7".to_owned(),
            timestamp: 0,
        }
    }

    #[test]
    fn nothing_secret_is_in_its_debug_form() {
        let work = webhook("https://hooks.example.com/T0/hush");
        assert!(!format!("{work:?}").contains("hush"));
    }

    #[test]
    fn what_cannot_be_asked_is_said() {
        assert_eq!(address("http://127.0.0.1:1/x?y").unwrap().port(), Some(1));
        for url in [
            "",
            "hooks.example.com",
            "ftp://example.com",
            "https://",
            "mailto:a@b",
        ] {
            let error = address(url).unwrap_err();
            assert!(error.starts_with("`url` is no address"), "{url}: {error}");
        }
        let mut work = webhook("http://127.0.0.1/");
        assert_eq!(headers(&work).unwrap().len(), 5);
        work.headers = BTreeMap::from([("X-Note".to_owned(), "hush\nhush".to_owned())]);
        let error = headers(&work).unwrap_err();
        assert!(error.starts_with("the header `X-Note`") && !error.contains("hush"));
        // The receiver would take a part of the body for all of it.
        work.headers = BTreeMap::from([("content-Length".to_owned(), "1".to_owned())]);
        let error = headers(&work).unwrap_err();
        assert!(error.contains("leave it out"), "{error}");
    }
}
