schedule "daily" {
  every = "1 day"
  start = "2026-01-01"
  end   = "2026-01-02"
}

pipeline "work" {
  schedule               = schedule.daily
  failure_and_rerun_mode = "cascade"
  max_retries            = 0

  activity "shell_command" "make" {
    command = "exit 3"
  }

  activity "shell_command" "use" {
    depends_on = [activity.make]
    command    = "true"
  }
}
