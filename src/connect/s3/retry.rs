//! What is tried again, how often, and after which pause.

use std::time::Duration;

use tokio::sync::Semaphore;

use super::Endpoint;
use super::Fault;
use super::Location;
use super::Refusal;
use super::S3Error;

/// How often a call is made at most, where nobody says otherwise.
pub(super) const ATTEMPTS: u32 = 10;

/// The pause after the first failure; it doubles with each.
const FIRST: Duration = Duration::from_millis(50);

/// The longest pause.
const LONGEST: Duration = Duration::from_secs(10);

impl Endpoint {
    /// The same endpoint, which makes a call so often at most; `None`: ten times.
    #[must_use]
    pub fn trying(mut self, attempts: Option<u32>) -> Self {
        self.attempts = attempts.unwrap_or(ATTEMPTS).max(1);
        self
    }

    /// Makes a call, again where that may help.
    pub(super) async fn tried<T, F>(
        &self,
        action: &'static str,
        at: &Location,
        call: impl Fn() -> F,
    ) -> Result<T, S3Error>
    where
        F: Future<Output = Result<T, Refusal>>,
    {
        self.tried_within(&self.limits.requests, (action, at), call)
            .await
    }

    /// The same, with so many under way at once as a semaphore lets.
    pub(super) async fn tried_within<T, F>(
        &self,
        at_once: &Semaphore,
        (action, at): (&'static str, &Location),
        call: impl Fn() -> F,
    ) -> Result<T, S3Error>
    where
        F: Future<Output = Result<T, Refusal>>,
    {
        let limits = (at_once, self.attempts);
        let (result, _) = self.limited(limits, (action, at), call).await;
        result.map_err(|refusal| S3Error::new(action, at, refusal))
    }

    /// Makes a call again where that may help, and says whether one of the calls that failed may have been done all the same.
    pub(super) async fn counted<T, F>(
        &self,
        attempts: u32,
        what: (&'static str, &Location),
        call: impl Fn() -> F,
    ) -> (Result<T, Refusal>, bool)
    where
        F: Future<Output = Result<T, Refusal>>,
    {
        let limits = (&self.limits.requests, attempts);
        self.limited(limits, what, call).await
    }

    /// The same, with so many under way at once as a semaphore lets.
    async fn limited<T, F>(
        &self,
        (at_once, attempts): (&Semaphore, u32),
        what: (&'static str, &Location),
        call: impl Fn() -> F,
    ) -> (Result<T, Refusal>, bool)
    where
        F: Future<Output = Result<T, Refusal>>,
    {
        let mut doubtful = false;
        let mut failures = 0;
        loop {
            let permit = at_once.acquire().await;
            let result = self.patiently(what, call()).await;
            drop(permit);
            match result {
                Err(refusal) if refusal.fault.passes() => {
                    doubtful |= refusal.fault != Fault::Throttled;
                    failures += 1;
                    if failures >= attempts {
                        return (Err(refusal), doubtful);
                    }
                    self.tell_again(what, &refusal, (failures, attempts));
                    tokio::time::sleep(pause(failures, refusal.fault)).await;
                }
                result => return (result, doubtful),
            }
        }
    }
}

/// How long to wait after so many failures: longer each time, and not as long as others who failed with us.
pub(super) fn pause(failures: u32, fault: Fault) -> Duration {
    // Who is told to slow down should.
    let base = if fault == Fault::Throttled {
        FIRST * 4
    } else {
        FIRST
    };
    let longest = base
        .saturating_mul(1 << failures.saturating_sub(1).min(16))
        .min(LONGEST);
    let random = u32::from(uuid::Uuid::new_v4().as_bytes()[0]);
    longest / 2 + longest / 2 * random / 255
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_have_an_end() {
        for failures in 1..40 {
            for fault in [Fault::Throttled, Fault::Unreachable] {
                let wait = pause(failures, fault);
                assert!(wait >= FIRST / 2 && wait <= LONGEST, "{wait:?}");
            }
        }
        assert!(pause(9, Fault::Unreachable) >= LONGEST / 2);
        assert!(pause(1, Fault::Unreachable) <= FIRST);
    }
}
