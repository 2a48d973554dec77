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
