schedule "hourly" {
  every    = "1 hour"
  start    = "2026-10-01"
  timezone = "Europe/Berlin"
}

pipeline "visits" {
  schedule = schedule.hourly

  # Two hours of 25 October are called 02.
  data_node "file" "by_clock" {
    path = "/visits/${run.date}/${run.hour}.csv"
  }

  data_node "file" "by_utc" {
    path = "/visits/utc/${date_format(run.scheduled_start, "%Y-%m-%d/%H", "UTC")}.csv"
  }

  activity "shell_command" "count" {
    command = "count-visits"
    output  = [data_node.by_clock, data_node.by_utc]
  }
}
