schedule "daily" {
  every = "1 day"
  start = "2026-11-20"
}

pipeline "orders" {
  schedule    = schedule.daily
  retry_delay = "1 hour"

  activity "shell_command" "load" {
    command = "echo one; test -e there"

    # The second day has not begun.
    precondition "shell_command" {
      command = run.date == "2026-11-20" ? "true" : "false"
    }
  }
}
