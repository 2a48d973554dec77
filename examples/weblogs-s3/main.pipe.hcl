# Archives the log of each day to S3. Each week, once all seven days are there, loads them and reports on the traffic.
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

# Host, time, request, status and size. What follows is free: a line that is cut off in its user agent counts.
data_format "regex" "combined_log" {
  input_regex = "^(\\S+) \\S+ \\S+ \\[([^\\]]+)\\] \"((?:[^\"\\\\]|\\\\.)*)\" (\\d{3}) (\\d+|-).*$"
  column      = ["host STRING", "time STRING", "request STRING", "status INT", "bytes STRING"]
}

# What one pipeline writes and another one reads stands between them.
data_node "s3" "archive" {
  schedule    = schedule.daily
  path        = "s3://${var.bucket}/logs/${run.year}/${run.month}/${run.day}/access.log.gz"
  compression = "gzip"
  format      = data_format.combined_log
}

# Each day: the log is compressed into the archive as soon as it is there.
pipeline "archive" {
  description = "Archive the web server's log of each day"
  schedule    = schedule.daily

  data_node "file" "log" {
    path   = "${var.logs_dir}/access-${run.date}.log"
    format = data_format.combined_log

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
  late_after  = "1 day"
  on_late     = values(action.oncall)

  data_node "sql" "requests" {
    database = database.warehouse
    table    = "requests"

    params = {
      first_day = run.date
      next_week = formatdate("YYYY-MM-DD", run.scheduled_end)
    }

    create_table_sql = <<-SQL
      CREATE TABLE IF NOT EXISTS requests (
        day     TEXT    NOT NULL,
        host    TEXT    NOT NULL,
        request TEXT    NOT NULL,
        status  INTEGER NOT NULL,
        bytes   INTEGER NOT NULL
      )
    SQL

    write         = "replace"
    replace_where = "day >= :first_day AND day < :next_week"

    # The day of 17/May/2015:10:05:03 +0000 is 2015-05-17; the size of an answer without a body is `-`.
    insert_query = <<-SQL
      INSERT INTO requests (day, host, request, status, bytes)
      SELECT
        substr(time, 8, 4)
          || printf('-%02d-', (instr('JanFebMarAprMayJunJulAugSepOctNovDec', substr(time, 4, 3)) + 2) / 3)
          || substr(time, 1, 2),
        host,
        request,
        status,
        CASE bytes WHEN '-' THEN 0 ELSE bytes END
      FROM (SELECT ? AS host, ? AS time, ? AS request, ? AS status, ? AS bytes)
    SQL

    select_query = <<-SQL
      SELECT
        day,
        count(*) AS requests,
        count(CASE WHEN status >= 400 THEN 1 END) AS errors,
        sum(bytes) AS bytes
      FROM requests
      WHERE day >= :first_day AND day < :next_week
      GROUP BY day
      ORDER BY day
    SQL
  }

  data_node "s3" "report" {
    path = "s3://${var.bucket}/reports/traffic-${run.date}.csv"

    format "csv" {
      header = true
      column = ["day STRING", "requests BIGINT", "errors BIGINT", "bytes BIGINT"]
    }
  }

  # Waits for all seven days, however late the last one is.
  activity "copy" "load" {
    input  = data_node.archive
    output = data_node.requests
  }

  activity "copy" "report" {
    input  = data_node.requests
    output = data_node.report
  }
}

database "jdbc" "warehouse" {
  connection_string = "jdbc:sqlite:${var.warehouse}"
}

# Who is told that a week's report is late.
action "sns" "oncall" {
  for_each = toset(var.topic == null ? [] : ["all"])

  topic   = var.topic
  subject = "${run.node.object} of the week from ${run.node.date} is late"
  message = "${run.node.address}: ${run.node.error}"
}
