schedule "daily" {
  every = "1 day"
  start = "2026-11-02"
}

pipeline "shop" {
  schedule = schedule.daily

  activity "shell_command" "fetch" {
    command = "true"
  }
}
