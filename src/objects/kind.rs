//! The kinds of objects.

use serde::Deserialize;
use serde::Serialize;

/// The kind of an object: the word its block starts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// What to do on success, failure or lateness.
    Action,
    /// Work.
    Activity,
    /// Days on which nothing is due.
    Calendar,
    /// How data is laid out in a file.
    DataFormat,
    /// Where data is.
    DataNode,
    /// A database that tables live in.
    Database,
    /// A named group of activities.
    Pipeline,
    /// Places that activities share.
    Pool,
    /// A check that must hold before an activity or data node is ready.
    Precondition,
    /// With what objects reach a service outside.
    Provider,
    /// Compute that is created for the work and removed after it.
    Resource,
    /// Intervals of time.
    Schedule,
}

impl Kind {
    /// All kinds, in alphabetical order.
    pub const ALL: [Self; 12] = [
        Self::Action,
        Self::Activity,
        Self::Calendar,
        Self::DataFormat,
        Self::DataNode,
        Self::Database,
        Self::Pipeline,
        Self::Pool,
        Self::Precondition,
        Self::Provider,
        Self::Resource,
        Self::Schedule,
    ];

    /// The kinds that AWS Data Pipeline has, in the order in which the objects of a definition are written.
    pub const OF_AWS: [Self; 8] = [
        Self::Schedule,
        Self::Database,
        Self::DataFormat,
        Self::DataNode,
        Self::Precondition,
        Self::Resource,
        Self::Activity,
        Self::Action,
    ];

    /// The word, as in blocks, references and addresses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Action => "action",
            Self::Activity => "activity",
            Self::Calendar => "calendar",
            Self::DataFormat => "data_format",
            Self::DataNode => "data_node",
            Self::Database => "database",
            Self::Pipeline => "pipeline",
            Self::Pool => "pool",
            Self::Precondition => "precondition",
            Self::Provider => "provider",
            Self::Resource => "resource",
            Self::Schedule => "schedule",
        }
    }

    /// The kind of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Whether blocks of this kind have a type label (`activity "copy" "archive"`) or only a name.
    pub const fn has_type(self) -> bool {
        !matches!(
            self,
            Self::Calendar | Self::Pipeline | Self::Pool | Self::Schedule
        )
    }

    /// Whether blocks of this kind have a name label; that of a provider is its `alias`.
    pub const fn has_name(self) -> bool {
        !matches!(self, Self::Provider)
    }
}
