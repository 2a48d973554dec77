schedule "minutes" {
  every = "1 minute"
  start = "2026-01-01"
}

pipeline "work" {
  activity "no_op" "minute" {
    schedule             = schedule.minutes
    max_active_instances = 100
  }
}
