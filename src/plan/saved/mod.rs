//! A plan that is kept: what was approved, to be done later, somewhere else, and nothing besides.
//!
//! It holds the operations that an apply carries out, and a digest of each object that they depend on ([`seen`]). So it is known
//! later whether what the plan has looked at is still as it was, whatever else has been applied meanwhile. [`archive`] is the file.

pub mod archive;
pub mod key;
mod seen;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value as Json;

use crate::engine::InstanceKey;
use crate::objects::Address;
use crate::objects::configuration::CheckStatus;
use crate::objects::configuration::Subject;
use crate::plan::in_flight::InFlight;

pub use seen::Seen;
pub use seen::Texts;
pub use seen::digest_of_text;
pub use seen::seen;

/// A plan as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedPlan {
    /// By whom, when, of what.
    pub made: Made,
    /// What an apply does.
    pub operations: Operations,
    /// The objects of the state that it depends on, with what they were.
    pub seen: Seen,
    /// A digest of all that the state held, to the letter; empty: none was made.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub state: String,
    /// The configuration that it was made of.
    pub configuration: Configuration,
    /// What there was to say about it.
    pub warnings: Vec<Warning>,
    /// What its conditions came to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Checked>,
    /// What policies said about it; `None`: none were asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policies: Option<Policies>,
    /// What the state said, for those who look at the plan; the planner knows its form.
    #[serde(skip)]
    pub before: Json,
}

/// The circumstances of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// The moment that it was made for (UTC).
    pub at: Timestamp,
    /// By whom, `user@host`.
    pub who: String,
    /// The version of pipeform.
    pub version: String,
    /// The lineage of the state; empty when there was none yet.
    pub lineage: String,
    /// Its serial.
    pub serial: u64,
    /// The workspace that it is for; empty: not known.
    #[serde(default)]
    pub workspace: String,
    /// Whether everything is to be removed.
    pub destroy: bool,
    /// Why it is for a part of the configuration only, if so: the options that say it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limited: Vec<String>,
    /// What `--rerun` named.
    pub rerun: Vec<String>,
    /// What becomes of instances that are under way.
    #[serde(default, skip_serializing_if = "InFlight::is_finish")]
    pub in_flight: InFlight,
    /// How many runs an apply may start, if the configuration says it.
    pub max_runs: Option<u64>,
    /// The commit of the configuration, if it lies in a git repository.
    pub commit: Option<Commit>,
}

impl Made {
    /// Whether it may be for a workspace: values can depend on its name, and a state without applies has no lineage to tell it by.
    #[must_use]
    pub fn is_for(&self, workspace: &str) -> bool {
        self.workspace.is_empty() || self.workspace == workspace
    }
}

/// A commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Its hash.
    pub hash: String,
    /// Whether files were changed since.
    pub changed: bool,
}

/// What an apply does. Objects have the addresses that they get, but for the keys of `moves`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Operations {
    /// Objects that get another address: the new one by the old one.
    pub moves: BTreeMap<Address, Address>,
    /// Objects that are new or changed.
    pub puts: BTreeMap<Address, Record>,
    /// Objects that are destroyed.
    pub destroys: BTreeSet<Address>,
    /// Objects that are only forgotten.
    pub forgets: BTreeSet<Address>,
    /// Outputs that change.
    pub outputs: BTreeMap<String, OutputOperation>,
    /// Objects that operators have paused, and that go on.
    pub lifts: BTreeSet<Address>,
    /// Instances that run again.
    pub reruns: Vec<Again>,
}

/// An instance that runs again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Again {
    /// Which.
    pub instance: InstanceKey,
    /// How many attempts it has had.
    pub attempts: u32,
}

impl Operations {
    /// The objects that it changes, at the addresses that the state has them at.
    pub fn touched(&self) -> BTreeSet<Address> {
        let former = self.former();
        let changed = self.puts.keys().chain(&self.destroys).chain(&self.forgets);
        let changed = changed.chain(&self.lifts);
        let changed = changed.map(|address| (*former.get(address).unwrap_or(&address)).clone());
        let moved = self.moves.iter().flat_map(|(old, new)| [old, new]).cloned();
        changed.chain(moved).collect()
    }

    /// The addresses that the state has objects at which it moves, by the new ones.
    fn former(&self) -> BTreeMap<&Address, &Address> {
        self.moves.iter().map(|(old, new)| (new, old)).collect()
    }
}

/// An object as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Its kind.
    pub kind: String,
    /// Its type; empty for kinds without types.
    #[serde(rename = "type")]
    pub type_name: String,
    /// The pipeline it belongs to.
    pub pipeline: Option<Address>,
    /// Its attributes.
    pub body: Json,
    /// What its `lifecycle` block says that outlives the plan.
    pub lifecycle: Option<Json>,
}

/// The change of an output. `None`: it is not there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutputOperation {
    /// What it was.
    pub old: Option<Json>,
    /// What it is to be.
    pub new: Option<Json>,
}

/// The configuration that a plan was made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configuration {
    /// The digests of all that was read, by path from the root module: its files and those of the modules it calls, and what its
    /// functions have read. Empty: it was made of the state alone.
    pub files: BTreeMap<String, String>,
    /// The digests of what each file of values gives to the variables, by path from the root module. Sensitive ones are left out
    /// where there is no key. `None`: it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<BTreeMap<String, String>>,
    /// The texts of the configuration files, by path.
    #[serde(skip)]
    pub texts: BTreeMap<String, String>,
    /// The variables with their values.
    pub variables: BTreeMap<String, Variable>,
}

/// A variable of the root module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Variable {
    /// Its value.
    Value(Json),
    /// It is sensitive: its value is not kept.
    Sensitive,
}

/// A warning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// What it is about.
    pub summary: String,
    /// What is the matter.
    pub detail: String,
    /// The object that it is about.
    pub object: Option<String>,
    /// What to do.
    pub help: Vec<String>,
}

/// What the conditions of something came to when the plan was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// What they stand in.
    pub subject: Subject,
    /// Its address: of an object, or `check.NAME`, `output.NAME` or `var.NAME`, behind the module it stands in.
    pub address: String,
    /// What they came to.
    pub status: CheckStatus,
    /// What is said about those that do not hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

/// Policies that were asked about a plan, and what they said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policies {
    /// The digests of their texts, by path.
    pub files: BTreeMap<String, String>,
    /// What they said, what denies it first.
    pub said: Vec<Said>,
}

impl Policies {
    /// Whether they deny the plan.
    pub fn deny(&self) -> bool {
        self.said.iter().any(|said| said.denies)
    }
}

/// What a policy said about a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Whether it denies the plan; otherwise it warns of it.
    pub denies: bool,
    /// What it said.
    pub message: String,
    /// The rule, `data.pipeform.deny`.
    pub rule: String,
    /// The file that it stands in, where that is known.
    pub file: Option<String>,
}
