schedule "daily" {
  every       = "1 day"
  start       = "2025-06-02"
  occurrences = 3
}

data_node "file" "day" {
  schedule = schedule.daily
  path     = "${run.date}.txt"
}

pipeline "logs" {
  schedule = schedule.daily

  activity "shell_command" "write" {
    command = "echo ${run.pipeline} > ${run.date}.txt; echo wrote"
    output  = data_node.day
  }

  activity "shell_command" "fail" {
    command     = "exit 3"
    max_retries = 0
  }
}

pipeline "export" {
  for_each = toset(["a", "b"])
  schedule = schedule.daily

  activity "shell_command" "read" {
    command = "cat ${run.input.path}"
    input   = data_node.day
  }
}

output "day" {
  value = data_node.day
}
