//! What is wrong with activities on clusters, and would be found when the cluster is paid for.

use super::findings;

/// The findings about an activity of `pipeline.p` on a cluster, both with these attributes.
fn found(resource: &str, activity: &str) -> Vec<String> {
    let text = format!(
        "resource \"emr_cluster\" \"big\" {{\n{resource}\n}}\n\
         pipeline \"p\" {{\n  runs_on = resource.big\n\n  {activity}\n}}\n"
    );
    findings(&[(".", &text)])
}

const HIVE: &str = "activity \"hive\" \"x\" {\n    hive_script = \"SELECT 1\"\n  }";
const PIG: &str = "activity \"pig\" \"x\" {\n    script = \"DUMP x;\"\n  }";
const SPARK: &str = "activity \"spark\" \"x\" {\n    main_file = \"s3://acme/x.py\"\n  }";

fn emr(attributes: &str) -> String {
    format!("activity \"emr\" \"x\" {{\n    {attributes}\n  }}")
}

#[test]
fn a_cluster_that_says_its_programs_has_those_that_its_activities_need() {
    let block = emr(
        "step {\n      jar  = \"command-runner.jar\"\n      args = concat([\"spark-submit\", run.date], [])\n    }",
    );
    let text = emr("steps = [\"command-runner.jar,spark-submit,x.py\"]");
    for (activity, program) in [
        (HIVE, "Hive"),
        (PIG, "Pig"),
        (SPARK, "Spark"),
        (&*block, "Spark"),
        (&*text, "Spark"),
    ] {
        let missing = found("applications = [\"Hadoop\"]", activity);
        let expected = format!("activity needs {program}");
        assert!(
            missing.len() == 1 && missing[0].contains(&expected),
            "{activity}: {missing:#?}"
        );
        let said = format!("applications = [\"{}\"]", program.to_lowercase());
        assert_eq!(found(&said, activity), Vec::<String>::new(), "{activity}");
        assert_eq!(found("", activity), Vec::<String>::new(), "{activity}");
    }
    let other = emr("steps = [\"s3://acme/x.jar,spark-submit\"]");
    let hadoop = "activity \"hadoop\" \"x\" {\n    jar_uri = \"s3://acme/x.jar\"\n  }";
    for activity in [&*other, hadoop] {
        let none = found("applications = [\"Hadoop\"]", activity);
        assert_eq!(none, Vec::<String>::new(), "{activity}");
    }
}

/// There is one finding about an activity on a cluster, with this in it.
fn check(resource: &str, activity: &str, expected: &str) {
    let found = found(resource, activity);
    assert!(
        found.len() == 1 && found[0].contains(expected),
        "{resource} {activity}: {found:#?}"
    );
}

#[test]
fn clusters_before_releases_have_no_runner_of_commands() {
    let before = "ami_version = \"3.11.0\"";
    let step = "steps = [\"x.jar\"]";
    for activity in [
        HIVE,
        PIG,
        SPARK,
        &*emr("steps = [\"command-runner.jar,state-pusher-script\"]"),
        &*emr(&format!("{step}\n    pre_step_command = [\"true\"]")),
        &*emr(&format!("{step}\n    post_step_command = [\"true\"]")),
    ] {
        check(before, activity, "in place of `ami_version`");
        assert_eq!(found("", activity), Vec::<String>::new(), "{activity}");
    }
    assert_eq!(found(before, &emr(step)), Vec::<String>::new());
}

#[test]
fn several_steps_run_at_once_where_emr_can_do_it() {
    let step = emr("steps = [\"x.jar\"]");
    let level = |level: u32, more: &str| format!("step_concurrency_level = {level}\n{more}");
    check(&level(257, ""), &step, "between 1 and 256");
    check(&level(0, ""), &step, "step_concurrency_level");
    for old in [
        "release_label = \"emr-5.27.1\"",
        "release_label = \"emr-4.9.6\"",
        "ami_version = \"3.11.0\"",
    ] {
        check(&level(2, old), &step, "from release 5.28 on");
    }
    for fine in [
        level(256, ""),
        level(2, "release_label = \"emr-5.28.0\""),
        level(1, "release_label = \"emr-5.27.1\""),
    ] {
        assert_eq!(found(&fine, &step), Vec::<String>::new(), "{fine}");
    }
}

#[test]
fn emr_ends_clusters_without_work_after_a_time_and_on_releases_that_can_do_it() {
    let step = emr("steps = [\"x.jar\"]");
    check(
        "idle_timeout = \"30 seconds\"",
        &step,
        "from a minute to 7 days",
    );
    check(
        "idle_timeout = \"8 days\"",
        &step,
        "from a minute to 7 days",
    );
    let both = "idle_timeout = \"1 hour\"\nauto_termination = false";
    check(both, &step, "Leave one of the two out");
    for old in [
        "release_label = \"emr-5.29.0\"",
        "release_label = \"emr-6.0.1\"",
        "ami_version = \"3.11.0\"",
    ] {
        let later = "from releases 5.30 and 6.1 on";
        check(&format!("idle_timeout = \"1 hour\"\n{old}"), &step, later);
        check(&format!("auto_termination = true\n{old}"), &step, later);
        let off = format!("auto_termination = false\n{old}");
        assert_eq!(found(&off, &step), Vec::<String>::new(), "{old}");
    }
    for fine in [
        "idle_timeout = \"1 minute\"",
        "idle_timeout = \"7 days\"\nrelease_label = \"emr-5.30.0\"",
        "auto_termination = false",
    ] {
        assert_eq!(found(fine, &step), Vec::<String>::new(), "{fine}");
    }
}

#[test]
fn a_cluster_runs_scripts_that_it_can_reach() {
    let spark = |script: &str| {
        format!(
            "activity \"spark\" \"x\" {{\n    main_file = \"s3://acme/x.py\"\n    pre_activity_task_config {{\n      script_uri = \"{script}\"\n    }}\n  }}"
        )
    };
    check("", &spark("prepare.sh"), "Put it to S3");
    for there in ["s3://acme/prepare.sh", "/home/hadoop/prepare.sh"] {
        assert_eq!(found("", &spark(there)), Vec::<String>::new(), "{there}");
    }
    let here = format!(
        "resource \"local_spark\" \"here\" {{}}\npipeline \"p\" {{\n  runs_on = resource.here\n\n  {}\n}}\n",
        spark("s3://acme/prepare.sh")
    );
    let found = findings(&[(".", &here)]);
    assert!(
        found.len() == 1 && found[0].contains("Script without a cluster"),
        "{found:#?}"
    );
}

#[test]
fn a_copy_by_hive_has_formats_that_hive_can_copy() {
    let copy = |table: &str, files: &str| {
        format!(
            "data_node \"dynamodb\" \"users\" {{\n    table_name = \"users\"\n    {table}\n  }}\n\n  \
             data_node \"s3\" \"kept\" {{\n    path      = \"s3://acme/kept/\"\n    overwrite = true\n    {files}\n  }}\n\n  \
             activity \"hive_copy\" \"x\" {{\n    input  = data_node.users\n    output = data_node.kept\n  }}"
        )
    };
    let export = "format \"dynamodb_export\" {}";
    let of = |name: &str| format!("format \"{name}\" {{\n      column = [\"id STRING\"]\n    }}");
    for fine in [copy(export, export), copy(&of("dynamodb"), &of("tsv"))] {
        assert_eq!(found("", &fine), Vec::<String>::new(), "{fine}");
    }
    check("", &copy(export, &of("dynamodb")), "which tables have");
    check("", &copy(&of("tsv"), export), "cannot be copied by Hive");
    let tsv = copy(&of("dynamodb"), "format \"tsv\" {}");
    check("", &tsv, "list the columns");
    let lacks = "applications = [\"Spark\"]";
    check(lacks, &copy(export, export), "activity needs Hive");
}
