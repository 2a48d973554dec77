//! How long, and how often, EMR is asked again: for what may pass, and for what may come to be seen only a moment after it was made.

use std::time::Duration;

use tokio::sync::watch;

use super::tenancy::Orders;
use super::watching::jittered;
use crate::clock::Stopwatch;
use crate::connect::aws::AwsError;

/// The first pause before a call is made again, and the longest one where nobody says another.
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);

/// How long after it was made a call may still come to something that is not seen yet.
const GRACE: Duration = Duration::from_secs(10);

/// How often a call is made to end a cluster while the runner ends, too.
pub(super) const LAST_CALLS: u32 = 5;

/// Whether the same call may go well a moment later.
pub(super) const fn is_passing(error: &AwsError) -> bool {
    matches!(error, AwsError::Throttled(_) | AwsError::Unreachable(_))
}

/// Pauses between calls that do not go well: each is twice as long as the one before, up to the longest.
#[derive(Debug)]
pub(super) struct Pauses {
    next: Duration,
    longest: Duration,
    taken: u32,
}

impl Pauses {
    pub(super) const fn new() -> Self {
        Self::up_to(LONGEST)
    }

    /// With another longest one.
    pub(super) const fn up_to(longest: Duration) -> Self {
        Self {
            next: FIRST,
            longest,
            taken: 0,
        }
    }

    /// How long the next one is; then comes a longer one.
    fn take(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(self.longest);
        self.taken += 1;
        pause
    }

    /// Waits, a little more than is said. Gives what was said.
    pub(super) async fn rest(&mut self) -> Duration {
        let pause = self.take();
        tokio::time::sleep(jittered(pause)).await;
        pause
    }

    /// After a call that did not go well. Whether it is to be made again; then it is time for it. While the runner ends, it is made a
    /// few times only.
    pub(super) async fn again(&mut self, orders: &watch::Receiver<Orders>) -> bool {
        if orders.borrow().hurry && self.taken + 1 >= LAST_CALLS {
            return false;
        }
        self.rest().await;
        true
    }
}

/// Looks for what a call that was made just now may have made. It may come to be seen a moment later, so that only a look after that
/// says that there is nothing.
pub(super) async fn until_seen<T, E, L>(mut look: impl FnMut() -> L) -> Result<Option<T>, E>
where
    L: Future<Output = Result<Option<T>, E>>,
{
    let began = Stopwatch::start();
    loop {
        let waited = began.elapsed();
        let seen = look().await?;
        if seen.is_some() || waited > GRACE {
            return Ok(seen);
        }
        tokio::time::sleep(jittered(FIRST)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_passes_is_asked_again() {
        let text = || "x".to_owned();
        for (error, passes) in [
            (AwsError::Throttled(text()), true),
            (AwsError::Unreachable(text()), true),
            (AwsError::Service(text()), false),
            (AwsError::Refused(text()), false),
        ] {
            assert_eq!(is_passing(&error), passes, "{error}");
        }
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let mut pauses = Pauses::up_to(Duration::from_secs(2));
        let taken = [pauses.take(), pauses.take(), pauses.take(), pauses.take()];
        assert_eq!(
            taken.map(|pause| pause.as_millis()),
            [500, 1000, 2000, 2000]
        );
    }
}
