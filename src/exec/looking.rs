//! Asking whether things at AWS are there, for many at once.
//!
//! When many instances look for the same thing at the same time, it is asked once, and all of them hear the answer. Only so many
//! questions are under way at once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use tokio::sync::OnceCell;
use tokio::sync::Semaphore;
use tokio::sync::SemaphorePermit;

use super::Cancel;
use super::Held;
use super::dynamodb_data_exists;
use super::dynamodb_data_exists::DynamoDbDataExists;
use super::dynamodb_table_exists;
use super::dynamodb_table_exists::DynamoDbTableExists;
use super::s3_key_exists;
use super::s3_key_exists::S3KeyExists;
use super::s3_prefix_not_empty;
use super::s3_prefix_not_empty::S3PrefixNotEmpty;
use crate::connect::aws::AwsError;
use crate::connect::aws::Sessions;

/// How many questions are under way at once.
const AT_ONCE: usize = 32;

/// How many commands that check something run at once.
const COMMANDS: usize = 16;

/// Something at AWS that may be there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thing {
    /// `precondition "s3_key_exists"`, and a data node that is one object.
    Key(S3KeyExists),
    /// `precondition "s3_prefix_not_empty"`, and a data node that is all below a prefix.
    Prefix(S3PrefixNotEmpty),
    /// `precondition "dynamodb_table_exists"`, and a data node that is a table.
    Table(DynamoDbTableExists),
    /// `precondition "dynamodb_data_exists"`.
    Data(DynamoDbDataExists),
}

/// Questions under way, shared by all that ask. A clone is the same.
#[derive(Clone, Debug)]
pub struct Looking(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    places: Semaphore,
    asked: Mutex<BTreeMap<Thing, Arc<OnceCell<Held>>>>,
    commands: Semaphore,
}

impl Default for Looking {
    fn default() -> Self {
        Self(Arc::new(Shared {
            places: Semaphore::new(AT_ONCE),
            asked: Mutex::default(),
            commands: Semaphore::new(COMMANDS),
        }))
    }
}

impl Looking {
    /// Whether a thing is there: asked now, or heard from somebody who asks already.
    pub(super) async fn look(&self, thing: &Thing, aws: &Sessions) -> Held {
        self.once(thing, || async {
            let _place = self.0.places.acquire().await;
            ask(thing, aws).await
        })
        .await
    }

    /// Waits until a command that checks something may run. `None`: it is not wanted any more.
    pub(super) async fn place_of_command(&self, cancel: &Cancel) -> Option<SemaphorePermit<'_>> {
        tokio::select! {
            place = self.0.commands.acquire() => place.ok(),
            () = cancel.cancelled() => None,
        }
    }

    /// The answer for a thing: that of who has asked already and not heard yet, else a new one.
    async fn once<F: Future<Output = Held>>(&self, thing: &Thing, ask: impl FnOnce() -> F) -> Held {
        let cell = Arc::clone(self.asked().entry(thing.clone()).or_default());
        let answer = cell.get_or_init(ask).await.clone();
        // Who asks from now on wants to know how it is then.
        let mut asked = self.asked();
        if asked
            .get(thing)
            .is_some_and(|known| Arc::ptr_eq(known, &cell))
        {
            asked.remove(thing);
        }
        answer
    }

    fn asked(&self) -> MutexGuard<'_, BTreeMap<Thing, Arc<OnceCell<Held>>>> {
        self.0.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn ask(thing: &Thing, aws: &Sessions) -> Held {
    let said = |error: AwsError| error.to_string();
    let answer = match thing {
        Thing::Key(wanted) => s3_key_exists::check(wanted, aws).await,
        Thing::Prefix(wanted) => s3_prefix_not_empty::check(wanted, aws).await,
        Thing::Table(wanted) => dynamodb_table_exists::check(wanted, aws)
            .await
            .map_err(said),
        Thing::Data(wanted) => dynamodb_data_exists::check(wanted, aws).await.map_err(said),
    };
    answer.unwrap_or_else(Held::Error)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn what_many_look_for_at_once_is_asked_once() {
        let thing = |key: &str| {
            Thing::Key(S3KeyExists {
                aws: crate::connect::aws::Settings::default(),
                object: crate::connect::s3::Location::parse(&format!("s3://b/{key}")).unwrap(),
            })
        };
        let looking = Looking::default();
        let asked = Cell::new(0);
        let look = async |key: &str| {
            let ask = || async {
                asked.set(asked.get() + 1);
                tokio::time::sleep(Duration::from_millis(20)).await;
                Held::NotYet(format!("{} was asked", asked.get()))
            };
            looking.once(&thing(key), ask).await
        };
        let (one, two, other) = tokio::join!(look("k"), look("k"), look("l"));
        assert_eq!(one, two);
        assert_ne!(one, Held::Held);
        assert_eq!((asked.get(), other), (2, one), "one more for the other key");
        look("k").await;
        assert_eq!(asked.get(), 3, "later it is asked again");
        assert!(looking.asked().is_empty());
    }
}
