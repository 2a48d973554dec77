//! `resource "local_spark"`: Spark on the machine of the runner.

use crate::objects::kind::Kind;
use crate::objects::schema::AttributeSchema;
use crate::objects::schema::AttributeType;
use crate::objects::schema::Default;
use crate::objects::schema::ObjectType;
use crate::objects::schema::Support;
use crate::objects::shared;

/// The description of the type.
pub(in crate::objects) static TYPE: ObjectType = ObjectType {
    kind: Kind::Resource,
    name: "local_spark",
    doc: "Spark on the machine of the runner: `spark` and `hive` run there as they would on a cluster, so that going from one to the other is a change of this block. Nothing is created.",
    aws: &[],
    support: Support::Full,
    attributes: &[&[
        shared::DESCRIPTION,
        AttributeSchema::new(
            "spark_home",
            AttributeType::String,
            "Where Spark is, with `bin/spark-submit` and `bin/spark-sql` in it; relative to the root module's directory. Left out: these are on PATH.",
        ),
        AttributeSchema::new(
            "master",
            AttributeType::String,
            "What `--master` says, e.g. `local[4]` for four threads.",
        )
        .or(Default::Text("local[*]")),
        AttributeSchema::new(
            "properties",
            AttributeType::StringMap,
            "Settings of Spark: `{ \"spark.driver.memory\" = \"4g\" }`.",
        ),
        AttributeSchema::new(
            "packages",
            AttributeType::Strings,
            "Further jars, as Maven names them, which Spark fetches. Programs that read `s3a://` themselves need `org.apache.hadoop:hadoop-aws:VERSION`; data of `hive` needs nothing.",
        ),
        AttributeSchema::new(
            "environment",
            AttributeType::StringMap,
            "Environment variables, e.g. JAVA_HOME; besides these its programs get PATH, HOME, LANG and TZ, and nothing else.",
        )
        .secret(),
    ]],
    groups: &[],
    nested: &[],
};
