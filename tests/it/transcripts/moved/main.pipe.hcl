schedule "daily" {
  every = "1 day"
  start = "2026-11-20"
}

pipeline "orders" {
  schedule = schedule.daily

  data_node "file" "raw" {
    path = "raw/${run.date}"

    precondition "shell_command" {
      command = "true"
    }
  }

  activity "shell_command" "fetch" {
    command = "mkdir -p raw && date > raw/$1"

    script_argument = [run.date]
    output          = data_node.raw
  }

  activity "shell_command" "count" {
    for_each = toset(["a", "b"])
    command  = "echo ${each.key} | tee -a runs"
    input    = data_node.raw
  }
}
