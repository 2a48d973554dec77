//! `activity "spark"`: a program of Spark, on a cluster or on this machine.

use crate::objects::kind::Kind;
use crate::objects::schema::AttributeSchema;
use crate::objects::schema::AttributeType;
use crate::objects::schema::ObjectType;
use crate::objects::schema::Support;
use crate::objects::shared;

/// The description of the type.
pub(in crate::objects) static TYPE: ObjectType = ObjectType {
    kind: Kind::Activity,
    name: "spark",
    doc: "Runs a program of Spark with `spark-submit`, on an EMR cluster or, with `resource \"local_spark\"`, on the machine of the runner.",
    aws: &[],
    support: Support::Full,
    attributes: &[
        &[
            AttributeSchema::new(
                "main_file",
                AttributeType::String,
                "The program: a file of Python or R, or a jar. `s3://acme/code/report.py`; or a path, relative to the root module's directory, which is put where a cluster can read it; a path that begins with `/` is one of the machine that it runs on.",
            )
            .required()
            .deferrable(),
            AttributeSchema::new(
                "main_class",
                AttributeType::String,
                "The class to start, of a jar; left out: the jar's own.",
            )
            .deferrable(),
            AttributeSchema::new(
                "argument",
                AttributeType::Strings,
                "The arguments of the program, each as it is.",
            )
            .deferrable(),
            AttributeSchema::new(
                "properties",
                AttributeType::StringMap,
                "Settings of Spark for this program: `{ \"spark.executor.memory\" = \"4g\" }`. They go before those of the resource.",
            )
            .deferrable(),
            AttributeSchema::new(
                "py_files",
                AttributeType::Strings,
                "Modules of Python for it, `.py`, `.zip` or `.egg`, each as in `main_file`.",
            )
            .deferrable(),
            AttributeSchema::new(
                "jars",
                AttributeType::Strings,
                "Further jars for it, each as in `main_file`.",
            )
            .deferrable(),
            AttributeSchema::new(
                "packages",
                AttributeType::Strings,
                "Further jars for it, as Maven names them: `[\"org.acme:tools:1.0\"]`. Spark fetches them.",
            )
            .deferrable(),
            AttributeSchema::new(
                "deploy_mode",
                AttributeType::OneOf(&["client", "cluster"]),
                "Where on a cluster its driver runs: on the master machine, or on any; left out: as the cluster's Spark is set, by itself `client`. The logs of a step have what a driver prints on the master machine.",
            ),
            super::HADOOP_QUEUE,
            super::GENERATED_SCRIPTS
                .meaning("The prefix in Amazon S3 where files of the runner's machine are put for a cluster; left out: `log_uri`."),
            super::PRE_CONFIG,
            super::POST_CONFIG,
            shared::INPUT,
            shared::REQUIRE,
            shared::OUTPUT,
        ],
        shared::WAITS,
        shared::RUNNABLE,
        shared::ATTEMPTS,
        shared::PLACES,
        shared::WHERE,
    ],
    groups: &[shared::LATE, super::ON_CLUSTER_OR_HERE],
    nested: &[shared::NESTED_SCHEDULE, shared::NESTED_PRECONDITION],
};
