//! Telling that S3 keeps somebody waiting: an answer that does not come, a call that is made again.
//!
//! A copy that waits looks like one that hangs. Who is told writes it into the log of the attempt; what many calls meet at the same
//! time is told once.

use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use super::Endpoint;
use super::Location;
use super::Refusal;
use crate::clock::Stopwatch;

/// How long after something was told the next thing is.
const PAUSE: Duration = Duration::from_secs(10);

/// Told of what keeps S3 from answering, now and then.
#[derive(Clone)]
pub struct OnTrouble(Arc<Telling>);

struct Telling {
    /// How long an answer may take before that is told.
    quiet: Duration,
    /// How long after something was told the next thing is.
    pause: Duration,
    tell: Box<dyn Fn(&str) + Send + Sync>,
    last: Mutex<Option<Stopwatch>>,
}

impl fmt::Debug for OnTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnTrouble")
    }
}

impl OnTrouble {
    /// What is called with a sentence; also when an answer takes so long.
    pub fn new(quiet: Duration, tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self::every(PAUSE, quiet, tell)
    }

    fn every(
        pause: Duration,
        quiet: Duration,
        tell: impl Fn(&str) + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Telling {
            quiet,
            pause,
            tell: Box::new(tell),
            last: Mutex::default(),
        }))
    }

    fn tell(&self, text: impl FnOnce() -> String) {
        let mut last = self.0.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_none_or(|last| last.elapsed() >= self.0.pause) {
            *last = Some(Stopwatch::start());
            (self.0.tell)(&text());
        }
    }
}

impl Endpoint {
    /// The same endpoint, which tells of its troubles.
    #[must_use]
    pub fn telling(mut self, on_trouble: Option<OnTrouble>) -> Self {
        self.on_trouble = on_trouble;
        self
    }

    /// Waits for an answer, and tells when it takes long.
    pub(super) async fn patiently<T>(
        &self,
        (action, at): (&str, &Location),
        call: impl Future<Output = T>,
    ) -> T {
        let Some(on_trouble) = &self.on_trouble else {
            return call.await;
        };
        let mut call = std::pin::pin!(call);
        let mut waited = Duration::ZERO;
        loop {
            if let Ok(answer) = tokio::time::timeout(on_trouble.0.quiet, &mut call).await {
                return answer;
            }
            waited += on_trouble.0.quiet;
            on_trouble.tell(|| {
                let seconds = waited.as_secs();
                format!(
                    "S3 has not answered for {seconds} seconds; it was asked to {action} `{at}`"
                )
            });
        }
    }

    /// Tells that a call is made again, and why.
    pub(super) fn tell_again(
        &self,
        (action, at): (&str, &Location),
        refusal: &Refusal,
        (failures, attempts): (u32, u32),
    ) {
        if let Some(on_trouble) = &self.on_trouble {
            on_trouble.tell(|| {
                let reason = refusal.reason.trim_end_matches('.');
                format!("cannot {action} `{at}` yet, in try {failures} of {attempts}: {reason}; it is tried again")
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told of three troubles that come one after the other.
    fn told(pause: Duration) -> Vec<String> {
        let told = Arc::new(Mutex::new(Vec::new()));
        let on_trouble = OnTrouble::every(pause, Duration::ZERO, {
            let told = Arc::clone(&told);
            move |text| told.lock().unwrap().push(text.to_owned())
        });
        for number in 0..3 {
            on_trouble.tell(|| number.to_string());
        }
        told.lock().unwrap().clone()
    }

    #[test]
    fn what_many_meet_at_once_is_told_once_and_again_later() {
        assert_eq!(told(PAUSE), ["0"]);
        assert_eq!(told(Duration::ZERO), ["0", "1", "2"]);
    }
}
