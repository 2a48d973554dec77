schedule "daily" {
  every = "1 day"
  start = "2026-01-01T00:00:00Z"
}

pipeline "old" {
  schedule = schedule.daily

  activity "shell_command" "load" {
    command = "true"
  }

  activity "shell_command" "sweep" {
    command = "true"
  }
}
