//! Removing what has finished long ago, where a `retain` says so: logs first, then rows, a batch at a time.
//!
//! Apart from the loop because nothing depends on it: a runner that is killed in between removes the rest the next time.

use jiff::SignedDuration;
use jiff::Timestamp;

use super::RuntimeError;
use super::driver::Runner;
use super::logs;

/// How many instances one batch removes: the write lock is held for some milliseconds.
const BATCH: usize = 250;

/// How many batches a runner removes before it ends. The next one goes on.
const BEFORE_THE_END: usize = 400;

/// Between two batches, so that work is not held up.
const PAUSE: SignedDuration = SignedDuration::from_millis(100);

/// How often it is looked whether there is something to remove.
const INTERVAL: SignedDuration = SignedDuration::from_secs(30);

impl Runner<'_> {
    /// Removes one batch if it is time to.
    pub(super) fn clean_up(&mut self, now: Timestamp) -> Result<(), RuntimeError> {
        if self.clean_at > now {
            return Ok(());
        }
        let pause = if self.remove_batch(now)? {
            PAUSE
        } else {
            INTERVAL
        };
        self.clean_at = now.checked_add(pause).unwrap_or(Timestamp::MAX);
        Ok(())
    }

    /// Removes what there is to remove when everything else is done.
    pub(super) fn clean_up_at_the_end(&mut self) -> Result<(), RuntimeError> {
        let now = self.clock.now();
        for _ in 0..BEFORE_THE_END {
            if !self.remove_batch(now)? {
                break;
            }
        }
        Ok(())
    }

    /// Removes one batch; whether there was one. Logs go first: what has no row would not be found again.
    fn remove_batch(&mut self, now: Timestamp) -> Result<bool, RuntimeError> {
        let Some(expired) = self.store.expired(now, BATCH)? else {
            return Ok(false);
        };
        for (key, _) in &expired.instances {
            if let Err(error) = logs::remove_logs(&self.options.logs, key) {
                let directory = logs::log_directory(&self.options.logs, key);
                self.warn(format!(
                    "The logs in `{}` cannot be removed: {error}",
                    directory.display()
                ));
            }
        }
        self.store.remove(&self.lease, &expired)?;
        Ok(true)
    }
}
