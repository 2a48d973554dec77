schedule "quarters" {
  every       = "15 minutes"
  start       = "2026-01-01"
  occurrences = 14
}

schedule "whole" {
  every       = "210 minutes"
  start       = "2026-01-01"
  occurrences = 1
}

pipeline "work" {
  activity "shell_command" "part" {
    schedule = schedule.quarters
    input    = data_node.file
    command  = "echo part"
  }

  activity "shell_command" "all" {
    schedule   = schedule.whole
    depends_on = [activity.part]
    command    = "echo all"
  }

  data_node "file" "file" {
    schedule = schedule.quarters
    path     = "file-${run.hour}"

    precondition "exists" {}
  }
}
