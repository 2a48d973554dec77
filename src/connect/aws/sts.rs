//! STS: whose credentials these are.

use std::time::Duration;

use aws_sdk_sts::Client;

use super::Session;
use super::settings::Service;

/// How long an answer is waited for: it only makes clearer what is wrong.
const PATIENCE: Duration = Duration::from_secs(10);

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
