//! Which cluster work needs: what it is called here, how it is reached, what it is like if it has to be created, and when it ends.

use jiff::SignedDuration;

use crate::connect::aws::Settings;
use crate::connect::aws::emr::ClusterRequest;
use crate::engine::InstanceKey;

/// A cluster of an interval.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// The resource, and the interval of the work: all work with the same key shares one cluster.
    pub key: InstanceKey,
    /// How EMR is reached.
    pub aws: Settings,
    /// What is asked for. Its name and its tags get what tells one cluster of the key from another.
    pub request: ClusterRequest,
    /// When it ends, and what becomes of what runs on it.
    pub terms: Terms,
}

/// When a cluster ends, and what becomes of what runs on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How many clusters are tried, one after the other, before the work is given up.
    pub tries: u32,
    /// The pause after the first that failed; each further one is twice as long.
    pub retry_delay: SignedDuration,
    /// The longest pause.
    pub max_retry_delay: SignedDuration,
    /// How long it may take until it is ready.
    pub init_timeout: Option<SignedDuration>,
    /// When it is ended, whatever runs on it, counted from when it was asked for.
    pub terminate_after: Option<SignedDuration>,
    /// Whether work whose cluster failed is tried again on another one.
    pub retries_work: bool,
    /// Whether it ends when work on it fails.
    pub ends_with_work: bool,
    /// Whether the last try is made on demand.
    pub on_demand_at_last: bool,
}
