//! What goes wrong with AWS.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_datapipeline::error::ProvideErrorMetadata;
use aws_sdk_datapipeline::error::SdkError;
use aws_sdk_emr::config::http::HttpResponse;

/// What went wrong with AWS. Each says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AwsError {
    /// Nothing says which region.
    #[error(
        "nothing says which region of AWS is meant. Say it with `AWS_REGION`, in `~/.aws/config`, with `region` of the provider, or with `--region` where a command has it"
    )]
    NoRegion,
    /// There are no credentials.
    #[error(
        "there are no credentials for AWS: {0}. Set `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, choose a profile of `~/.aws` with `AWS_PROFILE`, or sign in with `aws sso login`"
    )]
    NoCredentials(String),
    /// A role could not be taken on.
    #[error(
        "the role `{role}` cannot be taken on: {why}. Check `role_arn`, and that these credentials may do `sts:AssumeRole` with it"
    )]
    NoRole {
        /// Its ARN.
        role: String,
        /// What STS said.
        why: String,
    },
    /// The profile that is named is not there.
    #[error(
        "there is no profile `{name}` in {files}, and `AWS_PROFILE`, or `profile` of the provider, names it.{like} `aws configure list-profiles` lists those that there are"
    )]
    NoProfile {
        /// The profile.
        name: String,
        /// Where it was looked for.
        files: String,
        /// Which one may be meant, as a sentence after a blank; else nothing.
        like: String,
    },
    /// The credentials are wrong or over, or may not do this.
    #[error("AWS refuses this to these credentials: {0}")]
    Refused(String),
    /// What was asked for is not there.
    #[error("{0}")]
    NotFound(String),
    /// There were too many calls, also after waiting.
    #[error("AWS answers that there are too many calls, also after waiting: {0}. Try again later")]
    Throttled(String),
    /// AWS was not reached.
    #[error(
        "AWS cannot be reached: {0}. Check the network, the region and the address of the endpoint"
    )]
    Unreachable(String),
    /// Anything else.
    #[error("AWS answers: {0}")]
    Service(String),
    /// The address of the endpoint is none.
    #[error("`{0}` is no address of an endpoint. It begins with `https://` or `http://`")]
    Endpoint(String),
    /// A file of certificates cannot be used.
    #[error("the certificates of `AWS_CA_BUNDLE` cannot be used: {0}")]
    Certificates(String),
}

/// Why a role gave no credentials.
#[derive(Debug, thiserror::Error)]
#[error("the role `{role}` gives no credentials")]
pub(super) struct WithoutRole {
    /// Its ARN.
    pub(super) role: String,
    /// What its provider said.
    pub(super) source: CredentialsError,
}

/// Codes of errors that say that a caller is not known or not allowed.
const REFUSALS: [&str; 20] = [
    "AllAccessDisabled",
    "AuthorizationError",
    "AuthorizationErrorException",
    "DecryptionFailure",
    "Forbidden",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidToken",
    "KMSAccessDeniedException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "SignatureDoesNotMatch",
    "AccessDeniedException",
    "AccessDenied",
    "UnrecognizedClientException",
    "InvalidSignatureException",
    "ExpiredTokenException",
    "ExpiredToken",
    "IncompleteSignatureException",
    "NotAuthorized",
];

/// Codes of errors that say that there were too many calls.
const THROTTLES: [&str; 9] = [
    "KMSThrottling",
    "ProvisionedThroughputExceededException",
    "SlowDown",
    "Throttled",
    "ThrottledException",
    "ThrottlingException",
    "Throttling",
    "RequestLimitExceeded",
    "TooManyRequestsException",
];

/// What the HTTP client says where there was no connection, so that nothing was sent.
const NOT_CONNECTED: &str = "(Connect)";

impl AwsError {
    /// What the failure of a call means. `missing`: the codes that say that what was asked for is not there.
    pub(super) fn of_call<E, R>(error: &SdkError<E, R>, missing: &[&str]) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
        R: std::fmt::Debug + 'static,
    {
        if let Some(answer) = error.as_service_error() {
            let code = answer.code().unwrap_or("");
            let message = answer.message().filter(|message| !message.is_empty());
            let text = match (message, code) {
                (Some(message), _) => message.to_owned(),
                (None, "") => chain(answer),
                (None, code) => code.to_owned(),
            };
            return match code {
                code if missing.contains(&code) => Self::NotFound(text),
                code if REFUSALS.contains(&code) => Self::Refused(text),
                code if THROTTLES.contains(&code) => Self::Throttled(text),
                _ => Self::Service(text),
            };
        }
        if let Some(credentials) = credentials_error(error) {
            return of_role(credentials).unwrap_or_else(|| Self::NoCredentials(none(credentials)));
        }
        match error {
            SdkError::ResponseError(_) => Self::Service(format!(
                "something that is not understood, {}",
                chain(error)
            )),
            _ => Self::Unreachable(causes(error)),
        }
    }
}

/// What an error about the credentials of a role means; `None`: it is about others.
pub(super) fn of_role(error: &CredentialsError) -> Option<AwsError> {
    let WithoutRole { role, source } = role_error(error)?;
    // Who asks for the role needs credentials, too.
    if let Some(own) = source.source().and_then(credentials_error) {
        let why = none(own);
        return Some(AwsError::NoCredentials(format!(
            "to take on the role `{role}`, {why}"
        )));
    }
    let unreached = [NOT_CONNECTED, "dispatch failure", "timed out"];
    let texts = texts(source);
    let said = |what: &&str| texts.iter().any(|text| text.contains(*what));
    if unreached.iter().any(said) {
        let why = causes(source);
        return Some(AwsError::Unreachable(format!(
            "STS, which gives the role `{role}`: {why}"
        )));
    }
    Some(AwsError::NoRole {
        role: role.clone(),
        why: why(source),
    })
}

/// The error of a role that lies below another; of roles that are taken on one after the other, that of the first.
fn role_error<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e WithoutRole> {
    let (mut found, mut next) = (None, Some(error));
    while let Some(error) = next {
        found = error.downcast_ref::<WithoutRole>().or(found);
        next = error.source();
    }
    found
}

/// Where none of the credentials are.
fn none(error: &CredentialsError) -> String {
    match error {
        CredentialsError::CredentialsNotLoaded(_) => {
            "none are in the environment, in `~/.aws`, or given by the machine".to_owned()
        }
        other => why(other),
    }
}

/// Whether what a call asks for was certainly not done: it never went out, or the answer says that it is refused. A fault of the
/// service, and an answer that does not come, say nothing of it.
pub(super) fn is_certain<E>(error: &SdkError<E, HttpResponse>) -> bool
where
    E: ProvideErrorMetadata + Error + 'static,
{
    if credentials_error(error).is_some() {
        return true;
    }
    match AwsError::of_call(error, &[]) {
        AwsError::Unreachable(_) => {
            let never_built = matches!(error, SdkError::ConstructionFailure(_));
            let texts = texts(error);
            never_built || texts.iter().any(|text| text.contains(NOT_CONNECTED))
        }
        AwsError::Service(_) => {
            let refused = |answer: &HttpResponse| answer.status().is_client_error();
            error.as_service_error().is_some() && error.raw_response().is_some_and(refused)
        }
        _ => true,
    }
}

/// Why there are no credentials. The machine is asked last, so that an error of it says that nothing else has any.
pub(super) fn why(error: &CredentialsError) -> String {
    let said = chain(error);
    if said.contains("IMDS") {
        return format!(
            "none are in the environment or in `~/.aws`, and the machine gives none ({})",
            causes(error)
        );
    }
    said
}

/// The error about credentials that lies below another.
fn credentials_error<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e CredentialsError> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<CredentialsError>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// An error and those below it, from the outermost on. What repeats is there once.
fn texts(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut said: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        if !said.iter().any(|known| known.contains(&text)) {
            said.push(text);
        }
        next = error.source();
    }
    said
}

/// An error and those below it, as one sentence without its stop.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    texts(error).join(": ").trim_end_matches('.').to_owned()
}

/// The two innermost of the errors below one, which say what happened.
fn causes(error: &(dyn Error + 'static)) -> String {
    let texts = texts(error);
    let inner = texts.get(texts.len().saturating_sub(2)..);
    inner
        .unwrap_or_default()
        .join(": ")
        .trim_end_matches('.')
        .to_owned()
}

#[cfg(test)]
mod tests {
    use aws_sdk_emr::error::ConnectorError;
    use aws_sdk_emr::error::ErrorMetadata;
    use aws_sdk_emr::operation::run_job_flow::RunJobFlowError;
    use aws_smithy_types::body::SdkBody;

    use super::*;

    type Failure = SdkError<RunJobFlowError, HttpResponse>;

    fn answered(status: u16, code: &str) -> Failure {
        let answer = HttpResponse::new(status.try_into().unwrap(), SdkBody::empty());
        let meta = ErrorMetadata::builder().code(code).build();
        Failure::service_error(RunJobFlowError::generic(meta), answer)
    }

    #[test]
    fn what_is_wrong_with_a_role_names_it() {
        let of = |source: CredentialsError| {
            let role = "arn:aws:iam::111122223333:role/load".to_owned();
            let error = CredentialsError::provider_error(WithoutRole { role, source });
            of_role(&error).unwrap()
        };
        let said = |why: &str| CredentialsError::provider_error(std::io::Error::other(why));
        let refused = of(said("AccessDenied: not authorized"));
        let unreached = of(said("dispatch failure"));
        let no_own = of(CredentialsError::provider_error(
            CredentialsError::not_loaded_no_source(),
        ));
        assert!(matches!(refused, AwsError::NoRole { .. }));
        assert!(matches!(unreached, AwsError::Unreachable(_)));
        assert!(matches!(no_own, AwsError::NoCredentials(_)));
        for error in [refused, unreached, no_own] {
            let error = error.to_string();
            assert!(error.contains("111122223333:role/load"), "{error}");
        }
        assert_eq!(of_role(&said("dispatch failure")), None);
    }

    #[test]
    fn what_was_refused_was_certainly_not_done() {
        assert!(is_certain(&answered(400, "ValidationException")));
        assert!(is_certain(&answered(400, "ThrottlingException")));
        assert!(is_certain(&answered(403, "AccessDeniedException")));
        assert!(!is_certain(&answered(500, "InternalServerError")));
        assert!(!is_certain(&answered(503, "ServiceUnavailable")));
    }

    #[test]
    fn what_was_never_sent_was_certainly_not_done() {
        let failed = |why: &str| Failure::dispatch_failure(ConnectorError::io(why.into()));
        assert!(is_certain(&failed("client error (Connect)")));
        assert!(!is_certain(&failed("client error (SendRequest)")));
    }
}
