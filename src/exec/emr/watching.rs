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

use crate::clock::Stopwatch;
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

/// How long, and how often, EMR has to say that it knows of no such cluster or step until that is believed: it says the same of a cluster of
/// another region or account, and of a step that was added just now.
const GONE_AFTER: Duration = Duration::from_mins(1);
const GONE_LOOKS: u32 = 3;

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

/// Since when EMR does not know something, and how often it said so.
type Absent<K> = BTreeMap<K, (Stopwatch, u32)>;

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
    /// The clusters, and the steps, that EMR does not know.
    absent: Absent<String>,
    absent_steps: Absent<(String, String)>,
    /// Whether a task goes round.
    is_asked: bool,
}

/// What came of a round.
#[derive(Debug, Default)]
struct Asked {
    /// Something has changed.
    changed: bool,
    /// There were too many calls.
    throttled: bool,
}

impl Asked {
    fn failed(&mut self, error: &AwsError) {
        self.throttled |= matches!(error, AwsError::Throttled(_));
    }
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
                Err(error) => {
                    self.tell_problem(&error);
                    Asked::default()
                }
            };
            pause = if asked.throttled {
                longer(pause, LONGEST_OF_ALL)
            } else if asked.changed {
                SHORTEST
            } else {
                longer(pause, LONGEST)
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
        let wanted = &mut *wanted;
        wanted.clusters.retain(|_, look| look.receiver_count() > 0);
        let clusters = &wanted.clusters;
        wanted.absent.retain(|id, _| clusters.contains_key(id));
        wanted.steps.retain(|_, look| look.receiver_count() > 0);
        let watched = &wanted.steps;
        wanted
            .absent_steps
            .retain(|key, _| watched.contains_key(key));
        wanted.is_asked = !(wanted.clusters.is_empty() && wanted.steps.is_empty());
        let mut steps = Steps::new();
        for (cluster, step) in wanted.steps.keys() {
            steps.entry(cluster.clone()).or_default().push(step.clone());
        }
        let clusters = wanted.clusters.keys().cloned().collect();
        wanted.is_asked.then_some((clusters, steps))
    }

    /// One round. What goes wrong with one cluster is told to those that wait for that one.
    async fn ask(&self, session: &Session, clusters: &BTreeSet<String>, steps: &Steps) -> Asked {
        let mut asked = Asked::default();
        if !clusters.is_empty() {
            self.ask_clusters(session, clusters, &mut asked).await;
        }
        for (cluster, ids) in steps {
            self.ask_steps(session, (cluster, ids), &mut asked).await;
        }
        asked
    }

    async fn ask_clusters(
        &self,
        session: &Session,
        clusters: &BTreeSet<String>,
        asked: &mut Asked,
    ) {
        let mut missing = clusters.clone();
        match emr::alive(session).await {
            Ok(alive) => {
                for seen in alive {
                    missing.remove(&seen.id);
                    let id = seen.id.clone();
                    asked.changed |= self.tell_cluster(&id, Some(seen));
                }
            }
            Err(error @ (AwsError::Throttled(_) | AwsError::Unreachable(_))) => {
                asked.failed(&error);
                for id in &missing {
                    self.note_cluster(id, &error);
                }
                return;
            }
            // Who may not list them may look at each nevertheless, and hears of that what is wrong.
            Err(_) => {}
        }
        for id in missing {
            match emr::describe(session, &id).await {
                Ok(found) => {
                    asked.changed |= self.tell_cluster(&id, found.map(|(seen, _)| seen));
                }
                Err(error) => {
                    asked.failed(&error);
                    self.note_cluster(&id, &error);
                }
            }
        }
    }

    async fn ask_steps(
        &self,
        session: &Session,
        (cluster, ids): (&String, &[String]),
        asked: &mut Asked,
    ) {
        let key = |id: &String| (cluster.clone(), id.clone());
        let found = match emr::list_steps(session, cluster, ids).await {
            Ok(found) => found,
            Err(error) => {
                asked.failed(&error);
                let wanted = locked(&self.wanted);
                let looks = ids.iter().filter_map(|id| wanted.steps.get(&key(id)));
                looks.for_each(|look| note(look, &error));
                return;
            }
        };
        let mut missing: BTreeSet<&String> = ids.iter().collect();
        for seen in found {
            missing.remove(&seen.id);
            asked.changed |= self.tell_step(&key(&seen.id), Some(seen));
        }
        for id in missing {
            asked.changed |= self.tell_step(&key(id), None);
        }
    }

    /// Tells how it is with a cluster; `None`: EMR knows of none. Whether that is new.
    fn tell_cluster(&self, id: &str, seen: Option<Seen>) -> bool {
        let mut wanted = locked(&self.wanted);
        let wanted = &mut *wanted;
        let id = id.to_owned();
        if let Some(seen) = seen {
            wanted.absent.remove(&id);
            return tell(&wanted.clusters, &id, Look::seen(seen));
        }
        if is_absent(&mut wanted.absent, &id) {
            return tell(&wanted.clusters, &id, Look::gone());
        }
        if let Some(look) = wanted.clusters.get(&id) {
            note(look, &unknown(&id));
        }
        false
    }

    /// Tells how it is with a step; `None`: EMR does not list it. Whether that is new.
    fn tell_step(&self, key: &(String, String), seen: Option<StepSeen>) -> bool {
        let mut wanted = locked(&self.wanted);
        let wanted = &mut *wanted;
        if let Some(seen) = seen {
            wanted.absent_steps.remove(key);
            return tell(&wanted.steps, key, Look::seen(seen));
        }
        is_absent(&mut wanted.absent_steps, key) && tell(&wanted.steps, key, Look::gone())
    }

    fn note_cluster(&self, id: &str, error: &AwsError) {
        if let Some(look) = locked(&self.wanted).clusters.get(id) {
            note(look, error);
        }
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

/// Takes in that EMR does not know something. Whether that is believed.
fn is_absent<K: Ord + Clone>(absent: &mut Absent<K>, key: &K) -> bool {
    let known = absent.entry(key.clone());
    let (since, looks) = known.or_insert_with(|| (Stopwatch::start(), 0));
    *looks += 1;
    is_gone(since.elapsed(), *looks)
}

/// Whether what EMR has not known for so long, and so often, is believed to be no more.
fn is_gone(waited: Duration, looks: u32) -> bool {
    waited >= GONE_AFTER && looks >= GONE_LOOKS
}

/// What is wrong with a cluster that EMR does not know, until it is believed to be no more.
fn unknown(id: &str) -> AwsError {
    AwsError::NotFound(format!(
        "EMR knows of no cluster {id} in this region and for these credentials. It is asked again for a minute"
    ))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connect::aws::emr::State;
    use crate::connect::aws::emr::StepState;

    fn seen(id: &str) -> Seen {
        Seen {
            id: id.to_owned(),
            name: "big".to_owned(),
            state: State::Running,
            reason: None,
            created_at: None,
            ready_at: None,
            ended_at: None,
            account: None,
        }
    }

    #[test]
    fn a_cluster_is_gone_when_that_was_said_for_long_and_more_than_once() {
        assert!(!is_gone(Duration::ZERO, 1));
        assert!(!is_gone(GONE_AFTER, GONE_LOOKS - 1));
        assert!(!is_gone(Duration::from_secs(59), 100));
        assert!(is_gone(GONE_AFTER, GONE_LOOKS));
    }

    #[test]
    fn a_cluster_that_is_not_known_is_a_problem_until_it_is_seen_again() {
        let round = Round::default();
        let look = subscribe(&mut locked(&round.wanted).clusters, "j-1".to_owned());
        assert!(!round.tell_cluster("j-1", None));
        let known = look.borrow().clone();
        assert!(!known.gone);
        assert!(matches!(known.problem, Some(AwsError::NotFound(_))));
        assert!(round.tell_cluster("j-1", Some(seen("j-1"))));
        let known = look.borrow().clone();
        assert_eq!((known.problem, known.seen), (None, Some(seen("j-1"))));
        assert!(locked(&round.wanted).absent.is_empty());
    }

    #[test]
    fn a_step_that_is_not_listed_yet_is_not_gone() {
        let round = Round::default();
        let key = ("j-1".to_owned(), "s-1".to_owned());
        let look = subscribe(&mut locked(&round.wanted).steps, key.clone());
        assert!(!round.tell_step(&key, None));
        assert_eq!(*look.borrow(), Look::nothing());
        let step = StepSeen {
            id: "s-1".to_owned(),
            name: "report".to_owned(),
            state: StepState::Running,
            reason: None,
            args: Vec::new(),
        };
        assert!(round.tell_step(&key, Some(step.clone())));
        assert_eq!(*look.borrow(), Look::seen(step));
        assert!(locked(&round.wanted).absent_steps.is_empty());
    }

    #[test]
    fn what_is_wrong_with_one_cluster_is_not_said_of_another() {
        let round = Round::default();
        let first = subscribe(&mut locked(&round.wanted).clusters, "j-1".to_owned());
        let second = subscribe(&mut locked(&round.wanted).clusters, "j-2".to_owned());
        let error = AwsError::Refused("no".to_owned());
        round.note_cluster("j-1", &error);
        assert_eq!(first.borrow().problem, Some(error));
        assert_eq!(second.borrow().problem, None);
    }
}
