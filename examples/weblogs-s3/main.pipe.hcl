# Archives the log of each day in S3. Each week, once all seven days are there, reports on the traffic.
#
# Where S3 and SNS are, and with which credentials, the environment says; see README.md.

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

# What one pipeline writes and another one reads stands between them.
data_node "s3" "archive" {
  schedule    = schedule.daily
  path        = "s3://${var.bucket}/logs/${run.date}/"
  compression = "gzip"
}

# Each day: the log is compressed into the archive as soon as it is there.
pipeline "archive" {
  description = "Archive the web server's log of each day"
  schedule    = schedule.daily

  data_node "file" "log" {
    path = "${var.logs_dir}/access-${run.date}.log"

    precondition "exists" {}
  }

  activity "copy" "archive" {
    input  = data_node.log
    output = data_node.archive
  }
}

# Each week.
pipeline "traffic" {
  description = "Report on the web server's traffic of each week"
  schedule    = schedule.weekly

  data_node "s3" "report" {
    path = "s3://${var.bucket}/reports/${run.date}/"
  }

  # Waits for all seven days, however late the last one is. Their files are in the directories of $INPUT1_STAGING_DIR, and what
  # it leaves in $OUTPUT1_STAGING_DIR becomes the report.
  activity "shell_command" "report" {
    input      = data_node.archive
    output     = data_node.report
    stage      = true
    command    = file("report.sh")
    late_after = "1 day"
    on_late    = values(action.oncall)
  }
}

# Who is told that a week's report is late.
action "sns" "oncall" {
  for_each = toset(var.topic == null ? [] : ["topic"])

  topic   = var.topic
  subject = "${run.node.object} of the week from ${run.node.date} is late"
  message = "${run.node.address}: ${run.node.error}"
}
