//! What is wrong with activities on clusters, and would be found when the cluster is paid for.

use super::configured;
use super::findings;
use crate::diag::Sources;

/// An activity of `pipeline.p` on a cluster, both with these attributes.
fn text(resource: &str, activity: &str) -> String {
    format!(
        "resource \"emr_cluster\" \"big\" {{\n{resource}\n}}\n\
         pipeline \"p\" {{\n  runs_on = resource.big\n\n  {activity}\n}}\n"
    )
}

/// The findings about that.
fn found(resource: &str, activity: &str) -> Vec<String> {
    findings(&[(".", &text(resource, activity))])
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

#[test]
fn a_cluster_has_actions_of_its_own_and_nothing_that_could_be_given_up() {
    let actions = "action \"terminate\" \"end\" {}\n\
                   action \"shell_command\" \"note\" {\n  command = \"true\"\n}\n";
    let found = |resource: &str| {
        let text = format!("{}{actions}", text(resource, HIVE));
        findings(&[(".", &text)])
    };
    let own = "on_success = action.note\non_fail = action.note\nlate_after = \"1 hour\"\non_late = action.note";
    assert_eq!(found(own), Vec::<String>::new());
    for (attribute, with) in [
        ("on_late", "late_after = \"1 hour\"\n"),
        ("on_fail", ""),
        ("on_success", ""),
    ] {
        let resource = format!("{with}{attribute} = action.end");
        let found = found(&resource);
        assert!(
            found.len() == 1
                && found[0].contains("a resource has none")
                && found[0].contains("by `terminate_after` how long the resource may be there"),
            "{resource}: {found:#?}"
        );
        let text = format!("{}{actions}", text(&resource, HIVE));
        let (_, findings) = configured(&[(".", &text)]);
        let mut sources = Sources::default();
        sources.add(".", &*text);
        let place = findings[0].span.map(|span| sources.slice(span));
        assert_eq!(place, Some(attribute), "{resource}: {findings:#?}");
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
    for (table, files, other) in [
        (export, &*of("tsv"), "kept"),
        (&*of("dynamodb"), export, "users"),
    ] {
        let expected = format!("Give `pipeline.p.data_node.{other}` the format `dynamodb_export`");
        check("", &copy(table, files), &expected);
    }
    check("", &copy(&of("tsv"), export), "cannot be copied by Hive");
    check("", &copy("", export), "has no `format`");
    check("", &copy(export, ""), "has no `format`");
    let filtered = |filter: &str| {
        let with = format!("output = data_node.kept\n    filter_sql = \"{filter}\"");
        copy(export, export).replace("output = data_node.kept", &with)
    };
    assert_eq!(
        found("", &filtered("whereabouts = 1")),
        Vec::<String>::new()
    );
    check("", &filtered("Where id > 7"), "Hive would get it twice");
    let tsv = copy(&of("dynamodb"), "format \"tsv\" {}");
    check("", &tsv, "list the columns");
    let lacks = "applications = [\"Spark\"]";
    check(lacks, &copy(export, export), "activity needs Hive");
}

#[test]
fn a_cluster_is_not_started_for_nothing() {
    for nothing in ["", "steps = []", "pre_step_command = []"] {
        check("", &emr(nothing), "Nothing to do");
    }
    for work in [
        "pre_step_command = [\"true\"]",
        "steps = [\"x.jar,${run.date}\"]",
        "step {\n      jar = \"x.jar\"\n    }",
    ] {
        assert_eq!(found("", &emr(work)), Vec::<String>::new(), "{work}");
    }
}

#[test]
fn a_step_without_a_jar_is_warned_of() {
    let begins = |step: &str| emr(&format!("steps = [\"{step}\"]"));
    check(
        "",
        &begins("spark-submit,x.py"),
        "begins with `spark-submit`",
    );
    for jar in ["command-runner.jar,x", "s3://acme/x,one", "/opt/x"] {
        assert_eq!(found("", &begins(jar)), Vec::<String>::new(), "{jar}");
    }
}

#[test]
fn scripts_of_machines_are_in_s3_or_on_the_machines() {
    let step = emr("steps = [\"x.jar\"]");
    let begin = |path: &str| format!("bootstrap_action {{\n  path = \"{path}\"\n}}");
    check(&begin("b.sh"), &step, "not brought to the cluster");
    for there in [
        "s3://acme/b.sh",
        "/usr/bin/true",
        "s3://acme/${run.date}.sh",
    ] {
        let none = found(&begin(there), &step);
        assert_eq!(none, Vec::<String>::new(), "{there}");
    }
}

#[test]
fn a_script_has_the_data_that_it_names() {
    let script = |kind: &str, script: &str, more: &str| {
        format!(
            "data_node \"s3\" \"pages\" {{\n    path = \"s3://acme/pages/\"\n    format \"csv\" {{\n      column = [\"page STRING\"]\n    }}\n  }}\n\n  \
             activity {kind} = \"{script}\"\n    input = data_node.pages\n    stage = true\n    {more}\n  }}"
        )
    };
    let hive = |text: &str, more: &str| script("\"hive\" \"x\" {\n    hive_script", text, more);
    let pig = |text: &str| script("\"pig\" \"x\" {\n    script", text, "");
    for (activity, expected) in [
        (hive("SELECT * FROM $${input3}", ""), "uses `${input3}`"),
        (
            hive("INSERT INTO $${output1} SELECT 1", ""),
            "has no data node as `output`",
        ),
        (pig("a = LOAD '$INPUT2';"), "uses `$INPUT2`"),
    ] {
        check("", &activity, expected);
    }
    for fine in [
        hive("SELECT * FROM $${input1} -- not $${input2}", ""),
        hive(
            "SELECT $${input2} FROM $${input1}",
            "script_variable = [\"input2=page\"]",
        ),
        hive("SET hivevar:input2 = x; SELECT $${input2}", ""),
        hive("SELECT $${input2}", "").replace("stage = true", "stage = false"),
        pig("a = LOAD '$${INPUT1}';"),
    ] {
        assert_eq!(found("", &fine), Vec::<String>::new(), "{fine}");
    }
}

#[test]
fn what_is_wrong_with_an_attribute_is_shown_where_that_is_written() {
    let step = emr("steps = [\"x.jar\"]");
    let around = emr(
        "steps = [\"x.jar\"]\n    pre_activity_task_config {\n      script_uri = \"x.sh\"\n    }",
    );
    for (resource, activity, place) in [
        ("idle_timeout = \"1 second\"", &step, "idle_timeout"),
        (
            "auto_termination = false\nidle_timeout = \"1 hour\"",
            &step,
            "idle_timeout",
        ),
        (
            "auto_termination = true\nami_version = \"3.11.0\"",
            &step,
            "auto_termination",
        ),
        (
            "step_concurrency_level = 257",
            &step,
            "step_concurrency_level",
        ),
        ("enable_debugging = true", &step, "enable_debugging"),
        ("init_timeout = \"soon\"", &step, "\"soon\""),
        ("terminate_after = \"soon\"", &step, "\"soon\""),
        ("", &emr("steps = [\",x\"]"), "steps"),
        ("", &around, "pre_activity_task_config"),
        ("", &SPARK.replace("s3://acme/", ""), "main_file"),
        (
            "bootstrap_action {\n  path = \"b.sh\"\n}",
            &step,
            "bootstrap_action",
        ),
    ] {
        let text = text(resource, activity);
        let (_, found) = configured(&[(".", &text)]);
        let mut sources = Sources::default();
        sources.add(".", &*text);
        let spans = found.iter().filter_map(|finding| finding.span);
        let shown: Vec<&str> = spans.map(|span| sources.slice(span)).collect();
        assert_eq!(shown, [place], "{text}: {found:#?}");
    }
}

#[test]
fn what_is_wrong_with_clusters_is_told_beside_errors_elsewhere() {
    let others = |runs_on: &str| {
        format!(
            r#"
            resource "emr_cluster" "old" {{
              idle_timeout = "1 second"
              applications = ["Hadoop"]
            }}
            resource "emr_cluster" "wrong" {{
              release_label = var.none
              applications  = ["Hadoop"]
            }}
            pipeline "q" {{
              {runs_on}
              activity "hive" "right" {{
                hive_script = "SELECT 1"
              }}
              activity "hive" "elsewhere" {{
                runs_on     = resource.wrong
                hive_script = "SELECT 1"
              }}
              activity "hive" "misspelt" {{
                hive_scrip = "SELECT 1"
                script_uri = "s3://acme/x.q"
              }}
              data_node "file" "d" {{
                pat = "/d"
              }}
            }}"#
        )
    };
    let said = |runs_on: &str, what: &str| {
        let found = findings(&[(".", &others(runs_on))]);
        assert!(
            found.iter().any(|it| it.contains("There is no variable")),
            "{found:#?}"
        );
        found.iter().filter(|it| it.contains(what)).count()
    };
    let known = "runs_on = resource.old";
    assert_eq!(said(known, "from a minute to 7 days"), 1);
    assert_eq!(said(known, "activity needs Hive"), 1);
    // A name that may have been meant for what is lacking.
    let misspelt = "run_on = resource.old";
    assert_eq!(said(misspelt, "from a minute to 7 days"), 1);
    assert_eq!(said(misspelt, "runs on a resource"), 0);
    assert_eq!(said("", "runs on a resource"), 1);
}
