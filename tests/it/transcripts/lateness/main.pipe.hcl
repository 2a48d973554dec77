schedule "daily" {
  every = "1 day"
  start = "2026-01-01"
}

pipeline "reports" {
  schedule   = schedule.daily
  late_after = "2 hours"
  on_late    = [action.alarm]

  data_node "file" "orders" {
    path = "orders-${run.date}.csv"

    precondition "exists" {}
  }

  activity "shell_command" "patient" {
    input   = data_node.orders
    command = "cat $1"

    script_argument = [run.input.path]
  }

  activity "shell_command" "strict" {
    input   = data_node.orders
    on_late = [action.alarm, action.give_up]
    command = "true"
  }
}

action "shell_command" "alarm" {
  command         = "echo \"$1 $2 $3: $4\" >> alarms"
  script_argument = [run.node.object, run.node.date, run.node.status, run.node.error]
}

action "terminate" "give_up" {}
