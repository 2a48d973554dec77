schedule "daily" {
  every       = "1 day"
  start       = "2025-06-02"
  occurrences = 3
}

locals {
  served = run.node.date
  first  = run.inputs.log[0].nope
}

pipeline "logs" {
  schedule = schedule.daily

  data_node "file" "log" {
    path = "logs/${run.date + {}}.log"
  }

  data_node "file" "report" {
    path = "reports/${["mon", "tue"][tonumber(run.day)]}.txt"
  }

  data_node "file" "archive" {
    path = "archive/${run.date}.log"
  }

  activity "copy" "archive" {
    input  = data_node.log
    output = data_node.archive
  }

  activity "shell_command" "list" {
    input           = data_node.archive
    command         = "cat ${run.inputs.archive.path} ${run.input.pth}"
    script_argument = [length(run.attempt), local.served]
  }

  activity "shell_command" "count" {
    input           = data_node.archive
    command         = "wc ${tonumber(run.date)} ${local.first} ${join(",", [for c in run.year : c])}"
    script_argument = [local.first, upper(run.hour, 1)]
  }

  activity "shell_command" "sum" {
    input   = [data_node.archive, data_node.report]
    command = "sum ${run.inputs.report[0].path} ${run.inputs.archive[5].path}"
  }
}
