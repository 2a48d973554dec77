//! Places of attempts: as many attempts work at once as there are places.
//!
//! What starts is written to the disk first, and what ends is written before something else starts in its place: for commands that are over
//! in milliseconds that takes as long as they do. So while attempts are brief, more are started than there are places, and each of
//! these begins as soon as a place is free. One that finds none in time has not begun, and is started again later.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;

use crate::clock::Stopwatch;
use crate::engine::Outcome;
use crate::exec::Cancel;

/// What takes no longer is brief.
const BRIEF: Duration = Duration::from_millis(50);

/// After so many brief attempts, one after the other, others are started ahead.
const ENOUGH: usize = 32;

/// So long an attempt that was started ahead waits for a place.
const PATIENCE: Duration = Duration::from_millis(100);

/// The places of a runner.
#[derive(Debug)]
pub(super) struct Places {
    number: usize,
    free: Arc<Semaphore>,
    /// How many of the last attempts were brief, one after the other.
    brief: usize,
}

impl Places {
    /// So many, all free.
    pub(super) fn new(number: usize) -> Self {
        Self {
            number,
            free: Arc::new(Semaphore::new(number.min(Semaphore::MAX_PERMITS))),
            brief: 0,
        }
    }

    /// A place for an attempt that is to start.
    pub(super) fn take(&self) -> Place {
        match Arc::clone(&self.free).try_acquire_owned() {
            Ok(permit) => Place::Taken(Some(permit)),
            Err(_) if self.is_ahead() => Place::Next(Arc::clone(&self.free)),
            // Its place is that of one that was given up, and has not ended yet.
            Err(_) => Place::Taken(None),
        }
    }

    /// An attempt has ended that had a place for so long; `None`: it had none. Answers how many attempts may be under way from now on, if that
    /// changes.
    pub(super) fn ended(&mut self, took: Option<Duration>) -> Option<usize> {
        let was_ahead = self.is_ahead();
        self.brief = match took {
            Some(took) if took < BRIEF => self.brief.saturating_add(1),
            _ => 0,
        };
        let number = if self.is_ahead() {
            self.number.saturating_mul(2)
        } else {
            self.number
        };
        (self.is_ahead() != was_ahead).then_some(number)
    }

    fn is_ahead(&self) -> bool {
        self.brief >= ENOUGH
    }
}

/// What an attempt waits for before it begins.
#[derive(Debug)]
pub(super) enum Place {
    /// Nothing.
    Taken(Option<OwnedSemaphorePermit>),
    /// The next place that is free.
    Next(Arc<Semaphore>),
}

impl Place {
    /// A place of an attempt that needs none.
    pub(super) fn elsewhere() -> Self {
        Self::Taken(None)
    }

    /// Waits until the attempt may begin. Otherwise it answers what has become of it.
    pub(super) async fn begin(self, cancel: &Cancel) -> Result<Begun, Outcome> {
        let place = match self {
            Self::Taken(place) => place,
            Self::Next(free) => tokio::select! {
                place = tokio::time::timeout(PATIENCE, free.acquire_owned()) => match place {
                    Ok(Ok(place)) => Some(place),
                    Ok(Err(_)) | Err(_) => return Err(Outcome::NotBegun),
                },
                () = cancel.cancelled() => return Err(Outcome::Killed),
            },
        };
        Ok(Begun {
            place,
            since: Stopwatch::start(),
        })
    }
}

/// An attempt that has begun.
#[derive(Debug)]
pub(super) struct Begun {
    place: Option<OwnedSemaphorePermit>,
    since: Stopwatch,
}

impl Begun {
    /// It is over: its place is free. Answers how long it had one.
    pub(super) fn end(self) -> Option<Duration> {
        self.place.map(|_| self.since.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::BRIEF;
    use super::Begun;
    use super::ENOUGH;
    use super::Place;
    use super::Places;
    use crate::engine::Outcome;
    use crate::exec::Cancel;

    fn run<T>(test: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(test)
    }

    async fn begin(place: Place) -> Result<Begun, Outcome> {
        place.begin(&Cancel::new()).await
    }

    fn brief(places: &mut Places, number: usize) -> Option<usize> {
        let brief = (0..number).map(|_| places.ended(Some(Duration::from_millis(1))));
        brief.last().flatten()
    }

    #[test]
    fn others_are_started_ahead_while_attempts_are_brief() {
        let mut places = Places::new(3);
        assert_eq!(brief(&mut places, ENOUGH - 1), None);
        assert_eq!(brief(&mut places, 1), Some(6));
        assert_eq!(brief(&mut places, 100), None, "it stays so");
        assert_eq!(places.ended(Some(BRIEF)), Some(3), "one takes its time");
        assert_eq!(brief(&mut places, ENOUGH), Some(6));
        assert_eq!(places.ended(None), Some(3), "one has found no place");
    }

    #[test]
    fn what_is_started_ahead_begins_when_a_place_is_free() {
        run(async {
            let mut places = Places::new(1);
            brief(&mut places, ENOUGH);
            let first = begin(places.take()).await.unwrap();
            let waits = places.take();
            assert!(matches!(waits, Place::Next(_)));
            let (begun, ended) = tokio::join!(begin(waits), async { first.end() });
            assert!(ended.is_some());
            let begun = begun.unwrap();
            let in_vain = begin(places.take()).await;
            assert_eq!(in_vain.unwrap_err(), Outcome::NotBegun);
            begun.end();
            assert!(matches!(places.take(), Place::Taken(Some(_))));
        });
    }

    #[test]
    fn what_is_not_started_ahead_does_not_wait() {
        let places = Places::new(1);
        let first = places.take();
        assert!(matches!(first, Place::Taken(Some(_))));
        assert!(matches!(places.take(), Place::Taken(None)));
        drop(first);
        assert!(matches!(places.take(), Place::Taken(Some(_))));
    }

    #[test]
    fn what_waits_can_be_given_up() {
        run(async {
            let mut places = Places::new(1);
            brief(&mut places, ENOUGH);
            let _first = begin(places.take()).await.unwrap();
            let cancel = Cancel::new();
            let (begun, ()) = tokio::join!(places.take().begin(&cancel), async { cancel.cancel() });
            assert_eq!(begun.unwrap_err(), Outcome::Killed);
        });
    }
}
