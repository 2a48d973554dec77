//! How long policies have been asked, as their evaluation sees it. Nothing here reads a clock: whoever waits says that time passes.

use std::sync::OnceLock;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use regorus::utils::limits::TimeSource;
use regorus::utils::limits::set_time_source;

/// In milliseconds. Written by who waits, read by the evaluation.
struct Passed(AtomicU64);

static PASSED: Passed = Passed(AtomicU64::new(0));

impl TimeSource for Passed {
    fn now(&self) -> Option<Duration> {
        Some(Duration::from_millis(self.0.load(Ordering::Relaxed)))
    }
}

/// Says that time has passed.
pub fn time_passes(by: Duration) {
    let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
    PASSED.0.fetch_add(by, Ordering::Relaxed);
}

/// Makes it the time of evaluations, once in a process.
pub(super) fn install() {
    static INSTALLED: OnceLock<bool> = OnceLock::new();
    INSTALLED.get_or_init(|| set_time_source(&PASSED).is_ok());
}
