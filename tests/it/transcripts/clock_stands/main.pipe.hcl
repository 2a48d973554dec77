schedule "daily" {
  every = "1 day"
  start = "2026-01-01"
}

pipeline "work" {
  schedule    = schedule.daily
  retry_delay = "10 minutes"

  activity "shell_command" "break" {
    command = "exit 3"
  }
}
