//! What is asked for when a cluster is created, in plain values, and the same as EMR wants it.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_emr::operation::run_job_flow::builders::RunJobFlowFluentBuilder;
use aws_sdk_emr::types::ActionOnFailure;
use aws_sdk_emr::types::Application;
use aws_sdk_emr::types::AutoTerminationPolicy;
use aws_sdk_emr::types::BootstrapActionConfig;
use aws_sdk_emr::types::Configuration as SdkConfiguration;
use aws_sdk_emr::types::EbsBlockDeviceConfig;
use aws_sdk_emr::types::EbsConfiguration;
use aws_sdk_emr::types::HadoopJarStepConfig;
use aws_sdk_emr::types::InstanceGroupConfig;
use aws_sdk_emr::types::InstanceRoleType;
use aws_sdk_emr::types::JobFlowInstancesConfig;
use aws_sdk_emr::types::MarketType;
use aws_sdk_emr::types::PlacementType;
use aws_sdk_emr::types::ScriptBootstrapActionConfig;
use aws_sdk_emr::types::StepConfig;
use aws_sdk_emr::types::Tag;
use aws_sdk_emr::types::VolumeSpecification;

/// A cluster that is to be created.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClusterRequest {
    /// Its name, for people.
    pub name: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The release, e.g. `emr-7.5.0`.
    pub release_label: Option<String>,
    /// The version of clusters before releases.
    pub ami_version: Option<String>,
    /// The programs it has.
    pub applications: Vec<String>,
    /// Scripts that its machines run first.
    pub bootstrap: Vec<Bootstrap>,
    /// Settings of its programs.
    pub configurations: Vec<Configuration>,
    /// Its machines.
    pub groups: Vec<Group>,
    /// Where it is, and who may reach it.
    pub network: Network,
    /// The version of Hadoop, before releases.
    pub hadoop_version: Option<String>,
    /// A distribution that is not Amazon's.
    pub supported_products: Option<String>,
    /// Where it puts its logs.
    pub log_uri: Option<String>,
    /// The role of the service.
    pub service_role: String,
    /// The role of its machines.
    pub instance_role: String,
    /// Whether all users of the account see it.
    pub visible_to_all_users: Option<bool>,
    /// Whether what is needed to look into failed steps is kept.
    pub debugging: bool,
    /// How many of its steps run at once; `None`: as EMR has it, one.
    pub steps_at_once: Option<i32>,
    /// EMR ends it by itself when it had nothing to do for so long.
    pub idle_timeout: Option<Duration>,
}

/// A script that machines run before a cluster is ready.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bootstrap {
    /// Where it is.
    pub path: String,
    /// Its arguments.
    pub args: Vec<String>,
}

/// Settings of a program.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Configuration {
    /// Which.
    pub classification: String,
    /// By name.
    pub properties: BTreeMap<String, String>,
    /// Settings within these.
    pub configurations: Vec<Self>,
}

/// What machines are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// The one that leads.
    Master,
    /// Those with data.
    Core,
    /// Those that only compute.
    Task,
}

/// How machines are paid for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Market {
    /// On demand.
    OnDemand,
    /// On the spot market, for so much in an hour in US dollars; `None`: for as much as on demand.
    Spot(Option<String>),
}

/// Machines of one kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// What they are for.
    pub role: Role,
    /// Their type.
    pub instance_type: String,
    /// How many there are.
    pub count: i32,
    /// How they are paid for.
    pub market: Market,
    /// Settings of programs on them.
    pub configurations: Vec<Configuration>,
    /// Their volumes.
    pub ebs: Option<Ebs>,
}

/// Volumes of machines.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ebs {
    /// Whether machines have a line of their own to them.
    pub optimized: Option<bool>,
    /// They themselves.
    pub devices: Vec<Device>,
}

/// Volumes of one kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Device {
    /// How many each machine has.
    pub count: Option<i32>,
    /// Their type.
    pub volume_type: Option<String>,
    /// Their size.
    pub size_in_gb: Option<i32>,
    /// Their operations a second.
    pub iops: Option<i32>,
}

/// Where a cluster is, and who may reach it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Network {
    /// The zone.
    pub availability_zone: Option<String>,
    /// The subnet.
    pub subnet_id: Option<String>,
    /// Who may log in.
    pub key_pair: Option<String>,
    /// The security group of the master machine.
    pub master_group: Option<String>,
    /// That of the others.
    pub slave_group: Option<String>,
    /// That of the service.
    pub service_group: Option<String>,
    /// Further ones of the master machine.
    pub more_master_groups: Vec<String>,
    /// Further ones of the others.
    pub more_slave_groups: Vec<String>,
}

/// Puts a request into a call.
pub(super) fn fill(
    call: RunJobFlowFluentBuilder,
    request: &ClusterRequest,
) -> RunJobFlowFluentBuilder {
    let tags = request.tags.iter();
    let tags = tags.map(|(key, value)| Tag::builder().key(key).value(value).build());
    let applications = request.applications.iter();
    let applications = applications.map(|name| Application::builder().name(name).build());
    let policy = request.idle_timeout.map(|idle| {
        let seconds = i64::try_from(idle.as_secs()).unwrap_or(i64::MAX);
        AutoTerminationPolicy::builder()
            .idle_timeout(seconds)
            .build()
    });
    let products = request.supported_products.clone();
    call.name(&request.name)
        .instances(instances(request))
        .set_tags(some(tags.collect()))
        .set_release_label(request.release_label.clone())
        .set_ami_version(request.ami_version.clone())
        .set_applications(some(applications.collect()))
        .set_bootstrap_actions(some(bootstraps(&request.bootstrap)))
        .set_configurations(some(configurations(&request.configurations)))
        .set_supported_products(products.map(|product| vec![product]))
        .set_log_uri(request.log_uri.clone())
        .set_visible_to_all_users(request.visible_to_all_users)
        .set_steps(request.debugging.then(|| vec![debugging(request)]))
        .set_step_concurrency_level(request.steps_at_once)
        .set_auto_termination_policy(policy)
        .service_role(&request.service_role)
        .job_flow_role(&request.instance_role)
}

fn instances(request: &ClusterRequest) -> JobFlowInstancesConfig {
    let network = &request.network;
    let placement = network.availability_zone.as_ref();
    let placement = placement.map(|zone| PlacementType::builder().availability_zone(zone).build());
    JobFlowInstancesConfig::builder()
        .set_instance_groups(some(request.groups.iter().map(group).collect()))
        .keep_job_flow_alive_when_no_steps(true)
        .termination_protected(false)
        .set_hadoop_version(request.hadoop_version.clone())
        .set_placement(placement)
        .set_ec2_subnet_id(network.subnet_id.clone())
        .set_ec2_key_name(network.key_pair.clone())
        .set_emr_managed_master_security_group(network.master_group.clone())
        .set_emr_managed_slave_security_group(network.slave_group.clone())
        .set_service_access_security_group(network.service_group.clone())
        .set_additional_master_security_groups(some(network.more_master_groups.clone()))
        .set_additional_slave_security_groups(some(network.more_slave_groups.clone()))
        .build()
}

fn group(group: &Group) -> InstanceGroupConfig {
    let (role, name) = match group.role {
        Role::Master => (InstanceRoleType::Master, "master"),
        Role::Core => (InstanceRoleType::Core, "core"),
        Role::Task => (InstanceRoleType::Task, "task"),
    };
    let (market, bid) = match &group.market {
        Market::OnDemand => (MarketType::OnDemand, None),
        Market::Spot(bid) => (MarketType::Spot, bid.clone()),
    };
    InstanceGroupConfig::builder()
        .name(name)
        .instance_role(role)
        .instance_type(&group.instance_type)
        .instance_count(group.count)
        .market(market)
        .set_bid_price(bid)
        .set_configurations(some(configurations(&group.configurations)))
        .set_ebs_configuration(group.ebs.as_ref().map(ebs))
        .build()
}

fn ebs(ebs: &Ebs) -> EbsConfiguration {
    let devices = ebs.devices.iter().map(|device| {
        let volume = VolumeSpecification::builder()
            .set_volume_type(device.volume_type.clone())
            .set_size_in_gb(device.size_in_gb)
            .set_iops(device.iops)
            .build();
        EbsBlockDeviceConfig::builder()
            .volume_specification(volume)
            .set_volumes_per_instance(device.count)
            .build()
    });
    EbsConfiguration::builder()
        .set_ebs_optimized(ebs.optimized)
        .set_ebs_block_device_configs(some(devices.collect()))
        .build()
}

fn configurations(list: &[Configuration]) -> Vec<SdkConfiguration> {
    let configuration = |one: &Configuration| {
        let builder = SdkConfiguration::builder()
            .classification(&one.classification)
            .set_configurations(some(configurations(&one.configurations)));
        let properties = one.properties.iter();
        properties
            .fold(builder, |builder, (name, value)| {
                builder.properties(name, value)
            })
            .build()
    };
    list.iter().map(configuration).collect()
}

fn bootstraps(list: &[Bootstrap]) -> Vec<BootstrapActionConfig> {
    let bootstrap = |one: &Bootstrap| {
        let name = one.path.rsplit('/').next().unwrap_or(&one.path);
        let script = ScriptBootstrapActionConfig::builder()
            .path(&one.path)
            .set_args(some(one.args.clone()))
            .build();
        BootstrapActionConfig::builder()
            .name(name)
            .script_bootstrap_action(script)
            .build()
    };
    list.iter().map(bootstrap).collect()
}

/// The step by which clusters are set up for debugging.
fn debugging(request: &ClusterRequest) -> StepConfig {
    let jar = HadoopJarStepConfig::builder();
    let jar = if request.release_label.is_some() {
        jar.jar("command-runner.jar").args("state-pusher-script")
    } else {
        jar.jar("s3://elasticmapreduce/libs/script-runner/script-runner.jar")
            .args("s3://elasticmapreduce/libs/state-pusher/0.1/fetch")
    };
    StepConfig::builder()
        .name("Setup Hadoop Debugging")
        .action_on_failure(ActionOnFailure::Continue)
        .hadoop_jar_step(jar.build())
        .build()
}

/// A list, unless there is nothing in it.
fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}
