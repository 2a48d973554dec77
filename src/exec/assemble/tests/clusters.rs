//! What clusters are asked for as: each attribute of `resource "emr_cluster"`, as it is written, to the request that is made of it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::time::Duration;

use jiff::SignedDuration;

use super::Configured;
use super::assembled;
use super::daily;
use crate::connect::aws::emr::Bootstrap;
use crate::connect::aws::emr::ClusterRequest;
use crate::connect::aws::emr::Configuration;
use crate::connect::aws::emr::Device;
use crate::connect::aws::emr::Ebs;
use crate::connect::aws::emr::Group;
use crate::connect::aws::emr::Market;
use crate::connect::aws::emr::Network;
use crate::connect::aws::emr::Role;
use crate::exec::emr::Cluster;
use crate::exec::emr::Terms;
use crate::objects::Address;
use crate::objects::Support;
use crate::objects::machines;
use crate::objects::machines::makeup;
use crate::objects::registry;

/// The cluster of the activity `x` of `pipeline.p`.
fn cluster_of(objects: &Configured) -> Cluster {
    assembled(objects, |assembler, interval, of| {
        let activity = Address::new("pipeline.p.activity.x");
        let resolved = assembler.resolver.activity(&activity, interval, of);
        assembler.cluster(&resolved.unwrap(), of).unwrap().unwrap()
    })
}

fn cluster(resource: &str) -> Cluster {
    cluster_of(&configured(resource))
}

/// The activity `x` of a pipeline, and the cluster that it runs on.
fn configured(resource: &str) -> Configured {
    let inside = r#"
  log_uri = "s3://acme/pipeline"
  tags    = { team = "web & logs", "pipeform:cluster" = "no", "AWS:x" = "no" }

  activity "emr" "x" {
    runs_on = resource.big
    steps   = ["x.jar"]
  }
"#;
    let beside = format!("resource \"emr_cluster\" \"big\" {{\n{resource}\n}}");
    daily(inside, &beside)
}

const ALL: &str = r#"
  description   = "The big one"
  role          = "emr-role"
  resource_role = "ec2-role"
  log_uri       = "s3://acme/logs"
  emr_log_uri   = "s3://acme/emr/${run.date}"
  release_label = "emr-6.15.0"
  applications  = ["Spark", "Hive"]

  bootstrap_action {
    path = "s3://acme/boot.sh"
    args = ["a", "b, c"]
  }

  configuration {
    classification = "spark-env"
    properties     = { y = "1" }

    configuration {
      classification = "export"
      properties     = { PYSPARK_PYTHON = "python3" }
    }
  }

  master_instance_type      = "m5.${run.day == "24" ? "2" : ""}xlarge"
  master_instance_bid_price = 0.25

  master_group_configuration {
    classification = "master-site"
  }

  master_ebs_configuration {
    ebs_optimized = true
  }

  core_instance_type      = "r5.2xlarge"
  core_instance_count     = 3
  core_instance_bid_price = "on_demand_price"

  core_group_configuration {
    classification = "core-site"
  }

  core_ebs_configuration {
    ebs_block_device_config {
      volumes_per_instance = 2

      volume_specification {
        size_in_gb  = 100
        volume_type = "io1"
        iops        = 3000
      }
    }
  }

  task_instance_type      = "c5.xlarge"
  task_instance_count     = 4
  task_instance_bid_price = "0.1"

  task_group_configuration {
    classification = "task-site"
  }

  task_ebs_configuration {
    ebs_block_device_config {
      volume_specification {
        volume_type = "gp2"
      }
    }
  }

  emr_managed_master_security_group_id = "sg-1"
  emr_managed_slave_security_group_id  = "sg-2"
  service_access_security_group_id     = "sg-3"
  additional_master_security_group_ids = ["sg-4"]
  additional_slave_security_group_ids  = ["sg-5", "sg-6"]

  enable_debugging      = true
  hadoop_scheduler_type = "parallel_fair_scheduling"
  hadoop_version        = "2.4.0"
  supported_products    = "mapr"
  visible_to_all_users  = true

  step_concurrency_level = 10
  auto_termination       = true
  idle_timeout           = "90 minutes"

  region            = "eu-west-1"
  availability_zone = "eu-west-1a"
  subnet_id         = "subnet-1"
  key_pair          = "ops"

  use_on_demand_on_last_attempt = true
  terminate_after               = "6 hours"
  init_timeout                  = "40 minutes"
  action_on_task_failure        = "terminate"
  action_on_resource_failure    = "retry_all"
  max_retries                   = 4
  retry_delay                   = "1 minute"
  backoff                       = "exponential"
  max_retry_delay               = "5 minutes"
"#;

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let pairs = pairs.iter();
    pairs
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

fn setting(classification: &str, properties: &[(&str, &str)]) -> Configuration {
    Configuration {
        classification: classification.to_owned(),
        properties: map(properties),
        configurations: Vec::new(),
    }
}

#[allow(
    clippy::unnecessary_wraps,
    reason = "what is compared with it may be left out"
)]
fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn all_groups() -> Vec<Group> {
    let group = |role, instance_type: &str, count, market, name: &str, ebs| Group {
        role,
        instance_type: instance_type.to_owned(),
        count,
        market,
        configurations: vec![setting(name, &[])],
        ebs: Some(ebs),
    };
    let optimized = Ebs {
        optimized: Some(true),
        devices: Vec::new(),
    };
    let device = |device| Ebs {
        optimized: None,
        devices: vec![device],
    };
    let fast = Device {
        count: Some(2),
        volume_type: some("io1"),
        size_in_gb: Some(100),
        iops: Some(3000),
    };
    let plain = Device {
        volume_type: some("gp2"),
        ..Device::default()
    };
    let spot = |price: &str| Market::Spot(some(price));
    let own = ["master-site", "core-site", "task-site"];
    vec![
        group(
            Role::Master,
            "m5.2xlarge",
            1,
            spot("0.25"),
            own[0],
            optimized,
        ),
        group(
            Role::Core,
            "r5.2xlarge",
            3,
            Market::Spot(None),
            own[1],
            device(fast),
        ),
        group(
            Role::Task,
            "c5.xlarge",
            4,
            spot("0.1"),
            own[2],
            device(plain),
        ),
    ]
}

#[test]
fn each_attribute_of_a_cluster_is_asked_for() {
    let cluster = cluster(ALL);
    let fair = "org.apache.hadoop.yarn.server.resourcemanager.scheduler.fair.FairScheduler";
    let mut environment = setting("spark-env", &[("y", "1")]);
    environment.configurations = vec![setting("export", &[("PYSPARK_PYTHON", "python3")])];
    let request = ClusterRequest {
        name: String::new(),
        tags: map(&[("team", "web _ logs")]),
        release_label: some("emr-6.15.0"),
        ami_version: None,
        applications: texts(&["Spark", "Hive"]),
        bootstrap: vec![Bootstrap {
            path: "s3://acme/boot.sh".to_owned(),
            args: texts(&["a", "b, c"]),
        }],
        configurations: vec![
            environment,
            setting(
                "yarn-site",
                &[("yarn.resourcemanager.scheduler.class", fair)],
            ),
        ],
        groups: all_groups(),
        network: Network {
            availability_zone: some("eu-west-1a"),
            subnet_id: some("subnet-1"),
            key_pair: some("ops"),
            master_group: some("sg-1"),
            slave_group: some("sg-2"),
            service_group: some("sg-3"),
            more_master_groups: texts(&["sg-4"]),
            more_slave_groups: texts(&["sg-5", "sg-6"]),
        },
        hadoop_version: some("2.4.0"),
        supported_products: some("mapr"),
        log_uri: some("s3://acme/emr/2026-11-24/"),
        service_role: "emr-role".to_owned(),
        instance_role: "ec2-role".to_owned(),
        visible_to_all_users: Some(true),
        debugging: true,
        steps_at_once: Some(10),
        idle_timeout: Some(Duration::from_mins(90)),
    };
    assert_eq!(cluster.request, request);
    assert_eq!(cluster.aws.region, some("eu-west-1"));
    let terms = Terms {
        tries: 5,
        retry_delay: SignedDuration::from_mins(1),
        max_retry_delay: SignedDuration::from_mins(5),
        init_timeout: Some(SignedDuration::from_mins(40)),
        terminate_after: Some(SignedDuration::from_hours(6)),
        retries_work: true,
        ends_with_work: true,
        on_demand_at_last: true,
    };
    assert_eq!(cluster.terms, terms);
}

#[test]
fn no_attribute_that_a_cluster_acts_on_is_left_out_above() {
    let known = configured(ALL).0;
    let said: BTreeSet<&str> = known[&Address::new("resource.big")]
        .attributes
        .keys()
        .map(|name| &**name)
        .collect();
    let kept = ["aws_fields", "aws_id", "provider", "schedule"];
    let told = ["late_after", "on_fail", "on_late", "on_success"]; // runtime/outcomes/mod.rs
    let schema = registry::find(crate::objects::Kind::Resource, "emr_cluster").unwrap();
    let missing: Vec<&str> = schema
        .schema()
        .filter(|schema| schema.support == Support::Full)
        .map(|schema| schema.name)
        .filter(|name| !kept.contains(name) && !told.contains(name))
        .filter(|name| !said.contains(name) && *name != "ami_version")
        .collect();
    assert_eq!(missing, Vec::<&str>::new());
}

#[test]
fn what_is_left_out_is_as_the_page_says() {
    let plain = cluster("");
    let request = &plain.request;
    assert_eq!(request.release_label, some("emr-7.5.0"));
    assert_eq!(request.applications, ["Hive", "Pig", "Spark"]);
    assert_eq!(request.steps_at_once, None);
    assert_eq!(request.service_role, "DataPipelineDefaultRole");
    assert_eq!(request.instance_role, "DataPipelineDefaultResourceRole");
    assert_eq!(
        request.log_uri,
        some("s3://acme/pipeline/"),
        "the activity's"
    );
    let machines = |cluster: &Cluster| -> Vec<String> {
        let groups = cluster.request.groups.iter();
        groups
            .map(|group| format!("{:?} {} {}", group.role, group.count, group.instance_type))
            .collect()
    };
    assert_eq!(machines(&plain), ["Master 1 m5.xlarge", "Core 1 m5.xlarge"]);
    assert_eq!(plain.terms.tries, 3);
    assert_eq!(plain.terms.terminate_after, None);
    let small = cluster("core_instance_count = 0\n  task_instance_type = \"c5.xlarge\"");
    assert_eq!(machines(&small), ["Master 1 m5.xlarge", "Task 1 c5.xlarge"]);
    let never = cluster("action_on_resource_failure = \"retry_none\"");
    assert_eq!((never.terms.tries, never.terms.retries_work), (1, false));
    let constant = cluster("backoff = \"constant\"\n  retry_delay = \"2 minutes\"");
    assert_eq!(constant.terms.max_retry_delay, SignedDuration::from_mins(2));
    let own = cluster("log_uri = \"s3://acme/own\"");
    assert_eq!(own.request.log_uri, some("s3://acme/own/"));
    let here = cluster("log_uri = \"/var/log/emr\"");
    assert_eq!(here.request.log_uri, None, "only S3 takes them");
}

#[test]
fn clusters_before_releases_have_their_own_machines_and_settings() {
    let old = cluster(
        "ami_version = \"3.11.0\"\n  hadoop_scheduler_type = \"parallel_capacity_scheduling\"",
    );
    let request = &old.request;
    assert_eq!(
        (&request.release_label, &request.ami_version),
        (&None, &some("3.11.0"))
    );
    assert_eq!(request.applications, Vec::<String>::new());
    assert_eq!(request.idle_timeout, None);
    assert_eq!(request.configurations, []);
    assert_eq!(request.groups[0].instance_type, "m3.xlarge");
    let setting = "yarn.resourcemanager.scheduler.class=org.apache.hadoop.yarn.server.resourcemanager.scheduler.capacity.CapacityScheduler";
    let bootstrap = Bootstrap {
        path: "s3://elasticmapreduce/bootstrap-actions/configure-hadoop".to_owned(),
        args: texts(&["-y", setting]),
    };
    assert_eq!(request.bootstrap, [bootstrap]);
    for (release, ends) in [
        ("emr-5.29.0", false),
        ("emr-5.30.0", true),
        ("emr-6.0.0", false),
        ("emr-6.1.0", true),
        ("emr-7.0.0", true),
        ("emr-4.9.6", false),
    ] {
        let cluster = cluster(&format!("release_label = \"{release}\""));
        assert_eq!(cluster.request.idle_timeout.is_some(), ends, "{release}");
    }
}

#[test]
fn it_is_said_for_how_long_a_cluster_may_have_nothing_to_do() {
    let idle = |text: &str| cluster(text).request.idle_timeout;
    assert_eq!(idle(""), Some(Duration::from_hours(1)));
    let longer = idle("idle_timeout = \"2 hours\"");
    assert_eq!(longer, Some(Duration::from_hours(2)));
    assert_eq!(
        idle("auto_termination = true"),
        Some(Duration::from_hours(1))
    );
    assert_eq!(idle("auto_termination = false"), None);
}

#[test]
fn a_plan_shows_the_machines_that_are_asked_for() {
    for resource in [
        ALL,
        "",
        "ami_version = \"3.11.0\"",
        "core_instance_count = 0",
    ] {
        let objects = configured(resource);
        let shown = makeup(&objects.0[&Address::new("resource.big")]).unwrap();
        let asked = cluster_of(&objects).request.groups;
        let shown: Vec<_> = shown
            .machines
            .into_iter()
            .map(|it| {
                let market = match it.market {
                    machines::Market::OnDemand => Market::OnDemand,
                    machines::Market::Spot { bid_price } => Market::Spot(bid_price),
                };
                (it.role.as_str().to_owned(), it.count, market)
            })
            .collect();
        let asked: Vec<_> = asked
            .into_iter()
            .map(|it| {
                let role = format!("{:?}", it.role).to_lowercase();
                (role, i64::from(it.count), it.market)
            })
            .collect();
        assert_eq!(shown, asked, "{resource}");
    }
}
