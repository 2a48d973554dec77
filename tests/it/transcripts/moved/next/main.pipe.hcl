schedule "daily" {
  every = "1 day"
  start = "2026-11-20"
}

pipeline "sales" {
  schedule = schedule.daily
  count    = 1

  data_node "file" "file" {
    path = "raw/${run.date}"

    precondition "shell_command" {
      command = "true"
    }
  }

  activity "shell_command" "fetch" {
    command     = "mkdir -p raw && date > raw/$1"
    description = "The orders of a day"

    script_argument = [run.date]
    output          = data_node.file
  }

  activity "shell_command" "tally" {
    for_each = toset(["a", "b"])
    command  = "echo ${each.key} | tee -a runs"
    input    = data_node.file
  }
}

moved {
  from = pipeline.orders
  to   = pipeline.sales[0]
}

moved {
  from = pipeline.sales.data_node.raw
  to   = pipeline.sales.data_node.file
}

moved {
  from = pipeline.sales[0].activity.count
  to   = pipeline.sales[0].activity.tally
}

moved {
  from = module.long_gone
  to   = module.forgotten
}
