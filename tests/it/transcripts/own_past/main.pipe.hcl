# A running total that reads what it wrote the day before.

schedule "daily" {
  every = "1 day"
  start = "2026-11-02"
}

pipeline "shop" {
  schedule = schedule.daily

  data_node "file" "total" {
    path = "total/${run.date}"
  }

  activity "shell_command" "add" {
    command         = "mkdir -p total; echo \"from: $*\" > \"$TO\""
    script_argument = run.inputs.yesterday[*].path
    environment     = { TO = run.output.path }
    input           = { yesterday = window(data_node.total, "1 day", "-1 day") }
    output          = data_node.total
  }
}
