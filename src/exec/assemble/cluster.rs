//! From `resource "emr_cluster"` to the cluster that work of an interval needs.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;

use super::Assembler;
use super::required;
use crate::connect::aws::emr::Bootstrap;
use crate::connect::aws::emr::ClusterRequest;
use crate::connect::aws::emr::Configuration;
use crate::connect::aws::emr::Device;
use crate::connect::aws::emr::Ebs;
use crate::connect::aws::emr::Group;
use crate::connect::aws::emr::Market;
use crate::connect::aws::emr::Network;
use crate::connect::aws::emr::Role;
use crate::engine::InstanceKey;
use crate::exec::emr::Cluster;
use crate::exec::emr::Terms;
use crate::lang::Value;
use crate::objects::Address;
use crate::objects::Object;
use crate::objects::machines;
use crate::objects::machines::ON_DEMAND_PRICE;
use crate::objects::machines::RELEASE;
use crate::objects::programs;
use crate::objects::resolve::Resolved;
use crate::objects::resolve::ResolvedActivity;
use crate::objects::resolve::Try;
use crate::objects::settings;
use crate::time::parse_duration;

/// A cluster that has nothing to do for so long ends by itself, also when nobody minds it any more, unless something else is said.
const IDLE: Duration = Duration::from_hours(1);

/// How many tags of a pipeline a cluster gets, how long their names and values are, and what no name begins with: the service takes
/// fifty, and has names of its own, as we do.
const TAGS: usize = 46;
const TAG_NAME: usize = 127;
const TAG_VALUE: usize = 255;
const NAMES_OF_OTHERS: [&str; 2] = ["aws:", "pipeform:"];

impl<'a> Assembler<'a> {
    /// The cluster that an activity runs on. `None`: it runs on none.
    pub fn cluster(
        &self,
        activity: &ResolvedActivity<'a>,
        of: Try,
    ) -> Result<Option<Cluster>, String> {
        let objects = self.resolver.objects;
        let (object, interval) = (activity.activity.object, activity.activity.interval);
        let Some(Value::Ref(on)) = settings::inherited(objects, object, "runs_on") else {
            return Ok(None);
        };
        let address = Address::new(on.address.clone());
        let is_cluster = |object: &Object| object.object_type.name == "emr_cluster";
        if !objects.get(&address).is_some_and(is_cluster) {
            return Ok(None);
        }
        let resolved = self
            .resolver
            .node(&address, interval, of)
            .map_err(|diagnostics| self.resolver.sentences(&diagnostics))?;
        let resolved = self.revealed(resolved)?;
        let mut request = self.cluster_request(&resolved, of)?;
        request.log_uri = match self.cluster_logs(&resolved) {
            Some(place) => in_s3(&place),
            None => self
                .log_uri(&activity.activity, of)?
                .as_deref()
                .and_then(in_s3),
        };
        request.tags = self.tags(resolved.object, object);
        let mut aws = self.aws(resolved.object);
        if let Some(region) = resolved.text("region") {
            aws.region = Some(region.to_owned());
        }
        Ok(Some(Cluster {
            key: InstanceKey {
                object: address,
                interval,
            },
            aws,
            request,
            terms: self.terms(&resolved),
        }))
    }

    fn cluster_request(&self, resolved: &Resolved<'_>, of: Try) -> Result<ClusterRequest, String> {
        let text = |name: &str| resolved.text(name).map(str::to_owned);
        let ami_version = text("ami_version");
        let release_label = match (&ami_version, text("release_label")) {
            (None, None) => Some(RELEASE.to_owned()),
            (_, label) => label,
        };
        let mut applications = resolved.texts("applications");
        if applications.is_empty() && release_label.is_some() {
            applications = programs::USUAL.map(str::to_owned).into();
        }
        let mut request = ClusterRequest {
            groups: groups(resolved, release_label.is_some())?,
            bootstrap: bootstrap(resolved),
            configurations: configurations(resolved.get("configuration")),
            network: network(resolved),
            hadoop_version: text("hadoop_version"),
            supported_products: text("supported_products"),
            service_role: self.role(resolved, "role", of)?,
            instance_role: self.role(resolved, "resource_role", of)?,
            visible_to_all_users: bool_of(resolved.get("visible_to_all_users")),
            debugging: resolved.boolean("enable_debugging"),
            steps_at_once: whole(resolved.get("step_concurrency_level")),
            idle_timeout: idle(resolved, release_label.as_deref()),
            ami_version,
            release_label,
            applications,
            ..ClusterRequest::default()
        };
        schedule_jobs(resolved, &mut request);
        Ok(request)
    }

    /// Where its own logs go as far as it is said by itself: `emr_log_uri`, else `log_uri`, its own or its pipeline's.
    fn cluster_logs(&self, resolved: &Resolved<'_>) -> Option<String> {
        let own = resolved.text("emr_log_uri").or(resolved.text("log_uri"));
        let objects = self.resolver.objects;
        own.map(str::to_owned).or_else(|| {
            match settings::inherited(objects, resolved.object, "log_uri") {
                Some(Value::String(place)) => Some(place.to_string()),
                _ => None,
            }
        })
    }

    /// The tags of its pipeline; those of a resource that stands in none are those of the activity that asks for the cluster.
    fn tags(&self, resource: &Object, activity: &Object) -> BTreeMap<String, String> {
        let pipeline = resource.pipeline.as_ref().or(activity.pipeline.as_ref());
        let pipeline = pipeline.and_then(|pipeline| self.resolver.objects.get(pipeline));
        let tags = match pipeline.and_then(|pipeline| pipeline.get("tags")) {
            Some(Value::Map(tags) | Value::Object(tags)) => tags.iter(),
            _ => return BTreeMap::new(),
        };
        let plain = |text: &str, longest: usize| -> String {
            let allowed = |c: char| c.is_alphanumeric() || " +-=._:/@".contains(c);
            let characters = text.chars().map(|c| if allowed(c) { c } else { '_' });
            characters.take(longest).collect()
        };
        let free = |name: &str| {
            let name = name.to_lowercase();
            !name.is_empty() && !NAMES_OF_OTHERS.iter().any(|other| name.starts_with(other))
        };
        tags.filter(|(name, _)| free(name))
            .filter_map(|(name, value)| match value {
                Value::String(value) => Some((plain(name, TAG_NAME), plain(value, TAG_VALUE))),
                _ => None,
            })
            .take(TAGS)
            .collect()
    }

    /// A role: the cluster's own, else the pipeline's, else AWS's own name for it.
    fn role(&self, resolved: &Resolved<'_>, name: &str, of: Try) -> Result<String, String> {
        if resolved.attributes.contains_key(name) {
            return required(resolved, name);
        }
        match self.of_pipeline(resolved, name, of)? {
            Some(role) => Ok(role),
            None => required(resolved, name),
        }
    }

    fn terms(&self, resolved: &Resolved<'_>) -> Terms {
        let objects = self.resolver.objects;
        let object = resolved.object;
        let length = |name: &str| settings::duration(objects, object, name);
        let own = |name: &str| parse_duration(resolved.text(name)?).ok();
        let retries = settings::integer(objects, object, "max_retries").unwrap_or(0);
        let retry_delay = length("retry_delay").unwrap_or(SignedDuration::ZERO);
        let constant = settings::text(objects, object, "backoff") == Some("constant");
        let longest = length("max_retry_delay").unwrap_or(retry_delay);
        let retries_work = resolved.text("action_on_resource_failure") != Some("retry_none");
        let retries = if retries_work { retries } else { 0 };
        Terms {
            tries: u32::try_from(retries).unwrap_or(0).saturating_add(1),
            retry_delay,
            max_retry_delay: if constant { retry_delay } else { longest },
            init_timeout: own("init_timeout"),
            terminate_after: own("terminate_after"),
            retries_work,
            ends_with_work: resolved.text("action_on_task_failure") == Some("terminate"),
            on_demand_at_last: resolved.boolean("use_on_demand_on_last_attempt"),
        }
    }
}

/// A place for the logs of a cluster: only S3 takes them.
fn in_s3(place: &str) -> Option<String> {
    let place = place.starts_with("s3://").then_some(place)?;
    Some(format!("{}/", place.trim_end_matches('/')))
}

/// For how long a cluster has to have had nothing to do until EMR ends it. `None`: it does not.
fn idle(resolved: &Resolved<'_>, release: Option<&str>) -> Option<Duration> {
    let can = release.is_some_and(programs::ends_when_idle);
    if !can || bool_of(resolved.get("auto_termination")) == Some(false) {
        return None;
    }
    let said = resolved.text("idle_timeout");
    let said = said.and_then(|text| Duration::try_from(parse_duration(text).ok()?).ok());
    Some(said.unwrap_or(IDLE))
}

/// Which scheduler shares the cluster among jobs.
fn schedule_jobs(resolved: &Resolved<'_>, request: &mut ClusterRequest) {
    const SETTING: &str = "yarn.resourcemanager.scheduler.class";
    const PACKAGE: &str = "org.apache.hadoop.yarn.server.resourcemanager.scheduler";
    let class = match resolved.text("hadoop_scheduler_type") {
        Some("parallel_fair_scheduling") => format!("{PACKAGE}.fair.FairScheduler"),
        Some("parallel_capacity_scheduling") => format!("{PACKAGE}.capacity.CapacityScheduler"),
        _ => return,
    };
    if request.release_label.is_some() {
        let yarn = request.configurations.iter_mut();
        let mut yarn = yarn.filter(|one| one.classification == "yarn-site");
        let setting = (SETTING.to_owned(), class);
        match yarn.next() {
            Some(yarn) => drop(yarn.properties.entry(setting.0).or_insert(setting.1)),
            None => request.configurations.push(Configuration {
                classification: "yarn-site".to_owned(),
                properties: BTreeMap::from([setting]),
                configurations: Vec::new(),
            }),
        }
    } else {
        request.bootstrap.push(Bootstrap {
            path: "s3://elasticmapreduce/bootstrap-actions/configure-hadoop".to_owned(),
            args: vec!["-y".to_owned(), format!("{SETTING}={class}")],
        });
    }
}

/// The machines: one master, as many core machines as are asked for, else one, and task machines only if they are asked for.
fn groups(resolved: &Resolved<'_>, has_release: bool) -> Result<Vec<Group>, String> {
    let kinds = machines::Role::ALL.into_iter().map(|of| {
        let name = of.as_str();
        let said = whole(resolved.get(&format!("{name}_instance_count"))).map(i64::from);
        let instance_type = resolved.text(&format!("{name}_instance_type"));
        let number = machines::number(of, said, instance_type.is_some());
        let count = i32::try_from(number).unwrap_or(i32::MAX);
        (of, name, instance_type, count)
    });
    kinds
        .filter(|(.., count)| *count > 0)
        .map(|(of, name, instance_type, count)| {
            let settings = resolved.get(&format!("{name}_group_configuration"));
            let otherwise = machines::usual_machine(has_release);
            Ok(Group {
                role: role(of),
                instance_type: instance_type.unwrap_or(otherwise).to_owned(),
                count,
                market: market(resolved, &format!("{name}_instance_bid_price"))?,
                configurations: settings.and_then(configuration).into_iter().collect(),
                ebs: resolved.get(&format!("{name}_ebs_configuration")).map(ebs),
            })
        })
        .collect()
}

fn role(role: machines::Role) -> Role {
    match role {
        machines::Role::Master => Role::Master,
        machines::Role::Core => Role::Core,
        machines::Role::Task => Role::Task,
    }
}

fn market(resolved: &Resolved<'_>, name: &str) -> Result<Market, String> {
    let (value, _) = match resolved.get(name) {
        None => return Ok(Market::OnDemand),
        Some(value) => value.clone().unmark(),
    };
    match value {
        Value::String(text) if &*text == ON_DEMAND_PRICE => Ok(Market::Spot(None)),
        Value::String(text) => Ok(Market::Spot(Some(text.to_string()))),
        Value::Number(price) => Ok(Market::Spot(Some(price.to_string()))),
        other => Err(format!("`{name}` came to {}", other.describe())),
    }
}

fn network(resolved: &Resolved<'_>) -> Network {
    let text = |name: &str| resolved.text(name).map(str::to_owned);
    Network {
        availability_zone: text("availability_zone"),
        subnet_id: text("subnet_id"),
        key_pair: text("key_pair"),
        master_group: text("emr_managed_master_security_group_id"),
        slave_group: text("emr_managed_slave_security_group_id"),
        service_group: text("service_access_security_group_id"),
        more_master_groups: resolved.texts("additional_master_security_group_ids"),
        more_slave_groups: resolved.texts("additional_slave_security_group_ids"),
    }
}

fn bootstrap(resolved: &Resolved<'_>) -> Vec<Bootstrap> {
    let bootstrap = |block: &Value| {
        Some(Bootstrap {
            path: text_of(member(block, "path")?)?,
            args: member(block, "args").map(texts_of).unwrap_or_default(),
        })
    };
    blocks(resolved.get("bootstrap_action"))
        .filter_map(bootstrap)
        .collect()
}

fn configurations(value: Option<&Value>) -> Vec<Configuration> {
    blocks(value).filter_map(configuration).collect()
}

fn configuration(block: &Value) -> Option<Configuration> {
    let properties = match member(block, "properties").map(Value::unmarked) {
        Some(Value::Map(map) | Value::Object(map)) => map
            .iter()
            .filter_map(|(name, value)| Some((name.to_string(), text_of(value)?)))
            .collect(),
        _ => BTreeMap::new(),
    };
    Some(Configuration {
        classification: text_of(member(block, "classification")?)?,
        properties,
        configurations: configurations(member(block, "configuration")),
    })
}

fn ebs(block: &Value) -> Ebs {
    let device = |block: &Value| {
        let volume = member(block, "volume_specification");
        let of_volume = |name: &str| volume.and_then(|volume| member(volume, name));
        Device {
            count: whole(member(block, "volumes_per_instance")),
            volume_type: of_volume("volume_type").and_then(text_of),
            size_in_gb: whole(of_volume("size_in_gb")),
            iops: whole(of_volume("iops")),
        }
    };
    Ebs {
        optimized: bool_of(member(block, "ebs_optimized")),
        devices: blocks(member(block, "ebs_block_device_config"))
            .map(device)
            .collect(),
    }
}

/// The blocks of an attribute, of which there may be several.
fn blocks(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    let list: &[Value] = match value.map(Value::unmarked) {
        Some(Value::Tuple(list) | Value::List(list)) => list,
        _ => &[],
    };
    list.iter()
}

/// What is set in a block.
fn member<'a>(block: &'a Value, name: &str) -> Option<&'a Value> {
    match block.unmarked() {
        Value::Object(attributes) | Value::Map(attributes) => attributes
            .get(name)
            .filter(|value| !matches!(value, Value::Null(_))),
        _ => None,
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value.unmarked() {
        Value::String(text) => Some(text.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

fn texts_of(value: &Value) -> Vec<String> {
    match value.unmarked() {
        Value::List(list) | Value::Tuple(list) => list.iter().filter_map(text_of).collect(),
        _ => Vec::new(),
    }
}

fn whole(value: Option<&Value>) -> Option<i32> {
    match value?.unmarked() {
        Value::Number(number) => number.to_i64().and_then(|number| number.try_into().ok()),
        _ => None,
    }
}

fn bool_of(value: Option<&Value>) -> Option<bool> {
    match value?.unmarked() {
        Value::Bool(value) => Some(*value),
        _ => None,
    }
}
