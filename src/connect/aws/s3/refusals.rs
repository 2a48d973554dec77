//! Why a call of S3 failed, in plain values: by the code of the service's answer, by its status, or by what happened on the way.

use std::error::Error;
use std::pin::Pin;
use std::time::Duration;

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::error::SdkError;

use crate::connect::aws::AwsError;
use crate::connect::s3::Fault;
use crate::connect::s3::Refusal;

/// Codes that say that an object is not what it was.
const CHANGED: [&str; 3] = [
    "PreconditionFailed",
    "InvalidRange",
    "ConditionalRequestConflict",
];

/// Codes that say that the caller is not known or not allowed.
const REFUSED: [&str; 11] = [
    "AccessDenied",
    "AccountProblem",
    "AllAccessDisabled",
    "ExpiredToken",
    "Forbidden",
    "InvalidAccessKeyId",
    "InvalidToken",
    "NotSignedUp",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
    "UnauthorizedAccess",
];

/// Codes that say that there were too many calls.
const THROTTLED: [&str; 7] = [
    "BandwidthLimitExceeded",
    "RequestLimitExceeded",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequests",
    "TooManyRequestsException",
];

/// Codes of what may go well the next time: bytes that were lost or damaged on the way, and failures inside.
const PASSING: [&str; 9] = [
    "BadDigest",
    "IncompleteBody",
    "InternalError",
    "OperationAborted",
    "RequestTimeout",
    "RequestTimeTooSkewed",
    "ServiceUnavailable",
    "XAmzContentChecksumMismatch",
    "XAmzContentSHA256Mismatch",
];

/// Makes a call, and gives up when there is no answer in time. What a call keeps while it is under way is large, so it is boxed.
pub(super) fn in_time<'c, T, E, R>(
    limit: Duration,
    call: impl Future<Output = Result<T, SdkError<E, R>>> + Send + 'c,
) -> Pin<Box<dyn Future<Output = Result<T, Refusal>> + Send + 'c>>
where
    T: 'c,
    E: ProvideErrorMetadata + Error + Send + 'static,
    R: HasStatus + std::fmt::Debug + Send + 'static,
{
    Box::pin(async move {
        match tokio::time::timeout(limit, call).await {
            Ok(answer) => answer.map_err(|error| refusal(&error)),
            Err(_) => Err(Refusal {
                fault: Fault::Unreachable,
                reason: format!("there was no answer for {} seconds", limit.as_secs()),
            }),
        }
    })
}

/// A response of HTTP.
pub(super) trait HasStatus {
    /// The status of the answer.
    fn status(&self) -> u16;

    /// The region that it says a bucket is in.
    fn region(&self) -> Option<&str>;
}

impl HasStatus for aws_sdk_s3::config::http::HttpResponse {
    fn status(&self) -> u16 {
        self.status().as_u16()
    }

    fn region(&self) -> Option<&str> {
        self.headers().get("x-amz-bucket-region")
    }
}

fn refusal<E, R>(error: &SdkError<E, R>) -> Refusal
where
    E: ProvideErrorMetadata + Error + 'static,
    R: HasStatus + std::fmt::Debug + 'static,
{
    let response = error.raw_response();
    let status = response.map_or(0, HasStatus::status);
    if let Some(answer) = error.as_service_error() {
        let code = answer.code().unwrap_or_default();
        let region = response.and_then(HasStatus::region);
        let message = answer.message().unwrap_or_default();
        if let Some(reason) = elsewhere((code, status), region, message) {
            let fault = Fault::Invalid;
            return Refusal { fault, reason };
        }
        let reason = match (answer.message(), code) {
            (Some(message), _) if !message.is_empty() => message.to_owned(),
            (_, "") => format!("HTTP status {status}"),
            (_, code) => code.to_owned(),
        };
        let fault = fault_of(code, status);
        return Refusal { fault, reason };
    }
    match AwsError::of_call(error, &[]) {
        none @ (AwsError::NoCredentials(_) | AwsError::NoRole { .. }) => Refusal {
            fault: Fault::Invalid,
            reason: none.to_string(),
        },
        // The answer broke off, or is none of S3.
        _ if status >= 500 => Refusal {
            fault: fault_of("", status),
            reason: format!("HTTP status {status}"),
        },
        AwsError::Unreachable(reason) => Refusal {
            fault: Fault::Unreachable,
            reason,
        },
        other => Refusal {
            fault: Fault::Service,
            reason: other.to_string(),
        },
    }
}

/// What there is to say where a bucket is asked for in another region than its own. An answer to HEAD has no code, and says the region
/// of the bucket whatever is wrong.
fn elsewhere((code, status): (&str, u16), region: Option<&str>, message: &str) -> Option<String> {
    let is_redirect =
        status == 301 || matches!(code, "PermanentRedirect" | "AuthorizationHeaderMalformed");
    let said = match message.trim_end_matches('.') {
        "" => String::new(),
        message => format!(" ({message})"),
    };
    match region {
        Some(region) if is_redirect => Some(format!(
            "the bucket is in the region `{region}`, and another one was asked; set the `region` of its provider, or `AWS_REGION`"
        )),
        None if is_redirect => Some(format!(
            "the bucket is in another region; set the `region` of its provider, or `AWS_REGION`{said}"
        )),
        Some(region) if status == 400 && code.is_empty() => Some(format!(
            "HTTP status 400, and the bucket is in the region `{region}`; check whether that one is asked, and the credentials"
        )),
        _ => None,
    }
}

pub(super) fn fault_of(code: &str, status: u16) -> Fault {
    match (code, status) {
        ("NoSuchBucket", _) => Fault::NoBucket,
        ("NoSuchKey" | "NotFound" | "NoSuchUpload" | "NoSuchVersion", _) => Fault::NoKey,
        (code, _) if CHANGED.contains(&code) => Fault::Changed,
        (code, _) if REFUSED.contains(&code) => Fault::NotAllowed,
        (code, _) if THROTTLED.contains(&code) => Fault::Throttled,
        (code, _) if PASSING.contains(&code) => Fault::Service,
        // A store that does not know a call does not learn it.
        ("NotImplemented", _) | (_, 501) => Fault::Invalid,
        (_, 404) => Fault::NoKey,
        (_, 412) => Fault::Changed,
        (_, 401 | 403) => Fault::NotAllowed,
        (_, 429) => Fault::Throttled,
        (_, 408) => Fault::Unreachable,
        (_, 500..) => Fault::Service,
        _ => Fault::Invalid,
    }
}

pub(super) fn invalid(error: &dyn Error) -> Refusal {
    Refusal {
        fault: Fault::Invalid,
        reason: error.to_string(),
    }
}

/// The innermost of the errors below one, which says what happened.
pub(super) fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text = error.to_string();
        next = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_region_is_named() {
        let said = |code: &str, status, region| {
            elsewhere((code, status), region, "Expecting more.").unwrap_or_default()
        };
        let paris = Some("eu-west-3");
        for (code, status) in [
            ("", 301),
            ("PermanentRedirect", 301),
            ("AuthorizationHeaderMalformed", 400),
        ] {
            let text = said(code, status, paris);
            assert!(text.contains("in the region `eu-west-3`, and"), "{text}");
            let text = said(code, status, None);
            assert!(text.contains("in another region"), "{text}");
            assert!(text.ends_with("(Expecting more)"), "{text}");
        }
        assert!(said("", 400, paris).contains("the credentials"));
        assert_eq!(elsewhere(("", 400), None, ""), None);
        assert_eq!(elsewhere(("", 403), paris, ""), None);
        assert_eq!(elsewhere(("InvalidRequest", 400), paris, ""), None);
    }

    #[test]
    fn what_a_store_does_not_know_is_not_asked_again() {
        for (code, status, wanted) in [
            ("NotImplemented", 501, Fault::Invalid),
            ("", 501, Fault::Invalid),
            ("NotImplemented", 400, Fault::Invalid),
            ("InternalError", 500, Fault::Service),
            ("", 503, Fault::Service),
            ("SlowDown", 503, Fault::Throttled),
            ("NoSuchKey", 404, Fault::NoKey),
        ] {
            assert_eq!(fault_of(code, status), wanted, "{code} {status}");
        }
    }
}
