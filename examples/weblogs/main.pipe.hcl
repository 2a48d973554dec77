# Archives the log of each day. Each week, once all seven days are archived, loads them and reports on the traffic.

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

database "jdbc" "warehouse" {
  connection_string = "jdbc:sqlite:${var.warehouse}/weblogs.db"
}

# Host, time, request, status and size. What follows is free: a line that is cut off in its user agent counts.
data_format "regex" "combined_log" {
  input_regex = "^(\\S+) \\S+ \\S+ \\[([^\\]]+)\\] \"((?:[^\"\\\\]|\\\\.)*)\" (\\d{3}) (\\d+|-).*$"
  column      = ["host STRING", "time STRING", "request STRING", "status INT", "bytes STRING"]
}

# Each day: the log is compressed into the archive as soon as it is there. A module of the library.
module "access_log" {
  source    = "pipeform//archive-logs"
  path      = "${var.logs_dir}/access-${run.date}.log"
  directory = "${var.warehouse}/archive"
  name      = "access.log.gz"
  format    = data_format.combined_log
  schedule  = schedule.daily
}

# Each week.
pipeline "weblogs" {
  description = "Report on the web server's traffic each week"
  schedule    = schedule.weekly

  # Writing replaces the rows of the week; reading gives its traffic, a row for each day.
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
      WITH RECURSIVE days(day) AS (
        SELECT :first_day
        UNION ALL
        SELECT date(day, '+1 day') FROM days WHERE date(day, '+1 day') < :next_week
      )
      SELECT
        days.day AS day,
        count(requests.day) AS requests,
        count(CASE WHEN requests.status >= 400 THEN 1 END) AS errors,
        coalesce(sum(requests.bytes), 0) AS bytes
      FROM days
      LEFT JOIN requests ON requests.day = days.day
      GROUP BY days.day
      ORDER BY days.day
    SQL
  }

  data_node "file" "report" {
    path = "${var.warehouse}/reports/traffic-${run.date}.csv"

    format "csv" {
      header = true
      column = ["day STRING", "requests BIGINT", "errors BIGINT", "bytes BIGINT"]
    }
  }

  # Waits for all seven days, however late the last one is.
  activity "copy" "load" {
    input  = module.access_log.archive
    output = data_node.requests
  }

  activity "copy" "report" {
    input  = data_node.requests
    output = data_node.report
  }
}
