schedule "daily" {
  every = "1 day"
  start = "2026-11-01T00:00"
}

pipeline "visits" {
  schedule = schedule.daily

  data_node "file" "days" {
    path = "days-${run.date}"
  }

  activity "shell_command" "count" {
    output  = data_node.days
    command = "true"
  }
}
