//! Keeping the cluster of an interval: one task asks for it, minds it, asks for another one when it fails, and ends it when nothing
//! needs it any more.
//!
//! Before EMR is asked for a cluster, the record of that is in the state. So whoever comes after a runner that was killed knows that
//! there may be one, and finds it by its name and its tags. See the page on EMR of the book for what can happen when.

mod deadline;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::watch;

use deadline::Deadline;
use deadline::Loss;

use super::Cluster;
use super::calls;
use super::calls::Asked;
use super::patience::Pauses;
use super::record::Ledger;
use super::record::NEVER_MADE;
use super::record::Record;
use super::strays;
use super::tenancy::Orders;
use super::tenancy::Standing;
use super::watching::Look;
use super::watching::Watching;
use super::watching::jittered;
use crate::clock::Clock;
use crate::connect::aws::AwsError;
use crate::connect::aws::Sessions;
use crate::connect::aws::Settings;
use crate::connect::aws::emr::Group;
use crate::connect::aws::emr::Market;
use crate::connect::aws::emr::Seen;
use crate::objects::Address;

/// How long a cluster may take to be on its way to its end, after that was asked for, before it is asked for again.
const ENDING: Duration = Duration::from_secs(20);

/// Who keeps a cluster.
#[derive(Debug)]
pub struct Keeper {
    /// How AWS is reached.
    pub aws: Sessions,
    /// Looks how it is with clusters.
    pub watching: Watching,
    /// Writes into the state.
    pub ledger: Ledger,
    /// Of the state.
    pub lineage: String,
    /// Tells the time.
    pub clock: Clock,
    /// Those that work on it hear how it stands.
    pub standing: Arc<watch::Sender<Standing>>,
    /// They hear, too, how the cluster there is now is reached.
    pub reached: Arc<watch::Sender<Option<Settings>>>,
    /// What is asked of it.
    pub orders: watch::Receiver<Orders>,
}

/// How it ended with a cluster.
enum End {
    /// Nothing needed it any more, or nobody worked on it, when it had been asked for so often.
    Released(u64),
    /// One that was asked for by a runner before was not there.
    Missing,
    /// It was ended because its work failed, when it had been asked for so often.
    Ended(String, u64),
    /// It has failed; what that means, and how often it had been asked for.
    Broken(String, Loss, u64),
    /// The runner ends: what there is stays as it is.
    Left,
}

impl Keeper {
    /// Keeps the cluster of an interval until nothing needs it any more. `adopted`: one that a runner before has asked for. Gives how often
    /// a cluster had been asked for when it ended.
    pub async fn keep(mut self, adopted: Option<Record>) -> u64 {
        let (mut failures, mut heard, mut next) = (0, 0, adopted);
        let mut numbers = next.as_ref().map_or(0, |record| record.number);
        loop {
            let end = if let Some(record) = next.take() {
                Box::pin(self.one(record, None)).await
            } else {
                let Some((cluster, wishes)) = self.wished(heard).await else {
                    return self.orders.borrow().wishes;
                };
                heard = wishes;
                numbers += 1;
                let cluster = at_last(cluster, failures);
                Box::pin(self.anew(&cluster, numbers)).await
            };
            let wish = self.orders.borrow().wish.clone();
            match end {
                End::Left => return self.orders.borrow().wishes,
                End::Missing => {}
                End::Released(wishes) => {
                    heard = wishes;
                    self.standing.send_replace(Standing::Starting(
                        "another cluster is to be asked for".to_owned(),
                    ));
                }
                End::Ended(why, wishes) => {
                    heard = wishes;
                    self.standing.send_replace(Standing::Broken(why));
                }
                End::Broken(why, loss, wishes) => {
                    failures += 1;
                    heard = wishes;
                    let so_far = self.orders.borrow().wishes;
                    if self.goes_on(wish.as_deref(), (failures, &why), loss).await {
                        heard = heard.saturating_sub(1); // it is asked for still
                    } else if matches!(*self.standing.borrow(), Standing::GivenUp(_)) {
                        // All that have asked so far hear that; who asks after it has been told to try again.
                        (heard, failures) = (so_far, 0);
                    }
                }
            }
        }
    }

    /// What becomes of those that wait for a cluster that has failed. Whether another one is to be asked for at once.
    async fn goes_on(
        &mut self,
        wish: Option<&Cluster>,
        (failures, why): (u32, &str),
        loss: Loss,
    ) -> bool {
        let Some(terms) = wish.map(|cluster| &cluster.terms) else {
            return false; // nobody works on it
        };
        let tries = terms.tries;
        if loss == Loss::ForGood || failures >= tries {
            let text = if loss == Loss::ForGood || tries == 1 {
                why.to_owned()
            } else {
                format!("{why}; that was the last of {tries} clusters that are tried")
            };
            self.standing.send_replace(Standing::GivenUp(text));
            return false;
        }
        if loss == Loss::OfWork {
            self.standing.send_replace(Standing::Broken(why.to_owned()));
            return false;
        }
        let pause = pause(terms.retry_delay, terms.max_retry_delay, failures);
        self.standing.send_replace(Standing::Starting(format!(
            "{why}; another cluster is asked for in {pause:#} ({} of {tries})",
            failures + 1
        )));
        let pause = Duration::try_from(pause).unwrap_or_default();
        self.unless_released(tokio::time::sleep(jittered(pause)))
            .await
            .is_some()
    }

    /// Waits until a cluster is asked for once more. `None`: nothing needs one.
    async fn wished(&mut self, heard: u64) -> Option<(Arc<Cluster>, u64)> {
        let orders = self
            .orders
            .wait_for(|orders| !orders.needed || orders.wishes > heard)
            .await
            .ok()?;
        let wish = orders.wish.clone().filter(|_| orders.needed)?;
        Some((wish, orders.wishes))
    }

    /// Waits for something unless nothing needs the cluster any more; then `None`.
    async fn unless_released<T>(&mut self, of: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            done = of => Some(done),
            _ = self.orders.wait_for(|orders| !orders.needed) => None,
        }
    }

    /// One cluster that is asked for. Its record says in which region, so that whoever comes after looks there, too, whatever the
    /// environment says then.
    async fn anew(&mut self, cluster: &Cluster, number: u32) -> End {
        let mut record = Record::new(cluster, number, self.clock.now());
        match self.aws.session(&record.aws).await {
            Ok(session) => record.aws.region = Some(session.region().to_owned()),
            Err(error) => {
                let wishes = self.orders.borrow().wishes;
                let why = format!("EMR makes no cluster: {error}");
                record.failed = true;
                record.close(NEVER_MADE, Some(why.clone()), self.clock.now());
                let kept = self.ledger.write(&record).await;
                return if kept {
                    End::Broken(why, Loss::Unready, wishes)
                } else {
                    End::Left
                };
            }
        }
        if !self.ledger.write(&record).await {
            return End::Left;
        }
        Box::pin(self.one(record, Some(cluster))).await
    }

    /// One cluster from its record to its end. `cluster`: what it is, if it is to be asked for; else it was.
    async fn one(&mut self, mut record: Record, cluster: Option<&Cluster>) -> End {
        self.reached.send_replace(Some(record.aws.clone()));
        if let Some(why) = Box::pin(self.stop_orphans(&record)).await {
            let ended = Box::pin(self.end(record, Some(why))).await;
            // Nobody has worked on it since: who asks gets another one.
            return if ended { End::Missing } else { End::Left };
        }
        if record.id.is_none() {
            match self.get(&mut record, cluster).await {
                Ok(()) => {}
                Err(end) => return end,
            }
        }
        Box::pin(self.mind(record, cluster.is_none())).await
    }

    /// Asks for a cluster, or finds the one that was asked for.
    async fn get(&mut self, record: &mut Record, cluster: Option<&Cluster>) -> Result<(), End> {
        self.standing
            .send_replace(Standing::Starting(match cluster {
                Some(_) => "a cluster is asked for".to_owned(),
                None => "a cluster that was asked for is looked for".to_owned(),
            }));
        let say = |problem: &str| {
            self.standing.send_replace(Standing::Starting(format!(
                "a cluster that was asked for is looked for: {problem}"
            )));
        };
        // A call that has been made is not given up half-way: whether there is a cluster has to be known.
        let asked = match cluster {
            Some(cluster) => {
                let request = record.request(cluster, &self.lineage);
                calls::create(&self.aws, record, &request, (&self.orders, &say)).await
            }
            None => calls::find(&self.aws, record, (&self.orders, &say)).await,
        };
        let (closed, end) = match asked {
            Asked::There(id) => {
                record.id = Some(id);
                let kept = self.ledger.write(record).await;
                return if kept { Ok(()) } else { Err(End::Left) };
            }
            Asked::Left => return Err(End::Left),
            Asked::Missing => (None, End::Missing),
            Asked::Unneeded => {
                let wishes = self.orders.borrow().wishes;
                (None, End::Released(wishes))
            }
            Asked::Refused(why, for_good) => {
                let for_good = for_good && !cluster.is_some_and(changes);
                let (why, loss) = if for_good {
                    (refused(&record.key.object, &why), Loss::ForGood)
                } else {
                    (format!("EMR makes no cluster: {why}"), Loss::Unready)
                };
                let wishes = self.orders.borrow().wishes;
                (Some(why.clone()), End::Broken(why, loss, wishes))
            }
        };
        record.failed = matches!(end, End::Broken(..));
        record.close(NEVER_MADE, closed, self.clock.now());
        let kept = self.ledger.write(record).await;
        Err(if kept { end } else { End::Left })
    }

    /// Minds a cluster until it has ended. `adopted`: a runner before has asked for it. Nothing is decided of it until it is seen: it may have
    /// been ready, or have ended, when no runner was there.
    async fn mind(&mut self, mut record: Record, mut adopted: bool) -> End {
        let Some(id) = record.id.clone() else {
            return End::Left;
        };
        let settings = record.aws.clone();
        let mut look = self.watching.cluster((&self.aws, &settings), &id);
        loop {
            let known = look.borrow_and_update().clone();
            self.orders.mark_unchanged(); // what is asked for meanwhile is another round
            if let Some(end) = self.saw(&mut record, &known).await {
                if record.ended_at.is_some() {
                    self.end_others(&record, &id).await;
                }
                return match end {
                    // Nobody has worked on it since: who asks gets another one.
                    End::Broken(..) if adopted => End::Missing,
                    end => end,
                };
            }
            let seen = known.seen.is_some();
            let is_taken_over = adopted && seen; // no attempt of this runner has been on it
            adopted &= !seen;
            let deadline = Deadline::of(&record, self.clock.now()).filter(|_| seen);
            let orders = self.orders.borrow().clone();
            let wishes = orders.wishes;
            let (end, why) = if !orders.needed {
                (End::Released(wishes), None)
            } else if let Some((_, why)) = orders.end.filter(|(of, _)| *of == id) {
                (End::Ended(why.clone(), wishes), Some(why))
            } else if let Some(over) = deadline.as_ref().filter(|it| it.left.is_zero()) {
                let text = format!("cluster {id} was ended: {}", over.why);
                let end = if is_taken_over {
                    End::Missing
                } else {
                    self.overdue(text, over.loss, wishes)
                };
                (end, Some(over.why.clone()))
            } else {
                let left = deadline.map_or(Duration::from_hours(1), |it| it.left);
                tokio::select! {
                    // A look that is not told any more is that of a task that has panicked: the next round asks again.
                    changed = look.changed() => if changed.is_err() {
                        look = self.watching.cluster((&self.aws, &settings), &id);
                    },
                    changed = self.orders.changed() => if changed.is_err() {
                        return End::Left;
                    },
                    () = tokio::time::sleep(left) => {}
                }
                continue;
            };
            record.failed = matches!(end, End::Broken(..));
            let ended = self.end(record, why).await;
            return if ended { end } else { End::Left };
        }
    }

    /// Takes in what EMR says of a cluster. What it comes to, if it has ended by itself.
    async fn saw(&mut self, record: &mut Record, known: &Look<Seen>) -> Option<End> {
        let was_ready = record.ready_at.is_some();
        if let Some(why) = self.elsewhere(record, is_unknown(known)).await {
            return self.unseen(record, why).await;
        }
        let now = self.clock.now();
        if known.gone {
            record.close("GONE", Some("EMR knows of no such cluster".to_owned()), now);
        } else if let Some(seen) = &known.seen {
            if !record.see(seen, now) && !seen.state.is_ready() {
                return None;
            }
        } else {
            let id = record.id.as_deref().unwrap_or_default();
            let problem = known.problem.as_ref();
            let text = match problem {
                Some(problem) => format!("cluster {id}: {problem}"),
                None => format!("cluster {id}"),
            };
            self.standing.send_replace(Standing::Starting(text));
            return None;
        }
        let needed = self.orders.borrow().needed;
        // One that ends while nobody works on it, say because it was idle for long, has failed nobody.
        let is_used = needed && (!was_ready || self.standing.receiver_count() > 0);
        record.failed = record.ended_at.is_some() && is_used;
        if !self.ledger.write(record).await {
            return Some(End::Left);
        }
        let id = record.id.clone().unwrap_or_default();
        let reason = record.reason.as_deref().map(|why| format!(": {why}"));
        let reason = reason.unwrap_or_default();
        if record.ended_at.is_some() {
            let state = &record.state;
            let wishes = self.orders.borrow().wishes;
            let text = format!("cluster {id} is {state}{reason}");
            return Some(if is_used {
                End::Broken(text, Loss::after(was_ready), wishes)
            } else {
                End::Released(wishes)
            });
        }
        let standing = if known
            .seen
            .as_ref()
            .is_some_and(|seen| seen.state.is_ready())
        {
            Standing::Ready { id }
        } else {
            Standing::Starting(format!("cluster {id} is {}{reason}", record.state))
        };
        self.stand(standing);
        None
    }

    /// Tells how it stands, if that is new.
    fn stand(&self, standing: Standing) {
        self.standing.send_if_modified(|known| {
            let news = *known != standing;
            *known = standing;
            news
        });
    }

    /// Why EMR does not know a cluster, if it says so and that is because of the account. Such a cluster is not forgotten: it may be alive.
    async fn elsewhere(&self, record: &Record, unknown: bool) -> Option<String> {
        let account = record.account.as_deref().filter(|_| unknown)?;
        Box::pin(strays::elsewhere(&self.aws, &record.aws, Some(account))).await
    }

    /// Tells those that need a cluster of another account that it cannot be seen; no other one is made. What it comes to, if the runner ends.
    async fn unseen(&self, record: &mut Record, why: String) -> Option<End> {
        let id = record.id.as_deref().unwrap_or_default();
        let text = format!("cluster {id} cannot be seen: {why}");
        if !self.note(record, why).await {
            return Some(End::Left);
        }
        self.standing.send_replace(Standing::Broken(text));
        None
    }

    /// Writes into the state what is wrong with a cluster. Whether it is there now.
    async fn note(&self, record: &mut Record, problem: String) -> bool {
        if record.reason.as_ref() == Some(&problem) {
            return true;
        }
        record.reason = Some(problem);
        self.ledger.write(record).await
    }

    /// What it comes to that a cluster was there for too long. One that nobody works on then has failed nobody.
    fn overdue(&self, text: String, loss: Loss, wishes: u64) -> End {
        if loss == Loss::ForGood && self.standing.receiver_count() == 0 {
            return End::Released(wishes);
        }
        End::Broken(text, loss, wishes)
    }

    /// Ends a cluster, and stays until it is on its way to its end. Whether it is, and that is in the state.
    async fn end(&mut self, mut record: Record, why: Option<String>) -> bool {
        let id = record.id.clone().unwrap_or_default();
        let text = match &why {
            Some(why) => format!("cluster {id} is being ended: {why}"),
            None => format!("cluster {id} is being ended"),
        };
        self.standing.send_replace(Standing::Starting(text));
        loop {
            if !self.terminate(&mut record, &id).await {
                return false;
            }
            // Whoever asks anew is answered soon.
            let mut look = self.watching.cluster((&self.aws, &record.aws), &id);
            let over = until_ending(&mut look).await;
            let unknown = is_unknown(&look.borrow());
            if let Some(why) = self.elsewhere(&record, unknown).await {
                if self.put_off(&mut record, why).await {
                    continue;
                }
                return false;
            }
            let Some(over) = over else {
                // One that EMR does not know is looked for until that is believed: else no run would ever be rid of it.
                if self.orders.borrow().hurry && !unknown {
                    return false;
                }
                continue;
            };
            let now = self.clock.now();
            match over.seen {
                Some(seen) => drop(record.see(&seen, now)),
                None => record.close("GONE", None, now),
            }
            if why.is_some() {
                record.reason.clone_from(&why);
            }
            return self.ledger.write(&record).await;
        }
    }

    /// Notes why the end of a cluster cannot be seen, and waits a little. `false`: the runner ends.
    async fn put_off(&mut self, record: &mut Record, why: String) -> bool {
        if !self.note(record, why).await || self.orders.borrow().hurry {
            return false;
        }
        tokio::select! {
            changed = self.orders.changed() => changed.is_ok(),
            () = tokio::time::sleep(ENDING) => true,
        }
    }

    /// Asks for the end of a cluster until EMR has heard it. `false`: the runner ends before. That it is refused is in the state.
    async fn terminate(&mut self, record: &mut Record, id: &str) -> bool {
        let mut pauses = Pauses::new();
        let look = self.watching.cluster((&self.aws, &record.aws), id);
        loop {
            let Err(error) = calls::terminate(&self.aws, &record.aws, id).await else {
                self.end_others(record, id).await;
                return true;
            };
            if is_ending(&look.borrow()) {
                return true;
            }
            let unknown = is_unknown(&look.borrow());
            let elsewhere = self.elsewhere(record, unknown).await;
            let problem = elsewhere.unwrap_or_else(|| format!("it cannot be ended: {error}"));
            self.stand(Standing::Starting(format!("cluster {id}: {problem}")));
            if !self.note(record, problem).await {
                return false;
            }
            if !pauses.again(&self.orders).await {
                return false;
            }
        }
    }

    /// Ends what else has come of the calls for a cluster. One that cannot be ended now is a stray, which `pipeform resources` lists.
    async fn end_others(&self, record: &Record, id: &str) {
        drop(Box::pin(calls::end_others(&self.aws, record, id)).await);
    }
}

/// A cluster as it is asked for after so many failures: the last try may have to be on demand.
fn at_last(cluster: Arc<Cluster>, failures: u32) -> Arc<Cluster> {
    if !cluster.terms.on_demand_at_last || failures + 1 < cluster.terms.tries {
        return cluster;
    }
    let mut cluster = (*cluster).clone();
    let on_demand = |group: &mut Group| group.market = Market::OnDemand;
    cluster.request.groups.iter_mut().for_each(on_demand);
    Arc::new(cluster)
}

/// Whether what is asked for is another thing when it is asked for the last time.
fn changes(cluster: &Cluster) -> bool {
    let mut groups = cluster.request.groups.iter();
    cluster.terms.on_demand_at_last && groups.any(|group| group.market != Market::OnDemand)
}

/// Why there is no cluster, and will be none, whose request is wrong as it is.
fn refused(resource: &Address, why: &str) -> String {
    let why = why.trim_end_matches('.');
    format!(
        "EMR makes no cluster: {why}. It would refuse the same again, so change `{resource}`, apply that, and use `pipeform rerun` for what has failed"
    )
}

/// Waits until a cluster is on its way to its end, for a while.
async fn until_ending(look: &mut watch::Receiver<Look<Seen>>) -> Option<Look<Seen>> {
    let over = tokio::time::timeout(ENDING, look.wait_for(is_ending)).await;
    over.ok()?.ok().map(|look| look.clone())
}

/// Whether EMR says that it knows of no such cluster, believed or not yet.
fn is_unknown(look: &Look<Seen>) -> bool {
    look.gone || matches!(look.problem, Some(AwsError::NotFound(_)))
}

fn is_ending(look: &Look<Seen>) -> bool {
    look.gone
        || look
            .seen
            .as_ref()
            .is_some_and(|seen| seen.state.is_ending())
}

/// The pause after so many clusters that failed.
fn pause(first: SignedDuration, longest: SignedDuration, failures: u32) -> SignedDuration {
    let doublings = failures.saturating_sub(1).min(30);
    let longest = longest.max(first);
    let pause = first.checked_mul(1_i32 << doublings);
    pause.map_or(longest, |pause| pause.min(longest))
}
