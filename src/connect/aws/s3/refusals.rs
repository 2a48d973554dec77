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
}

impl HasStatus for aws_sdk_s3::config::http::HttpResponse {
    fn status(&self) -> u16 {
        self.status().as_u16()
    }
}

fn refusal<E, R>(error: &SdkError<E, R>) -> Refusal
where
    E: ProvideErrorMetadata + Error + 'static,
    R: HasStatus + std::fmt::Debug + 'static,
{
    let status = error.raw_response().map_or(0, HasStatus::status);
    if let Some(answer) = error.as_service_error() {
        let code = answer.code().unwrap_or_default();
        let reason = match (answer.message(), code) {
            (Some(message), _) if !message.is_empty() => message.to_owned(),
            (_, "") => format!("HTTP status {status}"),
            (_, code) => code.to_owned(),
        };
        let reason = if code == "PermanentRedirect" || status == 301 {
            let said = reason.trim_end_matches('.');
            format!("the bucket is in another region; set the `region` of its provider ({said})")
        } else {
            reason
        };
        let fault = fault_of(code, status);
        return Refusal { fault, reason };
    }
    match AwsError::of_call(error, &[]) {
        none @ AwsError::NoCredentials(_) => Refusal {
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
