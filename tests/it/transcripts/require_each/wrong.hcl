schedule "daily" {
  every = "1 day"
  start = "2026-11-01"
}

data_node "file" "clicks" {
  path      = "clicks.csv"
  overwrite = true
}

pipeline "report" {
  schedule = schedule.daily

  activity "shell_command" "out" {
    command = "true"
    output  = require(data_node.clicks, "any")
  }

  activity "shell_command" "twice" {
    command = "true"
    input   = [require(data_node.clicks, "any"), data_node.clicks]
  }

  activity "shell_command" "word" {
    command = "true"
    input   = require(data_node.clicks, "lastest")
  }
}
