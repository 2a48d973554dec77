//! Work on clusters of EMR: steps, one after the other.
//!
//! An attempt asks for the cluster of its interval, which who keeps it ([`Keeper`]) creates when the first attempt asks and ends when nothing
//! needs it any more. Each step is added when the one before it has ended, so that a step that fails ends its own activity, and not
//! those that share the cluster.

mod calls;
mod cluster;
mod keeping;
mod logs;
mod orphans;
mod patience;
mod record;
mod running;
#[cfg(test)]
mod standing_in;
mod step;
mod stopping;
mod strays;
mod tenancy;
#[cfg(test)]
mod tests;
mod watching;

use std::collections::BTreeSet;

use super::preflight::Need;
use crate::connect::s3::Location;

pub use crate::connect::aws::emr::Seen;
pub use crate::connect::aws::emr::State;
pub use cluster::Cluster;
pub use cluster::Terms;
pub use keeping::Keeper;
pub use record::Ledger;
pub use record::NEVER_MADE;
pub use record::REQUESTED;
pub use record::Record;
pub use record::read_place;
pub use running::run;
pub use running::tag;
pub use step::SCRIPT_RUNNER;
pub use step::Step;
pub use strays::Stray;
pub use strays::elsewhere;
pub use strays::end_stray;
pub use strays::look;
pub use strays::strays;
pub use tenancy::Clusters;
pub use tenancy::Orders;
pub use tenancy::Standing;
pub use tenancy::Tenancy;
pub use watching::Watching;

/// Steps on a cluster, one after the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Emr {
    /// Where.
    pub cluster: Cluster,
    /// What.
    pub steps: Vec<Step>,
}

impl Cluster {
    /// What it needs before there is a cluster: that EMR may be asked for one, and a place for its logs.
    pub(super) fn needs(&self) -> BTreeSet<Need> {
        let settings = &self.aws;
        let logs = self.request.log_uri.as_deref();
        let logs = logs.and_then(|place| Location::parse(place).ok());
        let logs = logs.map(|place| Need::Bucket(settings.clone(), place));
        let emr = Need::Emr(settings.clone());
        let scripts = self.request.bootstrap.iter();
        let scripts = scripts.filter_map(|script| Need::on_cluster(settings, &script.path));
        [emr].into_iter().chain(logs).chain(scripts).collect()
    }
}
