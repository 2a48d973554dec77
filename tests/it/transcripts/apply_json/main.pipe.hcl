schedule "daily" {
  every       = "1 day"
  start       = "2025-06-02"
  occurrences = 3
}

pipeline "logs" {
  schedule = schedule.daily

  activity "shell_command" "write" {
    command = "echo first"
  }
}

output "greeting" {
  value = "first"
}
