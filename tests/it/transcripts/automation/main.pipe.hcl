variable "days" {
  type    = number
  default = 2
}

schedule "daily" {
  every       = "1 day"
  start       = "2025-06-02"
  occurrences = var.days
}

pipeline "clock" {
  schedule = schedule.daily

  activity "shell_command" "tick" {
    command = "true"
  }
}

check "few_days" {
  assert {
    condition     = var.days > 7
    error_message = "A week has 7 days, and these are ${var.days}."
  }

  assert {
    condition     = var.days > 6
    error_message = "A short week."
  }
}
