schedule "once" {
  every       = "1 day"
  start       = "2025-06-02"
  occurrences = 1
}

pipeline "work" {
  schedule = schedule.once

  activity "shell_command" "extract" {
    for_each = toset(["orders", "customers", "stock"])
    command  = "true"
  }

  activity "no_op" "extracted" {
    depends_on = [activity.extract]

    precondition "shell_command" {
      command = "test -e approved"
    }
  }

  activity "shell_command" "report" {
    command    = "echo made"
    depends_on = [activity.extracted]
  }

  activity "shell_command" "archive" {
    command    = "true"
    depends_on = [activity.extracted]
  }
}
