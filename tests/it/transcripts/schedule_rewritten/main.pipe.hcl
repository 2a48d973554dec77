schedule "daily" {
  every    = "1 day"
  start    = "2026-11-02"
  timezone = "Europe/Berlin"
}

pipeline "shop" {
  schedule = schedule.daily

  activity "shell_command" "fetch" {
    command = "true"
  }
}
