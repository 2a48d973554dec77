schedule "daily" {
  every = "1 day"
  start = "2026-11-20"
}

schedule "late" {
  every = "6 hours"
  start = "2026-12-01"
}

pipeline "p" {
  schedule    = schedule.daily
  max_retries = 9

  activity "shell_command" "x" {
    command = "echo"
  }
}

pipeline "q" {
  schedule    = schedule.late
  max_retries = 0

  activity "shell_command" "there" {
    command = "echo"
  }
}
