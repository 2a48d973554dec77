schedule "daily" {
  every       = "1 day"
  start       = "2025-06-02"
  occurrences = 2
}

locals {
  names = { "03" = "tuesday" }
}

pipeline "work" {
  schedule    = schedule.daily
  max_retries = 0

  activity "shell_command" "name" {
    command = <<-EOT
      echo ${local.names[run.day]} \
        ${run.attempt}
    EOT
  }
}
