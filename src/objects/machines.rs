//! What a cluster of `resource "emr_cluster"` is made of, and with that what it costs: its machines, how they are paid for, their volumes,
//! how long it lives. With what is meant where nothing is said.
//!
//! Plans show this, and clusters are asked for with it, so that both mean the same.

use serde::Serialize;

use super::object::Object;
use crate::lang::Value;
use crate::lang::print;

/// The release of clusters that say none.
pub const RELEASE: &str = "emr-7.5.0";

/// The type of machines that say none: with releases, and before.
const MACHINE: &str = "m5.xlarge";
const OLD_MACHINE: &str = "m3.xlarge";

/// The word for as much as on demand.
pub const ON_DEMAND_PRICE: &str = "on_demand_price";

/// What machines are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The one that leads.
    Master,
    /// Those with data.
    Core,
    /// Those that only compute.
    Task,
}

impl Role {
    /// All, in the order in which they are told.
    pub const ALL: [Self; 3] = [Self::Master, Self::Core, Self::Task];

    /// The word that attributes begin with.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Master => "master",
            Self::Core => "core",
            Self::Task => "task",
        }
    }
}

/// The type of machines that say none.
pub const fn usual_machine(has_release: bool) -> &'static str {
    if has_release { MACHINE } else { OLD_MACHINE }
}

/// How many machines there are for something. `said`: what the attribute says; `has_type`: whether their type is said.
pub fn number(role: Role, said: Option<i64>, has_type: bool) -> i64 {
    match (role, said) {
        (Role::Master, _) | (Role::Core, None) => 1,
        (_, Some(number)) => number,
        (Role::Task, None) => i64::from(has_type),
    }
}

/// What a cluster is made of, as far as is known before it is made. What only a run knows is the text of its formula.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Makeup {
    /// Its machines.
    pub machines: Vec<Machines>,
    /// After how long it is ended, whatever it does; `None`: when nothing needs it.
    pub terminate_after: Option<String>,
    /// Whether the last try is on demand, whatever the prices say.
    pub on_demand_on_last_attempt: bool,
}

/// Machines of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Machines {
    /// What they are for.
    pub role: Role,
    /// How many there are.
    pub count: i64,
    /// Their type.
    pub instance_type: String,
    /// How they are paid for.
    #[serde(flatten)]
    pub market: Market,
    /// The volumes of each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub volumes: Vec<Volumes>,
}

/// How machines are paid for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "market", rename_all = "snake_case")]
pub enum Market {
    /// On demand.
    OnDemand,
    /// On the spot market.
    Spot {
        /// The most that is paid for one in an hour, in US dollars; `None`: as much as on demand.
        bid_price: Option<String>,
    },
}

/// Volumes of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Volumes {
    /// How many a machine has.
    pub count: i64,
    /// The size of one, in gigabytes.
    pub size_in_gb: Option<i64>,
    /// Their type.
    pub volume_type: Option<String>,
    /// Their operations a second.
    pub iops: Option<i64>,
}

/// What the clusters of a resource are made of; `None`: it is of another type, or nobody may see it.
pub fn makeup(object: &Object) -> Option<Makeup> {
    if object.object_type.name != "emr_cluster" {
        return None;
    }
    let mut cost = object.object_type.schema().filter(|schema| schema.cost);
    if cost.any(|schema| object.get(schema.name).is_some_and(Value::has_sensitive)) {
        return None;
    }
    let set = |name: &str| object.get(name).filter(|value| **value != Value::NULL);
    let has_release = set("ami_version").is_none() || set("release_label").is_some();
    let machines = Role::ALL.into_iter().map(|role| {
        let of_role = |what: &str| set(&format!("{}_{what}", role.as_str()));
        let instance_type = of_role("instance_type");
        Machines {
            role,
            count: number(
                role,
                whole(of_role("instance_count")),
                instance_type.is_some(),
            ),
            instance_type: instance_type
                .map_or_else(|| usual_machine(has_release).to_owned(), shown),
            market: market(of_role("instance_bid_price")),
            volumes: of_role("ebs_configuration").map_or_else(Vec::new, volumes),
        }
    });
    Some(Makeup {
        machines: machines.filter(|machines| machines.count > 0).collect(),
        terminate_after: set("terminate_after").map(shown),
        on_demand_on_last_attempt: set("use_on_demand_on_last_attempt") == Some(&Value::Bool(true)),
    })
}

impl Makeup {
    /// Its machines for something.
    pub fn of(&self, role: Role) -> Option<&Machines> {
        self.machines.iter().find(|machines| machines.role == role)
    }

    /// Whether the last try is paid for otherwise than those before.
    pub fn falls_back(&self) -> bool {
        let is_spot = |machines: &Machines| machines.market != Market::OnDemand;
        self.on_demand_on_last_attempt && self.machines.iter().any(is_spot)
    }
}

fn market(price: Option<&Value>) -> Market {
    match price {
        None => Market::OnDemand,
        Some(Value::String(word)) if &**word == ON_DEMAND_PRICE => Market::Spot { bid_price: None },
        Some(price) => Market::Spot {
            bid_price: Some(shown(price)),
        },
    }
}

fn volumes(ebs: &Value) -> Vec<Volumes> {
    let devices: &[Value] = match member(ebs, "ebs_block_device_config") {
        Some(Value::Tuple(list) | Value::List(list)) => list,
        _ => &[],
    };
    let volumes = devices.iter().map(|device| {
        let specification = member(device, "volume_specification");
        let of_volume = |name: &str| specification.and_then(|volume| member(volume, name));
        Volumes {
            count: whole(member(device, "volumes_per_instance")).unwrap_or(1),
            size_in_gb: whole(of_volume("size_in_gb")),
            volume_type: of_volume("volume_type").map(shown),
            iops: whole(of_volume("iops")),
        }
    });
    volumes.collect()
}

fn member<'a>(block: &'a Value, name: &str) -> Option<&'a Value> {
    match block {
        Value::Object(attributes) | Value::Map(attributes) => attributes
            .get(name)
            .filter(|value| !matches!(value, Value::Null(_))),
        _ => None,
    }
}

fn whole(value: Option<&Value>) -> Option<i64> {
    match value? {
        Value::Number(number) => number.to_i64(),
        _ => None,
    }
}

/// A value as it may be shown.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Deferred(formula) => print::expression(formula),
        other => other.describe(),
    }
}
