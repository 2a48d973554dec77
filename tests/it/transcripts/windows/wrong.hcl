schedule "daily" {
  every = "1 day"
  start = "2026-11-01"
}

data_node "file" "clicks" {
  path      = "clicks.csv"
  overwrite = true
}

pipeline "report" {
  schedule = window(schedule.daily, "1 day")

  activity "shell_command" "out" {
    command = "true"
    output  = window(data_node.clicks, "28 days")
  }

  activity "shell_command" "twice" {
    command = "true"
    input   = [window(data_node.clicks, "28 days"), data_node.clicks]
  }

  activity "shell_command" "long" {
    command = "true"
    input   = window(data_node.clicks, "1000 years")
  }

  activity "shell_command" "unit" {
    command = "true"
    input   = window(data_node.clicks, "28 dyas")
  }

  activity "shell_command" "kind" {
    command    = "true"
    depends_on = [window(data_node.clicks, "28 days")]
  }
}
