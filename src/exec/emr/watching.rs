//! Looking how it is with clusters and steps, for all that want to know, together.
//!
//! Who wants to know registers and is told what changes. One task for each way to reach EMR asks in rounds: once for all clusters that
//! are alive, and once for the steps of each cluster. Rounds are close to each other while things change, and rarer the longer nothing
//! does; when EMR says that there are too many calls, they are rarer still.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::connect::aws::AwsError;
use crate::connect::aws::Session;
use crate::connect::aws::Sessions;
use crate::connect::aws::Settings;
use crate::connect::aws::emr;
use crate::connect::aws::emr::Seen;
use crate::connect::aws::emr::StepSeen;

/// The pause between rounds while something changes.
const SHORTEST: Duration = Duration::from_millis(500);

/// The longest one while nothing does.
const LONGEST: Duration = Duration::from_secs(15);

/// The longest one while EMR says that there are too many calls.
const LONGEST_OF_ALL: Duration = Duration::from_mins(2);

/// What is known of a cluster or a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Look<T> {
    /// What EMR said last.
    pub(super) seen: Option<T>,
    /// There is no such thing.
    pub(super) gone: bool,
    /// Why it could not be asked the last time.
    pub(super) problem: Option<AwsError>,
}

impl<T> Look<T> {
    const fn nothing() -> Self {
        Self {
            seen: None,
            gone: false,
            problem: None,
        }
    }

    fn seen(seen: T) -> Self {
        Self {
            seen: Some(seen),
            ..Self::nothing()
        }
    }

    fn gone() -> Self {
        Self {
            gone: true,
            ..Self::nothing()
        }
    }
}

/// The steps of clusters.
type Steps = BTreeMap<String, Vec<String>>;

type Looks<K, T> = BTreeMap<K, watch::Sender<Look<T>>>;

/// Looks at clusters and steps; a clone is the same.
#[derive(Clone, Debug, Default)]
pub struct Watching(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    rounds: Mutex<BTreeMap<Settings, Arc<Round>>>,
    /// They end with the last who might want to know.
    tasks: Mutex<JoinSet<()>>,
}

/// What is looked at in one way to reach EMR.
#[derive(Debug, Default)]
struct Round {
    wanted: Mutex<Wanted>,
    /// Somebody wants to know more.
    more: Notify,
}

#[derive(Debug, Default)]
struct Wanted {
    clusters: Looks<String, Seen>,
    /// By cluster and step.
    steps: Looks<(String, String), StepSeen>,
    /// Whether a task goes round.
    is_asked: bool,
}

impl Watching {
    /// How it is with a cluster, from now on.
    pub(super) fn cluster(
        &self,
        (aws, settings): (&Sessions, &Settings),
        id: &str,
    ) -> watch::Receiver<Look<Seen>> {
        self.register((aws, settings), |wanted| {
            subscribe(&mut wanted.clusters, id.to_owned())
        })
    }

    /// How it is with a step, from now on.
    pub(super) fn step(
        &self,
        (aws, settings): (&Sessions, &Settings),
        cluster: &str,
        id: &str,
    ) -> watch::Receiver<Look<StepSeen>> {
        self.register((aws, settings), |wanted| {
            subscribe(&mut wanted.steps, (cluster.to_owned(), id.to_owned()))
        })
    }

    fn register<R>(
        &self,
        (aws, settings): (&Sessions, &Settings),
        subscribe: impl FnOnce(&mut Wanted) -> R,
    ) -> R {
        let round = Arc::clone(locked(&self.0.rounds).entry(settings.clone()).or_default());
        let mut wanted = locked(&round.wanted);
        let subscribed = subscribe(&mut wanted);
        if !wanted.is_asked {
            wanted.is_asked = true;
            let (round, aws, settings) = (Arc::clone(&round), aws.clone(), settings.clone());
            let mut tasks = locked(&self.0.tasks);
            while tasks.try_join_next().is_some() {}
            tasks.spawn(async move { round.go(&aws, &settings).await });
        }
        drop(wanted);
        round.more.notify_one();
        subscribed
    }
}

fn subscribe<K: Ord, T>(looks: &mut Looks<K, T>, key: K) -> watch::Receiver<Look<T>> {
    looks
        .entry(key)
        .or_insert_with(|| watch::Sender::new(Look::nothing()))
        .subscribe()
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Round {
    /// Asks until nobody wants to know anything any more.
    async fn go(&self, aws: &Sessions, settings: &Settings) {
        let mut pause = SHORTEST;
        loop {
            let Some((clusters, steps)) = self.wanted() else {
                return;
            };
            let asked = match aws.session(settings).await {
                Ok(session) => self.ask(&session, &clusters, &steps).await,
                Err(error) => Err(error),
            };
            pause = match asked {
                Ok(true) => SHORTEST,
                Ok(false) => longer(pause, LONGEST),
                Err(error) => {
                    let throttled = matches!(error, AwsError::Throttled(_));
                    self.tell_problem(&error);
                    longer(pause, if throttled { LONGEST_OF_ALL } else { LONGEST })
                }
            };
            tokio::select! {
                () = tokio::time::sleep(jittered(pause)) => {}
                () = self.more.notified() => {
                    // Those who come now hear soon, and those who come with them are asked for together.
                    tokio::time::sleep(jittered(SHORTEST)).await;
                }
            }
        }
    }

    /// What is wanted now: clusters, and the steps of each. `None`: nothing; then the task has ended.
    fn wanted(&self) -> Option<(BTreeSet<String>, Steps)> {
        let mut wanted = locked(&self.wanted);
        wanted.clusters.retain(|_, look| look.receiver_count() > 0);
        wanted.steps.retain(|_, look| look.receiver_count() > 0);
        wanted.is_asked = !(wanted.clusters.is_empty() && wanted.steps.is_empty());
        let mut steps = Steps::new();
        for (cluster, step) in wanted.steps.keys() {
            steps.entry(cluster.clone()).or_default().push(step.clone());
        }
        let clusters = wanted.clusters.keys().cloned().collect();
        wanted.is_asked.then_some((clusters, steps))
    }

    /// One round. Whether anything has changed.
    async fn ask(
        &self,
        session: &Session,
        clusters: &BTreeSet<String>,
        steps: &Steps,
    ) -> Result<bool, AwsError> {
        let mut changed = false;
        if !clusters.is_empty() {
            let alive = emr::alive(session).await?;
            let mut missing = clusters.clone();
            for seen in alive {
                missing.remove(&seen.id);
                let id = seen.id.clone();
                changed |= tell(&locked(&self.wanted).clusters, &id, Look::seen(seen));
            }
            for id in missing {
                let look = match emr::describe(session, &id).await? {
                    Some((seen, _)) => Look::seen(seen),
                    None => Look::gone(),
                };
                changed |= tell(&locked(&self.wanted).clusters, &id, look);
            }
        }
        for (cluster, ids) in steps {
            let found = emr::list_steps(session, cluster, ids).await?;
            let mut missing: BTreeSet<&String> = ids.iter().collect();
            for seen in found {
                missing.remove(&seen.id);
                let key = (cluster.clone(), seen.id.clone());
                changed |= tell(&locked(&self.wanted).steps, &key, Look::seen(seen));
            }
            for id in missing {
                let key = (cluster.clone(), id.clone());
                changed |= tell(&locked(&self.wanted).steps, &key, Look::gone());
            }
        }
        Ok(changed)
    }

    fn tell_problem(&self, error: &AwsError) {
        let wanted = locked(&self.wanted);
        for look in wanted.clusters.values() {
            note(look, error);
        }
        for look in wanted.steps.values() {
            note(look, error);
        }
    }
}

fn note<T>(look: &watch::Sender<Look<T>>, error: &AwsError) {
    look.send_if_modified(|look| {
        let news = look.problem.as_ref() != Some(error);
        look.problem = Some(error.clone());
        news
    });
}

fn tell<K: Ord, T: PartialEq>(looks: &Looks<K, T>, key: &K, look: Look<T>) -> bool {
    let Some(known) = looks.get(key) else {
        return false;
    };
    known.send_if_modified(|known| {
        let news = *known != look;
        *known = look;
        news
    })
}

fn longer(pause: Duration, longest: Duration) -> Duration {
    if pause >= longest {
        return longest;
    }
    (pause * 3 / 2).min(longest)
}

/// A pause, and up to a quarter more, so that runners that began together do not go on together.
pub(super) fn jittered(pause: Duration) -> Duration {
    let random = uuid::Uuid::new_v4().as_bytes()[0];
    pause + pause * u32::from(random) / 1024
}
