pipeline "weblogs" {
  schedule {
    every = "1 day"
    start = "2026-11-02"
  }

  data_node "file" "log" {
    path = "/logs/${run.date}.log"
    precondition "exists" {}
  }

  data_node "file" "archive" {
    path = "/archive/${run.year}/${run.month}/${run.day}.log"
  }

  activity "shell_command" "archive" {
    input   = data_node.log
    output  = data_node.archive
    command = "archive faster"
  }
}
