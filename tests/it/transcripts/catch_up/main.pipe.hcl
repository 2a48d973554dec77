schedule "daily" {
  every = "1 day"
  start = "2026-01-01"
}

pipeline "work" {
  schedule = schedule.daily

  activity "shell_command" "all" {
    command = "true"
  }

  activity "shell_command" "latest" {
    catch_up        = "latest"
    command         = "echo $1 >> latest"
    script_argument = [run.date]
  }

  activity "shell_command" "none" {
    catch_up = "none"
    command  = "true"
  }
}
