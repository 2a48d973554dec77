pipeline "weblogs" {
  schedule {
    every = "1 day"
    start = "2026-11-02"
  }

  activity "shell_command" "report" {
    command = "report ${run.date}"
  }
}
