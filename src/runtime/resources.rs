//! The clusters of a runner: which there are, who uses them, and whether anything needs them yet.
//!
//! Keeping a cluster takes long, so each has a task ([`Keeper`]). The task asks the runner's thread to write into the state before it does
//! what must not be lost, and hears from it what is needed: an instance of the interval that has not come to its end needs the cluster
//! that its activity runs on. A runner ends none of its clusters before, and all of them when it ends.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;
use tokio::sync::watch;

use super::RuntimeError;
use super::driver::Runner;
use super::outcomes::Lateness;
use super::preparing::Question;
use super::reports::Report;
use crate::engine::Engine;
use crate::engine::Instance;
use crate::engine::InstanceKey;
use crate::exec::AwsSettings;
use crate::exec::emr::Cluster;
use crate::exec::emr::Clusters as Access;
use crate::exec::emr::Keeper;
use crate::exec::emr::Ledger;
use crate::exec::emr::Orders;
use crate::exec::emr::Record;
use crate::exec::emr::Standing;
use crate::exec::emr::Tenancy;
use crate::exec::emr::Watching;
use crate::exec::emr::read_place;
use crate::objects::Address;
use crate::store::ResourceRecord;

/// How long a command that only does what operators have asked for waits for clusters to be on their way to their ends.
const CARRYING_OUT: Duration = Duration::from_mins(1);

/// The clusters of a runner.
#[derive(Debug, Default)]
pub(super) struct Clusters {
    kept: BTreeMap<InstanceKey, Kept>,
    watching: Watching,
}

/// A cluster that is kept.
#[derive(Debug)]
struct Kept {
    orders: Arc<watch::Sender<Orders>>,
    standing: Arc<watch::Sender<Standing>>,
    reached: Arc<watch::Sender<Option<AwsSettings>>>,
    users: BTreeSet<Address>,
    /// Those that know how it stood with it when they asked last.
    told: BTreeSet<Address>,
    /// What is in the state of the one there is now.
    record: Option<ResourceRecord>,
    /// When it is late; `None`: never, or that was looked at.
    late: Option<Lateness>,
}

impl Kept {
    fn new() -> Self {
        let starting = Standing::Starting("a cluster is to be asked for".to_owned());
        Self {
            orders: Arc::new(watch::Sender::new(Orders {
                needed: true,
                ..Orders::default()
            })),
            standing: Arc::new(watch::Sender::new(starting)),
            reached: Arc::new(watch::Sender::new(None)),
            users: BTreeSet::new(),
            told: BTreeSet::new(),
            record: None,
            late: None,
        }
    }

    /// A place on it.
    fn tenancy(&self) -> Tenancy {
        Tenancy {
            standing: self.standing.subscribe(),
            orders: Arc::clone(&self.orders),
            reached: self.reached.subscribe(),
        }
    }

    /// Whether an activity that asks is to hear that no other cluster is tried. Each hears it once: one that asks again has been told
    /// to by an operator, and then it is tried anew.
    fn has_verdict_for(&mut self, user: &Address) -> bool {
        let given_up = matches!(*self.standing.borrow(), Standing::GivenUp(_));
        let is_told = !self.told.insert(user.clone());
        if given_up && is_told {
            self.told = BTreeSet::from([user.clone()]);
        }
        given_up && !is_told
    }
}

impl Clusters {
    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// The runner is about to end: nothing needs them any more.
    pub(super) fn let_go(&self) {
        for kept in self.kept.values() {
            kept.orders.send_if_modified(|orders| {
                let news = orders.needed || !orders.hurry;
                (orders.needed, orders.hurry) = (false, true);
                news
            });
        }
    }

    /// When the next one is late.
    pub(super) fn next_late(&self) -> Option<Timestamp> {
        let recorded = self.kept.values().filter(|kept| kept.record.is_some());
        recorded.filter_map(|kept| Some(kept.late?.at)).min()
    }

    /// Those that are late by now, with those that have asked for them, and how long after they were due that is. Each is given once.
    pub(super) fn late_by(
        &mut self,
        now: Timestamp,
    ) -> Vec<(InstanceKey, BTreeSet<Address>, SignedDuration)> {
        let recorded = self.kept.iter_mut();
        let recorded = recorded.filter(|(_, kept)| kept.record.is_some());
        let late = recorded.filter_map(|(key, kept)| {
            let late = kept.late.take_if(|late| late.at <= now)?;
            Some((key.clone(), kept.users.clone(), late.after))
        });
        late.collect()
    }

    /// They are left as they are, to the next runner; gives their ids.
    pub(super) fn abandon(&mut self) -> Vec<String> {
        let kept = std::mem::take(&mut self.kept);
        let records = kept.into_values().filter_map(|kept| kept.record);
        let open = records.filter(|record| record.ended_at.is_none());
        open.map(|record| record.id.unwrap_or(record.name))
            .collect()
    }
}

impl Runner<'_> {
    /// Where work of an activity asks for its cluster.
    pub(super) fn access(&self, user: &Address) -> Access {
        let (reports, user) = (self.reports.clone(), user.clone());
        Access {
            watching: self.clusters.watching.clone(),
            hold: Some(Arc::new(move |cluster: Cluster| {
                let (reply, answer) = oneshot::channel();
                let user = user.clone();
                let question = Question::new(move |runner| {
                    drop(reply.send(runner.hold(cluster, user)?));
                    Ok(())
                });
                let asked = reports.send(Report::Question(question)).is_ok();
                Box::pin(async move { if asked { answer.await.ok() } else { None } })
            })),
        }
    }

    /// Gives an activity a place on the cluster of its interval, which is asked for if there is none.
    fn hold(&mut self, cluster: Cluster, user: Address) -> Result<Tenancy, RuntimeError> {
        let key = cluster.key.clone();
        let late = self.lateness_of(&key, &BTreeSet::from([user.clone()]))?;
        let is_new = !self.clusters.kept.contains_key(&key);
        let kept = self.clusters.kept.entry(key.clone());
        let kept = kept.or_insert_with(Kept::new);
        kept.late = late.or(kept.late);
        if kept.has_verdict_for(&user) {
            return Ok(kept.tenancy());
        }
        let joins = kept.users.insert(user);
        // Before the wish is counted: a verdict that comes after it is meant for this one, too, and is not to be lost.
        kept.standing.send_if_modified(|standing| {
            let over = matches!(standing, Standing::Broken(_) | Standing::GivenUp(_));
            if over {
                *standing = Standing::Starting("another cluster is to be asked for".to_owned());
            }
            over
        });
        // Before it, too: a cluster for which nobody is there any more ends without a word, and a wish that is counted has somebody.
        let tenancy = kept.tenancy();
        kept.orders.send_modify(|orders| {
            (orders.needed, orders.hurry) = (true, false);
            orders.wish = Some(Arc::new(cluster));
            orders.wishes += 1;
        });
        if joins && let Some(record) = &mut kept.record {
            record.users.clone_from(&kept.users);
            self.store.record_resource(&self.lease, record)?;
        }
        if is_new {
            self.keep(key, None);
        }
        Ok(tenancy)
    }

    /// Starts to keep a cluster.
    fn keep(&mut self, key: InstanceKey, adopted: Option<Record>) {
        let Some(kept) = self.clusters.kept.get(&key) else {
            return;
        };
        let keeper = Keeper {
            aws: self.aws.clone(),
            watching: self.clusters.watching.clone(),
            ledger: ledger(&self.reports),
            lineage: self.lineage.clone(),
            clock: self.clock,
            standing: Arc::clone(&kept.standing),
            reached: Arc::clone(&kept.reached),
            orders: kept.orders.subscribe(),
        };
        let reports = self.reports.clone();
        self.tasks.spawn(async move {
            let wishes = Box::pin(keeper.keep(adopted)).await;
            let question = Question::new(move |runner| runner.kept(key, wishes));
            // A runner that has ended needs not know.
            drop(reports.send(Report::Question(question)));
        });
    }

    /// A cluster is not kept any more, unless somebody has asked for one meanwhile, or there is a second one: left from a commit that was
    /// never answered.
    fn kept(&mut self, key: InstanceKey, wishes: u64) -> Result<(), RuntimeError> {
        let Some(kept) = self.clusters.kept.get(&key) else {
            return Ok(());
        };
        let asked = {
            let orders = kept.orders.borrow();
            orders.needed && orders.wishes > wishes
        };
        if asked {
            self.keep(key, None);
            return Ok(());
        }
        let hurry = kept.orders.borrow().hurry;
        let was = self.clusters.kept.remove(&key);
        let was = was.and_then(|kept| kept.record);
        let is_left = hurry && was.is_some_and(|record| record.ended_at.is_none());
        let open = self.store.open_resources()?.into_iter();
        for one in open.filter(|other| other.key == key) {
            if is_left {
                self.summary.left += 1;
                self.warn(left(&one));
            } else {
                self.adopt(one)?;
            }
        }
        Ok(())
    }

    /// Writes how it is with a cluster into the state. Whether it is there now: what was left to the next runner is not written any more.
    fn record_cluster(&mut self, record: &Record) -> Result<bool, RuntimeError> {
        let Some(kept) = self.clusters.kept.get(&record.key) else {
            return Ok(false);
        };
        let record = stored(record, kept.users.clone());
        self.record_compute(&record)?;
        if let Some(kept) = self.clusters.kept.get_mut(&record.key) {
            kept.record = Some(record);
        }
        Ok(true)
    }

    /// Takes over the clusters that a runner before this one has asked for. `all`: also those that something needs yet.
    pub(super) fn adopt_clusters(&mut self, all: bool) -> Result<(), RuntimeError> {
        for stored in self.store.open_resources()? {
            if all || !self.is_needed(&stored.key, &stored.users) {
                self.adopt(stored)?;
            }
        }
        Ok(())
    }

    /// Takes over a cluster. Of a resource and an interval one is kept at once: another one is when the first has ended.
    fn adopt(&mut self, stored: ResourceRecord) -> Result<(), RuntimeError> {
        if self.clusters.kept.contains_key(&stored.key) {
            return Ok(());
        }
        let Some(record) = adopted(&stored) else {
            self.warn(format!(
                "How the cluster {} of {} is reached is not understood: look after it at EMR.",
                stored.id.as_deref().unwrap_or(&stored.name),
                stored.key.object
            ));
            return Ok(());
        };
        let key = stored.key.clone();
        let late = self.lateness_of(&key, &stored.users)?;
        let needed = self.is_needed(&key, &stored.users);
        let kept = Kept {
            users: stored.users.clone(),
            record: Some(stored),
            late,
            ..Kept::new()
        };
        kept.orders.send_modify(|orders| orders.needed = needed);
        self.clusters.kept.insert(key.clone(), kept);
        self.keep(key, Some(record));
        Ok(())
    }

    /// Tells those that keep clusters whether they are needed.
    pub(super) fn look_after_clusters(&mut self) {
        for (key, kept) in &self.clusters.kept {
            let needed = self.is_needed(key, &kept.users);
            kept.orders.send_if_modified(|orders| {
                let news = orders.needed != needed;
                orders.needed = needed;
                news
            });
        }
    }

    /// Whether an instance that has not come to its end needs the cluster of a resource and an interval: one of those that have asked
    /// for it, or of others that run on it.
    fn is_needed(&self, key: &InstanceKey, users: &BTreeSet<Address>) -> bool {
        is_needed(&self.engine, key, users)
    }

    /// Ends clusters that nothing needs, where there is no runner; what takes too long is left to the next one. Gives how many have not
    /// ended.
    pub(super) async fn end_clusters(&mut self) -> Result<u64, RuntimeError> {
        self.adopt_clusters(false)?;
        self.clusters.let_go();
        let over = tokio::time::sleep(CARRYING_OUT);
        tokio::pin!(over);
        while !self.clusters.is_empty() {
            tokio::select! {
                report = self.next_report() => self.report_of(report)?,
                () = &mut over => {
                    let left = self.clusters.abandon().join(", ");
                    self.warn(format!("Still to be ended, by the next run: {left}."));
                }
            }
        }
        let open = self.store.open_resources()?.into_iter();
        let left = open.filter(|record| !self.is_needed(&record.key, &record.users));
        Ok(u64::try_from(left.count()).unwrap_or(u64::MAX))
    }
}

/// What an operator has to know of a cluster that was to end, and of which that was not seen.
fn left(record: &ResourceRecord) -> String {
    let (which, unsaid) = match &record.id {
        Some(id) => (id.as_str(), "EMR was asked to end it, and has not begun to"),
        None => (
            record.name.as_str(),
            "it was asked for, and it is not known whether it was made",
        ),
    };
    let why = record.reason.as_deref().unwrap_or(unsaid);
    format!(
        "Cluster {which} of {} may still be alive: {}. `pipeform resources` lists it, and the next `pipeform run` looks after it.",
        record.key.object,
        why.trim_end_matches('.')
    )
}

/// Whether an instance that has not come to its end needs the cluster of a resource and an interval.
pub(super) fn is_needed(engine: &Engine, key: &InstanceKey, users: &BTreeSet<Address>) -> bool {
    is_used(engine, (key, users), needs)
}

/// Whether there is an instance that counts among those that the cluster of a resource and an interval is for.
pub(super) fn is_used(
    engine: &Engine,
    (key, users): (&InstanceKey, &BTreeSet<Address>),
    counts: fn(&Instance) -> bool,
) -> bool {
    let of = |user: &Address| {
        let key = InstanceKey {
            object: user.clone(),
            interval: key.interval,
        };
        engine.instance(&key).is_some_and(counts)
    };
    let runs_on = |user: &Address| {
        let unit = engine.unit(user);
        unit.is_some_and(|unit| unit.runs_on.as_ref() == Some(&key.object))
    };
    users.iter().any(of)
        || engine.unfinished().any(|instance| {
            instance.key.interval == key.interval
                && counts(instance)
                && runs_on(&instance.key.object)
        })
}

/// Whether an instance may still need the resource that it runs on.
pub(super) fn needs(instance: &Instance) -> bool {
    instance.status.needs_its_resource()
}

fn ledger(reports: &UnboundedSender<Report>) -> Ledger {
    let reports = reports.clone();
    Ledger(Arc::new(move |record: Record| {
        let (reply, answer) = oneshot::channel();
        let question = Question::new(move |runner| {
            _ = reply.send(runner.record_cluster(&record)?); // one that is gone does not wait for it
            Ok(())
        });
        let asked = reports.send(Report::Question(question)).is_ok();
        Box::pin(async move { asked && answer.await.unwrap_or(false) })
    }))
}

/// A record as the state keeps it.
fn stored(record: &Record, users: BTreeSet<Address>) -> ResourceRecord {
    let record = record.clone();
    ResourceRecord {
        settings: record.place(),
        token: record.token,
        key: record.key,
        number: record.number,
        name: record.name,
        id: record.id,
        state: record.state,
        reason: record.reason,
        users,
        requested_at: record.requested_at,
        since: record.since,
        init_by: record.init_by,
        terminate_at: record.terminate_at,
        ready_at: record.ready_at,
        ended_at: record.ended_at,
        failed: record.failed,
    }
}

/// A record from how the state keeps it.
fn adopted(stored: &ResourceRecord) -> Option<Record> {
    let (aws, account) = read_place(&stored.settings)?;
    let stored = stored.clone();
    Some(Record {
        token: stored.token,
        key: stored.key,
        number: stored.number,
        aws,
        account,
        name: stored.name,
        id: stored.id,
        state: stored.state,
        reason: stored.reason,
        requested_at: stored.requested_at,
        since: stored.since,
        init_by: stored.init_by,
        terminate_at: stored.terminate_at,
        ready_at: stored.ready_at,
        ended_at: stored.ended_at,
        failed: stored.failed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Interval;

    fn record(id: Option<&str>, reason: Option<&str>) -> ResourceRecord {
        let at = Timestamp::UNIX_EPOCH;
        ResourceRecord {
            settings: String::new(),
            token: "t".to_owned(),
            key: InstanceKey {
                object: Address::new("resource.big"),
                interval: Interval::moment(at),
            },
            number: 1,
            name: "resource.big 1970-01-01T00:00:00Z t".to_owned(),
            id: id.map(str::to_owned),
            state: "RUNNING".to_owned(),
            reason: reason.map(str::to_owned),
            users: BTreeSet::new(),
            requested_at: at,
            since: at,
            init_by: None,
            terminate_at: None,
            ready_at: None,
            ended_at: None,
            failed: false,
        }
    }

    #[test]
    fn a_cluster_that_may_still_be_alive_is_told_of() {
        let refused = left(&record(
            Some("j-1"),
            Some("it cannot be ended: AWS refuses."),
        ));
        assert_eq!(
            refused,
            "Cluster j-1 of resource.big may still be alive: it cannot be ended: AWS refuses. `pipeform resources` lists it, and the next `pipeform run` looks after it."
        );
        let unknown = left(&record(None, None));
        assert!(
            unknown.contains("not known whether it was made"),
            "{unknown}"
        );
    }

    #[test]
    fn that_no_cluster_is_tried_any_more_is_told_to_each_activity_once() {
        let [first, second, third] = ["a", "b", "c"].map(Address::new);
        let mut kept = Kept::new();
        assert!(!kept.has_verdict_for(&first));
        kept.standing
            .send_replace(Standing::GivenUp("it failed".to_owned()));
        assert!(kept.has_verdict_for(&second));
        assert!(kept.has_verdict_for(&third));
        // Run again by an operator: it is tried anew, for all.
        assert!(!kept.has_verdict_for(&second));
        kept.standing
            .send_replace(Standing::Starting("anew".to_owned()));
        assert!(!kept.has_verdict_for(&first));
        assert!(!kept.has_verdict_for(&third));
    }
}
