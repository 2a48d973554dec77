//! Work on clusters of EMR.

mod cluster;
mod step;

pub use cluster::Cluster;
pub use cluster::Terms;
pub use step::Step;

/// Steps on a cluster, one after the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Emr {
    /// Where.
    pub cluster: Cluster,
    /// What.
    pub steps: Vec<Step>,
}
