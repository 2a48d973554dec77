schedule "daily" {
  every       = "1 day"
  start       = "2025-06-02"
  occurrences = 2
}

data_node "file" "day" {
  schedule = schedule.daily
  path     = "${run.date}.txt"
}

pipeline "logs" {
  schedule = schedule.daily

  activity "shell_command" "write" {
    command = "true"
    output  = data_node.day
  }
}

pipeline "export" {
  for_each = toset(["a", "b"])
  schedule = schedule.daily

  activity "shell_command" "read" {
    command = "true"
    input   = data_node.day
  }
}

output "day" {
  value = data_node.day
}

output "write" {
  value = pipeline.logs.activity.write
}
