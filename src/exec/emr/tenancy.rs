//! Between work and its cluster: work asks for one and hears how it stands with it; who keeps the cluster hears whether it is needed.

use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::watch;

use super::Cluster;
use super::watching::Watching;
use crate::connect::aws::Settings;

/// How it stands with the cluster of an interval, as those see it that work on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is not ready yet; what is waited for.
    Starting(String),
    /// It is ready.
    Ready {
        /// Its id.
        id: String,
    },
    /// What ran on it has failed with it, and may be tried again on another one; why.
    Broken(String),
    /// There will be no other one; why.
    GivenUp(String),
}

/// What is asked of who keeps a cluster.
#[derive(Clone, Debug, Default)]
pub struct Orders {
    /// Whether anything of the interval needs it, or may need it yet.
    pub needed: bool,
    /// What it was asked for as, the last time.
    pub wish: Option<Arc<Cluster>>,
    /// How often it was asked for.
    pub wishes: u64,
    /// Why the cluster there is now is to be ended, although it is needed: its id, and a sentence without its stop.
    pub end: Option<(String, String)>,
    /// It is ended, or left as it is, without waiting for anything.
    pub hurry: bool,
}

/// Work's place on a cluster.
#[derive(Clone, Debug)]
pub struct Tenancy {
    /// How it stands with the cluster.
    pub standing: watch::Receiver<Standing>,
    /// What is asked of who keeps it.
    pub orders: Arc<watch::Sender<Orders>>,
    /// How the cluster there is now is reached; `None`: there is none yet.
    pub reached: watch::Receiver<Option<Settings>>,
}

impl Tenancy {
    /// How the cluster is reached: where it was made, whatever the environment says now. `cluster`: what was asked for.
    pub(super) fn settings(&self, cluster: &Cluster) -> Settings {
        let reached = self.reached.borrow().clone();
        reached.unwrap_or_else(|| cluster.aws.clone())
    }

    /// Asks for the end of a cluster.
    pub(super) fn end(&self, id: &str, why: &str) {
        self.orders
            .send_modify(|orders| orders.end = Some((id.to_owned(), why.to_owned())));
    }
}

/// Where work asks for its cluster; shared by all work of a runner.
#[derive(Clone, Default)]
pub struct Clusters {
    /// Gives a place on a cluster; nobody does in a test without one.
    pub hold: Option<Arc<Hold>>,
    /// Looks how it is with clusters and steps.
    pub watching: Watching,
}

type Hold = dyn Fn(Cluster) -> Pin<Box<dyn Future<Output = Option<Tenancy>> + Send>> + Send + Sync;

impl std::fmt::Debug for Clusters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clusters")
    }
}

impl Clusters {
    /// A place on a cluster. `None`: the runner has ended.
    pub(super) async fn hold(&self, cluster: &Cluster) -> Option<Tenancy> {
        let hold = self.hold.as_ref()?;
        hold(cluster.clone()).await
    }
}
