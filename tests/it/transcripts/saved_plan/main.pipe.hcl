schedule "daily" {
  every = "1 day"
  start = "2026-01-01T00:00:00Z"
}

pipeline "load" {
  schedule = schedule.daily

  activity "shell_command" "orders" {
    command = "echo orders ${run.date}"
  }

  activity "shell_command" "report" {
    depends_on = [activity.orders]
    command    = file("report.sh")
  }
}

pipeline "other" {
  schedule = schedule.daily

  activity "shell_command" "tidy" {
    command = "true"
  }
}

output "tidied_by" {
  value = "true"
}
