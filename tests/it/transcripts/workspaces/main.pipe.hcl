schedule "daily" {
  every       = "1 day"
  start       = "2025-06-02"
  occurrences = terraform.workspace == "prod" ? 3 : 1
}

pipeline "clock" {
  description = "The clock of ${pipeform.workspace}"
  schedule    = schedule.daily

  activity "shell_command" "tick" {
    command = "echo ${pipeform.workspace} ${run.date}"
  }
}
