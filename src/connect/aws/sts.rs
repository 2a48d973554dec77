//! STS: whose credentials these are, and whether AWS knows them.

use std::time::Duration;

use aws_sdk_sts::Client;
use aws_sdk_sts::config::Builder;
use aws_sdk_sts::config::retry::RetryConfig;
use aws_sdk_sts::error::ProvideErrorMetadata as _;

use super::AwsError;
use super::Session;
use super::settings::Service;

/// How long an answer is waited for: it only makes clearer what is wrong.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often it is asked whether credentials are known.
const ATTEMPTS: u32 = 2;

/// Codes of errors that say that credentials are wrong or over. Others say that a call is not allowed, or not known.
const BAD: [&str; 7] = [
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidToken",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];

/// What STS says of credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing against them: it knows them, or cannot be expected to.
    Good,
    /// They are wrong, or over.
    Bad(AwsError),
    /// Nothing: it cannot be asked.
    Unknown(AwsError),
}

/// What STS says of the credentials there are now. AWS is not asked for those of other services: where one has an address of its own and
/// STS has none. What stands in for AWS need not have an STS.
pub async fn verdict(session: &Session) -> Verdict {
    let has_address = |service: &Service| session.endpoint_of(*service).is_some();
    let stands_in = has_address(&Service::Sts);
    if !stands_in && Service::ALL.iter().any(has_address) {
        return Verdict::Good;
    }
    let client = Client::new(&session.config_of(Service::Sts));
    let retries = RetryConfig::standard().with_max_attempts(ATTEMPTS);
    let call = client.get_caller_identity().customize();
    let call = call.config_override(Builder::new().retry_config(retries));
    let answer = tokio::time::timeout(PATIENCE, Box::pin(call.send())).await;
    let error = match answer {
        Ok(Ok(_)) => return Verdict::Good,
        Ok(Err(error)) => error,
        Err(_) => {
            let error = AwsError::Unreachable("STS does not answer".to_owned());
            return Verdict::Unknown(error);
        }
    };
    let is_bad = error.code().is_some_and(|code| BAD.contains(&code));
    match AwsError::of_call(&error, &[]) {
        error if is_bad => Verdict::Bad(error),
        AwsError::Refused(_) | AwsError::Service(_) | AwsError::Throttled(_) if stands_in => {
            Verdict::Good
        }
        error => Verdict::Unknown(error),
    }
}

/// The account of the credentials there are now. `None`: that cannot be asked.
pub async fn account(session: &Session) -> Option<String> {
    let client = Client::new(&session.config_of(Service::Sts));
    let call = Box::pin(client.get_caller_identity().send());
    let answer = tokio::time::timeout(PATIENCE, call).await;
    answer.ok()?.ok()?.account().map(str::to_owned)
}

/// The account in an ARN, `arn:aws:elasticmapreduce:eu-west-1:123456789012:cluster/j-1`.
pub(super) fn account_in(arn: &str) -> Option<String> {
    let account = arn.strip_prefix("arn:")?.split(':').nth(3)?;
    let is_account = !account.is_empty() && account.bytes().all(|byte| byte.is_ascii_digit());
    is_account.then(|| account.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_says_the_account() {
        let cluster = "arn:aws:elasticmapreduce:eu-west-1:123456789012:cluster/j-1";
        assert_eq!(account_in(cluster).as_deref(), Some("123456789012"));
        assert_eq!(account_in("arn:aws:s3:::acme/logs"), None);
        assert_eq!(account_in("j-1"), None);
    }
}
