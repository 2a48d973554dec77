variable "start" {
  default = "2026-01-01T00:00:00Z"
}

schedule "hourly" {
  every = "1 hour"
  start = var.start
}

pipeline "load" {
  schedule = schedule.hourly

  activity "shell_command" "orders" {
    command = "echo orders"
  }
}
