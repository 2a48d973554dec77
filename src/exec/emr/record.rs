//! What is kept of a cluster in the state: enough to find it again, and to end it, when nothing else is known any more.

use std::pin::Pin;
use std::sync::Arc;

use jiff::SignedDuration;
use jiff::Timestamp;

use super::Cluster;
use crate::connect::aws::Settings;
use crate::connect::aws::emr::ClusterRequest;
use crate::connect::aws::emr::Seen;
use crate::engine::InstanceKey;

/// The state of a cluster that was asked for, before anything is known of it.
pub const REQUESTED: &str = "REQUESTED";

/// The state of one that was asked for, and then was not there.
pub const NEVER_MADE: &str = "NEVER_MADE";

/// What the account is called in what is kept of how a cluster is reached.
const ACCOUNT: &str = "account";

/// The tags of clusters.
pub(super) mod tags {
    /// The cluster's token.
    pub(in crate::exec::emr) const CLUSTER: &str = "pipeform:cluster";
    /// The lineage of the state.
    pub(in crate::exec::emr) const STATE: &str = "pipeform:state";
    /// The resource.
    pub(in crate::exec::emr) const RESOURCE: &str = "pipeform:resource";
    /// The interval.
    pub(in crate::exec::emr) const INTERVAL: &str = "pipeform:interval";
}

/// How many characters names and values of tags have at most.
const LONGEST: usize = 256;

/// A cluster, from when it is intended until it has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What tells it from all others; it is in its name and among its tags.
    pub token: String,
    /// The resource, and the interval.
    pub key: InstanceKey,
    /// Which try it is, from one.
    pub number: u32,
    /// How EMR is reached.
    pub aws: Settings,
    /// The account it is in; `None`: EMR has not told of it yet.
    pub account: Option<String>,
    /// The name it was asked for with.
    pub name: String,
    /// The id that EMR has given it; `None`: it is not known whether there is one.
    pub id: Option<String>,
    /// How it is with it, in EMR's words, or one of ours.
    pub state: String,
    /// Why it is so.
    pub reason: Option<String>,
    /// When it was asked for (UTC).
    pub requested_at: Timestamp,
    /// Since when its state is what it is (UTC).
    pub since: Timestamp,
    /// When it has to be ready (UTC).
    pub init_by: Option<Timestamp>,
    /// When it is ended, whatever runs on it (UTC).
    pub terminate_at: Option<Timestamp>,
    /// When it was ready (UTC).
    pub ready_at: Option<Timestamp>,
    /// When it was on its way to its end, or was known not to be there (UTC).
    pub ended_at: Option<Timestamp>,
    /// Whether it could not be made, or ended although it was needed.
    pub failed: bool,
}

impl Record {
    /// A cluster that is about to be asked for.
    pub fn new(cluster: &Cluster, number: u32, now: Timestamp) -> Self {
        let token = uuid::Uuid::new_v4().to_string();
        let after =
            |length: Option<SignedDuration>| length.and_then(|length| now.checked_add(length).ok());
        Self {
            name: name(&cluster.key, &token),
            token,
            key: cluster.key.clone(),
            number,
            aws: cluster.aws.clone(),
            account: None,
            id: None,
            state: REQUESTED.to_owned(),
            reason: None,
            requested_at: now,
            since: now,
            init_by: after(cluster.terms.init_timeout),
            terminate_at: after(cluster.terms.terminate_after),
            ready_at: None,
            ended_at: None,
            failed: false,
        }
    }

    /// What is asked for: the cluster, with what tells it from all others.
    pub(super) fn request(&self, cluster: &Cluster, lineage: &str) -> ClusterRequest {
        let mut request = cluster.request.clone();
        request.name.clone_from(&self.name);
        let interval = self.key.interval;
        let interval = format!("{}/{}", interval.start, interval.end);
        for (key, value) in [
            (tags::CLUSTER, self.token.as_str()),
            (tags::STATE, lineage),
            (tags::RESOURCE, self.key.object.as_str()),
            (tags::INTERVAL, &interval),
        ] {
            request.tags.insert(key.to_owned(), plain(value));
        }
        request
    }

    /// Takes over what EMR says. Whether anything is new.
    pub(super) fn see(&mut self, seen: &Seen, now: Timestamp) -> bool {
        let state = seen.state.name();
        let mut news = self.id.as_deref() != Some(&*seen.id);
        if self.state != state {
            (self.state, self.since) = (state.to_owned(), now);
            news = true;
        }
        if self.reason != seen.reason {
            self.reason.clone_from(&seen.reason);
            news = true;
        }
        if self.ready_at.is_none() && seen.state.is_ready() {
            self.ready_at = Some(now);
            news = true;
        }
        if self.ended_at.is_none() && seen.state.is_ending() {
            self.ended_at = Some(now);
            news = true;
        }
        if self.account.is_none() && seen.account.is_some() {
            self.account.clone_from(&seen.account);
            news = true;
        }
        self.id = Some(seen.id.clone());
        news
    }

    /// Where it is, as the state keeps it: how EMR is reached, and in which account.
    pub fn place(&self) -> String {
        let mut place = serde_json::to_value(&self.aws).unwrap_or_default();
        if let (Some(place), Some(account)) = (place.as_object_mut(), &self.account) {
            place.insert(ACCOUNT.to_owned(), account.as_str().into());
        }
        place.to_string()
    }

    /// Notes that it is no more, or never was.
    pub(super) fn close(&mut self, state: &str, reason: Option<String>, now: Timestamp) {
        (self.state, self.reason, self.since) = (state.to_owned(), reason, now);
        self.ended_at.get_or_insert(now);
    }
}

/// How EMR is reached where a cluster is, and in which account it is, from how the state keeps that. The account may be missing: it was
/// not always kept. `None`: it is not understood.
pub fn read_place(text: &str) -> Option<(Settings, Option<String>)> {
    let aws = serde_json::from_str(text).ok()?;
    let place: serde_json::Value = serde_json::from_str(text).ok()?;
    let account = place.get(ACCOUNT).and_then(serde_json::Value::as_str);
    Some((aws, account.map(str::to_owned)))
}

/// The name of a cluster: what it is for, and the beginning of its token.
fn name(key: &InstanceKey, token: &str) -> String {
    let token = token.get(..8).unwrap_or(token);
    let tail = format!(" {} {token}", key.interval.start);
    let room = LONGEST.saturating_sub(tail.len());
    let object = plain(key.object.as_str());
    let object: String = object.chars().take(room).collect();
    format!("{object}{tail}")
}

/// A text with only such characters as tags may have.
fn plain(text: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || " +-=._:/@".contains(c);
    let characters = text.chars().map(|c| if allowed(c) { c } else { '_' });
    characters.take(LONGEST).collect()
}

/// Writes a record into the state. Whether it is there now: else the runner has ended, and nothing may be done any more.
#[derive(Clone)]
pub struct Ledger(pub Arc<Write>);

type Write = dyn Fn(Record) -> Pin<Box<dyn Future<Output = bool> + Send>> + Send + Sync;

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ledger")
    }
}

impl Ledger {
    pub(super) async fn write(&self, record: &Record) -> bool {
        (self.0)(record.clone()).await
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::standing_in;
    use super::*;
    use crate::connect::aws::Service;
    use crate::objects::Address;
    use crate::time::Interval;

    #[test]
    fn the_state_says_in_which_account_a_cluster_is() {
        let mut cluster = standing_in::cluster();
        cluster.aws.region = Some("eu-west-1".to_owned());
        cluster.aws.endpoints = BTreeMap::from([(Service::Emr, "http://127.0.0.1:1".to_owned())]);
        let mut record = Record::new(&cluster, 1, Timestamp::UNIX_EPOCH);
        let before = record.place();
        assert_eq!(read_place(&before), Some((record.aws.clone(), None)));
        record.account = Some("123456789012".to_owned());
        let known = Some((record.aws.clone(), record.account.clone()));
        assert_eq!(read_place(&record.place()), known);
        // Who does not ask for the account reads it as before.
        let settings: Settings = serde_json::from_str(&record.place()).unwrap();
        assert_eq!(settings, record.aws);
        assert_eq!(read_place("?"), None);
    }

    #[test]
    fn names_and_tags_are_such_as_emr_takes() {
        let moment: Timestamp = "2026-11-23T00:00:00Z".parse().unwrap();
        let key = InstanceKey {
            object: Address::new(format!("resource.{}[\"ä\"]", "r".repeat(300))),
            interval: Interval {
                start: moment,
                end: moment,
            },
        };
        let name = name(&key, "01234567-89ab");
        assert!(name.len() <= LONGEST, "{name}");
        assert!(name.ends_with(" 2026-11-23T00:00:00Z 01234567"), "{name}");
        assert_eq!(
            plain("resource.big[\"eu\"] <$>|`"),
            "resource.big__eu__ _____"
        );
    }
}
