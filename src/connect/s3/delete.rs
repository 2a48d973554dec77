//! Removing: objects, and uploads in parts that nobody will complete.

use super::Endpoint;
use super::Fault;
use super::Location;
use super::Pending;
use super::S3Error;
use super::retry::pause;

/// How many objects one call removes.
const AT_ONCE: usize = 1000;

impl Endpoint {
    /// Removes objects of the bucket of a location. One that is not there is removed.
    pub async fn delete(&self, bucket: &Location, keys: &[String]) -> Result<(), S3Error> {
        for some in keys.chunks(AT_ONCE) {
            let mut left = some.to_vec();
            for failures in 1.. {
                let first = bucket.with_key(left.first().cloned().unwrap_or_default());
                let call = || self.calls.delete(&bucket.bucket, &left);
                let refused = self.tried("remove", &first, call).await?;
                let Some((key, refusal)) = refused.first() else {
                    break;
                };
                let passes = refused.iter().all(|(_, refusal)| refusal.fault.passes());
                if !passes || failures >= self.attempts {
                    let place = bucket.with_key(key.clone());
                    return Err(S3Error::new("remove", &place, refusal.clone()));
                }
                tokio::time::sleep(pause(failures, refusal.fault)).await;
                left = refused.into_iter().map(|(key, _)| key).collect();
            }
        }
        Ok(())
    }

    /// Gives up uploads in parts below a prefix that were begun and never completed. Who may not list or abort them leaves them.
    pub async fn abort_pending(
        &self,
        prefix: &Location,
        ours: impl Fn(&Pending) -> bool,
    ) -> Result<(), S3Error> {
        let mut after = None;
        loop {
            let call = || self.calls.pending(prefix, after.clone());
            let page = match self.tried("list the uploads of", prefix, call).await {
                Err(error) if matches!(error.fault, Fault::NotAllowed | Fault::Invalid) => {
                    return Ok(());
                }
                page => page?,
            };
            let left = page.uploads.iter().filter(|upload| ours(upload));
            for upload in left.filter(|upload| !self.under_way().contains(&upload.id)) {
                self.abort(&prefix.with_key(upload.key.clone()), &upload.id)
                    .await;
            }
            if page.next.is_none() || page.next == after {
                return Ok(());
            }
            after = page.next;
        }
    }

    /// Gives up an upload in parts. That this fails changes nothing of what is to be said; the next writer of the key tries it again.
    pub(super) async fn abort(&self, at: &Location, upload: &str) {
        let call = || self.calls.abort(at, upload);
        drop(
            self.counted(self.attempts.min(5), ("give up an upload of", at), call)
                .await,
        );
    }
}
