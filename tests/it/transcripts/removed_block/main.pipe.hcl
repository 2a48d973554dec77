schedule "daily" {
  every = "1 day"
  start = "2026-11-20"
}

pipeline "a" {
  schedule = schedule.daily

  activity "shell_command" "x" {
    command = "test -e go"
  }
}

pipeline "b" {
  schedule = schedule.daily

  activity "shell_command" "x" {
    command = "true"
  }
}
