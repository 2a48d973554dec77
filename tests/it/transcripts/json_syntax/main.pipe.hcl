schedule "daily" {
  every       = "1 day"
  start       = "2025-06-02"
  occurrences = 3
}

pipeline "logs" {
  schedule    = schedule.daily
  max_retries = 0

  data_node "file" "log" {
    path = "logs/${run.date}.log"

    precondition "exists" {}
  }

  data_node "file" "archive" {
    path = "archive/${run.date}.log.gz"
  }

  activity "copy" "archive" {
    input  = data_node.log
    output = data_node.archive
  }
}
