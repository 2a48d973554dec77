# Archives the log of each day in S3. Each week, once all seven days are there, a cluster that exists only for that reports on the
# traffic with Spark.
#
# Where S3 and EMR are, and with which credentials, the environment says; see README.md.

provider "aws" {
  region = var.region
}

schedule "daily" {
  every       = "1 day"
  start       = var.first_day
  occurrences = var.weeks * 7
}

schedule "weekly" {
  every       = "1 week"
  start       = var.first_day
  occurrences = var.weeks
}

pipeline "weblogs" {
  description = "Archive the web server's log of each day, report on the traffic of each week"
  schedule    = schedule.daily
  log_uri     = "s3://${var.bucket}/pipeform/"

  data_node "file" "log" {
    path = "${var.logs_dir}/access-${run.date}.log"

    precondition "exists" {}
  }

  data_node "s3" "archive" {
    path        = "s3://${var.bucket}/logs/${run.date}/"
    compression = "gzip"
  }

  data_node "s3" "report" {
    schedule = schedule.weekly
    path     = "s3://${var.bucket}/reports/${run.date}/"
  }

  activity "copy" "archive" {
    input  = data_node.log
    output = data_node.archive
  }

  # Created when the first work of a week is ready, terminated after the last.
  resource "emr_cluster" "reports" {
    schedule            = schedule.weekly
    release_label       = "emr-7.5.0"
    applications        = ["Spark"]
    core_instance_count = 2
    terminate_after     = "6 hours"
  }

  # Waits for all seven days, however late the last one is.
  activity "spark" "report" {
    schedule  = schedule.weekly
    runs_on   = resource.reports
    input     = data_node.archive
    output    = data_node.report
    main_file = "report.py"
    argument  = concat([run.date, run.output.path], run.inputs.archive[*].path)
  }
}
