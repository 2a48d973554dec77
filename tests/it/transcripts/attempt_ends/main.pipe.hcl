schedule "once" {
  every       = "1 day"
  start       = "2025-06-02"
  occurrences = 1
}

pipeline "work" {
  schedule    = schedule.once
  max_retries = 0

  data_node "file" "orders" {
    path = "orders.csv"

    format "csv" {
      header = true
    }
  }

  data_node "file" "lines" {
    path      = "lines.jsonl"
    overwrite = true

    format "json_lines" {}
  }

  data_node "file" "same" {
    path      = "same.csv"
    overwrite = true
  }

  activity "copy" "records" {
    input  = data_node.orders
    output = data_node.lines
  }

  activity "copy" "bytes" {
    depends_on = [activity.records]
    input      = data_node.orders
    output     = data_node.same
  }

  activity "shell_command" "hangs" {
    attempt_timeout = "1 second"
    command         = "echo halfway; sleep 600"
  }
}
