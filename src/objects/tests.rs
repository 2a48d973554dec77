//! What must be so of all types: the registry is sorted and documented, and has every field of AWS Data Pipeline.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::AttributeSchema;
use super::AttributeType;
use super::Aws;
use super::BlockSchema;
use super::Group;
use super::Kind;
use super::ObjectType;
use super::registry;
use super::registry::TYPES;

/// Calls for all attributes of a type and of its blocks, with what they stand in; blocks within their own kind once.
fn each_inner(
    owner: &str,
    attributes: &[&'static AttributeSchema],
    visit: &mut impl FnMut(&str, &[&'static AttributeSchema]),
) {
    visit(owner, attributes);
    for attribute in attributes {
        if let Some(content) = attribute.value.block() {
            let inner: Vec<&AttributeSchema> = content
                .attributes
                .iter()
                .filter(|inner| inner.value.block() != Some(content))
                .collect();
            each_inner(content.name, &inner, visit);
        }
    }
}

fn each(visit: &mut impl FnMut(&str, &[&'static AttributeSchema])) {
    for object_type in TYPES {
        let attributes: Vec<_> = object_type.schema().collect();
        let owner = format!("{} {}", object_type.kind.as_str(), object_type.name);
        each_inner(&owner, &attributes, visit);
    }
}

#[test]
fn types_are_sorted_and_their_attributes_are_unique_and_documented() {
    let keys: Vec<_> = TYPES
        .iter()
        .map(|object_type| (object_type.kind.as_str(), object_type.name))
        .collect();
    let mut sorted = keys.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(keys, sorted);
    each(&mut |owner, attributes| {
        let mut seen = BTreeSet::new();
        for attribute in attributes {
            let name = attribute.name;
            assert!(seen.insert(name), "{owner}: {name} stands twice");
            assert!(attribute.doc.ends_with('.'), "{owner}: {name}");
        }
    });
    for object_type in TYPES {
        for nested in object_type.nested {
            assert!(object_type.attribute(nested.attribute).is_some());
        }
        for group in object_type.groups {
            for name in group.attributes() {
                assert!(object_type.attribute(name).is_some(), "{name}");
            }
            let known = TYPES.iter().map(|known| known.name);
            let known: BTreeSet<_> = known.collect();
            assert!(group.types().iter().all(|name| known.contains(name)));
        }
    }
}

#[test]
fn a_type_has_no_field_of_aws_twice_and_each_type_of_aws_is_one_type_here() {
    each(&mut |owner, attributes| {
        let mut seen = BTreeSet::new();
        for field in attributes.iter().flat_map(|schema| schema.aws_fields()) {
            assert!(seen.insert(field.clone()), "{owner}: {field} stands twice");
        }
    });
    let mut seen = BTreeSet::new();
    for name in TYPES.iter().flat_map(|object_type| object_type.aws) {
        assert!(seen.insert(name), "{name} stands twice");
    }
}

#[test]
fn words_have_a_spelling_each_in_aws_and_are_found_in_any_case() {
    each(&mut |owner, attributes| {
        for schema in attributes {
            let words = schema.value.words();
            assert!(
                words
                    .iter()
                    .all(|word| word.to_lowercase() == *word && !word.contains('-'))
            );
            if let Aws::Words(_, theirs) = schema.aws {
                assert_eq!(theirs.len(), words.len(), "{owner}: {}", schema.name);
            }
            for word in words {
                let spelled = schema.aws_word(word).unwrap();
                for spelled in [spelled.to_lowercase(), spelled.to_uppercase()] {
                    assert_eq!(schema.word_of_aws(&spelled), Some(*word));
                }
            }
        }
    });
    let emr = registry::find(Kind::Resource, "emr_cluster").unwrap();
    let bid = emr.of_aws_field("coreInstanceBidPrice").unwrap();
    assert_eq!(bid.word_of_aws("OnDemandPrice"), Some("on_demand_price"));
    assert_eq!(bid.aws_word("on_demand_price"), Some("OnDemandPrice"));
    assert_eq!(bid.word_of_aws("0.05"), None);
}

#[test]
fn text_that_aws_evaluates_for_each_instance_may_be_deferred() {
    let known_in_advance = ["worker_group", "aws_id", "profile", "alias"];
    for object_type in TYPES.iter().filter(|found| !found.aws.is_empty()) {
        for schema in object_type.schema() {
            let text = matches!(
                schema.value,
                AttributeType::String | AttributeType::Strings | AttributeType::Assignments
            );
            let fixed = schema.metadata
                || schema.aws == Aws::None
                || known_in_advance.contains(&schema.name)
                || object_type.kind == Kind::DataFormat
                || schema.name == "primary_keys";
            assert!(
                !text || fixed || schema.deferrable,
                "{} of {}",
                schema.name,
                object_type.name
            );
        }
    }
}

#[test]
fn a_group_is_a_sentence() {
    for (group, sentence) in [
        (
            Group::ExactlyOne(&["a", "b", "c"]),
            "Exactly one of `a`, `b` and `c` is set.",
        ),
        (
            Group::AtMostOne(&["a", "b"]),
            "At most one of `a` and `b` is set.",
        ),
        (Group::When("a", "b", "c"), "`a = \"b\"` needs `c`."),
        (Group::Types("a", &["b", "c"]), "`a` is of type `b` or `c`."),
    ] {
        assert_eq!(group.sentence(), sentence);
    }
}

#[test]
fn another_name_of_a_type_finds_it_and_is_not_listed() {
    let found = registry::find(Kind::Precondition, "s3_prefix_exists").unwrap();
    assert_eq!(found.name, "s3_prefix_not_empty");
    assert!(!registry::names(Kind::Precondition).any(|name| name == "s3_prefix_exists"));
    assert_eq!(registry::find(Kind::Action, "s3_prefix_exists"), None);
}

/// What can run or be checked again and again.
const RUN: &str = "attemptTimeout failureAndRerunMode lateAfterTimeout maximumRetries onFail onLateAction onSuccess \
                   reportProgressTimeout retryDelay";
/// What has a schedule.
const SCHED: &str = "schedule scheduleType maxActiveInstances pipelineLogUri";
/// Where work is done.
const WHERE: &str = "runsOn workerGroup";
/// What is waited for.
const DEP: &str = "dependsOn precondition";
/// What all activities have.
const ACTIVITY: &[&str] = &[RUN, SCHED, WHERE, DEP, "input output"];
const NODE: &[&str] = &[RUN, SCHED, WHERE, DEP];
const RESOURCE: &[&str] = &[
    RUN,
    SCHED,
    "role resourceRole region availabilityZone subnetId keyPair useOnDemandOnLastAttempt terminateAfter initTimeout \
     actionOnTaskFailure actionOnResourceFailure httpProxy",
];
const CHECK: &[&str] = &[RUN, "preconditionTimeout"];
const RESIZE: &str = "resizeClusterBeforeRunning resizeClusterMaxInstances";
const CONFIGS: &str = "preActivityTaskConfig postActivityTaskConfig";

/// Every type of AWS Data Pipeline that becomes an object, its shared fields and its own. Not listed are `id`, `name`, `type`
/// and `parent`, which every object has and the importer reads; fields that the service or a runner writes (`@status`,
/// `attemptStatus`); `startAt` of a schedule, which is a `start` that is left out, or no schedule at all; and the deprecated
/// `instanceCount` and `minInstanceCount` of `Ec2Resource`, which `aws_fields` keeps.
const OBJECTS: &[(&str, &[&str], &str)] = &[
    ("CopyActivity", ACTIVITY, ""),
    (
        "EmrActivity",
        ACTIVITY,
        "step preStepCommand postStepCommand resizeClusterBeforeRunning resizeClusterMaxInstances",
    ),
    (
        "HadoopActivity",
        ACTIVITY,
        "jarUri mainClass argument hadoopQueue preActivityTaskConfig postActivityTaskConfig",
    ),
    (
        "HiveActivity",
        ACTIVITY,
        "hiveScript scriptUri scriptVariable stage hadoopQueue generatedScriptsPath RESIZE CONFIGS",
    ),
    (
        "HiveCopyActivity",
        ACTIVITY,
        "filterSql generatedScriptsPath RESIZE CONFIGS",
    ),
    (
        "PigActivity",
        ACTIVITY,
        "script scriptUri scriptVariable stage generatedScriptsPath RESIZE CONFIGS",
    ),
    (
        "RedshiftCopyActivity",
        ACTIVITY,
        "insertMode commandOptions queue transformSql",
    ),
    (
        "ShellCommandActivity",
        ACTIVITY,
        "command scriptUri scriptArgument stage stdout stderr",
    ),
    (
        "SqlActivity",
        ACTIVITY,
        "database script scriptUri scriptArgument queue",
    ),
    (
        "DynamoDBDataNode",
        NODE,
        "tableName dataFormat readThroughputPercent writeThroughputPercent region",
    ),
    (
        "SqlDataNode",
        NODE,
        "table database selectQuery insertQuery createTableSql schemaName",
    ),
    (
        "MySqlDataNode",
        NODE,
        "table database selectQuery insertQuery createTableSql schemaName",
    ),
    (
        "RedshiftDataNode",
        NODE,
        "database tableName createTableSql schemaName primaryKeys",
    ),
    (
        "S3DataNode",
        NODE,
        "filePath directoryPath dataFormat compression manifestFilePath s3EncryptionType",
    ),
    (
        "JdbcDatabase",
        &[],
        "connectionString jdbcDriverClass username *password databaseName jdbcDriverJarUri jdbcProperties",
    ),
    (
        "RdsDatabase",
        &[],
        "rdsInstanceId username *password databaseName jdbcDriverJarUri jdbcProperties region",
    ),
    (
        "RedshiftDatabase",
        &[],
        "username *password clusterId connectionString databaseName jdbcProperties region",
    ),
    ("CSV", &[], "column escapeChar"),
    (
        "TSV",
        &[],
        "column columnSeparator recordSeparator escapeChar",
    ),
    ("Custom", &[], "column columnSeparator recordSeparator"),
    ("RegEx", &[], "column inputRegEx outputFormat"),
    ("DynamoDBDataFormat", &[], "column"),
    ("DynamoDBExportDataFormat", &[], "column"),
    ("DynamoDBDataExists", CHECK, "role tableName"),
    ("DynamoDBTableExists", CHECK, "role tableName"),
    ("S3KeyExists", CHECK, "role s3Key"),
    ("S3PrefixNotEmpty", CHECK, "role s3Prefix"),
    ("Exists", CHECK, ""),
    (
        "ShellCommandPrecondition",
        CHECK,
        "command scriptUri scriptArgument stdout stderr",
    ),
    (
        "Ec2Resource",
        RESOURCE,
        "instanceType imageId securityGroups securityGroupIds associatePublicIpAddress spotBidPrice runAsUser logUri",
    ),
    (
        "EmrCluster",
        RESOURCE,
        "amiVersion releaseLabel applications bootstrapAction configuration masterInstanceType coreInstanceType \
         taskInstanceType coreInstanceCount taskInstanceCount masterInstanceBidPrice coreInstanceBidPrice \
         taskInstanceBidPrice masterGroupConfiguration coreGroupConfiguration taskGroupConfiguration \
         masterEbsConfiguration coreEbsConfiguration taskEbsConfiguration emrManagedMasterSecurityGroupId \
         emrManagedSlaveSecurityGroupId serviceAccessSecurityGroupId additionalMasterSecurityGroupIds \
         additionalSlaveSecurityGroupIds enableDebugging hadoopSchedulerType supportedProducts emrLogUri \
         visibleToAllUsers hadoopVersion",
    ),
    ("SnsAlarm", &[], "topicArn subject message role"),
    ("Terminate", &[], ""),
    (
        "Schedule",
        &[],
        "period startDateTime endDateTime occurrences",
    ),
    ("Default", &[RUN, SCHED, WHERE], "role resourceRole"),
];

/// The types whose objects become blocks, with the block they become and their fields.
const BLOCKS: &[(&str, &str)] = &[
    (
        "HttpProxy",
        "hostname port username *password windowsDomain windowsWorkgroup s3NoProxy",
    ),
    ("EmrConfiguration", "classification property configuration"),
    ("ShellScriptConfig", "scriptUri scriptArgument"),
    ("EbsConfiguration", "ebsOptimized ebsBlockDeviceConfig"),
    (
        "EbsBlockDeviceConfig",
        "volumesPerInstance volumeSpecification",
    ),
    ("VolumeSpecification", "sizeInGB volumeType iops"),
];

/// The fields of a type, as the reference lists them.
fn listed(shared: &[&str], own: &str) -> Vec<String> {
    let own = own.replace("RESIZE", RESIZE).replace("CONFIGS", CONFIGS);
    let all = shared.iter().copied().chain([own.as_str()]);
    let all: Vec<String> = all
        .flat_map(str::split_whitespace)
        .map(str::to_owned)
        .collect();
    all
}

#[test]
fn every_type_and_field_of_aws_data_pipeline_is_there() {
    let mut missing = Vec::new();
    for (name, shared, own) in OBJECTS {
        let Some(object_type) = registry::of_aws(name) else {
            missing.push((*name).to_owned());
            continue;
        };
        for field in listed(shared, own) {
            if object_type.of_aws_field(&field).is_none() {
                missing.push(format!("{name}.{field}"));
            }
        }
    }
    let blocks = blocks();
    for (name, fields) in BLOCKS {
        let Some(block) = blocks.get(name) else {
            missing.push((*name).to_owned());
            continue;
        };
        for field in fields.split_whitespace() {
            if !block.attributes.iter().any(|schema| schema.is_aws(field)) {
                missing.push(format!("{name}.{field}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn no_type_has_fields_that_aws_data_pipeline_does_not_know() {
    let known: BTreeMap<&str, Vec<String>> = OBJECTS
        .iter()
        .map(|(name, shared, own)| (*name, listed(shared, own)))
        .collect();
    for object_type in TYPES {
        let listed: BTreeSet<&String> = object_type
            .aws
            .iter()
            .filter_map(|name| known.get(name))
            .flatten()
            .collect();
        if listed.is_empty() {
            continue;
        }
        for schema in object_type.schema().filter(|schema| !schema.metadata) {
            for field in schema.aws_fields() {
                // What the guide does not list, and definitions have.
                let more = ["scheduleType", "escapeChar"].contains(&field.as_str());
                assert!(
                    more || listed.contains(&field),
                    "{}: {field}",
                    object_type.name
                );
            }
        }
    }
}

/// The blocks of all types, by what they are in AWS Data Pipeline.
fn blocks() -> BTreeMap<&'static str, &'static BlockSchema> {
    let mut found = BTreeMap::new();
    each(&mut |_, attributes| {
        for content in attributes.iter().filter_map(|schema| schema.value.block()) {
            if let Some(name) = content.aws {
                let before = found.insert(name, content);
                assert!(before.is_none_or(|before| before == content), "{name}");
            }
        }
    });
    found
}

#[test]
fn types_are_found_by_the_names_of_aws() {
    for (name, kind, here) in [
        ("MySqlDataNode", Kind::DataNode, "sql"),
        ("DynamoDBExport", Kind::DataFormat, "dynamodb_export"),
        ("Default", Kind::Pipeline, ""),
        ("EmrCluster", Kind::Resource, "emr_cluster"),
    ] {
        let found: &ObjectType = registry::of_aws(name).unwrap();
        assert_eq!((found.kind, found.name), (kind, here));
    }
    assert_eq!(registry::of_aws("Property"), None);
    for part in [
        "Property",
        "EmrConfiguration",
        "ebsConfiguration",
        "VolumeSpecification",
        "HttpProxy",
        "ShellScriptConfig",
    ] {
        assert!(registry::is_part_of_aws(part), "{part}");
    }
    assert!(!registry::is_part_of_aws("S3DataNode"));
}
