//! S3 in plain values: listings as streams, downloads and uploads in parallel parts, copies by the service, prefixes with a manifest.
//!
//! An [`Endpoint`] is S3 as some credentials reach it. It decides what `connect/aws/s3.rs`, which makes the calls, does not: what is
//! tried again, what is split, how much is under way at once, and what is removed when something fails. It knows no type of the SDK.

mod blocking;
mod copy;
mod delete;
mod error;
mod get;
mod list;
mod put;
mod retry;
mod trouble;
mod types;

pub use blocking::Reader;
pub use blocking::Writer;
pub use error::S3Error;
pub use get::Known;
pub use get::Pieces;
pub use list::Data;
pub use list::Listing;
pub use put::Source;
pub use put::Target;
pub use trouble::OnTrouble;
pub use types::Checksum;
pub use types::Encryption;
pub use types::Fault;
pub use types::Head;
pub use types::Labels;
pub use types::Listed;
pub use types::Location;
pub use types::Page;
pub use types::Part;
pub use types::Pending;
pub use types::PendingPage;
pub use types::Refusal;
pub use types::Span;
pub use types::spans;

use std::collections::BTreeSet;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use tokio::sync::Semaphore;

use super::aws::s3::Calls;

/// How many requests are under way at once.
const REQUESTS: usize = 64;

/// How many copies the service makes at once: each takes it some time, and nothing here.
pub const COPIES: usize = 128;

/// How many ranges of large objects are read at once, of all objects together, for each processor, and at least. More than a processor
/// takes in would only lie in memory, and push each other out of its caches.
const RANGES_EACH: usize = 8;
const RANGES_AT_LEAST: usize = 16;

/// How many bytes that wait to be sent, or to be written to a file, are kept in memory at once, in units.
const KEPT: usize = 96 * 1024 * 1024 / UNIT;

/// In what units these are counted.
const UNIT: usize = 64 * 1024;

/// The size of parts, unless an object is so large that there would be too many.
pub const PART: u64 = 8 * 1024 * 1024;

/// How many parts an object may have.
const MOST_PARTS: u64 = 10_000;

/// S3 as some credentials reach it. Clones share connections and limits.
#[derive(Clone, Debug)]
pub struct Endpoint {
    calls: Calls,
    limits: Arc<Limits>,
    /// How often a call is made at most.
    attempts: u32,
    on_trouble: Option<OnTrouble>,
}

/// What is under way at once.
#[derive(Debug)]
struct Limits {
    requests: Semaphore,
    /// What the service does alone. Nothing of it comes or goes here, so that more of it is under way at once.
    copies: Semaphore,
    ranges: Semaphore,
    kept: Arc<Semaphore>,
    /// The ids of uploads in parts that are under way here, and are no leftovers.
    uploads: Mutex<BTreeSet<String>>,
}

/// Called with how many bytes have been moved since.
#[derive(Clone)]
pub struct OnBytes(pub Arc<dyn Fn(u64) + Send + Sync>);

impl fmt::Debug for OnBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnBytes")
    }
}

impl OnBytes {
    /// Tells of some.
    pub fn tell(&self, count: u64) {
        (self.0)(count);
    }
}

impl Endpoint {
    /// S3 through these calls.
    pub fn new(calls: Calls) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let limits = Limits {
            requests: Semaphore::new(REQUESTS),
            copies: Semaphore::new(COPIES),
            ranges: Semaphore::new(ranges_at_once(processors)),
            kept: Arc::new(Semaphore::new(KEPT)),
            uploads: Mutex::default(),
        };
        Self {
            calls,
            limits: Arc::new(limits),
            attempts: retry::ATTEMPTS,
            on_trouble: None,
        }
    }

    /// The ids of the uploads in parts that are under way here.
    fn under_way(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        let uploads = self.limits.uploads.lock();
        uploads.unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of an object.
    pub async fn head(&self, at: &Location) -> Result<Head, S3Error> {
        let head = self.tried("look at", at, || self.calls.head(at)).await;
        let Err(mut error) = head else {
            return head;
        };
        let silent = error.fault == Fault::Invalid && error.reason.starts_with("HTTP status");
        if silent || error.fault == Fault::NotAllowed {
            // An answer to HEAD has no text: one to GET says why.
            let first = Span { from: 0, to: 1 };
            if let Err(refusal) = self.calls.get(at, Some(first), None).await
                && [error.fault, Fault::NotAllowed].contains(&refusal.fault)
            {
                // Of credentials that are over HEAD says no more than that the request is wrong.
                error.fault = refusal.fault;
                error.reason = refusal.reason;
            }
        }
        Err(error)
    }

    /// What is known of an object that has to be there. If it is not, the error says whether its bucket is.
    pub async fn existing(&self, at: &Location) -> Result<Head, S3Error> {
        match self.head(at).await {
            Err(error) if error.fault == Fault::NoKey => {
                // An answer to HEAD does not say which is missing.
                self.bucket(at).await?;
                Err(error)
            }
            head => head,
        }
    }

    /// Whether there is an object. That it cannot be said is an error: not allowed is not "not there".
    pub async fn exists(&self, at: &Location) -> Result<bool, S3Error> {
        match self.head(at).await {
            Ok(_) => Ok(true),
            // A missing bucket looks like a missing key, because an answer to HEAD has no text.
            Err(error) if error.fault == Fault::NoKey => {
                self.bucket(at).await?;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// An error unless the bucket of a place is there, and what lies at the place may be listed.
    pub async fn bucket(&self, at: &Location) -> Result<(), S3Error> {
        // The bucket itself may not be looked at by who may list some of it only.
        let listed = self.tried("look at", at, || self.calls.list(at, None, 1));
        listed.await.map(drop).map_err(|mut error| {
            if error.fault == Fault::NoKey {
                error.fault = Fault::NoBucket;
            }
            error
        })
    }
}

/// How many ranges are read at once on so many processors.
fn ranges_at_once(processors: usize) -> usize {
    processors
        .saturating_mul(RANGES_EACH)
        .clamp(RANGES_AT_LEAST, REQUESTS)
}

/// The size of the parts of an object: as small as may be.
fn part_size(size: u64) -> u64 {
    const MIB: u64 = 1024 * 1024;
    size.div_ceil(MOST_PARTS)
        .div_ceil(MIB)
        .saturating_mul(MIB)
        .max(PART)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_at_once_as_processors_take_them_in() {
        for (processors, wanted) in [(1, 16), (2, 16), (4, 32), (8, 64), (64, 64)] {
            assert_eq!(ranges_at_once(processors), wanted, "{processors}");
        }
    }

    #[test]
    fn an_object_of_any_size_has_not_too_many_parts() {
        for size in [1, PART, 80 << 30, 100 << 30, 5 << 40] {
            let part = part_size(size);
            assert!(part >= PART && size.div_ceil(part) <= MOST_PARTS, "{size}");
        }
        assert_eq!(part_size(50 << 30), PART);
    }
}
