//! What is in the call that makes a cluster: each field of a request, and nothing besides.

use std::time::Duration;

use aws_sdk_emr::config::BehaviorVersion;
use aws_sdk_emr::config::Region;
use aws_sdk_emr::error::ErrorMetadata;
use aws_sdk_emr::operation::run_job_flow::RunJobFlowError;
use aws_sdk_emr::operation::run_job_flow::builders::RunJobFlowInputBuilder;
use aws_sdk_emr::types::InstanceGroupConfig;
use aws_smithy_types::body::SdkBody;

use super::request::fill;
use super::*;

fn called(request: &ClusterRequest) -> RunJobFlowInputBuilder {
    let config = aws_sdk_emr::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .build();
    let call = Client::from_conf(config).run_job_flow();
    fill(call, request).as_input().clone()
}

#[allow(
    clippy::unnecessary_wraps,
    reason = "what is compared with it may be left out"
)]
fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn group(role: Role, market: Market) -> Group {
    Group {
        role,
        instance_type: "m5.xlarge".to_owned(),
        count: 2,
        market,
        configurations: Vec::new(),
        ebs: None,
    }
}

fn setting(classification: &str) -> Configuration {
    Configuration {
        classification: classification.to_owned(),
        properties: BTreeMap::from([("y".to_owned(), "1".to_owned())]),
        configurations: Vec::new(),
    }
}

fn groups(request: &ClusterRequest) -> Vec<InstanceGroupConfig> {
    let input = called(request);
    let instances = input.get_instances().as_ref().unwrap();
    instances.instance_groups().to_vec()
}

#[test]
fn what_a_cluster_is_goes_into_the_call() {
    let input = called(&ClusterRequest {
        name: "reports".to_owned(),
        tags: BTreeMap::from([("team".to_owned(), "web".to_owned())]),
        release_label: some("emr-7.5.0"),
        applications: vec!["Spark".to_owned()],
        bootstrap: vec![Bootstrap {
            path: "s3://acme/code/boot.sh".to_owned(),
            args: vec!["a".to_owned()],
        }],
        configurations: vec![Configuration {
            configurations: vec![setting("export")],
            ..setting("spark-env")
        }],
        supported_products: some("mapr"),
        log_uri: some("s3://acme/logs/"),
        service_role: "emr-role".to_owned(),
        instance_role: "ec2-role".to_owned(),
        visible_to_all_users: Some(true),
        steps_at_once: Some(10),
        idle_timeout: Some(Duration::from_hours(1)),
        ..ClusterRequest::default()
    });
    assert_eq!(input.get_name(), &some("reports"));
    let tags = input.get_tags().as_ref().unwrap();
    assert_eq!(
        (tags[0].key(), tags[0].value()),
        (Some("team"), Some("web"))
    );
    assert_eq!(input.get_release_label(), &some("emr-7.5.0"));
    assert_eq!(input.get_ami_version(), &None);
    let applications = input.get_applications().as_ref().unwrap();
    assert_eq!(applications[0].name(), Some("Spark"));
    let bootstrap = &input.get_bootstrap_actions().as_ref().unwrap()[0];
    let script = bootstrap.script_bootstrap_action().unwrap();
    assert_eq!(bootstrap.name(), Some("boot.sh"));
    assert_eq!(script.path(), Some("s3://acme/code/boot.sh"));
    assert_eq!(script.args(), ["a"]);
    let outer = &input.get_configurations().as_ref().unwrap()[0];
    assert_eq!(outer.classification(), Some("spark-env"));
    assert_eq!(outer.properties().unwrap()["y"], "1");
    assert_eq!(outer.configurations()[0].classification(), Some("export"));
    assert_eq!(
        input.get_supported_products(),
        &Some(vec!["mapr".to_owned()])
    );
    assert_eq!(input.get_log_uri(), &some("s3://acme/logs/"));
    assert_eq!(input.get_service_role(), &some("emr-role"));
    assert_eq!(input.get_job_flow_role(), &some("ec2-role"));
    assert_eq!(input.get_visible_to_all_users(), &Some(true));
    assert_eq!(input.get_step_concurrency_level(), &Some(10));
    assert_eq!(input.get_steps(), &None);
    let policy = input.get_auto_termination_policy().as_ref().unwrap();
    assert_eq!(policy.idle_timeout(), Some(3600));
}

#[test]
fn where_a_cluster_is_goes_into_the_call() {
    let input = called(&ClusterRequest {
        network: Network {
            availability_zone: some("eu-west-1a"),
            subnet_id: some("subnet-1"),
            key_pair: some("ops"),
            master_group: some("sg-1"),
            slave_group: some("sg-2"),
            service_group: some("sg-3"),
            more_master_groups: vec!["sg-4".to_owned()],
            more_slave_groups: vec!["sg-5".to_owned()],
        },
        hadoop_version: some("2.4.0"),
        ..ClusterRequest::default()
    });
    let instances = input.get_instances().as_ref().unwrap();
    let zone = instances.placement().unwrap().availability_zone();
    assert_eq!(zone, Some("eu-west-1a"));
    assert_eq!(instances.ec2_subnet_id(), Some("subnet-1"));
    assert_eq!(instances.ec2_key_name(), Some("ops"));
    assert_eq!(instances.emr_managed_master_security_group(), Some("sg-1"));
    assert_eq!(instances.emr_managed_slave_security_group(), Some("sg-2"));
    assert_eq!(instances.service_access_security_group(), Some("sg-3"));
    assert_eq!(instances.additional_master_security_groups(), ["sg-4"]);
    assert_eq!(instances.additional_slave_security_groups(), ["sg-5"]);
    assert_eq!(instances.hadoop_version(), Some("2.4.0"));
    assert_eq!(instances.keep_job_flow_alive_when_no_steps(), Some(true));
    assert_eq!(instances.termination_protected(), Some(false));
}

#[test]
fn machines_are_on_demand_or_on_the_spot_market() {
    let request = ClusterRequest {
        groups: vec![
            group(Role::Master, Market::OnDemand),
            Group {
                configurations: vec![setting("core-site")],
                ..group(Role::Core, Market::Spot(some("0.31")))
            },
            group(Role::Task, Market::Spot(None)),
        ],
        ..ClusterRequest::default()
    };
    let groups = groups(&request);
    let said: Vec<_> = groups
        .iter()
        .map(|group| {
            (
                group.name().unwrap(),
                group.instance_role().unwrap().as_str(),
                group.instance_type().unwrap(),
                group.instance_count().unwrap(),
                group.market().unwrap().as_str(),
                group.bid_price(),
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            ("master", "MASTER", "m5.xlarge", 2, "ON_DEMAND", None),
            ("core", "CORE", "m5.xlarge", 2, "SPOT", Some("0.31")),
            ("task", "TASK", "m5.xlarge", 2, "SPOT", None),
        ]
    );
    let own = groups[1].configurations();
    assert_eq!(own[0].classification(), Some("core-site"));
}

#[test]
fn machines_have_volumes() {
    let device = Device {
        count: Some(2),
        volume_type: some("io1"),
        size_in_gb: Some(100),
        iops: Some(3000),
    };
    let request = ClusterRequest {
        groups: vec![Group {
            ebs: Some(Ebs {
                optimized: Some(true),
                devices: vec![device],
            }),
            ..group(Role::Core, Market::OnDemand)
        }],
        ..ClusterRequest::default()
    };
    let groups = groups(&request);
    let ebs = groups[0].ebs_configuration().unwrap();
    assert_eq!(ebs.ebs_optimized(), Some(true));
    let device = &ebs.ebs_block_device_configs()[0];
    assert_eq!(device.volumes_per_instance(), Some(2));
    let volume = device.volume_specification().unwrap();
    assert_eq!(volume.volume_type(), Some("io1"));
    assert_eq!(
        (volume.size_in_gb(), volume.iops()),
        (Some(100), Some(3000))
    );
}

#[test]
fn debugging_is_a_step_of_its_own() {
    let steps = |request: &ClusterRequest| {
        let step = called(request).get_steps().as_ref().unwrap()[0].clone();
        let jar = step.hadoop_jar_step().unwrap().clone();
        (jar.jar().unwrap().to_owned(), jar.args().join(" "))
    };
    let mut request = ClusterRequest {
        release_label: some("emr-7.5.0"),
        debugging: true,
        ..ClusterRequest::default()
    };
    let (jar, args) = steps(&request);
    assert_eq!(
        (&*jar, &*args),
        ("command-runner.jar", "state-pusher-script")
    );
    (request.release_label, request.ami_version) = (None, some("3.11.0"));
    let (jar, args) = steps(&request);
    assert!(
        jar.ends_with("script-runner.jar") && args.ends_with("fetch"),
        "{jar} {args}"
    );
    assert_eq!(called(&request).get_ami_version(), &some("3.11.0"));
}

#[test]
fn a_call_that_is_wrong_as_it_is_is_refused_for_good() {
    let for_good = |status: u16, code: &str, message: &str| {
        let answer = HttpResponse::new(status.try_into().unwrap(), SdkBody::empty());
        let meta = ErrorMetadata::builder().code(code).message(message).build();
        let error = SdkError::service_error(RunJobFlowError::generic(meta), answer);
        Failed::of(&error).is_for_good
    };
    let invalid = "The supplied release label is invalid: emr-7.";
    assert!(for_good(400, "ValidationException", invalid));
    assert!(for_good(400, "InvalidRequestException", invalid));
    let limit = "You have exceeded your quota of active clusters.";
    assert!(!for_good(400, "ValidationException", limit));
    assert!(!for_good(400, "ThrottlingException", "Rate exceeded"));
    assert!(!for_good(
        400,
        "AccessDeniedException",
        "User: me is not authorized"
    ));
    assert!(!for_good(500, "ValidationException", invalid));
    assert!(!for_good(
        500,
        "InternalServerException",
        "Internal failure"
    ));
}
