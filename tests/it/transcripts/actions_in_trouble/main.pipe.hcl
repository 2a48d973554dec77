schedule "daily" {
  every = "1 day"
  start = "2026-01-01"
}

pipeline "work" {
  schedule    = schedule.daily
  max_retries = 0
  on_fail     = [action.plain, action.note, action.reads_some, action.reads_all]

  data_node "file" "orders" {
    path = "orders-${tonumber(run.day == "01" ? "x" : run.day)}.csv"
  }

  activity "shell_command" "formula" {
    command = "echo ${tonumber(run.day == "01" ? "x" : run.day)}"
  }

  activity "shell_command" "data" {
    input   = data_node.orders
    command = "cat ${run.input.path}"
  }

  activity "shell_command" "unmet" {
    command = "true"

    lifecycle {
      precondition {
        condition     = run.day != "01"
        error_message = "Not on the first."
      }
    }
  }

  activity "shell_command" "guarded" {
    command = "echo ${tonumber(run.day == "01" ? "y" : run.day)}"

    precondition "shell_command" {
      command = "echo checked ${run.node.object} >> NOTES"
    }
  }
}

action "shell_command" "plain" {
  command = "echo plain >> NOTES"
}

action "shell_command" "note" {
  command         = "echo \"$1 $2 $3\" >> NOTES"
  script_argument = [run.node.address, run.node.status, run.node.date]
}

action "shell_command" "reads_some" {
  command = "echo '${run.node.status == "FAILED" ? run.node.object : run.node.command}' >> NOTES"
}

action "shell_command" "reads_all" {
  command = "echo ${length(run.node.command)} >> NOTES"
}
