schedule "daily" {
  every = "1 day"
  start = "2026-01-01"
}

pipeline "work" {
  schedule = schedule.daily

  activity "shell_command" "one" {
    command         = "echo $1 >> done"
    script_argument = [run.date]
  }

  activity "shell_command" "two" {
    depends_on = [activity.one]
    command    = "true"
  }
}
