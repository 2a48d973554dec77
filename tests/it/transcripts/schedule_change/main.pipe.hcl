# Data that is written every day, then every six hours; and read every week.

schedule "often" {
  every = "1 day"
  start = "2026-11-02"
}

schedule "weekly" {
  every = "1 week"
  start = "2026-11-02"
}

pipeline "shop" {
  schedule = schedule.often

  data_node "file" "orders" {
    path = "orders/${run.scheduled_start}.csv"
  }

  activity "shell_command" "fetch" {
    command         = "mkdir -p orders; echo order > \"$1\""
    script_argument = [run.output.path]
    output          = data_node.orders
  }

  activity "shell_command" "report" {
    schedule        = schedule.weekly
    command         = "printf '%s\\n' \"$@\""
    script_argument = run.inputs.orders[*].path
    input           = data_node.orders
  }
}
