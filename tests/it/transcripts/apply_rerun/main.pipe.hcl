schedule "daily" {
  every = "1 day"
  start = "2026-01-01"
}

pipeline "work" {
  schedule = schedule.daily

  activity "shell_command" "load" {
    command         = "echo one $1 >> loaded"
    script_argument = [run.date]
  }

  activity "shell_command" "use" {
    depends_on = [activity.load]
    command    = "true"
  }
}
