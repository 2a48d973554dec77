schedule "hourly" {
  every = "1 hour"
  start = "2026-01-01"
}

pipeline "work" {
  schedule = schedule.hourly

  activity "shell_command" "each" {
    command = "true"
  }

  activity "shell_command" "newest" {
    catch_up = "latest"
    command  = "true"
  }

  activity "shell_command" "off" {
    active  = false
    command = "true"
  }
}
