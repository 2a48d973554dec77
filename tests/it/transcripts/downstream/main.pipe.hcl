schedule "daily" {
  every       = "1 day"
  start       = "2026-11-02"
  occurrences = 2
}

data_node "file" "orders" {
  path      = "orders"
  overwrite = true

  precondition "exists" {}
}

pipeline "shop" {
  schedule    = schedule.daily
  max_retries = 3

  activity "shell_command" "fetch" {
    command = "echo > orders"
    output  = data_node.orders
  }
}

pipeline "report" {
  schedule = schedule.daily

  activity "shell_command" "count" {
    command = "true"
    input   = data_node.orders
  }
}

action "shell_command" "tell" {
  command = "true"
}
